//! The session process: the one binary that links the engine. `dagbok` starts it.

mod calls;
mod cells;
mod futures;
mod link;
mod process;
mod stopwatch;

use std::process::ExitCode;

fn main() -> ExitCode {
    dagbok_engine::install();
    match process::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}
