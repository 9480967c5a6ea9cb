//! Which threads run a computation: those of a pool, or the one that asks for it.

use std::num::NonZero;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use dagbok::{Result, Value};

use crate::config::SchedulerKind;
use crate::events::Observer;
use crate::graph::{Graph, TaskId};
use crate::scheduler::{Scheduler, synchronous};
use crate::storage::Memory;

/// So many pools are kept, so that a scope with another number of threads starts them once.
const POOLS_KEPT: usize = 2;

/// The pools of an engine, each with another number of threads.
#[derive(Default)]
pub(crate) struct Pools {
    /// The one that was used last comes last.
    pools: Mutex<Vec<Pool>>,
    /// The budget of all of them.
    pub(crate) memory: Arc<Memory>,
}

struct Pool {
    n_threads: NonZero<usize>,
    scheduler: Arc<Scheduler>,
}

/// What runs one computation.
#[derive(Clone)]
pub(crate) struct Executor {
    /// None for the thread that asks.
    pub(crate) pool: Option<Arc<Scheduler>>,
    pub(crate) memory: Arc<Memory>,
}

impl Pools {
    /// What runs the computation that the current thread is a task of.
    pub(crate) fn of_current_task(&self) -> Option<Executor> {
        if synchronous::is_in_task() {
            return Some(Executor {
                pool: None,
                memory: self.memory.clone(),
            });
        }
        let pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        let pool = pools.iter().find(|pool| pool.scheduler.is_in_task())?;
        Some(Executor {
            pool: Some(pool.scheduler.clone()),
            memory: self.memory.clone(),
        })
    }

    /// What runs computations as `kind` says.
    ///
    /// # Errors
    /// [`ErrorKind::Io`](dagbok::ErrorKind::Io) if the system gives no more threads.
    pub(crate) fn executor(&self, kind: SchedulerKind) -> Result<Executor> {
        let pool = match kind {
            SchedulerKind::Synchronous => None,
            SchedulerKind::Threads(n_threads) => Some(self.pool(n_threads)?),
        };
        Ok(Executor {
            pool,
            memory: self.memory.clone(),
        })
    }

    fn pool(&self, n_threads: NonZero<usize>) -> Result<Arc<Scheduler>> {
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        let known = pools.iter().position(|pool| pool.n_threads == n_threads);
        let pool = match known {
            Some(idx) => pools.remove(idx),
            None => {
                end_idle(&mut pools);
                let scheduler = Arc::new(Scheduler::within(n_threads, self.memory.clone())?);
                Pool {
                    n_threads,
                    scheduler,
                }
            }
        };
        let scheduler = pool.scheduler.clone();
        pools.push(pool);
        Ok(scheduler)
    }
}

/// Makes room for another pool. Those that somebody computes on stay, so that their tasks find them.
fn end_idle(pools: &mut Vec<Pool>) {
    let mut surplus = (pools.len() + 1).saturating_sub(POOLS_KEPT);
    let mut idx = 0;
    while surplus > 0 && idx < pools.len() {
        if Arc::strong_count(&pools[idx].scheduler) > 1 {
            idx += 1;
            continue;
        }
        surplus -= 1;
        let pool = pools.remove(idx);
        // Its end may wait for a task that nobody waits for any more.
        let ender = thread::Builder::new().name("dagbok-end".to_owned());
        let _ = ender.spawn(move || drop(pool));
    }
}

impl Executor {
    /// The values of `outputs`, tasks of `graph`; results may be kept in the cache where `caches`.
    ///
    /// # Errors
    /// As [`Scheduler::compute`].
    pub(crate) fn compute(
        &self,
        graph: Graph,
        outputs: &[TaskId],
        observers: &[Arc<dyn Observer>],
        caches: bool,
    ) -> Result<Vec<Value>> {
        match &self.pool {
            Some(pool) => pool.compute_with(graph, outputs, observers, caches),
            None => synchronous::compute_within(
                Arc::new(graph),
                outputs,
                observers,
                &self.memory,
                caches,
            ),
        }
    }
}
