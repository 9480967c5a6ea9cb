//! Finding files.

use std::fmt::Display;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use dagbok::{Error, ErrorKind, Result};

/// A file that a pattern names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Found {
    /// Absolute: the folder that a session works in may be another when the file is read.
    pub(super) path: String,
    pub(super) stamp: Stamp,
}

/// What is another when somebody has written a file, has put another in its place, or has pointed a link elsewhere; also where
/// times of modification have been set back.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Stamp {
    pub(super) len: u64,
    modified: (i64, i64),
    changed: (i64, i64),
    inode: (u64, u64),
}

impl Stamp {
    pub(super) fn of(metadata: &fs::Metadata) -> Self {
        Stamp {
            len: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
            inode: (metadata.dev(), metadata.ino()),
        }
    }
}

/// The files that `pattern` names, in the order of their names.
///
/// # Errors
/// [`ErrorKind::Io`] if there is none, or one cannot be looked at.
pub(super) fn find(pattern: &str) -> Result<Vec<Found>> {
    let io = |error: &dyn Display| unreadable(pattern, error);
    let is_pattern = pattern.contains(['*', '?', '[']);
    if !is_pattern || fs::exists(pattern).unwrap_or(false) {
        return match fs::metadata(pattern) {
            Ok(metadata) if metadata.is_dir() => Err(io(
                &"it is a folder; name the files in it, such as with `*` for all of them",
            )),
            Ok(metadata) => Ok(vec![Found::new(Path::new(pattern), &metadata)]),
            Err(error) => Err(io(&error)),
        };
    }
    let mut found = Vec::new();
    for path in glob::glob(pattern).map_err(|error| io(&error))? {
        let path = path.map_err(|error| io(&error))?;
        let metadata = fs::metadata(&path).map_err(|error| io(&error))?;
        if metadata.is_file() {
            found.push(Found::new(&path, &metadata));
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

pub(super) fn unreadable(path: &str, error: &dyn Display) -> Error {
    Error::new(ErrorKind::Io, format!("cannot read `{path}`: {error}"))
}

impl Found {
    /// The file at `path`, if it is there.
    pub(super) fn at(path: &str) -> Option<Self> {
        let metadata = fs::metadata(path).ok()?;
        Some(Found::new(Path::new(path), &metadata))
    }

    fn new(path: &Path, metadata: &fs::Metadata) -> Self {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        Found {
            path: path.to_string_lossy().into_owned(),
            stamp: Stamp::of(metadata),
        }
    }
}

/// A number that changes with the files and with how they are read.
pub(super) fn token(files: &[Found], options: &impl Hash) -> u64 {
    hash(&(files, options))
}

pub(super) fn hash(hashed: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    hashed.hash(&mut hasher);
    hasher.finish()
}
