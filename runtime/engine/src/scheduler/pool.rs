//! The threads: they ask the state machine for a task, run it, and report.
//!
//! One lock holds the state machine and all results. A thread takes it once a task: to report the last one and take the
//! next together with its inputs. Values are run, shared out and dropped outside of it.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use dagbok::cell::threads;
use dagbok::{Error, ErrorKind, Result, Value, cancel};

use super::nested;
use super::state::{Action, Event, Outcome, RunId, Schedule, State};
use super::task;
use crate::events;
use crate::events::{Canceller, Stamped};
use crate::graph::{Graph, TaskId};
use crate::storage::Results;

/// What the threads share.
#[derive(Default)]
pub(super) struct Shared {
    core: Mutex<Core>,
    /// Something can be run, or the pool is closed.
    work: Condvar,
}

#[derive(Default)]
pub(super) struct Core {
    state: State,
    jobs: BTreeMap<RunId, Job>,
    last_run: u64,
    sleeping: usize,
    pub(super) closed: bool,
}

/// The part of a run that the state machine does not see: values, errors, and who waits.
pub(super) struct Job {
    graph: Arc<Graph>,
    /// What the thread worked for that asked for it, so that its tasks print there and stop with that.
    served: u32,
    /// Also that of what its tasks ask for.
    canceller: Canceller,
    pub(super) results: Results,
    pub(super) error: Option<Error>,
    pub(super) outcome: Option<Outcome>,
    /// The run has ended, or something of it can be run by the thread that waits for it.
    changed: Arc<Condvar>,
    /// The thread that waits runs tasks meanwhile.
    has_helper: bool,
    pub(super) log: Vec<Stamped>,
    audience: Audience,
}

/// Who looks at a run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Audience {
    /// Somebody waits for the results, and observers see the events.
    Observers,
    /// Somebody waits for the results.
    Caller,
    /// Nobody waits any more: what still runs ends unseen.
    Nobody,
}

/// What one thread has in hand between two looks at the core.
pub(super) struct Hands {
    thread: u32,
    now: Instant,
    actions: Vec<Action>,
    /// The run of the last task, its graph, and what it works for.
    current: Option<(RunId, Arc<Graph>, u32)>,
    inputs: Vec<Value>,
    /// What is to be dropped outside of the lock.
    garbage: Vec<Value>,
    finished_jobs: Vec<Job>,
}

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs tasks until the pool is closed.
    pub(super) fn work(&self, thread: u32) {
        let mut hands = Hands::new(thread);
        let mut core = self.lock();
        loop {
            if let Some((run, task)) = core.pick(None, &mut hands) {
                core = self.run(core, run, task, &mut hands);
            } else if core.closed {
                return;
            } else if !hands.are_empty() {
                drop(core);
                hands.clear();
                core = self.lock();
            } else {
                core.sleeping += 1;
                core = self.work.wait(core).unwrap_or_else(PoisonError::into_inner);
                core.sleeping -= 1;
                hands.now = Instant::now();
            }
        }
    }

    /// Runs a task that was picked, outside of the lock, and reports it.
    pub(super) fn run<'a>(
        &'a self,
        core: MutexGuard<'a, Core>,
        run: RunId,
        task: TaskId,
        hands: &mut Hands,
    ) -> MutexGuard<'a, Core> {
        let wake = core.sleeping > 0 && core.state.has_ready(None);
        drop(core);
        if wake {
            self.work.notify_one();
        }
        let result = nested::within(self, run, || hands.run(task));
        let mut core = self.lock();
        core.report(run, task, result, hands);
        core
    }

    /// Lets the threads know of new tasks, or that the pool is closed.
    pub(super) fn wake(&self, whom: Whom) {
        match whom {
            Whom::One => self.work.notify_one(),
            Whom::All => self.work.notify_all(),
        }
    }
}

pub(super) enum Whom {
    One,
    All,
}

impl Core {
    /// Starts to compute `schedule`.
    pub(super) fn submit(
        &mut self,
        graph: Arc<Graph>,
        schedule: Schedule,
        parent: Option<RunId>,
        audience: Audience,
        hands: &mut Hands,
    ) -> (RunId, Arc<Condvar>, Canceller) {
        self.last_run += 1;
        let run = RunId(self.last_run);
        let changed = Arc::new(Condvar::new());
        let asker = parent.and_then(|parent| self.jobs.get(&parent));
        let canceller = asker.map_or_else(Canceller::default, |job| job.canceller.clone());
        let job = Job {
            canceller: canceller.clone(),
            results: Results::new(graph.len()),
            graph,
            served: threads::own(),
            error: None,
            outcome: None,
            changed: changed.clone(),
            log: Vec::new(),
            has_helper: parent.is_some(),
            audience,
        };
        self.jobs.insert(run, job);
        let event = Event::Submitted {
            run,
            parent,
            schedule,
        };
        self.apply(event, hands);
        (run, changed, canceller)
    }

