//! What a task returns: any value, shared, with its size.

use std::any::{Any, type_name};
use std::fmt;
use std::sync::Arc;

/// The result of a task: a shared value of any type, and the bytes that it keeps in memory.
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
}

struct Shared {
    data: Box<dyn Any + Send + Sync>,
    type_name: &'static str,
    bytes: usize,
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
    /// A value whose size is that of its type, and for vectors of numbers and strings of what they hold; of other types, what
    /// they point to is not counted.
    pub fn new<T: Any + Send + Sync>(value: T) -> Self {
        if let Some(small) = Small::of(&value) {
            return Value(Data::Small(small));
        }
        let data: Box<dyn Any + Send + Sync> = Box::new(value);
        let bytes = size_of::<T>() + heap_bytes(&*data);
        Value::shared(data, type_name::<T>(), bytes)
    }

    /// A value that keeps `bytes` in memory.
    pub fn with_bytes<T: Any + Send + Sync>(value: T, bytes: usize) -> Self {
        Value::shared(Box::new(value), type_name::<T>(), bytes)
    }

    fn shared(data: Box<dyn Any + Send + Sync>, type_name: &'static str, bytes: usize) -> Self {
        Value(Data::Shared(Arc::new(Shared {
            data,
            type_name,
            bytes,
        })))
    }

    fn as_any(&self) -> &dyn Any {
        match &self.0 {
            Data::Small(small) => small.as_any(),
            Data::Shared(shared) => &*shared.data,
        }
    }

    /// The value, if it is a `T`.
    pub fn downcast_ref<T: Any>(&self) -> Option<&T> {
        self.as_any().downcast_ref()
    }

    /// The value if it is a `T`: moved out where this is the last reference to it, cloned otherwise.
    pub fn into_inner<T: Any + Send + Sync + Clone>(self) -> Option<T> {
        match self.unshared() {
            Ok(data) => Some(*data.downcast().ok()?),
            Err(shared) => shared.downcast_ref().cloned(),
        }
    }

    /// The data, if this is the last reference to it.
    fn unshared(self) -> Result<Box<dyn Any + Send + Sync>, Value> {
        match self.0 {
            Data::Small(small) => Err(Value(Data::Small(small))),
            Data::Shared(shared) => match Arc::try_unwrap(shared) {
                Ok(shared) => Ok(shared.data),
                Err(shared) => Err(Value(Data::Shared(shared))),
            },
        }
    }

    /// The bytes that this value keeps in memory.
    pub fn bytes(&self) -> usize {
        match &self.0 {
            Data::Small(small) => size_of_val(small.as_any()),
            Data::Shared(shared) => shared.bytes,
        }
    }

    /// The name of the value's type, for messages.
    pub fn type_name(&self) -> &'static str {
        match &self.0 {
            Data::Small(small) => small.type_name(),
            Data::Shared(shared) => shared.type_name,
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Value({}, {} bytes)", self.type_name(), self.bytes())
    }
}

/// The bytes that `value` owns elsewhere, for the types that tasks return most.
fn heap_bytes(value: &(dyn Any + Send + Sync)) -> usize {
    macro_rules! of_vectors {
        ($($element:ty),*) => {
            $(if let Some(vector) = value.downcast_ref::<Vec<$element>>() {
                return size_of::<$element>() * vector.capacity();
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
        return text.capacity();
    }
    if let Some(texts) = value.downcast_ref::<Vec<String>>() {
        let text_bytes: usize = texts.iter().map(String::capacity).sum();
        return size_of::<String>() * texts.capacity() + text_bytes;
    }
    0
}
