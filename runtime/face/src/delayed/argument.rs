//! What a delayed function may be called with.

use std::any::Any;
use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, Hash};
use std::mem::ManuallyDrop;
use std::sync::Arc;

use super::Delayed;
use super::call::{by_value, collection, of_all};
use super::node::{Collect, DelayedNode, Inputs, Slot};
use crate::Value;
use crate::array::{Array, NdArray};
use crate::compute::Compute;
use crate::engine::Collection;
use crate::erased::Erased;
use crate::frame::{DataFrame, Frame};
use crate::future::Future;
use crate::raise::or_raise;

/// One argument of a delayed call: a value, or what computes to it. One that is given to no call leaks, as a
/// [`Call`](super::Call) does.
pub struct Argument(ManuallyDrop<Slot>);

impl Argument {
    fn value(value: Value) -> Self {
        Argument(ManuallyDrop::new(Slot::Value(value)))
    }

    fn input(input: Collection) -> Self {
        Argument(ManuallyDrop::new(Slot::of(input)))
    }

    pub(super) fn lazy(node: &Erased) -> Self {
        Argument::input(collection(node))
    }

    fn several(inputs: Inputs, collect: Box<Collect>) -> Self {
        Argument(ManuallyDrop::new(Slot::of_several(inputs, collect)))
    }

    /// What [`compute_all`](crate::compute_all) makes of `collections`.
    pub(super) fn all<C>(collections: C) -> Self
    where
        C: Compute<Output: Any + Send + Sync> + Send + Sync + 'static,
    {
        let mut inputs = Vec::new();
        collections.collections(&mut inputs);
        let collect = move |values: &[Value]| {
            let all = collections.from_values(&mut values.iter().cloned());
            Value::new(or_raise(all))
        };
        Argument::several(Inputs::Mixed(inputs), Box::new(collect))
    }

    pub(super) fn into_slot(self) -> Slot {
        ManuallyDrop::into_inner(self.0)
    }
}

/// What a delayed function takes where it is declared to take a `T`: a `T`, a [`Delayed<T>`], or collections that compute to a `T`.
///
/// | declared | takes too |
/// |---|---|
/// | `T` | [`Future<T>`](crate::Future) |
/// | `Vec<T>` or `&[T]` | `Vec<Delayed<T>>`, arrays and slices of them, `[T; N]`, `&[T; N]`, `&[T]`, and futures likewise |
/// | `(T, U)` to six members | tuples of `Delayed`s, or of futures; pairs of which one member is plain |
/// | `HashMap<K, V>`, `BTreeMap<K, V>` | maps whose values are `Delayed`s, futures, or vectors of `Delayed`s |
/// | `Option<T>` | `Option<Delayed<T>>` |
/// | `Vec<Vec<T>>`, `Vec<(T, U)>` | those with `Delayed`s in them |
/// | `String` or `&str` | `&str` |
/// | `NdArray` | `Array` |
/// | `DataFrame` | `Frame` |
///
/// and references to most of these. A `Vec` of plain and delayed values is `vec![f(1), 2.into()]`; [`delayed_all`](super::delayed_all)
/// makes one `Delayed` of anything nested.
#[diagnostic::on_unimplemented(
    message = "a delayed function takes `{T}` here and was given `{Self}`",
    label = "takes `{T}`, `Delayed<{T}>`, `Future<{T}>`, or collections that compute to it"
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

impl<T: ByValue, const N: usize> IntoDelayed<Vec<T>> for &[T; N] {
    fn into_argument(self) -> Argument {
        Argument::value(Value::new(self.to_vec()))
    }
}

/// What a list may be made of.
trait Lazy {
    fn call(&self) -> Arc<DelayedNode>;
}

impl<T> Lazy for Delayed<T> {
    fn call(&self) -> Arc<DelayedNode> {
        self.node.share()
    }
}

impl<T> Lazy for Future<T> {
    fn call(&self) -> Arc<DelayedNode> {
        self.delayed().node.share()
    }
}

/// Lists and maps of one kind of things that compute to a `T`.
macro_rules! collected {
    ($($lazy:ident),*) => {$(
        impl<T: ByValue> IntoDelayed<Vec<T>> for &[$lazy<T>] {
            fn into_argument(self) -> Argument {
                list::<T>(&mut self.iter().map(|lazy| lazy as &dyn Lazy))
            }
        }

        impl<T: ByValue> IntoDelayed<Vec<T>> for Vec<$lazy<T>> {
            fn into_argument(self) -> Argument {
                IntoDelayed::<Vec<T>>::into_argument(self.as_slice())
            }
        }

        impl<T: ByValue> IntoDelayed<Vec<T>> for &Vec<$lazy<T>> {
            fn into_argument(self) -> Argument {
                IntoDelayed::<Vec<T>>::into_argument(self.as_slice())
            }
        }

        impl<T: ByValue, const N: usize> IntoDelayed<Vec<T>> for [$lazy<T>; N] {
            fn into_argument(self) -> Argument {
                IntoDelayed::<Vec<T>>::into_argument(self.as_slice())
            }
        }

        impl<T: ByValue, const N: usize> IntoDelayed<Vec<T>> for &[$lazy<T>; N] {
            fn into_argument(self) -> Argument {
                IntoDelayed::<Vec<T>>::into_argument(self.as_slice())
            }
        }

        impl<K, T, S> IntoDelayed<HashMap<K, T, S>> for HashMap<K, $lazy<T>, S>
        where
            K: ByValue + Eq + Hash,
            T: ByValue,
            S: BuildHasher + Default + Any + Send + Sync,
        {
            fn into_argument(self) -> Argument {
                let (keys, values): (Vec<K>, Vec<_>) = self.into_iter().unzip();
                let mut values = values.iter().map(|lazy| lazy as &dyn Lazy);
                map_argument::<K, T, HashMap<K, T, S>>(keys, &mut values)
            }
        }

        impl<K: ByValue + Ord, T: ByValue> IntoDelayed<BTreeMap<K, T>> for BTreeMap<K, $lazy<T>> {
            fn into_argument(self) -> Argument {
                let (keys, values): (Vec<K>, Vec<_>) = self.into_iter().unzip();
                let mut values = values.iter().map(|lazy| lazy as &dyn Lazy);
                map_argument::<K, T, BTreeMap<K, T>>(keys, &mut values)
            }
        }

        impl<T: ByValue> IntoDelayed<Option<T>> for Option<$lazy<T>> {
            fn into_argument(self) -> Argument {
                match self {
                    Some(lazy) => {
                        let some = |values: &[Value]| Value::new(Some(by_value::<T>(&values[0])));
                        Argument::several(nodes(&mut [&lazy as &dyn Lazy].into_iter()), Box::new(some))
                    }
                    None => Argument::value(Value::new(None::<T>)),
                }
            }
        }
    )*};
}

