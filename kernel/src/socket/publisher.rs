//! XPUB: one message to every subscriber, and a greeting to each new one.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::{Buf, Bytes};
use tokio::time::timeout;

use super::connection::{Connections, Peer, Service};
use super::zmtp::{self, Received, SocketType};

/// What waits for a subscriber that the others are not to wait for. Messages are shared, so this is there once.
const BEHIND_BYTES_MAX: usize = 32 << 20;

/// Who has less waiting keeps up.
const KEEPS_UP_BYTES: usize = 1 << 20;
/// How long a flush may take.
const FLUSH_MAX: Duration = Duration::from_millis(5);

/// Makes the message that greets a subscriber of a topic, or none.
type Welcome = Box<dyn Fn(&[u8]) -> Option<Vec<Bytes>> + Send + Sync>;

/// Sends every message to each peer that subscribed to a prefix of its first frame.
pub struct Publisher(Connections<Subscriptions>);

struct Subscriptions {
    topics: Mutex<HashMap<u64, Vec<Bytes>>>,
    welcome: Welcome,
}

impl Publisher {
    /// Listens at `url`; each subscription is answered with `welcome(topic)`, to that peer alone.
    ///
    /// # Errors
    /// The port is taken, or the path cannot be written.
    pub async fn bind(
        url: &str,
        welcome: impl Fn(&[u8]) -> Option<Vec<Bytes>> + Send + Sync + 'static,
    ) -> io::Result<Publisher> {
        let subscriptions = Subscriptions {
            topics: Mutex::default(),
            welcome: Box::new(welcome),
        };
        Connections::listen(url, subscriptions).await.map(Publisher)
    }

    /// The port listened at, where it is one.
    pub fn port(&self) -> Option<u16> {
        self.0.port()
    }

    /// Queues `frames` for every subscriber, and waits while even the fastest of them is too far behind. One that is very
    /// far behind is disconnected, and is free to come back.
    pub async fn send(&self, frames: &[Bytes]) {
        let subscribers = self.subscribers(&frames[0]);
        if subscribers.is_empty() {
            return;
        }
        let encoded = zmtp::encode(frames);
        for peer in &subscribers {
            peer.queue(encoded.clone());
        }
        for peer in &subscribers {
            if peer.queued_bytes() > BEHIND_BYTES_MAX {
                peer.disconnect();
            }
        }
        if let Some(fastest) = subscribers.iter().min_by_key(|peer| peer.queued_bytes()) {
            fastest.room().await;
        }
    }

    /// Waits a moment until the system has been given what is queued for those who keep up.
    pub async fn flush(&self) {
        let mut peers = self.0.peers();
        peers.retain(|peer| peer.queued_bytes() < KEEPS_UP_BYTES);
        let _ = timeout(FLUSH_MAX, async {
            for peer in &peers {
                peer.is_written().await;
            }
        })
        .await;
    }

    fn subscribers(&self, topic: &[u8]) -> Vec<Arc<Peer>> {
        // Locked before the peers are listed: whoever has topics by then is among them, or gone.
        let mut topics = self.0.service.lock();
        let mut peers = self.0.peers();
        topics.retain(|connection, _| peers.iter().any(|peer| peer.connection == *connection));
        peers.retain(|peer| {
            topics
                .get(&peer.connection)
                .is_some_and(|prefixes| prefixes.iter().any(|prefix| topic.starts_with(prefix)))
        });
        peers
    }

    /// Stops listening and waits, within limits, until everything is read.
    pub async fn close(self) {
        self.0.close().await;
    }
}

impl Subscriptions {
    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Vec<Bytes>>> {
        self.topics.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn subscribe(&self, peer: &Peer, topic: Bytes) {
        let mut topics = self.lock();
        topics
            .entry(peer.connection)
            .or_default()
            .push(topic.clone());
        if let Some(frames) = (self.welcome)(&topic) {
            peer.queue(zmtp::encode(&frames));
        }
    }

    fn unsubscribe(&self, peer: &Peer, topic: &Bytes) {
        let mut topics = self.lock();
        if let Some(prefixes) = topics.get_mut(&peer.connection)
            && let Some(idx) = prefixes.iter().position(|prefix| prefix == topic)
        {
            prefixes.remove(idx);
        }
    }
}

impl Service for Subscriptions {
    const SOCKET_TYPE: SocketType = SocketType::XPub;

    async fn received(&self, peer: &Arc<Peer>, received: Received) {
        match received {
            Received::Message(frames) if frames.len() == 1 => {
                let mut topic = frames[0].clone();
                match topic.try_get_u8() {
                    Ok(1) => self.subscribe(peer, topic),
                    Ok(0) => self.unsubscribe(peer, &topic),
                    _ => {}
                }
            }
            Received::Command { name, body } if name == "SUBSCRIBE" => self.subscribe(peer, body),
            Received::Command { name, body } if name == "CANCEL" => self.unsubscribe(peer, &body),
            _ => {}
        }
    }
}
