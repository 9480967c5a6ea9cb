//! What a delayed call is before it happens.

use std::fmt;
use std::slice;
use std::sync::{Arc, Mutex, PoisonError};

use super::place::Place;
use crate::array::Array;
use crate::engine::{Collection, CollectionRef, KnownInput, Submitted, Work};
use crate::frame::Frame;
use crate::graph::{GraphId, Key};
use crate::{Error, ErrorKind, Name, Result, Site, Value};

/// A call that has not happened yet: a function, and where its arguments come from.
///
/// Takes 40 bytes where it has one argument at most or two calls, so that graphs of millions of calls are small.
pub struct DelayedNode {
    pub(super) callee: Arc<Callee>,
    /// What tells it from other calls of the same name.
    pub(super) token: u64,
    pub(super) slots: Slots,
}

/// What is called, and where: the same for all calls that one line makes of a function.
pub(super) struct Callee {
    pub(super) operation: &'static str,
    pub(super) site: Site,
    pub(super) function: Function,
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
    /// That which a person has given, and the graph where it has been given.
    key: Option<(GraphId, Key)>,
    /// Those of the value, if it is known already.
    bytes: Option<usize>,
    run: Box<dyn Fn(&[Value]) -> Result<Value> + Send + Sync>,
}

pub(super) type RunOnce = dyn FnOnce() -> Result<Value> + Send;

/// The arguments of a call, and its place in a plan: together, for so the place takes no word of its own.
pub(super) enum Slots {
    None(Place),
    One(Place, Slot),
    Two(Place, Box<[Slot; 2]>),
    /// Two, each a [`Slot::Call`].
    TwoCalls(Place, [Arc<DelayedNode>; 2]),
    #[expect(clippy::box_collection, reason = "a pointer of one word")]
    More(Place, Box<Vec<Slot>>),
}

impl Default for Slots {
    fn default() -> Self {
        Slots::None(Place::of_unique_name())
    }
}

/// Where an argument's value comes from.
pub(super) enum Slot {
    /// It is known already.
    Value(Value),
    /// The whole value of a collection.
    Array(Array),
    Frame(Frame),
    Call(Arc<DelayedNode>),
    /// That of a call which is known already, so that nobody has to compute it.
    Known(Arc<DelayedNode>),
    /// Put together from those of several.
    Several(Box<Several>),
}

const _: () = assert!(size_of::<Slots>() == 24 && size_of::<DelayedNode>() == 40);

pub(super) struct Several {
    pub(super) inputs: Inputs,
    /// Whether the values of some of them are known.
    some_known: bool,
    collect: Box<Collect>,
}

/// Puts one value together from several.
pub(super) type Collect = dyn Fn(&[Value]) -> Value + Send + Sync;

/// Collections; calls alone take one word each.
pub(super) enum Inputs {
    Calls(Vec<Arc<DelayedNode>>),
    Mixed(Vec<Collection>),
}

impl Inputs {
    pub(super) fn len(&self) -> usize {
        match self {
            Inputs::Calls(calls) => calls.len(),
            Inputs::Mixed(collections) => collections.len(),
        }
    }

    fn get(&self, idx: usize) -> CollectionRef<'_> {
        match self {
            Inputs::Calls(calls) => CollectionRef::Delayed(&calls[idx]),
            Inputs::Mixed(collections) => collections[idx].as_ref(),
        }
    }

    fn iter(&self) -> impl Iterator<Item = CollectionRef<'_>> {
        (0..self.len()).map(|idx| self.get(idx))
    }

    fn take(&mut self) -> Vec<Collection> {
        match self {
            Inputs::Calls(calls) => calls.drain(..).map(Collection::Delayed).collect(),
            Inputs::Mixed(collections) => std::mem::take(collections),
        }
    }
}

impl Slots {
    pub(super) fn push(&mut self, slot: Slot) {
        *self = match (std::mem::take(self), slot) {
            (Slots::None(place), slot) => Slots::One(place, slot),
            (Slots::One(place, Slot::Call(first)), Slot::Call(second)) => {
                Slots::TwoCalls(place, [first, second])
            }
            (Slots::One(place, first), slot) => Slots::Two(place, Box::new([first, slot])),
            (Slots::Two(place, two), slot) => {
                let [first, second] = *two;
                Slots::More(place, Box::new(vec![first, second, slot]))
            }
            (Slots::TwoCalls(place, two), slot) => {
                let [first, second] = two.map(Slot::Call);
                Slots::More(place, Box::new(vec![first, second, slot]))
            }
            (Slots::More(place, mut slots), slot) => {
                slots.push(slot);
                Slots::More(place, slots)
            }
        };
    }

