//! Arrays: one task a chunk.

mod fuse;
mod grid;
mod matmul;
mod rechunk;
mod reduce;
mod tree;
mod view;

use std::sync::Arc;

use dagbok::array::{ArrayOp, Block, BlockFn, NdArray, NpyFile, shape_text};
use dagbok::{Array, DType, Error, ErrorKind, Result, Value};

use super::{Planner, input};
use crate::graph::{Layer, LayerId, LayerKind, NewTask, Run, TaskId};
use crate::io::npy;
use fuse::Fused;
use grid::{Grid, GridBlock};

/// The arrays whose chunks are the inputs of the tasks of `array`: its inputs, or where these are fused into its own
/// tasks, what they in turn are made of.
pub(super) fn inputs(planner: &Planner, array: &Array) -> Vec<Array> {
    match &array.node().op {
        ArrayOp::Data(_)
        | ArrayOp::Held(_)
        | ArrayOp::Source(_)
        | ArrayOp::Elementwise { .. }
        | ArrayOp::Slice(_)
        | ArrayOp::Axes(_)
        | ArrayOp::Broadcast => Fused::of(planner, array).inputs(),
        ArrayOp::Reduce(_) => Fused::input_of(planner, array).inputs(),
        ArrayOp::Npy(_) => Vec::new(),
        ArrayOp::Rechunk
        | ArrayOp::Reshape
        | ArrayOp::Concatenate { .. }
        | ArrayOp::MatMul
        | ArrayOp::MapBlocks(_) => array.node().inputs.clone(),
    }
}

/// The tasks that make the chunks of `array`, in C order. All [`inputs`] have been planned.
pub(super) fn plan(planner: &mut Planner, array: &Array) -> Result<Vec<TaskId>> {
    match &array.node().op {
        ArrayOp::Data(_)
        | ArrayOp::Held(_)
        | ArrayOp::Source(_)
        | ArrayOp::Elementwise { .. }
        | ArrayOp::Slice(_)
        | ArrayOp::Axes(_)
        | ArrayOp::Broadcast => fuse::plan(planner, array),
        ArrayOp::Reduce(reduction) => reduce::plan(planner, array, reduction),
        ArrayOp::Npy(file) => Ok(read_npy(planner, array, file)),
        ArrayOp::Rechunk => rechunk::plan(planner, array),
        ArrayOp::Reshape => rechunk::plan_reshape(planner, array),
        ArrayOp::Concatenate { axis } => rechunk::plan_concatenate(planner, array, *axis),
        ArrayOp::MatMul => matmul::plan(planner, array),
        ArrayOp::MapBlocks(function) => Ok(map_blocks(planner, array, function)),
    }
}

/// The task that joins all chunks of `array`.
pub(super) fn join(planner: &mut Planner, array: &Array, blocks: &[TaskId]) -> Result<TaskId> {
    match blocks {
        [block] => Ok(*block),
        _ => Ok(rechunk::join(planner, array, blocks)),
    }
}

/// A layer with one task for each chunk of `array`; `make` gives the inputs of a task and what it runs.
fn add_blocks(
    planner: &mut Planner,
    array: &Array,
    mut make: impl FnMut(&Planner, &GridBlock) -> (Vec<TaskId>, Run),
) -> Vec<TaskId> {
    let layer = layer(planner, array);
    let grid = Grid::of(array);
    let tasks = grid.blocks().map(|block| {
        let (inputs, run) = make(planner, &block);
        planner.graph.add_task(NewTask {
            layer,
            block: block.key(),
            inputs: inputs.into(),
            run,
            bytes: block.len() * array.dtype().itemsize(),
        })
    });
    tasks.collect()
}

fn read_npy(planner: &mut Planner, array: &Array, file: &NpyFile) -> Vec<TaskId> {
    planner.is_stale |= !npy::is_unchanged(file);
    let file = Arc::new(file.clone());
    add_blocks(planner, array, |_, block| {
        let (file, block) = (file.clone(), block.clone());
        let run = move |_: &[Value]| npy::read(&file, &block.offset, &block.shape).map(value);
        (Vec::new(), Arc::new(run))
    })
}

fn map_blocks(planner: &mut Planner, array: &Array, function: &BlockFn) -> Vec<TaskId> {
    let from = Grid::of(&array.node().inputs[0]);
    let dtype = array.dtype();
    add_blocks(planner, array, |planner, block| {
        let chunks = planner.planned(&array.node().inputs[0]);
        let inputs = vec![chunks[from.flat(&block.index)]];
        let (function, shape) = (function.clone(), block.shape.clone());
        let (index, offset) = (block.index.clone(), from.block(block.index.clone()).offset);
        let run = move |inputs: &[Value]| {
            let made = (function.0)(&Block {
                chunk: input::<NdArray>(&inputs[0]).clone(),
                index: index.clone(),
                offset: offset.clone(),
            });
            check_chunk(&made, &shape, dtype)?;
            Ok(value(made))
        };
        (inputs, Arc::new(run))
    })
}

fn check_chunk(made: &NdArray, shape: &[usize], dtype: DType) -> Result<()> {
    if made.shape() == shape && made.dtype() == dtype {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Shape,
        format!(
            "the function returned a chunk of shape {} and dtype `{}`, declared are {} and `{dtype}`",
            shape_text(made.shape()),
            made.dtype(),
            shape_text(shape)
        ),
    ))
}

/// A layer for the chunks of `array`.
fn layer(planner: &mut Planner, array: &Array) -> LayerId {
    let node = array.node();
    let n = array.npartitions();
    planner.graph.add_layer(Layer {
        name: node.name.clone(),
        kind: LayerKind::Array,
        site: node.site,
        detail: format!(
            "{} {} in {n} {}",
            shape_text(&node.shape),
            node.dtype,
            if n == 1 { "chunk" } else { "chunks" }
        ),
    })
}

/// A chunk as the value of a task.
fn value(chunk: NdArray) -> Value {
    let bytes = chunk.nbytes();
    Value::with_bytes(chunk, bytes)
}
