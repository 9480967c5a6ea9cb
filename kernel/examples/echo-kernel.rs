//! A kernel whose cells are scripts instead of Rust, for trying clients without a compiler:
//! `echo-kernel CONNECTION_FILE`. A cell such as `print hello` or `result 2` does what it says.

#[path = "../tests/jupyter/scripted.rs"]
mod scripted;

use std::process::ExitCode;

use dagbok_kernel::server::Options;

fn main() -> ExitCode {
    let Some(connection_file) = std::env::args_os().nth(1) else {
        return ExitCode::FAILURE;
    };
    let evaluator = || Ok(Box::new(scripted::Scripted::new()) as Box<_>);
    match dagbok_kernel::server::serve(connection_file.as_ref(), Options::default(), evaluator) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
