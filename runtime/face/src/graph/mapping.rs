//! A graph as a mapping of keys to tasks, whether it was written by hand or planned for collections.

use std::any::{Any, type_name};
use std::collections::HashMap;
use std::fmt;
use std::ops::Index;
use std::sync::{Arc, OnceLock};

use super::builder::{Entry, GraphBuilder, Made, TaskRun};
use super::check::{Checked, meant};
use super::function::TypeOf;
use super::key::{GraphId, IntoKeys, Key};
use super::{Layer, Task};
use crate::delayed::{Delayed, DelayedNode};
use crate::display::{MimeBundle, Render};
use crate::engine::{Collection, TaskGraph, engine};
use crate::erased::Erased;
use crate::raise::or_raise;
use crate::value::short_type;
use crate::visualize::{OptimizeGraph, Visualization};
use crate::{Compute, Error, ErrorKind, Result, Site, Value};

/// A task graph in the open: a mapping of [keys](Key) to [tasks](Task), as Dask has it.
///
/// Made by `graph()` of a collection, by [`graph_of`] of several, or by hand with [`Graph::builder`]. A cell shows it as a
/// drawing and a table of its layers. Cheap to clone.
///
/// ```
/// use dagbok::prelude::*;
/// # dagbok_engine::install();
///
/// let graph = Graph::builder()
///     .value("x", 1)
///     .task("y", ["x"], |x: &i32| x + 10)
///     .alias("w", "y")
///     .task("z", ["x", "y", "w"], |all: &[i32]| all.iter().sum::<i32>())
///     .build()?;
/// assert_eq!(graph.get::<i32>("z")?, 23);
/// assert_eq!(graph.get_all::<i32>(["y", "w"])?, [11, 11]);
/// assert_eq!(graph["y"].dependents.len(), 2);
///
/// let error = graph.get::<i32>("v").unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Key);
/// # Ok::<(), dagbok::Error>(())
/// ```
#[derive(Clone)]
pub struct Graph(Erased);

struct Inner {
    /// What the graph is of; of one that was cut out of another, nothing.
    collections: Vec<Collection>,
    planned: OnceLock<Result<Planned>>,
    by_hand: Option<ByHand>,
}

/// The keys that a person has given.
struct ByHand {
    keys: Vec<Key>,
    places: HashMap<Key, usize>,
    nodes: Vec<Arc<DelayedNode>>,
    types: Vec<TypeOf>,
}

/// All tasks, by their places in the graph.
struct Planned {
    graph: Arc<dyn TaskGraph>,
    places: OnceLock<HashMap<Key, usize>>,
    tasks: Box<[OnceLock<Box<Task>>]>,
}

/// The task graph of several collections as a mapping of keys to tasks: of a tuple, vector or array of them, or of one.
///
/// Each collection has tasks of its own, as it was written; [`Graph::optimize`] gives those that will run.
///
/// # Errors
/// What planning the collections returns, such as a file that cannot be read.
///
/// ```
/// use dagbok::prelude::*;
/// # dagbok_engine::install();
///
/// let x = arange(4).rechunk(2);
/// let graph = graph_of((&x + 1, &x * 2))?;
/// assert_eq!(graph.len(), 6);
/// # Ok::<(), dagbok::Error>(())
/// ```
pub fn graph_of<C: Compute>(collections: C) -> Result<Graph> {
    let mut outputs = Vec::new();
    collections.collections(&mut outputs);
    Graph::of(outputs)
}

impl Graph {
    /// A graph that is put together by hand.
    pub fn builder() -> GraphBuilder {
        GraphBuilder::new()
    }

    pub(crate) fn of(collections: Vec<Collection>) -> Result<Self> {
        let graph = engine()?.visualize(&collections, OptimizeGraph::No)?;
        Ok(Graph::planned_as(collections, graph))
    }

    fn planned_as(collections: Vec<Collection>, graph: Arc<dyn TaskGraph>) -> Self {
        Graph::from(Inner {
            collections,
            planned: OnceLock::from(Ok(Planned::of(graph))),
            by_hand: None,
        })
    }

    /// The number of tasks, those of collections that were added included.
    pub fn len(&self) -> usize {
        self.planned().graph.len()
    }

