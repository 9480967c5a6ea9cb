//! Results while a graph is computed: kept by task, every byte counted, on the disk where they do not fit into memory.

mod cache;
pub(crate) mod codec;
mod folder;
mod memory;
#[cfg(test)]
pub(crate) mod tests;

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};

use dagbok::Value;

use crate::graph::{Graph, LayerKind, TaskId};
#[cfg(test)]
pub(crate) use cache::CacheKey;
pub(crate) use cache::{Cache, Costs, Kept};
pub(crate) use folder::usual_folder;
pub(crate) use memory::{Memory, Reservation};

/// Smaller results stay in memory: a file of its own would cost more than it frees.
const STORED_BYTES_MIN: usize = 4 << 10;

/// Of a task of which nobody knows what it takes at most this share of the limit is assumed.
const SHARE_ASSUMED: u64 = 16;

/// The results of one graph's tasks.
pub(crate) struct Results {
    values: Vec<Option<Value>>,
    /// Those in memory that are worth a place on the disk.
    large: BTreeSet<TaskId>,
    /// Those in memory that are on the disk as well.
    stored: HashMap<TaskId, Value>,
    /// How many are not in memory.
    n_elsewhere: usize,
}

impl Results {
    /// Room for the results of `len` tasks.
    pub(crate) fn new(len: usize) -> Self {
        Results {
            values: vec![None; len],
            large: BTreeSet::new(),
            stored: HashMap::new(),
            n_elsewhere: 0,
        }
    }

    /// Keeps the result of `task`.
    pub(crate) fn insert(&mut self, task: TaskId, value: Value) {
        if is_large(&value) {
            self.large.insert(task);
        }
        self.n_elsewhere += usize::from(value.is_stored());
        self.values[task.index()] = Some(value);
    }

    /// The result of `task`, which is kept on, if it is there.
    pub(crate) fn get(&self, task: TaskId) -> Option<Value> {
        self.values[task.index()].clone()
    }

    /// The result of `task`, which is kept on.
    ///
    /// # Panics
    /// If there is none.
    pub(crate) fn share(&self, task: TaskId) -> Value {
        self.get(task)
            .expect("a result is kept until the last task has taken it")
    }

    /// Lets go of the result of `task`.
    pub(crate) fn remove(&mut self, task: TaskId) -> Option<Value> {
        let value = self.values[task.index()].take()?;
        if value.bytes() >= STORED_BYTES_MIN {
            self.large.remove(&task);
            self.stored.remove(&task);
        }
        self.n_elsewhere -= usize::from(value.is_stored());
        Some(value)
    }

    /// Whether a task may have to read what it takes from the disk.
    pub(crate) fn are_elsewhere(&self) -> bool {
        self.n_elsewhere > 0
    }

    /// The bytes that `task` will take of `limit`: of its result, which is expected to take so many, or nobody knows if 0; of what
    /// comes from the disk for it; and of what it makes on its way.
    ///
    /// Of a function of somebody else nobody knows what that is: often a copy of what it takes, or of what it makes. So much is
    /// assumed, as long as it is a small part of the limit.
    pub(crate) fn need(&self, graph: &Graph, task: TaskId, expected: usize, limit: u64) -> usize {
        let inputs = graph.inputs(task).iter();
        let (mut stored, mut largest) = (0, 0);
        for value in inputs.filter_map(|input| self.values[input.index()].as_ref()) {
            let bytes = value.bytes();
            largest = largest.max(bytes);
            stored += if value.is_stored() { bytes } else { 0 };
        }
        if graph.layer(graph.layer_of(task)).kind == LayerKind::Array {
            return expected.saturating_add(stored);
        }
        let assumed_most = usize::try_from(limit / SHARE_ASSUMED).unwrap_or(usize::MAX);
        let result = match expected {
            0 => largest.min(assumed_most),
            expected => expected,
        };
        let on_its_way = largest.max(expected).min(assumed_most);
        result.saturating_add(stored).saturating_add(on_its_way)
    }

    /// Results in memory that could be on the disk, with how far away their next use is as `next_use` says, the farthest
    /// first: enough of them to free `bytes`, if there are. What others hold too would free nothing.
    pub(crate) fn farthest(
        &self,
        bytes: usize,
        next_use: impl Fn(TaskId) -> usize,
    ) -> Vec<(usize, TaskId)> {
        let frees = |task: &&TaskId| {
            let value = self.values[task.index()].as_ref();
            value.is_some_and(Value::is_sole)
        };
        let uses = self.large.iter().filter(frees);
        let mut uses: Vec<(usize, TaskId)> = uses.map(|task| (next_use(*task), *task)).collect();
        uses.sort_unstable_by_key(|(distance, _)| Reverse(*distance));
        let mut freed = 0;
        let enough = uses.iter().position(|(_, task)| {
            freed += self.share(*task).bytes();
            freed >= bytes
        });
        uses.truncate(enough.map_or(uses.len(), |idx| idx + 1));
        uses
    }

    /// Begins to move the result of `task` to the disk: its value, to be written, or nothing if it was there already and
    /// has left memory now, as the second says.
    pub(crate) fn begin_to_store(&mut self, task: TaskId) -> (Value, bool) {
        self.large.remove(&task);
        match self.stored.remove(&task) {
            Some(stored) => {
                self.n_elsewhere += 1;
                let value = self.values[task.index()].replace(stored);
                (value.expect("a large result is there"), true)
            }
            None => (self.share(task), false),
        }
    }

    /// The result of `task` is on the disk now, as `stored`, if it is still wanted. Whether it is.
    pub(crate) fn end_to_store(&mut self, task: TaskId, stored: Value) -> bool {
        let place = &mut self.values[task.index()];
        let is_wanted = place.is_some();
        if is_wanted {
            *place = Some(stored);
            self.n_elsewhere += 1;
        }
        is_wanted
    }

    /// The result of `task` is in memory again, as `value`, if it is still wanted. Whether it is.
    pub(crate) fn put_back(&mut self, task: TaskId, value: Value) -> bool {
        let place = &mut self.values[task.index()];
        let Some(stored) = place.take_if(|value| value.is_stored()) else {
            return false;
        };
        *place = Some(value);
        self.n_elsewhere -= 1;
        self.stored.insert(task, stored);
        self.large.insert(task);
        true
    }
}

fn is_large(value: &Value) -> bool {
    value.bytes() >= STORED_BYTES_MIN && !value.is_stored()
}
