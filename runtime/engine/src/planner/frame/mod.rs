//! Frames: one task a partition. Operations that look at one row at a time run in one task with what comes before them.

mod ends;
mod gather;
mod join;
mod pipeline;
mod reduce;
mod step;

#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use dagbok::engine::Collection;
use dagbok::frame::{Format, Frame, FrameNode, FrameOp, UniqueKeepStrategy};
use dagbok::{Name, Result, Value};

use self::pipeline::Pipeline;
use super::Planner;
use crate::graph::{Layer, LayerId, LayerKind, NewTask, TaskId};
use crate::table::{collect, concat, table_value, task_table};

/// At most so many operations run in one task, as polars plans them recursively.
const STEPS_MAX: usize = 64;

/// What is known of the frames of a plan.
pub(crate) struct Frames {
    planned: HashMap<Name, Vec<TaskId>>,
    /// Frames of up to so many bytes are given to each partition of another frame.
    broadcast_bytes_max: usize,
}

impl Default for Frames {
    fn default() -> Self {
        Frames {
            planned: HashMap::new(),
            broadcast_bytes_max: 64 << 20,
        }
    }
}

/// Whether several collections use `frame`, so that it is computed once, in tasks of its own.
fn is_shared(planner: &Planner, frame: &Frame) -> bool {
    planner.uses(frame.name()) > 1
}

/// The tasks that make the partitions of `frame`, in order.
///
/// Frames may be thousands of operations deep, so those that need tasks of their own are planned in a loop.
pub(super) fn plan(planner: &mut Planner, frame: &Frame) -> Result<Vec<TaskId>> {
    let mut n_steps: HashMap<Name, usize> = HashMap::new();
    for below in inputs_first(planner, frame) {
        let node = below.node();
        let steps = match step::of(node)? {
            Some(_) => 1 + n_steps.get(node.inputs[0].name()).copied().unwrap_or(0),
            None => 0,
        };
        let on_its_own = match &node.op {
            FrameOp::Partitions(_) | FrameOp::Delayed(_) => false,
            FrameOp::Read(source) => {
                matches!(source.format, Format::Csv(_)) && is_shared(planner, &below)
            }
            // The closure makes a table, which others may find in the cache.
            FrameOp::Map(_) => true,
            _ => steps == 0 || steps == STEPS_MAX || is_shared(planner, &below),
        };
        if on_its_own || below.name() == frame.name() {
            let tasks = plan_node(planner, &below)?;
            planner.frames.planned.insert(*below.name(), tasks);
        } else {
            n_steps.insert(*below.name(), steps);
        }
    }
    Ok(planner.frames.planned[frame.name()].clone())
}

/// `frame` and all below it that have no tasks yet, inputs before those that use them.
fn inputs_first(planner: &Planner, frame: &Frame) -> Vec<Frame> {
    let mut order = Vec::new();
    let mut seen = HashSet::new();
    let mut stack = vec![(frame.clone(), false)];
    while let Some((frame, inputs_done)) = stack.pop() {
        if inputs_done {
            order.push(frame);
        } else if !planner.frames.planned.contains_key(frame.name()) && seen.insert(*frame.name()) {
            let inputs: Vec<Frame> = frame.node().inputs.iter().rev().cloned().collect();
            stack.push((frame, true));
            stack.extend(inputs.into_iter().map(|input| (input, false)));
        }
    }
    order
}

fn plan_node(planner: &mut Planner, frame: &Frame) -> Result<Vec<TaskId>> {
    let node = frame.node();
    match &node.op {
        _ if is_partitioned(frame)? => partitions(planner, frame),
        FrameOp::GroupBy { .. } | FrameOp::Select(_) => reduce::plan(planner, frame),
        FrameOp::Join { .. } => join::plan(planner, frame),
        FrameOp::Head(n) => ends::head(planner, frame, *n),
        FrameOp::Tail(n) => ends::tail(planner, frame, *n),
        FrameOp::Unique { keep, .. } if *keep != UniqueKeepStrategy::None => {
            reduce::unique(planner, frame)
        }
        FrameOp::Repartition(n) => repartition(planner, frame, *n),
        FrameOp::GetPartition(idx) => get_partition(planner, &node.inputs[0], *idx),
        FrameOp::Concat => {
            let inputs = node.inputs.iter();
            let tasks = inputs.map(|input| planner.blocks(&Collection::Frame(input.clone())));
            Ok(tasks.collect::<Result<Vec<_>>>()?.concat())
        }
        _ => gather::plan(planner, frame),
    }
}

/// Whether the tasks of `frame` are one a partition, none of which needs another.
fn is_partitioned(frame: &Frame) -> Result<bool> {
    let node = frame.node();
    let is_source = matches!(
        node.op,
        FrameOp::Read(_) | FrameOp::Partitions(_) | FrameOp::Delayed(_)
    );
    Ok(is_source || step::of(node)?.is_some())
}

/// Each partition with all steps up to `frame`, in one task.
fn partitions(planner: &mut Planner, frame: &Frame) -> Result<Vec<TaskId>> {
    let pipeline = Pipeline::up_to(planner, frame)?;
    let layer = add_layer(planner, frame.node(), "", &pipeline);
    let task = |idx| partition(planner, layer, &pipeline, idx);
    Ok((0..pipeline.len()).map(task).collect())
}

