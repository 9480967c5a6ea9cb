//! Names of collections: what they are called in graphs, errors and progress displays.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The name of a collection, as Dask writes it: an operation and a token of all that went into it, `sum-9f86d081884c7d65`.
/// Equal work has equal names.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name(Arc<str>);

impl Name {
    /// The name of `operation` applied to what `token` describes.
    pub fn of(operation: &str, token: impl Hash) -> Self {
        let mut hasher = DefaultHasher::new();
        operation.hash(&mut hasher);
        token.hash(&mut hasher);
        Name(format!("{operation}-{:016x}", hasher.finish()).into())
    }

    /// A name that no other collection of this process has, for what cannot be compared, such as a closure.
    pub fn unique(operation: &str) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Name::of(operation, ("unique", NEXT.fetch_add(1, Ordering::Relaxed)))
    }

    /// The operation: the name without its token.
    pub fn operation(&self) -> &str {
        self.0
            .rsplit_once('-')
            .map_or(&*self.0, |(operation, _)| operation)
    }

    /// The whole name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The line of the user's code that made a collection, for errors: `cell_5.rs:3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Site(&'static Location<'static>);

impl Site {
    /// The line that called the function which is marked `#[track_caller]`.
    #[track_caller]
    pub fn caller() -> Self {
        Site(Location::caller())
    }
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.0.file(), self.0.line())
    }
}
