//! The state machine in a simulated pool: a million events of many runs, from a seed, with the invariants checked at each of them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use dagbok::{Name, Site, Value};

use super::state::{Action, Event, Outcome, RunId, Schedule, State};
use crate::effort;
use crate::graph::{Graph, Layer, LayerKind, NewTask, TaskId};

const STEPS: usize = effort::of(250_000, 100);
const THREADS: u64 = 8;
const RUNS_MAX: usize = 12;
/// How often everything is counted anew.
const CHECKED_EVERY: usize = 5_000;

#[test]
fn a_million_steps_keep_the_invariants() {
    for seed in 1..=4 {
        let mut pool = Pool::new(seed);
        for step in 0..STEPS {
            pool.step();
            if step % CHECKED_EVERY == 0 {
                pool.runs.values().for_each(Model::check);
            }
        }
        pool.drain();
        let ended = pool.ended;
        assert!(
            cfg!(miri) || ended.iter().all(|n| *n > 100),
            "seed {seed}: {ended:?} runs"
        );
    }
}

/// Numbers from a seed (Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators").
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }

    fn is_one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    fn graph(&mut self) -> Graph {
        let n = match self.is_one_in(50) {
            true => self.below(effort::of(2_000, 24) as u64),
            false => self.below(effort::of(60, 12) as u64),
        };
        let mut graph = Graph::default();
        let layer = graph.add_layer(Layer {
            name: Name::of("task", 0),
            kind: LayerKind::Array,
            site: Site::caller(),
            detail: String::new(),
        });
        // 1 for a chain, more for what is wide
        let reach = 1 + self.below(n.max(1));
        for idx in 0..n {
            let n_inputs = self.below(4).min(idx);
            let mut input = || TaskId::new((idx - 1 - self.below(reach.min(idx))) as usize);
            graph.add_task(NewTask {
                layer,
                block: Box::new([]),
                inputs: (0..n_inputs).map(|_| input()).collect(),
                run: Arc::new(|_: &[Value]| Ok(Value::new(()))),
                bytes: 0,
            });
        }
        graph
    }
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Phase {
    Waiting,
    Taken,
    Finished,
}

/// A run as it has to be.
struct Model {
    graph: Arc<Graph>,
    dependents: Vec<Vec<TaskId>>,
    is_output: Vec<bool>,
    parent: Option<RunId>,
    phases: Vec<Phase>,
    missing: Vec<usize>,
    uses: Vec<usize>,
    has_result: Vec<bool>,
    ready: BTreeSet<TaskId>,
    n_taken: usize,
    n_finished: usize,
    stopped: Option<Outcome>,
}

impl Model {
    fn new(graph: Arc<Graph>, outputs: &[TaskId], parent: Option<RunId>) -> Self {
        let mut dependents = vec![Vec::new(); graph.len()];
        for (id, task) in graph.tasks() {
            task.inputs
                .iter()
                .for_each(|input| dependents[input.index()].push(id));
        }
        let mut is_output = vec![false; graph.len()];
        outputs
            .iter()
            .for_each(|output| is_output[output.index()] = true);
        let missing: Vec<usize> = graph.ids().map(|id| graph.inputs(id).len()).collect();
        Model {
            ready: graph.ids().filter(|id| missing[id.index()] == 0).collect(),
            missing,
            uses: dependents.iter().map(Vec::len).collect(),
            dependents,
            is_output,
            parent,
            phases: vec![Phase::Waiting; graph.len()],
            has_result: vec![false; graph.len()],
            n_taken: 0,
            n_finished: 0,
            stopped: None,
            graph,
        }
    }

    fn n_ready(&self) -> usize {
        match self.stopped {
            None => self.ready.len(),
            Some(_) => 0,
        }
    }

    fn is_finished(&self, task: TaskId) -> bool {
        self.phases[task.index()] == Phase::Finished
    }

    fn can_run(&self, task: TaskId) -> bool {
        let mut inputs = self.graph.inputs(task).iter();
        inputs.all(|input| self.is_finished(*input))
    }

    fn take(&mut self, task: TaskId) {
        assert_eq!(
            self.phases[task.index()],
            Phase::Waiting,
            "{task:?} runs twice"
        );
        self.phases[task.index()] = Phase::Taken;
        self.ready.remove(&task);
        self.n_taken += 1;
    }

    fn give_back(&mut self, task: TaskId) {
        self.phases[task.index()] = Phase::Waiting;
        self.n_taken -= 1;
        if self.missing[task.index()] == 0 {
            self.ready.insert(task);
        }
    }

    fn finish(&mut self, task: TaskId) {
        self.n_taken -= 1;
        if self.stopped.is_some() {
            return;
        }
        self.phases[task.index()] = Phase::Finished;
        self.has_result[task.index()] = true;
        self.n_finished += 1;
        for input in self.graph.inputs(task) {
            self.uses[input.index()] -= 1;
        }
        for dependent in &self.dependents[task.index()] {
            self.missing[dependent.index()] -= 1;
            let can_start = self.missing[dependent.index()] == 0;
            if can_start && self.phases[dependent.index()] == Phase::Waiting {
                self.ready.insert(*dependent);
            }
        }
    }

