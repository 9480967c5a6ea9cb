//! What a kernel does with each request: a state machine without sockets, threads or clock. Requests and the
//! evaluator's answers go in, messages and work come out, in the order in which they are to happen.
//!
//! `O` stands for whatever a message must remember of the request that caused it; nothing here looks into it.

mod message;
pub mod outbox;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use crate::evaluate::{Cell, CellError, Completeness};
pub use message::{Ask, Execute, Message, Outcome, Publication, Reply, ReplyContent, Request};

/// What happens to a session.
#[derive(Clone, Debug)]
pub enum Event<O> {
    Requested {
        origin: O,
        request: Request,
    },
    /// The cell that was to be evaluated has ended.
    Evaluated(Result<(), CellError>),
    /// The code that was to be judged is judged.
    Judged(Completeness),
    /// The running cell is to stop, and nobody asked for it in a message.
    Interrupted,
    /// The process is to end, and nobody asked for it in a message.
    Terminated,
}

/// What is to be done, in this order.
#[derive(Clone, Debug)]
pub enum Action<O> {
    Send(Message<O>),
    /// Evaluate `cell`; what it shows is published, or dropped if `silent`.
    Evaluate {
        origin: O,
        cell: Cell,
        silent: bool,
        allow_stdin: bool,
    },
    /// Find out whether `code` is complete.
    Judge {
        code: String,
    },
    /// Stop the cell that is being evaluated.
    Interrupt,
    /// Leave, once everything is sent.
    Exit,
}

/// The requests that wait for the evaluator, and the count of cells.
#[derive(Debug)]
pub struct Session<O> {
    /// The number of the last cell that was stored.
    count: u32,
    evaluating: Option<Task<O>>,
    waiting: VecDeque<Task<O>>,
    leaving: bool,
}

#[derive(Debug)]
struct Task<O> {
    origin: O,
    work: Work,
}

#[derive(Debug)]
enum Work {
    Execute(Execute),
    Judge { code: String },
}

impl<O: Clone> Session<O> {
    /// A session in which nothing has run.
    pub fn new() -> Self {
        Session {
            count: 0,
            evaluating: None,
            waiting: VecDeque::new(),
            leaving: false,
        }
    }

    /// Adds to `actions` what is to be done about `event`.
    pub fn handle(&mut self, event: Event<O>, actions: &mut Vec<Action<O>>) {
        match event {
            _ if self.leaving => {}
            Event::Requested { origin, request } => self.requested(origin, request, actions),
            Event::Evaluated(result) => self.evaluated(result, actions),
            Event::Judged(completeness) => self.judged(completeness, actions),
            Event::Interrupted => self.interrupt(actions),
            Event::Terminated => self.leave(actions),
        }
    }

    fn requested(&mut self, origin: O, request: Request, actions: &mut Vec<Action<O>>) {
        let content = match request {
            Request::Execute(execute) => {
                return self.enqueue(origin, Work::Execute(execute), actions);
            }
            Request::IsComplete { code } => {
                return self.enqueue(origin, Work::Judge { code }, actions);
            }
            Request::Interrupt => {
                actions.push(publish(&origin, Publication::Busy));
                self.interrupt(actions);
                return finish(origin, ReplyContent::Interrupt, actions);
            }
            Request::Shutdown { restart } => {
                actions.push(publish(&origin, Publication::Busy));
                actions.push(publish(&origin, Publication::Shutdown { restart }));
                finish(origin, ReplyContent::Shutdown { restart }, actions);
                return self.leave(actions);
            }
            Request::KernelInfo => ReplyContent::KernelInfo,
            Request::Connect => ReplyContent::Connect,
            Request::Complete { cursor, .. } => ReplyContent::Complete { cursor },
            Request::Inspect { .. } => ReplyContent::Inspect,
            Request::History => ReplyContent::History,
            Request::CommInfo => ReplyContent::CommInfo,
            Request::Unanswered => {
                actions.push(publish(&origin, Publication::Busy));
                actions.push(publish(&origin, Publication::Idle));
                return;
            }
            Request::Invalid(reason) => ReplyContent::Invalid(reason),
        };
        actions.push(publish(&origin, Publication::Busy));
        finish(origin, content, actions);
    }

