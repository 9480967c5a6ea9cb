//! Who says what a setting is.

use std::fmt;
use std::path::PathBuf;

use dagbok::Site;

/// Who says what a setting is.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Origin {
    Default,
    File {
        path: PathBuf,
        /// The line, from 1 on; none for the file as a whole.
        line: Option<usize>,
    },
    /// The environment variable of this name.
    Variable(&'static str),
    /// `Config::set` in this line.
    Set(Site),
    /// `Config::scope` that was entered in this line.
    Scope(Site),
    /// The program that made the engine.
    Program,
}

impl Origin {
    /// Of two that say something, the one of the higher rank counts.
    pub(super) fn rank(&self) -> u8 {
        match self {
            Origin::Default => 0,
            Origin::File { .. } => 1,
            Origin::Variable(_) => 2,
            Origin::Set(_) | Origin::Scope(_) | Origin::Program => 3,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::File { path, line: None } => write!(f, "`{}`", path.display()),
            Origin::File {
                path,
                line: Some(line),
            } => write!(f, "`{}`, line {line}", path.display()),
            Origin::Variable(name) => write!(f, "`{name}`"),
            Origin::Set(site) => write!(f, "`Config::set` at {site}"),
            Origin::Scope(site) => write!(f, "`Config::scope` at {site}"),
            Origin::Program => f.write_str("the program"),
        }
    }
}
