//! The task graph: what runs, on what, for which collection. Of collections it knows only calls, each of which is a task.

mod arrange;
mod dependents;
mod fuse;
mod keys;
mod order;
mod peak;
#[cfg(test)]
mod tests;
mod work;

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use dagbok::delayed::DelayedNode;
use dagbok::engine::Work;
use dagbok::graph::Key;
use dagbok::{Name, Site, Value};
use smallvec::SmallVec;

pub use arrange::arrange;
pub(crate) use dependents::Dependents;
pub use fuse::fuse;
pub(crate) use keys::key;
pub use peak::{Peak, peak};
pub use work::{BlockFunction, Runs};

/// A task of one [`Graph`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct TaskId(u32);

/// A layer of one [`Graph`]: the tasks of one collection.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct LayerId(u32);

/// Which block of its collection a task makes, one number an axis; empty for a single value.
pub type Block = SmallVec<[u32; 4]>;

/// One unit of work, to be added to a graph.
pub struct NewTask {
    pub layer: LayerId,
    pub block: Box<[u32]>,
    pub inputs: Box<[TaskId]>,
    pub run: Arc<dyn Work>,
    /// The bytes that the result is expected to take, 0 if unknown.
    pub bytes: usize,
}

/// One unit of work of a graph.
pub struct Task<'g> {
    pub layer: LayerId,
    pub block: Block,
    pub inputs: &'g [TaskId],
    /// What runs before the task's own work, one after the other: the first on the inputs, each on the value of the one before, and
    /// the task's work on that of the last. Empty for most.
    pub parts: &'g [Part],
    /// The bytes that the result is expected to take, 0 if unknown.
    pub bytes: usize,
}

/// A call that runs in the task of the one that takes its value, and has no task of its own: its place among the graph's calls.
#[derive(Clone, Copy)]
pub struct Part(u32);

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
/// A task takes 12 bytes and 4 for each input; a call 8 more, and where it runs in another's task 12 in all. What a layer's block function
/// makes takes nothing else, however many blocks there are.
#[derive(Clone, Default)]
pub struct Graph {
    layers: Vec<Layer>,
    /// For each layer what its tasks run.
    makers: Vec<Maker>,
    tasks: Vec<Entry>,
    /// Those of all tasks, one task's after the other's.
    inputs: Vec<TaskId>,
    calls: Vec<Arc<DelayedNode>>,
    works: Vec<OwnWork>,
    parts: Vec<Part>,
    /// Where the parts of each task end; empty if there are none.
    parts_ends: Vec<u32>,
    /// The keys that persons have given.
    keys: HashMap<TaskId, Key>,
    /// The bytes that the values of calls take, where they are known.
    bytes: HashMap<TaskId, usize>,
    /// The values of tasks that need not run.
    known: HashMap<TaskId, Value>,
    /// Whether calls are given the values of all their inputs, also of those that are known.
    takes_known: bool,
    /// How often a call, or a task of another kind, is run again that fails.
    retries: u32,
}

/// What there is of each task.
#[derive(Clone, Copy)]
struct Entry {
    layer: LayerId,
    /// Its place among the graph's calls or works, or the number of its block.
    number: u32,
    /// Where the task's inputs end.
    inputs_end: u32,
}

/// What the tasks of a layer run.
#[derive(Clone)]
enum Maker {
    Calls,
    /// Each its own.
    Works,
    Blocks(Arc<dyn BlockFunction>),
}

#[derive(Clone)]
struct OwnWork {
    run: Arc<dyn Work>,
    block: Box<[u32]>,
    bytes: usize,
}

impl Graph {
    /// A graph whose calls are given the values of all their inputs, also of those that are known.
    pub(crate) fn of_all_inputs() -> Self {
        Graph {
            takes_known: true,
            ..Graph::default()
        }
    }

    /// Adds a layer for tasks to belong to that run their own work each.
    pub fn add_layer(&mut self, layer: Layer) -> LayerId {
        self.add_layer_of(layer, Maker::Works)
    }

    /// Adds a layer of calls.
    pub fn add_call_layer(&mut self, layer: Layer) -> LayerId {
        self.add_layer_of(layer, Maker::Calls)
    }

