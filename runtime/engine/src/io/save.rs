//! Writing pictures and reports to files.

use std::fs;
use std::path::Path;

use dagbok::{Error, ErrorKind, Result};

/// Writes `bytes` to the file `path`, which is then the old one or the whole new one, also if the disk is full.
///
/// # Errors
/// [`ErrorKind::Io`] if it cannot be written.
pub(crate) fn save(path: &Path, bytes: &[u8]) -> Result<()> {
    let failed = |error: std::io::Error| {
        let text = format!("cannot write `{}`: {error}", path.display());
        Error::new(ErrorKind::Io, text)
    };
    // A pipe or a device has no place beside it to put a draft.
    if fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
        return fs::write(path, bytes).map_err(failed);
    }
    // What a link leads to is replaced, not the link.
    let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let permissions = fs::metadata(path).map(|metadata| metadata.permissions());
    if permissions.as_ref().is_ok_and(|old| old.readonly()) {
        return Err(failed(std::io::ErrorKind::PermissionDenied.into()));
    }
    let mut draft = path.as_os_str().to_owned();
    draft.push(format!(".{}.part", std::process::id()));
    let written = fs::write(&draft, bytes).and_then(|()| {
        if let Ok(permissions) = permissions {
            fs::set_permissions(&draft, permissions)?;
        }
        fs::rename(&draft, path)
    });
    written.map_err(|error| {
        let _ = fs::remove_file(&draft);
        failed(error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.svg");
        save(&path, b"one").expect("a new file");
        save(&path, b"two").expect("an old file");
        assert_eq!(fs::read(&path).expect("a file"), b"two");
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
    }

    #[test]
    fn what_cannot_be_written_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let missing = folder.path().join("none/a.svg");
        let error = save(&missing, b"one")
            .expect_err("no such folder")
            .to_string();
        assert!(
            error.starts_with("cannot write `") && error.contains("none/a.svg"),
            "{error}"
        );
        let error = save(folder.path(), b"one")
            .expect_err("a folder")
            .to_string();
        assert!(error.contains("cannot write `"), "{error}");
    }
}