    #[inline]
    fn place(&self) -> &Place {
        match self {
            Slots::None(place)
            | Slots::One(place, _)
            | Slots::Two(place, _)
            | Slots::TwoCalls(place, _)
            | Slots::More(place, _) => place,
        }
    }

    /// All of them: calls alone, or slots.
    #[inline]
    fn parts(&self) -> (&[Arc<DelayedNode>], &[Slot]) {
        match self {
            Slots::None(_) => (&[], &[]),
            Slots::One(_, slot) => (&[], slice::from_ref(slot)),
            Slots::Two(_, slots) => (&[], &slots[..]),
            Slots::TwoCalls(_, calls) => (calls, &[]),
            Slots::More(_, slots) => (&[], slots),
        }
    }

    fn as_mut_slice(&mut self) -> &mut [Slot] {
        match self {
            Slots::None(_) | Slots::TwoCalls(..) => &mut [],
            Slots::One(_, slot) => slice::from_mut(slot),
            Slots::Two(_, slots) => &mut slots[..],
            Slots::More(_, slots) => slots,
        }
    }

    /// Takes them out where they are calls alone.
    fn take_calls(&mut self) -> Option<[Arc<DelayedNode>; 2]> {
        match std::mem::take(self) {
            Slots::TwoCalls(_, calls) => Some(calls),
            slots => {
                *self = slots;
                None
            }
        }
    }
}

impl Slot {
    /// The whole value of `input`.
    pub(super) fn of(input: Collection) -> Self {
        match input {
            Collection::Delayed(node) if node.known().is_some() => Slot::Known(node),
            input => Slot::uncomputed(input),
        }
    }

    /// The whole value of `input`, which is computed even where it is known.
    fn uncomputed(input: Collection) -> Self {
        match input {
            Collection::Array(array) => Slot::Array(array),
            Collection::Frame(frame) => Slot::Frame(frame),
            Collection::Delayed(node) => Slot::Call(node),
        }
    }

    /// The only input.
    fn only(self) -> Option<Collection> {
        match self {
            Slot::Value(_) | Slot::Several(_) => None,
            Slot::Array(array) => Some(Collection::Array(array)),
            Slot::Frame(frame) => Some(Collection::Frame(frame)),
            Slot::Call(node) | Slot::Known(node) => Some(Collection::Delayed(node)),
        }
    }

    /// What `collect` puts together from the values of `inputs`.
    pub(super) fn of_several(inputs: Inputs, collect: Box<Collect>) -> Self {
        let some_known = inputs.iter().any(|input| known(input).is_some());
        Slot::Several(Box::new(Several {
            inputs,
            some_known,
            collect,
        }))
    }

    #[inline]
    fn inputs(&self) -> impl Iterator<Item = CollectionRef<'_>> {
        let (one, several) = match self {
            Slot::Value(_) => (None, None),
            Slot::Array(array) => (Some(CollectionRef::Array(array)), None),
            Slot::Frame(frame) => (Some(CollectionRef::Frame(frame)), None),
            Slot::Call(node) | Slot::Known(node) => (Some(CollectionRef::Delayed(node)), None),
            Slot::Several(several) => (None, Some(&several.inputs)),
        };
        let several = several.into_iter().flat_map(Inputs::iter);
        one.into_iter().chain(several)
    }

    fn n_inputs(&self) -> usize {
        match self {
            Slot::Value(_) => 0,
            Slot::Array(_) | Slot::Frame(_) | Slot::Call(_) | Slot::Known(_) => 1,
            Slot::Several(several) => several.inputs.len(),
        }
    }

    /// Those of the inputs whose values have to be computed.
    #[inline]
    fn unknown(&self) -> impl Iterator<Item = CollectionRef<'_>> {
        let some_known = match self {
            Slot::Known(_) => true,
            Slot::Several(several) => several.some_known,
            _ => false,
        };
        let is_unknown = move |input: &CollectionRef<'_>| !some_known || known(*input).is_none();
        self.inputs().filter(is_unknown)
    }

    /// Whether it is the value of one input that has to be computed.
    #[inline]
    fn is_unknown(&self) -> bool {
        matches!(self, Slot::Array(_) | Slot::Frame(_) | Slot::Call(_))
    }

    /// The argument, and what is left of the values of the unknown inputs.
    fn take<'v>(&self, unknown: &'v [Value]) -> (Value, &'v [Value]) {
        match self {
            Slot::Value(value) => (value.clone(), unknown),
            Slot::Array(_) | Slot::Frame(_) | Slot::Call(_) => (unknown[0].clone(), &unknown[1..]),
            Slot::Known(node) => take_one(CollectionRef::Delayed(node), unknown),
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
        let (own, rest) = inputs.split_at(self.n_inputs());
        let value = match self {
            Slot::Value(value) => value.clone(),
            Slot::Several(several) => (several.collect)(own),
            _ => own[0].clone(),
        };
        (value, rest)
    }
}

