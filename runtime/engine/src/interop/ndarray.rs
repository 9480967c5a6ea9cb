//! Arrays from and to the crate `ndarray`.

use dagbok::array::{Array, Element, NdArray};
use dagbok::{Error, Result};
pub use ndarray;
use ndarray::{ArrayBase, ArrayD, Dimension, OwnedRepr};

/// What gives an `ndarray` array: a lazy [`dagbok::Array`], which is computed, and an [`NdArray`], which is copied.
pub trait ToNdarray {
    /// The elements as `T`, to which their dtype must cast safely.
    ///
    /// # Errors
    /// [`DType`](dagbok::ErrorKind::DType) if it does not; the error of the first task that failed.
    ///
    /// ```
    /// use dagbok::prelude::*;
    /// use dagbok_engine::interop::ndarray::ToNdarray;
    /// # dagbok_engine::install();
    ///
    /// let x = arange(6).reshape([2, 3]).compute_as::<f64>()?;
    /// assert_eq!(x[[1, 2]], 5.0);
    /// # Ok::<(), dagbok::Error>(())
    /// ```
    fn compute_as<T: Element>(&self) -> Result<ArrayD<T>>;
}

impl ToNdarray for Array {
    fn compute_as<T: Element>(&self) -> Result<ArrayD<T>> {
        self.compute()?.compute_as()
    }
}

impl ToNdarray for NdArray {
    fn compute_as<T: Element>(&self) -> Result<ArrayD<T>> {
        ArrayD::from_shape_vec(self.shape(), self.to_vec::<T>()?)
            .map_err(|error| Error::new(dagbok::ErrorKind::Shape, error.to_string()))
    }
}

/// What becomes a lazy array.
pub trait IntoArray {
    /// The elements as a lazy array, in automatic chunks.
    ///
    /// ```
    /// use dagbok_engine::interop::ndarray::{IntoArray, ndarray::array};
    ///
    /// let x = array![[1.0, 2.0], [3.0, 4.0]].into_array();
    /// assert_eq!(x.shape(), [2, 2]);
    /// ```
    fn into_array(self) -> Array;
}

impl<T: Element, D: Dimension> IntoArray for ArrayBase<OwnedRepr<T>, D> {
    #[track_caller]
    fn into_array(self) -> Array {
        let shape = self.shape().to_vec();
        let values = match self.is_standard_layout() {
            true => self.into_raw_vec_and_offset().0,
            false => self.iter().copied().collect(),
        };
        let array = NdArray::new(shape, values).expect("as many elements as the shape has");
        Array::from(array)
    }
}
