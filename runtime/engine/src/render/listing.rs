//! A small table of texts with notes below it.

use dagbok::display::MimeBundle;

use super::TABLE_STYLE;
use super::text::escape;

pub(super) struct Listing<const N: usize> {
    pub(super) head: [&'static str; N],
    pub(super) rows: Vec<[String; N]>,
    /// Below the table, in text and in HTML.
    pub(super) plain_notes: Vec<String>,
    pub(super) notes: Vec<String>,
}

impl<const N: usize> Listing<N> {
    pub(super) fn bundle(&self) -> MimeBundle {
        MimeBundle::plain(self.plain()).with("text/html", self.html())
    }

    fn plain(&self) -> String {
        let head = self.head.map(str::to_owned);
        let all: Vec<&[String; N]> = std::iter::once(&head).chain(&self.rows).collect();
        let widths: [usize; N] = std::array::from_fn(|column| {
            let widths = all.iter().map(|cells| cells[column].chars().count());
            widths.max().unwrap_or(0)
        });
        let lines = all.iter().map(|cells| {
            let padded = cells.iter().zip(widths);
            let padded = padded.map(|(cell, width)| format!("{cell:width$}"));
            padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        });
        let notes = self.plain_notes.iter().cloned();
        lines.chain(notes).collect::<Vec<_>>().join("\n")
    }

    fn html(&self) -> String {
        let cell = |tag: &str, text: &str| {
            format!("<{tag} style=\"text-align:left\">{}</{tag}>", escape(text))
        };
        let head: String = self.head.iter().map(|text| cell("th", text)).collect();
        let body = self.rows.iter().map(|cells| {
            let cells: String = cells.iter().map(|text| cell("td", text)).collect();
            format!("<tr>{cells}</tr>")
        });
        let notes = self.notes.iter();
        let notes = notes.map(|note| format!("<div>{}</div>", escape(note)));
        format!(
            "{TABLE_STYLE}<div class=\"dagbok\"><table><thead><tr>{head}</tr></thead><tbody>{}</tbody></table>{}</div>",
            body.collect::<String>(),
            notes.collect::<String>()
        )
    }
}
