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
        "[0|1|2|3|s|z]"
    }

    fn summary(&self) -> &'static str {
        "optimise the cells from here on; without a level, show it"
    }

    fn run(&self, arguments: &str, evaluator: &mut NativeEvaluator) -> Result<Answer, String> {
        let level = match arguments {
            "" => {
                return Ok(Answer::Text(format!(
                    "optimisation level {}",
                    evaluator.opt_level.0
                )));
            }
            "0" => '0',
            "1" => '1',
            "2" => '2',
            "3" => '3',
            "s" => 's',
            "z" => 'z',
            other => {
                return Err(format!(
                    "`{other}` is no optimisation level; there are 0, 1, 2, 3, s and z"
                ));
            }
        };
        evaluator.opt_level = OptLevel(level);
        Ok(Answer::Nothing)
    }
}
