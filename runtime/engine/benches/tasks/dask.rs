//! Dask in an environment of the benchmark's own.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::child::{BUDGET, MAX_ROUNDS, N_WARM_UP};

/// What is installed from PyPI.
const PACKAGES: &[&str] = &["dask==2026.7.1"];

const SCRIPT: &str = include_str!("dask.py");

/// The environment's `python`, made once beside the build products, and again when the list of packages has changed.
///
/// # Errors
/// Why there is none: no Python with `venv`, or packages that cannot be had.
pub(crate) fn environment() -> Result<PathBuf, String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("dask");
    let python = folder.join("bin/python");
    let stamp = folder.join("packages.txt");
    let wanted = PACKAGES.join("\n");
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    let mut venv = Command::new("python3");
    venv.args(["-m", "venv", "--clear"]).arg(&folder);
    succeed(venv, "`python3` makes no environment")?;
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--quiet"]);
    pip.arg("--disable-pip-version-check").args(PACKAGES);
    succeed(pip, "`pip` cannot install it")?;
    std::fs::write(&stamp, wanted).map_err(|error| format!("{}: {error}", stamp.display()))?;
    Ok(python)
}

/// Measures what its further arguments say.
pub(crate) fn command(python: &Path) -> Command {
    let mut command = Command::new(python);
    command.args(["-c", SCRIPT]);
    command.arg(BUDGET.as_secs().to_string());
    command.args([MAX_ROUNDS, N_WARM_UP].map(|number| number.to_string()));
    command
}

/// Runs `command`; what it said on its standard error if it failed.
pub(crate) fn succeed(mut command: Command, complaint: &str) -> Result<Output, String> {
    let output = command.output();
    let output = output.map_err(|error| format!("{complaint}: {error}"))?;
    match output.status.success() {
        true => Ok(output),
        false => {
            let said = String::from_utf8_lossy(&output.stderr);
            let first = said.lines().find(|line| !line.trim().is_empty());
            Err(format!(
                "{complaint}: {}",
                first.unwrap_or("it says nothing")
            ))
        }
    }
}