    /// Adds a layer whose tasks run `function`.
    pub fn add_block_layer(&mut self, layer: Layer, function: Arc<dyn BlockFunction>) -> LayerId {
        self.add_layer_of(layer, Maker::Blocks(function))
    }

    fn add_layer_of(&mut self, layer: Layer, maker: Maker) -> LayerId {
        self.layers.push(layer);
        self.makers.push(maker);
        LayerId(self.layers.len() as u32 - 1)
    }

    /// Adds a task whose inputs are in the graph already.
    ///
    /// # Panics
    /// If an input or the layer is not of this graph, or the layer's tasks have no work of their own.
    pub fn add_task(&mut self, task: NewTask) -> TaskId {
        let NewTask {
            layer,
            block,
            inputs,
            run,
            bytes,
        } = task;
        let maker = &self.makers[layer.index()];
        assert!(matches!(maker, Maker::Works), "a task without own work");
        let number = end(&self.works);
        self.works.push(OwnWork { run, block, bytes });
        self.add(layer, number, &inputs)
    }

    /// Adds a call to a layer of calls; its inputs are in the graph already.
    ///
    /// # Panics
    /// As for [`add_task`](Graph::add_task).
    pub fn add_call(
        &mut self,
        layer: LayerId,
        call: Arc<DelayedNode>,
        inputs: &[TaskId],
    ) -> TaskId {
        let maker = &self.makers[layer.index()];
        assert!(matches!(maker, Maker::Calls), "a layer without calls");
        let number = end(&self.calls);
        self.calls.push(call);
        self.add(layer, number, inputs)
    }

    /// Adds the block `number` to the layer of a block function; its inputs are in the graph already.
    ///
    /// # Panics
    /// As for [`add_task`](Graph::add_task).
    pub fn add_block(&mut self, layer: LayerId, number: u32, inputs: &[TaskId]) -> TaskId {
        let maker = &self.makers[layer.index()];
        assert!(matches!(maker, Maker::Blocks(_)), "a layer without blocks");
        self.add(layer, number, inputs)
    }

    /// The task that is added next takes the value of `input`, before those that are named there: so a call of very many inputs needs
    /// no list of them.
    ///
    /// # Panics
    /// If the input is not of this graph.
    pub(crate) fn push_input(&mut self, input: TaskId) {
        assert!(input.index() < self.len(), "input of another graph");
        self.inputs.push(input);
    }

    fn add(&mut self, layer: LayerId, number: u32, inputs: &[TaskId]) -> TaskId {
        inputs.iter().for_each(|input| self.push_input(*input));
        self.tasks.push(Entry {
            layer,
            number,
            inputs_end: end(&self.inputs),
        });
        TaskId::new(self.tasks.len() - 1)
    }

    /// The value of the call `id` takes so many bytes.
    pub fn set_bytes(&mut self, id: TaskId, bytes: usize) {
        self.bytes.insert(id, bytes);
    }

    /// These tasks need not run, as their values are known, and take no inputs.
    pub(crate) fn set_known(&mut self, known: Vec<(TaskId, Value)>) {
        self.known.extend(known);
        if self.known.is_empty() {
            return;
        }
        let mut inputs = Vec::with_capacity(self.inputs.len());
        let mut start = 0;
        for (idx, entry) in self.tasks.iter_mut().enumerate() {
            let own = start as usize..entry.inputs_end as usize;
            start = entry.inputs_end;
            if !self.known.contains_key(&TaskId::new(idx)) {
                inputs.extend_from_slice(&self.inputs[own]);
            }
            entry.inputs_end = end(&inputs);
        }
        self.inputs = inputs;
    }

    /// Whether the task `id` need not run.
    pub(crate) fn is_known(&self, id: TaskId) -> bool {
        self.known.contains_key(&id)
    }

    /// How many tasks need not run.
    pub(crate) fn n_known(&self) -> usize {
        self.known.len()
    }

    /// What fails is run again, so many times.
    pub(crate) fn set_retries(&mut self, retries: u32) {
        self.retries = retries;
    }

