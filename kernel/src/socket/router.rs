//! ROUTER: requests from many peers, each answered to the peer that asked; and the echo of the heartbeat.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::mpsc;

use super::connection::{Connections, Peer, Service};
use super::zmtp::{self, Received, SocketType};

/// Requests that wait to be handled before reading from their peers pauses.
const WAITING_MAX: usize = 1024;

/// The way back to a peer: its connection or, once that is gone, the newest one under the same identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    connection: u64,
    identity: Bytes,
}

/// A message and the way back to its sender.
#[derive(Debug)]
pub struct Incoming {
    pub route: Route,
    pub frames: Vec<Bytes>,
}

/// Receives from all peers, sends to one.
pub struct Router(Connections<Inbox>);

struct Inbox(mpsc::Sender<Incoming>);

impl Router {
    /// Listens at `url`; what arrives comes out of the receiver.
    ///
    /// # Errors
    /// The port is taken, or the path cannot be written.
    pub async fn bind(url: &str) -> io::Result<(Router, mpsc::Receiver<Incoming>)> {
        let (inbox, incoming) = mpsc::channel(WAITING_MAX);
        let connections = Connections::listen(url, Inbox(inbox)).await?;
        Ok((Router(connections), incoming))
    }

    /// The port listened at, where it is one.
    pub fn port(&self) -> Option<u16> {
        self.0.port()
    }

    /// Queues `frames` for the peer at the end of `route`; false if it is gone. Waits while that peer is too far
    /// behind, and disconnects it where it does not read at all.
    pub async fn send(&self, route: &Route, frames: &[Bytes]) -> bool {
        let Some(peer) = self.0.peer(route.connection, &route.identity) else {
            return false;
        };
        peer.queue(zmtp::encode(frames));
        peer.room().await;
        true
    }

    /// Stops listening and waits, within limits, until everything is read.
    pub async fn close(self) {
        self.0.close().await;
    }
}

impl Service for Inbox {
    const SOCKET_TYPE: SocketType = SocketType::Router;

    async fn received(&self, peer: &Arc<Peer>, received: Received) {
        if let Received::Message(frames) = received {
            let route = Route {
                connection: peer.connection,
                identity: peer.identity.clone(),
            };
            let _ = self.0.send(Incoming { route, frames }).await;
        }
    }
}

/// Sends back what it receives, byte for byte: Jupyter's heartbeat.
pub struct Echo(Connections<Echoing>);

struct Echoing;

impl Echo {
    /// Listens at `url`.
    ///
    /// # Errors
    /// The port is taken, or the path cannot be written.
    pub async fn bind(url: &str) -> io::Result<Echo> {
        Connections::listen(url, Echoing).await.map(Echo)
    }

    /// The port listened at, where it is one.
    pub fn port(&self) -> Option<u16> {
        self.0.port()
    }

    /// Stops listening and waits, within limits, until everything is read.
    pub async fn close(self) {
        self.0.close().await;
    }
}

impl Service for Echoing {
    const SOCKET_TYPE: SocketType = SocketType::Rep;

    async fn received(&self, peer: &Arc<Peer>, received: Received) {
        if let Received::Message(frames) = received {
            peer.queue(zmtp::encode(&frames));
            peer.room().await;
        }
    }
}
