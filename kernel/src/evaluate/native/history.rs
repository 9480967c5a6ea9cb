//! The cells of a session as they were typed, and where in them the places of what they became are.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

use super::diagnostics::Texts;
use super::failure::{BLUE, PLAIN};
use super::generate::entry;
use super::source::{CellIdx, Source};
use super::stream::mime_data;
use super::words::without_cells;
use crate::channel::{Bundle, Frame, Place, SourceLines, TypedLines};
use crate::evaluate::MimeData;

/// What `#[delayed]` calls the function that makes a call, within that of the person.
const DELAYED_CALL: &str = "::__run";

/// Every cell that was evaluated, in order.
#[derive(Debug)]
pub(super) struct History {
    /// Where the sources of their crates lie.
    folder: PathBuf,
    cells: Vec<Evaluated>,
}

#[derive(Debug)]
struct Evaluated {
    number: u32,
    code: String,
    /// Where its lines begin.
    line_starts: Vec<usize>,
    crate_name: String,
    source: Source,
    /// Where the lines of the source were typed.
    typed: Vec<TypedLines>,
}

/// A place as a person finds it.
#[derive(Debug)]
pub(super) struct TypedPlace {
    pub(super) cell: u32,
    pub(super) line: usize,
    /// What stands there.
    pub(super) text: String,
}

impl History {
    /// No cell yet; the sources of their crates will lie in `folder`.
    pub(super) fn new(folder: PathBuf) -> Self {
        History {
            folder,
            cells: Vec::new(),
        }
    }

    /// Adds a cell; its place in the history and the name of the crate that it becomes.
    pub(super) fn begin(&mut self, number: u32, code: &str) -> (CellIdx, String) {
        let n_before = self
            .cells
            .iter()
            .filter(|cell| cell.number == number)
            .count();
        let crate_name = match n_before {
            0 => format!("cell_{number}"),
            n_before => format!("cell_{number}_{}", n_before + 1),
        };
        self.cells.push(Evaluated {
            number,
            code: code.to_owned(),
            line_starts: line_starts(code),
            crate_name: crate_name.clone(),
            source: Source::default(),
            typed: Vec::new(),
        });
        (CellIdx(self.cells.len() - 1), crate_name)
    }

    /// Remembers what was compiled, for the places of later panics.
    pub(super) fn keep_source(&mut self, idx: CellIdx, source: Source) {
        let typed = self.typed_lines(&source);
        let cell = &mut self.cells[idx.0];
        (cell.source, cell.typed) = (source, typed);
    }

    /// What the lines of the source of the cell `idx` are, for the session.
    pub(super) fn source_lines(&self, idx: CellIdx) -> SourceLines {
        let cell = &self.cells[idx.0];
        let file = self.folder.join(format!("{}.rs", cell.crate_name));
        SourceLines {
            file: file.to_string_lossy().into_owned(),
            lines: cell.typed.clone(),
        }
    }

    fn typed_lines(&self, source: &Source) -> Vec<TypedLines> {
        let mut all: Vec<TypedLines> = Vec::new();
        for (start, cell, offset) in source.typed_lines() {
            let cell = &self.cells[cell.0];
            let (number, line) = (cell.number, cell.line(offset));
            let continues = |last: &&mut TypedLines| {
                let next = (
                    last.start + last.n_lines,
                    last.cell,
                    last.line + last.n_lines,
                );
                next == (start, number, line)
            };
            match all.last_mut().filter(continues) {
                Some(last) => last.n_lines += 1,
                None => all.push(TypedLines {
                    start,
                    n_lines: 1,
                    cell: number,
                    line,
                }),
            }
        }
        all
    }

    /// The calls among `frames` that a person wrote, but for the innermost, in which the panic stands.
    pub(super) fn callers(&self, frames: &[Frame]) -> Vec<String> {
        let mut own: Vec<Caller> = frames
            .iter()
            .filter_map(|frame| self.caller(frame))
            .collect();
        // Closures and recursion add calls of the same function; the innermost has the line.
        own.dedup_by(|outer, inner| outer.cell == inner.cell && outer.function == inner.function);
        own.iter().skip(1).map(Caller::to_string).collect()
    }

    fn caller(&self, frame: &Frame) -> Option<Caller> {
        let path = frame.function.trim_start_matches('<');
        let root = path
            .split(|c: char| !(c == '_' || c.is_alphanumeric()))
            .next()?;
        let crate_name = root.strip_prefix("dagbok_").unwrap_or(root);
        let cell = self
            .cells
            .iter()
            .find(|cell| cell.crate_name == crate_name)?;
        let place = frame.place.as_ref().and_then(|place| self.locate(place));
        let function = function_name(&frame.function);
        // The function around one that an attribute of ours has made.
        let function = function.strip_suffix(DELAYED_CALL).unwrap_or(&function);
        let function = without_cells(function);
        Some(Caller {
            cell: cell.number,
            function: (function != entry(crate_name)).then_some(function),
            line: place.map(|place| place.line),
        })
    }

