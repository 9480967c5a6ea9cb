//! Waiting for futures. A thread that is in a task works on what it waits for meanwhile, if it has to be done before the task goes on.
//! If the task may go on before, as when it waits for one of several or not for ever, another thread does that: what would be worked on in
//! the middle of the task might itself wait for the task.

use std::collections::VecDeque;
use std::ops::RangeInclusive;
use std::sync::{Arc, PoisonError, Weak};
use std::time::{Duration, Instant};

use dagbok::engine::{Completions, Submitted, SubmittedMap, Until};
use dagbok::future::FutureStatus;
use dagbok::{Error, ErrorKind, Result, Value, cancel};

use super::Futures;
use super::circle::Need;
use super::map::{self, Map};
use super::state::FutureId;
use super::ticket;
use super::waits::Waiting;
use crate::scheduler::{self, STACK_BYTES, TICK};
use crate::sync::{Builder, Condvar, Mutex, MutexGuard, now};

/// How often a task that waits looks for something to help with.
const HELP_TICK: Duration = Duration::from_millis(2);
/// So many futures at most are looked at in search of something to help with.
const LOOKED_AT_MAX: usize = 64;

/// Futures that somebody waits for, in the order in which they are done.
#[derive(Default)]
pub(crate) struct Queue {
    own: Weak<Queue>,
    inside: Mutex<Inside>,
    changed: Condvar,
}

#[derive(Default)]
struct Inside {
    /// One after the other, as they were added.
    groups: Vec<Group>,
    n_added: usize,
    n_not_done: usize,
    done: VecDeque<usize>,
    n_failed: usize,
    /// The thread that waits wants as many to be done.
    wanted: usize,
    /// How many tasks wait that may go on before all are done.
    n_impatient: usize,
    /// Whether a thread works on the futures for these.
    has_helper: bool,
}

/// Futures that somebody waits for, one after the other.
struct Group {
    /// The number of the first.
    place: usize,
    members: Members,
    /// All before it are done.
    first: usize,
}

enum Members {
    /// None where it is done.
    Own(Vec<Option<Arc<dyn Submitted>>>),
    /// The calls of a map from this number on, which need not be futures yet.
    OfMap {
        map: Arc<Map>,
        start: u32,
        done: Vec<bool>,
    },
}

/// One that is not done.
enum Member<'a> {
    Own(&'a Arc<dyn Submitted>),
    OfMap(&'a Arc<Map>, u32),
}

impl Member<'_> {
    /// Where it is from, and its number there, if that is an engine of this kind.
    fn place(&self) -> Option<(Arc<Futures>, FutureId)> {
        match self {
            Member::Own(submitted) => ticket::place(&***submitted),
            Member::OfMap(map, idx) => Some((map.futures().clone(), map.id(*idx))),
        }
    }

    /// Its number, if it is one of `futures`.
    fn id(&self, futures: &Futures) -> Option<FutureId> {
        let (place, id) = self.place()?;
        std::ptr::eq(&*place, futures).then_some(id)
    }
}

impl Group {
    /// The `idx`th, if it is not done.
    fn get(&self, idx: usize) -> Option<Member<'_>> {
        match &self.members {
            Members::Own(own) => own[idx].as_ref().map(Member::Own),
            Members::OfMap { map, start, done } => {
                (!done[idx]).then(|| Member::OfMap(map, start + idx as u32))
            }
        }
    }

    fn len(&self) -> usize {
        match &self.members {
            Members::Own(own) => own.len(),
            Members::OfMap { done, .. } => done.len(),
        }
    }

    fn not_done(&self) -> impl Iterator<Item = Member<'_>> {
        (self.first..self.len()).filter_map(|idx| self.get(idx))
    }

    /// Takes note that the `idx`th is done; whether it was not, and what is to be dropped.
    fn set_done(&mut self, idx: usize) -> (bool, Option<Arc<dyn Submitted>>) {
        let (is_new, last) = match &mut self.members {
            Members::Own(own) => {
                let last = own[idx].take();
                (last.is_some(), last)
            }
            Members::OfMap { done, .. } => (!std::mem::replace(&mut done[idx], true), None),
        };
        while self.first < self.len() && self.get(self.first).is_none() {
            self.first += 1;
        }
        (is_new, last)
    }
}

impl Inside {
    /// How many more have to be done until the wait ends.
    fn n_needed(&self, until: Until) -> usize {
        match until {
            Until::DoneOrFailed(_) if self.n_failed > 0 => 0,
            Until::Done(wanted) | Until::DoneOrFailed(wanted) => {
                wanted.saturating_sub(self.done.len())
            }
        }
    }

