//! What computes dagbok's collections.

pub mod graph;
pub mod interop;
pub mod io;
pub mod planner;
pub mod table;
