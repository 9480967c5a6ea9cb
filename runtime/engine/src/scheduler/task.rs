//! One task: run so that a panic in it is an error, and its error told so that a person finds the task.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::slice;
use std::sync::Once;
use std::time::Instant;

use dagbok::cancel::{self, Cancelled};
use dagbok::cell::typed_place;
use dagbok::graph::Key;
use dagbok::value::shorten_middle;
use dagbok::{Error, ErrorKind, FailedTask, Result, Value, attempt};

use crate::graph::{Graph, Part, Runs, TaskId};
use crate::render::format;

thread_local! {
    static IN_TASK: Cell<bool> = const { Cell::new(false) };
    static PANICKED_AT: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// So much of what a cause says stands in the error of its task, which has the cause itself as well.
const CAUSE_CHARS_MAX: usize = 4000;

/// So many tasks within each other are told of one by one.
const DEPTH_SHOWN: usize = 4;

/// Runs `task` on the values of its inputs, its parts first. Panics become errors. Where it has parts, `is_stopped` is asked before
/// each call but the first whether to go on, and `keep` is told of the value of each but the last, and when the first began.
pub(super) fn run(
    graph: &Graph,
    task: TaskId,
    inputs: &[Value],
    is_stopped: impl Fn() -> bool,
    keep: impl Fn(Part, &Value, Instant),
) -> Result<Value> {
    run_calls(graph, task, inputs, is_stopped, keep, |runs, inputs| {
        let outer = IN_TASK.replace(true);
        PANICKED_AT.take();
        let result = catch_unwind(AssertUnwindSafe(|| attempt(|| runs.run(inputs))));
        IN_TASK.set(outer);
        result.map_err(panic_error).flatten().flatten()
    })
}

/// Like [`run`], with `run_call` for each call.
pub(super) fn run_calls(
    graph: &Graph,
    task: TaskId,
    inputs: &[Value],
    is_stopped: impl Fn() -> bool,
    keep: impl Fn(Part, &Value, Instant),
    run_call: impl Fn(&Runs<'_>, &[Value]) -> Result<Value>,
) -> Result<Value> {
    let run_call = |runs: &Runs<'_>, inputs: &[Value]| {
        let result = run_call(runs, inputs);
        let may_retry = |error: &Error| error.kind() != ErrorKind::Cancelled && !is_stopped();
        (0..graph.retries()).fold(result, |result, _| match result {
            Err(error) if may_retry(&error) => run_call(runs, inputs),
            result => result,
        })
    };
    let parts = graph.parts(task);
    if parts.is_empty() {
        return run_call(&graph.runs(task), inputs)
            .map_err(|cause| named(graph, task, 0, inputs, &cause));
    }
    let run_at = |at, runs: Runs<'_>, before: &Option<Value>| {
        let inputs = before.as_ref().map_or(inputs, slice::from_ref);
        run_call(&runs, inputs).map_err(|cause| named(graph, task, at, inputs, &cause))
    };
    let mut before = None;
    let began = Instant::now();
    for (at, part) in parts.iter().enumerate() {
        let result = run_at(at, graph.runs_part(*part), &before);
        drop(before.take());
        let value = result?;
        if is_stopped() {
            return Err(cancelled());
        }
        keep(*part, &value, began);
        before = Some(value);
    }
    run_at(parts.len(), graph.runs(task), &before)
}

/// The result of a task, unless it has been called off meanwhile: what it makes of waits that were ended for that is not its value.
pub(super) fn unless_called_off(result: Result<Value>, is_called_off: bool) -> Result<Value> {
    match result {
        Ok(_) if is_called_off => Err(cancelled()),
        result => result,
    }
}

/// What is no [`Value`] and may panic when it is dropped does no harm.
pub(super) fn drop_quietly<T>(value: T) {
    let _ = catch_unwind(AssertUnwindSafe(|| drop(value)));
}

/// From now on a panic in a task prints nothing: its message and its place go into the task's error.
pub(super) fn keep_panics_quiet() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let outside_tasks = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info: &PanicHookInfo<'_>| {
            if IN_TASK.get() {
                let place = info.location().map(|at| typed_place(at.file(), at.line()));
                PANICKED_AT.set(place);
            } else {
                outside_tasks(info);
            }
        }));
    });
}

