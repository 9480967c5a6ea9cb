//! Names of collections: what they are called in graphs, errors and progress displays.

use std::collections::BTreeSet;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

/// The name of a collection, as Dask writes it: an operation and a token of all that went into it, `sum-9f86d081884c7d65`.
/// Equal work has equal names.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    operation: &'static str,
    token: u64,
}

impl Name {
    /// The name of `operation` applied to what `token` describes.
    pub fn of(operation: &str, token: impl Hash) -> Self {
        let mut hasher = DefaultHasher::new();
        operation.hash(&mut hasher);
        token.hash(&mut hasher);
        Name {
            operation: intern(operation),
            token: hasher.finish(),
        }
    }

    /// A name that no other collection of this process has, for what cannot be compared, such as a closure.
    pub fn unique(operation: &'static str) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Name {
            operation,
            token: scattered(NEXT.fetch_add(1, Ordering::Relaxed)),
        }
    }

    /// The name of `operation`, which is what `token` says alone.
    pub(crate) fn from_token(operation: &'static str, token: u64) -> Self {
        Name { operation, token }
    }

    /// Like [`unique`](Name::unique), of an operation that is not known to the compiler.
    pub(crate) fn unique_of(operation: &str) -> Self {
        Name::unique(intern(operation))
    }

    /// The same name with another operation.
    pub(crate) fn with_operation(self, operation: &str) -> Self {
        let operation = intern(operation);
        Name { operation, ..self }
    }

    /// The operation: the name without its token.
    pub fn operation(&self) -> &'static str {
        self.operation
    }

    /// What tells equal operations apart.
    pub fn token(&self) -> u64 {
        self.token
    }

    /// The name of the same operation with another token.
    pub fn with_token(self, token: u64) -> Self {
        Name { token, ..self }
    }
}

/// `text` in one line, for as long as the process lives; there are as many as there are operations.
fn intern(text: &str) -> &'static str {
    static TEXTS: RwLock<BTreeSet<&'static str>> = RwLock::new(BTreeSet::new());
    let known = TEXTS.read().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = known.get(text) {
        return known;
    }
    drop(known);
    let line = text.replace(char::is_control, " ");
    let mut texts = TEXTS.write().unwrap_or_else(PoisonError::into_inner);
    match texts.get(&*line) {
        Some(known) => known,
        None => {
            let line: &'static str = line.leak();
            texts.insert(line);
            line
        }
    }
}

/// Different numbers for different `n`, with nothing in common (Steele, Lea and Flood 2014, "Fast splittable pseudorandom number
/// generators").
fn scattered(n: u64) -> u64 {
    let mut z = n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A token is a hash already.
impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.token);
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:016x}", self.operation, self.token)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
