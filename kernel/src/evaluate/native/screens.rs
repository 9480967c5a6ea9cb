//! Where each cell's output goes: the front ends of the last cells, and the text that is on its way there.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::stream::Stream;
use crate::evaluate::{Frontend, Output, StreamName};

/// So many cells can still be written to by threads that they have left behind; what an older one writes is shown with
/// another cell.
const N_CELLS_MAX: usize = 1000;

/// So many runs of callbacks can still be written to in the same way.
const N_CALLBACKS_MAX: usize = 50;

/// Text beyond this many bytes is not held back.
const TEXT_BYTES_MAX: usize = 64 << 10;

/// The screens of the last cells, by the number of their run.
#[derive(Default)]
pub(super) struct Screens {
    cells: BTreeMap<u32, Screen>,
    /// Those of them that are runs of callbacks, in the order in which they began.
    callbacks: VecDeque<u32>,
}

struct Screen {
    is_running: bool,
    frontend: Arc<dyn Frontend>,
    stdout: Stream,
    stderr: Stream,
}

impl Screens {
    /// From now on what `cell`, the newest, writes is shown on `frontend`, and it runs.
    pub(super) fn add(&mut self, cell: u32, frontend: Arc<dyn Frontend>) {
        let screen = Screen {
            is_running: true,
            frontend,
            stdout: Stream::new(StreamName::Stdout),
            stderr: Stream::new(StreamName::Stderr),
        };
        self.cells.insert(cell, screen);
        if self.cells.len() > N_CELLS_MAX {
            let ended = self.cells.iter().find(|(_, screen)| !screen.is_running);
            let ended = ended.map(|(cell, _)| *cell);
            ended.and_then(|cell| self.cells.remove(&cell));
        }
    }

    /// From now on what the callbacks of `run` write is shown on `frontend`, and they run.
    pub(super) fn add_callbacks(&mut self, run: u32, frontend: Arc<dyn Frontend>) {
        self.add(run, frontend);
        self.callbacks.push_back(run);
        let is_running = |run: &mut u32| self.cells.get(run).is_some_and(|run| run.is_running);
        if self.callbacks.len() > N_CALLBACKS_MAX
            && let Some(oldest) = self.callbacks.pop_front_if(|run| !is_running(run))
        {
            self.finish(oldest);
            self.cells.remove(&oldest);
        }
    }

    /// `cell` has ended, and all of its text is handed on.
    pub(super) fn end(&mut self, cell: u32) {
        self.finish(cell);
        if let Some(screen) = self.cells.get_mut(&cell) {
            screen.is_running = false;
        }
    }

    /// The front end of `cell`, or of another one if that is gone.
    pub(super) fn frontend(&self, cell: u32) -> Option<Arc<dyn Frontend>> {
        let screen = self.cells.get(&self.known(cell))?;
        Some(screen.frontend.clone())
    }

    /// `cell`, or if it is none that is known: the newest cell of those that run, else the newest of all.
    fn known(&self, cell: u32) -> u32 {
        if self.cells.contains_key(&cell) {
            return cell;
        }
        let mut newest = None;
        for (cell, screen) in self.cells.iter().rev() {
            if self.callbacks.contains(cell) {
                continue;
            }
            if screen.is_running {
                return *cell;
            }
            newest = newest.or(Some(*cell));
        }
        newest.unwrap_or_default()
    }

    pub(super) fn output(&self, cell: u32, output: Output) {
        if let Some(frontend) = self.frontend(cell) {
            frontend.output(output);
        }
    }

    /// Takes in text. Returns whether some is held back.
    pub(super) fn push(&mut self, cell: u32, name: StreamName, bytes: &[u8]) -> bool {
        let cell = self.known(cell);
        let Some(screen) = self.cells.get_mut(&cell) else {
            return false;
        };
        let (frontend, own, other) = screen.parts(name);
        if other.is_pending() {
            other.flush(&mut |output| frontend.output(output));
        }
        own.push(bytes);
        if own.pending_bytes() >= TEXT_BYTES_MAX {
            own.flush(&mut |output| frontend.output(output));
        }
        own.is_pending()
    }

    /// Hands on what is held back, but for what `is_last` says are the last words of a process about to end.
    pub(super) fn flush(&mut self, is_last: impl Fn(&Stream) -> bool) {
        for screen in self.cells.values_mut() {
            let frontend = &screen.frontend;
            for stream in [&mut screen.stdout, &mut screen.stderr] {
                if stream.is_pending() && !is_last(stream) {
                    stream.flush(&mut |output| frontend.output(output));
                }
            }
        }
    }

    /// Hands on all text of `cell`, as at its end; what comes next starts a line.
    pub(super) fn finish(&mut self, cell: u32) {
        if let Some(screen) = self.cells.get_mut(&cell) {
            let frontend = &screen.frontend;
            for stream in [&mut screen.stdout, &mut screen.stderr] {
                stream.finish(&mut |output| frontend.output(output));
            }
        }
    }

    /// Hands on all text of all cells.
    pub(super) fn finish_all(&mut self) {
        let cells: Vec<u32> = self.cells.keys().copied().collect();
        for cell in cells {
            self.finish(cell);
        }
    }

    /// Drops text on stderr that is held back, from `start` on.
    pub(super) fn drop_from(&mut self, start: &str) {
        for screen in self.cells.values_mut() {
            screen.stderr.drop_from(start);
        }
    }
}

impl Screen {
    /// The stream `name`, and the other one.
    fn parts(&mut self, name: StreamName) -> (&Arc<dyn Frontend>, &mut Stream, &mut Stream) {
        match name {
            StreamName::Stdout => (&self.frontend, &mut self.stdout, &mut self.stderr),
            StreamName::Stderr => (&self.frontend, &mut self.stderr, &mut self.stdout),
        }
    }
}
