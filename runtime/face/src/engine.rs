//! The one door through which work is handed to whatever computes it.

use std::any::Any;
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use crate::array::{Array, ArrayOp, NpyFile};
use crate::cache::CacheEntry;
use crate::config::Settings;
use crate::delayed::DelayedNode;
use crate::display::MimeBundle;
use crate::explain::Figures;
use crate::frame::{DataFrame, Format, Frame, FrameOp, Schema, Source, Values};
use crate::future::FutureStatus;
use crate::graph::{Key, Layer, Task};
use crate::plot::Plot;
use crate::profile::{Profile, Scope};
use crate::visualize::{OptimizeGraph, Options};
use crate::{Error, ErrorKind, Name, Result, Site, Value};

/// Any lazy collection, as the engine takes it.
#[derive(Clone, Debug)]
pub enum Collection {
    /// A chunked array; computes to an [`NdArray`](crate::NdArray).
    Array(Array),
    /// A partitioned frame; computes to a [`DataFrame`].
    Frame(Frame),
    /// A delayed call; computes to what the function returns.
    Delayed(Arc<DelayedNode>),
}

impl Collection {
    /// The collection's name.
    pub fn name(&self) -> Name {
        self.as_ref().name()
    }

    /// The collection, borrowed.
    pub fn as_ref(&self) -> CollectionRef<'_> {
        match self {
            Collection::Array(array) => CollectionRef::Array(array),
            Collection::Frame(frame) => CollectionRef::Frame(frame),
            Collection::Delayed(node) => CollectionRef::Delayed(node),
        }
    }

    /// The future that this is the value of, if it is one's.
    pub fn future(&self) -> Option<&Arc<dyn Submitted>> {
        match self {
            Collection::Delayed(node) => node.future(),
            Collection::Array(_) | Collection::Frame(_) => None,
        }
    }

    /// The collections that this one is made of.
    pub fn inputs(&self) -> Vec<Collection> {
        match self {
            Collection::Array(array) => match &array.node().op {
                ArrayOp::Delayed(call) => vec![Collection::Delayed(call.clone())],
                _ => wrap(&array.node().inputs, Collection::Array),
            },
            Collection::Frame(frame) => match &frame.node().op {
                FrameOp::Delayed(calls) => wrap(calls, Collection::Delayed),
                _ => wrap(&frame.node().inputs, Collection::Frame),
            },
            Collection::Delayed(node) => node.inputs().map(CollectionRef::to_owned).collect(),
        }
    }
}

