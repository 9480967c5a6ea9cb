//! The command `:vars`.

use std::collections::BTreeMap;
use std::sync::Arc;

use unicode_width::UnicodeWidthChar;

use super::show::bundle;
use super::{Answer, Call, Command, Refusal};
use crate::evaluate::native::{Preview, Turn};
use crate::evaluate::{Frontend, Output};

/// `:vars`
pub(super) struct Vars;

/// The display that `:vars live` keeps up to date.
const DISPLAY_ID: &str = "dagbok-variables";

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
        "list all variables: type, size, value, and the cell that made them; `live` keeps the list up to date"
    }

    fn details(&self) -> &'static str {
        "`:vars live` shows the same table and keeps it up to date after each cell, until `:vars off`. A size is what a value owns, on the heap too; `≥` stands before what is known of a type of your own. What is shared \
         (`Rc`, `Arc`, the elements of an array) counts for each that shares it."
    }

    fn arguments(&self) -> &'static str {
        "[live|off]"
    }

    fn run(&self, call: &Call<'_>, evaluator: &mut Turn) -> Result<Answer, Refusal> {
        match call.arguments {
            "" => table(call.cell.number, evaluator, call.frontend),
            "live" => {
                let answer = table(call.cell.number, evaluator, call.frontend)?;
                if let Some(data) = bundle(answer) {
                    let display_id = Some(DISPLAY_ID.to_owned());
                    call.frontend.output(Output::Display { data, display_id });
                }
                evaluator.shows_variables = true;
                Ok(Answer::Nothing)
            }
            "off" => {
                evaluator.shows_variables = false;
                Ok(Answer::Nothing)
            }
            other => {
                Err(format!("`:vars` takes nothing, or `live` or `off`, and not `{other}`").into())
            }
        }
    }
}

/// Brings the table of `:vars live` up to date after the cell `number`.
pub(crate) fn update_variables(number: u32, evaluator: &mut Turn) {
    let frontend = evaluator.frontend();
    let answer = table(number, evaluator, &frontend).unwrap_or_else(|refusal| {
        let reason = refusal.sentence();
        Answer::Text(format!("the variables cannot be shown: {reason}"))
    });
    if let Some(data) = bundle(answer) {
        let display_id = DISPLAY_ID.to_owned();
        frontend.output(Output::UpdateDisplay { data, display_id });
    }
}

fn table(
    number: u32,
    evaluator: &mut Turn,
    frontend: &Arc<dyn Frontend>,
) -> Result<Answer, Refusal> {
    if evaluator.variables().next().is_none() {
        return Ok(Answer::Text("there are no variables".to_owned()));
    }
    let (previews, note) = match evaluator.previews(number, frontend) {
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
