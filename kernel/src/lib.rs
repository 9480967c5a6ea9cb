//! The Dagbok Jupyter kernel: what both of its processes are made of.

pub mod analysis;
mod carried;
pub mod channel;
mod colours;
mod commands;
pub mod evaluate;
pub mod history;
pub mod install;
pub mod lab;
pub mod marks;
pub mod notebook;
pub mod runtime_files;
pub mod server;
pub mod session;
pub mod socket;
mod text;
pub mod wire;
