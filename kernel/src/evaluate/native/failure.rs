//! Failures as a person reads them: what happened, and where in which cell.

use std::os::unix::process::ExitStatusExt;

use super::diagnostics::{Message, own_words, render};
use super::history::{History, TypedPlace};
use super::process::Death;
use super::run::Loss;
use super::source::Source;
use super::variables::Variable;
use crate::channel::Ending;
use crate::evaluate::CellError;

const RED: &str = "\x1b[1;31m";
pub(super) const BLUE: &str = "\x1b[1;34m";
pub(super) const PLAIN: &str = "\x1b[0m";

const SIGABRT: i32 = 6;

/// What the error is called if a variable cannot leave the thread of its shell.
pub(super) const NOT_SENT: &str = "NotSent";

/// All errors of a compile as one.
pub(super) fn compile_error(
    messages: &[Message],
    source: &Source,
    history: &History,
    why_gone: &dyn Fn(&str) -> Option<String>,
) -> CellError {
    let errors: Vec<&Message> = messages
        .iter()
        .filter(|message| message.is_error())
        .collect();
    let errors = without_consequences(errors, source);
    let rendered: Vec<String> = errors
        .iter()
        .map(|error| {
            let notes = missing_name(error).and_then(why_gone);
            let notes = notes.or_else(|| error.is_of_future(source).then(|| FUTURE.to_owned()));
            render(error, source, history, notes.as_slice())
        })
        .collect();
    let value = errors
        .first()
        .map_or(String::new(), |error| own_words(&error.message));
    CellError {
        name: "CompileError".to_owned(),
        value,
        traceback: rendered.join("\n\n").lines().map(str::to_owned).collect(),
    }
}

/// What `Future<T>` is if it is no type.
const FUTURE: &str = "`Future` is a trait of the standard library; the type of what `submit` returns is `dagbok::Future`";

/// Those of `errors` that are of what a person typed, if there are any: what keeps variables cannot work where these are.
fn without_consequences<'m>(errors: Vec<&'m Message>, source: &Source) -> Vec<&'m Message> {
    let (typed, others): (Vec<_>, Vec<_>) =
        errors.into_iter().partition(|error| error.is_typed(source));
    if typed.is_empty() { others } else { typed }
}

/// The name that an error says is not there.
fn missing_name(error: &Message) -> Option<&str> {
    let is_missing = error.has_code(&["E0425", "E0423", "E0432", "E0433", "E0412"]);
    let name = error.message.split('`').nth(1)?;
    is_missing.then_some(name)
}

/// How a run ended, if not well.
pub(super) fn runtime_error(ending: Ending, history: &History) -> CellError {
    match ending {
        Ending::Failed {
            message,
            causes,
            place,
        } => {
            let place = history.locate(&place);
            let message = history.with_cells(&message).into_owned();
            let mut traceback = headline("Error", &message, place.as_ref());
            let causes = causes.iter().map(|cause| history.with_cells(cause));
            traceback.splice(1..1, causes.map(|cause| format!("caused by: {cause}")));
            cell_error("Error", message, traceback)
        }
        Ending::Panicked {
            message,
            place,
            frames,
        } => {
            let place = place.and_then(|place| history.locate(&place));
            let message = history.with_cells(&message).into_owned();
            let mut traceback = headline("Panic", &message, place.as_ref());
            traceback.extend(history.callers(&frames));
            cell_error("Panic", message, traceback)
        }
        Ending::NotLoaded { message } => {
            let traceback = headline("LoadError", &message, None);
            cell_error(
                "LoadError",
                format!("the cell cannot be loaded: {message}"),
                traceback,
            )
        }
        Ending::Cancelled { message } => stopped(&message),
        Ending::Interrupted | Ending::Done => interrupted(),
    }
}

fn headline(name: &str, message: &str, place: Option<&TypedPlace>) -> Vec<String> {
    let mut lines: Vec<String> = format!("{RED}{name}{PLAIN}: {message}")
        .lines()
        .map(str::to_owned)
        .collect();
    if let Some(place) = place {
        lines.push(format!(" {BLUE}-->{PLAIN} {place}"));
        lines.push(format!("  {BLUE}|{PLAIN} {}", place.text));
    }
    lines
}

fn cell_error(name: &str, value: String, traceback: Vec<String>) -> CellError {
    CellError {
        name: name.to_owned(),
        value,
        traceback,
    }
}

/// The cell was stopped.
pub(crate) fn interrupted() -> CellError {
    stopped("the cell was interrupted")
}

fn stopped(why: &str) -> CellError {
    let value = format!("{why}; all variables are there");
    let traceback = headline("Interrupted", &value, None);
    cell_error("Interrupted", value, traceback)
}

/// The variable `name` is used by the cell `number`.
pub(super) fn in_use(name: &str, number: u32) -> CellError {
    let value = format!("`{name}` is in use by cell {number}, which is still running");
    withheld("InUse", value)
}

/// The variable `name`, of a type that this cell defines anew, is used by the cell `number`.
pub(super) fn type_in_use(name: &str, type_name: &str, number: u32) -> CellError {
    let value = format!(
        "`{name}`, which is of the `{type_name}` that this cell defines anew, is in use by cell {number}, which is still running"
    );
    withheld("InUse", value)
}

