//! From expressions to a task graph: each collection becomes one layer, once.

mod array;
mod calls;
mod frame;
mod uses;

use std::collections::HashMap;

use dagbok::engine::Collection;
use dagbok::{Array, Name, Result, Value};

use crate::graph::{self, Graph, TaskId};
use calls::{Calls, TokenMap};

/// The graph of some collections, and for each of them the tasks that make its blocks, in order.
#[derive(Debug)]
pub struct Plan {
    pub graph: Graph,
    pub outputs: Vec<Vec<TaskId>>,
}

/// Builds the graph that computes the blocks of `outputs`: culled, its ids in the order to run them in.
///
/// # Errors
/// What a collection's source returns, such as a file that cannot be read.
pub fn plan(outputs: &[Collection]) -> Result<Plan> {
    plan_each(true, outputs, Planner::blocks)
}

/// Like [`plan`], but each collection has tasks of its own: nothing is computed within the tasks of another.
///
/// # Errors
/// As for [`plan`].
pub fn plan_unfused(outputs: &[Collection]) -> Result<Plan> {
    plan_each(false, outputs, Planner::blocks)
}

/// Like [`plan`], but one task each output, that of its whole value.
///
/// # Errors
/// As for [`plan`].
pub fn plan_whole(outputs: &[Collection]) -> Result<Plan> {
    plan_each(true, outputs, |planner, output| {
        Ok(vec![planner.whole(output)?])
    })
}

fn plan_each(
    fuses: bool,
    outputs: &[Collection],
    mut tasks: impl FnMut(&mut Planner, &Collection) -> Result<Vec<TaskId>>,
) -> Result<Plan> {
    let calls = Calls::of(outputs);
    let mut planner = Planner {
        uses: fuses.then(|| uses::count(calls.collections())),
        ..Planner::default()
    };
    planner.calls(calls)?;
    let mut outputs = outputs
        .iter()
        .map(|output| tasks(&mut planner, output))
        .collect::<Result<Vec<_>>>()?;
    let graph = graph::arrange(planner.graph, &mut outputs);
    Ok(Plan { graph, outputs })
}

/// A graph being built, and what is in it already.
#[derive(Default)]
pub(crate) struct Planner {
    pub(crate) graph: Graph,
    planned: HashMap<Name, Vec<TaskId>>,
    joined: HashMap<Name, TaskId>,
    /// The task of each delayed call.
    called: TokenMap<TaskId>,
    frames: frame::Frames,
    /// How many collections use each array and frame; none if each collection is to have tasks of its own.
    uses: Option<HashMap<Name, usize>>,
}

impl Planner {
    /// The tasks that make the blocks of `collection`, in order: an array's chunks in C order, a frame's partitions,
    /// the one value of a delayed call. Planned at most once for a name.
    pub(crate) fn blocks(&mut self, collection: &Collection) -> Result<Vec<TaskId>> {
        if let Collection::Delayed(node) = collection {
            return Ok(vec![self.called[&node.name]]);
        }
        if let Some(tasks) = self.planned.get(collection.name()) {
            return Ok(tasks.clone());
        }
        enum Step {
            Inputs(Collection),
            Plan(Collection),
        }
        let mut steps = vec![Step::Inputs(collection.clone())];
        while let Some(step) = steps.pop() {
            match step {
                Step::Inputs(collection) if !self.planned.contains_key(collection.name()) => {
                    let inputs = self.inputs(&collection);
                    steps.push(Step::Plan(collection));
                    steps.extend(inputs.into_iter().rev().map(Step::Inputs));
                }
                Step::Plan(collection) if !self.planned.contains_key(collection.name()) => {
                    let tasks = match &collection {
                        Collection::Array(array) => array::plan(self, array)?,
                        Collection::Frame(frame) => frame::plan(self, frame)?,
                        Collection::Delayed(node) => vec![self.called[&node.name]],
                    };
                    self.planned.insert(collection.name().clone(), tasks);
                }
                Step::Inputs(_) | Step::Plan(_) => {}
            }
        }
        Ok(self.planned[collection.name()].clone())
    }

    /// What has to be planned before `collection`. What runs in the same tasks as a frame is planned with it.
    fn inputs(&self, collection: &Collection) -> Vec<Collection> {
        match collection {
            Collection::Array(array) => {
                let inputs = array::inputs(self, array);
                inputs.into_iter().map(Collection::Array).collect()
            }
            Collection::Frame(_) => Vec::new(),
            Collection::Delayed(_) => Vec::new(),
        }
    }

    /// The one task whose value is the whole of `collection`: joins the blocks where there are several.
    pub(crate) fn whole(&mut self, collection: &Collection) -> Result<TaskId> {
        if let Collection::Delayed(node) = collection {
            return Ok(self.called[&node.name]);
        }
        if let Some(task) = self.joined.get(collection.name()) {
            return Ok(*task);
        }
        let blocks = self.blocks(collection)?;
        let task = match collection {
            Collection::Array(array) => array::join(self, array, &blocks)?,
            Collection::Frame(frame) => frame::join(self, frame, &blocks)?,
            Collection::Delayed(_) => blocks[0],
        };
        self.joined.insert(collection.name().clone(), task);
        Ok(task)
    }

    /// How many collections and outputs of the plan use the collection `name`.
    pub(crate) fn uses(&self, name: &Name) -> usize {
        let counted = self.uses.as_ref().and_then(|uses| uses.get(name));
        counted.copied().unwrap_or(usize::MAX)
    }

    /// Whether a collection may be computed within the tasks of another.
    pub(crate) fn fuses(&self) -> bool {
        self.uses.is_some()
    }

    /// The tasks of an array that has been planned.
    pub(crate) fn planned(&self, array: &Array) -> &[TaskId] {
        &self.planned[array.name()]
    }
}

/// The value of a task that another task takes as a `T`.
///
/// # Panics
/// If the value is of another type, which a plan never builds.
pub(crate) fn input<T: 'static>(value: &Value) -> &T {
    value.downcast_ref().unwrap_or_else(|| {
        panic!(
            "a task got a `{}` where it takes a `{}`",
            value.type_name(),
            std::any::type_name::<T>()
        )
    })
}
