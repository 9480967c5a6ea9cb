//! What this process prints, on its way into the pipe to the kernel: each text under the cell that it belongs to.
//!
//! Everything goes through one pipe, so that what a thread prints on stdout and stderr stays in order, also with what
//! child processes write, who have that pipe as their stdout. The text of the stdout of one cell is in the pipe as it is:
//! of those that run, the one that began last. Any other is between marks, a random word that the kernel learns before
//! the first cell starts, each of which names the stream and cell of what follows.
//!
//! A piece of a line waits until the line is complete, or for a moment, so that `println!("{a} {b}")` is not four
//! system calls. It waits in a file that the kernel reads when this process has ended, however it ended.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::ffi::c_int;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use dagbok::cell::threads;
use dagbok_kernel::evaluate::StreamName;
use dagbok_kernel::marks::{HELD_BYTES, Held, mark};

use crate::original::write_all;

/// The streams in the order in which they are held.
const STREAMS: [StreamName; 2] = [StreamName::Stdout, StreamName::Stderr];

/// How long a piece of a line waits for the rest of it.
const HOLD: Duration = Duration::from_millis(15);

/// The stream with the number `fd`, while that number still stands for it, and it is not a signal handler that writes.
pub(super) fn stream_of(fd: c_int) -> Option<StreamName> {
    let stream = match fd {
        1 if !REDIRECTED[1].load(Ordering::Relaxed) => StreamName::Stdout,
        2 if !REDIRECTED[2].load(Ordering::Relaxed) => StreamName::Stderr,
        _ => return None,
    };
    (!is_on_signal_stack()).then_some(stream)
}

/// Whether this is the stack of a signal handler: the thread may hold any lock, also the allocator's, as where its stack overflows in there.
#[expect(unsafe_code, reason = "the system is called here")]
fn is_on_signal_stack() -> bool {
    // SAFETY: all zeros are a valid `stack_t`, which the call fills or leaves as it is.
    let mut stack: libc::stack_t = unsafe { std::mem::zeroed() };
    // SAFETY: the place lives for the call, which changes nothing else.
    unsafe { libc::sigaltstack(std::ptr::null(), &mut stack) };
    stack.ss_flags & libc::SS_ONSTACK != 0
}

/// Whether the person's code has put something else in the place of stdin, stdout or stderr.
static REDIRECTED: [AtomicBool; 3] = [const { AtomicBool::new(false) }; 3];

static OUTPUT: Mutex<Option<Output>> = Mutex::new(None);
static HELD_BACK: Condvar = Condvar::new();

thread_local! {
    /// Whether this thread is in here already: a crash in the middle of a line has a signal handler that prints.
    static WRITING: Cell<bool> = const { Cell::new(false) };
}

struct Output {
    pipe: OwnedFd,
    word: String,
    /// Pieces of a line of stdout and of stderr, in memory that is a file's.
    held: &'static mut [Held; 2],
    /// Who wrote them last.
    owners: [usize; 2],
    /// The number of what is at 0, 1 and 2, as the kernel has made them.
    inodes: [u64; 3],
    flusher_waits: bool,
    /// The cells that run, in the order in which they began.
    running: Vec<u32>,
    /// What the next question on stdin of each cell is to say, as the crate `evcxr_input` puts it.
    prompts: BTreeMap<u32, (String, bool)>,
}

/// The pieces of a line that `held` holds.
fn text(held: &Held) -> &[u8] {
    &held.bytes[..(held.header.n_bytes as usize).min(HELD_BYTES)]
}

/// Whether there was room for `bytes` in `held`.
fn add(held: &mut Held, bytes: &[u8]) -> bool {
    let start = text(held).len();
    let Some(room) = held.bytes.get_mut(start..start + bytes.len()) else {
        return false;
    };
    room.copy_from_slice(bytes);
    held.header.n_bytes = (start + bytes.len()) as u32;
    true
}

