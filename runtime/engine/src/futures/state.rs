//! Which future begins when, and what becomes of those that need it: a state machine. Events in, actions out; no thread, clock, lock or
//! value in it.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

use dagbok::future::FutureStatus;

/// One future of this process.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(super) struct FutureId(pub(super) u64);

/// What runs futures, a few at a time.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct PoolId(pub(super) usize);

/// A future that has been submitted.
pub(super) struct New {
    pub(super) future: FutureId,
    /// Futures that have to be finished before it begins.
    pub(super) inputs: Vec<FutureId>,
    pub(super) priority: i32,
    pub(super) retries: u32,
    pub(super) pool: PoolId,
    /// How many futures the pool works on at a time.
    pub(super) capacity: usize,
}

/// What happens to futures.
pub(super) enum Event {
    Submitted(New),
    /// An attempt to compute it is over.
    Ended {
        future: FutureId,
        attempt: u32,
        end: End,
    },
    /// An attempt has taken too long.
    TimedOut {
        future: FutureId,
        attempt: u32,
    },
    /// A task waits for it: it begins now if it can.
    Wanted {
        future: FutureId,
    },
    Cancelled {
        future: FutureId,
    },
    /// It goes on when nobody refers to it.
    Detached {
        future: FutureId,
    },
    /// Nobody refers to it any more.
    Released {
        future: FutureId,
    },
}

/// How an attempt ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum End {
    Finished,
    Failed,
    Cancelled,
}

/// What is to be done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Action {
    /// Begin an attempt to compute it.
    Start { future: FutureId, attempt: u32 },
    /// Nobody needs what is being computed for it now.
    Stop { future: FutureId },
    /// It waits for another attempt.
    Wait { future: FutureId },
    /// It is done, because of another one or by itself.
    Settle {
        future: FutureId,
        status: FutureStatus,
        because: Option<FutureId>,
    },
    /// It is done, and nobody will ask for it.
    Forget { future: FutureId },
}

/// All futures that are not done or that somebody refers to.
#[derive(Default)]
pub(super) struct State {
    futures: HashMap<FutureId, Entry>,
    pools: HashMap<PoolId, Pool>,
}

struct Entry {
    phase: Phase,
    attempt: u32,
    retries_left: u32,
    priority: i32,
    pool: PoolId,
    inputs: Vec<FutureId>,
    /// Those that wait for it.
    dependents: Vec<FutureId>,
    is_held: bool,
    is_detached: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    /// So many inputs are not done.
    Waiting(usize),
    /// It could begin, and waits for its turn.
    Queued,
    Processing,
    Done(FutureStatus),
}

#[derive(Default)]
struct Pool {
    capacity: usize,
    n_processing: usize,
    queue: BTreeSet<(Reverse<i32>, FutureId)>,
}

impl State {
    /// Takes note of `event` and appends what is to be done to `actions`, in order.
    pub(super) fn handle(&mut self, event: Event, actions: &mut Vec<Action>) {
        match event {
            Event::Submitted(new) => self.submitted(new, actions),
            Event::Ended {
                future,
                attempt,
                end,
            } => self.ended(future, attempt, end, actions),
            Event::TimedOut { future, attempt } => {
                if self.is_attempted(future, attempt) {
                    actions.push(Action::Stop { future });
                    self.ended(future, attempt, End::Failed, actions);
                }
            }
            Event::Wanted { future } => self.wanted(future, actions),
            Event::Cancelled { future } => {
                self.settle(future, FutureStatus::Cancelled, None, actions);
            }
            Event::Detached { future } => {
                if let Some(entry) = self.futures.get_mut(&future) {
                    entry.is_detached = true;
                }
            }
            Event::Released { future } => self.released(future, actions),
        }
    }

    /// What has become of it; none if it is forgotten.
    pub(super) fn status(&self, future: FutureId) -> Option<FutureStatus> {
        Some(match self.futures.get(&future)?.phase {
            Phase::Waiting(_) | Phase::Queued => FutureStatus::Pending,
            Phase::Processing => FutureStatus::Processing,
            Phase::Done(status) => status,
        })
    }

