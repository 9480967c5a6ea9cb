//! What each operation of a frame means, as polars does it on whole tables.

use std::collections::BTreeSet;

use dagbok::frame::{DataFrame, FrameOp, JoinType, UniqueKeepStrategy};
use dagbok::{Error, ErrorKind, Result};
use polars::prelude as pl;

use super::expr::sort_options;
use super::{Converter, from_polars, from_polars_error, needed_columns};
use crate::threads;

/// The operation on whole tables, lazily.
///
/// # Errors
/// [`ErrorKind::Column`] for a name that no input has.
pub(crate) fn apply(op: &FrameOp, inputs: Vec<pl::LazyFrame>) -> Result<pl::LazyFrame> {
    apply_with(op, inputs, &Converter::default())
}

/// The operation, with some parts of its expressions replaced.
pub(crate) fn apply_with(
    op: &FrameOp,
    mut inputs: Vec<pl::LazyFrame>,
    converter: &Converter,
) -> Result<pl::LazyFrame> {
    check_columns(op, &mut inputs)?;
    if let FrameOp::Concat = op {
        return concat(inputs);
    }
    let other = inputs.get(1).cloned();
    let frame = inputs.swap_remove(0);
    Ok(match op {
        FrameOp::Filter(predicate) => frame.filter(converter.convert(predicate)?),
        FrameOp::Select(exprs) => frame.select(converter.all(exprs)?),
        FrameOp::WithColumns(exprs) => frame.with_columns(converter.all(exprs)?),
        FrameOp::Drop(columns) => frame.drop(named(columns)),
        FrameOp::Rename { existing, new } => frame.rename(existing, new, true),
        FrameOp::DropNulls(subset) => frame.drop_nulls(subset.as_deref().map(named)),
        FrameOp::GroupBy { keys, aggs } => frame
            .group_by_stable(group_keys(converter.all(keys)?))
            .agg(converter.all(aggs)?),
        FrameOp::Join {
            left_on,
            right_on,
            how,
        } => join(
            frame,
            other.ok_or_else(|| Error::new(ErrorKind::Value, "a join takes two frames"))?,
            converter.all(left_on)?,
            converter.all(right_on)?,
            *how,
        )?,
        FrameOp::Sort { by, options } => {
            let n = by.len();
            for (what, flags) in [
                ("descending", &options.descending),
                ("nulls_last", &options.nulls_last),
            ] {
                if !matches!(flags.len(), 0 | 1) && flags.len() != n {
                    return Err(Error::new(
                        ErrorKind::Value,
                        format!(
                            "`sort` by {n} columns got {} values of `{what}`",
                            flags.len()
                        ),
                    ));
                }
            }
            frame.sort_by_exprs(converter.all(by)?, sort_options(options))
        }
        FrameOp::Head(n) => frame.limit(row_count(*n)),
        FrameOp::Tail(n) => frame.tail(row_count(*n)),
        FrameOp::Unique { subset, keep } => {
            let keep = match keep {
                UniqueKeepStrategy::First | UniqueKeepStrategy::Any => {
                    pl::UniqueKeepStrategy::First
                }
                UniqueKeepStrategy::Last => pl::UniqueKeepStrategy::Last,
                UniqueKeepStrategy::None => pl::UniqueKeepStrategy::None,
            };
            frame.unique_stable(subset.as_deref().map(named), keep)
        }
        FrameOp::Repartition(_) | FrameOp::GetPartition(_) => frame,
        FrameOp::Map(map) => {
            let table = frame.collect().map_err(from_polars_error)?;
            let mapped = map(from_polars(table))?;
            pl::IntoLazy::lazy(super::polars_frame(&mapped).clone())
        }
        FrameOp::Read(_) | FrameOp::Partitions(_) | FrameOp::Delayed(_) | FrameOp::Concat => {
            unreachable!("`{}` takes no single frame", op.operation())
        }
    })
}

/// All rows of `inputs`, one frame after the other.
///
/// # Errors
/// [`ErrorKind::Column`] if their columns differ.
pub(crate) fn concat(mut inputs: Vec<pl::LazyFrame>) -> Result<pl::LazyFrame> {
    let first = inputs[0].collect_schema().map_err(from_polars_error)?;
    for (input_idx, input) in inputs.iter_mut().enumerate().skip(1) {
        let schema = input.collect_schema().map_err(from_polars_error)?;
        if schema != first {
            return Err(Error::new(
                ErrorKind::Column,
                format!(
                    "cannot put frames with columns ({}) and ({}) one after the other (0 and {input_idx})",
                    columns_text(&first),
                    columns_text(&schema)
                ),
            ));
        }
    }
    pl::concat(inputs, pl::UnionArgs::default()).map_err(from_polars_error)
}

