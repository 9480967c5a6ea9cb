//! Element-wise functions, slices, other orders of axes and sources become one task a chunk, however many of them follow
//! each other.
//!
//! From an array the walk goes up through its inputs. An input is computed within the same task if nothing else uses it
//! (all its uses are in the task) and no element would be computed twice. What is in memory or follows from its place is
//! read within the task in any case. All else are chunks of other tasks.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use dagbok::array::{ArrayOp, NdArray, NodeInput, Source, Ufunc};
use dagbok::{Array, DType, Name, Result, Value};

use super::grid::{Grid, GridBlock};
use super::view::View;
use super::{add_blocks, value};
use crate::graph::TaskId;
use crate::kernels::{Affine, Leaf, LeafData, Program, Step, StepInput};
use crate::planner::{Planner, input};

/// The most functions of one task.
const STEPS_MAX: usize = 64;

/// The program that computes an array's chunks, and the arrays that it reads.
pub(super) struct Fused {
    pub(super) program: Program,
    leaves: Vec<(Array, View)>,
    grids: Vec<Grid>,
    /// Whether leaves that are in memory or follow from their place are read within the task.
    reads_sources: bool,
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
        Fused {
            program: Program {
                steps: builder.steps,
                dtype: array.dtype(),
            },
            grids: builder
                .leaves
                .iter()
                .map(|(leaf, _)| Grid::of(leaf))
                .collect(),
            leaves: builder.leaves,
            reads_sources: planner.fuses() || array.node().inputs.is_empty(),
        }
    }

    /// The program, for the tasks to share.
    pub(super) fn take_program(&mut self) -> Arc<Program> {
        let dtype = self.program.dtype;
        let steps = std::mem::take(&mut self.program.steps);
        Arc::new(Program { steps, dtype })
    }

    /// The arrays whose chunks the tasks take.
    pub(super) fn inputs(&self) -> Vec<Array> {
        let inputs = self.leaves.iter().filter(|(array, _)| !self.reads(array));
        inputs.map(|(array, _)| array.clone()).collect()
    }

    fn reads(&self, leaf: &Array) -> bool {
        self.reads_sources && is_at_hand(leaf)
    }

    /// What the task for a chunk takes, and what it does with it.
    pub(super) fn at(&self, planner: &Planner, block: &GridBlock) -> FusedBlock {
        let mut inputs = Vec::new();
        let leaves = self.leaves.iter().zip(&self.grids);
        let leaves = leaves.map(|((array, view), grid)| {
            if !self.reads(array) {
                let (index, affine) = view.in_chunk(grid, block);
                inputs.push(planner.planned(array)[grid.flat(&index)]);
                return PlacedLeaf::Input(inputs.len() - 1, affine);
            }
            match &array.node().op {
                ArrayOp::Data(data) => {
                    let affine = view.in_whole(array.shape(), block);
                    PlacedLeaf::Chunk(data.clone(), affine)
                }
                ArrayOp::Held(chunks) => {
                    let (index, affine) = view.in_chunk(grid, block);
                    PlacedLeaf::Held(chunks[grid.flat(&index)].clone(), affine)
                }
                ArrayOp::Source(source) => {
                    let affine = view.in_whole(array.shape(), block);
                    PlacedLeaf::Source(*source, array.dtype(), affine)
                }
                op => unreachable!("{op:?} is not at hand"),
            }
        });
        let leaves = leaves.collect();
        FusedBlock { inputs, leaves }
    }
}

/// Whether the elements of `array` are in memory, or follow from their place.
fn is_at_hand(array: &Array) -> bool {
    matches!(
        array.node().op,
        ArrayOp::Data(_) | ArrayOp::Held(_) | ArrayOp::Source(_)
    )
}

/// What the task for one chunk takes: values of other tasks, and what is at hand.
pub(super) struct FusedBlock {
    pub(super) inputs: Vec<TaskId>,
    leaves: Vec<PlacedLeaf>,
}

