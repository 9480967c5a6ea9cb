//! Futures in the order in which they are done.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Future;
use super::handle::{Handle, add_all, handles};
use super::wait::deadline;
use crate::engine::{Completions, Until, engine};
use crate::raise::or_raise;
use crate::sealed::Sealed;
use crate::{ErrorKind, Result, cancel};

/// The futures as they are done, the first one first, whatever becomes of them.
///
/// More can be [added](AsCompleted::add) while it runs.
///
/// ```
/// use dagbok::prelude::*;
/// # dagbok_engine::install();
///
/// let mut total = 0;
/// for future in as_completed(submit_map(|x| x * 2, 0..4)) {
///     total += future.result()?;
/// }
/// assert_eq!(total, 12);
///
/// let mut completed = as_completed([submit(|| 1)]);
/// let mut values = Vec::new();
/// while let Some(future) = completed.next() {
///     let value: i32 = future.result()?;
///     values.push(value);
///     if value < 100 {
///         completed.add(submit(move || value * 10));
///     }
/// }
/// assert_eq!(values, [1, 10, 100]);
/// # Ok::<(), dagbok::Error>(())
/// ```
///
/// # Panics
/// If there is no engine.
#[track_caller]
pub fn as_completed<T>(futures: impl IntoIterator<Item = Future<T>>) -> AsCompleted<T> {
    let mut completed = AsCompleted {
        members: Members::new(),
        value: PhantomData,
    };
    completed.extend(futures);
    completed
}

/// An iterator over futures as they are done; see [`as_completed`].
///
/// It waits for the next one, and holds all that it has not returned. An interrupt ends the wait and the cell; the futures go on
/// where others hold them.
pub struct AsCompleted<T> {
    members: Members,
    value: PhantomData<fn() -> T>,
}

/// What is waited for, of any type: so that its code is compiled here, and not in each cell.
struct Members {
    completions: Arc<dyn Completions>,
    /// By their numbers; none once it has been returned.
    handles: Vec<Option<Sealed<Handle>>>,
    left: usize,
}

impl Members {
    #[track_caller]
    fn new() -> Self {
        Members {
            completions: or_raise(engine()).completions(),
            handles: Vec::new(),
            left: 0,
        }
    }

    /// Waits for these too.
    fn add(&mut self, handles: Vec<Sealed<Handle>>) {
        add_all(&*self.completions, handles.iter());
        self.left += handles.len();
        let handles = handles.into_iter().map(Some);
        match self.handles.is_empty() {
            // Of a vector, where it is.
            true => self.handles = handles.collect(),
            false => self.handles.extend(handles),
        }
    }

    /// The next that is done, unless there is none or the deadline comes first.
    fn next(&mut self, deadline: Option<Instant>) -> Result<Option<Sealed<Handle>>> {
        if self.left == 0 || !self.completions.wait(Until::Done(1), deadline)? {
            return Ok(None);
        }
        let Some(idx) = self.completions.take() else {
            return Ok(None);
        };
        self.left -= 1;
        Ok(self.handles[idx].take())
    }

    fn next_or_unwind(&mut self) -> Option<Sealed<Handle>> {
        match self.next(None) {
            Ok(next) => next,
            Err(error) if error.kind() == ErrorKind::Cancelled => cancel::unwind(),
            Err(error) => crate::raise::raise(error),
        }
    }
}

impl<T> AsCompleted<T> {
    /// One more to wait for.
    pub fn add(&mut self, future: Future<T>) {
        self.extend([future]);
    }

    /// The next that is done, if it is within `timeout`; none as well when all have been returned.
    ///
    /// # Errors
    /// [`ErrorKind::Cancelled`] after an interrupt; the futures go on.
    pub fn next_timeout(&mut self, timeout: Duration) -> Result<Option<Future<T>>> {
        let next = self.members.next(deadline(timeout))?;
        Ok(next.map(Future::of_handle))
    }

    /// How many have not been returned yet.
    pub fn count_left(&self) -> usize {
        self.members.left
    }
}

impl<T> Iterator for AsCompleted<T> {
    type Item = Future<T>;

    fn next(&mut self) -> Option<Future<T>> {
        self.members.next_or_unwind().map(Future::of_handle)
    }
}

impl<T> Extend<Future<T>> for AsCompleted<T> {
    fn extend<I: IntoIterator<Item = Future<T>>>(&mut self, futures: I) {
        self.members.add(handles(futures.into_iter().collect()));
    }
}

impl<T> fmt::Debug for AsCompleted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AsCompleted({} left)", self.members.left)
    }
}
