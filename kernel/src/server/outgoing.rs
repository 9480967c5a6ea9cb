//! The tasks that send: one for iopub and the replies on shell, in one order; one for the replies on control.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, mpsc};

use super::Input;
use crate::evaluate::{Answer, Frontend, Output, Question};
use crate::session::outbox::Outbox;
use crate::session::{Message, Publication};
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
    pub(super) fn new() -> Outgoing {
        Outgoing {
            state: Mutex::new(State {
                outbox: Outbox::new(),
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
                let now = Instant::now();
                let until = match state.closed {
                    true => now + Duration::from_secs(3600),
                    false => now,
                };
                let messages = state.outbox.take(until);
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
                Message::Reply(reply) => send_reply(&shell, &reply.origin, &frames).await,
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

/// Publishes what one cell shows, also after the cell has ended, and asks what it asks.
pub(super) struct CellFrontend {
    pub(super) outgoing: Arc<Outgoing>,
    pub(super) inputs: mpsc::UnboundedSender<Input>,
    pub(super) origin: Arc<Origin>,
    pub(super) count: u32,
    pub(super) silent: bool,
    pub(super) allow_stdin: bool,
}

impl Frontend for CellFrontend {
    fn output(&self, output: Output) {
        if self.silent {
            return;
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
        if !self.allow_stdin {
            let reason = "this front end does not take input (`allow_stdin` is false)";
            return question.answer(Answer::Refused(reason.to_owned()));
        }
        let origin = self.origin.clone();
        // A kernel that has ended drops the question.
        let _ = self.inputs.send(Input::Asked { origin, question });
    }
}
