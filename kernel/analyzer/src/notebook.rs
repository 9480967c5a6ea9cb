//! The one file of the crate that stands for a notebook: what its cells have defined, and one function that has the
//! variables as its parameters and the cell as its body.

use std::collections::BTreeSet;
use std::ops::Range;

use dagbok_kernel::evaluate::Scope;

/// The function around the cell, which no person has named.
pub(crate) const FUNCTION: &str = "__cell";

/// The text of the file, with the cell in it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Notebook {
    pub(crate) text: String,
    cell: Range<usize>,
}

impl Notebook {
    /// The file for the cell `code`.
    pub(crate) fn new(scope: &Scope, code: &str) -> Self {
        // Every crate has std's macros.
        let mut text = format!(
            "#[macro_use] extern crate std;\n{}\n",
            scope.preamble.trim_end()
        );
        for item in &scope.items {
            text += &cells_as_crate(item);
            text.push('\n');
        }
        let parameters: Vec<String> = scope
            .variables
            .iter()
            .map(|variable| {
                let mutable = if variable.is_mutable { "mut " } else { "" };
                let type_text = cells_as_crate(&variable.type_text);
                format!("{mutable}{}: {type_text}", variable.name)
            })
            .collect();
        // An `async` block is the one place where `?` and `.await` both mean something, whatever the cell's last value is.
        text += &format!(
            "fn {FUNCTION}({}) {{ let _ = async {{\n",
            parameters.join(", ")
        );
        let start = text.len();
        text += code;
        let cell = start..text.len();
        text += "\n}; }\n";
        Notebook { text, cell }
    }

    /// Where the file has what stands in the cell at `offset`.
    pub(crate) fn offset(&self, offset: usize) -> usize {
        (self.cell.start + offset).min(self.cell.end)
    }

    /// Where the cell has what stands in the file at `range`, if it is all in the cell.
    pub(crate) fn in_cell(&self, range: Range<usize>) -> Option<Range<usize>> {
        let is_inside = self.cell.start <= range.start && range.end <= self.cell.end;
        is_inside.then(|| range.start - self.cell.start..range.end - self.cell.start)
    }
}

/// Every word of the cell `code` and of what it may use; one of them may be the name of a crate.
pub(crate) fn words<'s>(scope: &'s Scope, code: &'s str) -> BTreeSet<&'s str> {
    let types = scope.variables.iter().map(|variable| &*variable.type_text);
    let texts = scope.items.iter().map(String::as_str).chain(types);
    let texts = texts.chain([scope.preamble.as_str(), code]);
    texts.flat_map(words_of).collect()
}

fn words_of(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !(c.is_alphanumeric() || c == '_'));
    words.filter(|word| !word.is_empty())
}

/// `text` with `crate` for the crate of any cell: here they are all one.
fn cells_as_crate(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("cell_") {
        let (before, tail) = rest.split_at(at);
        let is_part = before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let end = tail
            .find(|c: char| !(c.is_alphanumeric() || c == '_'))
            .unwrap_or(tail.len());
        let (word, after) = tail.split_at(end);
        let is_cell = word["cell_".len()..].starts_with(|c: char| c.is_ascii_digit());
        if is_cell && !is_part && after.trim_start().starts_with("::") {
            let before = before.trim_end();
            result += before.strip_suffix("::").unwrap_or(before);
            result += " crate";
        } else {
            result += before;
            result += word;
        }
        rest = after;
    }
    result + rest
}

#[cfg(test)]
mod tests {
    use dagbok_kernel::evaluate::ScopeVariable;
    use expect_test::{Expect, expect};

    use super::*;

    fn check_types(text: &str, expected: &str) {
        let spaceless = |text: &str| text.replace(' ', "");
        assert_eq!(
            spaceless(&cells_as_crate(text)),
            spaceless(expected),
            "{text}"
        );
    }

    #[test]
    fn crates_of_cells_are_this_one() {
        check_types(":: cell_3 :: Point", "crate :: Point");
        check_types(
            "::cell_12_2::m::Point<::cell_3::A>",
            "crate::m::Point<crate::A>",
        );
        check_types("Vec < :: cell_3 :: A >", "Vec < crate :: A >");
        check_types("::std::cell_x::A", "::std::cell_x::A");
        check_types("my_cell_3::A", "my_cell_3::A");
        check_types("cell_3", "cell_3");
        check_types("", "");
    }

    fn check_file(code: &str, expected: Expect) {
        let scope = Scope {
            preamble: "use dagbok::prelude::*;".to_owned(),
            items: vec!["struct A;".to_owned()],
            variables: vec![ScopeVariable {
                name: "n".to_owned(),
                type_text: "i32".to_owned(),
                is_mutable: true,
            }],
            ..Scope::default()
        };
        let notebook = Notebook::new(&scope, code);
        assert_eq!(&notebook.text[notebook.cell.clone()], code);
        let whole = notebook.offset(0)..notebook.offset(code.len());
        assert_eq!(notebook.in_cell(whole), Some(0..code.len()));
        assert_eq!(notebook.in_cell(0..1), None);
        expected.assert_eq(&notebook.text);
    }

    #[test]
    fn the_cell_is_in_a_function() {
        check_file(
            "n + 1 // é",
            expect![[r#"
                #[macro_use] extern crate std;
                use dagbok::prelude::*;
                struct A;
                fn __cell(mut n: i32) { let _ = async {
                n + 1 // é
                }; }
            "#]],
        );
        check_file(
            "",
            expect![[r#"
                #[macro_use] extern crate std;
                use dagbok::prelude::*;
                struct A;
                fn __cell(mut n: i32) { let _ = async {

                }; }
            "#]],
        );
    }
}
