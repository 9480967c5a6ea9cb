//! The engine of this machine: plans, computes on a pool of threads, and draws.

use std::collections::HashMap;
use std::num::NonZero;
use std::path::Path;
use std::sync::Arc;

use dagbok::array::NpyFile;
use dagbok::cache::CacheEntry;
use dagbok::config::Settings;
use dagbok::display::MimeBundle;
use dagbok::engine::{
    Calls, Collection, Completions, Engine, LiveDrawing, Recording, Submission, Submitted,
    SubmittedMap, TaskGraph,
};
use dagbok::explain::Figures;
use dagbok::frame::{DataFrame, Format, Frame, Schema, Source, Values};
use dagbok::plot::Plot;
use dagbok::profile::{Profile, Scope};
use dagbok::visualize::{OptimizeGraph, Options};
use dagbok::{Error, ErrorKind, Name, Result, Value};

use crate::config::{Configuration, SchedulerKind};
use crate::events::{Observer, Observers};
use crate::executor::{Executor, Pools};
use crate::futures::{self, Begun, Futures};
use crate::graph::{self, Graph, TaskId};
use crate::io::memory::available_to_process;
use crate::live::Following;
use crate::mapping::Open;
use crate::planner::{self, Each, Plan};
use crate::profile;
use crate::progress::Progress;
use crate::render::format;
use crate::render::future::FutureView;
use crate::scheduler;
use crate::storage::Kept;
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
    progress: Arc<Progress>,
    futures: Arc<Futures>,
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

    /// The values of `outputs`, for each of them those of its tasks. What a task asks for runs as its own computation does.
    fn run(&self, outputs: &[Collection], each: Each) -> Result<Vec<Vec<Value>>> {
        let ahead = self.begin_ahead(outputs);
        let (plan, caches) = self.plan(outputs, each, &ahead)?;
        self.run_plan(plan, caches)
    }

    fn run_plan(&self, mut plan: Plan, caches: bool) -> Result<Vec<Vec<Value>>> {
        plan.graph.set_retries(self.config.retries());
        futures::gather(&plan.futures)?;
        let executor = self.executor()?;
        let mut observers = self.observers.all();
        if self.config.progress() {
            observers.push(self.progress.clone());
        }
        let mut values = executor
            .compute(plan.graph, &plan.outputs.concat(), &observers, caches)?
            .into_iter();
        let take = |tasks: &Vec<_>| values.by_ref().take(tasks.len()).collect();
        Ok(plan.outputs.iter().map(take).collect())
    }

    /// What runs a computation that the current thread asks for.
    fn executor(&self) -> Result<Executor> {
        if let Some(executor) = self.pools.of_current_task() {
            return Ok(executor);
        }
        self.config.tell_mistakes()?;
        let (folder, max) = self.config.spill();
        let limit = self.config.memory_limit()?;
        self.pools.memory.configure(limit, &folder, max);
        self.pools.executor(self.config.scheduler())
    }

    /// The plan of `outputs` without what is in the cache and what has been begun `ahead`, and whether its results may be kept there.
    fn plan(
        &self,
        outputs: &[Collection],
        each: Each,
        ahead: &[Arc<dyn Submitted>],
    ) -> Result<(Plan, bool)> {
        let caches = self.config.cache();
        let plan = planner::plan_without(outputs, each, |graph| {
            let mut known = match caches {
                true => self.pools.memory.cache.find(graph),
                false => Vec::new(),
            };
            known.extend(values_of(graph, ahead)?);
            Ok(known)
        })?;
        if matches!(each, Each::Whole) {
            check_size(&plan)?;
        }
        let caches = caches && !plan.is_stale;
        Ok((plan, caches))
    }

    /// Begins with what a plan of `outputs` begins with, as many tasks as there are threads, if planning all of it takes a while.
    fn begin_ahead(&self, outputs: &[Collection]) -> Vec<Arc<dyn Submitted>> {
        let SchedulerKind::Threads(n_threads) = self.config.scheduler() else {
            return Vec::new();
        };
        if scheduler::is_in_task() {
            return Vec::new();
        }
        let calls = planner::first_calls(outputs, n_threads.get());
        let begun = calls.into_iter().map(|call| {
            self.submit(Submission {
                site: call.site(),
                work: Collection::Delayed(call),
                priority: 0,
                retries: 0,
                timeout: None,
            })
        });
        begun.collect()
    }

    fn begin(&self, work: &Collection) -> Result<Begun> {
        let (plan, caches) = self.plan(std::slice::from_ref(work), Each::Whole, &[])?;
        Ok(Begun {
            plan,
            caches,
            executor: self.executor()?,
            observers: self.observers.all(),
        })
    }
}

/// # Errors
/// [`ErrorKind::Value`] if the results take more than all memory that there is: the computation could only end with the process.
fn check_size(plan: &Plan) -> Result<()> {
    let outputs = plan.outputs.iter().flatten();
    let bytes: u128 = outputs.map(|task| plan.graph.bytes(*task) as u128).sum();
    let all = available_to_process().unwrap_or(u64::MAX);
    if bytes <= u128::from(all) {
        return Ok(());
    }
    let (bytes, all) = (format::bytes(bytes), format::bytes(all.into()));
    let text = format!(
        "the result would take {bytes}, and there are {all} of memory: reduce it, take a part of it, or `persist()` it, which keeps on the disk \
         what does not fit"
    );
    Err(Error::new(ErrorKind::Value, text))
}

impl Engine for LocalEngine {
    fn compute(&self, outputs: &[Collection]) -> Result<Vec<Value>> {
        let futures = outputs.iter().map(|output| output.future().cloned());
        if let Some(futures) = futures.collect::<Option<Vec<_>>>() {
            return futures::gather(&futures);
        }
        let values = self.run(outputs, Each::Whole)?;
        let values = values.into_iter().flatten();
        values.map(Value::loaded).collect()
    }

