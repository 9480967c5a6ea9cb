//! What a computation will do, told before it does it.

use std::fmt;

use crate::display::{MimeBundle, Render};
use crate::engine::{Collection, engine};
use crate::erased::Erased;
use crate::graph::Key;
use crate::{Compute, Result};

/// What computing some collections will do: how many tasks, before and after the graph is optimised, what is read and kept, and
/// how much memory the results are expected to take at most. A cell shows it as a table.
///
/// Made by `explain()` of a collection and by [`explain_all`].
///
/// ```
/// use dagbok::prelude::*;
/// # dagbok_engine::install();
///
/// let x = ones([400, 400]).rechunk([100, 100]);
/// let figures = (&x + 1).sum(()).explain()?.figures().clone();
/// assert!(figures.n_tasks <= figures.n_tasks_before);
/// assert!(figures.peak.bytes < 400 * 400 * 8);
/// # Ok::<(), dagbok::Error>(())
/// ```
#[derive(Clone)]
pub struct Explanation(Erased);

/// The figures of an [`Explanation`]. Bytes are those of results as they are expected, which leaves out what tasks use while they
/// run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    /// The names of what is computed.
    pub outputs: Vec<String>,
    /// Tasks and layers as the collections were written, each with tasks of its own.
    pub n_tasks_before: usize,
    pub n_layers_before: usize,
    /// Tasks of which nothing is needed.
    pub n_culled: usize,
    /// Tasks that have become part of others.
    pub n_fused: usize,
    /// Tasks and layers as they will run.
    pub n_tasks: usize,
    pub n_layers: usize,
    /// The most that can be read from files, in bytes of memory.
    pub bytes_read: usize,
    /// What is kept to the end: the results.
    pub kept: Size,
    /// The most that is in memory at a time if tasks run one after the other.
    pub peak: Peak,
    /// The same with `n_threads`, if all tasks take the same time.
    pub peak_in_parallel: Peak,
    pub n_threads: usize,
    /// How much memory results may take, if that is known.
    pub memory_limit: Option<u64>,
    /// How much of that is taken by what is held already: variables and persisted collections, also those that are computed with.
    /// What the cache holds can go.
    pub held: usize,
}

/// A sum of sizes, some of which may not be known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    pub bytes: usize,
    /// How many of the results are of a size that is not known; in `bytes` they count as nothing.
    pub n_unknown: usize,
}

/// A moment at which most is in memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Peak {
    /// Results that are kept for others, and those that are being made.
    pub bytes: usize,
    /// How many results are in memory then.
    pub n_results: usize,
    /// How many of them are of a size that is not known; in `bytes` they count as nothing.
    pub n_unknown: usize,
    /// The task that begins then; none if there is no task.
    pub key: Option<Key>,
}

/// What computing several collections in one run will do, without doing it: a tuple, vector or array of them, or one.
///
/// Plans the collections twice, before and after optimisation, which takes some microseconds a task.
///
/// # Errors
/// What planning the collections returns, such as a file that cannot be read.
///
/// ```
/// use dagbok::prelude::*;
/// # dagbok_engine::install();
///
/// let x = arange(1000);
/// let both = explain_all((x.sum(()), x.max(())))?;
/// assert!(both.to_string().starts_with("Computing `sum-"));
/// # Ok::<(), dagbok::Error>(())
/// ```
pub fn explain_all<C: Compute>(collections: C) -> Result<Explanation> {
    let mut outputs = Vec::new();
    collections.collections(&mut outputs);
    Explanation::of(&outputs)
}

impl Explanation {
    pub(crate) fn of(outputs: &[Collection]) -> Result<Self> {
        let figures = engine()?.explain(outputs)?;
        Ok(Explanation(Erased::new(figures)))
    }

    /// All figures.
    pub fn figures(&self) -> &Figures {
        self.0.get()
    }

    /// The most memory that results are expected to take at a time: of the estimate for one thread and that for all threads the
    /// larger.
    pub fn peak_bytes(&self) -> usize {
        let figures = self.figures();
        figures.peak.bytes.max(figures.peak_in_parallel.bytes)
    }
}

impl Render for Explanation {
    fn render(&self) -> MimeBundle {
        match engine() {
            Ok(engine) => engine.render_explanation(self.figures()),
            Err(_) => MimeBundle::plain(format!("{self:?}")),
        }
    }
}

/// The same text as a cell shows.
impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.render().get("text/plain").unwrap_or_default())
    }
}

impl fmt::Debug for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Explanation").field(self.figures()).finish()
    }
}
