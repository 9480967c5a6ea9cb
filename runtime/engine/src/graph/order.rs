//! The order in which tasks are to run, fixed before any of them runs.
//!
//! The aim is few results in memory at a time. The rule, in the spirit of Dask's `order`, simpler than it:
//!
//! 1. Whatever can run on results that exist runs at once: it lets go of them.
//! 2. Otherwise finish what was begun: of the tasks that wait for the newest results, take the one that lacks least.
//! 3. What a task lacks is made depth first, the input first that takes most memory to make beyond what it leaves: what is made after it
//!    has its result beside it (Sethi and Ullman 1970, "The generation of optimal code for arithmetic expressions", for registers). A result
//!    of unknown size counts as one byte.
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
        needs: needs(graph),
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
    needs: Vec<Need>,
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
            let (missing, needs) = (&self.missing, &self.needs);
            self.begun.sort_by_key(|task| {
                let idx = task.index();
                Reverse((missing[idx], needs[idx].peak, idx))
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
        self.goals[start..].sort_by_key(|input| self.needs[input.index()].extra());
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

/// The memory that it takes to make a result from nothing, as if nothing that it needs were shared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Need {
    /// The most bytes at one time.
    pub(super) peak: u64,
    /// Those of the result.
    pub(super) bytes: u64,
}

impl Need {
    /// That of a result of so many bytes, whose inputs are made in this order.
    pub(super) fn of(bytes: usize, inputs: impl Iterator<Item = Need>) -> Need {
        let bytes = (bytes as u64).max(1);
        let (mut held, mut peak) = (0_u64, 0_u64);
        for input in inputs {
            peak = peak.max(held.saturating_add(input.peak));
            held = held.saturating_add(input.bytes);
        }
        let peak = peak.max(held.saturating_add(bytes));
        Need { peak, bytes }
    }

    /// What is taken beyond what is left.
    pub(super) fn extra(self) -> u64 {
        self.peak - self.bytes
    }
}

fn needs(graph: &Graph) -> Vec<Need> {
    let mut needs: Vec<Need> = Vec::with_capacity(graph.len());
    let mut inputs: Vec<Need> = Vec::new();
    for id in graph.ids() {
        inputs.clear();
        inputs.extend(graph.inputs(id).iter().map(|input| needs[input.index()]));
        inputs.sort_by_key(|input| Reverse(input.extra()));
        needs.push(Need::of(graph.bytes(id), inputs.iter().copied()));
    }
    needs
}
