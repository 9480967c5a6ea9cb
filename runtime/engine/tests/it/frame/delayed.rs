//! Frames of what calls return, and partitions as delayed values.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dagbok::prelude::*;

/// A call that returns rows from `start` on, and counts in `n_calls`.
fn rows(start: i64, len: i64, n_calls: &Arc<AtomicUsize>) -> Delayed<DataFrame> {
    let count = n_calls.clone();
    delayed(start).and_then(move |&start| {
        count.fetch_add(1, Ordering::SeqCst);
        let x: Vec<i64> = (start..start + len).collect();
        df!("x" => x)
    })
}

fn meta() -> DataFrame {
    df!("x" => [0_i64; 0]).unwrap()
}

/// Ten rows in partitions of `lengths`, and the number of calls that were made for them.
fn ten(lengths: &[i64]) -> (Frame, Arc<AtomicUsize>) {
    dagbok_engine::install();
    let n_calls = Arc::new(AtomicUsize::new(0));
    let mut start = 0;
    let mut parts = Vec::new();
    for len in lengths {
        parts.push(rows(start, *len, &n_calls));
        start += len;
    }
    (Frame::from_delayed(&parts, &meta()), n_calls)
}

/// `query` of ten rows that calls return makes `n_calls` calls and gives `expected`.
#[track_caller]
fn check(query: impl Fn(&Frame) -> Frame, n_calls: usize, expected: &str) {
    for lengths in [&[10_i64] as &[i64], &[4, 0, 6], &[1; 10]] {
        let (frame, made) = ten(lengths);
        let table = query(&frame).compute().unwrap();
        assert_eq!(super::shown(&table), expected, "{lengths:?}");
        let made = made.load(Ordering::SeqCst);
        assert_eq!(made, n_calls.min(lengths.len()), "{lengths:?}");
    }
}

#[test]
fn each_call_is_made_once() {
    check(|frame| frame.select([col("x").sum()]), 10, "45");
    check(|frame| frame.filter(col("x").gt(7)), 10, "8; 9");
    let total = |frame: &Frame| frame.select([col("x").sum()]);
    check(
        |frame| concat(&[total(frame), total(&frame.head(3))]),
        10,
        "45; 3",
    );
    check(
        |frame| frame.join(&frame.head(1), [col("x")], [col("x")], JoinType::Inner),
        10,
        "0",
    );
}

#[test]
fn a_partition_needs_only_its_call() {
    let (frame, made) = ten(&[1; 10]);
    let part = frame.with_column(col("x") * 2).get_partition(7).unwrap();
    assert_eq!(super::shown(&part.compute().unwrap()), "14");
    assert_eq!(made.load(Ordering::SeqCst), 1);
    let (frame, made) = ten(&[4, 0, 6]);
    let parts = frame.to_delayed().unwrap();
    let heights = parts.iter().map(|part| part.map(DataFrame::height));
    assert_eq!(compute_all(heights.collect::<Vec<_>>()).unwrap(), [4, 0, 6]);
    assert_eq!(made.load(Ordering::SeqCst), 3);
}

#[test]
fn partitions_of_any_frame_are_delayed_values() {
    let (frame, _) = ten(&[4, 6]);
    let sorted = frame.sort([col("x")], SortMultipleOptions::default());
    for (frame, n) in [
        (frame.repartition(5), 5),
        (frame.filter(col("x").lt(0)), 2),
        (sorted, 1),
        (frame.group_by([col("x")]).agg([len()]), 1),
        (concat(&[frame.clone(), frame.clone()]), 4),
        (frame.persist().unwrap(), 2),
        (df!("x" => [1_i64]).unwrap().lazy(), 1),
    ] {
        let parts = frame.to_delayed().unwrap();
        assert_eq!(parts.len(), n);
        let whole = frame.compute().unwrap();
        let again = Frame::from_delayed(&parts, &whole);
        assert_eq!(again.compute().unwrap(), whole);
        assert_eq!(again.schema().unwrap(), frame.schema().unwrap());
    }
}

#[test]
fn frames_and_calls_alternate() {
    let (mut frame, made) = ten(&[4, 6]);
    for _ in 0..2_000 {
        let whole = Delayed::from(&frame).map(DataFrame::clone);
        frame = Frame::from_delayed(&[whole], &meta()).with_column(col("x") + 1);
    }
    let total = frame.select([col("x").sum()]).compute().unwrap();
    assert_eq!(total.item::<i64>().unwrap(), 45 + 20_000);
    assert_eq!(made.load(Ordering::SeqCst), 2);
}

#[test]
fn names_tell_calls_and_columns() {
    let call = rows(0, 1, &Arc::default());
    let named = |meta: &DataFrame| *Frame::from_delayed(&[call.clone()], meta).name();
    assert_eq!(named(&meta()), named(&df!("x" => [7_i64]).unwrap()));
    assert_ne!(named(&meta()), named(&df!("x" => [7_i32]).unwrap()));
    let twice = Frame::from_delayed(&[call.clone(), call.clone()], &meta());
    assert_ne!(named(&meta()), *twice.name());
    assert_eq!(twice.compute().unwrap(), df!("x" => [0_i64, 0]).unwrap());
}

#[test]
fn wrong_columns_name_the_call_and_both() {
    let call = rows(0, 2, &Arc::default());
    let check = |meta: DataFrame, says: &str| {
        let wrong = Frame::from_delayed(&[call.clone()], &meta).head(1);
        let error = wrong.compute().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Column);
        let name = call.name();
        let expected =
            format!("the call `{name}` returned columns (x: i64); declared are ({says})");
        assert!(error.to_string().contains(&expected), "{error}");
    };
    check(df!("x" => [0_i32]).unwrap(), "x: i32");
    check(df!("y" => [0_i64]).unwrap(), "y: i64");
    check(df!("x" => [0_i64], "é" => ["a"]).unwrap(), "x: i64, é: str");
}

#[test]
fn mistakes_are_named() {
    let (frame, _) = ten(&[4, 6]);
    let error = frame.get_partition(2).unwrap_err();
    assert_eq!(
        (error.kind(), error.to_string().as_str()),
        (
            ErrorKind::Index,
            "there is no partition 2: the frame has 2, from 0 on"
        )
    );
    let none = attempt(|| Frame::from_delayed(&[], &meta()));
    assert_eq!(
        none.unwrap_err().to_string(),
        "`from_delayed` needs at least one delayed table, not 0"
    );
    let failing =
        delayed(1).and_then(|_| Err::<DataFrame, _>(Error::new(ErrorKind::Value, "no such day")));
    let error = Frame::from_delayed(&[failing], &meta())
        .compute()
        .unwrap_err();
    assert!(error.to_string().contains("no such day"), "{error}");
}
