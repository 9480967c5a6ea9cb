//! The engine through its public API.

mod array;
mod compute;
mod delayed;
mod explain;
mod failures;
mod frame;
mod golden;
mod mapping;
mod plot;
mod profile;
mod random_graphs;
mod render;
mod synchronous;
mod threads;

use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};

/// Checks `property` for as many values of `strategy`, the same in every run.
fn check_property<S: Strategy>(
    n_cases: u32,
    strategy: S,
    property: impl Fn(S::Value) -> Result<(), TestCaseError>,
) {
    let config = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(n_cases)
    };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let outcome = TestRunner::new_with_rng(config, rng).run(&strategy, property);
    outcome.unwrap_or_else(|error| panic!("{error}"));
}
