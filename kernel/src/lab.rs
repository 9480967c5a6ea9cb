//! `dagbok lab`: JupyterLab with this kernel, and nothing changed outside of Dagbok's cache folder.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::install;

/// What to open, and how.
#[derive(Clone, Debug)]
pub struct LabOptions {
    /// The folder to open; `notebooks` if there is one here, else this one.
    pub folder: Option<PathBuf>,
    pub port: Option<u16>,
    /// Further arguments of `jupyter lab`.
    pub arguments: Vec<OsString>,
}

/// Why JupyterLab could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("`{0}` is not a folder")]
    Folder(PathBuf),
    #[error("cannot find a cache folder: set `XDG_CACHE_HOME` or `HOME`")]
    NoCache,
    #[error("cannot write `{path}`: {source}")]
    Cache { path: PathBuf, source: io::Error },
    #[error(
        "no `jupyter` with JupyterLab on the PATH, and no `python3` to install it with: install Python 3, or `pip install \
         jupyterlab`"
    )]
    NoPython,
    #[error(
        "`python3` cannot make a virtual environment: install its `venv` module (Debian: `apt install python3-venv`), or \
         `pip install jupyterlab`\n{0}"
    )]
    NoVenv(String),
    #[error("cannot install JupyterLab into `{folder}`: is there a network?\n{reason}")]
    Pip { folder: PathBuf, reason: String },
    #[error(transparent)]
    Kernelspec(#[from] install::Error),
    #[error("cannot start `{program}`: {source}")]
    Start { program: PathBuf, source: io::Error },
}

/// Becomes JupyterLab: returns only if that cannot be started. `tell` is called before something that takes time.
///
/// # Errors
/// Says what is missing and how to get it.
pub fn lab(options: &LabOptions, tell: impl Fn(&str)) -> Result<std::convert::Infallible, Error> {
    let folder = folder(options.folder.as_deref())?;
    let cache = cache_folder().ok_or(Error::NoCache)?;
    let jupyter = match installed_jupyter() {
        Some(jupyter) => jupyter,
        None => own_jupyter(&cache.join("lab"), &tell)?,
    };
    let data = cache.join("lab-kernels");
    let program = std::env::current_exe().map_err(cannot_write(&data))?;
    install::write_kernelspec(&data.join("kernels/dagbok"), &program, None)?;

    let mut command = Command::new(&jupyter);
    command
        .arg("lab")
        .arg(concatenated("--ServerApp.root_dir=", &folder))
        .env("JUPYTER_PATH", jupyter_path(&data));
    if let Some(port) = options.port {
        command.arg(format!("--ServerApp.port={port}"));
    }
    let source = command.args(&options.arguments).exec();
    Err(Error::Start {
        program: jupyter,
        source,
    })
}

fn folder(asked: Option<&Path>) -> Result<PathBuf, Error> {
    let folder = match asked {
        Some(folder) => folder.to_path_buf(),
        None if Path::new("notebooks").is_dir() => "notebooks".into(),
        None => ".".into(),
    };
    match fs::canonicalize(&folder) {
        Ok(absolute) if absolute.is_dir() => Ok(absolute),
        _ => Err(Error::Folder(folder)),
    }
}

fn cache_folder() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let cache = match set("XDG_CACHE_HOME") {
        Some(cache) => PathBuf::from(cache),
        None => PathBuf::from(set("HOME")?).join(".cache"),
    };
    Some(cache.join("dagbok"))
}

/// The `jupyter` on the PATH, if it has JupyterLab.
fn installed_jupyter() -> Option<PathBuf> {
    let jupyter = PathBuf::from("jupyter");
    has_lab(&jupyter).then_some(jupyter)
}

fn has_lab(jupyter: &Path) -> bool {
    Command::new(jupyter)
        .args(["lab", "--version"])
        .stdin(Stdio::null())
        .output()
        .is_ok_and(|output| output.status.success())
}

/// The `jupyter` in the virtual environment `venv`, which is made if it is not there yet.
fn own_jupyter(venv: &Path, tell: &impl Fn(&str)) -> Result<PathBuf, Error> {
    let jupyter = venv.join("bin/jupyter");
    if has_lab(&jupyter) {
        return Ok(jupyter);
    }
    tell(&format!(
        "installing JupyterLab into `{}`; this takes a minute, once",
        venv.display()
    ));
    let _ = fs::remove_dir_all(venv);
    let parent = venv.parent().unwrap_or(venv);
    fs::create_dir_all(parent).map_err(cannot_write(parent))?;

    let made = Command::new("python3")
        .args(["-m", "venv"])
        .arg(venv)
        .output()
        .map_err(|_| Error::NoPython)?;
    if !made.status.success() {
        let _ = fs::remove_dir_all(venv);
        return Err(Error::NoVenv(last_words(
            &[made.stdout, made.stderr].concat(),
        )));
    }
    let pip = venv.join("bin/pip");
    let installed = Command::new(&pip)
        .args(["install", "--quiet", "--disable-pip-version-check"])
        .arg("jupyterlab")
        .output()
        .map_err(|source| Error::Start {
            program: pip,
            source,
        })?;
    if !installed.status.success() {
        let _ = fs::remove_dir_all(venv);
        return Err(Error::Pip {
            folder: venv.to_path_buf(),
            reason: last_words(&installed.stderr),
        });
    }
    Ok(jupyter)
}

/// The last lines of what a program said.
fn last_words(said: &[u8]) -> String {
    let said = String::from_utf8_lossy(said);
    let lines: Vec<&str> = said.trim().lines().collect();
    lines[lines.len().saturating_sub(5)..].join("\n")
}

/// Where Jupyter looks for kernels: `data` before what was set already.
fn jupyter_path(data: &Path) -> OsString {
    let mut path = OsString::from(data);
    if let Some(former) = std::env::var_os("JUPYTER_PATH").filter(|former| !former.is_empty()) {
        path.push(":");
        path.push(former);
    }
    path
}

fn concatenated(prefix: &str, path: &Path) -> OsString {
    let mut text = OsString::from(prefix);
    text.push(path);
    text
}

fn cannot_write(path: &Path) -> impl Fn(io::Error) -> Error {
    let path = path.to_path_buf();
    move |source| Error::Cache {
        path: path.clone(),
        source,
    }
}
