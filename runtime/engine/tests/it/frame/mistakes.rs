//! What a person is told.

use dagbok::frame::{DataType, Frame, JoinType, SortMultipleOptions, col, concat, lit};
use dagbok::{Error, ErrorKind, attempt, df};
use expect_test::{Expect, expect};

use super::install;

fn frame() -> Frame {
    install();
    df!("city" => ["Oslo"], "price" => [1], "größe" => [2.5])
        .unwrap()
        .lazy()
}

#[track_caller]
fn check<T: std::fmt::Debug>(build: impl FnOnce() -> T, kind: ErrorKind, expected: Expect) {
    let error: Error = attempt(build).unwrap_err();
    expected.assert_eq(&error.to_string());
    assert_eq!(error.kind(), kind, "{error}");
}

#[test]
fn columns() {
    let column = ErrorKind::Column;
    check(
        || frame().select(["prize"]),
        column,
        expect![
            "no column `prize` (did you mean `price`?); the frame has `city`, `price`, `größe`"
        ],
    );
    check(
        || frame().filter(col("Price").gt(1)),
        column,
        expect![
            "no column `Price` (did you mean `price`?); the frame has `city`, `price`, `größe`"
        ],
    );
    check(
        || frame().group_by("town").agg([col("price").sum()]),
        column,
        expect!["no column `town`; the frame has `city`, `price`, `größe`"],
    );
    check(
        || frame().sort("grösse", SortMultipleOptions::default()),
        column,
        expect![
            "no column `grösse` (did you mean `größe`?); the frame has `city`, `price`, `größe`"
        ],
    );
    check(
        || frame().drop(["x"]),
        column,
        expect!["no column `x`; the frame has `city`, `price`, `größe`"],
    );
    check(
        || frame().rename(["x"], ["y"]),
        column,
        expect!["no column `x`; the frame has `city`, `price`, `größe`"],
    );
    check(
        || frame().join(&frame(), ["city"], ["town"], JoinType::Left),
        column,
        expect!["no column `town`; the frame has `city`, `price`, `größe`"],
    );
    check(
        || frame().drop_nulls_in(["citi"]),
        column,
        expect!["no column `citi` (did you mean `city`?); the frame has `city`, `price`, `größe`"],
    );
    check(
        || frame().select([col("price"), col("city").alias("price")]),
        column,
        expect!["two columns would be called `price`: rename one with `alias`"],
    );
    check(
        || concat(&[frame(), frame().drop(["city"])]),
        column,
        expect![
            "cannot put frames with columns (city: str, price: i32, größe: f64) and (price: i32, größe: f64) one after the other (0 and 1)"
        ],
    );
}

#[test]
fn arguments() {
    let value = ErrorKind::Value;
    check(
        || frame().repartition(0),
        value,
        expect!["a frame needs at least one partition, not 0"],
    );
    check(
        || frame().group_by([] as [&str; 0]),
        value,
        expect!["`group_by` needs at least one key, not 0: without groups take `select`"],
    );
    check(
        || frame().rename(["city"], ["a", "b"]),
        value,
        expect!["cannot rename 1 columns to 2 names"],
    );
    check(
        || frame().join(&frame(), ["city"], ["city", "price"], JoinType::Inner),
        value,
        expect!["an inner join takes as many keys of both frames, not 1 and 2"],
    );
    check(
        || frame().join(&frame(), ["city"], ["city"], JoinType::Cross),
        value,
        expect!["a cross join takes no keys, not 1 and 1"],
    );
    check(
        || concat(&[]),
        value,
        expect!["`concat` needs at least one frame, not 0"],
    );
    let options = SortMultipleOptions::default().with_order_descending_multi([true, false, true]);
    check(
        || frame().sort(["city", "price"], options),
        value,
        expect!["`sort` by 2 columns got 3 values of `descending`"],
    );
    let deep = (0..2000).fold(col("price"), |expr, _| expr + 1);
    check(
        || frame().select([deep]),
        value,
        expect![
            "an expression is 2001 operations deep, more than 1000: make a part of it a column with `with_columns`"
        ],
    );
}

