//! The command `:save`.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::Path;

use super::load::{SEPARATOR, unquoted};
use super::{Answer, Argument, Call, Command, Refusal, leading};
use crate::evaluate::native::Turn;
use crate::notebook::notebook_of_code;

/// `:save FILE`
pub(super) struct Save;

impl Command for Save {
    fn name(&self) -> &'static str {
        "save"
    }

    fn arguments(&self) -> &'static str {
        "[-f] FILE"
    }

    fn summary(&self) -> &'static str {
        "write the cells that succeeded as a script (`.rs`) or a notebook (`.ipynb`)"
    }

    fn details(&self) -> &'static str {
        "Cells that only looked at something (`:vars`, `:help`, …) are left out. `-f` replaces a file that is there. `:load` \
         runs what was written.\n\n`:save -f session.rs`"
    }

    fn argument(&self) -> Argument {
        Argument::File
    }

    fn run(&self, call: &Call<'_>, evaluator: &mut Turn) -> Result<Answer, Refusal> {
        let (replace, name) = parse(call.arguments);
        if name.is_empty() {
            return Err("`:save` takes a file: `:save session.rs`".into());
        }
        let path = evaluator.resolve(Path::new(name));
        let cells: Vec<&str> = evaluator
            .typed()
            .iter()
            .filter(|typed| typed.succeeded && is_saved(&typed.code))
            .map(|typed| typed.code.trim_end())
            .collect();
        if cells.is_empty() {
            return Err("there is no cell to save yet".into());
        }
        let text = match path.extension().and_then(|extension| extension.to_str()) {
            Some("rs") => script(&cells),
            Some("ipynb") => notebook_of_code(&cells),
            _ => {
                return Err(format!(
                    "cannot save as `{name}`: a script ends in `.rs`, a notebook in `.ipynb`"
                )
                .into());
            }
        };
        write(name, &path, &text, replace)?;
        let plural = if cells.len() == 1 { "" } else { "s" };
        Ok(Answer::Text(format!(
            "wrote {} cell{plural} to `{name}`",
            cells.len()
        )))
    }
}

/// Whether to replace a file, and which.
fn parse(arguments: &str) -> (bool, &str) {
    let stripped = arguments
        .strip_prefix("-f ")
        .or_else(|| arguments.strip_suffix(" -f"));
    match stripped {
        Some(name) => (true, unquoted(name.trim())),
        None if arguments == "-f" => (true, ""),
        None => (false, unquoted(arguments)),
    }
}

/// Whether the cell does anything that a later one may need.
fn is_saved(code: &str) -> bool {
    let (orders, start) = leading(code);
    let takes_rest = orders.last().is_some_and(super::Order::takes_rest);
    let has_code = !takes_rest && !code[start..].trim().is_empty();
    has_code || orders.iter().any(super::Order::is_saved)
}

fn script(cells: &[&str]) -> String {
    cells.join(&format!("\n\n{SEPARATOR}\n")) + "\n"
}

fn write(name: &str, path: &Path, text: &str, replace: bool) -> Result<(), Refusal> {
    let written = match replace {
        true => fs::write(path, text),
        false => OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(path)
            .and_then(|mut file| file.write_all(text.as_bytes())),
    };
    written.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => {
            format!("`{name}` is there already; `:save -f {name}` replaces it").into()
        }
        _ => format!("cannot write `{name}`: {error}").into(),
    })
}
