//! Futures: work that has begun, and is waited for later or not at all.
//!
//! What is computed with `compute()` holds up the cell until it is done. What is submitted does not: it goes on in the background, also
//! when the cell has ended or is interrupted, and any later cell may ask for it.
//!
//! ```
//! use dagbok::prelude::*;
//! # dagbok_engine::install();
//!
//! #[delayed]
//! fn square(x: i64) -> i64 {
//!     x * x
//! }
//!
//! let squares: Vec<_> = (0..4).map(|x| square(x).submit()).collect();
//! let total = submit(|| 100);
//! assert_eq!(gather(&squares)?, [0, 1, 4, 9]);
//! assert_eq!(square(&total).compute()?, 10_000);
//! # Ok::<(), dagbok::Error>(())
//! ```
//!
//! With the synchronous scheduler (`Config::set("scheduler", "synchronous")`) what is submitted is computed at once, on the thread that
//! submits it; there nothing is cancelled or runs out of time.
//!
//! | in Dask | here |
//! |---|---|
//! | `client.submit(f)` | [`submit`], [`try_submit`] |
//! | `client.submit(f, x, y)` | `f(x, y).submit()` of a `#[delayed]` function, whose arguments may be futures |
//! | `client.submit(f, priority=1, retries=2, key="name")` | [`SubmitOptions`] |
//! | `client.map(f, xs)` | [`submit_map`] |
//! | `client.compute(collection)` | [`Submit::submit`] of any collection |
//! | `client.gather(futures)` | [`gather`], which also takes nested vectors, tuples and maps |
//! | `wait(futures)`, `as_completed(futures)` | [`wait`], [`as_completed`] |
//! | `progress(futures)` | [`progress`] |
//! | `future.result()`, `.exception()`, `.cancel()` | [`Future`]'s methods of the same names |
//! | `future.add_done_callback(f)` | [`future.on_done(f)`](Future::on_done) |
//! | `fire_and_forget(future)` | [`Future::fire_and_forget`] |

mod awaited;
mod completed;
mod handle;
mod items;
mod progress;
mod status;
mod submit;
mod wait;

use std::any::Any;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

pub use awaited::Awaited;
pub use completed::{AsCompleted, as_completed};
pub(crate) use handle::Handle;
pub use progress::progress;
pub use status::FutureStatus;
pub use submit::{Submit, SubmitOptions, submit, submit_map, try_submit};
pub use wait::{DoneAndNotDone, Wait, gather, wait};

use crate::cancel;
use crate::cell::threads;
use crate::compute::{Blocks, Compute};
use crate::delayed::{Argument, Delayed, IntoDelayed, call};
use crate::display::{DisplayHandle, MimeBundle, Render, display};
use crate::engine::{Collection, Submitted, engine};
use crate::sealed::Sealed;
use crate::{Error, Name, Result, Site, Value};

/// A `T` that is being computed. Cheap to clone; all clones are the same future.
///
/// Made by [`submit`] and its like. Where a `#[delayed]` function takes a `T`, it takes a `Future<T>` too, and does not run before that
/// is done; no thread waits meanwhile.
///
/// When all clones are dropped before it is done, and nothing that is to be computed needs it, it is cancelled:
/// [`fire_and_forget`](Future::fire_and_forget) lets it go on.
///
/// In a notebook it shows what becomes of it, until it is done. In an `async` block it can be awaited.
///
/// ```
/// use dagbok::prelude::*;
/// # dagbok_engine::install();
///
/// let text = submit(|| "41".to_owned());
/// let number = text.and_then(|text| text.parse::<i64>());
/// assert_eq!(number.map(|number| number + 1).result()?, 42);
/// assert_eq!(number.status(), FutureStatus::Finished);
///
/// let failed = text.and_then(|text| text.repeat(2).parse::<u8>());
/// let error = failed.exception()?.expect("4141 is too large");
/// assert!(error.to_string().contains("number too large to fit in target type"));
/// # Ok::<(), dagbok::Error>(())
/// ```
///
/// A future of another type does not compile:
///
/// ```compile_fail,E0277
/// # use dagbok::prelude::*;
/// #[delayed]
/// fn inc(x: i64) -> i64 {
///     x + 1
/// }
///
/// inc(submit(|| "one")); // a delayed function takes `i64` here and was given `Future<&str>`
/// ```
#[must_use = "a future that nobody holds is cancelled: keep it, or call `fire_and_forget()`"]
#[repr(transparent)]
pub struct Future<T> {
    handle: Sealed<Handle>,
    value: PhantomData<fn() -> T>,
}

