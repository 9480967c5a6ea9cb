//! What a task returns: any value, shared, with its size.

use std::any::{Any, type_name};
use std::fmt;
use std::mem::needs_drop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::Result;

use crate::array::{NdArray, shape_text};
use crate::frame::DataFrame;

/// The result of a task: a shared value of any type, and the bytes that it keeps in memory.
///
/// What does not fit into memory may be on the disk: [`Value::loaded`] brings it back.
///
/// ```
/// use dagbok::Value;
///
/// let value = Value::new(vec![1, 2, 3]);
/// assert_eq!(value.downcast_ref::<Vec<i32>>(), Some(&vec![1, 2, 3]));
/// assert_eq!(value.downcast_ref::<String>(), None);
/// ```
#[derive(Clone)]
pub struct Value(Data);

#[derive(Clone)]
enum Data {
    /// In place: what many tasks return needs no memory of its own.
    Small(Small),
    Shared(Arc<Shared>),
    /// Behind one pointer of one word, so that no value takes more than two.
    Stored(Arc<Box<dyn Stored>>),
}

struct Shared {
    data: Box<dyn Any + Send + Sync>,
    type_name: &'static str,
    bytes: Kept,
    /// Whether those are all that the value keeps.
    is_measured: bool,
}

/// A panic of what drops the data ends nothing but that: it may happen on any thread, while others are dropped.
impl Drop for Shared {
    fn drop(&mut self) {
        let data = self.take_data();
        let _ = catch_unwind(AssertUnwindSafe(|| drop(data)));
    }
}

impl Shared {
    fn take_data(&mut self) -> Box<dyn Any + Send + Sync> {
        std::mem::replace(&mut self.data, Box::new(()))
    }
}

/// A value that is not in memory.
pub trait Stored: Send + Sync {
    /// The value, in memory.
    ///
    /// # Errors
    /// [`ErrorKind::Io`](crate::ErrorKind::Io) if it cannot be read.
    fn load(&self) -> Result<Value>;
    /// The bytes that it takes in memory.
    fn bytes(&self) -> usize;
    /// The name of its type.
    fn type_name(&self) -> &'static str;
}

/// The bytes of all values that are in memory.
static KEPT: AtomicUsize = AtomicUsize::new(0);

/// The bytes that all values of this process keep in memory, those that several places share counted once. Numbers and what is
/// as small are not counted.
pub fn kept_bytes() -> usize {
    KEPT.load(Ordering::Relaxed)
}

/// Bytes that are counted as long as this lives.
struct Kept(usize);

impl Kept {
    fn new(bytes: usize) -> Self {
        KEPT.fetch_add(bytes, Ordering::Relaxed);
        Kept(bytes)
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        KEPT.fetch_sub(self.0, Ordering::Relaxed);
    }
}

macro_rules! small {
    ($($variant:ident: $type:ty),* $(,)?) => {
        /// A number or the like.
        #[derive(Clone, Copy)]
        enum Small {
            $($variant($type)),*
        }

        impl Small {
            /// The same value, if it is of one of these types.
            fn of(value: &dyn Any) -> Option<Self> {
                $(if let Some(value) = value.downcast_ref::<$type>() {
                    return Some(Small::$variant(*value));
                })*
                None
            }

            fn as_any(&self) -> &dyn Any {
                match self {
                    $(Small::$variant(value) => value),*
                }
            }

            fn type_name(self) -> &'static str {
                match self {
                    $(Small::$variant(_) => type_name::<$type>()),*
                }
            }
        }
    };
}

small! {
    I64: i64, F64: f64, I32: i32, F32: f32, Usize: usize, U64: u64, U32: u32, U8: u8, Bool: bool, Unit: (), I16: i16,
    I8: i8, U16: u16, Isize: isize, Char: char,
}

impl Value {
    /// A value whose size is that of its type, and for arrays, tables, strings and vectors of numbers, also vectors of those,
    /// of what they hold; of other types, what they point to is not counted.
    pub fn new<T: Any + Send + Sync>(value: T) -> Self {
        if let Some(small) = Small::of(&value) {
            return Value(Data::Small(small));
        }
        let data: Box<dyn Any + Send + Sync> = Box::new(value);
        let heap_bytes = heap_bytes(&*data);
        let bytes = size_of::<T>() + heap_bytes.unwrap_or(0);
        let is_measured = heap_bytes.is_some() || !needs_drop::<T>();
        Value::shared(data, type_name::<T>(), bytes, is_measured)
    }

    /// A value that keeps `bytes` in memory.
    pub fn with_bytes<T: Any + Send + Sync>(value: T, bytes: usize) -> Self {
        Value::shared(Box::new(value), type_name::<T>(), bytes, true)
    }

    fn shared(
        data: Box<dyn Any + Send + Sync>,
        type_name: &'static str,
        bytes: usize,
        is_measured: bool,
    ) -> Self {
        Value(Data::Shared(Arc::new(Shared {
            data,
            type_name,
            bytes: Kept::new(bytes),
            is_measured,
        })))
    }

