//! ZMTP 3.0 with the NULL mechanism (<https://rfc.zeromq.org/spec/23/>), as the side that accepts.

use std::io;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// The largest frame that is read; a longer one ends the connection.
const FRAME_BYTES_MAX: u64 = 1 << 30;
/// The largest number of frames in one message.
const FRAMES_MAX: usize = 4096;
/// How much is reserved ahead of what has really arrived.
const READ_BYTES: usize = 64 << 10;

const MORE: u8 = 1;
const LONG: u8 = 2;
const COMMAND: u8 = 4;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SocketType {
    Router,
    XPub,
    Rep,
}

impl SocketType {
    fn name(self) -> &'static str {
        match self {
            SocketType::Router => "ROUTER",
            SocketType::XPub => "XPUB",
            SocketType::Rep => "REP",
        }
    }

    fn talks_to(self, peer: &str) -> bool {
        match self {
            SocketType::Router => matches!(peer, "DEALER" | "REQ" | "ROUTER"),
            SocketType::XPub => matches!(peer, "SUB" | "XSUB"),
            SocketType::Rep => matches!(peer, "REQ" | "DEALER"),
        }
    }
}

/// What a peer sends once the handshake is over.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Received {
    Message(Vec<Bytes>),
    Command { name: Bytes, body: Bytes },
}

/// Greets the peer and exchanges READY; gives the identity that it chose, empty if none.
pub(super) async fn handshake<S>(stream: &mut S, socket_type: SocketType) -> io::Result<Bytes>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    stream.write_all(&greeting()).await?;
    stream.flush().await?;
    let mut theirs = [0; 64];
    stream.read_exact(&mut theirs[..11]).await?;
    if theirs[0] != 0xff || theirs[9] & 1 == 0 {
        return Err(invalid("not a ZeroMQ greeting"));
    }
    if theirs[10] < 3 {
        return Err(invalid("the peer speaks ZMTP below version 3"));
    }
    stream.read_exact(&mut theirs[11..]).await?;
    if theirs[12..32].split(|byte| *byte == 0).next() != Some(b"NULL") {
        return Err(invalid("the peer asks for a mechanism other than `NULL`"));
    }

    let mut ready = BytesMut::new();
    put_property(&mut ready, "Socket-Type", socket_type.name().as_bytes());
    stream.write_all(&encode_command(b"READY", &ready)).await?;
    stream.flush().await?;
    match read_frame(stream).await? {
        (COMMAND, body) => identity(body, socket_type),
        _ => Err(invalid("a message before READY")),
    }
}

fn greeting() -> [u8; 64] {
    let mut greeting = [0; 64];
    greeting[0] = 0xff;
    greeting[9] = 0x7f;
    greeting[10] = 3;
    greeting[12..16].copy_from_slice(b"NULL");
    greeting
}

fn put_property(into: &mut BytesMut, name: &str, value: &[u8]) {
    into.put_u8(name.len() as u8);
    into.put_slice(name.as_bytes());
    into.put_u32(value.len() as u32);
    into.put_slice(value);
}

fn identity(body: Bytes, socket_type: SocketType) -> io::Result<Bytes> {
    let (name, mut properties) = split_command(body)?;
    if name != "READY" {
        return Err(invalid("the peer refused the connection"));
    }
    let mut identity = Bytes::new();
    while properties.has_remaining() {
        let (name, value) = take_property(&mut properties)
            .ok_or_else(|| invalid("a READY command that is cut short"))?;
        if name.eq_ignore_ascii_case(b"Identity") {
            identity = value;
        } else if name.eq_ignore_ascii_case(b"Socket-Type") {
            let peer = String::from_utf8_lossy(&value);
            if !socket_type.talks_to(&peer) {
                let name = socket_type.name();
                return Err(invalid(&format!(
                    "a `{peer}` socket cannot talk to a `{name}`"
                )));
            }
        }
    }
    Ok(identity)
}

fn take_property(from: &mut Bytes) -> Option<(Bytes, Bytes)> {
    let name_len = from.try_get_u8().ok()? as usize;
    let name = (from.remaining() >= name_len).then(|| from.split_to(name_len))?;
    let value_len = from.try_get_u32().ok()? as usize;
    let value = (from.remaining() >= value_len).then(|| from.split_to(value_len))?;
    Some((name, value))
}

fn split_command(mut body: Bytes) -> io::Result<(Bytes, Bytes)> {
    let name_len = body
        .try_get_u8()
        .map_err(|_| invalid("a command without a name"))? as usize;
    if body.remaining() < name_len {
        return Err(invalid("a command that is cut short"));
    }
    let name = body.split_to(name_len);
    Ok((name, body))
}

