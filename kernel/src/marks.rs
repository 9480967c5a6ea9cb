//! How the session process says, within what it prints, which cell and which stream a text belongs to.
//!
//! A mark is ESC, a random word, a letter for the stream and the cell's number. What follows belongs to that, up to the
//! next mark.

use std::io;
use std::path::Path;

use crate::evaluate::StreamName;

const ESCAPE: u8 = 0x1b;
const CELL_DIGITS: usize = 8;

/// How much of one line the session holds back.
pub const HELD_BYTES: usize = 4096 - size_of::<HeldHeader>();

/// The ending of the file, beside the socket, in which the session holds it.
pub const HELD_EXTENSION: &str = "held";

/// A piece of a line that is held back; the file is one of stdout, then one of stderr.
#[repr(C)]
pub struct Held {
    pub header: HeldHeader,
    pub bytes: [u8; HELD_BYTES],
}

/// What a [`Held`] begins with.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct HeldHeader {
    pub n_bytes: u32,
    pub cell: u32,
}

/// A word that no text holds by accident.
pub fn random_word() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

/// What is written before text of the stream `name` of `cell`.
pub fn mark(word: &str, name: StreamName, cell: u32) -> String {
    let letter = match name {
        StreamName::Stdout => 'o',
        StreamName::Stderr => 'e',
    };
    format!("\x1b{word}{letter}{cell:0CELL_DIGITS$x}")
}

/// What a session that has ended still held in the file at `path`: stream, cell and text.
///
/// # Errors
/// If the file cannot be read.
pub(crate) fn read_held(path: &Path) -> io::Result<Vec<(StreamName, u32, Vec<u8>)>> {
    let file = std::fs::read(path)?;
    let names = [StreamName::Stdout, StreamName::Stderr];
    let held = names.into_iter().zip(file.chunks(size_of::<Held>()));
    Ok(held
        .map(|(name, bytes)| {
            let number = |start: usize| {
                let bytes = bytes.get(start..start + 4).and_then(|b| b.try_into().ok());
                bytes.map_or(0, u32::from_ne_bytes)
            };
            let text = bytes.get(size_of::<HeldHeader>()..).unwrap_or_default();
            let n_bytes = (number(0) as usize).min(text.len());
            (name, number(4), text[..n_bytes].to_vec())
        })
        .collect())
}

/// Takes marked text apart.
pub(crate) struct Unmarker {
    /// What every mark begins with; empty as long as the word is not known.
    start: Vec<u8>,
    /// The end of what came last, which may be the beginning of a mark.
    partial: Vec<u8>,
    cell: u32,
    name: StreamName,
}

/// What a mark can begin with.
enum Beginning {
    Mark(u32, StreamName),
    /// More bytes will tell.
    Open,
    Other,
}

impl Unmarker {
    /// Text before the first mark is the stdout of cell 0, which is none.
    pub(crate) fn new() -> Self {
        Unmarker {
            start: Vec::new(),
            partial: Vec::new(),
            cell: 0,
            name: StreamName::Stdout,
        }
    }

    /// From now on marks are made of `word`.
    pub(crate) fn learn(&mut self, word: &str) {
        self.start = [&[ESCAPE], word.as_bytes()].concat();
    }

    /// Takes in `bytes`, and hands on the text in them piece by piece.
    pub(crate) fn push(&mut self, bytes: &[u8], text: &mut dyn FnMut(u32, StreamName, &[u8])) {
        if self.partial.is_empty() {
            return self.split(bytes, text);
        }
        let mut joined = std::mem::take(&mut self.partial);
        joined.extend_from_slice(bytes);
        self.split(&joined, text);
    }

    /// Hands on what was held back, unless it is a mark that will not be complete any more.
    pub(crate) fn finish(&mut self, text: &mut dyn FnMut(u32, StreamName, &[u8])) {
        let partial = std::mem::take(&mut self.partial);
        if partial.len() == 1 {
            text(self.cell, self.name, &partial);
        }
    }

