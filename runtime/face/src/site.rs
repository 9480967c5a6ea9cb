//! Lines of the user's code, as errors and pictures name them: those of cells as they were typed.

use std::collections::HashMap;
use std::fmt;
use std::panic::Location;
use std::sync::{LazyLock, PoisonError, RwLock};

/// The line of the user's code that made a collection, for errors: `cell 5, line 3`, or `src/main.rs:3` outside of notebooks.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Site(&'static Location<'static>);

impl Site {
    /// The line that called the function which is marked `#[track_caller]`.
    #[track_caller]
    pub const fn caller() -> Self {
        Site(Location::caller())
    }

    /// Whether the line is std's: it has called a function that a person gave it, as `map` does.
    pub(crate) fn is_of_std(&self) -> bool {
        is_of_std(self.0.file())
    }
}

fn is_of_std(file: &str) -> bool {
    file.starts_with("/rustc/") || file.contains("/rustlib/src/rust/library/")
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&typed_place(self.0.file(), self.0.line()))
    }
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Lines of a generated source that were typed one after the other in one cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TypedLines {
    /// The first one's number in the source, from 1 on.
    pub start: usize,
    pub n_lines: usize,
    pub cell: u32,
    /// The first one's number in the cell, from 1 on.
    pub line: usize,
}

/// The lines of each source, by their numbers.
static TYPED: LazyLock<RwLock<HashMap<String, Vec<TypedLines>>>> = LazyLock::new(RwLock::default);

/// The lines of the source `file` are known by where they were typed from now on; `lines` are in order.
pub fn learn_lines(file: String, lines: Vec<TypedLines>) {
    let mut typed = TYPED.write().unwrap_or_else(PoisonError::into_inner);
    typed.insert(file, lines);
}

/// A line as a person finds it: `cell 5, line 3` where that is known, else `file:line`.
pub fn typed_place(file: &str, line: u32) -> String {
    place_in_cell(file, line).unwrap_or_else(|| format!("{file}:{line}"))
}

/// Likewise, if it is a line of a cell.
pub fn place_in_cell(file: &str, line: u32) -> Option<String> {
    let typed = TYPED.read().unwrap_or_else(PoisonError::into_inner);
    let (cell, line) = find(typed.get(file)?, line as usize)?;
    Some(format!("cell {cell}, line {line}"))
}

/// The cell in which the line `line` of a source was typed, and its number there.
fn find(lines: &[TypedLines], line: usize) -> Option<(u32, usize)> {
    let before = lines.partition_point(|lines| lines.start <= line);
    let lines = lines[..before].last()?;
    let offset = line - lines.start;
    (offset < lines.n_lines).then(|| (lines.cell, lines.line + offset))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_those_of_cells() {
        let lines = |start, n_lines, cell, line| TypedLines {
            start,
            n_lines,
            cell,
            line,
        };
        let all = vec![lines(3, 2, 7, 1), lines(6, 1, 2, 9)];
        learn_lines("/x/cell_7.rs".to_owned(), all);
        let check = |file, line, expected| assert_eq!(typed_place(file, line), expected);
        check("/x/cell_7.rs", 2, "/x/cell_7.rs:2");
        check("/x/cell_7.rs", 3, "cell 7, line 1");
        check("/x/cell_7.rs", 4, "cell 7, line 2");
        check("/x/cell_7.rs", 5, "/x/cell_7.rs:5");
        check("/x/cell_7.rs", 6, "cell 2, line 9");
        check("/x/cell_7.rs", 7, "/x/cell_7.rs:7");
        check("/x/cell_8.rs", 3, "/x/cell_8.rs:3");
        learn_lines("/x/cell_7.rs".to_owned(), Vec::new());
        check("/x/cell_7.rs", 3, "/x/cell_7.rs:3");
    }

    #[test]
    fn sites_read_the_same_everywhere() {
        let site = Site::caller();
        let text = site.to_string();
        assert!(text.contains("site.rs:"), "{text}");
        assert_eq!(format!("{site:?}"), text);
        assert!(!site.is_of_std());
    }

    #[test]
    fn lines_of_std_are_told_from_others() {
        let check = |file, expected| assert_eq!(is_of_std(file), expected, "{file}");
        check("/rustc/59807616e1/library/core/src/option.rs", true);
        check(
            "/home/me/.rustup/toolchains/stable/lib/rustlib/src/rust/library/core/src/ops/function.rs",
            true,
        );
        check("/home/me/rustc/src/main.rs", false);
        check("/tmp/x/cell_7.rs", false);
        check("src/main.rs", false);
    }
}
