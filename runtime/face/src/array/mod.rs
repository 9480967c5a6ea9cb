//! Chunked arrays with a dtype at run time.

mod dtype;
mod ndarray;

use std::sync::Arc;

pub use dtype::DType;
pub use ndarray::NdArray;

use crate::{Name, Site};

/// A lazy, chunked, n-dimensional array.
#[derive(Clone, Debug)]
pub struct Array {
    node: Arc<ArrayNode>,
}

/// What an [`Array`] is before it runs: an operation on other arrays.
#[derive(Debug)]
pub struct ArrayNode {
    pub name: Name,
    pub inputs: Vec<Array>,
    pub dtype: DType,
    pub shape: Vec<usize>,
    /// The lengths of the chunks along each axis.
    pub chunks: Vec<Vec<usize>>,
    pub site: Site,
}

impl Array {
    /// The array's name in graphs and errors.
    pub fn name(&self) -> &Name {
        &self.node.name
    }

    /// The expression, for the engine.
    pub fn node(&self) -> &Arc<ArrayNode> {
        &self.node
    }
}
