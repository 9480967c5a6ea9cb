//! The threads: they ask the state machine for a task, run it, and report.
//!
//! One lock holds the state machine and all results. A thread takes it to report what it has run and to take what is next together
//! with its inputs: once a task, or for many at once where they are short ([`lanes`](super::lanes)). Values are run, shared
//! out and dropped outside of it.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use dagbok::cell::threads::Served;
use dagbok::{Error, ErrorKind, Result, Value, cancel};
use smallvec::SmallVec;

use super::lanes::{Done, Inputs, Lanes, Picked};
use super::nested;
use super::share::Last;
use super::state::{Action, Event, Outcome, RunId, Schedule, State};
use super::task;
use super::watchdog;
use super::workers::Workers;
use crate::events;
use crate::events::{Canceller, Stamped};
use crate::graph::{Graph, TaskId};
use crate::storage::{Costs, Memory, Results};
use crate::sync::{AtomicBool, AtomicUsize, Condvar, Mutex, MutexGuard, now};
use crate::threads::{self, Share};

/// The most tasks that a thread takes at once, and how long all of them should take.
const BATCH_MAX: usize = 256;
const BATCH_TIME: Duration = Duration::from_micros(100);

/// How much of results may wait to be told of.
const KEPT_BYTES_MAX: usize = 64 << 10;

/// How often a thread looks for room that something else than a task has made.
const ROOM_TICK: Duration = Duration::from_millis(5);

/// How often a thread that has nothing to do looks whether what others have taken can run by now.
const STEAL_TICK: Duration = Duration::from_millis(1);

/// What the threads share.
pub(super) struct Shared {
    core: Mutex<Core>,
    /// Something can be run, or the pool is closed.
    work: Condvar,
    lanes: Arc<Lanes>,
    /// How many threads wait for something to run.
    waiting: AtomicUsize,
    memory: Arc<Memory>,
    pub(super) workers: Workers,
}

pub(super) struct Core {
    pub(super) state: State,
    pub(super) jobs: BTreeMap<RunId, Job>,
    pub(super) lanes: Arc<Lanes>,
    pub(super) memory: Arc<Memory>,
    /// Whether tasks may have the threads of polars and rayon.
    pub(super) can_share: bool,
    /// How many threads wait in a task for what that task asked for.
    pub(super) n_nested: usize,
    /// The bytes of results that are on their way to the disk.
    pub(super) bytes_leaving: usize,
    pub(super) closed: bool,
}

/// The part of a run that the state machine does not see: values, errors, and who waits.
pub(super) struct Job {
    pub(super) id: RunId,
    pub(super) graph: Arc<Graph>,
    /// What the thread worked for that asked for it, so that its tasks print there and stop with that.
    served: Served,
    /// Also that of what its tasks ask for.
    canceller: Canceller,
    /// Whether it has failed or was cancelled: tasks of several calls look for it between two of them.
    stopped: Arc<AtomicBool>,
    pub(super) results: Results,
    pub(super) error: Option<Error>,
    pub(super) outcome: Option<Outcome>,
    /// The run has ended, or something of it can be run by the thread that waits for it.
    changed: Arc<Condvar>,
    /// The thread that waits runs tasks meanwhile.
    has_helper: bool,
    pub(super) log: Vec<Stamped>,
    audience: Audience,
    /// Tasks of which observers know already that they have started.
    begun: Vec<TaskId>,
    /// How long each result took with what it was made of, if results may be kept in the cache.
    costs: Option<Costs>,
    /// What is called with the job at the run's end, where nobody waits for it.
    on_end: Option<OnEnd>,
}

pub(super) type OnEnd = Box<dyn FnOnce(Job) + Send>;

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

/// What the tasks of a run take besides their inputs.
struct Current {
    run: RunId,
    graph: Arc<Graph>,
    served: Served,
    stopped: Arc<AtomicBool>,
    /// Where to keep what runs as a part of a task, if anywhere.
    cached_in: Option<Arc<Memory>>,
}

/// What one thread has in hand between two looks at the core.
pub(super) struct Hands {
    thread: u32,
    pub(super) now: Instant,
    /// How many tasks to take at once, and since when those are run.
    pub(super) batch: usize,
    batch_began: Instant,
    actions: Vec<Action>,
    /// The run of the last task.
    current: Option<Current>,
    pub(super) last: Option<Last>,
    pub(super) picked: Vec<Picked>,
    /// What the tasks that it runs may have.
    share: Share,
    done: Vec<Done>,
    /// What is to be dropped outside of the lock.
    pub(super) garbage: Vec<Value>,
    /// Likewise: an error keeps the values that its task was given.
    errors: Vec<Error>,
    finished_jobs: Vec<Job>,
    /// What is to be written to the disk, outside of the lock.
    pub(super) leaving: Vec<(RunId, TaskId, Value)>,
    /// Something could run if there were room for its result.
    pub(super) lacks_room: bool,
}

