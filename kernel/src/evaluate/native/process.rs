//! The session process as the kernel sees it: one thread reads its pipes and its socket, in an order in which a display
//! never overtakes what was printed before it.

use std::collections::VecDeque;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixListener;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::process::{Child, Command};
use tokio::sync::mpsc::{
    Receiver, UnboundedReceiver, UnboundedSender, WeakUnboundedSender, channel as bounded_channel,
    unbounded_channel,
};
use tokio::time::{Instant, sleep_until};

use super::pipes::{Pipes, STACK_OVERFLOW, Which};
use super::screens::Screens;
use super::stream::mime_data;
use crate::channel::{
    self, Answer, Bundle, Finished, FromSession, Place, Run, SOCKET_VARIABLE, ToSession,
};
use crate::evaluate::{Frontend, Output, Question, StreamName};
use crate::marks::{HELD_EXTENSION, read_held};

/// Frames that wait to be handled before reading from the socket pauses.
const N_FRAMES_MAX: usize = 64;

/// How long a cell has to stop after an interrupt before it counts as one that cannot be stopped.
const STOP_PERIOD: Duration = Duration::from_millis(450);

/// How many of the last panics are told of a process that was aborted: one, one while it unwound, and why that ends it.
const N_PANICS: usize = 3;

/// What a person sees of a cell that an interrupt does not stop.
const CANNOT_STOP: &str = "the cell is in code that cannot be stopped; another interrupt ends the session process, \
     and all variables with it\n";

/// A running session process.
pub(super) struct SessionProcess {
    handle: SessionHandle,
    events: mpsc::Receiver<Event>,
}

/// What the evaluator waits for.
#[derive(Debug)]
pub(super) enum Event {
    Ready,
    Finished(Finished),
    /// The process is gone, whatever the reason.
    Ended(Death),
}

/// How a session process ended.
#[derive(Clone, Debug, Default)]
pub(super) struct Death {
    pub(super) status: Option<ExitStatus>,
    /// Whether Rust said that a thread had overflowed its stack.
    pub(super) stack_overflow: bool,
    /// Whether it was ended by an interrupt of a cell that could not be stopped.
    pub(super) interrupted: bool,
    /// The last panics of the cell that ran, and where they were typed.
    pub(super) panics: Vec<String>,
    /// What the system said instead of starting it.
    pub(super) error: Option<String>,
    /// The end of what it wrote on stderr.
    pub(super) last_words: String,
}

/// Talks to the session process from any thread.
#[derive(Clone)]
pub(super) struct SessionHandle {
    orders: UnboundedSender<Order>,
}

enum Order {
    Send(ToSession),
    Run(Run, Arc<dyn Frontend>),
    Interrupt,
}

/// Where panics of background threads were typed.
pub(super) type Locate = Arc<dyn Fn(&Place) -> Option<String> + Send + Sync>;

impl SessionHandle {
    /// Sends `frame`; to a process that is gone, nothing.
    pub(super) fn send(&self, frame: ToSession) {
        let _ = self.orders.send(Order::Send(frame));
    }

    /// Asks the running cell to stop, or ends the process if it has been asked before and cannot.
    pub(super) fn interrupt(&self) {
        let _ = self.orders.send(Order::Interrupt);
    }
}

impl SessionProcess {
    /// Starts `executable`; it is ready when [`wait`](Self::wait) says so.
    pub(super) fn start(
        executable: &Path,
        library_path: &Path,
        directory: Option<&Path>,
        socket: PathBuf,
        locate: Locate,
    ) -> io::Result<Self> {
        let (orders, order_queue) = unbounded_channel();
        let (event_sender, events) = mpsc::channel();
        let mut command = Command::new(executable);
        command
            .env(SOCKET_VARIABLE, &socket)
            .env("LD_LIBRARY_PATH", with_library_path(library_path))
            .stdin(Stdio::null())
            // Ctrl-C in a terminal is for the kernel process, which interrupts the cell and keeps its variables.
            .process_group(0)
            .kill_on_drop(true);
        if let Some(directory) = directory {
            command.current_dir(directory);
        }
        let link = Link {
            events: event_sender,
            orders: orders.downgrade(),
            locate,
            screens: Screens::default(),
            n_runs: 0,
            running: None,
            question: None,
            panics: VecDeque::new(),
            ended_by_interrupt: false,
        };
        thread::Builder::new()
            .name("dagbok-session-link".to_owned())
            .spawn(move || link.run(command, &socket, order_queue))?;
        Ok(SessionProcess {
            handle: SessionHandle { orders },
            events,
        })
    }

