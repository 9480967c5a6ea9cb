//! The headings of Markdown texts.

use pulldown_cmark::{Event, Parser, Tag, TagEnd};

/// A heading: its level, from 1, and its text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Heading {
    pub(super) level: usize,
    pub(super) text: String,
}

/// The headings of `markdown`, in order.
pub(super) fn headings(markdown: &str) -> Vec<Heading> {
    let mut headings = Vec::new();
    let mut heading: Option<Heading> = None;
    for event in Parser::new(markdown) {
        match (event, &mut heading) {
            (Event::Start(Tag::Heading { level, .. }), _) => {
                heading = Some(Heading {
                    level: level as usize,
                    text: String::new(),
                });
            }
            (Event::End(TagEnd::Heading(_)), _) => headings.extend(heading.take()),
            (Event::Text(text) | Event::Code(text), Some(heading)) => heading.text.push_str(&text),
            (Event::SoftBreak | Event::HardBreak, Some(heading)) => heading.text.push(' '),
            _ => (),
        }
    }
    headings
}
