//! The crates that the engine computes with, under the hood of dagbok's types.

pub mod polars;
