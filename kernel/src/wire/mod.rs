//! Jupyter's messages: the only place that knows their JSON.
//!
//! Contents are those of `jupyter-protocol` where its types say what Jupyter says. Headers are read and written here,
//! so that a parent's header goes back whole, with fields that the crate does not know (`subshell_id`), and so that a
//! request whose content cannot be read is still answered.

mod publication;
mod reply;
mod request;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
pub use jupyter_protocol::ConnectionInfo;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::evaluate::Output;
use crate::session::{Asked, Message, Publication, Request};
use crate::socket::{Incoming, Replays, Route, Sealed, Signer};

/// The version of Jupyter's messaging protocol that is spoken.
pub const PROTOCOL_VERSION: &str = "5.5";

/// What a connection file says.
///
/// # Errors
/// `text` is not a connection file, or asks for signatures other than HMAC-SHA256.
pub fn read_connection(text: &str) -> Result<ConnectionInfo, String> {
    let connection: ConnectionInfo =
        serde_json::from_str(text).map_err(|error| error.to_string())?;
    let scheme = &connection.signature_scheme;
    if !connection.key.is_empty() && scheme != "hmac-sha256" {
        return Err(format!(
            "signatures by `{scheme}` are not supported, only by `hmac-sha256`"
        ));
    }
    Ok(connection)
}

/// The sockets on which requests come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    Shell,
    Control,
}

/// What a message must remember of the request that caused it.
#[derive(Debug)]
pub struct Origin {
    pub channel: Channel,
    pub route: Route,
    identities: Vec<Bytes>,
    header: Map<String, Value>,
}

impl PartialEq for Origin {
    fn eq(&self, other: &Origin) -> bool {
        self.header == other.header
    }
}

impl Origin {
    fn text(&self, field: &str) -> &str {
        self.header
            .get(field)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// The type of the reply to this request.
    fn reply_type(&self) -> String {
        let msg_type = self.text("msg_type");
        format!(
            "{}_reply",
            msg_type.strip_suffix("_request").unwrap_or(msg_type)
        )
    }
}

/// Turns what arrives into requests.
pub struct Reader {
    signer: Signer,
    replays: Replays,
}

impl Reader {
    /// Reads messages signed as `connection` says.
    pub fn new(connection: &ConnectionInfo) -> Reader {
        Reader {
            signer: Signer::new(&connection.key),
            replays: Replays::default(),
        }
    }

    /// The request in `incoming`.
    ///
    /// # Errors
    /// Why the message is to be dropped: it is not signed as it should be, or not a message at all. What is signed and
    /// has a header, but a content that makes no sense, is a [`Request::Invalid`].
    pub fn read(
        &mut self,
        channel: Channel,
        incoming: Incoming,
    ) -> Result<(Arc<Origin>, Asked), String> {
        let Incoming { route, frames } = incoming;
        let mut message = self.signer.open(frames, &mut self.replays)?;
        let header: Map<String, Value> = serde_json::from_slice(&message.header)
            .map_err(|error| format!("a header that cannot be read: {error}"))?;
        let identities = std::mem::take(&mut message.identities);
        let origin = Origin {
            channel,
            route,
            identities,
            header,
        };
        let msg_type = origin.text("msg_type");
        if msg_type.is_empty() {
            return Err("a header without `msg_type`".to_string());
        }
        let request = request::parse(msg_type, message);
        if let Request::Invalid(reason) = &request {
            tracing::warn!(msg_type, reason, "a request that cannot be read");
        }
        let asked = Asked {
            request,
            subshell: origin.header.get("subshell_id").and_then(text_of),
            sent: origin.header.get("date").and_then(time_of),
        };
        Ok((Arc::new(origin), asked))
    }

    /// What was typed, in `incoming` from stdin.
    ///
    /// # Errors
    /// Why the message is to be dropped.
    pub fn read_typed(&mut self, incoming: Incoming) -> Result<Typed, String> {
        let message = self.signer.open(incoming.frames, &mut self.replays)?;
        let map = |part: &Bytes| serde_json::from_slice::<Map<String, Value>>(part);
        let header = map(&message.header).map_err(|error| error.to_string())?;
        let text = |map: &Map<String, Value>, field: &str| {
            let text = map.get(field).and_then(Value::as_str);
            text.map(str::to_owned)
        };
        if text(&header, "msg_type").as_deref() != Some("input_reply") {
            return Err("not an `input_reply`".to_string());
        }
        // Some clients name no parent, others the cell; only one that names a question says which.
        let parent = map(&message.parent).unwrap_or_default();
        let is_question = text(&parent, "msg_type").as_deref() == Some("input_request");
        Ok(Typed {
            text: request::input_reply(&message.content).map_err(|error| error.to_string())?,
            question: text(&parent, "msg_id").filter(|_| is_question),
        })
    }
}

/// What was typed, and which question it answers, if the front end says so.
#[derive(Debug)]
pub struct Typed {
    pub text: String,
    pub question: Option<String>,
}

/// Turns messages into frames to send.
pub struct Writer {
    signer: Signer,
    connection: ConnectionInfo,
    /// This kernel's id in every header and topic.
    session: String,
    sent: AtomicU64,
}

impl Writer {
    /// Writes messages of a new session, signed as `connection` says.
    pub fn new(connection: &ConnectionInfo) -> Writer {
        Writer {
            signer: Signer::new(&connection.key),
            connection: connection.clone(),
            session: uuid::Uuid::new_v4().to_string(),
            sent: AtomicU64::new(0),
        }
    }

