//! Basic slices against a loop over Python's rule.

use dagbok::array::Index;
use dagbok::prelude::*;

use super::{check, raised};

/// The places that Python's `range(len)[start:end:step]` takes.
fn places(len: i64, start: Option<i64>, end: Option<i64>, step: i64) -> Vec<i64> {
    let all: Vec<i64> = match step > 0 {
        true => (0..len).collect(),
        false => (0..len).rev().collect(),
    };
    let counted = |place: i64| if place < 0 { place + len } else { place };
    let inside = |place: i64| {
        let after_start = start.is_none_or(|start| match step > 0 {
            true => place >= counted(start),
            false => place <= counted(start),
        });
        let before_end = end.is_none_or(|end| match step > 0 {
            true => place < counted(end).max(0),
            false => place > counted(end).max(-1),
        });
        after_start && before_end
    };
    let taken = all.into_iter().filter(|&place| inside(place));
    taken.step_by(step.unsigned_abs() as usize).collect()
}

#[test]
fn every_range_of_a_small_axis() {
    let ends: Vec<Option<i64>> = [None].into_iter().chain((-7..8).map(Some)).collect();
    let x = arange(5).rechunk([vec![2, 0, 1, 2]]);
    for &start in &ends {
        for &end in &ends {
            for step in [-7, -2, -1, 1, 2, 3, 6] {
                let index = Index::Range { start, end, step };
                let expected = places(5, start, end, step);
                let taken = x.slice(&[index]);
                let computed = super::oracle::compute(&taken).unwrap();
                assert_eq!(computed, NdArray::from(expected), "{index:?}");
            }
        }
    }
}

#[test]
fn slices_of_slices() {
    let x = arange(60).reshape([5, 12]).rechunk([2, 5]);
    let y = (x.slice(s![1.., ..;-2]) * 2).slice(s![..;2, 1..4]);
    check(&y, [[42_i64, 38, 34], [90, 86, 82]]);
    let column = x.slice(s![.., 3]).slice(s![-2..]);
    check(&column, [39_i64, 51]);
    check(&x.t().slice(s![2, ..;-1]), [50_i64, 38, 26, 14, 2]);
    check(&(x.slice(s![0..0]) + 1).sum(0), [0_i64; 12]);
}

#[test]
fn errors() {
    let x = zeros([3, 4]);
    assert_eq!(
        raised(|| x.slice(s![0, -5])),
        "index -5 is outside of axis 1 of an array of shape (3, 4)"
    );
    assert_eq!(
        raised(|| x.slice(s![0, 0, 0])),
        "3 indices for an array of shape (3, 4)"
    );
    assert_eq!(
        raised(|| x.slice(s![Ellipsis, Ellipsis])),
        "more than one `Ellipsis` for an array of shape (3, 4)"
    );
    assert_eq!(raised(|| x.slice(s![..;0])), "a slice cannot have step 0");
    assert_eq!(
        raised(|| x.slice(s![1;2])),
        "only a range can have a step, not At(1)"
    );
}

#[test]
fn integers_of_every_type() {
    let x = arange(10);
    let (a, b, c): (usize, i64, isize) = (1, -2, 3);
    check(&x.slice(s![a..5]).slice(s![..b]).slice(s![-1]), 2_i64);
    check(&x.slice(s![c]), 3_i64);
}
