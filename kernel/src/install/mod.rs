//! `dagbok install`: the runtime's files in one versioned folder, and a kernelspec where Jupyter looks for it.
//!
//! The folder is named by version and by a hash of what is in it. Everything is written beside its place and renamed
//! into it, so an installation that is interrupted leaves the one before it as it was. A folder that a running kernel
//! uses stays until a later installation.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// The marker in a runtime folder that a running kernel keeps locked.
const IN_USE: &str = "in-use";
const KERNEL_JSON: &str = include_str!("../../../assets/kernelspec/kernel.json");
const LOGOS: [(&str, &[u8]); 3] = [
    (
        "logo-32x32.png",
        include_bytes!("../../../assets/kernelspec/logo-32x32.png"),
    ),
    (
        "logo-64x64.png",
        include_bytes!("../../../assets/kernelspec/logo-64x64.png"),
    ),
    (
        "logo-svg.svg",
        include_bytes!("../../../assets/kernelspec/logo-svg.svg"),
    ),
];

/// Where to install.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Where Jupyter looks for the current user.
    User,
    /// Under `share/` of a folder.
    Prefix(PathBuf),
    /// Under `share/` of the active virtual or conda environment, or of `python3`.
    SysPrefix,
}

/// What to install, as what.
#[derive(Clone, Debug)]
pub struct InstallOptions {
    pub place: Place,
    /// The kernel's name, by which notebooks and `jupyter` refer to it.
    pub name: String,
    /// The name that people see.
    pub display_name: Option<String>,
}

/// What an installed kernel runs from: what to copy, and to which path under the installed folder.
#[derive(Clone, Debug)]
pub struct InstallSet {
    pub files: Vec<(PathBuf, PathBuf)>,
    /// The path of the executable `dagbok` under the installed folder.
    pub program: PathBuf,
}

/// What an installation has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installed {
    pub kernelspec: PathBuf,
    pub runtime: PathBuf,
    /// Former folders that a running kernel still uses.
    pub left: Vec<PathBuf>,
}

/// Why nothing was installed or removed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("`{0}` cannot be a kernel's name: use letters, digits, `.`, `-` and `_`")]
    Name(String),
    #[error("no kernel `{name}` at `{folder}`; `jupyter kernelspec list` shows all")]
    NotInstalled { name: String, folder: PathBuf },
    #[error(
        "`{0}` is not one of Dagbok's kernels and stays as it is; choose another name with `--name`"
    )]
    Foreign(PathBuf),
    #[error(
        "the disk of `{0}` is full: make room and install again; what was installed before is untouched"
    )]
    Full(PathBuf),
    #[error(
        "`{0}` cannot be written: choose another place with `--prefix`, `--sys-prefix` or `--user`"
    )]
    Unwritable(PathBuf),
    #[error("`{0}` is missing: build the whole workspace with `cargo build --release` first")]
    Missing(PathBuf),
    #[error("cannot find the home folder: set `JUPYTER_DATA_DIR`, or use `--prefix`")]
    NoHome,
    #[error("cannot find an environment: activate one, or use `--prefix`: {0}")]
    NoEnvironment(String),
    #[error(
        "the active environment `{folder}` is not there: activate another one, or unset `{variable}`"
    )]
    GoneEnvironment {
        folder: PathBuf,
        variable: &'static str,
    },
    #[error(
        "Jupyter cannot start a program in `{}`, whose name is not Unicode: choose another place with `--prefix`", .0.display()
    )]
    NotUnicode(PathBuf),
    #[error("cannot write `{path}`: {source}")]
    Io { path: PathBuf, source: io::Error },
}

