//! Results that are kept after the computation that made them, to be found by name when a later one needs them.
//!
//! What is kept is what took long for its size. Where there is no room, what is worth least goes first: by its cost in
//! seconds a byte, and by how long ago it was wanted (Cao and Irani 1997, "Cost-aware WWW proxy caching algorithms":
//! GreedyDual-Size).

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use dagbok::delayed::DelayedNode;
use dagbok::profile::CacheHits;
use dagbok::{Name, Value};

use super::Memory;
use crate::graph::{Graph, Part, TaskId};

/// What is made faster than this is made again.
const COST_MIN: Duration = Duration::from_millis(5);

/// What is made at more bytes a second is made again: reading it from memory is hardly faster.
const BYTES_PER_SECOND_MAX: f64 = 500e6;

/// What an entry takes besides its value, some of it in the allocator.
const ENTRY_BYTES: usize = 300;

/// A result that is kept is made of others for nothing, unless it is so many times larger than what is made: then it goes before that.
const TIMES_LARGER: usize = 16;

/// Of the budget for all values this share may be kept.
const SHARE_OF_BUDGET: f64 = 0.5;

/// The name of a result: its collection's, and the place of its block.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct CacheKey {
    pub(crate) name: Name,
    pub(crate) block: Box<[u32]>,
}

/// The results that are kept.
#[derive(Default)]
pub(crate) struct Cache(Mutex<Entries>);

#[derive(Default)]
struct Entries {
    by_key: HashMap<CacheKey, Entry>,
    /// The keys in the order in which they go.
    by_worth: BTreeMap<Worth, CacheKey>,
    /// How many there are of each operation, so that most tasks need not be looked for.
    operations: HashMap<&'static str, usize>,
    /// The calls that alone have the name of what is kept: once nobody holds them, nobody can ask for it.
    calls: Vec<(CacheKey, Weak<DelayedNode>)>,
    bytes: usize,
    /// All that was ever found.
    hits: CacheHits,
    /// The worth of what has gone last.
    age: f64,
    counter: u64,
}

struct Entry {
    value: Value,
    cost: Duration,
    hits: usize,
    worth: Worth,
}

/// Ordered by the first number; all are finite and above zero, whose bits are in the order of the numbers.
type Worth = (u64, u64);

/// One result that is kept.
pub(crate) struct Kept {
    pub(crate) key: CacheKey,
    pub(crate) bytes: usize,
    pub(crate) cost: Duration,
    pub(crate) hits: usize,
}

/// How long the results of one graph took, each with the slowest of what it was made of that is not kept itself, so that a result
/// which is cheap but needs much is known to be worth that.
pub(crate) struct Costs(Vec<Cost>);

#[derive(Clone, Copy, Default)]
struct Cost {
    took: Duration,
    /// The bytes that the result takes where it is kept, 0 if it is not.
    kept: usize,
}

impl Costs {
    pub(crate) fn of(graph: &Graph) -> Self {
        Costs(vec![Cost::default(); graph.len()])
    }

    /// Takes note that `task` took `elapsed` to make `value`, which may be worth keeping.
    pub(crate) fn note(
        &mut self,
        graph: &Graph,
        task: TaskId,
        value: &Value,
        elapsed: Duration,
        memory: &Memory,
    ) {
        let inputs = graph.inputs(task).iter();
        let bytes = bytes_with_entry(value);
        let is_to_be_made = |cost: &Cost| cost.kept == 0 || cost.kept / TIMES_LARGER > bytes;
        let costs = inputs.map(|input| self.0[input.index()]);
        let slowest = costs.filter(is_to_be_made).map(|cost| cost.took).max();
        let took = elapsed + slowest.unwrap_or_default();
        let is_kept = took >= COST_MIN && memory.keep(graph, task, value, took);
        let kept = if is_kept { bytes } else { 0 };
        self.0[task.index()] = Cost { took, kept };
    }
}

impl Memory {
    /// Keeps the value of `task`, which `took` so long, if that is worth it. Whether it is kept.
    fn keep(&self, graph: &Graph, task: TaskId, value: &Value, took: Duration) -> bool {
        let key = CacheKey::of(graph, task);
        let is_kept = self.cache.insert(key.clone(), value, took, self.limit());
        if let Some(call) = graph.call(task).filter(|_| is_kept) {
            self.cache.keep_while_held(key, call);
        }
        is_kept
    }

    /// Keeps the value of a call that runs as a part of a task and took `cost` with those before it, if that is worth it.
    pub(crate) fn keep_part(&self, graph: &Graph, part: Part, value: &Value, cost: Duration) {
        if cost >= COST_MIN {
            let call = graph.part(part);
            let key = CacheKey {
                name: call.name(),
                block: [].into(),
            };
            if self.cache.insert(key.clone(), value, cost, self.limit()) {
                self.cache.keep_while_held(key, call);
            }
        }
    }
}

