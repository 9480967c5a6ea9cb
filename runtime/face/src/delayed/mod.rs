//! Delayed calls of ordinary functions: the attribute `#[delayed]` and what its calls give, [`Delayed`].
//!
//! ```
//! use dagbok::prelude::*;
//! # dagbok_engine::install();
//!
//! #[delayed]
//! fn inc(x: i64) -> i64 {
//!     x + 1
//! }
//!
//! #[delayed]
//! fn total(xs: &[i64]) -> i64 {
//!     xs.iter().sum()
//! }
//!
//! let xs: Vec<_> = (0..4).map(inc).collect();
//! assert_eq!(total(xs).compute()?, 10);
//! # Ok::<(), dagbok::Error>(())
//! ```

mod argument;
pub(crate) mod call;
mod node;
mod place;

use std::any::Any;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::sync::Arc;

pub use argument::{Argument, ByValue, IntoDelayed};
#[doc(hidden)]
pub use call::{Call, PureArgument, Token, by_reference, by_value, task_error};
/// Makes calls of a function lazy: they return a [`Delayed`] of what the function returns, and happen when that is computed.
///
/// Each argument may be plain, a [`Delayed`], or collections that compute to it: see [`IntoDelayed`].
///
/// The function is written as any other:
/// - it takes its parameters by value, which are then cloned for it, or by shared reference, which are not; but a list of delayed
///   values is put together for it, also for a `&[T]`, and each of them is cloned for that;
/// - the error of a `Result` that it returns becomes the computation's, and so does a panic;
/// - it may have type parameters, which must be `Send + Sync + 'static`.
///
/// ```
/// use dagbok::prelude::*;
/// # dagbok_engine::install();
///
/// #[delayed]
/// fn inc(x: i64) -> i64 {
///     x + 1
/// }
///
/// #[delayed]
/// fn join(words: &[String], with: &str) -> String {
///     words.join(with)
/// }
///
/// let words: Vec<Delayed<String>> = (0..3).map(|x| inc(x).map(|x| x.to_string())).collect();
/// assert_eq!(join(words, ", ").compute()?, "1, 2, 3");
/// # Ok::<(), dagbok::Error>(())
/// ```
///
/// An argument of another type does not compile:
///
/// ```compile_fail,E0277
/// # use dagbok::prelude::*;
/// #[delayed]
/// fn inc(x: i64) -> i64 {
///     x + 1
/// }
///
/// inc("one"); // a delayed function takes `i64` here and was given `&str`
/// ```
///
/// In the function itself its name is that of the plain function, which it calls at once.
///
/// A result that took long may be found in the [cache](crate::Cache) by a later `compute()` of the same call, so a function that
/// does more than return a value may not run again; `Config::set("cache", false)` turns that off.
///
/// # Pure functions
/// `#[delayed(pure)]` says that the function returns the same for the same arguments. Equal calls then have the same name, and in
/// one computation are made once. Their arguments have to be `Hash`; collections are by their names.
///
/// ```
/// use dagbok::prelude::*;
///
/// #[delayed(pure)]
/// fn inc(x: i64) -> i64 {
///     x + 1
/// }
///
/// assert_eq!(inc(inc(1)).name(), inc(inc(1)).name());
/// assert_ne!(inc(1).name(), inc(2).name());
/// ```
///
/// ```compile_fail,E0277
/// # use dagbok::prelude::*;
/// #[delayed(pure)]
/// fn half(x: f64) -> f64 {
///     x / 2.0
/// }
///
/// half(1.0); // a pure function cannot be called with a `f64`
/// ```
pub use dagbok_macros::delayed;
pub use node::DelayedNode;
pub use place::Place;

use crate::array::{Array, NdArray};
use crate::compute::{Blocks, Compute};
use crate::display::{MimeBundle, Render};
use crate::engine::{Collection, engine};
use crate::erased::Erased;
use crate::frame::{DataFrame, Frame};
use crate::{Explanation, Graph, Name, Result, Site, Value, Visualization};