collected!(Delayed, Future);

/// Tuples of things that compute to their members.
macro_rules! tuples {
    ($lazy:ident: $($member:ident $idx:tt),+) => {
        impl<$($member: ByValue),+> IntoDelayed<($($member,)+)> for ($($lazy<$member>,)+) {
            fn into_argument(self) -> Argument {
                IntoDelayed::<($($member,)+)>::into_argument(&self)
            }
        }

        impl<$($member: ByValue),+> IntoDelayed<($($member,)+)> for &($($lazy<$member>,)+) {
            fn into_argument(self) -> Argument {
                IntoDelayed::<($($member,)+)>::into_argument(($(&self.$idx,)+))
            }
        }

        impl<$($member: ByValue),+> IntoDelayed<($($member,)+)> for ($(&$lazy<$member>,)+) {
            fn into_argument(self) -> Argument {
                let members = [$(self.$idx as &dyn Lazy),+];
                let collect = |values: &[Value]| {
                    Value::new::<($($member,)+)>(($(by_value(&values[$idx]),)+))
                };
                Argument::several(nodes(&mut members.into_iter()), Box::new(collect))
            }
        }
    };
}

tuples!(Delayed: A 0, B 1);
tuples!(Delayed: A 0, B 1, C 2);
tuples!(Delayed: A 0, B 1, C 2, D 3);
tuples!(Delayed: A 0, B 1, C 2, D 3, E 4);
tuples!(Delayed: A 0, B 1, C 2, D 3, E 4, F 5);
tuples!(Future: A 0, B 1);
tuples!(Future: A 0, B 1, C 2);
tuples!(Future: A 0, B 1, C 2, D 3);

impl<A: ByValue, B: ByValue> IntoDelayed<(A, B)> for (Delayed<A>, B) {
    fn into_argument(self) -> Argument {
        let (first, second) = self;
        let collect =
            move |values: &[Value]| Value::new::<(A, B)>((by_value(&values[0]), second.clone()));
        Argument::several(
            nodes(&mut [&first as &dyn Lazy].into_iter()),
            Box::new(collect),
        )
    }
}

impl<A: ByValue, B: ByValue> IntoDelayed<(A, B)> for (A, Delayed<B>) {
    fn into_argument(self) -> Argument {
        let (first, second) = self;
        let collect =
            move |values: &[Value]| Value::new::<(A, B)>((first.clone(), by_value(&values[0])));
        Argument::several(
            nodes(&mut [&second as &dyn Lazy].into_iter()),
            Box::new(collect),
        )
    }
}

impl<T: ByValue> IntoDelayed<Vec<Vec<T>>> for Vec<Vec<Delayed<T>>> {
    fn into_argument(self) -> Argument {
        Argument::all(self)
    }
}

impl<A: ByValue, B: ByValue> IntoDelayed<Vec<(A, B)>> for Vec<(Delayed<A>, Delayed<B>)> {
    fn into_argument(self) -> Argument {
        Argument::all(self)
    }
}

impl<K, T, S> IntoDelayed<HashMap<K, Vec<T>, S>> for HashMap<K, Vec<Delayed<T>>, S>
where
    K: ByValue + Eq + Hash,
    T: ByValue,
    S: BuildHasher + Default + Any + Send + Sync,
{
    fn into_argument(self) -> Argument {
        Argument::all(self)
    }
}

impl<K: ByValue + Ord, T: ByValue> IntoDelayed<BTreeMap<K, Vec<T>>>
    for BTreeMap<K, Vec<Delayed<T>>>
{
    fn into_argument(self) -> Argument {
        Argument::all(self)
    }
}

fn nodes(lazies: &mut dyn Iterator<Item = &dyn Lazy>) -> Inputs {
    Inputs::Calls(lazies.map(Lazy::call).collect())
}

fn list<T: ByValue>(items: &mut dyn Iterator<Item = &dyn Lazy>) -> Argument {
    let collect = |values: &[Value]| Value::new(of_all::<T>(values));
    Argument::several(nodes(items), Box::new(collect))
}

fn map_argument<K: ByValue, T: ByValue, M>(
    keys: Vec<K>,
    values: &mut dyn Iterator<Item = &dyn Lazy>,
) -> Argument
where
    M: FromIterator<(K, T)> + Any + Send + Sync,
{
    let collect = move |values: &[Value]| {
        let entries = keys.iter().cloned().zip(of_all::<T>(values));
        Value::new(entries.collect::<M>())
    };
    Argument::several(nodes(values), Box::new(collect))
}
