//! The command `:opt`.

use super::{Answer, Command};
use crate::evaluate::native::{NativeEvaluator, OptLevel};

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

    fn run(&self, arguments: &str, evaluator: &mut NativeEvaluator) -> Result<Answer, String> {
        let level = match arguments {
            "" => return Ok(Answer::Text(describe(evaluator.opt_level))),
            "auto" => None,
            "0" | "1" | "2" | "3" | "s" | "z" => arguments.chars().next(),
            other => {
                return Err(format!(
                    "`{other}` is no optimisation level; there are 0, 1, 2, 3, s, z and auto"
                ));
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
