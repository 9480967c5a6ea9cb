//! Threads, locks and a clock of which [`shuttle`] decides what happens when: in the place of `runtime/engine/src/sync.rs`.
//!
//! The clock goes on by itself, by more or less each time that somebody looks at it: in some explorations so slowly that all tasks count
//! as short, in others so fast that all are long.

use std::cell::Cell;
use std::io;
use std::ops::{Deref, DerefMut};
use std::sync::{LockResult, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use shuttle::rand::{Rng, thread_rng};
use shuttle::sync;
use shuttle::thread;

pub(crate) use shuttle::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize};
pub(crate) use shuttle::thread::{JoinHandle, current};
pub(crate) use shuttle::thread_local;

/// The pool looks so often for what nobody tells it of.
const SHORT: Duration = Duration::from_millis(5);

/// How many microseconds may go by, at most, between two looks at the clock.
const PACES: [u64; 3] = [4, 120, 500];

/// What becomes of waits for a limited time.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Timeouts {
    /// They wait until somebody wakes them: who does not is found out. But short ones end whenever it suits.
    Never,
    /// They end whenever it suits.
    AnyTime,
}

std::thread_local! {
    static TIMEOUTS: Cell<Timeouts> = const { Cell::new(Timeouts::Never) };
    static PACE: Cell<u64> = const { Cell::new(PACES[0]) };
    static ELAPSED: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

/// Begins another exploration of the same.
pub(crate) fn begin(timeouts: Timeouts) {
    TIMEOUTS.set(timeouts);
    PACE.set(PACES[thread_rng().gen_range(0..PACES.len())]);
    ELAPSED.set(Duration::ZERO);
}

/// So few that each pool takes all of them.
pub(crate) fn n_cores() -> usize {
    1
}

/// The time.
pub(crate) fn now() -> Instant {
    static START: OnceLock<Instant> = OnceLock::new();
    let step = thread_rng().gen_range(0..PACE.get());
    pass(Duration::from_micros(step));
    *START.get_or_init(Instant::now) + ELAPSED.get()
}

fn pass(time: Duration) {
    ELAPSED.set(ELAPSED.get() + time);
}

/// What is inside, whether or not somebody has panicked.
fn inside<T>(locked: LockResult<T>) -> T {
    locked.unwrap_or_else(PoisonError::into_inner)
}

/// A thread that is to be.
pub(crate) struct Builder(thread::Builder);

impl Builder {
    pub(crate) fn new() -> Self {
        Builder(thread::Builder::new())
    }

    pub(crate) fn name(self, name: String) -> Self {
        Builder(self.0.name(name))
    }

    /// It has the stack that all have.
    pub(crate) fn stack_size(self, _: usize) -> Self {
        self
    }

    pub(crate) fn spawn<T: Send + 'static>(
        self,
        run: impl FnOnce() -> T + Send + 'static,
    ) -> io::Result<JoinHandle<T>> {
        self.0.spawn(run)
    }
}

#[derive(Default)]
pub(crate) struct Mutex<T>(sync::Mutex<T>);

pub(crate) struct MutexGuard<'a, T> {
    mutex: &'a Mutex<T>,
    guard: sync::MutexGuard<'a, T>,
}

impl<T> Mutex<T> {
    pub(crate) fn new(inside: T) -> Self {
        Mutex(sync::Mutex::new(inside))
    }

    pub(crate) fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        let guard = inside(self.0.lock());
        Ok(MutexGuard { mutex: self, guard })
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.guard
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.guard
    }
}

#[derive(Default)]
pub(crate) struct Condvar(sync::Condvar);

impl Condvar {
    pub(crate) fn new() -> Self {
        Condvar::default()
    }

    pub(crate) fn wait<'a, T>(
        &self,
        MutexGuard { mutex, guard }: MutexGuard<'a, T>,
    ) -> LockResult<MutexGuard<'a, T>> {
        let guard = inside(self.0.wait(guard));
        Ok(MutexGuard { mutex, guard })
    }

    /// Whether the time is over is not said, as nobody asks.
    pub(crate) fn wait_timeout<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        time: Duration,
    ) -> LockResult<(MutexGuard<'a, T>, ())> {
        let guard = match TIMEOUTS.get() {
            Timeouts::Never if time > SHORT => inside(self.wait(guard)),
            _ => {
                let mutex = guard.mutex;
                drop(guard);
                // A thread that often looks for something to do makes no other one's tasks long.
                if time > SHORT {
                    pass(time);
                }
                thread::yield_now();
                inside(mutex.lock())
            }
        };
        Ok((guard, ()))
    }

    pub(crate) fn notify_one(&self) {
        self.0.notify_one();
    }

    pub(crate) fn notify_all(&self) {
        self.0.notify_all();
    }
}
