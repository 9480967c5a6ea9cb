//! Readers of files.

pub mod npy;
