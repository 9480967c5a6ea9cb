//! Waiting for futures: for the values, for all, for the first.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Future;
use super::handle::{Handle, add_all};
use crate::compute::{Compute, compute_all};
use crate::delayed::call;
use crate::engine::{Submitted, Until, engine};
use crate::sealed::Sealed;
use crate::{Error, ErrorKind, Result, Value};

/// Waits for futures and returns their values: of vectors, arrays, tuples and maps of them, nested as you like.
///
/// Collections may be among them, and are then computed.
///
/// ```
/// use dagbok::prelude::*;
/// # dagbok_engine::install();
///
/// let words = submit_map(|n| "ab".repeat(n), 0..3);
/// let length = submit(|| 6);
/// let (words, length) = gather((words, &length))?;
/// assert_eq!((words.concat().len(), length), (6, 6));
/// # Ok::<(), dagbok::Error>(())
/// ```
///
/// # Errors
/// The error of the first that fails or is cancelled, without waiting for the others; [`ErrorKind::Cancelled`] after an
/// interrupt. The futures go on.
pub fn gather<C: Compute>(futures: C) -> Result<C::Output> {
    compute_all(futures)
}

/// Waits for futures, whatever becomes of them: [`all`](Wait::all) of them, or the [`first`](Wait::first).
///
/// ```
/// use dagbok::prelude::*;
/// use std::time::Duration;
/// # dagbok_engine::install();
///
/// let (go, gone) = std::sync::mpsc::channel::<()>();
/// let futures = [submit(|| true), submit(move || gone.recv().is_ok())];
/// let waited = wait(&futures).first()?;
/// assert_eq!((waited.done.len(), waited.not_done.len()), (1, 1));
/// let waited = wait(&futures).timeout(Duration::from_millis(5)).all()?;
/// assert_eq!(waited.not_done.len(), 1);
/// go.send(()).unwrap();
/// assert!(wait(&futures).all()?.not_done.is_empty());
/// # Ok::<(), dagbok::Error>(())
/// ```
pub fn wait<T>(futures: &[Future<T>]) -> Wait<'_, T> {
    Wait {
        futures,
        timeout: None,
    }
}

/// A wait that is to begin; see [`wait`].
#[must_use = "call `all()` or `first()` to wait"]
pub struct Wait<'f, T> {
    futures: &'f [Future<T>],
    timeout: Option<Duration>,
}

/// Which futures were done at the end of a wait, each list in the order in which they were given.
#[derive(Clone, Debug)]
pub struct DoneAndNotDone<T> {
    pub done: Vec<Future<T>>,
    pub not_done: Vec<Future<T>>,
}

impl<T> Wait<'_, T> {
    /// Waits no longer than this; what is not done by then is in [`not_done`](DoneAndNotDone::not_done).
    pub fn timeout(self, timeout: Duration) -> Self {
        Wait {
            timeout: Some(timeout),
            ..self
        }
    }

    /// Waits until all are done.
    ///
    /// # Errors
    /// [`ErrorKind::Cancelled`] after an interrupt; the futures go on.
    pub fn all(self) -> Result<DoneAndNotDone<T>> {
        let n_futures = self.futures.len();
        self.until(Until::Done(n_futures))
    }

    /// Waits until one is done; for no time if there is none.
    ///
    /// # Errors
    /// As for [`all`](Wait::all).
    pub fn first(self) -> Result<DoneAndNotDone<T>> {
        let n_futures = self.futures.len();
        self.until(Until::Done(n_futures.min(1)))
    }

    fn until(self, until: Until) -> Result<DoneAndNotDone<T>> {
        let handles: Vec<_> = self.futures.iter().map(|future| &future.handle).collect();
        wait_for(&handles, until, self.timeout)?;
        let (done, not_done) = self.futures.iter().cloned().partition(Future::done);
        Ok(DoneAndNotDone { done, not_done })
    }
}

impl<T> fmt::Debug for Wait<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n_futures = self.futures.len();
        write!(
            f,
            "Wait({n_futures} futures, which has not begun: `all()` or `first()` waits)"
        )
    }
}

/// Waits until as many are done as `until` says, or `timeout` is over.
fn wait_for(handles: &[&Sealed<Handle>], until: Until, timeout: Option<Duration>) -> Result<()> {
    let completions = engine()?.completions();
    add_all(&*completions, handles.iter().copied());
    completions.wait(until, timeout.and_then(deadline))?;
    Ok(())
}

/// When `timeout` is over; none if that is later than clocks can tell.
pub(super) fn deadline(timeout: Duration) -> Option<Instant> {
    Instant::now().checked_add(timeout)
}

pub(super) fn until_done(future: &Arc<dyn Submitted>, timeout: Option<Duration>) -> Result<()> {
    if future.status().is_done() {
        return Ok(());
    }
    let completions = engine()?.completions();
    completions.add(future.clone());
    match completions.wait(Until::Done(1), timeout.and_then(deadline))? {
        true => Ok(()),
        false => Err(late(&**future, timeout.unwrap_or_default())),
    }
}

pub(super) fn value(future: &Arc<dyn Submitted>, timeout: Option<Duration>) -> Result<Value> {
    until_done(future, timeout)?;
    let none = || Err(call::no_value());
    future.outcome().unwrap_or_else(none)
}

#[cold]
fn late(future: &dyn Submitted, timeout: Duration) -> Error {
    let text = format!(
        "`{}` is not done after {timeout:?}; it is {} and goes on",
        future.key(),
        future.status()
    );
    Error::new(ErrorKind::Timeout, text)
}
