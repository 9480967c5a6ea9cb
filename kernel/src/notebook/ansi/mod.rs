//! Text as a terminal shows it: colours are kept, `\r`, `\b` and erased lines are applied, and every other control
//! sequence is dropped, so that no output can move the cursor, set a title or write to the clipboard.

mod reader;
mod style;

pub(super) use reader::{Reader, StyledChar};
pub(super) use style::{Colour, Style, write_styled};

/// `line` (without its newline) as it looks once `\r` and `\b` have moved the cursor; unchanged where they do not occur.
pub(super) fn settle(line: &str) -> String {
    if !moves_cursor(line) {
        return line.to_owned();
    }
    let mut reader = Reader::default();
    reader.push(line, |_| ());
    let mut text = String::new();
    let last = write_styled(&mut text, reader.line(), Style::default());
    last.write_change(reader.style(), &mut text);
    text
}

/// A shorter line that looks the same and goes on in the same way, if there is one: what a progress bar drawn with `\r`
/// has left behind after a thousand turns.
pub(super) fn compact(line: &str) -> Option<String> {
    if !moves_cursor(line) {
        return None;
    }
    let mut reader = Reader::default();
    reader.push(line, |_| ());
    if !reader.is_between_sequences() {
        return None;
    }
    let mut text = String::new();
    let mut last = write_styled(&mut text, reader.line(), Style::default());
    if reader.cursor() < reader.line().len() {
        text.push('\r');
        last = write_styled(&mut text, &reader.line()[..reader.cursor()], last);
    }
    last.write_change(reader.style(), &mut text);
    (text.len() < line.len()).then_some(text)
}

/// `text` without colours and control sequences.
pub(super) fn plain(text: &str) -> String {
    let mut lines = Vec::new();
    let mut reader = Reader::default();
    let characters = |line: &[StyledChar]| line.iter().map(|c| c.character).collect::<String>();
    reader.push(text, |line| lines.push(characters(line)));
    lines.push(characters(reader.line()));
    lines.join("\n")
}

fn moves_cursor(line: &str) -> bool {
    line.contains(['\r', '\u{8}'])
}

#[cfg(test)]
mod tests;