    fn enqueue(&mut self, origin: O, work: Work, actions: &mut Vec<Action<O>>) {
        self.waiting.push_back(Task { origin, work });
        self.next(actions);
    }

    /// Starts what waits first, if nothing else is under way.
    fn next(&mut self, actions: &mut Vec<Action<O>>) {
        if self.evaluating.is_some() {
            return;
        }
        let Some(task) = self.waiting.pop_front() else {
            return;
        };
        let origin = task.origin.clone();
        actions.push(publish(&origin, Publication::Busy));
        match &task.work {
            Work::Judge { code } => actions.push(Action::Judge { code: code.clone() }),
            Work::Execute(execute) => {
                let cell = Cell {
                    number: self.count + 1,
                    code: execute.code.clone(),
                };
                if execute.stored() {
                    self.count = cell.number;
                }
                if !execute.silent {
                    let input = Publication::Input {
                        code: cell.code.clone(),
                        count: cell.number,
                    };
                    actions.push(publish(&origin, input));
                }
                actions.push(Action::Evaluate {
                    origin,
                    cell,
                    silent: execute.silent,
                    allow_stdin: execute.allow_stdin,
                });
            }
        }
        self.evaluating = Some(task);
    }

    fn evaluated(&mut self, result: Result<(), CellError>, actions: &mut Vec<Action<O>>) {
        let Some(Task {
            origin,
            work: Work::Execute(execute),
        }) = self.evaluating.take()
        else {
            return;
        };
        let failed = result.is_err();
        if let (Err(error), false) = (&result, execute.silent) {
            actions.push(publish(&origin, Publication::Error(error.clone())));
        }
        let reply = ReplyContent::Execute {
            outcome: result.map_or_else(Outcome::Failed, |()| Outcome::Ok),
            count: self.number(&execute),
        };
        finish(origin, reply, actions);
        if failed && execute.stop_on_error && !execute.silent {
            self.abort_waiting(actions);
        }
        self.next(actions);
    }

    fn number(&self, execute: &Execute) -> u32 {
        if execute.stored() {
            self.count
        } else {
            self.count + 1
        }
    }

    fn judged(&mut self, completeness: Completeness, actions: &mut Vec<Action<O>>) {
        if let Some(task) = self.evaluating.take() {
            finish(task.origin, ReplyContent::IsComplete(completeness), actions);
        }
        self.next(actions);
    }

    /// Stops the running cell and gives up those that wait.
    fn interrupt(&mut self, actions: &mut Vec<Action<O>>) {
        if self.evaluating.is_some() {
            actions.push(Action::Interrupt);
        }
        self.abort_waiting(actions);
    }

    fn abort_waiting(&mut self, actions: &mut Vec<Action<O>>) {
        for task in std::mem::take(&mut self.waiting) {
            if matches!(task.work, Work::Judge { .. }) {
                self.waiting.push_back(task);
                continue;
            }
            actions.push(publish(&task.origin, Publication::Busy));
            let reply = ReplyContent::Execute {
                outcome: Outcome::Aborted,
                count: self.count,
            };
            finish(task.origin, reply, actions);
        }
    }

    fn leave(&mut self, actions: &mut Vec<Action<O>>) {
        self.leaving = true;
        if self.evaluating.is_some() {
            actions.push(Action::Interrupt);
        }
        actions.push(Action::Exit);
    }
}

impl<O: Clone> Default for Session<O> {
    fn default() -> Self {
        Session::new()
    }
}

fn publish<O: Clone>(origin: &O, publication: Publication) -> Action<O> {
    Action::Send(Message::Publish {
        origin: Some(origin.clone()),
        publication,
    })
}

/// The reply and, after it, that the request is done with.
fn finish<O: Clone>(origin: O, content: ReplyContent, actions: &mut Vec<Action<O>>) {
    actions.push(Action::Send(Message::Reply(Reply {
        origin: origin.clone(),
        content,
    })));
    actions.push(publish(&origin, Publication::Idle));
}
