//! The state machine alone: random graphs, random completion order, failures, interrupts and nested runs, no threads.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use dagbok::cell::threads::Served;
use dagbok::delayed::DelayedNode;
use dagbok::value::Stored;
use dagbok::{Error, ErrorKind, Name, Result, Site, Value};
use expect_test::expect;
use proptest::prelude::*;
use proptest::sample::Index;

use super::hands::Hands;
use super::pool::Shared;
use super::state::{Action, Event, Outcome, RunId, Schedule, State};
use super::{Background, Scheduler, synchronous};
use crate::effort;
use crate::events::{self, Observer, Run, Stamped};
use crate::graph::{Graph, Layer, LayerKind, NewTask, Task, TaskId, fuse};

fn graph(edges: &[Vec<Index>]) -> Arc<Graph> {
    let mut graph = Graph::default();
    let layer = graph.add_layer(Layer {
        name: Name::of("task", 0),
        kind: LayerKind::Delayed,
        site: Site::caller(),
        detail: String::new(),
    });
    for (idx, inputs) in edges.iter().enumerate() {
        let inputs = inputs.iter().filter(|_| idx > 0);
        graph.add_task(NewTask {
            layer,
            block: Box::new([]),
            inputs: inputs.map(|input| TaskId::new(input.index(idx))).collect(),
            run: Arc::new(|_: &[Value]| Ok(Value::new(()))),
            bytes: 0,
        });
    }
    Arc::new(graph)
}

/// What a run looks like from outside, and what may happen to it.
struct Model {
    graph: Arc<Graph>,
    outputs: BTreeSet<TaskId>,
    parent: Option<RunId>,
    results: BTreeSet<TaskId>,
    finished: BTreeSet<TaskId>,
    running: BTreeSet<TaskId>,
    may_start: bool,
    outcome: Option<Outcome>,
}

#[derive(Default)]
struct World {
    state: State,
    runs: BTreeMap<RunId, Model>,
}

#[derive(Clone, Debug)]
enum Step {
    Submit(Vec<Vec<Index>>, Vec<Index>),
    /// Several are taken, at most so many.
    StartSeveral(usize),
    /// One that was taken is given back.
    Return(Index),
    /// A run that a running task asks for.
    Nest(Index, Vec<Vec<Index>>),
    Start,
    StartOf(Index),
    Finish(Index),
    Fail(Index),
    Cancel(Index),
}

fn edges() -> impl Strategy<Value = Vec<Vec<Index>>> {
    prop::collection::vec(prop::collection::vec(any::<Index>(), 0..4), 0..20)
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        2 => (edges(), prop::collection::vec(any::<Index>(), 0..3)).prop_map(|(edges, outputs)| Step::Submit(edges, outputs)),
        1 => (any::<Index>(), edges()).prop_map(|(task, edges)| Step::Nest(task, edges)),
        30 => Just(Step::Start),
        10 => any::<Index>().prop_map(Step::StartOf),
        5 => (1_usize..9).prop_map(Step::StartSeveral),
        5 => any::<Index>().prop_map(Step::Return),
        40 => any::<Index>().prop_map(Step::Finish),
        1 => any::<Index>().prop_map(Step::Fail),
        1 => any::<Index>().prop_map(Step::Cancel),
    ];
    prop::collection::vec(step, 1..effort::of(400, 30))
}

impl World {
    fn step(&mut self, step: Step) {
        match step {
            Step::Submit(edges, outputs) => self.submit(None, &edges, &outputs),
            Step::Nest(task, edges) => {
                if let Some((run, _)) = self.pick_running(&task) {
                    self.submit(Some(run), &edges, &[]);
                }
            }
            Step::Start => self.start(None),
            Step::StartOf(run) => {
                if let Some(run) = self.pick_open(&run) {
                    self.start(Some(run));
                }
            }
            Step::StartSeveral(most) => {
                let n_running = self.n_running();
                let room = i64::MAX;
                self.handle(Event::Idle {
                    of: None,
                    most,
                    room,
                });
                assert!(self.n_running() - n_running <= most);
            }
            Step::Return(task) => {
                if let Some((run, task)) = self.pick_running(&task) {
                    self.give_back(run, task);
                }
            }
            Step::Finish(task) => {
                if let Some((run, task)) = self.pick_running(&task) {
                    self.finish(run, task);
                }
            }
            Step::Fail(task) => {
                if let Some((run, task)) = self.pick_running(&task) {
                    self.model(run).running.remove(&task);
                    self.stop(run);
                    self.handle(Event::Failed { run });
                }
            }
            Step::Cancel(run) => {
                if let Some(run) = self.pick_open(&run) {
                    self.stop(run);
                    self.handle(Event::Cancelled { run });
                }
            }
        }
    }

