//! From closures and collections to futures.

use std::any::{Any, type_name};
use std::fmt::Display;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Future;
use super::handle::{Listing, ROOM_MAX};
use super::items::Items;
use crate::array::{Array, NdArray};
use crate::cell::{run_callback, threads};
use crate::delayed::{Delayed, call, task_error};
use crate::engine::{Calls, Collection, Submission, Submitted, engine};
use crate::frame::{DataFrame, Frame};
use crate::raise::or_raise;
use crate::{Name, Result, Site, Value};

/// Begins to run `function` in the background.
///
/// A plain function gives the future its name. What the closure captures has to be its own (`move`), or a future or delayed call that is
/// an argument of a `#[delayed]` function instead.
///
/// ```
/// use dagbok::prelude::*;
/// # dagbok_engine::install();
///
/// let numbers = vec![1, 2, 3];
/// let total = submit(move || numbers.into_iter().sum::<i64>());
/// assert_eq!(total.result()?, 6);
/// # Ok::<(), dagbok::Error>(())
/// ```
///
/// What it borrows does not live long enough:
///
/// ```compile_fail,E0373
/// # use dagbok::prelude::*;
/// let numbers = vec![1, 2, 3];
/// let total = submit(|| numbers.iter().sum::<i64>()); // in place of `move ||`
/// ```
///
/// # Panics
/// If there is no engine.
#[track_caller]
pub fn submit<T, F>(function: F) -> Future<T>
where
    T: Any + Send + Sync,
    F: FnOnce() -> T + Send + 'static,
{
    let run = Box::new(move || Ok(Value::new(function())));
    Future::new(run_once(type_name::<F>(), Site::caller(), run))
}

/// As [`submit`], but the error that `function` returns is the future's.
///
/// ```
/// use dagbok::prelude::*;
/// # dagbok_engine::install();
///
/// let number = try_submit(|| "x".parse::<i64>());
/// assert_eq!(number.exception()?.map(|error| error.kind()), Some(ErrorKind::Task));
/// assert_eq!(number.status(), FutureStatus::Error);
/// # Ok::<(), dagbok::Error>(())
/// ```
///
/// # Panics
/// If there is no engine.
#[track_caller]
pub fn try_submit<T, E, F>(function: F) -> Future<T>
where
    T: Any + Send + Sync,
    E: Display + 'static,
    F: FnOnce() -> Result<T, E> + Send + 'static,
{
    let run = Box::new(move || function().map(Value::new).map_err(task_error));
    Future::new(run_once(type_name::<F>(), Site::caller(), run))
}

/// Begins to run `function` on each of `items`, in the background; one future each, in their order.
///
/// The first ones run while the others are still being listed. What a future needs is made shortly before its turn comes, or when
/// somebody asks for it: a million of them are there after 0.03 to 0.05 s, and take 16 MB besides what they are given.
/// To compute each then takes some 10 µs besides its function.
///
/// ```
/// use dagbok::prelude::*;
/// # dagbok_engine::install();
///
/// let squares = submit_map(|x| x * x, 0..4);
/// assert_eq!(gather(squares)?, [0, 1, 4, 9]);
/// # Ok::<(), dagbok::Error>(())
/// ```
///
/// # Panics
/// If there is no engine.
#[track_caller]
pub fn submit_map<A, T, F>(function: F, items: impl IntoIterator<Item = A>) -> Vec<Future<T>>
where
    A: Send + 'static,
    T: Any + Send + Sync,
    F: Fn(A) -> T + Send + Sync + 'static,
{
    let calls = Arc::new(MapCalls {
        function: Arc::new(function),
        items: Mutex::default(),
        operation: operation(type_name::<F>()),
        site: Site::caller(),
    });
    let map = or_raise(engine()).submit_map(calls.clone());
    let items = items.into_iter();
    // There may be no end of them.
    let n_items = items.size_hint().0.min(ROOM_MAX);
    let mut listing = Listing::of(map, n_items);
    for item in items {
        calls.lock().push(item);
        listing.push();
    }
    listing.into_futures()
}

/// A function, and what it is called with.
struct MapCalls<A, F> {
    function: Arc<F>,
    items: Mutex<Items<A>>,
    operation: &'static str,
    site: Site,
}