    fn split(&mut self, bytes: &[u8], text: &mut dyn FnMut(u32, StreamName, &[u8])) {
        let mut rest = bytes;
        let mut seen = 0;
        while let Some(at) = rest[seen..].iter().position(|byte| *byte == ESCAPE) {
            let (before, after) = rest.split_at(seen + at);
            match self.beginning(after) {
                Beginning::Other => {
                    seen += at + 1;
                    continue;
                }
                Beginning::Open => {
                    self.partial = after.to_vec();
                    rest = before;
                    break;
                }
                Beginning::Mark(cell, name) => {
                    if !before.is_empty() {
                        text(self.cell, self.name, before);
                    }
                    (self.cell, self.name) = (cell, name);
                    rest = &after[self.n_bytes()..];
                    seen = 0;
                }
            }
        }
        if !rest.is_empty() {
            text(self.cell, self.name, rest);
        }
    }

    fn n_bytes(&self) -> usize {
        self.start.len() + 1 + CELL_DIGITS
    }

    fn beginning(&self, bytes: &[u8]) -> Beginning {
        if self.start.is_empty() {
            return Beginning::Other;
        }
        if bytes.len() < self.n_bytes() {
            let is_open = bytes.starts_with(&self.start) || self.start.starts_with(bytes);
            return match is_open {
                true => Beginning::Open,
                false => Beginning::Other,
            };
        }
        let Some(rest) = bytes.strip_prefix(&self.start[..]) else {
            return Beginning::Other;
        };
        let name = match rest[0] {
            b'o' => StreamName::Stdout,
            b'e' => StreamName::Stderr,
            _ => return Beginning::Other,
        };
        let digits = std::str::from_utf8(&rest[1..=CELL_DIGITS]).ok();
        match digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()) {
            Some(cell) => Beginning::Mark(cell, name),
            None => Beginning::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds `text`, in which `<o1>` stands for a mark, in pieces of every size.
    fn check(text: &str, expected: &str) {
        let word = random_word();
        let mut bytes = text.to_owned();
        for (short, name, cell) in [
            ("<o1>", StreamName::Stdout, 1),
            ("<e1>", StreamName::Stderr, 1),
            ("<o2>", StreamName::Stdout, 2),
        ] {
            bytes = bytes.replace(short, &mark(&word, name, cell));
        }
        for size in 1..=bytes.len() {
            let mut unmarker = Unmarker::new();
            unmarker.learn(&word);
            let mut found: Vec<(u32, StreamName, Vec<u8>)> = Vec::new();
            let mut add = |cell, name, text: &[u8]| match found.last_mut() {
                Some(last) if (last.0, last.1) == (cell, name) => last.2.extend_from_slice(text),
                _ => found.push((cell, name, text.to_vec())),
            };
            for piece in bytes.as_bytes().chunks(size) {
                unmarker.push(piece, &mut add);
            }
            unmarker.finish(&mut add);
            let told: Vec<String> = found
                .iter()
                .map(|(cell, name, text)| {
                    format!("{cell} {name:?} {:?}", String::from_utf8_lossy(text))
                })
                .collect();
            assert_eq!(told.join("; "), expected, "in pieces of {size}");
        }
    }

    #[test]
    fn text_belongs_to_the_mark_before_it() {
        check("a", r#"0 Stdout "a""#);
        check(
            "<o1>a<e1>å<o1>b<o1>c<o2>",
            r#"1 Stdout "a"; 1 Stderr "å"; 1 Stdout "bc""#,
        );
        check("<o1><o2>\n<e1>x", r#"2 Stdout "\n"; 1 Stderr "x""#);
    }

    #[test]
    fn escapes_that_are_no_marks_pass() {
        check(
            "<o1>\u{1b}[1mbold\u{1b}[0m\u{1b}\u{1b}",
            "1 Stdout \"\\u{1b}[1mbold\\u{1b}[0m\\u{1b}\\u{1b}\"",
        );
        check(
            "\u{1b}<e1>\u{1b}",
            "0 Stdout \"\\u{1b}\"; 1 Stderr \"\\u{1b}\"",
        );
    }
}