/// A [`Collection`], borrowed.
#[derive(Clone, Copy, Debug)]
pub enum CollectionRef<'a> {
    Array(&'a Array),
    Frame(&'a Frame),
    Delayed(&'a Arc<DelayedNode>),
}

impl CollectionRef<'_> {
    /// The collection's name.
    pub fn name(self) -> Name {
        match self {
            CollectionRef::Array(array) => *array.name(),
            CollectionRef::Frame(frame) => *frame.name(),
            CollectionRef::Delayed(node) => node.name(),
        }
    }

    /// The collection, shared.
    pub fn to_owned(self) -> Collection {
        match self {
            CollectionRef::Array(array) => Collection::Array(array.clone()),
            CollectionRef::Frame(frame) => Collection::Frame(frame.clone()),
            CollectionRef::Delayed(node) => Collection::Delayed(node.clone()),
        }
    }
}

fn wrap<T: Clone>(inputs: &[T], collection: fn(T) -> Collection) -> Vec<Collection> {
    inputs.iter().cloned().map(collection).collect()
}

/// What a task runs.
pub trait Work: Send + Sync {
    /// The task's value, from those of its inputs in order.
    fn run(&self, inputs: &[Value]) -> Result<Value>;
    /// What it takes besides those, because it knows the values: each with its place among all that it takes, in order.
    fn known_inputs(&self) -> Vec<KnownInput> {
        Vec::new()
    }
    /// The plain values among its arguments, in order, for errors.
    fn plain_arguments(&self) -> Vec<Value> {
        Vec::new()
    }
}

/// An input of a task whose value nobody has to compute.
pub struct KnownInput {
    /// How many inputs come before it.
    pub place: usize,
    pub name: Name,
    pub value: Value,
}

impl<F: Fn(&[Value]) -> Result<Value> + Send + Sync> Work for F {
    fn run(&self, inputs: &[Value]) -> Result<Value> {
        self(inputs)
    }
}

/// What computes collections and draws them. `dagbok-engine` has the one that is used.
pub trait Engine: Send + Sync {
    /// Computes all `outputs` in one run, sharing what they share; one whole value each.
    fn compute(&self, outputs: &[Collection]) -> Result<Vec<Value>>;
    /// Like [`compute`](Engine::compute), but the blocks stay apart: for each output its chunks or partitions, in order.
    fn compute_blocks(&self, outputs: &[Collection]) -> Result<Vec<Vec<Value>>>;
    /// Begins to compute `submission` and returns at once. What planning it returns is the future's error.
    fn submit(&self, submission: Submission) -> Arc<dyn Submitted>;
    /// Begins `calls`, of which there are none yet.
    fn submit_map(&self, calls: Arc<dyn Calls>) -> Arc<dyn SubmittedMap>;
    /// A place to wait for futures.
    fn completions(&self) -> Arc<dyn Completions>;
    /// How a future is shown: what it is and how it is, now.
    fn render_future(&self, future: &dyn Submitted) -> MimeBundle;
    /// Shows how far several are until all are done, and returns at once. Holds none of them.
    fn show_progress(&self, futures: &[Arc<dyn Submitted>]);
    /// The task graph of `outputs`, to be drawn.
    fn visualize(
        &self,
        outputs: &[Collection],
        optimize: OptimizeGraph,
    ) -> Result<Arc<dyn TaskGraph>>;
    /// The values of some tasks of `graph`, by their places, computed in one run.
    fn compute_tasks(&self, graph: &dyn TaskGraph, tasks: &[usize]) -> Result<Vec<Value>>;
    /// The part of `graph` that some of its tasks need.
    fn cull(&self, graph: &dyn TaskGraph, tasks: &[usize]) -> Result<Arc<dyn TaskGraph>>;
    /// Draws `graph`, and how far its tasks are in what is computed until the result is dropped.
    fn draw_live(&self, graph: &dyn TaskGraph, options: &Options) -> Result<Box<dyn LiveDrawing>>;
    /// What computing `outputs` will do.
    fn explain(&self, outputs: &[Collection]) -> Result<Figures>;
    /// How that is shown.
    fn render_explanation(&self, figures: &Figures) -> MimeBundle;
    /// How a collection that has not been computed is shown.
    fn render(&self, collection: &Collection) -> MimeBundle;
    /// Column names and types of `frame`, without computing it.
    fn schema(&self, frame: &Frame) -> Result<Schema>;
    /// The number of partitions of `frame`, without computing it.
    fn partitions(&self, frame: &Frame) -> Result<usize>;
    /// Finds the files that `pattern` names and divides them into partitions.
    fn scan(&self, pattern: &str, format: &Format) -> Result<Source>;
    /// A table of named columns.
    fn table(&self, columns: Vec<(String, Values)>) -> Result<DataFrame>;
    /// The header of the `.npy` file at `path`.
    fn open_npy(&self, path: &Path) -> Result<NpyFile>;
    /// How a table is shown.
    fn render_table(&self, table: &DataFrame) -> MimeBundle;
    /// Draws `plot`.
    fn plot(&self, plot: &Plot) -> Result<MimeBundle>;
    /// Results that are kept for later computations, the most worth first.
    fn cached(&self) -> Vec<CacheEntry>;
    /// Lets go of them.
    fn clear_cache(&self);
    /// How they are shown.
    fn render_cache(&self) -> MimeBundle;
    /// What computations go by.
    fn settings(&self) -> &dyn Settings;
    /// Measures what is computed from now on, until the recording is stopped or dropped.
    fn profile(&self, scope: Scope) -> Box<dyn Recording>;
    /// How a profile is shown.
    fn render_profile(&self, profile: &Profile) -> MimeBundle;
    /// Writes `profile` to a file, in the format that its name ends in.
    fn save_profile(&self, profile: &Profile, path: &Path) -> Result<()>;
}

/// Work that is to begin now and is waited for later.
pub struct Submission {
    pub work: Collection,
    /// The line that submitted it.
    pub site: Site,
    /// Of several that could begin, the one with the highest does.
    pub priority: i32,
    /// How often it is computed again after an error or a panic.
    pub retries: u32,
    /// How long each attempt may take.
    pub timeout: Option<Duration>,
}

/// What has been submitted. When the last reference to it is dropped before it is done, it is cancelled.
pub trait Submitted: Any + Send + Sync {
    /// The name of what it computes.
    fn key(&self) -> &Name;
    /// The line that submitted it.
    fn site(&self) -> Site;
    fn status(&self) -> FutureStatus;
    /// The value or the error, once it is done.
    fn outcome(&self) -> Option<Result<Value>>;
    /// Cancels it and what depends on it, unless it is done.
    fn cancel(&self);
    /// Lets it go on when nobody refers to it.
    fn detach(&self);
    /// Calls `callback` when it is done, at once if it is; on any thread, which it must not hold up.
    fn on_done(&self, callback: Box<dyn FnOnce() + Send>);
    /// Calls `callback` with its status whenever that has changed, until it is done; at once if it is. On any thread, which it must
    /// not hold up.
    fn on_change(&self, callback: Arc<dyn Fn(FutureStatus) + Send + Sync>);
}

/// Calls that are to begin one after the other, by their numbers.
pub trait Calls: Send + Sync {
    /// The line that submits them.
    fn site(&self) -> Site;
    /// How many there are by now.
    fn n_calls(&self) -> u32;
    /// The call of this number. Asked for once.
    fn call(&self, idx: u32) -> Collection;
    /// Nobody wants the call of this number, which has not been asked for.
    fn forget(&self, idx: u32);
}

/// Calls that have been submitted together. They become futures one after the other, a few before the earlier ones are done.
pub trait SubmittedMap: Any + Send + Sync {
    /// There are calls from this number on which there were not before.
    fn added(&self, from: u32);
    /// The future of this number, which there is from now on.
    fn get(&self, idx: u32) -> Arc<dyn Submitted>;
    /// The future of this number, if there is one by now.
    fn begun(&self, idx: u32) -> Option<Arc<dyn Submitted>>;
    /// One more refers to the future of this number.
    fn retain(&self, idx: u32);
    /// One less does: when none is left, and it is not done, it is cancelled.
    fn release(&self, idx: u32);
}

/// A place to wait for futures, in the order in which they are done.
pub trait Completions: Send + Sync {
    /// Waits for `future` too. Futures are numbered from 0 on.
    fn add(&self, future: Arc<dyn Submitted>);
    /// Waits for these futures of `map` too, which somebody refers to until they are done.
    fn add_of_map(&self, map: &dyn SubmittedMap, idxs: RangeInclusive<u32>);
    /// Waits until as many are done, and have not been taken, as `until` says; `false` if the time is over.
    ///
    /// A task that waits takes part in the work that it waits for.
    ///
    /// # Errors
    /// [`ErrorKind::Cancelled`] after an interrupt; what was waited for goes on.
    fn wait(&self, until: Until, deadline: Option<Instant>) -> Result<bool>;
    /// Takes the number of the first that is done and has not been taken.
    fn take(&self) -> Option<usize>;
}

/// When a wait for futures ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// When so many are done.
    Done(usize),
    /// When so many are done, or one has failed or been cancelled.
    DoneOrFailed(usize),
}

