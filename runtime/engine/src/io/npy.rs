//! NumPy's `.npy` files: the header, and boxes of elements.
//!
//! Format: <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>, versions 1 to 3.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use dagbok::array::{Buffer, Element, NdArray, NpyFile};
use dagbok::{DType, Error, ErrorKind, Result};

use super::files::{Stamp, hash};
use crate::kernels::{Affine, Walk};

/// Reads the header of the file at `path`.
///
/// # Errors
/// [`ErrorKind::Io`] if the file cannot be read, is no `.npy` file, holds another dtype than dagbok's, or is shorter
/// than its header says.
pub fn open(path: &Path) -> Result<NpyFile> {
    let at =
        |message: String| Error::new(ErrorKind::Io, format!("`{}`: {message}", path.display()));
    let failed = |error: io::Error| at(error.to_string());
    let mut file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    let (text, data_offset) = header_text(&mut file).map_err(|problem| at(problem.into()))?;
    let header = Header::parse(&text).ok_or_else(|| {
        at(format!(
            "the header is not one of a .npy file: `{}`",
            text.trim()
        ))
    })?;
    let (dtype, big_endian) = header
        .dtype()
        .ok_or_else(|| at(format!("dtype `{}` is not supported", header.descr)))?;
    let len = header
        .shape
        .iter()
        .try_fold(dtype.itemsize(), |len, &axis| len.checked_mul(axis));
    let bytes = metadata.len().saturating_sub(data_offset);
    match len {
        Some(len) if len as u64 <= bytes => {}
        _ => {
            return Err(at(format!(
                "the file is cut off: its header says shape {} of `{dtype}`, it has {bytes} bytes of data",
                dagbok::array::shape_text(&header.shape)
            )));
        }
    }
    Ok(NpyFile {
        path: std::path::absolute(path).map_err(failed)?,
        shape: header.shape,
        dtype,
        fortran_order: header.fortran_order,
        big_endian,
        data_offset,
        token: token(&metadata),
    })
}

/// A number that changes with the file.
fn token(metadata: &fs::Metadata) -> u64 {
    hash(&Stamp::of(metadata))
}

/// The file as it is now: elements may be elsewhere in it and in another order.
///
/// # Errors
/// As for [`open`], and [`ErrorKind::Io`] if its shape or dtype is another.
pub(crate) fn current(file: &NpyFile) -> Result<NpyFile> {
    if fs::metadata(&file.path).is_ok_and(|metadata| token(&metadata) == file.token) {
        return Ok(file.clone());
    }
    let now = open(&file.path)?;
    if (&now.shape, now.dtype) == (&file.shape, file.dtype) {
        return Ok(now);
    }
    let text =
        |file: &NpyFile| format!("{} {}", dagbok::array::shape_text(&file.shape), file.dtype);
    Err(Error::new(
        ErrorKind::Io,
        format!(
            "`{}` has changed since the array was made: it was {} and is {}; read it again",
            file.path.display(),
            text(file),
            text(&now)
        ),
    ))
}

/// The header's text and where the elements start.
fn header_text(file: &mut File) -> std::result::Result<(String, u64), &'static str> {
    const NO_NPY: &str = "this is not a .npy file";
    let mut start = [0; 8];
    file.read_exact(&mut start).map_err(|_| NO_NPY)?;
    if &start[..6] != b"\x93NUMPY" {
        return Err(NO_NPY);
    }
    let mut len = [0; 4];
    let len_bytes = if start[6] == 1 { 2 } else { 4 };
    file.read_exact(&mut len[..len_bytes])
        .map_err(|_| "the header is cut off")?;
    let len = u64::from(u32::from_le_bytes(len));
    let mut text = Vec::new();
    let read = file.take(len).read_to_end(&mut text);
    if read.ok() != Some(len as usize) {
        return Err("the header is cut off");
    }
    let text = String::from_utf8_lossy(&text).into_owned();
    Ok((text, 8 + len_bytes as u64 + len))
}

/// What the header says, a Python dictionary: `{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }`.
#[derive(Debug, PartialEq, Eq)]
struct Header {
    descr: String,
    fortran_order: bool,
    shape: Vec<usize>,
}

impl Header {
    fn parse(text: &str) -> Option<Header> {
        let value = |key: &str| {
            let quoted = [format!("'{key}':"), format!("\"{key}\":")];
            let place = quoted
                .iter()
                .find_map(|key| Some(text.find(key)? + key.len()))?;
            Some(text[place..].trim_start())
        };
        let descr = value("descr")?;
        let descr = match descr.strip_prefix(['\'', '"']) {
            Some(text) => text.split(['\'', '"']).next()?,
            None => descr.split(']').next()?,
        };
        let order = value("fortran_order")?;
        let fortran_order = order.starts_with("True");
        let shape = value("shape")?.strip_prefix('(')?.split(')').next()?;
        let lengths = shape
            .split(',')
            .map(str::trim)
            .filter(|len| !len.is_empty());
        let lengths = lengths.map(|len| len.trim_end_matches('L').parse().ok());
        (fortran_order || order.starts_with("False")).then_some(Header {
            descr: descr.to_owned(),
            fortran_order,
            shape: lengths.collect::<Option<_>>()?,
        })
    }

