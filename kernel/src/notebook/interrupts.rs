//! Ctrl-C: the first stops the cell, the second ends the run, the third leaves at once.

use std::time::{Duration, Instant};

/// A second Ctrl-C within this time means it.
const AGAIN: Duration = Duration::from_secs(3);

/// What a Ctrl-C asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Request {
    /// Stop the running cell and keep the session.
    Interrupt,
    /// End the session, and write what there is.
    End,
    /// Exit now: what there is has been written.
    Leave,
}

/// The Ctrl-Cs of this run so far.
#[derive(Debug, Default)]
pub(super) struct Interrupts {
    last: Option<(Instant, Request)>,
}

impl Interrupts {
    /// Takes in one Ctrl-C, pressed at `now`.
    pub(super) fn press(&mut self, now: Instant) -> Request {
        let request = match self.last {
            Some((_, Request::End | Request::Leave)) => Request::Leave,
            Some((before, Request::Interrupt)) if now.duration_since(before) < AGAIN => {
                Request::End
            }
            _ => Request::Interrupt,
        };
        self.last = Some((now, request));
        request
    }

    /// Whether there was one.
    pub(super) fn any(&self) -> bool {
        self.last.is_some()
    }
}

/// Calls `pressed` at each Ctrl-C from now on, on a thread of its own, until it returns false.
///
/// # Errors
/// The system's, if the signal cannot be listened to.
pub(super) fn listen(mut pressed: impl FnMut() -> bool + Send + 'static) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut signals = {
        let _context = runtime.enter();
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt())?
    };
    let wait =
        move || runtime.block_on(async { while signals.recv().await.is_some() && pressed() {} });
    std::thread::Builder::new()
        .name("ctrl-c".into())
        .spawn(wait)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Duration, Instant, Interrupts, Request};

    fn check(seconds: &[u64], expected: &[Request]) {
        let start = Instant::now();
        let mut interrupts = Interrupts::default();
        let press = |second: &u64| interrupts.press(start + Duration::from_secs(*second));
        assert_eq!(seconds.iter().map(press).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_second_press_ends_only_when_it_is_soon() {
        use Request::{End, Interrupt, Leave};
        check(&[0, 10, 20], &[Interrupt, Interrupt, Interrupt]);
        check(&[0, 2, 30], &[Interrupt, End, Leave]);
        check(&[0, 3, 4, 4], &[Interrupt, Interrupt, End, Leave]);
    }
}