/// A planned graph that can be looked at. Its tasks have places, each after those that it takes.
pub trait TaskGraph: Any + Send + Sync {
    /// The number of tasks.
    fn len(&self) -> usize;
    /// Whether there is none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// The keys of all tasks, by their places.
    fn keys(&self) -> Vec<Key>;
    /// The task at `place`.
    fn task(&self, place: usize) -> Task;
    /// All layers.
    fn layers(&self) -> Vec<Layer>;
    /// How it is shown.
    fn render(&self, options: &Options) -> MimeBundle;
    /// In Graphviz's language.
    fn dot(&self, options: &Options) -> String;
    /// In Mermaid's language.
    fn mermaid(&self, options: &Options) -> String;
    /// Writes it to a file, in the format that its name ends in.
    fn save(&self, options: &Options, path: &Path) -> Result<()>;
}

/// A drawing that follows what is computed; dropped, it shows how that has ended.
pub trait LiveDrawing: Send {}

/// A measurement under way.
pub trait Recording: Send {
    /// What was measured.
    fn stop(self: Box<Self>) -> Profile;
}

static ENGINE: OnceLock<Arc<dyn Engine>> = OnceLock::new();

/// Makes `engine` compute the collections of this process; the first call wins.
pub fn install(engine: Arc<dyn Engine>) {
    ENGINE.get_or_init(|| engine);
}

pub(crate) fn engine() -> Result<&'static Arc<dyn Engine>> {
    ENGINE.get().ok_or_else(|| {
        Error::new(
            ErrorKind::NoEngine,
            "no engine is installed: call `dagbok_engine::install()` first",
        )
    })
}
