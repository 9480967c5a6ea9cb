//! How long attempts to compute futures may take. One thread looks after all of them, as long as there are any.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::{Arc, PoisonError, Weak};
use std::time::{Duration, Instant};

use dagbok::cell::threads;

use super::Futures;
use super::state::FutureId;
use crate::sync::{Builder, Condvar, Mutex, MutexGuard, now};

#[derive(Default)]
pub(super) struct Timer {
    alarms: Arc<Alarms>,
}

#[derive(Default)]
struct Alarms {
    inside: Mutex<Inside>,
    changed: Condvar,
}

#[derive(Default)]
struct Inside {
    /// The next one is first.
    alarms: BinaryHeap<Reverse<Alarm>>,
    has_thread: bool,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Alarm {
    at: Instant,
    future: FutureId,
    attempt: u32,
    timeout: Duration,
}

impl Timer {
    /// Tells `futures` when `timeout` is over.
    pub(super) fn arm(
        &self,
        futures: &Arc<Futures>,
        timeout: Duration,
        future: FutureId,
        attempt: u32,
    ) {
        let Some(at) = now().checked_add(timeout) else {
            return;
        };
        let mut inside = self.alarms.lock();
        inside.alarms.push(Reverse(Alarm {
            at,
            future,
            attempt,
            timeout,
        }));
        if inside.has_thread {
            self.alarms.changed.notify_one();
            return;
        }
        let (alarms, futures) = (self.alarms.clone(), Arc::downgrade(futures));
        let thread = Builder::new().name("dagbok-timer".to_owned());
        inside.has_thread = thread.spawn(move || alarms.ring(&futures)).is_ok();
    }
}

impl Alarms {
    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for one alarm after the other, until there is none, or nobody to be told.
    fn ring(&self, futures: &Weak<Futures>) {
        threads::work_for(threads::NONE);
        let mut inside = self.lock();
        while futures.strong_count() > 0
            && let Some(Reverse(next)) = inside.alarms.peek()
        {
            let left = next.at.saturating_duration_since(now());
            if left > Duration::ZERO {
                let left = left.min(Duration::from_secs(1));
                let waited = self.changed.wait_timeout(inside, left);
                inside = waited.unwrap_or_else(PoisonError::into_inner).0;
                continue;
            }
            let due = inside.alarms.pop();
            drop(inside);
            if let (Some(futures), Some(Reverse(due))) = (futures.upgrade(), due) {
                futures.timed_out(due.future, due.attempt, due.timeout);
            }
            inside = self.lock();
        }
        inside.has_thread = false;
    }
}
