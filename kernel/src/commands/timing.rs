//! The command `:timing`.

use super::{Answer, Command};
use crate::evaluate::native::NativeEvaluator;

/// `:timing`
pub(super) struct Timing;

impl Command for Timing {
    fn name(&self) -> &'static str {
        "timing"
    }

    fn summary(&self) -> &'static str {
        "show, or stop showing, how long each step of a cell takes"
    }

    fn run(&self, _: &str, evaluator: &mut NativeEvaluator) -> Result<Answer, String> {
        evaluator.shows_times = !evaluator.shows_times;
        Ok(Answer::Nothing)
    }
}
