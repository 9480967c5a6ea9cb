//! Operations on rows: by partition where each row is by itself, gathered where it is not.

use dagbok::Name;
use dagbok::frame::{
    ClosedInterval, DataType, Expr, Frame, JoinType, Literal, NullBehavior,
    RollingOptionsFixedWindow, RoundMode, SortMultipleOptions, StrptimeOptions, TimeUnit,
    UniqueKeepStrategy, all, col, concat, lit, when,
};
use dagbok_engine::interop::polars::ToPolars;
use dagbok_engine::table::{from_polars, polars_frame};
use polars::prelude as pl;
use polars::prelude::{ChunkShift, IntoLazy};

use super::{check, check_of_known_size, check_on, install, partitions, table};

/// The expression as a column, as a filter's neighbour, and in a projection.
#[track_caller]
fn check_expr(expr: Expr) {
    let expr = expr.alias("new");
    let raw = expr.to_polars().unwrap();
    check(
        |frame| frame.with_columns([expr.clone()]),
        |frame| frame.with_columns([raw.clone()]),
    );
    check(
        |frame| {
            frame
                .filter(col("x").gt(3))
                .select([col("k"), expr.clone()])
        },
        |frame| {
            let some = frame.filter(pl::col("x").gt(pl::lit(3)));
            some.select([pl::col("k"), raw.clone()])
        },
    );
}

#[test]
fn arithmetic() {
    check_expr(col("x") + 1);
    check_expr(col("x") - col("y"));
    check_expr(-col("x") * 2.5);
    check_expr(col("x") / 4);
    check_expr(col("y") / col("x"));
    check_expr(col("x") % 3);
    check_expr(col("x").floor_div(4));
    check_expr(col("x").true_div(4));
    check_expr(col("x").pow(2));
    check_expr(col("x").abs().sqrt());
    check_expr(col("y").round(1, RoundMode::HalfAwayFromZero));
    check_expr(col("y").floor() + col("y").ceil());
    check_expr(col("y").exp().log(2.0));
    check_expr(col("y").log1p());
    check_expr(col("x").clip(2, 5));
    check_expr(col("z").radians().sin() + col("z").cos() + col("z").tan().degrees());
    check_expr(col("x").cbrt());
}

#[test]
fn comparisons_and_logic() {
    check_expr(col("x").gt(3) & col("y").lt_eq(6.0));
    check_expr(col("x").gt_eq(3) | !col("b"));
    check_expr(col("b") ^ lit(true));
    check_expr(col("k").eq(lit("a")));
    check_expr(col("k").neq(lit("é")));
    check_expr(col("k").eq_missing(lit(Literal::Null)));
    check_expr(col("y").neq_missing(col("x")));
    check_expr(col("x").lt(col("y")));
    check_expr(col("y").is_null());
    check_expr(col("y").is_not_null().and(col("y").is_not_nan()));
    check_expr(
        col("y")
            .is_nan()
            .or(col("z").is_infinite())
            .xor(col("z").is_finite()),
    );
    check_expr(col("k").is_in(["a", "日本"], false));
    check_expr(col("x").is_in(vec![1_i64, 7], false));
    check_expr(col("x").is_between(3, 7, ClosedInterval::Left));
    check_expr(col("y").fill_null(0.0).fill_nan(-1.0));
    check_expr(
        when(col("x").gt(6))
            .then(lit("high"))
            .when(col("x").gt(3))
            .then(lit("mid"))
            .otherwise(lit("low")),
    );
    check_expr(col("x").cast(DataType::String));
    check_expr(col("y").cast(DataType::Int32));
}

#[test]
fn order_matters() {
    check_expr(col("x").cum_sum(false));
    check_expr(col("x").cum_max(true) - col("x").cum_min(false) + col("y").cum_count(false));
    check_expr(col("x").shift(-1));
    check_expr(col("x").diff(2, NullBehavior::Ignore));
    check_expr(col("x").rolling_mean(RollingOptionsFixedWindow::new(3)));
    check_expr(col("z").rolling_sum(RollingOptionsFixedWindow {
        min_periods: 1,
        center: true,
        ..RollingOptionsFixedWindow::new(3)
    }));
    check_expr(col("x").reverse());
    check_expr(col("x").sum().over(["k"]));
    check_expr(col("x").sort(SortMultipleOptions::default()));
    check_expr(col("k").is_duplicated());
    check_expr(col("k").is_first_distinct());
    check(
        |frame| frame.select([col("k").unique_stable()]),
        |frame| frame.select([pl::col("k").unique_stable()]),
    );
    check(
        |frame| frame.select([lit(1).alias("one")]),
        |frame| frame.select([pl::lit(1).alias("one")]),
    );
}

