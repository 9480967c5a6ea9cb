//! Other shapes of the same elements, and arrays put together.

use super::arguments::resolve_axis;
use super::chunks::{are_rows, refine, row_chunks};
use super::elementwise::broadcast;
use super::ndarray::shape_text;
use super::{Array, ArrayNode, ArrayOp, Axes, DType, Dims, Integer};
use crate::raise::{or_raise, raise};
use crate::{Error, ErrorKind, Name, Result, Site};

impl Array {
    /// The axes in reverse order.
    ///
    /// ```
    /// use dagbok::prelude::*;
    /// # dagbok_engine::install();
    ///
    /// let x = arange(6).reshape([2, 3]);
    /// assert_eq!(x.t().compute()?.to_string(), "[[0 3]\n [1 4]\n [2 5]]");
    /// # Ok::<(), dagbok::Error>(())
    /// ```
    #[track_caller]
    pub fn t(&self) -> Array {
        let axes = (0..self.ndim()).rev().map(Some).collect();
        self.axes("transpose", axes)
    }

    /// The axes in the order `axes`; `()` reverses them.
    ///
    /// # Panics
    /// If `axes` does not name every axis once.
    ///
    /// ```
    /// use dagbok::prelude::*;
    ///
    /// let x = zeros([2, 3, 4]);
    /// assert_eq!(x.transpose([1, 2, 0]).shape(), [3, 4, 2]);
    /// assert_eq!(x.transpose(()).shape(), [4, 3, 2]);
    /// ```
    #[track_caller]
    pub fn transpose(&self, axes: impl Into<Axes>) -> Array {
        match axes.into() {
            Axes::All => self.t(),
            Axes::Some(axes) => {
                let order = or_raise(permutation(&axes, self.ndim()));
                self.axes("transpose", order.into_iter().map(Some).collect())
            }
        }
    }

    /// The same elements in C order in another shape, of which one length may be -1.
    ///
    /// # Chunks
    /// The input is first cut so that its chunks follow each other in C order, which costs nothing where they do
    /// already, as in an array with one axis.
    ///
    /// # Panics
    /// If the shape has another number of elements.
    ///
    /// ```
    /// use dagbok::prelude::*;
    /// # dagbok_engine::install();
    ///
    /// let x = arange(6).reshape([2, -1]);
    /// assert_eq!(x.compute()?.to_string(), "[[0 1 2]\n [3 4 5]]");
    /// # Ok::<(), dagbok::Error>(())
    /// ```
    #[track_caller]
    pub fn reshape(&self, shape: impl Into<Dims>) -> Array {
        let shape = or_raise(shape.into().reshape(self.shape()));
        if shape == self.shape() {
            return self.clone();
        }
        let chunk = self
            .chunks()
            .iter()
            .map(|lengths| *lengths.iter().max().unwrap_or(&1));
        let chunk_len = chunk.product::<usize>().max(1);
        let input = match are_rows(self.chunks(), self.shape()) {
            true => self.clone(),
            false => self.with_chunks(row_chunks(self.shape(), chunk_len)),
        };
        Array::new(ArrayNode {
            name: Name::of("reshape", (input.name(), &shape)),
            op: ArrayOp::Reshape,
            inputs: vec![input],
            dtype: self.dtype(),
            chunks: row_chunks(&shape, chunk_len),
            shape,
            site: Site::caller(),
        })
    }

    /// The elements in C order along one axis.
    ///
    /// ```
    /// use dagbok::prelude::*;
    ///
    /// assert_eq!(zeros([2, 3]).ravel().shape(), [6]);
    /// ```
    #[track_caller]
    pub fn ravel(&self) -> Array {
        self.reshape(-1)
    }

