//! The types of columns.

use std::fmt;

/// The type of a column, with polars' names.
///
/// ```
/// use dagbok::frame::{DataType, TimeUnit};
///
/// assert_eq!(DataType::Datetime(TimeUnit::Microseconds, None).to_string(), "datetime[μs]");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DataType {
    Boolean,
    UInt8,
    UInt16,
    UInt32,
    UInt64,
    Int8,
    Int16,
    Int32,
    Int64,
    Float32,
    Float64,
    String,
    Binary,
    Date,
    Time,
    /// An instant, with the name of its time zone if it has one.
    Datetime(TimeUnit, Option<String>),
    Duration(TimeUnit),
    Categorical,
    List(Box<DataType>),
    Struct(Vec<(String, DataType)>),
    Null,
    /// A type of polars that has no name here; it can be computed with but not cast to.
    Other(String),
}

/// The unit in which instants and durations are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TimeUnit {
    Nanoseconds,
    Microseconds,
    Milliseconds,
}

impl DataType {
    /// Whether values are integers or floating-point numbers.
    pub fn is_numeric(&self) -> bool {
        self.is_integer() || self.is_float()
    }

    /// Whether values are integers.
    pub fn is_integer(&self) -> bool {
        use DataType::*;
        matches!(
            self,
            UInt8 | UInt16 | UInt32 | UInt64 | Int8 | Int16 | Int32 | Int64
        )
    }

    /// Whether values are floating-point numbers.
    pub fn is_float(&self) -> bool {
        matches!(self, DataType::Float32 | DataType::Float64)
    }

    /// Whether values are dates, times, instants or durations.
    pub fn is_temporal(&self) -> bool {
        use DataType::*;
        matches!(self, Date | Time | Datetime(..) | Duration(_))
    }
}

impl fmt::Display for TimeUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TimeUnit::Nanoseconds => "ns",
            TimeUnit::Microseconds => "μs",
            TimeUnit::Milliseconds => "ms",
        })
    }
}

impl fmt::Display for DataType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            DataType::Boolean => "bool",
            DataType::UInt8 => "u8",
            DataType::UInt16 => "u16",
            DataType::UInt32 => "u32",
            DataType::UInt64 => "u64",
            DataType::Int8 => "i8",
            DataType::Int16 => "i16",
            DataType::Int32 => "i32",
            DataType::Int64 => "i64",
            DataType::Float32 => "f32",
            DataType::Float64 => "f64",
            DataType::String => "str",
            DataType::Binary => "binary",
            DataType::Date => "date",
            DataType::Time => "time",
            DataType::Datetime(unit, None) => return write!(f, "datetime[{unit}]"),
            DataType::Datetime(unit, Some(zone)) => return write!(f, "datetime[{unit}, {zone}]"),
            DataType::Duration(unit) => return write!(f, "duration[{unit}]"),
            DataType::Categorical => "cat",
            DataType::List(inner) => return write!(f, "list[{inner}]"),
            DataType::Struct(fields) => return write!(f, "struct[{}]", fields.len()),
            DataType::Null => "null",
            DataType::Other(name) => name,
        };
        f.write_str(name)
    }
}