impl Shared {
    pub(super) fn new(n_threads: usize, memory: Arc<Memory>) -> Self {
        let lanes = Arc::new(Lanes::new(n_threads));
        Shared {
            core: Mutex::new(Core {
                state: State::default(),
                jobs: BTreeMap::new(),
                lanes: lanes.clone(),
                memory: memory.clone(),
                can_share: threads::can_share(n_threads),
                n_nested: 0,
                bytes_leaving: 0,
                closed: false,
            }),
            work: Condvar::new(),
            lanes,
            waiting: AtomicUsize::new(0),
            memory,
            workers: Workers::default(),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs tasks until the pool is closed. A panic outside of tasks ends all runs with an error, and the thread begins anew: nobody
    /// waits for what it had in hand. What has been taken for it already may have `share`.
    pub(super) fn work(self: &Arc<Self>, thread: u32, share: Share) {
        if !self.lock().can_share {
            threads::be_alone();
        }
        while let Err(panic) = catch_unwind(AssertUnwindSafe(|| self.run_tasks(thread, share))) {
            let mut hands = Hands::new(thread);
            self.lock().end_all(task::message(&*panic), &mut hands);
            hands.clear();
        }
    }

    fn run_tasks(self: &Arc<Self>, thread: u32, share: Share) {
        let mut hands = Hands::new(thread);
        hands.share = share;
        let lane = thread as usize;
        loop {
            while let Some(picked) = self.lanes.pop(lane, hands.now) {
                self.run_one(picked, lane, &mut hands);
            }
            let mut core = self.lock();
            if core.take_tasks(lane, &mut hands) {
                let leaves_some = || core.state.has_ready(None) || self.lanes.hold_any();
                let wakes = self.is_awaited() && (hands.picked.len() > 1 || leaves_some());
                hands.share = core.share(&hands);
                self.lanes.push(lane, hands.picked.drain(..));
                drop(core);
                if wakes {
                    self.work.notify_one();
                }
                if hands.lack_threads() && self.replace(thread, hands.share) {
                    return hands.clear();
                }
                hands.begin_batch();
            } else if core.closed {
                return;
            } else if !hands.are_empty() {
                drop(core);
                hands.clear();
            } else if !hands.leaving.is_empty() {
                drop(core);
                self.store(&mut hands);
            } else {
                self.sleep(core, &mut hands);
            }
        }
    }

    /// Waits for something to run, unless there is something by now.
    fn sleep(&self, mut core: MutexGuard<'_, Core>, hands: &mut Hands) {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        // Who keeps a result from now on sees that somebody waits, and tells of it.
        core.report_all(hands);
        let can_run = !hands.lacks_room && core.state.has_ready(None);
        let wait_at_most = |core, time| {
            let waited = self.work.wait_timeout(core, time);
            drop(waited.unwrap_or_else(PoisonError::into_inner));
        };
        if core.closed || can_run || !hands.are_empty() {
            drop(core);
        } else if hands.lacks_room {
            wait_at_most(core, ROOM_TICK);
            self.memory.look_again();
        } else if self.lanes.hold_any() {
            wait_at_most(core, STEAL_TICK);
        } else {
            drop(self.work.wait(core).unwrap_or_else(PoisonError::into_inner));
        }
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        hands.now = now();
    }

    /// Moves results to the disk.
    fn store(&self, hands: &mut Hands) {
        for (run, task, value) in std::mem::take(&mut hands.leaving) {
            let stored = self.memory.store(&value);
            self.lock().stored(run, task, value, stored, hands);
            hands.drop_garbage();
        }
        self.work.notify_all();
    }

    fn is_awaited(&self) -> bool {
        self.waiting.load(Ordering::SeqCst) > 0
    }

    /// Waits at most `time` for `changed`; less, if the thread `helps`: what it could run may be with one that itself waits by now.
    pub(super) fn wait_for<'a>(
        &'a self,
        core: MutexGuard<'a, Core>,
        changed: &Condvar,
        time: Duration,
        helps: bool,
    ) -> MutexGuard<'a, Core> {
        let counted = usize::from(helps);
        self.waiting.fetch_add(counted, Ordering::SeqCst);
        let time = if helps { time.min(STEAL_TICK) } else { time };
        let waited = changed.wait_timeout(core, time);
        self.waiting.fetch_sub(counted, Ordering::SeqCst);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// Runs a task of the thread's lane, and tells of it at once where that may matter to anybody.
    fn run_one(&self, picked: Picked, lane: usize, hands: &mut Hands) {
        let Some(picked) = self.complete(picked, lane, hands) else {
            return;
        };
        let done = self.run(picked, hands);
        let is_late = done.ended - hands.batch_began > BATCH_TIME;
        let bytes = self.lanes.keep(lane, done);
        if is_late || bytes > KEPT_BYTES_MAX || self.is_awaited() {
            let mut core = self.lock();
            core.report_own(lane, hands);
            let wakes = self.is_awaited() && core.state.has_ready(None);
            drop(core);
            if wakes {
                self.work.notify_one();
            }
            hands.begin_batch();
        }
    }

    /// `picked` with what was run elsewhere in the meantime; given back if that has not ended.
    fn complete(&self, mut picked: Picked, lane: usize, hands: &mut Hands) -> Option<Picked> {
        if picked.holes.is_empty() {
            return Some(picked);
        }
        let mut core = self.lock();
        core.report_own(lane, hands);
        core.fill(&mut picked);
        if picked.holes.is_empty() {
            self.lanes.begin(lane, hands.now);
            return Some(picked);
        }
        let Picked {
            run, task, inputs, ..
        } = picked;
        hands.garbage.extend(inputs);
        if core.state.knows(run) {
            core.apply(Event::Returned { run, task }, hands);
        }
        None
    }

    /// Runs a task, outside of the lock.
    fn run(&self, picked: Picked, hands: &mut Hands) -> Done {
        hands.drop_garbage();
        let is_current = |current: &Current| current.run == picked.run;
        if !hands.current.as_ref().is_some_and(is_current) {
            hands.current = self.lock().current(picked.run);
        }
        let started = hands.now;
        let Picked {
            run,
            task,
            mut inputs,
            reservation,
            ..
        } = picked;
        if let Some(reservation) = &reservation {
            self.memory.keep_to_limit(reservation.bytes());
        }
        let mut loaded = Vec::new();
        let result = match &hands.current {
            Some(current) => load(&current.graph, task, &mut inputs, &mut loaded).and_then(|()| {
                nested::within(self, current.run, || {
                    hands.share.within(|| run_task(current, task, inputs))
                })
            }),
            None => Err(task::cancelled()),
        };
        drop(reservation);
        hands.now = now();
        hands.last = hands.current.as_ref().map(|current| Last {
            run,
            layer: current.graph.layer_of(task),
            took: hands.now - started,
        });
        Done {
            run,
            task,
            thread: hands.thread,
            result,
            loaded,
            started,
            ended: hands.now,
        }
    }

    /// Runs a task of `run` if there is one that nobody has begun, and reports it.
    pub(super) fn help<'a>(
        &'a self,
        mut core: MutexGuard<'a, Core>,
        run: RunId,
        hands: &mut Hands,
    ) -> Result<MutexGuard<'a, Core>, MutexGuard<'a, Core>> {
        core.report_all(hands);
        core.pick(Some(run), 1, i64::MAX, hands);
        let stolen = || core.steal(Some(run)).pop();
        let Some(picked) = hands.picked.pop().or_else(stolen) else {
            return Err(core);
        };
        // A thread of somebody else stays as it is.
        hands.share = match nested::is_in_task() {
            true => core.share(hands),
            false => Share::All,
        };
        hands.now = now();
        core.job(run)
            .note_begun(hands.now, picked.task, hands.thread);
        drop(core);
        let done = self.run(picked, hands);
        let mut core = self.lock();
        core.report(done, hands);
        let wakes = self.is_awaited() && core.state.has_ready(None);
        if wakes {
            self.work.notify_one();
        }
        Ok(core)
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
        costs: Option<Costs>,
        on_end: Option<OnEnd>,
        hands: &mut Hands,
    ) -> (RunId, Arc<Condvar>, Canceller) {
        let run = super::next_run();
        let changed = Arc::new(Condvar::new());
        let asker = parent.and_then(|parent| self.jobs.get(&parent));
        let canceller = asker.map_or_else(Canceller::default, |job| job.canceller.clone());
        let job = Job {
            id: run,
            canceller: canceller.clone(),
            stopped: Arc::default(),
            results: Results::new(graph.len()),
            graph,
            served: Served::here(),
            error: None,
            outcome: None,
            changed: changed.clone(),
            log: Vec::new(),
            has_helper: parent.is_some(),
            audience,
            begun: Vec::new(),
            costs,
            on_end,
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

    /// Reports what `hands` have run, and fills them: with tasks that can run, or with those that another thread has taken and
    /// not begun. Whether there were any.
    fn take_tasks(&mut self, lane: usize, hands: &mut Hands) -> bool {
        self.report_own(lane, hands);
        self.pick_what_fits(hands);
        if hands.picked.is_empty() {
            self.report_all(hands);
            self.pick_what_fits(hands);
        }
        if hands.picked.is_empty() {
            hands.picked = self.steal(None);
        }
        if hands.picked.is_empty() && hands.lacks_room && hands.are_empty() {
            self.make_room(hands);
        }
        !hands.picked.is_empty()
    }

    /// Takes from another thread what that has taken and not begun, also what could not run when it was taken.
    fn steal(&self, of: Option<RunId>) -> Vec<Picked> {
        self.lanes.fill(|picked| self.fill(picked));
        self.lanes.steal(of)
    }

    /// Takes at most so many tasks into `hands`, with their inputs, whose results take at most `room`: of any run, or of one.
    pub(super) fn pick(&mut self, of: Option<RunId>, most: usize, room: i64, hands: &mut Hands) {
        let mut actions = std::mem::take(&mut hands.actions);
        let event = Event::Idle { of, most, room };
        self.state.handle(event, &mut actions);
        for action in actions.drain(..) {
            let Action::Run { run, task } = action else {
                continue;
            };
            let job = self
                .jobs
                .get_mut(&run)
                .expect("a run that is open has a job");
            let mut bytes = self.state.expected(run, task);
            let mut holes = SmallVec::new();
            let inputs = job.graph.inputs(task).iter().enumerate();
            let inputs = inputs.map(|(idx, input)| match job.results.get(*input) {
                Some(value) => {
                    bytes += if value.is_stored() { value.bytes() } else { 0 };
                    value
                }
                None => {
                    holes.push((idx as u32, *input));
                    Value::new(())
                }
            });
            let inputs = inputs.collect();
            hands.picked.push(Picked {
                run,
                task,
                inputs,
                holes,
                reservation: self.memory.reserve(bytes),
            });
        }
        hands.actions = actions;
    }

    /// Takes note of what has happened to `run` so far, for its observers.
    pub(super) fn look(&mut self, run: RunId, hands: &mut Hands) {
        self.report_all(hands);
        let running = self.lanes.running(run);
        let Some(job) = self.jobs.get_mut(&run) else {
            return;
        };
        for (thread, task, since) in running {
            job.note_begun(since, task, thread);
        }
    }

    /// The error of `run` if it cannot come to its end. What a thread that waits for it runs itself is not seen.
    pub(super) fn stalled(&self, run: RunId) -> Option<Error> {
        let job = self.jobs.get(&run)?;
        let has_result = |task| job.results.get(task).is_some();
        let stall = self.state.stall(run, self.lanes.n_held(run), has_result)?;
        Some(watchdog::stalled(&job.graph, &stall))
    }

    /// Ends all runs with an error: a thread has panicked outside of tasks, and what is known here may be wrong.
    fn end_all(&mut self, panic: &str, hands: &mut Hands) {
        let state = std::mem::take(&mut self.state);
        self.bytes_leaving = 0;
        let (picked, done) = self.lanes.clear();
        let inputs = picked.into_iter().flat_map(|picked| picked.inputs);
        hands.garbage.extend(inputs);
        done.into_iter().for_each(|done| hands.let_go(done));
        let mut ended = Vec::new();
        for (run, job) in &mut self.jobs {
            if job.outcome.is_some() {
                continue;
            }
            let has_result = |task| job.results.get(task).is_some();
            if let Some(stall) = state.standing(*run, has_result) {
                let error = watchdog::panicked(&job.graph, &stall, panic);
                job.error.get_or_insert(error);
            }
            job.stopped.store(true, Ordering::Relaxed);
            ended.push(*run);
        }
        for run in ended {
            self.end(run, Outcome::Failed, hands);
        }
    }

    /// Fills what has been reported.
    fn fill(&self, picked: &mut Picked) {
        let Picked {
            run, inputs, holes, ..
        } = picked;
        let Some(job) = self.jobs.get(run) else {
            return;
        };
        holes.retain(|(idx, task)| match job.results.get(*task) {
            Some(value) => {
                inputs[*idx as usize] = value;
                false
            }
            None => true,
        });
    }

    fn current(&self, run: RunId) -> Option<Current> {
        let job = self.jobs.get(&run)?;
        Some(Current {
            run,
            graph: job.graph.clone(),
            served: job.served.clone(),
            stopped: job.stopped.clone(),
            cached_in: job.costs.is_some().then(|| self.memory.clone()),
        })
    }

    fn report_own(&mut self, lane: usize, hands: &mut Hands) {
        let mut done = std::mem::take(&mut hands.done);
        self.lanes.take_done(lane, &mut done);
        done.drain(..).for_each(|done| self.report(done, hands));
        hands.done = done;
    }

    fn report_all(&mut self, hands: &mut Hands) {
        let mut done = std::mem::take(&mut hands.done);
        self.lanes.take_all_done(&mut done);
        done.drain(..).for_each(|done| self.report(done, hands));
        hands.done = done;
    }

    fn report(&mut self, done: Done, hands: &mut Hands) {
        if !self.state.knows(done.run) {
            return hands.let_go(done);
        }
        let Done {
            run,
            task,
            thread,
            result,
            loaded,
            started,
            ended,
        } = done;
        let job = self
            .jobs
            .get_mut(&run)
            .expect("a run lasts as long as its tasks");
        job.note_started(started, task, thread);
        for (task, value) in loaded {
            let bytes = value.bytes();
            if job.results.put_back(task, value) {
                job.note(ended, events::Event::Loaded { task, bytes });
            }
        }
        let event = match result {
            Ok(value) => {
                let bytes = value.bytes();
                job.note(ended, events::Event::Finished { task, bytes });
                if let Some(costs) = &mut job.costs {
                    costs.note(&job.graph, task, &value, ended - started, &self.memory);
                }
                if self.state.is_open(run) {
                    job.results.insert(task, value);
                } else {
                    hands.garbage.push(value);
                }
                Event::Finished { run, task, bytes }
            }
            Err(error) => {
                job.note(ended, events::Event::Failed { task });
                let interrupted = error.kind() == ErrorKind::Cancelled;
                match &job.error {
                    None => job.error = Some(error),
                    Some(_) => hands.errors.push(error),
                }
                if interrupted {
                    self.cancel(run, hands);
                }
                Event::Failed { run }
            }
        };
        let is_failure = matches!(event, Event::Failed { .. });
        self.apply(event, hands);
        if is_failure {
            self.withdraw(hands);
        }
        if let Some(job) = self.jobs.get(&run)
            && job.has_helper
            && self.state.has_ready(Some(run))
        {
            job.changed.notify_one();
        }
    }

    /// Takes back what threads have taken and not begun of runs that go on no more.
    pub(super) fn withdraw(&mut self, hands: &mut Hands) {
        for (run, job) in &self.jobs {
            let is_over = !self.state.is_open(*run);
            job.stopped.store(is_over, Ordering::Relaxed);
        }
        let withdrawn = self.lanes.withdraw(|run| !self.state.is_open(run));
        for Picked {
            run, task, inputs, ..
        } in withdrawn
        {
            hands.garbage.extend(inputs);
            self.apply(Event::Returned { run, task }, hands);
        }
    }

    pub(super) fn cancel(&mut self, run: RunId, hands: &mut Hands) {
        self.apply(Event::Cancelled { run }, hands);
        self.withdraw(hands);
    }

    /// A thread waits in a task for what that task asked for.
    pub(super) fn begin_nested(&mut self) {
        self.n_nested += 1;
    }

    pub(super) fn end_nested(&mut self) {
        self.n_nested -= 1;
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
        job.note(now(), events::Event::Ended { outcome });
        job.audience = Audience::Nobody;
        std::mem::take(&mut job.log)
    }

    pub(super) fn apply(&mut self, event: Event, hands: &mut Hands) {
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
        if job.audience == Audience::Nobody || job.on_end.is_some() {
            let job = self.take(run);
            hands.finished_jobs.push(job);
        }
    }
}

impl Job {
    /// The values of `outputs`, of a run that has ended well.
    pub(super) fn values(&self, outputs: &[TaskId]) -> Vec<Value> {
        let values = outputs.iter().map(|task| self.results.share(*task));
        values.collect()
    }

    /// Lets go of it, and calls who wants to know of its end.
    fn end(mut self) {
        if let Some(on_end) = self.on_end.take() {
            on_end(self);
        }
    }

    /// Notes that `task` runs, if that is not known.
    fn note_begun(&mut self, at: Instant, task: TaskId, thread: u32) {
        if self.audience == Audience::Observers && !self.begun.contains(&task) {
            self.note(at, events::Event::Started { task, thread });
            self.begun.push(task);
        }
    }

    /// Notes that `task`, which has ended, had started, if that is not known.
    fn note_started(&mut self, at: Instant, task: TaskId, thread: u32) {
        match self.begun.iter().position(|begun| *begun == task) {
            Some(idx) => {
                self.begun.swap_remove(idx);
            }
            None => self.note(at, events::Event::Started { task, thread }),
        }
    }

    pub(super) fn note(&mut self, at: Instant, event: events::Event) {
        if self.audience == Audience::Observers {
            self.log.push(Stamped { at, event });
        }
    }
}

impl Hands {
    pub(super) fn new(thread: u32) -> Self {
        let now = now();
        Hands {
            thread,
            now,
            batch: 1,
            batch_began: now,
            actions: Vec::new(),
            current: None,
            last: None,
            picked: Vec::new(),
            share: Share::Own,
            done: Vec::new(),
            garbage: Vec::new(),
            errors: Vec::new(),
            finished_jobs: Vec::new(),
            leaving: Vec::new(),
            lacks_room: false,
        }
    }

    /// Whether what was taken may have threads that rayon does not give it here, and another thread could run it.
    fn lack_threads(&self) -> bool {
        self.share == Share::All && threads::is_settled() && self.leaving.is_empty()
    }

    /// Takes more at once as long as all of it is done soon.
    fn begin_batch(&mut self) {
        let took = self.now - self.batch_began;
        self.batch = match took < BATCH_TIME / 2 {
            true => (self.batch * 2).min(BATCH_MAX),
            false => (self.batch / 2).max(1),
        };
        self.batch_began = self.now;
    }

    pub(super) fn are_empty(&self) -> bool {
        self.current.is_none()
            && self.garbage.is_empty()
            && self.errors.is_empty()
            && self.finished_jobs.is_empty()
    }

    /// Keeps what nobody waits for any more, to be dropped outside of the lock.
    fn let_go(&mut self, done: Done) {
        let loaded = done.loaded.into_iter().map(|(_, value)| value);
        self.garbage.extend(loaded);
        match done.result {
            Ok(value) => self.garbage.push(value),
            Err(error) => self.errors.push(error),
        }
    }

    /// Whether somebody is to be told of the end of a run, outside of the lock.
    pub(super) fn have_ended_jobs(&self) -> bool {
        !self.finished_jobs.is_empty()
    }

    /// Lets go of everything.
    pub(super) fn clear(&mut self) {
        let current = self.current.take();
        drop_quietly(|| drop(current));
        self.drop_garbage();
    }

    fn drop_garbage(&mut self) {
        if !self.garbage.is_empty() {
            drop_quietly(|| self.garbage.clear());
        }
        if !self.errors.is_empty() {
            drop_quietly(|| self.errors.clear());
        }
        for job in self.finished_jobs.drain(..) {
            drop_quietly(|| job.end());
        }
    }
}

/// Brings those of `inputs` into memory that are on the disk, and adds them to `loaded` with the tasks whose results they are.
fn load(
    graph: &Graph,
    task: TaskId,
    inputs: &mut Inputs,
    loaded: &mut Vec<(TaskId, Value)>,
) -> Result<()> {
    for (input, value) in graph.inputs(task).iter().zip(inputs) {
        if value.is_stored() {
            *value = value.clone().loaded()?;
            loaded.push((*input, value.clone()));
        }
    }
    Ok(())
}

fn run_task(current: &Current, task: TaskId, inputs: Inputs) -> Result<Value> {
    current.served.serve(|| {
        let is_stopped = || current.stopped.load(Ordering::Relaxed) || cancel::requested();
        let result = match cancel::requested() {
            true => Err(task::cancelled()),
            false => task::run(
                &current.graph,
                task,
                &inputs,
                is_stopped,
                |part, value, began| {
                    if let Some(memory) = &current.cached_in {
                        memory.keep_part(&current.graph, part, value, began.elapsed());
                    }
                },
            ),
        };
        drop_quietly(|| drop(inputs));
        result
    })
}

/// A value whose `drop` panics does not take the thread with it.
fn drop_quietly(drop_them: impl FnOnce()) {
    let _ = catch_unwind(AssertUnwindSafe(drop_them));
}
