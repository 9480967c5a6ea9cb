//! What each thread has taken and has not run yet, and what it has run and not told yet: the lock that all share is taken for
//! many small tasks at once. Others take from it when they have nothing to do, so that nothing waits behind a long task.

use std::collections::VecDeque;
use std::sync::PoisonError;
use std::time::Instant;

use dagbok::{Result, Value};
use smallvec::SmallVec;

use super::state::RunId;
use crate::graph::TaskId;
use crate::storage::Reservation;
use crate::sync::{Mutex, MutexGuard};

/// The values of a task's inputs.
pub(super) type Inputs = SmallVec<[Value; 2]>;

/// A task that a thread has taken.
pub(super) struct Picked {
    pub(super) run: RunId,
    pub(super) task: TaskId,
    pub(super) inputs: Inputs,
    /// Which of the inputs are results of tasks that the thread has taken before this one, and of which.
    pub(super) holes: SmallVec<[(u32, TaskId); 2]>,
    /// What the task will take of memory.
    pub(super) reservation: Option<Reservation>,
}

impl Picked {
    /// Fills what can be filled with the results in `done`.
    fn fill(&mut self, done: &[Done]) {
        let Picked {
            run, inputs, holes, ..
        } = self;
        holes.retain(|(idx, task)| {
            let is_it = |done: &&Done| done.task == *task && done.run == *run;
            match done.iter().rev().find(is_it).map(|done| &done.result) {
                Some(Ok(value)) => {
                    inputs[*idx as usize] = value.clone();
                    false
                }
                Some(Err(_)) | None => true,
            }
        });
    }
}

/// A task that was run.
pub(super) struct Done {
    pub(super) run: RunId,
    pub(super) task: TaskId,
    pub(super) thread: u32,
    pub(super) result: Result<Value>,
    /// What was read from the disk for it.
    pub(super) loaded: Vec<(TaskId, Value)>,
    pub(super) started: Instant,
    pub(super) ended: Instant,
}

/// One of them for each thread.
pub(super) struct Lanes(Box<[Mutex<Lane>]>);

#[derive(Default)]
struct Lane {
    picked: VecDeque<Picked>,
    done: Vec<Done>,
    /// Those of all results in `done`.
    bytes: usize,
    /// What runs now, and since when; none for what waits for another thread's result.
    current: Option<(RunId, TaskId, Option<Instant>)>,
}

impl Lanes {
    pub(super) fn new(len: usize) -> Self {
        Lanes((0..len).map(|_| Mutex::default()).collect())
    }

    /// The number of threads.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    fn lane(&self, thread: usize) -> MutexGuard<'_, Lane> {
        self.0[thread]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn push(&self, thread: usize, picked: impl Iterator<Item = Picked>) {
        self.lane(thread).picked.extend(picked);
    }

    /// The next task of `thread`, which runs from `now` on if it has all inputs.
    pub(super) fn pop(&self, thread: usize, now: Instant) -> Option<Picked> {
        let mut lane = self.lane(thread);
        lane.current = None;
        let mut picked = lane.picked.pop_front()?;
        picked.fill(&lane.done);
        let since = picked.holes.is_empty().then_some(now);
        lane.current = Some((picked.run, picked.task, since));
        Some(picked)
    }

    /// The last task of `thread` has all inputs by now, and runs from `now` on.
    pub(super) fn begin(&self, thread: usize, now: Instant) {
        if let Some((.., since)) = &mut self.lane(thread).current {
            *since = Some(now);
        }
    }

    /// What the threads run now of `run`, and since when.
    pub(super) fn running(&self, run: RunId) -> Vec<(u32, TaskId, Instant)> {
        let threads = 0..self.0.len();
        let of_run = threads.filter_map(|thread| match self.lane(thread).current {
            Some((of, task, Some(since))) if of == run => Some((thread as u32, task, since)),
            _ => None,
        });
        of_run.collect()
    }

    /// How many threads have run what they run now since `then` or longer.
    pub(super) fn n_running_since(&self, then: Instant) -> usize {
        let has_run = |thread: &usize| match self.lane(*thread).current {
            Some((.., Some(since))) => since <= then,
            _ => false,
        };
        (0..self.len()).filter(has_run).count()
    }

