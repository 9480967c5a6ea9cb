//! The Dagbok Jupyter kernel: what both of its processes are made of.

pub mod evaluate;
pub mod install;
pub mod lab;
pub mod server;
pub mod session;
pub mod socket;
pub mod wire;
