//! The command `:help`.

use super::{Answer, Argument, COMMANDS, Call, Command, Refusal, elsewhere, find, near};
use crate::evaluate::native::Turn;

/// `:help`
pub(super) struct Help;

impl Command for Help {
    fn name(&self) -> &'static str {
        "help"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["h", "lsmagic", "magic", "quickref"]
    }

    fn arguments(&self) -> &'static str {
        "[COMMAND]"
    }

    fn summary(&self) -> &'static str {
        "list all commands, or say more about one"
    }

    fn details(&self) -> &'static str {
        "`:help timeit`"
    }

    fn argument(&self) -> Argument {
        Argument::Command
    }

    fn run(&self, call: &Call<'_>, _: &mut Turn) -> Result<Answer, Refusal> {
        if call.arguments.is_empty() {
            return Ok(all());
        }
        let name = match call.arguments.trim_start_matches([':', '%']) {
            name if name.starts_with('!') => "!",
            name => name,
        };
        match find(name) {
            Some(command) => Ok(Answer::Markdown(one(command))),
            None => match elsewhere::instead(name) {
                Some(sentence) => Ok(Answer::Text(sentence)),
                None => Err(near::unknown(name).into()),
            },
        }
    }
}

fn all() -> Answer {
    let row = |command: &&dyn Command| vec![command.usage(), command.summary().to_owned()];
    Answer::Table {
        header: vec!["command", "what it does"],
        rows: COMMANDS.iter().map(row).collect(),
        note: Some(
            "Commands stand at the start of a cell, one a line; `%` may stand in place of `:`, and `%%` before one \
             that takes the rest of the cell. `:help COMMAND` says more."
                .to_owned(),
        ),
    }
}

pub(super) fn one(command: &dyn Command) -> String {
    let aliases: Vec<String> = command
        .aliases()
        .iter()
        .map(|alias| format!("`:{alias}`"))
        .collect();
    let aliases = match aliases.as_slice() {
        [] => String::new(),
        aliases => format!(" Also {}.", aliases.join(", ")),
    };
    let text = format!(
        "`{}`: {}.{aliases}\n\n{}",
        command.usage(),
        command.summary(),
        command.details()
    );
    text.trim_end().to_owned()
}
