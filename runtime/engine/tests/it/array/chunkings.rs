//! What moves elements: rechunking, reshaping, other orders of axes, joining, products; over many chunkings.

use dagbok::array::Block;
use dagbok::prelude::*;

use super::oracle::{compute, unravel};
use super::{check, check_close, raised};

/// Every way to cut an axis of `len` into chunks.
fn cuts(len: usize) -> Vec<Vec<usize>> {
    if len == 0 {
        return vec![vec![]];
    }
    (1..=len)
        .flat_map(|first| {
            let rest = cuts(len - first).into_iter();
            rest.map(move |rest| [vec![first], rest].concat())
        })
        .collect()
}

fn filled(shape: &[usize]) -> NdArray {
    let len = shape.iter().product::<usize>() as i64;
    NdArray::new(shape, (0..len).collect()).unwrap()
}

/// The same array from tasks of its own, so that it is no source that can be cut anywhere.
fn made(array: &NdArray, chunks: Vec<Vec<usize>>) -> Array {
    Array::from(array)
        .rechunk(chunks)
        .map_blocks(NdArray::clone)
}

#[test]
fn every_chunking_to_every_other() {
    for from in cuts(5) {
        for to in cuts(5) {
            check(
                &made(&filled(&[5]), vec![from.clone()]).rechunk([to]),
                filled(&[5]),
            );
        }
    }
    for rows in cuts(4) {
        for columns in cuts(3) {
            let x = made(&filled(&[4, 3]), vec![vec![1, 3], vec![2, 1]]);
            check(&x.rechunk([rows.clone(), columns.clone()]), filled(&[4, 3]));
            let x = made(&filled(&[4, 3]), vec![rows.clone(), columns.clone()]);
            check(&x.rechunk([2, 2]), filled(&[4, 3]));
        }
    }
}

#[test]
fn every_reshape_of_twelve() {
    let shapes: [&[i64]; 8] = [
        &[12],
        &[3, 4],
        &[4, -1],
        &[2, 2, 3],
        &[-1, 1],
        &[1, 12, 1],
        &[6, 2],
        &[2, 1, -1],
    ];
    for from in shapes {
        let dense = filled(&[12]).reshape(from);
        let chunkings = [1, 2, 3, 12].map(|size| Array::from(&dense).rechunk(size));
        for x in chunkings {
            let x = x.map_blocks(NdArray::clone);
            for to in shapes {
                check(&x.reshape(to), dense.reshape(to));
            }
        }
    }
    check(
        &zeros([0, 3]).reshape([3, 0]),
        NdArray::new([3, 0], Vec::<f64>::new()).unwrap(),
    );
    assert_eq!(
        raised(|| arange(6).reshape([4, 2])),
        "cannot reshape an array of shape (6,) into (4, 2)"
    );
    assert_eq!(
        raised(|| arange(6).reshape([-1, -1])),
        "cannot reshape an array of shape (6,) into (-1, -1)"
    );
}

#[test]
fn orders_of_axes() {
    let dense = filled(&[2, 3, 4]);
    let x = made(&dense, vec![vec![1, 1], vec![2, 1], vec![3, 1]]);
    for order in [
        [0, 1, 2],
        [0, 2, 1],
        [1, 0, 2],
        [1, 2, 0],
        [2, 0, 1],
        [2, 1, 0],
    ] {
        let shape: Vec<usize> = order.iter().map(|&axis| dense.shape()[axis]).collect();
        let values = (0..24).map(|flat| {
            let index = unravel(flat, &shape);
            let mut source = [0; 3];
            order
                .iter()
                .zip(index)
                .for_each(|(&axis, idx)| source[axis] = idx);
            dense.get(source).unwrap().as_f64() as i64
        });
        let expected = NdArray::new(shape.as_slice(), values.collect()).unwrap();
        check(&x.transpose(order), &expected);
        check(&(x.transpose(order) * 1), expected);
    }
    check(&x.t(), compute(&x.transpose([2, 1, 0])).unwrap());
    assert_eq!(
        raised(|| x.transpose([0, 0, 1])),
        "axes [0, 0, 1] do not name each of 3 axes once"
    );
    assert_eq!(
        raised(|| x.transpose([0, 1, 3])),
        "axis 3 is outside of an array with 3 axes"
    );
    check(&x.expand_dims(1).squeeze(1), &dense);
    assert_eq!(
        raised(|| x.squeeze(0)),
        "cannot squeeze axis 0 of an array of shape (2, 3, 4): its length is not 1"
    );
}

