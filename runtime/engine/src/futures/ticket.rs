//! What refers to a future: when the last reference is gone, so is the future.

use std::any::Any;
use std::sync::{Arc, Weak};

use dagbok::engine::Submitted;
use dagbok::future::FutureStatus;
use dagbok::{Name, Result, Site, Value};

use super::completions::Queue;
use super::state::{Event, FutureId};
use super::{Futures, Job};

/// A future, to those who refer to it.
pub(super) struct Ticket {
    futures: Arc<Futures>,
    id: FutureId,
    key: Name,
    site: Site,
}

/// Who is to be told of a future.
pub(super) enum Watcher {
    /// When it is done.
    Done(Box<dyn FnOnce() + Send>),
    /// Whenever its status has changed.
    Change(Arc<dyn Fn(FutureStatus) + Send + Sync>),
    /// When it is done, by this number.
    Queue(Weak<Queue>, usize),
}

impl Watcher {
    /// The same, if it is to be told of any change.
    pub(super) fn of_change(&self) -> Option<Watcher> {
        match self {
            Watcher::Change(call) => Some(Watcher::Change(call.clone())),
            Watcher::Done(_) | Watcher::Queue(..) => None,
        }
    }

    pub(super) fn call(self, status: FutureStatus) {
        match self {
            Watcher::Done(call) => call(),
            Watcher::Change(call) => call(status),
            Watcher::Queue(queue, idx) => {
                if let Some(queue) = queue.upgrade() {
                    queue.push(idx, status);
                }
            }
        }
    }

    fn is_gone(&self) -> bool {
        matches!(self, Watcher::Queue(queue, _) if queue.strong_count() == 0)
    }
}

/// The number of `submitted`, if it is one of `futures`.
pub(super) fn own(futures: &Futures, submitted: &dyn Submitted) -> Option<FutureId> {
    let ticket: &Ticket = (submitted as &dyn Any).downcast_ref()?;
    std::ptr::eq(&*ticket.futures, futures).then_some(ticket.id)
}

/// The futures that `submitted` is one of, and its number, if it is an engine's of this kind.
pub(super) fn place(submitted: &dyn Submitted) -> Option<(Arc<Futures>, FutureId)> {
    let ticket: &Ticket = (submitted as &dyn Any).downcast_ref()?;
    Some((ticket.futures.clone(), ticket.id))
}

/// Tells `queue` when `submitted` is done, by the number `idx`.
pub(super) fn watch(submitted: &dyn Submitted, queue: &Weak<Queue>, idx: usize) {
    match (submitted as &dyn Any).downcast_ref::<Ticket>() {
        Some(ticket) => ticket.watch(Watcher::Queue(queue.clone(), idx)),
        None => {
            let queue = queue.clone();
            submitted.on_change(Arc::new(move |status| {
                if let Some(queue) = queue.upgrade().filter(|_| status.is_done()) {
                    queue.push(idx, status);
                }
            }));
        }
    }
}

impl Ticket {
    pub(super) fn new(futures: Arc<Futures>, id: FutureId, key: Name, site: Site) -> Self {
        Ticket {
            futures,
            id,
            key,
            site,
        }
    }

    fn with_job<T>(&self, look: impl FnOnce(&Job, FutureStatus) -> T) -> T {
        let core = self.futures.lock();
        let status = core.state.status(self.id);
        let status = status.expect("a future is known as long as somebody refers to it");
        look(&core.jobs[&self.id], status)
    }

    fn watch(&self, watcher: Watcher) {
        let mut core = self.futures.lock();
        let status = core.state.status(self.id);
        let status = status.expect("a future is known as long as somebody refers to it");
        if status.is_done() {
            drop(core);
            watcher.call(status);
            return;
        }
        let watchers = &mut core.job(self.id).watchers;
        watchers.retain(|watcher| !watcher.is_gone());
        watchers.push(watcher);
    }
}

impl Submitted for Ticket {
    fn key(&self) -> &Name {
        &self.key
    }

    fn site(&self) -> Site {
        self.site
    }

    fn status(&self) -> FutureStatus {
        self.with_job(|_, status| status)
    }

    fn outcome(&self) -> Option<Result<Value>> {
        self.with_job(|job, status| job.result.clone().filter(|_| status.is_done()))
    }

    fn cancel(&self) {
        self.futures.handle(Event::Cancelled { future: self.id });
    }

    fn detach(&self) {
        self.futures.handle(Event::Detached { future: self.id });
    }

    fn on_done(&self, callback: Box<dyn FnOnce() + Send>) {
        self.watch(Watcher::Done(callback));
    }

    fn on_change(&self, callback: Arc<dyn Fn(FutureStatus) + Send + Sync>) {
        self.watch(Watcher::Change(callback));
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.futures.handle(Event::Released { future: self.id });
    }
}
