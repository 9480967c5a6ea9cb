//! Computes graphs on a pool of threads: [`state`] decides, [`pool`] runs, and here somebody waits for the results.

mod core;
mod hands;
mod job;
mod lanes;
mod nested;
mod pool;
mod room;
mod share;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod spilling;
mod state;
pub mod synchronous;
mod task;
#[cfg(test)]
mod tests;
mod watchdog;
mod workers;

use std::cell::RefCell;
use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use dagbok::cell::threads::Served;
use dagbok::{Error, ErrorKind, Result, Value, cancel};

use self::core::Core;
use crate::events::{Canceller, Observer, Run, Stamped};
use crate::graph::{Graph, TaskId};
use crate::storage::{Costs, Memory};
use crate::sync::{Condvar, MutexGuard, n_cores, now};
use hands::Hands;
use job::{Audience, Job, LOG_TOLD, OnEnd};
pub(crate) use nested::check_depth;
use pool::{Shared, Whom};
use state::Schedule;
pub use state::{Outcome, RunId};

/// How often a waiting thread looks for an interrupt and hands out events.
pub(crate) const TICK: Duration = Duration::from_millis(20);
/// How long a waiting thread waits, after an interrupt, for tasks that are running.
const GRACE: Duration = Duration::from_millis(60);
/// How long a thread rests that makes way.
const REST: Duration = Duration::from_millis(2);
/// Enough for deeply recursive functions; only what is used takes memory.
pub(crate) const STACK_BYTES: usize = 64 << 20;

/// A number that no other run of this process has.
fn next_run() -> RunId {
    static LAST: AtomicU64 = AtomicU64::new(0);
    RunId(LAST.fetch_add(1, Ordering::Relaxed) + 1)
}

/// A pool of threads that computes graphs, several at once.
pub struct Scheduler {
    shared: Arc<Shared>,
    n_threads: usize,
    /// Whether it leaves no core to anybody else.
    takes_all_cores: bool,
}

impl Scheduler {
    /// A scheduler with so many threads of its own. They end when it is dropped.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] if the system gives no more threads.
    pub fn new(n_threads: NonZero<usize>) -> Result<Self> {
        Scheduler::within(n_threads, Arc::default())
    }

    /// Like [`new`](Scheduler::new), for results that keep to the budget of `memory`.
    ///
    /// # Errors
    /// As for `new`.
    pub(crate) fn within(n_threads: NonZero<usize>, memory: Arc<Memory>) -> Result<Self> {
        task::keep_panics_quiet();
        let n_threads = n_threads.get();
        let scheduler = Scheduler {
            shared: Arc::new(Shared::new(n_threads, memory)),
            n_threads,
            takes_all_cores: n_cores() <= n_threads,
        };
        scheduler.shared.start(n_threads)?;
        Ok(scheduler)
    }

    /// Whether the current thread runs a task of this scheduler.
    pub(crate) fn is_in_task(&self) -> bool {
        nested::current(&self.shared).is_some()
    }

    /// The values of `outputs`, tasks of `graph`, whose ids are in the order to run them in and all needed.
    ///
    /// May be called from several threads at once, and from within a task, which then takes part in the work.
    ///
    /// # Errors
    /// The error of the first task that failed, of its kind, with the task's name; [`ErrorKind::Task`] for a panic.
    /// [`ErrorKind::Cancelled`] after [`cancel::request`] or when it is called off: tasks that do not end within a moment are left to end
    /// by themselves. An error that says what waits for what if a task got lost, which is a mistake of the scheduler.
    pub fn compute(
        &self,
        graph: Graph,
        outputs: &[TaskId],
        observers: &[Arc<dyn Observer>],
    ) -> Result<Vec<Value>> {
        self.compute_with(graph, outputs, observers, false)
    }

