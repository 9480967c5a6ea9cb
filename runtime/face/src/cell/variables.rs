//! The values that live on from cell to cell.
//!
//! Every cell compiles what is generic here once more for each variable that it names; so values are moved as bytes, by functions
//! that know a type's size, its identity and how it is dropped.

#![expect(
    unsafe_code,
    reason = "a value's type is known to the cells and not to the store"
)]

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::any::TypeId;
use std::collections::BTreeMap;
use std::mem::{ManuallyDrop, MaybeUninit, needs_drop};
use std::ptr::NonNull;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The variables of a session, by name. Cells of several threads share it.
///
/// A value need not be `Send`. So each has a home, the number of the thread that has put it here: that thread alone takes
/// it without being [`sent`](super::sent), and drops it.
#[derive(Default)]
pub struct Variables {
    store: Mutex<Store>,
}

#[derive(Default)]
struct Store {
    values: BTreeMap<String, Held>,
    /// How many values have been kept under any name.
    n_kept: u64,
    /// What waits for its own thread to drop it.
    strays: Vec<Held>,
}

/// The home of nothing, for a thread that drops nothing itself.
pub const NOWHERE: u32 = u32::MAX;

impl Variables {
    /// Keeps `held` under `name`. Returns how many values have been kept until now, and an earlier one of that name.
    pub(super) fn keep(&self, name: &str, held: Held) -> (u64, Option<Held>) {
        let mut store = self.store();
        store.n_kept += 1;
        let earlier = store.values.insert(name.to_owned(), held);
        (store.n_kept, earlier)
    }

    /// Puts back a value that was taken. If there is a newer one of that name, that stays, and `held` is dropped.
    pub(super) fn put_back(&self, name: &str, held: Held) {
        let mut store = self.store();
        if store.values.contains_key(name) {
            drop(store);
            drop(held);
        } else {
            store.values.insert(name.to_owned(), held);
        }
    }

    /// Moves the value of `name` out of the store.
    ///
    /// # Panics
    /// If there is none, or it is no `T`; then it stays.
    pub fn take<T: 'static>(&self, name: &str) -> T {
        let mut slot = MaybeUninit::<T>::uninit();
        // SAFETY: the slot has a `T`'s layout, and the value is a `T`.
        unsafe {
            self.take_bytes(name, slot.as_mut_ptr().cast(), |held| {
                held.type_id == TypeId::of::<T>()
            });
            slot.assume_init()
        }
    }

    /// Moves the value of `name` out of the store as a value of a type with the same definition as its own, which has been
    /// compiled again in another crate.
    ///
    /// # Panics
    /// If there is none, or it is of another size or alignment; then it stays.
    pub fn take_identical<T: 'static>(&self, name: &str) -> T {
        let mut slot = MaybeUninit::<T>::uninit();
        // SAFETY: the kernel asks for this only if the definition of the value's type, and all that it depends on, is word for
        // word that of `T`: the same compiler with the same flags gives both the same layout.
        unsafe {
            self.take_bytes(name, slot.as_mut_ptr().cast(), |held| {
                held.layout == Layout::new::<T>()
            });
            slot.assume_init()
        }
    }

    /// Moves the value of `name` to `slot`.
    ///
    /// # Safety
    /// `slot` has the layout of every value that `is_right`.
    unsafe fn take_bytes(&self, name: &str, slot: *mut u8, is_right: fn(&Kind) -> bool) {
        let mut store = self.store();
        let is_right = store.values.get(name).map(|held| is_right(&held.kind));
        let held = match is_right {
            Some(true) => store.values.remove(name),
            Some(false) | None => None,
        };
        drop(store);
        match held {
            // SAFETY: as the caller promises.
            Some(held) => unsafe { held.move_to(slot) },
            None if is_right.is_none() => panic!("there is no variable `{name}`"),
            None => panic!("the variable `{name}` has another type than the cell expects"),
        }
    }

    /// Drops the value of `name`, if there is one, in the thread `home` or once its own comes to it.
    pub fn forget(&self, name: &str, home: u32) {
        let held = self.store().values.remove(name);
        if let Some(held) = held {
            self.discard(held, home);
        }
    }

    /// All names, sorted, and how many values have been kept until now.
    pub fn names(&self) -> (Vec<String>, u64) {
        let store = self.store();
        (store.values.keys().cloned().collect(), store.n_kept)
    }

    /// Whether any value is of the thread `home`.
    pub fn has_home(&self, home: u32) -> bool {
        let store = self.store();
        let mut all = store.values.values().chain(&store.strays);
        all.any(|held| held.home == home && held.kind.drop.is_some())
    }

    /// The threads that have values to drop.
    pub fn homes_of_strays(&self) -> Vec<u32> {
        let mut homes: Vec<u32> = self.store().strays.iter().map(|held| held.home).collect();
        homes.sort_unstable();
        homes.dedup();
        homes
    }

    /// Drops one value that other threads have left to the current one, which is `home`; whether there was one.
    pub fn drop_stray(&self, home: u32) -> bool {
        let mut store = self.store();
        let idx = store.strays.iter().position(|held| held.home == home);
        let stray = idx.map(|idx| store.strays.remove(idx));
        drop(store);
        stray.is_some()
    }

    /// Drops `held`, if the current thread, which is `home`, may do that; otherwise its own will.
    pub(super) fn discard(&self, held: Held, home: u32) {
        if held.home == home || held.kind.drop.is_none() {
            drop(held);
        } else {
            self.store().strays.push(held);
        }
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All that the store knows of a type.
#[derive(Clone, Copy)]
struct Kind {
    layout: Layout,
    type_id: TypeId,
    drop: Option<unsafe fn(*mut u8)>,
}

impl Kind {
    fn of<T: 'static>() -> Self {
        Kind {
            layout: Layout::new::<T>(),
            type_id: TypeId::of::<T>(),
            drop: needs_drop::<T>().then_some(drop_value::<T>),
        }
    }
}

