//! What observers see of a computation: progress displays, profiles and the dashboard are built on it.
//!
//! Events are noted by the threads that run tasks, a few bytes each, and handed out by the thread that waits for the computation, so
//! that an observer never holds up a task.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use crate::graph::{Graph, TaskId};
pub use crate::scheduler::{Outcome, RunId};

/// A computation that has begun.
pub struct Run {
    pub id: RunId,
    /// The computation whose task asked for this one.
    pub parent: Option<RunId>,
    pub graph: Arc<Graph>,
    /// The number of threads that run tasks.
    pub n_threads: usize,
    pub submitted: Instant,
    pub canceller: Canceller,
}

/// Stops one computation, and those that its tasks have asked for.
#[derive(Clone, Debug, Default)]
pub struct Canceller(Arc<AtomicBool>);

impl Canceller {
    /// Lets it begin no further task; who waits for it gets an error of the kind `Cancelled`.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Whether it has been called off.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    /// Whether `other` stops the same.
    pub(crate) fn is(&self, other: &Canceller) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Whether somebody else has it too.
    pub(crate) fn is_shared(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }
}

/// Something that happened to a task or to the whole computation.
#[derive(Clone, Copy, Debug)]
pub enum Event {
    /// A thread runs the task from now on.
    Started { task: TaskId, thread: u32 },
    /// The task has its result, of so many bytes.
    Finished { task: TaskId, bytes: usize },
    /// The task returned an error or panicked.
    Failed { task: TaskId },
    /// The result has left memory for the disk.
    Spilled { task: TaskId, bytes: usize },
    /// The result has come back from the disk.
    Loaded { task: TaskId, bytes: usize },
    /// No task needs the result any more: its bytes are free.
    Released { task: TaskId, bytes: usize },
    /// The computation is over; no event follows.
    Ended { outcome: Outcome },
}

/// An event and when it happened.
#[derive(Clone, Copy, Debug)]
pub struct Stamped {
    pub at: Instant,
    pub event: Event,
}

/// Watches computations.
pub trait Observer: Send + Sync {
    /// Takes what has happened since the last call, in order; there may be nothing.
    ///
    /// Called on the thread that waits for `run`, about fifty times a second, more often where much happens, and a last time when `run` has ended.
    fn observe(&self, run: &Run, events: &[Stamped]);
}

/// Those who watch the computations of one engine.
#[derive(Default)]
pub(crate) struct Observers(RwLock<Vec<Arc<dyn Observer>>>);

impl Observers {
    /// `observer` sees all computations that start from now on.
    pub(crate) fn add(&self, observer: Arc<dyn Observer>) {
        let mut observers = self.0.write().unwrap_or_else(PoisonError::into_inner);
        observers.push(observer);
    }

    /// `observer` sees none that starts from now on. Returns whether it was there.
    pub(crate) fn remove(&self, observer: &Arc<dyn Observer>) -> bool {
        let mut observers = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let place = observers
            .iter()
            .position(|known| Arc::ptr_eq(known, observer));
        if let Some(place) = place {
            observers.remove(place);
        }
        place.is_some()
    }

    /// Those who are there now.
    pub(crate) fn all(&self) -> Vec<Arc<dyn Observer>> {
        let observers = self.0.read().unwrap_or_else(PoisonError::into_inner);
        observers.clone()
    }
}
