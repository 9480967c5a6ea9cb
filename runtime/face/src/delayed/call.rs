//! A delayed call put together: what the `#[delayed]` attribute's code calls. As little as can be is generic, for a cell compiles
//! that again.

use std::any::{Any, type_name};
use std::cell::RefCell;
use std::fmt::Display;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::mem::ManuallyDrop;
use std::ptr;
use std::sync::{Arc, Mutex};

use super::node::{Callee, DelayedNode, Function, RunOnce, Slot, Slots};
use super::{Argument, ByValue, Delayed};
use crate::compute::Blocks;
use crate::engine::{Collection, Submitted, engine};
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
    /// What makes the call equal to others; none if nothing does.
    token: Option<u64>,
    slots: Slots,
    site: Site,
    /// Where the function is, for calls that std makes of it.
    definition: Option<Site>,
}

impl Call {
    #[track_caller]
    pub fn new(function: &'static str) -> Self {
        Call(ManuallyDrop::new(Parts {
            function,
            token: None,
            slots: Slots::default(),
            site: Site::caller(),
            definition: None,
        }))
    }

    /// The call of the function that stands at `definition`.
    #[track_caller]
    pub fn defined_at(function: &'static str, definition: Site) -> Self {
        let mut call = Call::new(function);
        call.0.definition = Some(definition);
        call
    }

    /// The call of a pure function: it is the same as any other with the same token.
    pub fn pure(mut self, token: Token) -> Self {
        self.0.token = Some(token.0.finish());
        self
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
    pub(crate) fn only<T>(self) -> Delayed<T> {
        self.of(|arguments| Ok(arguments[0].clone()))
    }

    fn into_node(self, run: fn(&[Value]) -> Result<Value>) -> Erased {
        let parts = ManuallyDrop::into_inner(self.0);
        let node = DelayedNode {
            callee: callee(&parts, run),
            token: (parts.token).unwrap_or_else(|| Name::unique(parts.function).token()),
            slots: parts.slots,
        };
        Erased::new(match parts.token {
            Some(_) => node.with_shared_name(),
            None => node,
        })
    }
}

/// What is called, one for all calls that a loop makes. Where std makes the call, as `map(inc)` does, its line says nothing: the
/// function's own is the site.
fn callee(parts: &Parts, run: fn(&[Value]) -> Result<Value>) -> Arc<Callee> {
    thread_local! {
        static LAST: RefCell<Option<(Site, Arc<Callee>)>> = const { RefCell::new(None) };
    }
    let is_it = |(site, callee): &&(Site, Arc<Callee>)| {
        let is_run = |function: &Function| matches!(function, Function::Call(own) if ptr::fn_addr_eq(*own, run));
        ptr::eq(callee.operation, parts.function) && *site == parts.site && is_run(&callee.function)
    };
    LAST.with_borrow_mut(|last| match last.as_ref().filter(is_it) {
        Some((_, callee)) => callee.clone(),
        None => {
            let definition = parts.definition.filter(|_| parts.site.is_of_std());
            let callee = Arc::new(Callee {
                operation: parts.function,
                site: definition.unwrap_or(parts.site),
                function: Function::Call(run),
            });
            *last = Some((parts.site, callee.clone()));
            callee
        }
    })
}

/// What a call of a pure function depends on: the function and its arguments.
#[doc(hidden)]
pub struct Token(DefaultHasher);

impl Token {
    /// Of `function`, which no other has the type of, also if it has the same path, as in two blocks of one function.
    pub fn new<F: Any>(function: &F) -> Self {
        let mut hasher = DefaultHasher::new();
        function.type_id().hash(&mut hasher);
        Token(hasher)
    }

    pub fn and<T: PureArgument + ?Sized>(mut self, argument: &T) -> Self {
        argument.hash(&mut self.0);
        self
    }
}

/// What a function that is marked `#[delayed(pure)]` can be called with: what has a hash, which collections have by their names.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "a pure function cannot be called with a `{Self}`",
    label = "not `Hash`",
    note = "equal calls of a pure function are found by the hashes of their arguments; without `pure`, none is needed"
)]
pub trait PureArgument: Hash {}

