//! The command `:forget`.

use super::{Answer, Call, Command, Refusal};
use crate::evaluate::native::Turn;

/// `:forget NAME…`
pub(super) struct Forget;

impl Command for Forget {
    fn name(&self) -> &'static str {
        "forget"
    }

    fn arguments(&self) -> &'static str {
        "NAME…"
    }

    fn summary(&self) -> &'static str {
        "drop these variables"
    }

    fn details(&self) -> &'static str {
        "`:forget table big_vector`"
    }

    fn is_saved(&self) -> bool {
        true
    }

    fn run(&self, call: &Call<'_>, evaluator: &mut Turn) -> Result<Answer, Refusal> {
        let is_between = |c: char| c.is_whitespace() || c == ',';
        let names: Vec<String> = call
            .arguments
            .split(is_between)
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect();
        if names.is_empty() {
            return Err("`:forget` takes the names of variables: `:forget x y`".into());
        }
        evaluator.forget(names)?;
        Ok(Answer::Nothing)
    }
}
