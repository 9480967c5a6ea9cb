//! Arrays against NumPy's results and naive loops, in many chunkings.

mod broadcast;
mod chunkings;
mod delayed;
mod dtypes;
mod fuse;
mod golden;
mod index;
mod npy;
mod oracle;
mod print;
mod random;
mod reduce;

use dagbok::prelude::*;

/// Computes in fused tasks, in tasks of each collection's own, and chunk by chunk; all must agree with `expected`, and
/// chunks with what the array declares.
#[track_caller]
fn check(array: &Array, expected: impl Into<NdArray>) {
    let expected = expected.into();
    let computed = oracle::compute(array).unwrap();
    assert_same(&computed, &expected);
    assert_same(&oracle::compute_unfused(array).unwrap(), &expected);
}

/// As [`check`], but floats may differ in the last digits.
#[track_caller]
fn check_close(array: &Array, expected: impl Into<NdArray>) {
    let expected = expected.into();
    let computed = oracle::compute(array).unwrap();
    assert_eq!(computed.shape(), expected.shape());
    assert_eq!(computed.dtype(), expected.dtype());
    for (computed, expected) in computed.iter().zip(expected.iter()) {
        let close = (computed - expected).abs() <= 1e-12 * expected.abs().max(1e-300);
        assert!(close || computed == expected || (computed.is_nan() && expected.is_nan()));
    }
}

/// Equal in shape, dtype and elements; NaN is equal to NaN.
#[track_caller]
fn assert_same(computed: &NdArray, expected: &NdArray) {
    let same = computed.shape() == expected.shape()
        && computed.dtype() == expected.dtype()
        && computed
            .iter()
            .zip(expected.iter())
            .all(|(computed, expected)| {
                computed == expected || (computed.is_nan() && expected.is_nan())
            });
    assert!(same, "computed\n{computed:?}\nexpected\n{expected:?}");
}

/// The error that building the expression raises.
#[track_caller]
fn raised(build: impl FnOnce() -> Array) -> String {
    attempt(build).unwrap_err().to_string()
}
