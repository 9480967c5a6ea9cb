//! Cooperative cancellation: an interrupt stops the running cell and its computation, and keeps all variables.

use std::sync::atomic::{AtomicBool, Ordering};

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

/// Whether the running cell has been asked to stop.
#[inline]
pub fn requested() -> bool {
    REQUESTED.load(Ordering::Relaxed)
}

/// Unwinds with [`Cancelled`] if the running cell has been asked to stop; loops of a cell call it once a turn.
#[inline]
pub fn checkpoint() {
    if requested() {
        std::panic::resume_unwind(Box::new(Cancelled));
    }
}
