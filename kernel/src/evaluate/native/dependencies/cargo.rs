//! One run of cargo for a set of dependencies. All notebooks of a machine that use the same runtime share one folder: a
//! package for each set of dependencies, one target folder, so that every crate is compiled once, and the libraries
//! made of them.

use std::env;
use std::fs::{self, File, TryLockError};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use sha2::{Digest, Sha256};
use toml::{Table, Value};

use super::super::interrupt::Control;
use super::super::toolchain::Toolchain;
use super::explain::{self, Explained};
use super::spec::Spec;
use super::wrapper::{
    COMPILING_INSTEAD, FOLDER_VARIABLE, LIST_VARIABLE, PACKAGE_VARIABLE, ROOT_RECORD,
    STRICT_VARIABLE,
};
use crate::carried::Carried;
use crate::runtime_files::RuntimeFiles;

/// The versions that the runtime was built with, which cargo keeps wherever they are good enough.
const RUNTIME_LOCK: &str = include_str!("../../../../../Cargo.lock");

const PACKAGE: &str = "dagbok-dependencies";

/// The file whose time says when a folder was used last.
const USED: &str = "used";

/// What was built for a runtime is removed when nobody has used it for so long.
const UNUSED_FOR: Duration = Duration::from_secs(60 * 24 * 3600);

/// How much of a library is read to tell it from another of the same name.
const HEAD_BYTES: u64 = 64 << 10;

/// How often a build that waits for another looks whether that has ended.
const WAIT_PERIOD: Duration = Duration::from_millis(50);

/// The folder of one runtime's dependencies.
#[derive(Debug)]
pub(super) struct Workshop {
    root: PathBuf,
    toolchain: Toolchain,
    /// The program that stands in for `rustc`.
    program: PathBuf,
    dependencies: PathBuf,
    pub(super) carried: Carried,
}

/// How cargo is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    AsUsual,
    Offline,
    /// With no crate of the runtime above one that is not.
    Strict,
}

/// How a build ended, if not well.
#[derive(Debug)]
pub(super) enum Failure {
    Interrupted,
    Explained(Explained),
    Io(io::Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure::Io(error)
    }
}

impl Workshop {
    /// The folder for the runtime `files` below `cache`, or else where this machine keeps such things.
    ///
    /// # Errors
    /// If it cannot be written, or the runtime's crates cannot be read.
    pub(super) fn open(
        files: &RuntimeFiles,
        toolchain: &Toolchain,
        cache: Option<&Path>,
    ) -> io::Result<Self> {
        let carried = files.carried(toolchain)?;
        let cache = match cache {
            Some(cache) => cache.to_owned(),
            None => cache_folder()?.join("dagbok/dependencies"),
        };
        let root = cache.join(runtime_identity(&carried, toolchain)?);
        for folder in ["packages", "objects"] {
            let folder = root.join(folder);
            fs::create_dir_all(&folder).map_err(|error| {
                io::Error::new(
                    error.kind(),
                    format!("`{}` cannot be made: {error}", folder.display()),
                )
            })?;
        }
        let list = serde_json::to_vec(&carried)?;
        let path = root.join("carried.json");
        if fs::read(&path).ok().as_ref() != Some(&list) {
            let unfinished = tempfile::NamedTempFile::new_in(&root)?;
            fs::write(unfinished.path(), list)?;
            unfinished.persist(path).map_err(|error| error.error)?;
        }
        let _ = remove_unused(&cache, &root);
        Ok(Workshop {
            root,
            toolchain: toolchain.clone(),
            program: files.program()?,
            dependencies: files.dependencies.clone(),
            carried,
        })
    }

    /// Where the libraries that the session loads are.
    pub(super) fn objects(&self) -> PathBuf {
        self.root.join("objects")
    }

    pub(super) fn toolchain(&self) -> &Toolchain {
        &self.toolchain
    }

    /// The folder of the package that has `specs` as its dependencies.
    pub(super) fn package(&self, specs: &[&Spec]) -> PathBuf {
        let mut lines: Vec<String> = specs
            .iter()
            .map(|spec| format!("{} = {}\n", spec.key, spec.value))
            .collect();
        lines.sort();
        let key = hex(&Sha256::digest(lines.concat()));
        self.root.join("packages").join(&key[..16])
    }

    /// Whether `specs` were built before and can only be found as they were: nothing of theirs is in a folder that
    /// someone may have changed.
    pub(super) fn is_built(&self, specs: &[&Spec]) -> bool {
        specs.iter().all(|spec| spec.path().is_none())
            && self.package(specs).join(ROOT_RECORD).is_file()
    }

