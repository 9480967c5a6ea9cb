//! The budget: what all values and the tasks that run may take of memory together, and the way to the disk for what is beyond it.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use dagbok::value::kept_bytes;
use dagbok::{Result, Value};

use super::folder::{self, Folder};
use super::{Cache, STORED_BYTES_MIN};

/// The budget of a process. Without a limit until [`Memory::configure`] sets one.
pub(crate) struct Memory {
    limit: AtomicU64,
    /// What tasks that run have announced.
    reserved: AtomicU64,
    folder: RwLock<Arc<Folder>>,
    /// The bytes of all that has gone to the disk.
    stored: AtomicU64,
    /// Results that are kept as long as there is room.
    pub(crate) cache: Cache,
}

impl Default for Memory {
    fn default() -> Self {
        let folder = Folder::new(super::usual_folder(), None);
        Memory {
            limit: AtomicU64::new(u64::MAX),
            reserved: AtomicU64::new(0),
            folder: RwLock::new(Arc::new(folder)),
            stored: AtomicU64::new(0),
            cache: Cache::default(),
        }
    }
}

impl Memory {
    /// From now on values may take `limit` bytes of memory, and what is beyond goes to `folder`, at most `max_stored` bytes of it.
    pub(crate) fn configure(&self, limit: u64, folder: &Path, max_stored: Option<u64>) {
        self.limit.store(limit, Ordering::Relaxed);
        let is_same = self.folder().is(folder, max_stored);
        if !is_same {
            let folder = Arc::new(Folder::new(folder.to_owned(), max_stored));
            *self.folder.write().unwrap_or_else(PoisonError::into_inner) = folder;
        }
    }

    fn folder(&self) -> Arc<Folder> {
        let folder = self.folder.read().unwrap_or_else(PoisonError::into_inner);
        folder.clone()
    }

    /// The bytes that values may take.
    pub(crate) fn limit(&self) -> u64 {
        self.limit.load(Ordering::Relaxed)
    }

    /// The bytes that are free; below zero if more is taken than allowed.
    pub(crate) fn room(&self) -> i64 {
        let taken = (kept_bytes() as u64).saturating_add(self.reserved.load(Ordering::Relaxed));
        let signed = |bytes| i64::try_from(bytes).unwrap_or(i64::MAX);
        signed(self.limit.load(Ordering::Relaxed)) - signed(taken)
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
        let stored = Folder::store(&self.folder(), value)?;
        if stored.is_some() {
            self.trim(value.bytes() as u64);
        }
        Ok(stored)
    }

    /// Gives what the allocator keeps of freed memory back to the system, each time that an eighth of the limit has been stored.
    fn trim(&self, bytes: u64) {
        let before = self.stored.fetch_add(bytes, Ordering::Relaxed);
        let step = (self.limit() / 8).max(1);
        if before / step != (before + bytes) / step {
            folder::trim_allocator();
        }
    }

    #[cfg(test)]
    pub(super) fn reserved(&self) -> u64 {
        self.reserved.load(Ordering::Relaxed)
    }
}

/// Bytes that a task has announced.
pub(crate) struct Reservation {
    memory: Arc<Memory>,
    bytes: usize,
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let bytes = self.bytes as u64;
        self.memory.reserved.fetch_sub(bytes, Ordering::Relaxed);
    }
}
