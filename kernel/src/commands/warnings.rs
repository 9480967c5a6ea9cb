//! The command `:warnings`.

use super::{Answer, Call, Command, Refusal};
use crate::evaluate::native::Turn;

/// `:warnings`
pub(super) struct Warnings;

impl Command for Warnings {
    fn name(&self) -> &'static str {
        "warnings"
    }

    fn arguments(&self) -> &'static str {
        "[on|off]"
    }

    fn summary(&self) -> &'static str {
        "show the compiler's warnings, or do not; without a word, say which"
    }

    fn is_saved(&self) -> bool {
        true
    }

    fn run(&self, call: &Call<'_>, evaluator: &mut Turn) -> Result<Answer, Refusal> {
        evaluator.warns = match call.arguments {
            "on" => true,
            "off" => false,
            "" => {
                let state = if evaluator.warns { "on" } else { "off" };
                return Ok(Answer::Text(format!("warnings are {state}")));
            }
            other => return Err(format!("`{other}` is neither `on` nor `off`").into()),
        };
        Ok(Answer::Nothing)
    }
}
