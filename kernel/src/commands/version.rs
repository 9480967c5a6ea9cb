//! The command `:version`.

use super::{Answer, Call, Command, Refusal};
use crate::evaluate::native::Turn;

/// `:version`
pub(super) struct Version;

impl Command for Version {
    fn name(&self) -> &'static str {
        "version"
    }

    fn summary(&self) -> &'static str {
        "show the versions of Dagbok and of the compiler"
    }

    fn run(&self, call: &Call<'_>, evaluator: &mut Turn) -> Result<Answer, Refusal> {
        call.takes_nothing(self)?;
        Ok(Answer::Text(evaluator.version()))
    }
}
