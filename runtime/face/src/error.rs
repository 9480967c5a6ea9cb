//! The one error type of the runtime.

use std::fmt;

use crate::sealed::Sealed;

/// What went wrong, coarse enough to branch on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Shapes that do not fit together.
    Shape,
    /// An axis that the array does not have.
    Axis,
    /// An index or slice outside of the collection.
    Index,
    /// A dtype that an operation cannot take or give.
    DType,
    /// A column that the frame does not have, or has twice.
    Column,
    /// An argument outside of what an operation accepts.
    Value,
    /// A file that cannot be read or written, or does not hold what its name says.
    Io,
    /// A task that returned an error or panicked.
    Task,
    /// The computation was interrupted.
    Cancelled,
    /// No engine is installed in this process.
    NoEngine,
}

/// An error of a collection or of a computation: a sentence for a person, and a [`kind`](Error::kind) to branch on.
///
/// ```
/// use dagbok::prelude::*;
///
/// let error = attempt(|| arange(6).reshape([4, 2])).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Shape);
/// ```
#[derive(Clone)]
pub struct Error(Sealed<Box<Repr>>);

#[derive(Clone)]
pub(crate) struct Repr {
    kind: ErrorKind,
    message: String,
}

/// A result whose error is dagbok's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error of `kind` that reads `message`: lower case, no final dot, values in backticks.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        let repr = Repr {
            kind,
            message: message.into(),
        };
        Error(Box::new(repr).into())
    }

    /// What went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The same error, its sentence preceded by `context: `.
    pub fn context(mut self, context: &str) -> Self {
        self.0.message = format!("{context}: {}", self.0.message);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.0.kind, self.0.message)
    }
}

impl std::error::Error for Error {}