/// Reads the next message or command; an end of the stream is an error of kind `UnexpectedEof`.
pub(super) async fn read<R: AsyncRead + Unpin>(reader: &mut R) -> io::Result<Received> {
    let mut frames = Vec::new();
    loop {
        let (flags, body) = read_frame(reader).await?;
        if flags & COMMAND != 0 {
            let (name, body) = split_command(body)?;
            return Ok(Received::Command { name, body });
        }
        frames.push(body);
        if flags & MORE == 0 {
            return Ok(Received::Message(frames));
        }
        if frames.len() == FRAMES_MAX {
            return Err(invalid("a message of too many frames"));
        }
    }
}

/// The frame's flags without `LONG`, and its body.
async fn read_frame<R: AsyncRead + Unpin>(reader: &mut R) -> io::Result<(u8, Bytes)> {
    let flags = reader.read_u8().await?;
    let len = match flags & LONG {
        0 => u64::from(reader.read_u8().await?),
        _ => reader.read_u64().await?,
    };
    if len > FRAME_BYTES_MAX {
        return Err(invalid(&format!("a frame of {len} bytes")));
    }
    let len = len as usize;
    let mut body = BytesMut::with_capacity(len.min(READ_BYTES));
    let mut rest = reader.take(len as u64);
    while body.len() < len {
        body.reserve((len - body.len()).min(READ_BYTES));
        if rest.read_buf(&mut body).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok((flags & !LONG, body.freeze()))
}

/// A message as it goes over the connection.
pub(super) fn encode<'a>(frames: impl IntoIterator<Item = &'a Bytes>) -> Bytes {
    let mut frames = frames.into_iter().peekable();
    let mut encoded = BytesMut::new();
    while let Some(frame) = frames.next() {
        let more = if frames.peek().is_some() { MORE } else { 0 };
        put_frame(&mut encoded, more, frame);
    }
    encoded.freeze()
}

/// A command as it goes over the connection.
pub(super) fn encode_command(name: &[u8], body: &[u8]) -> Bytes {
    let mut command = BytesMut::with_capacity(1 + name.len() + body.len());
    command.put_u8(name.len() as u8);
    command.put_slice(name);
    command.put_slice(body);
    let mut encoded = BytesMut::new();
    put_frame(&mut encoded, COMMAND, &command);
    encoded.freeze()
}

fn put_frame(into: &mut BytesMut, flags: u8, body: &[u8]) {
    into.reserve(body.len() + 9);
    match u8::try_from(body.len()) {
        Ok(len) => {
            into.put_u8(flags);
            into.put_u8(len);
        }
        Err(_) => {
            into.put_u8(flags | LONG);
            into.put_u64(body.len() as u64);
        }
    }
    into.put_slice(body);
}

fn invalid(reason: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check_read(mut bytes: &[u8], expected: Expect) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let mut seen = Vec::new();
        while !bytes.is_empty() {
            match runtime.block_on(read(&mut bytes)) {
                Ok(received) => seen.push(format!("{received:?}")),
                Err(error) => {
                    seen.push(format!("error: {error}"));
                    break;
                }
            }
        }
        expected.assert_eq(&seen.join("\n"));
    }

    #[test]
    fn reads_messages_and_commands() {
        check_read(b"\x00\x01a", expect![[r#"Message([b"a"])"#]]);
        check_read(
            b"\x01\x01a\x02\0\0\0\0\0\0\0\x02bc",
            expect![[r#"Message([b"a", b"bc"])"#]],
        );
        check_read(
            b"\x04\x06\x04PING\x00\x00\x00",
            expect![[r#"
                Command { name: b"PING", body: b"\0" }
                Message([b""])"#]],
        );
    }

    #[test]
    fn refuses_what_is_cut_short_or_too_long() {
        check_read(b"\x00\x05ab", expect!["error: unexpected end of file"]);
        check_read(b"\x01\x01a", expect!["error: unexpected end of file"]);
        check_read(
            b"\x02\x7f\xff\xff\xff\xff\xff\xff\xff",
            expect!["error: a frame of 9223372036854775807 bytes"],
        );
        check_read(
            b"\x04\x01\x09",
            expect!["error: a command that is cut short"],
        );
    }

    #[test]
    fn reads_what_it_encodes() {
        let long = Bytes::from(vec![7; 100_000]);
        let frames = vec![Bytes::new(), Bytes::from_static(b"x"), long];
        let encoded = encode(&frames);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let received = runtime.block_on(read(&mut &encoded[..])).unwrap();
        assert_eq!(received, Received::Message(frames));
    }
}
