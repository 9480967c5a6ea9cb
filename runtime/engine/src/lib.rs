//! What computes dagbok's collections.

pub mod graph;
pub mod planner;
pub mod plot;
pub mod render;
