//! Futures: computations that go on while nobody waits for them.
//!
//! [`state`] decides which begins when; the pools, or the thread that submits, compute them; here both are joined. A future whose inputs
//! are not done waits without a thread. A pool is given as many futures as it has threads, so that those of a higher priority come
//! next; a task that waits for another future has it begun at once, and helps with it.

pub(crate) mod board;
mod circle;
mod completions;
mod garbage;
mod map;
mod state;
#[cfg(test)]
mod tests;
mod ticket;
mod timer;
mod waits;

use std::any::Any;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;

use dagbok::cancel::Stop;
use dagbok::cell::threads::Served;
use dagbok::engine::{Submission, Submitted};
use dagbok::future::FutureStatus;
use dagbok::{Error, ErrorKind, Name, Result, Value};

pub(crate) use completions::{Queue, gather};
pub(crate) use map::{Map, n_ahead};
use state::{Action, End, Event, FutureId, New, PoolId, State};
use ticket::{Ticket, Watcher};
use timer::Timer;
use waits::Waits;

use crate::events::Observer;
use crate::executor::Executor;
use crate::graph::{Graph, TaskId};
use crate::planner::Plan;
use crate::scheduler::{Background, RunId, Scheduler, synchronous};
use crate::sync::{Mutex, MutexGuard};

/// What is computed on the thread that submits it.
const NO_POOL: PoolId = PoolId(0);
/// So many futures at most are looked at in search of something to help with.
const HELPED_MAX: usize = 64;

/// All futures of an engine.
#[derive(Default)]
pub(crate) struct Futures {
    core: Mutex<Core>,
    timer: Timer,
}

#[derive(Default)]
struct Core {
    state: State,
    jobs: HashMap<FutureId, Job>,
    /// The last future of each name that is not done.
    by_key: HashMap<Name, FutureId>,
    waits: Waits,
}

/// The part of a future that the state machine does not see: what it computes, the result, who waits.
struct Job {
    key: Name,
    ticket: Weak<Ticket>,
    /// What it computes, until it is done; none if planning has failed.
    work: Option<Arc<Work>>,
    attempt: Attempt,
    /// That of the last attempt, and in the end its own.
    result: Option<Result<Value>>,
    watchers: Vec<Watcher>,
}

/// An attempt to compute a future.
#[derive(Clone, Default)]
struct Attempt {
    stop: Stop,
    /// Once the pool has it.
    run: Option<RunId>,
}

/// What a future computes.
struct Work {
    graph: Arc<Graph>,
    outputs: Arc<[TaskId]>,
    /// What it needs. The graph refers to them, too; so they are there as long as this is.
    inputs: Vec<FutureId>,
    executor: Executor,
    served: Served,
    observers: Vec<Arc<dyn Observer>>,
    /// Whether results may be kept in the cache.
    caches: bool,
    timeout: Option<Duration>,
}

/// The first of `n` numbers that no other future of this process has.
fn next_futures(n: u64) -> FutureId {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    FutureId(NEXT.fetch_add(n, Ordering::Relaxed))
}

/// What is to be done outside of the lock.
enum Effect {
    Start(FutureId, u32, Arc<Work>, Stop),
    Stop(Attempt, Option<Arc<Work>>),
    Call(Watcher, FutureStatus),
    Fail(FutureId, u32),
    Drop(Box<dyn Any + Send>),
}

/// How a future is computed.
pub(crate) struct Begun {
    pub(crate) plan: Plan,
    /// Whether results may be kept in the cache.
    pub(crate) caches: bool,
    pub(crate) executor: Executor,
    pub(crate) observers: Vec<Arc<dyn Observer>>,
}

impl Futures {
    /// The future of this name that is not done, if there is one.
    pub(crate) fn known(&self, key: &Name) -> Option<Arc<dyn Submitted>> {
        let core = self.lock();
        let future = core.by_key.get(key)?;
        let ticket = core.jobs.get(future)?.ticket.upgrade()?;
        Some(ticket)
    }

    /// A future of what has been submitted, which begins when its inputs are done; or has failed, if it could not be `begun`.
    pub(crate) fn submit(
        self: &Arc<Self>,
        submission: &Submission,
        begun: Result<Begun>,
    ) -> Arc<dyn Submitted> {
        self.submit_as(next_futures(1), submission, begun)
    }

    /// As [`submit`](Futures::submit); the number says which comes first of those of one priority.
    fn submit_as(
        self: &Arc<Self>,
        future: FutureId,
        submission: &Submission,
        begun: Result<Begun>,
    ) -> Arc<dyn Submitted> {
        let key = submission.work.name();
        let (work, error) = match begun.and_then(|begun| self.work(submission, begun)) {
            Ok(work) => (Some(Arc::new(work)), None),
            Err(error) => (None, Some(Err(error))),
        };
        let mut core = self.lock();
        let ticket = Arc::new(Ticket::new(self.clone(), future, key, submission.site));
        let (pool, capacity) = work
            .as_ref()
            .map_or((NO_POOL, usize::MAX), |work| work.pool());
        let new = New {
            future,
            inputs: work
                .as_ref()
                .map_or_else(Vec::new, |work| work.inputs.clone()),
            priority: submission.priority,
            retries: work.as_ref().map_or(0, |_| submission.retries),
            pool,
            capacity,
        };
        let job = Job {
            key,
            ticket: Arc::downgrade(&ticket),
            work,
            attempt: Attempt::default(),
            result: error,
            watchers: Vec::new(),
        };
        core.jobs.insert(future, job);
        core.by_key.insert(key, future);
        let effects = core.apply(Event::Submitted(new));
        drop(core);
        self.carry_out(effects);
        ticket
    }

