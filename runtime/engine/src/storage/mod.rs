//! Results while a graph is computed: kept by task, every byte counted.

use dagbok::Value;

use crate::graph::TaskId;

/// The results of one graph's tasks.
pub(crate) struct Results {
    values: Vec<Option<Value>>,
}

impl Results {
    /// Room for the results of `len` tasks.
    pub(crate) fn new(len: usize) -> Self {
        Results {
            values: vec![None; len],
        }
    }

    /// Keeps the result of `task`.
    pub(crate) fn insert(&mut self, task: TaskId, value: Value) {
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
        self.values[task.index()].take()
    }
}
