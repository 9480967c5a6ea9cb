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
mod call;
mod node;

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;

pub use argument::{Argument, ByValue, IntoDelayed};
#[doc(hidden)]
pub use call::{Call, by_reference, by_value, task_error};
/// Makes calls of a function lazy: they return a [`Delayed`] of what the function returns, and happen when that is computed.
///
/// Each argument may be plain, a [`Delayed`], or collections that compute to it: see [`IntoDelayed`].
///
/// The function is written as any other:
/// - it takes its parameters by value, which are then cloned for it, or by shared reference, which are not;
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
pub use dagbok_macros::delayed;
pub use node::DelayedNode;

use crate::array::{Array, NdArray};
use crate::compute::Compute;
use crate::display::{MimeBundle, Render};
use crate::engine::{Collection, engine};
use crate::erased::Erased;
use crate::frame::{DataFrame, Frame};
use crate::{Name, Result, Value, Visualization};

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
    Delayed::from_node(call::known(None, Value::new(value)))
}

impl<T> Delayed<T> {
    fn from_node(node: Erased) -> Self {
        Delayed {
            node,
            value: PhantomData,
        }
    }

    /// The name in graphs and errors: the function's, and a token of this call.
    pub fn name(&self) -> &Name {
        call::name(&self.node)
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

    /// Both values as a pair.
    #[track_caller]
    pub fn zip<U: Any + Send + Sync + Clone>(&self, other: &Delayed<U>) -> Delayed<(T, U)>
    where
        T: Clone,
    {
        Call::new("zip").with(argument::pair(self, other)).only()
    }
}

impl<T: Any + Send + Sync + Clone, U: Any + Send + Sync + Clone> Delayed<(T, U)> {
    /// The members of a pair, such as a function with two results returns, apart.
    #[track_caller]
    pub fn unzip(&self) -> (Delayed<T>, Delayed<U>) {
        let first = self.then("first", |pair| Ok(Value::new(pair.0.clone())));
        let second = self.then("second", |pair| Ok(Value::new(pair.1.clone())));
        (first, second)
    }
}

impl<T: Any + Send + Sync + Clone> Compute for Delayed<T> {
    type Output = T;

    fn collections(&self, outputs: &mut Vec<Collection>) {
        outputs.push(self.collection());
    }

    fn from_values(&self, values: &mut dyn Iterator<Item = Value>) -> Result<T> {
        call::take(values.next().ok_or_else(call::no_value)?)
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
