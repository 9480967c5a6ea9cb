//! Questions to the front end: `dagbok::input`, and stdin.

use std::ffi::c_int;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

use dagbok::cell::threads;
use dagbok::input::{Echo, InputSource};
use dagbok::{Error, ErrorKind, Result, cancel};
use dagbok_kernel::channel::{Answer, FromSession};
use dagbok_kernel::evaluate::StreamName;

use crate::link::Link;
use crate::output;

static QUESTIONS: OnceLock<Arc<Questions>> = OnceLock::new();

/// The cell for which stdin has ended, since it was told that there is none: who reads on in spite of that finds the end.
static ENDED: AtomicU32 = AtomicU32::new(0);

/// What has been answered on stdin and not been read yet.
static UNREAD: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// The questions of all threads, one after the other.
pub(super) struct Questions {
    link: Arc<Link>,
    turn: Mutex<()>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// The number of the question that waits, or waited last.
    question: u32,
    answer: Option<Answer>,
}

/// The cell was interrupted before there was an answer.
struct Interrupted;

impl Questions {
    /// Questions go through `link` from now on, those on stdin too.
    pub(super) fn start(link: Arc<Link>) -> Arc<Self> {
        let questions = Arc::new(Questions {
            link,
            turn: Mutex::default(),
            state: Mutex::default(),
            changed: Condvar::new(),
        });
        dagbok::input::set_source(Some(questions.clone()));
        QUESTIONS.get_or_init(|| questions).clone()
    }

    /// The front end has answered; too late is not at all.
    pub(super) fn answered(&self, question: u32, answer: Answer) {
        let mut state = lock(&self.state);
        if state.question == question {
            state.answer = Some(answer);
            self.changed.notify_all();
        }
    }

    /// The one who waits looks for an interrupt.
    pub(super) fn wake(&self) {
        let _state = lock(&self.state);
        self.changed.notify_all();
    }

    fn put(&self, prompt: &str, hidden: bool) -> std::result::Result<Answer, Interrupted> {
        let _turn = lock(&self.turn);
        output::flush();
        let question = {
            let mut state = lock(&self.state);
            state.question += 1;
            state.answer = None;
            state.question
        };
        let frame = FromSession::Input {
            question,
            cell: threads::served(),
            prompt: prompt.to_owned(),
            hidden,
        };
        if self.link.send(&frame).is_err() {
            return Ok(Answer::Refused("the kernel is gone".to_owned()));
        }
        let mut state = lock(&self.state);
        loop {
            if let Some(answer) = state.answer.take() {
                return Ok(answer);
            }
            if cancel::must_unwind() {
                // A late answer is to this number, which nobody asks for any more.
                state.question += 1;
                return Err(Interrupted);
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl InputSource for Questions {
    fn ask(&self, prompt: &str, echo: Echo) -> Result<String> {
        let reason = match self.put(prompt, echo == Echo::Hidden) {
            Ok(Answer::Line(line)) => return Ok(line),
            Ok(Answer::End) => "the input has ended".to_owned(),
            Ok(Answer::Refused(reason)) => reason,
            Err(Interrupted) => {
                return Err(Error::new(
                    ErrorKind::Cancelled,
                    "interrupted while waiting for input",
                ));
            }
        };
        Err(Error::new(ErrorKind::Io, reason))
    }
}

/// Reads from stdin: what is left of the last answer, else the next one.
///
/// # Errors
/// An error number, once a cell: `ECANCELED` after an interrupt, `EOPNOTSUPP` where nobody can be asked, and why is on
/// stderr.
pub(super) fn read(room: &mut [u8]) -> std::result::Result<usize, c_int> {
    let mut unread = lock(&UNREAD);
    if unread.is_empty() {
        let Some(questions) = QUESTIONS.get() else {
            return Ok(0);
        };
        let cell = threads::served();
        if ENDED.load(Ordering::Relaxed) == cell {
            return Ok(0);
        }
        let (prompt, hidden) = output::take_prompt().unwrap_or_default();
        match questions.put(&prompt, hidden) {
            Ok(Answer::Line(line)) => {
                unread.extend_from_slice(line.as_bytes());
                unread.push(b'\n');
            }
            Ok(Answer::End) => return Ok(0),
            Ok(Answer::Refused(reason)) => {
                ENDED.store(cell, Ordering::Relaxed);
                let sentence = format!("stdin cannot be read: {reason}\n");
                output::write(StreamName::Stderr, sentence.as_bytes());
                return Err(libc::EOPNOTSUPP);
            }
            Err(Interrupted) => {
                ENDED.store(cell, Ordering::Relaxed);
                return Err(libc::ECANCELED);
            }
        }
    }
    let n_bytes = unread.len().min(room.len());
    room[..n_bytes].copy_from_slice(&unread[..n_bytes]);
    unread.drain(..n_bytes);
    Ok(n_bytes)
}

/// A panic while a lock is held leaves nothing half done here.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
