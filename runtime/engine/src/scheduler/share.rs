//! Which threads a task may have: those of polars and rayon too, as long as there are fewer tasks than threads.

use std::time::Duration;

use super::core::Core;
use super::hands::Hands;
use super::state::RunId;
use crate::graph::LayerId;
use crate::threads::Share;

/// How long the last task of a thread took.
#[derive(Clone, Copy)]
pub(super) struct Last {
    pub(super) run: RunId,
    pub(super) layer: LayerId,
    pub(super) took: Duration,
}

impl Core {
    /// What the tasks that `hands` have just been filled with may have: all threads, if there are more of them than tasks.
    ///
    /// A task that another thread has run for half as long as the first of these will take is about to end, and is no longer counted.
    /// Else the last ones of many would have a thread each while others have nothing to do.
    pub(super) fn share(&mut self, hands: &Hands) -> Share {
        if !self.can_share {
            return Share::Own;
        }
        let n_others_max = self.lanes.len() - 1;
        let n_ready = self.n_ready_that_fit();
        let n_others = self.n_others();
        if n_ready >= n_others_max {
            return Share::Own;
        }
        if n_ready + n_others < n_others_max {
            return Share::All;
        }
        let n_ending = match self.expected_time(hands) {
            Some(time) => self.lanes.n_running_since(hands.now - time / 2),
            None => 0,
        };
        match n_ready + n_others.saturating_sub(n_ending) < n_others_max {
            true => Share::All,
            false => Share::Own,
        }
    }

    /// How many tasks have been taken beside the one that is to begin, without those that wait for others.
    fn n_others(&self) -> usize {
        let n_taken = self.state.n_running().saturating_sub(self.n_nested);
        n_taken.saturating_sub(1)
    }

    /// How many tasks could begin now; none where the next one has to wait for room.
    fn n_ready_that_fit(&mut self) -> usize {
        match self.next_need() {
            Some((.., bytes)) if self.has_room(bytes) => self.state.n_ready(),
            _ => 0,
        }
    }

    /// How long the first task in `hands` will take, if the last one of that thread was of its layer.
    fn expected_time(&self, hands: &Hands) -> Option<Duration> {
        let (next, last) = (hands.picked.first()?, hands.last?);
        let job = self.jobs.get(&next.run)?;
        let is_like_it = last.run == next.run && last.layer == job.graph.layer_of(next.task);
        is_like_it.then_some(last.took)
    }
}
