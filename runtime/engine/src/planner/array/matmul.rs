//! Matrix products: a task for each pair of blocks that meet, and a tree that sums them.

use std::sync::Arc;

use dagbok::array::NdArray;
use dagbok::{Array, Result, Value};

use super::grid::Grid;
use super::tree::{Tree, part_layer};
use super::{layer, value};
use crate::graph::{NewTask, TaskId};
use crate::kernels::matmul::{matmul, sum};
use crate::planner::{Planner, input};

pub(super) fn plan(planner: &mut Planner, array: &Array) -> Result<Vec<TaskId>> {
    let [left, right] = array.node().inputs.as_slice() else {
        unreachable!("a product has two inputs");
    };
    let (left_grid, right_grid) = (Grid::of(left), Grid::of(right));
    let n_inner = left_grid.numblocks()[1];
    let detail = "products of blocks".to_owned();
    let products = match n_inner {
        1 => None,
        _ => Some(part_layer(planner, array, "chunk", detail)),
    };
    let sums = layer(planner, array);
    let mut tree = Tree::new(array, |values: &[Value]| add(values));
    let grid = Grid::of(array);
    let tasks = grid.blocks().map(|block| {
        let (row, column) = (block.index[0], block.index[1]);
        let bytes = block.len() * array.dtype().itemsize();
        let parts = (0..n_inner).map(|inner| {
            let inputs = [
                planner.planned(left)[left_grid.flat(&[row, inner])],
                planner.planned(right)[right_grid.flat(&[inner, column])],
            ];
            planner.graph.add_task(NewTask {
                layer: products.unwrap_or(sums),
                block: match products {
                    Some(_) => [row, column, inner].map(|index| index as u32).into(),
                    None => block.key(),
                },
                inputs: inputs.into(),
                bytes,
                run: Arc::new(|values: &[Value]| {
                    matmul(input(&values[0]), input(&values[1])).map(value)
                }),
            })
        });
        let parts: Vec<TaskId> = parts.collect();
        if let [only] = parts.as_slice() {
            return *only;
        }
        let inputs = tree.shrink(planner, &block.key(), parts, bytes);
        planner.graph.add_task(NewTask {
            layer: sums,
            block: block.key(),
            inputs: inputs.into(),
            bytes,
            run: Arc::new(add),
        })
    });
    Ok(tasks.collect())
}

fn add(values: &[Value]) -> Result<Value> {
    let chunks: Vec<&NdArray> = values.iter().map(input).collect();
    sum(&chunks).map(value)
}
