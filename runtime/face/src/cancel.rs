//! Cooperative cancellation: an interrupt stops the running cell and its computation, and keeps all variables.
//!
//! An interrupt is for the running cell alone: threads that an earlier cell has left behind do not see it.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::cell::threads;

static REQUESTED: AtomicBool = AtomicBool::new(false);

/// The payload with which [`checkpoint`] unwinds; the session reports it as an interrupt, not as a panic.
#[derive(Debug)]
pub struct Cancelled;

/// Asks the running cell and its computation to stop.
pub fn request() {
    REQUESTED.store(true, Ordering::SeqCst);
}

/// Forgets an earlier [`request`], before a cell starts.
pub fn reset() {
    REQUESTED.store(false, Ordering::SeqCst);
}

/// Whether the current thread works for the running cell, and that has been asked to stop.
#[inline]
pub fn requested() -> bool {
    REQUESTED.load(Ordering::Relaxed) && threads::is_of_running_cell()
}

/// Unwinds with [`Cancelled`] if the running cell has been asked to stop; loops of a cell call it once a turn.
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

/// Whether a call that waits is to end with an error, because the running cell has been asked to stop.
pub fn must_unwind() -> bool {
    requested() && !threads::is_unwinding()
}

pub(crate) fn unwind() -> ! {
    std::panic::resume_unwind(Box::new(Cancelled))
}
