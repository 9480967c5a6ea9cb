//! What a delayed call is before it happens.

use std::fmt;
use std::slice;
use std::sync::{Arc, Mutex, PoisonError};

use super::place::Place;
use crate::engine::{Collection, Submitted, Work};
use crate::graph::Key;
use crate::{Error, ErrorKind, Name, Result, Site, Value};

/// A call that has not happened yet: a function, and where its arguments come from.
pub struct DelayedNode {
    pub name: Name,
    pub site: Site,
    pub(super) function: Function,
    pub(crate) slots: Slots,
    pub place: Place,
}

pub(super) enum Function {
    Call(fn(&[Value]) -> Result<Value>),
    Then(Box<dyn Fn(&Value) -> Result<Value> + Send + Sync>),
    /// There is nothing to do.
    Known(Value),
    /// Needs no arguments.
    Run(Box<dyn Fn() -> Result<Value> + Send + Sync>),
    /// Needs no arguments, and is there until it has run.
    Once(Mutex<Option<Box<RunOnce>>>),
    /// Is done before this runs.
    Future(Arc<dyn Submitted>),
    /// A task with a key of its own; each of its slots is an input.
    Keyed(Box<Keyed>),
}

pub(super) struct Keyed {
    key: Key,
    /// Those of the value, if it is known already.
    bytes: Option<usize>,
    run: Box<dyn Fn(&[Value]) -> Result<Value> + Send + Sync>,
}

pub(super) type RunOnce = dyn FnOnce() -> Result<Value> + Send;

/// The arguments of a call; one needs no memory of its own.
#[derive(Default)]
pub(crate) enum Slots {
    #[default]
    None,
    One(Slot),
    More(Box<[Slot]>),
}

/// Where an argument's value comes from.
pub(crate) enum Slot {
    /// It is known already.
    Value(Value),
    /// The whole value of a collection.
    Input(Collection),
    /// That of a call which is known already, so that nobody has to compute it.
    Known(Collection),
    /// Put together from those of several.
    Several(Box<Several>),
}

pub(crate) struct Several {
    pub(crate) inputs: Vec<Collection>,
    /// Whether the values of some of them are known.
    some_known: bool,
    collect: Box<Collect>,
}

/// Puts one value together from several.
pub(crate) type Collect = dyn Fn(&[Value]) -> Value + Send + Sync;

impl Slots {
    pub(super) fn push(&mut self, slot: Slot) {
        *self = match std::mem::take(self) {
            Slots::None => Slots::One(slot),
            Slots::One(first) => Slots::More([first, slot].into()),
            Slots::More(slots) => Slots::More(slots.into_iter().chain([slot]).collect()),
        };
    }

    #[inline]
    fn as_slice(&self) -> &[Slot] {
        match self {
            Slots::None => &[],
            Slots::One(slot) => slice::from_ref(slot),
            Slots::More(slots) => slots,
        }
    }

    fn as_mut_slice(&mut self) -> &mut [Slot] {
        match self {
            Slots::None => &mut [],
            Slots::One(slot) => slice::from_mut(slot),
            Slots::More(slots) => slots,
        }
    }
}

impl Slot {
    /// The whole value of `input`.
    pub(super) fn of(input: Collection) -> Self {
        match known(&input) {
            Some(_) => Slot::Known(input),
            None => Slot::Input(input),
        }
    }

    /// What `collect` puts together from the values of `inputs`.
    pub(super) fn of_several(inputs: Vec<Collection>, collect: Box<Collect>) -> Self {
        Slot::Several(Box::new(Several {
            some_known: inputs.iter().any(|input| known(input).is_some()),
            inputs,
            collect,
        }))
    }

    fn inputs(&self) -> &[Collection] {
        match self {
            Slot::Value(_) => &[],
            Slot::Input(input) | Slot::Known(input) => slice::from_ref(input),
            Slot::Several(several) => &several.inputs,
        }
    }

    /// Those of the inputs whose values have to be computed.
    fn unknown(&self) -> impl Iterator<Item = &Collection> {
        let (inputs, some_known) = match self {
            Slot::Known(_) => (&[][..], false),
            Slot::Several(several) => (&several.inputs[..], several.some_known),
            Slot::Value(_) | Slot::Input(_) => (self.inputs(), false),
        };
        let is_unknown = move |input: &&Collection| !some_known || known(input).is_none();
        inputs.iter().filter(is_unknown)
    }

