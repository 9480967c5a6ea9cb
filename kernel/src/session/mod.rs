//! What a kernel does with each request: a state machine without sockets, threads or clock. Requests and the
//! evaluator's answers go in, messages and work come out, in the order in which they are to happen.
//!
//! `O` stands for whatever a message must remember of the request that caused it; nothing here looks into it.

mod flood;
mod message;
pub mod outbox;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, SystemTime};

use crate::evaluate::{Cell, CellError, Shell};
pub use flood::Limits;
pub use message::{
    Ask, Asked, DebugAnswer, DebugRequest, Detail, Evaluated, Execute, Message, Outcome,
    Publication, Query, Reply, ReplyContent, Request,
};

/// A cell that arrives so soon after a failure, and was sent before it, was on its way when the cell failed.
const ON_ITS_WAY: Duration = Duration::from_millis(250);

/// Browsers write dates in whole milliseconds: what is dated up to this much earlier may have been sent at the same time.
const DATE_STEP: Duration = Duration::from_millis(1);

/// What happens to a session.
#[derive(Clone, Debug)]
pub enum Event<O> {
    Asked {
        origin: O,
        asked: Asked,
    },
    /// The cell of `shell` that was to be evaluated has ended.
    Evaluated {
        shell: Shell,
        result: Result<Evaluated, CellError>,
    },
    /// A query has been answered, or needs no answer.
    Answered {
        origin: O,
        content: Option<ReplyContent>,
    },
    /// The running cells are to stop, and nobody asked for it in a message.
    Interrupted,
    /// The process is to end, and nobody asked for it in a message.
    Terminated,
}

/// What is to be done, in this order.
#[derive(Clone, Debug)]
pub enum Action<O> {
    Send(Message<O>),
    /// Evaluate `cell`; what it shows is published, or dropped if `execute` is silent.
    Evaluate {
        origin: O,
        shell: Shell,
        cell: Cell,
        execute: Execute,
    },
    /// Find the answer.
    Answer {
        origin: O,
        query: Query,
    },
    /// Stop the cells that are being evaluated.
    Interrupt,
    /// The shell evaluates nothing any more.
    EndShell(Shell),
    /// Leave, once everything is sent.
    Exit,
}

/// The requests that wait for the evaluator, and the count of cells.
#[derive(Debug)]
pub struct Session<O> {
    /// What the ids of subshells begin with, so that those of an earlier kernel are not taken for this one's.
    name: String,
    /// The number of the last cell that was stored. Subshells count on together, so that a number is one cell.
    count: u32,
    shells: BTreeMap<Shell, Line<O>>,
    n_shells: u32,
    leaving: bool,
}

/// The cells of one shell.
#[derive(Debug)]
struct Line<O> {
    /// The subshell's id; the kernel's own shell has none.
    id: Option<String>,
    evaluating: Option<Task<O>>,
    waiting: VecDeque<Task<O>>,
    failed: Option<SystemTime>,
    /// It ends with the cell that is being evaluated.
    ending: bool,
}

#[derive(Debug)]
struct Task<O> {
    origin: O,
    execute: Execute,
    /// The cell's number, once it has been evaluated.
    number: u32,
}

impl<O> Line<O> {
    fn new(id: Option<String>) -> Self {
        Line {
            id,
            evaluating: None,
            waiting: VecDeque::new(),
            failed: None,
            ending: false,
        }
    }
}

impl<O: Clone> Session<O> {
    /// A session in which nothing has run; `name` is one that no other kernel has.
    pub fn new(name: &str) -> Self {
        Session {
            name: name.to_owned(),
            count: 0,
            shells: BTreeMap::from([(Shell::MAIN, Line::new(None))]),
            n_shells: 1,
            leaving: false,
        }
    }

