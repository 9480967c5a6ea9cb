//! The tasks that send: one for iopub and the replies on shell, in one order; one for the replies on control.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::{Notify, mpsc};

use super::Input;
use super::comms::Comms;
use crate::evaluate::{Answer, Frontend, MimeData, Output, Question};
use crate::session::outbox::Outbox;
use crate::session::{Limits, Message, Publication};
use crate::socket::{Publisher, Router};
use crate::wire::{Origin, Writer};

/// The outbox, shared by the event loop and the threads that show things.
pub(super) struct Outgoing {
    state: Mutex<State>,
    changed: Notify,
    room: Condvar,
}

struct State {
    outbox: Outbox<Arc<Origin>>,
    closed: bool,
}

impl Outgoing {
    pub(super) fn new(limits: Option<Limits>) -> Outgoing {
        Outgoing {
            state: Mutex::new(State {
                outbox: Outbox::new(limits),
                closed: false,
            }),
            changed: Notify::new(),
            room: Condvar::new(),
        }
    }

    /// Adds a message, whatever waits.
    pub(super) fn push(&self, message: Message<Arc<Origin>>) {
        self.lock().push(message);
        self.changed.notify_one();
    }

    /// Adds a message once there is room for it.
    fn push_with_room(&self, message: Message<Arc<Origin>>) {
        let crowded = |state: &mut State| state.outbox.is_full() && !state.closed;
        self.room
            .wait_while(self.lock(), crowded)
            .unwrap_or_else(PoisonError::into_inner)
            .push(message);
        self.changed.notify_one();
    }

    /// Lets [`send_all`] end once it has sent what is there; what comes later is dropped.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.room.notify_all();
        self.changed.notify_one();
    }

    /// What is to be sent next, when it is due; none after the last.
    async fn next(&self) -> Option<Vec<Message<Arc<Origin>>>> {
        loop {
            let due = {
                let mut state = self.lock();
                let messages = match state.closed {
                    true => state.outbox.take_all(Instant::now()),
                    false => state.outbox.take(Instant::now()),
                };
                if !messages.is_empty() {
                    self.room.notify_all();
                    return Some(messages);
                }
                if state.closed {
                    return None;
                }
                state.outbox.due()
            };
            match due {
                None => self.changed.notified().await,
                Some(due) => tokio::select! {
                    _ = self.changed.notified() => {}
                    _ = tokio::time::sleep_until(due.into()) => {}
                },
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn push(&mut self, message: Message<Arc<Origin>>) {
        if !self.closed {
            self.outbox.push(message, Instant::now());
        }
    }
}

/// Sends what goes through `outgoing` until that is closed, then closes the sockets.
pub(super) async fn send_all(
    outgoing: Arc<Outgoing>,
    writer: Arc<Writer>,
    iopub: Publisher,
    shell: Router,
    stdin: Router,
) {
    while let Some(messages) = outgoing.next().await {
        for message in messages {
            let frames = writer.write(&message);
            match &message {
                Message::Publish { .. } => iopub.send(&frames).await,
                Message::Reply(reply) => {
                    // Who reads the reply finds on iopub what came before it.
                    iopub.flush().await;
                    send_reply(&shell, &reply.origin, &frames).await;
                }
                Message::Ask(ask) => send_reply(&stdin, &ask.origin, &frames).await,
            }
        }
    }
    tokio::join!(iopub.close(), shell.close(), stdin.close());
}

/// Sends the replies on control until there are no more, then closes the socket.
pub(super) async fn send_control(
    mut replies: mpsc::UnboundedReceiver<Message<Arc<Origin>>>,
    writer: Arc<Writer>,
    control: Router,
) {
    while let Some(message) = replies.recv().await {
        if let Message::Reply(reply) = &message {
            send_reply(&control, &reply.origin, &writer.write(&message)).await;
        }
    }
    control.close().await;
}

/// To the client that sent `origin`: its connection to `router`, or that under the same identity.
async fn send_reply(router: &Router, origin: &Origin, frames: &[bytes::Bytes]) {
    if !router.send(&origin.route, frames).await {
        tracing::info!("a client left before its reply");
    }
}

/// Publishes what one request shows, also after it has ended, and asks what its cell asks.
#[derive(Clone)]
pub(super) struct CellFrontend {
    origin: Arc<Origin>,
    outgoing: Arc<Outgoing>,
    comms: Arc<Comms>,
    count: u32,
    silent: bool,
    asks: Option<Asks>,
    left: Arc<Mutex<Left>>,
}

/// How a cell asks the person who sent it.
#[derive(Clone)]
pub(super) struct Asks {
    pub(super) inputs: mpsc::UnboundedSender<Input>,
    /// Whether the front end can be asked.
    pub(super) allowed: bool,
}

/// What is not published at once.
#[derive(Default)]
struct Left {
    pages: Vec<MimeData>,
    result: Option<String>,
}

impl CellFrontend {
    /// For a request that is no cell.
    pub(super) fn new(origin: Arc<Origin>, outgoing: Arc<Outgoing>, comms: Arc<Comms>) -> Self {
        CellFrontend {
            origin,
            outgoing,
            comms,
            count: 0,
            silent: false,
            asks: None,
            left: Arc::default(),
        }
    }

    pub(super) fn of_cell(self, count: u32, silent: bool, asks: Asks) -> Self {
        CellFrontend {
            count,
            silent,
            asks: Some(asks),
            ..self
        }
    }

    /// What a pager is to show.
    pub(super) fn take_pages(&self) -> Vec<MimeData> {
        std::mem::take(&mut self.left().pages)
    }

    /// The cell's value, as text.
    pub(super) fn take_result(&self) -> Option<String> {
        self.left().result.take()
    }

    fn left(&self) -> MutexGuard<'_, Left> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Frontend for CellFrontend {
    fn output(&self, output: Output) {
        match &output {
            Output::Comm(comm) => self.comms.note(comm),
            Output::Page { data } => return self.left().pages.push(data.clone()),
            _ if self.silent => return,
            Output::Result { data } => {
                let text = data.get("text/plain").and_then(|text| text.as_str());
                self.left().result = text.map(str::to_owned);
            }
            _ => {}
        }
        self.outgoing.push_with_room(Message::Publish {
            origin: Some(self.origin.clone()),
            publication: Publication::Output {
                output,
                count: self.count,
            },
        });
    }

    fn input(&self, question: Question) {
        let Some(asks) = self.asks.as_ref().filter(|asks| asks.allowed) else {
            let reason = "this front end does not take input (`allow_stdin` is false)";
            return question.answer(Answer::Refused(reason.to_owned()));
        };
        let origin = self.origin.clone();
        // A kernel that has ended drops the question.
        let _ = asks.inputs.send(Input::Asked { origin, question });
    }
}
