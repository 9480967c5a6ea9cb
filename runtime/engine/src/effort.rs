//! How much tests try: less in Miri, where each step takes a thousand times as long.

use proptest::test_runner::Config;

/// Of a property so many cases are tried in Miri.
const CASES_IN_MIRI: u32 = 3;

/// `usually`, but `in_miri` where Miri runs the tests.
pub(crate) const fn of(usually: usize, in_miri: usize) -> usize {
    if cfg!(miri) { in_miri } else { usually }
}

/// So many cases of a property; few of them in Miri.
pub(crate) fn cases(usually: u32) -> Config {
    match cfg!(miri) {
        true => Config {
            cases: CASES_IN_MIRI,
            // It has no files.
            failure_persistence: None,
            ..Config::default()
        },
        false => Config::with_cases(usually),
    }
}
