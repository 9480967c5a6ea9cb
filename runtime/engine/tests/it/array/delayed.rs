//! Arrays of what delayed calls return, and back.

use std::collections::BTreeSet;

use dagbok::prelude::*;

use super::{assert_same, check, raised};

#[delayed]
fn counted(start: i64, shape: Vec<i64>) -> NdArray {
    let len = shape.iter().product::<i64>();
    NdArray::new(shape, (start..start + len).collect::<Vec<i64>>()).unwrap()
}

#[delayed]
fn twice(array: NdArray) -> NdArray {
    let values: Vec<i64> = array.to_vec().unwrap();
    NdArray::new(
        array.shape(),
        values.iter().map(|x| x * 2).collect::<Vec<i64>>(),
    )
    .unwrap()
}

fn dense<const N: usize>(shape: [usize; N]) -> NdArray {
    let len = shape.iter().product::<usize>() as i64;
    NdArray::new(shape, (0..len).collect::<Vec<i64>>()).unwrap()
}

/// The array `0, 1, 2, …` of `shape`, which a call makes.
fn array<const N: usize>(shape: [usize; N]) -> Array {
    let lengths: Vec<i64> = shape.iter().map(|len| *len as i64).collect();
    Array::from_delayed(&counted(0, lengths), shape, DType::I64)
}

#[test]
fn a_call_is_a_chunk() {
    dagbok_engine::install();
    check(&array([3]), dense([3]));
    check(&array([2, 3]), dense([2, 3]));
    check(&array([]), dense([]));
    check(&array([0]), dense([0]));
    check(&array([2, 0, 3]), dense([2, 0, 3]));
    assert_eq!(array([2, 3]).chunks(), [[2], [3]]);
    // as any other array
    check(&(array([6]).rechunk(2) + 1), vec![1, 2, 3, 4, 5, 6_i64]);
    check(&array([2, 3]).t().slice(s![1]), vec![1, 4_i64]);
    check(&array([2, 3]).sum(0), vec![3, 5, 7_i64]);
    check(&(&array([3]) + &array([3])), vec![0, 2, 4_i64]);
    check(&array([4]).map_blocks(|chunk| chunk.clone()), dense([4]));
}

#[test]
fn several_calls_are_one_array() {
    dagbok_engine::install();
    let parts: Vec<Array> = (0..3)
        .map(|part| Array::from_delayed(&counted(part * 2, vec![2]), 2, DType::I64))
        .collect();
    let all = concatenate(&parts, 0);
    assert_eq!(all.chunks(), [[2, 2, 2]]);
    check(&all, dense([6]));
    check(&stack(&parts, 0), dense([3, 2]));
    check(&stack(&parts, 1), dense([3, 2]).transpose_of_rows());
}

trait Transposed {
    fn transpose_of_rows(&self) -> NdArray;
}

impl Transposed for NdArray {
    fn transpose_of_rows(&self) -> NdArray {
        Array::from(self).t().compute().unwrap()
    }
}

#[test]
fn arrays_and_calls_alternate() {
    dagbok_engine::install();
    let mut array = arange(4).rechunk(2);
    for _ in 0..50 {
        array = Array::from_delayed(&twice(array + 1), 4, DType::I64) - 2;
    }
    // x -> 2 (x + 1) - 2 = 2 x, shared by two
    let doubled: Vec<i64> = (0..4).map(|x: i64| x << 51).collect();
    assert_eq!(
        (&array + &array)
            .compute()
            .unwrap()
            .to_vec::<i64>()
            .unwrap(),
        doubled
    );
    // nothing here is deeper than a stack
    let mut deep = arange(2);
    for _ in 0..20_000 {
        deep = Array::from_delayed(&twice(&deep), 2, DType::I64) / 2;
        deep = deep.astype(DType::I64);
    }
    assert_eq!(deep.compute().unwrap().to_vec::<i64>().unwrap(), [0, 1]);
}

#[test]
fn what_several_take_is_called_once() {
    dagbok_engine::install();
    let calls = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = calls.clone();
    let call = delayed(3_i64).map(move |n| {
        count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        NdArray::from(vec![*n; 3])
    });
    let array = Array::from_delayed(&call, 3, DType::I64);
    let same = Array::from_delayed(&call, 3, DType::I64);
    assert_eq!(array.name(), same.name());
    assert_ne!(
        array.name(),
        Array::from_delayed(&call, 4, DType::I64).name()
    );
    let (sum, whole, len, taken) = compute_all((
        (&array + &same).sum(()),
        &array,
        call.map(|array| array.len()),
        twice(&array).zip(&call),
    ))
    .unwrap();
    assert_eq!(sum.item::<i64>().unwrap(), 18);
    assert_same(&whole, &taken.1);
    assert_eq!((len, taken.0.to_vec::<i64>().unwrap()), (3, vec![6, 6, 6]));
    assert_eq!(calls.load(std::sync::atomic::Ordering::SeqCst), 1);
    let kept = array.persist().unwrap();
    assert_eq!(kept.sum(()).compute().unwrap().item::<i64>().unwrap(), 9);
    assert_eq!(calls.load(std::sync::atomic::Ordering::SeqCst), 2);
}