    /// Whether this attempt is under way.
    pub(super) fn is_attempted(&self, future: FutureId, attempt: u32) -> bool {
        let entry = self.futures.get(&future);
        entry.is_some_and(|entry| entry.phase == Phase::Processing && entry.attempt == attempt)
    }

    /// Whether it is being computed.
    pub(super) fn is_processing(&self, future: FutureId) -> bool {
        let entry = self.futures.get(&future);
        entry.is_some_and(|entry| entry.phase == Phase::Processing)
    }

    /// The inputs that it waits for, before it could begin.
    pub(super) fn missing_inputs(&self, future: FutureId) -> Vec<FutureId> {
        let entry = self.futures.get(&future);
        let waiting = entry.filter(|entry| matches!(entry.phase, Phase::Waiting(_)));
        let inputs = waiting.into_iter().flat_map(|entry| &entry.inputs);
        let is_missing = |input: &FutureId| match self.status(*input) {
            Some(status) => !status.is_done(),
            None => false,
        };
        inputs.copied().filter(is_missing).collect()
    }

    /// Those that could be worked on so that `future` is done sooner: itself, or what it waits for. At most so many.
    pub(super) fn helpful(&self, future: FutureId, most: usize) -> Vec<FutureId> {
        let mut found = Vec::new();
        let mut seen = HashSet::new();
        let mut stack = vec![future];
        while let Some(future) = stack.pop() {
            let Some(entry) = self.futures.get(&future) else {
                continue;
            };
            match entry.phase {
                Phase::Queued | Phase::Processing => found.push(future),
                Phase::Waiting(_) => {
                    let inputs = entry.inputs.iter();
                    stack.extend(inputs.rev().filter(|input| seen.insert(**input)));
                }
                Phase::Done(_) => {}
            }
            if found.len() == most {
                break;
            }
        }
        found
    }

    fn submitted(&mut self, new: New, actions: &mut Vec<Action>) {
        let New {
            future,
            mut inputs,
            priority,
            retries,
            pool,
            capacity,
        } = new;
        inputs.sort_unstable();
        inputs.dedup();
        let mut missing = 0;
        let mut because = None;
        for input in &inputs {
            let Some(entry) = self.futures.get_mut(input) else {
                continue;
            };
            match entry.phase {
                Phase::Done(FutureStatus::Finished) => {}
                Phase::Done(status) => because = because.or(Some((status, *input))),
                Phase::Waiting(_) | Phase::Queued | Phase::Processing => {
                    entry.dependents.push(future);
                    missing += 1;
                }
            }
        }
        let entry = Entry {
            phase: Phase::Waiting(missing),
            attempt: 0,
            retries_left: retries,
            priority,
            pool,
            inputs,
            dependents: Vec::new(),
            is_held: true,
            is_detached: false,
        };
        self.futures.insert(future, entry);
        self.pools.entry(pool).or_default().capacity = capacity;
        match because {
            Some((status, input)) => self.settle(future, status, Some(input), actions),
            None if missing == 0 => {
                self.enqueue(future);
                self.start_next(pool, actions);
            }
            None => {}
        }
    }

    fn ended(&mut self, future: FutureId, attempt: u32, end: End, actions: &mut Vec<Action>) {
        if !self.is_attempted(future, attempt) {
            return;
        }
        let status = match end {
            End::Finished => FutureStatus::Finished,
            End::Cancelled => FutureStatus::Cancelled,
            End::Failed => FutureStatus::Error,
        };
        let pool = self.leave(future);
        let entry = self.entry(future);
        if end == End::Failed && entry.retries_left > 0 {
            entry.retries_left -= 1;
            entry.attempt += 1;
            self.enqueue(future);
            actions.push(Action::Wait { future });
        } else {
            entry.phase = Phase::Waiting(0);
            self.settle(future, status, None, actions);
        }
        self.start_next(pool, actions);
    }

    fn wanted(&mut self, future: FutureId, actions: &mut Vec<Action>) {
        let entry = self.futures.get(&future);
        if entry.is_some_and(|entry| entry.phase == Phase::Queued) {
            self.leave(future);
            self.start(future, actions);
        }
    }