    /// How it has to have ended by now, if it has.
    fn outcome(&self) -> Option<Outcome> {
        match self.stopped {
            None => (self.n_finished == self.graph.len()).then_some(Outcome::Done),
            Some(why) => (self.n_taken == 0).then_some(why),
        }
    }

    /// Counts everything anew.
    fn check(&self) {
        if self.stopped.is_some() {
            return;
        }
        let of_phase = |phase| self.phases.iter().filter(|it| **it == phase).count();
        assert_eq!(of_phase(Phase::Taken), self.n_taken);
        assert_eq!(of_phase(Phase::Finished), self.n_finished);
        for id in self.graph.ids() {
            let (idx, dependents) = (id.index(), &self.dependents[id.index()]);
            let waits = self.phases[idx] == Phase::Waiting;
            assert_eq!(self.ready.contains(&id), waits && self.can_run(id));
            let is_used = dependents
                .iter()
                .any(|dependent| !self.is_finished(*dependent));
            let is_kept = self.is_output[idx] || dependents.is_empty() || is_used;
            assert_eq!(
                self.has_result[idx],
                self.is_finished(id) && is_kept,
                "{id:?}"
            );
        }
    }
}

/// Threads with the tasks that they have taken, the first of which runs.
struct Pool {
    random: Random,
    state: State,
    runs: BTreeMap<RunId, Model>,
    lanes: Vec<VecDeque<(RunId, TaskId)>>,
    n_submitted: u64,
    /// How many runs were done, failed and were cancelled.
    ended: [usize; 3],
}

impl Pool {
    fn new(seed: u64) -> Self {
        Pool {
            random: Random(seed),
            state: State::default(),
            runs: BTreeMap::new(),
            lanes: vec![VecDeque::new(); THREADS as usize],
            n_submitted: 0,
            ended: [0; 3],
        }
    }

    fn step(&mut self) {
        let has_room = self.runs.len() < RUNS_MAX;
        if has_room && self.random.is_one_in(20) {
            let front = self.lane().front().copied();
            let asks = self.random.is_one_in(3);
            self.submit(front.filter(|_| asks).map(|(run, _)| run));
        } else if self.random.is_one_in(2_000) {
            let run = self.any_run();
            run.into_iter().for_each(|run| self.cancel(run));
        } else {
            let thread = self.random.below(THREADS) as usize;
            self.turn(thread);
        }
    }

    fn lane(&mut self) -> &mut VecDeque<(RunId, TaskId)> {
        let thread = self.random.below(THREADS) as usize;
        &mut self.lanes[thread]
    }

    fn any_run(&mut self) -> Option<RunId> {
        let n = self.runs.len() as u64;
        let nth = self.random.below(n.max(1)) as usize;
        self.runs.keys().nth(nth).copied()
    }

    /// What a thread does next.
    fn turn(&mut self, thread: usize) {
        let Some((run, task)) = self.lanes[thread].front().copied() else {
            self.take(thread);
            return;
        };
        let model = &self.runs[&run];
        if model.stopped.is_none() && (!model.can_run(task) || self.random.is_one_in(100)) {
            self.lanes[thread].pop_front();
            self.give_back(run, task);
        } else if self.random.is_one_in(1_000) {
            self.lanes[thread].pop_front();
            self.fail(run);
        } else {
            self.lanes[thread].pop_front();
            self.finish(run, task);
        }
    }

    /// Takes new tasks, or some of another thread's.
    fn take(&mut self, thread: usize) {
        let of = match self.random.is_one_in(10) {
            true => self.any_run(),
            false => None,
        };
        let most = 1 + self.random.below(16) as usize;
        let could = self.n_ready(of);
        let fewest = self.fewest_taken(of);
        let room = i64::MAX;
        let taken = self.handle(Event::Idle { of, most, room });
        assert_eq!(taken.is_empty(), could == 0);
        assert!(taken.len() <= most);
        for (idx, (run, task)) in taken.iter().enumerate() {
            let model = self.model(*run);
            if idx == 0 {
                assert_eq!(model.ready.first(), Some(task), "not the first");
                assert_eq!(Some(model.n_taken), fewest, "not fair");
            }
            let is_before = |input: &TaskId| taken[..idx].contains(&(*run, *input));
            let mut inputs = model.graph.inputs(*task).iter();
            assert!(inputs.all(|input| model.is_finished(*input) || is_before(input)));
            model.take(*task);
        }
        self.lanes[thread].extend(taken);
        if self.lanes[thread].is_empty() {
            let other = self.random.below(THREADS) as usize;
            let n_left = self.lanes[other].len().div_ceil(2);
            let stolen = self.lanes[other].split_off(n_left);
            self.lanes[thread].extend(stolen);
        }
    }

    fn n_ready(&self, of: Option<RunId>) -> usize {
        let runs = self
            .runs
            .iter()
            .filter(|(id, _)| of.is_none_or(|of| of == **id));
        runs.map(|(_, model)| model.n_ready()).sum()
    }

