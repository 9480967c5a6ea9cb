//! What an interrupt does: evcxr has no other way than to end the process that runs cells.

use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::process::{Pid, Signal, kill_process};

use crate::evaluate::Interrupt;

/// The running cell as seen by those who may stop it.
#[derive(Default)]
pub(super) struct Control {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The process that runs cells.
    process: Option<u32>,
    is_running: bool,
    is_interrupted: bool,
}

impl Control {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A cell starts; an interrupt from before is not meant for it.
    pub(super) fn begin(&self) {
        let mut state = self.lock();
        state.is_running = true;
        state.is_interrupted = false;
    }

    /// The cell has ended.
    pub(super) fn end(&self) {
        self.lock().is_running = false;
    }

    pub(super) fn was_interrupted(&self) -> bool {
        self.lock().is_interrupted
    }

    /// There is a new process.
    pub(super) fn started(&self, process: u32) {
        self.lock().process = Some(process);
    }
}

impl Interrupt for Control {
    /// Ends the process that runs cells, and with it all variables. A compile goes on to its end.
    fn interrupt(&self) {
        let mut state = self.lock();
        if !state.is_running {
            return;
        }
        state.is_interrupted = true;
        let process = state
            .process
            .take()
            .and_then(|id| Pid::from_raw(id.cast_signed()));
        if let Some(process) = process {
            let _ = kill_process(process, Signal::KILL);
        }
    }
}
