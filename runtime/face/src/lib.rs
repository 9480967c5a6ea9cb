//! Lazy arrays, frames and delayed functions.

pub mod cancel;
pub mod cell;
pub mod display;
mod error;

pub use error::{Error, ErrorKind, Result};
