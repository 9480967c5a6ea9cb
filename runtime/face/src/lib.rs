//! Lazy arrays, frames and delayed functions.

pub mod array;
pub mod cancel;
pub mod cell;
pub mod comm;
mod compute;
pub mod config;
pub mod delayed;
pub mod display;
pub mod engine;
mod erased;
mod error;
pub mod frame;
pub mod input;
mod name;
pub mod nearest;
pub mod plot;
pub mod prelude;
pub mod profile;
mod raise;
mod release;
mod sealed;
mod value;
pub mod widgets;

pub use array::{Array, DType, NdArray};
pub use compute::{Compute, compute_all, visualize_all};
pub use config::Config;
pub use delayed::{Delayed, delayed};
pub use display::clear_output;
pub use error::{Error, ErrorKind, Result};
pub use frame::{DataFrame, Expr, Frame};
pub use input::{input, password};
pub use name::{Name, Site};
pub use profile::{Profile, Profiler, profile};
pub use raise::attempt;
pub use value::Value;
