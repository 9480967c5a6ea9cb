//! What was typed, in this session and in earlier ones: kept on disk, a line of JSON for each cell.
//!
//! Several kernels write into one file, each for itself under a lock. What cannot be read in it, such as the line that a full disk
//! has cut short, is passed over.

mod file;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::io;
use std::ops::Range;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use self::file::HistoryFile;

/// A cell that was run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Sessions are numbered from 1 on.
    pub session: u64,
    /// The cell's number in its session.
    pub line: u32,
    pub input: String,
    /// The value that it gave, as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
}

/// Which entries are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    pub access: Access,
    /// Whether the cells' values are wanted, too.
    pub output: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// Lines of one session: 0 is the current one, and those below count back from it.
    Range { session: i64, lines: Range<u32> },
    /// The last so many.
    Tail { n: usize },
    /// The last so many whose input matches a pattern as shells have them, `*`, `?` and `[…]`.
    Search {
        pattern: String,
        n: Option<usize>,
        /// Whether of several with the same input only the last is wanted.
        unique: bool,
    },
}

/// The history as one kernel sees it.
#[derive(Debug)]
pub struct History {
    file: Option<HistoryFile>,
    /// The current session's number, once it has one.
    session: Option<u64>,
    /// The current session's entries, which are there also where the disk is full.
    own: Vec<Entry>,
    /// Whether it has been said that the file cannot be written.
    has_failed: bool,
}

impl History {
    /// The history in `file`, or of this session alone. Nothing is read or written before it is asked for.
    pub fn new(file: Option<PathBuf>) -> Self {
        History {
            file: file.map(HistoryFile::new),
            session: None,
            own: Vec::new(),
            has_failed: false,
        }
    }

    /// Adds a cell of the current session.
    pub fn add(&mut self, line: u32, input: String, output: Option<String>) {
        let mut entry = Entry {
            session: self.session.unwrap_or_default(),
            line,
            input,
            output,
        };
        if let Err(error) = self.write(&mut entry)
            && !std::mem::replace(&mut self.has_failed, true)
        {
            tracing::warn!(%error, "the history cannot be written; it is kept for this session");
        }
        self.own.push(entry);
    }

    fn write(&mut self, entry: &mut Entry) -> io::Result<()> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        if self.session.is_none() {
            self.session = Some(file.begin_session()?);
        }
        entry.session = self.session.unwrap_or_default();
        file.append(entry)
    }

    /// The entries that `query` asks for, oldest first.
    pub fn recall(&self, query: &Query) -> Vec<Entry> {
        let earlier = || match &self.file {
            Some(file) => file.read().unwrap_or_else(|error| {
                tracing::warn!(%error, "the history cannot be read");
                Vec::new()
            }),
            None => Vec::new(),
        };
        match &query.access {
            Access::Range { session: 0, lines } => within(self.own.clone(), lines),
            Access::Range { session, lines } => {
                within(of_session(earlier(), *session, self.session), lines)
            }
            Access::Tail { n } => last(self.all(earlier()), Some(*n)),
            Access::Search { pattern, n, unique } => {
                let mut entries = self.all(earlier());
                let pattern = glob::Pattern::new(pattern)
                    .unwrap_or_else(|_| literal(&glob::Pattern::escape(pattern)));
                entries.retain(|entry| pattern.matches(&entry.input));
                if *unique {
                    keep_last_of_each(&mut entries);
                }
                last(entries, *n)
            }
        }
    }

    /// The entries of earlier sessions, and of others that run, then those of this one.
    fn all(&self, mut entries: Vec<Entry>) -> Vec<Entry> {
        entries.retain(|entry| Some(entry.session) != self.session);
        entries.extend(self.own.iter().cloned());
        entries
    }
}

fn literal(escaped: &str) -> glob::Pattern {
    glob::Pattern::new(escaped).unwrap_or_default()
}

fn within(mut entries: Vec<Entry>, lines: &Range<u32>) -> Vec<Entry> {
    entries.retain(|entry| lines.contains(&entry.line));
    entries
}

/// The entries of a session, whose number may count back from the current one.
fn of_session(mut entries: Vec<Entry>, session: i64, current: Option<u64>) -> Vec<Entry> {
    let newest = entries.iter().map(|entry| entry.session).max();
    let current = current.unwrap_or_else(|| newest.unwrap_or_default() + 1);
    let wanted = match u64::try_from(session) {
        Ok(session) => Some(session),
        Err(_) => current.checked_sub(session.unsigned_abs()),
    };
    entries.retain(|entry| Some(entry.session) == wanted);
    entries
}

fn keep_last_of_each(entries: &mut Vec<Entry>) {
    let mut seen = HashSet::new();
    let mut is_last: Vec<bool> = entries
        .iter()
        .rev()
        .map(|entry| seen.insert(entry.input.clone()))
        .collect();
    entries.retain(|_| is_last.pop().unwrap_or_default());
}

fn last(mut entries: Vec<Entry>, n: Option<usize>) -> Vec<Entry> {
    let n_before = n.map_or(0, |n| entries.len().saturating_sub(n));
    entries.drain(..n_before);
    entries
}