    /// What this kernel calls itself in every header.
    pub fn session(&self) -> &str {
        &self.session
    }

    /// The frames of `message`.
    pub fn write(&self, message: &Message<Arc<Origin>>) -> Vec<Bytes> {
        match message {
            Message::Reply(reply) => {
                let msg_type = reply.origin.reply_type();
                let content = reply::content(&reply.content, &self.connection);
                let identities = reply.origin.identities.clone();
                let frame = Frame::new(&msg_type, content);
                self.frames(identities, Some(&reply.origin), frame)
            }
            Message::Ask(ask) => {
                let content = json!({ "prompt": ask.prompt, "password": ask.hidden });
                let identities = ask.origin.identities.clone();
                let frame = Frame {
                    id: Some(ask.id.clone()),
                    ..Frame::new("input_request", content)
                };
                self.frames(identities, Some(&ask.origin), frame)
            }
            Message::Publish {
                origin,
                publication,
            } => self.publish(origin.as_deref(), publication),
        }
    }

    /// The message that greets a subscriber of `topic`; none if that is not text.
    pub fn welcome(&self, topic: &[u8]) -> Option<Vec<Bytes>> {
        let subscription = std::str::from_utf8(topic).ok()?;
        let content = json!({ "subscription": subscription });
        let identities = vec![Bytes::copy_from_slice(topic)];
        Some(self.frames(identities, None, Frame::new("iopub_welcome", content)))
    }

    fn publish(&self, origin: Option<&Origin>, publication: &Publication) -> Vec<Bytes> {
        let (msg_type, content) = publication::content(publication);
        let topic = format!("kernel.{}.{msg_type}", self.session);
        let mut frame = Frame::new(msg_type, content);
        if let Publication::Output {
            output: Output::Comm(comm),
            ..
        } = publication
        {
            frame.metadata = comm.metadata.clone();
            frame.buffers = comm.buffers.clone();
        }
        self.frames(vec![Bytes::from(topic)], origin, frame)
    }

    fn frames(
        &self,
        identities: Vec<Bytes>,
        parent: Option<&Origin>,
        frame: Frame<'_>,
    ) -> Vec<Bytes> {
        let sent = self.sent.fetch_add(1, Ordering::Relaxed);
        let header = json!({
            "msg_id": frame.id.unwrap_or_else(|| format!("{}_{sent}", self.session)),
            "msg_type": frame.msg_type,
            "session": self.session,
            "username": "kernel",
            "date": DateTime::<Utc>::from(SystemTime::now())
                .to_rfc3339_opts(SecondsFormat::Micros, true),
            "version": PROTOCOL_VERSION,
        });
        let nothing = Map::new();
        self.signer.seal(Sealed {
            identities,
            header: json_bytes(&header),
            parent: json_bytes(parent.map_or(&nothing, |origin| &origin.header)),
            metadata: json_bytes(&frame.metadata),
            content: json_bytes(&frame.content),
            buffers: frame.buffers,
        })
    }
}

/// What a message says beside whom it answers.
struct Frame<'a> {
    /// Its id; any, if it does not matter which.
    id: Option<String>,
    msg_type: &'a str,
    metadata: Map<String, Value>,
    content: Value,
    buffers: Vec<Bytes>,
}

impl<'a> Frame<'a> {
    fn new(msg_type: &'a str, content: Value) -> Self {
        Frame {
            id: None,
            msg_type,
            metadata: Map::new(),
            content,
            buffers: Vec::new(),
        }
    }
}

fn text_of(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// The time that a header names.
fn time_of(date: &Value) -> Option<SystemTime> {
    let date = DateTime::parse_from_rfc3339(date.as_str()?).ok()?;
    Some(date.into())
}

/// JSON text of maps with string keys, which cannot fail.
fn json_bytes(value: &impl Serialize) -> Bytes {
    serde_json::to_vec(value).unwrap_or_default().into()
}
