//! A delayed call put together: what the `#[delayed]` attribute's code calls. As little as can be is generic, for a cell compiles
//! that again.

use std::any::{Any, type_name};
use std::fmt::Display;
use std::mem::ManuallyDrop;

use super::node::{DelayedNode, Function, Slot, Slots};
use super::{Argument, ByValue, Delayed};
use crate::engine::{Collection, engine};
use crate::erased::Erased;
use crate::{Error, ErrorKind, Name, Result, Site, Value};

/// A call that is being put together.
///
/// Nothing is compiled in a cell to drop one that is never made: it leaks, which takes a panic between two arguments.
#[doc(hidden)]
pub struct Call(ManuallyDrop<Parts>);

/// What a [`Call`] holds.
struct Parts {
    function: &'static str,
    slots: Slots,
    site: Site,
}

impl Call {
    #[track_caller]
    pub fn new(function: &'static str) -> Self {
        Call(ManuallyDrop::new(Parts {
            function,
            slots: Slots::default(),
            site: Site::caller(),
        }))
    }

    /// The call with one argument more.
    pub fn with(mut self, argument: Argument) -> Self {
        self.0.slots.push(argument.into_slot());
        self
    }

    /// The call, which is `run` with the values of the arguments.
    pub fn of<T>(self, run: fn(&[Value]) -> Result<Value>) -> Delayed<T> {
        Delayed::from_node(self.into_node(run))
    }

    /// The value of the only argument.
    pub(super) fn only<T>(self) -> Delayed<T> {
        self.of(|arguments| Ok(arguments[0].clone()))
    }

    fn into_node(self, run: fn(&[Value]) -> Result<Value>) -> Erased {
        let parts = ManuallyDrop::into_inner(self.0);
        Erased::new(DelayedNode {
            name: Name::unique(parts.function),
            site: parts.site,
            function: Function::Call(run),
            slots: parts.slots,
        })
    }
}

/// A value that is known, by a name of its own or by that of the call which it is the value of.
#[track_caller]
pub(super) fn known(name: Option<Name>, value: Value) -> Erased {
    Erased::new(DelayedNode {
        name: name.unwrap_or_else(|| Name::unique("value")),
        site: Site::caller(),
        function: Function::Known(value),
        slots: Slots::default(),
    })
}

/// What `run` makes of the value of `node`.
#[track_caller]
pub(super) fn then(
    node: &Erased,
    operation: &'static str,
    run: Box<dyn Fn(&Value) -> Result<Value> + Send + Sync>,
) -> Erased {
    let mut slots = Slots::default();
    slots.push(Slot::Input(collection(node)));
    Erased::new(DelayedNode {
        name: Name::unique(operation),
        site: Site::caller(),
        function: Function::Then(run),
        slots,
    })
}

pub(super) fn name(node: &Erased) -> &Name {
    &node.get::<DelayedNode>().name
}

pub(super) fn collection(node: &Erased) -> Collection {
    Collection::Delayed(node.share())
}

pub(super) fn compute(node: &Erased) -> Result<Value> {
    let mut values = engine()?.compute(&[collection(node)])?;
    values.pop().ok_or_else(no_value)
}

#[track_caller]
pub(super) fn persist(node: &Erased) -> Result<Erased> {
    let value = compute(node)?;
    Ok(known(Some(*name(node)), value))
}

/// An argument that the function takes by reference.
///
/// # Panics
/// If the value is of another type, which the types of `IntoDelayed` rule out.
#[doc(hidden)]
pub fn by_reference<T: Any>(value: &Value) -> &T {
    match value.downcast_ref() {
        Some(value) => value,
        None => wrong_argument(value, type_name::<T>()),
    }
}

/// An argument that the function takes by value.
#[doc(hidden)]
pub fn by_value<T: ByValue>(value: &Value) -> T {
    by_reference::<T>(value).clone()
}

pub(super) fn of_all<T: ByValue>(values: &[Value]) -> Vec<T> {
    let mut all = Vec::with_capacity(values.len());
    for value in values {
        all.push(by_value(value));
    }
    all
}

/// The error of a task whose function returned `error`; one of dagbok's keeps its kind.
#[doc(hidden)]
pub fn task_error<E: Display + 'static>(error: E) -> Error {
    match (&error as &dyn Any).downcast_ref::<Error>() {
        Some(error) => error.clone(),
        None => displayed(&error),
    }
}

fn displayed(error: &dyn Display) -> Error {
    Error::new(ErrorKind::Task, format!("{error:#}"))
}

/// The `T` that was computed.
pub(super) fn take<T: Any + Send + Sync + Clone>(value: Value) -> Result<T> {
    let found = value.type_name();
    match value.into_inner() {
        Some(value) => Ok(value),
        None => Err(wrong_value(found, type_name::<T>())),
    }
}

#[cold]
pub(super) fn no_value() -> Error {
    Error::new(ErrorKind::Task, "the engine returned no value")
}

#[cold]
fn wrong_value(found: &str, expected: &str) -> Error {
    let text = format!("a task returned a `{found}` in place of a `{expected}`");
    Error::new(ErrorKind::Task, text)
}

#[cold]
fn wrong_argument(value: &Value, expected: &str) -> ! {
    panic!(
        "a call was given a `{}` in place of a `{expected}`",
        value.type_name()
    )
}
