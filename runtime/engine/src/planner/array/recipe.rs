//! How the chunks of an array become tasks: first it is found which of them are needed, down to the sources, and then a task is made of
//! each of those. Of an array of a million chunks of which ten are needed, ten become tasks.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use dagbok::{Array, Name, Result, Value};
use smallvec::SmallVec;

use super::fuse::Leaves;
use super::grid::{Grid, GridBlock};
use super::layer;
use crate::graph::{Block, BlockFunction, LayerId, TaskId};
use crate::planner::Planner;

/// Chunks of other arrays: which of the inputs, and the chunk's place in C order.
pub(super) type Taken = SmallVec<[(usize, usize); 4]>;

/// How the chunks of one array become tasks.
pub(super) trait Recipe {
    /// The arrays whose chunks its tasks take.
    fn inputs(&self) -> &[Array];

    /// What the chunk at this place in C order is made of.
    fn takes(&self, chunk: usize) -> Taken;

    /// Whether all chunks together take all chunks of the inputs.
    fn takes_all(&self) -> bool {
        true
    }

    /// The task that makes the chunk at this place in C order. What it takes has tasks.
    fn task(&mut self, planner: &mut Planner, chunk: usize) -> TaskId;
}

/// The tasks of an array's chunks, as far as there are any.
pub(crate) struct Chunks {
    recipe: Box<dyn Recipe>,
    tasks: Vec<Option<TaskId>>,
    n_missing: usize,
}

/// The chunks of an array that are needed.
enum Needed {
    All,
    Some(Vec<bool>),
}

/// The tasks that make the chunks of `array`, in C order.
///
/// Takes time linear in the arrays behind it and in the chunks that are needed of them; recursion-free.
pub(crate) fn tasks(planner: &mut Planner, array: &Array) -> Vec<TaskId> {
    let order = inputs_first(planner, array);
    let mut needed = needed(planner, &order);
    for array in &order {
        let name = array.name();
        let Some(needed) = needed.remove(name) else {
            continue;
        };
        let Some(mut chunks) = planner.chunks.remove(name) else {
            continue;
        };
        chunks.make(planner, &needed);
        planner.chunks.insert(*name, chunks);
    }
    let tasks = planner.chunks[array.name()].tasks.iter();
    tasks.map(|task| task.expect("all are needed")).collect()
}

/// `array` and all below it of which chunks have no tasks yet, inputs before those that take them.
fn inputs_first(planner: &mut Planner, array: &Array) -> Vec<Array> {
    let mut order = Vec::new();
    let mut seen = HashSet::new();
    let mut open = vec![(array.clone(), false)];
    while let Some((array, are_inputs_done)) = open.pop() {
        if are_inputs_done {
            order.push(array);
            continue;
        }
        if !seen.insert(*array.name()) {
            continue;
        }
        if !planner.chunks.contains_key(array.name()) {
            let chunks = Chunks::of(planner, &array);
            planner.chunks.insert(*array.name(), chunks);
        }
        let chunks = &planner.chunks[array.name()];
        if chunks.n_missing > 0 {
            let inputs = chunks.recipe.inputs().iter().rev();
            let inputs: Vec<_> = inputs.map(|input| (input.clone(), false)).collect();
            open.push((array, true));
            open.extend(inputs);
        }
    }
    order
}

/// Which chunks of the arrays of `order` are needed for all of the last one.
fn needed(planner: &Planner, order: &[Array]) -> HashMap<Name, Needed> {
    let mut needed: HashMap<Name, Needed> = HashMap::new();
    if let Some(last) = order.last() {
        needed.insert(*last.name(), Needed::All);
    }
    for array in order.iter().rev() {
        let chunks = &planner.chunks[array.name()];
        let recipe = &*chunks.recipe;
        let inputs = recipe.inputs();
        let own = match needed.get(array.name()) {
            None => continue,
            Some(Needed::All) if recipe.takes_all() || !planner.pass.culls => {
                let all = inputs.iter().map(|input| (*input.name(), Needed::All));
                needed.extend(all);
                continue;
            }
            Some(Needed::All) => (0..chunks.tasks.len()).collect(),
            Some(Needed::Some(own)) => places(own),
        };
        let mut taken: Vec<Option<Vec<bool>>> = inputs
            .iter()
            .map(|input| match needed.remove(input.name()) {
                Some(Needed::All) => None,
                Some(Needed::Some(chunks)) => Some(chunks),
                None => Some(vec![false; input.npartitions()]),
            })
            .collect();
        for chunk in own
            .into_iter()
            .filter(|chunk| chunks.tasks[*chunk].is_none())
        {
            for (input, place) in recipe.takes(chunk) {
                if let Some(taken) = &mut taken[input] {
                    taken[place] = true;
                }
            }
        }
        let taken = taken
            .into_iter()
            .map(|taken| taken.map_or(Needed::All, Needed::Some));
        for (input, taken) in inputs.iter().zip(taken) {
            merge(&mut needed, *input.name(), taken);
        }
    }
    needed
}

/// `name` is needed as much as `more` says, too: an array may be an input twice.
fn merge(needed: &mut HashMap<Name, Needed>, name: Name, more: Needed) {
    let both = match (needed.remove(&name), more) {
        (None, more) => more,
        (Some(Needed::All), _) | (_, Needed::All) => Needed::All,
        (Some(Needed::Some(one)), Needed::Some(other)) => {
            let both = one.iter().zip(&other).map(|(one, other)| *one || *other);
            Needed::Some(both.collect())
        }
    };
    needed.insert(name, both);
}

