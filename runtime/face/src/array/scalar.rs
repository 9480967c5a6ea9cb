//! Single numbers beside arrays: weak, as Python's numbers are in NumPy 2 (NEP 50).

use std::fmt;
use std::hash::{Hash, Hasher};

use super::{Buffer, DType, DTypeKind};
use crate::{Error, ErrorKind, Result};

/// A number or truth value without a dtype of its own: an operand takes the dtype of the array beside it.
///
/// ```
/// use dagbok::array::Scalar;
///
/// assert_eq!(Scalar::from(2.5).to_string(), "2.5");
/// assert_eq!(Scalar::from(7).as_f64(), 7.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scalar {
    Bool(bool),
    Int(i128),
    Float(f64),
}

impl Scalar {
    /// The dtype that it has without an array beside it: `bool`, `i64` or `f64`, and `u64` beyond the range of `i64`.
    pub fn dtype(self) -> DType {
        match self {
            Scalar::Bool(_) => DType::Bool,
            Scalar::Int(value) if value > i128::from(i64::MAX) => DType::U64,
            Scalar::Int(_) => DType::I64,
            Scalar::Float(_) => DType::F64,
        }
    }

    /// The dtype of an operation on an array of `dtype` and this scalar (NEP 50).
    pub fn beside(self, dtype: DType) -> DType {
        match self {
            Scalar::Bool(_) => dtype,
            Scalar::Int(_) if dtype == DType::Bool => self.dtype(),
            Scalar::Int(_) => dtype,
            Scalar::Float(_) if dtype.is_float() => dtype,
            Scalar::Float(_) => DType::F64,
        }
    }

    /// The value as a floating-point number.
    pub fn as_f64(self) -> f64 {
        match self {
            Scalar::Bool(value) => f64::from(u8::from(value)),
            Scalar::Int(value) => value as f64,
            Scalar::Float(value) => value,
        }
    }

    /// A buffer of this one element as `dtype`.
    ///
    /// # Errors
    /// [`ErrorKind::Value`] if it is an integer outside of the range of an integer `dtype`.
    pub fn to_buffer(self, dtype: DType) -> Result<Buffer> {
        let Scalar::Int(value) = self else {
            let held = match self {
                Scalar::Bool(value) => Buffer::Bool(vec![value]),
                _ => Buffer::F64(vec![self.as_f64()]),
            };
            return Ok(held.cast(dtype));
        };
        let integer: Option<Buffer> = match dtype {
            DType::U8 => value.try_into().ok().map(|value| Buffer::U8(vec![value])),
            DType::U16 => value.try_into().ok().map(|value| Buffer::U16(vec![value])),
            DType::U32 => value.try_into().ok().map(|value| Buffer::U32(vec![value])),
            DType::U64 => value.try_into().ok().map(|value| Buffer::U64(vec![value])),
            DType::I8 => value.try_into().ok().map(|value| Buffer::I8(vec![value])),
            DType::I16 => value.try_into().ok().map(|value| Buffer::I16(vec![value])),
            DType::I32 => value.try_into().ok().map(|value| Buffer::I32(vec![value])),
            DType::I64 => value.try_into().ok().map(|value| Buffer::I64(vec![value])),
            DType::Bool => Some(Buffer::Bool(vec![value != 0])),
            DType::F32 => Some(Buffer::F32(vec![value as f32])),
            DType::F64 => Some(Buffer::F64(vec![value as f64])),
        };
        integer.ok_or_else(|| {
            Error::new(
                ErrorKind::Value,
                format!("scalar `{value}` does not fit into dtype `{dtype}`"),
            )
        })
    }

    /// The dtype of an operation on these scalars alone, of `kind` or more.
    pub(crate) fn kind(self) -> DTypeKind {
        self.dtype().kind()
    }
}

/// Equal bits are equal, so that names of expressions can hold scalars.
impl Hash for Scalar {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::mem::discriminant(self).hash(state);
        match self {
            Scalar::Bool(value) => value.hash(state),
            Scalar::Int(value) => value.hash(state),
            Scalar::Float(value) => value.to_bits().hash(state),
        }
    }
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scalar::Bool(value) => write!(f, "{value}"),
            Scalar::Int(value) => write!(f, "{value}"),
            Scalar::Float(value) => write!(f, "{value:?}"),
        }
    }
}

impl From<bool> for Scalar {
    fn from(value: bool) -> Self {
        Scalar::Bool(value)
    }
}

macro_rules! scalar_from {
    ($($type:ty => $variant:ident as $wide:ty;)+) => {$(
        impl From<$type> for Scalar {
            fn from(value: $type) -> Self {
                Scalar::$variant(value as $wide)
            }
        }
    )+};
}

scalar_from! {
    u8 => Int as i128;
    u16 => Int as i128;
    u32 => Int as i128;
    u64 => Int as i128;
    usize => Int as i128;
    i8 => Int as i128;
    i16 => Int as i128;
    i32 => Int as i128;
    i64 => Int as i128;
    isize => Int as i128;
    f32 => Float as f64;
    f64 => Float as f64;
}
