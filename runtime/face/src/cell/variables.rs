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

/// The variables of a session, by name.
#[derive(Default)]
pub struct Variables {
    values: BTreeMap<String, Held>,
}

impl Variables {
    /// Keeps `value` under `name`; an earlier value of that name is dropped.
    pub fn insert<T: 'static>(&mut self, name: &str, value: T) {
        let mut value = ManuallyDrop::new(value);
        let kind = Kind::of::<T>();
        // SAFETY: `value` is a `T`, and nobody drops it here.
        let held = unsafe { Held::new((&raw mut value).cast(), kind) };
        self.hold(name, held);
    }

    fn hold(&mut self, name: &str, held: Held) {
        self.values.insert(name.to_owned(), held);
    }

    /// Moves the value of `name` out of the store.
    ///
    /// # Panics
    /// If there is none, or it is no `T`.
    pub fn take<T: 'static>(&mut self, name: &str) -> T {
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
    /// If there is none, or it is of another size or alignment.
    pub fn take_identical<T: 'static>(&mut self, name: &str) -> T {
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
    unsafe fn take_bytes(&mut self, name: &str, slot: *mut u8, is_right: fn(&Kind) -> bool) {
        let Some(held) = self.values.remove(name) else {
            panic!("there is no variable `{name}`");
        };
        if !is_right(&held.kind) {
            panic!("the variable `{name}` has another type than the cell expects");
        }
        // SAFETY: as the caller promises.
        unsafe { held.move_to(slot) };
    }

    /// Drops the value of `name`, if there is one.
    pub fn forget(&mut self, name: &str) {
        self.values.remove(name);
    }

    /// All names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
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
struct Held {
    value: NonNull<u8>,
    kind: Kind,
}

impl Held {
    /// Moves the value at `from` into memory of its own.
    ///
    /// # Safety
    /// `from` points to a value of this `kind`, which nobody uses or drops afterwards.
    unsafe fn new(from: *const u8, kind: Kind) -> Self {
        let layout = kind.layout;
        let value = match layout.size() {
            0 => NonNull::without_provenance(
                layout.align().try_into().expect("alignments are not zero"),
            ),
            // SAFETY: the layout is not empty.
            _ => {
                NonNull::new(unsafe { alloc(layout) }).unwrap_or_else(|| handle_alloc_error(layout))
            }
        };
        // SAFETY: both have the layout's size, and the new memory is nobody else's.
        unsafe { value.as_ptr().copy_from_nonoverlapping(from, layout.size()) };
        Held { value, kind }
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
