//! The threads of a pool: started together, ended together, and replaced one by one.

use std::sync::{Arc, PoisonError};

use dagbok::{Error, ErrorKind, Result};

use super::STACK_BYTES;
use super::pool::{Shared, Whom};
use crate::sync::{Builder, JoinHandle, Mutex, MutexGuard, current};
use crate::threads::Share;

/// The threads of a pool, one a lane; none once somebody waits for their end.
#[derive(Default)]
pub(super) struct Workers(Mutex<Vec<JoinHandle<()>>>);

impl Workers {
    fn lock(&self) -> MutexGuard<'_, Vec<JoinHandle<()>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    /// Starts the threads of a pool.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] if the system gives no more.
    pub(super) fn start(self: &Arc<Self>, n_threads: usize) -> Result<()> {
        let mut workers = self.workers.lock();
        for idx in 0..n_threads {
            let worker = self.spawn(idx as u32, Share::Own).map_err(|error| {
                let text = format!("cannot start thread {idx} of {n_threads}: {error}");
                Error::new(ErrorKind::Io, text)
            })?;
            workers.push(worker);
        }
        Ok(())
    }

    /// Lets another thread go on in the place of the current one, thread `idx`, which has to end; what it has taken may have
    /// `share`. Whether there is one.
    pub(super) fn replace(self: &Arc<Self>, idx: u32, share: Share) -> bool {
        let mut workers = self.workers.lock();
        let Some(worker) = workers.get_mut(idx as usize) else {
            return false;
        };
        match self.spawn(idx, share) {
            Ok(successor) => {
                *worker = successor;
                true
            }
            Err(_) => false,
        }
    }

    /// Ends the threads, and waits for that unless the current one is among them: its last task has ended the pool, and nobody
    /// can wait for that but the others, which need nobody.
    pub(super) fn end(&self) {
        self.lock().closed = true;
        self.wake(Whom::All);
        let workers = std::mem::take(&mut *self.workers.lock());
        let own = current().id();
        if workers.iter().any(|worker| worker.thread().id() == own) {
            return;
        }
        for worker in workers {
            let _ = worker.join();
        }
    }

    fn spawn(self: &Arc<Self>, idx: u32, share: Share) -> std::io::Result<JoinHandle<()>> {
        let shared = self.clone();
        Builder::new()
            .name(format!("dagbok-{idx}"))
            .stack_size(STACK_BYTES)
            .spawn(move || shared.work(idx, share))
    }
}
