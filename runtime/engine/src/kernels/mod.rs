//! Array work on one chunk. Kernels know no tasks.

pub(crate) mod assemble;
mod elementwise;
pub(crate) mod matmul;
mod number;
pub(crate) mod program;
mod random;
pub(crate) mod reduce;
mod source;
mod stored;
mod strided;

pub(crate) use program::{Leaf, LeafData, Program, Step, StepInput};
pub(crate) use stored::CODECS;
pub(crate) use strided::{Affine, Walk};
