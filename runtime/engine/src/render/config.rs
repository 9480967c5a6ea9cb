//! The table of settings.

use dagbok::display::MimeBundle;

use super::TABLE_STYLE;
use super::text::{escape, one_line};

/// One setting.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) value: String,
    /// Who says so.
    pub(crate) origin: String,
    /// The environment variable that could.
    pub(crate) variable: &'static str,
}

const HEAD: [&str; 4] = ["setting", "value", "set by", "environment variable"];

impl Row {
    fn cells(&self) -> [String; 4] {
        let plain = self.origin.replace('`', "");
        [self.name, &self.value, &plain, self.variable].map(one_line)
    }
}

/// All settings, and below them what is wrong in environment and file.
pub(crate) fn bundle(rows: &[Row], mistakes: &[String]) -> MimeBundle {
    let rows: Vec<[String; 4]> = rows.iter().map(Row::cells).collect();
    MimeBundle::plain(plain(&rows, mistakes)).with("text/html", html(&rows, mistakes))
}

fn plain(rows: &[[String; 4]], mistakes: &[String]) -> String {
    let head = HEAD.map(str::to_owned);
    let all: Vec<&[String; 4]> = std::iter::once(&head).chain(rows).collect();
    let widths: [usize; 4] = std::array::from_fn(|column| {
        let widths = all.iter().map(|cells| cells[column].chars().count());
        widths.max().unwrap_or(0)
    });
    let lines = all.iter().map(|cells| {
        let padded = cells.iter().zip(widths);
        let padded = padded.map(|(cell, width)| format!("{cell:width$}"));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    });
    let wrong = mistakes.iter().map(|mistake| format!("! {mistake}"));
    lines.chain(wrong).collect::<Vec<_>>().join("\n")
}

fn html(rows: &[[String; 4]], mistakes: &[String]) -> String {
    let cell = |tag: &str, text: &str| {
        format!("<{tag} style=\"text-align:left\">{}</{tag}>", escape(text))
    };
    let head: String = HEAD.iter().map(|text| cell("th", text)).collect();
    let body = rows.iter().map(|cells| {
        let cells: String = cells.iter().map(|text| cell("td", text)).collect();
        format!("<tr>{cells}</tr>")
    });
    let wrong = mistakes
        .iter()
        .map(|mistake| format!("<div>⚠ {}</div>", escape(mistake)));
    format!(
        "{TABLE_STYLE}<div class=\"dagbok\"><table><thead><tr>{head}</tr></thead><tbody>{}</tbody></table>{}</div>",
        body.collect::<String>(),
        wrong.collect::<String>()
    )
}
