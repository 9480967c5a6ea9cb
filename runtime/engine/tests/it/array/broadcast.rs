//! Broadcasting over every pair of small shapes, chunked in different ways.

use dagbok::array::shape_text;
use dagbok::prelude::*;

use super::oracle::unravel;
use super::{check, raised};

fn shapes() -> Vec<Vec<usize>> {
    let mut shapes = vec![vec![]];
    for a in [0, 1, 3] {
        shapes.push(vec![a]);
        for b in [1, 4] {
            shapes.push(vec![b, a]);
            shapes.push(vec![2, b, a]);
        }
    }
    shapes
}

fn filled(shape: &[usize], start: i64) -> NdArray {
    let len = shape.iter().product::<usize>() as i64;
    NdArray::new(shape, (start..start + len).collect()).unwrap()
}

/// The element of `array` that broadcasting puts at `index`.
fn element(array: &NdArray, index: &[usize]) -> f64 {
    let own = &index[index.len() - array.ndim()..];
    let own = own.iter().zip(array.shape());
    let own: Vec<usize> = own
        .map(|(&idx, &len)| if len == 1 { 0 } else { idx })
        .collect();
    array.get(own).unwrap().as_f64()
}

fn common(left: &[usize], right: &[usize]) -> Option<Vec<usize>> {
    let ndim = left.len().max(right.len());
    let len = |shape: &[usize], axis: usize| {
        (axis + shape.len())
            .checked_sub(ndim)
            .map_or(1, |own| shape[own])
    };
    (0..ndim)
        .map(|axis| match (len(left, axis), len(right, axis)) {
            (1, other) | (other, 1) => Some(other),
            (left, right) => (left == right).then_some(left),
        })
        .collect()
}

#[test]
fn every_pair_of_shapes() {
    for left in shapes() {
        for right in shapes() {
            let (a, b) = (filled(&left, 1), filled(&right, 100));
            for (left_chunk, right_chunk) in [(9, 9), (1, 2), (2, 3)] {
                let x = Array::from(&a).rechunk(left_chunk);
                let y = Array::from(&b).rechunk(right_chunk);
                match common(&left, &right) {
                    Some(shape) => {
                        let len = shape.iter().product();
                        let values = (0..len).map(|flat| {
                            let index = unravel(flat, &shape);
                            (element(&a, &index) - 2.0 * element(&b, &index)) as i64
                        });
                        let expected = NdArray::new(shape.as_slice(), values.collect()).unwrap();
                        check(&(&x - 2 * &y), &expected);
                        check(&(x.broadcast_to(shape.as_slice()) - 2 * y), expected);
                    }
                    None => assert_eq!(
                        raised(|| x + y),
                        format!(
                            "cannot add arrays of shapes {} and {}",
                            shape_text(&left),
                            shape_text(&right)
                        )
                    ),
                }
            }
        }
    }
}

#[test]
fn errors() {
    assert_eq!(
        raised(|| arange(3).broadcast_to([2, 4])),
        "cannot broadcast an array of shape (3,) to (2, 4)"
    );
    assert_eq!(
        raised(|| where_(arange(2).gt(0), arange(3), 0)),
        "cannot apply `where` to arrays of shapes (2,) and (3,)"
    );
}
