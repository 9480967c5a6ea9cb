//! What runs next: the scheduler as a state machine. Events in, actions out; no thread, clock, lock or value in it.
//!
//! A *run* is one graph being computed. Several runs may be under way at once; a run whose task asked for it has that task's run as
//! its parent, and is cancelled with it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::Arc;

use crate::graph::{Dependents, Graph, TaskId};

/// One computation of a graph, by the number of the computation.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct RunId(pub(super) u64);

/// How a run ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Every task has its result.
    Done,
    /// A task returned an error or panicked.
    Failed,
    /// It was interrupted.
    Cancelled,
}

/// What happens to the scheduler.
pub(super) enum Event {
    Submitted {
        run: RunId,
        parent: Option<RunId>,
        schedule: Schedule,
    },
    /// A thread has nothing to do and takes tasks of one run: of any, or of a given one. It takes those that follow one another
    /// in the planned order, also such as need the one before; of those that can run it leaves three of four to others.
    Idle {
        of: Option<RunId>,
        most: usize,
    },
    /// A task that was taken will not be run by who took it.
    Returned {
        run: RunId,
        task: TaskId,
    },
    Finished {
        run: RunId,
        task: TaskId,
    },
    /// One of the run's tasks has no result and will not have one.
    Failed {
        run: RunId,
    },
    Cancelled {
        run: RunId,
    },
}

/// What the scheduler asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Action {
    /// Run a task whose inputs have results, or will have when the tasks have run that were given to the same thread just
    /// before.
    Run { run: RunId, task: TaskId },
    /// Forget a result: no task will take it.
    Drop { run: RunId, task: TaskId },
    /// Nothing of the run is running, and nothing of it will.
    End { run: RunId, outcome: Outcome },
}

/// A graph to be computed, and what has been computed of it. The graph's ids are in the order to run them in; every task leads
/// to an output.
pub(super) struct Schedule {
    graph: Arc<Graph>,
    dependents: Dependents,
    /// How many inputs of each task have no result yet.
    missing: Vec<u32>,
    /// How often each result will still be taken, once for being an output.
    uses: Vec<u32>,
    /// Tasks that can run; the one with the lowest id is next. Some have been taken already.
    ready: BinaryHeap<Reverse<TaskId>>,
    n_ready: usize,
    /// Which tasks have been taken.
    taken: Vec<bool>,
    unfinished: usize,
}

impl Schedule {
    /// Nothing of `graph` computed yet. Takes time linear in tasks and edges.
    pub(super) fn new(graph: Arc<Graph>, outputs: &[TaskId]) -> Self {
        let dependents = Dependents::of(&graph);
        let n_inputs = |id| graph.inputs(id).len() as u32;
        let missing: Vec<u32> = graph.ids().map(n_inputs).collect();
        let n_dependents = |id| dependents.of_task(id).len() as u32;
        let mut uses: Vec<u32> = graph.ids().map(n_dependents).collect();
        for output in outputs {
            uses[output.index()] += 1;
        }
        let sources = graph.ids().filter(|id| missing[id.index()] == 0);
        let ready: BinaryHeap<_> = sources.map(Reverse).collect();
        Schedule {
            n_ready: ready.len(),
            ready,
            taken: vec![false; graph.len()],
            unfinished: graph.len(),
            graph,
            dependents,
            missing,
            uses,
        }
    }

    /// Takes note that `task` has its result. What only it took is appended to `unused`.
    fn finished(&mut self, task: TaskId, mut unused: impl FnMut(TaskId)) {
        self.unfinished -= 1;
        for &input in self.graph.inputs(task) {
            let uses = &mut self.uses[input.index()];
            *uses -= 1;
            if *uses == 0 {
                unused(input);
            }
        }
        for &dependent in self.dependents.of_task(task) {
            let missing = &mut self.missing[dependent.index()];
            *missing -= 1;
            if *missing == 0 && !self.taken[dependent.index()] {
                self.ready.push(Reverse(dependent));
                self.n_ready += 1;
            }
        }
    }

    /// Takes the first task that can run, and at most `most` with those that follow it.
    fn take(&mut self, most: usize, mut took: impl FnMut(TaskId)) {
        let mut others = self.n_ready.div_ceil(4);
        let Some(first) = self.pop() else {
            return;
        };
        took(first);
        for idx in first.index() + 1..self.graph.len().min(first.index() + most) {
            let missing = self.missing[idx];
            if self.taken[idx] {
                return;
            }
            let next = TaskId::new(idx);
            if missing == 0 {
                others -= 1;
                if others == 0 {
                    return;
                }
                self.n_ready -= 1;
            } else {
                let inputs = self.graph.inputs(next).iter();
                let own = inputs.filter(|input| **input >= first).count();
                if own < missing as usize {
                    return;
                }
            }
            self.taken[idx] = true;
            took(next);
        }
    }

    fn pop(&mut self) -> Option<TaskId> {
        while let Some(Reverse(task)) = self.ready.pop() {
            if !std::mem::replace(&mut self.taken[task.index()], true) {
                self.n_ready -= 1;
                return Some(task);
            }
        }
        None
    }

