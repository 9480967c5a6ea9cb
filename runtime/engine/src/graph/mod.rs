//! The task graph: what runs, on what, for which collection. It knows no collection.

mod arrange;
mod dependents;
mod fuse;
mod order;
mod peak;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use dagbok::engine::Work;
use dagbok::graph::Key;
use dagbok::{Name, Result, Site, Value};

pub use arrange::arrange;
pub(crate) use dependents::Dependents;
pub use fuse::fuse;
pub use peak::{Peak, peak};

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
    /// What runs before `run`, one after the other: the first on the inputs, each on the value of the one before, and `run` on that
    /// of the last. Empty for most.
    pub parts: &'g [Part],
    pub run: &'g Run,
    pub bytes: usize,
}

/// A call that runs in the task of the one that takes its value, and has no task of its own.
#[derive(Clone)]
pub struct Part {
    /// The place of its layer among the graph's `part_layers`.
    layer: u32,
    token: u64,
    pub run: Run,
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
/// A task takes 40 bytes and 4 for each input, besides what it runs; a call that runs in another's task 32.
#[derive(Clone, Default)]
pub struct Graph {
    layers: Vec<Layer>,
    runs: Vec<Run>,
    tasks: Vec<Entry>,
    /// Those of all tasks, one task's after the other's.
    inputs: Vec<TaskId>,
    /// The numbers of all blocks, likewise; of a call the halves of its token.
    blocks: Vec<u32>,
    parts: Vec<Part>,
    part_layers: Vec<Layer>,
    /// The keys that persons have given.
    keys: HashMap<TaskId, Key>,
}

/// What there is of each task, besides what it runs.
#[derive(Clone, Copy)]
struct Entry {
    bytes: usize,
    layer: LayerId,
    /// Where the task's inputs, its block and its parts end.
    inputs_end: u32,
    blocks_end: u32,
    parts_end: u32,
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
        self.blocks
            .extend_from_slice(&[(token >> 32) as u32, token as u32]);
        self.add(layer, inputs, run, 0)
    }

    /// Calls the task `id` `key`, in place of the name of its layer.
    pub fn set_key(&mut self, id: TaskId, key: Key) {
        self.keys.insert(id, key);
    }

