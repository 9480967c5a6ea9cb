//! Commands: lines at the start of a cell that begin with `:` or `%`. A command is one value in one table, which feeds
//! dispatch and `:help`.

mod clear;
mod dep;
mod help;
mod opt;
mod show_deps;
mod timing;
mod vars;
mod version;
mod warnings;

use std::sync::Arc;

use crate::evaluate::native::NativeEvaluator;
use crate::evaluate::{CellError, Frontend, Output};

/// Something a cell can ask of the kernel itself.
pub(crate) trait Command: Sync {
    /// What follows the `:`.
    fn name(&self) -> &'static str;
    /// What follows the name, as `:help` shows it.
    fn arguments(&self) -> &'static str {
        ""
    }
    /// What it does, in half a line.
    fn summary(&self) -> &'static str;
    /// Whether several in a row are one, which has a line of arguments for each.
    fn collects(&self) -> bool {
        false
    }
    /// Does it; what it returns is shown.
    fn run(&self, arguments: &str, evaluator: &mut NativeEvaluator) -> Result<Answer, String>;
}

/// What a command shows.
pub(crate) enum Answer {
    Nothing,
    Text(String),
    /// A table: its header, and its rows.
    Table {
        header: Vec<&'static str>,
        rows: Vec<Vec<String>>,
    },
}

pub(crate) const COMMANDS: &[&dyn Command] = &[
    &clear::Clear,
    &dep::Dep,
    &help::Help,
    &opt::Opt,
    &show_deps::ShowDeps,
    &timing::Timing,
    &vars::Vars,
    &version::Version,
    &warnings::Warnings,
];

/// A command with its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Order {
    name: String,
    arguments: String,
}

impl Order {
    fn collects(&self) -> bool {
        let command = COMMANDS.iter().find(|command| command.name() == self.name);
        command.is_some_and(|command| command.collects())
    }
}

/// The commands at the start of `code`, and where the Rust code after them starts.
pub(crate) fn leading(code: &str) -> (Vec<Order>, usize) {
    let mut orders: Vec<Order> = Vec::new();
    let mut start = 0;
    let mut at = 0;
    for line in code.split_inclusive('\n') {
        at += line.len();
        let line = line.trim();
        match order(line) {
            Some(order) => {
                start = at;
                match orders.last_mut() {
                    Some(last) if last.name == order.name && order.collects() => {
                        last.arguments.push('\n');
                        last.arguments.push_str(&order.arguments);
                    }
                    _ => orders.push(order),
                }
            }
            None if line.is_empty() => {}
            None => break,
        }
    }
    (orders, start)
}

fn order(line: &str) -> Option<Order> {
    let text = match line.strip_prefix(':') {
        // `::std::…` is Rust.
        Some(text) if !text.starts_with(':') => text,
        Some(_) => return None,
        None => line.strip_prefix('%')?,
    };
    let (name, arguments) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    Some(Order {
        name: name.to_owned(),
        arguments: arguments.trim().to_owned(),
    })
}

/// Carries out `order` and shows what it answers.
pub(crate) fn run(
    order: &Order,
    evaluator: &mut NativeEvaluator,
    frontend: &Arc<dyn Frontend>,
) -> Result<(), CellError> {
    // It runs cells, which show what they like.
    if order.name == "restore" {
        let text = evaluator.restore(frontend)?;
        if let Some(data) = bundle(Answer::Text(text)) {
            let display_id = None;
            frontend.output(Output::Display { data, display_id });
        }
        return Ok(());
    }
    let Some(command) = COMMANDS.iter().find(|command| command.name() == order.name) else {
        return Err(error(unknown(&order.name)));
    };
    let answer = match command.run(&order.arguments, evaluator) {
        Ok(answer) => answer,
        Err(_) if evaluator.is_interrupted() => return Err(crate::evaluate::native::interrupted()),
        Err(sentence) => return Err(error(sentence)),
    };
    if let Some(data) = bundle(answer) {
        frontend.output(Output::Display {
            data,
            display_id: None,
        });
    }
    Ok(())
}

fn bundle(answer: Answer) -> Option<crate::evaluate::MimeData> {
    let (plain, html) = match answer {
        Answer::Nothing => return None,
        Answer::Text(text) => (text, None),
        Answer::Table { header, rows } => (
            plain_table(&header, &rows),
            Some(html_table(&header, &rows)),
        ),
    };
    let mut data = crate::evaluate::MimeData::new();
    data.insert("text/plain".to_owned(), plain.into());
    if let Some(html) = html {
        data.insert("text/html".to_owned(), html.into());
    }
    Some(data)
}

fn plain_table(header: &[&str], rows: &[Vec<String>]) -> String {
    let header: Vec<String> = header.iter().map(|&title| title.to_owned()).collect();
    let all: Vec<&Vec<String>> = [&header].into_iter().chain(rows).collect();
    let width = |column: usize| all.iter().map(|row| row[column].chars().count()).max();
    let line = |row: &Vec<String>| {
        let cells = row
            .iter()
            .enumerate()
            .map(|(column, cell)| format!("{cell:<width$}", width = width(column).unwrap_or(0)));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    all.iter()
        .map(|row| line(row))
        .collect::<Vec<_>>()
        .join("\n")
}

fn html_table(header: &[&str], rows: &[Vec<String>]) -> String {
    let cells = |tag: &str, row: &mut dyn Iterator<Item = String>| -> String {
        row.map(|cell| format!("<{tag} style=\"text-align:left\">{}</{tag}>", escape(&cell)))
            .collect()
    };
    let head = cells("th", &mut header.iter().map(|&title| title.to_owned()));
    let body: String = rows
        .iter()
        .map(|row| format!("<tr>{}</tr>", cells("td", &mut row.iter().cloned())))
        .collect();
    format!("<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
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

fn unknown(name: &str) -> String {
    let near: Vec<String> = COMMANDS
        .iter()
        .filter(|command| is_near(command.name(), name))
        .map(|command| format!("`:{}`", command.name()))
        .collect();
    match near.as_slice() {
        [] => format!("there is no command `:{name}`; `:help` lists them all"),
        near => format!(
            "there is no command `:{name}`; is it {}?",
            near.join(" or ")
        ),
    }
}

/// Whether one is the start of the other, or few letters change one into the other.
fn is_near(known: &str, typed: &str) -> bool {
    let is_start = !typed.is_empty() && (known.starts_with(typed) || typed.starts_with(known));
    is_start || edit_distance(known, typed) <= 2
}

fn edit_distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in right.iter().enumerate() {
            let substituted = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_leading(code: &str, n_orders: usize, rust: &str) {
        let (orders, start) = leading(code);
        assert_eq!((orders.len(), &code[start..]), (n_orders, rust), "{code:?}");
    }

    #[test]
    fn commands_stand_before_the_code() {
        check_leading("1 + 1", 0, "1 + 1");
        check_leading(":help", 1, "");
        check_leading("\n:opt 2\n%timing\n\nlet x = 1;", 2, "\nlet x = 1;");
        check_leading("::std::process::id()", 0, "::std::process::id()");
        check_leading("let x = 1;\n:vars", 0, "let x = 1;\n:vars");
        check_leading(
            ":dep a\n:dep b = \"1\"\n\n:dep c\n:vars\n:dep d\nd()",
            3,
            "d()",
        );
    }

    #[test]
    fn unknown_commands_name_near_ones() {
        assert_eq!(
            unknown("hepl"),
            "there is no command `:hepl`; is it `:help`?"
        );
        assert_eq!(
            unknown("zzzzzz"),
            "there is no command `:zzzzzz`; `:help` lists them all"
        );
    }
}
