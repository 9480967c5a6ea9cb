//! What waits to be sent: one queue for everything, in which streams are merged and updates of a display conflated.
//!
//! Text of one stream is collected for 50 ms, and of a display's updates only the newest is sent, at most ten a second.
//! Everything else is sent at once, and whatever waits goes out before the reply and the idle status that end a request.
//! Where Jupyter's server stands between, which drops what comes too fast, [`Limits`] hold as well.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::Value;

use super::flood::{Bucket, Cut, Limits, json_len};
use super::{Message, Publication};
use crate::evaluate::{CommEvent, MimeData, Output, StreamName};

const MERGE_STREAM: Duration = Duration::from_millis(50);
const BETWEEN_UPDATES: Duration = Duration::from_millis(100);
/// Text is no longer merged into a message of this size.
const STREAM_BYTES_MAX: usize = 1 << 20;
/// What waits before those who write are held back.
const BYTES_MAX: usize = 8 << 20;
/// A message takes about this much beside its data.
const MESSAGE_BYTES: usize = 256;
/// The messages that wait where they leave slowly: what they hold back is there in a second or two.
const LIMITED_MESSAGES_MAX: usize = 1000;

/// Messages in the order in which they go out. Time is passed in.
#[derive(Debug)]
pub struct Outbox<O> {
    queue: VecDeque<Message<O>>,
    /// When the queue must be sent, at the latest.
    queue_due: Option<Instant>,
    /// The newest update of each display, in the order in which they began to wait.
    updates: Vec<Update<O>>,
    /// When the last update of a display was sent.
    updated: HashMap<String, Instant>,
    bytes: usize,
    limited: Option<Limited<O>>,
}

/// What limits need.
#[derive(Debug)]
struct Limited<O> {
    bytes: Bucket,
    messages: Bucket,
    cuts: Vec<Cut<O>>,
}

#[derive(Debug)]
struct Update<O> {
    display_id: String,
    due: Instant,
    message: Message<O>,
}

impl<O: Clone + PartialEq> Outbox<O> {
    /// Nothing to send; what is, is sent as fast as `limits` allow.
    pub fn new(limits: Option<Limits>) -> Self {
        Outbox {
            queue: VecDeque::new(),
            queue_due: None,
            updates: Vec::new(),
            updated: HashMap::new(),
            bytes: 0,
            limited: limits.map(|limits| Limited {
                bytes: Bucket::new(limits.bytes_per_second),
                messages: Bucket::new(limits.messages_per_second),
                cuts: Vec::new(),
            }),
        }
    }

    /// Adds `message` at the time `now`.
    pub fn push(&mut self, message: Message<O>, now: Instant) {
        match &message {
            Message::Reply(_)
            | Message::Ask(_)
            | Message::Publish {
                publication: Publication::Idle | Publication::Shutdown { .. },
                ..
            } => {
                self.release_cuts(None, now);
                self.release_updates(None, now);
            }
            Message::Publish {
                origin,
                publication: Publication::Output { output, .. },
            } => match output {
                Output::Stream { .. } => return self.push_stream(message, now),
                Output::UpdateDisplay { display_id, .. } => {
                    let display_id = display_id.clone();
                    return self.push_update(display_id, message, now);
                }
                Output::Display { display_id, .. } => {
                    let origin = origin.clone();
                    if let Some(display_id) = display_id.clone() {
                        self.release_updates(Some(&display_id), now);
                    }
                    self.release_cuts(origin.as_ref(), now);
                }
                // What is cleared need not be shown before.
                Output::ClearOutput { .. } | Output::Result { .. } => {
                    let origin = origin.clone();
                    self.release_cuts(origin.as_ref(), now);
                }
                Output::Page { .. } | Output::Comm(_) => {}
            },
            _ => {}
        }
        self.enqueue(message, now);
    }

    /// Whether so much waits that whoever writes should wait too.
    pub fn is_full(&self) -> bool {
        let is_crowded = self.limited.is_some() && self.queue.len() > LIMITED_MESSAGES_MAX;
        self.bytes > BYTES_MAX || is_crowded
    }

    /// When [`take`](Outbox::take) will next give something.
    pub fn due(&self) -> Option<Instant> {
        let updates = self.updates.iter().map(|update| update.due);
        let cuts = self.limited.iter().flat_map(|limited| &limited.cuts);
        let cuts = cuts.map(|cut| cut.due);
        self.queue_due.into_iter().chain(updates).chain(cuts).min()
    }

