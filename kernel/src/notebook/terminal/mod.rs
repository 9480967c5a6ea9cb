//! A run as a terminal shows it: what has ended scrolls away, what can still change is drawn again in place.
//!
//! Where nothing can be drawn again (a file, a pipe), what can still change is held back until it has ended, so that only
//! the last state of a progress display is printed.

mod block;
mod layout;

use std::collections::HashSet;
use std::io::{BufWriter, Write};
use std::time::Duration;

use self::block::Block;
use self::layout::{cut, last_rows, n_rows};
use super::file::Object;
use super::headings::headings;
use super::mime;
use crate::evaluate::{CellError, Output};

/// A cell that writes without a pause is drawn each time that so many outputs have come in.
const UNDRAWN_MAX: usize = 64;

/// Longer sources are shown up to here.
const SOURCE_LINES_MAX: usize = 8;

/// Where a terminal's output goes, and what it can do there.
pub(super) struct Screen {
    pub(super) mode: Mode,
    pub(super) colours: Colours,
    /// Columns and rows, asked for anew at each drawing.
    pub(super) size: Box<dyn Fn() -> (usize, usize)>,
}

/// Whether what is on the screen can be drawn again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Live,
    Appending,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Colours {
    On,
    Off,
}

/// Shows a run.
pub(super) struct Terminal {
    writer: BufWriter<Box<dyn Write>>,
    screen: Screen,
    /// What the running cell has shown and what is not yet left behind.
    blocks: Vec<Block>,
    /// What is on the screen of the blocks, from where the next drawing starts.
    drawn: String,
    display_ids: HashSet<String>,
    /// Whether what can still be drawn again goes when something new is shown.
    clear_next: bool,
    n_undrawn: usize,
}

impl Terminal {
    pub(super) fn new(writer: Box<dyn Write>, screen: Screen) -> Self {
        Terminal {
            writer: BufWriter::new(writer),
            screen,
            blocks: Vec::new(),
            drawn: String::new(),
            display_ids: HashSet::new(),
            clear_next: false,
            n_undrawn: 0,
        }
    }

    /// Shows the headings of a Markdown cell.
    pub(super) fn headings(&mut self, markdown: &str) {
        for heading in headings(markdown) {
            let text = format!("{} {}", "#".repeat(heading.level), heading.text);
            let text = self.styled("1", block::sanitised(&text, Colours::Off).trim_end());
            self.write(&format!("{text}\n\n"));
        }
    }

    /// Shows the source of the cell that starts now.
    pub(super) fn start_cell(&mut self, number: u32, code: &str) {
        let prompt = format!("[{number}] ");
        let columns = match self.screen.mode {
            Mode::Live => (self.screen.size)().0.saturating_sub(prompt.len()),
            Mode::Appending => usize::MAX,
        };
        let code = block::sanitised(code.trim(), Colours::Off);
        let lines: Vec<&str> = code.lines().collect();
        let n_shown = if lines.len() > SOURCE_LINES_MAX {
            SOURCE_LINES_MAX - 1
        } else {
            lines.len()
        };
        let indent = " ".repeat(prompt.len());
        let mut text = self.styled("32", &prompt);
        for (idx, line) in lines[..n_shown].iter().enumerate() {
            if !line.is_empty() {
                let indent = if idx == 0 { "" } else { &indent };
                text.push_str(indent);
                text.push_str(&self.styled("2", &cut(line, columns)));
            }
            text.push('\n');
        }
        if n_shown < lines.len() {
            let more = format!("… {} more lines", lines.len() - n_shown);
            text.push_str(&indent);
            text.push_str(&self.styled("2", &cut(&more, columns)));
            text.push('\n');
        }
        self.write(&text);
    }

    /// Shows one output of the cell at `cell_idx`, at the next [`flush`](Self::flush) at the latest.
    pub(super) fn output(&mut self, cell_idx: usize, output: &Output) {
        let colours = self.screen.colours;
        let is_new = matches!(
            output,
            Output::Stream { .. }
                | Output::Display { .. }
                | Output::Result { .. }
                | Output::Page { .. }
        );
        if is_new && std::mem::take(&mut self.clear_next) {
            self.blocks.clear();
        }
        match output {
            Output::Stream { name, text } => {
                let continues = self
                    .blocks
                    .last()
                    .is_some_and(|last| last.continues(cell_idx, *name));
                if !continues {
                    self.blocks.push(Block::stream(cell_idx, *name));
                }
                if let Some(last) = self.blocks.last_mut() {
                    last.push(text, colours);
                }
            }
            Output::Display {
                data,
                display_id: Some(id),
            } => {
                self.display_ids.insert(id.clone());
                self.blocks.push(Block::display(id, shown(data, colours)));
            }
            Output::Display {
                data,
                display_id: None,
            }
            | Output::Result { data }
            | Output::Page { data } => {
                self.blocks.push(Block::fixed(shown(data, colours)));
            }
            Output::UpdateDisplay { data, display_id } => {
                self.update(display_id, shown(data, colours))
            }
            Output::ClearOutput { wait: true } => self.clear_next = true,
            Output::ClearOutput { wait: false } => self.blocks.clear(),
            // A terminal has no widgets.
            Output::Comm(_) => return,
        }
        self.n_undrawn += 1;
        if self.n_undrawn >= UNDRAWN_MAX {
            self.refresh();
        }
    }

