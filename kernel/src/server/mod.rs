//! The kernel process: sockets, session and evaluator, joined by one event loop.

mod answers;
mod comms;
mod debug;
mod evaluation;
mod outgoing;
mod usage;
mod worker;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::mpsc;

use crate::evaluate::{Answer, Cell, CellError, Evaluator, Question, Shell};
use crate::session::{
    Action, Ask, Evaluated, Event, Execute, Limits, Message, Publication, Query, ReplyContent,
    Session,
};
use crate::socket::{Echo, Incoming, Publisher, Router};
use crate::wire::{self, Channel, ConnectionInfo, Origin, Reader, Writer};
use answers::Answers;
use evaluation::Evaluation;
use outgoing::{Asks, CellFrontend, Outgoing};

/// Why a kernel could not be started.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot use the connection file `{path}`: {reason}")]
    ConnectionFile { path: String, reason: String },
    #[error("cannot listen at `{url}` ({socket}): {reason}")]
    Bind {
        url: String,
        socket: &'static str,
        reason: std::io::Error,
    },
    #[error("cannot start the kernel: {0}")]
    Runtime(std::io::Error),
}

/// Runs a kernel at the ports of `connection_file` until a front end shuts it down, the process is told to terminate, or
/// the Jupyter server that started it is gone.
///
/// `make_evaluator` runs on the evaluator's own thread while the first front end connects. What it fails with becomes
/// the error of every cell.
///
/// # Errors
/// The connection file is not one, or a port is taken.
pub fn serve(
    connection_file: &Path,
    options: Options,
    make_evaluator: impl FnOnce() -> Result<Box<dyn Evaluator>, CellError> + Send + 'static,
) -> Result<(), Error> {
    let connection = read_connection(connection_file)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("dagbok-wire")
        .enable_all()
        .build()
        .map_err(Error::Runtime)?;
    let served = runtime.block_on(async {
        let server = Server::bind(&connection).await?;
        tokio::spawn(watch_signals(server.inputs.clone()));
        tokio::spawn(watch_parent(server.inputs.clone()));
        server.run(options, make_evaluator).await;
        Ok(())
    });
    runtime.shutdown_timeout(Duration::from_millis(100));
    served
}

fn read_connection(path: &Path) -> Result<ConnectionInfo, Error> {
    std::fs::read_to_string(path)
        .map_err(|error| error.to_string())
        .and_then(|text| wire::read_connection(&text))
        .map_err(|reason| Error::ConnectionFile {
            path: path.display().to_string(),
            reason,
        })
}

/// What the event loop hears of beside requests.
enum Input {
    Evaluated {
        shell: Shell,
        result: Result<Evaluated, CellError>,
    },
    Answered {
        origin: Arc<Origin>,
        content: Option<ReplyContent>,
    },
    Asked {
        origin: Arc<Origin>,
        question: Question,
    },
    Interrupted,
    Terminated,
}

/// A kernel that listens, but does not answer yet.
pub struct Server {
    connection: ConnectionInfo,
    shell: (Router, mpsc::Receiver<Incoming>),
    control: (Router, mpsc::Receiver<Incoming>),
    stdin: (Router, mpsc::Receiver<Incoming>),
    iopub: Publisher,
    heartbeat: Echo,
    writer: Arc<Writer>,
    inputs: mpsc::UnboundedSender<Input>,
    input: mpsc::UnboundedReceiver<Input>,
}