    /// Waits until the process takes orders.
    pub(super) fn wait_until_ready(&self) -> Result<(), Death> {
        match self.wait() {
            Event::Ended(death) => Err(death),
            Event::Ready | Event::Finished(_) => Ok(()),
        }
    }

    pub(super) fn handle(&self) -> SessionHandle {
        self.handle.clone()
    }

    /// Starts `run`; its outputs go to `frontend`, also those that come later.
    pub(super) fn run(&self, run: Run, frontend: Arc<dyn Frontend>) {
        let _ = self.handle.orders.send(Order::Run(run, frontend));
    }

    /// How the process ended, if it has, while nobody waited.
    pub(super) fn ended(&self) -> Option<Death> {
        match self.events.try_recv() {
            Ok(Event::Ended(death)) => Some(death),
            Ok(Event::Ready | Event::Finished(_)) | Err(_) => None,
        }
    }

    /// Waits for the next event.
    pub(super) fn wait(&self) -> Event {
        self.events
            .recv()
            .unwrap_or_else(|_| Event::Ended(Death::default()))
    }
}

/// The search path of this process with `folder` in front; std's own library lies there.
fn with_library_path(folder: &Path) -> std::ffi::OsString {
    let mut path = folder.as_os_str().to_owned();
    if let Some(inherited) = std::env::var_os("LD_LIBRARY_PATH") {
        path.push(":");
        path.push(inherited);
    }
    path
}

/// The thread between the session process and the evaluator.
struct Link {
    events: mpsc::Sender<Event>,
    orders: WeakUnboundedSender<Order>,
    locate: Locate,
    screens: Screens,
    n_runs: u32,
    running: Option<Running>,
    /// The question that waits for an answer.
    question: Option<(u32, Arc<AtomicBool>)>,
    /// The last panics of the running cell.
    panics: VecDeque<String>,
    ended_by_interrupt: bool,
}

/// The cell that runs.
struct Running {
    cell: u32,
    interrupt: Interrupt,
}

/// How often the running cell has been interrupted.
enum Interrupt {
    Never,
    /// Once, or more often in vain; at this time it counts as one that cannot be stopped.
    Once(Instant),
    /// A second time before it could be known whether the first would do.
    Twice(Instant),
    /// The person knows that it cannot be stopped.
    InVain,
}

