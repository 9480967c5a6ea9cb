//! Futures in the order in which they are done.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::Future;
use super::handle::add_all;
use super::wait::deadline;
use crate::engine::{Completions, Until, engine};
use crate::raise::or_raise;
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
        completions: or_raise(engine()).completions(),
        futures: Vec::new(),
        left: 0,
    };
    completed.extend(futures);
    completed
}

/// An iterator over futures as they are done; see [`as_completed`].
///
/// It waits for the next one, and holds all that it has not returned. An interrupt ends the wait and the cell; the futures go on
/// where others hold them.
pub struct AsCompleted<T> {
    completions: Arc<dyn Completions>,
    /// By their numbers; none once it has been returned.
    futures: Vec<Option<Future<T>>>,
    left: usize,
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
        if self.left > 0 && self.completions.wait(Until::Done(1), deadline(timeout))? {
            return Ok(self.taken());
        }
        Ok(None)
    }

    /// How many have not been returned yet.
    pub fn count_left(&self) -> usize {
        self.left
    }

    fn taken(&mut self) -> Option<Future<T>> {
        let idx = self.completions.take()?;
        self.left -= 1;
        self.futures.get_mut(idx)?.take()
    }
}

impl<T> Iterator for AsCompleted<T> {
    type Item = Future<T>;

    fn next(&mut self) -> Option<Future<T>> {
        if self.left == 0 {
            return None;
        }
        match self.completions.wait(Until::Done(1), None) {
            Ok(_) => self.taken(),
            Err(error) if error.kind() == ErrorKind::Cancelled => cancel::unwind(),
            Err(error) => crate::raise::raise(error),
        }
    }
}

impl<T> Extend<Future<T>> for AsCompleted<T> {
    fn extend<I: IntoIterator<Item = Future<T>>>(&mut self, futures: I) {
        let start = self.futures.len();
        let futures = futures.into_iter().map(Some);
        match start {
            // In place, where they are in a vector.
            0 => self.futures = futures.collect(),
            _ => self.futures.extend(futures),
        }
        let added = &self.futures[start..];
        self.left += added.len();
        let handles = added.iter().flatten().map(|future| &future.handle);
        add_all(&*self.completions, handles);
    }
}

impl<T> fmt::Debug for AsCompleted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AsCompleted({} left)", self.left)
    }
}
