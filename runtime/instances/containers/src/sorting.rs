//! Sorting and searching of vectors.

use std::hint::black_box;

use dagbok_instances_common::{any, each};

pub(crate) fn compile() {
    each!(sort: [u8, u64, usize, i32, i64, char, &'static str, String]);
}

fn sort<T: Ord + Clone>() {
    let mut items: Vec<T> = any();
    items.sort();
    items.sort_unstable();
    items.dedup();
    black_box((
        items.binary_search(&any()).is_ok(),
        items.iter().max(),
        items.iter().min(),
        items.is_sorted(),
    ));
}
