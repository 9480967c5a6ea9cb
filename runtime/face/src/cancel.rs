//! Cooperative cancellation: an interrupt stops the cells that run and their computations, and keeps all variables.
//!
//! An interrupt is for the cells that run when it comes: those that start later do not see it, nor do threads that an earlier
//! cell has left behind. Only what an interrupted cell has left behind, which has not stopped yet, sees the next one.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, Weak};

use crate::cell::threads;

/// Whether anybody has been asked to stop; who that is, [`RUNS`] says.
static REQUESTED: AtomicBool = AtomicBool::new(false);

static RUNS: RwLock<Runs> = RwLock::new(Runs {
    running: Vec::new(),
    asked: Vec::new(),
    is_any_asked: false,
    stopped: Vec::new(),
});

/// Wakes those who sleep, to see that they are to stop.
static WAKER: OnceLock<fn()> = OnceLock::new();

/// Runs of cells, by their numbers.
struct Runs {
    running: Vec<u32>,
    /// Those that have been asked to stop, also when they have ended since.
    asked: Vec<u32>,
    /// Whether one of those may still go on.
    is_any_asked: bool,
    /// Work in the background that has been asked to stop.
    stopped: Vec<Weak<AtomicBool>>,
}

impl Runs {
    /// Lets everybody know whether anybody may be asked to stop who still goes on.
    fn look(&mut self) {
        self.stopped.retain(|stop| stop.strong_count() > 0);
        let is_any_stopped = !self.stopped.is_empty();
        REQUESTED.store(self.is_any_asked || is_any_stopped, Ordering::SeqCst);
    }

    /// Whether nobody is asked to stop any more, although somebody was.
    fn are_over(&self) -> bool {
        let is_gone = |stop: &Weak<AtomicBool>| stop.strong_count() == 0;
        !self.is_any_asked && self.stopped.iter().all(is_gone)
    }
}

/// Stops one piece of work in the background, which interrupts of cells do not concern.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    is_requested: Arc<AtomicBool>,
    work: u64,
}

impl Stop {
    /// What stops the work with this number.
    pub fn of(work: u64) -> Self {
        Stop {
            work,
            ..Stop::default()
        }
    }

    /// From now on [`requested`] says so to the threads that do this work.
    pub fn request(&self) {
        self.is_requested.store(true, Ordering::SeqCst);
        let mut runs = write();
        runs.stopped.push(Arc::downgrade(&self.is_requested));
        runs.look();
        drop(runs);
        if let Some(wake) = WAKER.get() {
            wake();
        }
    }

    /// Whether it has been asked to stop.
    pub fn is_requested(&self) -> bool {
        self.is_requested.load(Ordering::SeqCst)
    }

    pub(crate) fn work(&self) -> u64 {
        self.work
    }
}

/// The number of the work in the background that the current thread does, if it does any.
pub fn background_work() -> Option<u64> {
    threads::background_work()
}

/// From now on, `wake` wakes those who sleep when work in the background is to stop; only the first call counts.
pub fn set_waker(wake: fn()) {
    let _ = WAKER.set(wake);
}

/// The payload with which [`checkpoint`] unwinds; the session reports it as an interrupt, not as a panic.
#[derive(Debug)]
pub struct Cancelled;

/// From now on a [`request`] is meant for `run`, too.
pub fn start(run: u32) {
    let mut runs = write();
    // Until now, for what those that have stopped since have left behind.
    let is_any_asked = runs.running.iter().any(|run| runs.asked.contains(run));
    runs.running.push(run);
    runs.is_any_asked = is_any_asked;
    runs.look();
}

/// `run` has ended.
pub fn end(run: u32) {
    write().running.retain(|running| *running != run);
}

/// Asks all cells that run, and their computations, to stop.
pub fn request() {
    let mut runs = write();
    runs.is_any_asked = true;
    let Runs { running, asked, .. } = &mut *runs;
    asked.retain(|run| !running.contains(run));
    asked.extend_from_slice(running);
    REQUESTED.store(true, Ordering::SeqCst);
}

/// Forgets an earlier [`request`].
pub fn reset() {
    let mut runs = write();
    runs.asked.clear();
    runs.is_any_asked = false;
    runs.look();
}

/// Whether what the current thread works for has been asked to stop: a cell, or work in the background.
#[inline]
pub fn requested() -> bool {
    REQUESTED.load(Ordering::Relaxed) && is_asked()
}

/// Unwinds with [`Cancelled`] if the cell that the current thread works for has been asked to stop; loops of a cell call
/// it once a turn.
///
/// A thread that unwinds already, as in a `Drop` of a cell that is being stopped, goes on.
#[inline]
pub fn checkpoint() {
    if REQUESTED.load(Ordering::Relaxed) {
        stop_if_concerned();
    }
}

#[cold]
fn stop_if_concerned() {
    if must_unwind() {
        unwind();
    }
}

/// A thread that serves any cell is to stop unless one goes on that has not been asked.
#[cold]
fn is_asked() -> bool {
    if let Some(is_stopped) = threads::is_stopped() {
        return is_stopped;
    }
    let runs = read();
    if runs.are_over() {
        drop(runs);
        write().look();
        return false;
    }
    match threads::own() {
        threads::ANY => {
            runs.is_any_asked && runs.running.iter().all(|run| runs.asked.contains(run))
        }
        run => runs.is_any_asked && runs.asked.contains(&run),
    }
}

/// Whether a call that waits is to end with an error, because the cell that it waits for has been asked to stop.
pub fn must_unwind() -> bool {
    requested() && !threads::is_unwinding()
}

pub(crate) fn unwind() -> ! {
    std::panic::resume_unwind(Box::new(Cancelled))
}

fn read() -> RwLockReadGuard<'static, Runs> {
    RUNS.read().unwrap_or_else(PoisonError::into_inner)
}

fn write() -> RwLockWriteGuard<'static, Runs> {
    RUNS.write().unwrap_or_else(PoisonError::into_inner)
}
