//! Arrays made from nothing, from memory and from files.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::path::Path;

use super::chunks::{auto_chunks, default_chunks, disk_chunks};
use super::{Array, ArrayNode, ArrayOp, DType, Dims, NdArray, NpyFile, Scalar, Source};
use crate::config::{CHUNK_BYTES, chunk_bytes};
use crate::engine::engine;
use crate::raise::or_raise;
use crate::{Error, ErrorKind, Name, Result, Site};

/// The numbers of [`arange`]: `10`, `2..10`, `(start, stop, step)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    start: Scalar,
    stop: Scalar,
    step: Scalar,
}

macro_rules! range {
    ($($type:ty, $zero:expr, $one:expr;)+) => {$(
        impl From<$type> for Range {
            fn from(stop: $type) -> Self {
                Range { start: Scalar::from($zero), stop: Scalar::from(stop), step: Scalar::from($one) }
            }
        }

        impl From<std::ops::Range<$type>> for Range {
            fn from(range: std::ops::Range<$type>) -> Self {
                Range {
                    start: Scalar::from(range.start),
                    stop: Scalar::from(range.end),
                    step: Scalar::from($one),
                }
            }
        }

        impl From<($type, $type, $type)> for Range {
            fn from((start, stop, step): ($type, $type, $type)) -> Self {
                Range { start: Scalar::from(start), stop: Scalar::from(stop), step: Scalar::from(step) }
            }
        }
    )+};
}

range! {
    i32, 0, 1;
    i64, 0, 1;
    usize, 0, 1;
    f64, 0.0, 1.0;
}

impl Range {
    /// The number of elements.
    fn len(&self) -> Result<usize> {
        let error = |problem: &str| {
            let Range { start, stop, step } = self;
            Error::new(
                ErrorKind::Value,
                format!("a range from `{start}` to `{stop}` in steps of `{step}` {problem}"),
            )
        };
        if self.step.as_f64() == 0.0 {
            return Err(error("never ends"));
        }
        if let (Scalar::Int(start), Scalar::Int(stop), Scalar::Int(step)) =
            (self.start, self.stop, self.step)
        {
            let ends_fit = [start, stop, step]
                .iter()
                .all(|&end| i64::try_from(end).is_ok());
            let len = (stop - start + step - step.signum()) / step;
            return match usize::try_from(len.max(0)) {
                Ok(len) if ends_fit && isize::try_from(len).is_ok() => Ok(len),
                _ => Err(error("does not fit into `i64`")),
            };
        }
        let len = ((self.stop.as_f64() - self.start.as_f64()) / self.step.as_f64()).ceil();
        if len.is_nan() || len > isize::MAX as f64 / 8.0 {
            return Err(error("has no countable length"));
        }
        Ok(len.max(0.0) as usize)
    }
}

/// Evenly spaced numbers, as `numpy.arange`: `i64` for integers, else `f64`.
///
/// # Panics
/// If the step is 0 or the range has no end.
///
/// ```
/// use dagbok::prelude::*;
/// # dagbok_engine::install();
///
/// assert_eq!(arange(3).compute()?.to_vec::<i64>()?, [0, 1, 2]);
/// assert_eq!(arange(2..4).compute()?.to_vec::<i64>()?, [2, 3]);
/// assert_eq!(arange((10, 0, -4)).compute()?.to_vec::<i64>()?, [10, 6, 2]);
/// assert_eq!(arange((0.0, 1.0, 0.25)).compute()?.to_vec::<f64>()?, [0.0, 0.25, 0.5, 0.75]);
/// # Ok::<(), dagbok::Error>(())
/// ```
#[track_caller]
pub fn arange(range: impl Into<Range>) -> Array {
    let range = range.into();
    let len = or_raise(range.len());
    let source = Source::Arange {
        start: range.start,
        step: range.step,
    };
    from_source("arange", source, vec![len], range.start.dtype())
}

/// `count` evenly spaced numbers from `start` to `stop`, both included, as `numpy.linspace`.
///
/// ```
/// use dagbok::prelude::*;
/// # dagbok_engine::install();
///
/// assert_eq!(linspace(0.0, 1.0, 3).compute()?.to_vec::<f64>()?, [0.0, 0.5, 1.0]);
/// # Ok::<(), dagbok::Error>(())
/// ```
#[track_caller]
pub fn linspace(start: impl Into<Scalar>, stop: impl Into<Scalar>, count: usize) -> Array {
    let source = Source::Linspace {
        start: start.into(),
        stop: stop.into(),
        count,
    };
    from_source("linspace", source, vec![count], DType::F64)
}

/// An array of zeros of `f64`.
///
/// # Panics
/// If the shape has a negative length.
///
/// ```
/// use dagbok::prelude::*;
/// # dagbok_engine::install();
///
/// assert_eq!(zeros([2, 2]).compute()?.to_string(), "[[0. 0.]\n [0. 0.]]");
/// # Ok::<(), dagbok::Error>(())
/// ```
#[track_caller]
pub fn zeros(shape: impl Into<Dims>) -> Array {
    full_of("zeros", shape.into(), Scalar::Float(0.0))
}

/// An array of ones of `f64`.
///
/// # Panics
/// If the shape has a negative length.
///
/// ```
/// use dagbok::prelude::*;
/// # dagbok_engine::install();
///
/// assert_eq!(ones([10, 10]).sum(()).compute()?.item::<f64>()?, 100.0);
/// # Ok::<(), dagbok::Error>(())
/// ```
#[track_caller]
pub fn ones(shape: impl Into<Dims>) -> Array {
    full_of("ones", shape.into(), Scalar::Float(1.0))
}

