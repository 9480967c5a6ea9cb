//! The task graph: what runs, on what, for which collection. It knows no collection.

mod arrange;
mod dependents;
mod order;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use dagbok::{Name, Result, Site, Value};

pub use arrange::arrange;
pub(crate) use dependents::Dependents;

/// A task of one [`Graph`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct TaskId(u32);

/// A layer of one [`Graph`]: the tasks of one collection.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct LayerId(u32);

/// What a task runs: the values of its inputs, in order, to its own.
pub type Run = Arc<dyn Fn(&[Value]) -> Result<Value> + Send + Sync>;

/// One unit of work.
pub struct Task {
    pub layer: LayerId,
    /// Which block of its collection the task makes, one number an axis; empty for a single value.
    pub block: Box<[u32]>,
    pub inputs: Box<[TaskId]>,
    pub run: Run,
    /// The bytes that the result is expected to take, 0 if unknown.
    pub bytes: usize,
}

/// The tasks of one collection, and what they are called.
#[derive(Clone, Debug)]
pub struct Layer {
    pub name: Name,
    pub kind: LayerKind,
    pub site: Site,
    /// One line about what the layer holds, such as `(1000, 1000) f64 in 4 chunks`.
    pub detail: String,
}

/// What a layer's blocks are, for pictures and displays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayerKind {
    Array,
    Frame,
    Delayed,
}

/// A directed acyclic graph of tasks. Inputs are added before the tasks that use them, so ids are in a valid order
/// and a cycle cannot be built.
#[derive(Default)]
pub struct Graph {
    tasks: Vec<Task>,
    layers: Vec<Layer>,
}

impl Graph {
    /// Adds a layer for tasks to belong to.
    pub fn add_layer(&mut self, layer: Layer) -> LayerId {
        self.layers.push(layer);
        LayerId(self.layers.len() as u32 - 1)
    }

    /// Adds a task whose inputs are in the graph already.
    ///
    /// # Panics
    /// If an input or the layer is not of this graph.
    pub fn add_task(&mut self, task: Task) -> TaskId {
        assert!(
            (task.layer.0 as usize) < self.layers.len(),
            "layer of another graph"
        );
        assert!(
            task.inputs
                .iter()
                .all(|input| (input.0 as usize) < self.tasks.len()),
            "input of another graph"
        );
        self.tasks.push(task);
        TaskId::new(self.tasks.len() - 1)
    }

    /// The task `id`.
    pub fn task(&self, id: TaskId) -> &Task {
        &self.tasks[id.0 as usize]
    }

    /// The layer `id`.
    pub fn layer(&self, id: LayerId) -> &Layer {
        &self.layers[id.0 as usize]
    }

    /// The number of tasks.
    pub fn len(&self) -> usize {
        self.tasks.len()
    }

    /// Whether there is no task.
    pub fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    /// All tasks with their ids, inputs before the tasks that use them.
    pub fn tasks(&self) -> impl ExactSizeIterator<Item = (TaskId, &Task)> {
        self.tasks
            .iter()
            .enumerate()
            .map(|(idx, task)| (TaskId::new(idx), task))
    }

    /// All layers with their ids, in the order in which they were added.
    pub fn layers(&self) -> impl ExactSizeIterator<Item = (LayerId, &Layer)> {
        self.layers
            .iter()
            .enumerate()
            .map(|(idx, layer)| (LayerId(idx as u32), layer))
    }

    /// The key of a task as Dask writes it: `sum-9f86d081`, or with its block, `('sum-9f86d081', 0, 2)`.
    pub fn key(&self, id: TaskId) -> String {
        let task = self.task(id);
        let name = &self.layer(task.layer).name;
        match &*task.block {
            [] => name.to_string(),
            block => format!(
                "('{name}', {})",
                block
                    .iter()
                    .map(u32::to_string)
                    .collect::<Vec<_>>()
                    .join(", ")
            ),
        }
    }
}

impl TaskId {
    pub(crate) fn new(index: usize) -> Self {
        TaskId(u32::try_from(index).expect("a graph has fewer than 2^32 tasks"))
    }

    /// The task's place in [`Graph::tasks`].
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl LayerId {
    /// The layer's place in [`Graph::layers`].
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Debug for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Graph({} tasks in {} layers)",
            self.tasks.len(),
            self.layers.len()
        )
    }
}