/// The value of `input`, which is known or the first of `unknown`, and what is left of these.
fn take_one<'v>(input: CollectionRef<'_>, unknown: &'v [Value]) -> (Value, &'v [Value]) {
    match known(input) {
        Some(value) => (value.clone(), unknown),
        None => (unknown[0].clone(), &unknown[1..]),
    }
}

/// The value of `collection`, if it is a call whose value is known.
fn known(collection: CollectionRef<'_>) -> Option<&Value> {
    match collection {
        CollectionRef::Delayed(node) => node.known(),
        CollectionRef::Array(_) | CollectionRef::Frame(_) => None,
    }
}

impl DelayedNode {
    /// The task `key` of `graph`, which runs `run` on the whole values of `inputs`.
    pub(crate) fn keyed(
        graph: GraphId,
        key: Key,
        site: Site,
        inputs: Vec<Collection>,
        bytes: Option<usize>,
        run: Box<dyn Fn(&[Value]) -> Result<Value> + Send + Sync>,
    ) -> Self {
        let name = key.unique_name();
        let mut slots = Slots::default();
        inputs
            .into_iter()
            .for_each(|input| slots.push(Slot::uncomputed(input)));
        let function = Function::Keyed(Box::new(Keyed {
            key: Some((graph, key)),
            bytes,
            run,
        }));
        DelayedNode::new(name, site, function, slots)
    }

    /// A call of a name that no other has.
    pub(super) fn new(name: Name, site: Site, function: Function, slots: Slots) -> Self {
        DelayedNode {
            callee: Arc::new(Callee {
                operation: name.operation(),
                site,
                function,
            }),
            token: name.token(),
            slots,
        }
    }

    /// The call `name` of a closure that has its arguments, for graphs that are put together of tasks.
    pub fn of_closure(
        name: Name,
        site: Site,
        run: impl Fn(&[Value]) -> Result<Value> + Send + Sync + 'static,
    ) -> Self {
        let keyed = Keyed {
            key: None,
            bytes: None,
            run: Box::new(run),
        };
        let function = Function::Keyed(Box::new(keyed));
        DelayedNode::new(name, site, function, Slots::default())
    }

    /// The same call, which others may have the name of.
    pub(super) fn with_shared_name(self) -> Self {
        self.place().share_name();
        self
    }

    /// Calls it `operation` from now on, if that can be; whether it can.
    pub(super) fn set_operation(&mut self, operation: &str) -> bool {
        let operation = self.name().with_operation(operation).operation();
        let site = self.site();
        let run = match self.function() {
            Function::Call(run) => Some(*run),
            _ => None,
        };
        match (Arc::get_mut(&mut self.callee), run) {
            (Some(callee), _) => callee.operation = operation,
            (None, Some(run)) => {
                self.callee = Arc::new(Callee {
                    operation,
                    site,
                    function: Function::Call(run),
                });
            }
            (None, None) => return false,
        }
        true
    }

    /// The call's name: the function's, and what tells it from other calls.
    #[inline]
    pub fn name(&self) -> Name {
        Name::from_token(self.callee.operation, self.token)
    }

    /// Where a plan has put it.
    #[inline]
    pub fn place(&self) -> &Place {
        self.slots.place()
    }

    /// The line that made the call.
    #[inline]
    pub fn site(&self) -> Site {
        self.callee.site
    }

    /// Whether `other` calls the same in the same line; that they do not say says nothing.
    #[inline]
    pub fn has_callee_of(&self, other: &DelayedNode) -> bool {
        Arc::ptr_eq(&self.callee, &other.callee)
    }

    #[inline]
    pub(super) fn function(&self) -> &Function {
        &self.callee.function
    }

    /// The key that a person has given the task, and the graph where it is the task's.
    pub fn key(&self) -> Option<(GraphId, &Key)> {
        match self.function() {
            Function::Keyed(keyed) => keyed.key.as_ref().map(|(graph, key)| (*graph, key)),
            _ => None,
        }
    }

    /// The bytes that the value takes, where it is known already and all of it is counted.
    pub fn known_bytes(&self) -> Option<usize> {
        match self.function() {
            Function::Known(value) => value.is_measured().then(|| value.bytes()),
            Function::Keyed(keyed) => keyed.bytes,
            _ => None,
        }
    }