/// Copies `set` and writes the kernelspec; an earlier installation of the same name is replaced.
///
/// # Errors
/// Says what stands in the way and what to do; the installation before this one is then still whole.
pub fn install(options: &InstallOptions, set: &InstallSet) -> Result<Installed, Error> {
    check_name(&options.name)?;
    let folders = Folders::of(&options.place)?;
    let kernelspec = folders.kernels.join(&options.name);
    if kernelspec.exists() && folders.runtime_of(&kernelspec).is_none() {
        return Err(Error::Foreign(kernelspec));
    }
    let installed = install_runtime(&folders.runtimes, set).and_then(|runtime| {
        let program = runtime.join(&set.program);
        write_kernelspec(&kernelspec, &program, options.display_name.as_deref())?;
        Ok(runtime)
    });
    let runtime = installed.inspect_err(|_| {
        let _ = remove_unused(&folders);
        folders.remove_empty();
    })?;
    let left = remove_unused(&folders)?;
    Ok(Installed {
        kernelspec,
        runtime,
        left,
    })
}

impl Installed {
    /// The folder to put into `JUPYTER_PATH` for a Jupyter that is not installed under the same prefix.
    pub fn jupyter_path(&self) -> Option<&Path> {
        self.kernelspec.parent()?.parent()
    }
}

/// Removes what [`install`] has written for `name` at `place`, and nothing else.
///
/// # Errors
/// There is no such kernel, it is not one of Dagbok's, or it cannot be removed.
pub fn uninstall(place: &Place, name: &str) -> Result<Installed, Error> {
    check_name(name)?;
    let folders = Folders::of(place)?;
    let kernelspec = folders.kernels.join(name);
    if !kernelspec.join("kernel.json").is_file() {
        return Err(Error::NotInstalled {
            name: name.to_string(),
            folder: kernelspec,
        });
    }
    let runtime = folders
        .runtime_of(&kernelspec)
        .ok_or_else(|| Error::Foreign(kernelspec.clone()))?;
    fs::remove_dir_all(&kernelspec).map_err(at(&kernelspec))?;
    let left = remove_unused(&folders)?;
    folders.remove_empty();
    Ok(Installed {
        kernelspec,
        runtime,
        left,
    })
}

/// Writes a kernelspec that starts `program` into the folder `kernelspec`.
///
/// # Errors
/// The folder cannot be written, or JSON cannot hold the program's path.
pub fn write_kernelspec(
    kernelspec: &Path,
    program: &Path,
    display_name: Option<&str>,
) -> Result<(), Error> {
    let mut kernel_json: Value = serde_json::from_str(KERNEL_JSON).unwrap_or_default();
    let program = program
        .to_str()
        .ok_or_else(|| Error::NotUnicode(program.to_path_buf()))?;
    kernel_json["argv"][0] = json!(program);
    if let Some(display_name) = display_name {
        kernel_json["display_name"] = json!(display_name);
    }
    // `~` keeps Jupyter from taking the unfinished folder for a kernel.
    let staging = beside(kernelspec, "new");
    let written = (|| {
        fs::create_dir_all(&staging)?;
        fs::write(staging.join("kernel.json"), format!("{kernel_json:#}\n"))?;
        for (name, bytes) in LOGOS {
            fs::write(staging.join(name), bytes)?;
        }
        replace(&staging, kernelspec)
    })();
    written.map_err(|error| {
        let _ = fs::remove_dir_all(&staging);
        at(kernelspec)(error)
    })
}

/// Keeps the runtime folder of the running program from being removed, as long as the result lives; none if the program
/// is not an installed one.
pub fn keep_runtime() -> Option<File> {
    let program = std::env::current_exe().ok()?;
    let marker = File::open(program.parent()?.parent()?.join(IN_USE)).ok()?;
    marker.lock_shared().ok()?;
    Some(marker)
}

struct Folders {
    /// What is there without an installation.
    root: PathBuf,
    /// Where kernelspecs are.
    kernels: PathBuf,
    /// Where runtime folders are.
    runtimes: PathBuf,
}

impl Folders {
    fn of(place: &Place) -> Result<Folders, Error> {
        match place {
            Place::Prefix(prefix) => Folders::under(prefix),
            Place::SysPrefix => Folders::under(&sys_prefix()?),
            Place::User => Folders::of_user(),
        }
    }

