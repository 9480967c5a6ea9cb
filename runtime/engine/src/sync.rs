//! What the pool takes of std's threads, locks and clock: in one place, so that a check can put others there, with which it tries
//! one order of events after the other (`runtime/engine/soundness/`).

use std::num::NonZero;
use std::time::Instant;

pub(crate) use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize};
pub(crate) use std::sync::{Condvar, Mutex, MutexGuard};
pub(crate) use std::thread::{Builder, JoinHandle, current};
pub(crate) use std::thread_local;

/// How many cores there are for threads; one where the system does not say.
pub(crate) fn n_cores() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get)
}

/// The time.
pub(crate) fn now() -> Instant {
    Instant::now()
}
