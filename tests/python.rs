//! A virtual environment of the tests' own, for real Jupyter clients.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

const PACKAGES: &[&str] = &[
    "nbclient==0.11.0",
    "nbformat==5.11.1",
    "jupyter_client==8.10.0",
    "jupyter_kernel_test==0.7.0",
];

/// The environment's `python`, or `None`, said on standard error, where this machine has no Python with `venv`.
///
/// The environment is made once, beside the build products, and again when the list of packages has changed.
pub fn python() -> Option<&'static Path> {
    static PYTHON: OnceLock<Option<PathBuf>> = OnceLock::new();
    PYTHON.get_or_init(make_environment).as_deref()
}

fn make_environment() -> Option<PathBuf> {
    let folder = crate::release_dir().join("test-python");
    let python = folder.join("bin/python");
    let stamp = folder.join("packages.txt");
    let wanted = PACKAGES.join("\n");
    let _lock = lock(&folder.with_extension("lock"));
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Some(python);
    }
    if !Command::new("python3")
        .args(["-m", "venv", "--clear"])
        .arg(&folder)
        .status()
        .is_ok_and(|status| status.success())
    {
        skip("`python3` with its `venv` module");
        return None;
    }
    let pip = Command::new(&python)
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ])
        .args(PACKAGES)
        .status();
    assert!(
        pip.is_ok_and(|status| status.success()),
        "pip could not install {PACKAGES:?}"
    );
    std::fs::write(&stamp, wanted).expect("the environment's folder can be written");
    Some(python)
}

/// Test programs run side by side and share the environment: the first one makes it, the others wait.
fn lock(path: &Path) -> std::fs::File {
    let file = std::fs::File::create(path).expect("the build folder can be written");
    file.lock()
        .expect("the build folder is on a file system with locks");
    file
}

/// Says that a test is skipped since the system lacks `what`.
#[expect(
    clippy::print_stderr,
    reason = "a skipped test must name what it misses"
)]
pub fn skip(what: &str) {
    eprintln!("skipped: this test needs {what}");
}
