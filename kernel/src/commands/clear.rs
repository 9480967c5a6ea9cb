//! The command `:clear`.

use super::{Answer, Call, Command, Refusal};
use crate::evaluate::native::Turn;

/// `:clear`
pub(super) struct Clear;

impl Command for Clear {
    fn name(&self) -> &'static str {
        "clear"
    }

    fn summary(&self) -> &'static str {
        "drop all variables, functions, types and imports"
    }

    fn details(&self) -> &'static str {
        "Options stay, and so do static variables and threads: the session process is the same. `:reset` starts a new \
         one, `:forget` drops single variables."
    }

    fn is_saved(&self) -> bool {
        true
    }

    fn run(&self, call: &Call<'_>, evaluator: &mut Turn) -> Result<Answer, Refusal> {
        call.takes_nothing(self)?;
        evaluator.clear(":clear")?;
        Ok(Answer::Nothing)
    }
}
