//! Elements in memory: one vector of any dtype.

use super::DType;
use crate::{Error, ErrorKind, Result};

/// The elements of an array in memory, in C order.
#[derive(Clone, Debug)]
pub enum Buffer {
    Bool(Vec<bool>),
    U8(Vec<u8>),
    U16(Vec<u16>),
    U32(Vec<u32>),
    U64(Vec<u64>),
    I8(Vec<i8>),
    I16(Vec<i16>),
    I32(Vec<i32>),
    I64(Vec<i64>),
    F32(Vec<f32>),
    F64(Vec<f64>),
}

/// For the engine: runs `$body` with `$values` bound to the buffer's vector, whatever its type.
#[doc(hidden)]
#[macro_export]
macro_rules! each_buffer {
    ($buffer:expr, $values:ident => $body:expr) => {
        match $buffer {
            $crate::array::Buffer::Bool($values) => $body,
            $crate::array::Buffer::U8($values) => $body,
            $crate::array::Buffer::U16($values) => $body,
            $crate::array::Buffer::U32($values) => $body,
            $crate::array::Buffer::U64($values) => $body,
            $crate::array::Buffer::I8($values) => $body,
            $crate::array::Buffer::I16($values) => $body,
            $crate::array::Buffer::I32($values) => $body,
            $crate::array::Buffer::I64($values) => $body,
            $crate::array::Buffer::F32($values) => $body,
            $crate::array::Buffer::F64($values) => $body,
        }
    };
}

mod sealed {
    pub trait Sealed {}
}

/// A Rust type that an array can hold: `bool`, the integers from 8 to 64 bits, `f32` and `f64`.
pub trait Element: sealed::Sealed + Copy + PartialEq + Send + Sync + 'static {
    /// The dtype of arrays of this type.
    const DTYPE: DType;

    /// A buffer that holds `values`.
    fn wrap(values: Vec<Self>) -> Buffer;
    /// The buffer's vector, if it is of this type.
    fn unwrap(buffer: Buffer) -> Option<Vec<Self>>;
    /// The buffer's elements, if they are of this type.
    fn slice(buffer: &Buffer) -> Option<&[Self]>;
    /// The buffer's vector for writing, if it is of this type.
    fn vector(buffer: &mut Buffer) -> Option<&mut Vec<Self>>;
}

macro_rules! element {
    ($($type:ty, $variant:ident;)+) => {$(
        impl sealed::Sealed for $type {}

        impl Element for $type {
            const DTYPE: DType = DType::$variant;

            fn wrap(values: Vec<Self>) -> Buffer {
                Buffer::$variant(values)
            }

            fn unwrap(buffer: Buffer) -> Option<Vec<Self>> {
                match buffer {
                    Buffer::$variant(values) => Some(values),
                    _ => None,
                }
            }

            fn slice(buffer: &Buffer) -> Option<&[Self]> {
                match buffer {
                    Buffer::$variant(values) => Some(values),
                    _ => None,
                }
            }

            fn vector(buffer: &mut Buffer) -> Option<&mut Vec<Self>> {
                match buffer {
                    Buffer::$variant(values) => Some(values),
                    _ => None,
                }
            }
        }
    )+};
}

element! {
    bool, Bool;
    u8, U8;
    u16, U16;
    u32, U32;
    u64, U64;
    i8, I8;
    i16, I16;
    i32, I32;
    i64, I64;
    f32, F32;
    f64, F64;
}

impl Buffer {
    /// An empty buffer with room for `capacity` elements.
    pub fn with_capacity(dtype: DType, capacity: usize) -> Buffer {
        match dtype {
            DType::Bool => Buffer::Bool(Vec::with_capacity(capacity)),
            DType::U8 => Buffer::U8(Vec::with_capacity(capacity)),
            DType::U16 => Buffer::U16(Vec::with_capacity(capacity)),
            DType::U32 => Buffer::U32(Vec::with_capacity(capacity)),
            DType::U64 => Buffer::U64(Vec::with_capacity(capacity)),
            DType::I8 => Buffer::I8(Vec::with_capacity(capacity)),
            DType::I16 => Buffer::I16(Vec::with_capacity(capacity)),
            DType::I32 => Buffer::I32(Vec::with_capacity(capacity)),
            DType::I64 => Buffer::I64(Vec::with_capacity(capacity)),
            DType::F32 => Buffer::F32(Vec::with_capacity(capacity)),
            DType::F64 => Buffer::F64(Vec::with_capacity(capacity)),
        }
    }

