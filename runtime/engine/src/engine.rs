//! The engine of this machine: plans, computes on a pool of threads, and draws.

use std::num::NonZero;
use std::path::Path;
use std::sync::Arc;

use dagbok::array::NpyFile;
use dagbok::config::Settings;
use dagbok::display::MimeBundle;
use dagbok::engine::{Collection, Engine, Recording, TaskGraph};
use dagbok::frame::{DataFrame, Format, Frame, Schema, Source, Values};
use dagbok::plot::Plot;
use dagbok::profile::{Profile, Scope};
use dagbok::visualize::{OptimizeGraph, Options};
use dagbok::{Result, Value};

use crate::config::Configuration;
use crate::events::{Observer, Observers};
use crate::executor::Pools;
use crate::planner::{self, Plan};
use crate::profile;
use crate::progress::Progress;
use crate::{io, plot, render, table};

/// Makes the collections of this process compute on this machine, as [`Config`](dagbok::Config) says: with a thread a core where
/// nothing is set.
///
/// The threads start with the first computation. Only the first call has an effect.
pub fn install() {
    dagbok::engine::install(Arc::new(LocalEngine::default()));
}

/// Computes collections on a pool of threads of its own, and shows how far a computation is while it runs.
#[derive(Default)]
pub struct LocalEngine {
    config: Configuration,
    pools: Pools,
    observers: Arc<Observers>,
}

impl LocalEngine {
    /// An engine with so many threads, whatever the machine and the environment say, until it is told otherwise.
    pub fn with_threads(n_threads: NonZero<usize>) -> Self {
        LocalEngine {
            config: Configuration::default().with_threads(n_threads),
            ..LocalEngine::default()
        }
    }

    /// Lets `observer` see all computations that start from now on.
    pub fn observe(&self, observer: Arc<dyn Observer>) {
        self.observers.add(observer);
    }

    /// Lets `observer` see no computation that starts from now on. Those that it sees already it sees to their end.
    ///
    /// Returns whether it was observing.
    pub fn stop_observing(&self, observer: &Arc<dyn Observer>) -> bool {
        self.observers.remove(observer)
    }

    /// What computations go by.
    pub fn config(&self) -> &Configuration {
        &self.config
    }

    /// The values of the plan's outputs, for each of them those of its tasks. What a task asks for runs as its own computation does.
    fn run(&self, plan: Plan) -> Result<Vec<Vec<Value>>> {
        let executor = match self.pools.of_current_task() {
            Some(executor) => executor,
            None => {
                self.config.tell_mistakes()?;
                self.pools.executor(self.config.scheduler())?
            }
        };
        let mut observers = self.observers.all();
        if !executor.is_nested && self.config.progress() {
            observers.push(Arc::new(Progress::default()));
        }
        let mut values = executor
            .compute(plan.graph, &plan.outputs.concat(), &observers)?
            .into_iter();
        let take = |tasks: &Vec<_>| values.by_ref().take(tasks.len()).collect();
        Ok(plan.outputs.iter().map(take).collect())
    }
}

impl Engine for LocalEngine {
    fn compute(&self, outputs: &[Collection]) -> Result<Vec<Value>> {
        let values = self.run(planner::plan_whole(outputs)?)?;
        Ok(values.into_iter().flatten().collect())
    }

    fn compute_blocks(&self, outputs: &[Collection]) -> Result<Vec<Vec<Value>>> {
        self.run(planner::plan(outputs)?)
    }

    fn visualize(
        &self,
        outputs: &[Collection],
        optimize: OptimizeGraph,
    ) -> Result<Arc<dyn TaskGraph>> {
        Ok(Arc::new(match optimize {
            OptimizeGraph::Yes => planner::plan_whole(outputs)?,
            OptimizeGraph::No => planner::plan_unfused(outputs)?,
        }))
    }

    fn render(&self, collection: &Collection) -> MimeBundle {
        render::collection(self, collection)
    }

    fn schema(&self, frame: &Frame) -> Result<Schema> {
        table::schema(frame)
    }

    fn partitions(&self, frame: &Frame) -> Result<usize> {
        table::partitions(frame)
    }

    fn scan(&self, pattern: &str, format: &Format) -> Result<Source> {
        io::scan(pattern, format)
    }

    fn table(&self, columns: Vec<(String, Values)>) -> Result<DataFrame> {
        table::new(columns)
    }

    fn open_npy(&self, path: &Path) -> Result<NpyFile> {
        io::npy::open(path)
    }

    fn render_table(&self, table: &DataFrame) -> MimeBundle {
        render::table::bundle(&table::view(table))
    }

    fn plot(&self, plot: &Plot) -> Result<MimeBundle> {
        plot::bundle(plot)
    }

    fn profile(&self, scope: Scope) -> Box<dyn Recording> {
        Box::new(profile::Measurement::start(self.observers.clone(), scope))
    }

    fn render_profile(&self, profile: &Profile) -> MimeBundle {
        render::profile::bundle(profile.record())
    }

    fn save_profile(&self, profile: &Profile, path: &Path) -> Result<()> {
        let text = render::profile::file(profile.record(), path)?;
        io::save(path, text.as_bytes())
    }

    fn settings(&self) -> &dyn Settings {
        &self.config
    }
}

impl TaskGraph for Plan {
    fn render(&self, options: &Options) -> MimeBundle {
        render::graph::bundle_with(self, options)
    }

    fn dot(&self, options: &Options) -> String {
        render::graph::dot(self, options)
    }

    fn mermaid(&self, options: &Options) -> String {
        render::graph::mermaid(self, options)
    }

    fn save(&self, options: &Options, path: &Path) -> Result<()> {
        io::save(path, &render::graph::file(self, options, path)?)
    }
}
