//! The command `:dep`.

use super::{Answer, Command};
use crate::evaluate::native::NativeEvaluator;

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

    fn run(&self, arguments: &str, evaluator: &mut NativeEvaluator) -> Result<Answer, String> {
        let lines: Vec<&str> = arguments.split('\n').collect();
        evaluator.add_dependencies(&lines)?;
        Ok(Answer::Nothing)
    }
}