impl<T: Hash + ?Sized> PureArgument for T {}

/// The call with another name, or what it returns by that name if the call has others.
#[track_caller]
pub(super) fn named(mut node: Erased, name: &str) -> Erased {
    if let Some(own) = node.get_mut::<DelayedNode>()
        && own.set_operation(name)
    {
        return node;
    }
    let alias: Delayed<()> = Call::new("alias").with(Argument::lazy(&node)).only();
    named(alias.node, name)
}

/// A value that is known, by a name of its own or by that of the call which it is the value of.
#[track_caller]
pub(super) fn known(value: Value) -> Erased {
    let function = Function::Known(value);
    Erased::new(DelayedNode::new(
        Name::unique("value"),
        Site::caller(),
        function,
        Slots::default(),
    ))
}

/// The value of `call`, which is known now, by the same name.
fn known_of(call: &DelayedNode, value: Value, site: Site) -> Erased {
    call.place().share_name();
    let function = Function::Known(value);
    let node = DelayedNode::new(call.name(), site, function, Slots::default());
    Erased::new(node.with_shared_name())
}

/// The value of `future`.
pub(crate) fn of_future(future: &Arc<dyn Submitted>) -> Erased {
    let function = Function::Future(future.clone());
    let node = DelayedNode::new(*future.key(), future.site(), function, Slots::default());
    Erased::new(node.with_shared_name())
}

/// What a closure returns that can run again.
pub(crate) fn of_closure(
    operation: &'static str,
    site: Site,
    run: Box<dyn Fn() -> Result<Value> + Send + Sync>,
) -> Collection {
    without_inputs(operation, site, Function::Run(run))
}

/// What a closure returns that runs once.
pub(crate) fn of_closure_once(
    operation: &'static str,
    site: Site,
    run: Box<RunOnce>,
) -> Collection {
    without_inputs(operation, site, Function::Once(Mutex::new(Some(run))))
}

fn without_inputs(operation: &'static str, site: Site, function: Function) -> Collection {
    let name = Name::unique(operation);
    Collection::Delayed(Arc::new(DelayedNode::new(
        name,
        site,
        function,
        Slots::default(),
    )))
}

/// What `run` makes of the value of `node`.
#[track_caller]
pub(super) fn then(
    node: &Erased,
    operation: &'static str,
    run: Box<dyn Fn(&Value) -> Result<Value> + Send + Sync>,
) -> Erased {
    let mut slots = Slots::default();
    slots.push(Slot::of(collection(node)));
    let function = Function::Then(run);
    Erased::new(DelayedNode::new(
        Name::unique(operation),
        Site::caller(),
        function,
        slots,
    ))
}

pub(super) fn name(node: &Erased) -> Name {
    node.get::<DelayedNode>().name()
}

pub(crate) fn collection(node: &Erased) -> Collection {
    Collection::Delayed(node.share())
}

pub(super) fn compute(node: &Erased) -> Result<Value> {
    let mut values = engine()?.compute(&[collection(node)])?;
    values.pop().ok_or_else(no_value)
}

#[track_caller]
pub(super) fn persist(node: &Erased) -> Result<Erased> {
    let value = compute(node)?;
    Ok(known_of(node.get(), value, Site::caller()))
}

/// The value that is the next of `blocks`, by the name of the call.
pub(crate) fn persisted(node: &Erased, blocks: &mut Blocks, site: Site) -> Result<Erased> {
    let value = blocks.next().and_then(|mut values| values.pop());
    let value = value.ok_or_else(no_value)?.loaded()?;
    Ok(known_of(node.get(), value, site))
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
pub(crate) fn take<T: Any + Send + Sync + Clone>(value: Value) -> Result<T> {
    let found = value.type_name();
    match value.into_inner() {
        Some(value) => Ok(value),
        None => Err(wrong_value(found, type_name::<T>())),
    }
}

#[cold]
pub(crate) fn no_value() -> Error {
    Error::new(ErrorKind::Task, "the engine returned no value")
}

#[cold]
pub(super) fn wrong_parts(found: usize, expected: usize) -> Error {
    let text = format!("the list has {found} parts in place of {expected}");
    Error::new(ErrorKind::Value, text)
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
