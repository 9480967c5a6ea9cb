//! The session process: the one binary that links the engine. `dagbok` starts it.

mod calls;
mod cells;
mod comms;
mod futures;
mod input;
#[expect(
    unsafe_code,
    reason = "the C library's functions are called and replaced here"
)]
mod interpose;
mod link;
mod original;
mod output;
mod process;
mod shells;
mod stopwatch;
mod unbuffered;
mod waiting;

use std::process::ExitCode;

fn main() -> ExitCode {
    dagbok_engine::install();
    match process::run() {
        Ok(()) => interpose::exit(0),
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}
