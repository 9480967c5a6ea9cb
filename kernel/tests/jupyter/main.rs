//! The kernel's Jupyter side, seen by a front end over real sockets. Cells are scripts, so no compiler is needed.

mod client;
mod dialogue;
mod fuzz;
mod load;
mod requests;
mod scripted;
mod stdin;
mod transport;
