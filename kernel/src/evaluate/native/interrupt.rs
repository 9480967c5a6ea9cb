//! What an interrupt does in each phase of a cell: it kills the compiler, asks the session to stop, and the second time
//! ends the session.

use std::io;
use std::process::{Child, ChildStderr, Command, ExitStatus};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::process::SessionHandle;
use crate::evaluate::Interrupt;

/// The running cell as seen by those who may stop it.
#[derive(Default)]
pub(super) struct Control {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    phase: Phase,
    interrupted: bool,
}

#[derive(Default)]
enum Phase {
    #[default]
    Idle,
    /// Between steps, where an interrupt is only remembered.
    Preparing,
    Compiling(Child),
    Running(SessionHandle),
}

impl Control {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A cell starts; an interrupt from before is not meant for it.
    pub(super) fn begin(&self) {
        *self.lock() = State {
            phase: Phase::Preparing,
            ..State::default()
        };
    }

    /// The cell has ended.
    pub(super) fn end(&self) {
        self.lock().phase = Phase::Idle;
    }

    /// Starts the compiler and hands out its stderr; `None` if the cell has been interrupted.
    pub(super) fn spawn_compiler(&self, command: &mut Command) -> io::Result<Option<ChildStderr>> {
        let mut state = self.lock();
        if state.interrupted {
            return Ok(None);
        }
        let mut child = command.spawn()?;
        let stderr = child.stderr.take();
        state.phase = Phase::Compiling(child);
        Ok(stderr)
    }

    /// Waits for the compiler, whose stderr has ended; `None` if the cell has been interrupted.
    pub(super) fn wait_for_compiler(&self) -> io::Result<Option<ExitStatus>> {
        let mut state = self.lock();
        let phase = std::mem::replace(&mut state.phase, Phase::Preparing);
        let interrupted = state.interrupted;
        drop(state);
        let Phase::Compiling(mut child) = phase else {
            return Ok(None);
        };
        let status = child.wait()?;
        Ok((!interrupted).then_some(status))
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
}

/// Stops the running cell of one evaluator.
pub(super) struct Interrupter {
    pub(super) control: Arc<Control>,
}

impl Interrupt for Interrupter {
    fn interrupt(&self) {
        let mut state = self.control.lock();
        state.interrupted = true;
        match &mut state.phase {
            Phase::Idle | Phase::Preparing => {}
            // It may have ended by itself; then there is nothing left to stop.
            Phase::Compiling(child) => drop(child.kill()),
            Phase::Running(session) => session.interrupt(),
        }
    }
}
