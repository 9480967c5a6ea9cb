//! Cooperative cancellation: an interrupt stops the cells that run and their computations, and keeps all variables.
//!
//! An interrupt is for the cells that run when it comes: those that start later do not see it, nor do threads that an earlier
//! cell has left behind. Only what an interrupted cell has left behind, which has not stopped yet, sees the next one.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::cell::threads;

/// Whether anybody has been asked to stop; who that is, [`RUNS`] says.
static REQUESTED: AtomicBool = AtomicBool::new(false);

static RUNS: RwLock<Runs> = RwLock::new(Runs {
    running: Vec::new(),
    asked: Vec::new(),
});

/// Runs of cells, by their numbers.
struct Runs {
    running: Vec<u32>,
    /// Those that have been asked to stop, also when they have ended since.
    asked: Vec<u32>,
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
    REQUESTED.store(is_any_asked, Ordering::SeqCst);
}

/// `run` has ended.
pub fn end(run: u32) {
    write().running.retain(|running| *running != run);
}

/// Asks all cells that run, and their computations, to stop.
pub fn request() {
    let mut runs = write();
    let Runs { running, asked } = &mut *runs;
    asked.retain(|run| !running.contains(run));
    asked.extend_from_slice(running);
    REQUESTED.store(true, Ordering::SeqCst);
}

/// Forgets an earlier [`request`].
pub fn reset() {
    let mut runs = write();
    runs.asked.clear();
    REQUESTED.store(false, Ordering::SeqCst);
}

/// Whether the current thread works for a cell that has been asked to stop.
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
    let runs = read();
    match threads::own() {
        threads::ANY => runs.running.iter().all(|run| runs.asked.contains(run)),
        run => runs.asked.contains(&run),
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
