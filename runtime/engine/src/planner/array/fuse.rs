//! Element-wise functions, slices, other orders of axes and sources become one task a chunk, however many of them follow
//! each other.
//!
//! From an array the walk goes up through its inputs. An input is computed within the same task if nothing else uses it
//! (all its uses are in the task) and no element would be computed twice. What is in memory or follows from its place is
//! read within the task in any case, and so are slices and broadcasts: others use them, too, but they cost nothing. All
//! else are chunks of other tasks, also random numbers that several use, or one in another order.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use dagbok::array::{ArrayOp, NdArray, NodeInput, Source, Ufunc};
use dagbok::{Array, DType, Name, Result, Value};

use super::grid::{Grid, GridBlock};
use super::recipe::{BlockWise, Blocks, Recipe};
use super::value;
use super::view::View;
use crate::kernels::{Affine, Leaf, LeafData, Program, Step, StepInput};
use crate::planner::{Planner, input};

/// The most functions of one task.
const STEPS_MAX: usize = 64;

/// The program that computes an array's chunks, and what it reads.
pub(super) struct Fused {
    pub(super) program: Program,
    /// The arrays whose chunks the tasks take, in the order of their leaves.
    pub(super) inputs: Vec<Array>,
    pub(super) leaves: Leaves,
    /// Whether all chunks of the inputs are taken.
    pub(super) takes_all: bool,
}

/// The leaves of a program, for the chunk of any block.
#[derive(Clone)]
pub(super) struct Leaves(Arc<[PlannedLeaf]>);

struct PlannedLeaf {
    view: View,
    grid: Grid,
    /// The array, if it is read within the task; otherwise the leaf is the task's next input.
    at_hand: Option<Array>,
}

/// An array that is computed within the task, or may be.
struct Candidate {
    array: Array,
    /// How it is seen; none if it is seen in several ways.
    view: Option<View>,
    /// By how many arrays of the task it is used.
    uses: usize,
}

impl Fused {
    /// The program for the chunks of `array`.
    pub(super) fn of(planner: &Planner, array: &Array) -> Fused {
        let inside = Inside::collect(planner, array, true);
        Fused::build(planner, array, &inside)
    }

    /// The program for the chunks of the only input of `array`, such as a sum, whose tasks go on with them.
    pub(super) fn input_of(planner: &Planner, array: &Array) -> Fused {
        let input = &array.node().inputs[0];
        let alone = planner.uses(input.name()) == 1;
        let inside = Inside::collect(planner, input, alone);
        Fused::build(planner, input, &inside)
    }

    fn build(planner: &Planner, array: &Array, inside: &Inside) -> Fused {
        let mut builder = Builder {
            inside,
            leaves: Vec::new(),
            steps: Vec::new(),
            built: HashMap::new(),
        };
        builder.add(array, &View::identity(array.ndim()));
        let Builder { leaves, steps, .. } = builder;
        let reads_sources = planner.fuses() || array.node().inputs.is_empty();
        let is_read = |leaf: &Array, view: &View| {
            let is_drawn = || inside.owned.contains(leaf.name()) && view.is_in_order();
            reads_sources && (is_at_hand(leaf) || is_random(leaf) && is_drawn())
        };
        let of_others = || leaves.iter().filter(|(leaf, view)| !is_read(leaf, view));
        Fused {
            program: Program {
                steps,
                dtype: array.dtype(),
            },
            inputs: of_others().map(|(leaf, _)| leaf.clone()).collect(),
            takes_all: of_others().all(|(leaf, view)| view.covers(leaf.shape(), array.shape())),
            leaves: Leaves(
                leaves
                    .iter()
                    .map(|(leaf, view)| PlannedLeaf {
                        view: view.clone(),
                        grid: Grid::of(leaf),
                        at_hand: is_read(leaf, view).then(|| leaf.clone()),
                    })
                    .collect(),
            ),
        }
    }
}

impl Leaves {
    /// The chunks that the task for `block` takes, in the order of the inputs.
    pub(super) fn takes(&self, block: &GridBlock) -> impl Iterator<Item = usize> {
        let taken = self.0.iter().filter(|leaf| leaf.at_hand.is_none());
        taken.map(|leaf| leaf.view.chunk(&leaf.grid, block))
    }

    /// The bytes of chunks on the disk that the task for `block` brings into memory.
    pub(super) fn loaded_bytes(&self, block: &GridBlock) -> usize {
        let bytes = self.0.iter().map(|leaf| match leaf.held() {
            Some(chunks) => {
                let chunk = &chunks[leaf.view.chunk(&leaf.grid, block)];
                if chunk.is_stored() { chunk.bytes() } else { 0 }
            }
            None => 0,
        });
        bytes.sum()
    }

    /// Whether there are chunks that may be on the disk.
    pub(super) fn are_held(&self) -> bool {
        self.0.iter().any(|leaf| leaf.held().is_some())
    }

