//! Reductions over every set of axes of several chunkings, against loops over the dense array.

use dagbok::array::{Element, Reduce};
use dagbok::prelude::*;

use super::oracle::{compute, compute_unfused, unravel};
use super::{check, check_close, raised};

const SHAPE: [usize; 3] = [5, 4, 7];

fn numbers() -> Vec<f64> {
    let wave = (0..140).map(|idx| (f64::from(idx) * 37.0 % 23.0 - 11.0) / 4.0);
    wave.collect()
}

fn chunkings() -> Vec<Vec<Vec<usize>>> {
    vec![
        vec![vec![5], vec![4], vec![7]],
        vec![vec![1; 5], vec![1; 4], vec![1; 7]],
        vec![vec![2, 3], vec![3, 1], vec![4, 3]],
        vec![vec![0, 5], vec![4], vec![1, 0, 6]],
    ]
}

/// For each element of the result the elements that it is made of, in C order, with their places along `axes`.
fn groups(values: &[f64], axes: &[usize]) -> Vec<Vec<f64>> {
    let kept: Vec<usize> = (0..3).filter(|axis| !axes.contains(axis)).collect();
    let lengths: Vec<usize> = kept.iter().map(|&axis| SHAPE[axis]).collect();
    let mut groups = vec![Vec::new(); lengths.iter().product()];
    for (flat, &value) in values.iter().enumerate() {
        let index = unravel(flat, &SHAPE);
        let place = kept
            .iter()
            .fold(0, |place, &axis| place * SHAPE[axis] + index[axis]);
        groups[place].push(value);
    }
    groups
}

const AXES: [&[usize]; 7] = [&[0], &[1], &[2], &[0, 1], &[0, 2], &[1, 2], &[0, 1, 2]];

/// `reduce` of every chunking over `axes` against `naive` of the elements of each group.
#[track_caller]
fn check_each<T: Element>(
    reduce: impl Fn(&Array, Reduce) -> Array,
    naive: impl Fn(&[f64]) -> T,
    dtype: DType,
    axes: &[&[usize]],
) {
    let dense = NdArray::new(SHAPE, numbers()).unwrap();
    for chunks in chunkings() {
        let x = Array::from(dense.clone())
            .rechunk(chunks.clone())
            .astype(dtype);
        for axes in axes {
            let values: Vec<f64> = dense.astype(dtype).iter().collect();
            let expected: Vec<T> = groups(&values, axes)
                .iter()
                .map(|group| naive(group))
                .collect();
            let reduced = reduce(&x, axis(*axes));
            let kept = reduce(&x, axis(*axes).keepdims());
            let shape: Vec<usize> = (0..3)
                .map(|axis| if axes.contains(&axis) { 1 } else { SHAPE[axis] })
                .collect();
            let flat = NdArray::new(reduced.shape(), expected).unwrap();
            check_close(&reduced, &flat);
            assert_eq!(kept.shape(), shape);
            check_close(&kept, flat.reshape(shape));
        }
    }
}

#[test]
fn every_axis_and_chunking() {
    let sum = |group: &[f64]| group.iter().sum::<f64>();
    let mean = |group: &[f64]| sum(group) / group.len() as f64;
    let var = |group: &[f64]| {
        let mean = mean(group);
        group
            .iter()
            .map(|value| (value - mean).powi(2))
            .sum::<f64>()
            / group.len() as f64
    };
    let min = |group: &[f64]| group.iter().copied().fold(f64::INFINITY, f64::min);
    let max = |group: &[f64]| group.iter().copied().fold(-f64::INFINITY, f64::max);
    let f = DType::F64;
    check_each(|x, over| x.sum(over), sum, f, &AXES);
    check_each(|x, over| x.mean(over), mean, f, &AXES);
    check_each(|x, over| x.var(over), var, f, &AXES);
    check_each(|x, over| x.std(over), |group| var(group).sqrt(), f, &AXES);
    check_each(|x, over| x.min(over), min, f, &AXES);
    check_each(|x, over| x.max(over), max, f, &AXES);
    check_each(
        |x, over| (x / 3.0).prod(over),
        |group| group.iter().map(|value| value / 3.0).product::<f64>(),
        f,
        &AXES,
    );
    let i = DType::I8;
    check_each(|x, over| x.sum(over), |group| sum(group) as i64, i, &AXES);
    check_each(|x, over| x.min(over), |group| min(group) as i8, i, &AXES);
    check_each(|x, over| x.mean(over), mean, i, &AXES);
    check_each(
        |x, over| x.any(over),
        |group| group.iter().any(|value| *value != 0.0),
        i,
        &AXES,
    );
    check_each(
        |x, over| x.all(over),
        |group| group.iter().all(|value| *value != 0.0),
        i,
        &AXES,
    );
    let truth = DType::Bool;
    check_each(
        |x, over| x.sum(over),
        |group| sum(group) as i64,
        truth,
        &AXES,
    );
    check_each(
        |x, over| x.min(over),
        |group| min(group) != 0.0,
        truth,
        &AXES,
    );
}

