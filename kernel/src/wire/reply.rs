//! The contents of replies.

use jupyter_protocol as jupyter;
use jupyter_protocol::{ConnectionInfo, ExecutionCount, ReplyError, ReplyStatus};
use serde::Serialize;
use serde_json::{Value, json};

use super::PROTOCOL_VERSION;
use crate::evaluate::{CellError, Completeness};
use crate::session::{Outcome, ReplyContent};

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
        ReplyContent::Complete { cursor } => value(jupyter::CompleteReply {
            cursor_start: *cursor,
            cursor_end: *cursor,
            ..Default::default()
        }),
        ReplyContent::Inspect => value(jupyter::InspectReply::default()),
        ReplyContent::History => value(jupyter::HistoryReply::default()),
        ReplyContent::CommInfo => value(jupyter::CommInfoReply::default()),
        ReplyContent::Interrupt => value(jupyter::InterruptReply::new()),
        ReplyContent::Shutdown { restart } => shutdown(*restart),
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
    let (status, error) = match outcome {
        Outcome::Ok => (ReplyStatus::Ok, None),
        Outcome::Failed(error) => (ReplyStatus::Error, Some(Box::new(reply_error(error)))),
        Outcome::Aborted => (ReplyStatus::Aborted, None),
    };
    value(jupyter::ExecuteReply {
        status,
        execution_count: ExecutionCount::new(count as usize),
        user_expressions: Some(Default::default()),
        error,
        ..Default::default()
    })
}

fn reply_error(error: &CellError) -> ReplyError {
    ReplyError {
        ename: error.name.clone(),
        evalue: error.value.clone(),
        traceback: error.traceback.clone(),
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
            "version": env!("CARGO_PKG_RUST_VERSION"),
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
        "supported_features": [],
        "debugger": false,
    })
}

fn value(reply: impl Serialize) -> Value {
    serde_json::to_value(reply).unwrap_or_default()
}
