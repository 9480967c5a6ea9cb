//! What `dagbok-session` is made of: it holds the variables, loads compiled cells and runs them. The kernel writes on the
//! socket, whose end is the end of this process.

use std::io;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;

use dagbok::cancel;
use dagbok::cell::{Witness, threads};
use dagbok_kernel::channel::{FromSession, SOCKET_VARIABLE, ToSession, read_frame};
use dagbok_kernel::marks::{HELD_EXTENSION, random_word};

use crate::cells::to_place;
use crate::comms::Comms;
use crate::input::Questions;
use crate::link::Link;
use crate::shells::Shells;
use crate::{interpose, output, unbuffered, waiting};

/// Runs the session until the kernel closes the socket.
///
/// # Errors
/// If the kernel's socket cannot be reached.
pub(super) fn run() -> io::Result<()> {
    threads::work_for(threads::NONE);
    let path = std::env::var_os(SOCKET_VARIABLE)
        .map(PathBuf::from)
        .ok_or_else(|| io::Error::other("dagbok-session is started by `dagbok`, not by hand"))?;
    let mut socket = UnixStream::connect(&path)?;
    let link = Arc::new(Link::new(socket.try_clone()?));
    let word = print_to_kernel(path)?;
    dagbok::display::set_sink(Some(link.clone()));
    cancel::set_waker(waiting::wake_all);
    let questions = Questions::start(link.clone());
    report_panics(link.clone());
    crate::calls::trace();
    crate::futures::start()?;

    let shells = Shells::new(link.clone());
    let comms = Comms::start(link.clone())?;
    link.send(&FromSession::Ready { word })?;
    while let Some(frame) = read_frame(&mut socket)? {
        match frame {
            ToSession::Interrupt => {
                cancel::request();
                waiting::wake_all();
                questions.wake();
            }
            ToSession::Shown => link.shown(),
            ToSession::Answer { question, answer } => questions.answered(question, answer),
            ToSession::Run { cell, shell, run } => shells.run(shell, cell, run)?,
            ToSession::EndShell { shell } => shells.end(shell),
            ToSession::Forget { names } => shells.forget(&names),
            ToSession::Comm { run, comm } => comms.receive(run, comm),
        }
    }
    Ok(())
}

/// From now on what is printed goes to the kernel under the number of its cell, with marks made of the word returned.
fn print_to_kernel(socket: PathBuf) -> io::Result<String> {
    let word = random_word();
    output::start(word.clone(), &socket.with_extension(HELD_EXTENSION))?;
    if !unbuffered::unbuffer_stdout() {
        tracing::warn!("std's buffer was not found: text without a newline is shown late");
    }
    interpose::buffer_lines_of_c();
    Ok(word)
}

fn report_panics(link: Arc<Link>) {
    dagbok::cell::set_panic_reporter(move |witness, panic| {
        if panic.cancelled {
            return;
        }
        output::flush();
        let thread = match witness {
            Witness::Caught => None,
            Witness::Nobody { thread } => Some(thread.clone()),
        };
        let _ = link.send(&FromSession::Panicked {
            cell: threads::served(),
            thread,
            message: panic.message.clone(),
            place: panic.place.clone().map(to_place),
        });
    });
}
