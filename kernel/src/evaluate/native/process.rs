//! The session process as the kernel sees it: one thread reads its pipes and its socket, in an order in which a display
//! never overtakes what was printed before it.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixListener;
use tokio::net::unix::pipe::Receiver;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::process::{Child, Command};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{Instant, sleep_until};

use super::stream::{Stream, mime_data};
use crate::channel::{self, Bundle, Finished, FromSession, Place, SOCKET_VARIABLE, ToSession};
use crate::evaluate::{Frontend, Output, StreamName};

/// Output is held back for this long, so that a burst of short lines becomes one message.
const MERGE_PERIOD: Duration = Duration::from_millis(15);

/// Output beyond this many bytes is not held back.
const MERGE_BYTES_MAX: usize = 64 << 10;

/// How much of stderr is kept to explain a crash.
const STDERR_TAIL_BYTES: usize = 4 << 10;

/// What Rust writes when a thread has no stack left, just before it ends the process.
const STACK_OVERFLOW: &str = "has overflowed its stack";

/// A running session process.
pub(super) struct SessionProcess {
    handle: SessionHandle,
    events: mpsc::Receiver<Event>,
    frontend: Arc<Mutex<Option<Arc<dyn Frontend>>>>,
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
#[derive(Clone, Debug)]
pub(super) struct Death {
    pub(super) status: Option<ExitStatus>,
    /// Whether Rust said that a thread had overflowed its stack.
    pub(super) stack_overflow: bool,
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
    Kill,
}

/// Where panics of background threads were typed.
pub(super) type Locate = Arc<dyn Fn(&Place) -> Option<String> + Send + Sync>;

impl SessionHandle {
    /// Sends `frame`; to a process that is gone, nothing.
    pub(super) fn send(&self, frame: ToSession) {
        let _ = self.orders.send(Order::Send(frame));
    }

    pub(super) fn interrupt(&self) {
        self.send(ToSession::Interrupt);
    }

    pub(super) fn kill(&self) {
        let _ = self.orders.send(Order::Kill);
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
        let frontend = Arc::new(Mutex::new(None));
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
            frontend: frontend.clone(),
            locate,
            stderr_tail: Vec::new(),
        };
        thread::Builder::new()
            .name("dagbok-session-link".to_owned())
            .spawn(move || link.run(command, &socket, order_queue))?;
        Ok(SessionProcess {
            handle: SessionHandle { orders },
            events,
            frontend,
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

    /// From now on outputs go to `frontend`.
    pub(super) fn show_on(&self, frontend: Arc<dyn Frontend>) {
        *self.frontend.lock().unwrap_or_else(PoisonError::into_inner) = Some(frontend);
    }

    /// Waits for the next event.
    pub(super) fn wait(&self) -> Event {
        self.events.recv().unwrap_or_else(|_| {
            Event::Ended(Death {
                status: None,
                stack_overflow: false,
                error: None,
                last_words: String::new(),
            })
        })
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
    frontend: Arc<Mutex<Option<Arc<dyn Frontend>>>>,
    locate: Locate,
    stderr_tail: Vec<u8>,
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
            status: None,
            stack_overflow: false,
            error: Some(error.to_string()),
            last_words: String::new(),
        });
        let _ = self.events.send(Event::Ended(death));
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
        let mut pipes = Pipes {
            stdout: Pipe::new(stdout.into(), StreamName::Stdout)?,
            stderr: Pipe::new(stderr.into(), StreamName::Stderr)?,
            deadline: None,
        };
        let connection = tokio::select! {
            connection = listener.accept() => connection?.0,
            status = child.wait() => {
                pipes.drain(self)?;
                return Ok(self.death(status?));
            }
        };
        drop(listener);
        let _ = std::fs::remove_file(socket);
        let (reader, mut writer) = connection.into_split();
        let mut frames = spawn_reader(reader);
        loop {
            let deadline = pipes.deadline;
            tokio::select! {
                biased;
                ready = pipes.stdout.receiver.readable(), if !pipes.stdout.ended => { ready?; pipes.read_some(StreamName::Stdout, self)?; }
                ready = pipes.stderr.receiver.readable(), if !pipes.stderr.ended => { ready?; pipes.read_some(StreamName::Stderr, self)?; }
                () = sleep_until(deadline.unwrap_or_else(Instant::now)), if deadline.is_some() => pipes.flush(self),
                frame = frames.recv() => match frame {
                    Some(frame) => {
                        pipes.drain(self)?;
                        self.frame(frame?, &mut writer).await?;
                    }
                    None => break,
                },
                order = orders.recv() => match order {
                    Some(Order::Send(frame)) => send(&mut writer, &frame).await,
                    Some(Order::Kill) => child.start_kill()?,
                    None => child.start_kill()?,
                },
            }
        }
        let status = end(&mut child).await?;
        pipes.read_all(self)?;
        let death = self.death(status);
        if death.stack_overflow {
            pipes.stderr.stream.drop_from("\nthread '");
        }
        pipes.drain(self)?;
        Ok(death)
    }

    fn death(&self, status: ExitStatus) -> Death {
        let tail = String::from_utf8_lossy(&self.stderr_tail);
        let is_abort = status.signal() == Some(6) || status.signal() == Some(11);
        Death {
            status: Some(status),
            stack_overflow: is_abort && tail.contains(STACK_OVERFLOW),
            error: None,
            last_words: tail.into_owned(),
        }
    }

