//! Room for results: which tasks fit, what goes to the disk so that the next one does, and what runs although it does not.

use std::cmp::Reverse;

use dagbok::{Result, Value};

use super::core::Core;
use super::hands::Hands;
use super::state::{Event, RunId};
use crate::events;
use crate::graph::TaskId;
use crate::sync::now;

impl Core {
    /// Takes tasks into `hands` if there is room for their results.
    pub(super) fn pick_what_fits(&mut self, hands: &mut Hands) {
        let Some((run, _, bytes)) = self.next_need() else {
            hands.lacks_room = false;
            return;
        };
        hands.lacks_room = !self.has_room(bytes);
        if hands.lacks_room {
            return;
        }
        let room = self.memory.room();
        // Only the room for what the first of several tasks takes from the disk is known here.
        let are_elsewhere = self.job(run).results.are_elsewhere();
        let most = if are_elsewhere { 1 } else { hands.batch };
        self.pick(Some(run), most, room, hands);
    }

    /// Whether there is room for so many bytes.
    pub(super) fn has_room(&self, bytes: usize) -> bool {
        self.memory.room() >= i64::try_from(bytes).unwrap_or(i64::MAX)
    }

    /// The next task, and the bytes that it will take.
    pub(super) fn next_need(&mut self) -> Option<(RunId, TaskId, usize)> {
        let (run, task, expected) = self.state.next(None)?;
        let job = self.jobs.get(&run)?;
        let limit = self.memory.limit();
        Some((
            run,
            task,
            job.results.need(&job.graph, task, expected, limit),
        ))
    }

    /// Lets results go to the disk so that the next task has room, those first whose next use is farthest. If there are none,
    /// and nothing runs that would make room, the task runs all the same.
    pub(super) fn make_room(&mut self, hands: &mut Hands) {
        let Some((run, task, bytes)) = self.next_need() else {
            return;
        };
        let room = self
            .memory
            .room()
            .saturating_add_unsigned(self.bytes_leaving as u64);
        let lacking = i64::try_from(bytes)
            .unwrap_or(i64::MAX)
            .saturating_sub(room);
        if lacking <= 0 {
            return;
        }
        let lacking = usize::try_from(lacking).unwrap_or(usize::MAX);
        let lacking = lacking.max(self.memory.freed_at_once());
        hands.garbage = self.memory.cache.evict(lacking);
        if !hands.garbage.is_empty() {
            return;
        }
        let is_taken_now = |other: RunId, result: TaskId| {
            let inputs = self.jobs.get(&run).map(|job| job.graph.inputs(task));
            other == run && inputs.is_some_and(|inputs| inputs.contains(&result))
        };
        let mut victims = Vec::new();
        for (id, job) in &self.jobs {
            let Some(next_use) = self.state.next_uses(*id) else {
                continue;
            };
            let farthest = job.results.farthest(lacking, next_use).into_iter();
            let farthest = farthest.filter(|(_, result)| !is_taken_now(*id, *result));
            victims.extend(farthest.map(|(distance, result)| (distance, *id, result)));
        }
        victims.sort_unstable_by_key(|(distance, ..)| Reverse(*distance));
        let mut freed = 0;
        for (_, run, task) in victims {
            if freed >= lacking {
                break;
            }
            freed += self.let_go(run, task, hands);
        }
        let n_running = self.state.n_running().saturating_sub(self.n_nested);
        if freed == 0 && n_running == 0 && self.bytes_leaving == 0 {
            self.pick(Some(run), 1, i64::MAX, hands);
        }
    }

    /// Lets a result go to the disk, or out of memory if it is there; its bytes.
    fn let_go(&mut self, run: RunId, task: TaskId, hands: &mut Hands) -> usize {
        let job = self.job(run);
        let (value, is_stored) = job.results.begin_to_store(task);
        let bytes = value.bytes();
        if is_stored {
            job.note(hands.now, events::Event::Spilled { task, bytes });
            hands.garbage.push(value);
        } else {
            hands.leaving.push((run, task, value));
            self.bytes_leaving += bytes;
        }
        bytes
    }

    /// Takes note that a result is on the disk, or that it cannot be.
    pub(super) fn stored(
        &mut self,
        run: RunId,
        task: TaskId,
        value: Value,
        stored: Result<Option<Value>>,
        hands: &mut Hands,
    ) {
        let bytes = value.bytes();
        self.bytes_leaving = self.bytes_leaving.saturating_sub(bytes);
        if let Some(job) = self.jobs.get_mut(&run) {
            match stored {
                Ok(Some(stored)) => {
                    if job.results.end_to_store(task, stored) {
                        job.note(now(), events::Event::Spilled { task, bytes });
                    }
                }
                Ok(None) => {}
                Err(error) => {
                    job.error.get_or_insert(error);
                    self.apply(Event::Lost { run }, hands);
                    self.withdraw(hands);
                }
            }
        }
        hands.garbage.push(value);
    }
}