    /// Keeps other notebooks from building; `None` if interrupted meanwhile.
    pub(super) fn lock(
        &self,
        control: &Control,
        progress: &mut dyn FnMut(&str),
    ) -> io::Result<Option<File>> {
        let file = File::create(self.root.join("lock"))?;
        let mut has_told = false;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Some(file)),
                Err(TryLockError::Error(error)) => return Err(error),
                Err(TryLockError::WouldBlock) if control.is_interrupted() => return Ok(None),
                Err(TryLockError::WouldBlock) => {
                    if !has_told {
                        progress("waiting for another notebook's dependencies");
                        has_told = true;
                    }
                    thread::sleep(WAIT_PERIOD);
                }
            }
        }
    }

    /// Has cargo build `specs`, starting from the versions of the package `before`, or else from the runtime's.
    pub(super) fn build(
        &self,
        specs: &[&Spec],
        before: Option<&Path>,
        control: &Control,
        progress: &mut dyn FnMut(&str),
    ) -> Result<PathBuf, Failure> {
        let package = self.package(specs);
        let is_new = !package.join(ROOT_RECORD).is_file();
        if is_new {
            write_package(&package, specs, before)?;
        }
        let mut run = |how| self.run(&package, how, control, progress);
        let failed = match run(How::AsUsual)? {
            Err(output) if explain::is_network(&output) => {
                run(How::Offline)?.map_err(|_| explain::unreachable(&keys(specs)))
            }
            Err(output) if explain::is_mixture(&output) => {
                run(How::Strict)?.map_err(|output| explain::explain(&output))
            }
            built => built.map_err(|output| explain::explain(&output)),
        };
        if let Err(explained) = failed {
            if is_new {
                fs::remove_dir_all(&package)?;
            }
            return Err(Failure::Explained(explained));
        }
        Ok(package)
    }

    /// One run of cargo; what it wrote, if it failed.
    fn run(
        &self,
        package: &Path,
        how: How,
        control: &Control,
        progress: &mut dyn FnMut(&str),
    ) -> Result<Result<(), String>, Failure> {
        let mut command = self.cargo(package, how);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let spawned = control.spawn_group(&mut command).map_err(|error| {
            let missing = error.kind() == io::ErrorKind::NotFound;
            match missing {
                true => Failure::Explained(Explained {
                    sentence: "dependencies need `cargo`, which is neither beside `rustc` nor on the path; \
                               install Rust from https://rustup.rs"
                        .to_owned(),
                    output: Vec::new(),
                }),
                false => Failure::Io(error),
            }
        })?;
        let Some(stderr) = spawned else {
            return Err(Failure::Interrupted);
        };
        let mut output = String::new();
        let mut lines = BufReader::new(stderr);
        let mut line = Vec::new();
        while lines.read_until(b'\n', &mut line)? > 0 {
            let text = String::from_utf8_lossy(&line);
            if let Some(told) = self.worth_telling(&text) {
                progress(told);
            }
            output.push_str(&text);
            line.clear();
        }
        match control.wait_for_compiler()? {
            None => Err(Failure::Interrupted),
            Some(status) if status.success() => Ok(Ok(())),
            Some(_) => Ok(Err(output)),
        }
    }

    fn cargo(&self, package: &Path, how: How) -> Command {
        let beside = self.toolchain.rustc.with_file_name("cargo");
        let mut command = match beside.is_file() {
            true => Command::new(beside),
            false => Command::new("cargo"),
        };
        let target = self.root.join(match how {
            How::AsUsual | How::Offline => "target",
            How::Strict => "target-strict",
        });
        let mut build_folder = String::from("build.build-dir=");
        build_folder.push_str(&Value::String(target.display().to_string()).to_string());
        for variable in UNWANTED_VARIABLES {
            command.env_remove(variable);
        }
        command
            .current_dir(package)
            .env("RUSTC", &self.toolchain.rustc)
            .env("RUSTC_WRAPPER", &self.program)
            .env("RUSTC_WORKSPACE_WRAPPER", "")
            .env(LIST_VARIABLE, self.root.join("carried.json"))
            .env(FOLDER_VARIABLE, &self.dependencies)
            .env(PACKAGE_VARIABLE, package)
            .env("CARGO_ENCODED_RUSTFLAGS", "")
            .args(["build", "--release", "--color", "never"])
            // Crates for the session are told apart from those that run while others are compiled.
            .args(["--target", self.toolchain.host()])
            .arg("--target-dir")
            .arg(&target)
            .args(["--config", &build_folder])
            .args(PROFILE.iter().flat_map(|setting| ["--config", setting]));
        match how {
            How::AsUsual => {}
            How::Offline => drop(command.arg("--offline")),
            How::Strict => drop(command.env(STRICT_VARIABLE, "1")),
        }
        command
    }

    /// What of cargo's lines a person waits for. It does not know that it compiles nothing where a crate is the runtime's
    /// own; what is compiled in spite of that is told by what stands in for `rustc`.
    fn worth_telling<'l>(&self, line: &'l str) -> Option<&'l str> {
        let line = line.trim();
        let (verb, rest) = line.split_once(' ')?;
        match verb {
            "Updating" | "Downloaded" | "Blocking" => Some(line),
            "Compiling" => {
                let (package, version) = rest.split_once(" v")?;
                let version = version.split(' ').next().unwrap_or(version);
                let is_ours =
                    package == PACKAGE || self.carried.find_exact(package, version, &[]).is_some();
                (!is_ours).then_some(line)
            }
            COMPILING_INSTEAD => Some(rest),
            _ => None,
        }
    }
}

