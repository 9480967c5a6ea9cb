//! Runs a scenario in many orders of events: at random, and so that rare ones are found (Burckhardt et al. 2010, "A randomized scheduler
//! with probabilistic guarantees of finding bugs"). `SHUTTLE_RANDOM_SEED` takes other ones, `DAGBOK_ORDERS` more or fewer.

use std::env;
use std::sync::Arc;

use shuttle::rand::{RngCore, thread_rng};
use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler};
use shuttle::{Config, Runner};

use super::random::Random;
use crate::sync;

pub(super) use crate::sync::Timeouts;

/// Orders of each kind, where nothing else is said.
const ORDERS: usize = 1_000;
/// How many places in one order may be where others would differ.
const DEPTH: usize = 3;
const SEED: u64 = 1;
const STACK_BYTES: usize = 1 << 20;

/// Every order of the events of `scenario` that is tried has to end, and as the scenario says.
pub(super) fn check(timeouts: Timeouts, scenario: impl Fn(&mut Random) + Send + Sync + 'static) {
    let orders = env::var("DAGBOK_ORDERS").ok().and_then(|n| n.parse().ok());
    let orders = orders.unwrap_or(ORDERS);
    let scenario = Arc::new(scenario);
    let run = |scheduler: Box<dyn Scheduler + Send>| {
        let mut config = Config::new();
        config.stack_size = STACK_BYTES;
        let scenario = scenario.clone();
        Runner::new(scheduler, config).run(move || {
            sync::begin(timeouts);
            scenario(&mut Random::new(thread_rng().next_u64()));
        });
    };
    run(Box::new(RandomScheduler::new_from_seed(SEED, orders)));
    run(Box::new(PctScheduler::new_from_seed(SEED, DEPTH, orders)));
}

/// Others may go on here.
pub(super) fn pause() {
    shuttle::thread::yield_now();
}

/// Lets others go on until `is_so`; that it never is ends the exploration, after a million steps.
pub(super) fn wait_until(mut is_so: impl FnMut() -> bool) {
    while !is_so() {
        pause();
    }
}
