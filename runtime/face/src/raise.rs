//! Mistakes in building an expression: they panic where they are made, as an index out of bounds does, and
//! [`attempt`] turns them into results.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use crate::{Error, Result};

thread_local! {
    static RAISED: RefCell<Option<Error>> = const { RefCell::new(None) };
}

/// Panics with `error`, naming the caller's line.
#[cold]
#[track_caller]
pub(crate) fn raise(error: Error) -> ! {
    RAISED.set(Some(error.clone()));
    panic!("{error}")
}

/// The value of `result`; its error panics.
#[track_caller]
pub(crate) fn or_raise<T>(result: Result<T>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => raise(error),
    }
}

/// Runs `build` and returns the error that building an expression raised in it.
///
/// Operators and methods that build expressions panic on a mistake such as shapes that do not fit; inside of
/// `attempt` that panic is an [`Error`]. Other panics go on.
///
/// ```
/// use dagbok::prelude::*;
///
/// let error = attempt(|| arange(3) + arange(4)).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Shape);
/// assert_eq!(error.to_string(), "cannot add arrays of shapes (3,) and (4,)");
/// ```
///
/// # Errors
/// The error that was raised.
pub fn attempt<T>(build: impl FnOnce() -> T) -> Result<T> {
    RAISED.set(None);
    catch_unwind(AssertUnwindSafe(build)).map_err(|payload| match RAISED.take() {
        Some(error) if is_panic_of(&error, &*payload) => error,
        _ => resume_unwind(payload),
    })
}

/// Whether `payload` is from the panic that `error` raised, and not from a later one.
fn is_panic_of(error: &Error, payload: &(dyn Any + Send)) -> bool {
    payload
        .downcast_ref::<String>()
        .is_some_and(|message| *message == error.to_string())
}
