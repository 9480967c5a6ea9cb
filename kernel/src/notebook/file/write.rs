//! From a [`Notebook`] to the text of a file, byte for byte as Python's nbformat has it.

use std::io;

use serde::Serialize;
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};
use serde_json::{Value, json};

use super::{Cell, CellKind, Notebook, Object};

/// The file's text: keys sorted, one space a level, texts as lists of lines, a newline at the end.
pub(in crate::notebook) fn write(notebook: &Notebook) -> String {
    let mut whole = notebook.rest.clone();
    if let Some(Value::Object(metadata)) = whole.get_mut("metadata") {
        metadata.retain(|key, _| {
            !["orig_nbformat", "orig_nbformat_minor", "signature"].contains(&key.as_str())
        });
    }
    whole.insert(
        "cells".into(),
        notebook.cells.iter().map(cell_value).collect(),
    );
    let mut whole = Value::Object(whole);
    whole.sort_all_objects();
    let mut bytes = Vec::new();
    let mut serializer = Serializer::with_formatter(
        &mut bytes,
        JupyterFormatter(PrettyFormatter::with_indent(b" ")),
    );
    whole
        .serialize(&mut serializer)
        .expect("JSON values are written to memory");
    bytes.push(b'\n');
    String::from_utf8(bytes).expect("JSON is UTF-8")
}

fn cell_value(cell: &Cell) -> Value {
    let mut value = cell.rest.clone();
    if let Some(Value::Object(metadata)) = value.get_mut("metadata") {
        metadata.shift_remove("trusted");
    }
    value.insert("source".into(), lines(&cell.source));
    if let Some(Value::Object(attachments)) = value.get_mut("attachments") {
        attachments.values_mut().for_each(split_bundle);
    }
    let kind = match &cell.kind {
        CellKind::Code {
            execution_count,
            outputs,
        } => {
            value.insert("execution_count".into(), json!(execution_count));
            value.insert(
                "outputs".into(),
                outputs.iter().cloned().map(output_value).collect(),
            );
            "code"
        }
        CellKind::Markdown => "markdown",
        CellKind::Raw => "raw",
    };
    value.insert("cell_type".into(), kind.into());
    Value::Object(value)
}

fn output_value(mut output: Object) -> Value {
    if let Some(Value::String(text)) = output.get("text") {
        let text = lines(text);
        output.insert("text".into(), text);
    }
    if let Some(data) = output.get_mut("data") {
        split_bundle(data);
    }
    Value::Object(output)
}

fn split_bundle(bundle: &mut Value) {
    let Value::Object(bundle) = bundle else {
        return;
    };
    for (mime, data) in bundle.iter_mut() {
        let is_text = mime.starts_with("text/")
            || mime == "image/svg+xml"
            || mime == "application/javascript";
        if is_text && let Value::String(text) = data {
            *data = lines(text);
        }
    }
}

/// `text` as a list of lines with their ends, split where Python's `splitlines` does.
fn lines(text: &str) -> Value {
    let mut lines = Vec::new();
    let mut start = 0;
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        if !is_line_end(character)
            || character == '\r' && matches!(characters.peek(), Some((_, '\n')))
        {
            continue;
        }
        let end = at + character.len_utf8();
        lines.push(Value::from(&text[start..end]));
        start = end;
    }
    if start < text.len() {
        lines.push(Value::from(&text[start..]));
    }
    Value::Array(lines)
}

fn is_line_end(character: char) -> bool {
    matches!(character, '\n'..='\r' | '\x1c'..='\x1e' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// serde_json's pretty printing, with numbers spelt as Python spells them.
struct JupyterFormatter<'a>(PrettyFormatter<'a>);

impl Formatter for JupyterFormatter<'_> {
    fn write_f64<W: io::Write + ?Sized>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        writer.write_all(python_float(value).as_bytes())
    }

    fn begin_array<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_array(writer)
    }

    fn end_array<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array(writer)
    }

    fn begin_array_value<W: io::Write + ?Sized>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.0.begin_array_value(writer, first)
    }

    fn end_array_value<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array_value(writer)
    }

    fn begin_object<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }

    fn end_object<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }

    fn begin_object_key<W: io::Write + ?Sized>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }

    fn begin_object_value<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }

    fn end_object_value<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }
}

/// `value` as Python's `repr` has it: an exponent of two digits or more, and only outside of 1e-4 … 1e16.
fn python_float(value: f64) -> String {
    let scientific = format!("{value:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else {
        return scientific;
    };
    match exponent.parse::<i32>() {
        Ok(exponent) if (-4..16).contains(&exponent) || value == 0.0 => format!("{value:?}"),
        Ok(exponent) => format!(
            "{digits}e{}{:02}",
            if exponent < 0 { '-' } else { '+' },
            exponent.abs()
        ),
        Err(_) => scientific,
    }
}
