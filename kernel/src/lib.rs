//! The Dagbok Jupyter kernel: what both of its processes are made of.

pub mod channel;
mod commands;
pub mod evaluate;
pub mod runtime_files;
pub mod session_process;
