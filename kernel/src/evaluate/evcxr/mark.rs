//! What the relay and the process that runs cells tell the evaluator, between the lines of stdout and stderr.

use std::io::{self, Write};

use serde::{Deserialize, Serialize};

/// No program prints this by chance.
const SIGN: &str = "\u{1}dagbok-mark ";

/// A message in a stream of output, after all that was written before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Mark {
    /// The process that runs cells is there.
    Started { process: u32 },
    /// The line before the mark goes on: its newline is not the program's.
    Unfinished,
    /// The cell's own thread panicked; it may catch that itself.
    Panicked { message: String },
    /// The cell has ended, and has written so many lines to stdout.
    Done { ending: Ending, n_lines: usize },
    /// The process that runs cells has ended, with so many lines on stdout since the last cell.
    Died { status: String, n_lines: usize },
}

/// How a cell ended that did not end its process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Ending {
    #[default]
    Returned,
    Panicked,
    /// By a `?` of its own.
    Failed,
}

impl Mark {
    /// Ends the current line of `stream` with this mark.
    ///
    /// # Errors
    /// The stream's.
    pub(super) fn write(&self, stream: &mut dyn Write) -> io::Result<()> {
        let text = serde_json::to_string(self)?;
        stream.write_all(format!("{SIGN}{text}\n").as_bytes())?;
        stream.flush()
    }

    /// The program's part of `line`, and the mark at its end.
    pub(super) fn split(line: &str) -> (&str, Option<Mark>) {
        let split = line.split_once(SIGN);
        match split.and_then(|(text, mark)| Some((text, serde_json::from_str(mark).ok()?))) {
            Some((text, mark)) => (text, Some(mark)),
            None => (line, None),
        }
    }
}
