//! What keeps a flood of output within what Jupyter's server passes on.
//!
//! The server drops messages, results and errors among them, once a kernel has published more than so many messages or bytes of
//! text a second, taken over three seconds. So messages wait for their turn, and of text that comes faster the middle is
//! left out: what comes first is shown, then what came last, and between them how much there was.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::evaluate::StreamName;

/// How much of the newest text is kept while older text is left out.
const TAIL_BYTES: usize = 16 << 10;

/// How fast a front end takes messages.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Of text on stdout and stderr.
    pub bytes_per_second: f64,
    /// Of all but status.
    pub messages_per_second: f64,
}

impl Limits {
    /// What `jupyter_server` passes on unless it is told otherwise: `iopub_data_rate_limit` and `iopub_msg_rate_limit`.
    pub const JUPYTER_SERVER: Limits = Limits {
        bytes_per_second: 1e6,
        messages_per_second: 1e3,
    };
}

/// The seconds over which the server takes the mean.
const WINDOW: f64 = 3.0;

/// Lets through what one window may hold: two fifths of it at once, the rest evenly.
#[derive(Debug)]
pub(super) struct Bucket {
    capacity: f64,
    per_second: f64,
    level: f64,
    at: Option<Instant>,
}

impl Bucket {
    pub(super) fn new(limit_per_second: f64) -> Self {
        let capacity = 0.4 * WINDOW * limit_per_second;
        Bucket {
            capacity,
            per_second: 0.55 * limit_per_second,
            level: capacity,
            at: None,
        }
    }

    /// Whether there is anything left `now`, of which `amount` is taken.
    pub(super) fn take(&mut self, amount: f64, now: Instant) -> bool {
        self.fill(now);
        let is_left = self.level >= 1.0;
        if is_left {
            self.level -= amount;
        }
        is_left
    }

    /// When `amount` will be there.
    pub(super) fn ready(&mut self, amount: f64, now: Instant) -> Instant {
        self.fill(now);
        let missing = (amount.min(self.capacity) - self.level).max(0.0);
        now + Duration::from_secs_f64(missing / self.per_second)
    }

    fn fill(&mut self, now: Instant) {
        let passed = self.at.map_or(0.0, |at| (now - at).as_secs_f64());
        self.level = (self.level + passed * self.per_second).min(self.capacity);
        self.at = Some(now);
    }
}

/// The bytes that `text` takes in a message.
pub(super) fn json_len(text: &str) -> usize {
    let escapes = text.bytes().map(|byte| match byte {
        b'\n' | b'\r' | b'\t' | b'"' | b'\\' | 8 | 12 => 1,
        0..32 => 5,
        _ => 0,
    });
    text.len() + escapes.sum::<usize>()
}

/// Text of one cell whose middle is left out.
#[derive(Debug)]
pub(super) struct Cut<O> {
    pub(super) origin: Option<O>,
    pub(super) count: u32,
    pub(super) due: Instant,
    tail: VecDeque<(StreamName, String)>,
    tail_bytes: usize,
    left_out_bytes: u64,
    left_out_lines: u64,
}

impl<O> Cut<O> {
    pub(super) fn new(origin: Option<O>, count: u32, bucket: &mut Bucket, now: Instant) -> Self {
        Cut {
            origin,
            count,
            due: bucket.ready(2.0 * TAIL_BYTES as f64, now),
            tail: VecDeque::new(),
            tail_bytes: 0,
            left_out_bytes: 0,
            left_out_lines: 0,
        }
    }

    pub(super) fn push(&mut self, name: StreamName, text: &str) {
        self.tail_bytes += text.len();
        match self.tail.back_mut() {
            Some((last, whole)) if *last == name && whole.len() < TAIL_BYTES => {
                whole.push_str(text);
            }
            _ => self.tail.push_back((name, text.to_owned())),
        }
        while self.tail_bytes > 2 * TAIL_BYTES {
            self.shorten();
        }
    }

    /// Leaves out the oldest text: whole lines where there are any.
    fn shorten(&mut self) {
        let excess = self.tail_bytes - TAIL_BYTES;
        let Some((_, oldest)) = self.tail.front_mut() else {
            return;
        };
        let mut end = excess.min(oldest.len());
        end = oldest.ceil_char_boundary(end);
        if let Some(line) = oldest[end..].find('\n') {
            end += line + 1;
        }
        let left_out: String = oldest.drain(..end).collect();
        if oldest.is_empty() {
            self.tail.pop_front();
        }
        self.tail_bytes -= left_out.len();
        self.left_out_bytes += left_out.len() as u64;
        self.left_out_lines += left_out.matches('\n').count() as u64;
    }

    /// What is to be shown now: how much was left out, and the newest text.
    pub(super) fn into_pieces(self) -> impl Iterator<Item = (StreamName, String)> {
        let note = (self.left_out_bytes > 0).then(|| {
            let lines = self.left_out_lines;
            let kilobytes = self.left_out_bytes.div_ceil(1000);
            let text = format!(
                "\n… {lines} lines ({kilobytes} kB) are left out here: they came faster than Jupyter's server passes them on …\n"
            );
            (StreamName::Stderr, text)
        });
        note.into_iter().chain(self.tail)
    }
}