    /// The argument, and what is left of the values of the unknown inputs.
    fn take<'v>(&self, unknown: &'v [Value]) -> (Value, &'v [Value]) {
        match self {
            Slot::Value(value) => (value.clone(), unknown),
            Slot::Input(_) => (unknown[0].clone(), &unknown[1..]),
            Slot::Known(input) => take_one(input, unknown),
            Slot::Several(several) if several.some_known => {
                let mut rest = unknown;
                let values = several.inputs.iter().map(|input| {
                    let (value, left) = take_one(input, rest);
                    rest = left;
                    value
                });
                let values: Vec<Value> = values.collect();
                ((several.collect)(&values), rest)
            }
            Slot::Several(several) => {
                let (own, rest) = unknown.split_at(several.inputs.len());
                ((several.collect)(own), rest)
            }
        }
    }
}

impl Slot {
    /// The argument, and what is left of the values of all inputs.
    fn take_all<'v>(&self, inputs: &'v [Value]) -> (Value, &'v [Value]) {
        let (own, rest) = inputs.split_at(self.inputs().len());
        let value = match self {
            Slot::Value(value) => value.clone(),
            Slot::Input(_) | Slot::Known(_) => own[0].clone(),
            Slot::Several(several) => (several.collect)(own),
        };
        (value, rest)
    }
}

/// The value of `input`, which is known or the first of `unknown`, and what is left of these.
fn take_one<'v>(input: &Collection, unknown: &'v [Value]) -> (Value, &'v [Value]) {
    match known(input) {
        Some(value) => (value.clone(), unknown),
        None => (unknown[0].clone(), &unknown[1..]),
    }
}

/// The value of `collection`, if it is a call whose value is known.
fn known(collection: &Collection) -> Option<&Value> {
    match collection {
        Collection::Delayed(node) => node.known(),
        Collection::Array(_) | Collection::Frame(_) => None,
    }
}

impl DelayedNode {
    /// The task `key`, which runs `run` on the whole values of `inputs`.
    pub(crate) fn keyed(
        key: Key,
        site: Site,
        inputs: Vec<Collection>,
        bytes: Option<usize>,
        run: Box<dyn Fn(&[Value]) -> Result<Value> + Send + Sync>,
    ) -> Self {
        let operation = match key.operation() {
            "" => "task",
            operation => operation,
        };
        let mut slots = Slots::default();
        inputs
            .into_iter()
            .for_each(|input| slots.push(Slot::Input(input)));
        DelayedNode {
            name: Name::unique_of(operation),
            site,
            function: Function::Keyed(Box::new(Keyed { key, bytes, run })),
            slots,
            place: Place::of_unique_name(),
        }
    }

    /// The key that a person has given the task.
    pub fn key(&self) -> Option<&Key> {
        match &self.function {
            Function::Keyed(keyed) => Some(&keyed.key),
            _ => None,
        }
    }

    /// The bytes that the value takes, where it is known already.
    pub fn known_bytes(&self) -> Option<usize> {
        match &self.function {
            Function::Known(value) => Some(value.bytes()),
            Function::Keyed(keyed) => keyed.bytes,
            _ => None,
        }
    }

    /// The collections whose whole values are the call's arguments, in order.
    #[inline]
    pub fn inputs(&self) -> impl Iterator<Item = &Collection> {
        self.slots.as_slice().iter().flat_map(Slot::inputs)
    }

    /// The future that this is the value of, if it is one's.
    pub fn future(&self) -> Option<&Arc<dyn Submitted>> {
        match &self.function {
            Function::Future(future) => Some(future),
            _ => None,
        }
    }

    /// Those of the [`inputs`](DelayedNode::inputs) whose values have to be computed; the call has those of the others itself.
    #[inline]
    pub fn unknown_inputs(&self) -> impl Iterator<Item = &Collection> {
        self.slots.as_slice().iter().flat_map(Slot::unknown)
    }

