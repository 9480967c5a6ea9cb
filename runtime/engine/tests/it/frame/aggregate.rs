//! Aggregations: by partition and combined, or gathered, as polars on the whole.

use dagbok::frame::{Expr, QuantileMethod, all, col, len, lit, when};
use dagbok_engine::interop::polars::ToPolars;
use polars::prelude as pl;

use super::{check, check_on};

/// Aggregations of every type of column, by groups of one and of two keys and without keys.
#[track_caller]
fn check_agg(agg: impl Fn(Expr) -> Expr, columns: &[&str]) {
    let without = |keys: &[&str]| -> Vec<Expr> {
        let columns = columns.iter().filter(|name| !keys.contains(name));
        columns.map(|name| agg(col(*name))).collect()
    };
    let polars = |exprs: Vec<Expr>| -> Vec<pl::Expr> {
        exprs.iter().map(|expr| expr.to_polars().unwrap()).collect()
    };
    check(
        |frame| frame.group_by("g").agg(without(&["g"])),
        |frame| {
            frame
                .group_by_stable([pl::col("g")])
                .agg(polars(without(&["g"])))
        },
    );
    check(
        |frame| frame.group_by(["k", "b"]).agg(without(&["k", "b"])),
        |frame| {
            frame
                .group_by_stable([pl::col("k"), pl::col("b")])
                .agg(polars(without(&["k", "b"])))
        },
    );
    check(
        |frame| frame.select(without(&[])),
        |frame| frame.select(polars(without(&[]))),
    );
}

const NUMBERS: &[&str] = &["x", "y", "z", "i"];
const ORDERED: &[&str] = &["x", "y", "z", "i", "b", "k", "d"];

#[test]
fn sum() {
    check_agg(Expr::sum, &["x", "y", "z", "i", "b"]);
}

#[test]
fn mean() {
    check_agg(Expr::mean, &["x", "y", "z", "i", "b", "d"]);
}

#[test]
fn min_and_max() {
    check_agg(Expr::min, ORDERED);
    check_agg(Expr::max, ORDERED);
}

#[test]
fn counts() {
    check_agg(Expr::count, ORDERED);
    check_agg(Expr::len, ORDERED);
    check_agg(Expr::null_count, ORDERED);
    check_agg(Expr::n_unique, ORDERED);
}

#[test]
fn first_and_last() {
    check_agg(Expr::first, ORDERED);
    check_agg(Expr::last, ORDERED);
}

#[test]
fn variance() {
    for ddof in [0, 1, 2] {
        check_agg(|expr| expr.var(ddof), &["x", "y", "i"]);
        check_agg(|expr| expr.std(ddof), &["x", "y", "i"]);
    }
}

#[test]
fn quantiles() {
    check_agg(Expr::median, NUMBERS);
    check_agg(|expr| expr.quantile(0.3, QuantileMethod::Linear), NUMBERS);
}

#[test]
fn others() {
    check_agg(Expr::product, &["x", "y"]);
    check_agg(|expr| expr.any(true), &["b"]);
    check_agg(|expr| expr.any(false), &["b"]);
    check_agg(|expr| expr.all(true), &["b"]);
    check_agg(|expr| expr.all(false), &["b"]);
    check_agg(Expr::arg_max, &["x"]);
}

#[test]
fn of_expressions() {
    check_agg(|x| (x.clone() * x).sum(), &["x", "y"]);
    check_agg(|x| x.sum() / lit(2), &["x", "y"]);
    check_agg(|x| x.clone().max() - x.min(), &["x", "y"]);
    check_agg(
        |x| (x.clone().sum() / x.count()).round(1, Default::default()),
        &["x", "y"],
    );
    check_agg(|x| x.filter(col("g").gt(1)).sum(), &["x", "y"]);
    check_agg(|x| x.filter(col("g").gt(1)).first(), &["x", "k"]);
    check_agg(|x| x.filter(col("g").gt(1)).last(), &["x", "k"]);
    check_agg(|x| x.filter(col("g").gt(9)).mean(), &["x", "y"]);
    check_agg(|x| (x.clone() - x.mean()).pow(2).sum(), &["x", "y"]);
    check_agg(|x| x.is_in([1, 2, 3], false).sum(), &["x"]);
    check_agg(
        |x| {
            when(x.clone().sum().gt(10))
                .then(lit("large"))
                .otherwise(lit("small"))
                .alias("size")
        },
        &["x"],
    );
    check_agg(|x| x.head(Some(2)).sum(), &["x"]);
    check_agg(|x| x.cum_sum(false).max(), &["x"]);
}

