//! The file: sessions and cells of all kernels, in the order in which they came.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Entry;

/// A file that has grown beyond this is cut down to the newest half when a session begins.
const BYTES_MAX: u64 = 16 << 20;

#[derive(Debug)]
pub(super) struct HistoryFile {
    path: PathBuf,
}

/// A line that begins a session.
#[derive(Serialize, Deserialize)]
struct Beginning {
    session: u64,
}

impl HistoryFile {
    pub(super) fn new(path: PathBuf) -> Self {
        HistoryFile { path }
    }

    /// Notes a new session, with a number above all in the file.
    pub(super) fn begin_session(&self) -> io::Result<u64> {
        let mut file = self.lock()?;
        if file.metadata()?.len() > BYTES_MAX {
            file = self.cut_down(file)?;
        }
        let newest = lines(&file)?
            .iter()
            .filter_map(|line| serde_json::from_str(line).ok())
            .map(|beginning: Beginning| beginning.session)
            .max();
        let session = newest.unwrap_or_default() + 1;
        write_line(&mut file, &Beginning { session })?;
        Ok(session)
    }

    pub(super) fn append(&self, entry: &Entry) -> io::Result<()> {
        write_line(&mut self.lock()?, entry)
    }

    /// All that can be read; a file that is not there holds nothing.
    pub(super) fn read(&self) -> io::Result<Vec<Entry>> {
        let file = match File::open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            file => file?,
        };
        let entries = lines(&file)?;
        let entries = entries.iter().map(|line| serde_json::from_str(line));
        Ok(entries.filter_map(Result::ok).collect())
    }

    /// The file, which nobody else writes into before it is closed. It is for its owner alone.
    fn lock(&self) -> io::Result<File> {
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder)?;
        }
        loop {
            let file = OpenOptions::new()
                .read(true)
                .append(true)
                .create(true)
                .mode(0o600)
                .open(&self.path)?;
            file.lock()?;
            // Another kernel may have put a shorter one in its place meanwhile.
            let is_current = fs::metadata(&self.path).is_ok_and(|current| {
                file.metadata()
                    .is_ok_and(|own| (own.dev(), own.ino()) == (current.dev(), current.ino()))
            });
            if is_current {
                return Ok(file);
            }
        }
    }

    /// Puts the newest half of `file`, which is locked, in its place.
    fn cut_down(&self, mut file: File) -> io::Result<File> {
        file.seek(SeekFrom::End(-(BYTES_MAX as i64 / 2)))?;
        let mut newest = Vec::new();
        file.read_to_end(&mut newest)?;
        let start = newest.iter().position(|byte| *byte == b'\n');
        let kept = &newest[start.map_or(newest.len(), |at| at + 1)..];
        let folder = self.path.parent().unwrap_or(&self.path);
        let mut shorter = tempfile::NamedTempFile::new_in(folder)?;
        shorter.write_all(kept)?;
        shorter.persist(&self.path).map_err(|error| error.error)?;
        drop(file);
        self.lock()
    }
}

fn lines(mut file: &File) -> io::Result<Vec<String>> {
    file.seek(SeekFrom::Start(0))?;
    let mut lines = Vec::new();
    let mut reader = BufReader::new(file);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line)? > 0 {
        lines.push(String::from_utf8_lossy(&line).into_owned());
        line.clear();
    }
    Ok(lines)
}

/// Writes a line of its own, also behind one that has been cut short.
fn write_line(file: &mut File, line: &impl Serialize) -> io::Result<()> {
    let mut text = Vec::new();
    let len = file.metadata()?.len();
    if len > 0 {
        let mut last = [0];
        file.seek(SeekFrom::Start(len - 1))?;
        file.read_exact(&mut last)?;
        if last != *b"\n" {
            text.push(b'\n');
        }
    }
    serde_json::to_writer(&mut text, line)?;
    text.push(b'\n');
    file.write_all(&text)
}
