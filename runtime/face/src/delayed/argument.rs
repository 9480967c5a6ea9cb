//! What a delayed function may be called with.

use std::any::Any;
use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, Hash};
use std::mem::ManuallyDrop;

use super::Delayed;
use super::call::{by_value, of_all};
use super::node::{Collect, Several, Slot};
use crate::Value;
use crate::array::{Array, NdArray};
use crate::engine::Collection;
use crate::erased::Erased;
use crate::frame::{DataFrame, Frame};

/// One argument of a delayed call: a value, or what computes to it. One that is given to no call leaks, as a
/// [`Call`](super::Call) does.
pub struct Argument(ManuallyDrop<Slot>);

impl Argument {
    fn value(value: Value) -> Self {
        Argument(ManuallyDrop::new(Slot::Value(value)))
    }

    fn input(input: Collection) -> Self {
        Argument(ManuallyDrop::new(Slot::Input(input)))
    }

    fn lazy(node: &Erased) -> Self {
        Argument::input(super::call::collection(node))
    }

    fn several(len: usize, node: &dyn Fn(usize) -> Erased, collect: Box<Collect>) -> Self {
        let nodes = (0..len).map(|idx| super::call::collection(&node(idx)));
        Argument(ManuallyDrop::new(Slot::Several(Box::new(Several {
            inputs: nodes.collect(),
            collect,
        }))))
    }

    pub(super) fn into_slot(self) -> Slot {
        ManuallyDrop::into_inner(self.0)
    }
}

/// What a delayed function takes where it is declared to take a `T`: a `T`, a [`Delayed<T>`], or collections that compute to a `T`.
///
/// | declared | takes too |
/// |---|---|
/// | `Vec<T>` or `&[T]` | `Vec<Delayed<T>>`, arrays and slices of them, `[T; N]`, `&[T]` |
/// | `(T, U)`, `(T, U, V)` | tuples of `Delayed`s |
/// | `HashMap<K, V>`, `BTreeMap<K, V>` | maps whose values are `Delayed`s |
/// | `String` or `&str` | `&str` |
/// | `NdArray` | `Array` |
/// | `DataFrame` | `Frame` |
///
/// and references to all of these.
#[diagnostic::on_unimplemented(
    message = "a delayed function takes `{T}` here and was given `{Self}`",
    label = "takes `{T}`, `Delayed<{T}>`, or collections that compute to it"
)]
pub trait IntoDelayed<T> {
    /// The argument that a call keeps until it happens.
    fn into_argument(self) -> Argument;
}

/// A type that a delayed function can take by value: other calls may need the value too, so it is cloned.
#[diagnostic::on_unimplemented(
    message = "a delayed function cannot take `{Self}` by value",
    label = "not `Clone + Send + Sync + 'static`",
    note = "a parameter of type `&{Self}` needs no `Clone`"
)]
pub trait ByValue: Any + Send + Sync + Clone {}

impl<T: Any + Send + Sync + Clone> ByValue for T {}

impl<T: Any + Send + Sync> IntoDelayed<T> for T {
    fn into_argument(self) -> Argument {
        Argument::value(Value::new(self))
    }
}

impl<T: ByValue> IntoDelayed<T> for &T {
    fn into_argument(self) -> Argument {
        Argument::value(Value::new(self.clone()))
    }
}

impl<T: Any + Send + Sync> IntoDelayed<T> for Delayed<T> {
    fn into_argument(self) -> Argument {
        Argument::lazy(&self.node)
    }
}

impl<T: Any + Send + Sync> IntoDelayed<T> for &Delayed<T> {
    fn into_argument(self) -> Argument {
        Argument::lazy(&self.node)
    }
}

impl IntoDelayed<String> for &str {
    fn into_argument(self) -> Argument {
        Argument::value(Value::new(self.to_owned()))
    }
}

impl IntoDelayed<NdArray> for Array {
    fn into_argument(self) -> Argument {
        Argument::input(Collection::Array(self))
    }
}

impl IntoDelayed<NdArray> for &Array {
    fn into_argument(self) -> Argument {
        Argument::input(Collection::Array(self.clone()))
    }
}

impl IntoDelayed<DataFrame> for Frame {
    fn into_argument(self) -> Argument {
        Argument::input(Collection::Frame(self))
    }
}

