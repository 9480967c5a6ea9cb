//! Bad messages, reconnecting, the heartbeat, sockets in the file system.

use bytes::Bytes;
use dagbok_kernel::socket::{Replays, Signer};
use jupyter_zmq_client::{
    ExecuteRequest, KernelInfoRequest, create_client_shell_connection_with_identity,
    peer_identity_for_session,
};
use zeromq::{SocketRecv, SocketSend, ZmqMessage};

use crate::client::{Client, Kernel, parent, patient, tcp};

const HEADER: &str = r#"{"msg_id": "m", "msg_type": "execute_request", "session": "a",
    "username": "u", "date": "2026-01-01T00:00:00Z", "version": "5.4", "cell_id": "s"}"#;

fn frames(parts: &[&str]) -> Vec<Bytes> {
    let bytes = |part: &&str| Bytes::copy_from_slice(part.as_bytes());
    parts.iter().map(bytes).collect()
}

/// A signed message with `header` and `content`.
fn signed(key: &str, header: &str, content: &str) -> Vec<Bytes> {
    signed_with(key, header, content, Vec::new())
}

/// A signed message with `header`, `content` and `buffers`.
pub(crate) fn signed_with(
    key: &str,
    header: &str,
    content: &str,
    buffers: Vec<Bytes>,
) -> Vec<Bytes> {
    let mut unsigned = frames(&["<IDS|MSG>", "", header, "{}", "{}", content]);
    unsigned.extend(buffers);
    let message = Signer::new("").open(unsigned, &mut Replays::default());
    Signer::new(key).seal(message.unwrap())
}

async fn send(client: &mut Client, frames: Vec<Bytes>) {
    let message = ZmqMessage::try_from(frames).unwrap();
    client.shell.socket.send(message).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_are_none_are_dropped() {
    let kernel = Kernel::start().await;
    let mut client = Client::connect(&kernel, "a").await;
    let cell = r#"{"code": "print never"}"#;
    let mut twice = signed("a key", HEADER, r#"{"code": "print once"}"#);
    let bad = [
        frames(&[""]),
        frames(&["<IDS|MSG>"]),
        frames(&["<IDS|MSG>", "", "{}", "{}", "{}"]),
        frames(&["<IDS|MSG>", "not hex", HEADER, "{}", "{}", cell]),
        frames(&["<IDS|MSG>", "", HEADER, "{}", "{}", cell]),
        signed("another key", HEADER, cell),
        signed("a key", "[", cell),
        signed("a key", r#"{"msg_id": "m"}"#, cell),
        twice.clone(),
        std::mem::take(&mut twice),
    ];
    for frames in bad {
        send(&mut client, frames).await;
    }
    let last = client.execute("print last").await;
    assert_eq!(client.reply("m").await, "ok [1]");
    assert_eq!(client.reply(&last).await, "ok [2]");
    client.published(&last).await;
    let once = client.published("m").await.join(" ");
    assert_eq!(once, r#"busy input [1] "print once" stdout "once\n" idle"#);
    assert_eq!(client.unclaimed(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_content_that_cannot_be_read_is_answered() {
    let kernel = Kernel::start().await;
    let mut client = Client::connect(&kernel, "a").await;
    send(&mut client, signed("a key", HEADER, r#"{"code": 1}"#)).await;
    let reply = patient(client.shell.socket.recv()).await.unwrap();
    let text = |idx: usize| String::from_utf8_lossy(reply.get(idx).unwrap()).into_owned();
    assert!(
        text(2).contains(r#""msg_type":"execute_reply""#),
        "{}",
        text(2)
    );
    assert!(text(3).contains(r#""cell_id":"s""#), "{}", text(3));
    assert!(
        text(5).contains("the content of `execute_request`"),
        "{}",
        text(5)
    );
    assert_eq!(client.published("m").await, ["busy", "idle"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_messages_are_tolerated() {
    let kernel = Kernel::start().await;
    let mut client = Client::connect(&kernel, "a").await;
    let header = HEADER.replace("execute_request", "no_such_request");
    send(&mut client, signed("a key", &header, "{}")).await;
    assert_eq!(client.published("m").await, ["busy", "idle"]);
    client.dialogue(KernelInfoRequest {}).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_heartbeat_echoes_while_a_cell_runs() {
    let kernel = Kernel::start().await;
    let mut client = Client::connect(&kernel, "a").await;
    client.execute("wait").await;
    for beat in ["ping", "", "\u{1}\u{2}"] {
        let beat = ZmqMessage::from(beat.as_bytes().to_vec());
        client.heartbeat.socket.send(beat.clone()).await.unwrap();
        let echo = patient(client.heartbeat.socket.recv()).await.unwrap();
        assert_eq!(echo.into_vec(), beat.into_vec());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_back_under_the_same_identity_is_answered() {
    let kernel = Kernel::start().await;
    let identity = peer_identity_for_session("one").unwrap();
    let mut former = None;
    for turn in 0..200 {
        let (connection, identity) = (&kernel.connection, identity.clone());
        let shell = create_client_shell_connection_with_identity(connection, "one", identity);
        let mut shell = shell.await.unwrap();
        if turn % 2 == 0 {
            former = None;
        }
        let request = KernelInfoRequest {}.into();
        let id = request_id(&request);
        shell.send(request).await.unwrap();
        let reply = patient(shell.read()).await.unwrap();
        assert_eq!(parent(&reply), id);
        former.replace(shell);
    }
}

fn request_id(message: &jupyter_zmq_client::JupyterMessage) -> String {
    message.header.msg_id.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn ipc_replaces_a_stale_file_and_leaves_none() {
    let folder = tempfile::tempdir().unwrap();
    let mut connection = tcp();
    connection.transport = jupyter_protocol::Transport::IPC;
    connection.ip = folder.path().join("kernel").display().to_string();
    let ports = [
        &mut connection.shell_port,
        &mut connection.iopub_port,
        &mut connection.stdin_port,
        &mut connection.control_port,
        &mut connection.hb_port,
    ];
    for (port, number) in ports.into_iter().zip(1..) {
        *port = number;
    }
    std::fs::write(folder.path().join("kernel-1"), "stale").unwrap();
    let kernel = Kernel::start_at(connection).await;
    let mut client = Client::connect(&kernel, "a").await;
    client
        .dialogue(ExecuteRequest::new("print a".to_string()))
        .await;
    let shutdown = client.send_control(jupyter_zmq_client::ShutdownRequest { restart: false });
    let shutdown = shutdown.await;
    client.control_reply(&shutdown).await;
    kernel.ended().await;
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
