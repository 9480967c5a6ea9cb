//! How many threads work for a task when it asks polars or rayon for something: the one that it runs on, or all.
//!
//! Polars has a pool of its own, with as many threads as the process began with: whoever asks it for something waits while those
//! work. That suits a task that is alone. Where each thread has a task, or a scope has fewer threads than polars, a task does
//! polars' work itself, on the thread that it runs on.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use polars::prelude as pl;
use polars_async::executor::ALLOW_RAYON_THREADS;

/// The threads that work for a task.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Share {
    /// The one that it runs on.
    Own,
    /// Also those of polars, and of rayon.
    All,
}

impl Share {
    /// Runs `task` with these threads.
    pub(crate) fn within<T>(self, task: impl FnOnce() -> T) -> T {
        let _restore = Restore(ALLOW_RAYON_THREADS.replace(self == Share::All));
        task()
    }
}

struct Restore(bool);

impl Drop for Restore {
    fn drop(&mut self) {
        ALLOW_RAYON_THREADS.set(self.0);
    }
}

/// Whether a pool of `n_threads` may let its tasks have all threads: not if polars has more than those.
pub(crate) fn can_share(n_threads: usize) -> bool {
    n_threads > 1 && n_threads >= n_of_polars()
}

/// From now on rayon takes the current thread, which is one of a pool that cannot share, for a pool of one thread.
pub(crate) fn settle() {
    Share::Own.within(n_working);
}

/// Whether the current thread does by itself what it asks polars for. Polars' readers of files have threads of their own, which
/// know nothing of that: whoever asks for them has to look.
pub(crate) fn is_alone() -> bool {
    !ALLOW_RAYON_THREADS.get()
}

/// Whether rayon takes the current thread for one of a pool of its own: that of one thread in which polars works where it may have
/// no other. It stays in that for as long as it lives, so that it is not one for a task that may have all threads.
pub(crate) fn is_settled() -> bool {
    rayon::current_thread_index().is_some()
}

fn n_of_polars() -> usize {
    static N_THREADS: OnceLock<usize> = OnceLock::new();
    *N_THREADS.get_or_init(|| Share::All.within(n_working))
}

/// How many threads polars' work has when the current thread asks for it.
fn n_working() -> usize {
    let n_threads = AtomicUsize::new(1);
    let column = pl::Column::new_empty("".into(), &pl::DataType::Boolean);
    let look = |column: &pl::Column| {
        n_threads.store(rayon::current_num_threads(), Ordering::Relaxed);
        column.clone()
    };
    if let Ok(table) = pl::DataFrame::new(0, vec![column]) {
        table.apply_columns_par(look);
    }
    n_threads.into_inner()
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::thread;

    use super::*;

    /// What `look` sees on a thread of its own.
    fn elsewhere<T: Send>(look: impl FnOnce() -> T + Send) -> T {
        thread::scope(|scope| scope.spawn(look).join().expect("no panic"))
    }

    #[test]
    fn a_share_says_how_many_threads_work_and_ends_with_its_task() {
        let seen = elsewhere(|| {
            let panicked = catch_unwind(AssertUnwindSafe(|| Share::Own.within(|| panic!("here"))));
            assert!(panicked.is_err());
            Share::Own.within(|| {
                let inside = Share::All.within(n_working);
                (n_working(), inside, n_working())
            })
        });
        assert_eq!(seen, (1, n_of_polars(), 1));
    }

    #[test]
    fn a_thread_that_has_worked_by_itself_is_settled() {
        let seen = elsewhere(|| {
            let before = is_settled();
            let all = Share::All.within(n_working);
            let still = is_settled();
            settle();
            (
                before,
                all,
                still,
                is_settled(),
                rayon::current_num_threads(),
            )
        });
        assert_eq!(seen, (false, n_of_polars(), false, true, 1));
        assert_eq!(
            elsewhere(|| (settle(), Share::All.within(n_working)).1),
            n_of_polars()
        );
    }

    #[test]
    fn fewer_threads_than_polars_has_do_not_share() {
        assert!(!can_share(1) && can_share(n_of_polars().max(2)));
        assert_eq!(can_share(2), n_of_polars() <= 2);
    }
}
