//! The two pipes that the session process prints into: one with marks, for all that Rust code prints, and one for what
//! child processes and C code write on stderr.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::time::Duration;

use tokio::net::unix::pipe::Receiver;
use tokio::time::Instant;

use super::screens::Screens;
use super::stream::Stream;
use crate::evaluate::StreamName;
use crate::marks::Unmarker;

/// Output is held back for this long, so that a burst of short lines becomes one message.
const MERGE_PERIOD: Duration = Duration::from_millis(15);

/// How much is read at once.
const READ_BYTES: usize = 64 << 10;

/// How much of stderr is kept to explain a crash.
const STDERR_TAIL_BYTES: usize = 4 << 10;

/// What Rust writes when a thread has no stack left, just before it ends the process.
pub(super) const STACK_OVERFLOW: &str = "has overflowed its stack";

/// What that sentence begins with.
const BEFORE_STACK_OVERFLOW: &str = "\nthread '";

pub(super) struct Pipes {
    pub(super) printed: Pipe,
    pub(super) stderr: Pipe,
    unmarker: Unmarker,
    stderr_tail: Vec<u8>,
    /// When text that is held back must go out.
    pub(super) deadline: Option<Instant>,
    buffer: Vec<u8>,
}

pub(super) struct Pipe {
    /// Waits for the pipe.
    pub(super) receiver: Receiver,
    /// The same pipe, read without asking the receiver, which may not have heard yet that there is something.
    file: File,
    pub(super) ended: bool,
}

#[derive(Clone, Copy)]
pub(super) enum Which {
    Printed,
    Stderr,
}

impl Pipe {
    fn new(reader: OwnedFd) -> io::Result<Self> {
        Ok(Pipe {
            file: File::from(reader.try_clone()?),
            // This puts the pipe into non-blocking mode for both.
            receiver: Receiver::from_owned_fd(reader)?,
            ended: false,
        })
    }

    /// Takes in what `read` gave; `None` when the pipe is empty or has ended.
    fn take(&mut self, read: io::Result<usize>) -> io::Result<Option<usize>> {
        match read {
            Ok(0) => {
                self.ended = true;
                Ok(None)
            }
            Ok(n_bytes) => Ok(Some(n_bytes)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl Pipes {
    pub(super) fn new(printed: OwnedFd, stderr: OwnedFd) -> io::Result<Self> {
        Ok(Pipes {
            printed: Pipe::new(printed)?,
            stderr: Pipe::new(stderr)?,
            unmarker: Unmarker::new(),
            stderr_tail: Vec::new(),
            deadline: None,
            buffer: vec![0; READ_BYTES],
        })
    }

    /// From now on marks are made of `word`.
    pub(super) fn learn(&mut self, word: &str) {
        self.unmarker.learn(word);
    }

    /// A cell starts: what earlier ones wrote on stderr explains nothing.
    pub(super) fn forget_stderr(&mut self) {
        self.stderr_tail.clear();
    }

    /// The end of what was written on stderr.
    pub(super) fn stderr_tail(&self) -> String {
        String::from_utf8_lossy(&self.stderr_tail).into_owned()
    }

    /// Reads what one pipe holds.
    pub(super) fn read_some(&mut self, which: Which, screens: &mut Screens) -> io::Result<()> {
        let mut buffer = std::mem::take(&mut self.buffer);
        let pipe = self.pipe(which);
        let read = pipe.receiver.try_read(&mut buffer);
        if let Some(n_bytes) = pipe.take(read)? {
            self.push(which, &buffer[..n_bytes], screens);
        }
        self.buffer = buffer;
        Ok(())
    }

    /// Reads both pipes until they are empty.
    pub(super) fn read_all(&mut self, screens: &mut Screens) -> io::Result<()> {
        let mut buffer = std::mem::take(&mut self.buffer);
        for which in [Which::Printed, Which::Stderr] {
            loop {
                let pipe = self.pipe(which);
                let read = pipe.file.read(&mut buffer);
                let Some(n_bytes) = pipe.take(read)? else {
                    break;
                };
                self.push(which, &buffer[..n_bytes], screens);
            }
        }
        self.buffer = buffer;
        Ok(())
    }

    /// Takes in what the process held back when it ended.
    pub(super) fn push_held(
        &mut self,
        name: StreamName,
        cell: u32,
        text: &[u8],
        screens: &mut Screens,
    ) {
        self.unmarker.finish(&mut |cell, name, text| {
            screens.push(cell, name, text);
        });
        if !text.is_empty() {
            screens.push(cell, name, text);
        }
    }

    /// Hands on what is held back.
    pub(super) fn flush(&mut self, screens: &mut Screens) {
        self.deadline = None;
        // Rust's last words before the process ends; the error will say it better.
        let is_last = |stream: &Stream| {
            stream.name() == StreamName::Stderr
                && stream
                    .pending_from(BEFORE_STACK_OVERFLOW)
                    .is_some_and(|words| {
                        words.contains(STACK_OVERFLOW) || !words[1..].contains('\n')
                    })
        };
        screens.flush(is_last);
    }

    /// Drops what Rust has said of a stack that overflowed.
    pub(super) fn drop_stack_overflow(&mut self, screens: &mut Screens) {
        screens.drop_from(BEFORE_STACK_OVERFLOW);
    }

    /// Hands on everything, after the end of the process.
    pub(super) fn finish(&mut self, screens: &mut Screens) {
        self.deadline = None;
        screens.finish_all();
    }

    fn pipe(&mut self, which: Which) -> &mut Pipe {
        match which {
            Which::Printed => &mut self.printed,
            Which::Stderr => &mut self.stderr,
        }
    }

    fn push(&mut self, which: Which, bytes: &[u8], screens: &mut Screens) {
        let Pipes {
            unmarker,
            stderr_tail,
            ..
        } = self;
        let mut is_pending = false;
        let mut push = |cell, name, text: &[u8]| {
            if name == StreamName::Stderr {
                remember(stderr_tail, text);
            }
            is_pending |= screens.push(cell, name, text);
        };
        match which {
            Which::Printed => unmarker.push(bytes, &mut push),
            Which::Stderr => push(0, StreamName::Stderr, bytes),
        }
        if is_pending && self.deadline.is_none() {
            self.deadline = Some(Instant::now() + MERGE_PERIOD);
        }
    }
}

fn remember(tail: &mut Vec<u8>, bytes: &[u8]) {
    tail.extend_from_slice(bytes);
    let excess = tail.len().saturating_sub(STDERR_TAIL_BYTES);
    tail.drain(..excess);
}
