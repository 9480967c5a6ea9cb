//! What a future refers to: work of its own, or one call of a map.

use std::sync::Arc;

use super::FutureStatus;
use crate::cancel;
use crate::engine::{Completions, Submitted, SubmittedMap};
use crate::sealed::Sealed;

/// The work of a future. What has been submitted with many others may have no [`Submitted`] of its own yet.
pub(crate) enum Handle {
    Own(Arc<dyn Submitted>),
    /// The call of this number.
    OfMap(Arc<dyn SubmittedMap>, u32),
}

/// The futures of a map that is being listed.
pub(super) struct Listing {
    map: Arc<dyn SubmittedMap>,
    next: u32,
}

impl Listing {
    pub(super) fn of(map: Arc<dyn SubmittedMap>) -> Self {
        Listing { map, next: 0 }
    }

    /// The future of the next call, which is there by now.
    pub(super) fn next(&mut self) -> Sealed<Handle> {
        let handle = Handle::OfMap(self.map.clone(), self.next).into();
        self.next += 1;
        cancel::checkpoint();
        self.map.look_again();
        handle
    }
}

impl Handle {
    /// The work, which is some from now on.
    pub(super) fn submitted(&self) -> Arc<dyn Submitted> {
        match self {
            Handle::Own(submitted) => submitted.clone(),
            Handle::OfMap(map, idx) => map.get(*idx),
        }
    }

    pub(super) fn status(&self) -> FutureStatus {
        let begun = match self {
            Handle::Own(submitted) => return submitted.status(),
            Handle::OfMap(map, idx) => map.begun(*idx),
        };
        begun.map_or(FutureStatus::Pending, |submitted| submitted.status())
    }

    /// Whether `other` is the call after this one of the same map.
    fn is_before(&self, other: &Handle) -> bool {
        match (self, other) {
            (Handle::OfMap(map, idx), Handle::OfMap(other_map, other)) => {
                Arc::ptr_eq(map, other_map) && idx.checked_add(1) == Some(*other)
            }
            _ => false,
        }
    }
}

/// The most futures that there is room for at once, before they are there.
pub(super) const ROOM_MAX: usize = 1 << 20;

/// So many that follow each other in a map are waited for as one, without asking for them.
const RUN_MIN: u32 = 1000;

/// Lets `completions` wait for futures too, in this order.
pub(super) fn add_all<'h>(
    completions: &dyn Completions,
    handles: impl Iterator<Item = &'h Sealed<Handle>>,
) {
    let mut handles = handles.peekable();
    while let Some(first) = handles.next() {
        let (mut last, mut n) = (first, 1);
        while let Some(next) = handles.next_if(|next| last.is_before(next)) {
            last = next;
            n += 1;
        }
        match &**first {
            Handle::Own(submitted) => completions.add(submitted.clone()),
            Handle::OfMap(map, idx) if n >= RUN_MIN => {
                completions.add_of_map(&**map, *idx..=idx + (n - 1));
            }
            Handle::OfMap(map, idx) => {
                (*idx..=idx + (n - 1)).for_each(|idx| completions.add(map.get(idx)));
            }
        }
    }
}

impl Clone for Handle {
    fn clone(&self) -> Self {
        match self {
            Handle::Own(submitted) => Handle::Own(submitted.clone()),
            Handle::OfMap(map, idx) => {
                map.retain(*idx);
                Handle::OfMap(map.clone(), *idx)
            }
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        if let Handle::OfMap(map, idx) = self {
            map.release(*idx);
        }
    }
}
