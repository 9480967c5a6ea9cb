//! Joins: a small frame is given to every partition of the other, two large ones are divided by the hashes of their keys.

use std::sync::Arc;

use dagbok::engine::Collection;
use dagbok::frame::{Expr, Frame, FrameOp, JoinType};
use dagbok::{Result, Value};
use polars::prelude as pl;

use super::parts::Parts;
use super::pipeline::{Pipeline, Sink};
use super::{Planner, add_layer, gather, layer_of};
use crate::graph::NewTask;
use crate::planner::input;
use crate::table::{
    Class, Converter, apply, classify, collect, concat, from_polars_error, hash_dtypes,
    polars_schema, split_by_hash, table_value, task_table,
};

/// Which frame is given as a whole to each partition of the other.
#[derive(Clone, Copy)]
enum Side {
    Left,
    Right,
}

pub(super) fn plan(planner: &mut Planner, frame: &Frame) -> Result<Parts> {
    let node = frame.node().clone();
    let FrameOp::Join {
        left_on,
        right_on,
        how,
    } = &node.op
    else {
        unreachable!("`{}` is not a join", node.op.operation());
    };
    let left = Pipeline::up_to(planner, &node.inputs[0])?;
    let right = Pipeline::up_to(planner, &node.inputs[1])?;
    let bytes_max = planner.frames.broadcast_bytes_max;
    let is_small =
        |side: &Pipeline| side.len() == 1 || side.bytes().is_some_and(|bytes| bytes <= bytes_max);
    match how {
        JoinType::Cross => return broadcast(planner, frame, Side::Right, left),
        JoinType::Full if is_small(&left) && is_small(&right) => {
            return gathered(planner, frame);
        }
        JoinType::Full => {}
        JoinType::Right if is_small(&left) => {
            return broadcast(planner, frame, Side::Left, right);
        }
        JoinType::Right => {}
        _ if is_small(&right) => return broadcast(planner, frame, Side::Right, left),
        _ => {}
    }
    match key_dtypes(&node.inputs, left_on, right_on)? {
        Some(dtypes) => by_hash(planner, frame, [left, right], dtypes),
        None => gathered(planner, frame),
    }
}

fn gathered(planner: &mut Planner, frame: &Frame) -> Result<Parts> {
    let tasks = gather::plan(planner, frame)?;
    Ok(Parts::made(planner, tasks))
}

/// The types in which keys are hashed, or `None` if they cannot be.
fn key_dtypes(
    inputs: &[Frame],
    left_on: &[Expr],
    right_on: &[Expr],
) -> Result<Option<Vec<pl::DataType>>> {
    if left_on
        .iter()
        .chain(right_on)
        .any(|key| classify(key) != Class::Row)
    {
        return Ok(None);
    }
    let dtypes = |frame: &Frame, keys: &[Expr]| -> Result<Vec<pl::DataType>> {
        let empty = pl::DataFrame::empty_with_schema(&*polars_schema(frame)?);
        let keys = key_columns(&empty, keys)?;
        Ok(keys.iter().map(|key| key.dtype().clone()).collect())
    };
    let (left, right) = (dtypes(&inputs[0], left_on)?, dtypes(&inputs[1], right_on)?);
    Ok(hash_dtypes(&left, &right).filter(|dtypes| dtypes.len() == left_on.len()))
}

/// Joins each partition with the whole of the frame on the other `side`.
fn broadcast(
    planner: &mut Planner,
    frame: &Frame,
    side: Side,
    partitions: Pipeline,
) -> Result<Parts> {
    let node = frame.node().clone();
    let whole = match side {
        Side::Left => &node.inputs[0],
        Side::Right => &node.inputs[1],
    };
    let whole = planner.whole(&Collection::Frame(whole.clone()))?;
    let layer = add_layer(planner, &node, "", &partitions);
    let sink: Sink = Arc::new(move |partition, whole| {
        let whole = pl::IntoLazy::lazy(task_table(&whole[0]).clone());
        let inputs = match side {
            Side::Left => vec![whole, partition()?],
            Side::Right => vec![partition()?, whole],
        };
        Ok(table_value(collect(apply(&node.op, inputs)?)?))
    });
    Ok(partitions.parts(move |planner, partitions, idx| {
        partitions.task(planner, layer, idx, &[whole], &sink)
    }))
}

/// Divides both frames by the hashes of their keys and joins the parts that meet.
fn by_hash(
    planner: &mut Planner,
    frame: &Frame,
    sides: [Pipeline; 2],
    dtypes: Vec<pl::DataType>,
) -> Result<Parts> {
    let node = frame.node().clone();
    let FrameOp::Join {
        left_on, right_on, ..
    } = &node.op
    else {
        unreachable!("`{}` is not a join", node.op.operation());
    };
    let n_left = sides[0].len();
    let n = n_left.max(sides[1].len());
    let mut splits = Vec::new();
    for (side, (stage, keys)) in sides.iter().zip([("left", left_on), ("right", right_on)]) {
        let layer = add_layer(planner, &node, stage, side);
        let (keys, dtypes) = (keys.clone(), dtypes.clone());
        let sink: Sink = Arc::new(move |partition, _| {
            let table = collect(partition()?)?;
            let parts = split_by_hash(&table, &key_columns(&table, &keys)?, &dtypes, n)?;
            let bytes = parts.iter().map(pl::DataFrame::estimated_size).sum();
            Ok(Value::with_bytes(parts, bytes))
        });
        splits.extend(side.tasks(planner, layer, &[], &sink));
    }
    let detail = format!("{n} partitions by the hashes of their keys");
    let layer = planner.graph.add_layer(layer_of(&node, "", detail));
    let bytes = sides.iter().map(Pipeline::bytes).sum::<Option<usize>>();
    let bytes = bytes.map_or(0, |bytes| bytes / n);
    Ok(Parts::new(
        vec![bytes; n],
        |_| Vec::new(),
        move |planner, idx| {
            let op = node.op.clone();
            planner.graph.add_task(NewTask {
                layer,
                block: Box::new([idx as u32]),
                inputs: splits.clone().into(),
                run: Arc::new(move |values: &[Value]| {
                    let part = |values: &[Value]| {
                        let parts = values
                            .iter()
                            .map(|value| &input::<Vec<pl::DataFrame>>(value)[idx]);
                        concat(parts.cloned().map(pl::IntoLazy::lazy).collect())
                    };
                    let (left, right) = values.split_at(n_left);
                    let inputs = vec![part(left)?, part(right)?];
                    Ok(table_value(collect(apply(&op, inputs)?)?))
                }),
                bytes,
            })
        },
    ))
}

fn key_columns(table: &pl::DataFrame, keys: &[Expr]) -> Result<Vec<pl::Column>> {
    let mut columns = Vec::with_capacity(keys.len());
    for key in keys {
        let key = pl::IntoLazy::lazy(table.clone())
            .select([Converter::default().convert(key)?])
            .collect()
            .map_err(from_polars_error)?;
        columns.extend(key.columns().iter().cloned());
    }
    Ok(columns)
}
