//! What `?` returns from a cell: any error, reduced to sentences and the place of the `?`.

use std::error::Error as StdError;
use std::fmt;
use std::panic::Location;

use super::Place;
use crate::{Error, ErrorKind};

/// An error that left a cell through `?`. Everything that turns into a `Box<dyn std::error::Error>` turns into one:
/// errors of any library, strings, boxed errors.
pub struct Failure {
    /// The error's own sentence.
    pub message: String,
    /// The sentences of what caused it, outermost first.
    pub causes: Vec<String>,
    /// Whether it says that the computation was interrupted.
    pub cancelled: bool,
    /// Where the `?` stands.
    pub place: Place,
}

impl<E: Into<Box<dyn StdError>>> From<E> for Failure {
    #[track_caller]
    fn from(error: E) -> Self {
        Failure::new(error.into(), Location::caller())
    }
}

impl Failure {
    fn new(error: Box<dyn StdError>, location: &Location<'_>) -> Self {
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
        Failure {
            message,
            causes,
            cancelled,
            place: Place::from(location),
        }
    }
}

// No derive: a `Debug` on `Failure` is what a person would see if it were ever shown as a value.
impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// The same for errors that are only `Debug`, in the rare cell that has one.
pub struct DebugFailure(Failure);

impl<E: fmt::Debug> From<E> for DebugFailure {
    #[track_caller]
    fn from(error: E) -> Self {
        DebugFailure(Failure {
            message: format!("{error:?}"),
            causes: Vec::new(),
            cancelled: false,
            place: Place::from(Location::caller()),
        })
    }
}

/// The error types that the statements of a cell can be compiled with.
pub trait AnyFailure {
    /// The failure as the session reports it.
    fn into_failure(self) -> Failure;
}

impl AnyFailure for Failure {
    fn into_failure(self) -> Failure {
        self
    }
}

impl AnyFailure for DebugFailure {
    fn into_failure(self) -> Failure {
        self.0
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
