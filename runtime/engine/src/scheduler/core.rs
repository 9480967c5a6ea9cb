//! What the one lock of the pool holds: the state machine and the runs.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use dagbok::cell::threads::Served;
use dagbok::{Error, ErrorKind, Value};
use smallvec::SmallVec;

use super::hands::{Current, Hands};
use super::job::{Audience, Job, OnEnd};
use super::lanes::{Done, Lanes, Picked};
use super::state::{Action, Event, Outcome, RunId, Schedule, State};
use super::watchdog;
use crate::events;
use crate::events::{Canceller, Stamped};
use crate::graph::Graph;
use crate::storage::{Costs, Memory, Results};
use crate::sync::{Condvar, now};
use crate::threads;

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
    /// Until when one of the threads is to rest.
    pub(super) rest_until: Option<Instant>,
    pub(super) closed: bool,
}

impl Core {
    pub(super) fn new(lanes: Arc<Lanes>, memory: Arc<Memory>) -> Self {
        Core {
            state: State::default(),
            jobs: BTreeMap::new(),
            can_share: threads::can_share(lanes.len()),
            lanes,
            memory,
            n_nested: 0,
            bytes_leaving: 0,
            rest_until: None,
            closed: false,
        }
    }

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
    pub(super) fn take_tasks(&mut self, lane: usize, hands: &mut Hands) -> bool {
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

    /// How long `lane` is to rest: the last one of several does.
    pub(super) fn rest(&self, lane: usize) -> Option<Duration> {
        let until = self.rest_until?;
        let rests = lane > 0 && lane + 1 == self.lanes.len() && !self.closed;
        let time = until.saturating_duration_since(now());
        Some(time).filter(|time| rests && !time.is_zero())
    }

    /// Takes from another thread what that has taken and not begun, also what could not run when it was taken.
    pub(super) fn steal(&self, of: Option<RunId>) -> Vec<Picked> {
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
            let expected = self.state.expected(run, task);
            let limit = self.memory.limit();
            let bytes = job.results.need(&job.graph, task, expected, limit);
            let mut holes = SmallVec::new();
            let inputs = job.graph.inputs(task).iter().enumerate();
            let inputs = inputs.map(|(idx, input)| match job.results.get(*input) {
                Some(value) => value,
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
    pub(super) fn end_all(&mut self, panic: &str, hands: &mut Hands) {
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
    pub(super) fn fill(&self, picked: &mut Picked) {
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

    pub(super) fn current(&self, run: RunId) -> Option<Current> {
        let job = self.jobs.get(&run)?;
        Some(Current {
            run,
            graph: job.graph.clone(),
            served: job.served.clone(),
            stopped: job.stopped.clone(),
            canceller: job.canceller.clone(),
            cached_in: job.costs.is_some().then(|| self.memory.clone()),
        })
    }

    pub(super) fn report_own(&mut self, lane: usize, hands: &mut Hands) {
        let mut done = std::mem::take(&mut hands.done);
        self.lanes.take_done(lane, &mut done);
        done.drain(..).for_each(|done| self.report(done, hands));
        hands.done = done;
    }

    pub(super) fn report_all(&mut self, hands: &mut Hands) {
        let mut done = std::mem::take(&mut hands.done);
        self.lanes.take_all_done(&mut done);
        done.drain(..).for_each(|done| self.report(done, hands));
        hands.done = done;
    }

    pub(super) fn report(&mut self, done: Done, hands: &mut Hands) {
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
                if self.state.is_open(run) {
                    if let Some(costs) = &mut job.costs {
                        costs.note(&job.graph, task, &value, ended - started, &self.memory);
                    }
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
