//! A kernel with the scripted evaluator in this process, and a front end over real sockets.

use std::collections::VecDeque;
use std::sync::mpsc::Sender;
use std::time::Duration;

use dagbok_kernel::evaluate::{CellError, Evaluator};
use dagbok_kernel::server::{Options, Server};
use jupyter_zmq_client::{
    ClientControlConnection, ClientHeartbeatConnection, ClientIoPubConnection,
    ClientShellConnection, ClientStdinConnection, ConnectionInfo, ExecuteRequest, JupyterMessage,
    JupyterMessageContent, create_client_control_connection, create_client_heartbeat_connection,
    create_client_iopub_connection, create_client_shell_connection_with_identity,
    create_client_stdin_connection_with_identity, peer_identity_for_session,
};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use crate::scripted::{Scripted, Wake};

/// Nothing here takes this long; what does has failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// A kernel that runs in this process.
pub(crate) struct Kernel {
    pub(crate) connection: ConnectionInfo,
    /// Releases a cell that does `wait`.
    pub(crate) release: Sender<Wake>,
    pub(crate) running: JoinHandle<()>,
}

pub(crate) fn tcp() -> ConnectionInfo {
    serde_json::from_value(serde_json::json!({
        "ip": "127.0.0.1", "transport": "tcp", "key": "a key", "signature_scheme": "hmac-sha256",
        "shell_port": 0, "iopub_port": 0, "stdin_port": 0, "control_port": 0, "hb_port": 0,
    }))
    .unwrap()
}

impl Kernel {
    pub(crate) async fn start() -> Kernel {
        Kernel::start_at(tcp()).await
    }

    pub(crate) async fn start_at(connection: ConnectionInfo) -> Kernel {
        let evaluator = Scripted::new();
        let release = evaluator.releaser();
        Kernel::start_with(connection, release, move || Ok(Box::new(evaluator))).await
    }

    pub(crate) async fn start_with(
        connection: ConnectionInfo,
        release: Sender<Wake>,
        make: impl FnOnce() -> Result<Box<dyn Evaluator>, CellError> + Send + 'static,
    ) -> Kernel {
        let server = Server::bind(&connection).await.unwrap();
        Kernel {
            connection: server.connection().clone(),
            release,
            running: tokio::spawn(server.run(Options::default(), make)),
        }
    }

    pub(crate) async fn ended(self) {
        patient(self.running).await.unwrap();
    }
}

/// A front end.
pub(crate) struct Client {
    pub(crate) shell: ClientShellConnection,
    pub(crate) control: ClientControlConnection,
    pub(crate) stdin: ClientStdinConnection,
    pub(crate) iopub: ClientIoPubConnection,
    pub(crate) heartbeat: ClientHeartbeatConnection,
    published: VecDeque<JupyterMessage>,
}

impl Client {
    /// Connects under `session` as identity, and waits until iopub has greeted.
    pub(crate) async fn connect(kernel: &Kernel, session: &str) -> Client {
        let connection = &kernel.connection;
        let identity = peer_identity_for_session(session).unwrap();
        let stdin =
            create_client_stdin_connection_with_identity(connection, session, identity.clone());
        let shell = create_client_shell_connection_with_identity(connection, session, identity);
        let mut client = Client {
            stdin: stdin.await.unwrap(),
            shell: shell.await.unwrap(),
            control: create_client_control_connection(connection, session)
                .await
                .unwrap(),
            iopub: create_client_iopub_connection(connection, "", session)
                .await
                .unwrap(),
            heartbeat: create_client_heartbeat_connection(connection)
                .await
                .unwrap(),
            published: VecDeque::new(),
        };
        loop {
            let message = patient(client.iopub.read()).await.unwrap();
            if let JupyterMessageContent::IoPubWelcome(welcome) = &message.content {
                assert_eq!(welcome.subscription, "");
                assert!(message.parent_header.is_none());
                return client;
            }
        }
    }

    pub(crate) async fn send(&mut self, content: impl Into<JupyterMessageContent>) -> String {
        let message = JupyterMessage::new(content, None);
        let id = message.header.msg_id.clone();
        self.shell.send(message).await.unwrap();
        id
    }

    pub(crate) async fn send_control(
        &mut self,
        content: impl Into<JupyterMessageContent>,
    ) -> String {
        let message = JupyterMessage::new(content, None);
        let id = message.header.msg_id.clone();
        self.control.send(message).await.unwrap();
        id
    }

    pub(crate) async fn execute(&mut self, code: &str) -> String {
        self.send(ExecuteRequest::new(code.to_string())).await
    }

    /// The next reply on shell, which must be that to `request`.
    pub(crate) async fn reply(&mut self, request: &str) -> String {
        let message = patient(self.shell.read()).await.unwrap();
        assert_eq!(parent(&message), request, "{:?}", message.content);
        describe(&message)
    }

    pub(crate) async fn control_reply(&mut self, request: &str) -> String {
        let message = patient(self.control.read()).await.unwrap();
        assert_eq!(parent(&message), request, "{:?}", message.content);
        describe(&message)
    }

