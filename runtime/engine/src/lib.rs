//! What computes dagbok's collections.

mod carried;
pub mod config;
#[cfg(test)]
mod effort;
mod engine;
pub mod events;
mod executor;
mod futures;
pub mod graph;
mod instances;
pub mod interop;
pub mod io;
mod kernels;
mod live;
mod mapping;
pub mod planner;
pub mod plot;
mod profile;
mod progress;
pub mod render;
pub mod scheduler;
mod storage;
mod sync;
pub mod table;
mod threads;

pub use engine::{LocalEngine, install};
