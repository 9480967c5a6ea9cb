//! The session process as the evaluator sees it.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, OnceLock, mpsc};
use std::thread;

use tokio::process::Command;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::history::History;
use super::link::Link;
use crate::channel::{self, Finished, Run, SOCKET_VARIABLE, ToSession};
use crate::evaluate::{Frontend, Shell};

/// A running session process.
pub(super) struct SessionProcess {
    handle: SessionHandle,
    /// Says once that the process takes orders.
    ready: mpsc::Receiver<()>,
    life: Arc<Life>,
}

/// What is known of the process itself.
#[derive(Default)]
pub(super) struct Life {
    pub(super) id: OnceLock<u32>,
    /// Set when the process is gone, whatever the reason.
    pub(super) death: OnceLock<Death>,
}

/// A cell that has been sent to the session.
pub(super) struct Started {
    events: mpsc::Receiver<RunEvent>,
    finished: Option<Finished>,
    life: Arc<Life>,
}

/// What who sent a cell waits for.
pub(super) enum RunEvent {
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

/// What the link is to do.
pub(super) enum Order {
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
        history: Arc<Mutex<History>>,
        surroundings: &[(&str, String)],
    ) -> io::Result<Self> {
        let (orders, order_queue) = unbounded_channel();
        let (ready_sender, ready) = mpsc::channel();
        let life = Arc::<Life>::default();
        let mut command = Command::new(executable);
        command
            .env(SOCKET_VARIABLE, &socket)
            .envs(surroundings.iter().map(|(name, value)| (name, value)))
            .envs(thread_counts())
            .env("LD_LIBRARY_PATH", with_library_path(library_path))
            .stdin(Stdio::null())
            // Ctrl-C in a terminal is for the kernel process, which interrupts the cell and keeps its variables.
            .process_group(0)
            .kill_on_drop(true);
        if let Some(directory) = directory {
            command.current_dir(directory);
        }
        let link = Link::new(ready_sender, life.clone(), orders.downgrade(), history);
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

/// The number of threads that computations are to have, where it is set, for libraries with threads of their own.
fn thread_counts() -> impl Iterator<Item = (&'static str, OsString)> {
    let asked = std::env::var_os("DAGBOK_NUM_THREADS");
    let is_number = |text: &OsString| {
        text.to_str()
            .is_some_and(|text| text.trim().parse::<u16>().is_ok_and(|n| n > 0))
    };
    let asked = asked.filter(is_number);
    let unset = ["POLARS_MAX_THREADS", "RAYON_NUM_THREADS"]
        .into_iter()
        .filter(|name| std::env::var_os(name).is_none());
    unset.filter_map(move |name| Some((name, asked.clone()?)))
}

/// The search path of this process with `folder` in front; std's own library lies there.
fn with_library_path(folder: &Path) -> OsString {
    let mut path = folder.as_os_str().to_owned();
    if let Some(inherited) = std::env::var_os("LD_LIBRARY_PATH") {
        path.push(":");
        path.push(inherited);
    }
    path
}