    /// Adds to `actions` what is to be done about `event`, which happens `now`.
    pub fn handle(&mut self, event: Event<O>, now: SystemTime, actions: &mut Vec<Action<O>>) {
        let n_before = actions.len();
        let is_beside_cells = !matches!(event, Event::Evaluated { .. });
        match event {
            _ if self.leaving => {}
            Event::Asked { origin, asked } => self.asked(origin, asked, now, actions),
            Event::Evaluated { shell, result } => self.evaluated(shell, result, now, actions),
            Event::Answered { origin, content } => match content {
                Some(content) => finish(origin, content, actions),
                None => actions.push(publish(&origin, Publication::Idle)),
            },
            Event::Interrupted => self.interrupt(actions),
            Event::Terminated => self.leave(actions),
        }
        // Front ends take the newest status for the kernel's, whichever request it belongs to.
        let goes_on = is_beside_cells && !self.leaving && self.is_evaluating();
        if goes_on && ends_idle(&actions[n_before..]) {
            actions.push(Action::Send(Message::Publish {
                origin: None,
                publication: Publication::Busy,
            }));
        }
    }

    fn asked(&mut self, origin: O, asked: Asked, now: SystemTime, actions: &mut Vec<Action<O>>) {
        let Asked {
            request,
            subshell,
            sent,
        } = asked;
        let Some(shell) = self.shell(subshell.as_deref()) else {
            let reason = format!("there is no subshell `{}`", subshell.unwrap_or_default());
            actions.push(publish(&origin, Publication::Busy));
            return finish(origin, ReplyContent::Invalid(reason), actions);
        };
        if let Request::Execute(execute) = request {
            return self.enqueue(shell, origin, execute, (sent, now), actions);
        }
        actions.push(publish(&origin, Publication::Busy));
        let content = match request {
            Request::Execute(_) => return,
            Request::Query(query) => return actions.push(Action::Answer { origin, query }),
            Request::Interrupt => {
                self.interrupt(actions);
                ReplyContent::Interrupt
            }
            Request::Shutdown { restart } => {
                actions.push(publish(&origin, Publication::Shutdown { restart }));
                finish(origin, ReplyContent::Shutdown { restart }, actions);
                return self.leave(actions);
            }
            Request::CreateSubshell => self.create_subshell(),
            Request::DeleteSubshell { id } => self.delete_subshell(&id, actions),
            Request::ListSubshells => ReplyContent::Subshells(self.subshells()),
            Request::Unanswered => return actions.push(publish(&origin, Publication::Idle)),
            Request::Invalid(reason) => ReplyContent::Invalid(reason),
        };
        finish(origin, content, actions);
    }

    /// The shell with this id; none has the kernel's own.
    fn shell(&self, id: Option<&str>) -> Option<Shell> {
        let mut shells = self.shells.iter();
        shells
            .find(|(_, line)| line.id.as_deref() == id && !line.ending)
            .map(|(shell, _)| *shell)
    }

    fn create_subshell(&mut self) -> ReplyContent {
        let shell = Shell(self.n_shells);
        self.n_shells += 1;
        let id = format!("{}-{}", self.name, shell.0);
        self.shells.insert(shell, Line::new(Some(id.clone())));
        ReplyContent::SubshellCreated(id)
    }

    /// Gives up what waits in a subshell; a cell that runs there runs to its end.
    fn delete_subshell(&mut self, id: &str, actions: &mut Vec<Action<O>>) -> ReplyContent {
        let Some(shell) = self.shell(Some(id)) else {
            return ReplyContent::Invalid(format!("there is no subshell `{id}`"));
        };
        self.abort_waiting(shell, actions);
        if let Some(line) = self.shells.get_mut(&shell) {
            line.ending = true;
        }
        self.next(shell, actions);
        ReplyContent::SubshellDeleted
    }

    fn subshells(&self) -> Vec<String> {
        let lines = self.shells.values().filter(|line| !line.ending);
        lines.filter_map(|line| line.id.clone()).collect()
    }

    fn enqueue(
        &mut self,
        shell: Shell,
        origin: O,
        execute: Execute,
        (sent, now): (Option<SystemTime>, SystemTime),
        actions: &mut Vec<Action<O>>,
    ) {
        let Some(line) = self.shells.get_mut(&shell) else {
            return;
        };
        let was_on_its_way = line.failed.is_some_and(|failed| {
            let soon = now.duration_since(failed).is_ok_and(|ago| ago < ON_ITS_WAY);
            soon && sent.is_some_and(|sent| sent + DATE_STEP <= failed)
        });
        let task = Task {
            origin,
            execute,
            number: 0,
        };
        if was_on_its_way {
            return abort(task, self.count, actions);
        }
        line.waiting.push_back(task);
        self.next(shell, actions);
    }

