//! Computes a graph on the thread that asks for it, one task after the other in the order of their ids: what a task does wrong
//! happens below the call that asked, where a debugger and a panic's calls show it.

use std::cell::RefCell;
use std::panic::PanicHookInfo;
use std::sync::{Arc, Once};
use std::time::Instant;

use dagbok::cell::{Panic, catch, place_in_cell, typed_place};
use dagbok::{Error, ErrorKind, Result, Value, attempt, cancel};

use super::state::{Outcome, RunId};
use super::{TICK, next_run, task};
use crate::events::{Canceller, Event, Observer, Run, Stamped};
use crate::graph::{Dependents, Graph, Part, TaskId};
use crate::storage::{Costs, Memory, Results};

/// At most so many of the calls that led to a panic go into its error.
const CALLS_MAX: usize = 20;

thread_local! {
    /// The run whose task the current thread runs, and what calls it off.
    static CURRENT: RefCell<Option<(RunId, Canceller)>> = const { RefCell::new(None) };
    static PANICKED_AT: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Whether the current thread runs a task of such a computation.
pub(crate) fn is_in_task() -> bool {
    CURRENT.with_borrow(Option::is_some)
}

/// The values of `outputs`, tasks of `graph`, whose ids are in the order to run them in.
///
/// A task may itself call it. Observers hear of what has happened between two tasks.
///
/// # Errors
/// As a pool's, but that the error of a panic also has the calls of cells that led to it. An interrupt is noticed between two
/// tasks, and by tasks that look for it.
pub fn compute(
    graph: impl Into<Arc<Graph>>,
    outputs: &[TaskId],
    observers: &[Arc<dyn Observer>],
) -> Result<Vec<Value>> {
    compute_within(graph.into(), outputs, observers, &Memory::default(), false)
}

/// Like [`compute`], for results that keep to the budget of `memory`.
///
/// # Errors
/// As for `compute`.
pub(crate) fn compute_within(
    graph: Arc<Graph>,
    outputs: &[TaskId],
    observers: &[Arc<dyn Observer>],
    memory: &Memory,
    caches: bool,
) -> Result<Vec<Value>> {
    note_places();
    let (parent, canceller) = CURRENT.with_borrow(Clone::clone).unzip();
    let run = Run {
        id: next_run(),
        parent,
        graph,
        n_threads: 1,
        submitted: Instant::now(),
        canceller: canceller.unwrap_or_default(),
    };
    let mut here = Here::new(&run, outputs, observers, memory);
    here.costs = caches.then(|| Costs::of(&run.graph));
    // Its first task may last, and may compute something that is seen before it ends.
    here.tell();
    let result = here.run_all();
    let outcome = match &result {
        Ok(()) => Outcome::Done,
        Err(error) if error.kind() == ErrorKind::Cancelled => Outcome::Cancelled,
        Err(_) => Outcome::Failed,
    };
    here.note(Event::Ended { outcome });
    here.tell();
    result.map(|()| here.share(outputs))
}

/// A computation on the current thread.
struct Here<'a> {
    run: &'a Run,
    observers: &'a [Arc<dyn Observer>],
    memory: &'a Memory,
    dependents: Dependents,
    costs: Option<Costs>,
    results: Results,
    /// What the last result of each layer took.
    layer_bytes: Vec<usize>,
    /// How often each result will still be taken, once for being an output.
    uses: Vec<u32>,
    log: Vec<Stamped>,
    next_look: Instant,
}

impl<'a> Here<'a> {
    fn new(
        run: &'a Run,
        outputs: &[TaskId],
        observers: &'a [Arc<dyn Observer>],
        memory: &'a Memory,
    ) -> Self {
        let mut uses = vec![0; run.graph.len()];
        let inputs = run.graph.ids().flat_map(|id| run.graph.inputs(id));
        for task in inputs.chain(outputs) {
            uses[task.index()] += 1;
        }
        Here {
            run,
            observers,
            memory,
            dependents: Dependents::of(&run.graph),
            costs: None,
            results: Results::new(run.graph.len()),
            layer_bytes: vec![0; run.graph.layers().len()],
            uses,
            log: Vec::new(),
            next_look: run.submitted + TICK,
        }
    }

    fn run_all(&mut self) -> Result<()> {
        let graph = &*self.run.graph;
        for task in graph.ids() {
            if self.is_stopped() {
                return Err(self.stopped());
            }
            self.note(Event::Started { task, thread: 0 });
            self.look();
            self.make_room(task)?;
            let inputs = self.take(graph.inputs(task))?;
            let started = Instant::now();
            let result = self.run_task(task, &inputs);
            drop(inputs);
            match result {
                Ok(value) => {
                    if let Some(costs) = &mut self.costs {
                        costs.note(graph, task, &value, started.elapsed(), self.memory);
                    }
                    self.finish(task, value);
                }
                Err(error) => {
                    self.note(Event::Failed { task });
                    let is_stopped = error.kind() == ErrorKind::Cancelled;
                    return Err(if is_stopped { self.stopped() } else { error });
                }
            }
        }
        Ok(())
    }

