//! The analyzer process: completion and documentation for cells, beside the kernel and never on the path of a cell. It
//! reads questions from its stdin and writes replies to its stdout, line by line, and ends when its stdin does.

mod complete;
mod declarations;
mod inspect;
mod libraries;
mod memory;
mod notebook;
mod signature;
mod worker;
mod world;

use std::io;
use std::process::ExitCode;
use std::sync::mpsc::{Sender, channel};
use std::thread;

use dagbok_kernel::analysis::protocol::{Question, Settings};

use world::{Event, World};

fn main() -> ExitCode {
    let mut line = String::new();
    let settings: Settings = match io::stdin().read_line(&mut line) {
        Ok(0) => return ExitCode::SUCCESS,
        Ok(_) => match serde_json::from_str(&line) {
            Ok(settings) => settings,
            Err(error) => return refuse(&format!("the first line is no settings: {error}")),
        },
        Err(error) => return refuse(&format!("cannot read settings: {error}")),
    };
    let (events, received) = channel();
    let reader = events.clone();
    thread::spawn(move || read(&reader));
    match World::new(&settings, events).run(&received) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => refuse(&error.to_string()),
    }
}

/// Hands on every question until there are no more.
fn read(events: &Sender<Event>) {
    for line in io::stdin().lines().map_while(Result::ok) {
        let event = match serde_json::from_str::<Question>(&line) {
            Ok(question) => Event::Asked(Box::new(question)),
            Err(error) => {
                log(&format!("cannot read a question: {error}"));
                continue;
            }
        };
        if events.send(event).is_err() {
            return;
        }
    }
    let _ = events.send(Event::Closed);
}

/// Writes a line that the kernel puts in its log.
#[expect(clippy::print_stderr, reason = "the kernel reads stderr as a log")]
pub(crate) fn log(sentence: &str) {
    eprintln!("{sentence}");
}

fn refuse(sentence: &str) -> ExitCode {
    log(sentence);
    ExitCode::FAILURE
}
