//! Which comms are open.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::evaluate::{Comm, CommEvent};

/// The targets of the open comms, by their ids.
#[derive(Default)]
pub(super) struct Comms(Mutex<BTreeMap<String, String>>);

impl Comms {
    /// Takes note of a message, whichever way it goes.
    pub(super) fn note(&self, comm: &Comm) {
        match &comm.event {
            CommEvent::Open { target } => {
                self.lock().insert(comm.id.clone(), target.clone());
            }
            CommEvent::Message => {}
            CommEvent::Close => {
                self.lock().remove(&comm.id);
            }
        }
    }

    /// Ids and targets, of one target or of all.
    pub(super) fn open(&self, target: Option<&str>) -> Vec<(String, String)> {
        let comms = self.lock();
        let comms = comms.iter();
        comms
            .filter(|(_, own)| target.is_none_or(|target| *own == target))
            .map(|(id, own)| (id.clone(), own.clone()))
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
