//! The analyzer process: started when it is asked something, again if it has died, and not too often.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::protocol::{Question, QuestionKind, Reply, Settings};
use crate::evaluate::Scope;

/// No more processes than this are started in a [`PERIOD`].
const N_STARTS_MAX: usize = 4;

const PERIOD: Duration = Duration::from_secs(60);

/// So many questions in a row without any answer, and the process is taken for one that hangs.
const N_UNANSWERED_MAX: u32 = 8;

/// How long a process may take to end by itself.
const FAREWELL: Duration = Duration::from_secs(1);

/// The process, or how to start it.
#[derive(Debug)]
pub(super) struct Process {
    program: PathBuf,
    settings: Settings,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    running: Option<Running>,
    starts: VecDeque<Instant>,
    n_questions: u64,
}

#[derive(Debug)]
struct Running {
    child: Child,
    /// Lines for its stdin.
    lines: mpsc::UnboundedSender<Vec<u8>>,
    waiting: Arc<Waiting>,
}

/// Who waits for which reply.
#[derive(Debug, Default)]
struct Waiting {
    replies: Mutex<Option<BTreeMap<u64, oneshot::Sender<Reply>>>>,
    n_unanswered: AtomicU32,
}

impl Process {
    pub(super) fn new(program: PathBuf, settings: Settings) -> Self {
        Process {
            program,
            settings,
            state: Mutex::default(),
        }
    }

    /// The reply to a question; `None` if there is none to be had.
    pub(super) async fn ask(
        &self,
        kind: QuestionKind,
        scope: Scope,
        code: String,
        offset: usize,
    ) -> Option<Reply> {
        let reply = match self.send(kind, scope, code, offset) {
            Ok(reply) => reply,
            Err(error) => {
                tracing::warn!("the analyzer cannot be asked: {error}");
                return None;
            }
        };
        reply.await.ok()
    }

    fn send(
        &self,
        kind: QuestionKind,
        scope: Scope,
        code: String,
        offset: usize,
    ) -> io::Result<oneshot::Receiver<Reply>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.n_questions += 1;
        let number = state.n_questions;
        let question = Question {
            number,
            kind,
            scope,
            code,
            offset,
        };
        let line = line(&question)?;
        let (sender, receiver) = oneshot::channel();
        let running = self.running(&mut state)?;
        if let Some(replies) = &mut *running.waiting.lock() {
            replies.insert(number, sender);
        }
        let _ = running.lines.send(line);
        Ok(receiver)
    }

    /// The process, which is started if there is none that answers.
    fn running<'s>(&self, state: &'s mut State) -> io::Result<&'s mut Running> {
        let answers = |running: &mut Running| {
            let is_alive = matches!(running.child.try_wait(), Ok(None));
            is_alive && running.waiting.lock().is_some() && !running.waiting.is_hanging()
        };
        if !state.running.as_mut().is_some_and(answers) {
            // Whatever is left of it is killed.
            state.running = None;
            let now = Instant::now();
            let is_old = |start: &Instant| now.duration_since(*start) > PERIOD;
            while state.starts.pop_front_if(|start| is_old(start)).is_some() {}
            if state.starts.len() >= N_STARTS_MAX {
                return Err(io::Error::other(format!(
                    "it has ended {N_STARTS_MAX} times within a minute"
                )));
            }
            state.starts.push_back(now);
        }
        match &mut state.running {
            Some(running) => Ok(running),
            none => Ok(none.insert(Running::start(&self.program, &self.settings)?)),
        }
    }

    /// Ends the process and waits until it is gone.
    pub(super) async fn stop(&self) {
        let running = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.running.take()
        };
        let Some(Running {
            mut child, lines, ..
        }) = running
        else {
            return;
        };
        // It ends when there are no more questions.
        drop(lines);
        if timeout(FAREWELL, child.wait()).await.is_err() {
            let _ = child.kill().await;
        }
    }

    pub(super) fn id(&self) -> Option<u32> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.running.as_ref()?.child.id()
    }
}

impl Running {
    fn start(program: &PathBuf, settings: &Settings) -> io::Result<Self> {
        let mut child = Command::new(program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // An interrupt from a terminal is for cells.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| {
                io::Error::new(error.kind(), format!("`{}`: {error}", program.display()))
            })?;
        let waiting = Arc::new(Waiting::default());
        *waiting.lock() = Some(BTreeMap::new());
        let (lines, to_write) = mpsc::unbounded_channel();
        let _ = lines.send(line(settings)?);
        if let Some(stdin) = child.stdin.take() {
            tokio::spawn(write(stdin, to_write));
        }
        if let Some(stdout) = child.stdout.take() {
            tokio::spawn(read(stdout, waiting.clone()));
        }
        if let Some(stderr) = child.stderr.take() {
            tokio::spawn(log(stderr));
        }
        Ok(Running {
            child,
            lines,
            waiting,
        })
    }
}

impl Waiting {
    fn lock(&self) -> std::sync::MutexGuard<'_, Option<BTreeMap<u64, oneshot::Sender<Reply>>>> {
        self.replies.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_hanging(&self) -> bool {
        let n_unanswered = self.n_unanswered.fetch_add(1, Ordering::Relaxed);
        n_unanswered >= N_UNANSWERED_MAX
    }
}

fn line(message: &impl serde::Serialize) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    super::protocol::write(&mut line, message)?;
    Ok(line)
}

async fn write(mut stdin: ChildStdin, mut lines: mpsc::UnboundedReceiver<Vec<u8>>) {
    while let Some(line) = lines.recv().await {
        if stdin.write_all(&line).await.is_err() || stdin.flush().await.is_err() {
            return;
        }
    }
}

/// Hands on replies until the process ends; then nobody waits for any.
async fn read(stdout: ChildStdout, waiting: Arc<Waiting>) {
    let mut lines = BufReader::new(stdout).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        waiting.n_unanswered.store(0, Ordering::Relaxed);
        match serde_json::from_str::<Reply>(&line) {
            Ok(reply) => {
                let waits = waiting
                    .lock()
                    .as_mut()
                    .and_then(|replies| replies.remove(&reply.number));
                // Who has asked may have stopped waiting.
                let _ = waits.map(|waits| waits.send(reply));
            }
            Err(error) => tracing::warn!("the analyzer says what is no reply: {error}"),
        }
    }
    *waiting.lock() = None;
}

async fn log(stderr: impl AsyncRead + Unpin) {
    let mut lines = BufReader::new(stderr).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        tracing::info!("analyzer: {line}");
    }
}
