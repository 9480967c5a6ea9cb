//! Where the runtime's libraries are: beside the executable in a cargo target folder, or in an installed folder.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::carried::{self, Carried};
use crate::evaluate::native::Toolchain;

/// The crates that cells can name without `:dep`, because the engine carries them.
pub const CARRIED_CRATES: &[&str] = &[
    "bitflags",
    "bytes",
    "chrono",
    "crossbeam_channel",
    "crossbeam_deque",
    "dagbok_engine",
    "either",
    "flate2",
    "futures",
    "glob",
    "indexmap",
    "itertools",
    "libc",
    "log",
    "memmap2",
    "ndarray",
    "ndarray_npy",
    "num_bigint",
    "num_complex",
    "num_integer",
    "num_traits",
    "once_cell",
    "parking_lot",
    "plotters",
    "polars",
    "rand",
    "rand_chacha",
    "rand_distr",
    "rayon",
    "regex",
    "serde",
    "serde_json",
    "smallvec",
    "tempfile",
    "thiserror",
    "tokio",
    "url",
    "uuid",
    "walkdir",
];

/// How the names of the crates of compiled instances start.
const INSTANCES: &str = "dagbok_instances_";

/// The files that compiling and running a cell takes.
#[derive(Clone, Debug)]
pub struct RuntimeFiles {
    /// `libdagbok.so`, which every cell is compiled against.
    pub face: PathBuf,
    /// `libdagbok_engine.so`.
    pub engine: PathBuf,
    /// The folder with the metadata of all crates below the engine.
    pub dependencies: PathBuf,
    /// The session's executable.
    pub session: PathBuf,
    /// The analyzer's executable, beside the session's; without it nothing is completed.
    pub analyzer: PathBuf,
}

/// One file of an installation: what to copy, and the path under the installed folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct InstalledFile {
    pub source: PathBuf,
    pub target: PathBuf,
}

/// A file of the runtime that is nowhere.
#[derive(Debug, thiserror::Error)]
#[error("{file} is not in {}; build the whole workspace with `cargo build --release`, or run `dagbok install` again", folder.display())]
pub struct MissingFile {
    file: String,
    folder: PathBuf,
}

impl RuntimeFiles {
    /// Looks beside the running executable: in its folder, in `deps` below it, in the folder above (for tests), and in
    /// the `lib` folder of an installation.
    ///
    /// # Errors
    /// Names the first file that is missing, and what to do.
    pub fn locate() -> Result<Self, MissingFile> {
        let executable = env::current_exe().unwrap_or_default();
        let beside = executable.parent().unwrap_or(Path::new("."));
        Self::locate_beside(beside)
    }

    /// Looks where [`locate`](Self::locate) does, beside an executable in the folder `beside`.
    ///
    /// # Errors
    /// Names the first file that is missing, and what to do.
    pub fn locate_beside(beside: &Path) -> Result<Self, MissingFile> {
        let above = beside.parent().unwrap_or(beside);
        let folders = [
            beside.to_owned(),
            above.to_owned(),
            above.join("lib"),
            beside.join("deps"),
        ];
        let find = |file: String| {
            folders
                .iter()
                .map(|folder| folder.join(&file))
                .find(|path| path.is_file())
                .ok_or_else(|| MissingFile {
                    file,
                    folder: beside.to_owned(),
                })
        };
        let library = |name: &str| {
            format!(
                "{}{name}{}",
                env::consts::DLL_PREFIX,
                env::consts::DLL_SUFFIX
            )
        };
        let face = find(library("dagbok"))?;
        let folder = face.parent().unwrap_or(Path::new(".")).to_owned();
        let dependencies = match folder.join("deps") {
            deps if deps.is_dir() => deps,
            _ => folder,
        };
        let session = find(format!("dagbok-session{}", env::consts::EXE_SUFFIX))?;
        Ok(RuntimeFiles {
            engine: find(library("dagbok_engine"))?,
            analyzer: session.with_file_name(format!("dagbok-analyzer{}", env::consts::EXE_SUFFIX)),
            session,
            dependencies,
            face,
        })
    }

    /// All crates that the runtime was built with. The list is made once and kept beside the libraries.
    ///
    /// # Errors
    /// If the compiler cannot read the engine.
    pub(crate) fn carried(&self, toolchain: &Toolchain) -> io::Result<Carried> {
        let list = self.carried_list();
        if self.is_newer_than_runtime(&list)
            && let Ok(carried) = Carried::read(&list, &self.dependencies)
        {
            return Ok(carried);
        }
        let closure = self.closure(toolchain)?;
        let mut carried = Carried::of_cargo(&closure);
        for file in &closure {
            if let Some(name) = crate_name(file).filter(|name| name.starts_with(INSTANCES)) {
                carried.push_own(name, file);
            }
        }
        for library in [&self.face, &self.engine] {
            // The same file as the one beside the executable, where the compiler finds all others.
            let name = library.file_name().unwrap_or_default();
            carried.push_own(
                crate_name(library).unwrap_or_default(),
                &self.dependencies.join(name),
            );
        }
        // Where nothing can be written the list is made again the next time.
        let _ = carried.write(&list);
        Ok(carried)
    }

    fn carried_list(&self) -> PathBuf {
        self.face.with_file_name(carried::LIST)
    }

