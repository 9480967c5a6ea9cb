//! The one door through which work is handed to whatever computes it.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use crate::array::{Array, NpyFile};
use crate::config::Settings;
use crate::delayed::DelayedNode;
use crate::display::MimeBundle;
use crate::frame::{DataFrame, Format, Frame, Schema, Source, Values};
use crate::plot::Plot;
use crate::profile::{Profile, Scope};
use crate::visualize::{OptimizeGraph, Options};
use crate::{Error, ErrorKind, Name, Result, Value};

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
    pub fn name(&self) -> &Name {
        match self {
            Collection::Array(array) => array.name(),
            Collection::Frame(frame) => frame.name(),
            Collection::Delayed(node) => &node.name,
        }
    }

    /// The collections that this one is made of.
    pub fn inputs(&self) -> Vec<Collection> {
        match self {
            Collection::Array(array) => wrap(&array.node().inputs, Collection::Array),
            Collection::Frame(frame) => wrap(&frame.node().inputs, Collection::Frame),
            Collection::Delayed(node) => node.inputs().cloned().collect(),
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
    /// The task graph of `outputs`, to be drawn.
    fn visualize(
        &self,
        outputs: &[Collection],
        optimize: OptimizeGraph,
    ) -> Result<Arc<dyn TaskGraph>>;
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
    /// What computations go by.
    fn settings(&self) -> &dyn Settings;
    /// Measures what is computed from now on, until the recording is stopped or dropped.
    fn profile(&self, scope: Scope) -> Box<dyn Recording>;
    /// How a profile is shown.
    fn render_profile(&self, profile: &Profile) -> MimeBundle;
    /// Writes `profile` to a file, in the format that its name ends in.
    fn save_profile(&self, profile: &Profile, path: &Path) -> Result<()>;
}

/// A planned graph that can be looked at.
pub trait TaskGraph: Send + Sync {
    /// How it is shown.
    fn render(&self, options: &Options) -> MimeBundle;
    /// In Graphviz's language.
    fn dot(&self, options: &Options) -> String;
    /// In Mermaid's language.
    fn mermaid(&self, options: &Options) -> String;
    /// Writes it to a file, in the format that its name ends in.
    fn save(&self, options: &Options, path: &Path) -> Result<()>;
}

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