impl CacheKey {
    /// The key of `task`.
    pub(crate) fn of(graph: &Graph, task: TaskId) -> CacheKey {
        CacheKey {
            name: graph.name(task),
            block: graph.block(task).as_slice().into(),
        }
    }
}

impl Cache {
    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a result that took `cost` to make, if that is worth it and its size is known; all that is kept takes at most half of
    /// `budget`. Whether it is kept.
    pub(crate) fn insert(&self, key: CacheKey, value: &Value, cost: Duration, budget: u64) -> bool {
        let bytes = bytes_with_entry(value);
        let is_cheap = cost < COST_MIN || bytes as f64 > cost.as_secs_f64() * BYTES_PER_SECOND_MAX;
        let most = (budget as f64 * SHARE_OF_BUDGET) as usize;
        if is_cheap || bytes > most || value.is_stored() || !value.is_measured() {
            return false;
        }
        let mut entries = self.lock();
        let dropped = entries.insert(key, value.clone(), cost, most);
        drop(entries);
        drop(dropped);
        true
    }

    /// Lets go of what is kept as `key`, that of `call`, when nobody can ask for it any more.
    fn keep_while_held(&self, key: CacheKey, call: &Arc<DelayedNode>) {
        if !call.place().is_name_shared() {
            self.lock().calls.push((key, Arc::downgrade(call)));
        }
    }

    fn drop_unheld(&self) {
        let unheld = self.lock().take_unheld();
        drop(unheld);
    }

    /// The results of tasks of `graph` that are there.
    pub(crate) fn find(&self, graph: &Graph) -> Vec<(TaskId, Value)> {
        self.drop_unheld();
        let mut entries = self.lock();
        if entries.by_key.is_empty() {
            return Vec::new();
        }
        let is_known = |name: &Name| entries.operations.contains_key(name.operation());
        let layers = graph.layers().map(|(_, layer)| is_known(&layer.name));
        let layers: Vec<bool> = layers.collect();
        let tasks = graph.ids().filter(|id| layers[graph.layer_of(*id).index()]);
        let found = tasks.filter_map(|id| {
            let value = entries.get(&CacheKey::of(graph, id))?;
            Some((id, value))
        });
        let found: Vec<(TaskId, Value)> = found.collect();
        for (_, value) in needed(graph, &found) {
            entries.hits.count += 1;
            entries.hits.bytes += value.bytes();
        }
        found
    }

    /// All results that were ever found.
    pub(crate) fn hits(&self) -> CacheHits {
        self.lock().hits
    }

    /// Lets go of results that may free `bytes` of memory, if there are so many.
    pub(crate) fn evict(&self, bytes: usize) -> Vec<Value> {
        let mut entries = self.lock();
        let mut evicted = Vec::new();
        let mut freed = 0;
        while freed < bytes
            && let Some(value) = entries.pop()
        {
            freed += bytes_with_entry(&value);
            evicted.push(value);
        }
        evicted
    }

    /// Lets go of all results.
    pub(crate) fn clear(&self) {
        let entries = std::mem::take(&mut *self.lock());
        drop(entries);
    }

    /// What is kept, the most worth first.
    pub(crate) fn kept(&self) -> Vec<Kept> {
        self.drop_unheld();
        let entries = self.lock();
        let keys = entries.by_worth.values().rev();
        let kept = keys.map(|key| {
            let entry = &entries.by_key[key];
            Kept {
                key: key.clone(),
                bytes: bytes_with_entry(&entry.value),
                cost: entry.cost,
                hits: entry.hits,
            }
        });
        kept.collect()
    }
}

/// Those of the results that were `found` that do not only lead to others of them.
fn needed<'a>(
    graph: &Graph,
    found: &'a [(TaskId, Value)],
) -> impl Iterator<Item = &'a (TaskId, Value)> {
    let len = if found.is_empty() { 0 } else { graph.len() };
    let mut is_found = vec![false; len];
    found.iter().for_each(|(id, _)| is_found[id.index()] = true);
    let (mut is_taken, mut is_needed) = (vec![false; len], vec![false; len]);
    for id in (0..len).rev().map(TaskId::new) {
        is_needed[id.index()] |= !is_taken[id.index()];
        for input in graph.inputs(id) {
            is_taken[input.index()] = true;
            is_needed[input.index()] |= is_needed[id.index()] && !is_found[id.index()];
        }
    }
    found.iter().filter(move |(id, _)| is_needed[id.index()])
}

/// The bytes that keeping `value` takes.
fn bytes_with_entry(value: &Value) -> usize {
    value.bytes() + ENTRY_BYTES
}