impl<A, F> MapCalls<A, F> {
    fn lock(&self) -> MutexGuard<'_, Items<A>> {
        self.items.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<A, T, F> Calls for MapCalls<A, F>
where
    A: Send + 'static,
    T: Any + Send + Sync,
    F: Fn(A) -> T + Send + Sync + 'static,
{
    fn site(&self) -> Site {
        self.site
    }

    fn n_calls(&self) -> u32 {
        self.lock().n_items
    }

    fn call(&self, idx: u32) -> Collection {
        let item = self.lock().take(idx).expect("each call is asked for once");
        let function = self.function.clone();
        let run = Box::new(move || Ok(Value::new(function(item))));
        call::of_closure_once(self.operation, self.site, run)
    }

    fn forget(&self, idx: u32) {
        let item = self.lock().take(idx);
        drop(item);
    }
}

/// Collections that can be computed in the background, as [`compute_all`](crate::compute_all) computes them at once.
///
/// ```
/// use dagbok::prelude::*;
/// # dagbok_engine::install();
///
/// let total = arange(10).sum(()).submit();
/// assert_eq!(total.result()?.item::<i64>()?, 45);
/// # Ok::<(), dagbok::Error>(())
/// ```
pub trait Submit {
    /// What the collection computes to.
    type Value: Any + Send + Sync;

    /// The collection as any other.
    fn to_collection(&self) -> Collection;

    /// Begins to compute the collection; what is the same by its name, and is not done, failed or cancelled, is the same future.
    ///
    /// What two collections share below that is computed by each of them where both run at once. To have it computed once, submit it
    /// and give the future to both:
    ///
    /// ```
    /// use dagbok::prelude::*;
    /// # dagbok_engine::install();
    ///
    /// #[delayed]
    /// fn add(x: i64, y: i64) -> i64 {
    ///     x + y
    /// }
    ///
    /// let shared = add(1, 2).submit();
    /// let sums = [add(&shared, 10).submit(), add(&shared, 20).submit()];
    /// assert_eq!(gather(sums)?, [13, 23]);
    /// # Ok::<(), dagbok::Error>(())
    /// ```
    ///
    /// # Panics
    /// If there is no engine.
    #[track_caller]
    fn submit(&self) -> Future<Self::Value> {
        Future::new(begin(
            self.to_collection(),
            Site::caller(),
            &SubmitOptions::new(),
        ))
    }
}

impl<T: Any + Send + Sync> Submit for Delayed<T> {
    type Value = T;

    fn to_collection(&self) -> Collection {
        self.collection()
    }
}

impl Submit for Array {
    type Value = NdArray;

    fn to_collection(&self) -> Collection {
        Collection::Array(self.clone())
    }
}

impl Submit for Frame {
    type Value = DataFrame;

    fn to_collection(&self) -> Collection {
        Collection::Frame(self.clone())
    }
}

/// How something is submitted.
///
/// ```
/// use dagbok::prelude::*;
/// use std::sync::atomic::{AtomicUsize, Ordering};
/// use std::time::Duration;
/// # dagbok_engine::install();
///
/// let attempts = AtomicUsize::new(0);
/// let patient = SubmitOptions::new().named("load").retries(2).timeout(Duration::from_secs(60));
/// let future = patient.try_submit(move || match attempts.fetch_add(1, Ordering::SeqCst) {
///     0 | 1 => Err("the network is down"),
///     n => Ok(n),
/// });
/// assert_eq!(future.result()?, 2);
/// assert_eq!(future.key().operation(), "load");
/// # Ok::<(), dagbok::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[must_use = "nothing is submitted yet"]
pub struct SubmitOptions {
    priority: i32,
    retries: u32,
    timeout: Option<Duration>,
    name: Option<&'static str>,
}

impl SubmitOptions {
    /// As [`submit`] does it: priority 0, one attempt, no limit.
    pub fn new() -> Self {
        SubmitOptions::default()
    }

    /// Futures of a higher priority begin first; of the same one, those that were submitted first. Those that run are not held up.
    pub fn priority(self, priority: i32) -> Self {
        SubmitOptions { priority, ..self }
    }

    /// After an error, a panic or too long a time it is computed again, so many times; not when it is cancelled, or when what
    /// it needs has failed.
    pub fn retries(self, retries: u32) -> Self {
        SubmitOptions { retries, ..self }
    }

