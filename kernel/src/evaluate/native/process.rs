//! The session process as the kernel sees it: one thread reads its pipes and its socket, in an order in which a display
//! never overtakes what was printed before it.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, mpsc};
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

use super::comms::{OpenComms, to_output};
use super::pipes::{Pipes, STACK_OVERFLOW, Which};
use super::screens::Screens;
use super::stream::mime_data;
use crate::channel::{
    self, Answer, Bundle, Finished, FromSession, Place, Run, SOCKET_VARIABLE, ToSession,
};
use crate::evaluate::{Frontend, Output, Question, Shell, StreamName};
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
    /// Says once that the process takes orders.
    ready: mpsc::Receiver<()>,
    life: Arc<Life>,
}

/// What is known of the process itself.
#[derive(Default)]
struct Life {
    id: OnceLock<u32>,
    /// Set when the process is gone, whatever the reason.
    death: OnceLock<Death>,
}

/// A cell that has been sent to the session.
pub(super) struct Started {
    events: mpsc::Receiver<RunEvent>,
    finished: Option<Finished>,
    life: Arc<Life>,
}

/// What the evaluator waits for.
enum RunEvent {
    Loaded,
    Finished(Finished),
}

/// How a session process ended.
#[derive(Clone, Debug, Default)]
pub(super) struct Death {
    pub(super) status: Option<ExitStatus>,
    /// Whether Rust said that a thread had overflowed its stack.
    pub(super) stack_overflow: bool,
    /// Whether it was ended by an interrupt of a cell that could not be stopped.
    pub(super) interrupted: bool,
    /// The last panics of the cells that ran, and where they were typed.
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
    life: Arc<Life>,
}

enum Order {
    Send(ToSession),
    Run {
        shell: Shell,
        run: Run,
        frontend: Arc<dyn Frontend>,
        events: mpsc::Sender<RunEvent>,
    },
    Comm {
        comm: channel::Comm,
        frontend: Arc<dyn Frontend>,
        events: mpsc::Sender<RunEvent>,
    },
    Interrupt,
}

/// Where panics of background threads were typed.
pub(super) type Locate = Arc<dyn Fn(&Place) -> Option<String> + Send + Sync>;

impl SessionHandle {
    /// Sends `frame`; to a process that is gone, nothing.
    pub(super) fn send(&self, frame: ToSession) {
        let _ = self.orders.send(Order::Send(frame));
    }

    /// Asks the running cells to stop, or ends the process if one has been asked before and cannot.
    pub(super) fn interrupt(&self) {
        let _ = self.orders.send(Order::Interrupt);
    }

    /// Lets the callbacks for `comm` run, which `frontend` sees, and waits for their end; whether there was one.
    pub(super) fn comm(&self, comm: channel::Comm, frontend: Arc<dyn Frontend>) -> bool {
        let (sender, events) = mpsc::channel();
        let _ = self.orders.send(Order::Comm {
            comm,
            frontend,
            events: sender,
        });
        events.recv().is_ok()
    }

    /// Whether both are of the same process.
    pub(super) fn is_of(&self, other: &SessionHandle) -> bool {
        self.orders.same_channel(&other.orders)
    }

    /// The number of the process, if it lives.
    pub(super) fn process_id(&self) -> Option<u32> {
        let id = self.life.id.get().copied();
        id.filter(|_| self.life.death.get().is_none())
    }
}

impl Started {
    /// Waits until its objects are loaded; whether they could be.
    pub(super) fn wait_until_loaded(&mut self) -> Result<bool, Death> {
        match self.next()? {
            RunEvent::Loaded => Ok(true),
            RunEvent::Finished(finished) => {
                self.finished = Some(finished);
                Ok(false)
            }
        }
    }

    /// Waits until it has ended.
    pub(super) fn wait(mut self) -> Result<Finished, Death> {
        loop {
            if let Some(finished) = self.finished.take() {
                return Ok(finished);
            }
            self.wait_until_loaded()?;
        }
    }

    fn next(&self) -> Result<RunEvent, Death> {
        let event = self.events.recv();
        event.map_err(|_| self.life.death.wait().clone())
    }
}

