//! Calls that are submitted together, as many as one likes. A few at a time become futures, before those that come before them are
//! done: so the first begins at once, and those that have not begun take next to nothing.

use std::any::Any;
use std::collections::{BTreeMap, HashMap};
use std::ops::RangeInclusive;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError, Weak};

use dagbok::Result;
use dagbok::cell::threads::Served;
use dagbok::engine::{Calls, Collection, Submission, Submitted, SubmittedMap};
use dagbok::future::FutureStatus;

use super::completions::Queue;
use super::state::FutureId;
use super::ticket;
use super::{Begun, Futures, next_futures};
use crate::scheduler::Scheduler;
use crate::sync::{AtomicU32, AtomicUsize, Builder, Condvar, Mutex, MutexGuard};

/// How many calls of a map are futures and not done, besides those that somebody has asked for, where a pool has so many threads.
pub(crate) fn n_ahead(n_threads: usize) -> usize {
    64.max(2 * n_threads)
}

/// Who lists so many calls in a row is given a core: they cannot be waited for before.
const MANY: u32 = 1 << 10;

/// How a call is computed: as what was set when the map was submitted.
pub(crate) type Begin = dyn Fn(&Collection) -> Result<Begun> + Send + Sync;

/// Calls that have been submitted together.
pub(crate) struct Map {
    own: Weak<Map>,
    futures: Arc<Futures>,
    calls: Arc<dyn Calls>,
    begin: Box<Begin>,
    served: Served,
    /// The futures' numbers are those of the calls, from here on: what was submitted before the map comes before them, and what was
    /// submitted after it, after them.
    first: FutureId,
    /// What computes them, but where that is who asks for them.
    pool: Option<Arc<Scheduler>>,
    n_threads: usize,
    /// So many are to be begun before they have a thread.
    ahead: usize,
    /// Those before it have had their turn; it changes under the lock.
    next: AtomicU32,
    /// How many of those that were begun in their turn are not done.
    n_ahead: AtomicUsize,
    /// How often more were asked for since nobody begins any.
    n_asked: AtomicUsize,
    inside: Mutex<Inside>,
    changed: Condvar,
}

#[derive(Default)]
struct Inside {
    futures: BTreeMap<u32, Entry>,
    /// Calls that nobody refers to; a list that may be too short.
    released: Vec<bool>,
    /// How many refer to a future, where that is not one.
    n_references: HashMap<u32, usize>,
    waits: Vec<Wait>,
}

/// What becomes of a call.
enum Entry {
    /// A thread makes a future of it.
    Beginning,
    Begun(Arc<dyn Submitted>),
}

/// Who waits for some of the calls.
struct Wait {
    idxs: RangeInclusive<u32>,
    queue: Weak<Queue>,
    /// The number that the first has there.
    place: usize,
}

impl Inside {
    fn is_released(&self, idx: u32) -> bool {
        self.released.get(idx as usize) == Some(&true)
    }

    fn set_released(&mut self, idx: u32) {
        let idx = idx as usize;
        if self.released.len() <= idx {
            self.released.resize(idx + 1, false);
        }
        self.released[idx] = true;
    }
}

