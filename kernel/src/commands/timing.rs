//! The command `:timing`.

use super::{Answer, Call, Command, Refusal};
use crate::evaluate::native::Turn;

/// `:timing`
pub(super) struct Timing;

impl Command for Timing {
    fn name(&self) -> &'static str {
        "timing"
    }

    fn summary(&self) -> &'static str {
        "show, or stop showing, how long each step of a cell takes"
    }

    fn details(&self) -> &'static str {
        "`:time` measures one piece of code."
    }

    fn run(&self, call: &Call<'_>, evaluator: &mut Turn) -> Result<Answer, Refusal> {
        call.takes_nothing(self)?;
        evaluator.shows_times = !evaluator.shows_times;
        Ok(Answer::Nothing)
    }
}
