//! What the kernel and the analyzer process say to each other: lines of JSON over its stdin and stdout. The first line is the
//! [`Settings`]; then each [`Question`] gets a [`Reply`] with its number, though not always in the same order. Places in a
//! cell are byte offsets.

use std::io::{self, Write};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::evaluate::Scope;

/// What the analyzer is told once.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Settings {
    /// The toolchain's `rustdoc`, which reads the metadata of crates.
    pub rustdoc: PathBuf,
    /// The first line of `rustc --version`.
    pub rustc_version: String,
    /// Where declarations of crates are kept.
    pub cache: PathBuf,
}

/// Something to find out about one place of a cell.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Question {
    pub number: u64,
    pub kind: QuestionKind,
    pub scope: Scope,
    /// The Rust code of the cell.
    pub code: String,
    pub offset: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum QuestionKind {
    /// What may stand there. A newer one takes back older ones.
    Complete,
    /// What stands there.
    Inspect,
    /// Tell when all crates that the cell names are known.
    Prepare,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    pub number: u64,
    pub answer: Answer,
    /// Why the answer may lack something, if it may.
    pub incomplete: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    Found(Found),
    Documentation(Option<Documentation>),
    Prepared,
    /// A newer question came.
    Withdrawn,
}

/// What may take the place of `start..end`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    pub start: usize,
    pub end: usize,
    /// The best first.
    pub matches: Vec<Match>,
}

/// One way to complete what was typed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Match {
    pub text: String,
    /// `function`, `instance`, `class`, …: a word that front ends have an icon for.
    pub kind: String,
    /// The parameters and the result of a function.
    pub signature: Option<String>,
}

/// What is known of a name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Documentation {
    /// Rust code.
    pub signature: String,
    /// The path of what it belongs to.
    pub origin: Option<String>,
    /// Markdown.
    pub text: String,
}

/// Writes `message` as one line.
///
/// # Errors
/// If the other side is gone.
pub fn write(to: &mut impl Write, message: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    to.write_all(&line)?;
    to.flush()
}
