//! The card of a frame that has not been computed: its columns and partitions.

use std::fmt::Write;

use dagbok::display::MimeBundle;

use super::TABLE_STYLE;
use super::format::{count, counted};
use super::text::{escape, one_line, shorten};

const COLUMNS_MAX: usize = 75;

/// What a card says of a frame.
pub struct FrameView {
    pub operation: String,
    /// Names and types; an error's sentence where they cannot be known.
    pub columns: Result<Vec<(String, String)>, String>,
    /// How many partitions, where that is known before computing.
    pub n_partitions: Option<usize>,
    /// The collections that the frame rests on, itself included.
    pub n_layers: usize,
}

/// A table of columns and types.
pub fn bundle(frame: &FrameView) -> MimeBundle {
    MimeBundle::plain(plain(frame)).with("text/html", html(frame))
}

impl FrameView {
    fn headline(&self) -> String {
        let mut headline = match &self.columns {
            Ok(columns) => format!("Frame of {}", counted(columns.len(), "column")),
            Err(_) => "Frame".to_owned(),
        };
        if let Some(n_partitions) = self.n_partitions {
            let _ = write!(headline, " in {}", counted(n_partitions, "partition"));
        }
        let _ = write!(headline, ", {}", counted(self.n_layers, "layer"));
        headline
    }
}

fn plain(frame: &FrameView) -> String {
    let mut plain = format!("{}, made by `{}`", frame.headline(), frame.operation);
    let columns = match &frame.columns {
        Ok(columns) => columns,
        Err(error) => return format!("{plain}\n  {error}"),
    };
    let names: Vec<String> = columns
        .iter()
        .take(COLUMNS_MAX)
        .map(|(name, _)| shorten(&one_line(name), 40))
        .collect();
    let name_width = names.iter().map(|name| name.chars().count()).max();
    let name_width = name_width.unwrap_or(0);
    for (name, (_, dtype)) in names.iter().zip(columns) {
        let _ = write!(plain, "\n  {name:name_width$}  {dtype}");
    }
    if columns.len() > COLUMNS_MAX {
        let _ = write!(plain, "\n  … {} more", count(columns.len() - COLUMNS_MAX));
    }
    plain
}

fn html(frame: &FrameView) -> String {
    let mut html = format!(
        "{TABLE_STYLE}<div class=\"dagbok\"><small>{}, made by {}</small>",
        frame.headline(),
        escape(&frame.operation)
    );
    match &frame.columns {
        Ok(columns) => columns_table(&mut html, columns),
        Err(error) => {
            let _ = write!(html, "<p>{}</p>", escape(error));
        }
    }
    html.push_str("</div>");
    html
}

fn columns_table(html: &mut String, columns: &[(String, String)]) {
    html.push_str(
        "<table class=\"dataframe\"><thead><tr><th style=\"text-align:left\">Column</th>",
    );
    let shown = &columns[..columns.len().min(COLUMNS_MAX)];
    let more = columns.len() - shown.len();
    for (name, _) in shown {
        let _ = write!(
            html,
            "<th style=\"text-align:left\">{}</th>",
            escape(&shorten(&one_line(name), 40))
        );
    }
    if more > 0 {
        let _ = write!(
            html,
            "<th style=\"text-align:left\">… {} more</th>",
            count(more)
        );
    }
    html.push_str("</tr></thead><tbody><tr><th style=\"text-align:left\">Type</th>");
    for (_, dtype) in shown {
        let _ = write!(html, "<td style=\"text-align:left\">{}</td>", escape(dtype));
    }
    if more > 0 {
        html.push_str("<td></td>");
    }
    html.push_str("</tr></tbody></table>");
}