    /// Whether the wait may end before all are done, without a failure.
    fn may_go_on(&self, until: Until) -> bool {
        let (Until::Done(wanted) | Until::DoneOrFailed(wanted)) = until;
        wanted < self.done.len() + self.n_not_done
    }

    fn not_done(&self) -> impl Iterator<Item = Member<'_>> {
        self.groups.iter().flat_map(Group::not_done)
    }

    /// Adds a future; its number.
    fn add(&mut self, future: Arc<dyn Submitted>) -> usize {
        match self.groups.last_mut().map(|last| &mut last.members) {
            Some(Members::Own(last)) => last.push(Some(future)),
            _ => self.push(Members::Own(vec![Some(future)])),
        }
        self.count(1)
    }

    /// Adds the calls of `map` from `start` on; the number of the first.
    fn add_of_map(&mut self, map: Arc<Map>, start: u32, n: usize) -> usize {
        let done = vec![false; n];
        self.push(Members::OfMap { map, start, done });
        self.count(n)
    }

    fn push(&mut self, members: Members) {
        self.groups.push(Group {
            place: self.n_added,
            members,
            first: 0,
        });
    }

    /// Takes note that `n` have been added; the number of the first.
    fn count(&mut self, n: usize) -> usize {
        let place = self.n_added;
        self.n_added += n;
        self.n_not_done += n;
        place
    }

    /// Takes note that the future of this number is done; whether it was not, and what is to be dropped.
    fn set_done(&mut self, idx: usize) -> (bool, Option<Arc<dyn Submitted>>) {
        let group = self.groups.partition_point(|group| group.place <= idx) - 1;
        let group = &mut self.groups[group];
        group.set_done(idx - group.place)
    }

    /// Where the first of them is from that is not done.
    fn place(&self) -> Option<Arc<Futures>> {
        let mut places = self.not_done().filter_map(|member| member.place());
        places.next().map(|(futures, _)| futures)
    }
}

impl Queue {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new_cyclic(|own| Queue {
            own: own.clone(),
            ..Queue::default()
        })
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes note that a future is done.
    pub(super) fn push(&self, idx: usize, status: FutureStatus) {
        let mut inside = self.lock();
        let (is_new, last) = inside.set_done(idx);
        drop(inside);
        // Not under the lock: it may be the last reference.
        drop(last);
        if !is_new {
            return;
        }
        let is_failed = status != FutureStatus::Finished;
        let mut inside = self.lock();
        inside.n_not_done -= 1;
        inside.done.push_back(idx);
        inside.n_failed += usize::from(is_failed);
        if is_failed || inside.done.len() >= inside.wanted {
            self.changed.notify_all();
        }
    }

    /// Whether the wait ends once those are done of which `is_free` says that they will be, and those that are not of `futures`.
    pub(super) fn has(
        &self,
        until: Until,
        futures: &Futures,
        is_free: impl Fn(FutureId) -> bool,
    ) -> bool {
        let inside = self.lock();
        let needed = inside.n_needed(until);
        let counts = |member: &Member| member.id(futures).is_none_or(&is_free);
        inside.not_done().filter(counts).take(needed).count() == needed
    }

    /// What has to be done until the wait ends, of those of `futures`.
    pub(super) fn need(&self, until: Until, futures: &Futures) -> Need {
        let inside = self.lock();
        let of: Vec<FutureId> = inside
            .not_done()
            .filter_map(|member| member.id(futures))
            .collect();
        let n_others = inside.n_not_done - of.len();
        Need {
            n: inside.n_needed(until).saturating_sub(n_others),
            of,
        }
    }

    /// Says that a task waits, unless that is not for ever.
    fn announce(&self, until: Until) -> Result<Option<Waiting>> {
        let place = self.lock().place();
        match (cancel::background_work(), place) {
            (Some(waiter), Some(futures)) => futures.wait(FutureId(waiter), &self.own, until),
            _ => Ok(None),
        }
    }

    /// Works on one of the futures, if there is something that nobody has begun.
    fn help(&self) -> bool {
        let inside = self.lock();
        let not_done = inside.not_done().filter_map(|member| match member {
            Member::Own(submitted) => Some(submitted.clone()),
            // What tasks wait for is no call of a map.
            Member::OfMap(..) => None,
        });
        let not_done: Vec<Arc<dyn Submitted>> = not_done.take(LOOKED_AT_MAX).collect();
        drop(inside);
        let helps = |future: &Arc<dyn Submitted>| match ticket::place(&**future) {
            Some((futures, id)) => futures.help(id),
            None => false,
        };
        not_done.iter().any(helps)
    }
}

