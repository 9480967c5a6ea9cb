//! The installed kernel under real Jupyter clients: each test runs one file of `tests/clients/`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use dagbok_tests::python::{python, skip};
use dagbok_tests::{dagbok, release_dir, root};

/// A prefix of the tests' own that `dagbok install` has filled.
fn prefix() -> &'static Path {
    static PREFIX: OnceLock<PathBuf> = OnceLock::new();
    PREFIX.get_or_init(|| {
        let prefix = release_dir().join("test-prefix");
        // A build folder that was moved has a kernel whose program is elsewhere.
        let _ = std::fs::remove_dir_all(prefix.join("share/jupyter"));
        let output = dagbok()
            .args(["install", "--prefix"])
            .arg(&prefix)
            .output()
            .expect("`dagbok` runs");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        prefix
    })
}

/// `pytest` on a file of `tests/clients/`, in an environment that holds the kernel and nothing of the person who runs it.
fn pytest(python: &Path, file: &str, home: &Path) -> Command {
    let programs = python.parent().expect("a program is in a folder");
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = Command::new(python);
    command
        .args(["-m", "pytest", "-q", "-rs", "--tb=short"])
        .args(["-p", "no:cacheprovider"])
        .arg(root().join("tests/clients").join(file))
        .current_dir(home)
        .env("PATH", format!("{}:{path}", programs.display()))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("JUPYTER_PATH", prefix().join("share/jupyter"))
        .env("JUPYTER_PLATFORM_DIRS", "1")
        .env("DAGBOK_ROOT", root())
        .env("DAGBOK_PROGRAM", release_dir().join("dagbok"));
    for (name, folder) in [
        ("JUPYTER_CONFIG_DIR", "config"),
        ("JUPYTER_DATA_DIR", "data"),
        ("JUPYTER_RUNTIME_DIR", "runtime"),
        ("IPYTHONDIR", "ipython"),
        ("DAGBOK_HISTORY", "history.jsonl"),
    ] {
        command.env(name, home.join(folder));
    }
    command
}

/// All tests of a file pass.
#[track_caller]
fn check_clients(file: &str, environment: &[(&str, &Path)]) {
    let Some(python) = python() else { return };
    let home = tempfile::tempdir().expect("a temporary folder");
    let output = pytest(python, file, home.path())
        .envs(environment.iter().copied())
        .output()
        .expect("Python runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let skipped = said.lines().filter(|line| line.starts_with("SKIPPED"));
    skipped.for_each(skip);
}

#[test]
fn the_conformance_suite_of_jupyter() {
    check_clients("test_kernel_test.py", &[]);
}

#[test]
fn every_message_of_the_protocol() {
    check_clients("test_messages.py", &[]);
}

#[test]
fn the_habits_of_front_ends() {
    check_clients("test_frontends.py", &[]);
}

#[test]
fn subshells() {
    check_clients("test_subshells.py", &[]);
}

#[test]
fn the_notebooks_under_what_runs_notebooks() {
    check_clients("test_notebooks.py", &[]);
}

#[test]
fn papermill_writes_parameters_in_rust() {
    check_clients("test_papermill.py", &[]);
}

#[test]
fn the_console() {
    check_clients("test_console.py", &[]);
}

#[test]
fn installing_where_jupyter_looks() {
    check_clients("test_install.py", &[]);
}

/// All tests of a file pass in Chromium; they leave pictures in `test-pictures` beside the build products.
#[track_caller]
fn check_in_browser(file: &str) {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut programs = std::env::split_paths(&path)
        .flat_map(|folder| names.map(|name| folder.join(name)))
        .filter(|program| program.is_file());
    let Some(chromium) = programs.next() else {
        return skip("`chromium`");
    };
    let pictures = release_dir().join("test-pictures");
    check_clients(
        file,
        &[
            ("DAGBOK_CHROMIUM", &chromium),
            ("DAGBOK_PICTURES", &pictures),
        ],
    );
}

#[test]
fn jupyterlab_in_a_browser() {
    check_in_browser("test_lab.py");
}

#[test]
fn widgets_in_jupyterlab() {
    check_in_browser("test_widgets.py");
}
