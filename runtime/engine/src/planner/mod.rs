//! From expressions to a task graph: each collection becomes one layer, once.

mod ahead;
mod array;
mod calls;
mod explain;
mod frame;
mod places;
#[cfg(test)]
mod tests;
mod uses;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use dagbok::delayed::DelayedNode;
use dagbok::engine::{Collection, Submitted};
use dagbok::frame::Frame;
use dagbok::graph::GraphId;
use dagbok::{Name, Result, Value};

use crate::graph::{self, Graph, TaskId};
pub(crate) use ahead::first_calls;
pub use explain::explain;
use places::Places;

/// The graph of some collections, and for each of them the tasks that make its blocks, in order.
pub struct Plan {
    pub graph: Graph,
    pub outputs: Vec<Vec<TaskId>>,
    /// Futures whose values are tasks of the graph: they are to be done before it runs.
    pub futures: Vec<Arc<dyn Submitted>>,
    /// Whether a file is another than when its collection was made, so that names do not say what is in it.
    pub is_stale: bool,
}

/// The number of partitions of `frame`, none of which becomes a task for that.
///
/// # Errors
/// As for [`plan`].
pub(crate) fn n_partitions(frame: &Frame) -> Result<usize> {
    let mut planner = Planner {
        pass: Pass::OPTIMIZED,
        ..Planner::default()
    };
    let outputs = [Collection::Frame(frame.clone())];
    planner.calls(&outputs)?;
    planner.count_uses(&outputs);
    frame::n_partitions(&mut planner, frame)
}

/// Builds the graph that computes the blocks of `outputs`: culled and fused, its ids in the order to run them in.
///
/// # Errors
/// What a collection's source returns, such as a file that cannot be read.
pub fn plan(outputs: &[Collection]) -> Result<Plan> {
    plan_without(outputs, Each::Block, |_| Ok(Vec::new()))
}

/// Like [`plan`], but one task each output, that of its whole value.
///
/// # Errors
/// As for [`plan`].
pub fn plan_whole(outputs: &[Collection]) -> Result<Plan> {
    plan_without(outputs, Each::Whole, |_| Ok(Vec::new()))
}

/// Like [`plan_whole`], but each collection has tasks of its own: nothing is computed within the tasks of another.
///
/// # Errors
/// As for [`plan`].
pub fn plan_unfused(outputs: &[Collection]) -> Result<Plan> {
    plan_all(Pass::UNFUSED, outputs, Each::Block).map(Plan::arranged)
}

/// What an output has a task for.
#[derive(Clone, Copy)]
pub(crate) enum Each {
    Block,
    /// All blocks joined.
    Whole,
}

/// The plan of `outputs` without what only leads to results that are `known`, unless a file has changed since its collection was
/// made.
///
/// # Errors
/// As for [`plan`], and what `known` returns.
pub(crate) fn plan_without(
    outputs: &[Collection],
    each: Each,
    known: impl FnOnce(&Graph) -> Result<Vec<(TaskId, Value)>>,
) -> Result<Plan> {
    let mut plan = plan_all(Pass::OPTIMIZED, outputs, each)?;
    if !plan.is_stale {
        let known = known(&plan.graph)?;
        plan.graph.set_known(known);
    }
    plan.graph = graph::fuse(plan.graph, &mut plan.outputs);
    Ok(plan.arranged())
}

impl Plan {
    /// Culled, the ids in the order to run the tasks in.
    fn arranged(mut self) -> Plan {
        self.graph = graph::arrange(self.graph, &mut self.outputs);
        self
    }

    /// What `tasks` of the plan need: a plan whose outputs they are, one task each.
    pub fn part(&self, tasks: &[TaskId]) -> Plan {
        let part = Plan {
            graph: self.graph.clone(),
            outputs: tasks.iter().map(|task| vec![*task]).collect(),
            futures: self.futures.clone(),
            is_stale: self.is_stale,
        };
        part.arranged()
    }
}

/// What a plan leaves out from the start.
#[derive(Clone, Copy, Default)]
struct Pass {
    /// Whether a collection may be computed within the tasks of another.
    fuses: bool,
    /// Whether only those chunks become tasks that are needed.
    culls: bool,
}

