//! The command `:vars`.

use std::collections::BTreeMap;

use unicode_width::UnicodeWidthChar;

use super::{Answer, Call, Command, Refusal};
use crate::evaluate::native::{Preview, Turn};

/// `:vars`
pub(super) struct Vars;

/// The most columns of text that a value takes.
const VALUE_WIDTH_MAX: usize = 80;

impl Command for Vars {
    fn name(&self) -> &'static str {
        "vars"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["v", "who", "who_ls", "whos"]
    }

    fn summary(&self) -> &'static str {
        "list all variables: type, size, value, and the cell that made them"
    }

    fn details(&self) -> &'static str {
        "A size is what a value owns, on the heap too; `≥` stands before what is known of a type of your own. What is shared \
         (`Rc`, `Arc`, the elements of an array) counts for each that shares it."
    }

    fn run(&self, call: &Call<'_>, evaluator: &mut Turn) -> Result<Answer, Refusal> {
        call.takes_nothing(self)?;
        if evaluator.variables().next().is_none() {
            return Ok(Answer::Text("there are no variables".to_owned()));
        }
        let (previews, note) = match evaluator.previews(call.cell, call.frontend) {
            Ok(previews) => (previews, None),
            // Some type cannot be taken by reference; the table without values is better than none.
            Err(error) if error.name == "CompileError" => {
                let note = format!("sizes and values cannot be shown: {}", error.value);
                (BTreeMap::new(), Some(note))
            }
            Err(error) => return Err(error.into()),
        };
        let rows = evaluator.variables().map(|(name, variable)| {
            let mutable = if variable.mutable { "mut " } else { "" };
            let preview = previews.get(name);
            vec![
                format!("{mutable}{name}"),
                variable.type_name.clone(),
                preview.map(size).unwrap_or_default(),
                preview
                    .map(value)
                    .or_else(|| evaluator.why_no_preview(name))
                    .unwrap_or_default(),
                variable.cell.to_string(),
            ]
        });
        Ok(Answer::Table {
            header: vec!["name", "type", "size", "value", "cell"],
            rows: rows.collect(),
            note,
        })
    }
}

fn size(preview: &Preview) -> String {
    let least = if preview.is_least { "≥ " } else { "" };
    format!("{least}{}", bytes(preview.bytes))
}

fn bytes(bytes: u64) -> String {
    let units = ["kB", "MB", "GB", "TB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1e3;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < units.len() {
        value /= 1e3;
        unit += 1;
    }
    let n_decimals = if value < 9.95 { 1 } else { 0 };
    format!("{value:.n_decimals$} {}", units[unit])
}

fn value(preview: &Preview) -> String {
    match &preview.value {
        Some(value) => shortened(value),
        None => "not displayable".to_owned(),
    }
}

fn shortened(text: &str) -> String {
    let mut short = String::new();
    let mut width = 0;
    for c in text.chars() {
        width += c.width().unwrap_or(0);
        if width > VALUE_WIDTH_MAX {
            let kept = short.trim_end().len();
            short.truncate(kept);
            short.push('…');
            break;
        }
        short.push(c);
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_two_digits_or_three() {
        let check = |n, expected| assert_eq!(bytes(n), expected);
        check(0, "0 B");
        check(999, "999 B");
        check(1_000, "1.0 kB");
        check(12_345, "12 kB");
        check(999_600, "1.0 MB");
        check(8_000_000_000, "8.0 GB");
    }
}