    /// Leaves the outputs of the running cell behind: nothing of them changes any more.
    pub(super) fn end_outputs(&mut self) {
        let settled: String = self.blocks.drain(..).map(|block| block.whole()).collect();
        self.n_undrawn = 0;
        self.clear_next = false;
        self.draw(&settled, String::new());
    }

    /// Shows why a cell has failed.
    pub(super) fn error(&mut self, error: &CellError) {
        let traceback = error.traceback.join("\n");
        let text = if traceback.trim().is_empty() {
            format!("{}: {}", error.name, error.value)
        } else {
            traceback
        };
        self.write(&block::sanitised(text.trim_end(), self.screen.colours));
    }

    /// Says something that is not an output of the notebook.
    pub(super) fn note(&mut self, note: &str) {
        let note = self.styled("33", note);
        self.blocks.push(Block::fixed(format!("{note}\n")));
        self.refresh();
    }

    /// Ends what one cell has shown.
    pub(super) fn end_cell(&mut self) {
        self.write("\n");
    }

    /// Says how the run went.
    pub(super) fn summary(&mut self, n_cells: u32, duration: Duration, files: &[String]) {
        let cells = if n_cells == 1 { "cell" } else { "cells" };
        let mut text = format!("{n_cells} {cells} in {}", layout::duration(duration));
        if !files.is_empty() {
            text.push_str(&format!("; wrote {}", files.join(" and ")));
        }
        let text = self.styled("1", &text);
        self.write(&format!("{text}\n"));
        self.flush();
    }

    /// Brings everything to the screen.
    pub(super) fn flush(&mut self) {
        if self.n_undrawn > 0 {
            self.refresh();
        }
        // A reader that has gone away, as `head` does, is no reason to stop: the notebook is still to be written.
        let _ = self.writer.flush();
    }

    fn update(&mut self, display_id: &str, text: String) {
        let mut is_on_screen = false;
        for block in self
            .blocks
            .iter_mut()
            .filter(|block| block.shows(display_id))
        {
            block.replace(text.clone());
            is_on_screen = true;
        }
        if !is_on_screen && self.display_ids.contains(display_id) {
            self.blocks.push(Block::display(display_id, text));
        }
    }

    /// Leaves behind what cannot change any more, and draws the rest.
    fn refresh(&mut self) {
        self.n_undrawn = 0;
        let mut settled = String::new();
        while let Some(first) = self.blocks.first_mut() {
            settled.push_str(&first.take_settled());
            if self.blocks.len() == 1 || self.blocks[0].can_change() {
                break;
            }
            settled.push_str(&self.blocks.remove(0).whole());
        }
        if self.screen.mode == Mode::Appending {
            self.draw(&settled, String::new());
            return;
        }
        let (columns, rows) = (self.screen.size)();
        let rows_max = rows.saturating_sub(1).max(1);
        let mut current = self.current();
        while self.blocks.len() > 1 && n_rows(&current, columns) > rows_max {
            settled.push_str(&self.blocks.remove(0).whole());
            current = self.current();
        }
        let current = last_rows(&current, columns, rows_max).to_owned();
        self.draw(&settled, current);
    }

    /// The blocks as they look now.
    fn current(&self) -> String {
        let Some((last, before)) = self.blocks.split_last() else {
            return String::new();
        };
        before
            .iter()
            .map(Block::whole)
            .chain([last.so_far()])
            .collect()
    }

    /// Replaces what is drawn by `settled`, which is never drawn again, and `current`.
    fn draw(&mut self, settled: &str, current: String) {
        let text = format!("{settled}{current}");
        let drawn = std::mem::take(&mut self.drawn);
        match text.strip_prefix(&drawn) {
            Some(new) => self.write(new),
            None => {
                let n_up = n_rows(&drawn, (self.screen.size)().0) - 1;
                let up = if n_up > 0 {
                    format!("\x1b[{n_up}A")
                } else {
                    String::new()
                };
                self.write(&format!("\r{up}\x1b[J{text}"));
            }
        }
        self.drawn = current;
    }

    fn styled(&self, codes: &str, text: &str) -> String {
        match self.screen.colours {
            Colours::On => format!("\x1b[{codes}m{text}\x1b[0m"),
            Colours::Off => text.to_owned(),
        }
    }

    fn write(&mut self, text: &str) {
        let _ = self.writer.write_all(text.as_bytes());
    }
}

fn shown(data: &Object, colours: Colours) -> String {
    match mime::terminal_text(data).trim_end_matches('\n') {
        "" => String::new(),
        text => block::sanitised(text, colours),
    }
}

#[cfg(test)]
mod tests;
