//! Instances of std's maps, sets, deques, pointers, locks and channels, and of sorting.

mod collections;
mod pointers;
mod sorting;

/// What is reached from here is compiled.
pub fn compile() {
    collections::compile();
    pointers::compile();
    sorting::compile();
}
