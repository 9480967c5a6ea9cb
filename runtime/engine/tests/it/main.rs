//! The engine through its public API.

mod array;
mod compute;
mod delayed;
mod frame;
mod golden;
mod plot;
mod profile;
mod random_graphs;
mod render;
mod synchronous;