#[test]
fn strings() {
    let k = || col("k").str();
    check_expr(k().to_uppercase());
    check_expr(k().to_lowercase());
    check_expr(k().contains(lit("^[ab]$"), true));
    check_expr(k().contains_literal(lit("本")));
    check_expr(k().starts_with(lit("日")));
    check_expr(k().ends_with(lit("a")));
    check_expr(k().len_chars() + k().len_bytes());
    check_expr(k().replace(lit("a"), lit("A"), true));
    check_expr(k().replace_all(lit("[bc]"), lit("x"), false));
    check_expr(k().strip_chars(lit("ab")));
    check_expr(k().strip_prefix(lit("日")));
    check_expr(k().strip_suffix(lit("本")));
    check_expr(k().slice(-1, 1));
    check_expr(k().head(1));
    check_expr(k().tail(1));
    check_expr(k().extract(lit("(.)"), 1));
    check_expr(k().count_matches(lit("a"), true));
    check_expr(k().split(lit("")));
}

#[test]
fn dates() {
    let d = || col("d").dt();
    check_expr(d().year());
    check_expr(d().month().cast(DataType::Int32) * 100 + d().day());
    check_expr(d().weekday() + d().quarter());
    check_expr(d().week());
    check_expr(d().ordinal_day());
    check_expr(d().iso_year());
    check_expr(d().is_leap_year());
    check_expr(d().truncate(lit("1mo")));
    check_expr(d().strftime("%d.%m.%Y"));
    check_expr((col("d") - col("d").min()).dt().total_days(false));
    check_expr(d().strftime("%Y/%m/%d").str().to_date(StrptimeOptions {
        format: Some("%Y/%m/%d".into()),
        ..Default::default()
    }));
    check_expr(
        d().strftime("%Y-%m-%d")
            .str()
            .to_date(StrptimeOptions::default()),
    );
    check_expr(
        col("d")
            .cast(DataType::Datetime(TimeUnit::Milliseconds, None))
            .dt()
            .hour(),
    );
    check_expr(
        col("d")
            .cast(DataType::Datetime(TimeUnit::Microseconds, None))
            .dt()
            .timestamp(TimeUnit::Milliseconds),
    );
}

#[test]
fn columns() {
    check(
        |frame| frame.select(["x", "k"]),
        |frame| frame.select([pl::col("x"), pl::col("k")]),
    );
    check(
        |frame| frame.select(all()),
        |frame| frame.select([pl::all().as_expr()]),
    );
    check(
        |frame| frame.select([col("^[xyz]$")]),
        |frame| frame.select([pl::col("^[xyz]$")]),
    );
    check(
        |frame| frame.drop(["x", "d"]),
        |frame| frame.drop(pl::by_name(["x", "d"], true, false)),
    );
    check(
        |frame| frame.rename(["x", "y"], ["y", "x"]),
        |frame| frame.rename(["x", "y"], ["y", "x"], true),
    );
    check(|frame| frame.drop_nulls(), |frame| frame.drop_nulls(None));
    check(
        |frame| frame.drop_nulls_in(["y", "b"]),
        |frame| frame.drop_nulls(Some(pl::by_name(["y", "b"], true, false))),
    );
}

#[test]
fn sorted() {
    let check = |by: &[&str], descending: &[bool], nulls_last: bool| {
        let by: Vec<&str> = by.to_vec();
        check(
            |frame| {
                let options = SortMultipleOptions::default()
                    .with_order_descending_multi(descending.iter().copied())
                    .with_nulls_last(nulls_last);
                frame.sort(by.clone(), options)
            },
            |frame| {
                let options = pl::SortMultipleOptions::default()
                    .with_order_descending_multi(descending.iter().copied())
                    .with_nulls_last(nulls_last)
                    .with_maintain_order(true);
                frame.sort(by.clone(), options)
            },
        );
    };
    check(&["k"], &[false], false);
    check(&["y"], &[true], true);
    check(&["y"], &[false], false);
    check(&["k", "x"], &[false, true], true);
    check(&["g", "b", "y"], &[true], false);
}