    fn submit(&mut self, parent: Option<RunId>, edges: &[Vec<Index>], outputs: &[Index]) {
        let graph = graph(edges);
        let outputs = outputs.iter().filter(|_| !graph.is_empty());
        let outputs: Vec<TaskId> = outputs
            .map(|idx| TaskId::new(idx.index(graph.len())))
            .collect();
        let run = RunId(self.runs.len() as u64);
        let schedule = Schedule::new(graph.clone(), &outputs);
        let model = Model {
            graph,
            outputs: outputs.into_iter().collect(),
            parent,
            results: BTreeSet::new(),
            finished: BTreeSet::new(),
            running: BTreeSet::new(),
            may_start: parent.is_none_or(|parent| self.runs[&parent].may_start),
            outcome: None,
        };
        self.runs.insert(run, model);
        self.handle(Event::Submitted {
            run,
            parent,
            schedule,
        });
    }

    fn start(&mut self, of: Option<RunId>) {
        let could = self
            .runs
            .iter()
            .any(|(id, run)| of.is_none_or(|of| of == *id) && run.can_start());
        assert_eq!(self.state.has_ready(of), could);
        let n_running = self.n_running();
        let room = i64::MAX;
        self.handle(Event::Idle { of, most: 1, room });
        assert_eq!(self.n_running(), n_running + usize::from(could));
    }

    fn give_back(&mut self, run: RunId, task: TaskId) {
        self.model(run).running.remove(&task);
        self.handle(Event::Returned { run, task });
    }

    fn finish(&mut self, run: RunId, task: TaskId) {
        let model = self.model(run);
        model.running.remove(&task);
        if model.may_start {
            model.finished.insert(task);
            model.results.insert(task);
        }
        let bytes = 0;
        self.handle(Event::Finished { run, task, bytes });
        let model = &self.runs[&run];
        if model.may_start {
            for (task, _) in model.graph.tasks() {
                assert_eq!(
                    model.results.contains(&task),
                    model.is_of_use(task),
                    "{task:?}"
                );
            }
        }
    }

    fn handle(&mut self, event: Event) {
        let mut actions = Vec::new();
        self.state.handle(event, &mut actions);
        for action in actions {
            match action {
                Action::Run { run, task } => {
                    let model = self.model(run);
                    assert!(model.may_start && model.outcome.is_none());
                    let mut inputs = model.graph.inputs(task).iter();
                    assert!(inputs.all(|input| {
                        model.results.contains(input) || model.running.contains(input)
                    }));
                    assert!(!model.finished.contains(&task));
                    assert!(model.running.insert(task), "{task:?} runs twice");
                }
                Action::Drop { run, task } => {
                    let model = self.model(run);
                    assert!(!model.outputs.contains(&task));
                    assert!(model.results.remove(&task), "{task:?} is dropped twice");
                }
                Action::End { run, outcome } => {
                    let model = self.model(run);
                    assert!(model.running.is_empty());
                    assert_eq!(model.outcome.replace(outcome), None, "a run ends once");
                    assert_eq!(model.may_start, outcome == Outcome::Done);
                    if outcome == Outcome::Done {
                        assert_eq!(model.finished.len(), model.graph.len());
                    }
                }
            }
        }
    }

    /// A run that is stopped stops the runs that its tasks asked for.
    fn stop(&mut self, run: RunId) {
        self.model(run).may_start = false;
        let children = self.runs.iter().filter(|(_, model)| {
            model.parent == Some(run) && model.outcome.is_none() && model.may_start
        });
        let children: Vec<RunId> = children.map(|(id, _)| *id).collect();
        children.into_iter().for_each(|child| self.stop(child));
    }

