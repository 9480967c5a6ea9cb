//! Values as bytes: those of types that tasks return where there is much of it. Partial results and tables say themselves how they
//! are written.

use std::any::Any;
use std::io::{self, Read, Seek, SeekFrom, Write};

use bytemuck::{Pod, cast_slice, cast_slice_mut};
use dagbok::array::Buffer;
use dagbok::{DType, NdArray, Value};

use crate::{kernels, table};

/// How values of one type are written and read.
pub(crate) struct Codec {
    /// Whether a value is of the type.
    pub(crate) is_of: fn(&Value) -> bool,
    /// Writes a value of the type.
    pub(crate) write: fn(&Value, &mut dyn Write) -> io::Result<()>,
    /// The value that was written; none if there is another one.
    pub(crate) read: fn(Section<'_>) -> Option<Value>,
}

/// Bytes that were written, to be copied out of where they are.
pub(crate) trait Written: Send + Sync {
    fn len(&self) -> usize;
    /// Fills `to` with what stands from `at` on, which is so much at least.
    fn copy(&self, at: usize, to: &mut [u8]);
}

impl Written for Vec<u8> {
    fn len(&self) -> usize {
        Vec::len(self)
    }

    fn copy(&self, at: usize, to: &mut [u8]) {
        to.copy_from_slice(&self[at..at + to.len()]);
    }
}

/// The codec of `value`; none if its type has none.
pub(super) fn of(value: &Value) -> Option<&'static Codec> {
    let mut all = CODECS.iter().chain(&kernels::CODECS).chain(&table::CODECS);
    all.find(|codec| (codec.is_of)(value))
}

macro_rules! vector_of {
    ($element:ty) => {
        Codec {
            is_of: is::<Vec<$element>>,
            write: |value, to| to.write_all(cast_slice(the::<Vec<$element>>(value)?)),
            read: |mut from| Some(Value::new(from.rest::<$element>()?)),
        }
    };
}

static CODECS: [Codec; 14] = [
    Codec {
        is_of: is::<NdArray>,
        write: |value, to| write_array(the(value)?, to),
        read: |mut from| {
            let array = from.array()?;
            let bytes = array.nbytes();
            Some(Value::with_bytes(array, bytes))
        },
    },
    Codec {
        is_of: is::<String>,
        write: |value, to| to.write_all(the::<String>(value)?.as_bytes()),
        read: |from| text(from).map(Value::new),
    },
    Codec {
        is_of: is::<Vec<String>>,
        write: |value, to| {
            write_all(the::<Vec<String>>(value)?, to, |text, to| {
                to.write_all(text.as_bytes())
            })
        },
        read: |mut from| from.all(text).map(Value::new),
    },
    vector_of!(f64),
    vector_of!(f32),
    vector_of!(i64),
    vector_of!(i32),
    vector_of!(i16),
    vector_of!(i8),
    vector_of!(u64),
    vector_of!(u32),
    vector_of!(u16),
    vector_of!(u8),
    vector_of!(usize),
];

/// Whether `value` is a `T`.
pub(crate) fn is<T: Any>(value: &Value) -> bool {
    value.downcast_ref::<T>().is_some()
}

/// The `T` that `value` is.
pub(crate) fn the<T: Any>(value: &Value) -> io::Result<&T> {
    value
        .downcast_ref()
        .ok_or_else(|| io::Error::other("a value of another type"))
}

pub(crate) fn write_number(number: usize, to: &mut dyn Write) -> io::Result<()> {
    to.write_all(&(number as u64).to_ne_bytes())
}

/// Each of `values` after its length.
pub(crate) fn write_all<T>(
    values: &[T],
    to: &mut dyn Write,
    write: fn(&T, &mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    write_number(values.len(), to)?;
    let mut bytes = Vec::new();
    for value in values {
        bytes.clear();
        write(value, &mut bytes)?;
        write_number(bytes.len(), to)?;
        to.write_all(&bytes)?;
    }
    Ok(())
}

fn write_array(array: &NdArray, to: &mut dyn Write) -> io::Result<()> {
    write_number(array.ndim(), to)?;
    for len in array.shape() {
        write_number(*len, to)?;
    }
    write_buffer(array.buffer(), to)
}

pub(crate) fn write_buffer(buffer: &Buffer, to: &mut dyn Write) -> io::Result<()> {
    let dtype = DType::ALL.iter().position(|dtype| *dtype == buffer.dtype());
    write_number(dtype.unwrap_or_default(), to)?;
    match buffer {
        Buffer::Bool(values) => {
            write_number(values.len(), to)?;
            to.write_all(cast_slice(values))
        }
        Buffer::U8(values) => write_vector(values, to),
        Buffer::U16(values) => write_vector(values, to),
        Buffer::U32(values) => write_vector(values, to),
        Buffer::U64(values) => write_vector(values, to),
        Buffer::I8(values) => write_vector(values, to),
        Buffer::I16(values) => write_vector(values, to),
        Buffer::I32(values) => write_vector(values, to),
        Buffer::I64(values) => write_vector(values, to),
        Buffer::F32(values) => write_vector(values, to),
        Buffer::F64(values) => write_vector(values, to),
    }
}

pub(crate) fn write_vector<T: Pod>(values: &[T], to: &mut dyn Write) -> io::Result<()> {
    write_number(size_of_val(values), to)?;
    to.write_all(cast_slice(values))
}

fn text(mut from: Section<'_>) -> Option<String> {
    String::from_utf8(from.rest()?).ok()
}

/// A part of what was written, and how far it has been read.
pub(crate) struct Section<'a> {
    of: &'a dyn Written,
    start: usize,
    at: usize,
    end: usize,
}