    /// Where `place` was typed.
    pub(super) fn locate(&self, place: &Place) -> Option<TypedPlace> {
        let crate_name = place.file.rsplit('/').next()?.strip_suffix(".rs")?;
        let source = self.source(crate_name)?;
        let offset = source.offset(place.line, place.column)?;
        // The last expression stands in brackets of ours, to which the compiler's place may point.
        self.typed(source, &(offset..offset + 2))
    }

    /// `text` with the places of cells in place of those in the sources of their crates: `cell 2, line 1` for
    /// `/tmp/…/cell_2.rs:7`.
    pub(super) fn with_cells<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let Some(folder) = self.folder.to_str() else {
            return text.into();
        };
        let mut told = String::new();
        let mut rest = text;
        while let Some(start) = rest.find(folder) {
            let (before, place) = rest.split_at(start);
            let (name, after) = self
                .named_line(&place[folder.len()..])
                .unwrap_or_else(|| (folder.to_owned(), &place[folder.len()..]));
            told += before;
            told += &name;
            rest = after;
        }
        match told.is_empty() {
            true => text.into(),
            false => (told + rest).into(),
        }
    }

    /// The place that stands at the start of `text` as `/crate.rs:line`, and what follows it.
    fn named_line<'t>(&self, text: &'t str) -> Option<(String, &'t str)> {
        let (crate_name, rest) = text.strip_prefix('/')?.split_once(".rs:")?;
        let end = rest
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(rest.len());
        let (line, after) = rest.split_at(end);
        let source = self.source(crate_name)?;
        let place = self.typed(source, &source.line(line.parse().ok()?)?)?;
        Some((place.to_string(), after))
    }

    /// What `bundle` shows.
    pub(super) fn shown(&self, bundle: &Bundle) -> MimeData {
        let texts = bundle
            .iter()
            .map(|(mime, text)| (mime, self.with_cells(text)));
        let texts: Vec<_> = texts.collect();
        mime_data(texts.iter().map(|(mime, text)| (mime.as_str(), &**text)))
    }

    fn source(&self, crate_name: &str) -> Option<&Source> {
        let mut cells = self.cells.iter();
        let cell = cells.find(|cell| cell.crate_name == crate_name)?;
        Some(&cell.source)
    }

    fn typed(&self, source: &Source, range: &Range<usize>) -> Option<TypedPlace> {
        let typed = source.typed(range)?;
        Some(self.cells[typed.cell.0].place(&typed.range))
    }
}

impl Evaluated {
    /// The number of the line at `offset`, counted from one.
    fn line(&self, offset: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= offset)
    }

    fn place(&self, range: &Range<usize>) -> TypedPlace {
        let line = self.line(range.start);
        TypedPlace {
            cell: self.number,
            line,
            text: self
                .code
                .lines()
                .nth(line - 1)
                .unwrap_or_default()
                .trim()
                .to_owned(),
        }
    }
}

fn line_starts(code: &str) -> Vec<usize> {
    let ends = code.match_indices('\n');
    std::iter::once(0)
        .chain(ends.map(|(end, _)| end + 1))
        .collect()
}

/// The function of a path, such as a panic's calls have: of a closure the one that it stands in, without the types of generic
/// functions of which a closure is a part.
fn function_name(path: &str) -> String {
    const CLOSURE: &str = "::{closure";
    // A closure that is called through a trait: `<dagbok_cell_1::f::{closure#0} as Fn<()>>::call`.
    let of_closure = path.strip_prefix('<').and_then(|path| {
        let (function, _) = path.split_once(CLOSURE)?;
        function
            .chars()
            .all(|c| c == ':' || c == '_' || c.is_alphanumeric())
            .then_some(function)
    });
    if let Some(function) = of_closure {
        return function.to_owned();
    }
    let mut name = String::new();
    let mut starts = Vec::new();
    let mut before = ' ';
    for (at, c) in path.char_indices() {
        if starts.is_empty() && path[at..].starts_with(CLOSURE) {
            break;
        }
        name.push(c);
        match c {
            '<' => starts.push(name.len() - 1),
            '>' if before != '-' => {
                let start = starts.pop().unwrap_or(0);
                if name[start..].contains(CLOSURE) && name[..start].ends_with("::") {
                    name.truncate(start - "::".len());
                }
            }
            _ => {}
        }
        before = c;
    }
    name
}

/// A call that a person wrote.
struct Caller {
    cell: u32,
    /// `None` for the statements of the cell.
    function: Option<String>,
    line: Option<usize>,
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, " {BLUE}called from{PLAIN} cell {}", self.cell)?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        match &self.function {
            Some(function) => write!(f, ", in `{function}`"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for TypedPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cell {}, line {}", self.cell, self.line)
    }
}