#[test]
fn places_of_extremes() {
    let first = |group: &[f64], best: f64| group.iter().position(|value| *value == best).unwrap();
    let argmin =
        |group: &[f64]| first(group, group.iter().copied().fold(f64::INFINITY, f64::min)) as i64;
    let argmax =
        |group: &[f64]| first(group, group.iter().copied().fold(-f64::INFINITY, f64::max)) as i64;
    for dtype in [DType::F64, DType::I8, DType::Bool] {
        check_each(|x, over| x.argmin(over), argmin, dtype, &AXES[..3]);
        check_each(|x, over| x.argmax(over), argmax, dtype, &AXES[..3]);
        let x = Array::from(NdArray::new(SHAPE, numbers()).unwrap());
        for chunks in chunkings() {
            let x = x.rechunk(chunks).astype(dtype);
            let dense: Vec<f64> = compute(&x).unwrap().iter().collect();
            check(&x.argmin(()), argmin(&dense));
            check(&x.argmax(()), argmax(&dense));
        }
    }
    let x = Array::from([1.0, f64::NAN, 9.0, f64::NAN]).rechunk(1);
    check(&x.argmax(()), 1_i64);
    check(&x.argmin(()), 1_i64);
}

#[test]
fn nan_and_infinity() {
    let (nan, inf) = (f64::NAN, f64::INFINITY);
    let x = Array::from([[1.0, nan], [inf, 2.0], [inf, -inf]]).rechunk([1, 2]);
    check(&x.sum(0), [inf, nan]);
    check(&x.max(0), [inf, nan]);
    check(&x.min(0), [1.0, nan]);
    check(&x.min(1), [nan, 2.0, -inf]);
    check(&x.mean(1), [nan, inf, nan]);
    check(&x.prod(1), [nan, inf, -inf]);
    check(&x.std(1), [nan, nan, nan]);
    let long = concatenate(&[zeros(5000), full(1, inf)], 0);
    check(&long.sum(()), inf);
}

#[test]
fn nothing_to_reduce() {
    let empty = zeros([0, 3]);
    check(&empty.sum(()), 0.0);
    check(&empty.sum(0), [0.0; 3]);
    check(&empty.prod(0), [1.0; 3]);
    check(&empty.mean(0), [f64::NAN; 3]);
    check(&empty.std(()), f64::NAN);
    check(&empty.any(()), false);
    check(&empty.all(()), true);
    check(&empty.min(1), Vec::<f64>::new());
    assert_eq!(
        raised(|| empty.min(0)),
        "zero-size array to reduction operation min which has no identity: shape (0, 3)"
    );
    assert_eq!(
        raised(|| empty.argmax(())),
        "zero-size array to reduction operation argmax which has no identity: shape (0, 3)"
    );
}

#[test]
fn scalars_and_axes() {
    check(&Array::from(5.0).sum(()), 5.0);
    check(&Array::from(5.0).var(()), 0.0);
    let x = ones([2, 3]);
    assert_eq!(
        raised(|| x.sum(2)),
        "axis 2 is outside of an array with 2 axes"
    );
    assert_eq!(
        raised(|| x.sum([0, -2])),
        "axis 0 is named twice in [0, -2]"
    );
    assert_eq!(
        raised(|| x.argmax([0, 1])),
        "`argmax` takes one axis or `()`, not Some([0, 1])"
    );
    assert_eq!(
        raised(|| x.min(axis(0).dtype(DType::F32))),
        "`min` does not take a dtype, here `f32`"
    );
    check(&x.sum(axis(()).keepdims()), [[6.0]]);
    check(&x.var(axis(0).ddof(2)), [f64::NAN; 3]);
}

#[test]
fn sums_keep_their_digits() {
    let tenth = full(1_000_000, 0.1).rechunk(300_000);
    let sum: f64 = compute(&tenth.sum(())).unwrap().item().unwrap();
    assert!((sum - 100_000.0).abs() < 1e-10, "{sum}");
    let single = tenth.astype(DType::F32);
    check(&single.sum(()), 100_000.0_f32 + 0.0015);
    let x = arange(10_000).rechunk(777) + 1e9;
    let var: f64 = compute(&x.var(())).unwrap().item().unwrap();
    assert!((var / 8333333.25 - 1.0).abs() < 1e-12, "{var}");
    let rows = (arange(10_000).reshape([1000, 10]).rechunk([30, 3]) + 1e9).var(0);
    let expected = NdArray::from([8333325.0; 10]);
    check_close(&rows, expected);
    assert_eq!(
        compute(&tenth.sum(())).unwrap(),
        compute_unfused(&tenth.sum(())).unwrap()
    );
}

#[test]
fn trees() {
    let x = ones(1000).rechunk(1);
    check(&x.sum(()), 1000.0);
    let plan =
        dagbok_engine::planner::plan(&[dagbok::engine::Collection::Array(x.sum(()))]).unwrap();
    let widest = plan.graph.tasks().map(|(_, task)| task.inputs.len()).max();
    assert_eq!(widest, Some(8));
}
