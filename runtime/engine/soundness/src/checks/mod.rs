//! What the pool and the futures promise, as scenarios of a few threads and tasks each: with the feature `explore` in many orders of
//! events, without it a few times on real threads, for ThreadSanitizer to watch.

#[cfg(feature = "explore")]
mod explored;
#[cfg(not(feature = "explore"))]
mod repeated;

mod futures;
mod pool;
mod random;
mod sums;

#[cfg(feature = "explore")]
use explored::{Timeouts, check, pause, wait_until};
#[cfg(not(feature = "explore"))]
use repeated::{Timeouts, check, pause, wait_until};

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::sync::{Builder, JoinHandle};

/// Begins another thread.
fn spawn<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    Builder::new().spawn(run).expect("a thread")
}

/// Tasks that all have to run at the same time for one of them to end.
struct Meeting {
    n_missing: AtomicUsize,
}

impl Meeting {
    fn of(n: usize) -> Arc<Self> {
        let n_missing = AtomicUsize::new(n);
        Arc::new(Meeting { n_missing })
    }

    /// Waits for the others.
    fn join(&self) {
        self.n_missing.fetch_sub(1, Ordering::SeqCst);
        wait_until(|| self.n_missing.load(Ordering::SeqCst) == 0);
    }
}
