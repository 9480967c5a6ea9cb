//! The part of a run that the state machine does not see.

use std::sync::Arc;
use std::time::Instant;

use dagbok::cell::threads::Served;
use dagbok::{Error, Value};

use super::state::{Outcome, RunId};
use crate::events;
use crate::events::{Canceller, Stamped};
use crate::graph::{Graph, TaskId};
use crate::storage::{Costs, Results};
use crate::sync::{AtomicBool, Condvar};

/// So many events are told of at once: memory that has been used is faster than new one.
pub(super) const LOG_TOLD: usize = 8 << 10;

/// The part of a run that the state machine does not see: values, errors, and who waits.
pub(super) struct Job {
    pub(super) id: RunId,
    pub(super) graph: Arc<Graph>,
    /// What the thread worked for that asked for it, so that its tasks print there and stop with that.
    pub(super) served: Served,
    /// Also that of what its tasks ask for.
    pub(super) canceller: Canceller,
    /// Whether it has failed or was cancelled: tasks of several calls look for it between two of them.
    pub(super) stopped: Arc<AtomicBool>,
    pub(super) results: Results,
    pub(super) error: Option<Error>,
    pub(super) outcome: Option<Outcome>,
    /// The run has ended, something of it can be run by the thread that waits for it, or there is much to tell.
    pub(super) changed: Arc<Condvar>,
    /// The thread that waits runs tasks meanwhile.
    pub(super) has_helper: bool,
    pub(super) log: Vec<Stamped>,
    pub(super) audience: Audience,
    /// Tasks of which observers know already that they have started.
    pub(super) begun: Vec<TaskId>,
    /// How long each result took with what it was made of, if results may be kept in the cache.
    pub(super) costs: Option<Costs>,
    /// What is called with the job at the run's end, where nobody waits for it.
    pub(super) on_end: Option<OnEnd>,
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

impl Job {
    /// The values of `outputs`, of a run that has ended well.
    pub(super) fn values(&self, outputs: &[TaskId]) -> Vec<Value> {
        let values = outputs.iter().map(|task| self.results.share(*task));
        values.collect()
    }

    /// Lets go of it, and calls who wants to know of its end.
    pub(super) fn end(mut self) {
        if let Some(on_end) = self.on_end.take() {
            on_end(self);
        }
    }

    /// Notes that `task` runs, if that is not known.
    pub(super) fn note_begun(&mut self, at: Instant, task: TaskId, thread: u32) {
        if self.audience == Audience::Observers && !self.begun.contains(&task) {
            self.note(at, events::Event::Started { task, thread });
            self.begun.push(task);
        }
    }

    /// Notes that `task`, which has ended, had started, if that is not known.
    pub(super) fn note_started(&mut self, at: Instant, task: TaskId, thread: u32) {
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
            if self.log.len() == LOG_TOLD {
                self.changed.notify_all();
            }
        }
    }
}
