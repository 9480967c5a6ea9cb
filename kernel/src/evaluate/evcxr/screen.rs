//! What cells print, from evcxr's two streams to the front end of the cell that runs.

use std::io;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::control::Control;
use super::mark::{Ending, Mark};
use crate::evaluate::{Frontend, Output, StreamName};

/// Marks are on their way when one waits for them, unless the relay has been killed.
const MARK_MAX: Duration = Duration::from_secs(5);

/// Follows both streams.
pub(super) struct Screen {
    frontend: Arc<Mutex<Option<Arc<dyn Frontend>>>>,
    /// One for each line of stdout that has been shown.
    lines: Receiver<End>,
    ends: Receiver<End>,
}

/// How a cell ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Done {
    pub(super) ending: Ending,
    /// What the panic said that ended the cell, if one did.
    pub(super) panic: Option<String>,
    /// The last line on stderr: what a `?` reports.
    pub(super) last_line: String,
}

enum End {
    Line,
    Done(Done, usize),
    Died(String, usize),
}

impl Screen {
    /// Follows the lines of both streams, each on a thread of its own.
    ///
    /// # Errors
    /// If there can be no more threads.
    pub(super) fn new(
        stdout: impl Iterator<Item = String> + Send + 'static,
        stderr: impl Iterator<Item = String> + Send + 'static,
        control: Arc<Control>,
    ) -> io::Result<Self> {
        let frontend = Arc::default();
        let follow = |name, lines: Box<dyn Iterator<Item = String> + Send>| {
            let (sender, receiver) = channel();
            let mut stream = Stream {
                name,
                frontend: Arc::clone(&frontend),
                control: control.clone(),
                ends: sender,
                panic: None,
                last_line: String::new(),
            };
            thread::Builder::new()
                .name("evcxr-output".to_owned())
                .spawn(move || lines.for_each(|line| stream.take(&line)))?;
            io::Result::Ok(receiver)
        };
        Ok(Screen {
            lines: follow(StreamName::Stdout, Box::new(stdout))?,
            ends: follow(StreamName::Stderr, Box::new(stderr))?,
            frontend,
        })
    }

    /// From now on `frontend` gets what is printed.
    pub(super) fn show_on(&self, frontend: Arc<dyn Frontend>) {
        let mut current = self.frontend.lock().unwrap_or_else(PoisonError::into_inner);
        *current = Some(frontend);
    }

    /// Waits until all that the cell printed has been shown; how it ended.
    pub(super) fn wait_until_done(&self) -> Done {
        while let Ok(end) = self.ends.recv_timeout(MARK_MAX) {
            if let End::Done(done, n_lines) = end {
                self.wait_for_lines(n_lines);
                return done;
            }
        }
        Done::default()
    }

    /// Waits until all that the process of the cell printed has been shown; how it ended.
    pub(super) fn wait_until_dead(&self) -> Option<String> {
        while let Ok(end) = self.ends.recv_timeout(MARK_MAX) {
            if let End::Died(status, n_lines) = end {
                self.wait_for_lines(n_lines);
                return Some(status);
            }
        }
        None
    }

    fn wait_for_lines(&self, n_lines: usize) {
        for _ in 0..n_lines {
            let _ = self.lines.recv_timeout(MARK_MAX);
        }
    }
}

/// One of the streams.
struct Stream {
    name: StreamName,
    frontend: Arc<Mutex<Option<Arc<dyn Frontend>>>>,
    control: Arc<Control>,
    ends: Sender<End>,
    /// A panic that may be the end of the cell, or be caught.
    panic: Option<String>,
    last_line: String,
}

impl Stream {
    fn take(&mut self, line: &str) {
        let (text, mark) = Mark::split(line);
        if mark.is_none() {
            self.show(format!("{text}\n"));
        } else if !text.is_empty() {
            self.show(text.to_owned());
        }
        match mark {
            None | Some(Mark::Unfinished) if self.name == StreamName::Stdout => {
                let _ = self.ends.send(End::Line);
            }
            None | Some(Mark::Unfinished) => {}
            Some(Mark::Started { process }) => self.control.started(process),
            Some(Mark::Panicked { message }) => {
                self.show_caught();
                self.panic = Some(message);
            }
            Some(Mark::Done { ending, n_lines }) => {
                if ending != Ending::Panicked {
                    self.show_caught();
                }
                let done = Done {
                    ending,
                    panic: self.panic.take(),
                    last_line: std::mem::take(&mut self.last_line),
                };
                let _ = self.ends.send(End::Done(done, n_lines));
            }
            Some(Mark::Died { status, n_lines }) => {
                self.show_caught();
                self.last_line.clear();
                let _ = self.ends.send(End::Died(status, n_lines));
            }
        }
    }

    /// A panic that did not end the cell is only a line on stderr.
    fn show_caught(&mut self) {
        if let Some(message) = self.panic.take() {
            self.show(format!("a panic: {message}\n"));
        }
    }

    fn show(&mut self, text: String) {
        text.trim_end().clone_into(&mut self.last_line);
        let frontend = self.frontend.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(frontend) = &*frontend {
            frontend.output(Output::Stream {
                name: self.name,
                text,
            });
        }
    }
}
