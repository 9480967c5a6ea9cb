//! Comms between front ends and the session process: whose callbacks run, and which comms end when the process does.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::turn::Shared;
use crate::channel;
use crate::evaluate::{Comm, CommEvent, Frontend, Output};

/// What front ends open that show widgets alive.
const CONTROL_TARGET: &str = "jupyter.widget.control";

/// Hands `comm` to the session process, and waits until its callbacks have run.
pub(super) fn receive(shared: &Shared, comm: Comm, frontend: Arc<dyn Frontend>) {
    let is_open = matches!(comm.event, CommEvent::Open { .. });
    if matches!(&comm.event, CommEvent::Open { target } if target == CONTROL_TARGET) {
        shared.set_widgets_alive();
    }
    let id = comm.id.clone();
    let session = shared.session();
    let control = shared.controls.begin();
    // An interrupt from now on is for the callbacks.
    control.run_in(session.clone());
    let is_handled = session.comm(to_frame(comm), frontend.clone());
    shared.controls.end(&control);
    if is_open && !is_handled {
        frontend.output(closed(id));
    }
}

/// The comms that are open, each with the front end that has seen it open.
#[derive(Default)]
pub(super) struct OpenComms {
    frontends: BTreeMap<String, Arc<dyn Frontend>>,
}

impl OpenComms {
    /// Either side says `comm`, which `frontend` sees.
    pub(super) fn note(&mut self, comm: &channel::Comm, frontend: Option<Arc<dyn Frontend>>) {
        match (&comm.event, frontend) {
            (channel::CommEvent::Open { .. }, Some(frontend)) => {
                self.frontends.insert(comm.id.clone(), frontend);
            }
            (channel::CommEvent::Close, _) => {
                self.frontends.remove(&comm.id);
            }
            _ => {}
        }
    }

    /// The process is gone, and its side of all comms.
    pub(super) fn close_all(&mut self) {
        for (id, frontend) in std::mem::take(&mut self.frontends) {
            frontend.output(closed(id));
        }
    }
}

fn closed(id: String) -> Output {
    Output::Comm(Comm {
        id,
        event: CommEvent::Close,
        data: Value::Object(Map::new()),
        metadata: Map::new(),
        buffers: Vec::new(),
    })
}

fn to_frame(comm: Comm) -> channel::Comm {
    channel::Comm {
        id: comm.id,
        event: match comm.event {
            CommEvent::Open { target } => channel::CommEvent::Open { target },
            CommEvent::Message => channel::CommEvent::Message,
            CommEvent::Close => channel::CommEvent::Close,
        },
        data: comm.data.to_string(),
        metadata: Value::Object(comm.metadata).to_string(),
        buffers: comm.buffers.iter().map(|buffer| buffer.to_vec()).collect(),
    }
}

/// What the session says; what is not JSON would be a mistake of its own.
pub(super) fn to_output(comm: channel::Comm) -> Output {
    Output::Comm(Comm {
        id: comm.id,
        event: match comm.event {
            channel::CommEvent::Open { target } => CommEvent::Open { target },
            channel::CommEvent::Message => CommEvent::Message,
            channel::CommEvent::Close => CommEvent::Close,
        },
        data: serde_json::from_str(&comm.data).unwrap_or_default(),
        metadata: serde_json::from_str(&comm.metadata).unwrap_or_default(),
        buffers: comm.buffers.into_iter().map(Into::into).collect(),
    })
}
