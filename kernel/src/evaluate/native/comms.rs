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

/// The comms that are open, of which the front ends are told when the process ends.
#[derive(Default)]
pub(super) struct OpenComms(BTreeMap<String, OpenComm>);

struct OpenComm {
    /// What has seen it open.
    frontend: Arc<dyn Frontend>,
    is_control: bool,
}

impl OpenComms {
    /// The front end says `comm`.
    pub(super) fn note_heard(&mut self, comm: &channel::Comm, frontend: Arc<dyn Frontend>) {
        self.note(comm, Some(frontend));
    }

    /// The session says `comm`, which `frontend` sees.
    pub(super) fn note_said(&mut self, comm: &channel::Comm, frontend: Option<Arc<dyn Frontend>>) {
        let is_message = matches!(comm.event, channel::CommEvent::Message);
        // An answer on a control comm makes the front end close it; to close it from here as well would be an error there.
        if is_message && self.0.get(&comm.id).is_some_and(|open| open.is_control) {
            self.0.remove(&comm.id);
        }
        self.note(comm, frontend);
    }

    fn note(&mut self, comm: &channel::Comm, frontend: Option<Arc<dyn Frontend>>) {
        match (&comm.event, frontend) {
            (channel::CommEvent::Open { target }, Some(frontend)) => {
                let is_control = target == CONTROL_TARGET;
                let open = OpenComm {
                    frontend,
                    is_control,
                };
                self.0.insert(comm.id.clone(), open);
            }
            (channel::CommEvent::Close, _) => {
                self.0.remove(&comm.id);
            }
            _ => {}
        }
    }

    /// The process is gone, and its side of all comms.
    pub(super) fn close_all(&mut self) {
        for (id, open) in std::mem::take(&mut self.0) {
            open.frontend.output(closed(id));
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
