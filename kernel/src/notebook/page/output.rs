//! One output of a cell as HTML, in the best representation that a page can show.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value;

use super::ansi_html;
use super::escape::escape;
use super::markdown::Markdown;
use crate::notebook::file::Object;
use crate::notebook::{ansi, mime};

/// A description of a picture that is read out: longer ones are cut.
const ALT_LEN_MAX: usize = 250;

/// The representations in the order of preference.
const SHOWN: [(&str, Show); 12] = [
    ("text/html", Show::Html),
    ("text/markdown", Show::Markdown),
    ("image/svg+xml", Show::Svg),
    ("image/png", Show::Image),
    ("image/jpeg", Show::Image),
    ("image/gif", Show::Image),
    ("image/webp", Show::Image),
    ("image/bmp", Show::Image),
    ("text/latex", Show::Text),
    ("application/json", Show::Text),
    ("text/vnd.mermaid", Show::Text),
    ("text/plain", Show::Text),
];

#[derive(Clone, Copy)]
enum Show {
    Html,
    Markdown,
    Svg,
    Image,
    Text,
}

/// `output`, as the file has it, as HTML.
pub(super) fn html(output: &Object, markdown: &mut Markdown) -> String {
    match output.get("output_type").and_then(Value::as_str) {
        Some("stream") => stream(output),
        Some("error") => error(output),
        Some("display_data" | "execute_result") => match output.get("data") {
            Some(Value::Object(data)) => bundle(data, output.get("metadata"), markdown),
            _ => String::new(),
        },
        _ => String::new(),
    }
}

fn stream(output: &Object) -> String {
    let text = ansi_html::html(
        mime::text(output, "text")
            .unwrap_or_default()
            .trim_end_matches('\n'),
    );
    match output.get("name").and_then(Value::as_str) {
        Some("stderr") => {
            format!(
                "<div class=\"output stderr\"><span class=\"aloud\">Standard error:</span><pre>{text}</pre></div>\n"
            )
        }
        _ => format!("<div class=\"output\"><pre>{text}</pre></div>\n"),
    }
}

fn error(output: &Object) -> String {
    let traceback: Vec<&str> = match output.get("traceback") {
        Some(Value::Array(lines)) => lines.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let mut text = traceback.join("\n");
    if text.trim().is_empty() {
        let field = |name| mime::text(output, name).unwrap_or_default();
        text = format!("{}: {}", field("ename"), field("evalue"));
    }
    let text = ansi_html::html(text.trim_end());
    format!(
        "<div class=\"output error\"><span class=\"aloud\">Error:</span><pre>{text}</pre></div>\n"
    )
}

fn bundle(data: &Object, metadata: Option<&Value>, markdown: &mut Markdown) -> String {
    let best = SHOWN
        .iter()
        .find_map(|(mime, show)| Some((*mime, *show, mime::text(data, mime)?)));
    let Some((mime, show, text)) = best else {
        return other(data);
    };
    let inner = match show {
        Show::Html => text.into_owned(),
        Show::Markdown => markdown.html(&text, None),
        Show::Text => format!(
            "<pre>{}</pre>",
            ansi_html::html(text.trim_end_matches('\n'))
        ),
        // An image, and not part of the page: ids inside of it meet no others, and nothing in it runs.
        Show::Svg => image(mime, &BASE64.encode(text.as_bytes()), data, metadata),
        Show::Image => image(mime, &text, data, metadata),
    };
    format!("<div class=\"output\">{inner}</div>\n")
}

fn image(mime: &str, base64: &str, data: &Object, metadata: Option<&Value>) -> String {
    let base64: String = base64.split_whitespace().collect();
    let mut size = String::new();
    for name in ["width", "height"] {
        let number = metadata.and_then(|metadata| metadata.get(mime)?.get(name)?.as_f64());
        if let Some(number) = number {
            let _ = write!(size, " {name}=\"{number}\"");
        }
    }
    format!(
        "<img src=\"data:{mime};base64,{}\" alt=\"{}\"{size}>",
        escape(&base64),
        escape(&description(data))
    )
}

/// What the picture shows, in words, if its plain text says it.
fn description(data: &Object) -> String {
    let text = mime::text(data, "text/plain").unwrap_or_default();
    let text = ansi::plain(&text)
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    match text.char_indices().nth(ALT_LEN_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None if text.is_empty() => "Picture".into(),
        None => text,
    }
}

/// A bundle without anything that a page can show says what it holds.
fn other(data: &Object) -> String {
    if data.is_empty() {
        return String::new();
    }
    let mimes = data
        .keys()
        .map(|mime| escape(mime))
        .collect::<Vec<_>>()
        .join(", ");
    format!(
        "<div class=\"output\"><p class=\"note\">An output of type {mimes}, which this page cannot show.</p></div>\n"
    )
}