impl IntoDelayed<DataFrame> for &Frame {
    fn into_argument(self) -> Argument {
        Argument::input(Collection::Frame(self.clone()))
    }
}

impl<T: ByValue> IntoDelayed<Vec<T>> for &[T] {
    fn into_argument(self) -> Argument {
        Argument::value(Value::new(self.to_vec()))
    }
}

impl<T: ByValue, const N: usize> IntoDelayed<Vec<T>> for [T; N] {
    fn into_argument(self) -> Argument {
        Argument::value(Value::new(Vec::from(self)))
    }
}

impl<T: ByValue> IntoDelayed<Vec<T>> for &[Delayed<T>] {
    fn into_argument(self) -> Argument {
        list(self)
    }
}

impl<T: ByValue> IntoDelayed<Vec<T>> for Vec<Delayed<T>> {
    fn into_argument(self) -> Argument {
        list(&self)
    }
}

impl<T: ByValue> IntoDelayed<Vec<T>> for &Vec<Delayed<T>> {
    fn into_argument(self) -> Argument {
        list(self)
    }
}

impl<T: ByValue, const N: usize> IntoDelayed<Vec<T>> for [Delayed<T>; N] {
    fn into_argument(self) -> Argument {
        list(&self)
    }
}

impl<T: ByValue, const N: usize> IntoDelayed<Vec<T>> for &[Delayed<T>; N] {
    fn into_argument(self) -> Argument {
        list(self)
    }
}

impl<T: ByValue, U: ByValue> IntoDelayed<(T, U)> for (Delayed<T>, Delayed<U>) {
    fn into_argument(self) -> Argument {
        pair(&self.0, &self.1)
    }
}

impl<T: ByValue, U: ByValue> IntoDelayed<(T, U)> for (&Delayed<T>, &Delayed<U>) {
    fn into_argument(self) -> Argument {
        pair(self.0, self.1)
    }
}

impl<T: ByValue, U: ByValue, V: ByValue> IntoDelayed<(T, U, V)>
    for (Delayed<T>, Delayed<U>, Delayed<V>)
{
    fn into_argument(self) -> Argument {
        let nodes = [self.0.node, self.1.node, self.2.node];
        Argument::several(
            3,
            &|idx| nodes[idx].clone(),
            Box::new(|values| {
                Value::new::<(T, U, V)>((
                    by_value(&values[0]),
                    by_value(&values[1]),
                    by_value(&values[2]),
                ))
            }),
        )
    }
}

impl<K, T, S> IntoDelayed<HashMap<K, T, S>> for HashMap<K, Delayed<T>, S>
where
    K: ByValue + Eq + Hash,
    T: ByValue,
    S: BuildHasher + Default + Any + Send + Sync,
{
    fn into_argument(self) -> Argument {
        let (keys, values): (Vec<K>, Vec<_>) = self.into_iter().unzip();
        map_argument::<K, T, HashMap<K, T, S>>(keys, &values)
    }
}

impl<K: ByValue + Ord, T: ByValue> IntoDelayed<BTreeMap<K, T>> for BTreeMap<K, Delayed<T>> {
    fn into_argument(self) -> Argument {
        let (keys, values): (Vec<K>, Vec<_>) = self.into_iter().unzip();
        map_argument::<K, T, BTreeMap<K, T>>(keys, &values)
    }
}

fn list<T: ByValue>(items: &[Delayed<T>]) -> Argument {
    Argument::several(
        items.len(),
        &|idx| items[idx].node.clone(),
        Box::new(|values| Value::new(of_all::<T>(values))),
    )
}

pub(super) fn pair<T: ByValue, U: ByValue>(first: &Delayed<T>, second: &Delayed<U>) -> Argument {
    let nodes = [&first.node, &second.node];
    Argument::several(
        2,
        &|idx| nodes[idx].clone(),
        Box::new(|values| Value::new::<(T, U)>((by_value(&values[0]), by_value(&values[1])))),
    )
}

fn map_argument<K: ByValue, T: ByValue, M>(keys: Vec<K>, values: &[Delayed<T>]) -> Argument
where
    M: FromIterator<(K, T)> + Any + Send + Sync,
{
    Argument::several(
        values.len(),
        &|idx| values[idx].node.clone(),
        Box::new(move |values| {
            let entries = keys.iter().cloned().zip(of_all::<T>(values));
            Value::new(entries.collect::<M>())
        }),
    )
}