/// The value of `variable`, which is called `name`, cannot leave the thread of its shell.
pub(super) fn not_sent(name: &str, variable: &Variable) -> CellError {
    let value = format!(
        "`{name}` stays in the shell of cell {}, which made it: a `{}` cannot be sent from one thread to another",
        variable.cell, variable.type_name
    );
    withheld(NOT_SENT, value)
}

fn withheld(name: &str, value: String) -> CellError {
    let traceback = headline(name, &value, None);
    cell_error(name, value, traceback)
}

/// Something between the kernel, the compiler and the session failed that is not the cell's fault.
pub(super) fn internal(error: &std::io::Error) -> CellError {
    let value = error.to_string();
    let traceback = headline("KernelError", &value, None);
    cell_error("KernelError", value, traceback)
}

/// The compiler takes what the splitter does not.
pub(super) fn unknown_syntax() -> CellError {
    let value = "the cell uses syntax that Dagbok cannot take apart yet".to_owned();
    let traceback = headline("CompileError", &value, None);
    cell_error("CompileError", value, traceback)
}

/// The session process ended while cells ran, with the `loss` that this was.
pub(super) fn crash(death: &Death, loss: &Loss) -> CellError {
    let cells = &loss.cells;
    let (name, value) = match (death.interrupted, cells.as_slice()) {
        (true, [number]) => (
            "Interrupted",
            format!(
                "cell {number} could not be stopped, so the second interrupt ended the session process"
            ),
        ),
        (true, _) => (
            "Interrupted",
            format!(
                "a cell could not be stopped, so the second interrupt ended the session process, in which {} were running",
                all_cells(cells)
            ),
        ),
        (false, [number]) => (
            "Crash",
            format!("cell {number} ended the session process: {}", cause(death)),
        ),
        (false, _) => (
            "Crash",
            format!(
                "the session process ended while {} were running: {}",
                all_cells(cells),
                cause(death)
            ),
        ),
    };
    let mut traceback = headline(name, &value, None);
    if death.status.and_then(|status| status.signal()) == Some(SIGABRT) {
        traceback.extend(
            death
                .panics
                .iter()
                .flat_map(|panic| panic.lines().map(str::to_owned)),
        );
    }
    traceback.push(new_process(&loss.variables));
    cell_error(name, value, traceback)
}

/// `cells 1, 2 and 5`
pub(super) fn all_cells(numbers: &[u32]) -> String {
    let all: Vec<String> = numbers.iter().map(u32::to_string).collect();
    match all.as_slice() {
        [] => "no cell".to_owned(),
        [one] => format!("cell {one}"),
        [first @ .., last] => format!("cells {} and {last}", first.join(", ")),
    }
}

/// The session process ended when no cell ran, and took the variables `lost` along.
pub(super) fn crash_between_cells(death: &Death, lost: &[String]) -> String {
    format!(
        "a thread that an earlier cell had left behind ended the session process: {}; {}",
        cause(death),
        new_process(lost)
    )
}

fn new_process(lost: &[String]) -> String {
    let variables = match lost {
        [] => "there were no variables to lose".to_owned(),
        [one] => format!("the variable `{one}` is lost"),
        many => format!("the variables `{}` are lost", many.join("`, `")),
    };
    format!(
        "a new session process has started; {variables}; functions and types are still there; \
         `:restore` runs the earlier cells again"
    )
}

/// Why a session process did not even start.
pub(super) fn no_start(death: &Death) -> String {
    format!("{} {}", cause(death), death.last_words.trim())
        .trim()
        .to_owned()
}

fn cause(death: &Death) -> String {
    if let Some(error) = &death.error {
        return error.clone();
    }
    if let Some(words) = out_of_memory(death) {
        return words;
    }
    if death.stack_overflow {
        return "the stack overflowed, as endless recursion makes it".to_owned();
    }
    let Some(status) = death.status else {
        return "it is gone without a status".to_owned();
    };
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("it exited with code {code}"),
        (None, Some(signal)) => signal_words(signal),
        (None, None) => status.to_string(),
    }
}

/// What Rust says before it aborts a program that asks for memory which there is not.
fn out_of_memory(death: &Death) -> Option<String> {
    let is_abort = death.status?.signal() == Some(SIGABRT);
    let line = death.last_words.lines().rfind(|line| {
        line.starts_with("memory allocation of ") && line.contains(" bytes failed")
    })?;
    is_abort.then(|| format!("out of memory: {line} (signal 6, SIGABRT)"))
}

fn signal_words(signal: i32) -> String {
    let (name, words) = match signal {
        2 => ("SIGINT", "it was interrupted from outside"),
        3 => ("SIGQUIT", "it was ended from outside"),
        4 => ("SIGILL", "an illegal instruction"),
        5 => ("SIGTRAP", "a trap"),
        SIGABRT => ("SIGABRT", "it was aborted"),
        7 => ("SIGBUS", "a bus error"),
        8 => ("SIGFPE", "an arithmetic fault"),
        9 => (
            "SIGKILL",
            "it was killed from outside, which the system does for want of memory",
        ),
        11 => ("SIGSEGV", "a segmentation fault"),
        13 => ("SIGPIPE", "it wrote into a closed pipe"),
        14 => ("SIGALRM", "its alarm went off"),
        15 => ("SIGTERM", "it was terminated from outside"),
        24 => ("SIGXCPU", "it used more time than it may"),
        31 => ("SIGSYS", "a system call that it may not make"),
        _ => return format!("signal {signal}"),
    };
    format!("{words} (signal {signal}, {name})")
}
