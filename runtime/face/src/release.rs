//! Letting go of expressions: a loop `x = x + 1` makes them a hundred thousand deep, more than a recursive drop's stack holds.

use std::cell::RefCell;

use crate::array::ArrayNode;
use crate::delayed::DelayedNode;
use crate::engine::Collection;
use crate::frame::FrameNode;

thread_local! {
    /// What the outermost drop on this thread still has to let go of.
    static PENDING: RefCell<Option<Vec<Collection>>> = const { RefCell::new(None) };
}

/// Drops `inputs`, the last step of dropping what was made of them. Where that drops other nodes in turn, they are put off
/// until it is done.
fn release(inputs: impl Iterator<Item = Collection>) {
    put_off(inputs, || {});
}

/// Drops `inputs`, and `meanwhile` what else may hold them.
fn put_off(inputs: impl Iterator<Item = Collection>, meanwhile: impl FnOnce()) {
    let mut inputs = inputs.peekable();
    if inputs.peek().is_none() {
        return;
    }
    let is_outermost = PENDING.with_borrow_mut(|pending| {
        let is_outermost = pending.is_none();
        pending.get_or_insert_default().extend(inputs);
        is_outermost
    });
    let end = is_outermost.then(|| Outermost);
    meanwhile();
    if end.is_some() {
        while let Some(collection) = PENDING.with_borrow_mut(|pending| pending.as_mut()?.pop()) {
            drop(collection);
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

impl Drop for ArrayNode {
    fn drop(&mut self) {
        release(self.inputs.drain(..).map(Collection::Array));
    }
}

impl Drop for FrameNode {
    fn drop(&mut self) {
        release(self.inputs.drain(..).map(Collection::Frame));
    }
}

impl Drop for DelayedNode {
    fn drop(&mut self) {
        let collects = self.take_collects();
        put_off(self.take_inputs(), || drop(collects));
    }
}