impl Texts for History {
    fn text(&self, cell: CellIdx) -> (String, &str) {
        let cell = &self.cells[cell.0];
        (format!("cell {}", cell.number), &cell.code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history() -> History {
        let mut history = History::new("/tmp/x".into());
        let code = "let a = 1;\nf(a)";
        let (idx, _) = history.begin(7, code);
        let mut source = Source::default();
        source.glue("//! ours\n\n");
        source.verbatim(idx, "let a = 1;", 0);
        source.glue("\n// ours\n");
        source.verbatim(idx, "f(a)", 11);
        history.keep_source(idx, source);
        history
    }

    #[test]
    fn closures_are_named_by_their_functions() {
        let check = |path, expected| assert_eq!(function_name(path), expected);
        check("cell_1::f", "cell_1::f");
        check("cell_1::f::{closure#0}", "cell_1::f");
        check("cell_1::f::{closure#0}::{closure#1}", "cell_1::f");
        check("<cell_2::T>::outer", "<cell_2::T>::outer");
        check("<cell_2::T>::outer::{closure#0}", "<cell_2::T>::outer");
        check(
            "<cell_2::T as cell_1::Tr>::go",
            "<cell_2::T as cell_1::Tr>::go",
        );
        check(
            "<dagbok_cell_1::{closure#0} as core::ops::function::Fn<(&i32,)>>::call",
            "dagbok_cell_1",
        );
        check(
            "<cell_1::å::{closure#1} as Fn<()>>::call::{closure#0}",
            "cell_1::å",
        );
        check("cell_1::apply::<i32>", "cell_1::apply::<i32>");
        check(
            "cell_1::apply::<alloc::vec::Vec<cell_2::f::{closure#0}>, fn(i32) -> i32>",
            "cell_1::apply",
        );
        check(
            "<cell_1::W<cell_2::f::{closure#0}>>::go",
            "<cell_1::W<cell_2::f::{closure#0}>>::go",
        );
        check(
            "cell_1::call::<fn(i32) -> i32>::{closure#0}",
            "cell_1::call::<fn(i32) -> i32>",
        );
        check("", "");
        check(">::{closure", ">");
    }

    #[test]
    fn the_session_learns_the_places() {
        let lines = |start, n_lines, cell, line| TypedLines {
            start,
            n_lines,
            cell,
            line,
        };
        let mut history = history();
        let learnt = history.source_lines(CellIdx(0));
        assert_eq!(learnt.file, "/tmp/x/cell_7.rs");
        assert_eq!(learnt.lines, [lines(3, 1, 7, 1), lines(5, 1, 7, 2)]);
        // Several pieces in a line, one piece of several lines, and an item of an earlier cell.
        let code = "fn g() {\n    h();\n}\ng();\n";
        let (idx, _) = history.begin(8, code);
        let mut source = Source::default();
        source.verbatim(idx, "fn g() {", 0);
        source.glue(" ours; ");
        source.verbatim(idx, "\n    h();\n}", 8);
        source.glue("\n");
        source.verbatim(CellIdx(0), "f(a)", 11);
        source.glue(";");
        source.verbatim(idx, "g();\n", 20);
        history.keep_source(idx, source);
        let learnt = history.source_lines(idx);
        assert_eq!(learnt.file, "/tmp/x/cell_8.rs");
        assert_eq!(learnt.lines, [lines(1, 3, 8, 1), lines(4, 1, 7, 2)]);
        // They are the places that outputs are told.
        for typed in learnt.lines {
            for idx in 0..typed.n_lines {
                let place = format!("/tmp/x/cell_8.rs:{}", typed.start + idx);
                let expected = format!("cell {}, line {}", typed.cell, typed.line + idx);
                assert_eq!(history.with_cells(&place), expected);
            }
        }
    }

    #[test]
    fn places_are_those_in_cells() {
        let history = history();
        let check = |text, expected| assert_eq!(history.with_cells(text), expected);
        check("", "");
        check("nothing", "nothing");
        check("/tmp/x/cell_7.rs:3", "cell 7, line 1");
        check(
            "made at /tmp/x/cell_7.rs:5, å /tmp/x/cell_7.rs:3: no",
            "made at cell 7, line 2, å cell 7, line 1: no",
        );
        // Code of ours, and what is not there.
        check("/tmp/x/cell_7.rs:4", "/tmp/x/cell_7.rs:4");
        check("/tmp/x/cell_7.rs:99", "/tmp/x/cell_7.rs:99");
        check("/tmp/x/cell_7.rs:", "/tmp/x/cell_7.rs:");
        check("/tmp/x/cell_8.rs:3", "/tmp/x/cell_8.rs:3");
        check("in /tmp/x", "in /tmp/x");
        check("/tmp/xy/cell_7.rs:3", "/tmp/xy/cell_7.rs:3");
        check("/tmp/x/data.csv:3", "/tmp/x/data.csv:3");
    }
}
