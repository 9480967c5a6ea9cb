//! Waiting for futures. A thread that is in a task works on what it waits for meanwhile.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use dagbok::engine::{Completions, Submitted, Until};
use dagbok::future::FutureStatus;
use dagbok::{Error, ErrorKind, Result, Value, cancel};

use super::ticket;
use crate::scheduler::{self, TICK};

/// How often a task that waits looks for something to help with.
const HELP_TICK: Duration = Duration::from_millis(2);
/// So many futures at most are looked at in search of something to help with.
const LOOKED_AT_MAX: usize = 64;

/// Futures that somebody waits for, in the order in which they are done.
#[derive(Default)]
pub(crate) struct Queue {
    own: Weak<Queue>,
    inside: Mutex<Inside>,
    changed: Condvar,
}

#[derive(Default)]
struct Inside {
    /// By their numbers; none once they are done.
    futures: Vec<Option<Arc<dyn Submitted>>>,
    not_done: BTreeSet<usize>,
    done: VecDeque<usize>,
    n_failed: usize,
    /// The thread that waits wants as many to be done.
    wanted: usize,
}

impl Queue {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new_cyclic(|own| Queue {
            own: own.clone(),
            ..Queue::default()
        })
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes note that a future is done.
    pub(super) fn push(&self, idx: usize) {
        let mut inside = self.lock();
        let future = inside.futures[idx].take();
        drop(inside);
        let Some(future) = future else { return };
        let is_failed = future.status() != FutureStatus::Finished;
        // Not under the lock: it may be the last reference.
        drop(future);
        let mut inside = self.lock();
        inside.not_done.remove(&idx);
        inside.done.push_back(idx);
        inside.n_failed += usize::from(is_failed);
        if is_failed || inside.done.len() >= inside.wanted {
            self.changed.notify_all();
        }
    }

    /// Works on one of the futures, if there is something that nobody has begun.
    fn help(&self) -> bool {
        let inside = self.lock();
        let not_done = inside.not_done.iter().take(LOOKED_AT_MAX);
        let not_done = not_done.filter_map(|idx| inside.futures[*idx].clone());
        let not_done: Vec<Arc<dyn Submitted>> = not_done.collect();
        drop(inside);
        let helps = |future: &Arc<dyn Submitted>| match ticket::place(&**future) {
            Some((futures, id)) => futures.help(id),
            None => false,
        };
        not_done.iter().any(helps)
    }
}

impl Completions for Queue {
    fn add(&self, future: Arc<dyn Submitted>) {
        let mut inside = self.lock();
        let idx = inside.futures.len();
        inside.futures.push(Some(future.clone()));
        inside.not_done.insert(idx);
        drop(inside);
        if let Some(own) = self.own.upgrade() {
            ticket::watch(&*future, &own, idx);
        }
    }

    fn wait(&self, until: Until, deadline: Option<Instant>) -> Result<bool> {
        let (wanted, ends_early) = match until {
            Until::Done(wanted) => (wanted, false),
            Until::DoneOrFailed(wanted) => (wanted, true),
        };
        let helps = scheduler::is_in_task();
        let tick = if helps { HELP_TICK } else { TICK };
        loop {
            let mut inside = self.lock();
            inside.wanted = wanted;
            let is_reached = |inside: &Inside| {
                inside.done.len() >= wanted || (ends_early && inside.n_failed > 0)
            };
            if is_reached(&inside) {
                return Ok(true);
            }
            if cancel::requested() {
                return Err(interrupted());
            }
            let now = Instant::now();
            let left = deadline.map(|deadline| deadline.saturating_duration_since(now));
            if left == Some(Duration::ZERO) {
                return Ok(false);
            }
            if helps {
                drop(inside);
                if self.help() {
                    continue;
                }
                inside = self.lock();
                if is_reached(&inside) {
                    continue;
                }
            }
            let time = left.map_or(tick, |left| left.min(tick));
            drop(self.changed.wait_timeout(inside, time));
        }
    }

    fn take(&self) -> Option<usize> {
        self.lock().done.pop_front()
    }
}

fn interrupted() -> Error {
    let text = "the wait was interrupted; the futures that it was for go on";
    Error::new(ErrorKind::Cancelled, text)
}

/// The values of `futures`, once there are all.
///
/// # Errors
/// That of the first that fails or is cancelled, without waiting for the others; `Cancelled` after an interrupt.
pub(crate) fn gather(futures: &[Arc<dyn Submitted>]) -> Result<Vec<Value>> {
    if futures.iter().any(|future| !future.status().is_done()) {
        let queue = Queue::new();
        for future in futures {
            queue.add(future.clone());
        }
        queue.wait(Until::DoneOrFailed(futures.len()), None)?;
    }
    let outcomes = || futures.iter().filter_map(|future| future.outcome());
    if let Some(error) = outcomes().find_map(Result::err) {
        return Err(error);
    }
    outcomes().collect()
}