#[test]
fn a_wrong_declaration_names_both() {
    dagbok_engine::install();
    let check = |shape: &[i64], dtype, kind, says: &str| {
        let call = counted(0, vec![2, 3]);
        let wrong = Array::from_delayed(&call, shape.to_vec(), dtype) + 1;
        let error = wrong.compute().unwrap_err();
        assert_eq!(error.kind(), kind);
        let expected = format!(
            "`from_delayed` failed: the call `{}` returned shape (2, 3) and dtype `i64`; declared are {says}\n",
            call.name()
        );
        assert!(error.to_string().starts_with(&expected), "{error}");
        assert!(
            error.to_string().contains("(i64 array of shape (2, 3), "),
            "{error}"
        );
    };
    check(
        &[3, 2],
        DType::I64,
        ErrorKind::Shape,
        "shape (3, 2) and dtype `i64`",
    );
    check(
        &[6],
        DType::I64,
        ErrorKind::Shape,
        "shape (6,) and dtype `i64`",
    );
    check(
        &[],
        DType::F32,
        ErrorKind::Shape,
        "shape () and dtype `f32`",
    );
    check(
        &[2, 3],
        DType::F64,
        ErrorKind::DType,
        "shape (2, 3) and dtype `f64`",
    );
    let call = counted(0, vec![2]);
    assert_eq!(
        raised(|| Array::from_delayed(&call, [-1], DType::I64)),
        "shape [-1] has a negative length"
    );
    let failing = delayed(0_i64).map(|by| NdArray::from([1 / by]));
    let error = Array::from_delayed(&failing, 1, DType::I64)
        .compute()
        .unwrap_err();
    assert!(
        error.to_string().contains("attempt to divide by zero"),
        "{error}"
    );
}

#[test]
fn chunks_are_delayed_values() {
    dagbok_engine::install();
    let check = |array: &Array| {
        let parts = compute_all(array.to_delayed()).unwrap();
        let declared: usize = array.numblocks().iter().product();
        assert_eq!(parts.len(), declared);
        let whole = array.compute().unwrap();
        let mut values: Vec<f64> = parts
            .iter()
            .flat_map(|part| part.iter().collect::<Vec<_>>())
            .collect();
        values.sort_by(f64::total_cmp);
        let mut expected: Vec<f64> = whole.iter().collect();
        expected.sort_by(f64::total_cmp);
        assert_eq!(values, expected);
    };
    check(&arange(10).rechunk(4));
    check(&arange(1));
    check(&arange(0));
    check(&arange(24).reshape([4, 6]).rechunk([3, 4]));
    check(&(arange(24).reshape([4, 6]).rechunk([3, 4]) * 2).t());
    check(&arange(5).sum(()));
    // there and back
    let array = arange(12).reshape([3, 4]).rechunk([3, 2]);
    let parts = array.to_delayed();
    let back = parts
        .iter()
        .map(|part| Array::from_delayed(&twice(part), [3, 2], DType::I64));
    let back: Vec<Array> = back.collect();
    let back = concatenate(&back, 1);
    assert_same(&back.compute().unwrap(), &(array * 2).compute().unwrap());
    // only what is needed is made
    let made = ones([100])
        .rechunk(10)
        .map_blocks_to(DType::F64, [vec![10; 10]], |block| {
            assert_eq!(block.index, [3], "not asked for");
            block.chunk.clone()
        });
    assert_eq!(made.to_delayed()[3].compute().unwrap().len(), 10);
}

#[test]
fn graphs_and_explanations_know_the_calls() {
    dagbok_engine::install();
    let array = array([4]).rechunk(2) + 1;
    let graph = array.graph().unwrap();
    let operations = graph
        .keys()
        .into_iter()
        .map(|key| key.operation().to_owned());
    let operations: BTreeSet<String> = operations.collect();
    let expected = ["add", "counted", "from_delayed", "rechunk"];
    assert_eq!(operations, expected.map(str::to_owned).into());
    let pictured = array.visualize().unwrap().optimize_graph(false).dot();
    assert!(
        pictured.contains("counted") && pictured.contains("from_delayed"),
        "{pictured}"
    );
    let explained = array.explain().unwrap();
    assert_eq!(explained.figures().n_tasks, 7);
}