impl Server {
    /// Listens at the five ports of `connection`; a TCP port of 0 is any free one.
    ///
    /// # Errors
    /// A port is taken.
    pub async fn bind(connection: &ConnectionInfo) -> Result<Server, Error> {
        let mut connection = connection.clone();
        let writer = Arc::new(Writer::new(&connection));
        let greeter = writer.clone();
        let welcome = move |topic: &[u8]| greeter.welcome(topic);

        let at = |socket, url: String| {
            move |reason| Error::Bind {
                url,
                socket,
                reason,
            }
        };
        let url = connection.shell_url();
        let shell = Router::bind(&url).await.map_err(at("shell", url))?;
        let url = connection.control_url();
        let control = Router::bind(&url).await.map_err(at("control", url))?;
        let url = connection.stdin_url();
        let stdin = Router::bind(&url).await.map_err(at("stdin", url))?;
        let url = connection.iopub_url();
        let iopub = Publisher::bind(&url, welcome).await;
        let iopub = iopub.map_err(at("iopub", url))?;
        let url = connection.hb_url();
        let heartbeat = Echo::bind(&url).await.map_err(at("heartbeat", url))?;

        for (port, bound) in [
            (&mut connection.shell_port, shell.0.port()),
            (&mut connection.control_port, control.0.port()),
            (&mut connection.stdin_port, stdin.0.port()),
            (&mut connection.iopub_port, iopub.port()),
            (&mut connection.hb_port, heartbeat.port()),
        ] {
            *port = bound.unwrap_or(*port);
        }
        let (inputs, input) = mpsc::unbounded_channel();
        Ok(Server {
            connection,
            shell,
            control,
            stdin,
            iopub,
            heartbeat,
            writer,
            inputs,
            input,
        })
    }

    /// How to reach this kernel: the ports are those really listened at.
    pub fn connection(&self) -> &ConnectionInfo {
        &self.connection
    }

    /// Answers until the kernel is shut down; then everything is sent, and the evaluator is dropped.
    pub async fn run(
        self,
        options: Options,
        make_evaluator: impl FnOnce() -> Result<Box<dyn Evaluator>, CellError> + Send + 'static,
    ) {
        let outgoing = Arc::new(Outgoing::new(options.limits));
        let (control_replies, control_queue) = mpsc::unbounded_channel();
        let publishing = tokio::spawn(outgoing::send_all(
            outgoing.clone(),
            self.writer.clone(),
            self.iopub,
            self.shell.0,
            self.stdin.0,
        ));
        let replying = tokio::spawn(outgoing::send_control(
            control_queue,
            self.writer.clone(),
            self.control.0,
        ));
        outgoing.push(Message::Publish {
            origin: None,
            publication: Publication::Starting,
        });

        let evaluation = Evaluation::start(make_evaluator, self.inputs.clone());
        let kernel = Kernel {
            session: Session::new(self.writer.session()),
            reader: Reader::new(&self.connection),
            answers: Answers::new(&options, evaluation.evaluator(), self.inputs.clone()),
            evaluation,
            running: HashMap::new(),
            inputs: self.inputs,
            asked: Vec::new(),
            outgoing: outgoing.clone(),
            control_replies,
        };
        let (control, shell) = (self.control.1, self.shell.1);
        let (evaluation, answers) = kernel.run(control, self.input, shell, self.stdin.1).await;

        outgoing.close();
        tokio::join!(
            async { drop(publishing.await) },
            async { drop(replying.await) },
            async {
                answers.stop().await;
                evaluation.stop().await;
            },
        );
        self.heartbeat.close().await;
    }
}

/// How a kernel serves its front ends.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Where the history is kept, if it is to outlive the kernel.
    pub history: Option<PathBuf>,
    /// How much front ends are sent, if not as much as they take.
    pub limits: Option<Limits>,
}

impl Options {
    /// What the environment asks for. The history is in the file `DAGBOK_HISTORY`, nowhere if that is empty, and otherwise among
    /// the user's data. A kernel that Jupyter's server runs for a notebook keeps to the server's limits;
    /// `DAGBOK_IOPUB_DATA_RATE_LIMIT` (bytes a second) and `DAGBOK_IOPUB_MSG_RATE_LIMIT` are those of a server that was
    /// told other ones.
    pub fn from_environment() -> Options {
        let limit = |name| {
            let text = std::env::var(name).ok()?;
            let limit = text.parse().ok().filter(|limit: &f64| *limit >= 1.0);
            if limit.is_none() {
                tracing::warn!("`{name}` is `{text}`, not a number above 0; it is ignored");
            }
            limit
        };
        let data = limit("DAGBOK_IOPUB_DATA_RATE_LIMIT");
        let messages = limit("DAGBOK_IOPUB_MSG_RATE_LIMIT");
        let is_served = std::env::var_os("JPY_SESSION_NAME").is_some();
        let usual = Limits::JUPYTER_SERVER;
        let is_limited = is_served || data.is_some() || messages.is_some();
        Options {
            history: history_file(),
            limits: is_limited.then_some(Limits {
                bytes_per_second: data.unwrap_or(usual.bytes_per_second),
                messages_per_second: messages.unwrap_or(usual.messages_per_second),
            }),
        }
    }
}

