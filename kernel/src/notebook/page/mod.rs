//! A notebook as one HTML file that needs nothing else: no server, no script from elsewhere, no fonts.

mod ansi_html;
mod escape;
mod highlight;
mod markdown;
mod output;

use std::path::Path;

use self::escape::escape;
use self::markdown::Markdown;
use super::file::{Cell, CellKind, Notebook, Object};
use super::headings::headings;

const STYLE: &str = include_str!("../../../../assets/page.css");
const SCRIPT: &str = include_str!("../../../../assets/page.js");

/// The page for `notebook`; `name` is its title if it has no heading, and relative images are looked for in `directory`.
pub(super) fn page(notebook: &Notebook, name: &str, directory: &Path) -> String {
    let mut markdown = Markdown::new(directory);
    let cells: String = notebook
        .cells
        .iter()
        .map(|cell| cell_html(cell, &mut markdown))
        .collect();
    let title = escape(&title(notebook).unwrap_or_else(|| name.to_owned()));
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"generator\" content=\"Dagbok\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n{cells}</main>\n\
         <script>\n{SCRIPT}</script>\n</body>\n</html>\n"
    )
}

/// The text of the first heading.
fn title(notebook: &Notebook) -> Option<String> {
    let texts = notebook
        .cells
        .iter()
        .filter(|cell| cell.kind == CellKind::Markdown);
    texts
        .flat_map(|cell| headings(&cell.source))
        .map(|heading| heading.text)
        .next()
}

fn cell_html(cell: &Cell, markdown: &mut Markdown) -> String {
    match &cell.kind {
        CellKind::Markdown => {
            format!(
                "<section class=\"text\">\n{}</section>\n",
                markdown.html(&cell.source, cell.attachments())
            )
        }
        CellKind::Raw => format!(
            "<section class=\"raw\">\n<pre>{}</pre>\n</section>\n",
            escape(&cell.source)
        ),
        CellKind::Code { outputs, .. } if cell.is_empty() && outputs.is_empty() => String::new(),
        CellKind::Code {
            execution_count,
            outputs,
        } => code(cell, *execution_count, outputs, markdown),
    }
}

fn code(cell: &Cell, number: Option<u64>, outputs: &[Object], markdown: &mut Markdown) -> String {
    let (label, prompt) = match number {
        Some(number) => (format!("Cell {number}"), format!("[{number}]")),
        None => ("Cell that was not run".into(), "[ ]".into()),
    };
    let source = highlight::rust(&cell.source);
    let source = format!(
        "<div class=\"source\"><span class=\"prompt\" aria-hidden=\"true\">{prompt}</span>\
         <pre tabindex=\"0\" aria-label=\"{label}\"><code>{source}</code></pre></div>\n"
    );
    let source = folded(cell, "source_hidden", &format!("{label}: code"), source);
    let outputs = match outputs {
        [] => String::new(),
        outputs => {
            let outputs: String = outputs
                .iter()
                .map(|output| output::html(output, markdown))
                .collect();
            format!(
                "<div class=\"outputs\" role=\"group\" aria-label=\"{label}: output\">\n{outputs}</div>\n"
            )
        }
    };
    let outputs = folded(cell, "outputs_hidden", &format!("{label}: output"), outputs);
    format!("<section class=\"cell\" aria-label=\"{label}\">\n{source}{outputs}</section>\n")
}

/// `html` behind a summary if the author has hidden this part of the cell in JupyterLab.
fn folded(cell: &Cell, part: &str, summary: &str, html: String) -> String {
    let hidden = cell
        .metadata()
        .get("jupyter")
        .and_then(|jupyter| jupyter.get(part)?.as_bool());
    if hidden == Some(true) && !html.is_empty() {
        format!("<details><summary>{summary}</summary>\n{html}</details>\n")
    } else {
        html
    }
}

#[cfg(test)]
mod tests;
