//! The thread between the session process and the evaluator: it reads the pipes and the socket, in an order in which a
//! display never overtakes what was printed before it.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::ExitStatus;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixListener;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::process::{Child, Command};
use tokio::sync::mpsc::{
    Receiver, UnboundedReceiver, WeakUnboundedSender, channel as bounded_channel,
};
use tokio::time::{Instant, sleep_until};

use super::comms::{OpenComms, to_output};
use super::history::History;
use super::pipes::{Pipes, STACK_OVERFLOW, Which};
use super::process::{Death, Life, Order, RunEvent};
use super::screens::Screens;
use crate::channel::{self, Answer, FromSession, Place, ToSession};
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

/// The thread between the session process and the evaluator.
pub(super) struct Link {
    ready: mpsc::Sender<()>,
    life: Arc<Life>,
    orders: WeakUnboundedSender<Order>,
    history: Arc<Mutex<History>>,
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
    /// A link that will say `ready` when the process takes orders.
    pub(super) fn new(
        ready: mpsc::Sender<()>,
        life: Arc<Life>,
        orders: WeakUnboundedSender<Order>,
        history: Arc<Mutex<History>>,
    ) -> Self {
        Link {
            ready,
            life,
            orders,
            history,
            screens: Screens::default(),
            comms: OpenComms::default(),
            n_runs: 0,
            running: BTreeMap::new(),
            questions: BTreeMap::new(),
            panics: VecDeque::new(),
            ended_by_interrupt: false,
        }
    }

    /// Starts the process and serves it until it ends.
    pub(super) fn run(mut self, command: Command, socket: &Path, orders: UnboundedReceiver<Order>) {
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
        self.comms.note_heard(comm, frontend.clone());
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
        self.comms.note_said(&comm, self.screens.frontend(cell));
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
                    data: self.history().shown(&bundle),
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
                    data: self.history().shown(&bundle),
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
            .and_then(|place| self.history().locate(place))
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

    fn history(&self) -> MutexGuard<'_, History> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
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