    /// The result of the task `id` is expected to take so many bytes.
    pub fn set_bytes(&mut self, id: TaskId, bytes: usize) {
        self.tasks[id.index()].bytes = bytes;
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
        self.inputs.extend_from_slice(inputs);
        self.runs.push(run);
        self.tasks.push(Entry {
            bytes,
            layer,
            inputs_end: end(&self.inputs),
            blocks_end: end(&self.blocks),
            parts_end: end(&self.parts),
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
            parts: self.parts(id),
            run: &self.runs[id.index()],
            bytes: entry.bytes,
        }
    }

    /// The inputs of the task `id`.
    pub fn inputs(&self, id: TaskId) -> &[TaskId] {
        &self.inputs[self.range(id, |entry| entry.inputs_end)]
    }

    fn block(&self, id: TaskId) -> &[u32] {
        &self.blocks[self.range(id, |entry| entry.blocks_end)]
    }

    fn parts(&self, id: TaskId) -> &[Part] {
        &self.parts[self.range(id, |entry| entry.parts_end)]
    }

    /// What belongs to the task `id`, by where that of each task ends.
    fn range(&self, id: TaskId, end: fn(&Entry) -> u32) -> Range<usize> {
        let before = id.index().checked_sub(1);
        let start = before.map_or(0, |before| end(&self.tasks[before]));
        start as usize..end(&self.tasks[id.index()]) as usize
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
    pub fn ids(&self) -> impl ExactSizeIterator<Item = TaskId> + DoubleEndedIterator + use<> {
        (0..self.len()).map(TaskId::new)
    }

    /// All layers with their ids, in the order in which they were added.
    pub fn layers(&self) -> impl ExactSizeIterator<Item = (LayerId, &Layer)> {
        self.layers
            .iter()
            .enumerate()
            .map(|(idx, layer)| (LayerId(idx as u32), layer))
    }

    /// The name of a task without its block: that of its collection or call, of several calls in one task that of the last one.
    pub fn name(&self, id: TaskId) -> Name {
        let layer = self.layer(self.tasks[id.index()].layer);
        match (layer.kind, self.block(id)) {
            (LayerKind::Delayed, block @ [_, _]) => layer.name.with_token(token(block)),
            _ => layer.name,
        }
    }

    /// The key of a task as Dask writes it: `sum-9f86d081`, or with its block, `('sum-9f86d081', 0, 2)`.
    pub fn key(&self, id: TaskId) -> String {
        self.task_key(id).to_string()
    }

    /// The key of a task.
    pub fn task_key(&self, id: TaskId) -> Key {
        match self.keys.get(&id) {
            Some(key) => key.clone(),
            None => Key::new(self.name(id).to_string(), numbers(self.task(id).block)),
        }
    }

    /// The layer that the call `part` would be in.
    pub fn part_layer(&self, part: &Part) -> &Layer {
        &self.part_layers[part.layer as usize]
    }

    /// The name of the call `part`.
    pub fn part_name(&self, part: &Part) -> Name {
        self.part_layer(part).name.with_token(part.token)
    }

    /// The key that the call `part` would have as a task of its own.
    pub fn part_key(&self, part: &Part) -> String {
        self.part_name(part).to_string()
    }

    /// What runs in the task `id`, if that is several calls: `load → clean → inc ×98`.
    pub fn holds(&self, id: TaskId) -> Option<String> {
        let task = self.task(id);
        let parts = task.parts.iter().map(|part| self.part_layer(part));
        let calls = parts.chain([self.layer(task.layer)]);
        let mut operations: Vec<(&str, usize)> = Vec::new();
        for operation in calls.map(|layer| layer.name.operation()) {
            match operations.last_mut() {
                Some((last, n)) if *last == operation => *n += 1,
                _ => operations.push((operation, 1)),
            }
        }
        let texts = operations.iter().map(|(operation, n)| match n {
            1 => (*operation).to_owned(),
            n => format!("{operation} ×{n}"),
        });
        let texts: Vec<String> = texts.collect();
        (!task.parts.is_empty()).then(|| texts.join(" → "))
    }

    /// The keys of all tasks, in order.
    pub fn keys(&self) -> Vec<Key> {
        let layers = self.layers.iter();
        let names: Vec<Arc<str>> = layers.map(|layer| layer.name.to_string().into()).collect();
        let key = |id: TaskId| {
            let layer = self.tasks[id.index()].layer;
            match self.layer(layer).kind {
                LayerKind::Delayed => self.task_key(id),
                LayerKind::Array | LayerKind::Frame => {
                    Key::new(names[layer.index()].clone(), numbers(self.block(id)))
                }
            }
        };
        self.ids().map(key).collect()
    }
}

fn numbers(block: &[u32]) -> Box<[usize]> {
    block.iter().map(|idx| *idx as usize).collect()
}

/// The key of the task that makes `block` of the collection `name`.
pub(crate) fn key(name: Name, block: &[u32]) -> String {
    match block {
        [] => name.to_string(),
        block => {
            let block: Vec<String> = block.iter().map(u32::to_string).collect();
            format!("('{name}', {})", block.join(", "))
        }
    }
}

/// The token of a call, of which `block` is the halves.
fn token(block: &[u32]) -> u64 {
    block
        .iter()
        .fold(0, |token, half| token << 32 | u64::from(*half))
}

/// `graph`, in which no calls have been made one task, with some tasks that need not run, as their results are known: these have
/// no inputs.
pub(crate) fn with_known(graph: &Graph, known: Vec<(TaskId, Value)>) -> Graph {
    struct Known(Value);

    impl Work for Known {
        fn run(&self, _: &[Value]) -> Result<Value> {
            Ok(self.0.clone())
        }
    }

    let mut with_known = Graph {
        layers: graph.layers.clone(),
        keys: graph.keys.clone(),
        ..Graph::default()
    };
    let mut known = known.into_iter().peekable();
    for id in graph.ids() {
        let entry = graph.tasks[id.index()];
        let value = known.next_if(|(task, _)| *task == id);
        let (inputs, run): (&[TaskId], Run) = match value {
            Some((_, value)) => (&[], Arc::new(Known(value))),
            None => (graph.inputs(id), graph.runs[id.index()].clone()),
        };
        with_known.blocks.extend(graph.block(id));
        with_known.add(entry.layer, inputs, run, entry.bytes);
    }
    with_known
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
