//! Writing a file so that it is either the old one or the new one, never half of it.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

/// Replaces the file at `path`, or the file that a link there points at, by one that holds `text`.
///
/// # Errors
/// The system's; the file at `path` is then what it was before.
pub(super) fn replace(path: &Path, text: &str) -> io::Result<()> {
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mut builder = tempfile::Builder::new();
    builder.prefix(".dagbok-");
    #[cfg(unix)]
    builder.permissions(permissions(&target));
    let mut file = builder.tempfile_in(directory(&target))?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(&target).map_err(|error| error.error)?;
    Ok(())
}

/// The directory of the file at `path`.
pub(super) fn directory(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

/// Those of the file that is replaced, else those of any new file.
#[cfg(unix)]
fn permissions(path: &Path) -> fs::Permissions {
    use std::os::unix::fs::PermissionsExt;
    let existing = fs::metadata(path).map(|metadata| metadata.permissions());
    existing.unwrap_or_else(|_| fs::Permissions::from_mode(0o666))
}