fn places(chunks: &[bool]) -> Vec<usize> {
    let places = chunks.iter().enumerate();
    let needed = places.filter(|(_, is_needed)| **is_needed);
    needed.map(|(place, _)| place).collect()
}

impl Chunks {
    fn of(planner: &mut Planner, array: &Array) -> Chunks {
        let n = array.npartitions();
        Chunks {
            recipe: super::recipe_of(planner, array),
            tasks: vec![None; n],
            n_missing: n,
        }
    }

    /// The task of the chunk at a place in C order, which has one.
    pub(crate) fn task(&self, chunk: usize) -> TaskId {
        self.tasks[chunk].expect("inputs have tasks before what takes them")
    }

    fn make(&mut self, planner: &mut Planner, needed: &Needed) {
        for chunk in 0..self.tasks.len() {
            let is_needed = match needed {
                Needed::All => true,
                Needed::Some(chunks) => chunks[chunk],
            };
            if is_needed && self.tasks[chunk].is_none() {
                self.tasks[chunk] = Some(self.recipe.task(planner, chunk));
                self.n_missing -= 1;
            }
        }
    }
}

/// A recipe of one task a chunk, which all run one function.
pub(super) struct BlockWise<T, F> {
    array: Array,
    inputs: Vec<Array>,
    takes: T,
    takes_all: bool,
    /// A task besides chunks whose value each takes.
    call: Option<TaskId>,
    blocks: Arc<Blocks<F>>,
    layer: Option<LayerId>,
}

/// What the tasks for the blocks of a grid run.
pub(super) struct Blocks<F> {
    pub(super) grid: Grid,
    /// The bytes that a block's value takes.
    pub(super) bytes: Box<dyn Fn(&GridBlock) -> usize + Send + Sync>,
    /// What may have to be brought from the disk.
    pub(super) held: Option<Leaves>,
    pub(super) run: F,
}

impl<F> Blocks<F> {
    /// What makes the chunks of `array`.
    pub(super) fn of(array: &Array, run: F) -> Self {
        let itemsize = array.dtype().itemsize();
        Blocks {
            grid: Grid::of(array),
            bytes: Box::new(move |block| block.len() * itemsize),
            held: None,
            run,
        }
    }

    /// What `leaves` brings from the disk takes memory, too.
    pub(super) fn loading(self, leaves: Leaves) -> Self {
        Blocks {
            held: Some(leaves).filter(Leaves::are_held),
            ..self
        }
    }
}

impl<F> BlockFunction for Blocks<F>
where
    F: Fn(&GridBlock, &[Value]) -> Result<Value> + Send + Sync,
{
    fn block(&self, number: u32) -> Block {
        super::grid::key(&self.grid.index(number as usize))
    }

    fn bytes(&self, number: u32) -> usize {
        (self.bytes)(&self.grid.at(number as usize))
    }

    fn loaded_bytes(&self, number: u32) -> usize {
        let leaves = self.held.as_ref();
        leaves.map_or(0, |leaves| {
            leaves.loaded_bytes(&self.grid.at(number as usize))
        })
    }

    fn run(&self, number: u32, inputs: &[Value]) -> Result<Value> {
        (self.run)(&self.grid.at(number as usize), inputs)
    }
}

impl<T, F> BlockWise<T, F>
where
    T: Fn(&GridBlock) -> Taken,
    F: Fn(&GridBlock, &[Value]) -> Result<Value> + Send + Sync + 'static,
{
    /// The chunks of `array`, of which `takes` says what each takes of `inputs`, and `blocks` makes them of that.
    pub(super) fn new(array: &Array, inputs: Vec<Array>, takes: T, blocks: Blocks<F>) -> Self {
        BlockWise {
            array: array.clone(),
            inputs,
            takes,
            takes_all: true,
            call: None,
            blocks: Arc::new(blocks),
            layer: None,
        }
    }

    /// The chunks take the value of the task `call`, too, before all else.
    pub(super) fn with_call(self, call: TaskId) -> Self {
        let call = Some(call);
        BlockWise { call, ..self }
    }

    /// Whether all chunks together take all chunks of the inputs.
    pub(super) fn taking_all(self, takes_all: bool) -> Self {
        BlockWise { takes_all, ..self }
    }
}

impl<T, F> Recipe for BlockWise<T, F>
where
    T: Fn(&GridBlock) -> Taken,
    F: Fn(&GridBlock, &[Value]) -> Result<Value> + Send + Sync + 'static,
{
    fn inputs(&self) -> &[Array] {
        &self.inputs
    }

    fn takes(&self, chunk: usize) -> Taken {
        (self.takes)(&self.blocks.grid.at(chunk))
    }

    fn takes_all(&self) -> bool {
        self.takes_all
    }

    fn task(&mut self, planner: &mut Planner, chunk: usize) -> TaskId {
        let layer = *self.layer.get_or_insert_with(|| {
            let layer = layer(&self.array);
            planner.graph.add_block_layer(layer, self.blocks.clone())
        });
        let chunks = planner.chunks_of(&self.inputs, &self.takes(chunk));
        let inputs: SmallVec<[TaskId; 4]> = self.call.into_iter().chain(chunks).collect();
        planner.graph.add_block(layer, chunk as u32, &inputs)
    }
}

impl Planner {
    /// The tasks of chunks of `inputs`, which have some.
    pub(super) fn chunks_of(&self, inputs: &[Array], taken: &Taken) -> SmallVec<[TaskId; 4]> {
        let task =
            |(input, chunk): &(usize, usize)| self.chunks[inputs[*input].name()].task(*chunk);
        taken.iter().map(task).collect()
    }
}
