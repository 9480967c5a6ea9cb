//! Arrays in memory: what a chunk is, and what computing an array gives.

/// An n-dimensional array in memory, in C order.
#[derive(Clone, Debug)]
pub struct NdArray {
    shape: Vec<usize>,
}