    /// The leaves of the program for `block`, from the values of what it takes.
    ///
    /// # Errors
    /// [`ErrorKind::Io`](dagbok::ErrorKind::Io) if a chunk is on the disk and cannot be read.
    pub(super) fn at(&self, block: &GridBlock, values: &[Value]) -> Result<Vec<Leaf>> {
        let mut values = values.iter();
        let leaves = self.0.iter().map(|leaf| match &leaf.at_hand {
            Some(array) => leaf.read(array, block),
            None => {
                let value = values.next().expect("a task gets what it takes");
                let (_, affine) = leaf.view.in_chunk(&leaf.grid, block);
                Ok(chunk(value, affine))
            }
        });
        leaves.collect()
    }
}

impl PlannedLeaf {
    fn held(&self) -> Option<&[Value]> {
        match &self.at_hand.as_ref()?.node().op {
            ArrayOp::Held(chunks) => Some(chunks),
            _ => None,
        }
    }

    fn read(&self, array: &Array, block: &GridBlock) -> Result<Leaf> {
        let in_whole = || self.view.in_whole(array.shape(), block);
        let data = match &array.node().op {
            ArrayOp::Data(data) => LeafData::Chunk(data.clone()),
            ArrayOp::Source(source) => LeafData::Source(*source, array.dtype()),
            ArrayOp::Held(chunks) => {
                let (place, affine) = self.view.in_chunk(&self.grid, block);
                return Ok(chunk(&chunks[place].clone().loaded()?, affine));
            }
            op => unreachable!("{op:?} is not at hand"),
        };
        let affine = in_whole();
        Ok(Leaf { data, affine })
    }
}

fn chunk(value: &Value, affine: Affine) -> Leaf {
    let data = LeafData::Chunk(input::<NdArray>(value).clone());
    Leaf { data, affine }
}

/// Whether the elements of `array` are in memory, or follow from their place at no cost.
fn is_at_hand(array: &Array) -> bool {
    match array.node().op {
        ArrayOp::Source(_) => !is_random(array),
        ArrayOp::Data(_) | ArrayOp::Held(_) => true,
        _ => false,
    }
}

/// Whether the elements of `array` follow from their place, which takes time, and more where they are not drawn in their order.
fn is_random(array: &Array) -> bool {
    matches!(array.node().op, ArrayOp::Source(Source::Random { .. }))
}

/// The arrays that are computed within one task.
struct Inside {
    candidates: HashMap<Name, Candidate>,
    inside: HashSet<Name>,
    /// What only this task uses, and in one way.
    owned: HashSet<Name>,
}

impl Inside {
    /// Those that belong to the tasks of `root`; only what costs nothing if `root` itself is not to be computed there.
    fn collect(planner: &Planner, root: &Array, compute_root: bool) -> Inside {
        let mut all = Inside {
            candidates: HashMap::new(),
            inside: HashSet::new(),
            owned: HashSet::new(),
        };
        if compute_root {
            all.owned.insert(*root.name());
        }
        let identity = View::identity(root.ndim());
        if !compute_root || !is_computable(root) {
            all.look_through(root);
            return all;
        }
        let mut open = vec![(root.clone(), identity)];
        all.inside.insert(*root.name());
        while let Some((array, view)) = open.pop() {
            for input in distinct(&array.node().inputs) {
                let Some(seen) = view.of_input(&array, input) else {
                    continue;
                };
                let candidate = all
                    .candidates
                    .entry(*input.name())
                    .or_insert_with(|| Candidate {
                        array: input.clone(),
                        view: Some(seen.clone()),
                        uses: 0,
                    });
                candidate.uses += 1;
                if candidate.view.as_ref() != Some(&seen) {
                    candidate.view = None;
                }
                let is_owned = planner.uses(input.name()) == candidate.uses;
                if is_owned && candidate.view.is_some() {
                    all.owned.insert(*input.name());
                }
                let belongs = all.inside.len() < STEPS_MAX
                    && is_owned
                    && is_computable(&candidate.array)
                    && (is_view(&candidate.array) || !seen.repeats(root.shape()));
                match &candidate.view {
                    Some(view) if belongs => {
                        open.push((candidate.array.clone(), view.clone()));
                        all.inside.insert(*input.name());
                    }
                    _ => all.look_through(input),
                }
            }
        }
        all
    }

    /// What `array` shows is read where it is, if that costs nothing.
    fn look_through(&mut self, array: &Array) {
        let mut shown = array;
        while is_cheap(shown) && self.inside.len() < STEPS_MAX {
            self.inside.insert(*shown.name());
            shown = &shown.node().inputs[0];
        }
    }

    fn contains(&self, array: &Array) -> bool {
        self.inside.contains(array.name())
    }
}

/// Whether chunks of `array` can be computed from elements of its inputs.
fn is_computable(array: &Array) -> bool {
    matches!(array.node().op, ArrayOp::Elementwise { .. }) || is_view(array)
}

