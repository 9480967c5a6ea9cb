//! Waits that an interrupt ends: sleeping, joining a thread, waiting for a child process.

use std::ffi::{c_int, c_void};
use std::sync::atomic::{AtomicU32, Ordering};

use dagbok::cancel;
use dagbok::cell::threads;
use libc::{clockid_t, pid_t, pthread_t, timespec};

use crate::original::{errno, fail};

/// How often those who cannot be woken look for an interrupt.
const LOOK_MS: c_int = 25;

/// How long a child process has to end after it has been interrupted along with the cell.
const CHILD_MS: c_int = 200;

const NANOS: i64 = 1_000_000_000;

/// Changes at each interrupt; sleepers wait for that.
static ROUND: AtomicU32 = AtomicU32::new(0);

#[expect(
    unsafe_code,
    reason = "a function of the C library that `libc` leaves out"
)]
unsafe extern "C" {
    fn pthread_timedjoin_np(
        thread: pthread_t,
        result: *mut *mut c_void,
        until: *const timespec,
    ) -> c_int;
}

/// Wakes all who sleep in here, to see that they are to stop.
#[expect(unsafe_code, reason = "the system is called here")]
pub(super) fn wake_all() {
    ROUND.fetch_add(1, Ordering::SeqCst);
    // SAFETY: the address is a static's.
    unsafe {
        libc::syscall(
            libc::SYS_futex,
            ROUND.as_ptr(),
            libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG,
            c_int::MAX,
        )
    };
}

/// Whether the current thread works for a cell, so that its waits are to end with an interrupt.
pub(super) fn can_be_stopped() -> bool {
    threads::own() != threads::NONE
}

/// Sleeps until `clock` shows `until`: 0, or an error number; `ECANCELED` after an interrupt.
#[expect(unsafe_code, reason = "the system is called here")]
pub(super) fn sleep_until(clock: clockid_t, until: &timespec) -> c_int {
    let of_clock = match clock {
        libc::CLOCK_REALTIME => libc::FUTEX_CLOCK_REALTIME,
        _ => 0,
    };
    loop {
        let round = ROUND.load(Ordering::SeqCst);
        if cancel::must_unwind() {
            return libc::ECANCELED;
        }
        // SAFETY: the address is a static's, and the time lives for the call.
        let woken = unsafe {
            libc::syscall(
                libc::SYS_futex,
                ROUND.as_ptr(),
                libc::FUTEX_WAIT_BITSET | libc::FUTEX_PRIVATE_FLAG | of_clock,
                round,
                until as *const timespec,
                std::ptr::null::<u32>(),
                !0u32,
            )
        };
        match if woken == 0 { 0 } else { errno() } {
            0 | libc::EAGAIN => {}
            libc::ETIMEDOUT => return 0,
            error => return error,
        }
    }
}

/// Waits until `thread` has ended: 0, or an error number; `ECANCELED` after an interrupt, and `thread` goes on.
///
/// # Safety
/// That of `pthread_join`.
#[expect(unsafe_code, reason = "the C library is called here")]
pub(super) unsafe fn join(thread: pthread_t, result: *mut *mut c_void) -> c_int {
    let mut until = now(libc::CLOCK_REALTIME);
    loop {
        // SAFETY: as the caller promises; the time lives for the call.
        let joined = unsafe { pthread_timedjoin_np(thread, result, &until) };
        if joined != libc::ETIMEDOUT {
            return joined;
        }
        if cancel::must_unwind() {
            return libc::ECANCELED;
        }
        until = later(
            now(libc::CLOCK_REALTIME),
            &timespec {
                tv_sec: 0,
                tv_nsec: i64::from(LOOK_MS) * 1_000_000,
            },
        );
    }
}

/// Waits until the child process `pid` has ended, so that asking for its status does not wait: 0, or -1 with
/// `ECANCELED` after an interrupt, which the child gets too, as from a terminal.
#[expect(unsafe_code, reason = "the system is called here")]
pub(super) fn wait_for_child(pid: pid_t) -> c_int {
    // SAFETY: no memory is involved.
    let opened = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    let Ok(child) = c_int::try_from(opened) else {
        return 0;
    };
    if child < 0 {
        return 0;
    }
    let mut ended = is_readable(child, 0);
    while !ended && !cancel::must_unwind() {
        ended = is_readable(child, LOOK_MS);
    }
    if !ended {
        // SAFETY: no memory is involved; the process is a child that has not been waited for.
        unsafe { libc::kill(pid, libc::SIGINT) };
        is_readable(child, CHILD_MS);
    }
    // SAFETY: the number is ours.
    unsafe { libc::close(child) };
    if ended { 0 } else { fail(libc::ECANCELED) }
}

#[expect(unsafe_code, reason = "the system is called here")]
fn is_readable(fd: c_int, timeout_ms: c_int) -> bool {
    let mut poll = libc::pollfd {
        fd,
        events: libc::POLLIN,
        revents: 0,
    };
    // SAFETY: one entry, which lives for the call.
    unsafe { libc::poll(&mut poll, 1, timeout_ms) > 0 }
}

#[expect(unsafe_code, reason = "the system is called here")]
pub(super) fn now(clock: clockid_t) -> timespec {
    let mut now = timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the place lives for the call.
    unsafe { libc::clock_gettime(clock, &mut now) };
    now
}

/// `time` and `duration` added; the end of time at most.
pub(super) fn later(time: timespec, duration: &timespec) -> timespec {
    let nanos = time.tv_nsec + duration.tv_nsec;
    let seconds = time.tv_sec.saturating_add(duration.tv_sec);
    timespec {
        tv_sec: seconds.saturating_add(nanos / NANOS),
        tv_nsec: nanos % NANOS,
    }
}

/// What is left from now on until `until`; nothing if that is over.
pub(super) fn left(clock: clockid_t, until: &timespec) -> timespec {
    let now = now(clock);
    let nanos = i128::from(until.tv_sec - now.tv_sec) * i128::from(NANOS)
        + i128::from(until.tv_nsec - now.tv_nsec);
    let nanos = nanos.max(0);
    timespec {
        tv_sec: (nanos / i128::from(NANOS)) as i64,
        tv_nsec: (nanos % i128::from(NANOS)) as i64,
    }
}

/// Whether `duration` is one that the system takes.
pub(super) fn is_valid(duration: &timespec) -> bool {
    duration.tv_sec >= 0 && (0..NANOS).contains(&duration.tv_nsec)
}
