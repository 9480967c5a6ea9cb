//! A delayed call put together: what the `#[delayed]` attribute's code calls.

use std::any::{Any, type_name};
use std::fmt::Display;
use std::ops::Range;
use std::sync::Arc;

use super::{Argument, ByValue, Delayed, DelayedNode};
use crate::{Error, ErrorKind, Name, Result, Site, Value};

/// A call of `function`, which is `run` with the values of `arguments`.
#[doc(hidden)]
#[track_caller]
pub fn call<T: Any + Send + Sync>(
    function: &str,
    arguments: Vec<Argument>,
    run: fn(&[Value]) -> Result<Value>,
) -> Delayed<T> {
    Delayed::from_node(node(function, arguments, run))
}

#[track_caller]
fn node(
    function: &str,
    arguments: Vec<Argument>,
    run: fn(&[Value]) -> Result<Value>,
) -> DelayedNode {
    let mut inputs = Vec::new();
    let mut slots = Vec::with_capacity(arguments.len());
    for argument in arguments {
        let start = inputs.len();
        slots.push(match argument {
            Argument::Value(value) => Slot::Value(value),
            Argument::Input(input) => {
                inputs.push(input);
                Slot::Input(start)
            }
            Argument::Several {
                inputs: mut several,
                collect,
            } => {
                inputs.append(&mut several);
                Slot::Several(start..inputs.len(), collect)
            }
        });
    }
    DelayedNode {
        name: Name::unique(function),
        inputs,
        run: Arc::new(move |inputs: &[Value]| {
            let arguments: Vec<Value> = slots.iter().map(|slot| slot.value(inputs)).collect();
            run(&arguments)
        }),
        site: Site::caller(),
    }
}

/// Where an argument's value comes from, once the inputs have theirs.
enum Slot {
    Value(Value),
    Input(usize),
    Several(Range<usize>, Box<dyn Fn(&[Value]) -> Value + Send + Sync>),
}

impl Slot {
    fn value(&self, inputs: &[Value]) -> Value {
        match self {
            Slot::Value(value) => value.clone(),
            Slot::Input(idx) => inputs[*idx].clone(),
            Slot::Several(range, collect) => collect(&inputs[range.clone()]),
        }
    }
}

/// An argument that the function takes by reference.
///
/// # Panics
/// If the value is of another type, which the types of `IntoDelayed` rule out.
#[doc(hidden)]
pub fn by_reference<T: Any>(value: &Value) -> &T {
    match value.downcast_ref() {
        Some(value) => value,
        None => wrong_type(value, type_name::<T>()),
    }
}

/// An argument that the function takes by value.
#[doc(hidden)]
pub fn by_value<T: ByValue>(value: &Value) -> T {
    by_reference::<T>(value).clone()
}

pub(super) fn of_all<T: ByValue>(values: &[Value]) -> Vec<T> {
    values.iter().map(by_value).collect()
}

/// The error of a task whose function returned `error`; one of dagbok's keeps its kind.
#[doc(hidden)]
pub fn task_error<E: Display + 'static>(error: E) -> Error {
    match (&error as &dyn Any).downcast_ref::<Error>() {
        Some(error) => error.clone(),
        None => Error::new(ErrorKind::Task, format!("{error:#}")),
    }
}

/// The `T` that was computed.
pub(super) fn take<T: Any + Send + Sync + Clone>(value: Option<Value>) -> Result<T> {
    let value = value.ok_or_else(no_value)?;
    let found = value.type_name();
    value.into_inner().ok_or_else(|| {
        let text = format!(
            "a task returned a `{found}` in place of a `{}`",
            type_name::<T>()
        );
        Error::new(ErrorKind::Task, text)
    })
}

#[cold]
pub(super) fn no_value() -> Error {
    Error::new(ErrorKind::Task, "the engine returned no value")
}

#[cold]
fn wrong_type(value: &Value, expected: &str) -> ! {
    panic!(
        "a call was given a `{}` in place of a `{expected}`",
        value.type_name()
    )
}
