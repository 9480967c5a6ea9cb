//! Commands: lines at the start of a cell that begin with `:` or `%`, or with `!` for the shell. A command is one value
//! in one table, which feeds dispatch, `:help` and the table in README.md.

mod asm;
mod cd;
mod clear;
mod dep;
mod doc;
mod elsewhere;
mod expand;
mod explain;
mod forget;
mod help;
mod history;
mod load;
mod near;
mod opt;
mod place;
mod reset;
mod restore;
mod save;
mod shell;
mod show;
mod show_deps;
mod time;
mod timeit;
mod timing;
mod typed;
mod vars;
mod version;
mod warnings;

use std::ops::Range;
use std::sync::Arc;

pub(crate) use place::{Spot, about, listed, spot};
pub(crate) use vars::update_variables;

use crate::evaluate::native::{Turn, interrupted};
use crate::evaluate::{Cell, CellError, Frontend, Output};

/// Something a cell can ask of the kernel itself.
pub(crate) trait Command: Sync {
    /// What follows the `:`.
    fn name(&self) -> &'static str;
    /// Other names for the same.
    fn aliases(&self) -> &'static [&'static str] {
        &[]
    }
    /// What follows the name, as `:help` shows it.
    fn arguments(&self) -> &'static str {
        ""
    }
    /// The whole of it, as `:help` shows it.
    fn usage(&self) -> String {
        format!(":{} {}", self.name(), self.arguments())
            .trim_end()
            .to_owned()
    }
    /// What it does, in half a line.
    fn summary(&self) -> &'static str;
    /// Whether several in a row are one.
    fn collects(&self) -> bool {
        false
    }
    /// More about it, with an example, for `:help NAME`.
    fn details(&self) -> &'static str {
        ""
    }
    /// Whether it takes code: on its line, or else all the rest of the cell.
    fn takes_code(&self) -> bool {
        false
    }
    /// What its arguments are, for a front end that proposes some.
    fn argument(&self) -> Argument {
        Argument::Code
    }
    /// Whether a saved session needs it.
    fn is_saved(&self) -> bool {
        false
    }
    /// Does it; what it returns is shown.
    fn run(&self, call: &Call<'_>, evaluator: &mut Turn) -> Result<Answer, Refusal>;
}

/// What the arguments of a command are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Argument {
    /// Rust, or names of variables and items.
    Code,
    Command,
    Crate,
    File,
}

/// What a command was called with.
pub(crate) struct Call<'a> {
    pub(crate) cell: &'a Cell,
    /// What stands behind the name on its line.
    pub(crate) arguments: &'a str,
    /// Where in the cell all that the command takes stands: its arguments, or they and the rest of the cell.
    extent: Range<usize>,
    pub(crate) frontend: &'a Arc<dyn Frontend>,
}

/// What a command shows.
pub(crate) enum Answer {
    Nothing,
    Text(String),
    /// Rust code, or another language's.
    Code {
        language: &'static str,
        code: String,
    },
    Markdown(String),
    /// A table: its header, its rows, and a line below them.
    Table {
        header: Vec<&'static str>,
        rows: Vec<Vec<String>>,
        note: Option<String>,
    },
}

/// Why a command was not carried out.
pub(crate) enum Refusal {
    /// What is wrong with the call.
    Sentence(String),
    /// What it ran has failed.
    Failed(CellError),
}

impl Refusal {
    /// What is wrong, in a sentence.
    pub(crate) fn sentence(self) -> String {
        match self {
            Refusal::Sentence(sentence) => sentence,
            Refusal::Failed(error) => format!("{}: {}", error.name, error.value),
        }
    }
}

impl From<String> for Refusal {
    fn from(sentence: String) -> Self {
        Refusal::Sentence(sentence)
    }
}

impl From<&str> for Refusal {
    fn from(sentence: &str) -> Self {
        Refusal::Sentence(sentence.to_owned())
    }
}

impl From<CellError> for Refusal {
    fn from(error: CellError) -> Self {
        Refusal::Failed(error)
    }
}

