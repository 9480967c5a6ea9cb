//! Aggregations and distinct rows: each partition is reduced by itself, then several results at a time.

use std::sync::Arc;

use dagbok::frame::Frame;
use dagbok::{Result, Value};
use polars::prelude as pl;

use super::pipeline::{Pipeline, Sink};
use super::{Planner, add_layer, gather, layer_of};
use crate::graph::{LayerId, NewTask, TaskId};
use crate::table::{apply, collect, concat, empty, reduction, table_value, task_table};

/// So many results are combined in one task.
const FAN_IN: usize = 8;

/// What is made of several results.
type Combine = Arc<dyn Fn(Vec<pl::DataFrame>) -> Result<pl::LazyFrame> + Send + Sync>;

/// A group-by, or a selection of aggregates alone.
pub(super) fn plan(planner: &mut Planner, frame: &Frame) -> Result<Vec<TaskId>> {
    let node = frame.node().clone();
    let pipeline = Pipeline::up_to(planner, &node.inputs[0])?;
    if pipeline.len() == 1 {
        return gather::in_one_task(planner, frame, &pipeline);
    }
    let Some(reduction) = reduction(&node.op, &empty(&node.inputs[0])?)? else {
        return gather::plan(planner, frame);
    };
    let reduction = Arc::new(reduction);
    let layer = add_layer(planner, &node, "chunk", &pipeline);
    let chunk = reduction.clone();
    let sink: Sink =
        Arc::new(move |partition, _| Ok(table_value(collect(chunk.chunk(partition()?))?)));
    let chunks = pipeline.tasks(planner, layer, &[], &sink);
    let kept = reduction.clone();
    let combine: Combine = Arc::new(move |tables| kept.combine(tables));
    let finish: Combine = Arc::new(move |tables| Ok(reduction.finish(reduction.combine(tables)?)));
    Ok(tree(planner, frame, chunks, &combine, &finish))
}

/// Distinct rows, of which one is kept.
pub(super) fn unique(planner: &mut Planner, frame: &Frame) -> Result<Vec<TaskId>> {
    let node = frame.node().clone();
    let pipeline = Pipeline::up_to(planner, &node.inputs[0])?;
    if pipeline.len() == 1 {
        return gather::in_one_task(planner, frame, &pipeline);
    }
    let layer = add_layer(planner, &node, "chunk", &pipeline);
    let op = node.op.clone();
    let sink: Sink =
        Arc::new(move |partition, _| Ok(table_value(collect(apply(&op, vec![partition()?])?)?)));
    let chunks = pipeline.tasks(planner, layer, &[], &sink);
    let op = node.op.clone();
    let combine: Combine = Arc::new(move |tables| {
        let tables = tables.into_iter().map(pl::IntoLazy::lazy).collect();
        apply(&op, vec![concat(tables)?])
    });
    Ok(tree(planner, frame, chunks, &combine, &combine))
}

/// Combines `tasks` level by level; `finish` is the last.
fn tree(
    planner: &mut Planner,
    frame: &Frame,
    mut tasks: Vec<TaskId>,
    combine: &Combine,
    finish: &Combine,
) -> Vec<TaskId> {
    let node = frame.node();
    if tasks.len() > FAN_IN {
        let layer = layer_of(node, "combine", format!("{FAN_IN} results at a time"));
        let layer = planner.graph.add_layer(layer);
        let mut idx = 0;
        while tasks.len() > FAN_IN {
            tasks = tasks
                .chunks(FAN_IN)
                .map(|inputs| {
                    idx += 1;
                    combine_task(planner, layer, idx - 1, inputs, combine)
                })
                .collect();
        }
    }
    let layer = layer_of(node, "", format!("{} results to one table", tasks.len()));
    let layer = planner.graph.add_layer(layer);
    vec![combine_task(planner, layer, 0, &tasks, finish)]
}

fn combine_task(
    planner: &mut Planner,
    layer: LayerId,
    idx: usize,
    inputs: &[TaskId],
    combine: &Combine,
) -> TaskId {
    let combine = combine.clone();
    planner.graph.add_task(NewTask {
        layer,
        block: Box::new([idx as u32]),
        inputs: inputs.into(),
        run: Arc::new(move |values: &[Value]| {
            let tables = values.iter().map(|value| task_table(value).clone());
            Ok(table_value(collect(combine(tables.collect())?)?))
        }),
        bytes: 0,
    })
}
