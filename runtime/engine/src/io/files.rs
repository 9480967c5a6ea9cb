//! Finding files.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::SystemTime;

use dagbok::{Error, ErrorKind, Result};

/// A file that a pattern names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Found {
    pub(super) path: String,
    pub(super) len: u64,
    modified: Option<SystemTime>,
}

/// The files that `pattern` names, in the order of their names.
///
/// # Errors
/// [`ErrorKind::Io`] if there is none, or one cannot be looked at.
pub(super) fn find(pattern: &str) -> Result<Vec<Found>> {
    let io = |error: &dyn std::fmt::Display| {
        Error::new(ErrorKind::Io, format!("cannot read `{pattern}`: {error}"))
    };
    let is_pattern = pattern.contains(['*', '?', '[']);
    if !is_pattern || fs::exists(pattern).unwrap_or(false) {
        return match fs::metadata(pattern) {
            Ok(metadata) if metadata.is_dir() => Err(io(
                &"it is a folder; name the files in it, such as with `*` for all of them",
            )),
            Ok(metadata) => Ok(vec![Found::new(pattern.to_owned(), &metadata)]),
            Err(error) => Err(io(&error)),
        };
    }
    let mut found = Vec::new();
    for path in glob::glob(pattern).map_err(|error| io(&error))? {
        let path = path.map_err(|error| io(&error))?;
        let metadata = fs::metadata(&path).map_err(|error| io(&error))?;
        if metadata.is_file() {
            found.push(Found::new(path.to_string_lossy().into_owned(), &metadata));
        }
    }
    if found.is_empty() {
        return Err(Error::new(
            ErrorKind::Io,
            format!("no file matches `{pattern}`"),
        ));
    }
    found.sort_by(|left, right| left.path.cmp(&right.path));
    Ok(found)
}

impl Found {
    /// The file at `path`, if it is there.
    pub(super) fn at(path: &str) -> Option<Self> {
        let metadata = fs::metadata(path).ok()?;
        Some(Found::new(path.to_owned(), &metadata))
    }

    fn new(path: String, metadata: &fs::Metadata) -> Self {
        Found {
            path,
            len: metadata.len(),
            modified: metadata.modified().ok(),
        }
    }
}

/// A number that changes with the files and with how they are read.
pub(super) fn token(files: &[Found], options: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    files.hash(&mut hasher);
    options.hash(&mut hasher);
    hasher.finish()
}