    /// What is published for `request`, from busy to idle. Text of a stream is told as one, however it was cut.
    pub(crate) async fn published(&mut self, request: &str) -> Vec<String> {
        let mut seen = Vec::new();
        let mut stream: Option<(String, String)> = None;
        loop {
            let message = self.next_for(request).await;
            if let JupyterMessageContent::StreamContent(content) = message.content {
                let name = format!("{:?}", content.name).to_lowercase();
                match &mut stream {
                    Some((last, text)) if *last == name => text.push_str(&content.text),
                    other => seen.extend(told(other.replace((name, content.text)))),
                }
                continue;
            }
            seen.extend(told(stream.take()));
            seen.push(describe(&message));
            if seen.last().is_some_and(|last| last == "idle") {
                return seen;
            }
        }
    }

    /// The next message published for `request`; others are kept for those who ask for them.
    pub(crate) async fn next_for(&mut self, request: &str) -> JupyterMessage {
        if let Some(idx) = self
            .published
            .iter()
            .position(|kept| parent(kept) == request)
        {
            return self.published.remove(idx).unwrap();
        }
        loop {
            // What this client's types do not allow is for others.
            let Ok(message) = patient(self.iopub.read()).await else {
                continue;
            };
            if parent(&message) == request {
                return message;
            }
            self.published.push_back(message);
        }
    }

    /// Waits until the cell of `request` has begun; what it publishes is kept.
    pub(crate) async fn has_begun(&mut self, request: &str) {
        let mut seen = Vec::new();
        loop {
            let message = self.next_for(request).await;
            let is_input = matches!(message.content, JupyterMessageContent::ExecuteInput(_));
            seen.push(message);
            if is_input {
                break;
            }
        }
        self.published.extend(seen);
    }

    /// What has been published for a request and nobody has asked for.
    pub(crate) fn unclaimed(&self) -> Vec<String> {
        let published = self.published.iter();
        let caused = published.filter(|message| message.parent_header.is_some());
        caused.map(describe).collect()
    }

    /// Runs `code` and tells the whole dialogue: what is published, then the reply.
    pub(crate) async fn dialogue(&mut self, request: impl Into<JupyterMessageContent>) -> String {
        let id = self.send(request).await;
        let mut seen = self.published(&id).await;
        seen.push(format!("-> {}", self.reply(&id).await));
        assert_eq!(self.unclaimed(), Vec::<String>::new());
        seen.join("\n")
    }
}

/// A subscriber to everything that has not read anything yet but the greeting.
pub(crate) async fn subscriber(kernel: &Kernel) -> TcpStream {
    let port = kernel.connection.iopub_port;
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let mut greeting = [0; 64];
    greeting[0] = 0xff;
    greeting[9] = 0x7f;
    greeting[10] = 3;
    greeting[12..16].copy_from_slice(b"NULL");
    stream.write_all(&greeting).await.unwrap();
    let ready = b"\x04\x19\x05READY\x0bSocket-Type\0\0\0\x03SUB";
    stream.write_all(ready).await.unwrap();
    stream.write_all(b"\0\x01\x01").await.unwrap();
    // Its own greeting and READY, and the beginning of the welcome.
    let mut received = [0; 128];
    patient(stream.read_exact(&mut received)).await.unwrap();
    stream
}

/// `future`, or a panic where it takes too long.
pub(crate) async fn patient<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(PATIENCE, future)
        .await
        .expect("no answer in time")
}

pub(crate) fn parent(message: &JupyterMessage) -> &str {
    message
        .parent_header
        .as_ref()
        .map_or("", |header| &header.msg_id)
}

/// A message in a few words.
pub(crate) fn describe(message: &JupyterMessage) -> String {
    let content = serde_json::to_value(&message.content).unwrap();
    let text = |field: &str| content[field].as_str().unwrap_or_default().to_string();
    let plain = || content["data"]["text/plain"].as_str().unwrap_or_default();
    let id = || content["transient"]["display_id"].as_str().unwrap_or("-");
    match message.header.msg_type.as_str() {
        "status" => text("execution_state"),
        "execute_input" => format!("input [{}] {:?}", content["execution_count"], text("code")),
        "stream" => format!("{} {:?}", text("name"), text("text")),
        "display_data" => format!("display {} {:?}", id(), plain()),
        "update_display_data" => format!("update {} {:?}", id(), plain()),
        "execute_result" => format!("result [{}] {:?}", content["execution_count"], plain()),
        "error" => format!("error {}: {}", text("ename"), text("evalue")),
        "execute_reply" => {
            let error = match &content["ename"] {
                Value::String(name) => format!(" {name}: {}", text("evalue")),
                _ => String::new(),
            };
            format!("{} [{}]{error}", text("status"), content["execution_count"])
        }
        other => format!("{other} {content}"),
    }
}

fn told(stream: Option<(String, String)>) -> Option<String> {
    stream.map(|(name, text)| format!("{name} {text:?}"))
}
