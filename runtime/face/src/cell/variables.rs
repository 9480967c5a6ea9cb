//! The values that live on from cell to cell.

use std::any::Any;
use std::collections::BTreeMap;

/// The variables of a session, by name.
#[derive(Default)]
pub struct Variables {
    values: BTreeMap<String, Box<dyn Any>>,
}

impl Variables {
    /// Keeps `value` under `name`; an earlier value of that name is dropped.
    pub fn insert(&mut self, name: &str, value: Box<dyn Any>) {
        self.values.insert(name.to_owned(), value);
    }

    /// Moves the value of `name` out of the store.
    ///
    /// # Panics
    /// If there is none.
    pub fn remove(&mut self, name: &str) -> Box<dyn Any> {
        match self.values.remove(name) {
            Some(value) => value,
            None => panic!("there is no variable `{name}`"),
        }
    }

    /// Drops the value of `name`, if there is one.
    pub fn forget(&mut self, name: &str) {
        self.values.remove(name);
    }

    /// All names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }
}
