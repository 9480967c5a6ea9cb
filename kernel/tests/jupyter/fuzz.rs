//! Ten thousand messages that are not quite right, and bytes that are no messages at all.

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use zeromq::{SocketRecv, SocketSend, ZmqMessage};

use jupyter_zmq_client::KernelInfoRequest;

use crate::client::{Client, Kernel, patient};
use crate::transport::signed_with;

const N_MESSAGES: u64 = 10_000;

/// The same numbers in each run (xorshift64*, Vigna 2016).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }

    fn of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len())]
    }
}

/// All that the kernel knows, but for what ends it.
const MSG_TYPES: &[&str] = &[
    "execute_request",
    "kernel_info_request",
    "complete_request",
    "inspect_request",
    "is_complete_request",
    "history_request",
    "comm_info_request",
    "comm_open",
    "comm_msg",
    "comm_close",
    "connect_request",
    "interrupt_request",
    "usage_request",
    "debug_request",
    "create_subshell_request",
    "delete_subshell_request",
    "list_subshell_request",
    "input_reply",
    "",
    "no\u{0}such",
];

fn any_value(chance: &mut Chance) -> Value {
    match chance.below(9) {
        0 => Value::Null,
        1 => json!(-1),
        2 => json!(u64::MAX),
        3 => json!(1e308),
        4 => json!(true),
        5 => json!("\u{1f980}\u{0}"),
        6 => json!([[[[]]]]),
        7 => json!({ "": { "a": [] } }),
        _ => json!("x".repeat(chance.below(5000))),
    }
}

/// A message as a front end sends it, some of whose fields are missing or of another type.
fn message(number: u64, chance: &mut Chance) -> Vec<Bytes> {
    let mut header = json!({
        "msg_id": format!("fuzz-{number}"), "msg_type": chance.of(MSG_TYPES), "session": "fuzz",
        "username": "u", "date": "2026-01-01T00:00:00Z", "version": "5.4",
    });
    let mut content = json!({
        "code": "print x", "cursor_pos": 3, "silent": false, "detail_level": 0,
        "hist_access_type": "tail", "n": 3, "comm_id": "c", "target_name": "echo", "data": {},
        "subshell_id": "s", "command": "debugInfo", "value": "typed",
    });
    for object in [&mut header, &mut content] {
        let fields: Vec<String> = object.as_object().unwrap().keys().cloned().collect();
        for _ in 0..chance.below(3) {
            let field = chance.of(&fields);
            // What is sent to the wrong kind of request must not be what ends the kernel.
            match chance.below(2) {
                0 => drop(object.as_object_mut().unwrap().remove(field)),
                _ => object[field] = any_value(chance),
            }
        }
    }
    let mut content = content.to_string();
    if chance.below(8) == 0 {
        let end = content.floor_char_boundary(chance.below(content.len()));
        content.truncate(end);
    }
    let buffers = vec![Bytes::from_static(b"\0\xff"); chance.below(3)];
    signed_with("a key", &header.to_string(), &content, buffers)
}

/// Damages what has been signed: mostly it is no longer what the signature says.
fn damage(frames: &mut Vec<Bytes>, chance: &mut Chance) {
    let idx = chance.below(frames.len());
    match chance.below(6) {
        0 => drop(frames.remove(idx)),
        1 => frames.insert(idx, Bytes::from_static(b"<IDS|MSG>")),
        2 => frames.truncate(idx.max(1)),
        3 => frames[idx] = Bytes::new(),
        4 => {
            let mut bytes = frames[idx].to_vec();
            if !bytes.is_empty() {
                let at = chance.below(bytes.len());
                bytes[at] ^= 1 << chance.below(8);
            }
            frames[idx] = bytes.into();
        }
        _ => {
            let other = chance.below(frames.len());
            frames.swap(idx, other);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mutated_messages_do_the_kernel_no_harm() {
    let kernel = Kernel::start().await;
    let mut client = Client::connect(&kernel, "a").await;
    let chance = &mut Chance(20_261_122);
    for number in 0..N_MESSAGES {
        let mut frames = message(number, chance);
        if chance.below(2) == 0 {
            damage(&mut frames, chance);
        }
        let message = ZmqMessage::try_from(frames).unwrap();
        let sent = match chance.below(4) {
            0 => client.control.socket.send(message).await,
            1 => client.stdin.socket.send(message).await,
            _ => client.shell.socket.send(message).await,
        };
        sent.unwrap();
    }
    // Interrupts are among them; what comes behind the last one runs.
    let id = client.send_control(KernelInfoRequest {}).await;
    client.published(&id).await;
    let id = client.send(KernelInfoRequest {}).await;
    client.published(&id).await;
    let last = client.execute("print last\nresult 1").await;
    loop {
        let reply = patient(client.shell.socket.recv()).await.unwrap();
        let is_last = |frame: &Bytes| frame.windows(last.len()).any(|id| id == last.as_bytes());
        if reply.iter().any(is_last) {
            break;
        }
    }
    let seen = client.published(&last).await;
    assert!(seen.contains(&r#"stdout "last\n""#.to_owned()), "{seen:?}");
    assert!(
        seen.iter().any(|line| line.starts_with("result [")),
        "{seen:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_not_zeromq_end_their_connection_alone() {
    let kernel = Kernel::start().await;
    let mut client = Client::connect(&kernel, "a").await;
    let chance = &mut Chance(5);
    let mut greeting = vec![0; 64];
    greeting[0] = 0xff;
    greeting[9] = 0x7f;
    greeting[10] = 3;
    greeting[12..16].copy_from_slice(b"NULL");
    let mut talk = greeting;
    talk.extend(b"\x04\x1a\x05READY\x0bSocket-Type\0\0\0\x06DEALER");
    talk.extend(b"\x01\x09<IDS|MSG>\0\x02{}\x02\xff\xff\xff\xff\xff\xff\xff\xff");
    let connection = kernel.connection.clone();
    let ports = [
        connection.shell_port,
        connection.control_port,
        connection.stdin_port,
        connection.iopub_port,
        connection.hb_port,
    ];
    for _ in 0..500 {
        let mut bytes = talk.clone();
        for _ in 0..chance.below(4) {
            let at = chance.below(bytes.len());
            bytes[at] = chance.next() as u8;
        }
        bytes.truncate(chance.below(bytes.len() + 1));
        let port = *chance.of(&ports);
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        // The kernel may have hung up already.
        let _ = stream.write_all(&bytes).await;
    }
    let told = client
        .dialogue(jupyter_zmq_client::ExecuteRequest::new(
            "print a".to_owned(),
        ))
        .await;
    assert!(told.ends_with("-> ok [1]"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_message_arrives_whole() {
    let kernel = Kernel::start().await;
    let mut client = Client::connect(&kernel, "a").await;
    let text = "å".repeat(5 << 20);
    let request = client.execute(&format!("print {text}")).await;
    let expected = format!("stdout {:?}", format!("{text}\n"));
    assert!(client.published(&request).await.contains(&expected));
    assert_eq!(client.reply(&request).await, "ok [1]");
}
