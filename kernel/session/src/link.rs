//! The session's end of the socket: frames of several threads, and displays in step with what was printed.

use std::io;
use std::os::unix::net::UnixStream;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use dagbok::cell::threads;
use dagbok::display::{Clear, DisplaySink, MimeBundle};
use dagbok_kernel::channel::{Bundle, FromSession, write_frame};

use crate::output;

pub(super) struct Link {
    socket: Mutex<UnixStream>,
    display: Mutex<()>,
    n_shown: Mutex<u64>,
    shown: Condvar,
}

impl Link {
    pub(super) fn new(socket: UnixStream) -> Self {
        Link {
            socket: Mutex::new(socket),
            display: Mutex::new(()),
            n_shown: Mutex::new(0),
            shown: Condvar::new(),
        }
    }

    pub(super) fn send(&self, frame: &FromSession) -> io::Result<()> {
        write_frame(&mut *lock(&self.socket), frame)
    }

    /// Sends `frame` behind all text so far, and returns when the kernel has handled it.
    fn send_in_step(&self, frame: &FromSession) {
        let _one_at_a_time = lock(&self.display);
        output::flush();
        let n_before = *lock(&self.n_shown);
        if self.send(frame).is_ok() {
            let waited = self
                .shown
                .wait_while(lock(&self.n_shown), |n_shown| *n_shown == n_before);
            drop(waited);
        }
    }

    /// The kernel has put the last display on the screen.
    pub(super) fn shown(&self) {
        *lock(&self.n_shown) += 1;
        self.shown.notify_all();
    }
}

impl DisplaySink for Link {
    /// Returns when the display is on the screen, so that what the caller prints next comes after it.
    fn display(&self, bundle: &MimeBundle, display_id: &str) {
        self.send_in_step(&FromSession::Display {
            cell: threads::served(),
            bundle: to_frame(bundle),
            display_id: display_id.to_owned(),
        });
    }

    fn update(&self, bundle: &MimeBundle, display_id: &str) {
        output::flush();
        // A socket that fails means that the kernel is gone; the session ends with it.
        let _ = self.send(&FromSession::UpdateDisplay {
            cell: threads::served(),
            bundle: to_frame(bundle),
            display_id: display_id.to_owned(),
        });
    }

    /// As [`display`](Self::display): what is printed next is not removed.
    fn clear(&self, when: Clear) {
        self.send_in_step(&FromSession::ClearOutput {
            cell: threads::served(),
            wait: when == Clear::WithNext,
        });
    }
}

pub(super) fn to_frame(bundle: &MimeBundle) -> Bundle {
    bundle
        .iter()
        .map(|(mime, data)| (mime.to_owned(), data.to_owned()))
        .collect()
}

/// A panic while a lock is held leaves nothing half done here.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