    /// Like [`compute`](Scheduler::compute); results may be kept in the cache where `caches`.
    ///
    /// # Errors
    /// As for `compute`.
    pub(crate) fn compute_with(
        &self,
        graph: Graph,
        outputs: &[TaskId],
        observers: &[Arc<dyn Observer>],
        caches: bool,
    ) -> Result<Vec<Value>> {
        let costs = caches.then(|| Costs::of(&graph));
        let graph = Arc::new(graph);
        let schedule = Schedule::new(graph.clone(), outputs);
        let parent = nested::current(&self.shared);
        let audience = match observers {
            [] => Audience::Caller,
            _ => Audience::Observers,
        };
        let mut hands = Hands::new(self.n_threads as u32);
        let submitted = now();
        let mut core = self.shared.lock();
        let (id, changed, canceller) = core.submit(
            graph.clone(),
            schedule,
            parent,
            audience,
            costs,
            None,
            &mut hands,
        );
        if parent.is_some() {
            core.begin_nested();
        }
        drop(core);
        self.shared.wake(Whom::One);
        let run = Run {
            id,
            parent,
            graph,
            n_threads: self.n_threads,
            submitted,
            canceller,
        };
        let waiter = Waiter {
            shared: &self.shared,
            run: &run,
            changed: &changed,
            observers,
            spare: RefCell::default(),
        };
        let mut job = waiter.wait(&mut hands)?;
        match job.outcome {
            Some(Outcome::Done) => Ok(job.values(outputs)),
            Some(Outcome::Failed) => Err(job.error.take().expect("a failed run has an error")),
            Some(Outcome::Cancelled) | None => Err(waiter.cancelled()),
        }
    }

    /// Begins to compute what `background` says and returns at once.
    pub(crate) fn submit(&self, background: Background) -> RunId {
        let Background {
            graph,
            outputs,
            served,
            observers,
            caches,
            on_end,
        } = background;
        let schedule = Schedule::new(graph.clone(), &outputs);
        let audience = match &*observers {
            [] => Audience::Caller,
            _ => Audience::Observers,
        };
        let n_threads = self.n_threads;
        let submitted = now();
        let costs = caches.then(|| Costs::of(&graph));
        let told = (graph.clone(), served.clone());
        let end = move |mut job: Job| {
            let (graph, served) = told;
            let run = Run {
                id: job.id,
                parent: None,
                graph,
                n_threads,
                submitted,
                canceller: Canceller::default(),
            };
            served.serve(|| {
                for observer in &observers {
                    observer.observe(&run, &job.log);
                }
            });
            on_end(match job.outcome {
                Some(Outcome::Done) => Ok(job.values(&outputs)),
                _ => Err(job.error.take().unwrap_or_else(task::cancelled)),
            });
        };
        let mut hands = Hands::new(n_threads as u32);
        let (run, ..) = served.serve(|| {
            let mut core = self.shared.lock();
            let on_end = Some(Box::new(end) as OnEnd);
            core.submit(graph, schedule, None, audience, costs, on_end, &mut hands)
        });
        self.shared.wake(Whom::One);
        hands.clear();
        run
    }

    /// Lets a run that was submitted begin no further task. What it runs now ends unseen.
    pub(crate) fn cancel(&self, run: RunId) {
        let mut hands = Hands::new(self.n_threads as u32);
        self.shared.lock().cancel(run, &mut hands);
        hands.clear();
    }

    /// Runs one task of `run` on the current thread, if there is one that nobody has begun.
    pub(crate) fn help(&self, run: RunId) -> bool {
        let mut hands = Hands::new(self.n_threads as u32);
        let helped = self
            .shared
            .help(self.shared.lock(), run, &mut hands)
            .is_ok();
        hands.clear();
        helped
    }

    /// Lets one of several threads rest for a moment, if it is needed for the current one: that is of somebody else and has urgent
    /// things to do.
    pub(crate) fn make_way(&self) {
        if self.takes_all_cores && !is_in_task() {
            self.shared.lock().rest_until = Some(now() + REST);
        }
    }

    /// The number of its threads.
    pub(crate) fn n_threads(&self) -> usize {
        self.n_threads
    }
}

/// A run that nobody waits for.
pub(crate) struct Background {
    pub(crate) graph: Arc<Graph>,
    pub(crate) outputs: Arc<[TaskId]>,
    /// What its tasks work for.
    pub(crate) served: Served,
    pub(crate) observers: Vec<Arc<dyn Observer>>,
    /// Whether results may be kept in the cache.
    pub(crate) caches: bool,
    /// Is called with the values of the outputs on some thread, which it must not hold up.
    pub(crate) on_end: Box<dyn FnOnce(Result<Vec<Value>>) + Send>,
}