    /// Lets everything that goes on come to its end.
    fn drain(&mut self) {
        loop {
            self.start(None);
            let running = self
                .runs
                .iter()
                .find_map(|(id, run)| Some((*id, run.runnable().next()?)));
            // What waits for a result that will not come is given back.
            let stuck = || {
                let mut runs = self.runs.iter();
                runs.find_map(|(id, run)| Some((*id, *run.running.first()?)))
            };
            match running {
                Some((run, task)) => self.finish(run, task),
                None => match stuck() {
                    Some((run, task)) => self.give_back(run, task),
                    None => break,
                },
            }
        }
        assert!(
            self.runs.values().all(|run| run.outcome.is_some()),
            "a run hangs"
        );
    }

    fn model(&mut self, run: RunId) -> &mut Model {
        self.runs.get_mut(&run).expect("every run was submitted")
    }

    fn n_running(&self) -> usize {
        self.runs.values().map(|run| run.running.len()).sum()
    }

    fn pick_running(&self, idx: &Index) -> Option<(RunId, TaskId)> {
        let running = self
            .runs
            .iter()
            .flat_map(|(id, run)| run.runnable().map(|task| (*id, task)));
        let running: Vec<_> = running.collect();
        (!running.is_empty()).then(|| running[idx.index(running.len())])
    }

    fn pick_open(&self, idx: &Index) -> Option<RunId> {
        let open = self.runs.iter().filter(|(_, run)| run.outcome.is_none());
        let open: Vec<RunId> = open.map(|(id, _)| *id).collect();
        (!open.is_empty()).then(|| open[idx.index(open.len())])
    }
}

impl Model {
    /// Tasks that have been taken and have all inputs.
    fn runnable(&self) -> impl Iterator<Item = TaskId> {
        let waits = |task: &&TaskId| {
            let mut inputs = self.graph.inputs(**task).iter();
            inputs.any(|input| !self.finished.contains(input))
        };
        self.running
            .iter()
            .filter(move |task| !waits(task))
            .copied()
    }

    fn can_start(&self) -> bool {
        let is_ready = |(id, task): (TaskId, Task<'_>)| {
            !self.finished.contains(&id)
                && !self.running.contains(&id)
                && task
                    .inputs
                    .iter()
                    .all(|input| self.finished.contains(input))
        };
        self.may_start && self.graph.tasks().any(is_ready)
    }

    /// Whether the result of `task` is there and something will still take it; what nothing ever takes stays to the end.
    fn is_of_use(&self, task: TaskId) -> bool {
        let mut takers = self
            .graph
            .tasks()
            .filter(|(_, other)| other.inputs.contains(&task))
            .peekable();
        let is_last = takers.peek().is_none();
        self.finished.contains(&task)
            && (is_last
                || self.outputs.contains(&task)
                || takers.any(|(id, _)| !self.finished.contains(&id)))
    }
}

proptest! {
    #![proptest_config(effort::cases(300))]

    #[test]
    fn any_sequence_of_events_keeps_the_invariants(steps in steps()) {
        let mut world = World::default();
        steps.into_iter().for_each(|step| world.step(step));
        world.drain();
    }
}

#[test]
fn runs_share_the_threads_evenly() {
    let wide = vec![Vec::new(); 10];
    let mut world = World::default();
    world.submit(None, &wide, &[]);
    world.submit(None, &wide, &[]);
    (0..6).for_each(|_| world.start(None));
    let running: Vec<usize> = world.runs.values().map(|run| run.running.len()).collect();
    assert_eq!(running, [3, 3]);
}