fn panic_error(payload: Box<dyn Any + Send>) -> Error {
    let place = PANICKED_AT.take();
    let message = message(&*payload);
    let error = match place {
        // A wait that an interrupt ends may panic in its caller.
        _ if payload.is::<Cancelled>() || cancel::requested() => cancelled(),
        Some(place) => Error::new(ErrorKind::Task, format!("panicked at {place}: {message}")),
        None => Error::new(ErrorKind::Task, format!("panicked: {message}")),
    };
    drop_quietly(payload);
    error
}

/// What a panic said.
pub(super) fn message(payload: &(dyn Any + Send)) -> &str {
    match (
        payload.downcast_ref::<&str>(),
        payload.downcast_ref::<String>(),
    ) {
        (Some(message), _) => message,
        (_, Some(message)) => message,
        _ => "with a value that is not a message",
    }
}

pub(super) fn cancelled() -> Error {
    Error::new(ErrorKind::Cancelled, "the computation was interrupted")
}

/// `cause` with the call of `task` that it happened in, the one at `at` of its parts or the last one: its operation, key, inputs, and
/// the line that made it.
pub(super) fn named(
    graph: &Graph,
    task: TaskId,
    at: usize,
    inputs: &[Value],
    cause: &Error,
) -> Error {
    if cause.kind() == ErrorKind::Cancelled {
        return cause.clone();
    }
    let parts = graph.parts(task);
    let part_key = |part: Part| Key::from(graph.part(part).name().to_string());
    let (name, site, key, runs) = match parts.get(at) {
        Some(part) => {
            let call = graph.part(*part);
            let (name, site) = (call.name(), call.site());
            (name, site, part_key(*part), graph.runs_part(*part))
        }
        None => {
            let layer = graph.layer(graph.layer_of(task));
            let key = graph.task_key(task);
            (graph.name(task), layer.site, key, graph.runs(task))
        }
    };
    let keys: Vec<Key> = match at.checked_sub(1) {
        Some(before) => vec![part_key(parts[before])],
        None => graph
            .inputs(task)
            .iter()
            .map(|input| graph.task_key(*input))
            .collect(),
    };
    let mut inputs: Vec<(Key, Value)> = keys.into_iter().zip(inputs.iter().cloned()).collect();
    for known in runs.known_inputs() {
        inputs.insert(known.place, (Key::from(&known.name), known.value));
    }
    let cause_text = cause_text(cause).replace('\n', "\n  ");
    let mut text = format!(
        "`{}` failed: {cause_text}\n  task `{key}`, made at {site}",
        name.operation(),
    );
    if !inputs.is_empty() {
        text.push_str("\n  inputs: ");
        text.push_str(&describe_inputs(&inputs));
    }
    let arguments = runs.plain_arguments();
    if !arguments.is_empty() {
        text.push_str("\n  arguments: ");
        text.push_str(&listed(&arguments, Value::text));
    }
    Error::new(cause.kind(), text).with_task(FailedTask {
        key,
        layer: name,
        site,
        inputs,
        arguments,
        cause: cause.clone(),
        work: runs.to_work(),
    })
}

/// What `cause` says. Of tasks that failed as one within them did, and that as one within it, the innermost one says it.
fn cause_text(cause: &Error) -> String {
    let (mut innermost, mut depth) = (cause, 0);
    while let Some(task) = innermost.task()
        && task.cause.task().is_some()
    {
        innermost = &task.cause;
        depth += 1;
    }
    let text = match depth {
        0..DEPTH_SHOWN => cause.to_string(),
        _ => format!("{depth} tasks within each other failed, the innermost of them: {innermost}"),
    };
    shorten_middle(&text, CAUSE_CHARS_MAX)
}

fn describe_inputs(inputs: &[(Key, Value)]) -> String {
    listed(inputs, |(key, value)| {
        format!(
            "`{key}` ({}, {})",
            value.describe(),
            format::bytes(value.bytes() as u128)
        )
    })
}

/// The first few of `all`, and how many more there are.
fn listed<T>(all: &[T], text_of: impl Fn(&T) -> String) -> String {
    const SHOWN: usize = 4;
    let shown: Vec<String> = all.iter().take(SHOWN).map(text_of).collect();
    let mut text = shown.join(", ");
    if all.len() > SHOWN {
        text.push_str(&format!(" and {} more", all.len() - SHOWN));
    }
    text
}