    /// With a new axis of length 1 at `axis` of the result.
    ///
    /// # Panics
    /// If the result has no such axis.
    ///
    /// ```
    /// use dagbok::prelude::*;
    ///
    /// assert_eq!(arange(3).expand_dims(0).shape(), [1, 3]);
    /// assert_eq!(arange(3).expand_dims(-1).shape(), [3, 1]);
    /// ```
    #[track_caller]
    pub fn expand_dims(&self, axis: impl Integer) -> Array {
        let axis = or_raise(resolve_axis(axis.to_i64(), self.ndim() + 1));
        let mut axes: Vec<Option<usize>> = (0..self.ndim()).map(Some).collect();
        axes.insert(axis, None);
        self.axes("expand_dims", axes)
    }

    /// Without the axes `axes`, which have length 1; `()` takes away all such axes.
    ///
    /// # Panics
    /// If a named axis has another length.
    ///
    /// ```
    /// use dagbok::prelude::*;
    ///
    /// assert_eq!(zeros([1, 3, 1]).squeeze(()).shape(), [3]);
    /// assert_eq!(zeros([1, 3, 1]).squeeze(0).shape(), [3, 1]);
    /// ```
    #[track_caller]
    pub fn squeeze(&self, axes: impl Into<Axes>) -> Array {
        let axes = axes.into();
        let mut gone = or_raise(axes.resolve(self.ndim()));
        for (axis, &len) in self.shape().iter().enumerate() {
            if gone[axis] && len != 1 {
                if axes == Axes::All {
                    gone[axis] = false;
                    continue;
                }
                raise(Error::new(
                    ErrorKind::Shape,
                    format!(
                        "cannot squeeze axis {axis} of an array of shape {}: its length is not 1",
                        shape_text(self.shape())
                    ),
                ));
            }
        }
        let left = (0..self.ndim()).filter(|&axis| !gone[axis]);
        self.axes("squeeze", left.map(Some).collect())
    }

    /// Repeated to `shape` along new leading axes and those of length 1; no element is copied until it is needed.
    ///
    /// # Panics
    /// If the shapes do not fit.
    ///
    /// ```
    /// use dagbok::prelude::*;
    /// # dagbok_engine::install();
    ///
    /// let x = arange(3).broadcast_to([2, 3]);
    /// assert_eq!(x.compute()?.to_string(), "[[0 1 2]\n [0 1 2]]");
    /// # Ok::<(), dagbok::Error>(())
    /// ```
    #[track_caller]
    pub fn broadcast_to(&self, shape: impl Into<Dims>) -> Array {
        let shape = or_raise(shape.into().shape());
        if shape == self.shape() {
            return self.clone();
        }
        if broadcast(&[self.shape(), &shape]).as_ref() != Some(&shape) {
            raise(Error::new(
                ErrorKind::Shape,
                format!(
                    "cannot broadcast an array of shape {} to {}",
                    shape_text(self.shape()),
                    shape_text(&shape)
                ),
            ));
        }
        let added = shape.len() - self.ndim();
        let mut chunks = super::chunks::auto_chunks(&shape, self.dtype());
        for (axis, lengths) in self.chunks().iter().enumerate() {
            if self.shape()[axis] == shape[axis + added] {
                chunks[axis + added] = lengths.clone();
            }
        }
        Array::new(ArrayNode {
            name: Name::of("broadcast_to", (self.name(), &shape, &chunks)),
            op: ArrayOp::Broadcast,
            inputs: vec![self.clone()],
            dtype: self.dtype(),
            shape,
            chunks,
            site: Site::caller(),
        })
    }
}

fn permutation(axes: &[i64], ndim: usize) -> Result<Vec<usize>> {
    let order: Vec<usize> = axes
        .iter()
        .map(|&axis| resolve_axis(axis, ndim))
        .collect::<Result<_>>()?;
    let each_once = (0..ndim).all(|axis| order.contains(&axis)) && order.len() == ndim;
    if each_once {
        Ok(order)
    } else {
        Err(Error::new(
            ErrorKind::Axis,
            format!("axes {axes:?} do not name each of {ndim} axes once"),
        ))
    }
}