impl Entries {
    /// Returns what had to go.
    fn insert(&mut self, key: CacheKey, value: Value, cost: Duration, most: usize) -> Vec<Value> {
        if self.by_key.contains_key(&key) {
            return vec![value];
        }
        let mut dropped = Vec::new();
        let bytes = bytes_with_entry(&value);
        while self.bytes + bytes > most
            && let Some(value) = self.pop()
        {
            dropped.push(value);
        }
        self.bytes += bytes;
        *self.operations.entry(key.name.operation()).or_insert(0) += 1;
        let worth = self.worth(cost, bytes);
        self.by_worth.insert(worth, key.clone());
        let hits = 0;
        let entry = Entry {
            value,
            cost,
            hits,
            worth,
        };
        self.by_key.insert(key, entry);
        dropped
    }

    /// That of a result which is wanted now.
    fn worth(&mut self, cost: Duration, bytes: usize) -> Worth {
        self.counter += 1;
        let worth = self.age + cost.as_secs_f64() / bytes as f64;
        (worth.to_bits(), self.counter)
    }

    fn get(&mut self, key: &CacheKey) -> Option<Value> {
        let entry = self.by_key.get(key)?;
        let (cost, bytes) = (entry.cost, bytes_with_entry(&entry.value));
        let worth = self.worth(cost, bytes);
        let entry = self.by_key.get_mut(key)?;
        self.by_worth.remove(&entry.worth);
        entry.worth = worth;
        entry.hits += 1;
        self.by_worth.insert(worth, key.clone());
        Some(entry.value.clone())
    }

    /// Takes out what is worth least.
    fn pop(&mut self) -> Option<Value> {
        let (worth, key) = self.by_worth.pop_first()?;
        self.age = f64::from_bits(worth.0);
        self.remove(&key)
    }

    /// Takes out what nobody can ask for.
    fn take_unheld(&mut self) -> Vec<Value> {
        let mut calls = std::mem::take(&mut self.calls);
        let unheld = calls.extract_if(.., |(_, call)| call.strong_count() == 0);
        let values = unheld.filter_map(|(key, _)| self.remove(&key)).collect();
        self.calls = calls;
        values
    }

    fn remove(&mut self, key: &CacheKey) -> Option<Value> {
        let entry = self.by_key.remove(key)?;
        self.by_worth.remove(&entry.worth);
        self.bytes -= bytes_with_entry(&entry.value);
        let operation = key.name.operation();
        if let Some(count) = self.operations.get_mut(operation) {
            *count -= 1;
            if *count == 0 {
                self.operations.remove(operation);
            }
        }
        Some(entry.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUDGET: u64 = 2_000_000;

    fn key(idx: u32) -> CacheKey {
        CacheKey {
            name: Name::of("sum", 7),
            block: [idx].into(),
        }
    }

    fn bytes(len: usize) -> Value {
        Value::with_bytes((), 1000 * len)
    }

    fn seconds(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    /// The blocks that are kept after `inserted` (a block, its bytes, its seconds), the most worth first.
    #[track_caller]
    fn check_kept(inserted: &[(u32, usize, f64)], expected: &[u32]) {
        let cache = Cache::default();
        for &(idx, len, cost) in inserted {
            cache.insert(key(idx), &bytes(len), seconds(cost), BUDGET);
        }
        let kept: Vec<u32> = cache.kept().iter().map(|kept| kept.key.block[0]).collect();
        assert_eq!(kept, expected);
    }

    #[test]
    fn what_took_long_for_its_size_stays() {
        check_kept(&[], &[]);
        check_kept(&[(0, 10, 1.0), (1, 10, 2.0)], &[1, 0]);
        check_kept(&[(0, 10, 1.0), (1, 1, 1.0)], &[1, 0]);
        check_kept(&[(0, 600, 1.0), (1, 600, 2.0)], &[1]);
        check_kept(&[(0, 600, 2.0), (1, 300, 0.1), (2, 300, 2.0)], &[2, 0]);
    }

    #[test]
    fn what_is_cheap_or_too_large_is_not_kept() {
        check_kept(&[(0, 10, 0.004)], &[]);
        check_kept(&[(0, 1001, 9.0)], &[]);
        let cache = Cache::default();
        cache.insert(key(0), &bytes(100_000), seconds(0.1), u64::MAX);
        assert!(cache.kept().is_empty());
    }

    #[test]
    fn what_was_wanted_last_stays_longer() {
        let cache = Cache::default();
        for idx in 0..3 {
            cache.insert(key(idx), &bytes(400), seconds(1.0), BUDGET);
            assert!(cache.lock().get(&key(0)).is_some());
        }
        assert!(cache.lock().get(&key(1)).is_none());
        assert_eq!(cache.kept()[0].hits, 3);
    }

    #[test]
    fn what_has_gone_is_not_found() {
        let cache = Cache::default();
        for idx in 0..3 {
            cache.insert(key(idx), &bytes(100), seconds(1.0), BUDGET);
        }
        assert_eq!(cache.evict(150_000).len(), 2);
        let found = |idx| cache.lock().get(&key(idx)).is_some();
        assert!(!found(0) && found(2));
        cache.clear();
        assert!(!found(2) && cache.lock().operations.is_empty());
        assert!(cache.evict(1).is_empty());
    }
}
