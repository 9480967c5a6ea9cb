//! What a session process writes on stdout and stderr, cut into outputs: whole characters, bursts merged, and evcxr's
//! `EVCXR_BEGIN_CONTENT` blocks turned into displays.

use crate::evaluate::{MimeData, Output, StreamName};

const BEGIN: &str = "EVCXR_BEGIN_CONTENT ";
const END: &str = "EVCXR_END_CONTENT";

/// The text of one pipe on its way to the front end.
pub(super) struct Stream {
    name: StreamName,
    /// The bytes of a character that has not arrived in full.
    partial: Vec<u8>,
    /// Text that has not been handed on yet.
    pending: String,
    /// The block that has begun and not ended: its MIME type and content.
    block: Option<(String, String)>,
    /// Whether `pending` starts at the start of a line.
    at_line_start: bool,
}

impl Stream {
    pub(super) fn new(name: StreamName) -> Self {
        Stream {
            name,
            partial: Vec::new(),
            pending: String::new(),
            block: None,
            at_line_start: true,
        }
    }

    pub(super) fn name(&self) -> StreamName {
        self.name
    }

    /// Takes what the pipe gave.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.partial.extend_from_slice(bytes);
        let complete = complete_chars(&self.partial);
        self.pending
            .push_str(&String::from_utf8_lossy(&self.partial[..complete]));
        self.partial.drain(..complete);
    }

    /// Drops pending text from `start` on.
    pub(super) fn drop_from(&mut self, start: &str) {
        if let Some(at) = self.pending.find(start) {
            self.pending.truncate(at);
        }
    }

    /// Whether there is text to hand on.
    pub(super) fn is_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    /// What is to be handed on, from `start` on.
    pub(super) fn pending_from(&self, start: &str) -> Option<&str> {
        self.pending.find(start).map(|at| &self.pending[at..])
    }

    pub(super) fn pending_bytes(&self) -> usize {
        self.pending.len()
    }

    /// Hands on what has arrived; the start of a line that may become a block's first stays behind.
    pub(super) fn flush(&mut self, output: &mut dyn FnMut(Output)) {
        self.cut(false, output);
    }

    /// Hands on everything, as at the end of a cell or before a display; what comes next starts a line.
    pub(super) fn finish(&mut self, output: &mut dyn FnMut(Output)) {
        let rest = String::from_utf8_lossy(&self.partial).into_owned();
        self.partial.clear();
        self.pending.push_str(&rest);
        self.cut(true, output);
        self.at_line_start = true;
    }

    fn cut(&mut self, all: bool, output: &mut dyn FnMut(Output)) {
        let text = std::mem::take(&mut self.pending);
        if self.name == StreamName::Stderr || (self.block.is_none() && !may_hold_block(&text)) {
            self.emit(&text, output);
            return;
        }
        let mut plain = String::new();
        for line in text.split_inclusive('\n') {
            let is_whole = line.ends_with('\n') || all;
            if let Some((mime, content)) = &mut self.block {
                if !is_whole {
                    self.pending = line.to_owned();
                    break;
                }
                match line.trim_end().strip_suffix(END) {
                    Some(last) => {
                        content.push_str(last);
                        output(display(mime, content.trim_end_matches('\n')));
                        self.block = None;
                        self.at_line_start = true;
                    }
                    None => content.push_str(line),
                }
                continue;
            }
            let starts_line = self.at_line_start && plain.is_empty() || plain.ends_with('\n');
            // A line of the person's may lack its end.
            let (before, begin) = line.split_at(block_start(line, starts_line));
            if begin.is_empty() {
                plain.push_str(line);
            } else if !is_whole {
                plain.push_str(before);
                self.pending = begin.to_owned();
                break;
            } else if let Some(mime) = block_mime(begin) {
                plain.push_str(before);
                self.emit(&std::mem::take(&mut plain), output);
                self.at_line_start = true;
                self.block = Some((mime.to_owned(), String::new()));
            } else {
                plain.push_str(line);
            }
        }
        self.emit(&plain, output);
    }

    fn emit(&mut self, text: &str, output: &mut dyn FnMut(Output)) {
        if !text.is_empty() {
            self.at_line_start = text.ends_with('\n');
            output(Output::Stream {
                name: self.name,
                text: text.to_owned(),
            });
        }
    }
}

fn may_hold_block(text: &str) -> bool {
    let last_line = text.rsplit('\n').next().unwrap_or(text);
    text.contains(BEGIN) || block_start(last_line, true) < last_line.len()
}

/// Where in `line` a block's first line starts, or text that may become one; its length if there is none.
fn block_start(line: &str, starts_line: bool) -> usize {
    // Behind an unfinished line, so much must be there that ordinary text is not held back.
    let n_min = if starts_line && BEGIN.starts_with(line) {
        1
    } else {
        "EVCXR_".len()
    };
    let becomes = |&n: &usize| line.ends_with(&BEGIN[..n]);
    let at_end = (n_min..BEGIN.len()).rev().find(becomes);
    line.find(BEGIN)
        .or(at_end.map(|n| line.len() - n))
        .unwrap_or(line.len())
}

