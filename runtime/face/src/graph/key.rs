//! Keys of tasks, as Dask writes them: a name, or a name and the place of a block.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::Name;

/// What a task of a [`Graph`](super::Graph) is called: a text such as `sum-9f86d081884c7d65`, or a text and numbers, such as
/// `('x', 0, 2)`.
///
/// Wherever a key is wanted, `"x"`, `("x", 0)` and `("x", 0, 2)` will do, with up to four numbers. A text that is written as a
/// key with numbers is that key.
///
/// ```
/// use dagbok::graph::Key;
///
/// let key = Key::from(("x", 0, 2));
/// assert_eq!(key.to_string(), "('x', 0, 2)");
/// assert_eq!(key, Key::from("('x', 0, 2)"));
/// assert_eq!((key.name(), key.block()), ("x", [0, 2].as_slice()));
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    name: Arc<str>,
    block: Box<[usize]>,
}

impl Key {
    /// The key of the block `block` of `name`; of `name` itself if that is empty.
    pub fn new(name: impl Into<Arc<str>>, block: impl Into<Box<[usize]>>) -> Self {
        Key {
            name: name.into(),
            block: block.into(),
        }
    }

    /// The key without its numbers.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The numbers.
    pub fn block(&self) -> &[usize] {
        &self.block
    }

    /// A name that no other task has, of the same operation.
    pub(crate) fn unique_name(&self) -> Name {
        Name::unique_of(match self.operation() {
            "" => "task",
            operation => operation,
        })
    }

    /// What tasks of the same kind have in common, as Dask's `key_split` finds it: `load` for `load-1`, `load-2` and
    /// `('load-9f86d081', 3)`.
    pub fn operation(&self) -> &str {
        let mut parts = self.name.split('-');
        let mut end = parts.next().map_or(0, str::len);
        for part in parts {
            let is_token = part.len() >= 8 && part.chars().all(|char| char.is_ascii_hexdigit());
            if is_token || part.is_empty() || !part.chars().all(char::is_alphabetic) {
                break;
            }
            end += 1 + part.len();
        }
        let operation = &self.name[..end];
        match operation.trim_end_matches(|char: char| char.is_ascii_digit()) {
            "" => operation,
            without_number => without_number,
        }
    }
}

/// The name and the numbers of a key that is written as `('x', 0, 2)`.
fn parse(text: &str) -> Option<(&str, Vec<usize>)> {
    let inside = text.strip_prefix('(')?.strip_suffix(')')?;
    let quote = inside
        .chars()
        .next()
        .filter(|char| matches!(char, '\'' | '"'))?;
    let (name, numbers) = inside[1..].rsplit_once(quote)?;
    let numbers = numbers.strip_prefix(',')?.trim_end_matches(',');
    let numbers = numbers.split(',').map(|number| number.trim().parse().ok());
    Some((name, numbers.collect::<Option<_>>()?))
}

impl From<&str> for Key {
    fn from(text: &str) -> Self {
        match parse(text) {
            Some((name, block)) => Key::new(name, block),
            None => Key::new(text, []),
        }
    }
}

impl From<String> for Key {
    fn from(text: String) -> Self {
        Key::from(text.as_str())
    }
}

impl From<&String> for Key {
    fn from(text: &String) -> Self {
        Key::from(text.as_str())
    }
}

impl From<&Key> for Key {
    fn from(key: &Key) -> Self {
        key.clone()
    }
}

impl From<&Name> for Key {
    fn from(name: &Name) -> Self {
        Key::new(name.to_string(), [])
    }
}

impl From<Name> for Key {
    fn from(name: Name) -> Self {
        Key::from(&name)
    }
}

macro_rules! of_tuple {
    ($($number:ident: $type:ty),+) => {
        impl<S: Into<Arc<str>>> From<(S, $($type),+)> for Key {
            fn from((name, $($number),+): (S, $($type),+)) -> Self {
                Key::new(name, [$($number),+])
            }
        }

        impl<S: Into<Arc<str>>> IntoKeys for (S, $($type),+) {
            fn into_keys(self) -> Vec<Key> {
                vec![Key::from(self)]
            }
        }
    };
}

