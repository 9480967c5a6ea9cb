//! The C library's own functions behind those that [`interpose`](crate::interpose) defines: straight into the system, or
//! found by name behind this executable.

use std::ffi::{CStr, c_int, c_void};
use std::io;
use std::sync::atomic::{AtomicPtr, Ordering};

/// The next definition of a function after this executable's, looked up once.
pub(super) struct Original {
    name: &'static CStr,
    address: AtomicPtr<c_void>,
}

impl Original {
    pub(super) const fn new(name: &'static CStr) -> Self {
        Original {
            name,
            address: AtomicPtr::new(std::ptr::null_mut()),
        }
    }

    /// The function's address; a C library without it could not run this program.
    #[expect(unsafe_code, reason = "the dynamic linker is asked here")]
    pub(super) fn address(&self) -> *mut c_void {
        let known = self.address.load(Ordering::Relaxed);
        if !known.is_null() {
            return known;
        }
        // SAFETY: the name is a C string; `RTLD_NEXT` asks for the definition behind this executable's own.
        let found = unsafe { libc::dlsym(libc::RTLD_NEXT, self.name.as_ptr()) };
        if found.is_null() {
            std::process::abort();
        }
        self.address.store(found, Ordering::Relaxed);
        found
    }
}

/// What a C function returns for `error`, after noting it in `errno`.
#[expect(unsafe_code, reason = "`errno` is a place that the C library names")]
pub(super) fn fail(error: c_int) -> c_int {
    // SAFETY: the C library returns the place of this thread's `errno`.
    unsafe { *libc::__errno_location() = error };
    -1
}

/// This thread's `errno`.
pub(super) fn errno() -> c_int {
    io::Error::last_os_error().raw_os_error().unwrap_or(0)
}

/// Writes all of `bytes` to `fd`, however often that takes.
///
/// # Errors
/// The system's; what a full pipe says is none.
#[expect(unsafe_code, reason = "the system is called here")]
pub(super) fn write_all(fd: c_int, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        // SAFETY: pointer and length are those of a live slice.
        let n_written = unsafe { libc::syscall(libc::SYS_write, fd, bytes.as_ptr(), bytes.len()) };
        match usize::try_from(n_written) {
            Ok(n_written) => bytes = &bytes[n_written.min(bytes.len())..],
            Err(_) => match errno() {
                libc::EINTR => {}
                // A child process has put the pipe, which it shares, into non-blocking mode.
                libc::EAGAIN => wait_for_room(fd),
                error => return Err(io::Error::from_raw_os_error(error)),
            },
        }
    }
    Ok(())
}

#[expect(unsafe_code, reason = "the system is called here")]
fn wait_for_room(fd: c_int) {
    let mut poll = libc::pollfd {
        fd,
        events: libc::POLLOUT,
        revents: 0,
    };
    // SAFETY: one entry, which lives for the call.
    unsafe { libc::poll(&mut poll, 1, -1) };
}
