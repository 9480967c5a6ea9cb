//! Writes what cells show into the notebook, as a front end that saves it would.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};

use super::ansi;
use super::file::{Cell, CellKind, Notebook, Object};
use crate::evaluate::{CellError, MimeData, Output, StreamName};

/// From this length on, an unfinished line is checked for what `\r` and `\b` have overwritten.
const OPEN_LINE_LEN_MAX: usize = 1024;

/// Where in the notebook an output is.
#[derive(Clone, Copy, Debug)]
struct Place {
    cell_idx: usize,
    output_idx: usize,
}

/// A notebook that takes in outputs.
pub(super) struct Recorder<'a> {
    notebook: &'a mut Notebook,
    displays: HashMap<String, Vec<Place>>,
    /// Cells whose outputs go when they show something new.
    clear_next: HashSet<usize>,
}

impl<'a> Recorder<'a> {
    pub(super) fn new(notebook: &'a mut Notebook) -> Self {
        Recorder {
            notebook,
            displays: HashMap::new(),
            clear_next: HashSet::new(),
        }
    }

    pub(super) fn notebook(&self) -> &Notebook {
        self.notebook
    }

    /// Removes what an earlier run has left in a code cell.
    pub(super) fn clear(&mut self, cell_idx: usize) {
        if let CellKind::Code {
            execution_count,
            outputs,
        } = &mut self.notebook.cells[cell_idx].kind
        {
            *execution_count = None;
            outputs.clear();
        }
    }

    /// Notes that a cell runs, as the `number`th of this session.
    pub(super) fn start(&mut self, cell_idx: usize, number: u32) {
        if let CellKind::Code {
            execution_count, ..
        } = &mut self.notebook.cells[cell_idx].kind
        {
            *execution_count = Some(number.into());
        }
    }

    pub(super) fn output(&mut self, cell_idx: usize, output: &Output) {
        match output {
            Output::Stream { name, text } => self.stream(cell_idx, *name, text),
            Output::Display { data, display_id } => {
                let output = json!({"output_type": "display_data", "data": data, "metadata": {}});
                let place = self.push(cell_idx, output);
                if let (Some(place), Some(display_id)) = (place, display_id) {
                    self.displays
                        .entry(display_id.clone())
                        .or_default()
                        .push(place);
                }
            }
            Output::UpdateDisplay { data, display_id } => self.update(display_id, data),
            Output::Result { data } => {
                let count = self.execution_count(cell_idx);
                self.push(
                    cell_idx,
                    json!({"output_type": "execute_result", "execution_count": count, "data": data, "metadata": {}}),
                );
            }
            Output::Page { data } => {
                let output = json!({"output_type": "display_data", "data": data, "metadata": {}});
                self.push(cell_idx, output);
            }
            Output::ClearOutput { wait: true } => {
                self.clear_next.insert(cell_idx);
            }
            Output::ClearOutput { wait: false } => self.clear_outputs(cell_idx),
            // A notebook keeps nothing of a comm.
            Output::Comm(_) => {}
        }
    }

    pub(super) fn error(&mut self, cell_idx: usize, error: &CellError) {
        self.push(
            cell_idx,
            json!({"output_type": "error", "ename": error.name, "evalue": error.value, "traceback": error.traceback}),
        );
    }

    /// Leaves of unfinished lines what is visible.
    pub(super) fn finish(&mut self) {
        for cell_idx in 0..self.notebook.cells.len() {
            for output in self.outputs(cell_idx).into_iter().flatten() {
                if let Some(text) = stream_text(output) {
                    let open = text.split_off(line_start(text));
                    text.push_str(&ansi::settle(&open));
                }
            }
        }
    }

    fn clear_outputs(&mut self, cell_idx: usize) {
        self.clear_next.remove(&cell_idx);
        if let Some(outputs) = self.outputs(cell_idx) {
            outputs.clear();
        }
        for places in self.displays.values_mut() {
            places.retain(|place| place.cell_idx != cell_idx);
        }
    }

    fn stream(&mut self, cell_idx: usize, name: StreamName, text: &str) {
        if self.clear_next.contains(&cell_idx) {
            self.clear_outputs(cell_idx);
        }
        let name = match name {
            StreamName::Stdout => "stdout",
            StreamName::Stderr => "stderr",
        };
        let last = self
            .outputs(cell_idx)
            .and_then(|outputs| outputs.last_mut());
        let same = last.filter(|last| last.get("name").is_some_and(|last| last == name));
        match same.and_then(stream_text) {
            Some(whole) => append(whole, text),
            None => {
                let mut whole = String::new();
                append(&mut whole, text);
                self.push(
                    cell_idx,
                    json!({"output_type": "stream", "name": name, "text": whole}),
                );
            }
        }
    }

    fn update(&mut self, display_id: &str, data: &MimeData) {
        for place in self.displays.get(display_id).cloned().unwrap_or_default() {
            let outputs = self.outputs(place.cell_idx);
            if let Some(output) = outputs.and_then(|outputs| outputs.get_mut(place.output_idx)) {
                output.insert("data".into(), Value::Object(data.clone()));
            }
        }
    }

    fn push(&mut self, cell_idx: usize, output: Value) -> Option<Place> {
        let Value::Object(output) = output else {
            return None;
        };
        if self.clear_next.contains(&cell_idx) {
            self.clear_outputs(cell_idx);
        }
        let outputs = self.outputs(cell_idx)?;
        outputs.push(output);
        let output_idx = outputs.len() - 1;
        Some(Place {
            cell_idx,
            output_idx,
        })
    }

    fn outputs(&mut self, cell_idx: usize) -> Option<&mut Vec<Object>> {
        match &mut self.notebook.cells[cell_idx].kind {
            CellKind::Code { outputs, .. } => Some(outputs),
            CellKind::Markdown | CellKind::Raw => None,
        }
    }

    fn execution_count(&self, cell_idx: usize) -> Option<u64> {
        match &self.notebook.cells[cell_idx] {
            Cell {
                kind: CellKind::Code {
                    execution_count, ..
                },
                ..
            } => *execution_count,
            _ => None,
        }
    }
}

fn stream_text(output: &mut Object) -> Option<&mut String> {
    let is_stream = output
        .get("output_type")
        .is_some_and(|kind| kind == "stream");
    match output.get_mut("text") {
        Some(Value::String(text)) if is_stream => Some(text),
        _ => None,
    }
}

/// Appends to the text of a stream; of lines that were overwritten with `\r` and `\b` only what is visible stays.
fn append(text: &mut String, piece: &str) {
    let line_start = line_start(text);
    text.push_str(piece);
    if !text[line_start..].contains(['\r', '\u{8}']) {
        return;
    }
    let written = text.split_off(line_start);
    let mut lines = written.split('\n').peekable();
    while let Some(line) = lines.next() {
        if lines.peek().is_some() {
            text.push_str(&ansi::settle(line));
            text.push('\n');
        } else if line.len() > OPEN_LINE_LEN_MAX {
            text.push_str(ansi::compact(line).as_deref().unwrap_or(line));
        } else {
            text.push_str(line);
        }
    }
}

fn line_start(text: &str) -> usize {
    text.rfind('\n').map_or(0, |at| at + 1)
}