of_tuple!(i: usize);
of_tuple!(i: usize, j: usize);
of_tuple!(i: usize, j: usize, k: usize);
of_tuple!(i: usize, j: usize, k: usize, l: usize);

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.block.is_empty() {
            return f.write_str(&self.name);
        }
        write!(f, "('{}'", self.name)?;
        self.block.iter().try_for_each(|idx| write!(f, ", {idx}"))?;
        f.write_str(")")
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Tells graphs by hand apart: a key is a task's in one of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct GraphId(u64);

impl GraphId {
    /// That of no other graph of this process.
    pub(super) fn unique() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        GraphId(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// The keys that a task takes, or that are asked for: `()` for none, one key, or an array, slice or vector of them.
pub trait IntoKeys {
    /// The keys, in order.
    fn into_keys(self) -> Vec<Key>;
}

impl IntoKeys for () {
    fn into_keys(self) -> Vec<Key> {
        Vec::new()
    }
}

impl IntoKeys for &str {
    fn into_keys(self) -> Vec<Key> {
        vec![Key::from(self)]
    }
}

impl IntoKeys for String {
    fn into_keys(self) -> Vec<Key> {
        vec![Key::from(self)]
    }
}

impl IntoKeys for Key {
    fn into_keys(self) -> Vec<Key> {
        vec![self]
    }
}

impl IntoKeys for &Key {
    fn into_keys(self) -> Vec<Key> {
        vec![self.clone()]
    }
}

impl IntoKeys for &String {
    fn into_keys(self) -> Vec<Key> {
        vec![Key::from(self.as_str())]
    }
}

impl IntoKeys for Name {
    fn into_keys(self) -> Vec<Key> {
        vec![Key::from(&self)]
    }
}

impl IntoKeys for &Name {
    fn into_keys(self) -> Vec<Key> {
        vec![Key::from(self)]
    }
}

impl<K: Into<Key>, const N: usize> IntoKeys for [K; N] {
    fn into_keys(self) -> Vec<Key> {
        self.into_iter().map(Into::into).collect()
    }
}

impl<K: Into<Key>> IntoKeys for Vec<K> {
    fn into_keys(self) -> Vec<Key> {
        self.into_iter().map(Into::into).collect()
    }
}

impl<K: Clone + Into<Key>> IntoKeys for &[K] {
    fn into_keys(self) -> Vec<Key> {
        self.iter().cloned().map(Into::into).collect()
    }
}

impl<K: Clone + Into<Key>> IntoKeys for &Vec<K> {
    fn into_keys(self) -> Vec<Key> {
        self.as_slice().into_keys()
    }
}

#[cfg(test)]
mod tests {
    use super::Key;

    #[test]
    fn keys_are_written_as_they_are_read() {
        let check = |text: &str, name: &str, block: &[usize]| {
            let key = Key::from(text);
            assert_eq!((key.name(), key.block()), (name, block), "{text}");
            assert_eq!(Key::from(key.to_string()), key);
        };
        check("x", "x", &[]);
        check("", "", &[]);
        check("('x', 0)", "x", &[0]);
        check("(\"x\",0, 12 )", "x", &[0, 12]);
        check("('it''s', 1, 2)", "it''s", &[1, 2]);
        check("('x')", "('x')", &[]);
        check("('x', )", "('x', )", &[]);
        check("('x', -1)", "('x', -1)", &[]);
        check(
            "('x', 99999999999999999999999)",
            "('x', 99999999999999999999999)",
            &[],
        );
        check("('ж, 1', 7)", "ж, 1", &[7]);
        check("(", "(", &[]);
        check("()", "()", &[]);
        check("('", "('", &[]);
    }

    #[test]
    fn keys_of_a_kind_have_one_operation() {
        let check =
            |text: &str, operation: &str| assert_eq!(Key::from(text).operation(), operation);
        check("x", "x");
        check("x-1", "x");
        check("load17", "load");
        check("hello-world-1", "hello-world");
        check("sum-9f86d081884c7d65", "sum");
        check("sum-deadbeef", "sum");
        check("('with-columns-9f86d081884c7d65', 3)", "with-columns");
        check("2001", "2001");
        check("-x", "-x");
        check("a--b", "a");
        check("", "");
        check("größe-2", "größe");
    }
}
