//! What computes dagbok's collections.

mod engine;
pub mod events;
pub mod graph;
pub mod interop;
pub mod io;
pub mod planner;
mod progress;
mod render;
pub mod scheduler;
mod storage;
pub mod table;

pub use engine::{LocalEngine, install};
