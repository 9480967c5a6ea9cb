//! The table of results that are kept.

use dagbok::cache::CacheEntry;
use dagbok::display::MimeBundle;

use super::listing::Listing;
use super::{format, text};

/// At most so many are shown.
const SHOWN_MAX: usize = 20;

/// What is kept, and how much of the budget of `limit` bytes it takes.
pub(crate) fn bundle(entries: &[CacheEntry], limit: u64) -> MimeBundle {
    let row = |entry: &CacheEntry| {
        [
            text::one_line(&entry.key),
            format::bytes(entry.bytes as u128),
            format::duration(entry.cost),
            format::count(entry.hits),
        ]
    };
    let bytes: usize = entries.iter().map(|entry| entry.bytes).sum();
    let mut notes = Vec::new();
    if entries.len() > SHOWN_MAX {
        notes.push(format!(
            "and {} more",
            format::count(entries.len() - SHOWN_MAX)
        ));
    }
    notes.push(format!(
        "{} in {}; all results may take {}",
        format::counted(entries.len(), "result"),
        format::bytes(bytes as u128),
        format::bytes(limit.into())
    ));
    let listing = Listing {
        head: ["result", "memory", "took", "found"],
        rows: entries.iter().take(SHOWN_MAX).map(row).collect(),
        plain_notes: notes.clone(),
        notes,
    };
    listing.bundle()
}
