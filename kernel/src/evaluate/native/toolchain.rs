//! The compiler: the very one that built the runtime, called directly and not through rustup's proxy.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::StartError;

const BUILT_BY: &str = env!("DAGBOK_RUSTC_VERSION");
const RELEASE: &str = env!("DAGBOK_RUSTC_RELEASE");
const HOST: &str = env!("DAGBOK_HOST");

/// Where the compiler and its linker are.
#[derive(Clone, Debug)]
pub struct Toolchain {
    pub(crate) rustc: PathBuf,
    pub(crate) sysroot: PathBuf,
    pub(super) linker: Linker,
}

/// What turns an object file into a library that can be loaded.
#[derive(Clone, Debug)]
pub(super) enum Linker {
    /// The system's own, called directly: it takes 4 ms for a cell, where lld takes 12.
    Ld(PathBuf),
    /// The toolchain's own lld, called directly.
    Lld(PathBuf),
    /// Whatever the system calls `cc`.
    Cc,
}

impl Toolchain {
    /// The toolchain that built the runtime where it still is, else the one behind `rustc` on the path if it is of the
    /// same version.
    ///
    /// # Errors
    /// If there is no `rustc`, or only one of another version.
    pub fn find() -> Result<Self, StartError> {
        let built_with = Path::new(env!("DAGBOK_SYSROOT"));
        if let Some(toolchain) = Self::at(built_with)
            && toolchain.version().is_ok_and(|version| version == BUILT_BY)
        {
            return Ok(toolchain);
        }
        Self::on_path()
    }

    fn on_path() -> Result<Self, StartError> {
        let missing = || StartError::NoCompiler { release: RELEASE };
        let output = Command::new("rustc")
            .args(["--print", "sysroot"])
            .output()
            .map_err(|_| missing())?;
        let sysroot = String::from_utf8(output.stdout).map_err(|_| missing())?;
        let toolchain = Self::at(Path::new(sysroot.trim())).ok_or_else(missing)?;
        let found = toolchain.version().map_err(|_| missing())?;
        if found != BUILT_BY {
            return Err(StartError::OtherCompiler {
                found,
                built_by: BUILT_BY,
                release: RELEASE,
            });
        }
        Ok(toolchain)
    }

    fn at(sysroot: &Path) -> Option<Self> {
        let rustc = sysroot.join("bin").join("rustc");
        if !rustc.is_file() {
            return None;
        }
        let lld = sysroot.join("lib/rustlib").join(HOST).join("bin/rust-lld");
        let linker = if let Some(ld) = on_path("ld") {
            Linker::Ld(ld)
        } else if lld.is_file() {
            Linker::Lld(lld)
        } else {
            Linker::Cc
        };
        Some(Toolchain {
            rustc,
            sysroot: sysroot.to_owned(),
            linker,
        })
    }

    /// The first line of `rustc --version --verbose`.
    ///
    /// # Errors
    /// If the compiler cannot be run.
    pub fn version(&self) -> io::Result<String> {
        let output = Command::new(&self.rustc).arg("-V").output()?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// The triple of this machine, as the compiler names it.
    pub(super) fn host(&self) -> &'static str {
        HOST
    }

    /// The folder with std's libraries.
    pub(crate) fn libraries(&self) -> PathBuf {
        self.sysroot.join("lib/rustlib").join(HOST).join("lib")
    }

    /// The folder with the pages about std, if they are installed.
    pub fn documentation(&self) -> PathBuf {
        self.sysroot.join("share/doc/rust/html/std")
    }

    /// std's shared library.
    pub(crate) fn standard_library(&self) -> io::Result<Vec<PathBuf>> {
        self.library("libstd-", env::consts::DLL_SUFFIX)
    }

    /// The crate `proc_macro`, which no shared library holds; crates that work with Rust code link it.
    pub(super) fn proc_macro(&self) -> Vec<PathBuf> {
        self.library("libproc_macro-", ".rlib").unwrap_or_default()
    }

    fn library(&self, start: &str, end: &str) -> io::Result<Vec<PathBuf>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(self.libraries())? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.starts_with(start) && name.ends_with(end) {
                found.push(path);
            }
        }
        Ok(found)
    }
}

/// The program `name` where the path has it.
fn on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}
