//! The command `:restore`.

use super::{Answer, Call, Command, Refusal};
use crate::evaluate::native::Turn;

/// `:restore`
pub(super) struct Restore;

impl Command for Restore {
    fn name(&self) -> &'static str {
        "restore"
    }

    fn summary(&self) -> &'static str {
        "run the cells of a session process that ended again, without compiling them"
    }

    fn run(&self, call: &Call<'_>, evaluator: &mut Turn) -> Result<Answer, Refusal> {
        call.takes_nothing(self)?;
        Ok(Answer::Text(evaluator.restore(call.frontend)?))
    }
}
