//! Which run the current thread runs a task of, so that a task can compute something itself.

use std::cell::Cell;

use super::pool::Shared;
use super::state::RunId;
use crate::sync::thread_local;

thread_local! {
    static RUN: Cell<Option<(*const Shared, RunId)>> = const { Cell::new(None) };
}

/// Runs `task` as a task of `run` on the pool `shared`.
pub(super) fn within<T>(shared: &Shared, run: RunId, task: impl FnOnce() -> T) -> T {
    let outer = RUN.with(|current| current.replace(Some((std::ptr::from_ref(shared), run))));
    let result = task();
    RUN.with(|current| current.set(outer));
    result
}

/// Whether the current thread runs a task of any pool.
pub(super) fn is_in_task() -> bool {
    RUN.with(Cell::get).is_some()
}

/// The run on the pool `shared` whose task the current thread runs.
pub(super) fn current(shared: &Shared) -> Option<RunId> {
    let (pool, run) = RUN.with(Cell::get)?;
    std::ptr::eq(pool, shared).then_some(run)
}