#[test]
fn large_transposes() {
    let dense = filled(&[70, 90]);
    let x = made(&dense, vec![vec![70], vec![50, 40]]);
    let values = (0..6300).map(|flat| (flat % 70) * 90 + flat / 70);
    let expected = NdArray::new([90, 70], values.collect::<Vec<i64>>()).unwrap();
    check(&x.t(), &expected);
    check(&(x.t() + 0), &expected);
    let cube = made(&filled(&[3, 40, 50]), vec![vec![3], vec![40], vec![50]]);
    check(
        &cube.transpose([0, 2, 1]).transpose([0, 2, 1]).t().t(),
        filled(&[3, 40, 50]),
    );
}

#[test]
fn joined() {
    let a = made(&filled(&[2, 3]), vec![vec![1, 1], vec![3]]);
    let b = made(&filled(&[3, 3]), vec![vec![2, 1], vec![1, 2]]);
    let rows: Vec<i64> = (0..6).chain(0..9).collect();
    check(
        &concatenate(&[a.clone(), b.clone()], 0),
        NdArray::new([5, 3], rows).unwrap(),
    );
    check(
        &concatenate(&[a.clone(), a.clone() + 10.0], -1),
        [
            [0.0, 1.0, 2.0, 10.0, 11.0, 12.0],
            [3.0, 4.0, 5.0, 13.0, 14.0, 15.0],
        ],
    );
    check(
        &stack(&[a.clone(), a.clone()], 0).slice(s![1]),
        filled(&[2, 3]),
    );
    check(
        &stack(&[a.clone(), -&a], -1).slice(s![1, .., 1]),
        [-3_i64, -4, -5],
    );
    check(&concatenate(&[zeros(0), arange(2)], 0), [0.0, 1.0]);
    assert_eq!(
        raised(|| concatenate(&[], 0)),
        "cannot concatenate no arrays"
    );
    assert_eq!(
        raised(|| concatenate(&[a.clone(), b.clone()], 1)),
        "cannot concatenate arrays of shapes (2, 3) and (3, 3) along axis 1"
    );
    assert_eq!(
        raised(|| stack(&[a.clone(), b.clone()], 0)),
        "cannot stack arrays of shapes (2, 3) and (3, 3)"
    );
}

#[test]
fn products() {
    for dtype in [DType::I64, DType::F64, DType::F32, DType::U8] {
        let (a, b) = (filled(&[3, 4]).astype(dtype), filled(&[4, 5]).astype(dtype));
        let values = (0..15).map(|flat| {
            let (row, column) = (flat / 5, flat % 5);
            (0..4)
                .map(|idx| (row * 4 + idx) * (idx * 5 + column))
                .sum::<usize>() as f64
        });
        let expected = NdArray::new([3, 5], values.collect::<Vec<f64>>()).unwrap();
        let expected = expected.astype(DType::I64).astype(dtype);
        for (rows, inner, columns) in [(3, 4, 5), (1, 1, 1), (2, 3, 2)] {
            let x = Array::from(&a)
                .rechunk([rows, inner])
                .map_blocks(NdArray::clone);
            let y = Array::from(&b).rechunk([2, columns]);
            check(&x.dot(&y), &expected);
            check(
                &x.matmul(y.slice(s![.., 0])),
                compute(&x.dot(&y).slice(s![.., 0])).unwrap(),
            );
        }
    }
    check(&arange(100).rechunk(3).dot(ones(100).rechunk(7)), 4950.0);
    check(
        &Array::from([1, 2]).dot([[1, 2, 3], [4, 5, 6]]),
        [9, 12, 15],
    );
    check(&Array::from([true, false]).dot([false, true]), false);
    check(&zeros([2, 0]).dot(zeros([0, 3])), [[0.0; 3]; 2]);
    assert_eq!(
        raised(|| zeros([2, 3]).dot(zeros([2, 3]))),
        "cannot dot arrays of shapes (2, 3) and (2, 3)"
    );
}