    /// The next task, of any run or of one, its inputs and graph in `hands`.
    pub(super) fn pick(&mut self, of: Option<RunId>, hands: &mut Hands) -> Option<(RunId, TaskId)> {
        self.state.handle(Event::Idle { of }, &mut hands.actions);
        let Some(Action::Run { run, task }) = hands.actions.pop() else {
            return None;
        };
        let job = self
            .jobs
            .get_mut(&run)
            .expect("a run that is open has a job");
        if hands
            .current
            .as_ref()
            .is_none_or(|(current, ..)| *current != run)
        {
            hands.current = Some((run, job.graph.clone(), job.served));
        }
        let inputs = &job.graph.task(task).inputs;
        hands
            .inputs
            .extend(inputs.iter().map(|input| job.results.share(*input)));
        let thread = hands.thread;
        job.note(hands.now, events::Event::Started { task, thread });
        Some((run, task))
    }

    fn report(&mut self, run: RunId, task: TaskId, result: Result<Value>, hands: &mut Hands) {
        let job = self
            .jobs
            .get_mut(&run)
            .expect("a run lasts as long as its tasks");
        let event = match result {
            Ok(value) => {
                let bytes = value.bytes();
                job.note(hands.now, events::Event::Finished { task, bytes });
                if self.state.is_open(run) {
                    job.results.insert(task, value);
                } else {
                    hands.garbage.push(value);
                }
                Event::Finished { run, task }
            }
            Err(error) => {
                job.note(hands.now, events::Event::Failed { task });
                let interrupted = error.kind() == ErrorKind::Cancelled;
                job.error.get_or_insert(error);
                if interrupted {
                    self.cancel(run, hands);
                }
                Event::Failed { run }
            }
        };
        self.apply(event, hands);
        if let Some(job) = self.jobs.get(&run)
            && job.has_helper
            && self.state.has_ready(Some(run))
        {
            job.changed.notify_one();
        }
    }

    pub(super) fn cancel(&mut self, run: RunId, hands: &mut Hands) {
        self.apply(Event::Cancelled { run }, hands);
    }

    /// The job of a run, to look whether it has ended.
    pub(super) fn job(&mut self, run: RunId) -> &mut Job {
        self.jobs
            .get_mut(&run)
            .expect("a job stays until it is taken")
    }

    /// The job of a run that has ended.
    pub(super) fn take(&mut self, run: RunId) -> Job {
        self.jobs.remove(&run).expect("a job is taken once")
    }

    /// Waits no longer for `run`, which has been stopped: what it still runs is forgotten when it ends. Returns its last
    /// events.
    pub(super) fn abandon(&mut self, run: RunId) -> Vec<Stamped> {
        let job = self.job(run);
        let outcome = Outcome::Cancelled;
        job.note(Instant::now(), events::Event::Ended { outcome });
        job.audience = Audience::Nobody;
        std::mem::take(&mut job.log)
    }

    fn apply(&mut self, event: Event, hands: &mut Hands) {
        let mut actions = std::mem::take(&mut hands.actions);
        self.state.handle(event, &mut actions);
        for action in actions.drain(..) {
            match action {
                Action::Run { .. } => unreachable!("tasks are given to threads that ask"),
                Action::Drop { run, task } => {
                    let job = self.job(run);
                    if let Some(value) = job.results.remove(task) {
                        let bytes = value.bytes();
                        job.note(hands.now, events::Event::Released { task, bytes });
                        hands.garbage.push(value);
                    }
                }
                Action::End { run, outcome } => self.end(run, outcome, hands),
            }
        }
        hands.actions = actions;
    }

    fn end(&mut self, run: RunId, outcome: Outcome, hands: &mut Hands) {
        let job = self.job(run);
        job.note(hands.now, events::Event::Ended { outcome });
        job.outcome = Some(outcome);
        job.changed.notify_all();
        if job.audience == Audience::Nobody {
            let job = self.take(run);
            hands.finished_jobs.push(job);
        }
    }
}

impl Job {
    fn note(&mut self, at: Instant, event: events::Event) {
        if self.audience == Audience::Observers {
            self.log.push(Stamped { at, event });
        }
    }
}

impl Hands {
    pub(super) fn new(thread: u32) -> Self {
        Hands {
            thread,
            now: Instant::now(),
            actions: Vec::new(),
            current: None,
            inputs: Vec::new(),
            garbage: Vec::new(),
            finished_jobs: Vec::new(),
        }
    }

    fn run(&mut self, task: TaskId) -> Result<Value> {
        self.drop_garbage();
        let (_, graph, served) = self
            .current
            .as_ref()
            .expect("the graph was picked with the task");
        let inputs = &mut self.inputs;
        let result = threads::serve(*served, || {
            let result = if cancel::requested() {
                Err(task::cancelled())
            } else {
                task::run(graph, task, inputs)
            };
            drop_quietly(|| inputs.clear());
            result
        });
        self.now = Instant::now();
        result
    }

    fn are_empty(&self) -> bool {
        self.current.is_none() && self.garbage.is_empty() && self.finished_jobs.is_empty()
    }

    /// Lets go of everything.
    pub(super) fn clear(&mut self) {
        let current = self.current.take();
        drop_quietly(|| drop(current));
        self.drop_garbage();
    }

    fn drop_garbage(&mut self) {
        let (garbage, jobs) = (&mut self.garbage, &mut self.finished_jobs);
        drop_quietly(|| garbage.clear());
        drop_quietly(|| jobs.clear());
    }
}

/// A value whose `drop` panics does not take the thread with it.
fn drop_quietly(drop_them: impl FnOnce()) {
    let _ = catch_unwind(AssertUnwindSafe(drop_them));
}
