//! Comms, Jupyter's channels between a notebook's code and what its front end runs: widgets are built on them.
//!
//! Callbacks are called on a thread of their own, one after the other, also while a cell runs. What they print is shown with the
//! message that caused them; a panic ends the one callback, and is told there.

mod json;

pub use crate::json;
pub use json::Json;

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use crate::cancel::{self, Cancelled};
use crate::sealed::Sealed;
use crate::{Error, ErrorKind, Result};

/// What goes over a comm.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    pub data: Json,
    /// An object; about the message and not part of it.
    pub metadata: Json,
    /// Bytes that are not JSON.
    pub buffers: Vec<Vec<u8>>,
}

impl From<Json> for Message {
    fn from(data: Json) -> Self {
        Message {
            data,
            metadata: Json::Object(Vec::new()),
            buffers: Vec::new(),
        }
    }
}

/// What happens to a comm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It comes into being, for what is registered under `target` on the other side.
    Open { target: String },
    /// A message on it.
    Message,
    /// Its end.
    Close,
}

/// One comm. Its clones are the same comm; it is open until one side closes it.
///
/// ```
/// use dagbok::comm::{Comm, json};
///
/// let comm = Comm::open("my-extension", json!({"hello": true}));
/// comm.on_message(|message| println!("{}", message.data["answer"]));
/// comm.send(json!({"question": [1, 2, 3]}))?;
/// comm.close(json!({}));
/// assert_eq!(comm.send(json!(1)).unwrap_err().to_string(), "the comm to `my-extension` is closed");
/// # Ok::<(), dagbok::Error>(())
/// ```
#[derive(Clone)]
pub struct Comm(Sealed<Arc<Inner>>);

pub(crate) struct Inner {
    id: String,
    target: String,
    is_open: AtomicBool,
    on_message: Callbacks<Message>,
    on_close: Callbacks<Message>,
}

static COMMS: Mutex<BTreeMap<String, Arc<Inner>>> = Mutex::new(BTreeMap::new());
static TARGETS: Mutex<BTreeMap<String, Arc<Target>>> = Mutex::new(BTreeMap::new());

type Target = Callbacks<(Comm, Message)>;

impl Comm {
    /// Opens a comm to what the front end has registered as `target`.
    pub fn open(target: &str, data: impl Into<Json>) -> Self {
        Comm::open_with(target, data.into().into())
    }

    /// The same with metadata or buffers.
    pub fn open_with(target: &str, message: Message) -> Self {
        let comm = Comm::new(new_id(), target);
        let target = target.to_owned();
        // One that is too long to be sent is as one that the front end does not know.
        let _ = comm.tell(&Event::Open { target }, &message);
        comm
    }

    fn new(id: String, target: &str) -> Self {
        let inner = Arc::new(Inner {
            id: id.clone(),
            target: target.to_owned(),
            is_open: AtomicBool::new(true),
            on_message: Callbacks::default(),
            on_close: Callbacks::default(),
        });
        lock(&COMMS).insert(id, inner.clone());
        Comm(inner.into())
    }

    /// The id by which both sides know it.
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// The name of what it was opened for.
    pub fn target(&self) -> &str {
        &self.0.target
    }

    /// Whether no side has closed it.
    pub fn is_open(&self) -> bool {
        self.0.is_open.load(Ordering::SeqCst)
    }

    /// Sends `data` to the other side.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] if the comm is closed, or the message is longer than a gigabyte.
    pub fn send(&self, data: impl Into<Json>) -> Result<()> {
        self.send_message(&data.into().into())
    }

    /// Sends `data` and bytes that are not JSON.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn send_with_buffers(&self, data: impl Into<Json>, buffers: Vec<Vec<u8>>) -> Result<()> {
        self.send_message(&Message {
            buffers,
            ..Message::from(data.into())
        })
    }

    /// Sends a whole message.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn send_message(&self, message: &Message) -> Result<()> {
        if !self.is_open() {
            let text = format!("the comm to `{}` is closed", self.target());
            return Err(Error::new(ErrorKind::Io, text));
        }
        self.tell(&Event::Message, message)
    }

    /// Closes the comm; `data` is the last that the other side hears. Nothing happens if it is closed already.
    pub fn close(&self, data: impl Into<Json>) {
        if self.end() {
            let _ = self.tell(&Event::Close, &data.into().into());
            self.forget_callbacks();
        }
    }

    /// Calls `callback` with each message of the other side.
    pub fn on_message(&self, callback: impl FnMut(&Message) + Send + 'static) -> &Self {
        self.0.on_message.add(Box::new(callback));
        self
    }

    /// Calls `callback` when the other side closes the comm.
    pub fn on_close(&self, callback: impl FnMut(&Message) + Send + 'static) -> &Self {
        self.0.on_close.add(Box::new(callback));
        self
    }

    fn tell(&self, event: &Event, message: &Message) -> Result<()> {
        sink().map_or(Ok(()), |sink| sink.send(self.id(), event, message))
    }

    /// Whether it was open until now.
    fn end(&self) -> bool {
        lock(&COMMS).remove(self.id());
        self.0.is_open.swap(false, Ordering::SeqCst)
    }

    /// They may hold the comm that holds them.
    fn forget_callbacks(&self) {
        self.0.on_message.clear();
        self.0.on_close.clear();
    }
}

