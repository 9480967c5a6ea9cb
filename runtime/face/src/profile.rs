//! What code computes, measured: which task ran when and on which thread, what it cost, and what the process used meanwhile.
//!
//! ```
//! use dagbok::prelude::*;
//! # dagbok_engine::install();
//!
//! let x = ones([400, 400]).rechunk([100, 100]);
//! let (total, measured) = profile(|| x.sum(()).compute());
//! assert_eq!(total?.item::<f64>()?, 160_000.0);
//! assert!(measured.tasks().len() > 0);
//! # Ok::<(), dagbok::Error>(())
//! ```

use std::cmp::Reverse;
use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::display::{MimeBundle, Render};
use crate::engine::{Recording, engine};
use crate::sealed::Sealed;
use crate::{Name, Result, Site};

/// Measures everything that `block` computes, also within tasks and on threads that it starts.
///
/// The second part of the result is a [`Profile`], which a cell shows as a picture of the threads, curves of the process's
/// resources, and a table by layer. It is there too if a computation failed or was cancelled: what `block` returns is
/// handed on as it is, so a `Result` in it still wants its `?`.
///
/// What cells of other shells compute at the same time is left out; [`Profiler`] measures across cells.
///
/// Keeps some 150 bytes a task, and a thread reads `/proc` up to fifty times a second while `block` runs.
///
/// ```
/// use dagbok::prelude::*;
/// # dagbok_engine::install();
///
/// let half = delayed(8).map(|n| n / 2);
/// let (values, measured) = profile(|| compute_all((&half, half.map(|n| n / 2))));
/// assert_eq!(values?, (4, 2));
/// let layers = measured.layers();
/// assert_eq!(layers.iter().map(|layer| layer.n_tasks).sum::<usize>(), 2);
/// # Ok::<(), dagbok::Error>(())
/// ```
pub fn profile<T>(block: impl FnOnce() -> T) -> (T, Profile) {
    let profiler = start(Scope::Caller);
    let value = block();
    (value, profiler.stop())
}

/// Measures everything that the process computes, from [`start`](Profiler::start) to [`stop`](Profiler::stop), which may
/// stand in different cells.
///
/// ```
/// use dagbok::prelude::*;
/// # dagbok_engine::install();
///
/// let profiler = Profiler::start();
/// arange(10).sum(()).compute()?;
/// let measured = profiler.stop();
/// assert_eq!(measured.computations().len(), 1);
/// # Ok::<(), dagbok::Error>(())
/// ```
#[must_use = "a profiler that is dropped measures nothing more"]
pub struct Profiler(Option<Box<dyn Recording>>);

/// Whose computations are measured.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scope {
    /// Those of the cell that the calling thread works for.
    Caller,
    /// All of the process.
    Process,
}

impl Profiler {
    /// Measures from now on. Without an engine there is nothing to measure.
    pub fn start() -> Self {
        start(Scope::Process)
    }

    /// Ends the measurement. Computations that still run are in it as far as they have come.
    pub fn stop(mut self) -> Profile {
        self.0.take().map_or_else(
            || Profile::from(Record::default()),
            |recording| recording.stop(),
        )
    }
}

fn start(scope: Scope) -> Profiler {
    Profiler(engine().ok().map(|engine| engine.profile(scope)))
}

impl fmt::Debug for Profiler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Profiler(measuring)")
    }
}

/// What [`profile`] or a [`Profiler`] has measured. Cheap to clone; times count from the start of the measurement.
#[derive(Clone)]
pub struct Profile(Sealed<Arc<Record>>);

/// The figures of a [`Profile`], as the engine notes them.
#[derive(Clone, Debug, Default)]
pub struct Record {
    pub elapsed: Duration,
    /// The number of threads that run tasks; 0 if nothing was computed.
    pub n_threads: usize,
    pub computations: Vec<Computation>,
    pub layers: Vec<LayerRecord>,
    /// The names of the layers of all computations.
    pub names: Vec<Name>,
    /// In the order in which they began.
    pub tasks: Vec<TaskRecord>,
    /// Which blocks the tasks make, one after the other.
    pub blocks: Vec<u32>,
    /// When results went to the disk and came back.
    pub stored: Vec<StoredChange>,
    /// The bytes that results may take in memory, if the engine says so.
    pub memory_limit: Option<u64>,
    pub samples: Vec<Sample>,
    pub cache_hits: CacheHits,
}

