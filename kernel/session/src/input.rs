//! Questions to the front end: `dagbok::input`, and stdin.

use std::collections::BTreeMap;
use std::ffi::c_int;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

use dagbok::cell::threads;
use dagbok::input::{Echo, InputSource};
use dagbok::{Error, ErrorKind, Result, cancel};
use dagbok_kernel::channel::{Answer, FromSession};
use dagbok_kernel::evaluate::StreamName;

use crate::link::Link;
use crate::output;

static QUESTIONS: OnceLock<Arc<Questions>> = OnceLock::new();

/// The stdin of each cell that has read from it.
static STDINS: Mutex<BTreeMap<u32, Stdin>> = Mutex::new(BTreeMap::new());

#[derive(Default)]
struct Stdin {
    /// What has been answered and not been read yet.
    unread: Vec<u8>,
    /// Whether it has ended, since the cell was told that there is none: who reads on in spite of that finds the end.
    has_ended: bool,
}

/// The questions of all threads; those of one cell one after the other.
pub(super) struct Questions {
    link: Arc<Link>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// The number of the last question.
    last: u32,
    waiting: BTreeMap<u32, Waiting>,
}

/// A question that waits for its answer.
struct Waiting {
    cell: u32,
    answer: Option<Answer>,
}

/// The cell was interrupted before there was an answer.
struct Interrupted;

impl Questions {
    /// Questions go through `link` from now on, those on stdin too.
    pub(super) fn start(link: Arc<Link>) -> Arc<Self> {
        let questions = Arc::new(Questions {
            link,
            state: Mutex::default(),
            changed: Condvar::new(),
        });
        dagbok::input::set_source(Some(questions.clone()));
        QUESTIONS.get_or_init(|| questions).clone()
    }

    /// The front end has answered; too late is not at all.
    pub(super) fn answered(&self, question: u32, answer: Answer) {
        if let Some(waiting) = lock(&self.state).waiting.get_mut(&question) {
            waiting.answer = Some(answer);
            self.changed.notify_all();
        }
    }

    /// Those who wait look for an interrupt.
    pub(super) fn wake(&self) {
        let _state = lock(&self.state);
        self.changed.notify_all();
    }

    fn put(&self, prompt: &str, hidden: bool) -> std::result::Result<Answer, Interrupted> {
        output::flush();
        let cell = threads::served();
        let mut state = lock(&self.state);
        while state.waiting.values().any(|other| other.cell == cell) {
            if cancel::must_unwind() {
                return Err(Interrupted);
            }
            state = self.wait(state);
        }
        state.last += 1;
        let question = state.last;
        let waiting = Waiting { cell, answer: None };
        state.waiting.insert(question, waiting);
        drop(state);
        let frame = FromSession::Input {
            question,
            cell,
            prompt: prompt.to_owned(),
            hidden,
        };
        let answer = match self.link.send(&frame) {
            Ok(()) => self.answer_to(question),
            Err(_) => Ok(Answer::Refused("the kernel is gone".to_owned())),
        };
        lock(&self.state).waiting.remove(&question);
        // Another thread of this cell may ask now.
        self.changed.notify_all();
        answer
    }

    fn answer_to(&self, question: u32) -> std::result::Result<Answer, Interrupted> {
        let mut state = lock(&self.state);
        loop {
            let waiting = state.waiting.get_mut(&question);
            if let Some(answer) = waiting.and_then(|waiting| waiting.answer.take()) {
                return Ok(answer);
            }
            if cancel::must_unwind() {
                return Err(Interrupted);
            }
            state = self.wait(state);
        }
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        self.changed
            .wait(state)
            .unwrap_or_else(PoisonError::into_inner)
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

/// A cell begins on the thread on which `before` ran: what that has not read of its answers is left to it.
pub(super) fn begin(cell: u32, before: u32) {
    let mut stdins = lock(&STDINS);
    let unread = stdins.remove(&before).unwrap_or_default().unread;
    if !unread.is_empty() {
        stdins.entry(cell).or_default().unread = unread;
    }
}

/// Reads from stdin: what is left of the last answer, else the next one.
///
/// # Errors
/// An error number, once a cell: `ECANCELED` after an interrupt, `EOPNOTSUPP` where nobody can be asked, and why is on
/// stderr.
pub(super) fn read(room: &mut [u8]) -> std::result::Result<usize, c_int> {
    let cell = threads::served();
    let read = lock(&STDINS).entry(cell).or_default().read(room);
    if let Some(n_bytes) = read {
        return Ok(n_bytes);
    }
    let Some(questions) = QUESTIONS.get() else {
        return Ok(0);
    };
    let (prompt, hidden) = output::take_prompt(cell).unwrap_or_default();
    let answer = questions.put(&prompt, hidden);
    let mut stdins = lock(&STDINS);
    let stdin = stdins.entry(cell).or_default();
    match answer {
        Ok(Answer::Line(line)) => {
            stdin.unread.extend_from_slice(line.as_bytes());
            stdin.unread.push(b'\n');
            Ok(stdin.read(room).unwrap_or(0))
        }
        Ok(Answer::End) => Ok(0),
        Ok(Answer::Refused(reason)) => {
            stdin.has_ended = true;
            drop(stdins);
            let sentence = format!("stdin cannot be read: {reason}\n");
            output::write(StreamName::Stderr, sentence.as_bytes());
            Err(libc::EOPNOTSUPP)
        }
        Err(Interrupted) => {
            stdin.has_ended = true;
            Err(libc::ECANCELED)
        }
    }
}

impl Stdin {
    /// What is there for `room`; `None` if the person has to be asked.
    fn read(&mut self, room: &mut [u8]) -> Option<usize> {
        if self.unread.is_empty() && !self.has_ended {
            return None;
        }
        let n_bytes = self.unread.len().min(room.len());
        room[..n_bytes].copy_from_slice(&self.unread[..n_bytes]);
        self.unread.drain(..n_bytes);
        Some(n_bytes)
    }
}

/// A panic while a lock is held leaves nothing half done here.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
