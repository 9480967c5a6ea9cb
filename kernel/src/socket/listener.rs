//! Where connections come from: a TCP port or, for `ipc://`, a Unix socket in the file system.

use std::io;
use std::path::{Path, PathBuf};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};

/// Either kind of stream.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

pub(super) enum Listener {
    Tcp(TcpListener),
    Ipc {
        listener: UnixListener,
        _file: SocketFile,
    },
}

impl Listener {
    /// Listens at `url`, `tcp://ip:port` or `ipc://path`; a socket file that an earlier process left is replaced.
    pub(super) async fn bind(url: &str) -> io::Result<Listener> {
        if let Some(address) = url.strip_prefix("tcp://") {
            let address = address
                .strip_prefix("*:")
                .map_or_else(|| address.to_string(), |port| format!("0.0.0.0:{port}"));
            return Ok(Listener::Tcp(TcpListener::bind(address).await?));
        }
        let path = url.strip_prefix("ipc://").ok_or_else(|| {
            let reason = "only `tcp` and `ipc` are known";
            io::Error::new(io::ErrorKind::Unsupported, reason)
        })?;
        let path = Path::new(path);
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(path)?;
        let _file = SocketFile(path.to_path_buf());
        Ok(Listener::Ipc { listener, _file })
    }

    /// The port, where it is one.
    pub(super) fn port(&self) -> Option<u16> {
        match self {
            Listener::Tcp(listener) => Some(listener.local_addr().ok()?.port()),
            Listener::Ipc { .. } => None,
        }
    }

    pub(super) async fn accept(&self) -> io::Result<Box<dyn Stream>> {
        match self {
            Listener::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                stream.set_nodelay(true)?;
                Ok(Box::new(stream))
            }
            Listener::Ipc { listener, .. } => Ok(Box::new(listener.accept().await?.0)),
        }
    }
}

/// Removed when it is no longer listened at.
pub(super) struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