    /// In an installed folder everything was written at once, the list too.
    fn is_newer_than_runtime(&self, list: &Path) -> bool {
        let modified = |path: &Path| fs::metadata(path).and_then(|metadata| metadata.modified());
        let cargos = self.dependencies.with_file_name(".fingerprint");
        let is_installed = !cargos.is_dir();
        match (modified(list), modified(&self.engine), modified(&self.face)) {
            (Ok(list), Ok(engine), Ok(face)) => is_installed || (list > engine && list > face),
            _ => false,
        }
    }

    /// The executable `dagbok`, which stands in for `rustc` while dependencies are built.
    ///
    /// # Errors
    /// If it is not where the session's executable is.
    pub(crate) fn program(&self) -> io::Result<PathBuf> {
        let program = self
            .session
            .with_file_name(format!("dagbok{}", env::consts::EXE_SUFFIX));
        match program.is_file() {
            true => Ok(program),
            false => Err(io::Error::other(format!(
                "`{}` is missing; build the whole workspace with `cargo build --release`",
                program.display()
            ))),
        }
    }

    /// The files of the [`CARRIED_CRATES`], the very ones that the engine was built with.
    ///
    /// # Errors
    /// If the compiler cannot read the engine.
    pub fn carried_crates(&self, toolchain: &Toolchain) -> io::Result<BTreeMap<String, PathBuf>> {
        let listed = self.carried(toolchain)?;
        let files: BTreeMap<String, PathBuf> = CARRIED_CRATES
            .iter()
            .filter_map(|&name| Some((name.to_owned(), listed.only(name)?.file.clone())))
            .collect();
        if files.len() == CARRIED_CRATES.len() {
            return Ok(files);
        }
        let mut carried = BTreeMap::new();
        for file in self.closure(toolchain)? {
            if let Some(name) = crate_name(&file).filter(|name| CARRIED_CRATES.contains(name)) {
                carried.insert(name.to_owned(), file);
            }
        }
        Ok(carried)
    }

    /// Every file that an installation needs besides the executable `dagbok` itself: the session's and the analyzer's
    /// executables, the libraries, the metadata of each crate below them, std.
    ///
    /// # Errors
    /// If the compiler cannot read the engine.
    pub fn files_to_install(&self, toolchain: &Toolchain) -> io::Result<Vec<InstalledFile>> {
        let mut sources: BTreeSet<PathBuf> = self.closure(toolchain)?.into_iter().collect();
        sources.insert(self.face.clone());
        sources.insert(self.engine.clone());
        sources.extend(toolchain.standard_library()?);
        self.carried(toolchain)?;
        sources.extend(Some(self.carried_list()).filter(|list| list.is_file()));
        let mut files: Vec<InstalledFile> = sources
            .into_iter()
            .filter_map(|source| {
                let target = Path::new("lib").join(source.file_name()?);
                Some(InstalledFile { source, target })
            })
            .collect();
        files.extend(
            [&self.session, &self.analyzer].map(|program| InstalledFile {
                source: program.clone(),
                target: Path::new("bin").join(program.file_name().unwrap_or_default()),
            }),
        );
        Ok(files)
    }

    /// The crate files outside of the sysroot that the compiler opens for a crate that names the engine and all that it
    /// carries.
    fn closure(&self, toolchain: &Toolchain) -> io::Result<Vec<PathBuf>> {
        let folder = tempfile::tempdir()?;
        let source = folder.path().join("probe.rs");
        fs::write(&source, "extern crate dagbok_engine;\n")?;
        let dep_info = folder.path().join("probe.d");
        let mut emit = OsString::from("--emit=dep-info=");
        emit.push(&dep_info);
        let output = Command::new(&toolchain.rustc)
            .env("RUSTC_BOOTSTRAP", "1")
            .args([
                "--edition",
                "2024",
                "--crate-type",
                "rlib",
                "-Zbinary-dep-depinfo",
            ])
            .arg(emit)
            .arg("-L")
            .arg(dependency_flag(&self.dependencies))
            .args(["--extern", &format!("dagbok={}", self.face.display())])
            .args([
                "--extern",
                &format!("dagbok_engine={}", self.engine.display()),
            ])
            .arg(&source)
            .output()?;
        if !output.status.success() {
            let message = String::from_utf8_lossy(&output.stderr);
            return Err(io::Error::other(format!(
                "the compiler cannot read the engine: {}",
                message.trim()
            )));
        }
        let rules = fs::read_to_string(dep_info)?;
        let files = rules
            .lines()
            .filter_map(|line| line.strip_suffix(':').map(PathBuf::from))
            .filter(|file| crate_name(file).is_some() && !file.starts_with(&toolchain.sysroot));
        Ok(files.collect())
    }
}

/// `dependency=folder`, as `-L` takes it.
pub(crate) fn dependency_flag(folder: &Path) -> OsString {
    let mut flag = OsString::from("dependency=");
    flag.push(folder);
    flag
}

/// The crate in a file named `libNAME-HASH.rmeta` or the like.
fn crate_name(file: &Path) -> Option<&str> {
    let name = file.file_name()?.to_str()?.strip_prefix("lib")?;
    let (stem, extension) = name.rsplit_once('.')?;
    let is_crate = matches!(extension, "rlib" | "rmeta" | "so");
    is_crate.then(|| stem.split_once('-').map_or(stem, |(name, _hash)| name))
}
