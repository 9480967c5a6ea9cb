//! The folder for results that do not fit into memory: a file for each, which has no name, so that nobody else can open it and
//! nothing of it is left when the process ends, however it ends.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

use dagbok::value::Stored;
use dagbok::{Error, ErrorKind, Result, Value};
use memmap2::{Mmap, UncheckedAdvice};

use super::codec::{self, Codec, Section, Written};

/// How much of a value is compressed to see how small it gets.
const SAMPLE_BYTES: usize = 64 << 10;

/// Of a file so much is in memory while it is read.
const READ_BYTES: usize = 1 << 20;

/// Of the room on a disk this share is left to others.
const LEFT_TO_OTHERS: f64 = 0.05;

/// A folder for results, and how much of it is taken.
pub(super) struct Folder {
    path: PathBuf,
    /// None for what the disk has.
    max_bytes: Option<u64>,
    taken: Arc<Taken>,
    speeds: Mutex<Speeds>,
}

/// The bytes of all files.
#[derive(Default)]
struct Taken(AtomicU64);

/// What writing has been seen to do, in bytes a second.
#[derive(Clone, Copy, Default)]
pub(super) struct Speeds {
    pub(super) disk: Option<f64>,
    pub(super) compression: Option<f64>,
}

impl Speeds {
    /// Whether a value is written faster compressed, to `share` of its bytes, at `compression` bytes a second if none has been
    /// compressed yet.
    pub(super) fn favour_compression(self, share: f64, compression: f64) -> bool {
        let compression = self.compression.unwrap_or(compression);
        let whole = |disk: f64| 1.0 / disk;
        self.disk
            .is_some_and(|disk| 1.0 / compression + share * whole(disk) < whole(disk))
    }
}

impl Folder {
    pub(super) fn new(path: PathBuf, max_bytes: Option<u64>) -> Self {
        Folder {
            path,
            max_bytes,
            taken: Arc::default(),
            speeds: Mutex::default(),
        }
    }

    /// Takes the place of `known`, whose files still count if they are in the same folder.
    pub(super) fn after(self, known: Option<&Folder>) -> Self {
        match known.filter(|known| known.path == self.path) {
            None => self,
            Some(known) => Folder {
                taken: known.taken.clone(),
                speeds: Mutex::new(known.speeds()),
                ..self
            },
        }
    }

