//! The order in which tasks are to run, fixed before any of them runs.
//!
//! The aim is few results in memory at a time. The rule, in the spirit of Dask's `order`, simpler than it:
//!
//! 1. Whatever can run on results that exist runs at once: it lets go of them.
//! 2. Otherwise finish what was begun: of the tasks that wait for the newest results, take the one that lacks least.
//! 3. What a task lacks is made depth first, the input with the most work behind it first, so that the small
//!    ones need not be kept meanwhile.
//!
//! `mean(u²)`, `mean(v²)` and `mean(uv)` computed together so take `u` and `v` chunk by chunk side by side, where a plain
//! depth-first walk of the three outputs would keep all of `u`.

use std::cmp::Reverse;

use super::{Dependents, Graph, TaskId};

/// The tasks that `outputs` need, each after its inputs. Takes time near linear in tasks and edges; recursion-free.
pub(super) fn order(graph: &Graph, outputs: &[TaskId]) -> Vec<TaskId> {
    let needed = needed(graph, outputs);
    let dependents = Dependents::of(graph);
    let mut walk = Walk {
        weights: weights(graph),
        missing: graph
            .ids()
            .map(|id| graph.inputs(id).len() as u32)
            .collect(),
        opened: vec![false; graph.len()],
        done: vec![false; graph.len()],
        ready: Vec::new(),
        begun: Vec::new(),
        goals: outputs.iter().rev().copied().collect(),
    };
    let mut order = Vec::new();
    while let Some(task) = walk.next() {
        if walk.done[task.index()] {
            continue;
        }
        if walk.missing[task.index()] > 0 {
            walk.open(task, graph.inputs(task));
        } else {
            order.push(task);
            walk.finish(task, dependents.of_task(task), &needed);
        }
    }
    order
}

struct Walk {
    /// The work behind each task: the number of its ancestors, those on several paths counted several times.
    weights: Vec<u64>,
    /// How many inputs of each task are not in the order yet.
    missing: Vec<u32>,
    /// Whether what the task lacks is among the goals already.
    opened: Vec<bool>,
    done: Vec<bool>,
    /// Tasks that lack nothing, the next one last.
    ready: Vec<TaskId>,
    /// Tasks that took a result since the last goal was chosen, and lack others.
    begun: Vec<TaskId>,
    /// Tasks to be made ready, the next one last.
    goals: Vec<TaskId>,
}

impl Walk {
    fn next(&mut self) -> Option<TaskId> {
        if self.ready.is_empty() {
            let (missing, weights) = (&self.missing, &self.weights);
            self.begun.sort_by_key(|task| {
                let idx = task.index();
                Reverse((missing[idx], weights[idx], idx))
            });
            self.goals.append(&mut self.begun);
        }
        self.ready.pop().or_else(|| self.goals.pop())
    }

    /// Makes what `task` lacks the next goals. The last of them that is done makes `task` ready.
    fn open(&mut self, task: TaskId, inputs: &[TaskId]) {
        if std::mem::replace(&mut self.opened[task.index()], true) {
            return;
        }
        let start = self.goals.len();
        let lacking = inputs
            .iter()
            .rev()
            .filter(|input| !self.done[input.index()]);
        self.goals.extend(lacking);
        self.goals[start..].sort_by_key(|input| self.weights[input.index()]);
    }

    fn finish(&mut self, task: TaskId, dependents: &[TaskId], needed: &[bool]) {
        self.done[task.index()] = true;
        let start = self.ready.len();
        for &dependent in dependents
            .iter()
            .filter(|dependent| needed[dependent.index()])
        {
            let missing = &mut self.missing[dependent.index()];
            *missing -= 1;
            if *missing == 0 {
                self.ready.push(dependent);
            } else if !self.opened[dependent.index()] {
                self.begun.push(dependent);
            }
        }
        self.ready[start..].reverse();
    }
}

/// Which tasks `outputs` need: themselves and all their ancestors.
fn needed(graph: &Graph, outputs: &[TaskId]) -> Vec<bool> {
    let mut needed = vec![false; graph.len()];
    for output in outputs {
        needed[output.index()] = true;
    }
    for idx in (0..graph.len()).rev() {
        if needed[idx] {
            for input in graph.inputs(TaskId::new(idx)) {
                needed[input.index()] = true;
            }
        }
    }
    needed
}

fn weights(graph: &Graph) -> Vec<u64> {
    let mut weights: Vec<u64> = Vec::with_capacity(graph.len());
    for id in graph.ids() {
        let behind = graph.inputs(id).iter().map(|input| weights[input.index()]);
        weights.push(behind.fold(1, u64::saturating_add));
    }
    weights
}