/// An array that is `value` everywhere: of `i64`, `f64` or `bool`.
///
/// # Panics
/// If the shape has a negative length.
///
/// ```
/// use dagbok::prelude::*;
/// # dagbok_engine::install();
///
/// assert_eq!(full(3, 7).compute()?.to_vec::<i64>()?, [7, 7, 7]);
/// # Ok::<(), dagbok::Error>(())
/// ```
#[track_caller]
pub fn full(shape: impl Into<Dims>, value: impl Into<Scalar>) -> Array {
    full_of("full", shape.into(), value.into())
}

#[track_caller]
fn full_of(operation: &str, shape: Dims, value: Scalar) -> Array {
    let shape = or_raise(shape.shape());
    from_source(operation, Source::Full(value), shape, value.dtype())
}

/// The identity matrix of `n` rows, of `f64`.
///
/// ```
/// use dagbok::prelude::*;
/// # dagbok_engine::install();
///
/// assert_eq!(eye(2).compute()?.to_string(), "[[1. 0.]\n [0. 1.]]");
/// # Ok::<(), dagbok::Error>(())
/// ```
#[track_caller]
pub fn eye(n: usize) -> Array {
    from_source("eye", Source::Eye(n), vec![n, n], DType::F64)
}

#[track_caller]
pub(super) fn from_source(
    operation: &str,
    source: Source,
    shape: Vec<usize>,
    dtype: DType,
) -> Array {
    let array = Array::new(ArrayNode {
        name: Name::of(operation, (&source, &shape, dtype)),
        op: ArrayOp::Source(source),
        inputs: Vec::new(),
        dtype,
        chunks: default_chunks(&shape, dtype),
        shape,
        site: Site::caller(),
    });
    in_auto_chunks(array)
}

/// `array` in chunks of the size that is set; it has a name of its own where that is not the default.
#[track_caller]
fn in_auto_chunks(array: Array) -> Array {
    array.with_chunks(auto_chunks(array.shape(), array.dtype()))
}

/// The array in a `.npy` file. Only the header is read now; each chunk reads its own part of the file, so the file may
/// be larger than memory. All dtypes but complex numbers, strings and objects; both byte orders, both element orders.
///
/// # Errors
/// [`ErrorKind::Io`] if the file cannot be read, is no `.npy` file, is cut off or has another dtype.
///
/// ```no_run
/// use dagbok::prelude::*;
///
/// let x = from_npy("measurements.npy")?;
/// println!("{}", x.mean(0).compute()?);
/// # Ok::<(), dagbok::Error>(())
/// ```
#[track_caller]
pub fn from_npy(path: impl AsRef<Path>) -> Result<Array> {
    let site = Site::caller();
    let file = engine()?.open_npy(path.as_ref())?;
    let chunks = npy_chunks(&file, chunk_bytes());
    let array = Array::new(ArrayNode {
        name: Name::of("from_npy", &file),
        inputs: Vec::new(),
        dtype: file.dtype,
        shape: file.shape.clone(),
        chunks: npy_chunks(&file, CHUNK_BYTES),
        op: ArrayOp::Npy(file),
        site,
    });
    Ok(array.with_chunks(chunks))
}

/// Chunks of at most `bytes_max` that lie in one piece in the file.
fn npy_chunks(file: &NpyFile, bytes_max: usize) -> Vec<Vec<usize>> {
    if !file.fortran_order {
        return disk_chunks(&file.shape, file.dtype, bytes_max);
    }
    let reversed: Vec<usize> = file.shape.iter().rev().copied().collect();
    let mut chunks = disk_chunks(&reversed, file.dtype, bytes_max);
    chunks.reverse();
    chunks
}

/// Arrays of up to this many elements are named by what they hold, larger ones get a name of their own.
const TOKEN_LEN_MAX: usize = 1 << 16;

/// An array in memory as a lazy one, in automatic chunks: from vectors, nested arrays, slices and [`NdArray`].
///
/// ```
/// use dagbok::prelude::*;
/// # dagbok_engine::install();
///
/// let table = Array::from([[1.0, 2.0], [3.0, 4.0]]);
/// assert_eq!(table.shape(), [2, 2]);
/// assert_eq!(Array::from(vec![1, 2, 3]).sum(()).compute()?.item::<i64>()?, 6);
/// # Ok::<(), dagbok::Error>(())
/// ```
impl<T: Into<NdArray>> From<T> for Array {
    #[track_caller]
    fn from(values: T) -> Self {
        from_ndarray(values.into())
    }
}

impl From<&Array> for Array {
    fn from(array: &Array) -> Self {
        array.clone()
    }
}

#[track_caller]
fn from_ndarray(array: NdArray) -> Array {
    let name = match array.len() {
        ..=TOKEN_LEN_MAX => {
            let mut hasher = DefaultHasher::new();
            array.dtype().hash(&mut hasher);
            each_buffer!(&**array.buffer(), values => {
                values.iter().for_each(|&value| Scalar::from(value).hash(&mut hasher));
            });
            Name::of("array", (array.shape(), hasher.finish()))
        }
        _ => Name::unique("array"),
    };
    let array = Array::new(ArrayNode {
        name,
        inputs: Vec::new(),
        dtype: array.dtype(),
        shape: array.shape().to_vec(),
        chunks: default_chunks(array.shape(), array.dtype()),
        op: ArrayOp::Data(array),
        site: Site::caller(),
    });
    in_auto_chunks(array)
}
