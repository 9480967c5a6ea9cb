//! How many collections of a plan use each array and each frame.

use std::collections::{HashMap, HashSet};

use dagbok::Name;
use dagbok::engine::Collection;

/// For each array and frame in the expressions of `used` the number of collections that use it; each of `used` counts as one
/// use.
pub(super) fn count<'a>(used: impl Iterator<Item = &'a Collection>) -> HashMap<Name, usize> {
    let mut uses = HashMap::new();
    let mut seen = HashSet::new();
    let mut open: Vec<Collection> = used.cloned().collect();
    for used in &open {
        *uses.entry(*used.name()).or_insert(0) += 1;
    }
    while let Some(collection) = open.pop() {
        if !seen.insert(*collection.name()) {
            continue;
        }
        let inputs = collection.inputs();
        let names: HashSet<Name> = inputs.iter().map(|input| *input.name()).collect();
        for name in names {
            *uses.entry(name).or_insert(0) += 1;
        }
        open.extend(inputs);
    }
    uses
}
