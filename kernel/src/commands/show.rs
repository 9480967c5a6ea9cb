//! What a command answers, as a MIME bundle.

use super::Answer;
use crate::evaluate::MimeData;

/// The representations of `answer`; `None` where there is nothing to show.
pub(super) fn bundle(answer: Answer) -> Option<MimeData> {
    let (plain, other) = match answer {
        Answer::Nothing => return None,
        Answer::Text(text) => (text, None),
        Answer::Code { language, code } => {
            let markdown = fenced(language, &code);
            (code, Some(("text/markdown", markdown)))
        }
        Answer::Markdown(markdown) => (markdown.clone(), Some(("text/markdown", markdown))),
        Answer::Table { header, rows, note } => {
            let note = note.unwrap_or_default();
            let plain = format!("{}\n{note}", plain_table(&header, &rows));
            let html = html_table(&header, &rows, &note);
            (plain.trim_end().to_owned(), Some(("text/html", html)))
        }
    };
    let mut data = MimeData::new();
    data.insert("text/plain".to_owned(), plain.into());
    if let Some((mime, text)) = other {
        data.insert(mime.to_owned(), text.into());
    }
    Some(data)
}

/// `code` as a block of Markdown, between fences that it does not hold.
pub(super) fn fenced(language: &str, code: &str) -> String {
    let mut fence = "```".to_owned();
    while code.contains(&fence) {
        fence.push('`');
    }
    format!("{fence}{language}\n{}\n{fence}", code.trim_end())
}

fn plain_table(header: &[&str], rows: &[Vec<String>]) -> String {
    let header: Vec<String> = header.iter().map(|&title| title.to_owned()).collect();
    let all: Vec<&Vec<String>> = [&header].into_iter().chain(rows).collect();
    let width = |column: usize| {
        let widths = all
            .iter()
            .map(|row| unicode_width::UnicodeWidthStr::width(row[column].as_str()));
        widths.max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| {
            let own = unicode_width::UnicodeWidthStr::width(cell.as_str());
            format!("{cell}{}", " ".repeat(width.saturating_sub(own)))
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    all.iter()
        .map(|row| line(row))
        .collect::<Vec<_>>()
        .join("\n")
}

fn html_table(header: &[&str], rows: &[Vec<String>], note: &str) -> String {
    let cells = |tag: &str, row: &mut dyn Iterator<Item = String>| -> String {
        row.map(|cell| format!("<{tag} style=\"text-align:left\">{}</{tag}>", escape(&cell)))
            .collect()
    };
    let head = cells("th", &mut header.iter().map(|&title| title.to_owned()));
    let body: String = rows
        .iter()
        .map(|row| format!("<tr>{}</tr>", cells("td", &mut row.iter().cloned())))
        .collect();
    let note = match note {
        "" => String::new(),
        note => format!("<div><small>{}</small></div>", escape(note)),
    };
    format!("<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{note}")
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
