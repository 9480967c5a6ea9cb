//! A column's values as vectors: how they go into a table and come out of it.

use super::DataType;

/// The values of one column; `None` is a null.
///
/// ```
/// use dagbok::frame::Values;
///
/// assert_eq!(Values::from(vec![1, 2]), Values::Int32(vec![Some(1), Some(2)]));
/// assert_eq!(Values::from([Some("a"), None]).len(), 2);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    Boolean(Vec<Option<bool>>),
    UInt8(Vec<Option<u8>>),
    UInt16(Vec<Option<u16>>),
    UInt32(Vec<Option<u32>>),
    UInt64(Vec<Option<u64>>),
    Int8(Vec<Option<i8>>),
    Int16(Vec<Option<i16>>),
    Int32(Vec<Option<i32>>),
    Int64(Vec<Option<i64>>),
    Float32(Vec<Option<f32>>),
    Float64(Vec<Option<f64>>),
    String(Vec<Option<String>>),
}

macro_rules! for_each_variant {
    ($values:expr, $vector:ident => $body:expr) => {
        match $values {
            Values::Boolean($vector) => $body,
            Values::UInt8($vector) => $body,
            Values::UInt16($vector) => $body,
            Values::UInt32($vector) => $body,
            Values::UInt64($vector) => $body,
            Values::Int8($vector) => $body,
            Values::Int16($vector) => $body,
            Values::Int32($vector) => $body,
            Values::Int64($vector) => $body,
            Values::Float32($vector) => $body,
            Values::Float64($vector) => $body,
            Values::String($vector) => $body,
        }
    };
}

impl Values {
    /// How many values there are, nulls included.
    pub fn len(&self) -> usize {
        for_each_variant!(self, vector => vector.len())
    }

    /// Whether there is no value.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn token(&self, state: &mut impl std::hash::Hasher) {
        use std::hash::Hash;
        std::mem::discriminant(self).hash(state);
        match self {
            Values::Float32(values) => values
                .iter()
                .for_each(|value| value.map(f32::to_bits).hash(state)),
            Values::Float64(values) => values
                .iter()
                .for_each(|value| value.map(f64::to_bits).hash(state)),
            Values::Boolean(values) => values.hash(state),
            Values::UInt8(values) => values.hash(state),
            Values::UInt16(values) => values.hash(state),
            Values::UInt32(values) => values.hash(state),
            Values::UInt64(values) => values.hash(state),
            Values::Int8(values) => values.hash(state),
            Values::Int16(values) => values.hash(state),
            Values::Int32(values) => values.hash(state),
            Values::Int64(values) => values.hash(state),
            Values::String(values) => values.hash(state),
        }
    }
}

/// A type that a column's values can be taken out as.
///
/// Integers come out of integer columns in which every value fits; `f64` and `f32` out of all numeric columns;
/// `bool` out of boolean ones; `String` out of string, categorical and temporal ones, the latter in ISO 8601.
pub trait FromValues: Sized {
    /// What the type is called in messages.
    const NAME: &'static str;

    /// The values, if they can be of this type. Columns come as `Boolean`, `Int64`, `UInt64`, `Float64` or `String`.
    fn from_values(values: Values) -> Option<Vec<Option<Self>>>;
}

fn fit<T, U: TryFrom<T>>(values: Vec<Option<T>>) -> Option<Vec<Option<U>>> {
    values
        .into_iter()
        .map(|value| value.map(|value| U::try_from(value)).transpose().ok())
        .collect()
}

macro_rules! integers {
    ($($type:ident $variant:ident),*) => {$(
        impl FromValues for $type {
            const NAME: &'static str = stringify!($type);

            fn from_values(values: Values) -> Option<Vec<Option<Self>>> {
                match values {
                    Values::Int64(values) => fit(values),
                    Values::UInt64(values) => fit(values),
                    _ => None,
                }
            }
        }
    )*};
}

integers!(u8 UInt8, u16 UInt16, u32 UInt32, u64 UInt64, usize UInt64, i8 Int8, i16 Int16, i32 Int32, i64 Int64, isize Int64);

macro_rules! floats {
    ($($type:ident),*) => {$(
        impl FromValues for $type {
            const NAME: &'static str = stringify!($type);

            fn from_values(values: Values) -> Option<Vec<Option<Self>>> {
                let convert = |value: f64| value as $type;
                Some(match values {
                    Values::Float64(values) => values.into_iter().map(|value| value.map(convert)).collect(),
                    Values::Int64(values) => values.into_iter().map(|value| value.map(|int| int as $type)).collect(),
                    Values::UInt64(values) => values.into_iter().map(|value| value.map(|int| int as $type)).collect(),
                    _ => return None,
                })
            }
        }
    )*};
}

floats!(f32, f64);

impl FromValues for bool {
    const NAME: &'static str = "bool";

    fn from_values(values: Values) -> Option<Vec<Option<Self>>> {
        match values {
            Values::Boolean(values) => Some(values),
            _ => None,
        }
    }
}

impl FromValues for String {
    const NAME: &'static str = "String";

    fn from_values(values: Values) -> Option<Vec<Option<Self>>> {
        match values {
            Values::String(values) => Some(values),
            _ => None,
        }
    }
}

macro_rules! into_values {
    ($($type:ty, $variant:ident, $convert:expr;)*) => {$(
        impl From<Vec<$type>> for Values {
            fn from(values: Vec<$type>) -> Self {
                Values::$variant(values.into_iter().map(|value| Some($convert(value))).collect())
            }
        }

        impl From<Vec<Option<$type>>> for Values {
            fn from(values: Vec<Option<$type>>) -> Self {
                Values::$variant(values.into_iter().map(|value| value.map($convert)).collect())
            }
        }

        impl From<&[$type]> for Values {
            fn from(values: &[$type]) -> Self {
                values.to_vec().into()
            }
        }

        impl From<&[Option<$type>]> for Values {
            fn from(values: &[Option<$type>]) -> Self {
                values.to_vec().into()
            }
        }

        impl<const N: usize> From<[$type; N]> for Values {
            fn from(values: [$type; N]) -> Self {
                Values::from(&values[..])
            }
        }

        impl<const N: usize> From<[Option<$type>; N]> for Values {
            fn from(values: [Option<$type>; N]) -> Self {
                Values::from(&values[..])
            }
        }
    )*};
}

into_values! {
    bool, Boolean, std::convert::identity;
    u8, UInt8, std::convert::identity;
    u16, UInt16, std::convert::identity;
    u32, UInt32, std::convert::identity;
    u64, UInt64, std::convert::identity;
    i8, Int8, std::convert::identity;
    i16, Int16, std::convert::identity;
    i32, Int32, std::convert::identity;
    i64, Int64, std::convert::identity;
    f32, Float32, std::convert::identity;
    f64, Float64, std::convert::identity;
    String, String, std::convert::identity;
    &str, String, str::to_owned;
}

/// The type of column that [`Values`] make.
impl From<&Values> for DataType {
    fn from(values: &Values) -> Self {
        match values {
            Values::Boolean(_) => DataType::Boolean,
            Values::UInt8(_) => DataType::UInt8,
            Values::UInt16(_) => DataType::UInt16,
            Values::UInt32(_) => DataType::UInt32,
            Values::UInt64(_) => DataType::UInt64,
            Values::Int8(_) => DataType::Int8,
            Values::Int16(_) => DataType::Int16,
            Values::Int32(_) => DataType::Int32,
            Values::Int64(_) => DataType::Int64,
            Values::Float32(_) => DataType::Float32,
            Values::Float64(_) => DataType::Float64,
            Values::String(_) => DataType::String,
        }
    }
}
