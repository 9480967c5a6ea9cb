//! Aggregations in three steps: on each partition, on what several partitions gave, and at the end.
//!
//! `col("x").mean()` is a sum and a count on each partition, their sums over partitions, and a quotient at the end. The
//! variance is combined as in Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for computing sample
//! variances" (1979).

use std::collections::HashMap;

use dagbok::Result;
use dagbok::frame::{Agg, DataType, Expr, ExprOp, FrameOp, Literal, all, col, lit, when};
use polars::prelude as pl;
use polars::prelude::IntoLazy;

use super::apply::group_keys;
use super::{
    Class, Converter, aggregates, apply, classify, collect, concat, from_polars_dtype,
    from_polars_error, is_pattern,
};

/// An aggregation in three steps, with or without keys.
pub(crate) struct Reduction {
    n_keys: usize,
    keys: Vec<pl::Expr>,
    chunk: Vec<pl::Expr>,
    combine: Vec<pl::Expr>,
    finish: Vec<pl::Expr>,
}

impl Reduction {
    /// What is kept of one partition.
    pub(crate) fn chunk(&self, partition: pl::LazyFrame) -> pl::LazyFrame {
        self.grouped(partition, &self.keys, &self.chunk)
    }

    /// What is kept of several partitions.
    pub(crate) fn combine(&self, kept: Vec<pl::DataFrame>) -> Result<pl::LazyFrame> {
        let kept = concat(kept.into_iter().map(IntoLazy::lazy).collect())?;
        let keys: Vec<pl::Expr> = (0..self.n_keys).map(|idx| pl::col(key_name(idx))).collect();
        Ok(self.grouped(kept, &keys, &self.combine))
    }

    /// The result, of what is kept of all partitions.
    pub(crate) fn finish(&self, kept: pl::LazyFrame) -> pl::LazyFrame {
        kept.select(self.finish.clone())
    }

    fn grouped(&self, frame: pl::LazyFrame, keys: &[pl::Expr], aggs: &[pl::Expr]) -> pl::LazyFrame {
        match self.n_keys {
            0 => frame.select(aggs),
            _ => frame.group_by_stable(group_keys(keys.to_vec())).agg(aggs),
        }
    }
}

/// The aggregation `op` of a frame with the columns of `empty` in three steps, or `None` if it must see all rows at
/// once. It has the columns that polars gives for the whole.
pub(crate) fn reduction(op: &FrameOp, empty: &pl::DataFrame) -> Result<Option<Reduction>> {
    let (keys, aggs): (&[Expr], &[Expr]) = match op {
        FrameOp::GroupBy { keys, aggs } => (keys, aggs),
        FrameOp::Select(aggs) => (&[], aggs),
        _ => return Ok(None),
    };
    let expected = apply(op, vec![empty.clone().lazy()])?
        .collect_schema()
        .map_err(from_polars_error)?;
    let Some(keys) = expand(keys, empty, &[]) else {
        return Ok(None);
    };
    let Some(aggs) = expand(aggs, empty, &keys) else {
        return Ok(None);
    };
    let decomposable = keys.iter().all(|key| classify(key) == Class::Row)
        && !aggs.is_empty()
        && aggs.iter().all(|agg| classify(agg) == Class::Aggregate);
    if !decomposable || expected.len() != keys.len() + aggs.len() {
        return Ok(None);
    }
    let names: Vec<&str> = expected.iter_names().map(|name| name.as_str()).collect();
    let Some(reduction) = decompose(&keys, &aggs, &names, empty)? else {
        return Ok(None);
    };
    // Where a step changed a type, the whole is right and the steps are not taken.
    let same = collect(reduction.chunk(empty.clone().lazy()))
        .and_then(|kept| reduction.combine(vec![kept]))
        .and_then(|kept| {
            reduction
                .finish(kept)
                .collect_schema()
                .map_err(from_polars_error)
        })
        .is_ok_and(|schema| schema == expected);
    Ok(same.then_some(reduction))
}

