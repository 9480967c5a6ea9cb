//! `.await` on a future.

use std::any::Any;
use std::future::IntoFuture;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use super::{Future, Handle};
use crate::delayed::call;
use crate::engine::Submitted;
use crate::sealed::Sealed;
use crate::{Result, Value};

/// A [`Future`] that is awaited: its value, or the error with which it has failed.
///
/// ```
/// use dagbok::prelude::*;
/// # dagbok_engine::install();
/// # dagbok::cell::set_executor(|mut future| {
/// #     use std::task::{Context, Waker};
/// #     while future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending() {}
/// # });
/// # use dagbok::cell::block_on;
///
/// let future = submit(|| 6 * 7);
/// let value = block_on(async { (&future).await });
/// assert_eq!(value?, 42);
/// # Ok::<(), dagbok::Error>(())
/// ```
#[must_use = "futures do nothing unless they are awaited"]
pub struct Awaited<T> {
    handle: Sealed<Handle>,
    /// Who is to be woken when it is done, once that has been asked for.
    waker: Option<Arc<Mutex<Waker>>>,
    value: PhantomData<fn() -> T>,
}

impl<T: Any + Send + Sync + Clone> std::future::Future for Awaited<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<T>> {
        let Awaited { handle, waker, .. } = &mut *self;
        poll(&handle.submitted(), waker, context).map(|value| call::take(value?))
    }
}

fn poll(
    submitted: &Arc<dyn Submitted>,
    waker: &mut Option<Arc<Mutex<Waker>>>,
    context: &Context<'_>,
) -> Poll<Result<Value>> {
    match waker {
        Some(waker) => {
            let mut waker = waker.lock().unwrap_or_else(PoisonError::into_inner);
            waker.clone_from(context.waker());
        }
        None => {
            let asked = Arc::new(Mutex::new(context.waker().clone()));
            *waker = Some(asked.clone());
            submitted.on_done(Box::new(move || {
                let waker = asked.lock().unwrap_or_else(PoisonError::into_inner).clone();
                waker.wake();
            }));
        }
    }
    match submitted.outcome() {
        Some(outcome) => Poll::Ready(outcome),
        None => Poll::Pending,
    }
}

impl<T: Any + Send + Sync + Clone> IntoFuture for Future<T> {
    type Output = Result<T>;
    type IntoFuture = Awaited<T>;

    fn into_future(self) -> Awaited<T> {
        Awaited {
            handle: self.handle,
            waker: None,
            value: PhantomData,
        }
    }
}

impl<T: Any + Send + Sync + Clone> IntoFuture for &Future<T> {
    type Output = Result<T>;
    type IntoFuture = Awaited<T>;

    fn into_future(self) -> Awaited<T> {
        self.clone().into_future()
    }
}
