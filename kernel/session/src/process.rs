//! What `dagbok-session` is made of: it holds the variables, loads compiled cells and runs them, one after the other,
//! on a thread with a large stack. The kernel writes on the socket, whose end is the end of this process.

use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use dagbok_kernel::channel::{FromSession, SOCKET_VARIABLE, ToSession, read_frame};

use crate::cells::{Cells, to_place};
use crate::link::Link;

/// Deep recursion is how people first learn of the stack; the main thread's usual 8 MB are soon used up at opt 0.
const STACK_BYTES: usize = 64 << 20;

/// `print!` without a newline stays in std's buffer; it reaches the screen within this time while a cell runs.
const FLUSH_PERIOD: Duration = Duration::from_millis(40);

/// Runs the session until the kernel closes the socket.
///
/// # Errors
/// If the kernel's socket cannot be reached.
pub(super) fn run() -> io::Result<()> {
    let path = std::env::var_os(SOCKET_VARIABLE)
        .ok_or_else(|| io::Error::other("dagbok-session is started by `dagbok`, not by hand"))?;
    let mut socket = UnixStream::connect(path)?;
    let link = Arc::new(Link::new(socket.try_clone()?));
    dagbok::display::set_sink(Some(link.clone()));
    report_panics(link.clone());
    crate::calls::trace();
    crate::futures::start()?;

    let (runs, queue) = mpsc::channel();
    let running = Arc::new(AtomicBool::new(false));
    spawn("dagbok-flush", {
        let running = running.clone();
        move || flush_forever(&running)
    })?;
    thread::Builder::new()
        .name("cell".to_owned())
        .stack_size(STACK_BYTES)
        .spawn({
            let link = link.clone();
            move || run_cells(&queue, &link, &running)
        })?;
    link.send(&FromSession::Ready)?;
    while let Some(frame) = read_frame(&mut socket)? {
        match frame {
            ToSession::Interrupt => dagbok::cancel::request(),
            ToSession::Shown => link.shown(),
            work @ (ToSession::Run(_) | ToSession::Forget { .. }) => {
                if runs.send(work).is_err() {
                    break;
                }
            }
        }
    }
    Ok(())
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .map(drop)
}

fn run_cells(queue: &mpsc::Receiver<ToSession>, link: &Link, running: &AtomicBool) {
    let _runtime = crate::futures::enter();
    let mut cells = Cells::new();
    for work in queue {
        match work {
            ToSession::Run(run) => {
                running.store(true, Ordering::SeqCst);
                dagbok::cancel::reset();
                let finished = cells.run(&run);
                running.store(false, Ordering::SeqCst);
                flush_stdout();
                if link.send(&FromSession::Finished(finished)).is_err() {
                    return;
                }
            }
            ToSession::Forget { names } => cells.forget(&names),
            ToSession::Interrupt | ToSession::Shown => {}
        }
    }
}

fn flush_forever(running: &AtomicBool) {
    loop {
        thread::sleep(FLUSH_PERIOD);
        if running.load(Ordering::Relaxed) {
            flush_stdout();
        }
    }
}

/// What a cell printed without a newline goes out now; a closed pipe means that the kernel is gone, and so are we soon.
pub(super) fn flush_stdout() {
    let _ = io::stdout().flush();
}

fn report_panics(link: Arc<Link>) {
    dagbok::cell::set_panic_reporter(move |thread, panic| {
        if panic.cancelled {
            return;
        }
        let _ = link.send(&FromSession::ThreadPanicked {
            thread: thread.to_owned(),
            message: panic.message.clone(),
            place: panic.place.clone().map(to_place),
        });
    });
}