    /// An attempt that takes longer fails with [`ErrorKind::Timeout`](crate::ErrorKind::Timeout). The time before it begins does not count.
    pub fn timeout(self, timeout: Duration) -> Self {
        SubmitOptions {
            timeout: Some(timeout),
            ..self
        }
    }

    /// What closures are called in keys, graphs and errors. Collections have names already.
    pub fn named(self, name: &str) -> Self {
        SubmitOptions {
            name: Some(Name::of(name, ()).operation()),
            ..self
        }
    }

    /// As [`submit`]; the closure may have to run several times.
    ///
    /// # Panics
    /// If there is no engine.
    #[track_caller]
    pub fn submit<T, F>(&self, function: F) -> Future<T>
    where
        T: Any + Send + Sync,
        F: Fn() -> T + Send + Sync + 'static,
    {
        let run = Box::new(move || Ok(Value::new(function())));
        Future::new(self.run(type_name::<F>(), Site::caller(), run))
    }

    /// As [`try_submit`]; the closure may have to run several times.
    ///
    /// # Panics
    /// If there is no engine.
    #[track_caller]
    pub fn try_submit<T, E, F>(&self, function: F) -> Future<T>
    where
        T: Any + Send + Sync,
        E: Display + 'static,
        F: Fn() -> Result<T, E> + Send + Sync + 'static,
    {
        let run = Box::new(move || function().map(Value::new).map_err(task_error));
        Future::new(self.run(type_name::<F>(), Site::caller(), run))
    }

    /// Begins to compute `collection`, such as a call of a `#[delayed]` function, in the background.
    ///
    /// # Panics
    /// If there is no engine.
    #[track_caller]
    pub fn compute<C: Submit>(&self, collection: &C) -> Future<C::Value> {
        Future::new(begin(collection.to_collection(), Site::caller(), self))
    }

    fn run(
        &self,
        type_name: &'static str,
        site: Site,
        run: Box<dyn Fn() -> Result<Value> + Send + Sync>,
    ) -> Arc<dyn Submitted> {
        let operation = self.name.unwrap_or_else(|| operation(type_name));
        begin(call::of_closure(operation, site, run), site, self)
    }
}

fn run_once(
    type_name: &'static str,
    site: Site,
    run: Box<dyn FnOnce() -> Result<Value> + Send>,
) -> Arc<dyn Submitted> {
    let work = call::of_closure_once(operation(type_name), site, run);
    begin(work, site, &SubmitOptions::new())
}

#[track_caller]
fn begin(work: Collection, site: Site, options: &SubmitOptions) -> Arc<dyn Submitted> {
    or_raise(engine()).submit(Submission {
        work,
        site,
        priority: options.priority,
        retries: options.retries,
        timeout: options.timeout,
    })
}

/// The name of a function, from that of its type: `inc` for `cell_3::inc` and `abs` for `core::num::<impl i32>::abs`; `submit` for a
/// closure.
fn operation(type_name: &'static str) -> &'static str {
    let mut depth = 0;
    let mut start = 0;
    for (idx, char) in type_name.char_indices() {
        match char {
            '<' | '{' | '(' | '[' => depth += 1,
            '>' | '}' | ')' | ']' => depth -= 1,
            ':' if depth == 0 => start = idx + 1,
            _ => {}
        }
    }
    let last = &type_name[start..];
    let name = last.split('<').next().unwrap_or_default();
    let is_name = |char: char| char.is_alphanumeric() || char == '_';
    match !name.is_empty() && name.chars().all(is_name) {
        true => name,
        false => "submit",
    }
}

/// Runs `call` as a task when `submitted` is done, for the cell that the current thread works for.
pub(super) fn call_when_done(submitted: &Arc<dyn Submitted>, callback: Box<dyn FnOnce() + Send>) {
    let site = submitted.site();
    let run = threads::own();
    submitted.on_done(Box::new(move || {
        let Ok(engine) = engine() else { return };
        let call_back = Box::new(move || {
            run_callback(callback);
            Ok(Value::new(()))
        });
        let work = call::of_closure_once("on_done", site, call_back);
        let called = threads::serve(run, || {
            engine.submit(Submission {
                work,
                site,
                priority: i32::MAX,
                retries: 0,
                timeout: None,
            })
        });
        called.detach();
    }));
}
