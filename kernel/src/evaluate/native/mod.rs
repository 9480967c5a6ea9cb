//! The native evaluator: takes a cell apart, writes a crate around it, runs `rustc` once, and has the session process
//! load and run the result.

mod assembly;
mod boxed;
mod build;
mod comms;
mod compile;
mod complete;
mod depend;
mod dependencies;
mod diagnostics;
mod evaluator;
mod expansion;
mod failure;
mod folder;
mod generate;
mod history;
mod instances;
mod interrupt;
mod items;
mod link;
mod pipes;
mod previews;
mod probe;
mod process;
mod restore;
mod retry;
mod run;
mod running;
mod scope;
mod screens;
mod shell;
mod source;
mod split;
mod state;
mod stream;
mod toolchain;
mod turn;
mod types;
mod variables;
mod warm_up;
mod words;

pub use dependencies::stand_in_for_rustc;
pub use evaluator::{NativeEvaluator, Options};
pub use toolchain::Toolchain;

pub(crate) use compile::OptLevel;
#[cfg(feature = "evcxr")]
pub(super) use complete::completeness;
pub(crate) use dependencies::Listed;
pub(crate) use failure::interrupted;
pub(crate) use previews::Preview;
pub(crate) use state::Typed;
pub(crate) use turn::Turn;

use std::io;

use crate::runtime_files::MissingFile;

/// Why the evaluator cannot start; each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(
        "there is no `rustc` on the path; install Rust {release} from https://rustup.rs, for cells are compiled"
    )]
    NoCompiler { release: &'static str },
    #[error(
        "the runtime was built with `{built_by}`, but `rustc` on the path is `{found}`; \
         run `rustup toolchain install {release}`, or build and install Dagbok again with the new compiler"
    )]
    OtherCompiler {
        found: String,
        built_by: &'static str,
        release: &'static str,
    },
    #[error(transparent)]
    MissingFile(#[from] MissingFile),
    #[error("cannot prepare a session: {0}")]
    Io(#[from] io::Error),
    #[error("the session process cannot start: {0}")]
    Session(String),
}