    /// How often what fails is run again.
    pub(crate) fn retries(&self) -> u32 {
        self.retries
    }

    /// The task `id`.
    pub fn task(&self, id: TaskId) -> Task<'_> {
        Task {
            layer: self.layer_of(id),
            block: self.block(id),
            inputs: self.inputs(id),
            parts: self.parts(id),
            bytes: self.bytes(id),
        }
    }

    /// The layer of the task `id`.
    pub fn layer_of(&self, id: TaskId) -> LayerId {
        self.tasks[id.index()].layer
    }

    /// The inputs of the task `id`.
    pub fn inputs(&self, id: TaskId) -> &[TaskId] {
        let start = match id.index().checked_sub(1) {
            Some(before) => self.tasks[before].inputs_end,
            None => 0,
        };
        &self.inputs[start as usize..self.tasks[id.index()].inputs_end as usize]
    }

    /// The bytes that the result of the task `id` is expected to take, 0 if unknown.
    pub fn bytes(&self, id: TaskId) -> usize {
        let entry = self.tasks[id.index()];
        match &self.makers[entry.layer.index()] {
            Maker::Calls if self.bytes.is_empty() => 0,
            Maker::Calls => self.bytes.get(&id).copied().unwrap_or(0),
            Maker::Works => self.works[entry.number as usize].bytes,
            Maker::Blocks(function) => function.bytes(entry.number),
        }
    }

    /// The bytes that the task `id` brings from the disk, besides those of its inputs.
    pub(crate) fn loaded_bytes(&self, id: TaskId) -> usize {
        let entry = self.tasks[id.index()];
        match &self.makers[entry.layer.index()] {
            Maker::Calls | Maker::Works => 0,
            Maker::Blocks(function) => function.loaded_bytes(entry.number),
        }
    }

    /// Which block of its collection the task `id` makes.
    pub fn block(&self, id: TaskId) -> Block {
        let entry = self.tasks[id.index()];
        match &self.makers[entry.layer.index()] {
            Maker::Calls => Block::new(),
            Maker::Works => Block::from_slice(&self.works[entry.number as usize].block),
            Maker::Blocks(function) => function.block(entry.number),
        }
    }

    /// The calls that run in the task `id` before its own.
    pub fn parts(&self, id: TaskId) -> &[Part] {
        match self.parts_ends.is_empty() {
            true => &[],
            false => &self.parts[self.parts_range(id)],
        }
    }

    fn parts_range(&self, id: TaskId) -> Range<usize> {
        let before = id.index().checked_sub(1);
        let start = before.map_or(0, |before| self.parts_ends[before]);
        start as usize..self.parts_ends[id.index()] as usize
    }

    /// The call that runs as `part` of a task.
    pub fn part(&self, part: Part) -> &Arc<DelayedNode> {
        &self.calls[part.0 as usize]
    }

    /// The call that the task `id` is, if it is one.
    pub(crate) fn call(&self, id: TaskId) -> Option<&Arc<DelayedNode>> {
        let entry = self.tasks[id.index()];
        match self.makers[entry.layer.index()] {
            Maker::Calls => Some(&self.calls[entry.number as usize]),
            Maker::Works | Maker::Blocks(_) => None,
        }
    }

    /// The task of this index, if there is one and it is the call `node`.
    pub(crate) fn task_of_call(&self, index: usize, node: &DelayedNode) -> Option<TaskId> {
        let id = (index < self.len()).then(|| TaskId::new(index))?;
        let call = self.call(id)?;
        std::ptr::eq(&**call, node).then_some(id)
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
        match self.call(id) {
            Some(call) => call.name(),
            None => self.layer(self.layer_of(id)).name,
        }
    }

    /// What runs in the task `id`, if that is several calls: `load → clean → inc ×98`.
    pub fn holds(&self, id: TaskId) -> Option<String> {
        let parts = self.parts(id);
        let calls = parts.iter().map(|part| self.part(*part).name());
        let mut operations: Vec<(&str, usize)> = Vec::new();
        for operation in calls.chain([self.name(id)]).map(|name| name.operation()) {
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
        (!parts.is_empty()).then(|| texts.join(" → "))
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
