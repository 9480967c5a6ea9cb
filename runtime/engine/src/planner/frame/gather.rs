//! What must see all rows at once: the columns that it needs are brought together in one task.

use std::sync::Arc;

use dagbok::frame::{Frame, FrameOp};
use dagbok::{Result, Value};
use polars::prelude as pl;

use super::pipeline::{Pipeline, Sink};
use super::{Planner, add_layer, bytes_of, layer_of};
use crate::graph::{NewTask, TaskId};
use crate::table::{apply, collect, concat, needed_columns, table_value, task_table};

/// The operation of `frame` on all rows of its inputs.
pub(super) fn plan(planner: &mut Planner, frame: &Frame) -> Result<Vec<TaskId>> {
    let node = frame.node().clone();
    let mut pipelines = Vec::with_capacity(node.inputs.len());
    for input in &node.inputs {
        pipelines.push(Pipeline::up_to(planner, input)?);
    }
    if let [pipeline] = pipelines.as_slice()
        && pipeline.len() == 1
    {
        return in_one_task(planner, frame, pipeline);
    }
    let sink = collect_needed(&node.op);
    let mut inputs = Vec::new();
    let mut n_inputs = Vec::with_capacity(pipelines.len());
    let stages: &[&str] = match pipelines.len() {
        1 => &["chunk"],
        _ => &["left", "right"],
    };
    for (pipeline, stage) in pipelines.iter().zip(stages) {
        let layer = add_layer(planner, &node, stage, pipeline);
        let tasks = pipeline.tasks(planner, layer, &[], &sink);
        n_inputs.push(tasks.len());
        inputs.extend(tasks);
    }
    let detail = format!("{} partitions to one table", inputs.len());
    let layer = planner.graph.add_layer(layer_of(&node, "", detail));
    let bytes = bytes_of(planner, &inputs);
    Ok(vec![planner.graph.add_task(NewTask {
        layer,
        block: Box::new([0]),
        inputs: inputs.into(),
        run: Arc::new(move |values: &[Value]| {
            let mut tables = values.iter().map(|value| task_table(value).clone());
            let frames = n_inputs
                .iter()
                .map(|n| concat(tables.by_ref().take(*n).map(pl::IntoLazy::lazy).collect()))
                .collect::<Result<Vec<_>>>()?;
            Ok(table_value(collect(apply(&node.op, frames)?)?))
        }),
        bytes,
    })])
}

/// The operation of `frame` in the task of the only partition of its input.
pub(super) fn in_one_task(
    planner: &mut Planner,
    frame: &Frame,
    pipeline: &Pipeline,
) -> Result<Vec<TaskId>> {
    let node = frame.node().clone();
    let layer = add_layer(planner, &node, "", pipeline);
    let sink: Sink = Arc::new(move |partition, _| {
        Ok(table_value(collect(apply(&node.op, vec![partition()?])?)?))
    });
    Ok(pipeline.tasks(planner, layer, &[], &sink))
}

/// Of a partition, the columns that `op` needs.
fn collect_needed(op: &FrameOp) -> Sink {
    let needed = match op {
        FrameOp::GroupBy { .. } | FrameOp::Select(_) => needed_columns(op.exprs()),
        _ => None,
    };
    let needed = needed.filter(|columns| !columns.is_empty());
    Arc::new(move |partition, _| {
        let partition = partition()?;
        let partition = match &needed {
            Some(columns) => partition.select(
                columns
                    .iter()
                    .map(|name| pl::col(name.as_str()))
                    .collect::<Vec<_>>(),
            ),
            None => partition,
        };
        Ok(table_value(collect(partition)?))
    })
}
