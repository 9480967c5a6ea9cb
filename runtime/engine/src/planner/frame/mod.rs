//! Frames: one task a partition. Operations that look at one row at a time run in one task with what comes before them.

mod ends;
mod gather;
mod join;
mod parts;
mod pipeline;
mod reduce;
mod step;

#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use dagbok::frame::{Format, Frame, FrameNode, FrameOp, UniqueKeepStrategy};
use dagbok::{Name, Result, Value};

use self::parts::{PartKey, Parts};
use self::pipeline::{Pipeline, Sink};
use super::Planner;
use crate::graph::{Layer, LayerId, LayerKind, NewTask, TaskId};
use crate::render::format::counted;
use crate::table::{collect, concat, table_value, task_table};

/// At most so many operations run in one task, as polars plans them recursively.
const STEPS_MAX: usize = 64;

/// What is known of the frames of a plan.
pub(crate) struct Frames {
    planned: HashMap<Name, Parts>,
    /// Those made by closures, and those of them: to find out their columns runs the closures.
    with_closures: HashSet<Name>,
    /// Frames of up to so many bytes are given to each partition of another frame.
    broadcast_bytes_max: usize,
}

impl Default for Frames {
    fn default() -> Self {
        Frames {
            planned: HashMap::new(),
            with_closures: HashSet::new(),
            broadcast_bytes_max: 64 << 20,
        }
    }
}

/// Whether several collections use `frame`, so that it is computed once, in tasks of its own.
fn is_shared(planner: &Planner, frame: &Frame) -> bool {
    planner.uses(frame.name()) > 1
}

/// The tasks that make the partitions of `frame`, in order.
pub(super) fn plan(planner: &mut Planner, frame: &Frame) -> Result<Vec<TaskId>> {
    prepare(planner, frame)?;
    let parts = planner.parts_of(*frame.name());
    Ok(parts.map(|part| planner.part(part)).collect())
}

/// The number of partitions of `frame`.
pub(super) fn n_partitions(planner: &mut Planner, frame: &Frame) -> Result<usize> {
    prepare(planner, frame)?;
    Ok(planner.parts_of(*frame.name()).count())
}

/// Finds out how the partitions of `frame` become tasks, which are made when they are needed.
///
/// Frames may be thousands of operations deep, so those that need tasks of their own are prepared in a loop.
fn prepare(planner: &mut Planner, frame: &Frame) -> Result<()> {
    let mut n_steps: HashMap<Name, usize> = HashMap::new();
    for below in inputs_first(planner, frame) {
        let node = below.node();
        let closures = &mut planner.frames.with_closures;
        let is_closure = matches!(node.op, FrameOp::Map(_));
        if is_closure
            || node
                .inputs
                .iter()
                .any(|input| closures.contains(input.name()))
        {
            closures.insert(node.name);
        }
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
            let parts = parts(planner, &below)?;
            planner.frames.planned.insert(*below.name(), parts);
            if !planner.pass.culls {
                plan(planner, &below)?;
            }
        } else {
            n_steps.insert(*below.name(), steps);
        }
    }
    Ok(())
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

