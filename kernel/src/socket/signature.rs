//! The frames around a Jupyter message: routing identities, delimiter, signature, parts.

use std::collections::{HashSet, VecDeque};

use bytes::Bytes;
use jupyter_zmq_client::RawMessage;
use ring::hmac;
use zeromq::ZmqMessage;

const DELIMITER: &[u8] = b"<IDS|MSG>";
/// How many signatures are remembered, as in `jupyter_client`.
const REMEMBERED: usize = 1 << 16;

/// A message whose signature has been verified, its parts still text.
#[derive(Debug)]
pub struct Sealed {
    pub identities: Vec<Bytes>,
    pub header: Bytes,
    pub parent: Bytes,
    pub metadata: Bytes,
    pub content: Bytes,
    pub buffers: Vec<Bytes>,
}

/// Signs and verifies with the key of the connection file; with an empty key, nothing is signed.
#[derive(Clone)]
pub struct Signer {
    key: Option<hmac::Key>,
}

impl Signer {
    /// HMAC-SHA256 with `key`.
    pub fn new(key: &str) -> Signer {
        let key = (!key.is_empty()).then(|| hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes()));
        Signer { key }
    }

    /// Takes a received message apart.
    ///
    /// # Errors
    /// Frames are missing, the signature is wrong, or it is one of `replays`.
    pub fn open(&self, frames: Vec<Bytes>, replays: &mut Replays) -> Result<Sealed, String> {
        let signature = frames
            .iter()
            .position(|frame| frame == DELIMITER)
            .and_then(|delimiter| frames.get(delimiter + 1))
            .cloned();
        let message = ZmqMessage::try_from(frames).map_err(|error| error.to_string())?;
        let raw = RawMessage::from_multipart(message, &self.key).map_err(|e| e.to_string())?;
        if self.key.is_some()
            && let Some(signature) = signature
            && !replays.is_new(signature)
        {
            return Err("a message that has been received before".to_string());
        }
        let [header, parent, metadata, content, buffers @ ..] = &raw.jparts[..] else {
            return Err(format!("a message of {} parts", raw.jparts.len()));
        };
        Ok(Sealed {
            header: header.clone(),
            parent: parent.clone(),
            metadata: metadata.clone(),
            content: content.clone(),
            buffers: buffers.to_vec(),
            identities: raw.zmq_identities,
        })
    }

    /// The frames of `message`, signed.
    pub fn seal(&self, message: Sealed) -> Vec<Bytes> {
        let parts = [
            message.header,
            message.parent,
            message.metadata,
            message.content,
        ];
        let mut frames = message.identities;
        frames.push(Bytes::from_static(DELIMITER));
        frames.push(self.sign(&parts));
        frames.extend(parts);
        frames.extend(message.buffers);
        frames
    }

    fn sign(&self, parts: &[Bytes]) -> Bytes {
        let Some(key) = &self.key else {
            return Bytes::new();
        };
        let mut context = hmac::Context::with_key(key);
        for part in parts {
            context.update(part);
        }
        let digest = context.sign();
        let hex = digest.as_ref().iter().map(|byte| format!("{byte:02x}"));
        Bytes::from(hex.collect::<String>())
    }
}

/// The signatures seen lately, so that a recorded message cannot be sent again.
#[derive(Debug, Default)]
pub struct Replays {
    seen: HashSet<Bytes>,
    order: VecDeque<Bytes>,
}

impl Replays {
    fn is_new(&mut self, signature: Bytes) -> bool {
        if !self.seen.insert(signature.clone()) {
            return false;
        }
        self.order.push_back(signature);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.seen.remove(&oldest);
        }
        true
    }
}
