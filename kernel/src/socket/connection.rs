//! One task and one bounded queue for each connection, shared by all kinds of sockets.

use std::collections::HashMap;
use std::io;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, BufReader, BufWriter};
use tokio::sync::{Notify, mpsc};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, timeout};

use super::listener::{Listener, Stream};
use super::zmtp::{self, Received, SocketType};

const HANDSHAKE_MAX: Duration = Duration::from_secs(10);
/// How long closing waits for a peer to read what it has been sent.
const LINGER: Duration = Duration::from_millis(500);
/// What waits for a peer before its sender is held back.
const QUEUED_BYTES_MAX: usize = 8 << 20;
/// A peer whose queue is full is disconnected if it reads nothing for this long …
const STALLED: Duration = Duration::from_secs(10);
/// … or if its queue stays full for this long.
const SLOW: Duration = Duration::from_secs(60);

static NEXT_CONNECTION: AtomicU64 = AtomicU64::new(0);

/// What a kind of socket does with its peers.
pub(super) trait Service: Send + Sync + 'static {
    const SOCKET_TYPE: SocketType;

    /// Takes what `peer` sent; reading from it goes on when this is done.
    fn received(&self, peer: &Arc<Peer>, received: Received) -> impl Future<Output = ()> + Send;
}

/// The sending side of one connection.
pub(super) struct Peer {
    pub(super) connection: u64,
    /// What the peer calls itself, or a name that Dagbok gave it.
    pub(super) identity: Bytes,
    queue: Mutex<Option<mpsc::UnboundedSender<Bytes>>>,
    queued_bytes: AtomicUsize,
    /// Messages that the system has not been given yet.
    n_unwritten: AtomicUsize,
    written: Notify,
    cut: Notify,
}

impl Peer {
    /// Queues an encoded message, or nothing if the connection is closing.
    pub(super) fn queue(&self, encoded: Bytes) {
        if let Some(queue) = lock(&self.queue).as_ref() {
            self.queued_bytes
                .fetch_add(encoded.len(), Ordering::Relaxed);
            self.n_unwritten.fetch_add(1, Ordering::Relaxed);
            let _ = queue.send(encoded);
        }
    }

    /// How much waits to be written.
    pub(super) fn queued_bytes(&self) -> usize {
        self.queued_bytes.load(Ordering::Relaxed)
    }

    /// Waits until the system has been given all that is queued.
    pub(super) async fn is_written(&self) {
        loop {
            let mut written = pin!(self.written.notified());
            written.as_mut().enable();
            if self.n_unwritten.load(Ordering::Relaxed) == 0 {
                return;
            }
            written.await;
        }
    }

    /// Waits until the queue has room again; a peer that stopped reading, or is far too slow, is disconnected instead.
    pub(super) async fn room(&self) {
        let gave_up = Instant::now() + SLOW;
        loop {
            let mut written = pin!(self.written.notified());
            written.as_mut().enable();
            if self.queued_bytes() <= QUEUED_BYTES_MAX {
                return;
            }
            if timeout(STALLED, written).await.is_err() || Instant::now() > gave_up {
                self.disconnect();
                return;
            }
        }
    }

    /// Ends the connection of a peer that does not read; it is free to come back.
    pub(super) fn disconnect(&self) {
        tracing::warn!(identity = ?self.identity, "a client does not read, disconnecting it");
        self.close();
        self.cut.notify_one();
    }

    fn close(&self) {
        lock(&self.queue).take();
    }
}

/// A listening socket and its connections.
pub(super) struct Connections<S> {
    pub(super) service: Arc<S>,
    peers: Arc<Peers>,
    port: Option<u16>,
    accepting: JoinHandle<JoinSet<()>>,
    closing: Arc<Notify>,
}

#[derive(Default)]
struct Peers(Mutex<HashMap<u64, Arc<Peer>>>);

impl<S: Service> Connections<S> {
    pub(super) async fn listen(url: &str, service: S) -> io::Result<Connections<S>> {
        let listener = Listener::bind(url).await?;
        let port = listener.port();
        let service = Arc::new(service);
        let peers = Arc::new(Peers::default());
        let closing = Arc::new(Notify::new());
        let accepting = tokio::spawn(accept_all(
            listener,
            service.clone(),
            peers.clone(),
            closing.clone(),
        ));
        Ok(Connections {
            service,
            peers,
            port,
            accepting,
            closing,
        })
    }

    /// The port listened at, where it is one.
    pub(super) fn port(&self) -> Option<u16> {
        self.port
    }

