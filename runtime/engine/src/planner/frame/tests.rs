//! Joins of large frames, with the border to small ones at no bytes.

use dagbok::engine::Collection;
use dagbok::frame::{DataFrame, Frame, FrameOp, JoinType, col};
use dagbok::{Name, Site, Value};
use polars::prelude as pl;
use polars::prelude::IntoLazy;

use super::super::Planner;
use crate::table::{apply, collect, from_polars, polars_frame, task_table};

/// `table` in `n` partitions of about equal height, the second of them empty.
fn partitions(table: &pl::DataFrame, n: usize) -> Frame {
    let height = table.height();
    let border = |idx: usize| match idx {
        1 if n > 2 => 0,
        idx => height * idx / n,
    };
    let parts = (0..n)
        .map(|idx| table.slice(border(idx) as i64, border(idx + 1) - border(idx)))
        .map(|part| Value::new(from_polars(part)))
        .collect();
    Frame::with_site(
        Name::unique("test"),
        FrameOp::Partitions(parts),
        Vec::new(),
        Site::caller(),
    )
}

fn run(planner: &mut Planner, frame: &Frame) -> pl::DataFrame {
    let whole = planner.whole(&Collection::Frame(frame.clone())).unwrap();
    let mut values: Vec<Value> = Vec::new();
    for (id, task) in planner.graph.tasks() {
        let inputs: Vec<Value> = task
            .inputs
            .iter()
            .map(|id| values[id.index()].clone())
            .collect();
        values.push(planner.graph.runs(id).run(&inputs).unwrap());
    }
    task_table(&values[whole.index()]).clone()
}

fn check(left: &pl::DataFrame, right: &pl::DataFrame, how: JoinType) {
    let (k, ks) = (vec![col("k")], vec![col("k"), col("s")]);
    for on in [k, ks] {
        let op = || FrameOp::Join {
            left_on: on.clone(),
            right_on: on.clone(),
            how,
        };
        let expected = apply(&op(), vec![left.clone().lazy(), right.clone().lazy()]);
        let expected = sorted(collect(expected.unwrap()).unwrap());
        for (n_left, n_right) in [(1, 1), (1, 3), (3, 1), (4, 3), (2, 7)] {
            let inputs = vec![partitions(left, n_left), partitions(right, n_right)];
            let name = Name::unique("join");
            let frame = Frame::with_site(name, op(), inputs, Site::caller());
            let mut planner = Planner::default();
            planner.frames.broadcast_bytes_max = 0;
            let joined = sorted(run(&mut planner, &frame));
            assert!(
                joined.equals_missing(&expected),
                "{how:?} of {n_left} and {n_right} partitions:\n{joined}\n{expected}"
            );
        }
    }
}

fn sorted(table: pl::DataFrame) -> pl::DataFrame {
    let columns: Vec<_> = table
        .get_column_names_owned()
        .into_iter()
        .map(pl::col)
        .collect();
    let options = pl::SortMultipleOptions::default().with_maintain_order(true);
    collect(table.lazy().sort_by_exprs(columns, options)).unwrap()
}

#[test]
fn joins_by_hash_are_those_of_polars() {
    let left = pl::df!(
        "k" => [Some(3_i64), Some(1), None, Some(2), Some(1), Some(-9), None],
        "s" => [Some("å"), Some("b"), Some("c"), None, Some("b"), Some("é"), None],
        "l" => [1, 2, 3, 4, 5, 6, 7],
    )
    .unwrap();
    let right = pl::df!(
        "k" => [Some(1_i64), Some(2), Some(2), None, Some(7), Some(-9)],
        "s" => [Some("b"), None, Some("x"), Some("c"), Some("b"), Some("é")],
        "r" => [10.0, 20.0, f64::NAN, 40.0, 50.0, 60.0],
    )
    .unwrap();
    let empty = right.clear();
    for how in [
        JoinType::Inner,
        JoinType::Left,
        JoinType::Right,
        JoinType::Full,
        JoinType::Semi,
        JoinType::Anti,
    ] {
        check(&left, &right, how);
        check(&left, &empty, how);
        check(&left.clear(), &right, how);
    }
}

#[test]
fn keys_of_different_widths_meet() {
    let left = from_polars(pl::df!("k" => [1_i64, 2, 300], "l" => [1, 2, 3]).unwrap());
    let right = from_polars(pl::df!("k" => [1_i32, 300], "r" => [1, 3]).unwrap());
    let frame = |table: &DataFrame| partitions(polars_frame(table), 2);
    let op = FrameOp::Join {
        left_on: vec![col("k")],
        right_on: vec![col("k")],
        how: JoinType::Inner,
    };
    let inputs = vec![frame(&left), frame(&right)];
    let joined = Frame::with_site(Name::unique("join"), op, inputs, Site::caller());
    let mut planner = Planner::default();
    planner.frames.broadcast_bytes_max = 0;
    assert_eq!(run(&mut planner, &joined).height(), 2);
}