fn keys(specs: &[&Spec]) -> Vec<String> {
    specs.iter().map(|spec| spec.key.clone()).collect()
}

/// What a person may have set for their own builds, which must not reach these.
const UNWANTED_VARIABLES: &[&str] = &[
    "CARGO_BUILD_TARGET",
    "CARGO_INCREMENTAL",
    "CARGO_MAKEFLAGS",
    "MAKEFLAGS",
    "MFLAGS",
    "RUSTFLAGS",
];

const PROFILE: &[&str] = &[
    "profile.release.lto=false",
    "profile.release.panic=\"unwind\"",
    "profile.release.debug=false",
    "profile.release.strip=false",
    "profile.release.incremental=false",
    "net.retry=1",
    "http.timeout=15",
];

/// Writes the package of `specs`, so that cargo compiles it in any case.
fn write_package(package: &Path, specs: &[&Spec], before: Option<&Path>) -> io::Result<()> {
    fs::create_dir_all(package)?;
    let lock = match before {
        Some(before) => fs::read_to_string(before.join("Cargo.lock"))?,
        None => RUNTIME_LOCK.to_owned(),
    };
    fs::write(package.join("Cargo.lock"), lock)?;
    fs::write(
        package.join("lib.rs"),
        "//! The dependencies of a notebook.\n",
    )?;
    let dependencies: Table = specs
        .iter()
        .map(|spec| (spec.key.clone(), spec.value.clone()))
        .collect();
    let text = |text: &str| Value::String(text.to_owned());
    let table = |entries: &[(&str, Value)]| {
        let entries = entries
            .iter()
            .map(|(key, value)| ((*key).to_owned(), value.clone()));
        Value::Table(entries.collect())
    };
    let manifest = table(&[
        (
            "package",
            table(&[
                ("name", text(PACKAGE)),
                ("version", text("0.0.0")),
                ("edition", text("2024")),
            ]),
        ),
        ("lib", table(&[("path", text("lib.rs"))])),
        // No workspace of a folder above is meant.
        ("workspace", table(&[])),
        ("dependencies", Value::Table(dependencies)),
    ]);
    let manifest = toml::to_string(&manifest).map_err(io::Error::other)?;
    fs::write(package.join("Cargo.toml"), manifest)
}

/// Where this machine keeps what can be made again.
fn cache_folder() -> io::Result<PathBuf> {
    let set = |name| {
        env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    set("XDG_CACHE_HOME")
        .or_else(|| set("HOME").map(|home| home.join(".cache")))
        .ok_or_else(|| {
            io::Error::other("there is no folder for dependencies: set `HOME` or `XDG_CACHE_HOME`")
        })
}

/// Removes what was built for runtimes that nobody has used for long: of the cache's folders all but `root`, which is in use.
fn remove_unused(cache: &Path, root: &Path) -> io::Result<()> {
    fs::write(root.join(USED), "")?;
    for entry in fs::read_dir(cache)? {
        let folder = entry?.path();
        let Ok(used) = fs::metadata(folder.join(USED)).and_then(|metadata| metadata.modified())
        else {
            continue;
        };
        let is_unused = used.elapsed().is_ok_and(|since| since > UNUSED_FOR);
        if is_unused && folder != root && File::create(folder.join("lock"))?.try_lock().is_ok() {
            fs::remove_dir_all(folder)?;
        }
    }
    Ok(())
}

/// What a dependency depends on besides its own sources: the compiler, and the files of the runtime wherever they are.
fn runtime_identity(carried: &Carried, toolchain: &Toolchain) -> io::Result<String> {
    let mut hash = Sha256::new();
    hash.update(toolchain.version()?);
    for carried in &carried.crates {
        let mut file = File::open(&carried.file)?;
        hash.update(
            carried
                .file
                .file_name()
                .unwrap_or_default()
                .as_encoded_bytes(),
        );
        hash.update(file.metadata()?.len().to_le_bytes());
        if carried.is_own {
            // Its name stays when its sources change; the linker's build id is in here.
            let mut head = Vec::new();
            file.by_ref().take(HEAD_BYTES).read_to_end(&mut head)?;
            hash.update(head);
        }
    }
    Ok(hex(&hash.finalize())[..16].to_owned())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