#[test]
fn ends() {
    for n in [0, 1, 4, 5, 12, 100] {
        check(|frame| frame.head(n), |frame| frame.limit(n as u32));
        check(|frame| frame.tail(n), |frame| frame.tail(n as u32));
        check(
            |frame| frame.filter(col("g").eq(1)).head(n),
            |frame| frame.filter(pl::col("g").eq(pl::lit(1))).limit(n as u32),
        );
    }
    check(
        |frame| frame.head(5).tail(2).select(["x"]),
        |frame| frame.limit(5).tail(2).select([pl::col("x")]),
    );
}

#[test]
fn distinct() {
    for (keep, raw) in [
        (UniqueKeepStrategy::First, pl::UniqueKeepStrategy::First),
        (UniqueKeepStrategy::Any, pl::UniqueKeepStrategy::First),
        (UniqueKeepStrategy::Last, pl::UniqueKeepStrategy::Last),
        (UniqueKeepStrategy::None, pl::UniqueKeepStrategy::None),
    ] {
        check(
            |frame| frame.unique_by(["k", "g"], keep),
            |frame| frame.unique_stable(Some(pl::by_name(["k", "g"], true, false)), raw),
        );
        check(
            |frame| frame.select(["k"]).unique(keep),
            |frame| frame.select([pl::col("k")]).unique_stable(None, raw),
        );
    }
}

#[test]
fn other_partitions_are_the_same_rows() {
    install();
    for n in [1, 2, 5, 9] {
        for new in [1, 2, 3, 4, 9, 30] {
            let frame = partitions(&table(), n).repartition(new);
            assert_eq!(frame.npartitions().unwrap(), new);
            super::assert_same(polars_frame(&frame.compute().unwrap()), &table(), n);
        }
    }
}

#[test]
fn one_after_the_other() {
    check(
        |frame| concat(&[frame.clone(), frame.filter(col("x").gt(5)), frame.head(2)]),
        |frame| {
            let parts = [
                frame.clone(),
                frame.clone().filter(pl::col("x").gt(pl::lit(5))),
                frame.limit(2),
            ];
            pl::concat(parts, pl::UnionArgs::default()).unwrap()
        },
    );
}

#[test]
fn joined() {
    let other = pl::df!(
        "k" => [Some("a"), Some("é"), Some("a"), None, Some("zz")],
        "g" => [1_i64, 3, 2, 2, 1],
        "x" => [100_i64, 200, 300, 400, 500],
        "w" => [Some(1.0), None, Some(3.0), Some(4.0), Some(5.0)],
    )
    .unwrap();
    let kinds = [
        (
            JoinType::Inner,
            pl::JoinType::Inner,
            pl::MaintainOrderJoin::LeftRight,
        ),
        (
            JoinType::Left,
            pl::JoinType::Left,
            pl::MaintainOrderJoin::LeftRight,
        ),
        (
            JoinType::Right,
            pl::JoinType::Right,
            pl::MaintainOrderJoin::RightLeft,
        ),
        (
            JoinType::Full,
            pl::JoinType::Full,
            pl::MaintainOrderJoin::LeftRight,
        ),
        (
            JoinType::Semi,
            pl::JoinType::Semi,
            pl::MaintainOrderJoin::LeftRight,
        ),
        (
            JoinType::Anti,
            pl::JoinType::Anti,
            pl::MaintainOrderJoin::LeftRight,
        ),
    ];
    for (how, raw, order) in kinds {
        for on in [vec!["k"], vec!["k", "g"]] {
            for n_other in [1, 3] {
                check_of_known_size(
                    |frame| frame.join(&partitions(&other, n_other), on.clone(), on.clone(), how),
                    |frame| {
                        let on: Vec<pl::Expr> = on.iter().map(|name| pl::col(*name)).collect();
                        let join = frame.join_builder().with(other.clone().lazy());
                        join.left_on(&on)
                            .right_on(&on)
                            .how(raw.clone())
                            .maintain_order(order)
                            .finish()
                    },
                );
            }
        }
    }
    let two = other.head(Some(2)).select(["w"]).unwrap();
    check(
        |frame| {
            frame.select(["x"]).join(
                &partitions(&two, 2),
                [] as [&str; 0],
                [] as [&str; 0],
                JoinType::Cross,
            )
        },
        |frame| {
            frame
                .select([pl::col("x")])
                .cross_join(two.clone().lazy(), None)
        },
    );
}