    /// Takes what is due at the time `now`.
    pub fn take(&mut self, now: Instant) -> Vec<Message<O>> {
        self.release_cuts_due(now);
        for update in self.updates.extract_if(.., |update| update.due <= now) {
            self.updated.insert(update.display_id, now);
            self.queue.push_back(update.message);
            self.queue_due = Some(now);
        }
        let mut taken = Vec::new();
        if self.queue_due.is_none_or(|due| due > now) {
            return taken;
        }
        self.queue_due = None;
        while let Some(message) = self.queue.pop_front() {
            if let Some(limited) = &mut self.limited
                && is_counted(&message)
                && !limited.messages.take(1.0, now)
            {
                self.queue_due = Some(limited.messages.ready(1.0, now));
                self.queue.push_front(message);
                break;
            }
            self.bytes -= bytes(&message);
            taken.push(message);
        }
        taken
    }

    /// Takes everything, whatever the limits.
    pub fn take_all(&mut self, now: Instant) -> Vec<Message<O>> {
        self.release_cuts(None, now);
        self.release_updates(None, now);
        self.queue_due = None;
        self.bytes = 0;
        self.queue.drain(..).collect()
    }

    fn enqueue(&mut self, message: Message<O>, due: Instant) {
        self.bytes += bytes(&message);
        self.queue.push_back(message);
        self.queue_due = Some(self.queue_due.map_or(due, |earlier| earlier.min(due)));
    }

    fn push_stream(&mut self, message: Message<O>, now: Instant) {
        if let Some(limited) = &mut self.limited
            && limited.cut(&message, now)
        {
            return;
        }
        let added = bytes(&message);
        if let (Some((from, name, text)), Some((last_from, last_name, last_text))) =
            (stream(&message), self.queue.back_mut().and_then(stream_mut))
            && from == last_from
            && name == last_name
            && last_text.len() < STREAM_BYTES_MAX
        {
            last_text.push_str(text);
            self.bytes += added - MESSAGE_BYTES;
        } else {
            self.enqueue(message, now + MERGE_STREAM);
        }
        if self.is_full() && self.limited.is_none() {
            self.queue_due = Some(now);
        }
    }

    fn push_update(&mut self, display_id: String, message: Message<O>, now: Instant) {
        self.bytes += bytes(&message);
        match self
            .updates
            .iter_mut()
            .find(|update| update.display_id == display_id)
        {
            Some(update) => {
                self.bytes -= bytes(&update.message);
                update.message = message;
            }
            None => {
                let rested = self
                    .updated
                    .get(&display_id)
                    .map(|sent| *sent + BETWEEN_UPDATES);
                self.updates.push(Update {
                    display_id,
                    due: rested.map_or(now, |rested| rested.max(now)),
                    message,
                });
            }
        }
    }

    /// Queues the updates that wait: those of one display, or all.
    fn release_updates(&mut self, display_id: Option<&str>, now: Instant) {
        let is_meant = |update: &mut Update<O>| display_id.is_none_or(|id| update.display_id == id);
        for update in self.updates.extract_if(.., is_meant) {
            self.updated.insert(update.display_id, now);
            self.queue.push_back(update.message);
            self.queue_due = Some(now);
        }
        if self.updated.len() >= 1024 {
            self.updated.retain(|_, sent| *sent + BETWEEN_UPDATES > now);
        }
    }

    /// Queues what is left of text whose middle was left out: that of one cell, or all.
    fn release_cuts(&mut self, origin: Option<&O>, now: Instant) {
        let is_meant = |cut: &mut Cut<O>| origin.is_none() || cut.origin.as_ref() == origin;
        self.release_cuts_if(is_meant, now);
    }

    fn release_cuts_due(&mut self, now: Instant) {
        self.release_cuts_if(|cut| cut.due <= now, now);
    }

    fn release_cuts_if(&mut self, is_meant: impl FnMut(&mut Cut<O>) -> bool, now: Instant) {
        let Some(limited) = &mut self.limited else {
            return;
        };
        let cuts: Vec<_> = limited.cuts.extract_if(.., is_meant).collect();
        for cut in cuts {
            let (origin, count) = (cut.origin.clone(), cut.count);
            for (name, text) in cut.into_pieces() {
                if let Some(limited) = &mut self.limited {
                    limited.bytes.take(json_len(&text) as f64, now);
                }
                let output = Output::Stream { name, text };
                let publication = Publication::Output { output, count };
                let origin = origin.clone();
                let message = Message::Publish {
                    origin,
                    publication,
                };
                self.enqueue(message, now);
            }
        }
    }
}

impl<O: Clone + PartialEq> Limited<O> {
    /// Whether the text of `message` is more than can be passed on, and has been put aside.
    fn cut(&mut self, message: &Message<O>, now: Instant) -> bool {
        let Message::Publish {
            origin,
            publication:
                Publication::Output {
                    output: Output::Stream { name, text },
                    count,
                },
        } = message
        else {
            return false;
        };
        let idx = self.cuts.iter().position(|cut| cut.origin == *origin);
        if idx.is_none() && self.bytes.take(json_len(text) as f64, now) {
            return false;
        }
        let idx = idx.unwrap_or_else(|| {
            let cut = Cut::new(origin.clone(), *count, &mut self.bytes, now);
            self.cuts.push(cut);
            self.cuts.len() - 1
        });
        self.cuts[idx].push(*name, text);
        true
    }
}

