//! Text with a terminal's colours as HTML, in the classes that nbconvert uses.

use std::fmt::Write;

use super::escape::escape;
use crate::notebook::ansi::{Colour, Reader, Style, StyledChar};

const NAMES: [&str; 8] = [
    "black", "red", "green", "yellow", "blue", "magenta", "cyan", "white",
];

/// `text` as HTML for a `pre` element.
pub(super) fn html(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    let mut reader = Reader::default();
    reader.push(text, |line| {
        write_line(&mut html, line);
        html.push('\n');
    });
    write_line(&mut html, reader.line());
    html
}

fn write_line(html: &mut String, line: &[StyledChar]) {
    for run in line.chunk_by(|left, right| left.style == right.style) {
        let text = escape(&run.iter().map(|c| c.character).collect::<String>());
        match attributes(run[0].style) {
            attributes if attributes.is_empty() => html.push_str(&text),
            attributes => {
                let _ = write!(html, "<span{attributes}>{text}</span>");
            }
        }
    }
}

fn attributes(style: Style) -> String {
    let mut classes: Vec<String> = style
        .attribute_names()
        .map(|name| format!("ansi-{name}"))
        .collect();
    let mut inline = String::new();
    for (colour, suffix, property) in [
        (style.foreground, "fg", "color"),
        (style.background, "bg", "background-color"),
    ] {
        match colour {
            Some(Colour::Indexed(index @ 0..=7)) => {
                classes.push(format!("ansi-{}-{suffix}", NAMES[usize::from(index)]))
            }
            Some(Colour::Indexed(index @ 8..=15)) => {
                classes.push(format!(
                    "ansi-{}-intense-{suffix}",
                    NAMES[usize::from(index - 8)]
                ));
            }
            Some(Colour::Indexed(index)) => {
                let [red, green, blue] = indexed(index);
                let _ = write!(inline, "{property}:rgb({red},{green},{blue});");
            }
            Some(Colour::Rgb(red, green, blue)) => {
                let _ = write!(inline, "{property}:rgb({red},{green},{blue});");
            }
            None => (),
        }
    }
    let mut attributes = String::new();
    if !classes.is_empty() {
        let _ = write!(attributes, " class=\"{}\"", classes.join(" "));
    }
    if !inline.is_empty() {
        let _ = write!(attributes, " style=\"{inline}\"");
    }
    attributes
}

/// The colours from 16 on, as xterm has them: a cube of six levels a channel, then greys.
fn indexed(index: u8) -> [u8; 3] {
    const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    if index >= 232 {
        return [8 + 10 * (index - 232); 3];
    }
    let cube = usize::from(index.saturating_sub(16));
    [LEVELS[cube / 36], LEVELS[cube / 6 % 6], LEVELS[cube % 6]]
}
