//! The first and the last rows: partitions are asked one after the other, until there are enough.

use std::sync::Arc;

use dagbok::Result;
use dagbok::frame::{Frame, FrameOp};
use polars::prelude as pl;

use super::pipeline::{Pipeline, Sink};
use super::{Planner, add_layer};
use crate::graph::TaskId;
use crate::table::{apply, collect, concat, table_value, task_table};

/// The first `n` rows.
pub(super) fn head(planner: &mut Planner, frame: &Frame, n: usize) -> Result<Vec<TaskId>> {
    let sink: Sink = Arc::new(move |partition, before| {
        let Some(before) = before.first() else {
            return Ok(table_value(collect(apply(
                &FrameOp::Head(n),
                vec![partition()?],
            )?)?));
        };
        let table = task_table(before);
        if table.height() >= n {
            return Ok(before.clone());
        }
        let missing = FrameOp::Head(n - table.height());
        let more = collect(apply(&missing, vec![partition()?])?)?;
        both(table.clone(), more)
    });
    one_after_the_other(planner, frame, false, &sink)
}

/// The last `n` rows.
pub(super) fn tail(planner: &mut Planner, frame: &Frame, n: usize) -> Result<Vec<TaskId>> {
    let sink: Sink = Arc::new(move |partition, after| {
        let Some(after) = after.first() else {
            return Ok(table_value(collect(apply(
                &FrameOp::Tail(n),
                vec![partition()?],
            )?)?));
        };
        let table = task_table(after);
        if table.height() >= n {
            return Ok(after.clone());
        }
        let missing = FrameOp::Tail(n - table.height());
        let more = collect(apply(&missing, vec![partition()?])?)?;
        both(more, table.clone())
    });
    one_after_the_other(planner, frame, true, &sink)
}

fn both(first: pl::DataFrame, second: pl::DataFrame) -> Result<dagbok::Value> {
    let tables = vec![pl::IntoLazy::lazy(first), pl::IntoLazy::lazy(second)];
    Ok(table_value(collect(concat(tables)?)?))
}

fn one_after_the_other(
    planner: &mut Planner,
    frame: &Frame,
    from_end: bool,
    sink: &Sink,
) -> Result<Vec<TaskId>> {
    let node = frame.node().clone();
    let pipeline = Pipeline::up_to(planner, &node.inputs[0])?;
    let layer = add_layer(planner, &node, "", &pipeline);
    let mut last: Option<TaskId> = None;
    for idx in 0..pipeline.len() {
        let idx = if from_end {
            pipeline.len() - 1 - idx
        } else {
            idx
        };
        let further: Vec<TaskId> = last.into_iter().collect();
        last = Some(pipeline.task(planner, layer, idx, &further, sink));
    }
    Ok(last.into_iter().collect())
}
