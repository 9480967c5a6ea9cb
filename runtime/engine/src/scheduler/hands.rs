//! What one thread has in hand between two looks at the core.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use dagbok::cell::threads::Served;
use dagbok::{Error, Value};

use super::job::Job;
use super::lanes::{Done, Picked};
use super::share::Last;
use super::state::{Action, RunId};
use super::task::drop_quietly;
use crate::events::Canceller;
use crate::graph::{Graph, TaskId};
use crate::storage::Memory;
use crate::sync::{AtomicBool, now};
use crate::threads::{self, Share};

/// The most tasks that a thread takes at once, and how long all of them should take.
const BATCH_MAX: usize = 256;
pub(super) const BATCH_TIME: Duration = Duration::from_micros(100);

/// What the tasks of a run take besides their inputs.
pub(super) struct Current {
    pub(super) run: RunId,
    pub(super) graph: Arc<Graph>,
    pub(super) served: Served,
    pub(super) stopped: Arc<AtomicBool>,
    pub(super) canceller: Canceller,
    /// Where to keep what runs as a part of a task, if anywhere.
    pub(super) cached_in: Option<Arc<Memory>>,
}

/// What one thread has in hand between two looks at the core.
pub(super) struct Hands {
    pub(super) thread: u32,
    pub(super) now: Instant,
    /// How many tasks to take at once, and since when those are run.
    pub(super) batch: usize,
    pub(super) batch_began: Instant,
    pub(super) actions: Vec<Action>,
    /// The run of the last task.
    pub(super) current: Option<Current>,
    pub(super) last: Option<Last>,
    pub(super) picked: Vec<Picked>,
    /// What the tasks that it runs may have.
    pub(super) share: Share,
    pub(super) done: Vec<Done>,
    /// What is to be dropped outside of the lock.
    pub(super) garbage: Vec<Value>,
    /// Likewise: an error keeps the values that its task was given.
    pub(super) errors: Vec<Error>,
    pub(super) finished_jobs: Vec<Job>,
    /// What is to be written to the disk, outside of the lock.
    pub(super) leaving: Vec<(RunId, TaskId, Value)>,
    /// Something could run if there were room for its result.
    pub(super) lacks_room: bool,
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
    pub(super) fn lack_threads(&self) -> bool {
        self.share == Share::All && threads::is_settled() && self.leaving.is_empty()
    }

    /// Takes more at once as long as all of it is done soon.
    pub(super) fn begin_batch(&mut self) {
        let took = self.now - self.batch_began;
        self.batch = match took < BATCH_TIME / 2 {
            true => (self.batch * 2).min(BATCH_MAX),
            false => (self.batch / 2).max(1),
        };
        // To wait for the lock was no part of it.
        self.now = now();
        self.batch_began = self.now;
    }

    pub(super) fn are_empty(&self) -> bool {
        self.current.is_none()
            && self.garbage.is_empty()
            && self.errors.is_empty()
            && self.finished_jobs.is_empty()
    }

    /// Keeps what nobody waits for any more, to be dropped outside of the lock.
    pub(super) fn let_go(&mut self, done: Done) {
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
        drop_quietly(self.current.take());
        self.drop_garbage();
    }

    pub(super) fn drop_garbage(&mut self) {
        self.garbage.clear();
        self.errors.drain(..).for_each(drop_quietly);
        for job in self.finished_jobs.drain(..) {
            let _ = catch_unwind(AssertUnwindSafe(|| job.end()));
        }
    }
}