    /// Whether there is no task.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All keys: in the order in which they were given by hand, else as [`toposort`](Graph::toposort). Takes time and memory
    /// linear in tasks.
    pub fn keys(&self) -> Vec<Key> {
        let inner = self.inner();
        let mut keys = self.toposort();
        if let Some(by_hand) = &inner.by_hand {
            keys.retain(|key| !by_hand.places.contains_key(key));
            keys.splice(..0, by_hand.keys.iter().cloned());
        }
        keys
    }

    /// All keys in the order in which their tasks are meant to run, each after those that it takes.
    pub fn toposort(&self) -> Vec<Key> {
        self.planned().graph.keys()
    }

    /// Whether there is a task `key`.
    pub fn contains_key(&self, key: impl Into<Key>) -> bool {
        self.planned().places().contains_key(&key.into())
    }

    /// The task `key`.
    ///
    /// # Errors
    /// [`ErrorKind::Key`] if there is none, with the key that was probably meant.
    pub fn get_task(&self, key: impl Into<Key>) -> Result<&Task> {
        let planned = self.planned();
        Ok(planned.task(self.place(&key.into())?))
    }

    /// All tasks, in the order of [`toposort`](Graph::toposort).
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Task> {
        let planned = self.planned();
        (0..planned.graph.len()).map(|place| planned.task(place))
    }

    /// The layers, in the order in which they were made: each has the tasks of one collection, or the calls of one function in
    /// one line.
    pub fn layers(&self) -> Vec<Layer> {
        self.planned().graph.layers()
    }

    /// The value of `key`: computes it, and what it needs of the graph. Parts of a reduction, such as `sum-chunk-…`, have values of a
    /// type of the engine, which have no name here.
    ///
    /// # Errors
    /// [`ErrorKind::Key`] if there is no such key; [`ErrorKind::Value`] if its value is of another type than `T`; what the
    /// computation returns.
    pub fn get<T: Any + Send + Sync + Clone>(&self, key: impl Into<Key>) -> Result<T> {
        let key = key.into();
        let mut values = self.values(std::slice::from_ref(&key), TypeOf::of::<T>())?;
        let value = values.pop().ok_or_else(no_value)?;
        typed(&key, value)
    }

    /// The values of several keys of one type, computed in one run, so that what they share is computed once. Where types differ,
    /// [`delayed`](Graph::delayed) and [`compute_all`](crate::compute_all) do the same.
    ///
    /// # Errors
    /// As for [`get`](Graph::get), and [`ErrorKind::Value`] if no key is asked for.
    pub fn get_all<T: Any + Send + Sync + Clone>(&self, keys: impl IntoKeys) -> Result<Vec<T>> {
        let keys = keys.into_keys();
        let values = self.values(&keys, TypeOf::of::<T>())?;
        let mut all = Vec::with_capacity(values.len());
        for (key, value) in keys.iter().zip(values) {
            all.push(typed(key, value)?);
        }
        Ok(all)
    }

    /// The value of `key` as a delayed call, to compute more with.
    ///
    /// # Errors
    /// [`ErrorKind::Key`] if there is no such key; [`ErrorKind::Value`] if it is known that its value is of another type than `T`.
    ///
    /// ```
    /// use dagbok::prelude::*;
    /// # dagbok_engine::install();
    ///
    /// let graph = Graph::builder().value("x", 1).task("y", "x", |x: &i32| x + 1).build()?;
    /// let (x, y) = (graph.delayed::<i32>("x")?, graph.delayed::<i32>("y")?);
    /// assert_eq!(compute_all((x.map(|x| x * 100), y))?, (100, 2));
    /// # Ok::<(), dagbok::Error>(())
    /// ```
    #[track_caller]
    pub fn delayed<T: Any + Send + Sync>(&self, key: impl Into<Key>) -> Result<Delayed<T>> {
        let node = self.node(key.into(), TypeOf::of::<T>());
        Ok(Delayed::of(node?))
    }

