//! The table of settings.

use dagbok::display::MimeBundle;

use super::listing::Listing;
use super::text::one_line;

/// One setting.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) value: String,
    /// Who says so.
    pub(crate) origin: String,
    /// The environment variable that could.
    pub(crate) variable: &'static str,
}

/// All settings, and below them what is wrong in environment and file.
pub(crate) fn bundle(rows: &[Row], mistakes: &[String]) -> MimeBundle {
    let cells = |row: &Row| {
        let plain = row.origin.replace('`', "");
        [row.name, &row.value, &plain, row.variable].map(one_line)
    };
    let listing = Listing {
        head: ["setting", "value", "set by", "environment variable"],
        rows: rows.iter().map(cells).collect(),
        plain_notes: mistakes.iter().map(|text| format!("! {text}")).collect(),
        notes: mistakes.iter().map(|text| format!("⚠ {text}")).collect(),
    };
    listing.bundle()
}
