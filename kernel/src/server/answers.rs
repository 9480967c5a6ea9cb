//! The answers to what is asked beside cells, found without holding up the event loop.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::timeout;

use super::comms::Comms;
use super::debug;
use super::evaluation::Made;
use super::outgoing::CellFrontend;
use super::usage::Usage;
use super::worker::Worker;
use super::{Input, Options};
use crate::analysis::{Analyzer, Completion};
use crate::evaluate::{Comm, Completeness, Scope};
use crate::history::History;
use crate::session::{Query, ReplyContent};
use crate::wire::Origin;

/// How long what has been begun may take when the kernel ends: the history's last lines, above all.
const STOP_MAX: Duration = Duration::from_secs(1);

pub(super) struct Answers {
    evaluator: Made,
    inputs: mpsc::UnboundedSender<Input>,
    comms: Arc<Comms>,
    /// Started with the first question.
    analyzer: Arc<OnceLock<Option<Arc<Analyzer>>>>,
    history: Arc<Mutex<History>>,
    usage: Arc<Mutex<Usage>>,
    /// Runs the handlers of comms, one after the other.
    messenger: (Worker, JoinHandle<()>),
    /// Reads and writes files, and asks the evaluator, in the order of the requests.
    clerk: (Worker, JoinHandle<()>),
}

impl Answers {
    pub(super) fn new(
        options: &Options,
        evaluator: Made,
        inputs: mpsc::UnboundedSender<Input>,
    ) -> Self {
        Answers {
            evaluator,
            inputs,
            comms: Arc::default(),
            analyzer: Arc::default(),
            history: Arc::new(Mutex::new(History::new(options.history.clone()))),
            usage: Arc::default(),
            messenger: Worker::start("dagbok-comms"),
            clerk: Worker::start("dagbok-answers"),
        }
    }

    pub(super) fn comms(&self) -> Arc<Comms> {
        self.comms.clone()
    }

    /// Puts a cell into the history.
    pub(super) fn remember(&self, number: u32, code: String, output: Option<String>) {
        let history = self.history.clone();
        self.clerk
            .0
            .run(move || lock(&history).add(number, code, output));
    }

    /// The answer to `query`, if it is known at once; else it goes to the event loop when it is found.
    pub(super) fn begin(
        &self,
        origin: &Arc<Origin>,
        query: Query,
        frontend: CellFrontend,
    ) -> Option<ReplyContent> {
        match query {
            Query::KernelInfo => return Some(ReplyContent::KernelInfo),
            Query::Connect => return Some(ReplyContent::Connect),
            Query::CommInfo { target } => {
                let open = self.comms.open(target.as_deref());
                return Some(ReplyContent::CommInfo(open));
            }
            Query::Comm(comm) => self.deliver(origin, comm, frontend),
            Query::IsComplete { code } => {
                let evaluator = self.evaluator.clone();
                self.look_up(origin, move || {
                    let complete = Completeness::Complete;
                    let evaluator = evaluator.wait().as_ref();
                    ReplyContent::IsComplete(
                        evaluator.map_or(complete, |evaluator| evaluator.is_complete(&code)),
                    )
                });
            }
            Query::Complete { code, cursor } => self.analyze(origin, move |known| async move {
                let completion = match known {
                    Some((analyzer, scope)) => analyzer.complete(scope, code, cursor).await,
                    None => Completion {
                        start: cursor,
                        end: cursor,
                        matches: Vec::new(),
                    },
                };
                ReplyContent::Complete(completion)
            }),
            Query::Inspect {
                code,
                cursor,
                detail,
            } => self.analyze(origin, move |known| async move {
                let found = match known {
                    Some((analyzer, scope)) => analyzer.inspect(scope, code, cursor, detail).await,
                    None => None,
                };
                ReplyContent::Inspect(found)
            }),
            Query::History(query) => {
                let history = self.history.clone();
                self.look_up(origin, move || ReplyContent::History {
                    entries: lock(&history).recall(&query),
                    output: query.output,
                });
            }
            Query::Usage => {
                let usage = self.usage.clone();
                self.look_up(origin, move || ReplyContent::Usage(lock(&usage).measure()));
            }
            Query::Debug(request) => {
                let (inputs, origin) = (self.inputs.clone(), origin.clone());
                let evaluator = self.evaluator.clone();
                // On a thread of its own: it may wait for a compile.
                tokio::task::spawn_blocking(move || {
                    let content = Some(ReplyContent::Debug(debug::answer(request, &evaluator)));
                    let _ = inputs.send(Input::Answered { origin, content });
                });
            }
        }
        None
    }

    /// Lets the analyzer, if there is one, find the answer with what is known of the session.
    fn analyze<F>(
        &self,
        origin: &Arc<Origin>,
        find: impl FnOnce(Option<(Arc<Analyzer>, Arc<Scope>)>) -> F + Send + 'static,
    ) where
        F: Future<Output = ReplyContent> + Send,
    {
        let (inputs, origin) = (self.inputs.clone(), origin.clone());
        let (evaluator, analyzer) = (self.evaluator.clone(), self.analyzer.clone());
        tokio::spawn(async move {
            let known = tokio::task::spawn_blocking(move || {
                let evaluator = evaluator.wait().as_ref().ok()?;
                let start = || Some(Arc::new(Analyzer::new(evaluator.analysis()?)));
                let analyzer = analyzer.get_or_init(start).clone()?;
                Some((analyzer, evaluator.scope()))
            });
            let content = Some(find(known.await.ok().flatten()).await);
            let _ = inputs.send(Input::Answered { origin, content });
        });
    }

    fn look_up(&self, origin: &Arc<Origin>, find: impl FnOnce() -> ReplyContent + Send + 'static) {
        let (inputs, origin) = (self.inputs.clone(), origin.clone());
        self.clerk.0.run(move || {
            let content = Some(find());
            let _ = inputs.send(Input::Answered { origin, content });
        });
    }

    /// Hands `comm` to the session's side.
    fn deliver(&self, origin: &Arc<Origin>, comm: Comm, frontend: CellFrontend) {
        self.comms.note(&comm);
        let (inputs, origin) = (self.inputs.clone(), origin.clone());
        let evaluator = self.evaluator.clone();
        self.messenger.0.run(move || {
            if let Ok(evaluator) = evaluator.wait() {
                evaluator.comm(comm, Arc::new(frontend));
            }
            let content = None;
            let _ = inputs.send(Input::Answered { origin, content });
        });
    }

    /// Lets what has been begun come to its end, within limits.
    pub(super) async fn stop(self) {
        let Answers {
            messenger: (messenger, _),
            clerk: (clerk, thread),
            analyzer,
            ..
        } = self;
        drop((messenger, clerk));
        if let Some(Some(analyzer)) = analyzer.get() {
            analyzer.stop().await;
        }
        let ended = tokio::task::spawn_blocking(move || thread.join());
        if timeout(STOP_MAX, ended).await.is_err() {
            tracing::warn!("the history's last lines may be missing");
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
