//! The session process: the one binary that links the engine. `dagbok` starts it.

use std::process::ExitCode;

use dagbok_engine as _;

fn main() -> ExitCode {
    match dagbok_kernel::session_process::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}
