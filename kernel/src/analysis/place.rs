//! Who knows what may stand at a place of a cell: the commands, the disk, or rust-analyzer.

use std::ops::Range;

use ra_ap_rustc_lexer::{FrontmatterAllowed, LiteralKind, TokenKind, tokenize};

use crate::commands::{self, Argument, Spot, blank_before};

/// What stands at the cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The name of a command, from `start` on.
    Command { start: usize, takes_rest: bool },
    /// What a command takes that is no code; `command` is its name.
    Argument { command: String, kind: Proposed },
    /// Rust; everything else of the cell is blank.
    Code(String),
    /// The name of a file in a text of such code.
    File {
        code: String,
        typed: Range<usize>,
        is_raw: bool,
    },
    /// Nothing that has a name: a comment, a number.
    Nothing,
}

/// What is proposed for what a person has typed at this place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Proposed {
    Command(Range<usize>),
    Crate(Range<usize>),
    File(Range<usize>),
    Nothing,
}

/// What stands in the cell `code` at `cursor`.
pub(super) fn place(code: &str, cursor: usize) -> Place {
    let (command, extent) = match commands::spot(code, cursor) {
        Spot::Name { start, takes_rest } => return Place::Command { start, takes_rest },
        Spot::Code { start } => return in_code(blank_before(code, start), cursor),
        Spot::Argument { command, extent } => (command, extent),
    };
    let Some(command) = command else {
        return Place::Nothing;
    };
    // A cursor before what the command takes, where code would start at it.
    let extent = extent.start.min(cursor)..extent.end.max(cursor);
    let typed = &code[extent.start..cursor];
    let word = cursor - typed.len() + typed.rfind(char::is_whitespace).map_or(0, |at| at + 1);
    let is_first = code[extent.start..word].trim().is_empty();
    let argument = |kind| Place::Argument {
        command: command.name().to_owned(),
        kind,
    };
    match command.argument() {
        Argument::Code => in_code(blank_before(&code[..extent.end], extent.start), cursor),
        Argument::Command if is_first => argument(Proposed::Command(word..cursor)),
        Argument::Crate if is_first => argument(Proposed::Crate(word..cursor)),
        Argument::File => argument(Proposed::File(word..cursor)),
        Argument::Command | Argument::Crate => argument(Proposed::Nothing),
    }
}

/// What stands in the Rust code `code` at `cursor`.
fn in_code(code: String, cursor: usize) -> Place {
    match text_at(&code, cursor) {
        Text::Unnamed => Place::Nothing,
        Text::File { typed, is_raw } => Place::File {
            code,
            typed,
            is_raw,
        },
        Text::None => Place::Code(code),
    }
}

/// What is around a place in code.
enum Text {
    /// A comment or a character.
    Unnamed,
    /// A text, typed up to the cursor.
    File {
        typed: Range<usize>,
        is_raw: bool,
    },
    None,
}

fn text_at(code: &str, cursor: usize) -> Text {
    let mut end = 0;
    for token in tokenize(code, FrontmatterAllowed::No) {
        let start = end;
        end += token.len as usize;
        if start >= cursor {
            break;
        }
        let is_inside = |is_closed: bool| cursor < end || (cursor == end && !is_closed);
        let (is_closed, is_raw) = match token.kind {
            TokenKind::LineComment { .. } if is_inside(false) => return Text::Unnamed,
            TokenKind::BlockComment { terminated, .. } if is_inside(terminated) => {
                return Text::Unnamed;
            }
            TokenKind::Literal { kind, .. } => match kind {
                LiteralKind::Char { terminated } | LiteralKind::Byte { terminated }
                    if is_inside(terminated) =>
                {
                    return Text::Unnamed;
                }
                LiteralKind::Str { terminated } => (terminated, false),
                LiteralKind::RawStr { n_hashes } => (n_hashes.is_some(), true),
                _ => continue,
            },
            _ => continue,
        };
        let quote = code[start..end].find('"').map_or(end, |at| start + at + 1);
        if is_inside(is_closed) && quote <= cursor && !is_in_braces(&code[quote..cursor]) {
            return Text::File {
                typed: quote..cursor,
                is_raw,
            };
        }
    }
    Text::None
}

/// Whether the text ends in a name after an open brace, which stands for a value.
fn is_in_braces(text: &str) -> bool {
    let before = text.trim_end_matches(|c: char| c.is_alphanumeric() || c == '_');
    let n_braces = before.len() - before.trim_end_matches('{').len();
    n_braces % 2 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The cursor is at the `|`.
    fn check_place(marked: &str, expected: &str) {
        let cursor = marked.find('|').expect("a cursor");
        let code = marked.replacen('|', "", 1);
        let found = match place(&code, cursor) {
            Place::Command { start, .. } => format!("command {:?}", &code[start..cursor]),
            Place::Argument { command, kind } => match kind {
                Proposed::Command(typed) => format!("{command}: command {:?}", &code[typed]),
                Proposed::Crate(typed) => format!("{command}: crate {:?}", &code[typed]),
                Proposed::File(typed) => format!("{command}: file {:?}", &code[typed]),
                Proposed::Nothing => format!("{command}: nothing"),
            },
            Place::Code(code) => format!("code {code:?}"),
            Place::File { typed, is_raw, .. } => {
                let raw = if is_raw { "raw " } else { "" };
                format!("{raw}file {:?}", &code[typed])
            }
            Place::Nothing => "nothing".to_owned(),
        };
        assert_eq!(found, expected, "{marked:?}");
    }

    #[test]
    fn places_in_code() {
        check_place("|", "code \"\"");
        check_place("vec.pu|", "code \"vec.pu\"");
        check_place("1.|", "code \"1.\"");
        check_place(":vars\nv.|", "code \"     \\nv.\"");
        check_place("f() // to|do", "nothing");
        check_place("f() // todo|", "nothing");
        check_place("f() // todo\n|", "code \"f() // todo\\n\"");
        check_place("/* a| */ b", "nothing");
        check_place("/* a */| b", "code \"/* a */ b\"");
        check_place("/* a|", "nothing");
        check_place("'a|'", "nothing");
        check_place("&'a|", "code \"&'a\"");
    }

    #[test]
    fn places_in_texts() {
        check_place("read(\"da|\")", "file \"da\"");
        check_place("read(\"|\")", "file \"\"");
        check_place("read(\"|", "file \"\"");
        check_place("read(\"da|", "file \"da\"");
        check_place("read(\"a\"|)", "code \"read(\\\"a\\\")\"");
        check_place("read(|\"a\")", "code \"read(\\\"a\\\")\"");
        check_place("read(r#\"da|\"#)", "raw file \"da\"");
        check_place("print(\"a {na|}\")", "code \"print(\\\"a {na}\\\")\"");
        check_place("print(\"a {{na|\")", "file \"a {{na\"");
        check_place("f(\"é\", \"ü/|\")", "file \"ü/\"");
    }

    #[test]
    fn places_in_commands() {
        check_place(":he|", "command \"he\"");
        check_place(":help ti|", "help: command \"ti\"");
        check_place(":help time f|", "help: nothing");
        check_place(":dep ra|", "dep: crate \"ra\"");
        check_place(":dep |", "dep: crate \"\"");
        check_place(":dep rand = \"0|\"", "dep: nothing");
        check_place(":cd src/|", "cd: file \"src/\"");
        check_place("!cat a b/c|", "!: file \"b/c\"");
        check_place(":time f(|)", "code \"      f()\"");
        check_place("%%time\nf(|)", "code \"      \\nf()\"");
        check_place(":forget x|", "code \"        x\"");
        check_place(":nothing x|", "nothing");
    }
}