impl Map {
    pub(crate) fn new(
        futures: Arc<Futures>,
        calls: Arc<dyn Calls>,
        pool: Option<Arc<Scheduler>>,
        ahead: usize,
        begin: Box<Begin>,
    ) -> Arc<Self> {
        Arc::new_cyclic(|own| Map {
            own: own.clone(),
            futures,
            calls,
            begin,
            served: Served::here(),
            first: next_futures(1 << 32),
            n_threads: pool.as_ref().map_or(1, |pool| pool.n_threads()),
            pool,
            ahead,
            next: AtomicU32::new(0),
            n_ahead: AtomicUsize::new(0),
            n_asked: AtomicUsize::new(0),
            inside: Mutex::default(),
            changed: Condvar::new(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins the next ones, until enough are ahead. One thread at a time does: that another one asks meanwhile makes it look again.
    fn advance(&self) {
        if self.n_asked.fetch_add(1, Ordering::SeqCst) > 0 {
            return;
        }
        loop {
            let n_asked = self.n_asked.load(Ordering::SeqCst);
            while self.n_ahead.load(Ordering::SeqCst) < self.ahead {
                let Some(idx) = self.take_next() else {
                    break;
                };
                self.n_ahead.fetch_add(1, Ordering::SeqCst);
                let own = self.own.clone();
                self.submit(idx).on_change(Arc::new(move |status| {
                    if let Some(map) = own.upgrade().filter(|_| status.is_done()) {
                        map.has_ended(status);
                    }
                }));
            }
            let (set, fetch) = (Ordering::SeqCst, Ordering::SeqCst);
            if self
                .n_asked
                .compare_exchange(n_asked, 0, set, fetch)
                .is_ok()
            {
                return;
            }
        }
    }

    /// Whose turn it is.
    fn take_next(&self) -> Option<u32> {
        let n_calls = self.calls.n_calls();
        let mut inside = self.lock();
        for idx in self.next.load(Ordering::SeqCst)..n_calls {
            self.next.store(idx + 1, Ordering::SeqCst);
            if !inside.is_released(idx) && !inside.futures.contains_key(&idx) {
                inside.futures.insert(idx, Entry::Beginning);
                return Some(idx);
            }
        }
        None
    }

    /// One that was begun in its turn is done, so that others may begin.
    fn has_ended(&self, status: FutureStatus) {
        let n_left = self.n_ahead.fetch_sub(1, Ordering::SeqCst) - 1;
        match status {
            // Who lets go of very many futures would begin every one of them.
            FutureStatus::Cancelled if n_left == 0 => self.advance_elsewhere(),
            FutureStatus::Cancelled => {}
            _ => self.advance(),
        }
    }

    fn advance_elsewhere(&self) {
        let own = self.own.clone();
        let advance = move || {
            if let Some(map) = own.upgrade() {
                map.advance();
            }
        };
        if Builder::new()
            .name("dagbok-map".to_owned())
            .spawn(advance)
            .is_err()
        {
            self.advance();
        }
    }

    /// Makes a future of the call `idx`, which this thread alone does.
    fn submit(&self, idx: u32) -> Arc<dyn Submitted> {
        let future = self.served.serve(|| {
            let submission = Submission {
                work: self.calls.call(idx),
                site: self.calls.site(),
                priority: 0,
                retries: 0,
                timeout: None,
            };
            let begun = (self.begin)(&submission.work);
            self.futures.submit_as(self.id(idx), &submission, begun)
        });
        let mut inside = self.lock();
        match inside.is_released(idx) {
            true => inside.futures.remove(&idx),
            false => inside.futures.insert(idx, Entry::Begun(future.clone())),
        };
        let waits = inside.waits.iter().filter(|wait| wait.idxs.contains(&idx));
        let told: Vec<(Weak<Queue>, usize)> = waits
            .map(|wait| {
                (
                    wait.queue.clone(),
                    wait.place + (idx - wait.idxs.start()) as usize,
                )
            })
            .collect();
        drop(inside);
        self.changed.notify_all();
        for (queue, place) in told {
            ticket::watch(&*future, &queue, place);
        }
        future
    }

    /// Tells `queue` when those of `idxs` are done, of which the first has the number `place` there.
    pub(super) fn watch(&self, idxs: RangeInclusive<u32>, queue: &Weak<Queue>, place: usize) {
        let mut inside = self.lock();
        inside.waits.retain(|wait| wait.queue.strong_count() > 0);
        inside.waits.push(Wait {
            idxs: idxs.clone(),
            queue: queue.clone(),
            place,
        });
        // Those that are done already come in order, and before any that is done from now on.
        for (idx, entry) in inside.futures.range(idxs.clone()) {
            if let Entry::Begun(future) = entry {
                ticket::watch(&**future, queue, place + (idx - idxs.start()) as usize);
            }
        }
    }

    pub(super) fn futures(&self) -> &Arc<Futures> {
        &self.futures
    }

    /// The number of the future of the call `idx`, which need not be one yet.
    pub(super) fn id(&self, idx: u32) -> FutureId {
        FutureId(self.first.0 + u64::from(idx))
    }
}

/// The map that `map` is, if it is of an engine of this kind.
pub(super) fn own(map: &dyn SubmittedMap) -> Option<Arc<Map>> {
    let map: &Map = (map as &dyn Any).downcast_ref()?;
    map.own.upgrade()
}

impl SubmittedMap for Map {
    /// Begins the new ones if none before them waits for its turn, and a thread may have nothing to do: else others that end make them
    /// begin, and the thread that lists the calls goes on with that.
    fn added(&self, from: u32) {
        if from % MANY == MANY - 1
            && let Some(pool) = &self.pool
        {
            pool.make_way();
        }
        if self.n_ahead.load(Ordering::SeqCst) < self.n_threads
            && self.next.load(Ordering::SeqCst) >= from
        {
            self.advance();
        }
    }

    fn get(&self, idx: u32) -> Arc<dyn Submitted> {
        let mut inside = self.lock();
        loop {
            match inside.futures.get(&idx) {
                Some(Entry::Begun(future)) => return future.clone(),
                Some(Entry::Beginning) => {
                    let waited = self.changed.wait(inside);
                    inside = waited.unwrap_or_else(PoisonError::into_inner);
                }
                None => {
                    inside.futures.insert(idx, Entry::Beginning);
                    drop(inside);
                    return self.submit(idx);
                }
            }
        }
    }

    fn begun(&self, idx: u32) -> Option<Arc<dyn Submitted>> {
        match self.lock().futures.get(&idx)? {
            Entry::Begun(future) => Some(future.clone()),
            Entry::Beginning => None,
        }
    }

    fn retain(&self, idx: u32) {
        *self.lock().n_references.entry(idx).or_insert(1) += 1;
    }

    fn release(&self, idx: u32) {
        let mut inside = self.lock();
        if let Some(n) = inside.n_references.get_mut(&idx) {
            *n -= 1;
            if *n == 1 {
                inside.n_references.remove(&idx);
            }
            return;
        }
        inside.set_released(idx);
        let last = match inside.futures.get(&idx) {
            Some(Entry::Begun(_)) => inside.futures.remove(&idx),
            // Who makes it finds that nobody wants it.
            Some(Entry::Beginning) => return,
            None => None,
        };
        drop(inside);
        match last {
            Some(last) => drop(last),
            None => self.calls.forget(idx),
        }
    }
}
