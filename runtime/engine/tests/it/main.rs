//! The engine through its public API.

mod compute;
mod delayed;
mod frame;