fn decompose(
    keys: &[Expr],
    aggs: &[Expr],
    names: &[&str],
    empty: &pl::DataFrame,
) -> Result<Option<Reduction>> {
    let mut states = States::default();
    let mut finals = HashMap::new();
    for leaf in aggregates(aggs) {
        match states.add(&leaf, empty)? {
            Some(value) => finals.insert(leaf.token(), value),
            None => return Ok(None),
        };
    }
    let converter = Converter::default();
    let key_aliases = |names: &dyn Fn(usize) -> Expr| -> Result<Vec<pl::Expr>> {
        (0..keys.len())
            .map(|idx| converter.convert(&names(idx)))
            .collect()
    };
    let mut finish = key_aliases(&|idx| col(key_name(idx)).alias(names[idx]))?;
    for (agg, name) in aggs.iter().zip(&names[keys.len()..]) {
        finish.push(converter.convert(&replace(agg, &finals).alias(*name))?);
    }
    Ok(Some(Reduction {
        n_keys: keys.len(),
        keys: key_aliases(&|idx| keys[idx].clone().alias(key_name(idx)))?,
        chunk: converter.all(&states.chunk)?,
        combine: converter.all(&states.combine)?,
        finish,
    }))
}

fn key_name(key_idx: usize) -> String {
    format!("key {key_idx}")
}

/// What is kept of each partition; equal states are kept once.
#[derive(Default)]
struct States {
    chunk: Vec<Expr>,
    combine: Vec<Expr>,
    names: HashMap<(u64, &'static str), String>,
}

impl States {
    /// The final value of the aggregation `leaf`, over columns that the states are kept in.
    fn add(&mut self, leaf: &Expr, empty: &pl::DataFrame) -> Result<Option<Expr>> {
        let ExprOp::Agg(agg) = leaf.op() else {
            return Ok(Some(self.added_up(leaf, "len", leaf.clone())));
        };
        let input = &leaf.inputs()[0];
        let dtype = dtype_of(input, empty)?;
        let number = dtype.is_numeric();
        let plain = number || dtype == DataType::Boolean;
        let ordered = plain || dtype == DataType::String || dtype.is_temporal();
        Ok(match agg {
            Agg::Sum if plain || matches!(dtype, DataType::Duration(_)) => {
                Some(self.added_up(input, "sum", input.clone().sum()))
            }
            Agg::Product if number => {
                Some(self.keep(input, "product", input.clone().product(), Expr::product))
            }
            Agg::Min if ordered => Some(self.keep(input, "min", input.clone().min(), Expr::min)),
            Agg::Max if ordered => Some(self.keep(input, "max", input.clone().max(), Expr::max)),
            Agg::Count => Some(self.added_up(input, "count", input.clone().count())),
            Agg::Len => Some(self.added_up(input, "len", input.clone().len())),
            Agg::NullCount => Some(self.added_up(input, "null_count", input.clone().null_count())),
            Agg::Any { ignore_nulls } if dtype == DataType::Boolean => {
                let ignore_nulls = *ignore_nulls;
                let name = if ignore_nulls { "any" } else { "any or null" };
                let chunk = input.clone().any(ignore_nulls);
                Some(self.keep(input, name, chunk, move |kept| kept.any(ignore_nulls)))
            }
            Agg::All { ignore_nulls } if dtype == DataType::Boolean => {
                let ignore_nulls = *ignore_nulls;
                let name = if ignore_nulls { "all" } else { "all or null" };
                let chunk = input.clone().all(ignore_nulls);
                Some(self.keep(input, name, chunk, move |kept| kept.all(ignore_nulls)))
            }
            Agg::First => Some(self.at_end(input, "first", input.clone().first(), Expr::first)),
            Agg::Last => Some(self.at_end(input, "last", input.clone().last(), Expr::last)),
            Agg::Mean if plain => {
                let sum = input.clone().cast(DataType::Float64).sum();
                let sum = self.added_up(input, "float sum", sum);
                let count = self.added_up(input, "count", input.clone().count());
                let mean = when(count.clone().gt(0))
                    .then(sum / count.cast(DataType::Float64))
                    .otherwise(lit(Literal::Null));
                Some(float_of(mean, &dtype))
            }
            Agg::Var(ddof) if number => Some(float_of(self.variance(input, *ddof), &dtype)),
            Agg::Std(ddof) if number => Some(float_of(self.variance(input, *ddof).sqrt(), &dtype)),
            _ => None,
        })
    }

    fn added_up(&mut self, input: &Expr, name: &'static str, chunk: Expr) -> Expr {
        self.keep(input, name, chunk, Expr::sum)
    }

