//! Computes a graph on the thread that asks for it, one task after the other in the order of their ids: what a task does wrong
//! happens below the call that asked, where a debugger and a panic's calls show it.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::sync::{Arc, Once};
use std::time::Instant;

use dagbok::cell::{Panic, catch};
use dagbok::{Error, ErrorKind, Result, Value, attempt, cancel};

use super::state::{Outcome, RunId};
use super::{TICK, next_run, task};
use crate::events::{Canceller, Event, Observer, Run, Stamped};
use crate::graph::{Graph, TaskId};
use crate::storage::Results;

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
    graph: Graph,
    outputs: &[TaskId],
    observers: &[Arc<dyn Observer>],
) -> Result<Vec<Value>> {
    note_places();
    let (parent, canceller) = CURRENT.with_borrow(Clone::clone).unzip();
    let run = Run {
        id: next_run(),
        parent,
        graph: Arc::new(graph),
        n_threads: 1,
        submitted: Instant::now(),
        canceller: canceller.unwrap_or_default(),
    };
    let mut here = Here::new(&run, outputs, observers);
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
    results: Results,
    /// How often each result will still be taken, once for being an output.
    uses: Vec<u32>,
    log: Vec<Stamped>,
    next_look: Instant,
}

impl<'a> Here<'a> {
    fn new(run: &'a Run, outputs: &[TaskId], observers: &'a [Arc<dyn Observer>]) -> Self {
        let mut uses = vec![0; run.graph.len()];
        let inputs = run.graph.ids().flat_map(|id| run.graph.inputs(id));
        for task in inputs.chain(outputs) {
            uses[task.index()] += 1;
        }
        Here {
            run,
            observers,
            results: Results::new(run.graph.len()),
            uses,
            log: Vec::new(),
            next_look: run.submitted + TICK,
        }
    }

    fn run_all(&mut self) -> Result<()> {
        let graph = &*self.run.graph;
        for task in graph.ids() {
            if self.run.canceller.is_cancelled() || cancel::requested() {
                return Err(self.stopped());
            }
            self.note(Event::Started { task, thread: 0 });
            self.look();
            let inputs = self.share(graph.inputs(task));
            let result = self.run_task(task, &inputs);
            drop_quietly(inputs);
            match result {
                Ok(value) => self.finish(task, value),
                Err(error) => {
                    self.note(Event::Failed { task });
                    let is_stopped = error.kind() == ErrorKind::Cancelled;
                    return Err(if is_stopped { self.stopped() } else { error });
                }
            }
        }
        Ok(())
    }

    /// Runs a task as one of this run, so that what it computes in turn is a part of it. Panics become errors.
    fn run_task(&self, task: TaskId, inputs: &[Value]) -> Result<Value> {
        let graph = &*self.run.graph;
        let run = graph.task(task).run;
        let current = Some((self.run.id, self.run.canceller.clone()));
        let outer = CURRENT.replace(current);
        PANICKED_AT.take();
        let result = catch(|| attempt(|| run.run(inputs)));
        CURRENT.set(outer);
        result
            .map_err(|panic| panic_error(&panic))
            .flatten()
            .flatten()
            .map_err(|cause| task::named(graph, task, inputs, &cause))
    }

    fn finish(&mut self, task: TaskId, value: Value) {
        let bytes = value.bytes();
        self.note(Event::Finished { task, bytes });
        self.results.insert(task, value);
        let run = self.run;
        for &input in run.graph.inputs(task) {
            self.uses[input.index()] -= 1;
            if self.uses[input.index()] == 0
                && let Some(value) = self.results.remove(input)
            {
                let bytes = value.bytes();
                self.note(Event::Released { task: input, bytes });
                drop_quietly(value);
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

/// What is left of a computation is let go of one by one, as values may panic when they are dropped.
impl Drop for Here<'_> {
    fn drop(&mut self) {
        for task in self.run.graph.ids() {
            if let Some(value) = self.results.remove(task) {
                drop_quietly(value);
            }
        }
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
                PANICKED_AT.set(place.map(|place| format!("{}:{}", place.file(), place.line())));
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
    let mut text = match PANICKED_AT.take() {
        Some(place) => format!("panicked at {place}: {}", panic.message),
        None => format!("panicked: {}", panic.message),
    };
    let frames = panic.trace.frames();
    let places = frames.iter().filter_map(|frame| frame.place.as_ref());
    let mut lines: Vec<String> = places
        .map(|place| format!("\ncalled from {}:{}", place.file, place.line))
        .collect();
    lines.dedup();
    lines.truncate(CALLS_MAX);
    text.extend(lines);
    Error::new(ErrorKind::Task, text)
}

/// A value whose `drop` panics does not end the computation.
fn drop_quietly<T>(value: T) {
    let _ = catch_unwind(AssertUnwindSafe(|| drop(value)));
}
