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
use crate::channel::{Bundle, Frame, Place};
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
    crate_name: String,
    source: Source,
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
            crate_name: crate_name.clone(),
            source: Source::default(),
        });
        (CellIdx(self.cells.len() - 1), crate_name)
    }

    /// Remembers what was compiled, for the places of later panics.
    pub(super) fn keep_source(&mut self, idx: CellIdx, source: Source) {
        self.cells[idx.0].source = source;
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
    fn place(&self, range: &Range<usize>) -> TypedPlace {
        let before = &self.code[..range.start];
        let line = before.matches('\n').count();
        TypedPlace {
            cell: self.number,
            line: line + 1,
            text: self
                .code
                .lines()
                .nth(line)
                .unwrap_or_default()
                .trim()
                .to_owned(),
        }
    }
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