impl Pass {
    const OPTIMIZED: Pass = Pass {
        fuses: true,
        culls: true,
    };
    const UNFUSED: Pass = Pass {
        fuses: false,
        culls: true,
    };
    /// Everything, as it is written.
    const WRITTEN: Pass = Pass {
        fuses: false,
        culls: false,
    };
}

/// The tasks of `outputs`, in no order yet.
fn plan_all(pass: Pass, outputs: &[Collection], each: Each) -> Result<Plan> {
    let mut planner = Planner {
        pass,
        graph: match pass.fuses {
            true => Graph::default(),
            false => Graph::of_all_inputs(),
        },
        ..Planner::default()
    };
    planner.calls(outputs)?;
    if outputs
        .iter()
        .any(|output| !matches!(output, Collection::Delayed(_)))
    {
        planner.count_uses(outputs);
    }
    let outputs = outputs
        .iter()
        .map(|output| match each {
            Each::Block => planner.blocks(output),
            Each::Whole => Ok(vec![planner.whole(output)?]),
        })
        .collect::<Result<Vec<_>>>()?;
    planner.graph.make_keys_unique();
    let Planner {
        graph,
        futures,
        is_stale,
        ..
    } = planner;
    Ok(Plan {
        graph,
        outputs,
        futures,
        is_stale,
    })
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut plan = f.debug_struct("Plan");
        plan.field("graph", &self.graph)
            .field("outputs", &self.outputs);
        plan.finish_non_exhaustive()
    }
}

/// A graph being built, and what is in it already.
#[derive(Default)]
pub(crate) struct Planner {
    pub(crate) graph: Graph,
    /// The chunks of arrays.
    chunks: HashMap<Name, array::Chunks>,
    joined: HashMap<Name, TaskId>,
    /// The task of each delayed call.
    places: Places,
    /// The graph by hand whose keys the tasks have.
    named_by: Option<GraphId>,
    futures: Vec<Arc<dyn Submitted>>,
    frames: frame::Frames,
    pass: Pass,
    /// How many collections use each array and frame, once it has been counted.
    uses: Option<HashMap<Name, usize>>,
    /// Whether a file has changed since its collection was made.
    is_stale: bool,
}

impl Planner {
    /// The tasks that make the blocks of `collection`, in order: an array's chunks in C order, a frame's partitions,
    /// the one value of a delayed call. Planned at most once for a name.
    pub(crate) fn blocks(&mut self, collection: &Collection) -> Result<Vec<TaskId>> {
        match collection {
            Collection::Delayed(node) => Ok(vec![self.called(node)]),
            Collection::Array(array) => Ok(array::tasks(self, array)),
            Collection::Frame(frame) => frame::plan(self, frame),
        }
    }

    /// The one task whose value is the whole of `collection`: joins the blocks where there are several.
    pub(crate) fn whole(&mut self, collection: &Collection) -> Result<TaskId> {
        if let Collection::Delayed(node) = collection {
            return Ok(self.called(node));
        }
        if let Some(task) = self.joined.get(&collection.name()) {
            return Ok(*task);
        }
        let blocks = self.blocks(collection)?;
        let task = match collection {
            Collection::Array(array) => array::join(self, array, &blocks),
            Collection::Frame(frame) => frame::join(self, frame, &blocks)?,
            Collection::Delayed(_) => blocks[0],
        };
        self.joined.insert(collection.name(), task);
        Ok(task)
    }

    /// The task of a call, which has become one before all else.
    fn called(&self, node: &DelayedNode) -> TaskId {
        let task = self.places.get(&self.graph, node);
        task.expect("calls become tasks before what takes them")
    }

    fn count_uses(&mut self, outputs: &[Collection]) {
        if self.pass.fuses && self.uses.is_none() {
            self.uses = Some(uses::count(outputs));
        }
    }

    /// How many collections and outputs of the plan use the collection `name`.
    pub(crate) fn uses(&self, name: &Name) -> usize {
        let counted = self.uses.as_ref().and_then(|uses| uses.get(name));
        counted.copied().unwrap_or(usize::MAX)
    }

    /// Whether a collection may be computed within the tasks of another.
    pub(crate) fn fuses(&self) -> bool {
        self.pass.fuses
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