    /// How many tasks of `run` the threads have taken and not told of.
    pub(super) fn n_held(&self, run: RunId) -> usize {
        let held = |lane: MutexGuard<'_, Lane>| {
            let picked = lane.picked.iter().map(|picked| picked.run);
            let done = lane.done.iter().map(|done| done.run);
            let current = lane.current.iter().map(|(run, ..)| *run);
            let held = picked.chain(done).chain(current);
            held.filter(|held| *held == run).count()
        };
        (0..self.0.len())
            .map(|thread| held(self.lane(thread)))
            .sum()
    }

    /// Takes back all that threads have not begun and not told of.
    pub(super) fn clear(&self) -> (Vec<Picked>, Vec<Done>) {
        let (mut picked, mut done) = (Vec::new(), Vec::new());
        for thread in 0..self.0.len() {
            let mut lane = self.lane(thread);
            picked.extend(lane.picked.drain(..));
            done.append(&mut lane.done);
            lane.bytes = 0;
        }
        (picked, done)
    }

    /// Keeps `done` until somebody tells of it; how much of results is kept.
    pub(super) fn keep(&self, thread: usize, done: Done) -> usize {
        // Where this panics the thread holds the task on, so that nothing seems to be lost.
        let bytes = done.result.as_ref().map_or(0, Value::bytes);
        let mut lane = self.lane(thread);
        lane.current = None;
        lane.bytes += bytes;
        lane.done.push(done);
        lane.bytes
    }

    /// What `thread` has run.
    pub(super) fn take_done(&self, thread: usize, done: &mut Vec<Done>) {
        let mut lane = self.lane(thread);
        let lane = &mut *lane;
        lane.bytes = 0;
        for picked in &mut lane.picked {
            picked.fill(&lane.done);
        }
        done.append(&mut lane.done);
    }

    /// What all threads have run.
    pub(super) fn take_all_done(&self, done: &mut Vec<Done>) {
        for thread in 0..self.0.len() {
            self.take_done(thread, done);
        }
    }

    /// Lets `fill` do what it can for tasks that wait for what another thread runs.
    pub(super) fn fill(&self, fill: impl Fn(&mut Picked)) {
        for thread in 0..self.0.len() {
            let mut lane = self.lane(thread);
            let picked = lane.picked.iter_mut();
            picked
                .filter(|picked| !picked.holes.is_empty())
                .for_each(&fill);
        }
    }

    /// Whether a thread has taken something that it has not begun.
    pub(super) fn hold_any(&self) -> bool {
        (0..self.0.len()).any(|thread| !self.lane(thread).picked.is_empty())
    }

    /// The last half of what the first thread that has something could run and has not begun: of any run, or one task of
    /// `of`.
    pub(super) fn steal(&self, of: Option<RunId>) -> Vec<Picked> {
        for thread in 0..self.0.len() {
            let mut lane = self.lane(thread);
            let can_run = |picked: &&Picked| {
                picked.holes.is_empty() && of.is_none_or(|run| picked.run == run)
            };
            let n_all = lane.picked.iter().filter(can_run).count();
            let mut n_left = match of {
                None => n_all / 2,
                Some(_) => n_all.saturating_sub(1),
            };
            if n_left == n_all {
                continue;
            }
            let (stolen, left): (VecDeque<_>, VecDeque<_>) =
                lane.picked.drain(..).partition(|picked| {
                    can_run(&picked) && {
                        let goes = n_left == 0;
                        n_left = n_left.saturating_sub(1);
                        goes
                    }
                });
            lane.picked = left;
            return stolen.into();
        }
        Vec::new()
    }

    /// Takes back what `is_over`.
    pub(super) fn withdraw(&self, is_over: impl Fn(RunId) -> bool) -> Vec<Picked> {
        let mut withdrawn = Vec::new();
        for thread in 0..self.0.len() {
            let mut lane = self.lane(thread);
            let (over, left): (VecDeque<_>, VecDeque<_>) = lane
                .picked
                .drain(..)
                .partition(|picked| is_over(picked.run));
            lane.picked = left;
            withdrawn.extend(over);
        }
        withdrawn
    }
}
