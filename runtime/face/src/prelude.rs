//! What a notebook imports: every cell starts with `use dagbok::prelude::*`.

pub use crate::array::{
    Array, DType, Ellipsis, NdArray, NewAxis, arange, axis, concatenate, default_rng, eye,
    from_npy, full, linspace, ones, stack, where_, zeros,
};
pub use crate::compute::{Compute, compute_all, visualize_all};
pub use crate::display::{Render, display};
pub use crate::error::{Error, ErrorKind};
pub use crate::frame::{DataFrame, Frame};
pub use crate::raise::attempt;
pub use crate::s;
