//! The kernel process: sockets, session and evaluator, joined by one event loop.

mod evaluation;
mod outgoing;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::evaluate::{Answer, CellError, Completeness, Evaluator, Question};
use crate::session::{Action, Ask, Event, Message, Publication, Request, Session};
use crate::socket::{Echo, Incoming, Publisher, Router};
use crate::wire::{self, Channel, ConnectionInfo, Origin, Reader, Writer};
use evaluation::{Evaluation, Job};
use outgoing::{CellFrontend, Outgoing};

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
        server.run(make_evaluator).await;
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
    Evaluated(Result<(), CellError>),
    Judged(Completeness),
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
        make_evaluator: impl FnOnce() -> Result<Box<dyn Evaluator>, CellError> + Send + 'static,
    ) {
        let outgoing = Arc::new(Outgoing::new());
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
            self.writer,
            self.control.0,
        ));
        outgoing.push(Message::Publish {
            origin: None,
            publication: Publication::Starting,
        });

        let kernel = Kernel {
            session: Session::new(),
            reader: Reader::new(&self.connection),
            evaluation: Evaluation::start(make_evaluator, self.inputs.clone()),
            inputs: self.inputs,
            asked: None,
            outgoing: outgoing.clone(),
            control_replies,
        };
        let (control, shell) = (self.control.1, self.shell.1);
        let evaluation = kernel.run(control, self.input, shell, self.stdin.1).await;

        outgoing.close();
        tokio::join!(
            async { drop(publishing.await) },
            async { drop(replying.await) },
            evaluation.stop(),
        );
        self.heartbeat.close().await;
    }
}

/// The state of the event loop.
struct Kernel {
    session: Session<Arc<Origin>>,
    reader: Reader,
    evaluation: Evaluation,
    inputs: mpsc::UnboundedSender<Input>,
    /// The question that the front end was asked last, by its id.
    asked: Option<(String, Question)>,
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
    ) -> Evaluation {
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
                return self.evaluation;
            }
        }
    }

    fn request(&mut self, channel: Channel, incoming: Incoming) -> Next {
        match self.reader.read(channel, incoming) {
            Ok((origin, request)) => self.handle(Event::Requested { origin, request }),
            Err(reason) => {
                tracing::warn!(?channel, reason, "dropping a message");
                Next::Continue
            }
        }
    }

    fn input(&mut self, input: Input, shell: &mut mpsc::Receiver<Incoming>) -> Next {
        match input {
            Input::Evaluated(result) => {
                self.asked = None;
                if result.is_err() {
                    // Whatever has been sent before the failure waits behind it, and is aborted with it.
                    while let Ok(incoming) = shell.try_recv() {
                        if self.request(Channel::Shell, incoming) == Next::Exit {
                            return Next::Exit;
                        }
                    }
                }
                self.handle(Event::Evaluated(result))
            }
            Input::Asked { origin, question } => self.ask(origin, question),
            Input::Judged(completeness) => self.handle(Event::Judged(completeness)),
            Input::Terminated => self.handle(Event::Terminated),
            Input::Interrupted => self.handle(Event::Interrupted),
        }
    }

    fn handle(&mut self, event: Event<Arc<Origin>>) -> Next {
        if let Event::Requested {
            request: Request::Execute(execute),
            ..
        } = &event
        {
            tracing::debug!(code = execute.code, "execute");
        }
        let mut actions = Vec::new();
        self.session.handle(event, &mut actions);
        for action in actions {
            match action {
                Action::Send(message) => self.send(message),
                Action::Evaluate {
                    origin,
                    cell,
                    silent,
                    allow_stdin,
                } => {
                    let frontend = CellFrontend {
                        outgoing: self.outgoing.clone(),
                        inputs: self.inputs.clone(),
                        origin,
                        count: cell.number,
                        silent,
                        allow_stdin,
                    };
                    self.evaluation.begin(Job::Evaluate {
                        cell,
                        frontend: Arc::new(frontend),
                    });
                }
                Action::Judge { code } => self.evaluation.begin(Job::Judge { code }),
                Action::Interrupt => self.evaluation.interrupt(),
                Action::Exit => return Next::Exit,
            }
        }
        Next::Continue
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
        self.asked = Some((id, question));
        Next::Continue
    }

    /// Somebody has typed something; too late, or twice, is dropped.
    fn typed(&mut self, incoming: Incoming) -> Next {
        match self.reader.read_typed(incoming) {
            Ok(typed) => {
                let is_current =
                    |(id, _): &mut (_, _)| typed.question.as_ref().is_none_or(|named| named == id);
                if let Some((_, question)) = self.asked.take_if(is_current) {
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
