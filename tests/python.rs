//! A virtual environment of the tests' own, for real Jupyter clients.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// What is installed from PyPI.
pub const PACKAGES: &[&str] = &[
    "flit_core==3.12.0",
    "jupyter_client==8.10.0",
    "jupyter_console==6.6.3",
    "jupyter_kernel_test==0.7.0",
    "jupyterlab==4.6.6",
    "jupyterlab_widgets==3.0.17",
    "nbclient==0.11.0",
    "nbconvert==7.17.2",
    "nbformat==5.11.1",
    "nbval==0.11.0",
    "papermill==2.7.0",
    "pexpect==4.9.0",
    "playwright==1.65.2",
    "pytest==9.2.0",
];

/// The environment's `python`, or `None`, said on standard error, where this machine has no Python with `venv`.
///
/// The environment is made once, beside the build products, and again when the list of packages has changed, or the
/// project's own package in `python/`.
pub fn python() -> Option<&'static Path> {
    static PYTHON: OnceLock<Option<PathBuf>> = OnceLock::new();
    PYTHON.get_or_init(make_environment).as_deref()
}

fn make_environment() -> Option<PathBuf> {
    let folder = crate::release_dir().join("test-python");
    let python = folder.join("bin/python");
    let stamp = folder.join("packages.txt");
    let own = crate::root().join("python");
    let wanted = format!("{}\n{}", PACKAGES.join("\n"), contents(&own));
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
    pip(&python, PACKAGES);
    let own = own.display().to_string();
    pip(&python, &["--no-build-isolation", "--no-deps", &own]);
    std::fs::write(&stamp, wanted).expect("the environment's folder can be written");
    Some(python)
}

fn pip(python: &Path, packages: &[&str]) {
    let pip = Command::new(python)
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ])
        .args(packages)
        .status();
    assert!(
        pip.is_ok_and(|status| status.success()),
        "pip could not install {packages:?}"
    );
}

/// The names and texts of all files below `folder`.
fn contents(folder: &Path) -> String {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("a readable folder")
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| !path.ends_with("__pycache__"))
        .collect();
    paths.sort();
    let text = |path: &PathBuf| match path.is_dir() {
        true => contents(path),
        false => std::fs::read_to_string(path).expect("UTF-8"),
    };
    paths
        .iter()
        .map(|path| format!("{}\n{}", path.display(), text(path)))
        .collect()
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
