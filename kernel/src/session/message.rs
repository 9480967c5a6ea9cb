//! What front ends ask, and what they are told.

use std::time::SystemTime;

use serde_json::{Map, Value};

use crate::analysis::Completion;
use crate::evaluate::{CellError, Comm, Completeness, MimeData, Output};
use crate::history;

/// A request, and what its header says of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    pub request: Request,
    /// The subshell it is for; none is the kernel's own shell.
    pub subshell: Option<String>,
    /// When the front end has sent it, by its clock.
    pub sent: Option<SystemTime>,
}

/// What a front end asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    Execute(Execute),
    Query(Query),
    Interrupt,
    Shutdown {
        restart: bool,
    },
    CreateSubshell,
    DeleteSubshell {
        id: String,
    },
    ListSubshells,
    /// Something that has no answer.
    Unanswered,
    /// A known request whose content cannot be read, and why.
    Invalid(String),
}

/// What is answered at once, whichever cells run.
#[derive(Clone, Debug, PartialEq)]
pub enum Query {
    KernelInfo,
    Connect,
    IsComplete {
        code: String,
    },
    /// `cursor` counts characters, as Jupyter does.
    Complete {
        code: String,
        cursor: usize,
    },
    Inspect {
        code: String,
        cursor: usize,
        detail: Detail,
    },
    History(history::Query),
    CommInfo {
        /// Only the comms of this target.
        target: Option<String>,
    },
    /// A message for the session's side of a comm, which has no reply.
    Comm(Comm),
    Usage,
    Debug(DebugRequest),
}

/// How much an inspection tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// What a tooltip has room for.
    Short,
    Full,
}

/// A request of the Debug Adapter Protocol.
#[derive(Clone, Debug, PartialEq)]
pub struct DebugRequest {
    pub seq: i64,
    pub command: String,
    pub arguments: Map<String, Value>,
}

/// The answer to a [`DebugRequest`].
#[derive(Clone, Debug, PartialEq)]
pub struct DebugAnswer {
    pub request: DebugRequest,
    /// The body, or why there is none.
    pub body: Result<Value, String>,
}

/// A cell to run, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct Execute {
    pub code: String,
    /// Show nothing, and do not count the cell.
    pub silent: bool,
    pub store_history: bool,
    /// Whether a failure aborts the cells that wait.
    pub stop_on_error: bool,
    /// Whether the front end can be asked for input.
    pub allow_stdin: bool,
    /// Expressions to evaluate after the cell, by the names under which the reply has their values.
    pub user_expressions: Vec<(String, String)>,
}

impl Execute {
    /// Whether the cell is counted.
    pub fn stored(&self) -> bool {
        self.store_history && !self.silent
    }
}

/// What a cell that ran to its end leaves for its reply.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evaluated {
    /// The values of the [`Execute::user_expressions`].
    pub expressions: Vec<(String, Result<MimeData, CellError>)>,
    /// What a pager is to show.
    pub pages: Vec<MimeData>,
}

/// Something to send.
#[derive(Clone, Debug, PartialEq)]
pub enum Message<O> {
    /// To every front end.
    Publish {
        /// The request that caused it, if one did.
        origin: Option<O>,
        publication: Publication,
    },
    Reply(Reply<O>),
    Ask(Ask<O>),
}

/// A question to the front end that sent a cell.
#[derive(Clone, Debug, PartialEq)]
pub struct Ask<O> {
    pub origin: O,
    /// The id of the message, which an answer may name.
    pub id: String,
    pub prompt: String,
    /// Whether what is typed must not be seen.
    pub hidden: bool,
}

/// An answer to the front end that asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply<O> {
    pub origin: O,
    pub content: ReplyContent,
}

/// What every front end sees.
#[derive(Clone, Debug, PartialEq)]
pub enum Publication {
    Starting,
    Busy,
    Idle,
    Input { code: String, count: u32 },
    Output { output: Output, count: u32 },
    Error(CellError),
    Shutdown { restart: bool },
}

/// What the one who asked is told.
#[derive(Clone, Debug, PartialEq)]
pub enum ReplyContent {
    KernelInfo,
    Connect,
    Execute {
        outcome: Outcome,
        count: u32,
    },
    IsComplete(Completeness),
    Complete(Completion),
    /// What there is to tell, if anything.
    Inspect(Option<MimeData>),
    History {
        entries: Vec<history::Entry>,
        /// Whether each comes with what its cell gave.
        output: bool,
    },
    /// The ids and targets of the open comms.
    CommInfo(Vec<(String, String)>),
    Usage(Map<String, Value>),
    Debug(DebugAnswer),
    Interrupt,
    Shutdown {
        restart: bool,
    },
    SubshellCreated(String),
    SubshellDeleted,
    Subshells(Vec<String>),
    Invalid(String),
}

/// How a cell ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    Ok(Evaluated),
    Failed(CellError),
    /// It never started, because an earlier one failed or was interrupted.
    Aborted,
}