#[test]
fn several_at_once() {
    let check = |exprs: &dyn Fn() -> Vec<Expr>| {
        let raw = || -> Vec<pl::Expr> {
            exprs()
                .iter()
                .map(|expr| expr.to_polars().unwrap())
                .collect()
        };
        check(
            |frame| frame.group_by("k").agg(exprs()),
            |frame| frame.group_by_stable([pl::col("k")]).agg(raw()),
        );
    };
    check(&|| vec![col("x").sum(), col("y").mean(), len()]);
    check(&|| {
        vec![
            col("x").mean().alias("m"),
            col("x").std(1).alias("s"),
            col("x").count().alias("n"),
        ]
    });
    check(&|| vec![col("x").sum(), col("y").median()]);
    check(&|| vec![all().max()]);
    check(&|| vec![all().n_unique()]);
    check(&|| vec![col("^[xy]$").sum()]);
    check(&|| vec![len().alias("rows"), (len() * 2).alias("twice")]);
    check(&|| vec![col("x")]);
    check(&|| vec![col("x").sort_by("y", Default::default()).first()]);
}

#[test]
fn keys() {
    check(
        |frame| {
            frame
                .group_by([
                    (col("x") % 2).alias("parity"),
                    col("k").is_null().alias("none"),
                ])
                .agg([len()])
        },
        |frame| {
            let keys = [
                (pl::col("x") % pl::lit(2)).alias("parity"),
                pl::col("k").is_null().alias("none"),
            ];
            frame.group_by_stable(keys).agg([pl::len()])
        },
    );
    check(
        |frame| frame.group_by("y").agg([col("x").sum()]),
        |frame| {
            frame
                .group_by_stable([pl::col("y")])
                .agg([pl::col("x").sum()])
        },
    );
    check(
        |frame| frame.group_by("d").agg([all().count()]),
        |frame| {
            frame
                .group_by_stable([pl::col("d")])
                .agg([pl::all().as_expr().count()])
        },
    );
    check(
        |frame| {
            frame
                .group_by(["k"])
                .agg([col("x").sum()])
                .group_by("x")
                .agg([col("k").count()])
        },
        |frame| {
            let by_k = frame
                .group_by_stable([pl::col("k")])
                .agg([pl::col("x").sum()]);
            by_k.group_by_stable([pl::col("x")])
                .agg([pl::col("k").count()])
        },
    );
    check(
        |frame| frame.group_by(["x", "k"]).agg(Vec::<Expr>::new()),
        |frame| {
            frame
                .group_by_stable([pl::col("x"), pl::col("k")])
                .agg([] as [pl::Expr; 0])
        },
    );
}

#[test]
fn many_partitions_are_combined_in_a_tree() {
    let n = 1000_i64;
    let table = pl::df!("k" => (0..n).map(|i| i * 7 % 13).collect::<Vec<_>>(), "x" => (0..n).collect::<Vec<_>>()).unwrap();
    super::install();
    let frame = super::partitions(&table, 100);
    let query = |frame: dagbok::Frame| {
        frame.group_by("k").agg([
            col("x").sum(),
            col("x").var(1).alias("v"),
            col("x").first().alias("f"),
        ])
    };
    let found = query(frame).compute().unwrap();
    let expected = query(super::partitions(&table, 1)).compute().unwrap();
    super::assert_same(
        dagbok_engine::table::polars_frame(&found),
        dagbok_engine::table::polars_frame(&expected),
        100,
    );
}

#[test]
fn overflow_wraps_as_in_polars() {
    let table = pl::df!("v" => [i64::MAX, 1, 5]).unwrap();
    check_on(&table, &|frame| frame.select([col("v").sum()]), &|frame| {
        frame.select([pl::col("v").sum()])
    });
}

#[test]
fn rows_compared_with_aggregates() {
    check(
        |frame| {
            frame.with_columns([
                (col("x") - col("x").mean()).alias("centred"),
                col("y").max(),
            ])
        },
        |frame| {
            frame.with_columns([
                (pl::col("x") - pl::col("x").mean()).alias("centred"),
                pl::col("y").max(),
            ])
        },
    );
    check(
        |frame| frame.filter(col("x").gt(col("x").median())),
        |frame| frame.filter(pl::col("x").gt(pl::col("x").median())),
    );
    check(
        |frame| frame.select([col("k"), len(), col("x").sum().alias("total")]),
        |frame| frame.select([pl::col("k"), pl::len(), pl::col("x").sum().alias("total")]),
    );
    check(
        |frame| {
            frame
                .select([col("x"), col("y")])
                .with_columns([(all() - all().min()).cast(dagbok::frame::DataType::Float64)])
        },
        |frame| {
            let all = || pl::all().as_expr();
            let shifted = (all() - all().min()).cast(pl::DataType::Float64);
            frame
                .select([pl::col("x"), pl::col("y")])
                .with_columns([shifted])
        },
    );
    check(
        |frame| {
            let frame = frame.with_columns([(col("x") * 2).alias("x")]);
            let frame = frame.filter(col("x").lt_eq(col("x").mean()));
            frame.with_columns([(col("x") - col("x").min()).alias("rest")])
        },
        |frame| {
            let frame = frame.with_columns([(pl::col("x") * pl::lit(2)).alias("x")]);
            let frame = frame.filter(pl::col("x").lt_eq(pl::col("x").mean()));
            frame.with_columns([(pl::col("x") - pl::col("x").min()).alias("rest")])
        },
    );
}
