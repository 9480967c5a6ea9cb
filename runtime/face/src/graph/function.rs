//! What a task of a graph by hand may be: a closure of references to the values of its inputs, with the types that it names.

use std::any::{Any, TypeId, type_name};
use std::marker::PhantomData;

use crate::Value;
use crate::delayed::{ByValue, by_reference, by_value};

/// A type, by which the inputs of tasks are checked before anything runs.
#[derive(Clone, Copy, Debug)]
pub struct TypeOf {
    id: TypeId,
    name: fn() -> &'static str,
}

impl TypeOf {
    /// The type `T`.
    pub fn of<T: Any>() -> Self {
        TypeOf {
            id: TypeId::of::<T>(),
            name: type_name::<T>,
        }
    }

    /// Its name without paths: `Vec<String>`.
    pub fn name(self) -> String {
        crate::value::short_type((self.name)())
    }
}

impl PartialEq for TypeOf {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

/// Which values a task takes.
#[derive(Clone, Debug)]
pub enum Takes {
    /// One of each type, in this order.
    Each(Vec<TypeOf>),
    /// Any number, all of this type.
    All(TypeOf),
}

/// All inputs of a task as one slice.
pub struct Slice<A>(PhantomData<fn() -> A>);

/// What a task may be: a closure of up to six references, one to each of its inputs, or of one slice of all of them. Its
/// parameters have to be written with their types.
///
/// ```
/// use dagbok::prelude::*;
/// # dagbok_engine::install();
///
/// let graph = Graph::builder()
///     .value("n", 2_usize)
///     .value("word", "ab".to_owned())
///     .task("words", ["word", "n"], |word: &String, n: &usize| word.repeat(*n))
///     .task("all", ["word", "words"], |words: &[String]| words.join(" "))
///     .build()?;
/// assert_eq!(graph.get::<String>("all")?, "ab abab");
/// # Ok::<(), dagbok::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "a task cannot be `{Self}`",
    label = "not a closure of references to the values of its inputs",
    note = "write the types of its parameters: `|x: &i64, y: &String| …` for one input each, up to six, or `|xs: &[i64]| …` for all"
)]
pub trait TaskFunction<Arguments, Output>: Send + Sync + 'static {
    /// The types of the inputs.
    fn takes() -> Takes;
    /// Calls it with the values of the inputs.
    fn call(&self, inputs: &[Value]) -> Output;
}

macro_rules! function_of {
    ($($argument:ident $idx:tt),*) => {
        impl<F, Output, $($argument),*> TaskFunction<($($argument,)*), Output> for F
        where
            F: Fn($(&$argument),*) -> Output + Send + Sync + 'static,
            $($argument: Any + Send + Sync,)*
        {
            fn takes() -> Takes {
                Takes::Each(vec![$(TypeOf::of::<$argument>()),*])
            }

            fn call(&self, _inputs: &[Value]) -> Output {
                self($(by_reference::<$argument>(&_inputs[$idx])),*)
            }
        }
    };
}

function_of!();
function_of!(A 0);
function_of!(A 0, B 1);
function_of!(A 0, B 1, C 2);
function_of!(A 0, B 1, C 2, D 3);
function_of!(A 0, B 1, C 2, D 3, E 4);
function_of!(A 0, B 1, C 2, D 3, E 4, G 5);

impl<F, Output, A> TaskFunction<Slice<A>, Output> for F
where
    F: Fn(&[A]) -> Output + Send + Sync + 'static,
    A: ByValue,
{
    fn takes() -> Takes {
        Takes::All(TypeOf::of::<A>())
    }

    fn call(&self, inputs: &[Value]) -> Output {
        let mut values = Vec::with_capacity(inputs.len());
        for input in inputs {
            values.push(by_value::<A>(input));
        }
        self(&values)
    }
}
