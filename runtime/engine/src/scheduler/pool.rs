//! The threads: they ask the state machine for a task, run it, and report.
//!
//! One lock holds the state machine and all results. A thread takes it to report what it has run and to take what is next together
//! with its inputs: once a task, or for many at once where they are short ([`lanes`](super::lanes)). Values are run, shared
//! out and dropped outside of it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use dagbok::{Result, Value, cancel};

use super::core::Core;
use super::hands::{BATCH_TIME, Current, Hands};
use super::lanes::{Done, Inputs, Lanes, Picked};
use super::nested;
use super::share::Last;
use super::state::{Event, RunId};
use super::task;
use super::workers::Workers;
use crate::graph::{Graph, TaskId};
use crate::storage::Memory;
use crate::sync::{AtomicUsize, Condvar, Mutex, MutexGuard, now};
use crate::threads::{self, Share};

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
    /// Nothing but time ends it.
    rest: Condvar,
    lanes: Arc<Lanes>,
    /// How many threads wait for something to run.
    waiting: AtomicUsize,
    memory: Arc<Memory>,
    pub(super) workers: Workers,
}

impl Shared {
    pub(super) fn new(n_threads: usize, memory: Arc<Memory>) -> Self {
        let lanes = Arc::new(Lanes::new(n_threads));
        Shared {
            core: Mutex::new(Core::new(lanes.clone(), memory.clone())),
            work: Condvar::new(),
            rest: Condvar::new(),
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
            threads::settle();
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
            if let Some(time) = core.rest(lane) {
                core.report_own(lane, &mut hands);
                self.rest(core, time, &mut hands);
            } else if core.take_tasks(lane, &mut hands) {
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

    /// Leaves everything to the other threads for so long.
    fn rest(&self, core: MutexGuard<'_, Core>, time: Duration, hands: &mut Hands) {
        if hands.are_empty() {
            // Who was woken to run something lets somebody else do so.
            self.work.notify_one();
            let waited = self.rest.wait_timeout(core, time);
            drop(waited.unwrap_or_else(PoisonError::into_inner));
            hands.now = now();
        } else {
            drop(core);
            hands.clear();
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
        let is_called_off = || current.canceller.is_cancelled() || cancel::requested();
        let is_stopped = || current.stopped.load(Ordering::Relaxed) || is_called_off();
        let result = match is_called_off() {
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
        drop(inputs);
        task::unless_called_off(result, is_called_off())
    })
}
