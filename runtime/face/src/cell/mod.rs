//! What the code around a cell calls: the variables that live on, the value of the last expression, and how the cell
//! ended.
//!
//! A notebook never names this module; the kernel writes the calls around what a person typed. It is kept non-generic
//! wherever possible, because a generic function is compiled again in every cell that calls it.

mod failure;
mod heap;
mod panics;
mod preview;
mod show;
pub mod threads;
mod timeit;
mod typed;
mod variables;
mod wait;

pub use failure::{DebugFailure, Failure, NoValue, Reason};
pub use heap::{Heap, Size, SizeViaHeap, SizeViaNothing, SizeViaVec, Weighed};
pub(crate) use panics::run_callback;
pub use panics::{
    Calls, Frame, Panic, Place, Trace, Witness, catch, set_panic_reporter, set_tracer,
};
pub use preview::{
    PreviewViaDebug, PreviewViaNothing, PreviewViaRender, PreviewViaTable, Previewed, Previews,
};
pub use show::{
    DisplayViaDebug, DisplayViaNothing, DisplayViaRender, Displayed, Shown, Unshown, ViaDebug,
    ViaEvcxr, ViaNothing, ViaRender, is_unshown, show_as_debug,
};
pub use timeit::{Timings, timeit};
pub use typed::typed;
pub use variables::{NOWHERE, Variables};
pub use wait::{block_on, set_executor};

use std::cell::RefCell;
use std::mem::ManuallyDrop;

use crate::display::MimeBundle;
pub use crate::site::{TypedLines, learn_lines, place_in_cell, typed_place};
use variables::Held;

/// How the statements of a cell ended.
#[derive(Debug)]
pub enum Outcome {
    /// All of them ran.
    Done,
    /// A `?` returned early.
    Failed(Reason),
    /// One of them panicked, or was interrupted.
    Panicked(Panic),
}

/// What one run of a cell takes, keeps and shows.
pub struct Scope<'v> {
    variables: &'v Variables,
    home: u32,
    kept: Vec<Kept>,
    shown: Option<MimeBundle>,
    outcome: Outcome,
}

/// A variable that a run has kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    pub name: String,
    /// How many variables had been kept by then, by whichever runs: of two of one name, the one with the larger stamp is
    /// there.
    pub stamp: u64,
}

/// Only compiles if `value` may go from one thread to another.
pub fn sent<T: Send>(value: T) -> T {
    value
}

impl<'v> Scope<'v> {
    /// A scope over `variables` for one run, in the thread with the number `home`.
    pub fn new(variables: &'v Variables, home: u32) -> Self {
        Scope {
            variables,
            home,
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
        self.variables.take(name)
    }

    /// Moves the variable `name`, whose type has been compiled again from the same definition, out of the store as a
    /// value of the new type.
    ///
    /// # Panics
    /// If there is none, or its size or alignment is another one.
    pub fn take_identical<T: 'static>(&mut self, name: &str) -> T {
        self.variables.take_identical(name)
    }

    /// Gives back a variable that was taken, unless this cell or another has defined a new one of the same name.
    pub fn restore<T: 'static>(&mut self, name: &str, value: T) {
        if !self.is_kept(name) {
            self.variables.put_back(name, Held::of(value, self.home));
        }
    }

    /// Keeps a variable that the cell has defined.
    // The kernel reads `T` from this very call in the cell's MIR.
    #[inline(never)]
    pub fn keep<T: 'static>(&mut self, name: &str, value: T) {
        self.keep_held(name, Held::of(value, self.home));
    }

    /// Remembers how the statements that [`run`] has run ended.
    pub fn finish(&mut self) {
        if let Some(outcome) = LAST_OUTCOME.take() {
            self.outcome = outcome;
        }
    }

    /// What the run kept, the value that it showed and how it ended.
    pub fn into_parts(self) -> (Vec<Kept>, Option<MimeBundle>, Outcome) {
        (self.kept, self.shown, self.outcome)
    }

    fn is_kept(&self, name: &str) -> bool {
        self.kept.iter().any(|kept| kept.name == name)
    }

    fn keep_held(&mut self, name: &str, held: Held) {
        let (stamp, earlier) = self.variables.keep(name, held);
        let name = name.to_owned();
        self.kept.push(Kept { name, stamp });
        if let Some(earlier) = earlier {
            self.variables.discard(earlier, self.home);
        }
    }

    fn show(&mut self, bundle: MimeBundle) {
        if !bundle.is_empty() {
            self.shown = Some(bundle);
        }
    }
}

thread_local! {
    /// How the statements ended that this thread ran last: a cell that held it itself would compile what drops it.
    static LAST_OUTCOME: RefCell<Option<Outcome>> = const { RefCell::new(None) };
}

/// Runs the statements of a cell to their end, to the first `?` that returns early, or to a panic;
/// [`Scope::finish`] remembers which.
#[expect(
    unsafe_code,
    reason = "what is safe here would be compiled in each cell"
)]
pub fn run<F, E>(statements: F)
where
    F: FnOnce() -> Result<(), E>,
{
    let mut statements = ManuallyDrop::new(statements);
    run_once(&mut || {
        // SAFETY: `run_once` calls this once.
        let statements = unsafe { ManuallyDrop::take(&mut statements) };
        matches!(statements(), Err(_))
    });
}

/// Calls `statements` once; it says whether a `?` returned early.
fn run_once(statements: &mut dyn FnMut() -> bool) {
    let outcome = match catch(statements) {
        Ok(false) => Outcome::Done,
        Ok(true) => Outcome::Failed(failure::last_reason()),
        Err(panic) => Outcome::Panicked(panic),
    };
    LAST_OUTCOME.set(Some(outcome));
}
