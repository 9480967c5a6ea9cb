//! The tasks of the calls of one plan.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Mutex, MutexGuard, TryLockError};

use dagbok::Name;
use dagbok::delayed::{DelayedNode, Place};

use crate::graph::TaskId;

/// Which task each call has: a number in the call itself, and for calls whose names others have an entry by name. Where two plans
/// are made at once, the second one has entries by name alone.
pub(super) struct Places {
    turn: Option<Turn>,
    by_name: HashMap<Name, TaskId, BuildHasherDefault<TokenHasher>>,
}

/// The right to write numbers into calls.
struct Turn {
    plan: u32,
    _lock: MutexGuard<'static, u32>,
}

impl Turn {
    /// None while another plan has it, and after two billion plans.
    fn take() -> Option<Self> {
        static PLANS: Mutex<u32> = Mutex::new(0);
        let mut plans = match PLANS.try_lock() {
            Ok(plans) => plans,
            Err(TryLockError::Poisoned(plans)) => plans.into_inner(),
            Err(TryLockError::WouldBlock) => return None,
        };
        let plan = plans
            .checked_add(1)
            .filter(|plan| *plan <= Place::PLANS_MAX)?;
        *plans = plan;
        Some(Turn { plan, _lock: plans })
    }
}

impl Default for Places {
    fn default() -> Self {
        Places {
            turn: Turn::take(),
            by_name: HashMap::default(),
        }
    }
}

impl Places {
    /// The task of `node`, or of another call of the same name.
    pub(super) fn get(&self, node: &DelayedNode) -> Option<TaskId> {
        let number = self
            .turn
            .as_ref()
            .and_then(|turn| node.place.get(turn.plan));
        let by_name = || match self.turn.is_none() || node.place.is_name_shared() {
            true => self.by_name.get(&node.name()).copied(),
            false => None,
        };
        number
            .map(|number| TaskId::new(number as usize))
            .or_else(by_name)
    }

    /// From now on `node` has the task `task`.
    pub(super) fn set(&mut self, node: &DelayedNode, task: TaskId) {
        if let Some(turn) = &self.turn {
            node.place.set(turn.plan, task.index() as u32);
        }
        if self.turn.is_none() || node.place.is_name_shared() {
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
