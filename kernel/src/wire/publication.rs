//! The contents of what every front end sees.

use serde_json::{Map, Value, json};

use super::reply;
use crate::colours::legible;
use crate::evaluate::{CellError, Comm, CommEvent, Output, StreamName};
use crate::session::Publication;

/// The message type and the JSON of `publication`.
pub(super) fn content(publication: &Publication) -> (&'static str, Value) {
    match publication {
        Publication::Starting => status("starting"),
        Publication::Busy => status("busy"),
        Publication::Idle => status("idle"),
        Publication::Input { code, count } => (
            "execute_input",
            json!({ "code": code, "execution_count": count }),
        ),
        Publication::Output { output, count } => shown(output, *count),
        Publication::Error(error) => ("error", failure(error)),
        Publication::Shutdown { restart } => ("shutdown_reply", reply::shutdown(*restart)),
    }
}

fn status(state: &str) -> (&'static str, Value) {
    ("status", json!({ "execution_state": state }))
}

fn shown(output: &Output, count: u32) -> (&'static str, Value) {
    match output {
        Output::Stream { name, text } => {
            let name = match name {
                StreamName::Stdout => "stdout",
                StreamName::Stderr => "stderr",
            };
            ("stream", json!({ "name": name, "text": text }))
        }
        Output::Display { data, display_id } => {
            let transient = display_id
                .as_ref()
                .map_or_else(Map::new, |id| transient(id));
            (
                "display_data",
                json!({ "data": data, "metadata": {}, "transient": transient }),
            )
        }
        Output::UpdateDisplay { data, display_id } => (
            "update_display_data",
            json!({ "data": data, "metadata": {}, "transient": transient(display_id) }),
        ),
        Output::Result { data } => (
            "execute_result",
            json!({ "execution_count": count, "data": data, "metadata": {} }),
        ),
        // A reply's payload, but for front ends that know no pager.
        Output::Page { data } => ("display_data", json!({ "data": data, "metadata": {} })),
        Output::ClearOutput { wait } => ("clear_output", json!({ "wait": wait })),
        Output::Comm(message) => comm(message),
    }
}

fn comm(comm: &Comm) -> (&'static str, Value) {
    let content = json!({ "comm_id": comm.id, "data": comm.data });
    match &comm.event {
        CommEvent::Open { target } => (
            "comm_open",
            json!({ "comm_id": comm.id, "target_name": target, "data": comm.data }),
        ),
        CommEvent::Message => ("comm_msg", content),
        CommEvent::Close => ("comm_close", content),
    }
}

fn transient(display_id: &str) -> Map<String, Value> {
    Map::from_iter([("display_id".to_string(), display_id.into())])
}

fn failure(error: &CellError) -> Value {
    let traceback = legible(&error.traceback);
    json!({ "ename": error.name, "evalue": error.value, "traceback": traceback })
}
