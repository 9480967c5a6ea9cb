//! The same elements in other chunks: rechunking, reshaping, concatenating, joining.

use std::ops::Range;
use std::sync::Arc;

use dagbok::array::NdArray;
use dagbok::{Array, Value};

use super::grid::{Grid, GridBlock, Index, indices};
use super::recipe::{BlockWise, Blocks, Recipe, Taken};
use super::tree::part_layer;
use super::value;
use crate::graph::{NewTask, TaskId};
use crate::kernels::assemble::{Piece, assemble, flat};
use crate::planner::{Planner, input};

/// Each chunk is put together from all chunks of the input that overlap it.
pub(super) fn recipe(array: &Array) -> Box<dyn Recipe> {
    let from = Arc::new(Grid::of(&array.node().inputs[0]));
    let dtype = array.dtype();
    let takes = {
        let from = from.clone();
        move |block: &GridBlock| {
            let parts = overlapping(&from, block);
            parts.map(|part| (0, from.flat(&part))).collect()
        }
    };
    let run = move |block: &GridBlock, values: &[Value]| {
        let chunks = values.iter().map(input::<NdArray>);
        let pieces: Vec<Piece> = overlapping(&from, block)
            .map(|part| piece(&from, block, &part))
            .collect();
        if let ([chunk], [piece]) = (values, pieces.as_slice())
            && *piece.shape == *input::<NdArray>(chunk).shape()
        {
            return Ok(chunk.clone());
        }
        assemble(&block.shape, dtype, chunks.zip(&pieces)).map(value)
    };
    let inputs = array.node().inputs.clone();
    Box::new(BlockWise::new(array, inputs, takes, Blocks::of(array, run)))
}

/// The chunks of `from` that overlap `block`.
fn overlapping(from: &Grid, block: &GridBlock) -> impl Iterator<Item = Index> + use<> {
    let axes = 0..block.shape.len();
    let chunks: Vec<Vec<usize>> = axes
        .map(|axis| {
            let start = block.offset[axis];
            from.overlapping(axis, start, start + block.shape[axis])
        })
        .collect();
    let lengths: Vec<usize> = chunks.iter().map(Vec::len).collect();
    indices(&lengths).map(move |idx| idx.iter().zip(&chunks).map(|(&i, axis)| axis[i]).collect())
}

/// What `block` takes of the chunk `index` of `from`.
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
pub(super) fn recipe_of_reshape(array: &Array) -> Box<dyn Recipe> {
    let to = Grid::of(array);
    let stretches = Arc::new(Stretches {
        from: starts(&Grid::of(&array.node().inputs[0])),
        to: starts(&to),
        grid: to,
    });
    let dtype = array.dtype();
    let takes = {
        let stretches = stretches.clone();
        move |block: &GridBlock| {
            let (_, chunks) = stretches.of(block);
            chunks.map(|chunk| (0, chunk)).collect()
        }
    };
    let run = move |block: &GridBlock, values: &[Value]| {
        let (range, parts) = stretches.of(block);
        let chunks: Vec<&NdArray> = values.iter().map(input).collect();
        flat(&chunks, &stretches.from[parts], range, &block.shape, dtype).map(value)
    };
    let inputs = array.node().inputs.clone();
    Box::new(BlockWise::new(array, inputs, takes, Blocks::of(array, run)))
}

/// Where the chunks of two arrays start among all elements in C order, and at last how many there are.
struct Stretches {
    from: Vec<usize>,
    to: Vec<usize>,
    grid: Grid,
}

fn starts(grid: &Grid) -> Vec<usize> {
    let mut end = 0;
    let ends = grid.blocks().map(|block| {
        end += block.len();
        end
    });
    std::iter::once(0).chain(ends).collect()
}

impl Stretches {
    /// The elements of `block`, and the chunks that they are in.
    fn of(&self, block: &GridBlock) -> (Range<usize>, Range<usize>) {
        let chunk = self.grid.flat(&block.index);
        let range = self.to[chunk]..self.to[chunk + 1];
        if range.is_empty() {
            return (range, 0..0);
        }
        let first = self.from.partition_point(|&start| start <= range.start) - 1;
        let last = self.from.partition_point(|&start| start < range.end);
        (range, first..last.min(self.from.len() - 1))
    }
}

/// The chunks are those of the inputs, so there is nothing to do but to name them.
struct Concatenated {
    array: Array,
    grid: Grid,
    inputs: Vec<Grid>,
    /// For each chunk along the axis the input that it is of, and its place there.
    along: Vec<(usize, usize)>,
    axis: usize,
}

pub(super) fn recipe_of_concatenate(array: &Array, axis: usize) -> Box<dyn Recipe> {
    let inputs: Vec<Grid> = array.node().inputs.iter().map(Grid::of).collect();
    let along = inputs.iter().enumerate().flat_map(|(input, grid)| {
        let n_chunks = grid.numblocks()[axis];
        (0..n_chunks).map(move |chunk| (input, chunk))
    });
    Box::new(Concatenated {
        array: array.clone(),
        grid: Grid::of(array),
        along: along.collect(),
        inputs,
        axis,
    })
}

impl Recipe for Concatenated {
    fn inputs(&self) -> &[Array] {
        &self.array.node().inputs
    }

    fn takes(&self, chunk: usize) -> Taken {
        let mut index = self.grid.index(chunk);
        let (input, place) = self.along[index[self.axis]];
        index[self.axis] = place;
        Taken::from_elem((input, self.inputs[input].flat(&index)), 1)
    }

    fn task(&mut self, planner: &mut Planner, chunk: usize) -> TaskId {
        planner.chunks_of(self.inputs(), &self.takes(chunk))[0]
    }
}

/// One task that takes all chunks.
pub(super) fn join(planner: &mut Planner, array: &Array, blocks: &[TaskId]) -> TaskId {
    let grid = Grid::of(array);
    let (shape, dtype) = (array.shape().to_vec(), array.dtype());
    let layer = part_layer(array, "join", "all chunks in one".to_owned());
    let layer = planner.graph.add_layer(layer);
    planner.graph.add_task(NewTask {
        layer,
        block: Box::new([]),
        inputs: blocks.into(),
        bytes: array.nbytes(),
        run: Arc::new(move |values: &[Value]| {
            let pieces: Vec<Piece> = grid.blocks().map(whole).collect();
            let chunks = values.iter().map(input::<NdArray>);
            assemble(&shape, dtype, chunks.zip(&pieces)).map(value)
        }),
    })
}

/// All of a chunk, in an array that holds all of its grid.
fn whole(block: GridBlock) -> Piece {
    Piece {
        from: vec![0; block.index.len()].into(),
        to: block.offset.into_boxed_slice(),
        shape: block.shape.into_boxed_slice(),
    }
}
