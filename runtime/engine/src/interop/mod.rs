//! The crates that the engine is built on, for cells that name them.

pub mod ndarray;