fn history_file() -> Option<PathBuf> {
    if let Some(file) = std::env::var_os("DAGBOK_HISTORY") {
        return (!file.is_empty()).then(|| file.into());
    }
    let folder = |name| {
        let folder = PathBuf::from(std::env::var_os(name)?);
        folder.is_absolute().then_some(folder)
    };
    let data =
        folder("XDG_DATA_HOME").or_else(|| folder("HOME").map(|home| home.join(".local/share")))?;
    Some(data.join("dagbok/history.jsonl"))
}

/// The state of the event loop.
struct Kernel {
    session: Session<Arc<Origin>>,
    reader: Reader,
    evaluation: Evaluation,
    answers: Answers,
    /// The cell that each shell runs, and who sees it.
    running: HashMap<Shell, (Cell, Execute, CellFrontend)>,
    inputs: mpsc::UnboundedSender<Input>,
    /// The questions that the front ends have been asked, by their ids.
    asked: Vec<(String, Question)>,
    outgoing: Arc<Outgoing>,
    control_replies: mpsc::UnboundedSender<Message<Arc<Origin>>>,
}

/// Whether the event loop goes on.
#[derive(PartialEq)]
enum Next {
    Continue,
    Exit,
}

impl Kernel {
    async fn run(
        mut self,
        mut control: mpsc::Receiver<Incoming>,
        mut input: mpsc::UnboundedReceiver<Input>,
        mut shell: mpsc::Receiver<Incoming>,
        mut stdin: mpsc::Receiver<Incoming>,
    ) -> (Evaluation, Answers) {
        loop {
            let next = tokio::select! {
                biased;
                Some(incoming) = control.recv() => self.request(Channel::Control, incoming),
                Some(input) = input.recv() => self.input(input, &mut shell),
                Some(incoming) = shell.recv() => self.request(Channel::Shell, incoming),
                Some(incoming) = stdin.recv() => self.typed(incoming),
                else => Next::Exit,
            };
            if next == Next::Exit {
                return (self.evaluation, self.answers);
            }
        }
    }

    fn request(&mut self, channel: Channel, incoming: Incoming) -> Next {
        match self.reader.read(channel, incoming) {
            Ok((origin, asked)) => self.handle(Event::Asked { origin, asked }),
            Err(reason) => {
                tracing::warn!(?channel, reason, "dropping a message");
                Next::Continue
            }
        }
    }

    fn input(&mut self, input: Input, shell: &mut mpsc::Receiver<Incoming>) -> Next {
        match input {
            Input::Evaluated { shell: own, result } => {
                if result.is_err() {
                    // Whatever has been sent before the failure waits behind it, and is aborted with it.
                    while let Ok(incoming) = shell.try_recv() {
                        if self.request(Channel::Shell, incoming) == Next::Exit {
                            return Next::Exit;
                        }
                    }
                }
                self.remember(own);
                self.handle(Event::Evaluated { shell: own, result })
            }
            Input::Answered { origin, content } => self.handle(Event::Answered { origin, content }),
            Input::Asked { origin, question } => self.ask(origin, question),
            Input::Terminated => self.handle(Event::Terminated),
            Input::Interrupted => self.handle(Event::Interrupted),
        }
    }

    fn handle(&mut self, event: Event<Arc<Origin>>) -> Next {
        let mut actions = Vec::new();
        self.session.handle(event, SystemTime::now(), &mut actions);
        for action in actions {
            match action {
                Action::Send(message) => self.send(message),
                Action::Evaluate {
                    origin,
                    shell,
                    cell,
                    execute,
                } => self.evaluate(origin, shell, cell, execute),
                Action::Answer { origin, query } => self.answer(origin, query),
                Action::Interrupt => self.evaluation.interrupt(),
                Action::EndShell(shell) => self.evaluation.end_shell(shell),
                Action::Exit => return Next::Exit,
            }
        }
        Next::Continue
    }

