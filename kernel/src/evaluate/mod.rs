//! The boundary between Jupyter and Rust: a cell goes in, outputs come out while it runs, and at most one error.

#[cfg(feature = "evcxr")]
pub mod evcxr;
pub mod native;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::analysis;
pub use crate::channel::Answer;

/// A MIME bundle as Jupyter's JSON has it: MIME type to data.
pub type MimeData = Map<String, Value>;

/// A line of requests that run one after the other: the kernel's own shell, or a subshell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shell(pub u32);

impl Shell {
    /// The kernel's own.
    pub const MAIN: Shell = Shell(0);
}

/// A cell to run.
#[derive(Clone, Debug)]
pub struct Cell {
    /// The number that the front end shows beside the cell, and that errors name.
    pub number: u32,
    pub code: String,
}

/// What a running cell shows, in the order in which it happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    Stream {
        name: StreamName,
        text: String,
    },
    Display {
        data: MimeData,
        display_id: Option<String>,
    },
    UpdateDisplay {
        data: MimeData,
        display_id: String,
    },
    /// The value of the cell's last expression.
    Result {
        data: MimeData,
    },
    /// What is to be read beside the notebook, where a front end has room for that.
    Page {
        data: MimeData,
    },
    /// What the cell has shown so far is to go: at once, or when it shows something new.
    ClearOutput {
        wait: bool,
    },
    /// A message to the front end's side of a comm.
    Comm(Comm),
}

/// A message of a comm, in either direction.
#[derive(Clone, Debug, PartialEq)]
pub struct Comm {
    pub id: String,
    pub event: CommEvent,
    pub data: Value,
    pub metadata: Map<String, Value>,
    pub buffers: Vec<Bytes>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommEvent {
    Open { target: String },
    Message,
    Close,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamName {
    Stdout,
    Stderr,
}

/// Why a cell failed: exactly one a cell, whatever went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CellError {
    /// What kind of error, in one word: `CompileError`, `Panic`, `Error`, `Interrupted`, `Crash`, …
    pub name: String,
    /// The first line a person needs, without colours.
    pub value: String,
    /// What the notebook shows, line by line, with ANSI colours.
    pub traceback: Vec<String>,
}

/// Whether a console should run what was typed or ask for another line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Completeness {
    Complete,
    Incomplete { indent: String },
    Invalid,
}

/// Stops the running cell, from any thread; variables stay where the evaluator can keep them.
pub trait Interrupt: Send + Sync {
    /// Asks the running cell to stop; where it cannot, a second call ends the session process. Does nothing when no
    /// cell runs.
    fn interrupt(&self);
}

/// Who sees a cell's outputs: a Jupyter front end, a terminal, a test.
pub trait Frontend: Send + Sync {
    /// Shows `output`, in the order of the calls. Also called after the cell has ended, by its background threads and
    /// late display updates.
    fn output(&self, output: Output);

    /// Puts `question` to the person, and returns at once; the answer may come at any time.
    fn input(&self, question: Question) {
        question.answer(Answer::Refused(
            "this front end cannot be asked for input".to_owned(),
        ));
    }
}

/// A line of text that a running cell waits for.
pub struct Question {
    pub prompt: String,
    /// Whether what is typed must not be seen.
    pub hidden: bool,
    withdrawn: Arc<AtomicBool>,
    reply: Option<Reply>,
}

type Reply = Box<dyn FnOnce(Answer) + Send>;

impl Question {
    /// A question whose answer goes to `reply`, as long as nobody sets `withdrawn`.
    pub fn new(
        prompt: String,
        hidden: bool,
        withdrawn: Arc<AtomicBool>,
        reply: impl FnOnce(Answer) + Send + 'static,
    ) -> Self {
        Question {
            prompt,
            hidden,
            withdrawn,
            reply: Some(Box::new(reply)),
        }
    }

    /// Whether nobody waits for the answer any more.
    pub fn is_withdrawn(&self) -> bool {
        self.withdrawn.load(Ordering::SeqCst)
    }

