//! Runs a scenario on real threads, with other graphs each time.

use std::time::{Duration, Instant};

use super::random::Random;

const TIMES: u64 = 50;

/// So long something may take that takes a moment, also where each step is watched.
const PATIENCE: Duration = Duration::from_secs(60);

/// What becomes of waits for a limited time is the system's business here.
#[derive(Clone, Copy)]
pub(super) enum Timeouts {
    Never,
    AnyTime,
}

/// `scenario` has to end as it says.
pub(super) fn check(_: Timeouts, scenario: impl Fn(&mut Random) + Send + Sync + 'static) {
    for seed in 0..TIMES {
        scenario(&mut Random::new(seed));
    }
}

/// Others may go on here.
pub(super) fn pause() {
    std::thread::yield_now();
}

/// Lets others go on until `is_so`.
pub(super) fn wait_until(mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        pause();
        assert!(
            began.elapsed() < PATIENCE,
            "what is waited for does not come"
        );
    }
}