    fn released(&mut self, future: FutureId, actions: &mut Vec<Action>) {
        let Some(entry) = self.futures.get_mut(&future) else {
            return;
        };
        entry.is_held = false;
        match entry.phase {
            Phase::Done(_) => {
                self.futures.remove(&future);
                actions.push(Action::Forget { future });
            }
            _ if entry.is_detached => {}
            _ => self.settle(future, FutureStatus::Cancelled, None, actions),
        }
    }

    /// `future` is done, and so are those that needed it if it has no value; the others may begin.
    fn settle(
        &mut self,
        future: FutureId,
        status: FutureStatus,
        because: Option<FutureId>,
        actions: &mut Vec<Action>,
    ) {
        let mut settled = VecDeque::from([(future, status, because)]);
        let mut forgotten = Vec::new();
        let mut pools = Vec::new();
        while let Some((future, status, because)) = settled.pop_front() {
            let Some(entry) = self.futures.get(&future) else {
                continue;
            };
            let phase = entry.phase;
            if let Phase::Done(_) = phase {
                continue;
            }
            if phase == Phase::Processing {
                actions.push(Action::Stop { future });
            }
            pools.push(self.leave(future));
            let entry = self.entry(future);
            entry.phase = Phase::Done(status);
            actions.push(Action::Settle {
                future,
                status,
                because,
            });
            if !entry.is_held {
                forgotten.push(future);
            }
            for dependent in std::mem::take(&mut entry.dependents) {
                if status != FutureStatus::Finished {
                    settled.push_back((dependent, status, Some(future)));
                } else if self.has_one_more(dependent) {
                    self.enqueue(dependent);
                    pools.push(self.entry(dependent).pool);
                }
            }
        }
        for future in forgotten {
            self.futures.remove(&future);
            actions.push(Action::Forget { future });
        }
        pools.dedup();
        for pool in pools {
            self.start_next(pool, actions);
        }
    }

    /// Takes note that another input of `future` is finished; whether it was the last one.
    fn has_one_more(&mut self, future: FutureId) -> bool {
        let Some(entry) = self.futures.get_mut(&future) else {
            return false;
        };
        let Phase::Waiting(missing) = &mut entry.phase else {
            return false;
        };
        *missing -= 1;
        *missing == 0
    }

    fn enqueue(&mut self, future: FutureId) {
        let entry = self.entry(future);
        entry.phase = Phase::Queued;
        let (pool, place) = (entry.pool, (Reverse(entry.priority), future));
        self.pool(pool).queue.insert(place);
    }

    /// Takes it from its place in its pool, which is returned.
    fn leave(&mut self, future: FutureId) -> PoolId {
        let entry = self.entry(future);
        let (pool, place) = (entry.pool, (Reverse(entry.priority), future));
        match entry.phase {
            Phase::Queued => {
                self.pool(pool).queue.remove(&place);
            }
            Phase::Processing => self.pool(pool).n_processing -= 1,
            Phase::Waiting(_) | Phase::Done(_) => {}
        }
        pool
    }

    fn start(&mut self, future: FutureId, actions: &mut Vec<Action>) {
        let entry = self.entry(future);
        entry.phase = Phase::Processing;
        let (pool, attempt) = (entry.pool, entry.attempt);
        self.pool(pool).n_processing += 1;
        actions.push(Action::Start { future, attempt });
    }

    /// Begins as many of the pool's futures as it works on at a time; forgets a pool that has none.
    fn start_next(&mut self, id: PoolId, actions: &mut Vec<Action>) {
        while let Some(pool) = self.pools.get_mut(&id) {
            if pool.n_processing >= pool.capacity {
                return;
            }
            match pool.queue.pop_first() {
                Some((_, future)) => self.start(future, actions),
                None => return,
            }
        }
    }

    fn entry(&mut self, future: FutureId) -> &mut Entry {
        let entry = self.futures.get_mut(&future);
        entry.expect("a future is known until it is forgotten")
    }

    fn pool(&mut self, pool: PoolId) -> &mut Pool {
        let pool = self.pools.get_mut(&pool);
        pool.expect("a pool is known from its first future on")
    }
}
