//! What front ends ask, and what they are told.

use crate::evaluate::{CellError, Completeness, Output};

/// What a front end asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    KernelInfo,
    Connect,
    Execute(Execute),
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
    },
    History,
    CommInfo,
    Interrupt,
    Shutdown {
        restart: bool,
    },
    /// Something that has no answer.
    Unanswered,
    /// A known request whose content cannot be read, and why.
    Invalid(String),
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
}

impl Execute {
    /// Whether the cell is counted.
    pub fn stored(&self) -> bool {
        self.store_history && !self.silent
    }
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
    Execute { outcome: Outcome, count: u32 },
    IsComplete(Completeness),
    Complete { cursor: usize },
    Inspect,
    History,
    CommInfo,
    Interrupt,
    Shutdown { restart: bool },
    Invalid(String),
}

/// How a cell ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    Ok,
    Failed(CellError),
    /// It never started, because an earlier one failed or was interrupted.
    Aborted,
}
