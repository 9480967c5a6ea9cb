//! The source that the compiler gets, with the way back to what a person typed.

use std::ops::Range;

use super::split::Edited;

/// Generated code in which every piece of a person's code is known.
#[derive(Debug, Default)]
pub(super) struct Source {
    text: String,
    /// In order, without overlaps; what lies between them is ours.
    segments: Vec<Segment>,
}

#[derive(Debug)]
struct Segment {
    generated: Range<usize>,
    origin: Origin,
}

/// What a piece of generated code is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// Text of the cell with this index, from this offset on.
    Cell { cell: CellIdx, start: usize },
    /// The declaration of a function of an earlier cell.
    Declaration,
    /// The call that keeps a variable that the cell defines.
    Keep(String),
    /// The statement that takes a variable out of the store.
    Take(String),
    /// The call that gives back a variable that the cell was given.
    Restore(String),
    /// The declaration of a variable that the cell cannot have.
    Withheld(String),
}

/// A cell's place in the order in which cells were evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct CellIdx(pub(super) usize);

/// A range of a cell's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CellRange {
    pub(super) cell: CellIdx,
    pub(super) range: Range<usize>,
}

impl Source {
    /// Adds code of ours.
    pub(super) fn glue(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Adds a call of ours that errors can point at.
    pub(super) fn call(&mut self, text: &str, origin: Origin) {
        self.segment(text, origin);
    }

    /// Adds a piece of the cell `cell`.
    pub(super) fn piece(&mut self, cell: CellIdx, edited: &Edited) {
        let mut at = 0;
        for edit in &edited.edits {
            let replaced = edit.replaced.start - edited.start..edit.replaced.end - edited.start;
            self.verbatim(cell, &edited.text[at..replaced.start], edited.start + at);
            self.glue(&edit.text);
            at = replaced.end;
        }
        self.verbatim(cell, &edited.text[at..], edited.start + at);
    }

    /// Adds `text`, which stands in the cell `cell` at `start`.
    pub(super) fn verbatim(&mut self, cell: CellIdx, text: &str, start: usize) {
        if !text.is_empty() {
            self.segment(text, Origin::Cell { cell, start });
        }
    }

    fn segment(&mut self, text: &str, origin: Origin) {
        let start = self.text.len();
        self.text.push_str(text);
        self.segments.push(Segment {
            generated: start..self.text.len(),
            origin,
        });
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// What the code at `range` is, where it is not merely ours.
    pub(super) fn origin(&self, range: &Range<usize>) -> Option<&Origin> {
        self.containing(range.start).map(|segment| &segment.origin)
    }

    /// Where the code at `range` was typed; ends that lie in code of ours move to the nearest typed code within.
    pub(super) fn typed(&self, range: &Range<usize>) -> Option<CellRange> {
        let mut pieces = self.segments.iter().filter_map(|segment| {
            let start = segment.generated.start.max(range.start);
            let end = segment.generated.end.min(range.end.max(range.start + 1));
            let Origin::Cell { cell, start: typed } = segment.origin else {
                return None;
            };
            let typed = |offset: usize| typed + (offset - segment.generated.start);
            (start < end).then(|| (cell, typed(start)..typed(end)))
        });
        let (cell, first) = pieces.next()?;
        let end = pieces
            .filter(|(other, _)| *other == cell)
            .map(|(_, piece)| piece.end)
            .fold(first.end, usize::max);
        let end = if range.is_empty() { first.start } else { end };
        Some(CellRange {
            cell,
            range: first.start..end,
        })
    }

    /// The numbers of the lines in which typed code stands, counted from one, and where the first of it was typed.
    pub(super) fn typed_lines(&self) -> Vec<(usize, CellIdx, usize)> {
        let mut all: Vec<(usize, CellIdx, usize)> = Vec::new();
        let (mut at, mut line) = (0, 1);
        for segment in &self.segments {
            let generated = &segment.generated;
            line += self.text[at..generated.start].matches('\n').count();
            at = generated.start;
            let Origin::Cell { cell, start } = segment.origin else {
                continue;
            };
            for text in self.text[generated.clone()].split_inclusive('\n') {
                if all.last().is_none_or(|(last, ..)| *last < line) {
                    all.push((line, cell, start + (at - generated.start)));
                }
                line += usize::from(text.ends_with('\n'));
                at += text.len();
            }
        }
        all
    }

    /// Whether the code at `range` was typed from its first to its last byte.
    pub(super) fn is_typed(&self, range: &Range<usize>) -> bool {
        let is_cell = |offset| {
            matches!(
                self.containing(offset).map(|segment| &segment.origin),
                Some(Origin::Cell { .. })
            )
        };
        is_cell(range.start) && (range.is_empty() || is_cell(range.end - 1))
    }

    /// The byte offset of a line and a column in characters, both counted from one.
    pub(super) fn offset(&self, line: u32, column: u32) -> Option<usize> {
        let mut start = 0;
        for (idx, text) in self.text.split_inclusive('\n').enumerate() {
            if idx + 1 == line as usize {
                let column = column.saturating_sub(1) as usize;
                return text
                    .char_indices()
                    .nth(column)
                    .map(|(offset, _)| start + offset);
            }
            start += text.len();
        }
        None
    }

    /// The range of a line, counted from one.
    pub(super) fn line(&self, line: usize) -> Option<Range<usize>> {
        let mut lines = self.text.split_inclusive('\n').scan(0, |start, text| {
            let range = *start..*start + text.len();
            *start = range.end;
            Some(range)
        });
        lines.nth(line.checked_sub(1)?)
    }

    fn containing(&self, offset: usize) -> Option<&Segment> {
        let after = self
            .segments
            .partition_point(|segment| segment.generated.end <= offset);
        self.segments
            .get(after)
            .filter(|segment| segment.generated.start <= offset)
    }
}