impl Link {
    fn run(mut self, command: Command, socket: &Path, orders: UnboundedReceiver<Order>) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let death = match runtime {
            Ok(runtime) => runtime.block_on(self.live(command, socket, orders)),
            Err(error) => Err(error),
        };
        let death = death.unwrap_or_else(|error| Death {
            error: Some(error.to_string()),
            ..Death::default()
        });
        self.event(Event::Ended(death));
    }

    /// Serves the process until it ends.
    async fn live(
        &mut self,
        mut command: Command,
        socket: &Path,
        mut orders: UnboundedReceiver<Order>,
    ) -> io::Result<Death> {
        let listener = UnixListener::bind(socket)?;
        let (stdout, stdout_end) = io::pipe()?;
        let (stderr, stderr_end) = io::pipe()?;
        command.stdout(stdout_end).stderr(stderr_end);
        let mut child = command.spawn()?;
        // It holds the writing ends of the pipes, which would never end.
        drop(command);
        let mut pipes = Pipes::new(stdout.into(), stderr.into())?;
        let connection = tokio::select! {
            connection = listener.accept() => connection?.0,
            status = child.wait() => return self.last_words(status?, socket, &mut pipes),
        };
        drop(listener);
        let _ = std::fs::remove_file(socket);
        let (reader, mut writer) = connection.into_split();
        let mut frames = spawn_reader(reader);
        let mut is_wanted = true;
        loop {
            let merged = pipes.deadline;
            let in_vain = self.running.as_ref().and_then(Running::deadline);
            tokio::select! {
                biased;
                () = until(in_vain) => self.in_vain(&mut child)?,
                // Before what is printed, of which there may be no end.
                order = orders.recv(), if is_wanted => match order {
                    Some(order) => self.order(order, &mut pipes, &mut child, &mut writer).await?,
                    None => {
                        is_wanted = false;
                        child.start_kill()?;
                    }
                },
                ready = pipes.printed.receiver.readable(), if !pipes.printed.ended => { ready?; pipes.read_some(Which::Printed, &mut self.screens)?; }
                ready = pipes.stderr.receiver.readable(), if !pipes.stderr.ended => { ready?; pipes.read_some(Which::Stderr, &mut self.screens)?; }
                () = until(merged) => pipes.flush(&mut self.screens),
                frame = frames.recv() => match frame {
                    Some(frame) => {
                        pipes.read_all(&mut self.screens)?;
                        self.frame(frame?, &mut pipes, &mut writer).await?;
                    }
                    None => break,
                },
            }
        }
        let status = end(&mut child).await?;
        self.last_words(status, socket, &mut pipes)
    }

    /// Shows what the process, which is gone, has left behind, and tells how it ended.
    fn last_words(
        &mut self,
        status: ExitStatus,
        socket: &Path,
        pipes: &mut Pipes,
    ) -> io::Result<Death> {
        self.withdraw_question();
        pipes.read_all(&mut self.screens)?;
        let last_words = pipes.stderr_tail();
        let is_abort = matches!(status.signal(), Some(6 | 11));
        let stack_overflow = is_abort && last_words.contains(STACK_OVERFLOW);
        if stack_overflow {
            pipes.drop_stack_overflow(&mut self.screens);
        }
        // Without the file nothing was held back.
        let held = read_held(&socket.with_extension(HELD_EXTENSION)).unwrap_or_default();
        for (name, cell, text) in held {
            pipes.push_held(name, cell, &text, &mut self.screens);
        }
        pipes.finish(&mut self.screens);
        Ok(Death {
            status: Some(status),
            stack_overflow,
            interrupted: self.ended_by_interrupt,
            panics: self.panics.drain(..).collect(),
            error: None,
            last_words,
        })
    }

    async fn order(
        &mut self,
        order: Order,
        pipes: &mut Pipes,
        child: &mut Child,
        writer: &mut OwnedWriteHalf,
    ) -> io::Result<()> {
        match order {
            Order::Send(frame) => send(writer, &frame).await,
            Order::Run(run, frontend) => {
                self.n_runs += 1;
                let cell = self.n_runs;
                self.screens.add(cell, frontend);
                self.panics.clear();
                pipes.forget_stderr();
                self.running = Some(Running {
                    cell,
                    interrupt: Interrupt::Never,
                });
                send(writer, &ToSession::Run { cell, run }).await;
            }
            Order::Interrupt => return self.interrupt(child, writer).await,
        }
        Ok(())
    }

    async fn interrupt(
        &mut self,
        child: &mut Child,
        writer: &mut OwnedWriteHalf,
    ) -> io::Result<()> {
        let Some(running) = &mut self.running else {
            return Ok(());
        };
        running.interrupt = match running.interrupt {
            Interrupt::Never => Interrupt::Once(Instant::now() + STOP_PERIOD),
            Interrupt::Once(deadline) | Interrupt::Twice(deadline) => Interrupt::Twice(deadline),
            Interrupt::InVain => return self.kill(child),
        };
        self.withdraw_question();
        send(writer, &ToSession::Interrupt).await;
        Ok(())
    }

    /// The running cell has had its time to stop.
    fn in_vain(&mut self, child: &mut Child) -> io::Result<()> {
        let Some(running) = &mut self.running else {
            return Ok(());
        };
        if let Interrupt::Twice(_) = running.interrupt {
            return self.kill(child);
        }
        running.interrupt = Interrupt::InVain;
        let output = Output::Stream {
            name: StreamName::Stderr,
            text: CANNOT_STOP.to_owned(),
        };
        self.screens.output(running.cell, output);
        Ok(())
    }

    fn kill(&mut self, child: &mut Child) -> io::Result<()> {
        self.ended_by_interrupt = true;
        self.running = None;
        child.start_kill()
    }

    async fn frame(
        &mut self,
        frame: FromSession,
        pipes: &mut Pipes,
        writer: &mut OwnedWriteHalf,
    ) -> io::Result<()> {
        match frame {
            FromSession::Ready { word } => {
                pipes.learn(&word);
                self.event(Event::Ready);
            }
            FromSession::Finished(finished) => {
                if let Some(question) = self.withdraw_question() {
                    let answer = Answer::Refused("the cell that asked has ended".to_owned());
                    send(writer, &ToSession::Answer { question, answer }).await;
                }
                self.screens.flush(|_| false);
                self.screens.finish(self.screens.newest());
                self.running = None;
                self.event(Event::Finished(finished));
            }
            FromSession::Display {
                cell,
                bundle,
                display_id,
            } => {
                self.screens.finish(cell);
                let output = Output::Display {
                    data: to_mime_data(&bundle),
                    display_id: Some(display_id),
                };
                self.screens.output(cell, output);
                send(writer, &ToSession::Shown).await;
            }
            FromSession::UpdateDisplay {
                cell,
                bundle,
                display_id,
            } => {
                self.screens.finish(cell);
                let output = Output::UpdateDisplay {
                    data: to_mime_data(&bundle),
                    display_id,
                };
                self.screens.output(cell, output);
            }
            FromSession::Input {
                question,
                cell,
                prompt,
                hidden,
            } => {
                self.screens.finish(cell);
                self.ask(question, cell, prompt, hidden, writer).await;
            }
            FromSession::Panicked {
                cell,
                thread,
                message,
                place,
            } => self.panicked(cell, thread, &message, place.as_ref()),
        }
        Ok(())
    }

    async fn ask(
        &mut self,
        question: u32,
        cell: u32,
        prompt: String,
        hidden: bool,
        writer: &mut OwnedWriteHalf,
    ) {
        self.withdraw_question();
        let is_running = self.running.as_ref().is_some_and(|run| run.cell == cell);
        let frontend = self.screens.frontend(cell).filter(|_| is_running);
        let Some(frontend) = frontend else {
            let reason = "only a running cell can ask for input";
            let answer = Answer::Refused(reason.to_owned());
            return send(writer, &ToSession::Answer { question, answer }).await;
        };
        let withdrawn = Arc::new(AtomicBool::new(false));
        self.question = Some((question, withdrawn.clone()));
        let orders = self.orders.clone();
        let reply = move |answer| {
            if let Some(orders) = orders.upgrade() {
                let _ = orders.send(Order::Send(ToSession::Answer { question, answer }));
            }
        };
        frontend.input(Question::new(prompt, hidden, withdrawn, reply));
    }

    /// The question that waits, to which no answer counts any more.
    fn withdraw_question(&mut self) -> Option<u32> {
        let (question, withdrawn) = self.question.take()?;
        withdrawn.store(true, Ordering::SeqCst);
        Some(question)
    }

    fn panicked(
        &mut self,
        cell: u32,
        thread: Option<String>,
        message: &str,
        place: Option<&Place>,
    ) {
        let at = place
            .and_then(|place| (self.locate)(place))
            .map_or(String::new(), |place| format!(" at {place}"));
        if let Some(thread) = thread {
            self.screens.finish(cell);
            let output = Output::Stream {
                name: StreamName::Stderr,
                text: format!("thread `{thread}` panicked{at}: {message}\n"),
            };
            self.screens.output(cell, output);
        } else {
            if self.panics.len() == N_PANICS {
                self.panics.pop_front();
            }
            self.panics.push_back(format!("panicked{at}: {message}"));
        }
    }

    fn event(&self, event: Event) {
        // An evaluator that is gone needs no events.
        let _ = self.events.send(event);
    }
}