impl std::fmt::Debug for Comm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let state = if self.is_open() { "open" } else { "closed" };
        write!(f, "Comm({:?}, {state})", self.target())
    }
}

/// Lets front ends open comms to `target`: `callback` gets each with what it was opened with. A later call for the same
/// name replaces this one.
///
/// ```
/// use dagbok::comm::{json, register_target};
///
/// register_target("echo", |comm, _opened| {
///     let answers = comm.clone();
///     comm.on_message(move |message| {
///         let _ = answers.send(json!({"echo": &message.data}));
///     });
/// });
/// ```
pub fn register_target(target: &str, mut callback: impl FnMut(&Comm, &Message) + Send + 'static) {
    let callbacks = Target::default();
    callbacks.add(Box::new(move |(comm, message): &(Comm, Message)| {
        callback(comm, message);
    }));
    replace_target(target, Some(callbacks));
}

/// Lets no front end open comms to `target` any more; those that are open stay.
pub fn unregister_target(target: &str) {
    replace_target(target, None);
}

fn replace_target(target: &str, callbacks: Option<Target>) {
    let mut targets = lock(&TARGETS);
    let former = match callbacks {
        Some(callbacks) => targets.insert(target.to_owned(), Arc::new(callbacks)),
        None => targets.remove(target),
    };
    drop(targets);
    // What it holds may do anything when it is dropped.
    drop(former);
}

/// What has become of an event that the front end has sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// All callbacks for it have been called.
    Done,
    /// An interrupt has ended one of them.
    Interrupted,
    /// There is no such comm, or nothing is registered for it: the front end has been told that it is closed.
    Unknown,
}

/// Takes in what the front end says; the session calls this, on the thread of the callbacks.
pub fn receive(id: &str, event: &Event, message: Message) -> Received {
    let comm = lock(&COMMS).get(id).cloned();
    match (event, comm) {
        (Event::Open { target }, _) => opened(id, target, message),
        (Event::Message, Some(comm)) => comm.on_message.call(&message),
        (Event::Close, Some(inner)) => {
            let comm = Comm(inner.into());
            comm.end();
            let received = comm.0.on_close.call(&message);
            comm.forget_callbacks();
            received
        }
        (Event::Message | Event::Close, None) => Received::Unknown,
    }
}

fn opened(id: &str, target: &str, message: Message) -> Received {
    let callbacks = lock(&TARGETS).get(target).cloned();
    let Some(callbacks) = callbacks else {
        if let Some(sink) = sink() {
            let _ = sink.send(id, &Event::Close, &json!({}).into());
        }
        return Received::Unknown;
    };
    callbacks.call(&(Comm::new(id.to_owned(), target), message))
}

/// Where comms lead: the session sends their events to the front end, a test collects them.
pub trait CommSink: Send + Sync {
    /// Sends an event of the comm `id`.
    ///
    /// # Errors
    /// If it is too long.
    fn send(&self, id: &str, event: &Event, message: &Message) -> Result<()>;

    /// Calls `work` in some [`UPDATE_PERIOD`](crate::widgets::UPDATE_PERIOD), or when the running cell or callback ends.
    fn later(&self, work: Arc<dyn Later>);
}

/// What is put off for a moment.
pub trait Later: Send + Sync {
    /// Does it.
    fn now(&self);
}

static SINK: RwLock<Option<Arc<dyn CommSink>>> = RwLock::new(None);

/// Comms of this process lead to `sink` from now on, or nowhere.
pub fn set_sink(sink: Option<Arc<dyn CommSink>>) {
    *SINK.write().unwrap_or_else(PoisonError::into_inner) = sink;
}

pub(crate) fn sink() -> Option<Arc<dyn CommSink>> {
    SINK.read().unwrap_or_else(PoisonError::into_inner).clone()
}

/// What is to be called with each `T`.
pub(crate) struct Callbacks<T>(Mutex<Vec<Callback<T>>>);

type Callback<T> = Arc<Mutex<dyn FnMut(&T) + Send>>;

impl<T> Default for Callbacks<T> {
    fn default() -> Self {
        Callbacks(Mutex::default())
    }
}

impl<T: 'static> Callbacks<T> {
    pub(crate) fn add(&self, mut callback: Box<dyn FnMut(&T) + Send>) {
        let callback: Callback<T> = Arc::new(Mutex::new(move |event: &T| callback(event)));
        lock(&self.0).push(callback);
    }

    /// Calls one after the other; a panic ends one, an interrupt all.
    pub(crate) fn call(&self, event: &T) -> Received {
        let callbacks = lock(&self.0).clone();
        for callback in callbacks {
            let called = catch_unwind(AssertUnwindSafe(|| (*lock(&callback))(event)));
            let is_interrupted =
                called.is_err_and(|payload| payload.is::<Cancelled>() || cancel::requested());
            if is_interrupted {
                return Received::Interrupted;
            }
        }
        Received::Done
    }

    pub(crate) fn clear(&self) {
        let callbacks = std::mem::take(&mut *lock(&self.0));
        drop(callbacks);
    }
}

/// 32 random digits, so that a comm of a former session is never taken for one of this.
fn new_id() -> String {
    let random = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", random(), random())
}

/// A panic while a lock is held leaves nothing half done here.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