/// Whether Jupyter's server counts `message`.
fn is_counted<O>(message: &Message<O>) -> bool {
    let Message::Publish { publication, .. } = message else {
        return false;
    };
    match publication {
        Publication::Output {
            output: Output::Comm(comm),
            ..
        } => !matches!(comm.event, CommEvent::Open { .. }),
        Publication::Output { .. } => true,
        _ => false,
    }
}

fn stream<O>(message: &Message<O>) -> Option<(&Option<O>, StreamName, &str)> {
    match message {
        Message::Publish {
            origin,
            publication:
                Publication::Output {
                    output: Output::Stream { name, text },
                    ..
                },
        } => Some((origin, *name, text)),
        _ => None,
    }
}

fn stream_mut<O>(message: &mut Message<O>) -> Option<(&Option<O>, StreamName, &mut String)> {
    match message {
        Message::Publish {
            origin,
            publication:
                Publication::Output {
                    output: Output::Stream { name, text },
                    ..
                },
        } => Some((origin, *name, text)),
        _ => None,
    }
}

/// About how much memory `message` takes.
fn bytes<O>(message: &Message<O>) -> usize {
    let Message::Publish {
        publication: Publication::Output { output, .. },
        ..
    } = message
    else {
        return MESSAGE_BYTES;
    };
    let data = match output {
        Output::Stream { text, .. } => text.len(),
        Output::Display { data, .. }
        | Output::UpdateDisplay { data, .. }
        | Output::Result { data }
        | Output::Page { data } => mime_bytes(data),
        Output::ClearOutput { .. } => 0,
        Output::Comm(comm) => comm.buffers.iter().map(Bytes::len).sum(),
    };
    data + MESSAGE_BYTES
}