pub(crate) const COMMANDS: &[&dyn Command] = &[
    &asm::Asm,
    &cd::Cd,
    &clear::Clear,
    &dep::Dep,
    &doc::Doc,
    &expand::Expand,
    &explain::Explain,
    &forget::Forget,
    &help::Help,
    &history::History,
    &load::Load,
    &opt::Opt,
    &reset::Reset,
    &restore::Restore,
    &save::Save,
    &show_deps::ShowDeps,
    &time::Time,
    &timeit::Timeit,
    &timing::Timing,
    &typed::Type,
    &vars::Vars,
    &version::Version,
    &warnings::Warnings,
    &shell::Shell,
];

/// A command with its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Order {
    name: String,
    /// Where its arguments stand in the cell.
    arguments: Range<usize>,
    /// Whether the rest of the cell is for it.
    takes_rest: bool,
    /// Whether the answer is to be read beside the notebook, as one to `?name` is.
    in_pager: bool,
}

impl Order {
    /// Whether the rest of the cell is for this command, and not Rust to run.
    pub(crate) fn takes_rest(&self) -> bool {
        self.takes_rest
    }

    fn collects(&self) -> bool {
        find(&self.name).is_some_and(Command::collects)
    }

    /// Whether a session that is saved needs this line.
    pub(crate) fn is_saved(&self) -> bool {
        find(&self.name).is_some_and(Command::is_saved)
    }
}

/// The commands at the start of `code`, and where the code after them starts. Comments may stand between them.
pub(crate) fn leading(code: &str) -> (Vec<Order>, usize) {
    let mut orders: Vec<Order> = Vec::new();
    let mut start = 0;
    let mut at = 0;
    for line in code.split_inclusive('\n') {
        let line_start = at;
        at += line.len();
        let last = orders.last();
        if last.is_some_and(|last| start == line_start && goes_on(last, &code[..start])) {
            orders.last_mut().expect("there is one").arguments.end = trimmed_end(code, at);
            start = at;
            continue;
        }
        match order(code, line_start..at) {
            Some(order) => {
                let takes_rest = order.takes_rest;
                start = at;
                match orders.last_mut() {
                    Some(last) if last.name == order.name && order.collects() => {
                        last.arguments.end = order.arguments.end;
                    }
                    _ => orders.push(order),
                }
                if takes_rest {
                    break;
                }
            }
            None if line.trim().is_empty() || line.trim_start().starts_with("//") => {}
            None => break,
        }
    }
    (orders, start)
}

/// Whether the shell's line that ends `before` goes on in the next one.
fn goes_on(order: &Order, before: &str) -> bool {
    order.name == shell::NAME && before.trim_end_matches(['\r', '\n']).ends_with('\\')
}

fn trimmed_end(code: &str, end: usize) -> usize {
    code[..end].trim_end().len()
}

/// The command in the line at `line`.
fn order(code: &str, line: Range<usize>) -> Option<Order> {
    let text = code[line.clone()].trim_end();
    let end = line.start + text.len();
    let text = text.trim_start();
    let (marker, rest) = text.split_at_checked(1)?;
    let is_rest_marker = marker == "%" && rest.starts_with('%');
    let rest = match marker {
        "!" => {
            let rest = rest.trim_start();
            return Some(Order {
                name: shell::NAME.to_owned(),
                arguments: end - rest.len()..end,
                takes_rest: false,
                in_pager: false,
            });
        }
        "?" => {
            let rest = rest.trim_start();
            let name = if rest.is_empty() { "help" } else { "doc" };
            return Some(Order {
                name: name.to_owned(),
                arguments: end - rest.len()..end,
                takes_rest: false,
                in_pager: true,
            });
        }
        // `::std::…` is Rust.
        ":" if !rest.starts_with(':') => rest,
        "%" => rest.trim_start_matches('%'),
        _ => return None,
    };
    let (name, arguments) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let arguments = arguments.trim_start();
    let takes_code = find(name).is_some_and(Command::takes_code);
    Some(Order {
        name: name.to_owned(),
        arguments: end - arguments.len()..end,
        takes_rest: is_rest_marker || (takes_code && arguments.is_empty()),
        in_pager: false,
    })
}