    /// Answers it.
    pub fn answer(mut self, answer: Answer) {
        if let Some(reply) = self.reply.take() {
            reply(answer);
        }
    }
}

/// A cell does not wait for a question that nobody has any more.
impl Drop for Question {
    fn drop(&mut self) {
        if let Some(reply) = self.reply.take() {
            reply(Answer::Refused("the question was dropped".to_owned()));
        }
    }
}

impl fmt::Debug for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Question({:?})", self.prompt)
    }
}

/// What completion may know of a session.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// What every cell begins with.
    pub preamble: String,
    /// The sources of the items that live, oldest cell first.
    pub items: Vec<String>,
    pub variables: Vec<ScopeVariable>,
    pub crates: Vec<ScopeCrate>,
    /// Where the metadata of the crates' own dependencies lies.
    pub folders: Vec<PathBuf>,
    /// The folder from which the names of files start.
    pub directory: PathBuf,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScopeVariable {
    pub name: String,
    /// As the evaluator writes it in later cells.
    pub type_text: String,
    pub is_mutable: bool,
}

/// A crate that cells can name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScopeCrate {
    pub name: String,
    /// Its metadata.
    pub file: PathBuf,
}

/// What can be seen of a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VariableView {
    pub name: String,
    pub type_name: String,
    /// The start of its value, or why it cannot be seen.
    pub value: String,
}

/// Runs cells and remembers what they define.
pub trait Evaluator: Send + Sync {
    /// Runs `cell` to its end; `frontend` gets what it shows as it happens, all of it before this returns but for what
    /// the cell's background threads write later. Cells of one shell come one after the other, those of several at
    /// the same time.
    ///
    /// # Errors
    /// The one reason why the cell failed. The evaluator stays usable, also after a crash of the user's code.
    fn evaluate(
        &self,
        shell: Shell,
        cell: &Cell,
        frontend: Arc<dyn Frontend>,
    ) -> Result<(), CellError>;

    /// A handle that interrupts this evaluator from another thread.
    fn interrupter(&self) -> Arc<dyn Interrupt>;

    /// Whether `code` can be run as it is.
    fn is_complete(&self, code: &str) -> Completeness;

    /// Hands a comm message of a front end to the session, and returns when its handlers have run; what they show and
    /// answer goes to `frontend`. Called on a thread of its own, also while cells run.
    fn comm(&self, comm: Comm, frontend: Arc<dyn Frontend>) {
        if let CommEvent::Open { .. } = comm.event {
            frontend.output(Output::Comm(Comm {
                event: CommEvent::Close,
                data: Value::Object(Map::new()),
                metadata: Map::new(),
                buffers: Vec::new(),
                id: comm.id,
            }));
        }
    }

    /// What completion may know; never waits for a running cell.
    fn scope(&self) -> Arc<Scope> {
        Arc::default()
    }

    /// The variables of the session; waits for no running cell.
    ///
    /// # Errors
    /// If the session cannot be asked.
    fn variables(&self) -> Result<Vec<VariableView>, CellError> {
        let scope = self.scope();
        let variables = scope.variables.iter().map(|variable| VariableView {
            name: variable.name.clone(),
            type_name: variable.type_text.clone(),
            value: String::new(),
        });
        Ok(variables.collect())
    }

    /// The variable `name` as a cell would show it; waits for no running cell.
    ///
    /// # Errors
    /// Why it cannot be shown, in a sentence.
    fn variable(&self, name: &str) -> Result<MimeData, String> {
        Err(format!(
            "this evaluator cannot show `{name}` outside of a cell"
        ))
    }

    /// No cell of `shell` will come any more; at once, also while cells run.
    fn end_shell(&self, _shell: Shell) {}

    /// How to start what completes cells, if anything does.
    fn analysis(&self) -> Option<analysis::Options> {
        None
    }

    /// The process in which cells run, if there is one now.
    fn process_id(&self) -> Option<u32> {
        None
    }
}
