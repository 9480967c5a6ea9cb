//! `!command`: the shell, in the notebook's folder, with its output on the screen while it runs.

use std::io::Read;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use super::failure;
use super::interrupt::Control;
use super::stream::Stream;
use super::turn::Turn;
use crate::commands::Refusal;
use crate::evaluate::{Frontend, StreamName};

/// How often a command is asked whether it has ended while it writes nothing.
const POLL_PERIOD: Duration = Duration::from_millis(10);

/// How long what a command has started in the background may keep its cell waiting.
const BACKGROUND_WAIT: Duration = Duration::from_millis(200);

/// The exit code with which a shell says that there is no such command.
const NOT_FOUND: i32 = 127;

/// Sends `signal` to the process group that `child` leads.
#[expect(unsafe_code, reason = "std cannot send signals to a group")]
pub(super) fn signal_group(child: &Child, signal: libc::c_int) {
    let Ok(group) = libc::pid_t::try_from(child.id()) else {
        return;
    };
    // SAFETY: sending a signal touches no memory; the child has not been waited for, so its id is still its own.
    unsafe { libc::kill(-group, signal) };
}

/// Lets an interrupt end `command`, also where whoever started Jupyter ignores interrupts, as a script does for what it starts
/// in the background: programs inherit that.
#[expect(unsafe_code, reason = "std leaves ignored signals ignored")]
fn heed_interrupts(command: &mut Command) {
    let heed = || {
        // SAFETY: `signal` may be called between `fork` and `exec`, and touches no memory.
        unsafe { libc::signal(libc::SIGINT, libc::SIG_DFL) };
        Ok(())
    };
    // SAFETY: `heed` does nothing else.
    unsafe { command.pre_exec(heed) };
}

impl Turn {
    /// Runs `line` in a shell and waits for its end.
    ///
    /// # Errors
    /// If it fails, or the cell is interrupted.
    pub(crate) fn shell(
        &mut self,
        line: &str,
        frontend: &Arc<dyn Frontend>,
    ) -> Result<(), Refusal> {
        let mut command = Command::new("sh");
        command
            .args(["-c", line])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        heed_interrupts(&mut command);
        if let Some(directory) = &self.directory {
            command.current_dir(directory);
        }
        let spawned = self.control.spawn_shell(&mut command);
        let pipes = spawned.map_err(|error| format!("cannot start `sh`: {error}"))?;
        let Some((stdout, stderr)) = pipes else {
            return Err(failure::interrupted().into());
        };
        let (alive, ended) = mpsc::channel();
        if let Some(stdout) = stdout {
            copy(stdout, StreamName::Stdout, frontend.clone(), alive.clone());
        }
        if let Some(stderr) = stderr {
            copy(stderr, StreamName::Stderr, frontend.clone(), alive);
        }
        let control = self.control.clone();
        let (status, interrupted) = self.away(|| wait_for_shell(&control, &ended))?;
        match sentence(line, status) {
            _ if interrupted => Err(failure::interrupted().into()),
            Some(sentence) => Err(sentence.into()),
            None => Ok(()),
        }
    }
}

/// How the command ended, and whether it was interrupted; by then its output is on the screen.
fn wait_for_shell(
    control: &Control,
    ended: &mpsc::Receiver<()>,
) -> Result<(ExitStatus, bool), Refusal> {
    let end = loop {
        if let Err(RecvTimeoutError::Disconnected) = ended.recv_timeout(POLL_PERIOD) {
            thread::sleep(Duration::from_millis(1));
        }
        let end = control.try_wait_for_shell();
        if let Some(end) = end.map_err(|error| failure::internal(&error))? {
            break end;
        }
    };
    let deadline = Instant::now() + BACKGROUND_WAIT;
    let left = || deadline.saturating_duration_since(Instant::now());
    // Ends when both pipes have.
    while ended.recv_timeout(left()).is_ok() {}
    Ok(end)
}

/// Shows what `pipe` gives until it ends, and then drops `alive`.
fn copy(
    mut pipe: impl Read + Send + 'static,
    name: StreamName,
    frontend: Arc<dyn Frontend>,
    alive: mpsc::Sender<()>,
) {
    thread::spawn(move || {
        let mut stream = Stream::new(name);
        let mut buffer = vec![0; 64 << 10];
        while let Ok(n_bytes) = pipe.read(&mut buffer)
            && n_bytes > 0
        {
            stream.push(&buffer[..n_bytes]);
            stream.flush(&mut |output| frontend.output(output));
        }
        stream.finish(&mut |output| frontend.output(output));
        drop(alive);
    });
}

/// What is wrong with the end of `line`, if it is not well.
fn sentence(line: &str, status: ExitStatus) -> Option<String> {
    let line = shortened(line);
    match (status.code(), status.signal()) {
        (Some(0), _) => None,
        (Some(NOT_FOUND), _) => Some(format!(
            "`{line}` exited with {NOT_FOUND}: the shell knows no such command; for Rust's `!`, write `(!x)`"
        )),
        (Some(code), _) => Some(format!("`{line}` exited with {code}")),
        (None, signal) => Some(format!(
            "`{line}` was ended by signal {}",
            signal.unwrap_or_default()
        )),
    }
}

fn shortened(line: &str) -> String {
    let first = line.lines().next().unwrap_or_default();
    let mut short: String = first.chars().take(60).collect();
    if short.len() < line.len() {
        short.push('…');
    }
    short
}
