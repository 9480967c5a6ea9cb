//! Task graphs in the open: a mapping of keys to tasks, read off collections or written by hand.
//!
//! ```
//! use dagbok::prelude::*;
//! # dagbok_engine::install();
//!
//! let total = arange(6).rechunk(2).sum(());
//! let graph = total.graph()?;
//! assert!(!graph[total.name()].dependencies.is_empty());
//! assert_eq!(graph.get::<NdArray>(total.name())?.item::<i64>()?, 15);
//! # Ok::<(), dagbok::Error>(())
//! ```

mod builder;
mod check;
mod function;
mod key;
mod mapping;

pub(crate) use builder::Draft;
pub use builder::GraphBuilder;
pub use function::{Slice, Takes, TaskFunction, TypeOf};
pub use key::{GraphId, IntoKeys, Key};
pub use mapping::{Graph, graph_of};

use crate::{Name, Site};

/// One task of a [`Graph`], and where it stands.
#[derive(Clone, Debug)]
pub struct Task {
    pub key: Key,
    /// The name of its layer.
    pub layer: Name,
    /// The keys of the tasks whose results it takes, in the order in which it takes them.
    pub dependencies: Vec<Key>,
    /// The keys of the tasks that take its result, each once.
    pub dependents: Vec<Key>,
    /// The line that made it.
    pub site: Site,
    /// The bytes that its result is expected to take, if known.
    pub bytes: Option<usize>,
}

/// The tasks of one collection, or all calls of one function in one line.
#[derive(Clone, Debug)]
pub struct Layer {
    pub name: Name,
    pub n_tasks: usize,
    /// The names of the layers whose results its tasks take.
    pub dependencies: Vec<Name>,
    /// The line that made it.
    pub site: Site,
    /// What its blocks are, such as `(1000, 1000) f64 in 4 chunks`; empty for calls.
    pub detail: String,
    /// The bytes that all its results are expected to take, if known.
    pub bytes: Option<usize>,
}
