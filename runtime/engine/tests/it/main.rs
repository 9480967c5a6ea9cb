//! The engine through its public API.

mod array;
mod compute;
mod delayed;
mod explain;
mod failures;
mod frame;
mod golden;
mod mapping;
mod plot;
mod profile;
mod random_graphs;
mod render;
mod synchronous;
