//! The command `:show_deps`.

use super::{Answer, Call, Command, Refusal};
use crate::evaluate::native::{Listed, Turn};

/// `:show_deps`
pub(super) struct ShowDeps;

impl Command for ShowDeps {
    fn name(&self) -> &'static str {
        "show_deps"
    }

    fn summary(&self) -> &'static str {
        "list what `:dep` has added"
    }

    fn run(&self, _: &Call<'_>, evaluator: &mut Turn) -> Result<Answer, Refusal> {
        let row = |listed: Listed| {
            vec![
                listed.name,
                listed.requirement,
                listed.version,
                listed.origin.to_owned(),
            ]
        };
        let rows: Vec<Vec<String>> = evaluator.dependencies().into_iter().map(row).collect();
        Ok(if rows.is_empty() {
            Answer::Text("there are no dependencies besides the runtime's own crates".to_owned())
        } else {
            Answer::Table {
                header: vec!["crate", "asked for", "version", "is"],
                rows,
                note: None,
            }
        })
    }
}
