//! Products of matrices and vectors.

use super::chunks::refine;
use super::ndarray::shape_text;
use super::{Array, ArrayNode, ArrayOp, DType};
use crate::raise::raise;
use crate::{Error, ErrorKind, Name, Site};

impl Array {
    /// The matrix product; of two vectors the inner product. Takes arrays of one or two axes.
    ///
    /// # Chunks
    /// A product for each pair of blocks that meet, summed in a tree with fan-in 8.
    ///
    /// # Panics
    /// If the shapes do not fit.
    ///
    /// ```
    /// use dagbok::prelude::*;
    /// # dagbok_engine::install();
    ///
    /// let a = arange(6).reshape([2, 3]);
    /// assert_eq!(a.dot(a.t()).compute()?.to_string(), "[[ 5 14]\n [14 50]]");
    /// assert_eq!(a.dot([1, 0, 1]).compute()?.to_vec::<i64>()?, [2, 8]);
    /// # Ok::<(), dagbok::Error>(())
    /// ```
    #[track_caller]
    pub fn dot(&self, other: impl Into<Array>) -> Array {
        self.product("dot", other.into())
    }

    /// The matrix product, as [`dot`](Array::dot).
    ///
    /// # Panics
    /// If the shapes do not fit.
    ///
    /// ```
    /// use dagbok::prelude::*;
    /// # dagbok_engine::install();
    ///
    /// let x = arange(4).reshape([2, 2]);
    /// assert_eq!(x.matmul(eye(2)).compute()?.to_string(), "[[0. 1.]\n [2. 3.]]");
    /// # Ok::<(), dagbok::Error>(())
    /// ```
    #[track_caller]
    pub fn matmul(&self, other: impl Into<Array>) -> Array {
        self.product("matmul", other.into())
    }

    #[track_caller]
    fn product(&self, operation: &str, other: Array) -> Array {
        let fit = matches!((self.ndim(), other.ndim()), (1..=2, 1..=2))
            && self.shape()[self.ndim() - 1] == other.shape()[0];
        if !fit {
            raise(Error::new(
                ErrorKind::Shape,
                format!(
                    "cannot {operation} arrays of shapes {} and {}",
                    shape_text(self.shape()),
                    shape_text(other.shape())
                ),
            ));
        }
        let (rows, columns) = (self.ndim() == 2, other.ndim() == 2);
        let left = if rows {
            self.clone()
        } else {
            self.expand_dims(0)
        };
        let right = if columns { other } else { other.expand_dims(1) };
        let kept = [(0, rows), (1, columns)].into_iter();
        let kept = kept.filter(|(_, kept)| *kept).map(|(axis, _)| Some(axis));
        product(operation, left, right).axes(operation, kept.collect())
    }
}

/// The product of two matrices that fit.
#[track_caller]
fn product(operation: &str, left: Array, right: Array) -> Array {
    let dtype = DType::promote(left.dtype(), right.dtype());
    let inner = refine(&[&left.chunks()[1], &right.chunks()[0]]);
    let left_chunks = vec![left.chunks()[0].clone(), inner.clone()];
    let right_chunks = vec![inner, right.chunks()[1].clone()];
    let left = left.astype(dtype).with_chunks(left_chunks);
    let right = right.astype(dtype).with_chunks(right_chunks);
    let chunks = vec![left.chunks()[0].clone(), right.chunks()[1].clone()];
    Array::new(ArrayNode {
        name: Name::of(operation, (left.name(), right.name())),
        op: ArrayOp::MatMul,
        dtype,
        shape: vec![left.shape()[0], right.shape()[1]],
        inputs: vec![left, right],
        chunks,
        site: Site::caller(),
    })
}
