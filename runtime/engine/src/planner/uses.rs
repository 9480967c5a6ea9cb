//! How many collections of a plan use each array and each frame.

use std::collections::{HashMap, HashSet};

use dagbok::Name;
use dagbok::engine::Collection;

/// For each array and frame behind `outputs` the number of collections that use it; being an output counts as one use.
pub(super) fn count(outputs: &[Collection]) -> HashMap<Name, usize> {
    let mut uses = HashMap::new();
    let mut seen = HashSet::new();
    let mut open: Vec<Collection> = outputs.to_vec();
    for output in outputs {
        *uses.entry(output.name()).or_insert(0) += 1;
    }
    while let Some(collection) = open.pop() {
        if !seen.insert(collection.name()) {
            continue;
        }
        let mut inputs = collection.inputs();
        inputs.sort_unstable_by_key(|input| input.name());
        inputs.dedup_by_key(|input| input.name());
        for input in &inputs {
            if !matches!(input, Collection::Delayed(_)) {
                *uses.entry(input.name()).or_insert(0) += 1;
            }
        }
        open.extend(inputs);
    }
    uses
}