    pub(super) fn peers(&self) -> Vec<Arc<Peer>> {
        lock(&self.peers.0).values().cloned().collect()
    }

    /// The connection, or the newest one of the same identity if it is gone.
    pub(super) fn peer(&self, connection: u64, identity: &[u8]) -> Option<Arc<Peer>> {
        let peers = lock(&self.peers.0);
        let newest = || {
            peers
                .values()
                .filter(|peer| peer.identity == identity)
                .max_by_key(|peer| peer.connection)
        };
        peers.get(&connection).or_else(newest).cloned()
    }

    /// Stops listening, then waits until the peers have read what was queued, or half a second.
    pub(super) async fn close(self) {
        self.closing.notify_one();
        let Ok(mut connections) = self.accepting.await else {
            return;
        };
        for peer in lock(&self.peers.0).values() {
            peer.close();
        }
        let _ = timeout(LINGER, async {
            while connections.join_next().await.is_some() {}
        })
        .await;
    }
}

async fn accept_all<S: Service>(
    listener: Listener,
    service: Arc<S>,
    peers: Arc<Peers>,
    closing: Arc<Notify>,
) -> JoinSet<()> {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = closing.notified() => return connections,
        };
        match accepted {
            Ok(stream) => {
                let (service, peers) = (service.clone(), peers.clone());
                connections.spawn(async move {
                    if let Err(error) = serve(stream, &*service, &peers).await {
                        tracing::debug!(%error, "a connection ended");
                    }
                });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn serve<S: Service>(
    mut stream: Box<dyn Stream>,
    service: &S,
    peers: &Peers,
) -> io::Result<()> {
    let identity = timeout(HANDSHAKE_MAX, zmtp::handshake(&mut stream, S::SOCKET_TYPE)).await??;
    let (queue, queued) = mpsc::unbounded_channel();
    let connection = NEXT_CONNECTION.fetch_add(1, Ordering::Relaxed);
    let peer = Arc::new(Peer {
        connection,
        identity: match identity.is_empty() {
            true => Bytes::from(format!("\0connection {connection}")),
            false => identity,
        },
        queue: Mutex::new(Some(queue)),
        queued_bytes: AtomicUsize::new(0),
        n_unwritten: AtomicUsize::new(0),
        written: Notify::new(),
        cut: Notify::new(),
    });
    lock(&peers.0).insert(connection, peer.clone());
    let (reader, writer) = tokio::io::split(stream);
    let ended = tokio::select! {
        Err(error) = write_all(writer, queued, &peer) => Err(error),
        ended = read_all(reader, service, &peer) => ended,
        _ = peer.cut.notified() => Ok(()),
    };
    lock(&peers.0).remove(&connection);
    peer.close();
    peer.queued_bytes.store(0, Ordering::Relaxed);
    peer.n_unwritten.store(0, Ordering::Relaxed);
    peer.written.notify_waiters();
    ended
}

async fn read_all<S: Service>(
    reader: impl AsyncRead + Unpin,
    service: &S,
    peer: &Arc<Peer>,
) -> io::Result<()> {
    let mut reader = BufReader::new(reader);
    loop {
        match zmtp::read(&mut reader).await {
            Ok(Received::Command { name, body }) if name == "PING" => {
                let context = body.slice(body.remaining().min(2)..);
                peer.queue(zmtp::encode_command(b"PONG", &context));
            }
            Ok(received) => service.received(peer, received).await,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

/// Writes what is queued until the queue is closed, then ends the stream's writing side.
async fn write_all(
    writer: impl AsyncWrite + Unpin,
    mut queued: mpsc::UnboundedReceiver<Bytes>,
    peer: &Peer,
) -> io::Result<()> {
    let mut writer = BufWriter::with_capacity(64 << 10, writer);
    while let Some(encoded) = queued.recv().await {
        let mut next = Some(encoded);
        let mut n_written = 0;
        while let Some(mut encoded) = next {
            let len = encoded.len();
            while encoded.has_remaining() {
                writer.write_buf(&mut encoded).await?;
                peer.written.notify_waiters();
            }
            peer.queued_bytes.fetch_sub(len, Ordering::Relaxed);
            peer.written.notify_waiters();
            n_written += 1;
            next = queued.try_recv().ok();
        }
        writer.flush().await?;
        peer.n_unwritten.fetch_sub(n_written, Ordering::Relaxed);
        peer.written.notify_waiters();
    }
    writer.shutdown().await
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