#[test]
fn types() {
    check(
        || frame().filter(col("price") + 1),
        ErrorKind::DType,
        expect!["filter predicate must be of type `Boolean`, got `Int32`"],
    );
    check(
        || frame().select([col("city").str().to_uppercase().sum()]),
        ErrorKind::DType,
        expect!["`sum` operation not supported for dtype `str`"],
    );
    check(
        || frame().select([col("price").str().to_uppercase()]),
        ErrorKind::DType,
        expect!["invalid series dtype: expected `String`, got `i32` for series with name `price`"],
    );
    check(
        || frame().select([col("price").dt().year()]),
        ErrorKind::DType,
        expect!["`year` operation not supported for dtype `i32`"],
    );
    check(
        || frame().select([col("city").cast(DataType::Other("decimal".into()))]),
        ErrorKind::DType,
        expect!["cannot cast to `decimal`"],
    );
    check(
        || {
            frame().select([col("city").cast(DataType::Datetime(
                dagbok::frame::TimeUnit::Nanoseconds,
                Some("Mars/Base".into()),
            ))])
        },
        ErrorKind::Value,
        expect!["no time zone is called `Mars/Base`"],
    );
}

#[test]
fn tables() {
    let table = df!("a" => [Some(1), None], "s" => ["x", "y"], "f" => [0.5, 300.0]).unwrap();
    let error = |result: dagbok::Result<()>, expected: Expect| {
        expected.assert_eq(&result.unwrap_err().to_string())
    };
    error(
        table.column("b").map(drop),
        expect!["no column `b`; the frame has `a`, `s`, `f`"],
    );
    error(
        table.column("a").unwrap().to_vec::<i64>().map(drop),
        expect!["column `a` has nulls: take `to_options`, or fill them with `fill_null`"],
    );
    error(
        table.column("s").unwrap().to_vec::<f64>().map(drop),
        expect!["values of column `s` of type `str` cannot be `f64`"],
    );
    error(
        table.column("f").unwrap().to_vec::<i64>().map(drop),
        expect!["values of column `f` of type `f64` cannot be `i64`"],
    );
    error(
        table.get::<i32>(2, "a").map(drop),
        expect!["row 2 is out of bounds for 2 rows"],
    );
    error(
        table.item::<i32>().map(drop),
        expect!["`item` takes a table of one row and one column, this one has 2 and 3"],
    );
    error(
        df!("a" => [1, 2], "b" => [1]).map(drop),
        expect!["columns `a` and `b` have 2 and 1 values"],
    );
    error(
        df!("a" => [1], "a" => [1]).map(drop),
        expect!["two columns are called `a`"],
    );
    assert_eq!(
        table.column("a").unwrap().to_options::<u8>().unwrap(),
        [Some(1), None]
    );
    assert_eq!(table.get::<f32>(1, "f").unwrap(), 300.0);
}

#[test]
fn while_computing() {
    let error = |frame: Frame, expected: Expect| {
        let message = frame.compute().unwrap_err().to_string();
        expected.assert_eq(message.split("\n  task").next().unwrap());
    };
    error(
        frame().select([col("city").strict_cast(DataType::Int32)]),
        expect![[
            r#"`select` failed: conversion from `str` to `i32` failed in column `city` for 1 out of 1 values: ["Oslo"]"#
        ]],
    );
    error(
        frame().map_partitions(|part| match part.height() {
            0 => Ok(part),
            _ => df!("other" => [1]),
        }),
        expect![
            "`map-partitions` failed: `map_partitions` made columns (other: i32) of a partition and (city: str, price: i32, größe: f64) of an empty table"
        ],
    );
    let failing = frame().map_partitions(|part| match part.column("none") {
        Ok(_) => Ok(part),
        Err(error) => Err(error),
    });
    expect!["cannot tell the columns that `map_partitions` makes of an empty table: no column `none`; the frame has `city`, `price`, `größe`"]
        .assert_eq(&failing.schema().unwrap_err().to_string());
    assert_eq!(frame().filter(lit(false)).compute().unwrap().height(), 0);
}
