//! The crates that the engine computes with, for cells that name them.

pub mod ndarray;
pub mod polars;