    fn compute_blocks(&self, outputs: &[Collection]) -> Result<Vec<Vec<Value>>> {
        self.run(outputs, Each::Block)
    }

    fn submit(&self, submission: Submission) -> Arc<dyn Submitted> {
        let known = self.futures.known(&submission.work.name());
        known.unwrap_or_else(|| {
            let begun = self.begin(&submission.work);
            self.futures.submit(&submission, begun)
        })
    }

    fn submit_map(&self, calls: Arc<dyn Calls>) -> Arc<dyn SubmittedMap> {
        let executor = self.executor();
        let pool = executor.as_ref().ok();
        let pool = pool.and_then(|executor| executor.pool.clone());
        let observers = self.observers.all();
        let begin = move |work: &Collection| {
            Ok(Begun {
                plan: planner::plan_whole(std::slice::from_ref(work))?,
                // No other call has the name of one of these.
                caches: false,
                executor: executor.clone()?,
                observers: observers.clone(),
            })
        };
        let n_threads = pool.as_ref().map_or(1, |pool| pool.n_threads());
        let ahead = futures::n_ahead(n_threads);
        futures::Map::new(self.futures.clone(), calls, pool, ahead, Box::new(begin))
    }

    fn completions(&self) -> Arc<dyn Completions> {
        futures::Queue::new()
    }

    fn render_future(&self, future: &dyn Submitted) -> MimeBundle {
        render::future::bundle(&FutureView::of(future))
    }

    fn show_progress(&self, futures: &[Arc<dyn Submitted>]) {
        futures::board::show(futures);
    }

    fn visualize(
        &self,
        outputs: &[Collection],
        optimize: OptimizeGraph,
    ) -> Result<Arc<dyn TaskGraph>> {
        Ok(Arc::new(Open::new(match optimize {
            OptimizeGraph::Yes => planner::plan_whole(outputs)?,
            OptimizeGraph::No => planner::plan_unfused(outputs)?,
        })))
    }

    fn compute_tasks(&self, graph: &dyn TaskGraph, tasks: &[usize]) -> Result<Vec<Value>> {
        let values = self.run_plan(part(graph, tasks)?, false)?;
        let values = values.into_iter().flatten();
        values.map(Value::loaded).collect()
    }

    fn cull(&self, graph: &dyn TaskGraph, tasks: &[usize]) -> Result<Arc<dyn TaskGraph>> {
        Ok(Arc::new(Open::new(part(graph, tasks)?)))
    }

    fn draw_live(&self, graph: &dyn TaskGraph, options: &Options) -> Result<Box<dyn LiveDrawing>> {
        let plan = Open::plan_of(graph)?;
        Ok(Box::new(Following::start(plan, options, &self.observers)))
    }

    fn explain(&self, outputs: &[Collection]) -> Result<Figures> {
        let n_threads = match self.config.scheduler() {
            SchedulerKind::Threads(n_threads) => n_threads,
            SchedulerKind::Synchronous => NonZero::<usize>::MIN,
        };
        Ok(Figures {
            memory_limit: self.config.memory_limit().ok(),
            held: self.pools.memory.held(),
            ..planner::explain(outputs, n_threads)?
        })
    }

    fn render_explanation(&self, figures: &Figures) -> MimeBundle {
        render::explain::bundle(figures)
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
        let limit = self.config.memory_limit().ok();
        let (observers, memory) = (self.observers.clone(), self.pools.memory.clone());
        Box::new(profile::Measurement::start(observers, memory, limit, scope))
    }

    fn render_profile(&self, profile: &Profile) -> MimeBundle {
        render::profile::bundle(profile.record())
    }

    fn save_profile(&self, profile: &Profile, path: &Path) -> Result<()> {
        let text = render::profile::file(profile.record(), path)?;
        io::save(path, text.as_bytes())
    }

    fn cached(&self) -> Vec<CacheEntry> {
        let kept = self.pools.memory.cache.kept().into_iter();
        kept.map(entry).collect()
    }

    fn clear_cache(&self) {
        self.pools.memory.clear_cache();
    }

    fn render_cache(&self) -> MimeBundle {
        let limit = self.config.memory_limit();
        let limit = limit.unwrap_or_else(|_| self.pools.memory.limit());
        render::cache::bundle(&self.cached(), limit)
    }

    fn settings(&self) -> &dyn Settings {
        &self.config
    }
}

fn entry(kept: Kept) -> CacheEntry {
    let Kept {
        key,
        bytes,
        cost,
        hits,
    } = kept;
    CacheEntry {
        key: graph::key(key.name, &key.block),
        bytes,
        cost,
        hits,
    }
}

/// The tasks of `graph` whose values `ahead` computes, with these. They are among the first ones, so that hardly any other is looked at.
fn values_of(graph: &Graph, ahead: &[Arc<dyn Submitted>]) -> Result<Vec<(TaskId, Value)>> {
    let values = futures::gather(ahead)?;
    let known: HashMap<Name, Value> = ahead.iter().map(|call| *call.key()).zip(values).collect();
    let found = graph
        .ids()
        .filter_map(|id| Some((id, known.get(&graph.name(id))?.clone())));
    Ok(found.take(known.len()).collect())
}

/// What `tasks` of `graph` need.
fn part(graph: &dyn TaskGraph, tasks: &[usize]) -> Result<Plan> {
    let tasks: Vec<TaskId> = tasks.iter().map(|place| TaskId::new(*place)).collect();
    Ok(Open::plan_of(graph)?.part(&tasks))
}