/// Results that computations took from the cache instead of computing them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct CacheHits {
    pub count: usize,
    /// The size of all of them together.
    pub bytes: usize,
}

/// There are more bytes of results on the disk from now on, or fewer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StoredChange {
    pub at: Duration,
    /// Their size in memory; negative for those that came back or were no longer needed.
    pub bytes: i64,
}

/// One call of `compute()`.
#[derive(Clone, Debug)]
pub struct Computation {
    /// The place, in [`Profile::computations`], of the one whose task asked for this one.
    pub parent: Option<usize>,
    pub start: Duration,
    pub elapsed: Duration,
    /// The tasks of its graph, whether they ran or not.
    pub n_tasks: usize,
    pub state: State,
}

/// How a task or a computation ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    Done,
    Failed,
    /// Called off or interrupted.
    Cancelled,
    /// It still ran when the measurement ended, or when its computation was given up.
    Running,
}

impl State {
    /// `done`, `failed`, `cancelled` or `not ended`.
    pub fn word(self) -> &'static str {
        match self {
            State::Done => "done",
            State::Failed => "failed",
            State::Cancelled => "cancelled",
            State::Running => "not ended",
        }
    }
}

/// A layer of one or several computations, or all calls of one delayed function.
#[derive(Clone, Debug)]
pub struct LayerRecord {
    pub name: Name,
    pub site: Site,
    /// What its blocks are, such as `(1000, 1000) f64 in 4 chunks`.
    pub detail: String,
}

/// One task, with places in the lists of its [`Record`].
#[derive(Clone, Debug)]
pub struct TaskRecord {
    pub computation: u32,
    pub layer: u32,
    pub name: u32,
    /// Its block, in `blocks`.
    pub block: Range<usize>,
    pub thread: u32,
    pub start: Duration,
    pub elapsed: Duration,
    pub bytes: usize,
    /// When the last task that needed its result had ended.
    pub released: Option<Duration>,
    pub state: State,
}

/// What the process had used at one moment; `None` where the system does not say.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Sample {
    pub at: Duration,
    /// Time on processors, of all threads, since the process began.
    pub cpu: Option<Duration>,
    /// Bytes of memory.
    pub resident: Option<u64>,
    /// Bytes that came from disks since the process began, not from the system's cache.
    pub read: Option<u64>,
    /// Bytes that went to disks since the process began.
    pub written: Option<u64>,
}

/// One task of a [`Profile`].
#[derive(Clone, Debug)]
pub struct TaskProfile {
    /// Its key as Dask writes it: `('sum-9f86d081', 0, 2)`.
    pub key: String,
    /// The place of its layer in [`Record::layers`].
    pub layer: usize,
    /// Threads that wait for a computation within a task have numbers from the number of threads on.
    pub thread: usize,
    pub start: Duration,
    /// For a task that computes something itself, its wait is part of it.
    pub elapsed: Duration,
    /// The size of its result.
    pub bytes: usize,
    pub state: State,
}

/// What the tasks of one layer took, or those of all calls of one delayed function.
#[derive(Clone, Debug)]
pub struct LayerProfile {
    /// The operation; with some of its token where there are several of the same.
    pub label: String,
    /// The place of the layer in [`Record::layers`].
    pub layer: usize,
    pub n_tasks: usize,
    pub n_failed: usize,
    pub total: Duration,
    pub mean: Duration,
    pub longest: Duration,
    /// The size of all results together.
    pub bytes: usize,
}

