//! What functions on arrays take: shapes, axes, chunk sizes and operands in the forms in which a person writes them.

use super::ndarray::shape_text;
use super::{Array, NdArray, Scalar};
use crate::{Error, ErrorKind, Result};

/// The lengths of axes: `5`, `[3, 4]`, `(rows, 4)`; -1 stands for what is left where that has a meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dims(pub(crate) Vec<i64>);

impl Dims {
    /// The lengths, none of which may be negative.
    pub(crate) fn shape(self) -> Result<Vec<usize>> {
        let lengths = self.0.iter().map(|&len| usize::try_from(len).ok());
        let shape: Option<Vec<usize>> = lengths.collect();
        let len = shape.as_ref().and_then(|shape| {
            let len = shape
                .iter()
                .try_fold(1usize, |len, &axis| len.checked_mul(axis));
            len.filter(|&len| isize::try_from(len).is_ok())
        });
        match (shape, len) {
            (Some(shape), Some(_)) => Ok(shape),
            (None, _) => Err(Error::new(
                ErrorKind::Shape,
                format!("shape {:?} has a negative length", self.0),
            )),
            (Some(_), None) => Err(Error::new(
                ErrorKind::Shape,
                format!("shape {:?} has too many elements", self.0),
            )),
        }
    }

    /// The shape that an array of shape `from` takes, -1 standing for what is left over.
    pub(crate) fn reshape(self, from: &[usize]) -> Result<Vec<usize>> {
        let error = |dims: &[i64]| {
            let to: Vec<String> = dims.iter().map(i64::to_string).collect();
            Error::new(
                ErrorKind::Shape,
                format!(
                    "cannot reshape an array of shape {} into ({})",
                    shape_text(from),
                    to.join(", ")
                ),
            )
        };
        let len: usize = from.iter().product();
        let open: Vec<usize> = (0..self.0.len())
            .filter(|&axis| self.0[axis] == -1)
            .collect();
        let mut dims = self.0.clone();
        match open.as_slice() {
            [] => {}
            &[axis] => {
                let known: i64 = dims.iter().filter(|&&len| len != -1).product();
                let known = usize::try_from(known).ok().filter(|&known| known > 0);
                let left = known.filter(|known| len.is_multiple_of(*known));
                dims[axis] = (len / left.ok_or_else(|| error(&self.0))?) as i64;
            }
            _ => return Err(error(&self.0)),
        }
        let shape = Dims(dims).shape().map_err(|_| error(&self.0))?;
        if shape.iter().product::<usize>() == len {
            Ok(shape)
        } else {
            Err(error(&self.0))
        }
    }
}

/// One length or one axis, of any integer type.
pub trait Integer: Copy {
    /// The number; those beyond `i64` saturate.
    fn to_i64(self) -> i64;
}

macro_rules! integer {
    ($($type:ty)+) => {$(
        impl Integer for $type {
            fn to_i64(self) -> i64 {
                i64::try_from(self).unwrap_or(i64::MAX)
            }
        }

        impl From<$type> for Dims {
            fn from(len: $type) -> Self {
                Dims(vec![len.to_i64()])
            }
        }

        impl From<$type> for Axes {
            fn from(axis: $type) -> Self {
                Axes::Some(vec![axis.to_i64()])
            }
        }

        impl From<$type> for ChunkSizes {
            fn from(size: $type) -> Self {
                ChunkSizes(ChunkSpec::Every(size.to_i64()))
            }
        }
    )+};
}

integer!(i32 i64 usize isize);

impl<I: Integer, const N: usize> From<[I; N]> for Dims {
    fn from(lengths: [I; N]) -> Self {
        Dims(lengths.iter().map(|len| len.to_i64()).collect())
    }
}

impl<I: Integer> From<&[I]> for Dims {
    fn from(lengths: &[I]) -> Self {
        Dims(lengths.iter().map(|len| len.to_i64()).collect())
    }
}

impl<I: Integer> From<Vec<I>> for Dims {
    fn from(lengths: Vec<I>) -> Self {
        Dims::from(lengths.as_slice())
    }
}

impl From<()> for Dims {
    fn from((): ()) -> Self {
        Dims(Vec::new())
    }
}

macro_rules! dims_tuple {
    ($($len:ident)+) => {
        impl<$($len: Integer),+> From<($($len,)+)> for Dims {
            #[expect(non_snake_case, reason = "the type parameters name the members")]
            fn from(($($len,)+): ($($len,)+)) -> Self {
                Dims(vec![$($len.to_i64()),+])
            }
        }
    };
}

dims_tuple!(A);
dims_tuple!(A B);
dims_tuple!(A B C);
dims_tuple!(A B C D);

/// The axes of a reduction: `()` for all, `0`, `-1`, `[0, 1]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Axes {
    /// Every axis.
    All,
    /// These; negative ones count from the end.
    Some(Vec<i64>),
}

impl Axes {
    /// Which of `ndim` axes are meant.
    pub(crate) fn resolve(&self, ndim: usize) -> Result<Vec<bool>> {
        let Axes::Some(axes) = self else {
            return Ok(vec![true; ndim]);
        };
        let mut chosen = vec![false; ndim];
        for &axis in axes {
            let axis = resolve_axis(axis, ndim)?;
            if chosen[axis] {
                return Err(Error::new(
                    ErrorKind::Axis,
                    format!("axis {axis} is named twice in {axes:?}"),
                ));
            }
            chosen[axis] = true;
        }
        Ok(chosen)
    }
}

