//! A graph put together by hand, task by task, and checked before anything runs.

use std::any::Any;
use std::collections::HashMap;
use std::fmt::{self, Display};

use super::check;
use super::function::{Takes, TaskFunction, TypeOf};
use super::key::{IntoKeys, Key};
use super::{Graph, mapping};
use crate::array::{Array, NdArray};
use crate::delayed::{Delayed, task_error};
use crate::engine::Collection;
use crate::frame::{DataFrame, Frame};
use crate::sealed::Sealed;
use crate::{Result, Site, Value};

/// A [`Graph`] that is being put together: made by [`Graph::builder`], ended by [`build`](GraphBuilder::build).
///
/// Keys may be used before they are given, so tasks can be added in any order.
#[must_use = "a graph that is not built holds nothing"]
pub struct GraphBuilder(Sealed<Box<Draft>>);

/// The keys so far.
#[derive(Default)]
pub(crate) struct Draft {
    pub(super) entries: Vec<Entry>,
}

/// A key, and what is behind it.
pub(super) struct Entry {
    pub(super) key: Key,
    pub(super) site: Site,
    pub(super) made: Made,
}

pub(super) enum Made {
    Value(TypeOf, Value),
    Collection(TypeOf, Collection),
    Alias(Key),
    Task(Task),
}

pub(super) struct Task {
    pub(super) inputs: Vec<Key>,
    pub(super) takes: Takes,
    pub(super) gives: TypeOf,
    pub(super) run: Box<TaskRun>,
}

pub(super) type TaskRun = dyn Fn(&[Value]) -> Result<Value> + Send + Sync;

impl GraphBuilder {
    pub(super) fn new() -> Self {
        GraphBuilder(Box::<Draft>::default().into())
    }

    /// Adds `key`, whose value is known.
    #[track_caller]
    pub fn value<T: Any + Send + Sync>(self, key: impl Into<Key>, value: T) -> Self {
        let made = Made::Value(TypeOf::of::<T>(), Value::new(value));
        self.with(key.into(), made)
    }

    /// Adds `key`, whose value is what `function` makes of those of `inputs`: of each by reference, with the types that its
    /// parameters name, or of all as one slice. See [`TaskFunction`].
    ///
    /// ```
    /// use dagbok::prelude::*;
    /// # dagbok_engine::install();
    ///
    /// let graph = Graph::builder()
    ///     .task("width", (), || 2.5)
    ///     .task("n", (), || 2)
    ///     .task("length", ["width", "n"], |width: &f64, n: &i32| width * f64::from(*n))
    ///     .build()?;
    /// assert_eq!(graph.get::<f64>("length")?, 5.0);
    /// # Ok::<(), dagbok::Error>(())
    /// ```
    #[track_caller]
    pub fn task<Arguments, T: Any + Send + Sync>(
        self,
        key: impl Into<Key>,
        inputs: impl IntoKeys,
        function: impl TaskFunction<Arguments, T>,
    ) -> Self {
        let (takes, gives) = (takes(&function), TypeOf::of::<T>());
        let run = move |inputs: &[Value]| Ok(Value::new(function.call(inputs)));
        self.with_task(key.into(), inputs.into_keys(), takes, gives, Box::new(run))
    }

