//! The engine through its public API.

mod array;
mod compute;
mod delayed;
mod frame;
mod plot;
mod render;