/// A pool without threads, of which somebody takes tasks and forgets them: no task can do so.
#[test]
#[cfg_attr(miri, ignore = "its clock is too fast for threads")]
fn a_run_that_has_lost_tasks_ends_with_an_error_that_names_them() {
    let scheduler = Scheduler {
        shared: Arc::new(Shared::new(1, Arc::default())),
        n_threads: 1,
        takes_all_cores: false,
    };
    let (graph, sum) = sum_of(vec![|| Value::new(1_i64); 3]);
    let error = thread::scope(|scope| {
        let error = scope.spawn(|| scheduler.compute(graph, &[sum], &[]));
        while !lose_all(&scheduler.shared) {
            thread::yield_now();
        }
        let result = error.join().expect("no panic");
        result.expect_err("a standstill")
    });
    let mut text = error.to_string();
    for name in ["part", "sum"] {
        text = text.replace(&Name::of(name, 0).to_string(), name);
    }
    expect![[r#"
        the computation has stalled: nothing of it runs, and 4 of its 4 tasks have not ended; the scheduler is wrong here, not the tasks
          `part` was to be run and is lost
          `part` was to be run and is lost
          `part` was to be run and is lost
          `sum` waits for `part`"#]]
    .assert_eq(&text);
}

/// Takes all tasks that can run, and forgets them. Whether there were any.
fn lose_all(shared: &Shared) -> bool {
    let mut core = shared.lock();
    while core.state.has_ready(None) {
        core.pick(None, 1, i64::MAX, &mut Hands::new(0));
    }
    core.state.n_running() > 0
}

/// How many tasks have run.
#[derive(Default)]
struct Counter {
    n: Mutex<usize>,
    changed: Condvar,
}

impl Counter {
    fn add_one(&self) {
        *self.n.lock().expect("no panic") += 1;
        self.changed.notify_all();
    }

    /// Waits until it is `n`; whether it ever was.
    fn reaches(&self, n: usize) -> bool {
        let counted = self.n.lock().expect("no panic");
        let waited = self
            .changed
            .wait_timeout_while(counted, Duration::from_secs(60), |counted| *counted < n);
        !waited.expect("no panic").1.timed_out()
    }
}

/// A graph of `edges`, some of whose tasks end only when all others have.
fn with_long_tasks(edges: &[Vec<Index>], are_long: &BTreeSet<usize>) -> Graph {
    let mut graph = Graph::default();
    let layer = graph.add_layer(Layer {
        name: Name::of("task", 0),
        kind: LayerKind::Array,
        site: Site::caller(),
        detail: String::new(),
    });
    let counter = Arc::new(Counter::default());
    let n_short = edges.len() - are_long.len();
    for (idx, inputs) in edges.iter().enumerate() {
        let inputs = inputs.iter().filter(|_| idx > 0);
        let inputs = inputs.map(|input| input.index(idx));
        let (is_long, counter) = (are_long.contains(&idx), counter.clone());
        graph.add_task(NewTask {
            layer,
            block: Box::new([idx as u32]),
            inputs: inputs
                .filter(|input| !is_long && !are_long.contains(input))
                .map(TaskId::new)
                .collect(),
            run: Arc::new(move |_: &[Value]| match is_long {
                true if counter.reaches(n_short) => Ok(Value::new(())),
                true => Err(Error::new(ErrorKind::Task, "a task waits behind this one")),
                false => {
                    counter.add_one();
                    Ok(Value::new(()))
                }
            }),
            bytes: 0,
        });
    }
    graph
}

proptest! {
    // To make a case that fails smaller would take a minute each time.
    #![proptest_config(ProptestConfig { max_shrink_iters: 0, ..effort::cases(40) })]

    #[test]
    #[cfg_attr(miri, ignore = "its clock is too fast for threads")]
    fn no_task_waits_behind_a_long_one_while_a_thread_is_idle(
        edges in prop::collection::vec(prop::collection::vec(any::<Index>(), 0..3), 1..400),
        long in prop::collection::vec(any::<Index>(), 1..4),
    ) {
        // One thread is left for all that is short.
        let n_threads = NonZero::new(long.len() + 1).expect("some threads");
        let are_long: BTreeSet<usize> = long.iter().map(|idx| idx.index(edges.len())).collect();
        let scheduler = Scheduler::new(n_threads).expect("threads");
        // The second time, threads know that tasks are short, and take many at once.
        for _ in 0..2 {
            let graph = with_long_tasks(&edges, &are_long);
            let outputs: Vec<TaskId> = graph.ids().collect();
            let result = scheduler.compute(graph, &outputs, &[]);
            prop_assert!(result.is_ok(), "{:?}", result.err());
        }
    }
}

/// What a thread is asked for outside of tasks, and panics at.
struct Sore;

impl Stored for Sore {
    fn load(&self) -> Result<Value> {
        Ok(Value::new(()))
    }

    fn bytes(&self) -> usize {
        panic!("no size")
    }

    fn type_name(&self) -> &'static str {
        "Sore"
    }
}

/// Tasks that give `values`, and one that takes them all.
fn sum_of(values: Vec<fn() -> Value>) -> (Graph, TaskId) {
    let mut graph = Graph::default();
    let mut add = |name, inputs: Box<[TaskId]>, value: fn() -> Value| {
        let layer = graph.add_layer(Layer {
            name: Name::of(name, 0),
            kind: LayerKind::Array,
            site: Site::caller(),
            detail: String::new(),
        });
        graph.add_task(NewTask {
            layer,
            block: Box::new([]),
            inputs,
            run: Arc::new(move |_: &[Value]| Ok(value())),
            bytes: 0,
        })
    };
    let parts: Vec<TaskId> = values
        .into_iter()
        .map(|value| add("part", Box::new([]), value))
        .collect();
    let sum = add("sum", parts.into(), || Value::new(7_i64));
    (graph, sum)
}

/// A run ends with an error when the thread that has a part of it in hand has panicked outside of tasks, and so does one that nobody
/// waits for; the pool is none the worse for it.
#[test]
#[cfg_attr(miri, ignore = "its clock is too fast for threads")]
fn a_thread_that_panics_outside_of_tasks_ends_runs_and_goes_on() {
    for n_threads in [1, 2, 4] {
        let n_threads = NonZero::new(n_threads).expect("some threads");
        let scheduler = Scheduler::new(n_threads).expect("threads");
        let sore = || sum_of(vec![|| Value::new(1_i64), || Value::stored(Box::new(Sore))]);
        for _ in 0..5 {
            let (graph, sum) = sore();
            let error = scheduler.compute(graph, &[sum], &[]).expect_err("a panic");
            let text = error.to_string();
            let head = "the computation has ended, as a thread that runs tasks has panicked between two of them: no size; ";
            assert!(text.starts_with(head), "{text}");
            // It waits, or was taken together with what it takes.
            let sum_key = format!("\n  `{}` wa", Name::of("sum", 0));
            assert!(text.contains(&sum_key), "{text}");

            let (graph, sum) = sore();
            let (send, receive) = mpsc::channel();
            scheduler.submit(Background {
                graph: Arc::new(graph),
                outputs: [sum].into(),
                served: Served::here(),
                observers: Vec::new(),
                caches: false,
                on_end: Box::new(move |result| send.send(result).expect("somebody waits")),
            });
            let error = receive.recv().expect("an end").expect_err("a panic");
            assert!(error.to_string().starts_with(head), "{error}");

            let (graph, sum) = sum_of(vec![|| Value::new(1_i64); 50]);
            let values = scheduler.compute(graph, &[sum], &[]).expect("no panic");
            assert_eq!(values[0].downcast_ref::<i64>(), Some(&7));
        }
    }
}

/// Hands out the first failure that it sees.
struct Failures(Mutex<Sender<()>>);

impl Observer for Failures {
    fn observe(&self, _: &Run, events: &[Stamped]) {
        let failed = |event: &&Stamped| matches!(event.event, events::Event::Failed { .. });
        for _ in events.iter().filter(failed) {
            let _ = self.0.lock().expect("no panic").send(());
        }
    }
}

type Call = Box<dyn Fn() -> Result<Value> + Send + Sync>;

/// The calls of each line in one task, lines beside each other.
fn lines(lines: Vec<Vec<(&'static str, Call)>>) -> (Graph, Vec<TaskId>) {
    let mut graph = Graph::default();
    let mut outputs = Vec::new();
    for line in lines {
        let mut last: Vec<TaskId> = Vec::new();
        for (name, call) in line {
            let name = Name::of(name, 0);
            let layer = graph.add_call_layer(Layer {
                name,
                kind: LayerKind::Delayed,
                site: Site::caller(),
                detail: String::new(),
            });
            let call = DelayedNode::of_closure(name, Site::caller(), move |_| call());
            last = vec![graph.add_call(layer, Arc::new(call), &last)];
        }
        outputs.append(&mut last);
    }
    let mut outputs = [outputs];
    let graph = fuse(graph, &mut outputs);
    let [outputs] = outputs;
    assert_eq!(graph.len(), outputs.len());
    (graph, outputs)
}

fn call(call: impl Fn() -> Result<Value> + Send + Sync + 'static) -> Call {
    Box::new(call)
}

/// The first call of one line goes on when another line is known to have failed; the second one is not made.
#[test]
#[cfg_attr(miri, ignore = "its clock is too fast for threads")]
fn a_line_of_calls_ends_when_another_task_has_failed() {
    let (send, receive) = mpsc::channel();
    let receive = Mutex::new(receive);
    let waits = call(move || {
        let _ = receive.lock().expect("no panic").recv();
        Ok(Value::new(1))
    });
    let n_calls = Arc::new(AtomicUsize::new(0));
    let counter = n_calls.clone();
    let counts = call(move || {
        counter.fetch_add(1, Ordering::SeqCst);
        Ok(Value::new(2))
    });
    let fails = call(|| Err(Error::new(ErrorKind::Io, "no such file")));
    let (graph, outputs) = lines(vec![
        vec![("waits", waits), ("counts", counts)],
        vec![("fails", fails)],
    ]);
    let scheduler = Scheduler::new(NonZero::new(2).expect("two")).expect("threads");
    let observers: [Arc<dyn Observer>; 1] = [Arc::new(Failures(Mutex::new(send)))];
    let error = scheduler
        .compute(graph, &outputs, &observers)
        .expect_err("a failure");
    assert!(
        error
            .to_string()
            .starts_with("`fails` failed: no such file"),
        "{error}"
    );
    drop(scheduler);
    assert_eq!(n_calls.load(Ordering::SeqCst), 0);
}

/// The error of a line of calls names the one that fails and what it took, whatever runs it.
#[track_caller]
fn check_named(
    line: impl Fn() -> Vec<(&'static str, Call)>,
    kind: ErrorKind,
    head: &str,
    tail: &str,
) {
    let scheduler = Scheduler::new(NonZero::<usize>::MIN).expect("a thread");
    let (graph, outputs) = lines(vec![line()]);
    let by_pool = scheduler.compute(graph, &outputs, &[]);
    let (graph, outputs) = lines(vec![line()]);
    let here = synchronous::compute(graph, &outputs, &[]);
    for error in [by_pool, here].map(|result| result.expect_err("a failure")) {
        assert_eq!(error.kind(), kind);
        let text = error.to_string();
        assert!(text.starts_with(head) && text.contains(tail), "{text}");
    }
}

#[test]
#[cfg_attr(miri, ignore = "its clock is too fast for threads")]
fn a_call_that_fails_in_a_line_is_named() {
    let passes = |name| (name, call(|| Ok(Value::new(7_i64))));
    let fails = |name| {
        (
            name,
            call(|| Err(Error::new(ErrorKind::Io, "no such file"))),
        )
    };
    let panics = |name| (name, call(|| panic!("oh no")));
    fn key(name: &str) -> Name {
        Name::of(name, 0)
    }
    let head = |name: &str| format!("`{name}` failed: ");
    let task = |name: &str| format!("task `{}`, made at ", key(name));
    let (head_a, head_b, head_c) = (&head("a"), &head("b"), &head("c"));
    let took = |name: &str| format!("inputs: `{}` (i64, 8 B)", key(name));
    let io = ErrorKind::Io;
    check_named(
        move || vec![fails("a"), passes("b"), passes("c")],
        io,
        head_a,
        &task("a"),
    );
    check_named(
        move || vec![passes("a"), fails("b"), passes("c")],
        io,
        head_b,
        &task("b"),
    );
    check_named(
        move || vec![passes("a"), fails("b"), passes("c")],
        io,
        head_b,
        &took("a"),
    );
    check_named(
        move || vec![passes("a"), passes("b"), fails("c")],
        io,
        head_c,
        &task("c"),
    );
    check_named(
        move || vec![passes("a"), passes("b"), fails("c")],
        io,
        head_c,
        &took("b"),
    );
    let panicked = ErrorKind::Task;
    check_named(
        move || vec![passes("a"), panics("b"), passes("c")],
        panicked,
        head_b,
        &took("a"),
    );
    check_named(
        move || vec![passes("a"), passes("b"), panics("c")],
        panicked,
        head_c,
        ": oh no",
    );
}
