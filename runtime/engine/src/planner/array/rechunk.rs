//! The same elements in other chunks: rechunking, reshaping, concatenating, joining.

use std::sync::Arc;

use dagbok::array::NdArray;
use dagbok::{Array, Result, Value};

use super::grid::{Grid, GridBlock, indices};
use super::tree::part_layer;
use super::{add_blocks, value};
use crate::graph::{NewTask, TaskId};
use crate::kernels::assemble::{Piece, assemble, flat};
use crate::planner::{Planner, input};

/// Each chunk is put together from all chunks of the input that overlap it.
pub(super) fn plan(planner: &mut Planner, array: &Array) -> Result<Vec<TaskId>> {
    let from = Grid::of(&array.node().inputs[0]);
    let dtype = array.dtype();
    Ok(add_blocks(planner, array, |planner, block| {
        let chunks = planner.planned(&array.node().inputs[0]);
        let parts = overlapping(&from, block);
        let inputs = parts
            .iter()
            .map(|(part, _)| chunks[from.flat(part)])
            .collect();
        let pieces: Vec<Piece> = parts.into_iter().map(|(_, piece)| piece).collect();
        let shape = block.shape.clone();
        let run = move |values: &[Value]| {
            let chunks = values.iter().map(input::<NdArray>);
            if let ([chunk], [piece]) = (values, pieces.as_slice())
                && *piece.shape == *input::<NdArray>(chunk).shape()
            {
                return Ok(chunk.clone());
            }
            assemble(&shape, dtype, chunks.zip(&pieces)).map(value)
        };
        (inputs, Arc::new(run))
    }))
}

/// The chunks of `from` that overlap `block`, and what of them it takes.
fn overlapping(from: &Grid, block: &GridBlock) -> Vec<(Vec<usize>, Piece)> {
    let axes = 0..block.shape.len();
    let chunks: Vec<Vec<usize>> = axes
        .map(|axis| {
            let start = block.offset[axis];
            from.overlapping(axis, start, start + block.shape[axis])
        })
        .collect();
    let lengths = chunks.iter().map(Vec::len).collect();
    let parts = indices(lengths).map(|idx| {
        let index: Vec<usize> = idx.iter().zip(&chunks).map(|(&i, axis)| axis[i]).collect();
        let piece = piece(from, block, &index);
        (index, piece)
    });
    parts.collect()
}

fn piece(from: &Grid, block: &GridBlock, index: &[usize]) -> Piece {
    let mut piece = Piece {
        from: vec![0; index.len()].into(),
        to: vec![0; index.len()].into(),
        shape: vec![0; index.len()].into(),
    };
    for (axis, &chunk) in index.iter().enumerate() {
        let (start, end) = from.ends(axis, chunk);
        let first = start.max(block.offset[axis]);
        let last = end.min(block.offset[axis] + block.shape[axis]);
        piece.from[axis] = first - start;
        piece.to[axis] = first - block.offset[axis];
        piece.shape[axis] = last - first;
    }
    piece
}

/// The chunks of the input and of the result follow each other in C order, so each chunk is a stretch of elements.
pub(super) fn plan_reshape(planner: &mut Planner, array: &Array) -> Result<Vec<TaskId>> {
    let from = &array.node().inputs[0];
    let mut starts = vec![0];
    for block in Grid::of(from).blocks() {
        starts.push(starts[starts.len() - 1] + block.len());
    }
    let dtype = array.dtype();
    let mut end = 0;
    Ok(add_blocks(planner, array, |planner, block| {
        let range = end..end + block.len();
        end = range.end;
        let first = starts.partition_point(|&start| start <= range.start) - 1;
        let last = starts.partition_point(|&start| start < range.end);
        let parts = match range.is_empty() {
            true => 0..0,
            false => first..last.min(starts.len() - 1),
        };
        let inputs = planner.planned(from)[parts.clone()].to_vec();
        let (starts, shape) = (starts[parts].to_vec(), block.shape.clone());
        let run = move |values: &[Value]| {
            let chunks: Vec<&NdArray> = values.iter().map(input).collect();
            flat(&chunks, &starts, range.clone(), &shape, dtype).map(value)
        };
        (inputs, Arc::new(run))
    }))
}

/// The chunks are those of the inputs, so there is nothing to do but to name them.
pub(super) fn plan_concatenate(
    planner: &mut Planner,
    array: &Array,
    axis: usize,
) -> Result<Vec<TaskId>> {
    let inputs = &array.node().inputs;
    let grids: Vec<Grid> = inputs.iter().map(Grid::of).collect();
    let tasks = indices(array.numblocks()).map(|mut index| {
        let mut input = 0;
        while index[axis] >= grids[input].numblocks()[axis] {
            index[axis] -= grids[input].numblocks()[axis];
            input += 1;
        }
        planner.planned(&inputs[input])[grids[input].flat(&index)]
    });
    Ok(tasks.collect())
}

/// One task that takes all chunks.
pub(super) fn join(planner: &mut Planner, array: &Array, blocks: &[TaskId]) -> TaskId {
    let grid = Grid::of(array);
    let pieces = grid.blocks().map(|block| Piece {
        from: vec![0; block.shape.len()].into(),
        to: block.offset.into(),
        shape: block.shape.into(),
    });
    let pieces: Vec<Piece> = pieces.collect();
    let (shape, dtype) = (array.shape().to_vec(), array.dtype());
    let detail = "all chunks in one".to_owned();
    let layer = part_layer(planner, array, "join", detail);
    planner.graph.add_task(NewTask {
        layer,
        block: Box::new([]),
        inputs: blocks.into(),
        bytes: array.nbytes(),
        run: Arc::new(move |values: &[Value]| {
            let chunks = values.iter().map(input::<NdArray>);
            assemble(&shape, dtype, chunks.zip(&pieces)).map(value)
        }),
    })
}
