//! The part of a table that is shown.

use dagbok::frame::DataFrame;
use polars::prelude as pl;

use super::{from_polars_dtype, polars_frame};
use crate::render::table::{ColumnView, TableView, columns_shown, rows_shown};

/// The first and last rows and columns of `table`, as text.
pub fn view(table: &DataFrame) -> TableView {
    let table = polars_frame(table);
    let (height, width) = table.shape();
    let columns: Vec<&pl::Column> = ends(columns_shown(width), width)
        .map(|column_idx| &table.columns()[column_idx])
        .collect();
    TableView {
        columns: columns.iter().map(|column| head(column)).collect(),
        rows: ends(rows_shown(height), height)
            .map(|row_idx| columns.iter().map(|column| cell(column, row_idx)).collect())
            .collect(),
        height,
        width,
    }
}

/// The first and the last of `0..len`.
fn ends((first, last): (usize, usize), len: usize) -> impl Iterator<Item = usize> {
    (0..first).chain(len - last..len)
}

fn head(column: &pl::Column) -> ColumnView {
    ColumnView {
        name: column.name().to_string(),
        dtype: from_polars_dtype(column.dtype()).to_string(),
        is_numeric: column.dtype().is_numeric(),
    }
}

fn cell(column: &pl::Column, row_idx: usize) -> Option<String> {
    match column.get(row_idx).ok()? {
        pl::AnyValue::Null => None,
        pl::AnyValue::String(text) => Some(text.to_owned()),
        pl::AnyValue::StringOwned(text) => Some(text.to_string()),
        value => Some(value.to_string()),
    }
}
