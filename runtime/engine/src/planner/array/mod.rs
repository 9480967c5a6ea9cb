//! Arrays: one task a chunk.

mod fuse;
mod grid;
mod matmul;
mod rechunk;
mod recipe;
mod reduce;
mod tree;
mod view;

use std::sync::Arc;

use dagbok::array::{ArrayOp, Block, BlockFn, NdArray, NpyFile, shape_text};
use dagbok::delayed::DelayedNode;
use dagbok::{Array, DType, Error, ErrorKind, Name, Result, Value};

use super::{Planner, input};
use crate::graph::{Layer, LayerKind, TaskId};
use crate::io::npy;
use grid::{Grid, GridBlock};
use recipe::{BlockWise, Blocks, Recipe, Taken};
pub(super) use recipe::{Chunks, tasks};

/// How the chunks of `array` become tasks.
fn recipe_of(planner: &mut Planner, array: &Array) -> Box<dyn Recipe> {
    match &array.node().op {
        ArrayOp::Data(_)
        | ArrayOp::Held(_)
        | ArrayOp::Source(_)
        | ArrayOp::Elementwise { .. }
        | ArrayOp::Slice(_)
        | ArrayOp::Axes(_)
        | ArrayOp::Broadcast => fuse::recipe(planner, array),
        ArrayOp::Reduce(reduction) => reduce::recipe(planner, array, reduction),
        ArrayOp::Npy(file) => read_npy(planner, array, file),
        ArrayOp::Delayed(call) => from_delayed(planner, array, call),
        ArrayOp::Rechunk => rechunk::recipe(array),
        ArrayOp::Reshape => rechunk::recipe_of_reshape(array),
        ArrayOp::Concatenate { axis } => rechunk::recipe_of_concatenate(array, *axis),
        ArrayOp::MatMul => matmul::recipe(array),
        ArrayOp::MapBlocks(function) => map_blocks(array, function),
    }
}

/// The task that joins all chunks of `array`.
pub(super) fn join(planner: &mut Planner, array: &Array, blocks: &[TaskId]) -> TaskId {
    match blocks {
        [block] => *block,
        _ => rechunk::join(planner, array, blocks),
    }
}

fn read_npy(planner: &mut Planner, array: &Array, file: &NpyFile) -> Box<dyn Recipe> {
    let current = npy::current(file);
    let is_unchanged = |current: &NpyFile| current.token == file.token;
    planner.is_stale |= !current.as_ref().is_ok_and(is_unchanged);
    let run = move |block: &GridBlock, _: &[Value]| {
        let file = current.as_ref().map_err(Error::clone)?;
        npy::read(file, &block.offset, &block.shape).map(value)
    };
    let takes = |_: &GridBlock| Taken::new();
    Box::new(BlockWise::new(
        array,
        Vec::new(),
        takes,
        Blocks::of(array, run),
    ))
}

/// The value of `call`, once it is what was declared.
fn from_delayed(planner: &Planner, array: &Array, call: &DelayedNode) -> Box<dyn Recipe> {
    let (name, dtype) = (call.name(), array.dtype());
    let run = move |block: &GridBlock, inputs: &[Value]| {
        let made = input::<NdArray>(&inputs[0]);
        match (*made.shape() == *block.shape, made.dtype() == dtype) {
            (true, true) => Ok(inputs[0].clone()),
            (false, _) => Err(undeclared(
                ErrorKind::Shape,
                name,
                made,
                &block.shape,
                dtype,
            )),
            (true, false) => Err(undeclared(
                ErrorKind::DType,
                name,
                made,
                &block.shape,
                dtype,
            )),
        }
    };
    let takes = |_: &GridBlock| Taken::new();
    let recipe = BlockWise::new(array, Vec::new(), takes, Blocks::of(array, run));
    Box::new(recipe.with_call(planner.called(call)))
}

fn undeclared(kind: ErrorKind, call: Name, made: &NdArray, shape: &[usize], dtype: DType) -> Error {
    let text = format!(
        "the call `{call}` returned shape {} and dtype `{}`; declared are shape {} and dtype `{dtype}`",
        shape_text(made.shape()),
        made.dtype(),
        shape_text(shape)
    );
    Error::new(kind, text)
}

fn map_blocks(array: &Array, function: &BlockFn) -> Box<dyn Recipe> {
    let from = Arc::new(Grid::of(&array.node().inputs[0]));
    let (dtype, function) = (array.dtype(), function.clone());
    let takes = {
        let from = from.clone();
        move |block: &GridBlock| Taken::from_elem((0, from.flat(&block.index)), 1)
    };
    let run = move |block: &GridBlock, inputs: &[Value]| {
        let made = (function.0)(&Block {
            chunk: input::<NdArray>(&inputs[0]).clone(),
            index: block.index.to_vec(),
            offset: from.block(block.index.clone()).offset.to_vec(),
        });
        check_chunk(&made, &block.shape, dtype)?;
        Ok(value(made))
    };
    let inputs = array.node().inputs.clone();
    Box::new(BlockWise::new(array, inputs, takes, Blocks::of(array, run)))
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

/// The layer of the chunks of `array`.
fn layer(array: &Array) -> Layer {
    let node = array.node();
    let n = array.npartitions();
    Layer {
        name: node.name,
        kind: LayerKind::Array,
        site: node.site,
        detail: format!(
            "{} {} in {n} {}",
            shape_text(&node.shape),
            node.dtype,
            if n == 1 { "chunk" } else { "chunks" }
        ),
    }
}

/// A chunk as the value of a task.
fn value(chunk: NdArray) -> Value {
    let bytes = chunk.nbytes();
    Value::with_bytes(chunk, bytes)
}
