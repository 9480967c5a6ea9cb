//! What a wide computation begins with, so that it can run while the rest is planned.

use std::sync::Arc;

use dagbok::delayed::DelayedNode;
use dagbok::engine::{Collection, CollectionRef};

/// Of fewer inputs the plan is ready before anything could have run.
const WIDE: usize = 20_000;

/// At most so many calls are looked at.
const LOOKED_AT_MAX: usize = 1000;

/// At most `most` calls that need nothing, those that a plan of `outputs` begins with; none unless a call among the first ones takes very
/// many others. Takes next to no time.
pub(crate) fn first_calls(outputs: &[Collection], most: usize) -> Vec<Arc<DelayedNode>> {
    let of_outputs = outputs.iter().map(Collection::as_ref);
    let mut open: Vec<&Arc<DelayedNode>> = calls(of_outputs.take(most)).collect();
    let mut n_inputs = outputs.len();
    let mut first = Vec::new();
    open.reverse();
    for _ in 0..LOOKED_AT_MAX {
        let Some(node) = open.pop().filter(|_| first.len() < most) else {
            break;
        };
        n_inputs = n_inputs.max(node.n_inputs());
        if node.n_inputs() == 0 && node.future().is_none() {
            first.push(node.clone());
        }
        let start = open.len();
        open.extend(calls(node.unknown_inputs().take(most)));
        open[start..].reverse();
    }
    match n_inputs < WIDE {
        true => Vec::new(),
        false => first,
    }
}

fn calls<'a>(
    collections: impl Iterator<Item = CollectionRef<'a>>,
) -> impl Iterator<Item = &'a Arc<DelayedNode>> {
    collections.filter_map(|collection| match collection {
        CollectionRef::Delayed(node) => Some(node),
        CollectionRef::Array(_) | CollectionRef::Frame(_) => None,
    })
}
