//! The command `:expand`.

use super::{Answer, Call, Command, Refusal};
use crate::evaluate::native::Turn;

/// `:expand CODE`, or `:expand` before code
pub(super) struct Expand;

impl Command for Expand {
    fn name(&self) -> &'static str {
        "expand"
    }

    fn arguments(&self) -> &'static str {
        "[CODE]"
    }

    fn summary(&self) -> &'static str {
        "show code, or the rest of the cell, with its macros expanded"
    }

    fn details(&self) -> &'static str {
        "The code is not run. Macros of earlier cells are known.\n\n`:expand vec![1, 2]`"
    }

    fn takes_code(&self) -> bool {
        true
    }

    fn run(&self, call: &Call<'_>, evaluator: &mut Turn) -> Result<Answer, Refusal> {
        let code = call.some_code(self, "vec![1, 2]")?;
        let code = evaluator.expand(call.cell, &code)?;
        Ok(Answer::Code {
            language: "rust",
            code,
        })
    }
}
