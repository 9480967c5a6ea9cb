//! The command `:opt`.

use super::{Answer, Call, Command, Refusal};
use crate::evaluate::native::{OptLevel, Turn};

/// `:opt LEVEL`
pub(super) struct Opt;

impl Command for Opt {
    fn name(&self) -> &'static str {
        "opt"
    }

    fn arguments(&self) -> &'static str {
        "[0|1|2|3|s|z|auto]"
    }

    fn summary(&self) -> &'static str {
        "optimise the cells from here on; without a level, show it"
    }

    fn details(&self) -> &'static str {
        "`auto`, as at the start, optimises cells with long loops alone; `s` and `z` make code small.\n\n`:opt 3`"
    }

    fn is_saved(&self) -> bool {
        true
    }

    fn run(&self, call: &Call<'_>, evaluator: &mut Turn) -> Result<Answer, Refusal> {
        let level = match call.arguments {
            "" => return Ok(Answer::Text(describe(evaluator.opt_level))),
            "auto" => None,
            "0" | "1" | "2" | "3" | "s" | "z" => call.arguments.chars().next(),
            other => {
                return Err(format!(
                    "`{other}` is no optimisation level; there are 0, 1, 2, 3, s, z and auto"
                )
                .into());
            }
        };
        evaluator.opt_level = level.map(OptLevel);
        Ok(Answer::Nothing)
    }
}

fn describe(level: Option<OptLevel>) -> String {
    match level {
        Some(OptLevel(level)) => format!("optimisation level {level}"),
        None => "optimisation level auto: 3 for cells with long loops and for functions with loops, else 0".to_owned(),
    }
}