    /// A value that is elsewhere until it is loaded.
    pub fn stored(stored: Box<dyn Stored>) -> Self {
        Value(Data::Stored(Arc::new(stored)))
    }

    /// Whether the value is not in memory.
    pub fn is_stored(&self) -> bool {
        matches!(self.0, Data::Stored(_))
    }

    /// Whether [`bytes`](Value::bytes) counts all that the value keeps. What values of a type that only a cell knows point to is not
    /// counted.
    pub fn is_measured(&self) -> bool {
        match &self.0 {
            Data::Small(_) | Data::Stored(_) => true,
            Data::Shared(shared) => shared.is_measured,
        }
    }

    /// Whether dropping this frees memory: nobody else has the value.
    pub fn is_sole(&self) -> bool {
        matches!(&self.0, Data::Shared(shared) if Arc::strong_count(shared) == 1)
    }

    /// The value, in memory.
    ///
    /// # Errors
    /// [`ErrorKind::Io`](crate::ErrorKind::Io) if it is on the disk and cannot be read.
    pub fn loaded(self) -> Result<Value> {
        match self.0 {
            Data::Stored(stored) => stored.load(),
            Data::Small(_) | Data::Shared(_) => Ok(self),
        }
    }

    fn as_any(&self) -> &dyn Any {
        match &self.0 {
            Data::Small(small) => small.as_any(),
            Data::Shared(shared) => &*shared.data,
            Data::Stored(_) => &NotLoaded,
        }
    }

    /// The value, if it is a `T` and in memory.
    pub fn downcast_ref<T: Any>(&self) -> Option<&T> {
        self.as_any().downcast_ref()
    }

    /// The value if it is a `T`: moved out where this is the last reference to it, cloned otherwise.
    /// One on the disk is loaded.
    pub fn into_inner<T: Any + Send + Sync + Clone>(self) -> Option<T> {
        match self.loaded().ok()?.unshared() {
            Ok(data) => Some(*data.downcast().ok()?),
            Err(shared) => shared.downcast_ref().cloned(),
        }
    }

    /// The data, if this is the last reference to it.
    fn unshared(self) -> std::result::Result<Box<dyn Any + Send + Sync>, Value> {
        match self.0 {
            Data::Small(_) | Data::Stored(_) => Err(self),
            Data::Shared(shared) => match Arc::try_unwrap(shared) {
                Ok(mut shared) => Ok(shared.take_data()),
                Err(shared) => Err(Value(Data::Shared(shared))),
            },
        }
    }

    /// The bytes that this value keeps in memory, or would if it were there.
    pub fn bytes(&self) -> usize {
        match &self.0 {
            Data::Small(small) => size_of_val(small.as_any()),
            Data::Shared(shared) => shared.bytes.0,
            Data::Stored(stored) => stored.bytes(),
        }
    }

    /// The name of the value's type, for messages.
    pub fn type_name(&self) -> &'static str {
        match &self.0 {
            Data::Small(small) => small.type_name(),
            Data::Shared(shared) => shared.type_name,
            Data::Stored(stored) => stored.type_name(),
        }
    }
}

/// What is found where a value has not been loaded.
struct NotLoaded;
impl Value {
    /// What it is, in a few words: the dtype and shape of an array, the rows and columns of a frame, else the type.
    ///
    /// ```
    /// use dagbok::Value;
    ///
    /// assert_eq!(Value::new(vec![1, 2]).describe(), "Vec<i32>");
    /// ```
    pub fn describe(&self) -> String {
        if let Some(array) = self.downcast_ref::<NdArray>() {
            return format!(
                "{} array of shape {}",
                array.dtype(),
                shape_text(array.shape())
            );
        }
        if let Some(table) = self.downcast_ref::<DataFrame>() {
            let (rows, columns) = table.shape();
            return format!("frame of {rows} × {columns}");
        }
        short_type(self.type_name())
    }
}

/// No more of a string's letters are in [`Value::text`].
const TEXT_CHARS_MAX: usize = 60;

impl Value {
    /// The value itself where it is a number, a `bool`, a `char`, a string or a path, of which long ones are cut short; of others
    /// what they are, as [`describe`](Value::describe) says it.
    ///
    /// ```
    /// use dagbok::Value;
    ///
    /// assert_eq!(Value::new("a.csv".to_owned()).text(), r#""a.csv""#);
    /// assert_eq!(Value::new(1.0).text(), "1.0");
    /// assert_eq!(Value::new(vec![1, 2]).text(), "Vec<i32>");
    /// ```
    pub fn text(&self) -> String {
        macro_rules! own_text {
            ($($type:ty),*) => {
                $(if let Some(value) = self.downcast_ref::<$type>() {
                    return format!("{value:?}");
                })*
            };
        }
        own_text!(
            i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize, f32, f64, bool, char
        );
        if let Some(text) = self.downcast_ref::<String>() {
            return shortened(text);
        }
        if let Some(text) = self.downcast_ref::<&'static str>() {
            return shortened(text);
        }
        if let Some(path) = self.downcast_ref::<PathBuf>() {
            return shortened(&path.to_string_lossy());
        }
        self.describe()
    }
}