/// Whether to read the elements of `array` from its input costs nothing: neither time, as they are in the same order there, nor memory,
/// as it is not a small part of what would else be let go.
fn is_cheap(array: &Array) -> bool {
    let node = array.node();
    match &node.op {
        ArrayOp::Broadcast => true,
        ArrayOp::Slice(_) => {
            let input = &node.inputs[0];
            is_at_hand(input) || 2 * array.size() >= input.size()
        }
        _ => false,
    }
}

/// Whether `array` holds the elements of its input in other places.
fn is_view(array: &Array) -> bool {
    matches!(
        array.node().op,
        ArrayOp::Slice(_) | ArrayOp::Axes(_) | ArrayOp::Broadcast
    )
}

/// `inputs` without those that are the same.
fn distinct(inputs: &[Array]) -> impl Iterator<Item = &Array> {
    let first = |idx: usize| {
        inputs[..idx]
            .iter()
            .all(|other| other.name() != inputs[idx].name())
    };
    (0..inputs.len())
        .filter(move |&idx| first(idx))
        .map(|idx| &inputs[idx])
}

struct Builder<'a> {
    inside: &'a Inside,
    leaves: Vec<(Array, View)>,
    steps: Vec<Step>,
    built: HashMap<Name, StepInput>,
}

impl Builder<'_> {
    /// The step or leaf that gives `array`. The recursion is at most as deep as a task has functions.
    fn add(&mut self, array: &Array, view: &View) -> StepInput {
        if !self.inside.contains(array) {
            return self.leaf(array, view);
        }
        let inputs = &array.node().inputs;
        let seen = |input: &Array| view.of_input(array, input).expect("its elements are seen");
        if is_view(array) {
            return self.add(&inputs[0], &seen(&inputs[0]));
        }
        if let Some(built) = self.built.get(array.name()) {
            return built.clone();
        }
        let built = match &array.node().op {
            ArrayOp::Elementwise {
                function,
                operands,
                signature,
            } => {
                let operands = operands.iter().zip(&signature.operands);
                let arguments = operands.map(|(operand, &dtype)| match operand {
                    NodeInput::Scalar(scalar) => StepInput::constant(*scalar, dtype)
                        .expect("checked when the array was made"),
                    NodeInput::Array(idx) => {
                        let input = &inputs[*idx];
                        let argument = self.add(input, &seen(input));
                        self.cast(argument, input.dtype(), dtype)
                    }
                });
                let arguments: Vec<StepInput> = arguments.collect();
                match (function, arguments.as_slice()) {
                    (Ufunc::Identity, [argument]) => argument.clone(),
                    _ => self.step(*function, arguments, signature.result),
                }
            }
            op => unreachable!("{op:?} is not computed within a task"),
        };
        self.built.insert(*array.name(), built.clone());
        built
    }

    fn leaf(&mut self, array: &Array, view: &View) -> StepInput {
        let same = |(leaf, seen): &(Array, View)| leaf.name() == array.name() && seen == view;
        let place = self.leaves.iter().position(same);
        StepInput::Leaf(place.unwrap_or_else(|| {
            self.leaves.push((array.clone(), view.clone()));
            self.leaves.len() - 1
        }))
    }

    fn cast(&mut self, argument: StepInput, from: DType, to: DType) -> StepInput {
        if from == to {
            return argument;
        }
        self.step(Ufunc::Identity, vec![argument], to)
    }

    fn step(&mut self, function: Ufunc, inputs: Vec<StepInput>, dtype: DType) -> StepInput {
        self.steps.push(Step {
            function,
            inputs,
            dtype,
        });
        StepInput::Step(self.steps.len() - 1)
    }
}

impl Program {
    /// Casts what the program makes to `dtype`.
    pub(super) fn cast(&mut self, dtype: DType) {
        if self.dtype == dtype {
            return;
        }
        let last = match self.steps.len() {
            0 => StepInput::Leaf(0),
            steps => StepInput::Step(steps - 1),
        };
        self.steps.push(Step {
            function: Ufunc::Identity,
            inputs: vec![last],
            dtype,
        });
        self.dtype = dtype;
    }
}

/// One task a chunk that runs the program.
pub(super) fn recipe(planner: &Planner, array: &Array) -> Box<dyn Recipe> {
    let Fused {
        program,
        inputs,
        leaves,
        takes_all,
    } = Fused::of(planner, array);
    let takes = {
        let leaves = leaves.clone();
        move |block: &GridBlock| leaves.takes(block).enumerate().collect()
    };
    let run = {
        let leaves = leaves.clone();
        move |block: &GridBlock, values: &[Value]| {
            let leaves = leaves.at(block, values)?;
            program.chunk(leaves, &block.shape).map(value)
        }
    };
    let blocks = Blocks::of(array, run).loading(leaves);
    let recipe = BlockWise::new(array, inputs, takes, blocks);
    Box::new(recipe.taking_all(takes_all))
}
