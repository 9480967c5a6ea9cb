//! What a cell's calls into the C library pass through.
//!
//! The functions below are C symbols of this executable. The dynamic linker finds them before the C library's, so that
//! std, the crates of a cell and the cell itself call them: a cell prints with plain `println!`, reads with plain
//! `stdin()`, sleeps and joins with `std::thread`, and all of that knows which cell it is for and ends with an
//! interrupt. Calls of other threads and on other files go on to the C library.
//!
//! An interrupted call returns `ECANCELED`. From a sleep or a join std expects no such thing and panics, which unwinds
//! the cell as any panic does; who runs the cell knows that it was interrupted. What std could not survive is left
//! alone: a wait for a lock or a channel has no way to fail, and unwinding out of the middle of one would leave it broken.

use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::io;
use std::slice;

use dagbok::cell::threads;
use libc::{clockid_t, iovec, pid_t, pthread_attr_t, pthread_t, size_t, ssize_t, timespec};

use crate::original::{Original, errno, fail};
use crate::{input, output, waiting};

/// Threads by these names serve whichever cell runs: they are those of pools, which outlive the cell that first used them.
const POOLS: &[&[u8]] = &[
    b"dagbok-",
    b"polars",
    b"rayon",
    b"tokio",
    b"async-",
    b"blocking-",
    b"smol-",
    b"actix-",
];

type Routine = unsafe extern "C-unwind" fn(*mut c_void) -> *mut c_void;

#[unsafe(no_mangle)]
unsafe extern "C" fn write(fd: c_int, bytes: *const c_void, n_bytes: size_t) -> ssize_t {
    if let Some(stream) = output::stream_of(fd)
        && n_bytes > 0
    {
        // SAFETY: the caller promises so many bytes.
        let bytes = unsafe { slice::from_raw_parts(bytes.cast::<u8>(), n_bytes) };
        if let Some(written) = output::write(stream, bytes) {
            return n_written(written, n_bytes);
        }
    }
    // SAFETY: as the caller promises.
    (unsafe { libc::syscall(libc::SYS_write, fd, bytes, n_bytes) }) as ssize_t
}

#[unsafe(no_mangle)]
unsafe extern "C" fn writev(fd: c_int, parts: *const iovec, n_parts: c_int) -> ssize_t {
    if let Some(stream) = output::stream_of(fd)
        && let Ok(n_parts) = usize::try_from(n_parts)
    {
        // SAFETY: the caller promises so many parts.
        let parts = unsafe { slice::from_raw_parts(parts, n_parts) };
        let mut text = Vec::new();
        for part in parts.iter().filter(|part| part.iov_len > 0) {
            // SAFETY: the caller promises that each part has its length.
            text.extend_from_slice(unsafe {
                slice::from_raw_parts(part.iov_base.cast::<u8>(), part.iov_len)
            });
        }
        if !text.is_empty()
            && let Some(written) = output::write(stream, &text)
        {
            return n_written(written, text.len());
        }
    }
    // SAFETY: as the caller promises.
    (unsafe { libc::syscall(libc::SYS_writev, fd, parts, n_parts) }) as ssize_t
}

