//! Where a plan has put a call, written into the call itself, so that a plan of a million calls looks nothing up.

use std::sync::atomic::{AtomicU32, Ordering};

/// The number that a plan has given a call, the last that gave one.
///
/// Only one plan at a time may write such numbers; that is for the planner to see to, and to tell an older plan's from its own.
pub struct Place(AtomicU32);

/// Other calls may have the same name, so that a plan finds this one by its name.
const IS_NAME_SHARED: u32 = 1 << 31;

/// No plan has given a number.
const NONE: u32 = IS_NAME_SHARED - 1;

impl Place {
    /// That of a call whose name no other has, unless [`share_name`](Place::share_name) is called.
    pub(super) fn of_unique_name() -> Self {
        Place(AtomicU32::new(NONE))
    }

    /// From now on there may be another call of the same name: they are the same work.
    pub(super) fn share_name(&self) {
        self.0.fetch_or(IS_NAME_SHARED, Ordering::SeqCst);
    }

    /// Whether there may be another call of the same name.
    #[inline]
    pub fn is_name_shared(&self) -> bool {
        self.0.load(Ordering::Relaxed) & IS_NAME_SHARED != 0
    }

    /// The number that the last plan gave.
    #[inline]
    pub fn get(&self) -> Option<u32> {
        let number = self.0.load(Ordering::Relaxed) & !IS_NAME_SHARED;
        (number != NONE).then_some(number)
    }

    /// Gives the call a number.
    ///
    /// # Panics
    /// If it is 2³¹ − 1 or more.
    #[inline]
    pub fn set(&self, number: u32) {
        assert!(number < NONE, "a plan has fewer than 2^31 - 1 calls");
        let (set, fetch) = (Ordering::Relaxed, Ordering::Relaxed);
        let with_number = |old: u32| Some(old & IS_NAME_SHARED | number);
        let _ = self.0.fetch_update(set, fetch, with_number);
    }
}