impl<T> Future<T> {
    fn new(submitted: Arc<dyn Submitted>) -> Self {
        cancel::checkpoint();
        Future::of_handle(Handle::Own(Box::new(submitted)).into())
    }

    fn of_handle(handle: Sealed<Handle>) -> Self {
        Future {
            handle,
            value: PhantomData,
        }
    }

    /// The name of what it computes, as in graphs and errors.
    pub fn key(&self) -> Name {
        *self.handle.submitted().key()
    }

    /// Whether it waits, is being computed or is done, and how it ended.
    pub fn status(&self) -> FutureStatus {
        self.handle.status()
    }

    /// Whether it has a value, has failed or is cancelled.
    pub fn done(&self) -> bool {
        self.status().is_done()
    }

    /// Whether it is cancelled.
    pub fn cancelled(&self) -> bool {
        self.status() == FutureStatus::Cancelled
    }

    /// Cancels it, unless it is done, and all futures that need it. What it needs itself goes on where others need it, too.
    ///
    /// Who waits for it gets an error of the kind [`ErrorKind::Cancelled`](crate::ErrorKind::Cancelled) at once. If it runs, its loops and
    /// sleeps end soon in code of cells; other code goes on to its end, and its result is dropped.
    ///
    /// ```
    /// use dagbok::prelude::*;
    /// # dagbok_engine::install();
    ///
    /// let endless = submit(|| loop { dagbok::cancel::checkpoint() });
    /// let after = endless.map(|_: &()| 1);
    /// endless.cancel();
    /// assert!(endless.cancelled() && after.cancelled());
    /// assert_eq!(after.result().unwrap_err().kind(), ErrorKind::Cancelled);
    /// ```
    pub fn cancel(&self) {
        self.handle.submitted().cancel();
    }

    /// Lets it go on to its end although nobody holds it, for what it does and not for what it returns.
    ///
    /// ```
    /// use dagbok::prelude::*;
    /// # dagbok_engine::install();
    ///
    /// let (tell, told) = std::sync::mpsc::channel();
    /// submit(move || tell.send("done")).fire_and_forget();
    /// assert_eq!(told.recv(), Ok("done"));
    /// ```
    pub fn fire_and_forget(self) {
        self.handle.submitted().detach();
    }

    /// Its value as something to be computed, for a place that takes a [`Delayed`].
    pub fn delayed(&self) -> Delayed<T> {
        Delayed::from_node(call::of_future(&self.handle.submitted()))
    }

    /// Waits until it is done; its error, if it has one.
    ///
    /// # Errors
    /// If the wait is interrupted; the future goes on.
    pub fn exception(&self) -> Result<Option<Error>> {
        let submitted = self.handle.submitted();
        wait::until_done(&submitted, None)?;
        Ok(submitted.outcome().and_then(Result::err))
    }

    /// As the last expression of a cell it is shown so that it can be brought up to date.
    #[doc(hidden)]
    pub fn evcxr_display(&self) {
        display(self);
    }
}

impl<T: Any + Send + Sync> Future<T> {
    /// Waits until it is done; its value.
    ///
    /// A task that waits takes part in the work meanwhile, so that tasks may submit and wait for others on any number of threads.
    ///
    /// # Errors
    /// The error with which it has failed; [`ErrorKind::Cancelled`](crate::ErrorKind::Cancelled) if it is cancelled, or if the wait
    /// is interrupted, after which it goes on.
    pub fn result(&self) -> Result<T>
    where
        T: Clone,
    {
        call::take(wait::value(&self.handle.submitted(), None)?)
    }

    /// As [`result`](Future::result), but waits no longer than `timeout`.
    ///
    /// ```
    /// use dagbok::prelude::*;
    /// use std::time::Duration;
    /// # dagbok_engine::install();
    ///
    /// let (go, gone) = std::sync::mpsc::channel();
    /// let future = submit(move || gone.recv().is_ok());
    /// let error = future.result_timeout(Duration::from_millis(5)).unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Timeout);
    /// go.send(()).unwrap();
    /// assert!(future.result()?);
    /// # Ok::<(), dagbok::Error>(())
    /// ```
    ///
    /// # Errors
    /// As for `result`; [`ErrorKind::Timeout`](crate::ErrorKind::Timeout) if it is not done by then. It goes on.
    pub fn result_timeout(&self, timeout: Duration) -> Result<T>
    where
        T: Clone,
    {
        call::take(wait::value(&self.handle.submitted(), Some(timeout))?)
    }