/// `axis` counted from the front; negative ones count from the end.
pub(crate) fn resolve_axis(axis: i64, ndim: usize) -> Result<usize> {
    let counted = if axis < 0 { axis + ndim as i64 } else { axis };
    usize::try_from(counted)
        .ok()
        .filter(|&axis| axis < ndim)
        .ok_or_else(|| {
            let axes = if ndim == 1 { "axis" } else { "axes" };
            Error::new(
                ErrorKind::Axis,
                format!("axis {axis} is outside of an array with {ndim} {axes}"),
            )
        })
}

impl From<()> for Axes {
    fn from((): ()) -> Self {
        Axes::All
    }
}

impl<I: Integer, const N: usize> From<[I; N]> for Axes {
    fn from(axes: [I; N]) -> Self {
        Axes::Some(axes.iter().map(|axis| axis.to_i64()).collect())
    }
}

impl<I: Integer> From<&[I]> for Axes {
    fn from(axes: &[I]) -> Self {
        Axes::Some(axes.iter().map(|axis| axis.to_i64()).collect())
    }
}

impl<I: Integer> From<Vec<I>> for Axes {
    fn from(axes: Vec<I>) -> Self {
        Axes::from(axes.as_slice())
    }
}

/// The lengths of chunks: one number for all axes, one an axis (-1: the whole axis), `"auto"`, or every chunk's own
/// length, `[vec![4, 4, 2], vec![5]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChunkSizes(pub(crate) ChunkSpec);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ChunkSpec {
    /// The same length along every axis.
    Every(i64),
    /// One length an axis.
    Axis(Vec<i64>),
    /// Every chunk's own length.
    Explicit(Vec<Vec<usize>>),
    /// Chosen by the size of the elements.
    Auto,
}

impl<I: Integer, const N: usize> From<[I; N]> for ChunkSizes {
    fn from(sizes: [I; N]) -> Self {
        ChunkSizes(ChunkSpec::Axis(
            sizes.iter().map(|size| size.to_i64()).collect(),
        ))
    }
}

impl<const N: usize> From<[Vec<usize>; N]> for ChunkSizes {
    fn from(chunks: [Vec<usize>; N]) -> Self {
        ChunkSizes(ChunkSpec::Explicit(chunks.to_vec()))
    }
}

impl From<Vec<Vec<usize>>> for ChunkSizes {
    fn from(chunks: Vec<Vec<usize>>) -> Self {
        ChunkSizes(ChunkSpec::Explicit(chunks))
    }
}

impl<A: Integer, B: Integer> From<(A, B)> for ChunkSizes {
    fn from((rows, columns): (A, B)) -> Self {
        ChunkSizes(ChunkSpec::Axis(vec![rows.to_i64(), columns.to_i64()]))
    }
}

impl From<()> for ChunkSizes {
    fn from((): ()) -> Self {
        ChunkSizes(ChunkSpec::Axis(Vec::new()))
    }
}

/// `"auto"`: at most the `chunk_size` of [`Config`](crate::Config) a chunk, 128 MiB where nothing is set.
///
/// # Panics
/// If the text is another one.
impl From<&str> for ChunkSizes {
    #[track_caller]
    fn from(text: &str) -> Self {
        match text {
            "auto" => ChunkSizes(ChunkSpec::Auto),
            _ => crate::raise::raise(Error::new(
                ErrorKind::Value,
                format!("chunk sizes are `\"auto\"` or numbers, not `{text:?}`"),
            )),
        }
    }
}

/// What an array is combined with: another array, or a number that takes the array's dtype (`f64`, `i32`, `i64`,
/// `usize`, `bool`). A number of another type, such as `f32`, keeps its dtype, as NumPy's scalars do.
#[derive(Clone, Debug)]
pub enum Operand {
    Array(Array),
    Scalar(Scalar),
}

impl From<Array> for Operand {
    fn from(array: Array) -> Self {
        Operand::Array(array)
    }
}

impl From<&Array> for Operand {
    fn from(array: &Array) -> Self {
        Operand::Array(array.clone())
    }
}

impl From<NdArray> for Operand {
    #[track_caller]
    fn from(array: NdArray) -> Self {
        Operand::Array(Array::from(array))
    }
}

impl From<&NdArray> for Operand {
    #[track_caller]
    fn from(array: &NdArray) -> Self {
        Operand::Array(Array::from(array.clone()))
    }
}

impl From<Scalar> for Operand {
    fn from(scalar: Scalar) -> Self {
        Operand::Scalar(scalar)
    }
}

macro_rules! weak {
    ($($type:ty)+) => {$(
        impl From<$type> for Operand {
            fn from(value: $type) -> Self {
                Operand::Scalar(Scalar::from(value))
            }
        }
    )+};
}

macro_rules! strong {
    ($($type:ty)+) => {$(
        impl From<$type> for Operand {
            #[track_caller]
            fn from(value: $type) -> Self {
                Operand::Array(Array::from(NdArray::from(value)))
            }
        }
    )+};
}

weak!(bool i32 i64 isize usize f64);
strong!(u8 u16 u32 u64 i8 i16 f32);
