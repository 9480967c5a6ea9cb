//! The engine through its public API.

mod plot;
mod render;