impl Running {
    fn deadline(&self) -> Option<Instant> {
        match self.interrupt {
            Interrupt::Once(deadline) | Interrupt::Twice(deadline) => Some(deadline),
            Interrupt::Never | Interrupt::InVain => None,
        }
    }
}

/// Waits until `deadline`; for ever without one.
async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

pub(super) fn to_mime_data(bundle: &Bundle) -> crate::evaluate::MimeData {
    mime_data(
        bundle
            .iter()
            .map(|(mime, data)| (mime.as_str(), data.as_str())),
    )
}

/// Frames are read by a task of their own, since reading half a frame cannot be taken back.
fn spawn_reader(mut reader: OwnedReadHalf) -> Receiver<io::Result<FromSession>> {
    let (sender, frames) = bounded_channel(N_FRAMES_MAX);
    tokio::spawn(async move {
        while let Some(frame) = read_frame(&mut reader).await.transpose() {
            let failed = frame.is_err();
            if sender.send(frame).await.is_err() || failed {
                break;
            }
        }
    });
    frames
}

async fn read_frame(reader: &mut OwnedReadHalf) -> io::Result<Option<FromSession>> {
    let mut prefix = [0; 4];
    match reader.read_exact(&mut prefix).await {
        Ok(_) => {}
        // A process that is killed may leave half a frame behind.
        Err(_) => return Ok(None),
    }
    let mut json = vec![0; channel::length(prefix)?];
    match reader.read_exact(&mut json).await {
        Ok(_) => channel::decode(&json).map(Some),
        Err(_) => Ok(None),
    }
}

/// A process that has closed its socket shows in the next read, not here.
async fn send(writer: &mut OwnedWriteHalf, frame: &ToSession) {
    if let Ok(bytes) = channel::encode(frame) {
        let _ = writer.write_all(&bytes).await;
    }
}

/// Waits for a process that has closed its socket; one that does not end is killed.
async fn end(child: &mut Child) -> io::Result<ExitStatus> {
    match tokio::time::timeout(Duration::from_secs(2), child.wait()).await {
        Ok(status) => status,
        Err(_) => {
            child.start_kill()?;
            child.wait().await
        }
    }
}