    fn speeds(&self) -> Speeds {
        *self.speeds.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(super) fn with_speeds(self, speeds: Speeds) -> Self {
        Folder {
            speeds: Mutex::new(speeds),
            ..self
        }
    }

    /// The bytes of all files.
    #[cfg(test)]
    pub(super) fn taken(&self) -> u64 {
        self.taken.0.load(Ordering::Relaxed)
    }

    pub(super) fn is(&self, path: &Path, max_bytes: Option<u64>) -> bool {
        self.path == path && self.max_bytes == max_bytes
    }

    /// `value` in a file; none if its type cannot be written.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] if the folder is missing or full, or the disk is.
    pub(super) fn store(self: &Arc<Self>, value: &Value) -> Result<Option<Value>> {
        let Some(codec) = codec::of(value) else {
            return Ok(None);
        };
        let written = self.write(codec, value).map_err(|error| {
            let text = format!(
                "{} of results do not fit into memory and cannot be kept in `{}`: {error}; make room there, or set \
                 `temporary_directory`, `memory_limit` or `max_spill`",
                crate::render::format::bytes(value.bytes() as u128),
                self.path.display()
            );
            Error::new(ErrorKind::Io, text)
        })?;
        Ok(written.map(|file| Value::stored(Box::new(file))))
    }

    fn write(&self, codec: &'static Codec, value: &Value) -> io::Result<Option<OnDisk>> {
        fs::create_dir_all(&self.path)?;
        let file = tempfile::tempfile_in(&self.path)?;
        let is_compressed = self.compresses(codec, value);
        let began = Instant::now();
        let mut sink = Sink {
            to: BufWriter::with_capacity(1 << 20, &file),
            room: self.room()?,
            written: 0,
            error: None,
        };
        let result = without_panics(|| {
            match is_compressed {
                true => compress(codec, value, &mut sink)?,
                false => (codec.write)(value, &mut sink)?,
            }
            sink.flush()
        });
        let (written, error) = (sink.written, sink.error.take());
        drop(sink);
        if let Some(error) = error {
            return Err(error);
        }
        if result.is_err() {
            return Ok(None);
        }
        self.note(is_compressed, value.bytes(), written, began);
        let bytes = match written {
            0 => None,
            _ => Some(map(&file)?),
        };
        self.taken.0.fetch_add(written, Ordering::Relaxed);
        Ok(Some(OnDisk {
            file: bytes,
            len: written,
            is_compressed,
            codec,
            bytes: value.bytes(),
            type_name: value.type_name(),
            taken: self.taken.clone(),
        }))
    }

    /// How many more bytes may be written.
    fn room(&self) -> io::Result<u64> {
        let taken = self.taken.0.load(Ordering::Relaxed);
        match self.max_bytes {
            Some(max) => Ok(max.saturating_sub(taken)),
            None => {
                let disk = rustix::fs::statvfs(&self.path)?;
                let (free, all) = (disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize);
                Ok(free.saturating_sub((all as f64 * LEFT_TO_OTHERS) as u64))
            }
        }
    }

    /// Whether `value` is written faster compressed, by what has been seen so far.
    fn compresses(&self, codec: &Codec, value: &Value) -> bool {
        let speeds = self.speeds();
        if speeds.disk.is_none() {
            return false;
        }
        let began = Instant::now();
        let mut sample = Sample(Vec::new());
        let _ = without_panics(|| (codec.write)(value, &mut sample));
        let len = sample.0.len();
        let Ok(small) = lz4::block::compress(&sample.0, None, false) else {
            return false;
        };
        let seen = len as f64 / began.elapsed().as_secs_f64().max(1e-9);
        speeds.favour_compression(small.len() as f64 / len.max(1) as f64, seen)
    }

    fn note(&self, is_compressed: bool, bytes: usize, written: u64, began: Instant) {
        let mut speeds = self.speeds.lock().unwrap_or_else(PoisonError::into_inner);
        let seconds = began.elapsed().as_secs_f64().max(1e-9);
        let (speed, seen) = match is_compressed {
            false => (&mut speeds.disk, written as f64 / seconds),
            true => {
                let on_disk = speeds.disk.map_or(0.0, |disk| written as f64 / disk);
                let seen = bytes as f64 / (seconds - on_disk).max(1e-9);
                (&mut speeds.compression, seen)
            }
        };
        *speed = Some(speed.map_or(seen, |before| before + (seen - before) / 4.0));
    }
}

/// What `work` gives; a panic in it is an error: other people's code writes and reads tables.
fn without_panics<T>(work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    let caught = catch_unwind(AssertUnwindSafe(work));
    caught.unwrap_or_else(|_| Err(io::Error::other("the code for its type panicked")))
}

fn compress(codec: &Codec, value: &Value, sink: &mut Sink<'_>) -> io::Result<()> {
    let mut encoder = lz4::EncoderBuilder::new().build(sink)?;
    (codec.write)(value, &mut encoder)?;
    encoder.finish().1
}

/// A file that may take so many bytes. An error of the file is kept: any other is of a value that cannot be written.
struct Sink<'a> {
    to: BufWriter<&'a File>,
    room: u64,
    written: u64,
    error: Option<io::Error>,
}

impl Sink<'_> {
    fn note<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        result.map_err(|error| {
            let kind = error.kind();
            self.error.get_or_insert(error);
            kind.into()
        })
    }
}

impl Write for Sink<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.written += bytes.len() as u64;
        if self.written > self.room {
            let full = io::Error::new(io::ErrorKind::StorageFull, "no room is left for results");
            return self.note(Err(full));
        }
        let result = self.to.write_all(bytes);
        self.note(result).map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let result = self.to.flush();
        self.note(result)
    }
}

/// Takes the first bytes.
struct Sample(Vec<u8>);