fn mime_bytes(data: &MimeData) -> usize {
    let value_bytes = |value: &Value| match value {
        Value::String(text) => text.len(),
        other => other.to_string().len(),
    };
    data.iter()
        .map(|(mime, value)| mime.len() + value_bytes(value))
        .sum()
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    /// `out text`, `err text`, `show id text`, `update id text`, `idle`; a number is milliseconds that pass, after which
    /// what is due is taken.
    fn message(script: &str) -> Message<u32> {
        let (command, text) = script.split_once(' ').unwrap_or((script, ""));
        let (id, rest) = text.split_once(' ').unwrap_or((text, ""));
        let data = MimeData::from_iter([("text/plain".to_string(), rest.into())]);
        let stream = |name| Output::Stream {
            name,
            text: text.to_string(),
        };
        let display_id = id.to_string();
        let output = match command {
            "out" => stream(StreamName::Stdout),
            "err" => stream(StreamName::Stderr),
            "update" => Output::UpdateDisplay { data, display_id },
            "show" => Output::Display {
                data,
                display_id: Some(display_id),
            },
            "idle" => {
                return Message::Publish {
                    origin: Some(1),
                    publication: Publication::Idle,
                };
            }
            other => panic!("no message `{other}`"),
        };
        Message::Publish {
            origin: Some(1),
            publication: Publication::Output { output, count: 1 },
        }
    }

    fn told(message: &Message<u32>) -> String {
        match message {
            Message::Publish {
                publication: Publication::Output { output, .. },
                ..
            } => match output {
                Output::Stream { name, text } => {
                    let text = text.replace('\n', "/");
                    let middle = text.len().saturating_sub(9);
                    match text.len() {
                        0..200 => format!("{name:?} {text}"),
                        len => format!("{name:?} {}...{} ({len})", &text[..9], &text[middle..]),
                    }
                }
                Output::Display { data, .. } => format!("show {}", data["text/plain"]),
                Output::UpdateDisplay { data, .. } => format!("update {}", data["text/plain"]),
                Output::Result { .. } => "result".to_string(),
                Output::Page { .. } => "page".to_string(),
                Output::ClearOutput { .. } => "clear".to_string(),
                Output::Comm(comm) => comm.id.clone(),
            },
            _ => "idle".to_string(),
        }
    }

    fn check(script: &str, expected: Expect) {
        check_limited(None, script, expected);
    }

    fn check_limited(limits: Option<Limits>, script: &str, expected: Expect) {
        let start = Instant::now();
        let mut outbox = Outbox::new(limits);
        let mut now = start;
        let mut lines = Vec::new();
        for step in script.split("; ") {
            let Ok(passed) = step.parse() else {
                match step.split_once('*') {
                    // `N*out text` is that N times, numbered.
                    Some((n, step)) => {
                        for n in 0..n.parse().unwrap() {
                            outbox.push(message(&format!("{step}{n}\n")), now);
                        }
                    }
                    None => outbox.push(message(step), now),
                }
                continue;
            };
            now += Duration::from_millis(passed);
            let taken: Vec<_> = outbox.take(now).iter().map(told).collect();
            let due = outbox.due().map(|due| (due - start).as_millis());
            lines.push(format!(
                "{}: {} (next {due:?})",
                (now - start).as_millis(),
                taken.join(", ")
            ));
        }
        expected.assert_eq(&lines.join("\n"));
        assert_eq!(outbox.take(now + Duration::from_secs(100)).len(), 0);
        assert_eq!(outbox.bytes, 0);
    }

    #[test]
    fn streams_are_merged_for_50_ms() {
        check(
            "out a; 20; out b; 20; err c; out d; 10",
            expect![[r#"
            20:  (next Some(50))
            40:  (next Some(50))
            50: Stdout ab, Stderr c, Stdout d (next None)"#]],
        );
    }

    #[test]
    fn anything_else_sends_what_is_before_it() {
        check(
            "out a; show x 1; out b; 0; idle; 0",
            expect![[r#"
            0: Stdout a, show "1", Stdout b (next None)
            0: idle (next None)"#]],
        );
    }

    #[test]
    fn only_the_newest_update_is_sent_and_ten_times_a_second() {
        check(
            "show x 0; update x 1; update x 2; update y 1; 0; update x 3; 50; update x 4; 50",
            expect![[r#"
                0: show "0", update "2", update "1" (next None)
                50:  (next Some(100))
                100: update "4" (next None)"#]],
        );
    }

    #[test]
    fn the_last_update_is_sent_before_idle() {
        check(
            "update x 1; 0; update x 2; out a; idle; 0; update x 3; 99; 1",
            expect![[r#"
                0: update "1" (next None)
                0: Stdout a, update "2", idle (next None)
                99:  (next Some(100))
                100: update "3" (next None)"#]],
        );
    }

    #[test]
    fn an_update_does_not_overtake_a_display_of_the_same_id() {
        check(
            "update x 1; 0; update x 2; show x 3; 0",
            expect![[r#"
            0: update "1" (next None)
            0: update "2", show "3" (next None)"#]],
        );
    }

    const LIMITS: Limits = Limits {
        bytes_per_second: 20.0,
        messages_per_second: 5.0,
    };

    #[test]
    fn of_text_that_comes_too_fast_the_middle_is_left_out() {
        // 24 bytes at once, 11 a second afterwards; a line of these takes 4 or 5.
        check_limited(
            Some(LIMITS),
            "4*out a; 50; idle; 0",
            expect![[r#"
            50: Stdout a0/a1/a2/a3/ (next None)
            50: idle (next None)"#]],
        );
        check_limited(
            Some(LIMITS),
            "9*out a; 50; idle; 0",
            expect![[r#"
            50: Stdout a0/a1/a2/a3/a4/a5/ (next Some(2181))
            50: Stdout a6/a7/a8/, idle (next None)"#]],
        );
        check_limited(
            Some(LIMITS),
            "9000*out a; 50; idle; 0",
            expect![[r#"
            50: Stdout a0/a1/a2/a3/a4/a5/ (next Some(2181))
            50: Stderr /… 5644 lines (33 kB) are left out here: they came faster than Jupyter's server passes them on …/, Stdout a5650/a56...79/a8380/ (16386), Stdout a8381/a83...98/a8999/ (3714), idle (next None)"#]],
        );
        check_limited(
            Some(LIMITS),
            "9*out a; 50; update x 1; err b; show x 2; 60; out c; idle; 0",
            expect![[r#"
                50: Stdout a0/a1/a2/a3/a4/a5/ (next Some(2181))
                110: update "1", Stdout a6/a7/a8/, Stderr b, show "2" (next None)
                110: Stdout c, idle (next None)"#]],
        );
    }

    #[test]
    fn messages_that_come_too_fast_wait() {
        check_limited(
            Some(LIMITS),
            "9*show x ; idle; 0; 1000; 1000",
            expect![[r#"
                0: show "0\n", show "1\n", show "2\n", show "3\n", show "4\n", show "5\n" (next Some(363))
                1000: show "6\n", show "7\n" (next Some(1090))
                2000: show "8\n", idle (next None)"#]],
        );
        check_limited(
            Some(LIMITS),
            "9*show x ; idle; 0; update x 7; 100; 5000",
            expect![[r#"
                0: show "0\n", show "1\n", show "2\n", show "3\n", show "4\n", show "5\n" (next Some(363))
                100:  (next Some(363))
                5100: show "6\n", show "7\n", show "8\n", idle, update "7" (next None)"#]],
        );
    }
}
