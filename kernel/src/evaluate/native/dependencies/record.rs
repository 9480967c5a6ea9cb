//! What is known of each compiled crate of a notebook's dependencies, written beside it when it is compiled.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// One crate, as cargo had it compiled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Record {
    /// Its name in code.
    pub(super) name: String,
    pub(super) package: String,
    pub(super) version: String,
    /// The name of the runtime's own file, if that took its place.
    pub(super) carried: Option<String>,
    /// The crates that it names, in files that have a record too; none for a procedural macro.
    pub(super) externs: Vec<(String, PathBuf)>,
    /// Arguments for the linker, such as `-lssl`.
    pub(super) link_arguments: Vec<String>,
}

impl Record {
    /// The record of the crate in `file`.
    ///
    /// # Errors
    /// If it is not there any more.
    pub(super) fn of(file: &Path) -> io::Result<Self> {
        Self::read(&path(file))
    }

    /// The record at `path`.
    ///
    /// # Errors
    /// If there is none, or it cannot be read.
    pub(super) fn read(path: &Path) -> io::Result<Self> {
        let at = |error: io::Error| {
            io::Error::new(error.kind(), format!("`{}`: {error}", path.display()))
        };
        let text = fs::read(path).map_err(at)?;
        serde_json::from_slice(&text).map_err(|error| at(error.into()))
    }

    /// Writes the record at `path`.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(super) fn write(&self, path: &Path) -> io::Result<()> {
        fs::write(path, serde_json::to_vec(self)?)
    }
}

/// Where the record of the crate in `file` is.
pub(super) fn path(file: &Path) -> PathBuf {
    file.with_extension("dagbok")
}

/// Whether `file` is a procedural macro, which runs in the compiler.
pub(super) fn is_macro(file: &Path) -> bool {
    file.extension()
        .is_some_and(|extension| extension == std::env::consts::DLL_EXTENSION)
}
