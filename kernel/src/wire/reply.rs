//! The contents of replies.

use jupyter_protocol as jupyter;
use jupyter_protocol::{ConnectionInfo, ExecutionCount, ReplyError, ReplyStatus};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::PROTOCOL_VERSION;
use crate::analysis::Completion;
use crate::colours::legible;
use crate::evaluate::{CellError, Completeness, MimeData};
use crate::history::Entry;
use crate::session::{DebugAnswer, Outcome, ReplyContent};

/// The JSON of `reply`, from the kernel at `connection`.
pub(super) fn content(reply: &ReplyContent, connection: &ConnectionInfo) -> Value {
    match reply {
        ReplyContent::KernelInfo => kernel_info(),
        ReplyContent::Connect => json!({
            "status": "ok",
            "shell_port": connection.shell_port,
            "iopub_port": connection.iopub_port,
            "stdin_port": connection.stdin_port,
            "control_port": connection.control_port,
            "hb_port": connection.hb_port,
        }),
        ReplyContent::Execute { outcome, count } => execute(outcome, *count),
        ReplyContent::IsComplete(completeness) => match completeness {
            Completeness::Complete => json!({ "status": "complete" }),
            Completeness::Incomplete { indent } => {
                json!({ "status": "incomplete", "indent": indent })
            }
            Completeness::Invalid => json!({ "status": "invalid" }),
        },
        ReplyContent::Complete(completion) => complete(completion),
        ReplyContent::Inspect(found) => value(jupyter::InspectReply {
            found: found.is_some(),
            ..Default::default()
        })
        .with("data", json!(found.clone().unwrap_or_default())),
        ReplyContent::History { entries, output } => json!({
            "status": "ok",
            "history": entries.iter().map(|entry| remembered(entry, *output)).collect::<Vec<_>>(),
        }),
        ReplyContent::CommInfo(comms) => {
            let comms = comms.iter();
            let comms = comms.map(|(id, target)| (id.clone(), json!({ "target_name": target })));
            json!({ "status": "ok", "comms": Map::from_iter(comms) })
        }
        ReplyContent::Usage(usage) => Value::Object(usage.clone()),
        ReplyContent::Debug(answer) => debug(answer),
        ReplyContent::Interrupt => value(jupyter::InterruptReply::new()),
        ReplyContent::Shutdown { restart } => shutdown(*restart),
        ReplyContent::SubshellCreated(id) => json!({ "status": "ok", "subshell_id": id }),
        ReplyContent::SubshellDeleted => json!({ "status": "ok" }),
        ReplyContent::Subshells(ids) => json!({ "status": "ok", "subshell_id": ids }),
        ReplyContent::Invalid(reason) => json!({
            "status": "error",
            "ename": "InvalidRequest",
            "evalue": reason,
            "traceback": [reason],
        }),
    }
}

/// `shutdown_reply`, which is also published.
pub(super) fn shutdown(restart: bool) -> Value {
    value(jupyter::ShutdownReply {
        restart,
        status: ReplyStatus::Ok,
        error: None,
    })
}

fn execute(outcome: &Outcome, count: u32) -> Value {
    let (status, error, evaluated) = match outcome {
        Outcome::Ok(evaluated) => (ReplyStatus::Ok, None, Some(evaluated)),
        Outcome::Failed(error) => {
            let error = Some(Box::new(reply_error(error)));
            (ReplyStatus::Error, error, None)
        }
        // Without a number: the cell has none.
        Outcome::Aborted => return json!({ "status": "aborted" }),
    };
    let pages = evaluated.into_iter().flat_map(|evaluated| &evaluated.pages);
    let pages: Vec<_> = pages
        .map(|data| json!({ "source": "page", "data": data, "start": 0 }))
        .collect();
    let expressions = evaluated.into_iter();
    let expressions = expressions.flat_map(|evaluated| &evaluated.expressions);
    let expressions = expressions.map(|(name, result)| (name.clone(), expression(result)));
    value(jupyter::ExecuteReply {
        status,
        execution_count: ExecutionCount::new(count as usize),
        error,
        ..Default::default()
    })
    .with("user_expressions", Value::Object(expressions.collect()))
    .with("payload", Value::Array(pages))
}

fn expression(result: &Result<MimeData, CellError>) -> Value {
    match result {
        Ok(data) => json!({ "status": "ok", "data": data, "metadata": {} }),
        Err(error) => json!({
            "status": "error",
            "ename": error.name,
            "evalue": error.value,
            "traceback": legible(&error.traceback),
        }),
    }
}

fn complete(completion: &Completion) -> Value {
    let texts: Vec<_> = completion.matches.iter().map(|found| &found.text).collect();
    let types = completion.matches.iter().map(|found| {
        let described = json!({
            "start": completion.start,
            "end": completion.end,
            "text": found.text,
            "type": found.kind,
        });
        match &found.signature {
            Some(signature) => described.with("signature", json!(signature)),
            None => described,
        }
    });
    json!({
        "status": "ok",
        "matches": texts,
        "cursor_start": completion.start,
        "cursor_end": completion.end,
        "metadata": { "_jupyter_types_experimental": types.collect::<Vec<_>>() },
    })
}

/// A line of history: session, line, and what was typed, with what came of it where that is wanted.
fn remembered(entry: &Entry, output: bool) -> Value {
    match output {
        true => json!([entry.session, entry.line, [entry.input, entry.output]]),
        false => json!([entry.session, entry.line, entry.input]),
    }
}

fn debug(answer: &DebugAnswer) -> Value {
    let response = json!({
        "type": "response",
        "seq": answer.request.seq,
        "request_seq": answer.request.seq,
        "command": answer.request.command,
        "success": answer.body.is_ok(),
    });
    match &answer.body {
        Ok(body) => response.with("body", body.clone()),
        Err(reason) => response.with("message", json!(reason)),
    }
}

fn reply_error(error: &CellError) -> ReplyError {
    ReplyError {
        ename: error.name.clone(),
        evalue: error.value.clone(),
        traceback: legible(&error.traceback),
    }
}

/// The crate's type has no `supported_features`.
fn kernel_info() -> Value {
    let version = env!("CARGO_PKG_VERSION");
    json!({
        "status": "ok",
        "protocol_version": PROTOCOL_VERSION,
        "implementation": "dagbok",
        "implementation_version": version,
        "language_info": {
            "name": "rust",
            "version": env!("DAGBOK_RUSTC_RELEASE"),
            "mimetype": "text/x-rustsrc",
            "file_extension": ".rs",
            "pygments_lexer": "rust",
            "codemirror_mode": "rust",
            "nbconvert_exporter": "script",
        },
        "banner": format!("Dagbok {version}: Rust cells, lazy parallel collections"),
        "help_links": [
            { "text": "Rust", "url": "https://doc.rust-lang.org/" },
            { "text": "polars", "url": "https://docs.rs/polars/" },
        ],
        "supported_features": ["kernel subshells"],
        "debugger": false,
    })
}

trait With {
    /// The same object with one field more, or another value of it.
    fn with(self, field: &str, value: Value) -> Value;
}

impl With for Value {
    fn with(mut self, field: &str, value: Value) -> Value {
        self[field] = value;
        self
    }
}

fn value(reply: impl Serialize) -> Value {
    serde_json::to_value(reply).unwrap_or_default()
}
