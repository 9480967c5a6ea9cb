//! A computed table: its first and last rows, with the types of the columns.

use std::fmt::Write;

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table, Width};
use dagbok::display::MimeBundle;

use super::TABLE_STYLE;
use super::format::digits;
use super::text::{escape, one_line, shorten};

/// Tables of up to so many rows are shown whole.
pub const ROWS_MAX: usize = 40;
/// Of longer tables, so many rows are shown from each end.
pub const ROWS_AT_END: usize = 5;
/// Of wider tables, half as many columns are shown from each end.
pub const COLUMNS_MAX: usize = 75;

const CELL_CHARS: usize = 60;
const TOOLTIP_CHARS: usize = 500;
const PLAIN_WIDTH: usize = 100;
const PLAIN_CELL_CHARS: usize = 32;

/// A table as it is shown, whatever holds it.
pub struct TableView {
    /// The columns that are shown: all, or the first and the last.
    pub columns: Vec<ColumnView>,
    /// The rows that are shown, one cell a column, `None` for null: all, or the first and the last.
    pub rows: Vec<Vec<Option<String>>>,
    /// The rows of the whole table.
    pub height: usize,
    /// The columns of the whole table.
    pub width: usize,
}

/// The head of a column.
pub struct ColumnView {
    pub name: String,
    pub dtype: String,
    /// Whether its cells are aligned to the right.
    pub is_numeric: bool,
}

/// How many rows of a table of `height` rows to put into a [`TableView`]: from the start, and from the end.
pub fn rows_shown(height: usize) -> (usize, usize) {
    if height <= ROWS_MAX {
        (height, 0)
    } else {
        (ROWS_AT_END, ROWS_AT_END)
    }
}

/// How many columns of a table of `width` columns to put into a [`TableView`]: from the start, and from the end.
pub fn columns_shown(width: usize) -> (usize, usize) {
    if width <= COLUMNS_MAX {
        (width, 0)
    } else {
        (COLUMNS_MAX.div_ceil(2), COLUMNS_MAX / 2)
    }
}

impl TableView {
    /// Before which of the shown rows some are left out.
    fn row_gap(&self) -> Option<usize> {
        (self.rows.len() < self.height).then(|| self.rows.len().div_ceil(2))
    }

    /// Before which of the shown columns some are left out.
    fn column_gap(&self) -> Option<usize> {
        (self.columns.len() < self.width).then(|| self.columns.len().div_ceil(2))
    }

    fn shape(&self) -> String {
        format!(
            "shape: ({}, {})",
            digits(self.height, '_'),
            digits(self.width, '_')
        )
    }
}

/// The table as HTML and as text of at most 100 characters a line.
pub fn bundle(table: &TableView) -> MimeBundle {
    MimeBundle::plain(plain(table, PLAIN_WIDTH)).with("text/html", html(table))
}

fn html(table: &TableView) -> String {
    let gap = table.column_gap();
    let mut html = format!(
        "{TABLE_STYLE}<div class=\"dagbok\"><small>{}</small><table class=\"dataframe\"><thead><tr>",
        table.shape()
    );
    let heads = table.columns.iter().map(|column| {
        let name = escape(&shorten(&one_line(&column.name), CELL_CHARS));
        format!("<th style=\"text-align:{}\">{name}</th>", align(column))
    });
    push_with_gap(&mut html, heads, gap, "<th>…</th>");
    html.push_str("</tr><tr>");
    let dtypes = table.columns.iter().map(|column| {
        let dtype = escape(&column.dtype);
        format!(
            "<td class=\"dtype\" style=\"text-align:{}\">{dtype}</td>",
            align(column)
        )
    });
    push_with_gap(&mut html, dtypes, gap, "<td>…</td>");
    html.push_str("</tr></thead><tbody>");
    for (idx, row) in table.rows.iter().enumerate() {
        if table.row_gap() == Some(idx) {
            html.push_str("<tr>");
            let gaps = table
                .columns
                .iter()
                .map(|column| format!("<td style=\"text-align:{}\">…</td>", align(column)));
            push_with_gap(&mut html, gaps, gap, "<td>…</td>");
            html.push_str("</tr>");
        }
        html.push_str("<tr>");
        let cells = row
            .iter()
            .zip(&table.columns)
            .map(|(cell, column)| html_cell(cell.as_deref(), column));
        push_with_gap(&mut html, cells, gap, "<td>…</td>");
        html.push_str("</tr>");
    }
    html.push_str("</tbody></table></div>");
    html
}

