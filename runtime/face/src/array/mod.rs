//! Chunked arrays with a dtype at run time, as NumPy's and Dask's.
//!
//! An [`Array`] is an expression: operators, functions and reductions build it, [`Array::compute`] runs it chunk by
//! chunk and gives an [`NdArray`]. Dtypes follow NumPy 2 (NEP 50).

#[macro_use]
mod buffer;
mod arguments;
mod blocks;
mod chunks;
mod create;
mod delayed;
mod dtype;
mod elementwise;
mod format;
mod index;
mod linalg;
mod ndarray;
mod node;
mod operators;
mod random;
mod reduce;
mod scalar;
mod shape;
mod ufunc;

pub use arguments::{Axes, ChunkSizes, Dims, Integer, Operand};
pub use buffer::{Buffer, Element};
pub use create::{Range, arange, eye, from_npy, full, linspace, ones, zeros};
pub use dtype::{DType, DTypeKind};
pub use elementwise::where_;
pub use index::{Ellipsis, Index, NewAxis};
pub use ndarray::{NdArray, shape_text};
pub use node::{
    Array, ArrayNode, ArrayOp, AxisRange, Block, BlockFn, Distribution, NodeInput, NpyFile,
    Reduction, ReductionFn, Source, Stream,
};
pub use random::{Generator, default_rng};
pub use reduce::{Reduce, axis};
pub use scalar::Scalar;
pub use shape::{concatenate, stack};
pub use ufunc::{Signature, Ufunc};
