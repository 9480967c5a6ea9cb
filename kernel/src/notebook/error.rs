//! Why a notebook could not be run or written.

use std::fmt;
use std::path::Path;

/// A sentence for the person at the terminal, and whether anything had run before it.
#[derive(Debug)]
pub(super) struct Error {
    message: String,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Input,
    Run,
}

impl Error {
    /// The input is wrong; nothing has run.
    pub(super) fn input(message: impl Into<String>) -> Self {
        Error {
            message: message.into(),
            stage: Stage::Input,
        }
    }

    /// Something went wrong once cells had begun to run.
    pub(super) fn run(message: impl Into<String>) -> Self {
        Error {
            message: message.into(),
            stage: Stage::Run,
        }
    }

    /// `file` is wrong input, and nothing has run.
    pub(super) fn file(file: &Path, message: impl fmt::Display) -> Self {
        Error::input(format!("`{}` {message}", file.display()))
    }

    /// The exit code: 2 for wrong input, as for wrong arguments, else 1.
    pub(super) fn exit_code(&self) -> u8 {
        match self.stage {
            Stage::Input => 2,
            Stage::Run => 1,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

pub(super) type Result<T, E = Error> = std::result::Result<T, E>;
