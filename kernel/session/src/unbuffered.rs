//! Takes the buffer of std's stdout away.
//!
//! That buffer is one for all threads: a piece of a line that one cell's background thread has printed would go out
//! with what the next thread prints, under its name, and would need a thread that flushes, which waits for ever where
//! somebody keeps a `StdoutLock`. [`output`](crate::output) holds pieces back itself and knows whose they are.
//!
//! std does the same when a program ends (it replaces the buffer by one of capacity 0), but has no way to ask for it. So
//! the buffer is found in memory by what is known to be in it, and its capacity is set to 0. Nothing else is changed: a
//! vector of capacity 0 is an empty one, and the memory that it had is left to it.

use std::io::{self, Stdout, Write};

/// The capacity with which std makes the buffer.
const CAPACITY: usize = 1024;

/// What is written to recognise the buffer by; it never leaves it.
const MARKER: &[u8] = b"dagbok looks for this";

/// The size of what lies behind a `Stdout`: a lock, its owner and count, a borrow flag, the buffer, and a flag.
const N_WORDS: usize = 10;

/// From now on std hands on what is printed at once. Returns whether that worked.
#[expect(unsafe_code, reason = "std's own memory is read and written here")]
pub(super) fn unbuffer_stdout() -> bool {
    let stdout: Stdout = io::stdout();
    let mut lock = stdout.lock();
    if lock.flush().is_err() || lock.write(MARKER).is_err() {
        return false;
    }
    const {
        assert!(size_of::<Stdout>() == size_of::<*mut usize>());
    }
    // SAFETY: a `Stdout` is one reference, to a static; the assertion above has checked its size.
    let start: *mut usize = unsafe { std::mem::transmute_copy(&stdout) };
    // SAFETY: the static is followed by others of the library's, so that this much can be read.
    let word = |idx: usize| unsafe { start.add(idx).read_volatile() };
    for idx in 0..N_WORDS - 2 {
        let (capacity_idx, pointer_idx) = match (word(idx), word(idx + 1)) {
            (CAPACITY, _) => (idx, idx + 1),
            (_, CAPACITY) => (idx + 1, idx),
            _ => continue,
        };
        if word(idx + 2) != MARKER.len() {
            continue;
        }
        // SAFETY: a vector with this capacity and length has this pointer, to at least as many bytes.
        let bytes =
            unsafe { std::slice::from_raw_parts(word(pointer_idx) as *const u8, MARKER.len()) };
        if bytes != MARKER {
            continue;
        }
        // SAFETY: this thread has the lock on the buffer. A vector without capacity and length is an empty one.
        unsafe {
            start.add(idx + 2).write_volatile(0);
            start.add(capacity_idx).write_volatile(0);
        }
        return true;
    }
    false
}
