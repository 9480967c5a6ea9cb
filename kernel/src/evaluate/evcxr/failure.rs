//! Failures of a cell as one error each.

use evcxr::CompilationError;

use super::mark::Ending;
use super::screen::Done;
use crate::evaluate::CellError;

const RED: &str = "\x1b[1;31m";
const PLAIN: &str = "\x1b[0m";

/// How a cell failed that ran and did not end its process.
pub(super) fn of_done(done: Done) -> Result<(), CellError> {
    match done.ending {
        Ending::Returned => Ok(()),
        Ending::Panicked => {
            let message = done.panic.unwrap_or_else(|| "the cell panicked".to_owned());
            Err(cell_error("Panic", &message, Vec::new()))
        }
        Ending::Failed => Err(cell_error("Error", &done.last_line, Vec::new())),
    }
}

pub(super) fn interrupted() -> CellError {
    let note = "the session process has ended, and with it all variables".to_owned();
    cell_error("Interrupted", "the cell was interrupted", vec![note])
}

pub(super) fn crash(cell: u32, death: &str) -> CellError {
    let value = format!("cell {cell} ended the session process: {death}");
    let note = "a new session process has started; all variables are lost".to_owned();
    cell_error("Crash", &value, vec![note])
}

/// What evcxr does not even hand to the compiler.
pub(super) fn refused(sentence: &str) -> CellError {
    let mut lines = sentence.lines();
    let first = lines.next().unwrap_or_default();
    cell_error("CompileError", first, lines.map(str::to_owned).collect())
}

/// All errors of a compile as one.
pub(super) fn compile_errors(cell: u32, errors: &[CompilationError]) -> CellError {
    let value = errors
        .first()
        .map_or(String::new(), CompilationError::message);
    let traceback = errors.iter().flat_map(|error| rendered(cell, error));
    CellError {
        name: "CompileError".to_owned(),
        value,
        traceback: traceback.collect(),
    }
}

fn rendered(cell: u32, error: &CompilationError) -> Vec<String> {
    let code = error
        .code()
        .map_or(String::new(), |code| format!("[{code}]"));
    let mut lines = vec![format!("{RED}error{code}{PLAIN}: {}", error.message())];
    for spanned in error.spanned_messages() {
        let Some(span) = &spanned.span else {
            continue;
        };
        lines.push(format!(
            " --> cell {cell}:{}:{}",
            span.start_line, span.start_column
        ));
        lines.extend(spanned.lines.iter().map(|line| format!("  | {line}")));
        if span.start_line == span.end_line {
            let before = " ".repeat(span.start_column.saturating_sub(1));
            let carets = "^".repeat(span.end_column.saturating_sub(span.start_column).max(1));
            lines.push(format!(
                "  | {before}{RED}{carets} {}{PLAIN}",
                spanned.label
            ));
        }
    }
    let helps = error.help().into_iter();
    lines.extend(helps.map(|help| format!("help: {help}")));
    lines.extend(error.evcxr_extra_hint().map(|hint| format!("note: {hint}")));
    lines
}

fn cell_error(name: &str, value: &str, notes: Vec<String>) -> CellError {
    let mut traceback: Vec<String> = format!("{RED}{name}{PLAIN}: {value}")
        .lines()
        .map(str::to_owned)
        .collect();
    traceback.extend(notes);
    CellError {
        name: name.to_owned(),
        value: value.to_owned(),
        traceback,
    }
}
