//! Which cell a thread works for: what it prints goes there, and an interrupt stops it only if that cell runs.

use std::cell::Cell;
use std::sync::atomic::{AtomicU32, Ordering};

/// The runs of cells are numbered from 1 on; a thread with this number serves whichever cell runs, as those of a pool do.
pub const ANY: u32 = 0;

/// A thread of the session's own, which no interrupt concerns.
pub const NONE: u32 = u32::MAX;

static NEWEST: AtomicU32 = AtomicU32::new(ANY);

thread_local! {
    static OWN: Cell<u32> = const { Cell::new(ANY) };
}

/// From now on the current thread works for `cell`.
pub fn work_for(cell: u32) {
    OWN.set(cell);
}

/// The cell that the current thread works for, [`ANY`] or [`NONE`].
pub fn own() -> u32 {
    OWN.get()
}

/// From now on `cell` is the one that runs, and the current thread works for it.
pub fn begin(cell: u32) {
    NEWEST.store(cell, Ordering::SeqCst);
    OWN.set(cell);
}

/// The cell that runs or ran last.
pub fn newest() -> u32 {
    NEWEST.load(Ordering::SeqCst)
}

/// The cell to which the current thread's output belongs.
pub fn served() -> u32 {
    match OWN.get() {
        ANY | NONE => newest(),
        cell => cell,
    }
}

/// Whether an interrupt of the running cell concerns the current thread.
#[cold]
pub fn is_of_running_cell() -> bool {
    match OWN.get() {
        ANY => true,
        NONE => false,
        cell => cell == newest(),
    }
}

pub(crate) fn is_unwinding() -> bool {
    std::thread::panicking()
}