    /// The dtype and whether the first byte of a number is its highest.
    fn dtype(&self) -> Option<(DType, bool)> {
        let (order, kind) = self.descr.split_at_checked(1)?;
        let dtype = match kind {
            "b1" => DType::Bool,
            "u1" => DType::U8,
            "u2" => DType::U16,
            "u4" => DType::U32,
            "u8" => DType::U64,
            "i1" => DType::I8,
            "i2" => DType::I16,
            "i4" => DType::I32,
            "i8" => DType::I64,
            "f4" => DType::F32,
            "f8" => DType::F64,
            _ => return None,
        };
        match order {
            "<" | "|" | "=" => Some((dtype, cfg!(target_endian = "big") && order == "=")),
            ">" => Some((dtype, true)),
            _ => None,
        }
    }
}

/// Reads the box of `shape` that starts at `offset`, and only its part of the file.
///
/// # Errors
/// [`ErrorKind::Io`] if the file cannot be read or has become shorter.
pub(crate) fn read(file: &NpyFile, offset: &[usize], shape: &[usize]) -> Result<NdArray> {
    let at =
        |error: io::Error| Error::new(ErrorKind::Io, format!("`{}`: {error}", file.path.display()));
    let bytes = if file.fortran_order {
        let reversed = |lengths: &[usize]| lengths.iter().rev().copied().collect::<Vec<_>>();
        let (whole, offset, shape) = (reversed(&file.shape), reversed(offset), reversed(shape));
        read_box(file, &whole, &offset, &shape).map_err(at)?
    } else {
        read_box(file, &file.shape, offset, shape).map_err(at)?
    };
    let buffer = decode(bytes, file.dtype, file.big_endian);
    if !file.fortran_order || shape.len() < 2 {
        return NdArray::from_buffer(shape.to_vec(), buffer);
    }
    let strides = shape.iter().scan(1, |stride, &len| {
        let own = *stride;
        *stride *= len as isize;
        Some(own)
    });
    let affine = Affine {
        offset: 0,
        strides: strides.collect(),
    };
    NdArray::from_buffer(shape.to_vec(), Walk::new(&affine, shape).collect(&buffer))
}

/// The bytes of a box of elements in a file of `whole`, row by row where they do not follow each other.
fn read_box(
    file: &NpyFile,
    whole: &[usize],
    offset: &[usize],
    shape: &[usize],
) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; shape.iter().product::<usize>() * file.dtype.itemsize()];
    if bytes.is_empty() {
        return Ok(bytes);
    }
    let mut row_len = 1;
    let mut n_outer = whole.len();
    while n_outer > 0 {
        n_outer -= 1;
        row_len *= shape[n_outer];
        if shape[n_outer] != whole[n_outer] {
            break;
        }
    }
    let mut reader = File::open(&file.path)?;
    let mut index = vec![0; n_outer];
    for row in bytes.chunks_exact_mut(row_len * file.dtype.itemsize()) {
        let places = offset.iter().enumerate();
        let place = places.fold(0, |place, (axis, start)| {
            place * whole[axis] + start + index.get(axis).copied().unwrap_or(0)
        });
        let place = file.data_offset + (place * file.dtype.itemsize()) as u64;
        reader.seek(SeekFrom::Start(place))?;
        reader.read_exact(row)?;
        for (index, len) in index.iter_mut().zip(shape).rev() {
            *index += 1;
            if *index < *len {
                break;
            }
            *index = 0;
        }
    }
    Ok(bytes)
}

fn decode(bytes: Vec<u8>, dtype: DType, big_endian: bool) -> Buffer {
    macro_rules! numbers {
        ($type:ty) => {{
            let items = bytes.as_chunks::<{ size_of::<$type>() }>().0.iter();
            match big_endian {
                true => <$type>::wrap(items.map(|item| <$type>::from_be_bytes(*item)).collect()),
                false => <$type>::wrap(items.map(|item| <$type>::from_le_bytes(*item)).collect()),
            }
        }};
    }
    match dtype {
        DType::Bool => Buffer::Bool(bytes.into_iter().map(|byte| byte != 0).collect()),
        DType::U8 => Buffer::U8(bytes),
        DType::U16 => numbers!(u16),
        DType::U32 => numbers!(u32),
        DType::U64 => numbers!(u64),
        DType::I8 => numbers!(i8),
        DType::I16 => numbers!(i16),
        DType::I32 => numbers!(i32),
        DType::I64 => numbers!(i64),
        DType::F32 => numbers!(f32),
        DType::F64 => numbers!(f64),
    }
}
