//! The command `:vars`.

use super::{Answer, Command};
use crate::evaluate::native::{NativeEvaluator, Variable};

/// `:vars`
pub(super) struct Vars;

impl Command for Vars {
    fn name(&self) -> &'static str {
        "vars"
    }

    fn summary(&self) -> &'static str {
        "list all variables with their types"
    }

    fn run(&self, _: &str, evaluator: &mut NativeEvaluator) -> Result<Answer, String> {
        let row = |(name, variable): (&String, &Variable)| {
            let mutable = if variable.mutable { "mut " } else { "" };
            vec![
                format!("{mutable}{name}"),
                variable.type_name.clone(),
                variable.cell.to_string(),
            ]
        };
        let rows: Vec<Vec<String>> = evaluator.variables().map(row).collect();
        Ok(if rows.is_empty() {
            Answer::Text("there are no variables".to_owned())
        } else {
            Answer::Table {
                header: vec!["variable", "type", "cell"],
                rows,
            }
        })
    }
}
