//! ZeroMQ, the side that binds, and nothing else: frames in, frames out.
//!
//! Written here rather than taken from `zeromq` 0.7, because of what was measured with that crate's sockets: its XPUB
//! writes to one subscriber after the other, so one that never reads stops them all; its ROUTER keeps peers by identity
//! alone, so a client that comes back under its old identity (as `jupyter_server` does) is removed together with its
//! former connection; and closing loses what is queued. Here every connection has a task and a queue of its own, and
//! closing waits until the other side has read everything. The crate stays in use where it is right: for verifying
//! signatures (through `jupyter-zmq-client`), and as the client in the tests.

mod connection;
mod listener;
mod publisher;
mod router;
mod signature;
mod zmtp;

pub use publisher::Publisher;
pub use router::{Echo, Incoming, Route, Router};
pub use signature::{Replays, Sealed, Signer};