    /// The value, if there is nothing to compute.
    pub fn known(&self) -> Option<&Value> {
        match &self.function {
            Function::Known(value) => Some(value),
            _ => None,
        }
    }

    /// Takes the inputs out; the call cannot happen any more.
    pub(crate) fn take_inputs(&mut self) -> impl Iterator<Item = Collection> {
        let slots = self.slots.as_mut_slice().iter_mut();
        slots.flat_map(|slot| {
            let several = match slot {
                Slot::Several(several) => std::mem::take(&mut several.inputs),
                Slot::Value(_) | Slot::Input(_) | Slot::Known(_) => Vec::new(),
            };
            let only = match slot {
                Slot::Input(_) | Slot::Known(_) => {
                    match std::mem::replace(slot, Slot::Value(Value::new(()))) {
                        Slot::Input(input) | Slot::Known(input) => Some(input),
                        Slot::Value(_) | Slot::Several(_) => None,
                    }
                }
                Slot::Value(_) | Slot::Several(_) => None,
            };
            only.into_iter().chain(several)
        })
    }

    /// Takes out what puts arguments together, which may hold the inputs, too.
    pub(crate) fn take_collects(&mut self) -> Vec<Box<Collect>> {
        let slots = self.slots.as_mut_slice().iter_mut();
        let several = slots.filter_map(|slot| match slot {
            Slot::Several(several) => Some(several),
            Slot::Value(_) | Slot::Input(_) | Slot::Known(_) => None,
        });
        let none = || -> Box<Collect> { Box::new(|_| Value::new(())) };
        several
            .map(|several| std::mem::replace(&mut several.collect, none()))
            .collect()
    }
}

/// Its inputs are the [`unknown_inputs`](DelayedNode::unknown_inputs).
impl Work for DelayedNode {
    fn run(&self, inputs: &[Value]) -> Result<Value> {
        self.run_function(inputs, Slot::take)
    }
}

/// A call all of whose [`inputs`](DelayedNode::inputs) have tasks, also those that are known.
pub struct Unfused(pub Arc<DelayedNode>);

impl Work for Unfused {
    fn run(&self, inputs: &[Value]) -> Result<Value> {
        self.0.run_function(inputs, Slot::take_all)
    }
}

impl DelayedNode {
    /// Runs the function on the arguments that `take` puts together from `inputs`.
    fn run_function(
        &self,
        inputs: &[Value],
        take: for<'v> fn(&Slot, &'v [Value]) -> (Value, &'v [Value]),
    ) -> Result<Value> {
        let run: &dyn Fn(&[Value]) -> Result<Value> = match &self.function {
            Function::Known(value) => return Ok(value.clone()),
            Function::Then(run) => {
                return match self.slots.as_slice() {
                    [Slot::Input(_)] => run(&inputs[0]),
                    slots => run(&take(&slots[0], inputs).0),
                };
            }
            Function::Run(run) => return run(),
            Function::Once(run) => return run_once(run),
            Function::Future(future) => return value_of(&**future),
            Function::Call(run) => run,
            Function::Keyed(keyed) => &*keyed.run,
        };
        match self.slots.as_slice() {
            [Slot::Value(argument)] => run(slice::from_ref(argument)),
            slots if slots.iter().all(|slot| matches!(slot, Slot::Input(_))) => run(inputs),
            slots => {
                let mut rest = inputs;
                let arguments = slots.iter().map(|slot| {
                    let (argument, left) = take(slot, rest);
                    rest = left;
                    argument
                });
                run(&arguments.collect::<Vec<_>>())
            }
        }
    }
}

fn run_once(run: &Mutex<Option<Box<RunOnce>>>) -> Result<Value> {
    let run = run.lock().unwrap_or_else(PoisonError::into_inner).take();
    match run {
        Some(run) => run(),
        None => Err(Error::new(
            ErrorKind::Task,
            "a closure that gives away what it has captured cannot run again",
        )),
    }
}

fn value_of(future: &dyn Submitted) -> Result<Value> {
    let unfinished = || {
        let text = format!("the future `{}` is not done", future.key());
        Err(Error::new(ErrorKind::Task, text))
    };
    future.outcome().unwrap_or_else(unfinished)
}

impl fmt::Debug for DelayedNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Delayed({})", self.name)
    }
}