    /// Lets results go to the disk so that `task` has room, those first whose next use is farthest.
    fn make_room(&mut self, task: TaskId) -> Result<()> {
        let graph = &*self.run.graph;
        let (expected, limit) = (self.expected(task), self.memory.limit());
        let need = self.results.need(graph, task, expected, limit);
        self.memory.keep_to_limit(need);
        let lacking = i64::try_from(need)
            .unwrap_or(i64::MAX)
            .saturating_sub(self.memory.room());
        let Some(lacking) = usize::try_from(lacking).ok().filter(|bytes| *bytes > 0) else {
            return Ok(());
        };
        let lacking = lacking.max(self.memory.freed_at_once());
        drop(self.memory.cache.evict(lacking));
        let dependents = &self.dependents;
        let next_use = |result| {
            let mut users = dependents.of_task(result).iter();
            let next = users.find(|user| **user >= task);
            next.map_or(usize::MAX, |user| user.index())
        };
        for (next, result) in self.results.farthest(lacking, next_use) {
            if next == task.index() {
                break;
            }
            let (value, is_stored) = self.results.begin_to_store(result);
            let bytes = value.bytes();
            let stored = match is_stored {
                true => None,
                false => self.memory.store(&value)?,
            };
            if is_stored || stored.is_some_and(|stored| self.results.end_to_store(result, stored)) {
                let task = result;
                self.note(Event::Spilled { task, bytes });
            }
        }
        Ok(())
    }

    /// The bytes that the result of `task` is expected to take: as planned, or else as the last one of its layer has done.
    fn expected(&self, task: TaskId) -> usize {
        let task = self.run.graph.task(task);
        match task.bytes {
            0 => self.layer_bytes[task.layer.index()],
            bytes => bytes,
        }
    }

    /// The values of `tasks`, in memory.
    fn take(&mut self, tasks: &[TaskId]) -> Result<Vec<Value>> {
        let mut values = self.share(tasks);
        for (task, value) in tasks.iter().zip(&mut values) {
            if value.is_stored() {
                *value = value.clone().loaded()?;
                let (task, bytes) = (*task, value.bytes());
                self.results.put_back(task, value.clone());
                self.note(Event::Loaded { task, bytes });
            }
        }
        Ok(values)
    }

    /// Runs a task as one of this run, so that what it computes in turn is a part of it. Panics become errors.
    fn run_task(&self, task: TaskId, inputs: &[Value]) -> Result<Value> {
        let is_stopped = || self.is_stopped();
        let graph = &*self.run.graph;
        let keep = |part: Part, value: &Value, began: Instant| {
            if self.costs.is_some() {
                self.memory.keep_part(graph, part, value, began.elapsed());
            }
        };
        let result = task::run_calls(graph, task, inputs, is_stopped, keep, |runs, inputs| {
            let current = Some((self.run.id, self.run.canceller.clone()));
            let outer = CURRENT.replace(current);
            PANICKED_AT.take();
            let result = catch(|| attempt(|| runs.run(inputs)));
            CURRENT.set(outer);
            result
                .map_err(|panic| panic_error(&panic))
                .flatten()
                .flatten()
        });
        task::unless_called_off(result, self.is_stopped())
    }

    fn is_stopped(&self) -> bool {
        self.run.canceller.is_cancelled() || cancel::requested()
    }

    fn finish(&mut self, task: TaskId, value: Value) {
        let bytes = value.bytes();
        self.note(Event::Finished { task, bytes });
        self.results.insert(task, value);
        let run = self.run;
        self.layer_bytes[run.graph.task(task).layer.index()] = bytes;
        for &input in run.graph.inputs(task) {
            self.uses[input.index()] -= 1;
            if self.uses[input.index()] == 0
                && let Some(value) = self.results.remove(input)
            {
                let bytes = value.bytes();
                self.note(Event::Released { task: input, bytes });
            }
        }
    }

    fn share(&self, tasks: &[TaskId]) -> Vec<Value> {
        tasks.iter().map(|task| self.results.share(*task)).collect()
    }

    fn stopped(&self) -> Error {
        match self.run.canceller.is_cancelled() {
            true => Error::new(ErrorKind::Cancelled, "the computation was cancelled"),
            false => task::cancelled(),
        }
    }

    fn note(&mut self, event: Event) {
        if !self.observers.is_empty() {
            let at = Instant::now();
            self.log.push(Stamped { at, event });
        }
    }

    /// Hands the events of the last moments to the observers, if it is time.
    fn look(&mut self) {
        if !self.observers.is_empty() && Instant::now() >= self.next_look {
            self.tell();
            self.next_look = Instant::now() + TICK;
        }
    }

    fn tell(&mut self) {
        for observer in self.observers {
            observer.observe(self.run, &self.log);
        }
        self.log.clear();
    }
}

/// From now on the place of a panic in a task is known; what else is done about it stays as it was.
fn note_places() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        // Both take a hook and put another in its place, which must not happen at once.
        task::keep_panics_quiet();
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info: &PanicHookInfo<'_>| {
            if is_in_task() {
                let place = info.location();
                PANICKED_AT.set(place.map(|place| typed_place(place.file(), place.line())));
            }
            usual(info);
        }));
    });
}

/// The error of a panic, with the lines of cells that were being run, innermost first.
fn panic_error(panic: &Panic) -> Error {
    if panic.cancelled {
        return task::cancelled();
    }
    let place = PANICKED_AT.take();
    let mut text = match &place {
        Some(place) => format!("panicked at {place}: {}", panic.message),
        None => format!("panicked: {}", panic.message),
    };
    let frames = panic.trace.frames();
    let places: Vec<_> = frames
        .iter()
        .filter_map(|frame| frame.place.as_ref())
        .collect();
    let in_cells = places
        .iter()
        .filter_map(|place| place_in_cell(&place.file, place.line));
    let mut lines: Vec<String> = in_cells.collect();
    if lines.is_empty() {
        let all = places
            .iter()
            .map(|place| typed_place(&place.file, place.line));
        lines.extend(all);
    }
    lines.dedup();
    if place.is_some() && lines.first() == place.as_ref() {
        lines.remove(0);
    }
    lines.truncate(CALLS_MAX);
    text.extend(
        lines
            .into_iter()
            .map(|line| format!("\ncalled from {line}")),
    );
    Error::new(ErrorKind::Task, text)
}
