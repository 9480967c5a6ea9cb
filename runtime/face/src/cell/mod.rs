//! What the code around a cell calls: the variables that live on, the value of the last expression, and how the cell
//! ended.
//!
//! A notebook never names this module; the kernel writes the calls around what a person typed. It is kept non-generic
//! wherever possible, because a generic function is compiled again in every cell that calls it.

mod failure;
mod panics;
mod show;
mod variables;
mod wait;

pub use failure::{AnyFailure, DebugFailure, Failure, NoValue};
pub use panics::{Panic, Place, catch, set_panic_reporter};
pub use show::{Shown, Unshown, ViaDebug, ViaEvcxr, ViaNothing, ViaRender, is_unshown};
pub use variables::Variables;
pub use wait::{block_on, set_executor};

use std::any::Any;

use crate::display::MimeBundle;

/// How the statements of a cell ended.
#[derive(Debug)]
pub enum Outcome {
    /// All of them ran.
    Done,
    /// A `?` returned early.
    Failed(Failure),
    /// One of them panicked, or was interrupted.
    Panicked(Panic),
}

/// What one run of a cell takes, keeps and shows.
pub struct Scope<'v> {
    variables: &'v mut Variables,
    kept: Vec<String>,
    shown: Option<MimeBundle>,
    outcome: Outcome,
}

impl<'v> Scope<'v> {
    /// A scope over `variables` for one run.
    pub fn new(variables: &'v mut Variables) -> Self {
        Scope {
            variables,
            kept: Vec::new(),
            shown: None,
            outcome: Outcome::Done,
        }
    }

    /// Moves the variable `name` out of the store.
    ///
    /// # Panics
    /// If there is none, or it has another type than `T`: memory is never reinterpreted.
    pub fn take<T: 'static>(&mut self, name: &str) -> T {
        match self.variables.remove(name).downcast::<T>() {
            Ok(value) => *value,
            Err(_) => stale(name),
        }
    }

    /// Moves the variable `name`, whose type has been compiled again from the same definition, out of the store as a
    /// value of the new type.
    ///
    /// # Panics
    /// If there is none, or its size or alignment is another one.
    pub fn take_identical<T: 'static>(&mut self, name: &str) -> T {
        match variables::downcast_identical(self.variables.remove(name)) {
            Ok(value) => *value,
            Err(_) => stale(name),
        }
    }

    /// Gives back a variable that was taken, unless the cell has defined a new one of the same name.
    pub fn restore<T: 'static>(&mut self, name: &str, value: T) {
        if !self.is_kept(name) {
            self.variables.insert(name, Box::new(value));
        }
    }

    /// Keeps a variable that the cell has defined.
    // The kernel reads `T` from this very call in the cell's MIR.
    #[inline(never)]
    pub fn keep<T: 'static>(&mut self, name: &str, value: T) {
        self.put(name, Box::new(value));
    }

    /// Remembers how the statements ended.
    pub fn finish(&mut self, outcome: Outcome) {
        self.outcome = outcome;
    }

    /// The names that the run kept, the value that it showed and how it ended.
    pub fn into_parts(self) -> (Vec<String>, Option<MimeBundle>, Outcome) {
        (self.kept, self.shown, self.outcome)
    }

    fn is_kept(&self, name: &str) -> bool {
        self.kept.iter().any(|kept| kept == name)
    }

    fn put(&mut self, name: &str, value: Box<dyn Any>) {
        self.variables.insert(name, value);
        self.kept.push(name.to_owned());
    }

    fn show(&mut self, bundle: MimeBundle) {
        if !bundle.is_empty() {
            self.shown = Some(bundle);
        }
    }
}

fn stale(name: &str) -> ! {
    panic!("the variable `{name}` has another type than the cell expects")
}

/// Runs the statements of a cell to their end, to the first `?` that returns early, or to a panic.
pub fn run<F, E>(statements: F) -> Outcome
where
    F: FnOnce() -> Result<(), E>,
    E: AnyFailure,
{
    match catch(statements) {
        Ok(Ok(())) => Outcome::Done,
        Ok(Err(failure)) => Outcome::Failed(failure.into_failure()),
        Err(panic) => Outcome::Panicked(panic),
    }
}
