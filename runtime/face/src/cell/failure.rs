//! What `?` returns from a cell: any error, reduced to sentences and the place of the `?`.

use std::cell::RefCell;
use std::error::Error as StdError;
use std::fmt;
use std::panic::Location;

use super::Place;
use crate::{Error, ErrorKind};

/// Why a `?` left a cell.
#[derive(Debug)]
pub struct Reason {
    /// The error's own sentence.
    pub message: String,
    /// The sentences of what caused it, outermost first.
    pub causes: Vec<String>,
    /// Whether it says that the computation was interrupted.
    pub cancelled: bool,
    /// Where the `?` stands.
    pub place: Place,
}

thread_local! {
    static LAST_REASON: RefCell<Option<Reason>> = const { RefCell::new(None) };
}

/// Why a `?` left the cell that this thread runs.
pub(super) fn last_reason() -> Reason {
    LAST_REASON.take().unwrap_or_else(|| Reason {
        message: "the cell returned an error of its own making".to_owned(),
        causes: Vec::new(),
        cancelled: false,
        place: Place::from(Location::caller()),
    })
}

/// An error that left a cell through `?`. Everything that turns into a `Box<dyn std::error::Error>` turns into one:
/// errors of any library, strings, boxed errors. Its [`Reason`] is kept apart, so that no cell compiles what drops it.
pub struct Failure(());

impl<E: Into<Box<dyn StdError>>> From<E> for Failure {
    #[track_caller]
    fn from(error: E) -> Self {
        remember(error.into(), Location::caller());
        Failure(())
    }
}

fn remember(error: Box<dyn StdError>, location: &Location<'_>) {
    let message = error.to_string();
    let mut causes: Vec<String> = Vec::new();
    let mut source = error.source();
    while let Some(cause) = source {
        let sentence = cause.to_string();
        if !message.contains(&sentence) {
            causes.push(sentence);
        }
        source = cause.source();
    }
    let cancelled = error
        .downcast_ref::<Error>()
        .is_some_and(|error| error.kind() == ErrorKind::Cancelled);
    LAST_REASON.set(Some(Reason {
        message,
        causes,
        cancelled,
        place: Place::from(location),
    }));
}

/// The same for errors that are only `Debug`, in the rare cell that has one.
pub struct DebugFailure(());

impl<E: fmt::Debug> From<E> for DebugFailure {
    #[track_caller]
    fn from(error: E) -> Self {
        remember(format!("{error:?}").into(), Location::caller());
        DebugFailure(())
    }
}

/// What a `?` on a `None` returns from a cell.
#[derive(Debug)]
pub struct NoValue;

impl fmt::Display for NoValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`?` met a `None`")
    }
}

impl StdError for NoValue {}
