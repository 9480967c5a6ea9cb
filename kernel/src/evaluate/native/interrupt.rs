//! What an interrupt does in each phase of a cell: it kills the compiler, asks the session to stop, and the second time
//! ends the session. It is for all cells that run, whichever shell they come from.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::process::SessionHandle;
use super::shell;
use crate::evaluate::Interrupt;

/// All running cells.
#[derive(Default)]
pub(super) struct Controls {
    running: Mutex<Vec<Arc<Control>>>,
}

/// A running cell as seen by those who may stop it.
#[derive(Default)]
pub(super) struct Control {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    phase: Phase,
    interrupted: bool,
    /// When a command of the shell that goes on is to be asked to stop again.
    asks_again: Option<Instant>,
}

/// A shell that is about to start a program when it is asked to stop, loses that.
const ASKS_AGAIN: Duration = Duration::from_millis(250);

/// What a command of the shell writes to.
pub(super) type Pipes = (Option<ChildStdout>, Option<ChildStderr>);

#[derive(Default)]
enum Phase {
    /// Between steps, where an interrupt is only remembered.
    #[default]
    Preparing,
    Compiling(Child),
    /// A process that starts others, which are of its group.
    Building(Child),
    Running(SessionHandle),
    /// A command of the shell, in a process group of its own.
    Shell(Child),
}

impl Controls {
    /// A cell starts; an interrupt from before is not meant for it.
    pub(super) fn begin(&self) -> Arc<Control> {
        let control = Arc::<Control>::default();
        self.lock().push(control.clone());
        control
    }

    /// The cell has ended.
    pub(super) fn end(&self, control: &Arc<Control>) {
        self.lock().retain(|running| !Arc::ptr_eq(running, control));
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Control>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Control {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the compiler and hands out its stderr; `None` if the cell has been interrupted.
    pub(super) fn spawn_compiler(&self, command: &mut Command) -> io::Result<Option<ChildStderr>> {
        self.spawn(command, Phase::Compiling)
    }

    /// Starts a build of many processes, which an interrupt ends all together; otherwise as
    /// [`spawn_compiler`](Self::spawn_compiler).
    pub(super) fn spawn_group(&self, command: &mut Command) -> io::Result<Option<ChildStderr>> {
        self.spawn(command.process_group(0), Phase::Building)
    }

    fn spawn(
        &self,
        command: &mut Command,
        phase: fn(Child) -> Phase,
    ) -> io::Result<Option<ChildStderr>> {
        let mut state = self.lock();
        if state.interrupted {
            return Ok(None);
        }
        let mut child = command.spawn()?;
        let stderr = child.stderr.take();
        state.phase = phase(child);
        Ok(stderr)
    }

    /// Whether the cell has been interrupted.
    pub(super) fn is_interrupted(&self) -> bool {
        self.lock().interrupted
    }

    /// Waits for the compiler or the build, whose stderr has ended; `None` if the cell has been interrupted.
    pub(super) fn wait_for_compiler(&self) -> io::Result<Option<ExitStatus>> {
        let mut state = self.lock();
        let phase = std::mem::replace(&mut state.phase, Phase::Preparing);
        let interrupted = state.interrupted;
        drop(state);
        let (Phase::Compiling(mut child) | Phase::Building(mut child)) = phase else {
            return Ok(None);
        };
        let status = child.wait()?;
        Ok((!interrupted).then_some(status))
    }

    /// Starts a command of the shell; `None` if the cell has been interrupted.
    pub(super) fn spawn_shell(&self, command: &mut Command) -> io::Result<Option<Pipes>> {
        let mut state = self.lock();
        if state.interrupted {
            return Ok(None);
        }
        let mut child = command.spawn()?;
        let pipes = (child.stdout.take(), child.stderr.take());
        state.phase = Phase::Shell(child);
        Ok(Some(pipes))
    }

    /// How the command of the shell ended, if it has; whether it was interrupted.
    pub(super) fn try_wait_for_shell(&self) -> io::Result<Option<(ExitStatus, bool)>> {
        let mut guard = self.lock();
        let state = &mut *guard;
        let Phase::Shell(child) = &mut state.phase else {
            return Err(io::Error::other("the command is gone"));
        };
        let Some(status) = child.try_wait()? else {
            if state
                .asks_again
                .take_if(|at| Instant::now() >= *at)
                .is_some()
            {
                shell::signal_group(child, libc::SIGINT);
            }
            return Ok(None);
        };
        state.phase = Phase::Preparing;
        Ok(Some((status, state.interrupted)))
    }

    /// From now on an interrupt goes to the session; `false` if the cell has been interrupted already.
    pub(super) fn run_in(&self, session: SessionHandle) -> bool {
        let mut state = self.lock();
        if state.interrupted {
            return false;
        }
        state.phase = Phase::Running(session);
        true
    }

    /// The session has ended the run.
    pub(super) fn has_run(&self) {
        self.lock().phase = Phase::Preparing;
    }
}

/// Stops the running cells of one evaluator.
pub(super) struct Interrupter {
    pub(super) controls: Arc<Controls>,
}

impl Interrupt for Interrupter {
    fn interrupt(&self) {
        let mut sessions: Vec<SessionHandle> = Vec::new();
        for control in self.controls.lock().iter() {
            if let Some(session) = control.interrupt()
                && !sessions.iter().any(|known| known.is_of(&session))
            {
                sessions.push(session);
            }
        }
        // A session counts its interrupts: one for all of its cells.
        for session in sessions {
            session.interrupt();
        }
    }
}

impl Control {
    /// Stops what the cell is doing; the session that is to be asked, if it runs there.
    pub(super) fn interrupt(&self) -> Option<SessionHandle> {
        let mut state = self.lock();
        let is_second = std::mem::replace(&mut state.interrupted, true);
        state.asks_again = Some(Instant::now() + ASKS_AGAIN);
        match &mut state.phase {
            Phase::Preparing => {}
            // It may have ended by itself; then there is nothing left to stop.
            Phase::Compiling(child) => drop(child.kill()),
            Phase::Building(child) => end_group(child, is_second),
            Phase::Running(session) => return Some(session.clone()),
            Phase::Shell(child) if is_second => shell::signal_group(child, libc::SIGKILL),
            Phase::Shell(child) => shell::signal_group(child, libc::SIGINT),
        }
        None
    }
}

/// Ends `child` and all that it has started; what does not heed the first call has no choice the second time.
#[expect(unsafe_code, reason = "std cannot signal a group of processes")]
fn end_group(child: &Child, is_second: bool) {
    let signal = if is_second {
        libc::SIGKILL
    } else {
        libc::SIGTERM
    };
    let group = child.id().cast_signed();
    // SAFETY: the group is that of our own child, which nobody has waited for yet, so that its number is still its own.
    let _ = unsafe { libc::kill(-group, signal) };
}
