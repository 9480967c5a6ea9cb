//! Computed tables.

use dagbok_engine::render::table::{
    ColumnView, TableView, bundle, columns_shown, plain, rows_shown,
};
use expect_test::{Expect, expect};

use super::check_well_formed;

/// Columns of numbers, nulls and text in turn.
fn table(height: usize, width: usize) -> TableView {
    let (first, last) = columns_shown(width);
    let columns: Vec<usize> = (0..first).chain(width - last..width).collect();
    let (first, last) = rows_shown(height);
    let cell = |row: usize, column: usize| match column % 3 {
        0 => Some((row * 10 + column).to_string()),
        1 => row.is_multiple_of(2).then(|| format!("{row}.5")),
        _ => Some(["sun", "日本語", "line\nbreak & <b>"][row % 3].to_owned()),
    };
    TableView {
        columns: columns
            .iter()
            .map(|&column| ColumnView {
                name: format!("c{column}"),
                dtype: ["i64", "f64", "str"][column % 3].to_owned(),
                is_numeric: column % 3 < 2,
            })
            .collect(),
        rows: (0..first)
            .chain(height - last..height)
            .map(|row| columns.iter().map(|&column| cell(row, column)).collect())
            .collect(),
        height,
        width,
    }
}

#[track_caller]
fn check(height: usize, width: usize, characters: usize, expected: Expect) {
    let table = table(height, width);
    let text = plain(&table, characters);
    expected.assert_eq(&text);
    check_well_formed(bundle(&table).get("text/html").expect("HTML"));
}

#[test]
fn tables_are_boxed_as_in_polars() {
    check(
        3,
        3,
        80,
        expect![[r#"
            shape: (3, 3)
            ┌─────┬──────┬───────────────────┐
            │  c0 ┆   c1 ┆ c2                │
            │ --- ┆  --- ┆ ---               │
            │ i64 ┆  f64 ┆ str               │
            ╞═════╪══════╪═══════════════════╡
            │   0 ┆  0.5 ┆ sun               │
            │  10 ┆ null ┆ 日本語            │
            │  20 ┆  2.5 ┆ line\nbreak & <b> │
            └─────┴──────┴───────────────────┘"#]],
    );
}

#[test]
fn long_and_wide_tables_show_their_ends() {
    check(
        1461,
        2,
        80,
        expect![[r#"
        shape: (1_461, 2)
        ┌───────┬────────┐
        │    c0 ┆     c1 │
        │   --- ┆    --- │
        │   i64 ┆    f64 │
        ╞═══════╪════════╡
        │     0 ┆    0.5 │
        │    10 ┆   null │
        │    20 ┆    2.5 │
        │    30 ┆   null │
        │    40 ┆    4.5 │
        │     … ┆      … │
        │ 14560 ┆ 1456.5 │
        │ 14570 ┆   null │
        │ 14580 ┆ 1458.5 │
        │ 14590 ┆   null │
        │ 14600 ┆ 1460.5 │
        └───────┴────────┘"#]],
    );
    check(
        2,
        100,
        40,
        expect![[r#"
        shape: (2, 100)
        ┌─────┬──────┬────────┬───┬────────┬─────┐
        │  c0 ┆   c1 ┆ c2     ┆ … ┆ c98    ┆ c99 │
        │ --- ┆  --- ┆ ---    ┆   ┆ ---    ┆ --- │
        │ i64 ┆  f64 ┆ str    ┆   ┆ str    ┆ i64 │
        ╞═════╪══════╪════════╪═══╪════════╪═════╡
        │   0 ┆  0.5 ┆ sun    ┆ … ┆ sun    ┆  99 │
        │  10 ┆ null ┆ 日本語 ┆ … ┆ 日本語 ┆ 109 │
        └─────┴──────┴────────┴───┴────────┴─────┘"#]],
    );
    check(
        0,
        2,
        40,
        expect![[r#"
        shape: (0, 2)
        ┌─────┬─────┐
        │  c0 ┆  c1 │
        │ --- ┆ --- │
        │ i64 ┆ f64 │
        ╞═════╪═════╡
        └─────┴─────┘"#]],
    );
    check(0, 0, 40, expect!["shape: (0, 0)"]);
    check(
        2,
        3,
        5,
        expect![[r#"
        shape: (2, 3)
        ┌─────┬───┐
        │  c0 ┆ … │
        │ --- ┆   │
        │ i64 ┆   │
        ╞═════╪═══╡
        │   0 ┆ … │
        │  10 ┆ … │
        └─────┴───┘"#]],
    );
}

#[test]
fn html_survives_a_sanitiser() {
    let bundle = bundle(&table(2, 3));
    let html = bundle.get("text/html").expect("HTML");
    let (_, shown) = html.split_once("</style>").expect("a style");
    expect![[r#"<div class="dagbok"><small>shape: (2, 3)</small><table class="dataframe"><thead><tr><th style="text-align:right">c0</th><th style="text-align:right">c1</th><th style="text-align:left">c2</th></tr><tr><td class="dtype" style="text-align:right">i64</td><td class="dtype" style="text-align:right">f64</td><td class="dtype" style="text-align:left">str</td></tr></thead><tbody><tr><td style="text-align:right">0</td><td style="text-align:right">0.5</td><td style="text-align:left">sun</td></tr><tr><td style="text-align:right">10</td><td style="text-align:right"><i class="null">null</i></td><td style="text-align:left">日本語</td></tr></tbody></table></div>"#]].assert_eq(shown);
}

#[test]
fn at_most_forty_rows_and_75_columns_are_shown() {
    let check = |shown, expected| assert_eq!(shown, expected);
    check(rows_shown(0), (0, 0));
    check(rows_shown(40), (40, 0));
    check(rows_shown(41), (5, 5));
    check(columns_shown(75), (75, 0));
    check(columns_shown(76), (38, 37));
}
