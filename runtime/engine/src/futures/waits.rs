//! Who waits for whom: tasks of futures that wait for futures. One that would wait for itself, over others, is told so.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use dagbok::engine::Until;
use dagbok::future::FutureStatus;
use dagbok::{Error, ErrorKind, Name, Result};

use super::circle::{self, Need};
use super::completions::Queue;
use super::state::FutureId;
use super::{Core, Futures};

/// So many futures of a circle are named.
const NAMED_MAX: usize = 6;

/// What tasks of futures wait for.
#[derive(Default)]
pub(super) struct Waits(HashMap<FutureId, Vec<Wait>>);

/// The queue is there as long as somebody waits, so that nothing is dropped under the lock.
struct Wait {
    queue: Weak<Queue>,
    until: Until,
}

/// A wait of a future's task that goes on.
pub(super) struct Waiting {
    futures: Arc<Futures>,
    waiter: FutureId,
    queue: Weak<Queue>,
}

impl Waits {
    /// Nobody needs what an attempt to compute `future` has come to.
    pub(super) fn forget(&mut self, future: FutureId) {
        self.0.remove(&future);
    }
}

impl Futures {
    /// From now on `waiter` waits for futures of `queue`, if it is a future of these that is computed.
    ///
    /// # Errors
    /// [`ErrorKind::Task`] if none of them would ever be done.
    pub(super) fn wait(
        self: &Arc<Self>,
        waiter: FutureId,
        queue: &Weak<Queue>,
        until: Until,
    ) -> Result<Option<Waiting>> {
        let mut core = self.lock();
        let Some(found) = queue.upgrade().filter(|_| core.state.is_processing(waiter)) else {
            return Ok(None);
        };
        if let Some(circle) = core.circle(self, waiter, &found, until) {
            return Err(core.error(&circle));
        }
        core.waits.0.entry(waiter).or_default().push(Wait {
            queue: queue.clone(),
            until,
        });
        Ok(Some(Waiting {
            futures: self.clone(),
            waiter,
            queue: queue.clone(),
        }))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut core = self.futures.lock();
        let Some(waits) = core.waits.0.get_mut(&self.waiter) else {
            return;
        };
        let own = waits.iter().position(|wait| wait.queue.ptr_eq(&self.queue));
        if let Some(own) = own {
            waits.swap_remove(own);
        }
        if waits.is_empty() {
            core.waits.0.remove(&self.waiter);
        }
    }
}

impl Core {
    /// The circle that closes if `waiter` waits for futures of `queue`.
    fn circle(
        &self,
        futures: &Futures,
        waiter: FutureId,
        queue: &Queue,
        until: Until,
    ) -> Option<Vec<FutureId>> {
        // Most waits are for what is being computed.
        let is_free = |future| future != waiter && self.needs(futures, future).is_empty();
        if queue.has(until, futures, is_free) {
            return None;
        }
        let need = queue.need(until, futures);
        circle::find(waiter, &need, |future| self.needs(futures, future))
    }

    /// What has to be done before `future` goes on.
    fn needs(&self, futures: &Futures, future: FutureId) -> Vec<Need> {
        if !self.state.is_processing(future) {
            let inputs = self.state.missing_inputs(future);
            return match inputs.len() {
                0 => Vec::new(),
                n => vec![Need { of: inputs, n }],
            };
        }
        let waits = self.waits.0.get(&future).into_iter().flatten();
        let needs = waits.filter_map(|wait| {
            let need = wait.queue.upgrade()?.need(wait.until, futures);
            let is_over = match wait.until {
                Until::Done(_) => false,
                Until::DoneOrFailed(_) => need.of.iter().any(|future| self.has_failed(*future)),
            };
            (need.n > 0 && !is_over).then_some(need)
        });
        needs.collect()
    }

    /// Whether `future` has an error, of which those who wait may not have been told yet.
    fn has_failed(&self, future: FutureId) -> bool {
        let status = self.state.status(future);
        status.is_some_and(|status| status.is_done() && status != FutureStatus::Finished)
    }

    fn error(&self, circle: &[FutureId]) -> Error {
        let key = |future: &FutureId| self.jobs.get(future).map(|job| job.key);
        let keys: Vec<Name> = circle.iter().filter_map(key).collect();
        Error::new(ErrorKind::Task, text(&keys))
    }
}

fn text(circle: &[Name]) -> String {
    let [waiter, others @ ..] = circle else {
        return "futures wait for each other and would never be done".to_owned();
    };
    if others.is_empty() {
        return format!("the future `{waiter}` would wait for itself, and never be done");
    }
    let mut text = format!("the future `{waiter}` would wait for ");
    for other in others.iter().take(NAMED_MAX) {
        text.push_str(&format!("`{other}`, which waits for "));
    }
    match others.len().saturating_sub(NAMED_MAX) {
        0 => {}
        1 => text.push_str("another, which waits for "),
        n => text.push_str(&format!(
            "the next of {n} more, the last of which waits for "
        )),
    }
    text + &format!("`{waiter}`: none of them would ever be done")
}
