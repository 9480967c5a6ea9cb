//! The command `:reset`.

use super::{Answer, Call, Command, Refusal};
use crate::evaluate::native::Turn;

/// `:reset`
pub(super) struct Reset;

impl Command for Reset {
    fn name(&self) -> &'static str {
        "reset"
    }

    fn summary(&self) -> &'static str {
        "start over with a new session process and the options of the start"
    }

    fn details(&self) -> &'static str {
        "Everything that `:clear` drops is gone, and threads and static variables too. `:history` still has the cells."
    }

    fn is_saved(&self) -> bool {
        true
    }

    fn run(&self, call: &Call<'_>, evaluator: &mut Turn) -> Result<Answer, Refusal> {
        // IPython's `%reset -f` means just this.
        if call.arguments != "-f" {
            call.takes_nothing(self)?;
        }
        evaluator.reset()?;
        Ok(Answer::Nothing)
    }
}
