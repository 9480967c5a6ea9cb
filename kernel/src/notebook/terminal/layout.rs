//! How much room text takes on a screen.

use std::borrow::Cow;
use std::time::Duration;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::notebook::ansi;

const TAB: usize = 8;

/// How many rows `text` takes on a screen of `columns`; the row of the cursor after a final newline counts.
pub(super) fn n_rows(text: &str, columns: usize) -> usize {
    text.split('\n')
        .map(|line| n_rows_of_line(line, columns))
        .sum()
}

/// The end of `text` that fits into `rows_max` rows, in whole lines, at least one.
pub(super) fn last_rows(text: &str, columns: usize, rows_max: usize) -> &str {
    let mut n_rows = n_rows(text, columns);
    let mut rest = text;
    while n_rows > rows_max
        && let Some((first, after)) = rest.split_once('\n')
    {
        if after.is_empty() {
            break;
        }
        n_rows -= n_rows_of_line(first, columns);
        rest = after;
    }
    rest
}

/// `line` in at most `columns` columns, the last an ellipsis where something is missing.
pub(super) fn cut(line: &str, columns: usize) -> Cow<'_, str> {
    if width(line) <= columns {
        return Cow::Borrowed(line);
    }
    let mut text = String::new();
    let mut left = columns.saturating_sub(1);
    for character in line.chars() {
        let wide = if character == '\t' {
            TAB
        } else {
            character.width().unwrap_or(0)
        };
        if wide > left {
            break;
        }
        left -= wide;
        text.push(character);
    }
    text.push('…');
    Cow::Owned(text)
}

/// A time as a person says it.
pub(super) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 60.0 {
        format!("{seconds:.1} s")
    } else {
        format!(
            "{} min {} s",
            duration.as_secs() / 60,
            duration.as_secs() % 60
        )
    }
}

/// A wide character that does not fit into the last column starts the next row; a tab stays in its row.
fn n_rows_of_line(line: &str, columns: usize) -> usize {
    let mut n_rows = 1;
    let mut column = 0;
    for character in ansi::plain(line).chars() {
        if character == '\t' {
            column = ((column / TAB + 1) * TAB)
                .min(columns.saturating_sub(1))
                .max(column);
            continue;
        }
        let wide = character.width().unwrap_or(0);
        if column + wide > columns {
            n_rows += 1;
            column = 0;
        }
        column += wide;
    }
    n_rows
}

fn width(line: &str) -> usize {
    let mut pieces = line.split('\t');
    let first = pieces.next().map_or(0, UnicodeWidthStr::width);
    pieces.fold(first, |column, piece| {
        (column / TAB + 1) * TAB + piece.width()
    })
}
