//! How many collections of a plan use each array.

use std::collections::{HashMap, HashSet};

use dagbok::Name;
use dagbok::engine::Collection;

/// For each array in the expressions of `outputs` the number of collections that use it; being an output counts as one.
pub(super) fn count(outputs: &[Collection]) -> HashMap<Name, usize> {
    let mut uses = HashMap::new();
    let mut seen = HashSet::new();
    let mut open = outputs.to_vec();
    for output in outputs {
        *uses.entry(output.name().clone()).or_insert(0) += 1;
    }
    while let Some(collection) = open.pop() {
        if !seen.insert(collection.name().clone()) {
            continue;
        }
        let inputs: Vec<Collection> = match &collection {
            Collection::Array(array) => {
                array.node().inputs.iter().cloned().map(Collection::Array).collect()
            }
            Collection::Frame(_) => Vec::new(),
            Collection::Delayed(node) => node.inputs.clone(),
        };
        let names: HashSet<&Name> = inputs.iter().map(Collection::name).collect();
        for name in names {
            *uses.entry(name.clone()).or_insert(0) += 1;
        }
        open.extend(inputs);
    }
    uses
}