fn parts(planner: &mut Planner, frame: &Frame) -> Result<Parts> {
    let node = frame.node();
    let tasks = match &node.op {
        _ if is_partitioned(frame)? => return partitions(planner, frame),
        FrameOp::Join { .. } => return join::plan(planner, frame),
        FrameOp::Repartition(n) => return repartition(planner, frame, *n),
        FrameOp::GetPartition(idx) => return get_partition(planner, frame, *idx),
        FrameOp::Concat => return one_after_the_other(planner, &node.inputs),
        FrameOp::GroupBy { .. } | FrameOp::Select(_) => reduce::plan(planner, frame)?,
        FrameOp::Head(n) => ends::head(planner, frame, *n)?,
        FrameOp::Tail(n) => ends::tail(planner, frame, *n)?,
        FrameOp::Unique { keep, .. } if *keep != UniqueKeepStrategy::None => {
            reduce::unique(planner, frame)?
        }
        _ => gather::plan(planner, frame)?,
    };
    Ok(Parts::made(planner, tasks))
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
fn partitions(planner: &mut Planner, frame: &Frame) -> Result<Parts> {
    let pipeline = Pipeline::up_to(planner, frame)?;
    let layer = add_layer(planner, frame.node(), "", &pipeline);
    Ok(pipeline.parts(partition_of(layer)))
}

fn partition_of(layer: LayerId) -> impl Fn(&mut Planner, &Pipeline, usize) -> TaskId {
    let sink: Sink = Arc::new(|partition, _| Ok(table_value(collect(partition()?)?)));
    move |planner, pipeline, idx| match pipeline.table(idx) {
        Some(table) => planner.graph.add_task(NewTask {
            layer,
            block: Box::new([idx as u32]),
            inputs: Box::new([]),
            bytes: table.bytes().max(1),
            run: Arc::new(move |_: &[Value]| Ok(table.clone())),
        }),
        None => pipeline.task(planner, layer, idx, &[], &sink),
    }
}

/// The partition `idx` of what `frame` takes: of that, the others need no tasks.
fn get_partition(planner: &mut Planner, frame: &Frame, idx: usize) -> Result<Parts> {
    let from = &frame.node().inputs[0];
    let is_planned = planner.frames.planned.contains_key(from.name());
    if is_planned || is_shared(planner, from) || !is_partitioned(from)? {
        prepare(planner, from)?;
        return Ok(Parts::of(planner, vec![(*from.name(), idx)]));
    }
    let pipeline = Pipeline::up_to(planner, from)?;
    let layer = add_layer(planner, from.node(), "", &pipeline);
    let task = partition_of(layer)(planner, &pipeline, idx);
    Ok(Parts::made(planner, vec![task]))
}

/// The partitions of all `frames`.
fn one_after_the_other(planner: &mut Planner, frames: &[Frame]) -> Result<Parts> {
    let mut parts = Vec::new();
    for frame in frames {
        prepare(planner, frame)?;
        parts.extend(planner.parts_of(*frame.name()));
    }
    Ok(Parts::of(planner, parts))
}

/// The same rows in `n` partitions: neighbours joined, or each divided.
fn repartition(planner: &mut Planner, frame: &Frame, n: usize) -> Result<Parts> {
    let node = frame.node();
    prepare(planner, &node.inputs[0])?;
    let from: Vec<PartKey> = planner.parts_of(*node.inputs[0].name()).collect();
    let n_from = from.len();
    if n == n_from {
        return Ok(Parts::of(planner, from));
    }
    let detail = format!("{} to {n}", counted(n_from, "partition"));
    let layer = planner.graph.add_layer(layer_of(node, "", detail));
    Ok(match n < n_from {
        true => joined(planner, layer, from, n),
        false => divided(planner, layer, from, n),
    })
}

/// Neighbours among `from` joined to `n` partitions.
fn joined(planner: &Planner, layer: LayerId, from: Vec<PartKey>, n: usize) -> Parts {
    let n_from = from.len();
    let takes = move |idx: usize| from[idx * n_from / n..(idx + 1) * n_from / n].to_vec();
    let bytes = |idx| {
        let bytes = takes(idx).into_iter().map(|part| planner.part_bytes(part));
        sum_of_known(bytes)
    };
    let bytes = (0..n).map(bytes).collect();
    Parts::new(bytes, takes.clone(), move |planner, idx| {
        let inputs = takes(idx).into_iter().map(|part| planner.part(part));
        let inputs: Vec<TaskId> = inputs.collect();
        concat_task(planner, layer, idx, &inputs)
    })
}

/// Each of `from` in pieces of about equal height, `n` in all.
fn divided(planner: &Planner, layer: LayerId, from: Vec<PartKey>, n: usize) -> Parts {
    let n_from = from.len();
    let n_pieces = |idx: usize| (idx + 1) * n / n_from - idx * n / n_from;
    let pieces = from.iter().enumerate().flat_map(|(idx, part)| {
        let n = n_pieces(idx);
        (0..n).map(move |piece| (*part, piece, n))
    });
    let pieces: Arc<[(PartKey, usize, usize)]> = pieces.collect();
    let of_pieces = pieces.clone();
    let bytes = pieces.iter();
    let bytes = bytes.map(|(part, _, n)| planner.part_bytes(*part) / n);
    let takes = move |idx: usize| vec![of_pieces[idx].0];
    Parts::new(bytes.collect(), takes, move |planner, idx| {
        let (part, piece, n) = pieces[idx];
        let input = planner.part(part);
        planner.graph.add_task(NewTask {
            layer,
            block: Box::new([idx as u32]),
            inputs: Box::new([input]),
            run: Arc::new(move |values: &[Value]| {
                let table = task_table(&values[0]);
                let border = |idx: usize| table.height() * idx / n;
                let (start, end) = (border(piece), border(piece + 1));
                Ok(table_value(table.slice(start as i64, end - start)))
            }),
            bytes: planner.graph.bytes(input) / n,
        })
    })
}

/// The task that joins all partitions of `frame`.
pub(super) fn join(planner: &mut Planner, frame: &Frame, blocks: &[TaskId]) -> Result<TaskId> {
    if let [only] = blocks {
        return Ok(*only);
    }
    let name = Name::of("concat", frame.name());
    if planner.frames.planned.contains_key(&name) {
        return Ok(planner.part((name, 0)));
    }
    let layer = planner.graph.add_layer(Layer {
        name,
        kind: LayerKind::Frame,
        site: frame.node().site,
        detail: format!("{} partitions to one table", blocks.len()),
    });
    let task = concat_task(planner, layer, 0, blocks);
    let parts = Parts::made(planner, vec![task]);
    planner.frames.planned.insert(name, parts);
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
    sum_of_known(tasks.iter().map(|task| planner.graph.bytes(*task)))
}

fn sum_of_known(bytes: impl Iterator<Item = usize>) -> usize {
    let known = bytes.map(|bytes| (bytes > 0).then_some(bytes));
    known.sum::<Option<usize>>().unwrap_or(0)
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
