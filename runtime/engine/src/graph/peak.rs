//! How much memory results will take, told from their expected sizes and the planned order.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::num::NonZero;

use super::{Dependents, Graph, TaskId};

/// A moment at which most results are kept: those that others still need, and those that are being made.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Peak {
    pub bytes: usize,
    pub n_results: usize,
    /// How many of them are of unknown size; in `bytes` they count as nothing.
    pub n_unknown: usize,
    /// The last task that had begun; none in a graph without tasks.
    pub task: Option<TaskId>,
}

/// The peak of a computation of `outputs`, in which `n_threads` always run the next tasks that can run, and all tasks take the
/// same time. With one thread, the tasks run in the order of their ids.
///
/// A result counts from the start of its task until all that take it have ended. Takes time near linear in tasks and edges.
pub fn peak(graph: &Graph, outputs: &[TaskId], n_threads: NonZero<usize>) -> Peak {
    let dependents = Dependents::of(graph);
    let n_inputs = |id| graph.inputs(id).len() as u32;
    let mut missing: Vec<u32> = graph.ids().map(n_inputs).collect();
    let n_uses = |id| dependents.of_task(id).len() as u32;
    let mut uses: Vec<u32> = graph.ids().map(n_uses).collect();
    outputs.iter().for_each(|output| uses[output.index()] += 1);
    let sources = graph.ids().filter(|id| missing[id.index()] == 0);
    let mut ready: BinaryHeap<Reverse<TaskId>> = sources.map(Reverse).collect();
    let mut now = Peak::default();
    let mut most = Peak::default();
    let mut running = Vec::with_capacity(n_threads.get().min(graph.len()));
    while !ready.is_empty() {
        while running.len() < n_threads.get()
            && let Some(Reverse(task)) = ready.pop()
        {
            now.add(graph.bytes(task));
            now.task = Some(task);
            running.push(task);
        }
        if most.task.is_none() || (now.bytes, now.n_results) > (most.bytes, most.n_results) {
            most = now;
        }
        for task in running.drain(..) {
            for input in graph.inputs(task) {
                uses[input.index()] -= 1;
                if uses[input.index()] == 0 {
                    now.take_away(graph.bytes(*input));
                }
            }
            for dependent in dependents.of_task(task) {
                missing[dependent.index()] -= 1;
                if missing[dependent.index()] == 0 {
                    ready.push(Reverse(*dependent));
                }
            }
        }
    }
    most
}

impl Peak {
    fn add(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_add(bytes);
        self.n_results += 1;
        self.n_unknown += usize::from(bytes == 0);
    }

    fn take_away(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_sub(bytes);
        self.n_results -= 1;
        self.n_unknown -= usize::from(bytes == 0);
    }
}
