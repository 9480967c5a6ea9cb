//! The command `:help`.

use super::{Answer, COMMANDS, Command};
use crate::evaluate::native::NativeEvaluator;

/// `:help`
pub(super) struct Help;

impl Command for Help {
    fn name(&self) -> &'static str {
        "help"
    }

    fn summary(&self) -> &'static str {
        "list all commands"
    }

    fn run(&self, _: &str, _: &mut NativeEvaluator) -> Result<Answer, String> {
        let row = |command: &&dyn Command| {
            let usage = format!(":{} {}", command.name(), command.arguments());
            vec![usage.trim_end().to_owned(), command.summary().to_owned()]
        };
        Ok(Answer::Table {
            header: vec!["command", "what it does"],
            rows: COMMANDS.iter().map(row).collect(),
        })
    }
}
