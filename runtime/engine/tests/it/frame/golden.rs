//! Small cases with pandas as oracle; a missing value is null here.

use dagbok::df;
use dagbok::frame::{
    DataFrame, Frame, JoinType, NullBehavior, RollingOptionsFixedWindow, SortMultipleOptions,
    UniqueKeepStrategy, all, col, len,
};
use dagbok_engine::table::polars_frame;

use super::{install, partitions, shown};

fn split(table: dagbok::Result<DataFrame>, n: usize) -> Frame {
    partitions(polars_frame(&table.unwrap()), n)
}

fn letters(n: usize) -> Frame {
    install();
    let table = df!(
        "k" => [Some("b"), Some("a"), None, Some("b"), Some("c"), Some("a"), Some("é"), Some("a")],
        "x" => [1_i64, 2, 3, 4, 5, 6, 7, 8],
        "y" => [Some(1.0), None, Some(3.0), Some(4.0), None, Some(6.0), Some(7.0), Some(8.0)],
    );
    split(table, n)
}

#[track_caller]
fn check(frame: Frame, expected: &str) {
    assert_eq!(shown(&frame.compute().unwrap()), expected);
}

fn ascending() -> SortMultipleOptions {
    SortMultipleOptions::default().with_nulls_last(true)
}

#[test]
fn basics() {
    check(letters(3).select([col("y").std(0)]), "2.4094720491334933");
    check(letters(3).select([all().count()]), "7 8 6");
    check(
        letters(3).filter(col("k").eq(dagbok::frame::lit("a"))),
        "a 2 null; a 6 6.0; a 8 8.0",
    );
    check(
        letters(3).select([col("y").fill_null(-1.0)]),
        "1.0; -1.0; 3.0; 4.0; -1.0; 6.0; 7.0; 8.0",
    );
    check(
        letters(3).select([col("y").cum_sum(false)]),
        "1.0; null; 4.0; 8.0; null; 14.0; 21.0; 29.0",
    );
    check(
        letters(4).select([col("x").shift(-1)]),
        "2; 3; 4; 5; 6; 7; 8; null",
    );
    check(
        letters(3).select([col("x").diff(2, NullBehavior::Ignore)]),
        "null; null; 2; 2; 2; 2; 2; 2",
    );
    check(
        letters(3).unique_by(["k"], UniqueKeepStrategy::First),
        "b 1 1.0; a 2 null; null 3 3.0; c 5 null; é 7 7.0",
    );
    check(letters(3).select([col("x").median()]), "4.5");
    check(
        split(df!("v" => [5, 1, 5, 3]), 2).select([col("v").arg_max()]),
        "0",
    );
    check(
        split(df!("v" => [i64::MAX, 1]), 2).select([col("v").sum()]),
        "-9223372036854775808",
    );
    check(
        split(df!("v" => [0_i64, 1, 2, 3, 4, 5, 6, 7, 8, 9]), 3)
            .repartition(7)
            .select([col("v").sum()]),
        "45",
    );
    let ten: Vec<f64> = (0..10).map(f64::from).collect();
    let window = RollingOptionsFixedWindow {
        min_periods: 1,
        center: true,
        ..RollingOptionsFixedWindow::new(3)
    };
    check(
        split(df!("v" => ten), 3).select([col("v").rolling_sum(window)]),
        "1.0; 3.0; 6.0; 9.0; 12.0; 15.0; 18.0; 21.0; 24.0; 17.0",
    );
    check(
        letters(4)
            .filter(col("x").gt(6))
            .map_partitions(|part| df!("len" => [part.height() as u32])),
        "0; 0; 0; 2",
    );
}

#[test]
fn groups() {
    let by_k = |frame: Frame| frame.sort("k", ascending());
    check(
        by_k(letters(3).group_by("k").agg([len()])),
        "a 3; b 2; c 1; é 1; null 1",
    );
    check(
        by_k(letters(3).group_by("k").agg([col("x").sum()])),
        "a 16; b 5; c 5; é 7; null 3",
    );
    check(
        by_k(letters(3).drop_nulls_in(["k"]).group_by("k").agg([
            col("x").mean().alias("mean"),
            col("x").std(1).alias("std"),
            col("x").count().alias("count"),
            col("y").min().alias("min"),
            col("y").max().alias("max"),
        ])),
        "a 5.333333333333333 3.055050463303893 3 6.0 8.0; b 2.5 2.1213203435596424 2 1.0 4.0; c 5.0 null 1 null null; é 7.0 null 1 7.0 7.0",
    );
    check(
        letters(3)
            .drop_nulls_in(["k"])
            .group_by([col("k"), (col("x") % 2).alias("odd")])
            .agg([col("y").sum()])
            .sort(["k", "odd"], ascending()),
        "a 0 14.0; b 0 4.0; b 1 1.0; c 1 0.0; é 1 7.0",
    );
    check(
        by_k(
            letters(2)
                .drop_nulls_in(["k"])
                .group_by("k")
                .agg([(col("x").max() - col("x").min()).alias("r")]),
        ),
        "a 6; b 3; c 0; é 0",
    );
}

#[test]
fn joins_and_sorts() {
    install();
    let left = || {
        split(
            df!("k" => [3, 1, 2, 1, 9], "l" => ["a", "b", "c", "d", "e"]),
            3,
        )
    };
    let right = || split(df!("k" => [1, 2, 2, 7], "r" => [10.0, 20.0, 21.0, 70.0]), 2);
    let join = |how| {
        left()
            .join(&right(), ["k"], ["k"], how)
            .sort(["k", "l", "r"], ascending())
    };
    check(
        join(JoinType::Inner),
        "1 b 10.0; 1 d 10.0; 2 c 20.0; 2 c 21.0",
    );
    check(
        join(JoinType::Left),
        "1 b 10.0; 1 d 10.0; 2 c 20.0; 2 c 21.0; 3 a null; 9 e null",
    );
    check(
        join(JoinType::Right).select(["k", "l", "r"]),
        "1 b 10.0; 1 d 10.0; 2 c 20.0; 2 c 21.0; 7 null 70.0",
    );
    let options = SortMultipleOptions::default().with_order_descending_multi([false, true]);
    check(
        letters(3)
            .drop_nulls_in(["k"])
            .sort(["k", "x"], options)
            .select(["k", "x"]),
        "a 8; a 6; a 2; b 4; b 1; c 5; é 7",
    );
    check(
        letters(3)
            .sort("y", SortMultipleOptions::default())
            .select(["y"]),
        "null; null; 1.0; 3.0; 4.0; 6.0; 7.0; 8.0",
    );
}
