//! The command `:clear`.

use super::{Answer, Command};
use crate::evaluate::native::NativeEvaluator;

/// `:clear`
pub(super) struct Clear;

impl Command for Clear {
    fn name(&self) -> &'static str {
        "clear"
    }

    fn summary(&self) -> &'static str {
        "drop all variables; functions and types stay"
    }

    fn run(&self, _: &str, evaluator: &mut NativeEvaluator) -> Result<Answer, String> {
        evaluator.clear_variables();
        Ok(Answer::Nothing)
    }
}