    /// What the tasks `keys` need, and no more.
    ///
    /// # Errors
    /// As for [`get_all`](Graph::get_all).
    pub fn cull(&self, keys: impl IntoKeys) -> Result<Graph> {
        let keys = keys.into_keys();
        let places = self.places(&keys)?;
        let graph = engine()?.cull(&*self.planned().graph, &places)?;
        Ok(Graph::planned_as(Vec::new(), graph))
    }

    /// The same graph as it will run: without what is not needed, with tasks that are computed together made one. A key of a task
    /// that has become part of another is not in it. A graph that was cut out by [`cull`](Graph::cull) stays as it is.
    ///
    /// # Errors
    /// What planning the collections returns.
    pub fn optimize(&self) -> Result<Graph> {
        let collections = &self.inner().collections;
        if collections.is_empty() {
            return Ok(self.clone());
        }
        let graph = engine()?.visualize(collections, OptimizeGraph::Yes)?;
        Ok(Graph::planned_as(collections.clone(), graph))
    }

    /// The graph, drawn.
    ///
    /// # Errors
    /// What planning the collections returns.
    pub fn visualize(&self) -> Result<Visualization> {
        let inner = self.inner();
        let graph = self.try_planned()?.graph.clone();
        Ok(Visualization::drawn(inner.collections.clone(), graph))
    }

    fn inner(&self) -> &Inner {
        self.0.get()
    }

    fn try_planned(&self) -> Result<&Planned> {
        let inner = self.inner();
        let planned = inner.planned.get_or_init(|| {
            let graph = engine()?.visualize(&inner.collections, OptimizeGraph::No)?;
            Ok(Planned::of(graph))
        });
        planned.as_ref().map_err(Error::clone)
    }

    #[track_caller]
    fn planned(&self) -> &Planned {
        or_raise(self.try_planned())
    }

    fn place(&self, key: &Key) -> Result<usize> {
        let planned = self.try_planned()?;
        let place = planned.places().get(key).copied();
        place.ok_or_else(|| self.missing(key))
    }

    fn places(&self, keys: &[Key]) -> Result<Vec<usize>> {
        if keys.is_empty() {
            let text = "no key is asked for: name at least one key of the graph";
            return Err(Error::new(ErrorKind::Value, text));
        }
        keys.iter().map(|key| self.place(key)).collect()
    }

    fn missing(&self, key: &Key) -> Error {
        let keys = self.toposort();
        let meant = meant(key, &keys.iter().collect::<Vec<_>>());
        let text = format!("the graph has no key `{key}`{meant}");
        Error::new(ErrorKind::Key, text)
    }

    fn values(&self, keys: &[Key], wanted: TypeOf) -> Result<Vec<Value>> {
        if let Some(by_hand) = &self.inner().by_hand
            && !keys.is_empty()
            && keys.iter().all(|key| by_hand.places.contains_key(key))
        {
            let nodes = keys.iter().map(|key| by_hand.node(key, wanted));
            let nodes = nodes.map(|node| node.map(Collection::Delayed));
            return engine()?.compute(&nodes.collect::<Result<Vec<_>>>()?);
        }
        let places = self.places(keys)?;
        engine()?.compute_tasks(&*self.try_planned()?.graph, &places)
    }

    #[track_caller]
    fn node(&self, key: Key, wanted: TypeOf) -> Result<Arc<DelayedNode>> {
        if let Some(by_hand) = &self.inner().by_hand
            && by_hand.places.contains_key(&key)
        {
            return by_hand.node(&key, wanted);
        }
        let place = self.place(&key)?;
        let graph = self.try_planned()?.graph.clone();
        let run = move |_: &[Value]| {
            let mut values = engine()?.compute_tasks(&*graph, &[place])?;
            values.pop().ok_or_else(no_value)
        };
        Ok(Arc::new(DelayedNode::of_closure(
            key.unique_name(),
            Site::caller(),
            run,
        )))
    }
}

impl ByHand {
    /// What computes `key`, which is there.
    fn node(&self, key: &Key, wanted: TypeOf) -> Result<Arc<DelayedNode>> {
        let place = self.places[key];
        let found = self.types[place];
        match found == wanted {
            true => Ok(self.nodes[place].clone()),
            false => Err(other_type(key, &found.name(), &wanted.name())),
        }
    }
}