impl Completions for Queue {
    fn add(&self, future: Arc<dyn Submitted>) {
        let idx = self.lock().add(future.clone());
        ticket::watch(&*future, &self.own, idx);
    }

    fn add_of_map(&self, map: &dyn SubmittedMap, idxs: RangeInclusive<u32>) {
        // A task helps with what it waits for, and that has to be a future.
        let own = map::own(map).filter(|_| !scheduler::is_in_task());
        let Some(own) = own else {
            return idxs.for_each(|idx| self.add(map.get(idx)));
        };
        let n = idxs.clone().count();
        let place = self.lock().add_of_map(own.clone(), *idxs.start(), n);
        own.watch(idxs, &self.own, place);
    }

    fn wait(&self, until: Until, deadline: Option<Instant>) -> Result<bool> {
        let is_impatient = deadline.is_some() || self.lock().may_go_on(until);
        if is_impatient && scheduler::is_in_task() {
            self.lock().n_impatient += 1;
            self.let_help();
            let result = self.wait_here(until, deadline, false);
            self.lock().n_impatient -= 1;
            return result;
        }
        self.wait_here(until, deadline, scheduler::is_in_task())
    }

    fn take(&self) -> Option<usize> {
        self.lock().done.pop_front()
    }
}

impl Queue {
    /// Starts a thread that works on the futures while tasks wait that may go on before all are done, if there is none.
    fn let_help(&self) {
        let mut inside = self.lock();
        if inside.has_helper {
            self.changed.notify_all();
            return;
        }
        let queue = self.own.clone();
        let thread = Builder::new()
            .name("dagbok-help".to_owned())
            .stack_size(STACK_BYTES);
        let helper =
            thread.spawn(
                move || {
                    while queue.upgrade().is_some_and(|queue| queue.help_or_wait()) {}
                },
            );
        inside.has_helper = helper.is_ok();
    }

    /// Whether there is more to do.
    fn help_or_wait(&self) -> bool {
        let mut inside = self.lock();
        let is_needed = inside.n_impatient > 0;
        inside.has_helper = inside.n_not_done > 0;
        if !inside.has_helper {
            return false;
        }
        drop(inside);
        if !is_needed || !self.help() {
            let tick = if is_needed { HELP_TICK } else { TICK };
            drop(self.changed.wait_timeout(self.lock(), tick));
        }
        true
    }

    fn wait_here(&self, until: Until, deadline: Option<Instant>, helps: bool) -> Result<bool> {
        let (Until::Done(wanted) | Until::DoneOrFailed(wanted)) = until;
        let is_in_task = scheduler::is_in_task();
        let tick = if helps { HELP_TICK } else { TICK };
        let mut announced = None;
        loop {
            let mut inside = self.lock();
            inside.wanted = wanted;
            if inside.n_needed(until) == 0 {
                return Ok(true);
            }
            if cancel::requested() {
                return Err(interrupted());
            }
            let now = now();
            let left = deadline.map(|deadline| deadline.saturating_duration_since(now));
            if left == Some(Duration::ZERO) {
                return Ok(false);
            }
            if is_in_task {
                drop(inside);
                if announced.is_none() && deadline.is_none() {
                    announced = Some(self.announce(until)?);
                }
                if helps {
                    scheduler::check_depth()?;
                    if self.help() {
                        continue;
                    }
                }
                inside = self.lock();
                if inside.n_needed(until) == 0 {
                    continue;
                }
            }
            let time = left.map_or(tick, |left| left.min(tick));
            drop(self.changed.wait_timeout(inside, time));
        }
    }
}

fn interrupted() -> Error {
    let text = "the wait was interrupted; the futures that it was for go on";
    Error::new(ErrorKind::Cancelled, text)
}

/// The values of `futures`, once there are all.
///
/// # Errors
/// That of the first that fails or is cancelled, without waiting for the others; `Cancelled` after an interrupt.
pub(crate) fn gather(futures: &[Arc<dyn Submitted>]) -> Result<Vec<Value>> {
    if futures.iter().any(|future| !future.status().is_done()) {
        let queue = Queue::new();
        for future in futures {
            queue.add(future.clone());
        }
        queue.wait(Until::DoneOrFailed(futures.len()), None)?;
    }
    let outcomes = || futures.iter().filter_map(|future| future.outcome());
    if let Some(error) = outcomes().find_map(Result::err) {
        return Err(error);
    }
    outcomes().collect()
}
