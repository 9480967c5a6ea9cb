//! Cases from the test suites of Dask and NumPy, with the results of NumPy 2.

#![expect(
    clippy::reversed_empty_ranges,
    reason = "slices of nothing are cases too"
)]

use dagbok::prelude::*;

use super::{check, check_close, raised};

fn range(len: i64, chunk: i64) -> Array {
    arange(len).rechunk(chunk)
}

/// `0, 1, …` in the shape `rows` by `columns`.
fn grid(rows: i64, columns: i64, chunks: [i64; 2]) -> Array {
    let dense: Vec<i64> = (0..rows * columns).collect();
    Array::from(NdArray::new([rows, columns], dense).unwrap()).rechunk(chunks)
}

fn nd<T: dagbok::array::Element>(shape: &[usize], values: Vec<T>) -> NdArray {
    NdArray::new(shape, values).unwrap()
}

#[test]
fn slices() {
    let down: Vec<i64> = (0..34).map(|idx| 99 - 3 * idx).collect();
    check(&range(100, 20).slice(s![102..;-3]), down);
    let uneven = arange(104).rechunk([vec![20, 23, 27, 13, 21]]);
    let down: Vec<i64> = (0..35).map(|idx| 103 - 3 * idx).collect();
    check(&uneven.slice(s![..;-3]), down);
    check(
        &range(100, 20).slice(s![-1..-8;-1]),
        [99_i64, 98, 97, 96, 95, 94, 93],
    );
    check(&range(10, 3).slice(s![..0]), Vec::<i64>::new());
    check(&range(4, 2).slice(s![2]), 2_i64);
    check(&grid(5, 10, [2, 3]).slice(s![0, 5]), 5_i64);
    check(
        &grid(4, 5, [2, 3]).slice(s![NewAxis, 1..3, Ellipsis, NewAxis]),
        nd(&[1, 2, 5, 1], (5_i64..15).collect()),
    );
    assert_eq!(
        raised(|| range(5, 2).slice(s![6])),
        "index 6 is outside of axis 0 of an array of shape (5,)"
    );
}

#[test]
fn shapes() {
    let uneven = arange(30).rechunk([vec![10; 3]]).rechunk([vec![5; 6]]);
    assert_eq!(uneven.chunks(), [[5; 6]]);
    let rechunked = grid(30, 10, [10, 5]).rechunk([vec![7, 7, 7, 7, 2], vec![3, 3, 3, 1]]);
    check(&rechunked, nd(&[30, 10], (0_i64..300).collect()));
    let empty_chunks = ones([24, 24])
        .rechunk([vec![4, 8, 0, 0, 12], vec![24]])
        .map_blocks(NdArray::clone)
        .rechunk([vec![0, 8, 0, 4, 12], vec![24]]);
    check(&empty_chunks.sum(()), 576.0);
    check(&Array::from(42_i64).rechunk(()), 42_i64);
    check(
        &range(24, 5).reshape([4, 3, 2]),
        nd(&[4, 3, 2], (0_i64..24).collect()),
    );
    check(
        &arange((0.0, 1.0, 0.3)).rechunk(2),
        [0.0, 0.3, 0.6, 0.8999999999999999],
    );
}

#[test]
fn elementwise() {
    let a = Array::from([0_u8, 5]).rechunk(1);
    check(&(&a - Array::from([1_u8, 6]).rechunk(1)), [255_u8, 255]);
    assert_eq!(
        raised(|| &a + 256),
        "scalar `256` does not fit into dtype `u8`"
    );
    let quotient = Array::from([1_i64, 0, -1]).rechunk(2) / Array::from([0_i64, 0, 0]).rechunk(2);
    check(&quotient, [f64::INFINITY, f64::NAN, f64::NEG_INFINITY]);
    let f4 = Array::from([0_f32, 1.0, 2.0]).rechunk(2);
    check(&(f4 * 2.5 + 1), [1_f32, 3.5, 6.0]);
    let column = arange(3).slice(s![.., NewAxis]).rechunk(2);
    check(
        &(column - range(4, 3)),
        [[0_i64, -1, -2, -3], [1, 0, -1, -2], [2, 1, 0, -1]],
    );
    let halves = Array::from([0.5, 1.5, 2.5, -0.5, 1251.0]).rechunk(2);
    check(&halves.round(), [0.0, 2.0, 2.0, -0.0, 1251.0]);
    let condition = Array::from([[true], [false]]).rechunk(1);
    check(
        &where_(condition, range(3, 2), -1.5),
        [[0.0, 1.0, 2.0], [-1.5, -1.5, -1.5]],
    );
    let x = range(6, 4);
    let chosen = where_(x.lt(2), &x * 10, where_(x.gt(3), x.pow(2), -1));
    check(&chosen, [0_i64, 10, -1, -1, 16, 25]);
}

#[test]
fn reductions() {
    let x = Array::from([1.0, 2.0, 3.0, 10.0, 11.0, 50.0]).rechunk([vec![1, 3, 2]]);
    check_close(&x.std(axis(()).ddof(1)), 18.691352724366062);
    let x = (Array::from([4.0, 7.0, 13.0, 16.0]) + 1e9).rechunk(3);
    check(&x.var(axis(()).ddof(1)), 30.0);
    let x = grid(2, 3, [2, 2]).astype(DType::I32);
    check(
        &x.sum(axis(-1).keepdims().dtype(DType::F32)),
        [[3_f32], [12.0]],
    );
    let x = Array::from([1.0, f64::NAN, 3.0]).rechunk(2);
    check(&x.min(()), f64::NAN);
    check(
        &Array::from([3, 9, 9, 0, 0, 9]).rechunk(2).argmax(()),
        1_i64,
    );
    let x = Array::from([[1, 0], [1, 0], [0, 5]]).rechunk(1);
    check(&x.argmin(0), [2_i64, 0]);
}