/// Keys of a group-by. Polars groups by few plain columns on threads of its own, which not every thread may have: there they are no
/// plain columns, but the same values.
pub(super) fn group_keys(keys: Vec<pl::Expr>) -> Vec<pl::Expr> {
    if !threads::is_alone() {
        return keys;
    }
    let same = |key: pl::Expr| key.map(Ok, |_, field| Ok(field.clone()));
    keys.into_iter().map(same).collect()
}

/// Names and types: `a: i64, b: str`.
pub(crate) fn columns_text(schema: &pl::Schema) -> String {
    let columns: Vec<String> = schema
        .iter()
        .map(|(name, dtype)| format!("{name}: {}", super::from_polars_dtype(dtype)))
        .collect();
    columns.join(", ")
}

fn join(
    left: pl::LazyFrame,
    right: pl::LazyFrame,
    left_on: Vec<pl::Expr>,
    right_on: Vec<pl::Expr>,
    how: JoinType,
) -> Result<pl::LazyFrame> {
    let (n_left, n_right) = (left_on.len(), right_on.len());
    if (how == JoinType::Cross) != (n_left + n_right == 0) || n_left != n_right {
        return Err(Error::new(
            ErrorKind::Value,
            match how {
                JoinType::Cross => {
                    format!("a cross join takes no keys, not {n_left} and {n_right}")
                }
                how => format!(
                    "a{} {} join takes as many keys of both frames, not {n_left} and {n_right}",
                    if how == JoinType::Inner || how == JoinType::Anti {
                        "n"
                    } else {
                        ""
                    },
                    how.name()
                ),
            },
        ));
    }
    let order = match how {
        JoinType::Right => pl::MaintainOrderJoin::RightLeft,
        JoinType::Cross => pl::MaintainOrderJoin::None,
        _ => pl::MaintainOrderJoin::LeftRight,
    };
    let how = match how {
        JoinType::Inner => pl::JoinType::Inner,
        JoinType::Left => pl::JoinType::Left,
        JoinType::Right => pl::JoinType::Right,
        JoinType::Full => pl::JoinType::Full,
        JoinType::Semi => pl::JoinType::Semi,
        JoinType::Anti => pl::JoinType::Anti,
        JoinType::Cross => return Ok(left.cross_join(right, None)),
    };
    Ok(left
        .join_builder()
        .with(right)
        .left_on(left_on)
        .right_on(right_on)
        .how(how)
        .maintain_order(order)
        .finish())
}

fn check_columns(op: &FrameOp, inputs: &mut [pl::LazyFrame]) -> Result<()> {
    let named_columns = |names: &[String]| names.iter().cloned().collect::<BTreeSet<_>>();
    let by_input: Vec<BTreeSet<String>> = match op {
        FrameOp::Join {
            left_on, right_on, ..
        } => vec![
            needed_columns(left_on).unwrap_or_default(),
            needed_columns(right_on).unwrap_or_default(),
        ],
        FrameOp::Drop(columns) => vec![named_columns(columns)],
        FrameOp::Rename { existing, .. } => vec![named_columns(existing)],
        FrameOp::DropNulls(Some(subset))
        | FrameOp::Unique {
            subset: Some(subset),
            ..
        } => vec![named_columns(subset)],
        op => vec![needed_columns(op.exprs()).unwrap_or_default()],
    };
    for (input, needed) in inputs.iter_mut().zip(by_input) {
        if needed.is_empty() {
            continue;
        }
        let schema = input.collect_schema().map_err(from_polars_error)?;
        if let Some(missing) = needed.iter().find(|name| !schema.contains(name)) {
            let empty: DataFrame = from_polars(pl::DataFrame::empty_with_schema(&schema));
            empty.schema().position(missing)?;
        }
    }
    Ok(())
}

fn named(columns: &[String]) -> pl::Selector {
    pl::by_name(columns.iter().map(String::as_str), true, false)
}

fn row_count(n: usize) -> pl::IdxSize {
    pl::IdxSize::try_from(n).unwrap_or(pl::IdxSize::MAX)
}
