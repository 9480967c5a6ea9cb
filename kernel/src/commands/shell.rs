//! The command `!`.

use super::{Answer, Argument, Call, Command, Refusal};
use crate::evaluate::native::Turn;

pub(super) const NAME: &str = "!";

/// `!COMMAND`
pub(super) struct Shell;

impl Command for Shell {
    fn name(&self) -> &'static str {
        NAME
    }

    fn usage(&self) -> String {
        "!COMMAND".to_owned()
    }

    fn summary(&self) -> &'static str {
        "run a command in a shell, in the notebook's folder"
    }

    fn details(&self) -> &'static str {
        "Its output is shown while it runs. An exit code other than 0 is an error. A line that ends in `\\` goes on in the \
         next one. Each `!` has a shell of its own: `:cd` changes the folder for all that follows.\n\n`!ls -l data`"
    }

    fn is_saved(&self) -> bool {
        true
    }

    fn argument(&self) -> Argument {
        Argument::File
    }

    fn run(&self, call: &Call<'_>, evaluator: &mut Turn) -> Result<Answer, Refusal> {
        if call.arguments.is_empty() {
            return Err("`!` takes a command: `!ls`".into());
        }
        evaluator.shell(call.arguments, call.frontend)?;
        let changes_folder =
            call.arguments.starts_with("cd ") && !call.arguments.contains(['&', ';', '|', '\n']);
        Ok(match changes_folder {
            true => Answer::Text(format!(
                "the folder is still {}: `!cd` changes that of its own shell alone; `:cd` changes it for all cells",
                evaluator.folder().display()
            )),
            false => Answer::Nothing,
        })
    }
}
