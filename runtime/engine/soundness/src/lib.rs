//! The pool and the futures as the engine has them, file by file, without what polars is needed for: to be checked under ThreadSanitizer
//! and Miri, and, with the feature `explore`, with every order of events that there is time for.
//!
//! What is compiled is the engine's own code and its unit tests; [`stand_ins`] takes the place of the planner and the settings.
#![allow(
    dead_code,
    unused_imports,
    reason = "the rest of the engine uses the other half"
)]

#[cfg(test)]
#[path = "../../src/effort.rs"]
mod effort;
#[path = "../../src/events.rs"]
mod events;
#[path = "../../src/executor.rs"]
mod executor;
#[path = "../../src/render/format.rs"]
mod format;
#[path = "../../src/futures/mod.rs"]
mod futures;
#[path = "../../src/graph/mod.rs"]
mod graph;
#[path = "../../src/io/process.rs"]
mod io;
#[path = "../../src/scheduler/mod.rs"]
mod scheduler;
#[path = "../../src/storage/mod.rs"]
mod storage;

#[cfg(feature = "explore")]
#[path = "explored.rs"]
mod sync;
#[cfg(not(feature = "explore"))]
#[path = "../../src/sync.rs"]
mod sync;

mod stand_ins;
use stand_ins::{config, kernels, planner, render, table, threads};

#[cfg(all(test, not(miri)))]
mod checks;
