//! Reductions: each chunk on its own, and a tree over what comes out.

use std::sync::Arc;

use dagbok::array::Reduction;
use dagbok::{Array, Result, Value};

use super::fuse::Fused;
use super::grid::{Grid, GridBlock, indices};
use super::tree::{Tree, part_layer};
use super::{layer, value};
use crate::graph::{LayerId, NewTask, TaskId};
use crate::kernels::Program;
use crate::kernels::reduce::{Partial, Position, finish, merge, reduce};
use crate::planner::{Planner, input};

pub(super) fn plan(
    planner: &mut Planner,
    array: &Array,
    reduction: &Reduction,
) -> Result<Vec<TaskId>> {
    let reduction = Arc::new(reduction.clone());
    let from = &array.node().inputs[0];
    let mut fused = Fused::input_of(planner, array);
    fused.program.cast(reduction.computed);
    let chunks = Chunks {
        program: fused.take_program(),
        fused,
        whole: from.shape().into(),
        reduction: reduction.clone(),
        layer: part_layer(
            planner,
            array,
            "chunk",
            format!("{} of each chunk", reduction.function.name()),
        ),
    };
    let mut tree = Tree::new(array, {
        let reduction = reduction.clone();
        move |values: &[Value]| Ok(partial(merge(&partials(values), &reduction)))
    });
    let count = (0..from.ndim()).filter(|&axis| reduction.axes[axis]);
    let count = count.map(|axis| from.shape()[axis]).product();
    let layer = layer(planner, array);
    let grid = Grid::of(from);
    let results = Grid::of(array);
    let tasks = results.blocks().map(|block| {
        let parts = blocks_of(&grid, &block, &reduction);
        let parts = parts.map(|part| chunks.task(planner, &part)).collect();
        let bytes = block.len() * reduction.computed.itemsize();
        let parts = tree.shrink(planner, &block.key(), parts, bytes);
        let (reduction, dtype, shape) = (reduction.clone(), array.dtype(), block.shape.clone());
        planner.graph.add_task(NewTask {
            layer,
            block: block.key(),
            inputs: parts.into(),
            bytes: block.len() * dtype.itemsize(),
            run: Arc::new(move |values: &[Value]| {
                let merged = merge(&partials(values), &reduction);
                finish(&merged, &reduction, count, &shape, dtype).map(value)
            }),
        })
    });
    Ok(tasks.collect())
}

/// The blocks of the input that are reduced to one block of the result.
fn blocks_of(
    grid: &Grid,
    block: &GridBlock,
    reduction: &Reduction,
) -> impl Iterator<Item = GridBlock> {
    let mut kept = block.index.iter();
    let axes = grid.numblocks().into_iter().zip(&reduction.axes);
    let (first, lengths): (Vec<usize>, Vec<usize>) = axes
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
    indices(lengths).map(move |index| {
        let index = index.iter().zip(&first).map(|(index, first)| index + first);
        grid.block(index.collect())
    })
}

/// The first step of a reduction: what each chunk of the input gives.
struct Chunks {
    fused: Fused,
    program: Arc<Program>,
    whole: Arc<[usize]>,
    reduction: Arc<Reduction>,
    layer: LayerId,
}

impl Chunks {
    fn task(&self, planner: &mut Planner, block: &GridBlock) -> TaskId {
        let placed = self.fused.at(planner, block);
        let position = Position {
            offset: block.offset.clone().into(),
            shape: block.shape.clone().into(),
        };
        let axes = block.shape.iter().zip(&self.reduction.axes);
        let kept: usize = axes
            .filter(|(_, reduced)| !**reduced)
            .map(|(len, _)| len)
            .product();
        let inputs = placed.inputs.clone().into();
        let (program, whole) = (self.program.clone(), self.whole.clone());
        let reduction = self.reduction.clone();
        planner.graph.add_task(NewTask {
            layer: self.layer,
            block: block.key(),
            inputs,
            bytes: kept * self.reduction.computed.itemsize(),
            run: Arc::new(move |values: &[Value]| {
                let leaves = placed.leaves(values)?;
                reduce(&program, leaves, &position, &whole, &reduction).map(partial)
            }),
        })
    }
}

fn partial(partial: Partial) -> Value {
    let bytes = partial.nbytes();
    Value::with_bytes(partial, bytes)
}

fn partials(values: &[Value]) -> Vec<&Partial> {
    values.iter().map(input).collect()
}
