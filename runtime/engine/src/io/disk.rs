//! Small errands on the disk: a text, a folder to write to.

use std::fs;
use std::io;
use std::path::Path;

use dagbok::{Error, ErrorKind, Result};

/// The text of a file; `None` if there is no such file.
///
/// # Errors
/// If it cannot be read, or is not UTF-8.
pub(crate) fn read_text(path: &Path) -> io::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Makes `folder`, with those above it, where there is none, and makes sure that files can be written there.
///
/// # Errors
/// [`ErrorKind::Io`] if not; `origin` says who named the folder.
pub(crate) fn check_writable(folder: &Path, origin: &str) -> Result<()> {
    let written = fs::create_dir_all(folder).and_then(|()| tempfile::tempfile_in(folder));
    written.map(drop).map_err(|error| {
        let text = format!(
            "the `temporary_directory` `{}` ({origin}) cannot be written: {error}",
            folder.display()
        );
        Error::new(ErrorKind::Io, text)
    })
}