/// The partition `idx` of `frame`: of one that nothing else takes, the others get no tasks.
fn get_partition(planner: &mut Planner, frame: &Frame, idx: usize) -> Result<Vec<TaskId>> {
    let is_planned = planner.frames.planned.contains_key(frame.name());
    if is_planned || is_shared(planner, frame) || !is_partitioned(frame)? {
        let parts = planner.blocks(&Collection::Frame(frame.clone()))?;
        return Ok(vec![parts[idx]]);
    }
    let pipeline = Pipeline::up_to(planner, frame)?;
    let layer = add_layer(planner, frame.node(), "", &pipeline);
    Ok(vec![partition(planner, layer, &pipeline, idx)])
}

fn partition(planner: &mut Planner, layer: LayerId, pipeline: &Pipeline, idx: usize) -> TaskId {
    match pipeline.table(idx) {
        Some(table) => planner.graph.add_task(NewTask {
            layer,
            block: Box::new([idx as u32]),
            inputs: Box::new([]),
            bytes: table.bytes().max(1),
            run: Arc::new(move |_: &[Value]| Ok(table.clone())),
        }),
        None => {
            let sink: pipeline::Sink = Arc::new(|frame, _| Ok(table_value(collect(frame()?)?)));
            pipeline.task(planner, layer, idx, &[], &sink)
        }
    }
}

/// The same rows in `n` partitions: neighbours joined, or each divided.
fn repartition(planner: &mut Planner, frame: &Frame, n: usize) -> Result<Vec<TaskId>> {
    let node = frame.node();
    let parts = planner.blocks(&Collection::Frame(node.inputs[0].clone()))?;
    let n_parts = parts.len();
    if n == n_parts {
        return Ok(parts);
    }
    let layer = planner
        .graph
        .add_layer(layer_of(node, "", format!("{n_parts} partitions to {n}")));
    let mut tasks = Vec::with_capacity(n);
    if n < n_parts {
        for idx in 0..n {
            let joined = &parts[idx * n_parts / n..(idx + 1) * n_parts / n];
            tasks.push(concat_task(planner, layer, idx, joined));
        }
        return Ok(tasks);
    }
    for (part_idx, part) in parts.iter().enumerate() {
        let pieces = (part_idx + 1) * n / n_parts - part_idx * n / n_parts;
        for piece in 0..pieces {
            let block = Box::new([tasks.len() as u32]);
            let bytes = planner.graph.bytes(*part) / pieces;
            tasks.push(planner.graph.add_task(NewTask {
                layer,
                block,
                inputs: Box::new([*part]),
                run: Arc::new(move |values: &[Value]| {
                    let table = task_table(&values[0]);
                    let border = |idx: usize| table.height() * idx / pieces;
                    let (start, end) = (border(piece), border(piece + 1));
                    Ok(table_value(table.slice(start as i64, end - start)))
                }),
                bytes,
            }));
        }
    }
    Ok(tasks)
}

/// The task that joins all partitions of `frame`.
pub(super) fn join(planner: &mut Planner, frame: &Frame, blocks: &[TaskId]) -> Result<TaskId> {
    if let [only] = blocks {
        return Ok(*only);
    }
    let name = Name::of("concat", frame.name());
    if let Some(tasks) = planner.frames.planned.get(&name) {
        return Ok(tasks[0]);
    }
    let layer = planner.graph.add_layer(Layer {
        name,
        kind: LayerKind::Frame,
        site: frame.node().site,
        detail: format!("{} partitions to one table", blocks.len()),
    });
    let task = concat_task(planner, layer, 0, blocks);
    planner.frames.planned.insert(name, vec![task]);
    Ok(task)
}

/// The rows of all `inputs`, one after the other.
fn concat_task(planner: &mut Planner, layer: LayerId, idx: usize, inputs: &[TaskId]) -> TaskId {
    let bytes = bytes_of(planner, inputs);
    planner.graph.add_task(NewTask {
        layer,
        block: Box::new([idx as u32]),
        inputs: inputs.into(),
        run: Arc::new(|values: &[Value]| {
            if let [only] = values {
                return Ok(only.clone());
            }
            let tables = values
                .iter()
                .map(|value| polars::prelude::IntoLazy::lazy(task_table(value).clone()));
            Ok(table_value(collect(concat(tables.collect())?)?))
        }),
        bytes,
    })
}

/// The bytes that the results of `tasks` are expected to take together, 0 if that of one is unknown.
fn bytes_of(planner: &Planner, tasks: &[TaskId]) -> usize {
    let bytes = tasks.iter().map(|task| planner.graph.bytes(*task));
    bytes
        .map(|bytes| (bytes > 0).then_some(bytes))
        .sum::<Option<usize>>()
        .unwrap_or(0)
}

/// A layer of the operation `node`, or of a `stage` before its last.
fn add_layer(planner: &mut Planner, node: &FrameNode, stage: &str, pipeline: &Pipeline) -> LayerId {
    let detail = pipeline.detail();
    planner.graph.add_layer(layer_of(node, stage, detail))
}

fn layer_of(node: &FrameNode, stage: &str, detail: String) -> Layer {
    let name = match stage {
        "" => node.name,
        stage => Name::of(&format!("{}-{stage}", node.name.operation()), node.name),
    };
    Layer {
        name,
        kind: LayerKind::Frame,
        site: node.site,
        detail,
    }
}