#[test]
fn a_function_of_each_chunk() {
    let x = arange(10).reshape([2, 5]).rechunk([1, 2]);
    let places = x.map_blocks_to(DType::I64, [vec![1, 1], vec![1, 1, 1]], |block: &Block| {
        let code = 100 * block.index[0] + 10 * block.index[1] + block.offset[1];
        NdArray::new([1, 1], vec![code as i64]).unwrap()
    });
    check(&places, [[0_i64, 12, 24], [100, 112, 124]]);
    let wrong = x.map_blocks(|_| NdArray::from([1.0]));
    assert_eq!(
        compute(&wrong).unwrap_err().to_string(),
        "the function returned a chunk of shape (1,) and dtype `f64`, declared are (1, 2) and `i64`"
    );
    assert_eq!(
        raised(|| x.map_blocks_to(DType::I64, [vec![1], vec![5]], |block| block.chunk.clone())),
        "chunks [[1], [5]] are (1, 1) blocks, the array has (2, 3)"
    );
}

#[test]
fn sources() {
    check(&arange((5, 0, -2)).rechunk(2), [5_i64, 3, 1]);
    check(&arange(-3).rechunk(1), Vec::<i64>::new());
    check(&arange(2.5).rechunk(2), [0.0, 1.0, 2.0]);
    check(&linspace(0, 1, 1), [0.0]);
    check(&linspace(2.0, 3.0, 0), Vec::<f64>::new());
    check_close(
        &linspace(0, 1, 4).rechunk(3),
        [0.0, 1.0 / 3.0, 2.0 / 3.0, 1.0],
    );
    check(
        &eye(3).rechunk([2, 1]),
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
    );
    check(&eye(5).slice(s![..;-2, 4]).t(), [1.0, 0.0, 0.0]);
    check(&full([2, 1], true).rechunk(1), [[true], [true]]);
    check(&full((), 2.5), 2.5);
    assert_eq!(
        raised(|| arange((0, 1, 0))),
        "a range from `0` to `1` in steps of `0` never ends"
    );
    assert_eq!(
        raised(|| zeros([2, -1])),
        "shape [2, -1] has a negative length"
    );
    assert_eq!(
        raised(|| zeros([1_usize << 40, 1 << 40])),
        "shape [1099511627776, 1099511627776] has too many elements"
    );
}

#[test]
fn chunk_sizes() {
    let bytes = |array: &Array| {
        let longest = array
            .chunks()
            .iter()
            .map(|lengths| lengths.iter().max().unwrap());
        longest.product::<usize>() * array.dtype().itemsize()
    };
    for shape in [
        [100_000_usize, 100_000],
        [3, 1 << 30],
        [1 << 30, 3],
        [1, 1 << 33],
    ] {
        let x = zeros(shape);
        assert!(bytes(&x) <= 128 << 20, "{x:?}");
        assert!(bytes(&x) >= 64 << 20, "{x:?}");
    }
    assert_eq!(zeros([12_000, 12_000]).chunks(), [[4000; 3], [4000; 3]]);
    assert_eq!(
        raised(|| zeros([4, 4]).rechunk([2])),
        "1 chunk sizes for an array of shape (4, 4)"
    );
    assert_eq!(
        raised(|| zeros(4).rechunk(0)),
        "a chunk size is positive, or -1 for the whole axis, not `0`"
    );
    assert_eq!(
        raised(|| zeros(4).rechunk([vec![1, 2]])),
        "chunks [[1, 2]] make shape (3,), the array has shape (4,)"
    );
    assert_eq!(
        raised(|| zeros(4).rechunk("small")),
        "chunk sizes are `\"auto\"` or numbers, not `\"small\"`"
    );
}

#[test]
fn arrays_beyond_memory_are_cheap_until_they_run() {
    let huge = zeros([1_000_000_000, 100]);
    let part = (&huge + 1).slice(s![-1, ..3]);
    assert_eq!(compute(&part).unwrap(), NdArray::from([1.0; 3]));
}