    /// The type of the elements.
    pub fn dtype(&self) -> DType {
        match self {
            Buffer::Bool(_) => DType::Bool,
            Buffer::U8(_) => DType::U8,
            Buffer::U16(_) => DType::U16,
            Buffer::U32(_) => DType::U32,
            Buffer::U64(_) => DType::U64,
            Buffer::I8(_) => DType::I8,
            Buffer::I16(_) => DType::I16,
            Buffer::I32(_) => DType::I32,
            Buffer::I64(_) => DType::I64,
            Buffer::F32(_) => DType::F32,
            Buffer::F64(_) => DType::F64,
        }
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        each_buffer!(self, values => values.len())
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes of the elements.
    pub fn nbytes(&self) -> usize {
        self.len() * self.dtype().itemsize()
    }

    /// Removes all elements and keeps the memory.
    pub fn clear(&mut self) {
        each_buffer!(self, values => values.clear());
    }

    /// The elements as `T`.
    ///
    /// # Errors
    /// [`ErrorKind::DType`] if the buffer holds another type.
    pub fn as_slice<T: Element>(&self) -> Result<&[T]> {
        T::slice(self).ok_or_else(|| {
            Error::new(
                ErrorKind::DType,
                format!(
                    "the elements are of dtype `{}`, not `{}`",
                    self.dtype(),
                    T::DTYPE
                ),
            )
        })
    }

    /// The same numbers as `dtype`: integers wrap around, floats are cut towards zero and stay within an integer's
    /// range (NaN gives 0), `bool` is whether a number is not zero.
    pub fn cast(&self, dtype: DType) -> Buffer {
        let mut out = Buffer::with_capacity(dtype, self.len());
        self.cast_into(0..self.len(), &mut out);
        out
    }

    /// Appends the elements in `range` to `out`, cast as [`cast`](Buffer::cast) does.
    pub fn cast_into(&self, range: std::ops::Range<usize>, out: &mut Buffer) {
        match self {
            Buffer::Bool(values) => {
                let bytes = values[range].iter().map(|&value| u8::from(value));
                cast_numbers(bytes, out);
            }
            Buffer::U8(values) => cast_numbers(values[range].iter().copied(), out),
            Buffer::U16(values) => cast_numbers(values[range].iter().copied(), out),
            Buffer::U32(values) => cast_numbers(values[range].iter().copied(), out),
            Buffer::U64(values) => cast_numbers(values[range].iter().copied(), out),
            Buffer::I8(values) => cast_numbers(values[range].iter().copied(), out),
            Buffer::I16(values) => cast_numbers(values[range].iter().copied(), out),
            Buffer::I32(values) => cast_numbers(values[range].iter().copied(), out),
            Buffer::I64(values) => cast_numbers(values[range].iter().copied(), out),
            Buffer::F32(values) => cast_numbers(values[range].iter().copied(), out),
            Buffer::F64(values) => cast_numbers(values[range].iter().copied(), out),
        }
    }
}

/// A number that can be cast to every dtype.
trait Number: Copy {
    fn to_bool(self) -> bool;
    fn to_u8(self) -> u8;
    fn to_u16(self) -> u16;
    fn to_u32(self) -> u32;
    fn to_u64(self) -> u64;
    fn to_i8(self) -> i8;
    fn to_i16(self) -> i16;
    fn to_i32(self) -> i32;
    fn to_i64(self) -> i64;
    fn to_f32(self) -> f32;
    fn to_f64(self) -> f64;
}

macro_rules! number {
    ($($type:ty)+) => {$(
        impl Number for $type {
            #[inline]
            fn to_bool(self) -> bool {
                self != 0 as $type
            }
            number!(@cast to_u8 u8, to_u16 u16, to_u32 u32, to_u64 u64, to_i8 i8, to_i16 i16, to_i32 i32, to_i64 i64,
                to_f32 f32, to_f64 f64);
        }
    )+};
    (@cast $($method:ident $target:ty),+) => {$(
        #[inline]
        fn $method(self) -> $target {
            self as $target
        }
    )+};
}

number!(u8 u16 u32 u64 i8 i16 i32 i64 f32 f64);

fn cast_numbers<T: Number>(values: impl Iterator<Item = T>, out: &mut Buffer) {
    match out {
        Buffer::Bool(out) => out.extend(values.map(T::to_bool)),
        Buffer::U8(out) => out.extend(values.map(T::to_u8)),
        Buffer::U16(out) => out.extend(values.map(T::to_u16)),
        Buffer::U32(out) => out.extend(values.map(T::to_u32)),
        Buffer::U64(out) => out.extend(values.map(T::to_u64)),
        Buffer::I8(out) => out.extend(values.map(T::to_i8)),
        Buffer::I16(out) => out.extend(values.map(T::to_i16)),
        Buffer::I32(out) => out.extend(values.map(T::to_i32)),
        Buffer::I64(out) => out.extend(values.map(T::to_i64)),
        Buffer::F32(out) => out.extend(values.map(T::to_f32)),
        Buffer::F64(out) => out.extend(values.map(T::to_f64)),
    }
}