/// The `T` that a call will return, or that is known already. Cheap to clone.
///
/// Made by calling a function that is marked `#[delayed]`, by [`delayed`](fn@delayed), or from another one.
///
/// ```
/// use dagbok::prelude::*;
/// # dagbok_engine::install();
///
/// #[delayed]
/// fn divide(n: i64, by: i64) -> Result<(i64, i64), String> {
///     if by == 0 { Err("division by zero".to_owned()) } else { Ok((n / by, n % by)) }
/// }
///
/// let (quotient, remainder) = divide(17, delayed(5)).unzip();
/// assert_eq!(compute_all((quotient, remainder))?, (3, 2));
///
/// let error = divide(1, 0).compute().unwrap_err();
/// assert!(error.to_string().starts_with("`divide` failed: division by zero"));
/// # Ok::<(), dagbok::Error>(())
/// ```
///
/// Its value is not there before it is computed: it cannot be indexed, iterated over or compared. `map` does so later.
///
/// ```compile_fail,E0608
/// # use dagbok::prelude::*;
/// delayed(vec![1, 2])[0]; // in place of `.map(|list| list[0])`
/// ```
///
/// ```compile_fail,E0277
/// # use dagbok::prelude::*;
/// for x in delayed(vec![1, 2]) {} // in place of `.parts(2)`
/// ```
pub struct Delayed<T> {
    node: Erased,
    value: PhantomData<fn() -> T>,
}

/// `value` as something to be computed, for a place that takes a [`Delayed`], or so that several calls share it.
///
/// ```
/// use dagbok::prelude::*;
/// # dagbok_engine::install();
///
/// let words = delayed(vec!["a", "list"]);
/// assert_eq!(words.map(|words| words.len()).compute()?, 2);
/// # Ok::<(), dagbok::Error>(())
/// ```
#[track_caller]
pub fn delayed<T: Any + Send + Sync>(value: T) -> Delayed<T> {
    Delayed::from_node(call::known(Value::new(value)))
}

/// One [`Delayed`] of several collections, nested as you like: of what [`compute_all`](crate::compute_all) returns for them.
///
/// ```
/// use dagbok::prelude::*;
/// use std::collections::BTreeMap;
/// # dagbok_engine::install();
///
/// let parts = BTreeMap::from([("a", vec![delayed(1), delayed(2)]), ("b", vec![])]);
/// let all = delayed_all((parts, arange(3).sum(())));
/// let shown = all.map(|(parts, sum)| format!("{parts:?} {:?}", sum.item::<i64>()));
/// assert_eq!(shown.compute()?, r#"{"a": [1, 2], "b": []} Ok(3)"#);
/// # Ok::<(), dagbok::Error>(())
/// ```
#[track_caller]
pub fn delayed_all<C>(collections: C) -> Delayed<C::Output>
where
    C: Compute<Output: Any + Send + Sync> + Send + Sync + 'static,
{
    Call::new("all").with(Argument::all(collections)).only()
}

impl<T> Delayed<T> {
    pub(crate) fn from_node(node: Erased) -> Self {
        Delayed {
            node,
            value: PhantomData,
        }
    }

    pub(crate) fn of(node: Arc<DelayedNode>) -> Self {
        Delayed::from_node(Erased::of(node))
    }

    pub(crate) fn shared(&self) -> Arc<DelayedNode> {
        self.node.share()
    }

    /// The name in graphs and errors: the function's, and a token of this call.
    pub fn name(&self) -> Name {
        call::name(&self.node)
    }

    /// The same call, called `name` in graphs, errors and progress displays.
    ///
    /// ```
    /// use dagbok::prelude::*;
    ///
    /// let threshold = delayed(0.5).named("threshold");
    /// assert_eq!(threshold.name().operation(), "threshold");
    /// ```
    #[track_caller]
    pub fn named(self, name: &str) -> Self {
        Delayed::from_node(call::named(self.node, name))
    }

    /// This call as any other collection.
    pub fn collection(&self) -> Collection {
        call::collection(&self.node)
    }

    /// The task graph of this call, drawn.
    ///
    /// # Errors
    /// What planning a collection that it depends on returns, such as a file that cannot be read.
    pub fn visualize(&self) -> Result<Visualization> {
        Visualization::of(vec![self.collection()])
    }

    /// The task graph of this call as a mapping of keys to tasks, each call a task.
    ///
    /// # Errors
    /// As for [`visualize`](Delayed::visualize).
    pub fn graph(&self) -> Result<Graph> {
        Graph::of(vec![self.collection()])
    }

    /// What [`compute`](Delayed::compute) will do, without doing it.
    ///
    /// # Errors
    /// As for [`visualize`](Delayed::visualize).
    pub fn explain(&self) -> Result<Explanation> {
        Explanation::of(&[self.collection()])
    }
}

impl<T: Any + Send + Sync> Delayed<T> {
    /// Makes the call, and all that it depends on first, on all cores.
    ///
    /// # Errors
    /// The error of the first task that failed; [`ErrorKind::Cancelled`](crate::ErrorKind::Cancelled) after an interrupt.
    pub fn compute(&self) -> Result<T>
    where
        T: Clone,
    {
        call::take(call::compute(&self.node)?)
    }