/// Arrays one after the other along `axis`, as their common dtype.
///
/// # Panics
/// If there is no array, or their shapes differ along another axis.
///
/// ```
/// use dagbok::prelude::*;
/// # dagbok_engine::install();
///
/// let x = concatenate(&[arange(2), arange(3)], 0);
/// assert_eq!(x.compute()?.to_vec::<i64>()?, [0, 1, 0, 1, 2]);
/// # Ok::<(), dagbok::Error>(())
/// ```
#[track_caller]
pub fn concatenate(arrays: &[Array], axis: impl Integer) -> Array {
    join("concatenate", arrays, axis.to_i64())
}

/// Arrays of one shape along a new axis of the result.
///
/// # Panics
/// If there is no array, or their shapes differ.
///
/// ```
/// use dagbok::prelude::*;
/// # dagbok_engine::install();
///
/// let x = stack(&[arange(3), ones(3)], 0);
/// assert_eq!(x.compute()?.to_string(), "[[0. 1. 2.]\n [1. 1. 1.]]");
/// # Ok::<(), dagbok::Error>(())
/// ```
#[track_caller]
pub fn stack(arrays: &[Array], axis: impl Integer) -> Array {
    let axis = axis.to_i64();
    if let Some(first) = arrays.first()
        && let Some(odd) = arrays.iter().find(|array| array.shape() != first.shape())
    {
        raise(Error::new(
            ErrorKind::Shape,
            format!(
                "cannot stack arrays of shapes {} and {}",
                shape_text(first.shape()),
                shape_text(odd.shape())
            ),
        ));
    }
    let mut expanded = Vec::with_capacity(arrays.len());
    for array in arrays {
        expanded.push(array.expand_dims(axis));
    }
    join("stack", &expanded, axis)
}

#[track_caller]
fn join(operation: &str, arrays: &[Array], axis: i64) -> Array {
    let Some(first) = arrays.first() else {
        raise(Error::new(
            ErrorKind::Value,
            format!("cannot {operation} no arrays"),
        ));
    };
    let axis = or_raise(resolve_axis(axis, first.ndim()));
    let others_fit = |other: &&Array| {
        let axes = 0..first.ndim();
        other.ndim() == first.ndim()
            && axes
                .into_iter()
                .all(|own| own == axis || other.shape()[own] == first.shape()[own])
    };
    if let Some(odd) = arrays.iter().find(|other| !others_fit(other)) {
        raise(Error::new(
            ErrorKind::Shape,
            format!(
                "cannot {operation} arrays of shapes {} and {} along axis {axis}",
                shape_text(first.shape()),
                shape_text(odd.shape())
            ),
        ));
    }
    let dtypes = arrays.iter().map(Array::dtype);
    let dtype = dtypes.reduce(DType::promote).unwrap_or(first.dtype());
    let common: Vec<Vec<usize>> = (0..first.ndim())
        .map(|own| {
            let cuts: Vec<&[usize]> = arrays.iter().map(|array| &*array.chunks()[own]).collect();
            refine(&cuts)
        })
        .collect();
    let mut chunks = common.clone();
    chunks[axis].clear();
    let mut inputs = Vec::with_capacity(arrays.len());
    for array in arrays {
        let mut own = common.clone();
        own[axis] = array.chunks()[axis].clone();
        chunks[axis].extend(&own[axis]);
        inputs.push(array.astype(dtype).with_chunks(own));
    }
    let names: Vec<&Name> = inputs.iter().map(Array::name).collect();
    Array::new(ArrayNode {
        name: Name::of(operation, (names, axis)),
        op: ArrayOp::Concatenate { axis },
        dtype,
        shape: chunks.iter().map(|lengths| lengths.iter().sum()).collect(),
        inputs,
        chunks,
        site: Site::caller(),
    })
}
