//! One task: run so that a panic in it is an error, and its error told so that a person finds the task.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::sync::Once;

use dagbok::cancel::{self, Cancelled};
use dagbok::{Error, ErrorKind, Result, Value, attempt};

use crate::graph::{Graph, TaskId};
use crate::render::format;

thread_local! {
    static IN_TASK: Cell<bool> = const { Cell::new(false) };
    static PANICKED_AT: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Runs `task` on the values of its inputs. Panics become errors.
pub(super) fn run(graph: &Graph, task: TaskId, inputs: &[Value]) -> Result<Value> {
    let run = graph.task(task).run;
    let outer = IN_TASK.replace(true);
    let result = catch_unwind(AssertUnwindSafe(|| attempt(|| run.run(inputs))));
    IN_TASK.set(outer);
    result
        .map_err(|payload| panic_error(&*payload))
        .flatten()
        .flatten()
        .map_err(|cause| named(graph, task, inputs, &cause))
}

/// From now on a panic in a task prints nothing: its message and its place go into the task's error.
pub(super) fn keep_panics_quiet() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let outside_tasks = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info: &PanicHookInfo<'_>| {
            if IN_TASK.get() {
                let place = info
                    .location()
                    .map(|at| format!("{}:{}", at.file(), at.line()));
                PANICKED_AT.set(place);
            } else {
                outside_tasks(info);
            }
        }));
    });
}

fn panic_error(payload: &(dyn Any + Send)) -> Error {
    let place = PANICKED_AT.take();
    // A wait that an interrupt ends may panic in its caller.
    if payload.is::<Cancelled>() || cancel::requested() {
        return cancelled();
    }
    let message = match (
        payload.downcast_ref::<&str>(),
        payload.downcast_ref::<String>(),
    ) {
        (Some(message), _) => message,
        (_, Some(message)) => message.as_str(),
        _ => "with a value that is not a message",
    };
    let text = match place {
        Some(place) => format!("panicked at {place}: {message}"),
        None => format!("panicked: {message}"),
    };
    Error::new(ErrorKind::Task, text)
}

pub(super) fn cancelled() -> Error {
    Error::new(ErrorKind::Cancelled, "the computation was interrupted")
}

/// `cause` with the task that it happened in: its operation, key, inputs, and the line that made it.
pub(super) fn named(graph: &Graph, task: TaskId, inputs: &[Value], cause: &Error) -> Error {
    if cause.kind() == ErrorKind::Cancelled {
        return cause.clone();
    }
    let layer = graph.layer(graph.task(task).layer);
    let cause_text = cause.to_string().replace('\n', "\n  ");
    let mut text = format!(
        "`{}` failed: {cause_text}\n  task `{}`, made at {}",
        layer.name.operation(),
        graph.key(task),
        layer.site
    );
    if !inputs.is_empty() {
        text.push_str("\n  inputs: ");
        text.push_str(&describe_inputs(graph, graph.inputs(task), inputs));
    }
    Error::new(cause.kind(), text)
}

fn describe_inputs(graph: &Graph, tasks: &[TaskId], values: &[Value]) -> String {
    const SHOWN: usize = 4;
    let shown = tasks.iter().zip(values).take(SHOWN).map(|(task, value)| {
        format!(
            "`{}` ({}, {})",
            graph.key(*task),
            short_type(value.type_name()),
            format::bytes(value.bytes() as u128)
        )
    });
    let mut text = shown.collect::<Vec<_>>().join(", ");
    if tasks.len() > SHOWN {
        text.push_str(&format!(" and {} more", tasks.len() - SHOWN));
    }
    text
}

/// A type's name without the paths: `Vec<String>` for `alloc::vec::Vec<alloc::string::String>`.
fn short_type(name: &str) -> String {
    let mut short = String::new();
    for part in name.split_inclusive(['<', '>', ',', ' ', '(', ')', '[', ']', '&', ';']) {
        short.push_str(part.rsplit_once("::").map_or(part, |(_, last)| last));
    }
    short
}

#[cfg(test)]
mod tests {
    use super::short_type;

    #[test]
    fn types_lose_their_paths() {
        let check = |name, expected: &str| assert_eq!(short_type(name), expected);
        check("i64", "i64");
        check("alloc::vec::Vec<alloc::string::String>", "Vec<String>");
        check("(alloc::string::String, [a::B; 3])", "(String, [B; 3])");
        check(
            "&a::b::C<a::D, core::option::Option<e::F>>",
            "&C<D, Option<F>>",
        );
    }
}
