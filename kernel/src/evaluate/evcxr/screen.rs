//! What cells print, from evcxr's two streams to the front end of the cell that runs.

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
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
    stdout: Receiver<End>,
    stderr: Receiver<End>,
}

/// How a cell ended, and the last line of each stream up to then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Done {
    pub(super) ending: Ending,
    /// What the panic said that ended the cell, if one did.
    pub(super) panic: Option<String>,
    /// What a `?` reports comes last.
    pub(super) last_line: String,
}

enum End {
    Done(Done),
    Died(String),
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
            stdout: follow(StreamName::Stdout, Box::new(stdout))?,
            stderr: follow(StreamName::Stderr, Box::new(stderr))?,
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
        let done = |ends| match last(ends, |end| matches!(end, End::Done(_))) {
            Some(End::Done(done)) => Some(done),
            _ => None,
        };
        let _ = done(&self.stdout);
        done(&self.stderr).unwrap_or_else(|| Done {
            ending: Ending::Returned,
            panic: None,
            last_line: String::new(),
        })
    }

    /// Waits until all that the process of the cell printed has been shown; how it ended.
    pub(super) fn wait_until_dead(&self) -> Option<String> {
        let died = |ends| match last(ends, |end| matches!(end, End::Died(_))) {
            Some(End::Died(status)) => Some(status),
            _ => None,
        };
        let status = died(&self.stderr);
        // A process that died before the cell could be handed over has none here.
        while self.stdout.try_recv().is_ok() {}
        status
    }
}

/// The first of `ends` that is the awaited one.
fn last(ends: &Receiver<End>, is_awaited: impl Fn(&End) -> bool) -> Option<End> {
    loop {
        match ends.recv_timeout(MARK_MAX) {
            Ok(end) if is_awaited(&end) => return Some(end),
            Ok(_) => {}
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return None,
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
            None | Some(Mark::Unfinished) => {}
            Some(Mark::Started { process }) => self.control.started(process),
            Some(Mark::Panicked { message }) => {
                self.show_caught();
                self.panic = Some(message);
            }
            Some(Mark::Done { ending }) => {
                if ending != Ending::Panicked {
                    self.show_caught();
                }
                let _ = self.ends.send(End::Done(Done {
                    ending,
                    panic: self.panic.take(),
                    last_line: std::mem::take(&mut self.last_line),
                }));
            }
            Some(Mark::Died { status }) => {
                self.show_caught();
                self.last_line.clear();
                let _ = self.ends.send(End::Died(status));
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
