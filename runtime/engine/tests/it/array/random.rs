//! Random arrays: the same in every chunking, different in every call, distributed as they should be.

use dagbok::prelude::*;

use super::oracle::compute;
use super::{check, raised};

#[test]
fn chunks_do_not_matter() {
    let draw = || default_rng(7).normal(1.0, 2.0, [40, 50]);
    let whole = compute(&draw()).unwrap();
    for chunks in [[1, 50], [7, 9], [40, 1], [13, 50]] {
        check(&draw().rechunk(chunks), &whole);
    }
    let part = draw().rechunk([7, 9]).slice(s![3..;5, ..;-3]);
    let same = compute(&Array::from(&whole).slice(s![3..;5, ..;-3])).unwrap();
    check(&part, same);
}

#[test]
fn seeds_and_calls_matter() {
    let rng = default_rng(1);
    let (a, b) = (rng.random(100), rng.random(100));
    let c = default_rng(2).random(100);
    let again = default_rng(1).random(100);
    let a = compute(&a).unwrap();
    assert_ne!(a, compute(&b).unwrap());
    assert_ne!(a, compute(&c).unwrap());
    assert_eq!(a, compute(&again).unwrap());
    assert_eq!(again.name(), default_rng(1).random(100).name());
}

/// Mean, variance, skewness and excess of the tails of 10⁶ numbers, each in units of its standard error.
fn moments(values: &NdArray, mean: f64, std: f64) -> [f64; 3] {
    let n = values.len() as f64;
    let power = |power: i32| {
        values
            .iter()
            .map(|x| ((x - mean) / std).powi(power))
            .sum::<f64>()
            / n
    };
    [power(1), power(2), power(3)]
}

#[test]
fn distributions() {
    let rng = default_rng(0);
    let uniform = compute(&rng.uniform(-1.0, 3.0, 1_000_000)).unwrap();
    let [mean, variance, _] = moments(&uniform, 1.0, 4.0 / 12_f64.sqrt());
    assert!(mean.abs() < 0.004 && (variance - 1.0).abs() < 0.004);
    assert!(uniform.iter().all(|x| (-1.0..3.0).contains(&x)));

    let normal = compute(&rng.normal(10.0, 0.5, 1_000_000)).unwrap();
    let [mean, variance, skew] = moments(&normal, 10.0, 0.5);
    assert!(mean.abs() < 0.004 && (variance - 1.0).abs() < 0.006 && skew.abs() < 0.02);
    let within = |width: f64| {
        let inside = normal
            .iter()
            .filter(|x| (x - 10.0).abs() < 0.5 * width)
            .count();
        inside as f64 / 1e6
    };
    let shares = [
        (0.5, 0.3829),
        (1.0, 0.6827),
        (2.0, 0.9545),
        (3.0, 0.9973),
        (4.0, 0.99994),
    ];
    for (width, share) in shares {
        assert!((within(width) - share).abs() < 0.002, "within {width}");
    }

    let dice = compute(&rng.integers(-2, 4, 600_000)).unwrap();
    for side in -2..4 {
        let count = dice.iter().filter(|x| *x == f64::from(side)).count();
        assert!((99_000..101_000).contains(&count), "{side}: {count}");
    }
}

#[test]
fn errors() {
    let rng = default_rng(0);
    assert_eq!(
        raised(|| rng.integers(3, 3, 1)),
        "there is no integer from `3` to below `3`"
    );
    assert_eq!(
        raised(|| rng.normal(0.0, -1.0, 1)),
        "a standard deviation is not negative, as `-1.0` is"
    );
}
