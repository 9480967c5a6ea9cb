//! From expressions to a task graph: each collection becomes one layer, once.

mod array;
mod frame;

use std::collections::HashMap;

use dagbok::engine::Collection;
use dagbok::{Name, Result, Value};

use crate::graph::{Graph, Layer, LayerKind, Task, TaskId};

/// The graph of some collections, and for each of them the tasks that make its blocks, in order.
#[derive(Debug)]
pub struct Plan {
    pub graph: Graph,
    pub outputs: Vec<Vec<TaskId>>,
}

/// Builds the graph that computes the blocks of `outputs`.
///
/// # Errors
/// What a collection's source returns, such as a file that cannot be read.
pub fn plan(outputs: &[Collection]) -> Result<Plan> {
    let mut planner = Planner::default();
    planner.frames.count_uses(outputs);
    let outputs = outputs
        .iter()
        .map(|output| planner.blocks(output))
        .collect::<Result<_>>()?;
    Ok(Plan {
        graph: planner.graph,
        outputs,
    })
}

/// A graph being built, and what is in it already.
#[derive(Default)]
pub(crate) struct Planner {
    pub(crate) graph: Graph,
    planned: HashMap<Name, Vec<TaskId>>,
    frames: frame::Frames,
}

impl Planner {
    /// The tasks that make the blocks of `collection`, in order: an array's chunks in C order, a frame's partitions,
    /// the one value of a delayed call. Planned at most once for a name.
    pub(crate) fn blocks(&mut self, collection: &Collection) -> Result<Vec<TaskId>> {
        if let Some(tasks) = self.planned.get(collection.name()) {
            return Ok(tasks.clone());
        }
        let tasks = match collection {
            Collection::Array(array) => array::plan(self, array)?,
            Collection::Frame(frame) => frame::plan(self, frame)?,
            Collection::Delayed(node) => vec![self.delayed(node)?],
        };
        self.planned
            .insert(collection.name().clone(), tasks.clone());
        Ok(tasks)
    }

    /// The one task whose value is the whole of `collection`: joins the blocks where there are several.
    pub(crate) fn whole(&mut self, collection: &Collection) -> Result<TaskId> {
        let blocks = self.blocks(collection)?;
        match collection {
            Collection::Array(array) => array::join(self, array, &blocks),
            Collection::Frame(frame) => frame::join(self, frame, &blocks),
            Collection::Delayed(_) => Ok(blocks[0]),
        }
    }

    fn delayed(&mut self, node: &dagbok::delayed::DelayedNode) -> Result<TaskId> {
        let inputs = node
            .inputs
            .iter()
            .map(|input| self.whole(input))
            .collect::<Result<Box<[_]>>>()?;
        let layer = self.graph.add_layer(Layer {
            name: node.name.clone(),
            kind: LayerKind::Delayed,
            site: node.site,
            detail: String::new(),
        });
        let run = node.run.clone();
        Ok(self.graph.add_task(Task {
            layer,
            block: Box::new([]),
            inputs,
            run,
            bytes: 0,
        }))
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