impl Planned {
    fn of(graph: Arc<dyn TaskGraph>) -> Self {
        Planned {
            tasks: (0..graph.len()).map(|_| OnceLock::new()).collect(),
            places: OnceLock::new(),
            graph,
        }
    }

    fn places(&self) -> &HashMap<Key, usize> {
        self.places.get_or_init(|| {
            let keys = self.graph.keys().into_iter();
            keys.enumerate().map(|(place, key)| (key, place)).collect()
        })
    }

    fn task(&self, place: usize) -> &Task {
        self.tasks[place].get_or_init(|| Box::new(self.graph.task(place)))
    }
}

/// The graph of `entries`, in which nothing is wrong.
pub(super) fn by_hand(entries: Vec<Entry>, checked: Checked) -> Graph {
    let Checked {
        places,
        order,
        types,
    } = checked;
    let keys = entries.iter().map(|entry| entry.key.clone()).collect();
    let mut entries: Vec<Option<Entry>> = entries.into_iter().map(Some).collect();
    let mut nodes: Vec<Option<Arc<DelayedNode>>> = vec![None; entries.len()];
    let graph = GraphId::unique();
    for place in order {
        let Some(entry) = entries[place].take() else {
            continue;
        };
        let inputs = entry.made.inputs().iter();
        let inputs = inputs.filter_map(|input| nodes[places[input]].clone());
        let inputs = inputs.map(Collection::Delayed).collect();
        nodes[place] = Some(Arc::new(node(graph, entry, inputs)));
    }
    let nodes: Vec<Arc<DelayedNode>> = nodes.into_iter().flatten().collect();
    Graph::from(Inner {
        collections: nodes.iter().cloned().map(Collection::Delayed).collect(),
        planned: OnceLock::new(),
        by_hand: Some(ByHand {
            keys,
            places,
            nodes,
            types,
        }),
    })
}

fn node(graph: GraphId, entry: Entry, inputs: Vec<Collection>) -> DelayedNode {
    let Entry { key, site, made } = entry;
    let (inputs, bytes, run): (_, _, Box<TaskRun>) = match made {
        Made::Value(_, value) => {
            let bytes = Some(value.bytes());
            let run = move |_: &[Value]| Ok(value.clone());
            (inputs, bytes, Box::new(run))
        }
        Made::Collection(_, collection) => (vec![collection], None, Box::new(first)),
        Made::Alias(_) => (inputs, None, Box::new(first)),
        Made::Task(task) => (inputs, None, task.run),
    };
    DelayedNode::keyed(graph, key, site, inputs, bytes, run)
}

fn first(inputs: &[Value]) -> Result<Value> {
    Ok(inputs[0].clone())
}

fn typed<T: Any + Send + Sync + Clone>(key: &Key, value: Value) -> Result<T> {
    let found = value.type_name();
    let value = value.into_inner();
    value.ok_or_else(|| other_type(key, &short_type(found), &short_type(type_name::<T>())))
}

#[cold]
fn other_type(key: &Key, found: &str, wanted: &str) -> Error {
    let text = format!("the value of `{key}` is `{found}`, not `{wanted}`");
    Error::new(ErrorKind::Value, text)
}

#[cold]
fn no_value() -> Error {
    Error::new(ErrorKind::Task, "the engine returned no value")
}

impl From<Inner> for Graph {
    fn from(inner: Inner) -> Self {
        Graph(Erased::new(inner))
    }
}

/// The task of a key.
///
/// # Panics
/// If there is no such key.
impl<K: Into<Key>> Index<K> for Graph {
    type Output = Task;

    #[track_caller]
    fn index(&self, key: K) -> &Task {
        or_raise(self.get_task(key))
    }
}

impl Render for Graph {
    fn render(&self) -> MimeBundle {
        match self.visualize() {
            Ok(drawn) => drawn.render(),
            Err(error) => MimeBundle::plain(error.to_string()),
        }
    }
}

impl fmt::Debug for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.try_planned() {
            Ok(planned) => write!(f, "Graph({} tasks)", planned.graph.len()),
            Err(error) => write!(f, "Graph({error})"),
        }
    }
}
