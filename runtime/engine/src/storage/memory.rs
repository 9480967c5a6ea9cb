//! The budget: what all values and the tasks that run may take of memory together, and the way to the disk for what is beyond it.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use dagbok::value::kept_bytes;
use dagbok::{Result, Value};

use super::folder::{self, Folder};
use super::{Cache, STORED_BYTES_MIN};
use crate::io;

/// Values have this share of the limit, whatever tasks take beside them.
const SHARE_OF_VALUES: u64 = 8;

/// Values have this share of the limit if the process takes more than that without any: nothing that they do keeps to it.
const SHARE_BEYOND: u64 = 2;

/// This share of the limit is freed at once.
const SHARE_FREED_AT_ONCE: u64 = 32;

/// With each look this share of what the process took beside values is forgotten: tasks need more at some moments than at others,
/// and the next may come when nobody looks.
const SHARE_FORGOTTEN: u64 = 16;

/// Each time that tasks have announced this share of the limit, the process is looked at.
const SHARE_LOOKED_AT: u64 = 32;

/// The process is not looked at more often than for so many bytes.
const LOOKED_AT_BYTES_MIN: u64 = 1 << 20;

/// The budget of a process. Without a limit until [`Memory::configure`] sets one.
pub(crate) struct Memory {
    limit: AtomicU64,
    /// What tasks that run have announced.
    reserved: AtomicU64,
    /// What tasks have announced since the process was looked at.
    unseen: AtomicU64,
    /// What the process took beside values when it was looked at, or a little less than when it was looked at before.
    beside: AtomicU64,
    /// The least that the process took beside values whenever it was looked at.
    least_beside: AtomicU64,
    /// Held by who looks: once is enough.
    looking: Mutex<()>,
    /// None before it is asked for, if none has been set.
    folder: RwLock<Option<Arc<Folder>>>,
    /// Results that are kept as long as there is room.
    pub(crate) cache: Cache,
}

impl Default for Memory {
    fn default() -> Self {
        Memory {
            limit: AtomicU64::new(u64::MAX),
            reserved: AtomicU64::new(0),
            unseen: AtomicU64::new(0),
            beside: AtomicU64::new(0),
            least_beside: AtomicU64::new(u64::MAX),
            looking: Mutex::new(()),
            folder: RwLock::default(),
            cache: Cache::default(),
        }
    }
}