    fn give_back(&mut self, task: TaskId) {
        self.taken[task.index()] = false;
        if self.missing[task.index()] == 0 {
            self.ready.push(Reverse(task));
            self.n_ready += 1;
        }
    }

    fn clear(&mut self) {
        self.ready.clear();
        self.n_ready = 0;
    }
}

/// All runs that have not ended.
#[derive(Default)]
pub(super) struct State {
    runs: BTreeMap<RunId, Run>,
}

struct Run {
    parent: Option<RunId>,
    schedule: Schedule,
    running: usize,
    /// Why no task starts any more.
    stopped: Option<Outcome>,
}

impl State {
    /// Takes note of `event` and appends what is to be done to `actions`, in order.
    pub(super) fn handle(&mut self, event: Event, actions: &mut Vec<Action>) {
        match event {
            Event::Submitted {
                run,
                parent,
                schedule,
            } => self.submitted(run, parent, schedule, actions),
            Event::Idle { of, most } => self.idle(of, most, actions),
            Event::Returned { run, task } => self.returned(run, task, actions),
            Event::Finished { run, task } => self.finished(run, task, actions),
            Event::Failed { run } => {
                self.run_mut(run).running -= 1;
                self.stop(run, Outcome::Failed, actions);
            }
            Event::Cancelled { run } => self.stop(run, Outcome::Cancelled, actions),
        }
    }

    /// Whether a task can start: of any run, or of one.
    pub(super) fn has_ready(&self, of: Option<RunId>) -> bool {
        match of {
            Some(run) => self.runs.get(&run).is_some_and(Run::is_ready),
            None => self.runs.values().any(Run::is_ready),
        }
    }

    /// Whether `run` goes on: it has neither ended nor been stopped.
    pub(super) fn is_open(&self, run: RunId) -> bool {
        self.runs.get(&run).is_some_and(|run| run.stopped.is_none())
    }

    fn submitted(
        &mut self,
        run: RunId,
        parent: Option<RunId>,
        schedule: Schedule,
        actions: &mut Vec<Action>,
    ) {
        let submitted = Run {
            parent,
            schedule,
            running: 0,
            stopped: None,
        };
        self.runs.insert(run, submitted);
        if parent.is_some_and(|parent| !self.is_open(parent)) {
            self.stop(run, Outcome::Cancelled, actions);
        } else {
            self.end_if_over(run, actions);
        }
    }

    /// Fair between runs: the one with the fewest running tasks gives the next, the oldest of several.
    fn idle(&mut self, of: Option<RunId>, most: usize, actions: &mut Vec<Action>) {
        let next = match of {
            Some(run) => Some(run),
            None => {
                let ready = self.runs.iter().filter(|(_, run)| run.is_ready());
                ready.min_by_key(|(_, run)| run.running).map(|(id, _)| *id)
            }
        };
        let Some(id) = next else { return };
        let Some(run) = self.runs.get_mut(&id) else {
            return;
        };
        run.schedule.take(most, |task| {
            run.running += 1;
            actions.push(Action::Run { run: id, task });
        });
    }

    fn returned(&mut self, id: RunId, task: TaskId, actions: &mut Vec<Action>) {
        let run = self.run_mut(id);
        run.running -= 1;
        if run.stopped.is_none() {
            run.schedule.give_back(task);
        }
        self.end_if_over(id, actions);
    }

    fn finished(&mut self, id: RunId, task: TaskId, actions: &mut Vec<Action>) {
        let run = self.run_mut(id);
        run.running -= 1;
        if run.stopped.is_none() {
            run.schedule
                .finished(task, |task| actions.push(Action::Drop { run: id, task }));
        }
        self.end_if_over(id, actions);
    }

    /// Starts nothing more of `run`, nor of the runs that its tasks asked for.
    fn stop(&mut self, id: RunId, why: Outcome, actions: &mut Vec<Action>) {
        let Some(run) = self.runs.get_mut(&id) else {
            return;
        };
        if run.stopped.is_none() {
            run.stopped = Some(why);
            run.schedule.clear();
            let is_child = |(_, run): &(&RunId, &Run)| run.parent == Some(id);
            let children: Vec<RunId> = self
                .runs
                .iter()
                .filter(is_child)
                .map(|(id, _)| *id)
                .collect();
            for child in children {
                self.stop(child, Outcome::Cancelled, actions);
            }
        }
        self.end_if_over(id, actions);
    }

    fn end_if_over(&mut self, id: RunId, actions: &mut Vec<Action>) {
        let Some(run) = self.runs.get(&id) else {
            return;
        };
        let outcome = match run.stopped {
            None if run.schedule.unfinished == 0 => Outcome::Done,
            Some(why) if run.running == 0 => why,
            _ => return,
        };
        self.runs.remove(&id);
        actions.push(Action::End { run: id, outcome });
    }

    fn run_mut(&mut self, id: RunId) -> &mut Run {
        self.runs
            .get_mut(&id)
            .expect("a run lasts as long as one of its tasks")
    }
}

impl Run {
    fn is_ready(&self) -> bool {
        self.schedule.n_ready > 0
    }
}
