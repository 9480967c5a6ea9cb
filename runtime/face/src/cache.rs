//! Results that are kept for later computations.

use std::time::Duration;

use crate::Result;
use crate::display::{MimeBundle, Render};
use crate::engine::engine;

/// Results that took long for their size. They are kept after the computation that made them, and found by name when a later
/// one needs them: a call or an array that several cells use is computed once, also where nobody persisted it.
///
/// They take part of the `memory_limit`, at most half, and leave when others need the room: first what took the shortest for its
/// size and has not been wanted for long. What reads a file that has changed since is computed again. Nothing is kept where the
/// setting `cache` is `false` (see [`Config`](crate::Config)).
///
/// `Cache` itself at the end of a cell shows what is kept.
///
/// ```
/// use dagbok::prelude::*;
/// # dagbok_engine::install();
///
/// let slow = delayed(3).map(|x| {
///     std::thread::sleep(std::time::Duration::from_millis(20));
///     x * 2
/// });
/// assert_eq!(slow.compute()?, 6);
/// assert_eq!(slow.map(|x| x + 1).compute()?, 7); // `slow` is not computed again
/// assert_eq!(Cache::entries()?[0].hits, 1);
/// Cache::clear()?;
/// assert!(Cache::entries()?.is_empty());
/// # Ok::<(), dagbok::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Cache;

/// One result that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheEntry {
    /// Its key as Dask writes it: `('sum-9f86d081', 0, 2)`.
    pub key: String,
    /// The memory that it takes.
    pub bytes: usize,
    /// How long it took, with the slowest of what it was made of.
    pub cost: Duration,
    /// How often it was found.
    pub hits: usize,
}

impl Cache {
    /// What is kept, the most worth first.
    ///
    /// # Errors
    /// [`ErrorKind::NoEngine`](crate::ErrorKind::NoEngine) if no engine is installed.
    pub fn entries() -> Result<Vec<CacheEntry>> {
        Ok(engine()?.cached())
    }

    /// The bytes of all that is kept.
    ///
    /// # Errors
    /// As for [`entries`](Cache::entries).
    pub fn bytes() -> Result<usize> {
        Ok(Cache::entries()?.iter().map(|entry| entry.bytes).sum())
    }

    /// Lets go of everything, and gives its memory back to the system: what is needed again is computed again.
    ///
    /// # Errors
    /// As for [`entries`](Cache::entries).
    pub fn clear() -> Result<()> {
        engine()?.clear_cache();
        Ok(())
    }
}

impl Render for Cache {
    fn render(&self) -> MimeBundle {
        match engine() {
            Ok(engine) => engine.render_cache(),
            Err(error) => MimeBundle::plain(error.to_string()),
        }
    }
}
