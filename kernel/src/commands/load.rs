//! The command `:load`.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use super::{Answer, Argument, Call, Command, Refusal};
use crate::evaluate::native::Turn;
use crate::evaluate::{Cell, Frontend, Output};
use crate::notebook::code_of_notebook;

/// What separates the cells of a script.
pub(super) const SEPARATOR: &str = "// %%";

/// `:load FILE`
pub(super) struct Load;

impl Command for Load {
    fn name(&self) -> &'static str {
        "load"
    }

    fn arguments(&self) -> &'static str {
        "FILE"
    }

    fn summary(&self) -> &'static str {
        "run a script (`.rs`) or the code cells of a notebook (`.ipynb`)"
    }

    fn details(&self) -> &'static str {
        "Lines that begin with `// %%` separate the cells of a script. The run stops at the first cell that fails. Paths are \
         seen from the folder in which cells run.\n\n`:load helpers.rs`"
    }

    fn is_saved(&self) -> bool {
        true
    }

    fn argument(&self) -> Argument {
        Argument::File
    }

    fn run(&self, call: &Call<'_>, evaluator: &mut Turn) -> Result<Answer, Refusal> {
        if call.arguments.is_empty() {
            return Err("`:load` takes a file: `:load helpers.rs`".into());
        }
        let name = unquoted(call.arguments);
        let path = evaluator.resolve(Path::new(name));
        let cells = cells(name, &path)?;
        let file = path.canonicalize().unwrap_or(path);
        let shown: Arc<dyn Frontend> = Arc::new(Shown(call.frontend.clone()));
        evaluator.while_loading(&file, |evaluator| {
            for (idx, code) in cells.into_iter().enumerate() {
                let cell = Cell {
                    number: call.cell.number,
                    code,
                };
                evaluator
                    .evaluate_code(&cell, &shown)
                    .map_err(|mut error| {
                        let place = format!("in cell {} of `{name}`:", idx + 1);
                        error.traceback.insert(0, place);
                        error
                    })?;
            }
            Ok(())
        })?;
        Ok(Answer::Nothing)
    }
}

/// Shows results as displays, for a cell has one result at most.
struct Shown(Arc<dyn Frontend>);

impl Frontend for Shown {
    fn output(&self, output: Output) {
        self.0.output(match output {
            Output::Result { data } => Output::Display {
                data,
                display_id: None,
            },
            output => output,
        });
    }
}

/// `text` without the quotes around it.
pub(super) fn unquoted(text: &str) -> &str {
    let quoted = ['"', '\'']
        .iter()
        .find_map(|quote| text.strip_prefix(*quote)?.strip_suffix(*quote));
    quoted.unwrap_or(text)
}

fn cells(name: &str, path: &Path) -> Result<Vec<String>, Refusal> {
    let extension = path.extension().and_then(|extension| extension.to_str());
    let cells_in: fn(&str) -> Result<Vec<String>, String> = match extension {
        Some("rs") => |text| Ok(cells_of_script(text)),
        Some("ipynb") => code_of_notebook,
        _ => {
            return Err(format!(
                "cannot load `{name}`: it is neither a script (`.rs`) nor a notebook (`.ipynb`)"
            )
            .into());
        }
    };
    let text =
        fs::read_to_string(path).map_err(|error| format!("cannot load `{name}`: {error}"))?;
    Ok(cells_in(&text).map_err(|sentence| format!("`{name}` {sentence}"))?)
}

/// The cells of a script, each at its own lines.
fn cells_of_script(text: &str) -> Vec<String> {
    let mut cells = Vec::new();
    let mut cell = String::new();
    for (idx, line) in text.lines().enumerate() {
        let is_separator = line
            .strip_prefix("//")
            .is_some_and(|rest| rest.trim_start().starts_with("%%"));
        if idx == 0 && line.starts_with("#!/") || is_separator {
            cells.push(std::mem::take(&mut cell));
        } else {
            cell += line;
            cell.push('\n');
        }
    }
    cells.push(cell);
    cells.retain(|cell| !cell.trim().is_empty());
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_cut_at_their_separators() {
        let script =
            "#!/usr/bin/env x\nlet a = 1;\n\n// %% second\n//%%\nlet b = 2;\n// a comment %%\nb\n";
        assert_eq!(
            cells_of_script(script),
            ["let a = 1;\n\n", "let b = 2;\n// a comment %%\nb\n"]
        );
        assert!(cells_of_script("\n// %%\n").is_empty());
    }
}
