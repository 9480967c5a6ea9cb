//! Comms on this side of the socket: a thread that calls callbacks one after the other, also while a cell runs, and one that
//! sends what widgets have put off.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::Instant;

use dagbok::cancel;
use dagbok::cell::threads;
use dagbok::comm::{CommSink, Event, Json, Later, Message, Received};
use dagbok::widgets::{self, UPDATE_PERIOD};
use dagbok::{Error, ErrorKind};
use dagbok_kernel::channel::{Comm, CommEvent, FromSession, WIDGETS_VARIABLE};
use dagbok_kernel::evaluate::StreamName;

use crate::link::Link;
use crate::output;

/// As for cells: callbacks are the same code.
const STACK_BYTES: usize = 64 << 20;

/// The front end's side of all comms.
pub(super) struct Comms {
    requests: mpsc::Sender<(u32, Comm)>,
}

impl Comms {
    /// Comms lead through `link` from now on.
    pub(super) fn start(link: Arc<Link>) -> io::Result<Self> {
        dagbok::comm::set_sink(Some(Arc::new(Sink(link.clone()))));
        widgets::serve(std::env::var_os(WIDGETS_VARIABLE).is_some());
        let (requests, queue) = mpsc::channel();
        thread::Builder::new()
            .name("comms".to_owned())
            .stack_size(STACK_BYTES)
            .spawn(move || call_back(&queue, &link))?;
        thread::Builder::new()
            .name("widget-updates".to_owned())
            .spawn(send_updates)?;
        Ok(Comms { requests })
    }

    /// Lets the callbacks for `comm` run, in turn and as the run `run`.
    pub(super) fn receive(&self, run: u32, comm: Comm) {
        let _ = self.requests.send((run, comm));
    }
}

fn call_back(queue: &mpsc::Receiver<(u32, Comm)>, link: &Link) {
    let _runtime = crate::futures::enter();
    for (run, comm) in queue {
        cancel::start(run);
        threads::work_for(run);
        let id = comm.id.clone();
        match dagbok::comm::receive(&id, &to_event(&comm.event), to_message(comm)) {
            Received::Done => {}
            Received::Interrupted => {
                output::write(StreamName::Stderr, b"the callback was interrupted\n");
            }
            Received::Unknown => tracing::warn!("nothing here knows the comm `{id}`"),
        }
        flush();
        output::flush();
        cancel::end(run);
        threads::work_for(threads::NONE);
        if link.send(&FromSession::CommHandled { run }).is_err() {
            return;
        }
    }
}

fn to_event(event: &CommEvent) -> Event {
    match event {
        CommEvent::Open { target } => Event::Open {
            target: target.clone(),
        },
        CommEvent::Message => Event::Message,
        CommEvent::Close => Event::Close,
    }
}

/// What the kernel sends was JSON before.
fn to_message(comm: Comm) -> Message {
    Message {
        data: comm.data.parse().unwrap_or_default(),
        metadata: comm.metadata.parse().unwrap_or(Json::Object(Vec::new())),
        buffers: comm.buffers,
    }
}

struct Sink(Arc<Link>);

impl CommSink for Sink {
    fn send(&self, id: &str, event: &Event, message: &Message) -> dagbok::Result<()> {
        let event = match event {
            Event::Open { target } => CommEvent::Open {
                target: target.clone(),
            },
            Event::Message => CommEvent::Message,
            Event::Close => CommEvent::Close,
        };
        let sent = self.0.send(&FromSession::Comm {
            cell: threads::served(),
            comm: Comm {
                id: id.to_owned(),
                event,
                data: message.data.to_string(),
                metadata: message.metadata.to_string(),
                buffers: message.buffers.clone(),
            },
        });
        match sent {
            Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(Error::new(
                ErrorKind::Io,
                format!("the message is too long: {error}"),
            )),
            // A socket that fails means that the kernel is gone; the session ends with it.
            _ => Ok(()),
        }
    }

    fn later(&self, work: Arc<dyn Later>) {
        lock(&UPDATES).push_back(Update {
            due: Instant::now() + UPDATE_PERIOD,
            cell: threads::served(),
            work,
        });
        ADDED.notify_one();
    }
}

/// What is to be sent, soonest first.
static UPDATES: Mutex<VecDeque<Update>> = Mutex::new(VecDeque::new());
static ADDED: Condvar = Condvar::new();

struct Update {
    due: Instant,
    /// The run whose doing it is.
    cell: u32,
    work: Arc<dyn Later>,
}

impl Update {
    fn send(&self) {
        let own = threads::own();
        threads::work_for(self.cell);
        self.work.now();
        threads::work_for(own);
    }
}

/// Sends at once what has been put off: a run ends.
pub(super) fn flush() {
    let updates = std::mem::take(&mut *lock(&UPDATES));
    updates.iter().for_each(Update::send);
}

fn send_updates() {
    loop {
        let mut updates = lock(&UPDATES);
        let now = Instant::now();
        updates = match updates.front() {
            Some(update) if update.due <= now => {
                let update = updates.pop_front();
                drop(updates);
                update.iter().for_each(Update::send);
                continue;
            }
            Some(update) => {
                let wait = update.due - now;
                let waited = ADDED.wait_timeout(updates, wait);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
            None => ADDED.wait(updates).unwrap_or_else(PoisonError::into_inner),
        };
        drop(updates);
    }
}

/// A panic while a lock is held leaves nothing half done here.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
