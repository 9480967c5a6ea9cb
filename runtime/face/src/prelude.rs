//! What a notebook imports: every cell starts with `use dagbok::prelude::*`.

pub use crate::array::{Array, DType, NdArray};
pub use crate::compute::{Compute, compute_all, visualize_all};
pub use crate::delayed::{Delayed, delayed};
pub use crate::display::{Render, display};
pub use crate::error::{Error, ErrorKind};
pub use crate::frame::{DataFrame, Frame};
pub use crate::raise::attempt;
