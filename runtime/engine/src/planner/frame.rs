//! Frames: one task a partition.

use dagbok::Result;
use dagbok::frame::Frame;

use super::Planner;
use crate::graph::TaskId;

/// The tasks that make the partitions of `frame`, in order.
pub(super) fn plan(_planner: &mut Planner, frame: &Frame) -> Result<Vec<TaskId>> {
    unreachable!("{frame:?}")
}

/// The task that joins all partitions of `frame`.
pub(super) fn join(_planner: &mut Planner, _frame: &Frame, blocks: &[TaskId]) -> Result<TaskId> {
    Ok(blocks[0])
}
