//! Which run the current thread runs a task of, so that a task can compute something itself; and how deep it is in tasks that do.

use std::cell::Cell;

use dagbok::{Error, ErrorKind, Result};

use super::STACK_BYTES;
use super::pool::Shared;
use super::state::RunId;
use crate::sync::thread_local;

thread_local! {
    static RUN: Cell<Option<(*const Shared, RunId)>> = const { Cell::new(None) };
    /// Where the stack was when the outermost task began.
    static OUTERMOST: Cell<Option<usize>> = const { Cell::new(None) };
}

/// Runs `task` as a task of `run` on the pool `shared`.
pub(super) fn within<T>(shared: &Shared, run: RunId, task: impl FnOnce() -> T) -> T {
    let outer = RUN.with(|current| current.replace(Some((std::ptr::from_ref(shared), run))));
    if outer.is_none() {
        OUTERMOST.with(|outermost| outermost.set(Some(stack_place())));
    }
    let result = task();
    RUN.with(|current| current.set(outer));
    result
}

/// Lets a thread that waits in a task run another one, if that is not too deep in tasks that wait.
///
/// # Errors
/// [`ErrorKind::Task`] if most of the stack is taken: the thread would overflow it, and end the process.
pub(crate) fn check_depth() -> Result<()> {
    let outermost = OUTERMOST.with(Cell::get).filter(|_| is_in_task());
    match outermost {
        Some(place) if place.abs_diff(stack_place()) > STACK_BYTES / 4 * 3 => Err(too_deep()),
        _ => Ok(()),
    }
}

/// Roughly where the end of the stack is.
fn stack_place() -> usize {
    let here = 0_u8;
    std::ptr::from_ref(&here).addr()
}

#[cold]
fn too_deep() -> Error {
    let text = "tasks wait for tasks that wait for tasks, so deep that the stack is nearly full";
    Error::new(ErrorKind::Task, text)
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