impl SessionProcess {
    /// Starts `executable`; it is ready when [`wait_until_ready`](Self::wait_until_ready) says so.
    pub(super) fn start(
        executable: &Path,
        library_path: &Path,
        directory: Option<&Path>,
        socket: PathBuf,
        locate: Locate,
        surroundings: &[(&str, String)],
    ) -> io::Result<Self> {
        let (orders, order_queue) = unbounded_channel();
        let (ready_sender, ready) = mpsc::channel();
        let life = Arc::<Life>::default();
        let mut command = Command::new(executable);
        command
            .env(SOCKET_VARIABLE, &socket)
            .envs(surroundings.iter().map(|(name, value)| (name, value)))
            .env("LD_LIBRARY_PATH", with_library_path(library_path))
            .stdin(Stdio::null())
            // Ctrl-C in a terminal is for the kernel process, which interrupts the cell and keeps its variables.
            .process_group(0)
            .kill_on_drop(true);
        if let Some(directory) = directory {
            command.current_dir(directory);
        }
        let link = Link {
            ready: ready_sender,
            life: life.clone(),
            orders: orders.downgrade(),
            locate,
            screens: Screens::default(),
            comms: OpenComms::default(),
            n_runs: 0,
            running: BTreeMap::new(),
            questions: BTreeMap::new(),
            panics: VecDeque::new(),
            ended_by_interrupt: false,
        };
        thread::Builder::new()
            .name("dagbok-session-link".to_owned())
            .spawn(move || link.run(command, &socket, order_queue))?;
        let handle = SessionHandle {
            orders,
            life: life.clone(),
        };
        Ok(SessionProcess {
            handle,
            ready,
            life,
        })
    }

    /// Waits until the process takes orders.
    pub(super) fn wait_until_ready(&self) -> Result<(), Death> {
        let ready = self.ready.recv();
        ready.map_err(|_| self.life.death.wait().clone())
    }

    pub(super) fn handle(&self) -> SessionHandle {
        self.handle.clone()
    }

    /// Starts `run` in `shell`; its outputs go to `frontend`, also those that come later.
    pub(super) fn run(&self, shell: Shell, run: Run, frontend: Arc<dyn Frontend>) -> Started {
        let (sender, events) = mpsc::channel();
        let _ = self.handle.orders.send(Order::Run {
            shell,
            run,
            frontend,
            events: sender,
        });
        Started {
            events,
            finished: None,
            life: self.life.clone(),
        }
    }

    /// How the process ended, if it has.
    pub(super) fn ended(&self) -> Option<Death> {
        self.life.death.get().cloned()
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
    ready: mpsc::Sender<()>,
    life: Arc<Life>,
    orders: WeakUnboundedSender<Order>,
    locate: Locate,
    screens: Screens,
    comms: OpenComms,
    n_runs: u32,
    /// The cells that run, by the numbers of their runs.
    running: BTreeMap<u32, Running>,
    /// The questions that wait for an answer.
    questions: BTreeMap<u32, Asked>,
    /// The last panics of the running cells.
    panics: VecDeque<(u32, String)>,
    ended_by_interrupt: bool,
}

/// A cell that runs.
struct Running {
    events: mpsc::Sender<RunEvent>,
    interrupt: Interrupt,
}

/// A question that waits for its answer.
struct Asked {
    cell: u32,
    withdrawn: Arc<AtomicBool>,
}

/// How often a running cell has been interrupted.
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
        let _ = self.life.death.set(death);
        // Whoever waits for one of them learns how the process ended.
        self.running.clear();
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
        if let Some(id) = child.id() {
            let _ = self.life.id.set(id);
        }
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
            let in_vain = self.running.values().filter_map(Running::deadline).min();
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
        self.withdraw_questions(|_| true);
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
        self.comms.close_all();
        Ok(Death {
            status: Some(status),
            stack_overflow,
            interrupted: self.ended_by_interrupt,
            panics: self.panics.drain(..).map(|(_, panic)| panic).collect(),
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
            Order::Run {
                shell: Shell(shell),
                run,
                frontend,
                events,
            } => {
                let cell = self.begin(frontend, events, pipes);
                send(writer, &ToSession::Run { cell, shell, run }).await;
            }
            Order::Comm {
                comm,
                frontend,
                events,
            } => {
                let run = self.begin_callbacks(&comm, frontend, events);
                send(writer, &ToSession::Comm { run, comm }).await;
            }
            Order::Interrupt => return self.interrupt(child, writer).await,
        }
        Ok(())
    }

    /// A run begins; its number.
    fn begin(
        &mut self,
        frontend: Arc<dyn Frontend>,
        events: mpsc::Sender<RunEvent>,
        pipes: &mut Pipes,
    ) -> u32 {
        self.n_runs += 1;
        let running = &mut self.running;
        self.screens.add(self.n_runs, frontend);
        self.panics.retain(|(cell, _)| running.contains_key(cell));
        if running.is_empty() {
            pipes.forget_stderr();
        }
        let run = Running {
            events,
            interrupt: Interrupt::Never,
        };
        running.insert(self.n_runs, run);
        self.n_runs
    }

    /// Callbacks for `comm` run from now on; the number of their run.
    fn begin_callbacks(
        &mut self,
        comm: &channel::Comm,
        frontend: Arc<dyn Frontend>,
        events: mpsc::Sender<RunEvent>,
    ) -> u32 {
        self.n_runs += 1;
        self.comms.note(comm, Some(frontend.clone()));
        self.screens.add_callbacks(self.n_runs, frontend);
        let run = Running {
            events,
            interrupt: Interrupt::Never,
        };
        self.running.insert(self.n_runs, run);
        self.n_runs
    }