    async fn frame(&mut self, frame: FromSession, writer: &mut OwnedWriteHalf) -> io::Result<()> {
        match frame {
            FromSession::Ready => self.event(Event::Ready),
            FromSession::Finished(finished) => self.event(Event::Finished(finished)),
            FromSession::Display { bundle, display_id } => {
                self.output(Output::Display {
                    data: to_mime_data(&bundle),
                    display_id: Some(display_id),
                });
                send(writer, &ToSession::Shown).await;
            }
            FromSession::UpdateDisplay { bundle, display_id } => {
                self.output(Output::UpdateDisplay {
                    data: to_mime_data(&bundle),
                    display_id,
                })
            }
            FromSession::ThreadPanicked {
                thread,
                message,
                place,
            } => {
                let place = place.and_then(|place| (self.locate)(&place));
                let at = place.map_or(String::new(), |place| format!(" at {place}"));
                self.output(Output::Stream {
                    name: StreamName::Stderr,
                    text: format!("thread `{thread}` panicked{at}: {message}\n"),
                });
            }
        }
        Ok(())
    }

    fn event(&self, event: Event) {
        // An evaluator that is gone needs no events.
        let _ = self.events.send(event);
    }

    fn output(&self, output: Output) {
        let frontend = self
            .frontend
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if let Some(frontend) = frontend {
            frontend.output(output);
        }
    }

    fn remember_stderr(&mut self, bytes: &[u8]) {
        self.stderr_tail.extend_from_slice(bytes);
        let excess = self.stderr_tail.len().saturating_sub(STDERR_TAIL_BYTES);
        self.stderr_tail.drain(..excess);
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
fn spawn_reader(mut reader: OwnedReadHalf) -> UnboundedReceiver<io::Result<FromSession>> {
    let (sender, frames) = unbounded_channel();
    tokio::spawn(async move {
        while let Some(frame) = read_frame(&mut reader).await.transpose() {
            let failed = frame.is_err();
            if sender.send(frame).is_err() || failed {
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

struct Pipes {
    stdout: Pipe,
    stderr: Pipe,
    /// When text that is held back must go out.
    deadline: Option<Instant>,
}

struct Pipe {
    /// Waits for the pipe.
    receiver: Receiver,
    /// The same pipe, read without asking the receiver, which may not have heard yet that there is something.
    file: File,
    stream: Stream,
    ended: bool,
}

impl Pipe {
    fn new(reader: OwnedFd, name: StreamName) -> io::Result<Self> {
        Ok(Pipe {
            file: File::from(reader.try_clone()?),
            // This puts the pipe into non-blocking mode for both.
            receiver: Receiver::from_owned_fd(reader)?,
            stream: Stream::new(name),
            ended: false,
        })
    }

    /// Takes in what `read` gave; `None` when the pipe is empty or has ended.
    fn take(&mut self, read: io::Result<usize>) -> io::Result<Option<usize>> {
        match read {
            Ok(0) => {
                self.ended = true;
                Ok(None)
            }
            Ok(n_bytes) => Ok(Some(n_bytes)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl Pipes {
    /// Reads what one pipe holds, and hands text on at once if the other pipe's text must come before it.
    fn read_some(&mut self, name: StreamName, link: &mut Link) -> io::Result<()> {
        let mut buffer = vec![0; MERGE_BYTES_MAX];
        let (pipe, other) = match name {
            StreamName::Stdout => (&mut self.stdout, &mut self.stderr),
            StreamName::Stderr => (&mut self.stderr, &mut self.stdout),
        };
        let read = pipe.receiver.try_read(&mut buffer);
        let Some(n_bytes) = pipe.take(read)? else {
            return Ok(());
        };
        if other.stream.is_pending() {
            other.stream.flush(&mut |output| link.output(output));
        }
        if name == StreamName::Stderr {
            link.remember_stderr(&buffer[..n_bytes]);
        }
        pipe.stream.push(&buffer[..n_bytes]);
        if pipe.stream.pending_bytes() >= MERGE_BYTES_MAX {
            pipe.stream.flush(&mut |output| link.output(output));
            self.deadline = None;
        } else if self.deadline.is_none() {
            self.deadline = Some(Instant::now() + MERGE_PERIOD);
        }
        Ok(())
    }

    /// Hands on what is held back.
    fn flush(&mut self, link: &Link) {
        self.deadline = None;
        self.stdout.stream.flush(&mut |output| link.output(output));
        // Rust's last words before the process ends; the error will say it better.
        if !self.stderr.stream.is_pending_with(STACK_OVERFLOW) {
            self.stderr.stream.flush(&mut |output| link.output(output));
        }
    }

    /// Reads both pipes until they are empty, and hands everything on.
    fn drain(&mut self, link: &mut Link) -> io::Result<()> {
        self.read_all(link)?;
        for pipe in [&mut self.stdout, &mut self.stderr] {
            pipe.stream.finish(&mut |output| link.output(output));
        }
        self.deadline = None;
        Ok(())
    }

    /// Reads both pipes until they are empty, and hands on what is too much to hold back.
    fn read_all(&mut self, link: &mut Link) -> io::Result<()> {
        let mut buffer = vec![0; MERGE_BYTES_MAX];
        for pipe in [&mut self.stdout, &mut self.stderr] {
            loop {
                let read = pipe.file.read(&mut buffer);
                let Some(n_bytes) = pipe.take(read)? else {
                    break;
                };
                if pipe.stream.name() == StreamName::Stderr {
                    link.remember_stderr(&buffer[..n_bytes]);
                }
                pipe.stream.push(&buffer[..n_bytes]);
                if pipe.stream.pending_bytes() >= MERGE_BYTES_MAX {
                    pipe.stream.flush(&mut |output| link.output(output));
                }
            }
        }
        Ok(())
    }
}
