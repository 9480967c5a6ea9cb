//! One output on the screen, as text that is safe to print.

use super::Colours;
use crate::evaluate::StreamName;
use crate::notebook::ansi::{Reader, Style, StyledChar, write_styled};

/// One output, and what of it can still change.
pub(super) struct Block {
    kind: Kind,
    /// Whole lines, ready to be printed.
    lines: String,
    /// The last line of a stream, which may go on.
    open: String,
}

enum Kind {
    /// Never changes.
    Fixed,
    /// Grows at its end.
    Stream {
        cell_idx: usize,
        name: StreamName,
        reader: Box<Reader>,
    },
    /// Is replaced as a whole.
    Display { id: String },
}

impl Block {
    pub(super) fn fixed(lines: String) -> Self {
        Block {
            kind: Kind::Fixed,
            lines,
            open: String::new(),
        }
    }

    pub(super) fn display(id: &str, lines: String) -> Self {
        Block {
            kind: Kind::Display { id: id.to_owned() },
            lines,
            open: String::new(),
        }
    }

    pub(super) fn stream(cell_idx: usize, name: StreamName) -> Self {
        let kind = Kind::Stream {
            cell_idx,
            name,
            reader: Box::default(),
        };
        Block {
            kind,
            lines: String::new(),
            open: String::new(),
        }
    }

    /// Whether text of this stream goes on here.
    pub(super) fn continues(&self, cell: usize, stream: StreamName) -> bool {
        matches!(&self.kind, Kind::Stream { cell_idx, name, .. } if (*cell_idx, *name) == (cell, stream))
    }

    /// Whether this is where `display_id` is shown.
    pub(super) fn shows(&self, display_id: &str) -> bool {
        matches!(&self.kind, Kind::Display { id } if id == display_id)
    }

    /// Whether it can change although something comes after it.
    pub(super) fn can_change(&self) -> bool {
        matches!(self.kind, Kind::Display { .. })
    }

    /// Appends to a stream.
    pub(super) fn push(&mut self, text: &str, colours: Colours) {
        let Kind::Stream { reader, .. } = &mut self.kind else {
            return;
        };
        reader.push(text, |line| {
            write_line(&mut self.lines, line, colours);
            self.lines.push('\n');
        });
        self.open.clear();
        write_line(&mut self.open, reader.line(), colours);
    }

    /// Shows `lines` from now on.
    pub(super) fn replace(&mut self, lines: String) {
        self.lines = lines;
    }

    /// Takes away the lines that cannot change any more.
    pub(super) fn take_settled(&mut self) -> String {
        match self.kind {
            Kind::Display { .. } => String::new(),
            Kind::Fixed | Kind::Stream { .. } => std::mem::take(&mut self.lines),
        }
    }

    /// All that is left of it, its last line ended.
    pub(super) fn whole(&self) -> String {
        let end = if self.open.is_empty() { "" } else { "\n" };
        format!("{}{}{end}", self.lines, self.open)
    }

    /// All that is left of it, with the last line still open.
    pub(super) fn so_far(&self) -> String {
        format!("{}{}", self.lines, self.open)
    }
}

/// `text` as whole lines that are safe to print.
pub(super) fn sanitised(text: &str, colours: Colours) -> String {
    let mut block = Block::stream(0, StreamName::Stdout);
    block.push(text, colours);
    block.push("\n", colours);
    block.lines
}

fn write_line(text: &mut String, line: &[StyledChar], colours: Colours) {
    let styled: Vec<StyledChar> = line
        .iter()
        .map(|&StyledChar { character, style }| match colours {
            Colours::On => StyledChar { character, style },
            Colours::Off => StyledChar {
                character,
                style: Style::default(),
            },
        })
        .collect();
    write_styled(text, &styled, Style::default()).write_change(Style::default(), text);
}