/// Whether the current thread runs a task of any computation.
pub(crate) fn is_in_task() -> bool {
    nested::is_in_task() || synchronous::is_in_task()
}

impl Drop for Scheduler {
    fn drop(&mut self) {
        self.shared.end();
    }
}

/// The thread that asked for a run.
struct Waiter<'a> {
    shared: &'a Shared,
    run: &'a Run,
    changed: &'a Condvar,
    observers: &'a [Arc<dyn Observer>],
    /// Room for events, to be used again.
    spare: RefCell<Vec<Stamped>>,
}

impl Waiter<'_> {
    /// Waits until the run has ended. A thread that is itself in a task helps meanwhile, so that nested runs cannot
    /// use up all threads.
    fn wait(&self, hands: &mut Hands) -> Result<Job> {
        let run = self.run.id;
        let mut next_look = now() + TICK;
        let mut give_up: Option<Instant> = None;
        let mut core = self.shared.lock();
        while core.job(run).outcome.is_none() {
            let now = now();
            if hands.have_ended_jobs() {
                drop(core);
                hands.clear();
                core = self.shared.lock();
                continue;
            }
            if now >= next_look {
                core.look(run, hands);
                if let Some(error) = core.stalled(run) {
                    core.cancel(run, hands);
                    self.abandon(core);
                    return Err(error);
                }
                core = self.report(core);
                // Others come to their turn also where a look takes long.
                next_look = crate::sync::now() + TICK;
                continue;
            }
            if self.is_stopped() && give_up.is_none() {
                core.cancel(run, hands);
                give_up = Some(now + GRACE);
                continue;
            }
            if give_up.is_some_and(|give_up| now >= give_up) {
                self.abandon(core);
                return Err(self.cancelled());
            }
            if core.job(run).log.len() >= LOG_TOLD {
                core = self.report(core);
                continue;
            }
            if self.run.parent.is_some()
                && let Err(error) = check_depth()
            {
                core.cancel(run, hands);
                self.abandon(core);
                hands.clear();
                return Err(error);
            }
            let helped = match self.run.parent {
                Some(_) => self.shared.help(core, run, hands),
                None => Err(core),
            };
            core = helped.unwrap_or_else(|core| {
                if hands.have_ended_jobs() {
                    return core;
                }
                let helps = self.run.parent.is_some();
                self.shared
                    .wait_for(core, self.changed, next_look - now, helps)
            });
        }
        let job = core.take(run);
        if self.run.parent.is_some() {
            core.end_nested();
        }
        drop(core);
        hands.clear();
        // A look may have ended the run, and its end been told.
        if !job.log.is_empty() {
            self.tell(&job.log);
        }
        Ok(job)
    }

    /// Waits no longer for what still runs.
    fn abandon(&self, mut core: MutexGuard<'_, Core>) {
        let events = core.abandon(self.run.id);
        if self.run.parent.is_some() {
            core.end_nested();
        }
        drop(core);
        self.tell(&events);
    }

    fn is_stopped(&self) -> bool {
        cancel::requested() || self.run.canceller.is_cancelled()
    }

    fn cancelled(&self) -> Error {
        match self.run.canceller.is_cancelled() {
            true => Error::new(ErrorKind::Cancelled, "the computation was cancelled"),
            false => task::cancelled(),
        }
    }

    /// Hands the events of the last moments to the observers, outside of the lock.
    fn report<'a>(&'a self, mut core: MutexGuard<'a, Core>) -> MutexGuard<'a, Core> {
        if self.observers.is_empty() {
            return core;
        }
        let log = &mut core.job(self.run.id).log;
        let mut events = std::mem::replace(log, std::mem::take(&mut *self.spare.borrow_mut()));
        drop(core);
        self.tell(&events);
        events.clear();
        self.spare.replace(events);
        self.shared.lock()
    }

    fn tell(&self, events: &[Stamped]) {
        for observer in self.observers {
            observer.observe(self.run, events);
        }
    }
}