    fn work(&self, submission: &Submission, begun: Begun) -> Result<Work> {
        let futures = &begun.plan.futures;
        let own = futures.iter().map(|future| ticket::own(self, &**future));
        let inputs: Option<Vec<FutureId>> = own.collect();
        let Some(inputs) = inputs.filter(|_| begun.executor.pool.is_some()) else {
            gather(futures)?;
            return Ok(Work::new(submission, begun, Vec::new()));
        };
        Ok(Work::new(submission, begun, inputs))
    }

    fn lock(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn handle(self: &Arc<Self>, event: Event) {
        let effects = self.lock().apply(event);
        self.carry_out(effects);
    }

    fn carry_out(self: &Arc<Self>, effects: Vec<Effect>) {
        let mut garbage = Vec::new();
        for effect in effects {
            match effect {
                Effect::Start(future, attempt, work, stop) => {
                    self.start(future, attempt, work, stop);
                }
                Effect::Stop(attempt, work) => {
                    attempt.stop.request();
                    let pool = work.as_ref().and_then(|work| work.executor.pool.as_ref());
                    if let (Some(pool), Some(run)) = (pool, attempt.run) {
                        pool.cancel(run);
                    }
                    garbage.push(Box::new(work) as Box<dyn Any + Send>);
                }
                // What others do about it is not this one's concern.
                Effect::Call(watcher, status) => {
                    drop(catch_unwind(AssertUnwindSafe(|| watcher.call(status))));
                }
                Effect::Fail(future, attempt) => self.handle(Event::Ended {
                    future,
                    attempt,
                    end: End::Failed,
                }),
                Effect::Drop(value) => garbage.push(value),
            }
        }
        garbage::drop_all(garbage);
    }

    /// Begins an attempt: hands it to its pool, or makes it here.
    fn start(self: &Arc<Self>, future: FutureId, attempt: u32, work: Arc<Work>, stop: Stop) {
        let Some(pool) = &work.executor.pool else {
            let Work { graph, outputs, .. } = &*work;
            let result = synchronous::compute_within(
                graph.clone(),
                outputs,
                &work.observers,
                &work.executor.memory,
                work.caches,
            );
            return self.ended(future, attempt, result);
        };
        if let Some(timeout) = work.timeout {
            self.timer.arm(self, timeout, future, attempt);
        }
        let futures = self.clone();
        let run = pool.submit(Background {
            graph: work.graph.clone(),
            outputs: work.outputs.clone(),
            served: work.served.with_stop(stop),
            observers: work.observers.clone(),
            caches: work.caches,
            on_end: Box::new(move |result| futures.ended(future, attempt, result)),
        });
        let mut core = self.lock();
        let is_wanted = core.state.is_attempted(future, attempt);
        if let Some(job) = core.jobs.get_mut(&future).filter(|_| is_wanted) {
            job.attempt.run = Some(run);
        }
        drop(core);
        if !is_wanted {
            pool.cancel(run);
        }
        garbage::drop_all(vec![Box::new(work)]);
    }

    fn ended(self: &Arc<Self>, future: FutureId, attempt: u32, result: Result<Vec<Value>>) {
        let value = result.map(|mut values| values.pop().unwrap_or_else(|| Value::new(())));
        let result = value.and_then(Value::loaded);
        let end = match &result {
            Ok(_) => End::Finished,
            Err(error) if error.kind() == ErrorKind::Cancelled => End::Cancelled,
            Err(_) => End::Failed,
        };
        let mut core = self.lock();
        let is_wanted = core.state.is_attempted(future, attempt);
        let effects = match core.jobs.get_mut(&future).filter(|_| is_wanted) {
            Some(job) => {
                job.result = Some(result);
                core.apply(Event::Ended {
                    future,
                    attempt,
                    end,
                })
            }
            None => vec![Effect::Drop(Box::new(result))],
        };
        drop(core);
        self.carry_out(effects);
    }

    /// An attempt has taken as long as it may.
    fn timed_out(self: &Arc<Self>, future: FutureId, attempt: u32, timeout: Duration) {
        let mut core = self.lock();
        let is_wanted = core.state.is_attempted(future, attempt);
        let Some(job) = core.jobs.get_mut(&future).filter(|_| is_wanted) else {
            return;
        };
        let text = format!("`{}` has taken longer than {timeout:?}", job.key);
        job.result = Some(Err(Error::new(ErrorKind::Timeout, text)));
        let effects = core.apply(Event::TimedOut { future, attempt });
        drop(core);
        self.carry_out(effects);
    }

    /// Runs a task on the current thread that brings `future` forward, if there is one that nobody has begun.
    fn help(self: &Arc<Self>, future: FutureId) -> bool {
        let candidates = self.lock().state.helpful(future, HELPED_MAX);
        for future in candidates {
            self.handle(Event::Wanted { future });
            let core = self.lock();
            let Some(job) = core.jobs.get(&future) else {
                continue;
            };
            let (work, run) = (job.work.clone(), job.attempt.run);
            drop(core);
            let helped = match (
                work.as_ref().and_then(|work| work.executor.pool.as_ref()),
                run,
            ) {
                (Some(pool), Some(run)) => pool.help(run),
                _ => false,
            };
            garbage::drop_all(vec![Box::new(work)]);
            if helped {
                return true;
            }
        }
        false
    }
}

impl Work {
    fn new(submission: &Submission, begun: Begun, inputs: Vec<FutureId>) -> Self {
        let Begun {
            plan,
            caches,
            executor,
            observers,
        } = begun;
        Work {
            graph: Arc::new(plan.graph),
            outputs: plan.outputs.concat().into(),
            inputs,
            executor,
            served: Served::here(),
            observers,
            caches,
            timeout: submission.timeout,
        }
    }

