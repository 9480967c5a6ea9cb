//! Which run of a cell a thread works for: what it prints goes there, and an interrupt stops it only if that runs.

use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::cancel::Stop;

/// The runs of cells are numbered from 1 on; a thread with this number serves whichever cell runs, as those of a pool do.
pub const ANY: u32 = 0;

/// A thread of the session's own, which no interrupt concerns.
pub const NONE: u32 = u32::MAX;

static FOREGROUND: AtomicU32 = AtomicU32::new(ANY);

thread_local! {
    static OWN: Cell<u32> = const { Cell::new(ANY) };
    /// What stops the work that the thread does, where it is not an interrupt of the run.
    static STOP: RefCell<Option<Stop>> = const { RefCell::new(None) };
}

/// Whom a thread works for, to be handed on to others.
#[derive(Clone, Debug)]
pub struct Served {
    run: u32,
    stop: Option<Stop>,
}

impl Served {
    /// What the current thread works for.
    pub fn here() -> Self {
        Served {
            run: OWN.get(),
            stop: STOP.with_borrow(Clone::clone),
        }
    }

    /// What prints where this does, and goes on when that is interrupted: `stop` alone ends it.
    pub fn with_stop(&self, stop: Stop) -> Self {
        Served {
            run: self.run,
            stop: Some(stop),
        }
    }

    /// What `act` returns, during which the current thread works for this.
    pub fn serve<T>(&self, act: impl FnOnce() -> T) -> T {
        struct Restore(Option<Stop>);
        impl Drop for Restore {
            fn drop(&mut self) {
                STOP.set(self.0.take());
            }
        }
        let _restore = Restore(STOP.replace(self.stop.clone()));
        serve(self.run, act)
    }
}

/// Whether the background work that the current thread does has been asked to stop; none if it does none.
pub(crate) fn is_stopped() -> Option<bool> {
    STOP.with_borrow(|stop| stop.as_ref().map(Stop::is_requested))
}

/// The number of the background work that the current thread does, if it does any.
pub(crate) fn background_work() -> Option<u64> {
    STOP.with_borrow(|stop| stop.as_ref().map(Stop::work))
}

/// From now on the current thread works for `run`.
pub fn work_for(run: u32) {
    OWN.set(run);
}

/// The run that the current thread works for, [`ANY`] or [`NONE`].
pub fn own() -> u32 {
    OWN.get()
}

/// What `act` returns, during which the current thread works for `run`.
pub fn serve<T>(run: u32, act: impl FnOnce() -> T) -> T {
    struct Restore(u32);
    impl Drop for Restore {
        fn drop(&mut self) {
            OWN.set(self.0);
        }
    }
    let _restore = Restore(OWN.replace(run));
    act()
}

/// From now on the threads of pools work for `run`.
pub fn set_foreground(run: u32) {
    FOREGROUND.store(run, Ordering::SeqCst);
}

/// The run that the threads of pools work for: of those that go on, the last that began; if there is none, the last that
/// there was.
pub fn foreground() -> u32 {
    FOREGROUND.load(Ordering::SeqCst)
}

/// The run to which the current thread's output belongs.
pub fn served() -> u32 {
    match OWN.get() {
        ANY | NONE => foreground(),
        run => run,
    }
}

pub(crate) fn is_unwinding() -> bool {
    std::thread::panicking()
}
