//! What the tasks of a graph are called: each by a key that no other of them has.

use std::collections::HashSet;
use std::sync::Arc;

use dagbok::Name;
use dagbok::graph::Key;

use super::{Graph, TaskId};

impl Graph {
    /// Calls the task `id` `key`, in place of the name of its layer.
    pub fn set_key(&mut self, id: TaskId, key: Key) {
        self.keys.insert(id, key);
    }

    /// The key of a task as Dask writes it: `sum-9f86d081`, or with its block, `('sum-9f86d081', 0, 2)`.
    pub fn key(&self, id: TaskId) -> String {
        self.task_key(id).to_string()
    }

    /// The key of a task.
    pub fn task_key(&self, id: TaskId) -> Key {
        match self.keys.get(&id) {
            Some(key) => key.clone(),
            None => Key::new(self.name(id).to_string(), numbers(&self.block(id))),
        }
    }

    /// The keys of all tasks, in order.
    pub fn keys(&self) -> Vec<Key> {
        let layers = self.layers.iter();
        let names: Vec<Arc<str>> = layers.map(|layer| layer.name.to_string().into()).collect();
        let key = |id: TaskId| match self.call(id).is_some() || self.keys.contains_key(&id) {
            true => self.task_key(id),
            false => Key::new(
                names[self.layer_of(id).index()].clone(),
                numbers(&self.block(id)),
            ),
        };
        self.ids().map(key).collect()
    }

    /// Gives other keys to tasks whose names persons have given to others as keys: `sum-9f86d081…-1` in place of `sum-9f86d081…`.
    pub(crate) fn make_keys_unique(&mut self) {
        let tokens: HashSet<u64> = self.keys.values().filter_map(token).collect();
        if tokens.is_empty() {
            return;
        }
        let mut taken: HashSet<Key> = self.keys.values().cloned().collect();
        for id in self.ids() {
            let is_free = self.keys.contains_key(&id) || !tokens.contains(&self.name(id).token());
            if is_free || taken.insert(self.task_key(id)) {
                continue;
            }
            let block = numbers(&self.block(id));
            let numbered = |n| Key::new(format!("{}-{n}", self.name(id)), block.clone());
            let mut others = (1..).map(numbered);
            let other = others.find(|key| taken.insert(key.clone()));
            self.keys.extend(other.map(|key| (id, key)));
        }
    }
}

/// The token in `key`, if it may be the name of a collection.
fn token(key: &Key) -> Option<u64> {
    let (_, token) = key.name().rsplit_once('-')?;
    u64::from_str_radix(token, 16).ok()
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