impl<'a> Section<'a> {
    pub(super) fn of(of: &'a dyn Written) -> Self {
        Section {
            of,
            start: 0,
            at: 0,
            end: of.len(),
        }
    }

    fn len_left(&self) -> usize {
        self.end - self.at
    }

    /// The next `len` bytes.
    fn take(&mut self, len: usize) -> Option<Section<'a>> {
        let start = self.at;
        let is_there = len <= self.len_left();
        is_there.then(|| {
            self.at += len;
            Section {
                start,
                at: start,
                end: start + len,
                ..*self
            }
        })
    }

    /// All that is left.
    fn rest<T: Pod>(&mut self) -> Option<Vec<T>> {
        if !self.len_left().is_multiple_of(size_of::<T>()) {
            return None;
        }
        let mut numbers = vec![T::zeroed(); self.len_left() / size_of::<T>()];
        self.read_exact(cast_slice_mut(&mut numbers)).ok()?;
        Some(numbers)
    }

    pub(crate) fn number(&mut self) -> Option<usize> {
        let mut bytes = [0; 8];
        self.read_exact(&mut bytes).ok()?;
        usize::try_from(u64::from_ne_bytes(bytes)).ok()
    }

    /// What [`write_all`] wrote.
    pub(crate) fn all<T>(&mut self, read: fn(Section<'_>) -> Option<T>) -> Option<Vec<T>> {
        let len = self.number()?;
        let each = (0..len).map(|_| {
            let len = self.number()?;
            read(self.take(len)?)
        });
        each.collect()
    }

    pub(crate) fn vector<T: Pod>(&mut self) -> Option<Vec<T>> {
        let len = self.number()?;
        self.take(len)?.rest()
    }

    fn array(&mut self) -> Option<NdArray> {
        let n_axes = self.number()?;
        let shape: Option<Vec<usize>> = (0..n_axes).map(|_| self.number()).collect();
        NdArray::from_buffer(shape?, self.buffer()?).ok()
    }

    pub(crate) fn buffer(&mut self) -> Option<Buffer> {
        Some(match DType::ALL.get(self.number()?)? {
            DType::Bool => {
                let bytes: Vec<u8> = self.vector()?;
                Buffer::Bool(bytes.into_iter().map(|byte| byte != 0).collect())
            }
            DType::U8 => Buffer::U8(self.vector()?),
            DType::U16 => Buffer::U16(self.vector()?),
            DType::U32 => Buffer::U32(self.vector()?),
            DType::U64 => Buffer::U64(self.vector()?),
            DType::I8 => Buffer::I8(self.vector()?),
            DType::I16 => Buffer::I16(self.vector()?),
            DType::I32 => Buffer::I32(self.vector()?),
            DType::I64 => Buffer::I64(self.vector()?),
            DType::F32 => Buffer::F32(self.vector()?),
            DType::F64 => Buffer::F64(self.vector()?),
        })
    }
}

impl Read for Section<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let len = to.len().min(self.len_left());
        self.of.copy(self.at, &mut to[..len]);
        self.at += len;
        Ok(len)
    }
}

impl Seek for Section<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let place = match to {
            SeekFrom::Start(at) => self
                .start
                .checked_add_signed(isize::try_from(at).unwrap_or(isize::MAX)),
            SeekFrom::Current(by) => self.at.checked_add_signed(by as isize),
            SeekFrom::End(by) => self.end.checked_add_signed(by as isize),
        };
        let is_inside = |place: &usize| (self.start..=self.end).contains(place);
        let place = place.filter(is_inside).ok_or(io::ErrorKind::InvalidInput)?;
        self.at = place;
        Ok((place - self.start) as u64)
    }
}