/// The MIME type in a block's first line.
fn block_mime(line: &str) -> Option<&str> {
    let mime = line.strip_prefix(BEGIN)?.trim();
    (mime.contains('/') && !mime.contains(char::is_whitespace)).then_some(mime)
}

fn display(mime: &str, content: &str) -> Output {
    Output::Display {
        data: mime_data([(mime, content)]),
        display_id: None,
    }
}

/// A bundle as Jupyter has it; JSON types are JSON, not text.
pub(super) fn mime_data<'a>(bundle: impl IntoIterator<Item = (&'a str, &'a str)>) -> MimeData {
    bundle
        .into_iter()
        .map(|(mime, data)| {
            let is_json = mime == "application/json" || mime.ends_with("+json");
            let parsed = is_json.then(|| serde_json::from_str(data).ok()).flatten();
            (mime.to_owned(), parsed.unwrap_or_else(|| data.into()))
        })
        .collect()
}

/// How many of `bytes` end with a whole character; bytes that can never become one count as whole.
fn complete_chars(bytes: &[u8]) -> usize {
    let n_tail = bytes.len().min(3);
    for back in 1..=n_tail {
        let byte = bytes[bytes.len() - back];
        if byte & 0b1100_0000 == 0b1000_0000 {
            continue;
        }
        let n_wanted = match byte {
            0b1100_0000..=0b1101_1111 => 2,
            0b1110_0000..=0b1110_1111 => 3,
            0b1111_0000..=0b1111_0111 => 4,
            _ => 1,
        };
        return if n_wanted > back {
            bytes.len() - back
        } else {
            bytes.len()
        };
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds `chunks`, flushing after each, and shows every output.
    fn check(chunks: &[&[u8]], expected: &[&str]) {
        let mut stream = Stream::new(StreamName::Stdout);
        let mut found = Vec::new();
        let mut output = |output| match output {
            Output::Stream { text, .. } => found.push(text),
            Output::Display { data, .. } => {
                found.push(format!("display {}", serde_json::Value::from(data)))
            }
            other => found.push(format!("{other:?}")),
        };
        for chunk in chunks {
            stream.push(chunk);
            stream.flush(&mut output);
        }
        stream.finish(&mut output);
        assert_eq!(found, expected);
    }

    #[test]
    fn characters_are_never_split() {
        check(&[b"a\xc3", b"\xa5b"], &["a", "åb"]);
        check(&[b"\xe2\x82", b"\xac"], &["€"]);
        check(&[b"\xff\xfe!"], &["\u{fffd}\u{fffd}!"]);
        check(&[b"x\xf0\x9f"], &["x", "\u{fffd}"]);
    }

    #[test]
    fn blocks_become_displays() {
        let block = b"before\nEVCXR_BEGIN_CONTENT text/html\n<b>1</b>\nEVCXR_END_CONTENT\nafter";
        check(
            &[block],
            &["before\n", r#"display {"text/html":"<b>1</b>"}"#, "after"],
        );
        check(
            &[
                b"EVCXR_BEGIN",
                b"_CONTENT text/plain\n1",
                b"2\n3\nEVCXR_END",
                b"_CONTENT\n",
            ],
            &["display {\"text/plain\":\"12\\n3\"}"],
        );
        check(
            &[b"EVCXR_BEGIN_CONTENT application/json\n{\"a\":1}\nEVCXR_END_CONTENT\n"],
            &[r#"display {"application/json":{"a":1}}"#],
        );
    }

    #[test]
    fn blocks_may_follow_an_unfinished_line() {
        check(
            &[b"50 %EVCXR_BEGIN_CONTENT text/html\n1\nEVCXR_END_CONTENT\n"],
            &["50 %", r#"display {"text/html":"1"}"#],
        );
        check(
            &[
                b"a",
                b"bEVCXR_BEG",
                b"IN_CONTENT text/html\n1\nEVCXR_END_CONTENT\n",
            ],
            &["a", "b", r#"display {"text/html":"1"}"#],
        );
    }

    #[test]
    fn text_that_only_looks_like_a_block_passes() {
        check(&[b"EVC", b"XR\n"], &["EVCXR\n"]);
        check(
            &[b"an EVCXR_BEGIN_CONTENT here\n"],
            &["an EVCXR_BEGIN_CONTENT here\n"],
        );
        check(&[b"EVCXR"], &["EVCXR"]);
        check(&[b"an EVCXR", b"!"], &["an EVCXR", "!"]);
        check(&[b"50 E"], &["50 E"]);
        check(
            &[b"EVCXR_BEGIN_CONTENT text html\n"],
            &["EVCXR_BEGIN_CONTENT text html\n"],
        );
        check(&[b"E", b"\n"], &["E\n"]);
    }
}
