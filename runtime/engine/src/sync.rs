//! What the pool takes of std's threads, locks and clock: in one place, so that a check can put others there, with which it tries
//! one order of events after the other (`runtime/engine/soundness/`).

use std::time::Instant;

pub(crate) use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize};
pub(crate) use std::sync::{Condvar, Mutex, MutexGuard};
pub(crate) use std::thread::{Builder, JoinHandle, current};
pub(crate) use std::thread_local;

/// The time.
pub(crate) fn now() -> Instant {
    Instant::now()
}