    /// Like [`task`](GraphBuilder::task), of a function that may fail: its error is the computation's.
    ///
    /// ```
    /// use dagbok::prelude::*;
    /// # dagbok_engine::install();
    ///
    /// let graph = Graph::builder()
    ///     .value("text", "12x".to_owned())
    ///     .try_task("number", "text", |text: &String| text.parse::<i64>())
    ///     .build()?;
    /// let error = graph.get::<i64>("number").unwrap_err();
    /// assert!(error.to_string().starts_with("`number` failed: invalid digit found in string"));
    /// # Ok::<(), dagbok::Error>(())
    /// ```
    #[track_caller]
    pub fn try_task<Arguments, T: Any + Send + Sync, E: Display + 'static>(
        self,
        key: impl Into<Key>,
        inputs: impl IntoKeys,
        function: impl TaskFunction<Arguments, Result<T, E>>,
    ) -> Self {
        let (takes, gives) = (takes(&function), TypeOf::of::<T>());
        let run = move |inputs: &[Value]| {
            let result = function.call(inputs);
            result.map(Value::new).map_err(task_error)
        };
        self.with_task(key.into(), inputs.into_keys(), takes, gives, Box::new(run))
    }

    /// Adds `key`, another name for `of`.
    #[track_caller]
    pub fn alias(self, key: impl Into<Key>, of: impl Into<Key>) -> Self {
        self.with(key.into(), Made::Alias(of.into()))
    }

    /// Adds `key`, whose value is that of a delayed call.
    #[track_caller]
    pub fn delayed<T: Any + Send + Sync>(self, key: impl Into<Key>, call: &Delayed<T>) -> Self {
        let made = Made::Collection(TypeOf::of::<T>(), call.collection());
        self.with(key.into(), made)
    }

    /// Adds `key`, whose value is the whole of `array`, an [`NdArray`].
    #[track_caller]
    pub fn array(self, key: impl Into<Key>, array: &Array) -> Self {
        let collection = Collection::Array(array.clone());
        self.with(
            key.into(),
            Made::Collection(TypeOf::of::<NdArray>(), collection),
        )
    }

    /// Adds `key`, whose value is the whole of `frame`, a [`DataFrame`].
    #[track_caller]
    pub fn frame(self, key: impl Into<Key>, frame: &Frame) -> Self {
        let collection = Collection::Frame(frame.clone());
        self.with(
            key.into(),
            Made::Collection(TypeOf::of::<DataFrame>(), collection),
        )
    }

    /// The graph. Nothing has run yet. Takes time linear in keys and inputs.
    ///
    /// # Errors
    /// [`ErrorKind::Key`](crate::ErrorKind::Key) for a key that is given twice, and for one that a task takes and that is not
    /// there; [`ErrorKind::Value`](crate::ErrorKind::Value) for tasks that take one another in a cycle, for an alias of itself,
    /// for a task that takes another number of values or another type than its inputs have, and where there is no key at all.
    ///
    /// ```
    /// use dagbok::prelude::*;
    ///
    /// let inc = |x: &i64| x + 1;
    /// let builder = Graph::builder().task("a", "c", inc).task("b", "a", inc).task("c", "b", inc);
    /// let error = builder.build().unwrap_err();
    /// assert!(error.to_string().starts_with("the graph has a cycle: `a` takes `c`, which takes `b`, which takes `a`"));
    /// ```
    pub fn build(mut self) -> Result<Graph> {
        let entries = std::mem::take(&mut self.0.entries);
        let checked = check::check(&entries)?;
        Ok(mapping::by_hand(entries, checked))
    }

    #[track_caller]
    fn with(mut self, key: Key, made: Made) -> Self {
        let site = Site::caller();
        self.0.entries.push(Entry { key, site, made });
        self
    }

    #[track_caller]
    fn with_task(
        self,
        key: Key,
        inputs: Vec<Key>,
        takes: Takes,
        gives: TypeOf,
        run: Box<TaskRun>,
    ) -> Self {
        let task = Task {
            inputs,
            takes,
            gives,
            run,
        };
        self.with(key, Made::Task(task))
    }
}

/// The types that `function` takes.
fn takes<Arguments, Output, F: TaskFunction<Arguments, Output>>(_: &F) -> Takes {
    F::takes()
}

impl Made {
    /// The keys whose values it is made of.
    pub(super) fn inputs(&self) -> &[Key] {
        match self {
            Made::Value(..) | Made::Collection(..) => &[],
            Made::Alias(of) => std::slice::from_ref(of),
            Made::Task(task) => &task.inputs,
        }
    }
}

impl fmt::Debug for GraphBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = self.0.entries.iter().map(|entry| &entry.key);
        f.debug_tuple("GraphBuilder")
            .field(&keys.collect::<Vec<_>>())
            .finish()
    }
}

/// The places of keys among entries.
pub(super) type Places = HashMap<Key, usize>;