    /// The same value, computed now and kept: what is made of it does not compute it again.
    ///
    /// # Errors
    /// As for [`compute`](Delayed::compute).
    ///
    /// ```
    /// use dagbok::prelude::*;
    /// # dagbok_engine::install();
    ///
    /// let primes = delayed(100_u32).map(|n| (2..*n).filter(|n| (2..*n).all(|d| n % d > 0)).count()).persist()?;
    /// assert_eq!(primes.map(|n| n + 1).compute()?, 26);
    /// # Ok::<(), dagbok::Error>(())
    /// ```
    #[track_caller]
    pub fn persist(&self) -> Result<Delayed<T>> {
        call::persist(&self.node).map(Delayed::from_node)
    }

    /// What `function` makes of the value.
    ///
    /// ```
    /// use dagbok::prelude::*;
    /// # dagbok_engine::install();
    ///
    /// let numbers = delayed(vec![3, 1, 2]);
    /// assert_eq!(numbers.map(|numbers| numbers[0] * 10).compute()?, 30);
    /// # Ok::<(), dagbok::Error>(())
    /// ```
    #[track_caller]
    pub fn map<U: Any + Send + Sync>(
        &self,
        function: impl Fn(&T) -> U + Send + Sync + 'static,
    ) -> Delayed<U> {
        self.then("map", move |value| Ok(Value::new(function(value))))
    }

    /// What `function` makes of the value; its error is the computation's.
    ///
    /// ```
    /// use dagbok::prelude::*;
    /// # dagbok_engine::install();
    ///
    /// let number = delayed("x1").and_then(|text| text.parse::<i64>());
    /// let error = number.compute().unwrap_err();
    /// assert!(error.to_string().starts_with("`and_then` failed: invalid digit found in string"));
    /// ```
    #[track_caller]
    pub fn and_then<U: Any + Send + Sync, E: fmt::Display + 'static>(
        &self,
        function: impl Fn(&T) -> Result<U, E> + Send + Sync + 'static,
    ) -> Delayed<U> {
        self.then("and_then", move |value| {
            function(value).map(Value::new).map_err(task_error)
        })
    }

    #[track_caller]
    fn then<U: Any + Send + Sync>(
        &self,
        operation: &'static str,
        function: impl Fn(&T) -> Result<Value> + Send + Sync + 'static,
    ) -> Delayed<U> {
        let run = move |value: &Value| function(by_reference(value));
        Delayed::from_node(call::then(&self.node, operation, Box::new(run)))
    }

    /// The same value, which `look` has been called with.
    #[track_caller]
    pub fn inspect(&self, look: impl Fn(&T) + Send + Sync + 'static) -> Delayed<T> {
        let run = move |value: &Value| {
            look(by_reference(value));
            Ok(value.clone())
        };
        Delayed::from_node(call::then(&self.node, "inspect", Box::new(run)))
    }

    /// Both values as a pair.
    #[track_caller]
    pub fn zip<U: Any + Send + Sync + Clone>(&self, other: &Delayed<U>) -> Delayed<(T, U)>
    where
        T: Clone,
    {
        let pair = IntoDelayed::<(T, U)>::into_argument((self, other));
        Call::new("zip").with(pair).only()
    }
}

/// The members of a tuple, such as a function with several results returns, apart.
macro_rules! unzip {
    ($($member:ident $idx:tt $name:literal),+) => {
        impl<$($member: ByValue),+> Delayed<($($member,)+)> {
            /// The members of a tuple, such as a function with several results returns, apart.
            #[track_caller]
            pub fn unzip(&self) -> ($(Delayed<$member>,)+) {
                ($(self.then($name, |tuple| Ok(Value::new(tuple.$idx.clone()))),)+)
            }
        }
    };
}

unzip!(A 0 "first", B 1 "second");
unzip!(A 0 "first", B 1 "second", C 2 "third");
unzip!(A 0 "first", B 1 "second", C 2 "third", D 3 "fourth");
unzip!(A 0 "first", B 1 "second", C 2 "third", D 3 "fourth", E 4 "fifth");
unzip!(A 0 "first", B 1 "second", C 2 "third", D 3 "fourth", E 4 "fifth", F 5 "sixth");