#[derive(Clone)]
enum PlacedLeaf {
    /// The value of this input.
    Input(usize, Affine),
    Chunk(NdArray, Affine),
    /// A chunk that may be on the disk.
    Held(Value, Affine),
    Source(Source, DType, Affine),
}

impl FusedBlock {
    /// The leaves of the program, once the values of the inputs are there.
    ///
    /// # Errors
    /// [`ErrorKind::Io`](dagbok::ErrorKind::Io) if a chunk is on the disk and cannot be read.
    pub(super) fn leaves(&self, values: &[Value]) -> Result<Vec<Leaf>> {
        let chunk = |value: &Value| LeafData::Chunk(input::<NdArray>(value).clone());
        let leaves = self.leaves.iter().map(|leaf| {
            let (data, affine) = match leaf {
                PlacedLeaf::Input(idx, affine) => (chunk(&values[*idx]), affine),
                PlacedLeaf::Chunk(chunk, affine) => (LeafData::Chunk(chunk.clone()), affine),
                PlacedLeaf::Held(value, affine) => (chunk(&value.clone().loaded()?), affine),
                PlacedLeaf::Source(source, dtype, affine) => {
                    (LeafData::Source(*source, *dtype), affine)
                }
            };
            let affine = affine.clone();
            Ok(Leaf { data, affine })
        });
        leaves.collect()
    }
}

/// The arrays that are computed within one task.
struct Inside {
    candidates: HashMap<Name, Candidate>,
    inside: HashSet<Name>,
}

impl Inside {
    /// Those that belong to the tasks of `root`; only what is at hand if `root` itself is not to be computed there.
    fn collect(planner: &Planner, root: &Array, compute_root: bool) -> Inside {
        let mut all = Inside {
            candidates: HashMap::new(),
            inside: HashSet::new(),
        };
        let identity = View::identity(root.ndim());
        if !compute_root || !is_computable(root) {
            return all;
        }
        let mut open = vec![(root.clone(), identity)];
        all.inside.insert(root.name().clone());
        while let Some((array, view)) = open.pop() {
            for input in distinct(&array.node().inputs) {
                let Some(seen) = view.of_input(&array, input) else {
                    continue;
                };
                let candidate = all
                    .candidates
                    .entry(input.name().clone())
                    .or_insert_with(|| Candidate {
                        array: input.clone(),
                        view: Some(seen.clone()),
                        uses: 0,
                    });
                candidate.uses += 1;
                if candidate.view.as_ref() != Some(&seen) {
                    candidate.view = None;
                }
                let belongs = all.inside.len() < STEPS_MAX
                    && planner.uses(input.name()) == candidate.uses
                    && is_computable(&candidate.array)
                    && (is_view(&candidate.array) || !seen.repeats(root.shape()));
                if let (true, Some(view)) = (belongs, &candidate.view) {
                    open.push((candidate.array.clone(), view.clone()));
                    all.inside.insert(input.name().clone());
                }
            }
        }
        all
    }

    fn contains(&self, array: &Array) -> bool {
        self.inside.contains(array.name())
    }
}

/// Whether chunks of `array` can be computed from elements of its inputs.
fn is_computable(array: &Array) -> bool {
    matches!(array.node().op, ArrayOp::Elementwise { .. }) || is_view(array)
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
        if let Some(built) = self.built.get(array.name()) {
            return built.clone();
        }
        let inputs = &array.node().inputs;
        let seen = |input: &Array| view.of_input(array, input).expect("its elements are seen");
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
            _ => self.add(&inputs[0], &seen(&inputs[0])),
        };
        self.built.insert(array.name().clone(), built.clone());
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
pub(super) fn plan(planner: &mut Planner, array: &Array) -> Result<Vec<TaskId>> {
    let mut fused = Fused::of(planner, array);
    let program = fused.take_program();
    Ok(add_blocks(planner, array, |planner, block| {
        let placed = fused.at(planner, block);
        let (program, shape) = (program.clone(), block.shape.clone());
        let inputs = placed.inputs.clone();
        let run = move |values: &[Value]| program.chunk(placed.leaves(values)?, &shape).map(value);
        (inputs, Arc::new(run))
    }))
}
