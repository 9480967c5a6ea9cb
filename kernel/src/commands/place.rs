//! What a place in a cell is to commands: for completion and documentation while a person types.

use std::ops::Range;

use super::{COMMANDS, Command, Order, find, help, leading, order, shell};

/// What stands at a place of a cell.
pub(crate) enum Spot {
    /// The name of a command, which begins at `start`; it takes the rest of the cell if it is behind `%%`.
    Name { start: usize, takes_rest: bool },
    /// What the command takes, all of which is at `extent`.
    Argument {
        command: Option<&'static dyn Command>,
        extent: Range<usize>,
    },
    /// Code, which begins at `start`.
    Code { start: usize },
}

/// What stands in the cell `code` at `cursor`.
pub(crate) fn spot(code: &str, cursor: usize) -> Spot {
    let (orders, start) = leading(code);
    let line_start = code[..cursor].rfind('\n').map_or(0, |at| at + 1);
    if line_start >= start {
        return match orders.last().filter(|last| last.takes_rest) {
            Some(last) => Spot::Argument {
                command: find(&last.name),
                extent: last.arguments.start..code.len(),
            },
            None => Spot::Code { start },
        };
    }
    let line_end = code[cursor..]
        .find('\n')
        .map_or(code.len(), |at| cursor + at);
    let Some(found) = order(code, line_start..line_end) else {
        let holds =
            |order: &&Order| (order.arguments.start..=order.arguments.end).contains(&cursor);
        let around = orders.iter().find(holds);
        return Spot::Argument {
            command: around.and_then(|order| find(&order.name)),
            extent: around.map_or(cursor..cursor, |order| order.arguments.clone()),
        };
    };
    let line = &code[line_start..line_end];
    let marker = line_start + line.len() - line.trim_start().len();
    let n_markers = match code[marker..].starts_with("%%") {
        true => 2,
        false => 1,
    };
    let name_start = marker + n_markers;
    let name_end = match found.name == shell::NAME {
        true => name_start,
        false => name_start + found.name.len(),
    };
    if cursor < name_start || (cursor <= name_end && found.name != shell::NAME) {
        return Spot::Name {
            start: name_start.min(cursor),
            takes_rest: n_markers == 2,
        };
    }
    Spot::Argument {
        command: find(&found.name),
        extent: name_end..match found.takes_rest {
            true => code.len(),
            false => line_end,
        },
    }
}

/// The commands that may stand behind a `:`, with what each does; those that take the rest of a cell, or all.
pub(crate) fn listed(takes_rest: bool) -> impl Iterator<Item = (&'static str, &'static str)> {
    COMMANDS
        .iter()
        .filter(move |command| {
            command.name() != shell::NAME && (!takes_rest || command.takes_code())
        })
        .map(|command| (command.name(), command.summary()))
}

/// What `:help` says of the command `name`.
pub(crate) fn about(name: &str) -> Option<String> {
    find(name).map(help::one)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The cursor is at the `|`.
    fn check_spot(marked: &str, expected: &str) {
        let cursor = marked.find('|').expect("a cursor");
        let code = marked.replacen('|', "", 1);
        let found = match spot(&code, cursor) {
            Spot::Name { start, takes_rest } => {
                let rest = if takes_rest { " with the rest" } else { "" };
                format!("name {:?}{rest}", &code[start..cursor])
            }
            Spot::Argument { command, extent } => {
                let name = command.map_or("?", |command| command.name());
                format!("{name} {:?}", &code[extent])
            }
            Spot::Code { start } => format!("code {:?}", &code[start..]),
        };
        assert_eq!(found, expected, "{marked:?}");
    }

    #[test]
    fn places_of_commands() {
        check_spot("|", "code \"\"");
        check_spot("x.|", "code \"x.\"");
        check_spot(":|", "name \"\"");
        check_spot(":he|", "name \"he\"");
        check_spot(":he|lp", "name \"he\"");
        check_spot("%%ti|", "name \"ti\" with the rest");
        check_spot(":help |", "help \" \"");
        check_spot(":help ti|me", "help \" time\"");
        check_spot("  :time  f(|)", "time \"  f()\"");
        check_spot(":time f()\ng(|)", "code \"g()\"");
        check_spot("%%time\nf(|)\ng()", "time \"\\nf()\\ng()\"");
        check_spot("%%time|\nf()", "name \"time\" with the rest");
        check_spot(":nothing x|", "? \" x\"");
        check_spot("!ls a|", "! \"ls a\"");
        check_spot("!ls \\\n  b|", "! \"ls \\\\\\n  b\"");
        check_spot("// x|\n:vars", "? \"\"");
        check_spot("::std|", "code \"::std\"");
        check_spot(":vars\n|", "code \"\"");
        check_spot("é;\n:va|", "code \"é;\\n:va\"");
        check_spot("|:vars", "name \"\"");
        check_spot(":dep a\n:dep b|", "dep \" b\"");
    }
}