/// From now on what is printed goes into the pipe at stdout under `word`; pieces of lines wait in the file `held`.
///
/// # Errors
/// The system's.
pub(super) fn start(word: String, held: &Path) -> io::Result<()> {
    let output = Output {
        pipe: duplicate(1)?,
        word,
        held: map(held)?,
        owners: [0; 2],
        inodes: [inode(0), inode(1), inode(2)],
        flusher_waits: false,
        running: Vec::new(),
        prompts: BTreeMap::new(),
    };
    *lock() = Some(output);
    thread::Builder::new()
        .name("flush".to_owned())
        .spawn(flush_forever)?;
    Ok(())
}

/// From now on `cell` runs, in the current thread, and text without a mark is its stdout until another one begins.
pub(super) fn begin(cell: u32) {
    with(|output| {
        output.running.push(cell);
        threads::work_for(cell);
        output.put_in_front(cell)
    });
}

/// `cell` has ended, and everything that it has printed is in the pipe.
pub(super) fn end(cell: u32) {
    with(|output| {
        output.flush()?;
        output.prompts.remove(&cell);
        output.running.retain(|running| *running != cell);
        match output.running.last() {
            Some(last) if threads::foreground() == cell => output.put_in_front(*last),
            _ => Ok(()),
        }
    });
}

/// Everything that has been printed is in the pipe.
pub(super) fn flush() {
    with(Output::flush);
}

/// Prints `bytes`; `None` if that is for the system to do.
pub(super) fn write(stream: StreamName, bytes: &[u8]) -> Option<io::Result<()>> {
    if WRITING.replace(true) {
        return None;
    }
    // A thread that lives has this to itself.
    let thread = WRITING.with(|writing| std::ptr::from_ref(writing) as usize);
    let mut guard = lock();
    let result = guard
        .as_mut()
        .map(|output| output.write(stream, threads::served(), thread, bytes));
    drop(guard);
    WRITING.set(false);
    result
}

/// The question of `cell` that has been announced for stdin, and whether the answer is to be hidden.
pub(super) fn take_prompt(cell: u32) -> Option<(String, bool)> {
    lock().as_mut()?.prompts.remove(&cell)
}

/// Stdin, stdout or stderr may be another file now.
pub(super) fn replaced(fd: c_int) {
    let Some(idx) = usize::try_from(fd).ok().filter(|idx| *idx < 3) else {
        return;
    };
    if let Some(output) = lock().as_ref() {
        REDIRECTED[idx].store(inode(fd) != output.inodes[idx], Ordering::Relaxed);
    }
}

/// Whether stdin is what the kernel has made it.
pub(super) fn asks_on_stdin() -> bool {
    !REDIRECTED[0].load(Ordering::Relaxed)
}

impl Output {
    fn write(
        &mut self,
        stream: StreamName,
        cell: u32,
        thread: usize,
        bytes: &[u8],
    ) -> io::Result<()> {
        let own = stream as usize;
        let other = 1 - own;
        // What one thread prints on both stays in order; a line of another's is not cut for it.
        if self.owners[other] == thread {
            self.flush_one(other)?;
        }
        if self.held[own].header.cell != cell {
            self.flush_one(own)?;
            self.held[own].header.cell = cell;
        }
        self.owners[own] = thread;
        if !add(&mut self.held[own], bytes) {
            self.flush_one(own)?;
            return self.send(stream, cell, bytes);
        }
        if bytes.contains(&b'\n') {
            if stream == StreamName::Stdout && self.take_question() {
                return Ok(());
            }
            return self.flush_one(own);
        }
        if self.flusher_waits {
            self.flusher_waits = false;
            HELD_BACK.notify_one();
        }
        Ok(())
    }

    /// From now on text without a mark is the stdout of `cell`.
    fn put_in_front(&mut self, cell: u32) -> io::Result<()> {
        self.flush()?;
        let mark = mark(&self.word, StreamName::Stdout, cell);
        write_all(self.pipe.as_raw_fd(), mark.as_bytes())?;
        threads::set_foreground(cell);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.flush_one(0)?;
        self.flush_one(1)
    }

    fn flush_one(&mut self, idx: usize) -> io::Result<()> {
        let held = &self.held[idx];
        if held.header.n_bytes == 0 {
            return Ok(());
        }
        let sent = self.send(STREAMS[idx], held.header.cell, text(held));
        self.held[idx].header.n_bytes = 0;
        sent
    }

