//! Panics as values: message and place, without a word on stderr.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::panic::{AssertUnwindSafe, Location, PanicHookInfo, catch_unwind};
use std::sync::{Arc, OnceLock};

use crate::cancel::{self, Cancelled};

/// A place in source code, as the compiler records it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub file: String,
    pub line: u32,
    pub column: u32,
}

impl From<&Location<'_>> for Place {
    fn from(location: &Location<'_>) -> Self {
        Place {
            file: location.file().to_owned(),
            line: location.line(),
            column: location.column(),
        }
    }
}

/// A panic that was caught.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Panic {
    /// What `panic!` was given.
    pub message: String,
    /// Where it stands; `None` for a payload that was thrown without a message.
    pub place: Option<Place>,
    /// Whether an interrupt is behind it: a sleep or a join that is cut short can only panic.
    pub cancelled: bool,
    /// What was being called.
    pub trace: Trace,
}

/// The calls that led to a panic. Two of them are always equal: they say no more about what went wrong.
#[derive(Clone, Default)]
pub struct Trace(Option<Arc<dyn Calls>>);

/// One of the calls that led to a panic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The function's path.
    pub function: String,
    /// Where in it the call stands, if it was compiled with line tables.
    pub place: Option<Place>,
}

/// Calls whose names have not been looked up yet.
pub trait Calls: Send + Sync {
    /// The calls, innermost first. Looking up their names takes milliseconds.
    fn frames(&self) -> Vec<Frame>;
}

static TRACER: OnceLock<fn() -> Arc<dyn Calls>> = OnceLock::new();

/// From now on, `tracer` notes the calls that lead to a panic; only the first call counts.
pub fn set_tracer(tracer: fn() -> Arc<dyn Calls>) {
    let _ = TRACER.set(tracer);
}

impl Trace {
    fn here() -> Self {
        Trace(TRACER.get().map(|tracer| tracer()))
    }

    /// The calls, innermost first; none without a tracer.
    pub fn frames(&self) -> Vec<Frame> {
        self.0
            .as_ref()
            .map_or_else(Vec::new, |calls| calls.frames())
    }
}

impl PartialEq for Trace {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Trace {}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Trace")
    }
}

/// Who sees a panic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Witness {
    /// [`catch`] does, unless the panic cannot unwind and ends the process.
    Caught,
    /// Nobody does, in the thread of this name.
    Nobody { thread: String },
}

thread_local! {
    static CATCHING: Cell<u32> = const { Cell::new(0) };
    static CAUGHT: RefCell<Option<Panic>> = const { RefCell::new(None) };
}

/// Runs `f`; a panic in it becomes a value with message and place, and is reported nowhere else.
///
/// ```
/// use dagbok::cell::{catch, set_panic_reporter};
///
/// set_panic_reporter(|_witness, _panic| {});
/// let panic = catch(|| -> u8 { panic!("no {}", "luck") }).unwrap_err();
/// assert_eq!(panic.message, "no luck");
/// assert!(panic.place.is_some() && !panic.cancelled);
/// assert_eq!(catch(|| 1), Ok(1));
/// ```
pub fn catch<T>(f: impl FnOnce() -> T) -> Result<T, Panic> {
    CATCHING.with(|depth| depth.set(depth.get() + 1));
    let result = catch_unwind(AssertUnwindSafe(f));
    CATCHING.with(|depth| depth.set(depth.get() - 1));
    result.map_err(|payload| {
        let panic = caught(&*payload);
        // What drops it may panic in turn.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(payload)));
        panic
    })
}

fn caught(payload: &(dyn Any + Send)) -> Panic {
    let recorded = CAUGHT.with(|caught| caught.borrow_mut().take());
    let message = message(payload);
    // A panic that someone else caught before leaves its record behind; the message tells it apart.
    match recorded {
        Some(panic) if panic.message == message => panic,
        _ => Panic {
            message,
            place: None,
            cancelled: payload.is::<Cancelled>(),
            trace: Trace::default(),
        },
    }
}

/// Runs what nobody asks for the result of: a panic is told of on stderr.
#[expect(clippy::print_stderr, reason = "it belongs to the cell")]
pub(crate) fn run_callback(callback: Box<dyn FnOnce() + Send>) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(callback))
        && !payload.is::<Cancelled>()
    {
        eprintln!("a callback of a future panicked: {}", message(&*payload));
    }
}

fn message(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "a panic without a message".to_owned()
    }
}

/// From now on panics of this process are silent, and go to `report` as they happen.
pub fn set_panic_reporter(report: impl Fn(&Witness, &Panic) + Send + Sync + 'static) {
    std::panic::set_hook(Box::new(move |info| {
        let panic = describe(info);
        if CATCHING.with(Cell::get) > 0 {
            report(&Witness::Caught, &panic);
            CAUGHT.with(|caught| *caught.borrow_mut() = Some(panic));
        } else {
            let thread = std::thread::current()
                .name()
                .unwrap_or("unnamed")
                .to_owned();
            report(&Witness::Nobody { thread }, &panic);
        }
    }));
}

fn describe(info: &PanicHookInfo<'_>) -> Panic {
    Panic {
        message: message(info.payload()),
        place: info.location().map(Place::from),
        cancelled: info.payload().is::<Cancelled>() || cancel::requested(),
        trace: Trace::here(),
    }
}
