//! Arrays: one task a chunk.

use dagbok::Array;
use dagbok::Result;

use super::Planner;
use crate::graph::TaskId;

/// The tasks that make the chunks of `array`, in C order.
pub(super) fn plan(_planner: &mut Planner, array: &Array) -> Result<Vec<TaskId>> {
    unreachable!("{array:?}")
}

/// The task that joins all chunks of `array`.
pub(super) fn join(_planner: &mut Planner, _array: &Array, blocks: &[TaskId]) -> Result<TaskId> {
    Ok(blocks[0])
}
