//! What a delayed call is before it happens.

use std::fmt;
use std::slice;

use crate::engine::{Collection, Work};
use crate::{Name, Result, Site, Value};

/// A call that has not happened yet: a function, and where its arguments come from.
pub struct DelayedNode {
    pub name: Name,
    pub site: Site,
    pub(super) function: Function,
    pub(crate) slots: Slots,
}

pub(super) enum Function {
    Call(fn(&[Value]) -> Result<Value>),
    Then(Box<dyn Fn(&Value) -> Result<Value> + Send + Sync>),
    /// There is nothing to do.
    Known(Value),
}

/// The arguments of a call; one needs no memory of its own.
#[derive(Default)]
pub(crate) enum Slots {
    #[default]
    None,
    One(Slot),
    More(Vec<Slot>),
}

/// Where an argument's value comes from.
pub(crate) enum Slot {
    /// It is known already.
    Value(Value),
    /// The whole value of a collection.
    Input(Collection),
    /// Put together from those of several.
    Several(Box<Several>),
}

pub(crate) struct Several {
    pub(crate) inputs: Vec<Collection>,
    pub(super) collect: Box<Collect>,
}

/// Puts one value together from several.
pub(super) type Collect = dyn Fn(&[Value]) -> Value + Send + Sync;

impl Slots {
    pub(super) fn push(&mut self, slot: Slot) {
        *self = match std::mem::take(self) {
            Slots::None => Slots::One(slot),
            Slots::One(first) => Slots::More(vec![first, slot]),
            Slots::More(mut slots) => {
                slots.push(slot);
                Slots::More(slots)
            }
        };
    }

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
    fn inputs(&self) -> &[Collection] {
        match self {
            Slot::Value(_) => &[],
            Slot::Input(input) => slice::from_ref(input),
            Slot::Several(several) => &several.inputs,
        }
    }

    /// The argument, and what is left of the values of the inputs.
    fn take<'v>(&self, inputs: &'v [Value]) -> (Value, &'v [Value]) {
        let (own, rest) = inputs.split_at(self.inputs().len());
        let value = match self {
            Slot::Value(value) => value.clone(),
            Slot::Input(_) => own[0].clone(),
            Slot::Several(several) => (several.collect)(own),
        };
        (value, rest)
    }
}

impl DelayedNode {
    /// The collections whose whole values are the call's arguments, in order.
    pub fn inputs(&self) -> impl Iterator<Item = &Collection> {
        self.slots.as_slice().iter().flat_map(Slot::inputs)
    }

    /// Takes the inputs out; the call cannot happen any more.
    pub(crate) fn take_inputs(&mut self) -> impl Iterator<Item = Collection> {
        let slots = self.slots.as_mut_slice().iter_mut();
        slots.flat_map(|slot| {
            let several = match slot {
                Slot::Several(several) => std::mem::take(&mut several.inputs),
                Slot::Value(_) | Slot::Input(_) => Vec::new(),
            };
            let only = match slot {
                Slot::Input(_) => match std::mem::replace(slot, Slot::Value(Value::new(()))) {
                    Slot::Input(input) => Some(input),
                    Slot::Value(_) | Slot::Several(_) => None,
                },
                Slot::Value(_) | Slot::Several(_) => None,
            };
            only.into_iter().chain(several)
        })
    }
}

impl Work for DelayedNode {
    fn run(&self, inputs: &[Value]) -> Result<Value> {
        let run = match &self.function {
            Function::Known(value) => return Ok(value.clone()),
            Function::Then(run) => return run(&inputs[0]),
            Function::Call(run) => run,
        };
        match self.slots.as_slice() {
            [Slot::Value(argument)] => run(slice::from_ref(argument)),
            slots if slots.iter().all(|slot| matches!(slot, Slot::Input(_))) => run(inputs),
            slots => {
                let mut rest = inputs;
                let arguments = slots.iter().map(|slot| {
                    let (argument, left) = slot.take(rest);
                    rest = left;
                    argument
                });
                run(&arguments.collect::<Vec<_>>())
            }
        }
    }
}

impl fmt::Debug for DelayedNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Delayed({})", self.name)
    }
}