fn push_with_gap(
    html: &mut String,
    cells: impl Iterator<Item = String>,
    gap: Option<usize>,
    filler: &str,
) {
    for (idx, cell) in cells.enumerate() {
        if gap == Some(idx) {
            html.push_str(filler);
        }
        html.push_str(&cell);
    }
}

fn html_cell(cell: Option<&str>, column: &ColumnView) -> String {
    let align = align(column);
    let Some(text) = cell else {
        return format!("<td style=\"text-align:{align}\"><i class=\"null\">null</i></td>");
    };
    let text = one_line(text);
    let short = shorten(&text, CELL_CHARS);
    let mut html = format!("<td style=\"text-align:{align}\"");
    if short.len() < text.len() {
        let _ = write!(
            html,
            " title=\"{}\"",
            escape(&shorten(&text, TOOLTIP_CHARS))
        );
    }
    let _ = write!(html, ">{}</td>", escape(&short));
    html
}

fn align(column: &ColumnView) -> &'static str {
    if column.is_numeric { "right" } else { "left" }
}

/// The table in a box of at most `width` characters, as polars draws it; columns that do not fit are left out in the
/// middle.
pub fn plain(table: &TableView, width: usize) -> String {
    let heads: Vec<String> = table
        .columns
        .iter()
        .map(|column| {
            let name = shorten(&one_line(&column.name), PLAIN_CELL_CHARS);
            format!("{name}\n---\n{}", column.dtype)
        })
        .collect();
    let rows: Vec<Vec<String>> = table
        .rows
        .iter()
        .map(|row| {
            let cells = row.iter().map(|cell| match cell {
                Some(text) => shorten(&one_line(text), PLAIN_CELL_CHARS),
                None => "null".to_owned(),
            });
            cells.collect()
        })
        .collect();
    let shown = fitting(&heads, &rows, width);
    let is_cut = shown.len() < table.width;
    let gap = is_cut.then_some(shown.len().div_ceil(2));
    let mut boxed = Table::new();
    boxed
        .load_preset("││──├─┼┤│    ┬┴┌┐└┘")
        .set_content_arrangement(ContentArrangement::Disabled);
    boxed.load_preset("││──╞═╪╡┆    ┬┴┌┐└┘");
    let spread = |cells: &dyn Fn(usize) -> String| -> Vec<String> {
        let mut line: Vec<String> = shown.iter().map(|&idx| cells(idx)).collect();
        if let Some(gap) = gap {
            line.insert(gap, "…".to_owned());
        }
        line
    };
    boxed.set_header(spread(&|idx| heads[idx].clone()));
    for (row_idx, row) in rows.iter().enumerate() {
        if table.row_gap() == Some(row_idx) {
            boxed.add_row(spread(&|_| "…".to_owned()));
        }
        boxed.add_row(spread(&|idx| row[idx].clone()));
    }
    for (idx, column) in boxed.column_iter_mut().enumerate() {
        let source = match gap {
            Some(gap) if idx == gap => continue,
            Some(gap) if idx > gap => shown[idx - 1],
            _ => shown[idx],
        };
        if table.columns[source].is_numeric {
            column.set_cell_alignment(CellAlignment::Right);
        }
        column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(5)));
    }
    if table.columns.is_empty() {
        return table.shape();
    }
    format!("{}\n{boxed}", table.shape())
}

/// The columns, from both ends, that fit into `width` characters with their borders; at least one.
fn fitting(heads: &[String], rows: &[Vec<String>], width: usize) -> Vec<usize> {
    let widths: Vec<usize> = (0..heads.len())
        .map(|idx| {
            let head = heads[idx].lines().map(|line| line.chars().count()).max();
            let cells = rows.iter().map(|row| row[idx].chars().count()).max();
            head.max(cells).unwrap_or(0).max(3) + 3
        })
        .collect();
    let mut left = width.saturating_sub(1);
    if widths.iter().sum::<usize>() <= left {
        return (0..heads.len()).collect();
    }
    left = left.saturating_sub(4);
    let (mut first, mut last) = (Vec::new(), Vec::new());
    for turn in 0..heads.len() {
        let idx = if turn.is_multiple_of(2) {
            turn / 2
        } else {
            heads.len() - 1 - turn / 2
        };
        if widths[idx] > left && turn > 0 {
            break;
        }
        left = left.saturating_sub(widths[idx]);
        if turn.is_multiple_of(2) {
            &mut first
        } else {
            &mut last
        }
        .push(idx);
    }
    last.reverse();
    first.extend(last);
    first
}
