//! What a cell takes: time on the clock, and on the processors.

use std::mem::MaybeUninit;
use std::time::{Duration, Instant};

use dagbok_kernel::channel::Spent;

/// Runs from its start on.
pub(super) struct Stopwatch {
    start: Instant,
    user: Duration,
    system: Duration,
}

impl Stopwatch {
    pub(super) fn start() -> Self {
        let (user, system) = cpu_times();
        Stopwatch {
            start: Instant::now(),
            user,
            system,
        }
    }

    /// What was spent since the start.
    pub(super) fn spent(&self) -> Spent {
        let wall = self.start.elapsed();
        let (user, system) = cpu_times();
        Spent {
            wall,
            user: user.saturating_sub(self.user),
            system: system.saturating_sub(self.system),
        }
    }
}

/// The CPU time of all threads of this process, in the program and in the system.
#[expect(unsafe_code, reason = "std has no clock for CPU time")]
fn cpu_times() -> (Duration, Duration) {
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: the pointer is to a whole `rusage`, which the call fills in.
    let result = unsafe { libc::getrusage(libc::RUSAGE_SELF, usage.as_mut_ptr()) };
    if result != 0 {
        return (Duration::ZERO, Duration::ZERO);
    }
    // SAFETY: it is filled in, and zeroes would be valid as well.
    let usage = unsafe { usage.assume_init() };
    (duration(usage.ru_utime), duration(usage.ru_stime))
}

fn duration(time: libc::timeval) -> Duration {
    Duration::from_secs(time.tv_sec.unsigned_abs())
        + Duration::from_micros(time.tv_usec.unsigned_abs())
}
