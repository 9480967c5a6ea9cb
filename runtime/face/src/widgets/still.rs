//! What widgets look like where nothing is alive: in a terminal, in a file, without the extension.
//!
//! HTML elements and attributes alone, which sanitisers leave as they are.

use super::core::Core;
use super::kind::Still;
use super::{dropdown, output};
use crate::comm::{Json, lock};

const BAR_CHARS: f64 = 10.0;

/// One widget at this moment.
pub(super) struct Picture {
    pub(super) text: String,
    pub(super) html: String,
}

pub(super) fn draw(widget: &Core) -> Picture {
    match widget.kind.still {
        Still::Slider => bar(widget, Scale::Numbers),
        Still::Progress => bar(widget, Scale::Percent),
        Still::Button => {
            let name = widget.text("description");
            with_html(
                format!("[ {name} ]"),
                format!("<button disabled>{}</button>", escape(&name)),
            )
        }
        Still::Checkbox => {
            let mark = if widget.get("value") == Json::Bool(true) {
                "☑"
            } else {
                "☐"
            };
            plain(
                format!("{mark} {}", widget.text("description"))
                    .trim_end()
                    .to_owned(),
            )
        }
        Still::Text => described(widget, &widget.text("value")),
        Still::Dropdown => {
            let state = lock(&widget.state);
            let chosen =
                dropdown::chosen(state.get("_options_labels"), state.get("index")).to_owned();
            drop(state);
            described(widget, &format!("{chosen} ▾"))
        }
        Still::Label => described(widget, &widget.text("value")),
        Still::Html => {
            let (html, description) = (widget.text("value"), widget.text("description"));
            let before = if description.is_empty() {
                String::new()
            } else {
                escape(&description) + " "
            };
            with_html(strip(&html), format!("<div>{before}{html}</div>"))
        }
        Still::Output => stacked(output::texts(widget).into_iter().map(|(text, html)| {
            let html = html.unwrap_or_else(|| format!("<pre>{}</pre>", escape(&text)));
            with_html(text.trim_end().to_owned(), html)
        })),
        Still::Row => row(children(widget)),
        Still::Column => stacked(children(widget).into_iter()),
        Still::Nothing => plain(String::new()),
    }
}

/// What stands behind a bar.
#[derive(PartialEq)]
enum Scale {
    Numbers,
    Percent,
}

fn bar(widget: &Core, scale: Scale) -> Picture {
    let state = lock(&widget.state);
    let json = |key| state.get(key).clone();
    let (value, min, max) = (json("value"), json("min"), json("max"));
    drop(state);
    let number = |json: &Json| json.as_f64().unwrap_or_default();
    let range = number(&max) - number(&min);
    let share = if range > 0.0 {
        (number(&value) - number(&min)) / range
    } else {
        1.0
    };
    let filled = (share * BAR_CHARS).round() as usize;
    let chars =
        "█".repeat(filled) + &"░".repeat(BAR_CHARS as usize - filled.min(BAR_CHARS as usize));
    let told = match scale {
        Scale::Numbers => format!("{value} ({min} to {max})"),
        Scale::Percent => format!("{:.0} %", share * 100.0),
    };
    let description = widget.text("description");
    let name = if description.is_empty() {
        String::new()
    } else {
        format!("{description}: ")
    };
    let text = match scale {
        Scale::Numbers => format!("{name}{told}"),
        Scale::Percent => format!("{name}{chars} {told}"),
    };
    let html = format!(
        "<div>{}<progress value=\"{share}\" max=\"1\" aria-label=\"{}\">{chars}</progress> {told}</div>",
        escape(&name),
        escape(&description),
    );
    with_html(text, html)
}

fn described(widget: &Core, value: &str) -> Picture {
    let description = widget.text("description");
    plain(match description.as_str() {
        "" => value.to_owned(),
        description => format!("{description}: {value}"),
    })
}

fn children(widget: &Core) -> Vec<Picture> {
    let children = lock(&widget.children).clone();
    children.iter().map(|child| draw(&child.0)).collect()
}

fn row(pictures: Vec<Picture>) -> Picture {
    let texts: Vec<&str> = pictures
        .iter()
        .map(|picture| picture.text.as_str())
        .collect();
    let is_flat = texts.iter().all(|text| !text.contains('\n'));
    let cells = pictures
        .iter()
        .map(|picture| format!("<td>{}</td>", picture.html));
    with_html(
        texts.join(if is_flat { "  " } else { "\n" }),
        format!("<table><tr>{}</tr></table>", cells.collect::<String>()),
    )
}

fn stacked(pictures: impl Iterator<Item = Picture>) -> Picture {
    let (texts, htmls): (Vec<String>, Vec<String>) =
        pictures.map(|picture| (picture.text, picture.html)).unzip();
    with_html(texts.join("\n"), format!("<div>{}</div>", htmls.concat()))
}

fn plain(text: String) -> Picture {
    let html = format!("<div>{}</div>", escape(&text).replace('\n', "<br>"));
    with_html(text, html)
}

fn with_html(text: String, html: String) -> Picture {
    Picture { text, html }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// The text of `html` without its elements.
fn strip(html: &str) -> String {
    let mut pieces = html.split('<');
    let first = pieces.next().unwrap_or_default().to_owned();
    let text = pieces.fold(first, |text, piece| {
        text + piece.split_once('>').map_or("", |(_, rest)| rest)
    });
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&amp;", "&")
}
