//! Frames in any partitions give what polars gives on the whole table.

mod aggregate;
mod delayed;
mod files;
mod golden;
mod interop;
mod mistakes;
mod rows;

use dagbok::frame::{DataFrame, Frame, FrameOp};
use dagbok::{Name, Site, Value};
use dagbok_engine::install;
use dagbok_engine::table::{from_polars, polars_frame};
use polars::prelude as pl;
use polars::prelude::IntoLazy;

/// A table with duplicates, nulls, NaN, infinities, Unicode and several types.
fn table() -> pl::DataFrame {
    let k = ["b", "a", "", "b", "c", "a", "é", "a", "b", "日本", "a", "b"];
    let strings: Vec<Option<&str>> = k.iter().map(|k| (!k.is_empty()).then_some(*k)).collect();
    pl::df!(
        "k" => strings,
        "g" => [1_i64, 1, 2, 2, 1, 1, 3, 2, 2, 1, 1, 3],
        "x" => [1_i64, 2, 3, 4, 5, 6, 7, 8, -9, 10, 11, 12],
        "y" => [Some(1.5), None, Some(3.0), Some(f64::NAN), None, Some(6.0), Some(7.0), Some(8.25), None, Some(-0.0), Some(0.0), Some(2.0)],
        "z" => [1.0_f32, 2.0, 3.0, 4.0, 5.5, 6.0, 7.0, f32::INFINITY, 9.0, 10.0, 11.0, 12.0],
        "b" => [Some(true), Some(false), None, Some(true), Some(true), None, Some(false), Some(true), None, Some(true), Some(true), Some(false)],
        "i" => [1_i8, 2, 3, 127, 127, 6, 7, 8, 9, 10, 11, 12],
        "d" => [Some("2024-02-29"), Some("2024-03-01"), None, Some("2024-02-29"), Some("1999-12-31"), Some("2024-01-01"), Some("2024-12-31"), None, Some("2024-02-29"), Some("2025-01-01"), Some("1970-01-01"), Some("2024-06-15")],
    )
    .unwrap()
    .lazy()
    .with_columns([pl::col("d").cast(pl::DataType::Date)])
    .collect()
    .unwrap()
}

/// The table in `n` partitions of about equal height; from three on, the second is empty.
fn partitions(table: &pl::DataFrame, n: usize) -> Frame {
    let border = |idx: usize| match idx {
        2 if n > 2 => table.height() / n,
        idx => table.height() * idx / n,
    };
    let parts = (0..n)
        .map(|idx| table.slice(border(idx) as i64, border(idx + 1) - border(idx)))
        .map(|part| Value::new(from_polars(part)))
        .collect();
    let name = Name::unique("test");
    Frame::with_site(name, FrameOp::Partitions(parts), Vec::new(), Site::caller())
}

/// The table in `n` partitions that calls return.
fn called(table: &pl::DataFrame, n: usize) -> Frame {
    let parts = partitions(table, n).to_delayed().unwrap();
    Frame::from_delayed(&parts, &from_polars(table.clear()))
}

/// `query` gives what polars makes of the whole table by `oracle`, rows in the same order, in any partitions: fused with
/// what comes before and apart from it, and of what calls return.
#[track_caller]
fn check(query: impl Fn(Frame) -> Frame, oracle: impl Fn(pl::LazyFrame) -> pl::LazyFrame) {
    check_of_known_size(&query, &oracle);
    for table in [table(), table().clear()] {
        let expected = oracle(table.clone().lazy()).collect().unwrap();
        check_frame(called(&table, 3), 3, &query, &expected);
    }
}

/// The same, but not of what calls return: large frames are joined in another order of rows.
#[track_caller]
fn check_of_known_size(
    query: impl Fn(Frame) -> Frame,
    oracle: impl Fn(pl::LazyFrame) -> pl::LazyFrame,
) {
    check_on(&table(), &query, &oracle);
    check_on(&table().clear(), &query, &oracle);
}

#[track_caller]
fn check_on(
    table: &pl::DataFrame,
    query: &dyn Fn(Frame) -> Frame,
    oracle: &dyn Fn(pl::LazyFrame) -> pl::LazyFrame,
) {
    install();
    let expected = oracle(table.clone().lazy()).collect().unwrap();
    for n in [1, 2, 3, 5, 20] {
        let fused = partitions(table, n);
        let apart =
            dagbok::frame::concat(&[fused.head(1), partitions(&table.slice(1, usize::MAX), n)]);
        check_frame(fused, n, query, &expected);
        check_frame(apart, n, query, &expected);
    }
}

/// `query` of `frame`, which has `n` partitions, gives `expected`.
#[track_caller]
fn check_frame(frame: Frame, n: usize, query: &dyn Fn(Frame) -> Frame, expected: &pl::DataFrame) {
    let query = query(frame);
    assert_eq!(
        query.schema().unwrap(),
        from_polars(expected.clone()).schema()
    );
    let found = query.compute().unwrap();
    assert_same(polars_frame(&found), expected, n);
}

/// Equal but for the rounding of floating-point sums.
#[track_caller]
fn assert_same(found: &pl::DataFrame, expected: &pl::DataFrame, n: usize) {
    let same = found.schema() == expected.schema()
        && found.height() == expected.height()
        && found
            .columns()
            .iter()
            .zip(expected.columns())
            .all(|(found, expected)| match found.dtype().is_float() {
                true => floats(found)
                    .iter()
                    .zip(floats(expected))
                    .all(|pair| match pair {
                        (None, None) => true,
                        (Some(a), Some(b)) => {
                            *a == b
                                || a.is_nan() && b.is_nan()
                                || (a - b).abs() <= 1e-6 * b.abs().max(1e-3)
                        }
                        _ => false,
                    }),
                false => found.equals_missing(expected),
            });
    assert!(same, "in {n} partitions:\n{found}\nas a whole:\n{expected}");
}

fn floats(column: &pl::Column) -> Vec<Option<f64>> {
    let column = column.cast(&pl::DataType::Float64).unwrap();
    column.f64().unwrap().iter().collect()
}

/// The values of the only column as text, for short expectations.
fn shown(table: &DataFrame) -> String {
    let table = polars_frame(table);
    let rows = (0..table.height()).map(|row| {
        let values = table
            .columns()
            .iter()
            .map(|column| match column.get(row).unwrap() {
                pl::AnyValue::String(text) => text.to_owned(),
                pl::AnyValue::Float64(value) => format!("{value:?}"),
                value => value.to_string(),
            });
        values.collect::<Vec<_>>().join(" ")
    });
    rows.collect::<Vec<_>>().join("; ")
}