    fn evaluate(&mut self, origin: Arc<Origin>, shell: Shell, cell: Cell, execute: Execute) {
        tracing::debug!(code = cell.code, "execute");
        let asks = Asks {
            inputs: self.inputs.clone(),
            allowed: execute.allow_stdin,
        };
        let frontend = CellFrontend::new(origin, self.outgoing.clone(), self.answers.comms());
        let frontend = frontend.of_cell(cell.number, execute.silent, asks);
        let running = (cell.clone(), execute.clone(), frontend.clone());
        self.running.insert(shell, running);
        self.evaluation.begin(shell, cell, execute, frontend);
    }

    /// Puts the cell that `shell` has run into the history.
    fn remember(&mut self, shell: Shell) {
        self.asked.retain(|(_, question)| !question.is_withdrawn());
        let Some((cell, execute, frontend)) = self.running.remove(&shell) else {
            return;
        };
        if execute.stored() && !cell.code.trim().is_empty() {
            let output = frontend.take_result();
            self.answers.remember(cell.number, cell.code, output);
        }
    }

    fn answer(&mut self, origin: Arc<Origin>, query: Query) {
        let frontend =
            CellFrontend::new(origin.clone(), self.outgoing.clone(), self.answers.comms());
        if let Some(content) = self.answers.begin(&origin, query, frontend) {
            let content = Some(content);
            // An answer leads to messages, not to an end.
            self.handle(Event::Answered { origin, content });
        }
    }

    fn ask(&mut self, origin: Arc<Origin>, question: Question) -> Next {
        if question.is_withdrawn() {
            return Next::Continue;
        }
        let id = uuid::Uuid::new_v4().to_string();
        self.outgoing.push(Message::Ask(Ask {
            origin,
            id: id.clone(),
            prompt: question.prompt.clone(),
            hidden: question.hidden,
        }));
        self.asked.push((id, question));
        Next::Continue
    }

    /// Somebody has typed something; too late, or twice, is dropped.
    fn typed(&mut self, incoming: Incoming) -> Next {
        self.asked.retain(|(_, question)| !question.is_withdrawn());
        match self.reader.read_typed(incoming) {
            Ok(typed) => {
                let is_meant =
                    |(id, _): &(String, _)| typed.question.as_ref().is_none_or(|named| named == id);
                if let Some(idx) = self.asked.iter().rposition(is_meant) {
                    let (_, question) = self.asked.remove(idx);
                    question.answer(Answer::Line(typed.text));
                }
            }
            Err(reason) => tracing::warn!(reason, "dropping a message on stdin"),
        }
        Next::Continue
    }

    /// Replies on control do not wait behind what a cell prints.
    fn send(&self, message: Message<Arc<Origin>>) {
        match &message {
            Message::Reply(reply) if reply.origin.channel == Channel::Control => {
                let _ = self.control_replies.send(message);
            }
            _ => self.outgoing.push(message),
        }
    }
}

/// Ctrl-C in the terminal stops the running cell, as the interrupt button does; a termination ends the kernel.
async fn watch_signals(inputs: mpsc::UnboundedSender<Input>) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
    ) else {
        return;
    };
    loop {
        let input = tokio::select! {
            _ = interrupt.recv() => Input::Interrupted,
            _ = terminate.recv() => Input::Terminated,
        };
        if inputs.send(input).is_err() {
            return;
        }
    }
}

/// Ends the kernel when the server that started it is gone, so that a crashed server leaves no kernels behind.
async fn watch_parent(inputs: mpsc::UnboundedSender<Input>) {
    if std::env::var_os("JPY_PARENT_PID").is_none() {
        return;
    }
    let parent = std::os::unix::process::parent_id();
    let mut ticks = tokio::time::interval(Duration::from_secs(1));
    while std::os::unix::process::parent_id() == parent {
        ticks.tick().await;
    }
    let _ = inputs.send(Input::Terminated);
}
