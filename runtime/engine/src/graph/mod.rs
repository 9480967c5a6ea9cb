//! The task graph: what runs, on what, for which collection. It knows no collection.

mod arrange;
mod dependents;
mod order;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use dagbok::engine::Work;
use dagbok::{Name, Site};

pub use arrange::arrange;
pub(crate) use dependents::Dependents;

/// A task of one [`Graph`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct TaskId(u32);

/// A layer of one [`Graph`]: the tasks of one collection.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct LayerId(u32);

/// What a task runs.
pub type Run = Arc<dyn Work>;

/// One unit of work, to be added to a graph.
pub struct NewTask {
    pub layer: LayerId,
    /// Which block of its collection the task makes, one number an axis; empty for a single value.
    pub block: Box<[u32]>,
    pub inputs: Box<[TaskId]>,
    pub run: Run,
    /// The bytes that the result is expected to take, 0 if unknown.
    pub bytes: usize,
}

/// One unit of work of a graph; as [`NewTask`].
#[derive(Clone, Copy)]
pub struct Task<'g> {
    pub layer: LayerId,
    pub block: &'g [u32],
    pub inputs: &'g [TaskId],
    pub run: &'g Run,
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
///
/// A task takes 40 bytes and 4 for each input, besides what it runs.
#[derive(Default)]
pub struct Graph {
    layers: Vec<Layer>,
    runs: Vec<Run>,
    tasks: Vec<Entry>,
    /// Those of all tasks, one task's after the other's.
    inputs: Vec<TaskId>,
    /// The numbers of all blocks, likewise; of a call the halves of its token.
    blocks: Vec<u32>,
}

/// What there is of each task, besides what it runs.
#[derive(Clone, Copy)]
struct Entry {
    bytes: usize,
    layer: LayerId,
    /// Where the task's inputs and its block end.
    inputs_end: u32,
    blocks_end: u32,
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
    pub fn add_task(&mut self, task: NewTask) -> TaskId {
        let NewTask {
            layer,
            block,
            inputs,
            run,
            bytes,
        } = task;
        self.blocks.extend(block);
        self.add(layer, &inputs, run, bytes)
    }

    /// Adds the call `token` of a layer of calls, whose inputs are in the graph already.
    ///
    /// # Panics
    /// As for [`add_task`](Graph::add_task).
    pub fn add_call(&mut self, layer: LayerId, token: u64, inputs: &[TaskId], run: Run) -> TaskId {
        self.blocks.extend([(token >> 32) as u32, token as u32]);
        self.add(layer, inputs, run, 0)
    }

    /// Adds a task to whom the last blocks belong.
    fn add(&mut self, layer: LayerId, inputs: &[TaskId], run: Run, bytes: usize) -> TaskId {
        assert!(
            (layer.0 as usize) < self.layers.len(),
            "layer of another graph"
        );
        assert!(
            inputs.iter().all(|input| input.index() < self.len()),
            "input of another graph"
        );
        self.inputs.extend(inputs);
        self.runs.push(run);
        self.tasks.push(Entry {
            bytes,
            layer,
            inputs_end: end(&self.inputs),
            blocks_end: end(&self.blocks),
        });
        TaskId::new(self.tasks.len() - 1)
    }

    /// The task `id`.
    pub fn task(&self, id: TaskId) -> Task<'_> {
        let entry = self.tasks[id.index()];
        Task {
            layer: entry.layer,
            block: match self.layer(entry.layer).kind {
                LayerKind::Delayed => &[],
                LayerKind::Array | LayerKind::Frame => self.block(id),
            },
            inputs: self.inputs(id),
            run: &self.runs[id.index()],
            bytes: entry.bytes,
        }
    }

    /// The inputs of the task `id`.
    pub fn inputs(&self, id: TaskId) -> &[TaskId] {
        let end = |entry: Entry| entry.inputs_end as usize;
        &self.inputs[self.before(id).map_or(0, end)..end(self.tasks[id.index()])]
    }

    fn block(&self, id: TaskId) -> &[u32] {
        let end = |entry: Entry| entry.blocks_end as usize;
        &self.blocks[self.before(id).map_or(0, end)..end(self.tasks[id.index()])]
    }

    fn before(&self, id: TaskId) -> Option<Entry> {
        let before = id.index().checked_sub(1)?;
        Some(self.tasks[before])
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
    pub fn tasks(&self) -> impl ExactSizeIterator<Item = (TaskId, Task<'_>)> {
        self.ids().map(|id| (id, self.task(id)))
    }

    /// The ids of all tasks, in order.
    pub fn ids(&self) -> impl ExactSizeIterator<Item = TaskId> + use<> {
        (0..self.len()).map(TaskId::new)
    }

    /// All layers with their ids, in the order in which they were added.
    pub fn layers(&self) -> impl ExactSizeIterator<Item = (LayerId, &Layer)> {
        self.layers
            .iter()
            .enumerate()
            .map(|(idx, layer)| (LayerId(idx as u32), layer))
    }

    /// The name of a task without its block: that of its collection or call.
    pub fn name(&self, id: TaskId) -> Name {
        let layer = self.layer(self.tasks[id.index()].layer);
        match (layer.kind, self.block(id)) {
            (LayerKind::Delayed, &[high, low]) => layer
                .name
                .with_token(u64::from(high) << 32 | u64::from(low)),
            _ => layer.name,
        }
    }

    /// The key of a task as Dask writes it: `sum-9f86d081`, or with its block, `('sum-9f86d081', 0, 2)`.
    pub fn key(&self, id: TaskId) -> String {
        let name = self.name(id);
        match self.task(id).block {
            [] => name.to_string(),
            block => {
                let block: Vec<String> = block.iter().map(u32::to_string).collect();
                format!("('{name}', {})", block.join(", "))
            }
        }
    }
}

fn end<T>(all: &[T]) -> u32 {
    u32::try_from(all.len()).expect("a graph has fewer than 2^32 edges")
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