    fn under(prefix: &Path) -> Result<Folders, Error> {
        let root = std::path::absolute(prefix).map_err(at(prefix))?;
        Ok(Folders {
            kernels: root.join("share/jupyter/kernels"),
            runtimes: root.join("share/dagbok"),
            root,
        })
    }

    /// Where Jupyter looks for what is a user's own, by its rules for each system.
    fn of_user() -> Result<Folders, Error> {
        let absolute = |path: PathBuf| std::path::absolute(&path).map_err(at(&path));
        if let Some(data) = set("JUPYTER_DATA_DIR") {
            let root = absolute(data)?;
            return Ok(Folders {
                kernels: root.join("kernels"),
                runtimes: root.join("dagbok"),
                root,
            });
        }
        let home = || set("HOME").ok_or(Error::NoHome).and_then(absolute);
        let (root, data) = match set("XDG_DATA_HOME") {
            _ if cfg!(target_os = "macos") => (home()?, "Library/Jupyter"),
            Some(data) => (absolute(data)?, "jupyter"),
            None => (home()?, ".local/share/jupyter"),
        };
        let data = root.join(data);
        Ok(Folders {
            kernels: data.join("kernels"),
            runtimes: data.with_file_name("dagbok"),
            root,
        })
    }

    /// Removes the folders that nothing is in, from the innermost outwards.
    fn remove_empty(&self) {
        for innermost in [&self.runtimes, &self.kernels] {
            let outwards = innermost.ancestors();
            for folder in outwards.take_while(|folder| *folder != self.root) {
                // Fails where something is left in it.
                let _ = fs::remove_dir(folder);
            }
        }
    }

    /// The runtime folder that the kernel of `kernelspec` runs from, if it is one of these, also where it says another place
    /// that is not there any more: the prefix was moved.
    fn runtime_of(&self, kernelspec: &Path) -> Option<PathBuf> {
        let program = program(kernelspec)?;
        let is_former = |folder: &&Path| folder.file_name() == self.runtimes.file_name();
        let runtimes = match program.starts_with(&self.runtimes) || program.exists() {
            true => &self.runtimes,
            false => program.parent()?.ancestors().find(is_former)?,
        };
        let runtime = program.strip_prefix(runtimes).ok()?;
        Some(self.runtimes.join(runtime.components().next()?))
    }
}

/// The program that the kernel of `kernelspec` runs.
fn program(kernelspec: &Path) -> Option<PathBuf> {
    let text = fs::read_to_string(kernelspec.join("kernel.json")).ok()?;
    let kernel_json: Value = serde_json::from_str(&text).ok()?;
    Some(PathBuf::from(kernel_json["argv"][0].as_str()?))
}

/// The environment that is active, or else that of `python3`.
fn sys_prefix() -> Result<PathBuf, Error> {
    for variable in ["VIRTUAL_ENV", "CONDA_PREFIX"] {
        match set(variable) {
            Some(folder) if folder.is_dir() => return Ok(folder),
            Some(folder) => return Err(Error::GoneEnvironment { folder, variable }),
            None => {}
        }
    }
    let output = std::process::Command::new("python3")
        .args(["-c", "import sys; print(sys.prefix)"])
        .output()
        .map_err(|error| Error::NoEnvironment(format!("`python3` does not start: {error}")))?;
    let prefix = String::from_utf8_lossy(&output.stdout).trim().to_string();
    if prefix.is_empty() {
        let reason = String::from_utf8_lossy(&output.stderr).trim().to_string();
        return Err(Error::NoEnvironment(reason));
    }
    Ok(prefix.into())
}

/// The path in an environment variable that is set and not empty.
fn set(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}

fn check_name(name: &str) -> Result<(), Error> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if name.is_empty() || name.starts_with('.') || !name.chars().all(allowed) {
        return Err(Error::Name(name.to_string()));
    }
    Ok(())
}

