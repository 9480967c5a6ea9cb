//! The threads on which cells run, one for each shell, so that cells of several shells run at the same time.
//!
//! A value that is not `Send` stays with the thread that made it: that thread drops it, and lives as long as there are
//! such values.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use dagbok::cancel;
use dagbok_kernel::channel::{FromSession, Run};

use crate::cells::Cells;
use crate::link::Link;
use crate::{comms, futures, input, output};

/// Deep recursion is how people first learn of the stack; the main thread's usual 8 MB are soon used up at opt 0.
const STACK_BYTES: usize = 64 << 20;

/// All shells of this session.
pub(super) struct Shells {
    cells: Cells,
    link: Arc<Link>,
    threads: Mutex<BTreeMap<u32, Thread>>,
}

/// The thread of a shell, as long as it takes work.
struct Thread {
    queue: Sender<Work>,
    /// How much of what it was given it has not done.
    n_undone: usize,
}

/// What the thread of a shell is to do.
enum Work {
    Run {
        cell: u32,
        run: Run,
    },
    /// Drop what other threads have left to it.
    Drop,
    /// End once there is nothing to drop any more.
    End,
}

impl Shells {
    /// No thread yet; `link` leads to the kernel.
    pub(super) fn new(link: Arc<Link>) -> Arc<Self> {
        Arc::new(Shells {
            cells: Cells::new(),
            link,
            threads: Mutex::default(),
        })
    }

    /// Runs `run` as the run `cell` on the thread of `shell`, which is made if there is none.
    ///
    /// # Errors
    /// If the kernel is gone.
    pub(super) fn run(self: &Arc<Self>, shell: u32, cell: u32, run: Run) -> io::Result<()> {
        // Here and not where the cell starts: an interrupt that comes right behind it is meant for it.
        cancel::start(cell);
        let Err(error) = self.give(shell, Work::Run { cell, run }) else {
            return Ok(());
        };
        cancel::end(cell);
        let message = format!("there is no thread for it: {error}");
        let finished = self.cells.not_loaded(message);
        self.link.send(&FromSession::Finished { cell, finished })
    }

    /// Drops the variables `names`, each on the thread that made it.
    pub(super) fn forget(&self, names: &[String]) {
        self.cells.take_away(names);
        self.let_drop();
    }

    /// The thread of `shell` ends when it has done what it was asked, and has nothing to drop any more.
    pub(super) fn end(&self, shell: u32) {
        if let Some(thread) = self.threads().get_mut(&shell) {
            thread.give(Work::End);
        }
    }

    /// Gives `work` to the thread of `shell`.
    fn give(self: &Arc<Self>, shell: u32, work: Work) -> io::Result<()> {
        let mut threads = self.threads();
        let thread = match threads.entry(shell) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let (queue, works) = mpsc::channel();
                let shells = self.clone();
                thread::Builder::new()
                    .name("cell".to_owned())
                    .stack_size(STACK_BYTES)
                    .spawn(move || shells.work(shell, &works))?;
                entry.insert(Thread { queue, n_undone: 0 })
            }
        };
        thread.give(work);
        Ok(())
    }

    /// What the thread of `shell` does until it ends.
    fn work(&self, shell: u32, works: &Receiver<Work>) {
        let _runtime = futures::enter();
        let mut last_cell = 0;
        let mut is_ending = false;
        for work in works {
            match work {
                Work::Run { cell, run } => {
                    is_ending = false;
                    input::begin(cell, last_cell);
                    last_cell = cell;
                    if self.run_cell(shell, cell, &run).is_err() {
                        return;
                    }
                    self.let_drop();
                }
                Work::Drop => {
                    self.cells.drop_strays(shell);
                    output::flush();
                }
                Work::End => is_ending = true,
            }
            self.done(shell, is_ending);
        }
    }

    /// Runs a cell in this thread, that of `shell`, and tells how it ended.
    fn run_cell(&self, shell: u32, cell: u32, run: &Run) -> io::Result<()> {
        output::begin(cell);
        let finished = match self.cells.load(run) {
            Ok(loaded) => {
                self.link.send(&FromSession::Loaded { cell })?;
                self.cells.run(loaded, run, shell)
            }
            Err(finished) => finished,
        };
        comms::flush();
        output::end(cell);
        cancel::end(cell);
        self.link.send(&FromSession::Finished { cell, finished })
    }

    /// Wakes the threads to which others have left something to drop.
    fn let_drop(&self) {
        let shells = self.cells.shells_with_strays();
        if shells.is_empty() {
            return;
        }
        let mut threads = self.threads();
        for shell in shells {
            if let Some(thread) = threads.get_mut(&shell) {
                thread.give(Work::Drop);
            }
        }
    }

    /// The current thread, that of `shell`, has done one thing; if it `is_ending`, it takes no more as soon as it can.
    fn done(&self, shell: u32, is_ending: bool) {
        let mut threads = self.threads();
        let Some(thread) = threads.get_mut(&shell) else {
            return;
        };
        thread.n_undone -= 1;
        if is_ending && thread.n_undone == 0 && !self.cells.needs_thread(shell) {
            threads.remove(&shell);
        }
    }

    fn threads(&self) -> MutexGuard<'_, BTreeMap<u32, Thread>> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Thread {
    fn give(&mut self, work: Work) {
        // A thread that is not there any more has lost the kernel.
        let _ = self.queue.send(work);
        self.n_undone += 1;
    }
}
