//! Where a plan has put a call, written into the call itself, so that a plan of a million calls looks nothing up.

use std::sync::atomic::{AtomicU64, Ordering};

/// The number that the newest plan has given a call.
///
/// Only one plan at a time may write such numbers; that is for the planner to see to.
pub struct Place(AtomicU64);

/// Other calls may have the same name, so that a plan finds this one by its name.
const IS_NAME_SHARED: u64 = 1 << 63;

impl Place {
    /// That of a call which may have the name of another one: they are the same work.
    pub(super) fn of_shared_name() -> Self {
        Place(AtomicU64::new(IS_NAME_SHARED))
    }

    /// That of a call whose name no other has, unless [`share_name`](Place::share_name) is called.
    pub(super) fn of_unique_name() -> Self {
        Place(AtomicU64::new(0))
    }

    /// From now on there may be another call of the same name.
    pub(super) fn share_name(&self) {
        self.0.fetch_or(IS_NAME_SHARED, Ordering::SeqCst);
    }

    /// Whether there may be another call of the same name.
    #[inline]
    pub fn is_name_shared(&self) -> bool {
        self.0.load(Ordering::Relaxed) & IS_NAME_SHARED != 0
    }

    /// The number that the plan `plan` gave, if it did; plans are numbered from 1 to [`Place::PLANS_MAX`].
    #[inline]
    pub fn get(&self, plan: u32) -> Option<u32> {
        let place = self.0.load(Ordering::Relaxed) & !IS_NAME_SHARED;
        ((place >> 32) as u32 == plan).then_some(place as u32)
    }

    /// The number that the plan `plan` gives.
    #[inline]
    pub fn set(&self, plan: u32, number: u32) {
        let place = u64::from(plan) << 32 | u64::from(number);
        let (set, fetch) = (Ordering::Relaxed, Ordering::Relaxed);
        let with_place = |old: u64| Some(old & IS_NAME_SHARED | place);
        let _ = self.0.fetch_update(set, fetch, with_place);
    }

    /// The last plan that can be told from others.
    pub const PLANS_MAX: u32 = u32::MAX >> 1;
}
