//! Taskflow, where the system's C++ compiler finds its headers.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::child::{BUDGET, MAX_ROUNDS, N_WARM_UP};
use crate::dask::succeed;

const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/tasks/taskflow.cpp");

/// The program that measures the workloads, compiled anew with the headers in `include`, or else with the system's.
///
/// # Errors
/// Why there is none: no compiler, or no headers.
pub(crate) fn program(include: Option<&str>) -> Result<PathBuf, String> {
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("taskflow");
    let mut compiler = Command::new("c++");
    compiler.args(["-std=c++20", "-O3", "-pthread"]);
    compiler.args(include.map(|folder| format!("-I{folder}")));
    compiler.arg(format!("-DSECONDS={}", BUDGET.as_secs()));
    compiler.arg(format!("-DMAX_ROUNDS={MAX_ROUNDS}"));
    compiler.arg(format!("-DN_WARM_UP={N_WARM_UP}"));
    compiler.arg(SOURCE).arg("-o").arg(&program);
    succeed(compiler, "`c++` does not compile it").map(|_| program)
}
