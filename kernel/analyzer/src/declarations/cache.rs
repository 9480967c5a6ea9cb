//! Keeps texts on disk: one folder a toolchain, one file for each crate as its metadata is now.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use super::{Declarations, Source};

/// Changes whenever texts are made differently.
const FORMAT: u32 = 2;

/// How the names of folders of toolchains start.
const FOLDER_PREFIX: &str = "declarations-";

/// Texts that were not read for so long are removed, when another one is made.
const UNUSED_MAX: Duration = Duration::from_secs(14 * 24 * 3_600);

pub(super) fn read(declarations: &Declarations, source: &Source) -> Option<String> {
    let path = file(declarations, source)?;
    let text = fs::read_to_string(&path).ok()?;
    mark_used(&path);
    mark_used(&folder(declarations));
    Some(text)
}

/// Writes a text so that others see it whole or not at all.
pub(super) fn write(declarations: &Declarations, source: &Source, text: &str) -> io::Result<()> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let Some(path) = file(declarations, source) else {
        return Ok(());
    };
    let folder = folder(declarations);
    fs::create_dir_all(&folder)?;
    mark_used(&folder);
    remove_unused(&declarations.cache, |name| name.starts_with(FOLDER_PREFIX));
    remove_unused(&folder, |_| true);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let temporary = folder.join(format!("{}-{}-{number}.tmp", source.name, process::id()));
    let written = fs::write(&temporary, text).and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written
}

fn folder(declarations: &Declarations) -> PathBuf {
    let key = hash(&(FORMAT, &declarations.rustc_version));
    declarations
        .cache
        .join(format!("{FOLDER_PREFIX}{key:016x}"))
}

/// The file of a crate's text; none if the metadata cannot be seen.
fn file(declarations: &Declarations, source: &Source) -> Option<PathBuf> {
    let key = match &source.file {
        None => 0,
        Some(file) => {
            let data = fs::metadata(file).ok()?;
            hash(&(file.file_name(), data.len(), data.modified().ok()))
        }
    };
    Some(folder(declarations).join(format!("{}-{key:016x}.rs", source.name)))
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

fn mark_used(path: &Path) {
    if let Ok(file) = File::open(path) {
        let _ = file.set_modified(SystemTime::now());
    }
}

fn remove_unused(folder: &Path, is_ours: impl Fn(&str) -> bool) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_unused = || {
            let used = entry.metadata().and_then(|data| data.modified()).ok()?;
            Some(SystemTime::now().duration_since(used).ok()? > UNUSED_MAX)
        };
        if is_ours(&entry.file_name().to_string_lossy()) && is_unused() == Some(true) {
            let _ = match entry.path() {
                path if path.is_dir() => fs::remove_dir_all(path),
                path => fs::remove_file(path),
            };
        }
    }
}