    fn fewest_taken(&self, of: Option<RunId>) -> Option<usize> {
        let runs = self
            .runs
            .iter()
            .filter(|(id, _)| of.is_none_or(|of| of == **id));
        let ready = runs.filter(|(_, model)| model.n_ready() > 0);
        ready.map(|(_, model)| model.n_taken).min()
    }

    fn submit(&mut self, parent: Option<RunId>) {
        let graph = Arc::new(self.random.graph());
        let outputs = graph.ids().filter(|_| self.random.is_one_in(5));
        let outputs: Vec<TaskId> = outputs.collect();
        self.n_submitted += 1;
        let run = RunId(self.n_submitted);
        let schedule = Schedule::new(graph.clone(), &outputs);
        let mut model = Model::new(graph, &outputs, parent);
        if parent.is_some_and(|parent| !self.is_open(parent)) {
            model.stopped = Some(Outcome::Cancelled);
        }
        self.runs.insert(run, model);
        self.handle(Event::Submitted {
            run,
            parent,
            schedule,
        });
    }

    fn is_open(&self, run: RunId) -> bool {
        self.runs
            .get(&run)
            .is_some_and(|model| model.stopped.is_none())
    }

    fn give_back(&mut self, run: RunId, task: TaskId) {
        self.model(run).give_back(task);
        self.handle(Event::Returned { run, task });
    }

    fn finish(&mut self, run: RunId, task: TaskId) {
        let model = self.model(run);
        model.finish(task);
        let was_open = model.stopped.is_none();
        let graph = model.graph.clone();
        let bytes = self.random.below(1000) as usize;
        self.handle(Event::Finished { run, task, bytes });
        // What nobody takes any more has been dropped.
        if let Some(model) = self.runs.get(&run).filter(|_| was_open) {
            for input in graph.inputs(task).iter().map(|input| input.index()) {
                let is_kept = model.uses[input] > 0 || model.is_output[input];
                assert_eq!(model.has_result[input], is_kept);
            }
        }
    }

    fn fail(&mut self, run: RunId) {
        self.model(run).n_taken -= 1;
        self.stop(run, Outcome::Failed);
        self.handle(Event::Failed { run });
        self.withdraw();
    }

    fn cancel(&mut self, run: RunId) {
        self.stop(run, Outcome::Cancelled);
        self.handle(Event::Cancelled { run });
        self.withdraw();
    }

    fn stop(&mut self, run: RunId, why: Outcome) {
        self.model(run).stopped.get_or_insert(why);
        let is_child = |model: &Model| model.parent == Some(run) && model.stopped.is_none();
        let children = self.runs.iter().filter(|(_, model)| is_child(model));
        let children: Vec<RunId> = children.map(|(id, _)| *id).collect();
        children
            .into_iter()
            .for_each(|child| self.stop(child, Outcome::Cancelled));
    }

    /// Takes back what has not begun of runs that go on no more.
    fn withdraw(&mut self) {
        for thread in 0..self.lanes.len() {
            let lane = std::mem::take(&mut self.lanes[thread]);
            for (idx, (run, task)) in lane.into_iter().enumerate() {
                match idx == 0 || self.is_open(run) {
                    true => self.lanes[thread].push_back((run, task)),
                    false => self.give_back(run, task),
                }
            }
        }
    }

    /// Hands `event` to the state machine; what it gives out to be run is returned.
    fn handle(&mut self, event: Event) -> Vec<(RunId, TaskId)> {
        let mut actions = Vec::new();
        self.state.handle(event, &mut actions);
        let mut taken = Vec::new();
        for action in actions {
            match action {
                Action::Run { run, task } => taken.push((run, task)),
                Action::Drop { run, task } => {
                    let (model, idx) = (self.model(run), task.index());
                    assert!(model.uses[idx] == 0 && !model.is_output[idx]);
                    let had_result = std::mem::take(&mut model.has_result[idx]);
                    assert!(had_result, "{task:?} is dropped twice");
                }
                Action::End { run, outcome } => {
                    let model = self.runs.remove(&run).expect("a run ends once");
                    assert_eq!(model.outcome(), Some(outcome));
                    assert_eq!(model.n_taken, 0);
                    self.ended[outcome as usize] += 1;
                }
            }
        }
        for (id, model) in &self.runs {
            let of_run = taken.iter().filter(|(run, _)| run == id);
            let n_taken = of_run.clone().count();
            let could_run = of_run
                .filter(|(_, task)| model.ready.contains(task))
                .count();
            let n_ready = model.n_ready() - could_run;
            assert_eq!(self.state.has_ready(Some(*id)), n_ready > 0);
            assert_eq!(model.outcome(), None, "{id:?} hangs");
            let goes_on = model.n_taken + n_taken + n_ready > 0;
            assert!(goes_on || model.stopped.is_some(), "{id:?} is stalled");
        }
        taken
    }

    /// Lets everything come to its end.
    fn drain(&mut self) {
        while !self.runs.is_empty() {
            (0..self.lanes.len()).for_each(|thread| self.turn(thread));
        }
        assert!(!self.state.has_ready(None));
    }

    fn model(&mut self, run: RunId) -> &mut Model {
        self.runs.get_mut(&run).expect("a run that has not ended")
    }
}