/// # Safety
/// `value` points to a `T` that nobody uses afterwards.
unsafe fn drop_value<T>(value: *mut u8) {
    // SAFETY: as the caller promises.
    unsafe { value.cast::<T>().drop_in_place() }
}

/// A value in memory of its own.
pub(super) struct Held {
    value: NonNull<u8>,
    kind: Kind,
    /// The thread that has put it here.
    home: u32,
}

// SAFETY: other threads than its home only move it from one place of the store to another, or take it as a type that is
// `Send`, of which the compiler makes sure where they name it.
unsafe impl Send for Held {}

impl Held {
    /// `value`, which is of the thread `home`, as the store holds it.
    pub(super) fn of<T: 'static>(value: T, home: u32) -> Self {
        let mut value = ManuallyDrop::new(value);
        let kind = Kind::of::<T>();
        // SAFETY: `value` is a `T`, and nobody drops it here.
        unsafe { Held::new((&raw mut value).cast(), kind, home) }
    }

    /// Moves the value at `from` into memory of its own.
    ///
    /// # Safety
    /// `from` points to a value of this `kind`, which nobody uses or drops afterwards.
    unsafe fn new(from: *const u8, kind: Kind, home: u32) -> Self {
        let layout = kind.layout;
        let value = match layout.size() {
            0 => NonNull::without_provenance(
                layout.align().try_into().expect("alignments are not zero"),
            ),
            _ => {
                // SAFETY: the layout is not empty.
                let allocated = unsafe { alloc(layout) };
                NonNull::new(allocated).unwrap_or_else(|| handle_alloc_error(layout))
            }
        };
        // SAFETY: both have the layout's size, and the new memory is nobody else's.
        unsafe { value.as_ptr().copy_from_nonoverlapping(from, layout.size()) };
        Held { value, kind, home }
    }

    /// # Safety
    /// `slot` has the value's layout.
    unsafe fn move_to(self, slot: *mut u8) {
        let held = ManuallyDrop::new(self);
        let layout = held.kind.layout;
        // SAFETY: as the caller promises; what is left here is memory without a value.
        unsafe { slot.copy_from_nonoverlapping(held.value.as_ptr(), layout.size()) };
        held.free();
    }

    fn free(&self) {
        let layout = self.kind.layout;
        if layout.size() > 0 {
            // SAFETY: `new` allocated it with this layout, and it is freed once: by `drop`, or by `move_to`, which forgets it.
            unsafe { dealloc(self.value.as_ptr(), layout) };
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        /// Frees the memory also when the value's own drop panics.
        struct Free<'a>(&'a Held);
        impl Drop for Free<'_> {
            fn drop(&mut self) {
                self.0.free();
            }
        }
        let held = Free(self);
        if let Some(drop) = held.0.kind.drop {
            // SAFETY: the value is of this kind, and this is its end.
            unsafe { drop(held.0.value.as_ptr()) };
        }
    }
}
