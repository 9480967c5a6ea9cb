//! What computes dagbok's collections.

mod engine;
pub mod events;
pub mod graph;
pub mod planner;
mod progress;
mod render;
pub mod scheduler;
mod storage;

pub use engine::{LocalEngine, install};
