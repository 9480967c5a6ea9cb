//! Runs rustdoc over a small crate that inlines what is to be declared, and reads the pages that it writes.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{self, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use super::code::FACADE;

/// How the names of the folders for rustdoc's pages start.
const FOLDER_PREFIX: &str = "dagbok-declarations-";

/// Folders that a killed process left behind are removed after this time.
const FOLDER_AGE_MAX: Duration = Duration::from_secs(3_600);

/// Runs a program until it ends or this process does: then the pipe to the shell's input closes.
const WATCHED: &str = r#"folder=$1; shift
exec 3<&0
"$@" </dev/null 3<&- & child=$!
{ read -r _ <&3; trap '' TERM; kill -9 $child; rm -rf "$folder"; } >/dev/null 2>&1 & watcher=$!
exec 3<&-
wait $child; status=$?
kill $watcher 2>/dev/null
exit $status"#;

/// A folder that is removed when this is dropped.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new() -> io::Result<Folder> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        remove_old_folders();
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("{FOLDER_PREFIX}{}-{number}", process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path)?;
        Ok(Folder(path))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn remove_old_folders() {
    for entry in fs::read_dir(std::env::temp_dir())
        .into_iter()
        .flatten()
        .flatten()
    {
        let is_old = || {
            let changed = entry.metadata().and_then(|data| data.modified()).ok()?;
            Some(SystemTime::now().duration_since(changed).ok()? > FOLDER_AGE_MAX)
        };
        if entry
            .file_name()
            .to_string_lossy()
            .starts_with(FOLDER_PREFIX)
            && is_old() == Some(true)
        {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// One crate to document: what rustdoc is told of the crates that it names.
pub(super) struct Rustdoc<'a> {
    pub(super) program: &'a Path,
    /// The crate's name and the file of its metadata, if it is not std.
    pub(super) external: Option<(&'a str, &'a Path)>,
    pub(super) folders: &'a [PathBuf],
}

impl Rustdoc<'_> {
    /// Documents `source` below `folder`, in which `pages` is the name of the folder to write.
    ///
    /// # Errors
    /// If rustdoc cannot run, or with the first lines of what it says if it fails.
    pub(super) fn run(&self, source: &str, folder: &Folder, pages: &str) -> io::Result<PathBuf> {
        let file = folder.path().join(format!("{pages}.rs"));
        fs::write(&file, source)?;
        let target = folder.path().join(pages);
        let mut command = Command::new("sh");
        command
            .args(["-c", WATCHED, "sh"])
            .arg(folder.path())
            .arg(self.program);
        command.arg(&file).arg("-o").arg(&target);
        command.args([
            "--crate-name",
            FACADE,
            "--crate-type",
            "lib",
            "--edition",
            "2024",
            "--cap-lints",
            "allow",
        ]);
        command.args([
            "-Z",
            "unstable-options",
            "--emit=invocation-specific",
            "--html-no-source",
        ]);
        if let Some((name, file)) = self.external {
            command
                .arg("--extern")
                .arg(format!("{name}={}", file.display()));
        }
        for folder in self.folders {
            command
                .arg("-L")
                .arg(format!("dependency={}", folder.display()));
        }
        for name in self.crates() {
            command
                .arg("--extern-html-root-url")
                .arg(format!("{name}=https://localhost/"));
        }
        command
            .env("RUSTC_BOOTSTRAP", "1")
            .current_dir(folder.path());
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let lifeline = child.stdin.take();
        let output = child.wait_with_output()?;
        drop(lifeline);
        match output.status.success() {
            true => Ok(target.join(FACADE)),
            false => Err(failure(&String::from_utf8_lossy(&output.stderr))),
        }
    }

    /// The crates that signatures may name. rustdoc says where a foreign type is only if it knows a site for it.
    fn crates(&self) -> BTreeSet<String> {
        let mut crates = BTreeSet::new();
        for folder in self.folders {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                let name = entry.file_name();
                let name = name.to_string_lossy();
                let Some((stem, "rmeta" | "rlib" | "so")) = name.rsplit_once('.') else {
                    continue;
                };
                let stem = stem.strip_prefix("lib").unwrap_or(stem);
                crates.insert(stem.split('-').next().unwrap_or(stem).to_owned());
            }
        }
        crates
    }
}

fn failure(stderr: &str) -> io::Error {
    let lines: Vec<&str> = stderr
        .lines()
        .filter(|line| !line.trim().is_empty())
        .take(6)
        .collect();
    let said = match lines.is_empty() {
        true => "it says nothing; is there enough memory and space for temporary files?".to_owned(),
        false => lines.join("\n"),
    };
    io::Error::other(format!("rustdoc failed: {said}"))
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    /// When this process ends, however it does, so does the pipe to the shell.
    #[test]
    fn the_end_of_the_pipe_ends_the_program() {
        let folder = Folder::new().expect("a folder");
        let mut child = Command::new("sh")
            .args(["-c", WATCHED, "sh"])
            .arg(folder.path())
            .args(["sh", "-c", "echo started; while :; do sleep 1; done"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell");
        let mut started = [0];
        let stdout = child.stdout.as_mut().expect("a pipe");
        stdout.read_exact(&mut started).expect("a first byte");
        drop(child.stdin.take());
        assert_eq!(child.wait().expect("an end").code(), Some(137));
    }

    #[test]
    fn the_status_of_the_program_is_passed_on() {
        let folder = Folder::new().expect("a folder");
        let mut command = Command::new("sh");
        command
            .args(["-c", WATCHED, "sh"])
            .arg(folder.path())
            .args(["sh", "-c", "exit 3"]);
        let mut child = command.stdin(Stdio::piped()).spawn().expect("a shell");
        let lifeline = child.stdin.take();
        assert_eq!(child.wait().expect("an end").code(), Some(3));
        drop(lifeline);
        assert!(folder.path().is_dir());
    }

    #[test]
    fn folders_are_removed() {
        let folder = Folder::new().expect("a folder");
        let path = folder.path().to_owned();
        fs::write(path.join("page"), "").expect("a file to write");
        drop(folder);
        assert!(!path.exists());
    }
}