    /// The collections whose whole values are the call's arguments, in order.
    #[inline]
    pub fn inputs(&self) -> impl Iterator<Item = CollectionRef<'_>> {
        let (calls, slots) = self.slots.parts();
        let calls = calls.iter().map(CollectionRef::Delayed);
        calls.chain(slots.iter().flat_map(Slot::inputs))
    }

    /// How many [`inputs`](DelayedNode::inputs) there are.
    pub fn n_inputs(&self) -> usize {
        let (calls, slots) = self.slots.parts();
        calls.len() + slots.iter().map(Slot::n_inputs).sum::<usize>()
    }

    /// The future that this is the value of, if it is one's.
    pub fn future(&self) -> Option<&Arc<dyn Submitted>> {
        match self.function() {
            Function::Future(future) => Some(future),
            _ => None,
        }
    }

    /// Those of the [`inputs`](DelayedNode::inputs) whose values have to be computed; the call has those of the others itself.
    #[inline]
    pub fn unknown_inputs(&self) -> impl Iterator<Item = CollectionRef<'_>> {
        let (calls, slots) = self.slots.parts();
        let calls = calls.iter().map(CollectionRef::Delayed);
        calls.chain(slots.iter().flat_map(Slot::unknown))
    }

    /// The value, if there is nothing to compute.
    pub fn known(&self) -> Option<&Value> {
        match self.function() {
            Function::Known(value) => Some(value),
            _ => None,
        }
    }

    /// Takes the inputs out; the call cannot happen any more.
    pub(crate) fn take_inputs(&mut self) -> impl Iterator<Item = Collection> {
        let calls = self.slots.take_calls().into_iter().flatten();
        let slots = self.slots.as_mut_slice().iter_mut();
        let of_slots = slots.flat_map(|slot| {
            let several = match slot {
                Slot::Several(several) => several.inputs.take(),
                _ => Vec::new(),
            };
            let only = match slot {
                Slot::Value(_) | Slot::Several(_) => None,
                _ => std::mem::replace(slot, Slot::Value(Value::new(()))).only(),
            };
            only.into_iter().chain(several)
        });
        calls.map(Collection::Delayed).chain(of_slots)
    }

    /// Takes out what puts arguments together, which may hold the inputs, too.
    pub(crate) fn take_collects(&mut self) -> Vec<Box<Collect>> {
        let slots = self.slots.as_mut_slice().iter_mut();
        let several = slots.filter_map(|slot| match slot {
            Slot::Several(several) => Some(several),
            _ => None,
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

    fn known_inputs(&self) -> Vec<KnownInput> {
        let known = |(place, input): (usize, CollectionRef<'_>)| {
            Some(KnownInput {
                place,
                name: input.name(),
                value: known(input)?.clone(),
            })
        };
        self.inputs().enumerate().filter_map(known).collect()
    }

    fn plain_arguments(&self) -> Vec<Value> {
        let plain = |slot: &Slot| match slot {
            Slot::Value(value) => Some(value.clone()),
            _ => None,
        };
        let (_, slots) = self.slots.parts();
        slots.iter().filter_map(plain).collect()
    }
}

impl DelayedNode {
    /// Makes the call with the values of all [`inputs`](DelayedNode::inputs), also of those that are known.
    ///
    /// # Errors
    /// What the function returns.
    pub fn run_with_all(&self, inputs: &[Value]) -> Result<Value> {
        self.run_function(inputs, Slot::take_all)
    }

    /// Runs the function on the arguments that `take` puts together from `inputs`.
    fn run_function(
        &self,
        inputs: &[Value],
        take: for<'v> fn(&Slot, &'v [Value]) -> (Value, &'v [Value]),
    ) -> Result<Value> {
        let (_, slots) = self.slots.parts();
        let run: &dyn Fn(&[Value]) -> Result<Value> = match self.function() {
            Function::Known(value) => return Ok(value.clone()),
            Function::Then(run) => {
                return match slots {
                    [slot] if slot.is_unknown() => run(&inputs[0]),
                    slots => run(&take(&slots[0], inputs).0),
                };
            }
            Function::Run(run) => return run(),
            Function::Once(run) => return run_once(run),
            Function::Future(future) => return value_of(&**future),
            Function::Call(run) => run,
            Function::Keyed(keyed) => &*keyed.run,
        };
        match slots {
            [Slot::Value(argument)] => run(slice::from_ref(argument)),
            slots if slots.iter().all(Slot::is_unknown) => run(inputs),
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
            "a closure that was submitted to run once cannot run again; `SubmitOptions::new().submit(…)` takes one that can",
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
        write!(f, "Delayed({})", self.name())
    }
}
