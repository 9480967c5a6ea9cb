//! What computes dagbok's collections.

pub mod graph;
pub mod interop;
pub mod io;
mod kernels;
pub mod planner;
