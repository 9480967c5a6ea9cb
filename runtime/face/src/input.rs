//! Questions to the person in front of the notebook.

use std::sync::{Arc, PoisonError, RwLock};

use crate::raise::or_raise;
use crate::{Error, ErrorKind, Result, cancel};

/// Where answers come from: the session asks the front end, a test has them ready.
pub trait InputSource: Send + Sync {
    /// The line that is typed after `prompt`, without its end.
    ///
    /// # Errors
    /// [`ErrorKind::Cancelled`] after an interrupt, [`ErrorKind::Io`] where nobody can be asked.
    fn ask(&self, prompt: &str, echo: Echo) -> Result<String>;
}

/// Whether what is typed can be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Echo {
    /// Letter by letter.
    Shown,
    /// As dots, or not at all.
    Hidden,
}

static SOURCE: RwLock<Option<Arc<dyn InputSource>>> = RwLock::new(None);

/// Questions of this process are put to `source` from now on, or fail.
pub fn set_source(source: Option<Arc<dyn InputSource>>) {
    *SOURCE.write().unwrap_or_else(PoisonError::into_inner) = source;
}

/// Asks for a line of text, and waits for it.
///
/// An interrupt ends the wait and the cell.
///
/// ```no_run
/// let name = dagbok::input("What is your name? ");
/// println!("Hello, {}!", name.trim());
/// ```
///
/// # Panics
/// Where nobody can be asked: a front end without input, or input that has ended. [`attempt`](crate::attempt) turns that
/// into an error.
#[track_caller]
pub fn input(prompt: &str) -> String {
    or_raise(ask(prompt, Echo::Shown))
}

/// Asks for a line of text as [`input`] does, but what is typed stays hidden.
///
/// # Panics
/// As [`input`] does.
#[track_caller]
pub fn password(prompt: &str) -> String {
    or_raise(ask(prompt, Echo::Hidden))
}

fn ask(prompt: &str, echo: Echo) -> Result<String> {
    let source = SOURCE
        .read()
        .unwrap_or_else(PoisonError::into_inner)
        .clone();
    let Some(source) = source else {
        return Err(Error::new(
            ErrorKind::Io,
            "there is no front end that could be asked for input",
        ));
    };
    let answer = source.ask(prompt, echo);
    if matches!(&answer, Err(error) if error.kind() == ErrorKind::Cancelled) {
        cancel::unwind();
    }
    answer
}
