//! `dagbok run`: a notebook in the terminal, as an executed notebook and as an HTML page, without Jupyter.

mod ansi;
mod error;
mod execute;
mod file;
mod headings;
mod interrupts;
mod mime;
mod outputs;
mod page;
mod plan;
mod save;
mod terminal;
mod typist;

use std::fmt::Display;
use std::io::{self, BufReader, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use self::error::{Error, Result};
use self::execute::{EXIT_CODE_INTERRUPTED, Event, Events, OnError, Outcome, execute};
use self::plan::Plan;
use self::terminal::{Colours, Mode, Screen, Terminal};
use self::typist::Typist;
use crate::evaluate::Evaluator;

/// Runs a notebook and shows its outputs, without Jupyter.
///
/// Cells tagged `skip-execution` keep the outputs they have; cells tagged `raises-exception` may fail. The run stops at the
/// first other cell that fails, with exit code 1.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct RunOptions {
    /// The notebook file (`.ipynb`).
    pub notebook: PathBuf,

    /// Where to write the executed notebook [default: NAME.executed.ipynb beside the notebook].
    #[arg(long, value_name = "FILE", conflicts_with_all = ["inplace", "no_output"])]
    pub output: Option<PathBuf>,

    /// Write the outputs into the notebook itself.
    #[arg(long, conflicts_with = "no_output")]
    pub inplace: bool,

    /// Write no executed notebook.
    #[arg(long)]
    pub no_output: bool,

    /// Where to write the HTML page [default: NAME.html beside the notebook].
    #[arg(long, value_name = "FILE", conflicts_with = "no_html")]
    pub html: Option<PathBuf>,

    /// Write no HTML page.
    #[arg(long)]
    pub no_html: bool,

    /// Go on after a cell that fails.
    #[arg(long)]
    pub allow_errors: bool,
}

/// Runs `dagbok run`: `start` is called with the notebook's folder, where cells run, once the notebook is known to be one.
///
/// The exit code is 0 if all cells ran, 1 if a cell failed or a file could not be written, 2 if nothing ran because the input
/// is wrong, 130 after Ctrl-C.
pub fn run<E: Display>(
    options: &RunOptions,
    start: impl FnOnce(&Path) -> Result<Box<dyn Evaluator>, E>,
) -> ExitCode {
    let colours = colours(&io::stderr());
    match try_run(options, start) {
        Ok(outcome) => outcome,
        Err(error) => {
            complain(&error.to_string(), colours);
            ExitCode::from(error.exit_code())
        }
    }
}

/// The code cells of the notebook in `text`.
///
/// # Errors
/// What the text is instead, to be read after the file's name: "is not …".
pub(crate) fn code_of_notebook(text: &str) -> Result<Vec<String>, String> {
    let notebook = file::read(text)?;
    let is_code = |cell: &file::Cell| matches!(cell.kind, file::CellKind::Code { .. });
    let cells = notebook.cells.into_iter().filter(is_code);
    Ok(cells.map(|cell| cell.source).collect())
}

/// The text of a notebook with these code cells.
pub(crate) fn notebook_of_code(cells: &[&str]) -> String {
    let cell = |code: &&str| serde_json::json!({"cell_type": "code", "execution_count": null, "metadata": {}, "outputs": [], "source": code});
    let cells: Vec<_> = cells.iter().map(cell).collect();
    let value = serde_json::json!({
        "cells": cells,
        "metadata": {"kernelspec": {"display_name": "Rust (Dagbok)", "language": "rust", "name": "dagbok"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    });
    match file::read(&value.to_string()) {
        Ok(mut notebook) => {
            notebook.note_language();
            file::write(&notebook)
        }
        Err(_) => value.to_string(),
    }
}

fn try_run<E: Display>(
    options: &RunOptions,
    start: impl FnOnce(&Path) -> Result<Box<dyn Evaluator>, E>,
) -> Result<ExitCode> {
    let Plan {
        mut notebook,
        directory,
        targets,
    } = Plan::new(options)?;
    let started = Instant::now();
    let evaluator = start(&directory).map_err(|error| Error::input(error.to_string()))?;
    let events = Events::new(Typist::new(typist::hiding(), BufReader::new(io::stdin())));
    let sender = events.sender.clone();
    interrupts::listen(move || sender.send(Event::CtrlC).is_ok())
        .map_err(|error| Error::run(format!("cannot listen to Ctrl-C: {error}")))?;
    let mut terminal = Terminal::new(Box::new(io::stdout()), screen());
    let on_error = match options.allow_errors || notebook.allows_errors() {
        true => OnError::Continue,
        false => OnError::Stop,
    };
    notebook.note_language();
    let mut save_early = |notebook: &file::Notebook| drop(targets.save(notebook, &directory));
    let run = execute(
        &mut notebook,
        &*evaluator,
        &mut terminal,
        on_error,
        events,
        &mut save_early,
    );
    let written = targets.save(&notebook, &directory)?;
    terminal.summary(run.n_cells, started.elapsed(), &written);
    let colours = colours(&io::stderr());
    Ok(match run.outcome {
        Outcome::Finished => ExitCode::SUCCESS,
        Outcome::Failed { number, error } => {
            complain(
                &format!(
                    "cell {number} failed: {}: {}",
                    error.name,
                    ansi::plain(&error.value)
                ),
                colours,
            );
            ExitCode::FAILURE
        }
        Outcome::Interrupted { number } => {
            complain(&format!("interrupted in cell {number}"), colours);
            ExitCode::from(EXIT_CODE_INTERRUPTED)
        }
    })
}

fn screen() -> Screen {
    let stdout = io::stdout();
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    let size = || match terminal_size::terminal_size() {
        Some((columns, rows)) => (columns.0.into(), rows.0.into()),
        None => (80, 24),
    };
    Screen {
        mode: if stdout.is_terminal() && !dumb {
            Mode::Live
        } else {
            Mode::Appending
        },
        colours: colours(&stdout),
        size: Box::new(size),
    }
}

fn colours(stream: &impl IsTerminal) -> Colours {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    if stream.is_terminal() && !refused {
        Colours::On
    } else {
        Colours::Off
    }
}

fn complain(message: &str, colours: Colours) {
    let label = match colours {
        Colours::On => "\x1b[1;31merror\x1b[0m",
        Colours::Off => "error",
    };
    let _ = writeln!(io::stderr(), "{label}: {message}");
}

#[cfg(test)]
mod tests;
