//! The tasks of the calls of one plan.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Mutex, MutexGuard, TryLockError};

use dagbok::Name;
use dagbok::delayed::DelayedNode;

use crate::graph::{Graph, TaskId};

/// Which task each call has: a number in the call itself, and for calls whose names others have an entry by name. Where two plans
/// are made at once, the second one has entries by name alone.
pub(super) struct Places {
    turn: Option<Turn>,
    by_name: HashMap<Name, TaskId, BuildHasherDefault<TokenHasher>>,
}

/// The right to write numbers into calls.
type Turn = MutexGuard<'static, ()>;

/// None while another plan has it.
fn take_turn() -> Option<Turn> {
    static TURN: Mutex<()> = Mutex::new(());
    match TURN.try_lock() {
        Ok(turn) => Some(turn),
        Err(TryLockError::Poisoned(turn)) => Some(turn.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}

impl Default for Places {
    fn default() -> Self {
        Places {
            turn: take_turn(),
            by_name: HashMap::default(),
        }
    }
}

impl Places {
    /// The task of `node`, or of another call of the same name, in the plan whose tasks are those of `graph`.
    pub(super) fn get(&self, graph: &Graph, node: &DelayedNode) -> Option<TaskId> {
        let place = node.place();
        if self.turn.is_some() {
            let of_this_plan = |number| graph.task_of_call(number as usize, node);
            let task = place.get().and_then(of_this_plan);
            if task.is_some() || !place.is_name_shared() {
                return task;
            }
        }
        self.by_name.get(&node.name()).copied()
    }

    /// From now on `node` has the task `task`.
    pub(super) fn set(&mut self, node: &DelayedNode, task: TaskId) {
        if self.turn.is_some() {
            node.place().set(task.index() as u32);
        }
        if self.turn.is_none() || node.place().is_name_shared() {
            self.by_name.insert(node.name(), task);
        }
    }
}

/// A name's token is a hash already.
#[derive(Default)]
struct TokenHasher(u64);

impl Hasher for TokenHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, token: u64) {
        self.0 = token;
    }
}
