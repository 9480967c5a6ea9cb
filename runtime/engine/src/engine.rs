//! The engine of this machine: plans, computes on a pool of threads, and draws.

use std::num::NonZero;
use std::path::Path;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use dagbok::array::NpyFile;
use dagbok::display::MimeBundle;
use dagbok::engine::{Collection, Engine};
use dagbok::frame::{DataFrame, Format, Frame, Schema, Source, Values};
use dagbok::plot::Plot;
use dagbok::{Error, ErrorKind, Result, Value};

use crate::events::Observer;
use crate::planner::{self, Plan};
use crate::progress::Progress;
use crate::scheduler::Scheduler;
use crate::{io, plot, render, table};

/// The number of threads, where it is not that of the cores.
const NUM_THREADS: &str = "DAGBOK_NUM_THREADS";

/// Makes the collections of this process compute on this machine, with a thread a core or `DAGBOK_NUM_THREADS` of them.
///
/// The threads start with the first computation. Only the first call has an effect.
pub fn install() {
    dagbok::engine::install(Arc::new(LocalEngine::default()));
}

/// Computes collections on a pool of threads of its own, and shows how far a computation is while it runs.
#[derive(Default)]
pub struct LocalEngine {
    n_threads: Option<NonZero<usize>>,
    scheduler: OnceLock<Result<Scheduler>>,
    observers: RwLock<Vec<Arc<dyn Observer>>>,
}

impl LocalEngine {
    /// An engine with so many threads, whatever the machine and the environment say.
    pub fn with_threads(n_threads: NonZero<usize>) -> Self {
        LocalEngine {
            n_threads: Some(n_threads),
            ..LocalEngine::default()
        }
    }

    /// Lets `observer` see all computations that start from now on.
    pub fn observe(&self, observer: Arc<dyn Observer>) {
        let mut observers = self
            .observers
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        observers.push(observer);
    }

    /// The values of the plan's outputs, for each of them those of its tasks.
    fn run(&self, plan: Plan) -> Result<Vec<Vec<Value>>> {
        let scheduler = self.scheduler.get_or_init(|| self.start()).as_ref();
        let scheduler = scheduler.map_err(Clone::clone)?;
        let mut observers = self
            .observers
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if !scheduler.is_in_task() {
            observers.push(Arc::new(Progress::default()));
        }
        let mut values = scheduler
            .compute(plan.graph, &plan.outputs.concat(), &observers)?
            .into_iter();
        let take = |tasks: &Vec<_>| values.by_ref().take(tasks.len()).collect();
        Ok(plan.outputs.iter().map(take).collect())
    }

    fn start(&self) -> Result<Scheduler> {
        Scheduler::new(match self.n_threads {
            Some(n_threads) => n_threads,
            None => n_threads(std::env::var(NUM_THREADS).ok().as_deref())?,
        })
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

    fn visualize(&self, outputs: &[Collection]) -> Result<MimeBundle> {
        Ok(render::graph::bundle(&planner::plan_whole(outputs)?))
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
}

/// How many threads `setting` asks for; without it, one a core.
fn n_threads(setting: Option<&str>) -> Result<NonZero<usize>> {
    match setting {
        Some(setting) => setting.trim().parse().map_err(|_| {
            let text = format!("`{NUM_THREADS}` is `{setting}`, not a whole number above 0");
            Error::new(ErrorKind::Value, text)
        }),
        None => Ok(std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN)),
    }
}

#[cfg(test)]
mod tests {
    use super::n_threads;

    #[test]
    fn the_number_of_threads_is_above_zero() {
        let check = |setting, expected: &str| {
            let n_threads = n_threads(Some(setting));
            let shown = n_threads.map_or_else(|error| error.to_string(), |n| n.to_string());
            assert_eq!(shown, expected);
        };
        check("3", "3");
        check(" 12 ", "12");
        check(
            "0",
            "`DAGBOK_NUM_THREADS` is `0`, not a whole number above 0",
        );
        check(
            "-1",
            "`DAGBOK_NUM_THREADS` is `-1`, not a whole number above 0",
        );
        check(
            "all",
            "`DAGBOK_NUM_THREADS` is `all`, not a whole number above 0",
        );
        assert!(n_threads(None).is_ok());
    }
}
