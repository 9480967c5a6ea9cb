//! The command `:version`.

use super::{Answer, Command};
use crate::evaluate::native::NativeEvaluator;

/// `:version`
pub(super) struct Version;

impl Command for Version {
    fn name(&self) -> &'static str {
        "version"
    }

    fn summary(&self) -> &'static str {
        "show the versions of Dagbok and of the compiler"
    }

    fn run(&self, _: &str, evaluator: &mut NativeEvaluator) -> Result<Answer, String> {
        Ok(Answer::Text(evaluator.version()))
    }
}
