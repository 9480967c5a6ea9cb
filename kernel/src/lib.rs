//! The Dagbok Jupyter kernel: what both of its processes are made of.

pub mod evaluate;
pub mod notebook;