fn n_written(result: io::Result<()>, n_bytes: usize) -> ssize_t {
    match result {
        Ok(()) => n_bytes as ssize_t,
        Err(error) => fail(error.raw_os_error().unwrap_or(libc::EIO)) as ssize_t,
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn read(fd: c_int, room: *mut c_void, n_bytes: size_t) -> ssize_t {
    if fd == 0 && n_bytes > 0 && output::asks_on_stdin() {
        // SAFETY: the caller promises room for so many bytes.
        let room = unsafe { slice::from_raw_parts_mut(room.cast::<u8>(), n_bytes) };
        return match input::read(room) {
            Ok(n_bytes) => n_bytes as ssize_t,
            Err(error) => fail(error) as ssize_t,
        };
    }
    // SAFETY: as the caller promises.
    (unsafe { libc::syscall(libc::SYS_read, fd, room, n_bytes) }) as ssize_t
}

#[unsafe(no_mangle)]
unsafe extern "C" fn dup2(from: c_int, to: c_int) -> c_int {
    static ORIGINAL: Original = Original::new(c"dup2");
    if (0..3).contains(&to) {
        output::flush();
    }
    // SAFETY: the function of this name has this type.
    let original: unsafe extern "C" fn(c_int, c_int) -> c_int =
        unsafe { std::mem::transmute(ORIGINAL.address()) };
    // SAFETY: as the caller promises.
    let result = unsafe { original(from, to) };
    output::replaced(to);
    result
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nanosleep(duration: *const timespec, rest: *mut timespec) -> c_int {
    // SAFETY: as the caller promises; a sleep by the monotonic clock is what Linux makes of `nanosleep`.
    match unsafe { clock_nanosleep(libc::CLOCK_MONOTONIC, 0, duration, rest) } {
        0 => 0,
        error => fail(error),
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn clock_nanosleep(
    clock: clockid_t,
    flags: c_int,
    time: *const timespec,
    rest: *mut timespec,
) -> c_int {
    let is_known = matches!(clock, libc::CLOCK_MONOTONIC | libc::CLOCK_REALTIME);
    if !is_known || time.is_null() || !waiting::can_be_stopped() {
        // SAFETY: as the caller promises.
        let slept = unsafe { libc::syscall(libc::SYS_clock_nanosleep, clock, flags, time, rest) };
        return if slept == 0 { 0 } else { errno() };
    }
    // SAFETY: the caller promises a time there.
    let time = unsafe { *time };
    if !waiting::is_valid(&time) {
        return libc::EINVAL;
    }
    let is_absolute = flags & libc::TIMER_ABSTIME != 0;
    let until = if is_absolute {
        time
    } else {
        waiting::later(waiting::now(clock), &time)
    };
    let slept = waiting::sleep_until(clock, &until);
    if slept == libc::EINTR && !is_absolute && !rest.is_null() {
        // SAFETY: the caller promises room for a time there.
        unsafe { *rest = waiting::left(clock, &until) };
    }
    slept
}

#[unsafe(no_mangle)]
unsafe extern "C" fn pthread_join(thread: pthread_t, result: *mut *mut c_void) -> c_int {
    static ORIGINAL: Original = Original::new(c"pthread_join");
    if waiting::can_be_stopped() {
        // SAFETY: as the caller promises.
        return unsafe { waiting::join(thread, result) };
    }
    // SAFETY: the function of this name has this type.
    let original: unsafe extern "C" fn(pthread_t, *mut *mut c_void) -> c_int =
        unsafe { std::mem::transmute(ORIGINAL.address()) };
    // SAFETY: as the caller promises.
    unsafe { original(thread, result) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn waitpid(pid: pid_t, status: *mut c_int, options: c_int) -> pid_t {
    let waits = pid > 0 && options & libc::WNOHANG == 0;
    if waits && waiting::can_be_stopped() && waiting::wait_for_child(pid) != 0 {
        return -1;
    }
    // SAFETY: as the caller promises.
    (unsafe {
        libc::syscall(
            libc::SYS_wait4,
            pid,
            status,
            options,
            std::ptr::null_mut::<c_void>(),
        )
    }) as pid_t
}

/// What a new thread starts with.
struct Start {
    routine: Routine,
    argument: *mut c_void,
    cell: u32,
}

#[unsafe(no_mangle)]
unsafe extern "C" fn pthread_create(
    thread: *mut pthread_t,
    attributes: *const pthread_attr_t,
    routine: Routine,
    argument: *mut c_void,
) -> c_int {
    static ORIGINAL: Original = Original::new(c"pthread_create");
    type Create =
        unsafe extern "C" fn(*mut pthread_t, *const pthread_attr_t, Routine, *mut c_void) -> c_int;
    let cell = match threads::own() {
        threads::ANY => threads::foreground(),
        own => own,
    };
    let start = Box::into_raw(Box::new(Start {
        routine,
        argument,
        cell,
    }));
    // SAFETY: the function of this name has this type, but for what it may unwind with, which the C library allows.
    let original: Create = unsafe { std::mem::transmute(ORIGINAL.address()) };
    // SAFETY: as the caller promises; `run` takes what `start` points to.
    let created = unsafe { original(thread, attributes, run, start.cast()) };
    if created != 0 {
        // SAFETY: there is no thread that could have taken it.
        drop(unsafe { Box::from_raw(start) });
    }
    created
}

/// The start of every thread: it works for the cell that its maker works for.
unsafe extern "C-unwind" fn run(start: *mut c_void) -> *mut c_void {
    // SAFETY: `pthread_create` above has made it for this thread alone.
    let Start {
        routine,
        argument,
        cell,
    } = *unsafe { Box::from_raw(start.cast::<Start>()) };
    threads::work_for(cell);
    // SAFETY: as the caller of `pthread_create` promises.
    unsafe { routine(argument) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn pthread_setname_np(thread: pthread_t, name: *const c_char) -> c_int {
    static ORIGINAL: Original = Original::new(c"pthread_setname_np");
    // SAFETY: no memory is involved.
    let is_own = unsafe { libc::pthread_self() } == thread;
    if is_own && !name.is_null() {
        // SAFETY: the caller promises a C string.
        let name = unsafe { CStr::from_ptr(name) }.to_bytes();
        if POOLS.iter().any(|pool| name.starts_with(pool)) {
            threads::work_for(threads::ANY);
        }
    }
    // SAFETY: the function of this name has this type.
    let original: unsafe extern "C" fn(pthread_t, *const c_char) -> c_int =
        unsafe { std::mem::transmute(ORIGINAL.address()) };
    // SAFETY: as the caller promises.
    unsafe { original(thread, name) }
}

/// Lines that C code prints go out when they are complete, as those of Rust code do.
pub(super) fn buffer_lines_of_c() {
    unsafe extern "C" {
        static stdout: *mut libc::FILE;
    }
    const LINES: c_int = 1;
    // SAFETY: nothing has been printed through it yet.
    unsafe { libc::setvbuf(stdout, std::ptr::null_mut(), LINES, 0) };
}

/// Ends this process at once: nothing of it is needed any more.
pub(super) fn exit(code: c_uint) -> ! {
    // SAFETY: no memory is involved.
    unsafe { libc::_exit(code as c_int) }
}