#[test]
fn one_frame_used_twice() {
    check(
        |frame| {
            let some = frame
                .filter(col("x").gt(2))
                .with_columns([(col("x") * 2).alias("x2")]);
            some.join(
                &some.group_by("k").agg([col("x2").sum().alias("total")]),
                ["k"],
                ["k"],
                JoinType::Left,
            )
        },
        |frame| {
            let some = frame
                .filter(pl::col("x").gt(pl::lit(2)))
                .with_columns([(pl::col("x") * pl::lit(2)).alias("x2")]);
            let totals = some
                .clone()
                .group_by_stable([pl::col("k")])
                .agg([pl::col("x2").sum().alias("total")]);
            let join = some.join_builder().with(totals).how(pl::JoinType::Left);
            join.on([pl::col("k")])
                .maintain_order(pl::MaintainOrderJoin::LeftRight)
                .finish()
        },
    );
}

#[test]
fn what_is_used_twice_is_computed_once() {
    install();
    let frame = partitions(&table(), 4);
    let shared = frame.filter(col("x").gt(2));
    let outputs = [
        shared.select([col("x").sum()]),
        shared.group_by("k").agg([col("x").mean()]),
    ];
    let outputs = outputs.map(dagbok::engine::Collection::Frame);
    let plan = dagbok_engine::planner::plan(&outputs).unwrap();
    let filters = plan
        .graph
        .layers()
        .filter(|(_, layer)| layer.name == *shared.name());
    assert_eq!(filters.count(), 1);
    let alone = dagbok_engine::planner::plan(&outputs[..1]).unwrap();
    assert!(
        alone
            .graph
            .layers()
            .all(|(_, layer)| layer.name != *shared.name()),
        "it is fused into what uses it"
    );
}

#[test]
fn ten_thousand_operations() {
    install();
    let long = |step: &dyn Fn(Frame) -> Frame| {
        let start = partitions(&pl::df!("x" => [1_i64, 2]).unwrap(), 2);
        (0..10_000).fold(start, |frame, _| step(frame))
    };
    let found = long(&|frame| frame.with_columns([col("x") + 1]))
        .compute()
        .unwrap();
    check_on(polars_frame(&found), &|frame| frame, &|_| {
        pl::df!("x" => [10_001_i64, 10_002]).unwrap().lazy()
    });
    assert_eq!(long(&|frame| frame.head(2)).compute().unwrap().height(), 2);
}

#[test]
fn equal_tables_are_one_frame() {
    install();
    let name = |table: &pl::DataFrame| *from_polars(table.clone()).lazy().name();
    let whole = table();
    assert_eq!(name(&whole), name(&table()));
    assert_eq!(name(&whole.head(Some(3))), name(&table().head(Some(3))));
    assert_eq!(name(&whole.clear()), name(&table().clear()));
    assert_eq!(name(&pl::DataFrame::empty()), name(&pl::DataFrame::empty()));
    let with = |column: pl::Series| {
        let mut other = whole.clone();
        other.with_column(column.into()).unwrap();
        other
    };
    let x = || whole.column("x").unwrap().as_materialized_series().clone();
    let y = || whole.column("y").unwrap().f64().unwrap().clone();
    let others = [
        whole.head(Some(3)),
        whole.tail(Some(3)),
        whole.clear(),
        whole.reverse(),
        whole.drop("x").unwrap(),
        with(x() * 2),
        with(x().cast(&pl::DataType::Int32).unwrap()),
        with(x().with_name("other".into())),
        with(y().shift(1).into()),
        with((y() * -1.0).into()),
    ];
    let mut names: Vec<Name> = others.iter().map(name).chain([name(&whole)]).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), others.len() + 1);
    let zero = |zero: f64| name(&pl::df!("x" => [zero]).unwrap());
    assert_ne!(zero(0.0), zero(-0.0));
    let large = pl::df!("x" => vec![0_i64; 1 << 16], "y" => vec![0_i64; 1 << 16]).unwrap();
    assert_ne!(name(&large), name(&large));
}
