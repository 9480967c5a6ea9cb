//! Reductions: each chunk on its own, and a tree over what comes out.

use std::sync::Arc;

use dagbok::array::Reduction;
use dagbok::{Array, Value};

use super::fuse::{Fused, Leaves};
use super::grid::{Grid, GridBlock, Index, indices};
use super::layer;
use super::recipe::{Blocks, Recipe, Taken};
use super::tree::{Tree, part_layer};
use super::value;
use crate::graph::{BlockFunction, LayerId, TaskId};
use crate::kernels::Program;
use crate::kernels::reduce::{Partial, Position, finish, merge, partial_itemsize, reduce};
use crate::planner::{Planner, input};

struct Reduced {
    array: Array,
    reduction: Arc<Reduction>,
    /// The chunks that are reduced, and those of the result.
    from: Grid,
    to: Grid,
    program: Arc<Program>,
    inputs: Vec<Array>,
    leaves: Leaves,
    takes_all: bool,
    tree: Tree,
    /// The layer of what each chunk gives, and that of the result.
    layers: Option<(LayerId, LayerId)>,
}

pub(super) fn recipe(planner: &Planner, array: &Array, reduction: &Reduction) -> Box<dyn Recipe> {
    let reduction = Arc::new(reduction.clone());
    let Fused {
        mut program,
        inputs,
        leaves,
        takes_all,
    } = Fused::input_of(planner, array);
    program.cast(reduction.computed);
    let tree = {
        let reduction = reduction.clone();
        move |values: &[Value]| Ok(partial(merge(&partials(values), &reduction)))
    };
    Box::new(Reduced {
        from: Grid::of(&array.node().inputs[0]),
        to: Grid::of(array),
        tree: Tree::new(array, tree),
        array: array.clone(),
        reduction,
        program: Arc::new(program),
        inputs,
        leaves,
        takes_all,
        layers: None,
    })
}

impl Recipe for Reduced {
    fn inputs(&self) -> &[Array] {
        &self.inputs
    }

    fn takes(&self, chunk: usize) -> Taken {
        let block = self.to.at(chunk);
        let parts = blocks_of(&self.from, &block, &self.reduction);
        let taken = parts.flat_map(|part| self.taken_by(&part));
        taken.collect()
    }

    fn takes_all(&self) -> bool {
        self.takes_all
    }

    fn task(&mut self, planner: &mut Planner, chunk: usize) -> TaskId {
        let (parts, result) = match self.layers {
            Some(layers) => layers,
            None => *self.layers.insert(self.layers(planner)),
        };
        let block = self.to.at(chunk);
        let tasks = blocks_of(&self.from, &block, &self.reduction).map(|part| {
            let inputs = planner.chunks_of(&self.inputs, &self.taken_by(&part));
            let number = self.from.flat(&part.index) as u32;
            planner.graph.add_block(parts, number, &inputs)
        });
        let tasks = tasks.collect();
        let bytes = block.len() * partial_itemsize(&self.reduction);
        let inputs = self.tree.shrink(planner, &block.key(), tasks, bytes);
        planner.graph.add_block(result, chunk as u32, &inputs)
    }
}

impl Reduced {
    fn taken_by(&self, part: &GridBlock) -> Taken {
        self.leaves.takes(part).enumerate().collect()
    }

    fn layers(&self, planner: &mut Planner) -> (LayerId, LayerId) {
        let function = self.reduction.function.name();
        let parts = part_layer(&self.array, "chunk", format!("{function} of each chunk"));
        let parts = planner.graph.add_block_layer(parts, self.of_each_chunk());
        let result = layer(&self.array);
        let result = planner.graph.add_block_layer(result, self.of_all_chunks());
        (parts, result)
    }

    /// The first step: what each chunk of the input gives.
    fn of_each_chunk(&self) -> Arc<dyn BlockFunction> {
        let (reduction, leaves) = (self.reduction.clone(), self.leaves.clone());
        let program = self.program.clone();
        let whole = self.array.node().inputs[0].shape().to_vec();
        let blocks = Blocks {
            grid: self.from.clone(),
            bytes: {
                let reduction = reduction.clone();
                Box::new(move |block| kept(block, &reduction) * partial_itemsize(&reduction))
            },
            held: None,
            run: move |block: &GridBlock, values: &[Value]| {
                let leaves = leaves.at(block, values)?;
                let position = Position {
                    offset: block.offset.as_slice().into(),
                    shape: block.shape.as_slice().into(),
                };
                reduce(&program, leaves, &position, &whole, &reduction).map(partial)
            },
        };
        Arc::new(blocks.loading(self.leaves.clone()))
    }

    /// The last step: the result, from what the tree has left.
    fn of_all_chunks(&self) -> Arc<dyn BlockFunction> {
        let (reduction, dtype) = (self.reduction.clone(), self.array.dtype());
        let shape = self.array.node().inputs[0].shape().iter();
        let reduced = shape
            .zip(&reduction.axes)
            .filter(|(_, is_reduced)| **is_reduced);
        let count = reduced.map(|(len, _)| len).product();
        let run = move |block: &GridBlock, values: &[Value]| {
            let merged = merge(&partials(values), &reduction);
            finish(&merged, &reduction, count, &block.shape, dtype).map(value)
        };
        Arc::new(Blocks::of(&self.array, run))
    }
}

/// The number of elements that a block has along the axes that stay.
fn kept(block: &GridBlock, reduction: &Reduction) -> usize {
    let axes = block.shape.iter().zip(&reduction.axes);
    let kept = axes.filter(|(_, is_reduced)| !**is_reduced);
    kept.map(|(len, _)| len).product()
}

/// The blocks of the input that are reduced to one block of the result.
fn blocks_of(
    grid: &Grid,
    block: &GridBlock,
    reduction: &Reduction,
) -> impl Iterator<Item = GridBlock> {
    let mut kept = block.index.iter();
    let axes = grid.numblocks().into_iter().zip(&reduction.axes);
    let (first, lengths): (Index, Index) = axes
        .map(|(n, &reduced)| match reduced {
            true => {
                if reduction.keepdims {
                    kept.next();
                }
                (0, n)
            }
            false => (*kept.next().expect("an axis that is kept"), 1),
        })
        .unzip();
    indices(&lengths).map(move |index| {
        let index = index.iter().zip(&first).map(|(index, first)| index + first);
        grid.block(index.collect())
    })
}

fn partial(partial: Partial) -> Value {
    let bytes = partial.nbytes();
    Value::with_bytes(partial, bytes)
}

fn partials(values: &[Value]) -> Vec<&Partial> {
    values.iter().map(input).collect()
}
