//! What expressions look at: one row, all rows, or none.

use std::collections::{BTreeSet, HashSet};

use dagbok::frame::{Expr, ExprOp, Function, Literal, StringFunction};

/// What the values of an expression depend on, which decides whether partitions can be computed on their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// A constant: the same value for any table.
    Constant,
    /// One value a row, made of that row and constants alone.
    Row,
    /// One value for the whole table.
    Aggregate,
    /// One value a row, made of that row and of aggregates.
    RowAndAggregate,
    /// Anything else: the order of rows, their neighbours, or another number of values matter.
    Whole,
}

/// The class of `expr`.
pub(crate) fn classify(expr: &Expr) -> Class {
    let inputs = expr.inputs();
    match expr.op() {
        ExprOp::Column(_) | ExprOp::All => Class::Row,
        ExprOp::Literal(Literal::Values(_)) => Class::Whole,
        ExprOp::Literal(_) => Class::Constant,
        ExprOp::Len => Class::Aggregate,
        ExprOp::Agg(_) if aggregates_rows(&inputs[0]) => {
            let constant = inputs[1..]
                .iter()
                .all(|input| classify(input) == Class::Constant);
            if constant {
                Class::Aggregate
            } else {
                Class::Whole
            }
        }
        ExprOp::Agg(_) | ExprOp::Filter | ExprOp::Over | ExprOp::SortBy(_) | ExprOp::Opaque(_) => {
            Class::Whole
        }
        ExprOp::Binary(_) | ExprOp::Alias(_) | ExprOp::Cast { .. } | ExprOp::Ternary => {
            joint(inputs)
        }
        ExprOp::Function(Function::IsIn { .. }) => joint(&inputs[..1]),
        ExprOp::Function(function) if is_elementwise(function) => joint(inputs),
        ExprOp::Function(_) => Class::Whole,
    }
}

/// Whether an aggregation of `input` takes one value a row, or those of some rows.
fn aggregates_rows(input: &Expr) -> bool {
    match input.op() {
        ExprOp::Filter => input
            .inputs()
            .iter()
            .all(|part| classify(part) == Class::Row),
        _ => classify(input) == Class::Row,
    }
}

fn joint(inputs: &[Expr]) -> Class {
    inputs
        .iter()
        .map(classify)
        .fold(Class::Constant, |left, right| match (left, right) {
            (Class::Whole, _) | (_, Class::Whole) => Class::Whole,
            (Class::Constant, other) | (other, Class::Constant) => other,
            (left, right) if left == right => left,
            _ => Class::RowAndAggregate,
        })
}

fn is_elementwise(function: &Function) -> bool {
    match function {
        Function::Shift
        | Function::Diff(_)
        | Function::CumSum { .. }
        | Function::CumProd { .. }
        | Function::CumMin { .. }
        | Function::CumMax { .. }
        | Function::CumCount { .. }
        | Function::RollingMean(_)
        | Function::RollingSum(_)
        | Function::RollingMin(_)
        | Function::RollingMax(_)
        | Function::RollingStd(_)
        | Function::Reverse
        | Function::Unique
        | Function::UniqueStable
        | Function::DropNulls
        | Function::DropNans
        | Function::IsDuplicated
        | Function::IsUnique
        | Function::IsFirstDistinct
        | Function::Slice => false,
        // Without a format it is found out from the values, of which a partition has others.
        Function::Str(
            StringFunction::ToDate(options)
            | StringFunction::ToTime(options)
            | StringFunction::ToDatetime(_, _, options),
        ) => options.format.is_some(),
        _ => true,
    }
}

/// The largest parts of `exprs` that are aggregates, each once.
pub(crate) fn aggregates(exprs: &[Expr]) -> Vec<Expr> {
    let mut found = Vec::new();
    let mut seen = HashSet::new();
    let mut stack: Vec<&Expr> = exprs.iter().rev().collect();
    while let Some(expr) = stack.pop() {
        if !seen.insert(expr.token()) {
            continue;
        }
        match expr.op() {
            ExprOp::Agg(_) | ExprOp::Len => found.push(expr.clone()),
            _ => stack.extend(expr.inputs().iter().rev()),
        }
    }
    found
}

/// The columns that `exprs` name, or `None` if it cannot be told, as of patterns.
pub(crate) fn needed_columns<'a>(
    exprs: impl IntoIterator<Item = &'a Expr>,
) -> Option<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    let mut seen = HashSet::new();
    let mut stack: Vec<&Expr> = exprs.into_iter().collect();
    while let Some(expr) = stack.pop() {
        if !seen.insert(expr.token()) {
            continue;
        }
        match expr.op() {
            ExprOp::All | ExprOp::Opaque(_) => return None,
            ExprOp::Column(name) if is_pattern(name) => return None,
            ExprOp::Column(name) => {
                names.insert(name.clone());
            }
            _ => stack.extend(expr.inputs()),
        }
    }
    Some(names)
}

/// Whether polars takes the name for a regular expression.
pub(crate) fn is_pattern(name: &str) -> bool {
    name.starts_with('^') && name.ends_with('$')
}

#[cfg(test)]
mod tests {
    use dagbok::frame::{StrptimeOptions, all, col, len, lit, when};

    use super::*;

    #[test]
    fn classes() {
        let check = |expr: Expr, class: Class| assert_eq!(classify(&expr), class, "{expr}");
        check(lit(1), Class::Constant);
        check(lit(1) + 2, Class::Constant);
        check(col("a") + 1, Class::Row);
        check(all().is_null(), Class::Row);
        check(col("a").is_in([1, 2], false), Class::Row);
        check(col("a").sum() / 2, Class::Aggregate);
        check(col("a").filter(col("b").gt(1)).sum(), Class::Aggregate);
        check(len(), Class::Aggregate);
        check(col("a") - col("a").mean(), Class::RowAndAggregate);
        check(
            when(col("a").gt(len())).then(1).otherwise(2),
            Class::RowAndAggregate,
        );
        check(col("a").sum().sum(), Class::Whole);
        check(
            col("a").filter(col("a").gt(col("a").mean())).sum(),
            Class::Whole,
        );
        check(col("a").filter(col("b")), Class::Whole);
        check(col("a").cum_sum(false) + 1, Class::Whole);
        check(col("a").sum().over(["k"]), Class::Whole);
        check(col("a") + lit([1, 2]), Class::Whole);
        check(col("a").quantile(0.5, Default::default()), Class::Aggregate);
        check(
            col("a").str().to_date(StrptimeOptions::default()),
            Class::Whole,
        );
    }
}