impl Write for Sample {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = SAMPLE_BYTES - self.0.len();
        match room {
            0 => Err(io::ErrorKind::StorageFull.into()),
            _ => {
                let taken = &bytes[..bytes.len().min(room)];
                self.0.extend_from_slice(taken);
                Ok(taken.len())
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[expect(
    unsafe_code,
    reason = "whoever maps a file promises that nobody changes it"
)]
fn map(file: &File) -> io::Result<Mmap> {
    // SAFETY: the file has no name, so nothing but this process can change it, and nothing here does.
    unsafe { Mmap::map(file) }
}

/// What is in a file. Its memory is let go of as soon as it has been copied, so that not all of it is there twice.
impl Written for Mmap {
    fn len(&self) -> usize {
        <[u8]>::len(self)
    }

    fn copy(&self, at: usize, to: &mut [u8]) {
        for (idx, part) in to.chunks_mut(READ_BYTES).enumerate() {
            let start = at + idx * READ_BYTES;
            part.copy_from_slice(&self[start..start + part.len()]);
            if part.len() == READ_BYTES {
                forget_pages(self);
            }
        }
    }
}

/// Lets go of the memory that the file took while it was read.
#[expect(
    unsafe_code,
    reason = "of memory that is not a file's this would lose the content"
)]
fn forget_pages(file: &Mmap) {
    // SAFETY: these are pages of a file, from which they come back when they are wanted again.
    let forgotten = unsafe { file.unchecked_advise(UncheckedAdvice::DontNeed) };
    if let Err(error) = forgotten {
        log::debug!("a file's pages stay in memory: {error}");
    }
}

/// Gives freed memory back to the system. The allocator keeps some of it, in a pool of its own for each thread.
#[expect(unsafe_code, reason = "the C library's functions are")]
pub(super) fn trim_allocator() {
    // SAFETY: it takes the allocator's own locks, and changes nothing that is in use.
    let _ = unsafe { libc::malloc_trim(0) };
}

/// A value in a file.
struct OnDisk {
    /// None for an empty file, which cannot be mapped.
    file: Option<Mmap>,
    len: u64,
    is_compressed: bool,
    codec: &'static Codec,
    bytes: usize,
    type_name: &'static str,
    taken: Arc<Taken>,
}

impl OnDisk {
    fn read(&self) -> io::Result<Option<Value>> {
        let Some(file) = &self.file else {
            return Ok((self.codec.read)(Section::of(&Vec::new())));
        };
        if !self.is_compressed {
            return Ok((self.codec.read)(Section::of(file)));
        }
        let mut bytes = Vec::with_capacity(self.bytes);
        lz4::Decoder::new(&**file)?.read_to_end(&mut bytes)?;
        forget_pages(file);
        Ok((self.codec.read)(Section::of(&bytes)))
    }
}

impl Stored for OnDisk {
    fn load(&self) -> Result<Value> {
        let unreadable = |cause: &str| {
            let text = format!("a result that was kept on the disk cannot be read: {cause}");
            Error::new(ErrorKind::Io, text)
        };
        let value =
            without_panics(|| self.read()).map_err(|error| unreadable(&error.to_string()))?;
        if let Some(file) = &self.file {
            forget_pages(file);
        }
        value.ok_or_else(|| unreadable("it is damaged"))
    }

    fn bytes(&self) -> usize {
        self.bytes
    }

    fn type_name(&self) -> &'static str {
        self.type_name
    }
}

impl Drop for OnDisk {
    fn drop(&mut self) {
        self.taken.0.fetch_sub(self.len, Ordering::Relaxed);
    }
}

/// The folder for temporary files, or `/var/tmp` where that one is in memory itself. It is looked up once.
pub(crate) fn usual_folder() -> PathBuf {
    static KNOWN: OnceLock<PathBuf> = OnceLock::new();
    KNOWN.get_or_init(find_usual_folder).clone()
}

fn find_usual_folder() -> PathBuf {
    const IN_MEMORY: u64 = 0x0102_1994;
    let usual = std::env::temp_dir();
    let on_disk = Path::new("/var/tmp");
    let is_in_memory = |folder: &Path| {
        rustix::fs::statfs(folder).is_ok_and(|system| system.f_type as u64 == IN_MEMORY)
    };
    match is_in_memory(&usual) && on_disk.is_dir() && !is_in_memory(on_disk) {
        true => on_disk.to_owned(),
        false => usual,
    }
}