    /// What `function` makes of the value, submitted; it runs when there is one.
    #[track_caller]
    pub fn map<U: Any + Send + Sync>(
        &self,
        function: impl Fn(&T) -> U + Send + Sync + 'static,
    ) -> Future<U> {
        self.delayed().map(function).submit()
    }

    /// What `function` makes of the value, submitted; its error is the new future's.
    #[track_caller]
    pub fn and_then<U: Any + Send + Sync, E: fmt::Display + 'static>(
        &self,
        function: impl Fn(&T) -> Result<U, E> + Send + Sync + 'static,
    ) -> Future<U> {
        self.delayed().and_then(function).submit()
    }

    /// Calls `callback` with the future when it is done, however it ended: at once if it is, else as a task. Until then the future goes
    /// on, also if nobody else holds it. If `callback` panics, stderr says so.
    ///
    /// ```
    /// use dagbok::prelude::*;
    /// # dagbok_engine::install();
    ///
    /// let (tell, told) = std::sync::mpsc::channel();
    /// let future = submit(|| 6 * 7);
    /// future.on_done(move |future| tell.send(future.result().ok()).unwrap());
    /// assert_eq!(told.recv(), Ok(Some(42)));
    /// ```
    pub fn on_done(&self, callback: impl FnOnce(&Future<T>) + Send + 'static) {
        let future = self.clone();
        submit::call_when_done(
            &self.handle.submitted(),
            Box::new(move || callback(&future)),
        );
    }
}

/// Brings a display up to date whenever the status changes, as an output of the cell that the current thread works for.
fn follow(submitted: &Arc<dyn Submitted>, handle: &DisplayHandle) {
    let weak = Arc::downgrade(submitted);
    let run = threads::own();
    // One after the other, so that the last that is shown is the last that is.
    let handle = Mutex::new(handle.clone());
    submitted.on_change(Arc::new(move |_| {
        if let Some(submitted) = weak.upgrade() {
            let handle = handle.lock().unwrap_or_else(PoisonError::into_inner);
            threads::serve(run, || handle.update(&render(&*submitted)));
        }
    }));
}

fn render(submitted: &dyn Submitted) -> MimeBundle {
    match engine() {
        Ok(engine) => engine.render_future(submitted),
        Err(_) => MimeBundle::plain(describe(submitted)),
    }
}

fn describe(submitted: &dyn Submitted) -> String {
    format!("Future({}, {})", submitted.key(), submitted.status())
}

impl<T: Any + Send + Sync + Clone> Compute for Future<T> {
    type Output = T;
    type Persisted = Delayed<T>;

    fn collections(&self, outputs: &mut Vec<Collection>) {
        outputs.push(call::collection(&call::of_future(&self.handle.submitted())));
    }

    fn from_values(&self, values: &mut dyn Iterator<Item = Value>) -> Result<T> {
        call::take(values.next().ok_or_else(call::no_value)?)
    }

    fn from_blocks(&self, blocks: &mut Blocks, site: Site) -> Result<Delayed<T>> {
        self.delayed().from_blocks(blocks, site)
    }
}

impl<T: Any + Send + Sync> IntoDelayed<T> for Future<T> {
    fn into_argument(self) -> Argument {
        IntoDelayed::<T>::into_argument(self.delayed())
    }
}

impl<T: Any + Send + Sync> IntoDelayed<T> for &Future<T> {
    fn into_argument(self) -> Argument {
        IntoDelayed::<T>::into_argument(self.delayed())
    }
}

impl<T> From<&Future<T>> for Delayed<T> {
    fn from(future: &Future<T>) -> Self {
        future.delayed()
    }
}

impl<T> Clone for Future<T> {
    fn clone(&self) -> Self {
        Future {
            handle: self.handle.clone(),
            value: PhantomData,
        }
    }
}

/// By the key: what goes into a call of a pure function.
impl<T> Hash for Future<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

impl<T> Render for Future<T> {
    fn render(&self) -> MimeBundle {
        render(&*self.handle.submitted())
    }

    fn follow(&self, handle: &DisplayHandle) {
        follow(&self.handle.submitted(), handle);
    }
}

impl<T> fmt::Debug for Future<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(&*self.handle.submitted()))
    }
}