fn install_runtime(runtimes: &Path, set: &InstallSet) -> Result<PathBuf, Error> {
    let staging = beside(&runtimes.join("runtime"), "new");
    // Locked while it is unfinished: what a killed installation leaves is removed by the next one.
    let _marker = mark(&staging).map_err(at(runtimes))?;
    copy_all(runtimes, &staging, set)
        .and_then(|hash| {
            let version = env!("CARGO_PKG_VERSION");
            let runtime = runtimes.join(format!("{version}-{hash}"));
            if is_whole(&runtime, set) {
                fs::remove_dir_all(&staging).map_err(at(runtimes))?;
            } else {
                replace(&staging, &runtime).map_err(at(runtimes))?;
            }
            Ok(runtime)
        })
        .inspect_err(|_| drop(fs::remove_dir_all(&staging)))
}

fn mark(folder: &Path) -> io::Result<File> {
    fs::create_dir_all(folder)?;
    let marker = File::create(folder.join(IN_USE))?;
    marker.lock_shared()?;
    Ok(marker)
}

/// Copies the files into `staging`; a hash of their paths and contents.
fn copy_all(runtimes: &Path, staging: &Path, set: &InstallSet) -> Result<String, Error> {
    let mut hash = Sha256::new();
    for (source, target) in &set.files {
        let path = staging.join(target);
        let folder = path.parent().unwrap_or(staging);
        fs::create_dir_all(folder).map_err(at(runtimes))?;
        hash.update(target.as_os_str().as_encoded_bytes());
        hash_file(source, &mut hash).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Error::Missing(source.clone()),
            _ => at(source)(error),
        })?;
        fs::copy(source, &path).map_err(at(runtimes))?;
    }
    let digest = hash.finalize();
    Ok(digest[..6]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}

fn hash_file(path: &Path, hash: &mut Sha256) -> io::Result<()> {
    let mut file = File::open(path)?;
    let mut block = vec![0; 1 << 20];
    loop {
        match file.read(&mut block)? {
            0 => return Ok(()),
            n => hash.update(&block[..n]),
        }
    }
}

fn is_whole(runtime: &Path, set: &InstallSet) -> bool {
    let len = |path: &Path| fs::metadata(path).map(|data| data.len()).ok();
    runtime.join(IN_USE).is_file()
        && set.files.iter().all(|(source, target)| {
            let installed = len(&runtime.join(target));
            installed.is_some() && installed == len(source)
        })
}

/// Removes the runtime folders that no kernelspec starts; those that a running kernel uses are left and given back.
fn remove_unused(folders: &Folders) -> Result<Vec<PathBuf>, Error> {
    let used: Vec<PathBuf> = subfolders(&folders.kernels)
        .iter()
        .filter_map(|kernelspec| folders.runtime_of(kernelspec))
        .collect();
    let mut left = Vec::new();
    for runtime in subfolders(&folders.runtimes) {
        let marker = File::open(runtime.join(IN_USE));
        let Ok(marker) = marker else {
            continue;
        };
        if used.contains(&runtime) {
            continue;
        }
        if marker.try_lock().is_err() {
            left.push(runtime);
            continue;
        }
        fs::remove_dir_all(&runtime).map_err(at(&runtime))?;
    }
    Ok(left)
}

fn subfolders(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.is_dir())
        .collect();
    paths.sort();
    paths
}

/// Puts the finished folder `staging` in the place of `folder`.
fn replace(staging: &Path, folder: &Path) -> io::Result<()> {
    let former = beside(folder, "old");
    let _ = fs::remove_dir_all(&former);
    match fs::rename(folder, &former) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::rename(staging, folder)?;
    let _ = fs::remove_dir_all(&former);
    Ok(())
}

/// A name beside `folder` that no other process uses.
fn beside(folder: &Path, what: &str) -> PathBuf {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    folder.with_file_name(format!("{name}~{what}-{}", std::process::id()))
}

/// An I/O error at `path`, as what to do about it.
fn at(path: &Path) -> impl Fn(io::Error) -> Error {
    let path = path.to_path_buf();
    move |source| match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Error::Full(path.clone()),
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            Error::Unwritable(path.clone())
        }
        _ => Error::Io {
            path: path.clone(),
            source,
        },
    }
}

#[cfg(test)]
mod tests;