fn shortened(text: &str) -> String {
    format!("{:?}", shorten_middle(text, TEXT_CHARS_MAX))
}

/// At most `n_chars` characters of `text`, with `…` in the middle where something was cut: names that begin alike, and paths,
/// stay apart.
///
/// ```
/// use dagbok::value::shorten_middle;
///
/// assert_eq!(shorten_middle("data/2024/01.csv", 9), "data….csv");
/// ```
pub fn shorten_middle(text: &str, n_chars: usize) -> String {
    let n_all = text.chars().count();
    if n_all <= n_chars {
        return text.to_owned();
    }
    let n_kept = n_chars.saturating_sub(1);
    let n_last = n_kept / 2;
    let mut short: String = text.chars().take(n_kept - n_last).collect();
    short.push('…');
    short.extend(text.chars().skip(n_all - n_last));
    short
}

/// A type's name without the paths: `Vec<String>` for `alloc::vec::Vec<alloc::string::String>`.
pub fn short_type(name: &str) -> String {
    let mut short = String::new();
    for part in name.split_inclusive(['<', '>', ',', ' ', '(', ')', '[', ']', '&', ';']) {
        short.push_str(part.rsplit_once("::").map_or(part, |(_, last)| last));
    }
    short
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Value({}, {} bytes)", self.type_name(), self.bytes())
    }
}

/// The bytes that `value` owns elsewhere, for the types that tasks return most.
fn heap_bytes(value: &(dyn Any + Send + Sync)) -> Option<usize> {
    macro_rules! of_vectors {
        ($($element:ty),*) => {
            $(if let Some(vector) = value.downcast_ref::<Vec<$element>>() {
                return Some(size_of::<$element>() * vector.capacity());
            })*
        };
    }
    macro_rules! of_several {
        ($($member:ty: $bytes:expr),*) => {
            $(if let Some(members) = value.downcast_ref::<Vec<$member>>() {
                let held: usize = members.iter().map($bytes).sum();
                return Some(size_of::<$member>() * members.capacity() + held);
            }
            if let Some(member) = value.downcast_ref::<Option<$member>>() {
                return Some(member.as_ref().map_or(0, $bytes));
            })*
        };
    }
    of_vectors!(
        f64,
        f32,
        i64,
        i32,
        i16,
        i8,
        u64,
        u32,
        u16,
        u8,
        usize,
        bool,
        char,
        (f64, f64),
        &'static str
    );
    if let Some(text) = value.downcast_ref::<String>() {
        return Some(text.capacity());
    }
    if let Some(array) = value.downcast_ref::<NdArray>() {
        return Some(array.nbytes());
    }
    if let Some(table) = value.downcast_ref::<DataFrame>() {
        return Some(table.bytes());
    }
    of_several!(
        String: String::capacity,
        NdArray: NdArray::nbytes,
        DataFrame: DataFrame::bytes,
        Vec<f64>: |numbers| 8 * numbers.capacity(),
        Vec<f32>: |numbers| 4 * numbers.capacity(),
        Vec<i64>: |numbers| 8 * numbers.capacity(),
        Vec<i32>: |numbers| 4 * numbers.capacity(),
        Vec<u64>: |numbers| 8 * numbers.capacity(),
        Vec<usize>: |numbers| size_of::<usize>() * numbers.capacity(),
        Vec<u8>: |bytes| bytes.capacity()
    );
    None
}

#[cfg(test)]
mod tests {
    use super::{Value, short_type};
    use std::path::PathBuf;

    #[test]
    fn texts_are_short() {
        let check = |value: Value, expected: &str| assert_eq!(value.text(), expected);
        check(Value::new(-3_i64), "-3");
        check(Value::new(2.5_f32), "2.5");
        check(Value::new(1.0), "1.0");
        check(Value::new(7_u128), "7");
        check(Value::new(true), "true");
        check(Value::new('å'), "'å'");
        check(Value::new("a \"b\""), r#""a \"b\"""#);
        check(Value::new("/etc/nope".to_owned()), r#""/etc/nope""#);
        check(Value::new(PathBuf::from("/etc/nope")), r#""/etc/nope""#);
        check(Value::new(String::new()), r#""""#);
        check(Value::new(vec![1.0]), "Vec<f64>");
        check(Value::new(Some(1)), "Option<i32>");
        check(Value::new(()), "()");
        let sixty = "å".repeat(60);
        check(Value::new(sixty.clone()), &format!("{sixty:?}"));
        let (start, end) = ("a".repeat(30), "z".repeat(29));
        let long = format!("{start}{}z{end}", "-".repeat(1000));
        check(Value::new(long), &format!("{:?}", format!("{start}…{end}")));
    }

    #[test]
    fn types_lose_their_paths() {
        let check = |name, expected: &str| assert_eq!(short_type(name), expected);
        check("i64", "i64");
        check("alloc::vec::Vec<alloc::string::String>", "Vec<String>");
        check("(alloc::string::String, [a::B; 3])", "(String, [B; 3])");
        check(
            "&a::b::C<a::D, core::option::Option<e::F>>",
            "&C<D, Option<F>>",
        );
    }
}