/// `code` with spaces for what is before `start`, so that lines and columns stay.
pub(crate) fn blank_before(code: &str, start: usize) -> String {
    let blank = code[..start].chars().map(|c| {
        if c == '\n' {
            "\n".to_owned()
        } else {
            " ".repeat(c.len_utf8())
        }
    });
    blank.chain([code[start..].to_owned()]).collect()
}

impl Call<'_> {
    /// All that it takes, at its place in a text in which everything else is blank; without the first `skipped` bytes.
    pub(crate) fn code(&self, skipped: usize) -> String {
        blank_before(
            &self.cell.code[..self.extent.end],
            self.extent.start + skipped,
        )
    }

    /// Whether the rest of the cell is for the command.
    pub(crate) fn takes_rest(&self) -> bool {
        let rest = &self.cell.code[self.line_end()..self.extent.end];
        !rest.trim().is_empty()
    }

    /// All of the code that it takes; a refusal with an `example` if there is none.
    pub(crate) fn some_code(&self, command: &dyn Command, example: &str) -> Result<String, String> {
        let code = self.code(0);
        let name = command.name();
        match code.trim() {
            "" => Err(format!("`:{name}` takes code: `:{name} {example}`")),
            _ => Ok(code),
        }
    }

    /// Refuses arguments.
    pub(crate) fn takes_nothing(&self, command: &dyn Command) -> Result<(), String> {
        match self.arguments {
            "" => Ok(()),
            arguments => Err(format!(
                "`:{}` takes nothing, and not `{arguments}`",
                command.name()
            )),
        }
    }

    /// Where in [`code`](Self::code) the line of the command ends.
    pub(crate) fn line_end(&self) -> usize {
        self.extent.start + self.arguments.len()
    }
}

fn find(name: &str) -> Option<&'static dyn Command> {
    COMMANDS
        .iter()
        .find(|command| command.name() == name || command.aliases().contains(&name))
        .copied()
}

/// Carries out `order`, which stands in `cell`, and shows what it answers.
pub(crate) fn run(
    order: &Order,
    cell: &Cell,
    evaluator: &mut Turn,
    frontend: &Arc<dyn Frontend>,
) -> Result<(), CellError> {
    let Some(command) = find(&order.name) else {
        let sentence =
            elsewhere::instead(&order.name).ok_or_else(|| error(near::unknown(&order.name)))?;
        show(Answer::Text(sentence), frontend);
        return Ok(());
    };
    if order.takes_rest && !command.takes_code() {
        let name = &order.name;
        return Err(error(format!(
            "`%%{name}` is not there, because `{name}` takes no code; write `:{name}` or `%{name}`"
        )));
    }
    let end = match order.takes_rest {
        true => cell.code.len(),
        false => order.arguments.end,
    };
    let call = Call {
        cell,
        arguments: &cell.code[order.arguments.clone()],
        extent: order.arguments.start..end,
        frontend,
    };
    match command.run(&call, evaluator) {
        Ok(answer) if order.in_pager => page(answer, frontend),
        Ok(answer) => show(answer, frontend),
        Err(_) if evaluator.is_interrupted() => return Err(interrupted()),
        Err(Refusal::Sentence(sentence)) => return Err(error(sentence)),
        Err(Refusal::Failed(error)) => return Err(error),
    }
    Ok(())
}

fn show(answer: Answer, frontend: &Arc<dyn Frontend>) {
    if let Some(data) = show::bundle(answer) {
        frontend.output(Output::Display {
            data,
            display_id: None,
        });
    }
}

fn page(answer: Answer, frontend: &Arc<dyn Frontend>) {
    if let Some(data) = show::bundle(answer) {
        frontend.output(Output::Page { data });
    }
}

fn error(sentence: String) -> CellError {
    let value = sentence.lines().next().unwrap_or_default().to_owned();
    let text = format!("\x1b[1;31mCommandError\x1b[0m: {sentence}");
    CellError {
        name: "CommandError".to_owned(),
        traceback: text.lines().map(str::to_owned).collect(),
        value,
    }
}

#[cfg(test)]
mod tests;
