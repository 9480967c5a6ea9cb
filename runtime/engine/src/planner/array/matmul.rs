//! Matrix products: a task for each pair of blocks that meet, and a tree that sums them.

use std::sync::Arc;

use dagbok::array::NdArray;
use dagbok::{Array, Result, Value};

use super::grid::{Grid, GridBlock};
use super::recipe::{Blocks, Recipe, Taken};
use super::tree::{Tree, part_layer};
use super::{layer, value};
use crate::graph::{BlockFunction, LayerId, TaskId};
use crate::kernels::matmul::{matmul, sum};
use crate::planner::{Planner, input};

struct Product {
    array: Array,
    grid: Grid,
    left: Grid,
    right: Grid,
    tree: Tree,
    layers: Option<Layers>,
}

struct Layers {
    /// The products of blocks, numbered by row, column and place in the sum; none where the sum has one part.
    products: Option<(LayerId, Grid)>,
    chunks: LayerId,
}

pub(super) fn recipe(array: &Array) -> Box<dyn Recipe> {
    let [left, right] = array.node().inputs.as_slice() else {
        unreachable!("a product has two inputs");
    };
    Box::new(Product {
        array: array.clone(),
        grid: Grid::of(array),
        left: Grid::of(left),
        right: Grid::of(right),
        tree: Tree::new(array, add),
        layers: None,
    })
}

impl Product {
    fn n_inner(&self) -> usize {
        self.left.numblocks()[1]
    }

    /// The two blocks that meet for the part `inner` of a chunk.
    fn pair(&self, chunk: &GridBlock, inner: usize) -> Taken {
        let (row, column) = (chunk.index[0], chunk.index[1]);
        Taken::from_slice(&[
            (0, self.left.flat(&[row, inner])),
            (1, self.right.flat(&[inner, column])),
        ])
    }

    fn layers(&self, planner: &mut Planner) -> Layers {
        let is_one_part = self.n_inner() == 1;
        let mut chunks = self.array.chunks().to_vec();
        chunks.push(vec![1; self.n_inner()]);
        let products = (!is_one_part).then(|| {
            let detail = "products of blocks".to_owned();
            let layer = part_layer(&self.array, "chunk", detail);
            let product = |_: &GridBlock, values: &[Value]| multiply(values);
            let blocks = Blocks {
                grid: Grid::new(&chunks),
                ..Blocks::of(&self.array, product)
            };
            let layer = planner.graph.add_block_layer(layer, Arc::new(blocks));
            (layer, Grid::new(&chunks))
        });
        let function: Arc<dyn BlockFunction> = match is_one_part {
            true => Arc::new(Blocks::of(
                &self.array,
                |_: &GridBlock, values: &[Value]| multiply(values),
            )),
            false => Arc::new(Blocks::of(
                &self.array,
                |_: &GridBlock, values: &[Value]| add(values),
            )),
        };
        let chunks = planner.graph.add_block_layer(layer(&self.array), function);
        Layers { products, chunks }
    }
}

impl Recipe for Product {
    fn inputs(&self) -> &[Array] {
        &self.array.node().inputs
    }

    fn takes(&self, chunk: usize) -> Taken {
        let chunk = self.grid.at(chunk);
        let pairs = (0..self.n_inner()).flat_map(|inner| self.pair(&chunk, inner));
        pairs.collect()
    }

    fn task(&mut self, planner: &mut Planner, chunk: usize) -> TaskId {
        let layers = match self.layers.take() {
            Some(layers) => layers,
            None => self.layers(planner),
        };
        let block = self.grid.at(chunk);
        let pair = |planner: &Planner, inner| {
            planner.chunks_of(&self.array.node().inputs, &self.pair(&block, inner))
        };
        let inputs = match &layers.products {
            None => pair(planner, 0).to_vec(),
            Some((layer, grid)) => {
                let parts = (0..self.n_inner()).map(|inner| {
                    let number = grid.flat(&[block.index[0], block.index[1], inner]);
                    let inputs = pair(planner, inner);
                    planner.graph.add_block(*layer, number as u32, &inputs)
                });
                let parts = parts.collect();
                let bytes = block.len() * self.array.dtype().itemsize();
                self.tree.shrink(planner, &block.key(), parts, bytes)
            }
        };
        let task = planner
            .graph
            .add_block(layers.chunks, chunk as u32, &inputs);
        self.layers = Some(layers);
        task
    }
}

fn multiply(values: &[Value]) -> Result<Value> {
    matmul(input(&values[0]), input(&values[1])).map(value)
}

fn add(values: &[Value]) -> Result<Value> {
    let chunks: Vec<&NdArray> = values.iter().map(input).collect();
    sum(&chunks).map(value)
}
