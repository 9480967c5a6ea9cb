//! Polars itself, in and out.

use dagbok::frame::{DataFrame, Expr, Frame, col};
use dagbok_engine::interop::polars::{FromPolars, MapPolars, ToPolars};
use polars::prelude as pl;
use polars::prelude::IntoLazy;

use super::{check, install, table};

#[test]
fn tables_and_lazy_frames() {
    install();
    let frame = Frame::from_polars(table());
    assert!(
        frame
            .compute()
            .unwrap()
            .to_polars()
            .equals_missing(&table())
    );
    let lazy = table().lazy().filter(pl::col("x").gt(pl::lit(5)));
    let frame = <dagbok::Result<Frame>>::from_polars(lazy.clone()).unwrap();
    assert_eq!(
        frame.compute().unwrap(),
        DataFrame::from_polars(lazy.collect().unwrap())
    );
}

#[test]
fn expressions() {
    let raw = || (pl::col("x") * pl::lit(2) - pl::col("x").mean()).alias("raw");
    check(
        |frame| frame.with_columns([Expr::from_polars(raw())]),
        |frame| frame.with_columns([raw()]),
    );
    check(
        |frame| {
            frame
                .group_by("k")
                .agg([Expr::from_polars(pl::col("x").sum()), col("y").max()])
        },
        |frame| {
            frame
                .group_by_stable([pl::col("k")])
                .agg([pl::col("x").sum(), pl::col("y").max()])
        },
    );
}

#[test]
fn partitions() {
    check(
        |frame| frame.map_polars(|part| part.lazy().select([pl::col("x") * pl::lit(2)]).collect()),
        |frame| frame.select([pl::col("x") * pl::lit(2)]),
    );
}