    fn is_empty(&self) -> bool {
        self.held.iter().all(|held| held.header.n_bytes == 0)
    }

    fn send(&self, stream: StreamName, cell: u32, bytes: &[u8]) -> io::Result<()> {
        let pipe = self.pipe.as_raw_fd();
        let foreground = threads::foreground();
        if stream == StreamName::Stdout && cell == foreground {
            return write_all(pipe, bytes);
        }
        let mut marked = mark(&self.word, stream, cell).into_bytes();
        marked.extend_from_slice(bytes);
        marked.extend_from_slice(mark(&self.word, StreamName::Stdout, foreground).as_bytes());
        write_all(pipe, &marked)
    }

    /// Whether the line that is held is a question of `evcxr_input`, which is asked when stdin is read.
    fn take_question(&mut self) -> bool {
        let cell = self.held[0].header.cell;
        let Some(question) = text(&self.held[0]).strip_prefix(b"EVCXR_INPUT_REQUEST") else {
            return false;
        };
        let question = String::from_utf8_lossy(question);
        let question = question.trim_end_matches('\n');
        let prompt = match (
            question.strip_prefix("_PASSWORD:"),
            question.strip_prefix(':'),
        ) {
            (Some(prompt), _) => Some((prompt.to_owned(), true)),
            (_, Some(prompt)) => Some((prompt.to_owned(), false)),
            _ => return false,
        };
        self.prompts.extend(prompt.map(|prompt| (cell, prompt)));
        self.held[0].header.n_bytes = 0;
        true
    }
}

fn flush_forever() {
    loop {
        let mut guard = lock();
        while let Some(output) = guard.as_mut()
            && output.is_empty()
        {
            output.flusher_waits = true;
            guard = HELD_BACK
                .wait(guard)
                .unwrap_or_else(PoisonError::into_inner);
        }
        drop(guard);
        thread::sleep(HOLD);
        flush();
    }
}

/// A pipe that is closed means that the kernel is gone, and so are we soon.
fn with(act: impl FnOnce(&mut Output) -> io::Result<()>) {
    WRITING.set(true);
    if let Some(output) = lock().as_mut() {
        let _ = act(output);
    }
    WRITING.set(false);
}

fn lock() -> MutexGuard<'static, Option<Output>> {
    OUTPUT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The same pipe under a number of our own, which child processes do not get.
#[expect(unsafe_code, reason = "the system is called here")]
fn duplicate(fd: c_int) -> io::Result<OwnedFd> {
    // SAFETY: duplicating a number touches no memory.
    match unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 3) } {
        -1 => Err(io::Error::last_os_error()),
        // SAFETY: the number is new, and nobody else's.
        own => Ok(unsafe { OwnedFd::from_raw_fd(own) }),
    }
}

/// What is at the number `fd`.
#[expect(unsafe_code, reason = "the system is called here")]
fn inode(fd: c_int) -> u64 {
    // SAFETY: all zeros are a valid `stat`, which the call fills or leaves as it is.
    let mut stat: libc::stat = unsafe { std::mem::zeroed() };
    // SAFETY: the place lives for the call.
    unsafe { libc::fstat(fd, &mut stat) };
    stat.st_ino
}

/// Memory that is the content of the file at `path`.
#[expect(unsafe_code, reason = "memory is mapped here")]
fn map(path: &Path) -> io::Result<&'static mut [Held; 2]> {
    let n_bytes = size_of::<[Held; 2]>();
    let file: File = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .open(path)?;
    file.set_len(n_bytes as u64)?;
    // SAFETY: a new mapping of a file that is as long; the kernel reads it only when this process has ended.
    let memory = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            n_bytes,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_SHARED,
            file.as_raw_fd(),
            0,
        )
    };
    if memory == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the mapping is never undone, is as large and as aligned as a page, all zeros are valid, and this
    // is the only reference to it.
    Ok(unsafe { &mut *memory.cast::<[Held; 2]>() })
}