impl Memory {
    /// From now on values may take `limit` bytes of memory, and what is beyond goes to `folder`, at most `max_stored` bytes of it.
    pub(crate) fn configure(&self, limit: u64, folder: &Path, max_stored: Option<u64>) {
        if self.limit.swap(limit, Ordering::Relaxed) != limit {
            self.beside.store(0, Ordering::Relaxed);
            self.least_beside.store(u64::MAX, Ordering::Relaxed);
            self.look();
        }
        let known = self.known_folder();
        if !known
            .as_ref()
            .is_some_and(|known| known.is(folder, max_stored))
        {
            let folder = Folder::new(folder.to_owned(), max_stored).after(known.as_deref());
            *self.folder.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(folder));
        }
    }

    fn known_folder(&self) -> Option<Arc<Folder>> {
        let folder = self.folder.read().unwrap_or_else(PoisonError::into_inner);
        folder.clone()
    }

    /// Where results go: the usual folder if no other one has been set.
    fn folder(&self) -> Arc<Folder> {
        self.known_folder().unwrap_or_else(|| {
            let mut folder = self.folder.write().unwrap_or_else(PoisonError::into_inner);
            let usual = || Arc::new(Folder::new(super::usual_folder(), None));
            folder.get_or_insert_with(usual).clone()
        })
    }

    /// The bytes that values may take.
    pub(crate) fn limit(&self) -> u64 {
        self.limit.load(Ordering::Relaxed)
    }

    /// The bytes that are free; below zero if more is taken than allowed.
    pub(crate) fn room(&self) -> i64 {
        let taken = (kept_bytes() as u64).saturating_add(self.reserved.load(Ordering::Relaxed));
        let signed = |bytes| i64::try_from(bytes).unwrap_or(i64::MAX);
        signed(self.allowance()) - signed(taken)
    }

    /// The bytes of values that are not only in the cache.
    pub(crate) fn held(&self) -> usize {
        let cached: usize = self.cache.kept().iter().map(|kept| kept.bytes).sum();
        kept_bytes().saturating_sub(cached)
    }

    /// The bytes that values may take now.
    fn allowance(&self) -> u64 {
        let beside = self.beside.load(Ordering::Relaxed);
        match self.least_beside.load(Ordering::Relaxed) {
            u64::MAX => self.limit(),
            least => allowance(self.limit(), beside, least),
        }
    }

    /// So many bytes are freed at once, as it takes long to find out which.
    pub(crate) fn freed_at_once(&self) -> usize {
        usize::try_from(self.limit() / SHARE_FREED_AT_ONCE).unwrap_or(usize::MAX)
    }

    /// Announces that `bytes` will be taken, for as long as the reservation lives. So few that the disk is not worth it are not
    /// announced: threads that run small tasks would spend most of their time on the one counter.
    pub(crate) fn reserve(self: &Arc<Self>, bytes: usize) -> Option<Reservation> {
        (bytes >= STORED_BYTES_MIN).then(|| {
            self.reserved.fetch_add(bytes as u64, Ordering::Relaxed);
            Reservation {
                memory: self.clone(),
                bytes,
            }
        })
    }

    /// The same value on the disk; none if values of its type have to stay in memory.
    ///
    /// # Errors
    /// [`ErrorKind::Io`](dagbok::ErrorKind::Io) if it cannot be written: the folder is missing or full, or the disk is.
    pub(crate) fn store(&self, value: &Value) -> Result<Option<Value>> {
        Folder::store(&self.folder(), value)
    }

    /// Lets go of all results in the cache, and gives their memory back to the system.
    pub(crate) fn clear_cache(&self) {
        self.cache.clear();
        folder::trim_allocator();
    }

    /// Looks at the process now and then, before a task that has announced `bytes` begins: what the allocator keeps of freed memory goes
    /// back to the system where there is not enough.
    pub(crate) fn keep_to_limit(&self, bytes: usize) {
        let limit = self.limit();
        if bytes == 0 || limit == u64::MAX {
            return;
        }
        let unseen = self.unseen.fetch_add(bytes as u64, Ordering::Relaxed) + bytes as u64;
        if unseen >= (limit / SHARE_LOOKED_AT).max(LOOKED_AT_BYTES_MIN) {
            self.unseen.store(0, Ordering::Relaxed);
            self.look();
        }
    }

    /// Looks again if what the process took beside values leaves them less room, as that may have changed.
    pub(crate) fn look_again(&self) {
        let limit = self.limit();
        if self.allowance() < limit {
            self.look();
        }
    }

    /// Looks at what the process takes beside values: the program, what tasks that run have made so far, what no value counts, and
    /// what the allocator keeps of freed memory, which goes back to the system if all of it is too much, or will be: a thread does not
    /// get what the allocator keeps for another.
    fn look(&self) {
        let limit = self.limit();
        let (Ok(_looking), Some(resident)) = (self.looking.try_lock(), io::resident()) else {
            return;
        };
        let soon = resident.saturating_add(self.reserved.load(Ordering::Relaxed));
        let resident = match soon > limit {
            true => {
                folder::trim_allocator();
                io::resident().unwrap_or(resident)
            }
            false => resident,
        };
        let bytes = resident.saturating_sub(kept_bytes() as u64);
        let before = self.beside.load(Ordering::Relaxed);
        let remembered = before - before / SHARE_FORGOTTEN;
        self.beside.store(bytes.max(remembered), Ordering::Relaxed);
        self.least_beside.fetch_min(bytes, Ordering::Relaxed);
    }

    #[cfg(test)]
    pub(crate) fn reserved(&self) -> u64 {
        self.reserved.load(Ordering::Relaxed)
    }

    /// The bytes of all files.
    #[cfg(test)]
    pub(crate) fn stored_bytes(&self) -> u64 {
        self.folder().taken()
    }
}

/// The bytes that values may take of `limit` where the process takes `beside` for other things, and never less than `least`.
fn allowance(limit: u64, beside: u64, least: u64) -> u64 {
    match least > limit {
        true => limit / SHARE_BEYOND,
        false => limit.saturating_sub(beside).max(limit / SHARE_OF_VALUES),
    }
}

/// Bytes that a task has announced.
pub(crate) struct Reservation {
    memory: Arc<Memory>,
    bytes: usize,
}

impl Reservation {
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let bytes = self.bytes as u64;
        self.memory.reserved.fetch_sub(bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_process_takes_beside_values_leaves_them_some() {
        let check = |limit, beside, least, expected| {
            assert_eq!(allowance(limit, beside, least), expected);
        };
        check(1000, 0, 0, 1000);
        check(1000, 51, 20, 949);
        check(1000, 875, 20, 125);
        check(1000, 876, 1000, 125);
        check(1000, u64::MAX, 20, 125);
        check(1000, 1001, 1001, 500);
        check(0, 5, 5, 0);
        check(8, 7, 3, 1);
        check(u64::MAX, 0, 0, u64::MAX);
    }
}
