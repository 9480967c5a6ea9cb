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
        /// So many bytes the results may be expected to take.
        room: i64,
    },
    /// A task that was taken will not be run by who took it.
    Returned {
        run: RunId,
        task: TaskId,
    },
    Finished {
        run: RunId,
        task: TaskId,
        bytes: usize,
    },
    /// One of the run's tasks has no result and will not have one.
    Failed {
        run: RunId,
    },
    /// A result of the run cannot be kept.
    Lost {
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
    /// Tasks that can run since they have all inputs or were given back; some have been taken already.
    ready: BinaryHeap<Reverse<TaskId>>,
    /// From here on there may be tasks without inputs that can run and are not in `ready`.
    next_source: usize,
    /// The number of tasks that can run; the one with the lowest id is next.
    n_ready: usize,
    /// Which tasks have been taken.
    taken: Vec<bool>,
    unfinished: usize,
    /// What the results of each layer have been found to take.
    sizes: Vec<Sizes>,
}

#[derive(Clone, Copy, Default)]
struct Sizes {
    count: usize,
    bytes: usize,
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
        let sizes = vec![Sizes::default(); graph.layers().len()];
        Schedule {
            n_ready: missing.iter().filter(|missing| **missing == 0).count(),
            ready: BinaryHeap::new(),
            next_source: 0,
            taken: vec![false; graph.len()],
            unfinished: graph.len(),
            sizes,
            graph,
            dependents,
            missing,
            uses,
        }
    }

    /// Takes note that `task` has its result. What only it took is appended to `unused`.
    fn finished(&mut self, task: TaskId, bytes: usize, mut unused: impl FnMut(TaskId)) {
        self.unfinished -= 1;
        let sizes = &mut self.sizes[self.graph.layer_of(task).index()];
        sizes.count += 1;
        sizes.bytes = sizes.bytes.saturating_add(bytes);
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

    /// The bytes that `task` is expected to take: its result, as planned, or else as those of its layer have done, and what it brings
    /// from the disk.
    fn expected(&self, task: TaskId) -> usize {
        let layer = self.graph.layer_of(task).index();
        match (self.graph.bytes(task), self.sizes[layer]) {
            (0, Sizes { count: 0, .. }) => 0,
            (0, sizes) => sizes.bytes / sizes.count,
            (bytes, _) => bytes + self.graph.loaded_bytes(task),
        }
    }

    /// Takes the first task that can run, and at most `most` with those that follow it, as long as their results are expected
    /// to take at most `room` bytes.
    fn take(&mut self, most: usize, mut room: i64, mut took: impl FnMut(TaskId)) {
        let mut fits = |bytes: usize| {
            room = room.saturating_sub_unsigned(bytes as u64);
            room >= 0
        };
        let mut others = self.n_ready.div_ceil(4);
        let first = self.first();
        let Some(first) = first.filter(|first| fits(self.expected(*first))) else {
            return;
        };
        self.taken[first.index()] = true;
        self.n_ready -= 1;
        took(first);
        for idx in first.index() + 1..self.graph.len().min(first.index() + most) {
            let missing = self.missing[idx];
            let next = TaskId::new(idx);
            if self.taken[idx] || !fits(self.expected(next)) {
                return;
            }
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

    /// The next task that can run.
    fn first(&mut self) -> Option<TaskId> {
        if self.n_ready == 0 {
            return None;
        }
        let is_taken = |task: TaskId| self.taken[task.index()];
        let is_source = |id: &TaskId| self.graph.inputs(*id).is_empty() && !is_taken(*id);
        let mut sources = (self.next_source..self.graph.len()).map(TaskId::new);
        let source = sources.find(is_source);
        self.next_source = source.map_or(self.graph.len(), TaskId::index);
        while self
            .ready
            .peek()
            .is_some_and(|Reverse(task)| is_taken(*task))
        {
            self.ready.pop();
        }
        let ready = self.ready.peek().map(|Reverse(task)| *task);
        source.into_iter().chain(ready).min()
    }

    /// How many tasks are planned between the next one and the one that takes the result of `task` next; the most there are if
    /// none will.
    fn next_use(&self, task: TaskId, next: usize) -> usize {
        let dependents = self.dependents.of_task(task);
        let waiting = dependents.iter().find(|task| !self.taken[task.index()]);
        match waiting {
            Some(task) => task.index().saturating_sub(next),
            None => usize::MAX,
        }
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
        self.next_source = self.graph.len();
        self.n_ready = 0;
    }

    /// What keeps it from its end although nothing runs. `has_result` tells which results are there.
    fn stall(&self, has_result: impl Fn(TaskId) -> bool) -> Stall {
        let lacks = |id: &TaskId| self.uses[id.index()] > 0 && !has_result(*id);
        let is_taken = |id: &TaskId| self.taken[id.index()];
        let waiting = |id: TaskId| {
            let mut inputs = self.graph.inputs(id).iter();
            (id, inputs.find(|input| lacks(input)).copied())
        };
        let untaken = self.graph.ids().filter(|id| !is_taken(id));
        Stall {
            unfinished: self.unfinished,
            lost: self
                .graph
                .ids()
                .filter(|id| is_taken(id) && lacks(id))
                .collect(),
            waiting: untaken.take(STALL_SHOWN).map(waiting).collect(),
        }
    }
}

/// A run that cannot come to its end: something of it is unfinished, and nothing of it is anywhere.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct Stall {
    pub(super) unfinished: usize,
    /// Tasks that were taken and never told of again.
    pub(super) lost: Vec<TaskId>,
    /// The first tasks that have not been taken, each with an input that has no result.
    pub(super) waiting: Vec<(TaskId, Option<TaskId>)>,
}

/// So many tasks that wait are named.
const STALL_SHOWN: usize = 5;

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
            Event::Idle { of, most, room } => self.idle(of, most, room, actions),
            Event::Returned { run, task } => self.returned(run, task, actions),
            Event::Finished { run, task, bytes } => self.finished(run, task, bytes, actions),
            Event::Failed { run } => {
                self.run_mut(run).running -= 1;
                self.stop(run, Outcome::Failed, actions);
            }
            Event::Lost { run } => self.stop(run, Outcome::Failed, actions),
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

    /// How many tasks can start.
    pub(super) fn n_ready(&self) -> usize {
        self.runs.values().map(|run| run.schedule.n_ready).sum()
    }

    /// How many tasks have been taken and have not ended.
    pub(super) fn n_running(&self) -> usize {
        self.runs.values().map(|run| run.running).sum()
    }

    /// The task that would be taken next, and how many bytes its result is expected to take: of any run, or of one.
    pub(super) fn next(&mut self, of: Option<RunId>) -> Option<(RunId, TaskId, usize)> {
        let id = of.or_else(|| self.next_run())?;
        let schedule = &mut self.runs.get_mut(&id)?.schedule;
        let task = schedule.first()?;
        Some((id, task, schedule.expected(task)))
    }

    /// How many bytes the result of a task of `run` is expected to take.
    pub(super) fn expected(&self, run: RunId, task: TaskId) -> usize {
        self.runs
            .get(&run)
            .map_or(0, |run| run.schedule.expected(task))
    }

    /// How far away the next use of results of `run` is, in tasks.
    pub(super) fn next_uses(&mut self, run: RunId) -> Option<impl Fn(TaskId) -> usize> {
        let schedule = &mut self.runs.get_mut(&run)?.schedule;
        let end = schedule.graph.len();
        let first = schedule.first().map_or(end, TaskId::index);
        let schedule = &*schedule;
        Some(move |task| schedule.next_use(task, first))
    }

    /// Whether `run` goes on: it has neither ended nor been stopped.
    pub(super) fn is_open(&self, run: RunId) -> bool {
        self.runs.get(&run).is_some_and(|run| run.stopped.is_none())
    }

    /// What keeps `run` from its end, if it goes on and the `n_held` of its tasks that threads hold are fewer than were taken, or
    /// none while none can run.
    pub(super) fn stall(
        &self,
        run: RunId,
        n_held: usize,
        has_result: impl Fn(TaskId) -> bool,
    ) -> Option<Stall> {
        let run = self.runs.get(&run)?;
        let is_stalled = n_held < run.running || (run.running == 0 && !run.is_ready());
        (run.stopped.is_none() && is_stalled).then(|| run.schedule.stall(has_result))
    }

    /// What is left of `run`.
    pub(super) fn standing(
        &self,
        run: RunId,
        has_result: impl Fn(TaskId) -> bool,
    ) -> Option<Stall> {
        let run = self.runs.get(&run)?;
        Some(run.schedule.stall(has_result))
    }

    /// Whether `run` has been submitted and has not ended.
    pub(super) fn knows(&self, run: RunId) -> bool {
        self.runs.contains_key(&run)
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
    fn next_run(&self) -> Option<RunId> {
        let ready = self.runs.iter().filter(|(_, run)| run.is_ready());
        ready.min_by_key(|(_, run)| run.running).map(|(id, _)| *id)
    }

    fn idle(&mut self, of: Option<RunId>, most: usize, room: i64, actions: &mut Vec<Action>) {
        let Some(id) = of.or_else(|| self.next_run()) else {
            return;
        };
        let Some(run) = self.runs.get_mut(&id) else {
            return;
        };
        run.schedule.take(most, room, |task| {
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

    fn finished(&mut self, id: RunId, task: TaskId, bytes: usize, actions: &mut Vec<Action>) {
        let run = self.run_mut(id);
        run.running -= 1;
        if run.stopped.is_none() {
            run.schedule.finished(task, bytes, |task| {
                actions.push(Action::Drop { run: id, task })
            });
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
