//! Joins of large frames, with the border to small ones at no bytes; names of tasks, which say what their results are.

use std::collections::HashMap;

use dagbok::engine::Collection;
use dagbok::frame::{
    CsvReadOptions, DataFrame, Frame, FrameOp, JoinType, SortMultipleOptions, UniqueKeepStrategy,
    col, concat,
};
use dagbok::{Name, Site, Value};
use polars::prelude as pl;
use polars::prelude::IntoLazy;

use super::super::{Each, Pass, Planner, plan, plan_all};
use crate::storage::CacheKey;
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

#[test]
fn only_partitions_that_are_needed_become_tasks() {
    crate::install();
    let check = |outputs: &[Frame], expected: usize| {
        let outputs: Vec<_> = outputs.iter().cloned().map(Collection::Frame).collect();
        let all = plan_all(Pass::OPTIMIZED, &outputs, Each::Block).unwrap();
        let n_tasks = all.graph.len();
        assert_eq!(n_tasks, all.arranged().graph.len());
        assert_eq!(n_tasks, expected);
    };
    let table = pl::df!("k" => (0..100).collect::<Vec<i64>>()).unwrap();
    let frame = partitions(&table, 50);
    let of_rows = frame.filter(col("k").gt(3));
    let part = |frame: &Frame, idx| frame.get_partition(idx).unwrap();
    check(&[part(&frame, 7)], 1);
    check(&[part(&of_rows, 7)], 1);
    check(&[part(&of_rows, 7).select([col("k").sum()])], 2);
    check(&[part(&of_rows, 7), part(&of_rows, 8)], 2);
    check(&[part(&of_rows, 7), part(&of_rows, 7)], 1);
    check(&[part(&of_rows, 7), of_rows.clone()], 50);
    check(&[part(&frame, 7), frame.clone()], 50);
    check(&[frame.clone(), part(&frame, 7)], 50);
    // two steps on what two take: a task for each
    let shared = of_rows.with_column((col("k") * 2).alias("twice"));
    let both = [part(&shared, 3), part(&of_rows, 3), part(&of_rows, 4)];
    check(&both, 3);
    // partitions joined, divided, one frame after the other
    check(&[part(&frame.repartition(25), 3)], 2 + 1);
    check(&[part(&frame.repartition(200), 3)], 1 + 1);
    let (few, many) = (frame.repartition(10), frame.repartition(200));
    check(&[part(&few, 0), part(&few, 9)], 10 + 2);
    check(&[part(&many, 0), part(&many, 1), part(&many, 199)], 2 + 3);
    check(&[part(&concat(&[frame.clone(), few.clone()]), 51)], 5 + 1);
    let again = part(&few.repartition(40), 39).filter(col("k").gt(3));
    check(&[again], 5 + 1 + 1 + 1);
    // joins: with all of a small frame
    let small = partitions(&table.head(Some(3)), 1);
    let joined = frame.join(&small, [col("k")], [col("k")], JoinType::Left);
    check(&[part(&joined, 7)], 1 + 1);
    check(&[part(&joined, 7), part(&joined, 9)], 1 + 2);
}

/// What takes partitions of what takes partitions, and so on, is planned without recursion.
#[test]
fn deep_frames_of_shared_frames_are_planned() {
    crate::install();
    let table = pl::df!("k" => (0..8).collect::<Vec<i64>>()).unwrap();
    let mut frame = partitions(&table, 4);
    let mut outputs = Vec::new();
    for _ in 0..500 {
        frame = frame.repartition(4).filter(col("k").gt_eq(0));
        outputs.push(Collection::Frame(frame.get_partition(2).unwrap()));
    }
    let all = plan_all(Pass::OPTIMIZED, &outputs, Each::Block).unwrap();
    assert_eq!(all.graph.len(), 1 + outputs.len());
}

/// All results of the plan of `frames`, each under a key of its own.
fn results(frames: &[Frame]) -> HashMap<CacheKey, Value> {
    let outputs: Vec<_> = frames.iter().cloned().map(Collection::Frame).collect();
    let graph = plan(&outputs).unwrap().graph;
    let mut values: Vec<Value> = Vec::new();
    let mut by_key = HashMap::new();
    for (id, task) in graph.tasks() {
        let inputs = task.inputs.iter().map(|id| values[id.index()].clone());
        let value = graph.runs(id).run(&inputs.collect::<Vec<_>>()).unwrap();
        let key = CacheKey::of(&graph, id);
        let twice = by_key.insert(key.clone(), value.clone());
        assert!(
            twice.is_none(),
            "two tasks are {} {:?}",
            key.name,
            key.block
        );
        values.push(value);
    }
    by_key
}

/// What a frame may be made of `frame` by one operation, and of it and `other`.
fn made_of(frame: &Frame, other: &Frame) -> Vec<Frame> {
    let of_rows = frame
        .filter(col("k").gt(1))
        .with_column((col("k") * 2).alias("twice"));
    let ascending = SortMultipleOptions::default;
    let mut made = vec![
        of_rows.clone(),
        of_rows.select([col("k"), col("twice")]),
        frame.filter(col("k").gt(col("k").mean())),
        frame.select([col("k").sum()]),
        frame.select([col("k").median()]),
        frame.group_by([col("k")]).agg([col("n").sum()]),
        frame.group_by([col("k")]).agg([col("n").median()]),
        frame.unique(UniqueKeepStrategy::First),
        frame.unique(UniqueKeepStrategy::None),
        frame.sort([col("v")], ascending()),
        frame.head(5),
        frame.tail(5),
        frame.repartition(2),
        frame.repartition(20),
        frame.get_partition(1).unwrap(),
        of_rows.get_partition(2).unwrap(),
        frame
            .sort([col("v")], ascending())
            .get_partition(0)
            .unwrap(),
        concat(&[frame.clone(), other.clone()]),
    ];
    for how in [
        JoinType::Inner,
        JoinType::Left,
        JoinType::Right,
        JoinType::Full,
    ] {
        made.push(frame.join(other, [col("k")], [col("k")], how));
    }
    made
}

/// The cache finds results by their keys, whatever plan they were made in.
#[test]
fn equal_keys_are_equal_results_in_all_plans() {
    crate::install();
    let folder = tempfile::tempdir().unwrap();
    for file in 0..3 {
        let rows = (0..40).map(|row| format!("{},{row},\"{file}\n{row}\"\n", row % 7));
        let text = "k,n,v\n".to_owned() + &rows.collect::<String>();
        std::fs::write(folder.path().join(format!("{file}.csv")), text).unwrap();
    }
    let small_blocks = CsvReadOptions::default().with_blocksize(100);
    let files = small_blocks.read(folder.path().join("*.csv")).unwrap();
    let table = polars_frame(&files.compute().unwrap()).clone();
    let parts = partitions(&table, 5);
    let mut frames = vec![files.clone(), parts.clone()];
    frames.extend(made_of(&files, &parts));
    frames.extend(made_of(&parts, &files.head(3)));
    frames.extend(made_of(&parts.filter(col("k").gt(0)), &parts));
    let together = results(&frames);
    for frame in &frames {
        for (key, value) in results(std::slice::from_ref(frame)) {
            let (Some(alone), Some(together)) =
                (table_of(&value), together.get(&key).and_then(table_of))
            else {
                continue;
            };
            assert!(
                sorted(alone.clone()).equals_missing(&sorted(together.clone())),
                "{} {:?}:\n{alone}\n{together}",
                key.name,
                key.block
            );
        }
    }
}

fn table_of(value: &Value) -> Option<&pl::DataFrame> {
    value.downcast_ref::<DataFrame>().map(polars_frame)
}
