//! Instances of generic functions for the types that cells use most, compiled once instead of in each cell.
//!
//! Nothing here is ever called. A cell with a `HashMap<&str, i32>` would compile a hundred functions of std; but `rustc` takes an
//! instance that a crate below has compiled already, if neither of the two is optimised (`-Z share-generics`, on by default there).
//! So these crates are compiled at level 0, lie in the engine's library, and are given to the cells. What a cell pays is
//! a millisecond for some three thousand instances; so this one, which each cell gets, is short, and others are given to cells
//! that name what they hold. Cells with long loops are optimised, and compile their own.

mod cells;
mod collections;
mod errors;
mod sequences;
mod text;

use std::hint::black_box;

/// Calls functions with types: `each!(f g: [i32, f64])` is `f::<i32>(); f::<f64>(); g::<i32>(); g::<f64>();`.
#[macro_export]
macro_rules! each {
    ($($function:ident)*: $types:tt) => { $($crate::each! { @of $function $types })* };
    (@of $function:ident [$($type:ty),* $(,)?]) => { $($function::<$type>();)* };
}

/// What is reached from here is compiled.
pub fn compile() {
    cells::compile();
    collections::compile();
    errors::compile();
    sequences::compile();
    text::compile();
}

/// Some value, as far as the compiler knows.
pub fn any<T>() -> T {
    black_box(None).expect("instances are never called")
}