    /// Starts what waits first in `shell`, if nothing else is under way there.
    fn next(&mut self, shell: Shell, actions: &mut Vec<Action<O>>) {
        let Some(line) = self.shells.get_mut(&shell) else {
            return;
        };
        if line.evaluating.is_some() {
            return;
        }
        if line.ending {
            self.shells.remove(&shell);
            return actions.push(Action::EndShell(shell));
        }
        let Some(mut task) = line.waiting.pop_front() else {
            return;
        };
        task.number = self.count + 1;
        if task.execute.stored() {
            self.count = task.number;
        }
        let cell = Cell {
            number: task.number,
            code: task.execute.code.clone(),
        };
        let origin = task.origin.clone();
        let execute = task.execute.clone();
        line.evaluating = Some(task);
        actions.push(publish(&origin, Publication::Busy));
        if !execute.silent {
            let input = Publication::Input {
                code: cell.code.clone(),
                count: cell.number,
            };
            actions.push(publish(&origin, input));
        }
        actions.push(Action::Evaluate {
            origin,
            shell,
            cell,
            execute,
        });
    }

    fn evaluated(
        &mut self,
        shell: Shell,
        result: Result<Evaluated, CellError>,
        now: SystemTime,
        actions: &mut Vec<Action<O>>,
    ) {
        let Some(line) = self.shells.get_mut(&shell) else {
            return;
        };
        let Some(task) = line.evaluating.take() else {
            return;
        };
        let stops = result.is_err() && task.execute.stop_on_error && !task.execute.silent;
        line.failed = stops.then_some(now);
        if let (Err(error), false) = (&result, task.execute.silent) {
            actions.push(publish(&task.origin, Publication::Error(error.clone())));
        }
        let reply = ReplyContent::Execute {
            outcome: result.map_or_else(Outcome::Failed, Outcome::Ok),
            count: task.number,
        };
        finish(task.origin, reply, actions);
        if stops {
            self.abort_waiting(shell, actions);
        }
        self.next(shell, actions);
    }

    /// Stops the running cells and gives up those that wait, in every shell.
    fn interrupt(&mut self, actions: &mut Vec<Action<O>>) {
        if self.is_evaluating() {
            actions.push(Action::Interrupt);
        }
        for shell in self.shells.keys().copied().collect::<Vec<_>>() {
            self.abort_waiting(shell, actions);
        }
    }

    fn is_evaluating(&self) -> bool {
        self.shells.values().any(|line| line.evaluating.is_some())
    }

    fn abort_waiting(&mut self, shell: Shell, actions: &mut Vec<Action<O>>) {
        let waiting = self.shells.get_mut(&shell);
        for task in waiting.into_iter().flat_map(|line| line.waiting.drain(..)) {
            abort(task, self.count, actions);
        }
    }

    fn leave(&mut self, actions: &mut Vec<Action<O>>) {
        self.leaving = true;
        if self.is_evaluating() {
            actions.push(Action::Interrupt);
        }
        actions.push(Action::Exit);
    }
}

/// Whether `idle` is the last status among `actions`.
fn ends_idle<O>(actions: &[Action<O>]) -> bool {
    let mut statuses = actions.iter().rev().filter_map(|action| match action {
        Action::Send(Message::Publish { publication, .. }) => match publication {
            Publication::Idle => Some(true),
            Publication::Busy => Some(false),
            _ => None,
        },
        _ => None,
    });
    statuses.next() == Some(true)
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

fn abort<O: Clone>(task: Task<O>, count: u32, actions: &mut Vec<Action<O>>) {
    actions.push(publish(&task.origin, Publication::Busy));
    let outcome = Outcome::Aborted;
    finish(
        task.origin,
        ReplyContent::Execute { outcome, count },
        actions,
    );
}