    /// Keeps `chunk` of each partition, several of them combined by `combine`.
    fn keep(
        &mut self,
        input: &Expr,
        name: &'static str,
        chunk: Expr,
        combine: impl FnOnce(Expr) -> Expr,
    ) -> Expr {
        let next = format!("state {}", self.names.len());
        let column = self
            .names
            .entry((input.token(), name))
            .or_insert_with(|| next.clone());
        let kept = col(column.as_str());
        if *column == next {
            self.chunk.push(chunk.alias(next.as_str()));
            self.combine.push(combine(kept.clone()).alias(next));
        }
        kept
    }

    /// Keeps the first or last value, of those partitions that have any.
    fn at_end(
        &mut self,
        input: &Expr,
        name: &'static str,
        chunk: Expr,
        combine: impl FnOnce(Expr) -> Expr,
    ) -> Expr {
        let len = self.added_up(input, "len", input.clone().len());
        self.keep(input, name, chunk, |kept| combine(kept.filter(len.gt(0))))
    }

    /// The variance, of counts, means and sums of squared differences.
    fn variance(&mut self, input: &Expr, ddof: u8) -> Expr {
        let float = |expr: Expr| expr.cast(DataType::Float64);
        let values = float(input.clone());
        let count = self.added_up(input, "count", input.clone().count());
        let n = float(count.clone());
        let null = || lit(Literal::Null);
        let mean_of_all = |mean: Expr| {
            when(n.clone().sum().gt(0))
                .then((mean * n.clone()).sum() / n.clone().sum())
                .otherwise(null())
        };
        let mean = self.keep(input, "mean", values.clone().mean(), |mean| {
            mean_of_all(mean)
        });
        let squares = values.clone().var(0) * float(input.clone().count());
        let squares = self.keep(input, "squares", squares, |squares| {
            let shift = mean.clone() - mean_of_all(mean.clone());
            squares.sum() + (n.clone() * shift.clone() * shift).sum()
        });
        when(count.gt(u32::from(ddof)))
            .then(squares / (n.clone() - f64::from(ddof)))
            .otherwise(null())
    }
}

fn float_of(value: Expr, dtype: &DataType) -> Expr {
    match dtype {
        DataType::Float32 => value.cast(DataType::Float32),
        _ => value,
    }
}

/// The type of `expr` on a table with the columns of `empty`.
fn dtype_of(expr: &Expr, empty: &pl::DataFrame) -> Result<DataType> {
    let values = match expr.op() {
        ExprOp::Filter => &expr.inputs()[0],
        _ => expr,
    };
    let schema = empty
        .clone()
        .lazy()
        .select([Converter::default().convert(values)?])
        .collect_schema()
        .map_err(from_polars_error)?;
    Ok(schema
        .iter_values()
        .next()
        .map_or(DataType::Null, from_polars_dtype))
}

/// `expr` with its aggregations replaced by their final values.
fn replace(expr: &Expr, finals: &HashMap<u64, Expr>) -> Expr {
    match finals.get(&expr.token()) {
        Some(value) => value.clone(),
        None => Expr::new(
            expr.op().clone(),
            expr.inputs()
                .iter()
                .map(|input| replace(input, finals))
                .collect(),
        ),
    }
}

/// One expression for each column that `all()` stands for, those that are `keys` left out; `None` for patterns and for
/// what only polars can look into.
pub(crate) fn expand(exprs: &[Expr], empty: &pl::DataFrame, keys: &[Expr]) -> Option<Vec<Expr>> {
    let every = all().token();
    let mut expanded = Vec::with_capacity(exprs.len());
    for expr in exprs {
        match mentions(expr) {
            Mention::Columns => expanded.push(expr.clone()),
            Mention::All => expanded.extend(
                empty
                    .get_column_names()
                    .into_iter()
                    .filter(|name| !keys.iter().any(|key| is_column(key, name)))
                    .map(|name| replace(expr, &HashMap::from([(every, col(name.as_str()))]))),
            ),
            Mention::Unknown => return None,
        }
    }
    Some(expanded)
}

fn is_column(expr: &Expr, name: &str) -> bool {
    matches!(expr.op(), ExprOp::Column(column) if column == name)
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Mention {
    Columns,
    All,
    Unknown,
}

fn mentions(expr: &Expr) -> Mention {
    match expr.op() {
        ExprOp::All => Mention::All,
        ExprOp::Column(name) if is_pattern(name) => Mention::Unknown,
        ExprOp::Opaque(_) => Mention::Unknown,
        _ => expr
            .inputs()
            .iter()
            .map(mentions)
            .max()
            .unwrap_or(Mention::Columns),
    }
}
