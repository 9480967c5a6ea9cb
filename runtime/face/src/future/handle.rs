//! What a future refers to: work of its own, or one call of a map.

use std::mem::ManuallyDrop;
use std::sync::Arc;

use super::{Future, FutureStatus};
use crate::cancel;
use crate::engine::{Completions, Submitted, SubmittedMap};
use crate::sealed::Sealed;

/// The work of a future, in two words. What has been submitted with many others may have no [`Submitted`] of its own yet.
pub(crate) enum Handle {
    Own(Box<Arc<dyn Submitted>>),
    /// The call of this number.
    OfMap(Arc<Map>, u32),
}

/// A map of calls, for handles to share.
pub(crate) struct Map(Arc<dyn SubmittedMap>);

const _: () = assert!(size_of::<Option<Sealed<Handle>>>() == 16);

/// The futures of a map that is being listed.
pub(super) struct Listing {
    map: Arc<Map>,
    handles: Vec<Sealed<Handle>>,
}

impl Listing {
    /// None yet, and room for `n_calls`.
    pub(super) fn of(map: Arc<dyn SubmittedMap>, n_calls: usize) -> Self {
        Listing {
            map: Arc::new(Map(map)),
            handles: Vec::with_capacity(n_calls),
        }
    }

    /// Adds the future of the next call, which is there by now.
    pub(super) fn push(&mut self) {
        let idx = u32::try_from(self.handles.len()).expect("a map has fewer than 2^32 calls");
        self.handles
            .push(Handle::OfMap(self.map.clone(), idx).into());
        cancel::checkpoint();
        self.map.0.added(idx);
    }

    /// All futures, in the order of their calls.
    pub(super) fn into_futures<T>(self) -> Vec<Future<T>> {
        futures(self.handles)
    }
}

/// The futures that `handles` are of, in no time: a cell, whose code is not optimized, would take long for a million of them.
#[expect(unsafe_code, reason = "safe code looks at each")]
fn futures<T>(handles: Vec<Sealed<Handle>>) -> Vec<Future<T>> {
    let mut handles = ManuallyDrop::new(handles);
    let (len, capacity) = (handles.len(), handles.capacity());
    // SAFETY: a `Future` is a handle and nothing else, as `repr(transparent)` says; `handles` is not used again.
    unsafe { Vec::from_raw_parts(handles.as_mut_ptr().cast(), len, capacity) }
}

/// The handles that `futures` are, as fast.
#[expect(unsafe_code, reason = "safe code looks at each")]
pub(super) fn handles<T>(futures: Vec<Future<T>>) -> Vec<Sealed<Handle>> {
    let mut futures = ManuallyDrop::new(futures);
    let (len, capacity) = (futures.len(), futures.capacity());
    // SAFETY: as in `futures`.
    unsafe { Vec::from_raw_parts(futures.as_mut_ptr().cast(), len, capacity) }
}

impl Handle {
    /// The work, which is some from now on.
    pub(super) fn submitted(&self) -> Arc<dyn Submitted> {
        match self {
            Handle::Own(submitted) => Arc::clone(submitted),
            Handle::OfMap(map, idx) => map.0.get(*idx),
        }
    }

    pub(super) fn status(&self) -> FutureStatus {
        let begun = match self {
            Handle::Own(submitted) => return submitted.status(),
            Handle::OfMap(map, idx) => map.0.begun(*idx),
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

/// The most calls that there is room for at once, before they are there.
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
            Handle::Own(submitted) => completions.add(Arc::clone(submitted)),
            Handle::OfMap(map, idx) if n >= RUN_MIN => {
                completions.add_of_map(&*map.0, *idx..=idx + (n - 1));
            }
            Handle::OfMap(map, idx) => {
                (*idx..=idx + (n - 1)).for_each(|idx| completions.add(map.0.get(idx)));
            }
        }
    }
}

impl Clone for Handle {
    fn clone(&self) -> Self {
        match self {
            Handle::Own(submitted) => Handle::Own(submitted.clone()),
            Handle::OfMap(map, idx) => {
                map.0.retain(*idx);
                Handle::OfMap(map.clone(), *idx)
            }
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        if let Handle::OfMap(map, idx) = self {
            map.0.release(*idx);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Counts what refers to each of its calls.
    struct Counted([AtomicUsize; 3]);

    impl SubmittedMap for Counted {
        fn added(&self, from: u32) {
            self.retain(from);
        }

        fn get(&self, _: u32) -> Arc<dyn Submitted> {
            unreachable!("nobody looks at the futures")
        }

        fn begun(&self, _: u32) -> Option<Arc<dyn Submitted>> {
            None
        }

        fn retain(&self, idx: u32) {
            self.0[idx as usize].fetch_add(1, Ordering::Relaxed);
        }

        fn release(&self, idx: u32) {
            self.0[idx as usize].fetch_sub(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn futures_are_handles_and_handles_futures() {
        let map = Arc::new(Counted(Default::default()));
        let check = |expected: [usize; 3]| {
            let n_held = map.0.each_ref().map(|n| n.load(Ordering::Relaxed));
            assert_eq!(n_held, expected);
        };
        let mut listing = Listing::of(map.clone(), 8);
        (0..3).for_each(|_| listing.push());
        let mut listed: Vec<Future<String>> = listing.into_futures();
        check([1, 1, 1]);
        listed.push(listed[1].clone());
        check([1, 2, 1]);
        drop(listed.remove(0));
        check([0, 2, 1]);
        let listed = futures::<u8>(handles(listed));
        assert_eq!(listed.len(), 3);
        check([0, 2, 1]);
        drop(listed);
        check([0, 0, 0]);
        assert!(handles(Vec::<Future<u8>>::new()).is_empty());
    }
}
