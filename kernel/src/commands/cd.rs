//! The command `:cd`.

use super::{Answer, Argument, Call, Command, Refusal};
use crate::evaluate::native::Turn;

/// `:cd FOLDER`
pub(super) struct Cd;

impl Command for Cd {
    fn name(&self) -> &'static str {
        "cd"
    }

    fn arguments(&self) -> &'static str {
        "[FOLDER]"
    }

    fn summary(&self) -> &'static str {
        "run cells and commands in another folder; without one, show the folder"
    }

    fn details(&self) -> &'static str {
        "`!cd` changes the folder of its own shell alone.\n\n`:cd data`, `:cd ..`"
    }

    fn is_saved(&self) -> bool {
        true
    }

    fn argument(&self) -> Argument {
        Argument::File
    }

    fn run(&self, call: &Call<'_>, evaluator: &mut Turn) -> Result<Answer, Refusal> {
        let folder = match call.arguments {
            "" => evaluator.folder(),
            folder => evaluator.change_folder(call.cell, folder, call.frontend)?,
        };
        Ok(Answer::Text(folder.display().to_string()))
    }
}