    fn callbacks_ended(&mut self, run: u32) {
        self.screens.end(run);
        self.tell(run, RunEvent::Loaded);
        self.running.remove(&run);
    }

    fn comm_said(&mut self, cell: u32, comm: channel::Comm) {
        self.comms.note(&comm, self.screens.frontend(cell));
        self.screens.output(cell, to_output(comm));
    }

    async fn interrupt(
        &mut self,
        child: &mut Child,
        writer: &mut OwnedWriteHalf,
    ) -> io::Result<()> {
        if self.running.is_empty() {
            return Ok(());
        }
        for running in self.running.values_mut() {
            running.interrupt = match running.interrupt {
                Interrupt::Never => Interrupt::Once(Instant::now() + STOP_PERIOD),
                Interrupt::Once(deadline) | Interrupt::Twice(deadline) => {
                    Interrupt::Twice(deadline)
                }
                Interrupt::InVain => return self.kill(child),
            };
        }
        self.withdraw_questions(|_| true);
        send(writer, &ToSession::Interrupt).await;
        Ok(())
    }

    /// Some running cells have had their time to stop.
    fn in_vain(&mut self, child: &mut Child) -> io::Result<()> {
        let now = Instant::now();
        for (cell, running) in &mut self.running {
            if running.deadline().is_none_or(|deadline| now < deadline) {
                continue;
            }
            if let Interrupt::Twice(_) = running.interrupt {
                return self.kill(child);
            }
            running.interrupt = Interrupt::InVain;
            let output = Output::Stream {
                name: StreamName::Stderr,
                text: CANNOT_STOP.to_owned(),
            };
            self.screens.output(*cell, output);
        }
        Ok(())
    }

    fn kill(&mut self, child: &mut Child) -> io::Result<()> {
        if std::mem::replace(&mut self.ended_by_interrupt, true) {
            return Ok(());
        }
        for running in self.running.values_mut() {
            running.interrupt = Interrupt::InVain;
        }
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
                let _ = self.ready.send(());
            }
            FromSession::Loaded { cell } => self.tell(cell, RunEvent::Loaded),
            FromSession::Finished { cell, finished } => {
                for question in self.withdraw_questions(|asked| asked.cell == cell) {
                    let answer = Answer::Refused("the cell that asked has ended".to_owned());
                    send(writer, &ToSession::Answer { question, answer }).await;
                }
                self.screens.flush(|_| false);
                self.screens.end(cell);
                self.tell(cell, RunEvent::Finished(finished));
                self.running.remove(&cell);
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
            FromSession::ClearOutput { cell, wait } => {
                self.screens.finish(cell);
                self.screens.output(cell, Output::ClearOutput { wait });
                send(writer, &ToSession::Shown).await;
            }
            FromSession::Comm { cell, comm } => self.comm_said(cell, comm),
            FromSession::CommHandled { run } => self.callbacks_ended(run),
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
        let is_running = self.running.contains_key(&cell);
        let frontend = self.screens.frontend(cell).filter(|_| is_running);
        let Some(frontend) = frontend else {
            let reason = "only a running cell can ask for input";
            let answer = Answer::Refused(reason.to_owned());
            return send(writer, &ToSession::Answer { question, answer }).await;
        };
        let withdrawn = Arc::new(AtomicBool::new(false));
        let asked = Asked {
            cell,
            withdrawn: withdrawn.clone(),
        };
        self.questions.insert(question, asked);
        let orders = self.orders.clone();
        let reply = move |answer| {
            if let Some(orders) = orders.upgrade() {
                let _ = orders.send(Order::Send(ToSession::Answer { question, answer }));
            }
        };
        frontend.input(Question::new(prompt, hidden, withdrawn, reply));
    }

    /// The questions that wait and that `are` meant, to which no answer counts any more.
    fn withdraw_questions(&mut self, are: impl Fn(&Asked) -> bool) -> Vec<u32> {
        let withdrawn = self.questions.extract_if(.., |_, asked| are(asked));
        withdrawn
            .map(|(question, asked)| {
                asked.withdrawn.store(true, Ordering::SeqCst);
                question
            })
            .collect()
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
            let panic = format!("panicked{at}: {message}");
            self.panics.push_back((cell, panic));
        }
    }

    /// Tells who waits for `cell`; an evaluator that is gone needs to know nothing.
    fn tell(&self, cell: u32, event: RunEvent) {
        if let Some(running) = self.running.get(&cell) {
            let _ = running.events.send(event);
        }
    }
}

/// Nobody waits for ever for the end of a thread that has ended.
impl Drop for Link {
    fn drop(&mut self) {
        let _ = self.life.death.set(Death::default());
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
