//! Letting go of futures: what one was computed from may hold the last reference to another, and so on, deeper than the stack.

use std::any::Any;
use std::cell::RefCell;

type Garbage = Vec<Box<dyn Any + Send>>;

thread_local! {
    /// What the outermost drop on this thread still has to let go of.
    static PENDING: RefCell<Option<Garbage>> = const { RefCell::new(None) };
}

/// Drops `garbage`. Where that calls this in turn, it is put off until the outermost call comes to it.
pub(super) fn drop_all(garbage: Garbage) {
    let is_outermost = PENDING.with_borrow_mut(|pending| {
        let is_outermost = pending.is_none();
        pending.get_or_insert_default().extend(garbage);
        is_outermost
    });
    if is_outermost {
        let _end = Outermost;
        while let Some(garbage) = PENDING.with_borrow_mut(|pending| pending.as_mut()?.pop()) {
            drop(garbage);
        }
    }
}

/// Ends the outermost drop, also when a value's own `drop` panics.
struct Outermost;

impl Drop for Outermost {
    fn drop(&mut self) {
        let left = PENDING.take();
        drop(left);
    }
}
