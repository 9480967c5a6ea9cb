//! The one error type of the runtime.

use std::fmt;
use std::sync::Arc;

use crate::engine::Work;
use crate::graph::Key;
use crate::sealed::Sealed;
use crate::{Name, Site, Value};

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
    /// A key that a graph does not have, or has twice.
    Key,
    /// A task that returned an error or panicked.
    Task,
    /// The computation was interrupted.
    Cancelled,
    /// Something did not end within the time that it was given.
    Timeout,
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
    task: Option<Arc<FailedTask>>,
}

/// The task behind an [`Error`] of a computation, with the values that it was given, which are kept as long as the error is.
///
/// ```
/// use dagbok::prelude::*;
/// # dagbok_engine::install();
///
/// let ratio = delayed(1).map(|x| x - 1).map(|by| 12 / by);
/// let error = ratio.compute().unwrap_err();
/// let task = error.task().expect("a task has failed");
/// assert_eq!(task.key.operation(), "map");
/// assert_eq!(task.inputs[0].1.downcast_ref(), Some(&0));
/// assert!(task.cause.to_string().contains("attempt to divide by zero"));
/// ```
pub struct FailedTask {
    pub key: Key,
    /// The name of its layer.
    pub layer: Name,
    /// The line that made it.
    pub site: Site,
    /// The keys and values of its inputs, also of those that were known and had no task.
    pub inputs: Vec<(Key, Value)>,
    /// The plain values that its call was given besides, in order: `"a.csv"` of `read("a.csv")`.
    pub arguments: Vec<Value>,
    /// What it returned, or its panic.
    pub cause: Error,
    /// What it runs.
    pub work: Arc<dyn Work>,
}

/// A result whose error is dagbok's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error of `kind` that reads `message`: lower case, no final dot, values in backticks.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        let repr = Repr {
            kind,
            message: message.into(),
            task: None,
        };
        Error(Box::new(repr).into())
    }

    /// What went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The same error, as that of `task`.
    pub fn with_task(mut self, task: FailedTask) -> Self {
        self.0.task = Some(Arc::new(task));
        self
    }

    /// The task that failed, if this is the error of a computation. Where a task has failed because of what it has computed in
    /// turn, its [`cause`](FailedTask::cause) has the task of that.
    pub fn task(&self) -> Option<&FailedTask> {
        self.0.task.as_deref()
    }

    /// Runs the task that failed once more, by itself, with the values that it was given, on the calling thread: its panic is a
    /// panic here, with all calls that led to it, and what it prints is printed here. Returns its value, if it has one now.
    ///
    /// # Errors
    /// What the task returns this time; [`ErrorKind::Value`] if this is not the error of a task.
    ///
    /// ```
    /// use dagbok::prelude::*;
    /// # dagbok_engine::install();
    ///
    /// let number = delayed("12x").and_then(|text| text.parse::<i64>());
    /// let error = number.compute().unwrap_err();
    /// let again = error.rerun_locally().unwrap_err();
    /// assert_eq!(again.to_string(), "invalid digit found in string");
    /// ```
    pub fn rerun_locally(&self) -> Result<Value> {
        match &self.0.task {
            Some(task) => task.rerun(),
            None => {
                let text = format!(
                    "this error is not that of a task, so there is nothing to run again: {self}"
                );
                Err(Error::new(ErrorKind::Value, text))
            }
        }
    }

    /// The same error, its sentence preceded by `context: `.
    pub fn context(mut self, context: &str) -> Self {
        self.0.message = format!("{context}: {}", self.0.message);
        self
    }
}

impl FailedTask {
    fn rerun(&self) -> Result<Value> {
        let mut inputs: Vec<Value> = self.inputs.iter().map(|(_, value)| value.clone()).collect();
        for known in self.work.known_inputs().iter().rev() {
            inputs.remove(known.place);
        }
        self.work.run(&inputs)
    }
}

impl fmt::Debug for FailedTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FailedTask({}, made at {})", self.key, self.site)
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
