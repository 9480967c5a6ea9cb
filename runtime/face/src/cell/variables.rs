//! The values that live on from cell to cell.

use std::any::Any;
use std::collections::BTreeMap;

/// The variables of a session, by name.
#[derive(Default)]
pub struct Variables {
    values: BTreeMap<String, Box<dyn Any>>,
}

impl Variables {
    /// Keeps `value` under `name`; an earlier value of that name is dropped.
    pub fn insert(&mut self, name: &str, value: Box<dyn Any>) {
        self.values.insert(name.to_owned(), value);
    }

    /// Moves the value of `name` out of the store.
    ///
    /// # Panics
    /// If there is none.
    pub fn remove(&mut self, name: &str) -> Box<dyn Any> {
        match self.values.remove(name) {
            Some(value) => value,
            None => panic!("there is no variable `{name}`"),
        }
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

/// `value` as a `T`, a type with the same definition as the value's own, compiled again in another crate.
///
/// # Errors
/// The value itself, if it is of another size or alignment.
#[expect(
    unsafe_code,
    reason = "an `impl` in a later cell compiles a type again, and its values live on"
)]
pub(super) fn downcast_identical<T: 'static>(value: Box<dyn Any>) -> Result<Box<T>, Box<dyn Any>> {
    let same_layout =
        size_of_val(&*value) == size_of::<T>() && align_of_val(&*value) == align_of::<T>();
    if !same_layout {
        return Err(value);
    }
    // SAFETY: the kernel calls this only for a type whose definition, and all that it mentions, is word for word that of
    // the value's type; the same compiler with the same flags gives both the same layout. The allocation is of that layout.
    Ok(unsafe { Box::from_raw(Box::into_raw(value).cast::<T>()) })
}
