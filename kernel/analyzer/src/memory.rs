//! Keeps the process small and quick: beyond a limit it ends, and the kernel starts another one with the next question.

use std::fs;
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use crate::log;

/// More than this is given up once a question is answered.
const KEPT_MB: u64 = 500;

/// More than this is given up at once.
const USED_MB_MAX: u64 = 900;

/// A question that takes longer is given up; nobody has waited for it that long.
const WORK_MAX: Duration = Duration::from_secs(30);

/// How often a question's memory is looked at.
const PERIOD: Duration = Duration::from_millis(100);

/// Looks at the memory and the time of the process while it works.
pub(crate) struct Watch {
    thread: Thread,
    /// The number of the question that is worked on, 0 for none.
    works: Arc<AtomicU64>,
    n_begun: u64,
}

impl Watch {
    pub(crate) fn start() -> Self {
        let works = Arc::new(AtomicU64::new(0));
        let looked_at = works.clone();
        let thread = thread::spawn(move || {
            loop {
                let question = looked_at.load(Ordering::Relaxed);
                let start = Instant::now();
                while question != 0 && looked_at.load(Ordering::Relaxed) == question {
                    end_above(USED_MB_MAX);
                    end_after(start);
                    thread::sleep(PERIOD);
                }
                if question == 0 {
                    thread::park();
                }
            }
        });
        Watch {
            thread: thread.thread().clone(),
            works,
            n_begun: 0,
        }
    }

    /// A question is being worked on.
    pub(crate) fn begin(&mut self) {
        self.n_begun += 1;
        self.works.store(self.n_begun, Ordering::Relaxed);
        self.thread.unpark();
    }

    /// Nothing is being worked on; ends the process if it is too large to be kept.
    pub(crate) fn end(&self) {
        self.works.store(0, Ordering::Relaxed);
        end_above(KEPT_MB);
    }
}

fn end_above(limit: u64) {
    if let Some(used) = used_mb().filter(|used| *used > limit) {
        log(&format!(
            "ends because it uses {used} MB, and {limit} MB are the limit"
        ));
        process::exit(0);
    }
}

fn end_after(start: Instant) {
    if start.elapsed() > WORK_MAX {
        log(&format!(
            "ends because a question takes longer than {WORK_MAX:?}"
        ));
        process::exit(0);
    }
}

/// The memory of this process; `None` where the system has no such file.
fn used_mb() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kb: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kb / 1024)
}
