//! The command `:type`.

use super::{Answer, Call, Command, Refusal};
use crate::evaluate::native::Turn;

/// `:type EXPRESSION`
pub(super) struct Type;

impl Command for Type {
    fn name(&self) -> &'static str {
        "type"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["t"]
    }

    fn arguments(&self) -> &'static str {
        "EXPRESSION"
    }

    fn summary(&self) -> &'static str {
        "show the type of an expression, which is not run"
    }

    fn details(&self) -> &'static str {
        "`:type v.iter().map(|x| x + 1)`"
    }

    fn takes_code(&self) -> bool {
        true
    }

    fn run(&self, call: &Call<'_>, evaluator: &mut Turn) -> Result<Answer, Refusal> {
        let code = call.some_code(self, "1 + 1")?;
        let type_text = evaluator.type_of(call.cell, &code, call.frontend)?;
        Ok(Answer::Text(type_text))
    }
}