impl<T: ByValue> Delayed<Vec<T>> {
    /// The elements apart, of a vector that will have `n`.
    ///
    /// The computation of any of them fails if it has another number.
    ///
    /// ```
    /// use dagbok::prelude::*;
    /// # dagbok_engine::install();
    ///
    /// #[delayed]
    /// fn halves(list: Vec<i64>) -> Vec<Vec<i64>> {
    ///     list.chunks(list.len().div_ceil(2)).map(<[i64]>::to_vec).collect()
    /// }
    ///
    /// let parts = halves([1, 2, 3]).parts(2);
    /// assert_eq!(compute_all(parts)?, [vec![1, 2], vec![3]]);
    /// # Ok::<(), dagbok::Error>(())
    /// ```
    #[track_caller]
    pub fn parts(&self, n: usize) -> Vec<Delayed<T>> {
        let mut parts = Vec::with_capacity(n);
        for idx in 0..n {
            parts.push(self.then("part", move |list: &Vec<T>| match list.get(idx) {
                Some(part) if list.len() == n => Ok(Value::new(part.clone())),
                _ => Err(call::wrong_parts(list.len(), n)),
            }));
        }
        parts
    }
}

impl<T: ByValue, const N: usize> Delayed<[T; N]> {
    /// The elements apart.
    ///
    /// ```
    /// use dagbok::prelude::*;
    /// # dagbok_engine::install();
    ///
    /// let [x, y, z] = delayed([1, 2, 3]).parts();
    /// assert_eq!(compute_all((z, y, x))?, (3, 2, 1));
    /// # Ok::<(), dagbok::Error>(())
    /// ```
    #[track_caller]
    pub fn parts(&self) -> [Delayed<T>; N] {
        let part = |idx: usize| {
            self.then("part", move |list: &[T; N]| {
                Ok(Value::new(list[idx].clone()))
            })
        };
        std::array::from_fn(part)
    }
}

impl<T: ByValue> FromIterator<Delayed<T>> for Delayed<Vec<T>> {
    /// All values as one list.
    ///
    /// ```
    /// use dagbok::prelude::*;
    /// # dagbok_engine::install();
    ///
    /// let squares: Delayed<Vec<i64>> = (0..4).map(|x| delayed(x).map(|x| x * x)).collect();
    /// assert_eq!(squares.compute()?, [0, 1, 4, 9]);
    /// # Ok::<(), dagbok::Error>(())
    /// ```
    fn from_iter<I: IntoIterator<Item = Delayed<T>>>(items: I) -> Self {
        let items: Vec<Delayed<T>> = items.into_iter().collect();
        let list = IntoDelayed::<Vec<T>>::into_argument(items);
        Call::new("list").with(list).only()
    }
}

impl<T: Any + Send + Sync> From<T> for Delayed<T> {
    /// As [`delayed`]: `vec![inc(1), 2.into()]`.
    #[track_caller]
    fn from(value: T) -> Self {
        delayed(value)
    }
}

/// By the name: what goes into a call of a pure function.
impl<T> Hash for Delayed<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name().hash(state);
    }
}

impl<T: Any + Send + Sync + Clone> Compute for Delayed<T> {
    type Output = T;
    type Persisted = Delayed<T>;

    fn collections(&self, outputs: &mut Vec<Collection>) {
        outputs.push(self.collection());
    }

    fn from_values(&self, values: &mut dyn Iterator<Item = Value>) -> Result<T> {
        call::take(values.next().ok_or_else(call::no_value)?)
    }

    fn from_blocks(&self, blocks: &mut Blocks, site: Site) -> Result<Delayed<T>> {
        call::persisted(&self.node, blocks, site).map(Delayed::from_node)
    }
}

impl From<&Array> for Delayed<NdArray> {
    /// The whole array as one value.
    #[track_caller]
    fn from(array: &Array) -> Self {
        Call::new("array")
            .with(IntoDelayed::<NdArray>::into_argument(array))
            .only()
    }
}

impl From<&Frame> for Delayed<DataFrame> {
    /// The whole frame as one value.
    #[track_caller]
    fn from(frame: &Frame) -> Self {
        Call::new("frame")
            .with(IntoDelayed::<DataFrame>::into_argument(frame))
            .only()
    }
}

impl<T> Clone for Delayed<T> {
    fn clone(&self) -> Self {
        Delayed {
            node: self.node.clone(),
            value: PhantomData,
        }
    }
}

impl<T> Render for Delayed<T> {
    fn render(&self) -> MimeBundle {
        match engine() {
            Ok(engine) => engine.render(&self.collection()),
            Err(_) => MimeBundle::plain(format!("{self:?}")),
        }
    }
}

impl<T> fmt::Debug for Delayed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.node.get::<DelayedNode>(), f)
    }
}
