//! The folder in which a kernel compiles. It goes with the kernel; what a kernel has left that was killed goes when the next one starts.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;

use tempfile::{NamedTempFile, TempDir};

const PREFIX: &str = "dagbok-";

/// In each folder: the kernel that has it holds a lock on this file, which ends with it.
const OWNER: &str = "owner";

/// A folder for files of one kernel.
pub(super) struct Folder {
    folder: TempDir,
    _owner: File,
}

impl Folder {
    /// A new folder among the system's temporary files.
    pub(super) fn new() -> io::Result<Self> {
        let folders = std::env::temp_dir();
        let folder = Folder::within(&folders)?;
        // Whether it can is nobody's concern.
        let sweeper = thread::Builder::new().name("dagbok-sweep".to_owned());
        drop(sweeper.spawn(move || sweep(&folders)));
        Ok(folder)
    }

    fn within(folders: &Path) -> io::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix(PREFIX)
            .tempdir_in(folders)?;
        // It has its name once it is locked, so that no other kernel finds it without.
        let owner = NamedTempFile::new_in(folder.path())?;
        owner.as_file().lock()?;
        let owner = owner.persist(folder.path().join(OWNER))?;
        Ok(Folder {
            folder,
            _owner: owner,
        })
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is tried again with the folder itself.
        let _ = remove(self.path());
    }
}

/// Removes the folders of kernels that are no more.
fn sweep(folders: &Path) {
    let Ok(entries) = fs::read_dir(folders) else {
        return;
    };
    for entry in entries.flatten() {
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let is_named_so = entry.file_name().to_string_lossy().starts_with(PREFIX);
        if is_folder && is_named_so && is_left(&entry.path()) {
            // Another kernel may do the same.
            let _ = remove(&entry.path());
        }
    }
}

/// Removes `folder`, the file of its owner last: if this ends halfway, what is left is found again.
fn remove(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        match entry.file_type()?.is_dir() {
            _ if entry.file_name() == OWNER => {}
            true => fs::remove_dir_all(entry.path())?,
            false => fs::remove_file(entry.path())?,
        }
    }
    fs::remove_dir_all(folder)
}

fn is_left(folder: &Path) -> bool {
    let owner: PathBuf = folder.join(OWNER);
    File::open(owner).is_ok_and(|owner| owner.try_lock().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_kernels_that_were_killed_are_removed() {
        let folders = tempfile::tempdir().unwrap();
        let path = |name: &str| folders.path().join(name);
        let alive = Folder::within(folders.path()).unwrap();
        for name in ["dagbok-left/face", "dagbok-new", "other"] {
            fs::create_dir_all(path(name)).unwrap();
        }
        for name in [
            "dagbok-left/owner",
            "dagbok-left/cell_1.rs",
            "other/owner",
            "dagbok-file",
        ] {
            File::create(path(name)).unwrap();
        }
        std::os::unix::fs::symlink(path("other"), path("dagbok-link")).unwrap();
        sweep(folders.path());
        assert!(!path("dagbok-left").exists());
        for name in ["dagbok-new", "other/owner", "dagbok-file", "dagbok-link"] {
            assert!(path(name).exists(), "{name}");
        }
        assert!(alive.path().join(OWNER).exists());
        let gone = alive.path().to_owned();
        drop(alive);
        assert!(!gone.exists());
    }
}
