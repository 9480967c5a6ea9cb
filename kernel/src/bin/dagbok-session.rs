//! The session process: the one binary that links the engine. `dagbok` starts it.

use std::process::ExitCode;

fn main() -> ExitCode {
    dagbok_engine::install();
    match dagbok_kernel::session_process::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}
