//! The command `:dep`.

use super::{Answer, Argument, Call, Command, Refusal};
use crate::evaluate::native::Turn;

/// `:dep NAME = "VERSION"`
pub(super) struct Dep;

impl Command for Dep {
    fn name(&self) -> &'static str {
        "dep"
    }

    fn arguments(&self) -> &'static str {
        "NAME [= \"VERSION\" | { … }]"
    }

    fn summary(&self) -> &'static str {
        "add a crate, as in a `Cargo.toml`"
    }

    fn collects(&self) -> bool {
        true
    }

    fn details(&self) -> &'static str {
        "What follows is a line of a `Cargo.toml`: `:dep hex`, `:dep hex = \"0.4\"`, \
         `:dep clap = { version = \"4\", features = [\"derive\"] }`, `:dep helpers = { path = \"../helpers\" }`. \
         Several lines in a row are one build."
    }

    fn is_saved(&self) -> bool {
        true
    }

    fn argument(&self) -> Argument {
        Argument::Crate
    }

    fn run(&self, call: &Call<'_>, evaluator: &mut Turn) -> Result<Answer, Refusal> {
        let lines: Vec<&str> = call.arguments.split('\n').map(specification).collect();
        evaluator.add_dependencies(&lines)?;
        Ok(Answer::Nothing)
    }
}

/// What stands behind `:dep` on a line; the first line has come without it.
fn specification(line: &str) -> &str {
    let line = line.trim();
    let after = [":dep", "%dep"]
        .iter()
        .find_map(|name| line.strip_prefix(name));
    after.unwrap_or(line).trim()
}