    /// What runs it, and how many futures that works on at a time.
    fn pool(&self) -> (PoolId, usize) {
        match &self.executor.pool {
            Some(pool) => (PoolId(Arc::as_ptr(pool).addr()), Scheduler::n_threads(pool)),
            None => (NO_POOL, usize::MAX),
        }
    }
}

impl Core {
    fn apply(&mut self, event: Event) -> Vec<Effect> {
        let mut actions = Vec::new();
        self.state.handle(event, &mut actions);
        let mut effects = Vec::new();
        for action in actions {
            self.act(action, &mut effects);
        }
        effects
    }

    fn act(&mut self, action: Action, effects: &mut Vec<Effect>) {
        match action {
            Action::Start { future, attempt } => {
                let job = self.job(future);
                job.attempt = Attempt {
                    stop: Stop::of(future.0),
                    run: None,
                };
                match &job.work {
                    Some(work) => {
                        let stop = job.attempt.stop.clone();
                        effects.push(Effect::Start(future, attempt, work.clone(), stop));
                        job.tell_of_change(FutureStatus::Processing, effects);
                    }
                    None => effects.push(Effect::Fail(future, attempt)),
                }
            }
            Action::Stop { future } => {
                self.waits.forget(future);
                let job = self.job(future);
                let attempt = std::mem::take(&mut job.attempt);
                effects.push(Effect::Stop(attempt, job.work.clone()));
            }
            Action::Wait { future } => {
                let job = self.job(future);
                job.tell_of_change(FutureStatus::Pending, effects);
            }
            Action::Settle {
                future,
                status,
                because,
            } => self.settle(future, status, because, effects),
            Action::Forget { future } => {
                if let Some(job) = self.jobs.remove(&future) {
                    effects.push(Effect::Drop(Box::new(job)));
                }
            }
        }
    }

    fn settle(
        &mut self,
        future: FutureId,
        status: FutureStatus,
        because: Option<FutureId>,
        effects: &mut Vec<Effect>,
    ) {
        let cause = because.and_then(|cause| self.jobs.get(&cause));
        let cause = cause.map(|job| (job.key, job.result.clone()));
        let job = self.job(future);
        let result = match (status, cause) {
            (FutureStatus::Cancelled, Some((cause, _))) => {
                Some(Err(cancelled(&job.key, Some(&cause))))
            }
            (_, Some((_, result))) => result,
            (FutureStatus::Cancelled, None) => match job.result.take() {
                Some(Err(error)) if error.kind() == ErrorKind::Cancelled => Some(Err(error)),
                _ => Some(Err(cancelled(&job.key, None))),
            },
            (_, None) => job.result.take(),
        };
        job.result = result;
        let call = |watcher| Effect::Call(watcher, status);
        effects.extend(job.watchers.drain(..).map(call));
        effects.push(Effect::Drop(Box::new(job.work.take())));
        let key = job.key;
        if self.by_key.get(&key) == Some(&future) {
            self.by_key.remove(&key);
        }
    }

    fn job(&mut self, future: FutureId) -> &mut Job {
        let job = self.jobs.get_mut(&future);
        job.expect("a future has a job until it is forgotten")
    }
}

impl Job {
    fn tell_of_change(&self, status: FutureStatus, effects: &mut Vec<Effect>) {
        let changes = self.watchers.iter().filter_map(Watcher::of_change);
        effects.extend(changes.map(|watcher| Effect::Call(watcher, status)));
    }
}

fn cancelled(key: &Name, cause: Option<&Name>) -> Error {
    let text = match cause {
        None => format!("the future `{key}` was cancelled"),
        Some(cause) => {
            format!("the future `{key}` was cancelled with `{cause}`, which it needs")
        }
    };
    Error::new(ErrorKind::Cancelled, text)
}