impl Profile {
    /// How long the measurement lasted.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed
    }

    /// All calls of `compute()`, in the order in which they began.
    pub fn computations(&self) -> &[Computation] {
        &self.0.computations
    }

    /// All tasks that began, in that order.
    pub fn tasks(&self) -> Vec<TaskProfile> {
        self.0.tasks.iter().map(|task| self.0.task(task)).collect()
    }

    /// What each layer took, the longest total first.
    pub fn layers(&self) -> Vec<LayerProfile> {
        self.0.table()
    }

    /// What the process had used, at moments some 20 ms apart, or more where the measurement was long.
    pub fn samples(&self) -> &[Sample] {
        &self.0.samples
    }

    /// What was found in the [cache](crate::cache::Cache) meanwhile, by all computations of the process.
    ///
    /// ```
    /// use dagbok::prelude::*;
    /// # dagbok_engine::install();
    ///
    /// let slow = delayed(20).map(|millis| {
    ///     std::thread::sleep(std::time::Duration::from_millis(*millis));
    ///     *millis
    /// });
    /// slow.compute()?;
    /// let (value, measured) = profile(|| slow.compute());
    /// assert_eq!(value?, 20);
    /// assert_eq!(measured.cache_hits().count, 1);
    /// # Ok::<(), dagbok::Error>(())
    /// ```
    pub fn cache_hits(&self) -> CacheHits {
        self.0.cache_hits
    }

    /// All figures as they were noted.
    pub fn record(&self) -> &Record {
        &self.0
    }

    /// Writes a report: a page that needs nothing else if `path` ends in `.html`, the picture alone if in `.svg`, the tables
    /// as text if in `.txt`.
    ///
    /// # Errors
    /// [`ErrorKind::Io`](crate::ErrorKind::Io) if the file cannot be written, [`ErrorKind::Value`](crate::ErrorKind::Value)
    /// for another ending.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        engine()?.save_profile(self, path.as_ref())
    }
}

impl Record {
    /// `task` with its key.
    pub fn task(&self, task: &TaskRecord) -> TaskProfile {
        TaskProfile {
            key: self.key(task),
            layer: task.layer as usize,
            thread: task.thread as usize,
            start: task.start,
            elapsed: task.elapsed,
            bytes: task.bytes,
            state: task.state,
        }
    }

    /// The key of `task`.
    pub fn key(&self, task: &TaskRecord) -> String {
        let name = &self.names[task.name as usize];
        match &self.blocks[task.block.clone()] {
            [] => name.to_string(),
            block => {
                let indices: Vec<String> = block.iter().map(u32::to_string).collect();
                format!("('{name}', {})", indices.join(", "))
            }
        }
    }

    /// The bytes of all results that did not fit into memory and went to the disk, those that went there twice counted twice.
    pub fn spilled_bytes(&self) -> u64 {
        let bytes = self.stored.iter().map(|change| change.bytes);
        bytes
            .filter(|bytes| *bytes > 0)
            .map(i64::unsigned_abs)
            .sum()
    }

    /// What each layer took, the longest total first.
    pub fn table(&self) -> Vec<LayerProfile> {
        let labels = self.labels();
        let mut rows: Vec<LayerProfile> = labels
            .into_iter()
            .enumerate()
            .map(|(layer, label)| LayerProfile {
                label,
                layer,
                n_tasks: 0,
                n_failed: 0,
                total: Duration::ZERO,
                mean: Duration::ZERO,
                longest: Duration::ZERO,
                bytes: 0,
            })
            .collect();
        for task in &self.tasks {
            let row = &mut rows[task.layer as usize];
            row.n_tasks += 1;
            row.n_failed += usize::from(task.state == State::Failed);
            row.total += task.elapsed;
            row.longest = row.longest.max(task.elapsed);
            row.bytes += task.bytes;
        }
        rows.retain(|row| row.n_tasks > 0);
        for row in &mut rows {
            row.mean = row.total.div_f64(row.n_tasks as f64);
        }
        rows.sort_by_key(|row| (Reverse(row.total), row.layer));
        rows
    }

    /// For each layer its operation; with some of its token where there are several of the same.
    pub fn labels(&self) -> Vec<String> {
        let mut n_uses = HashMap::new();
        for layer in &self.layers {
            *n_uses.entry(layer.name.operation()).or_insert(0) += 1;
        }
        let label = |layer: &LayerRecord| match n_uses[layer.name.operation()] {
            1 => layer.name.operation().to_owned(),
            _ => {
                let token = format!("{:016x}", layer.name.token());
                format!("{}-{}", layer.name.operation(), &token[..4])
            }
        };
        self.layers.iter().map(label).collect()
    }
}

impl From<Record> for Profile {
    fn from(record: Record) -> Self {
        Profile(Arc::new(record).into())
    }
}

impl Render for Profile {
    fn render(&self) -> MimeBundle {
        match engine() {
            Ok(engine) => engine.render_profile(self),
            Err(_) => MimeBundle::plain(format!("{self:?}")),
        }
    }
}

impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counted = |n: usize, noun: &str| format!("{n} {noun}{}", if n == 1 { "" } else { "s" });
        write!(
            f,
            "Profile({} in {}, {:.3?})",
            counted(self.0.tasks.len(), "task"),
            counted(self.0.computations.len(), "computation"),
            self.0.elapsed
        )
    }
}
