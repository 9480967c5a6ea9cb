//! What becomes one task, and that nothing is computed twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dagbok::engine::Collection;
use dagbok::prelude::*;
use dagbok_engine::planner::{plan, plan_unfused};

use super::check;
use super::oracle::compute;

/// The number of tasks of the plan of `array`, fused and unfused.
fn n_tasks(array: &Array) -> (usize, usize) {
    let outputs = [Collection::Array(array.clone())];
    let n = |plan: dagbok_engine::planner::Plan| plan.graph.tasks().len();
    (
        n(plan(&outputs).unwrap()),
        n(plan_unfused(&outputs).unwrap()),
    )
}

fn source() -> Array {
    ones([4, 4]).rechunk(2)
}

#[test]
fn chains_are_one_task_a_chunk() {
    let x = source();
    assert_eq!(n_tasks(&(&x * 2 + 1).sqrt()), (4, 16));
    assert_eq!(n_tasks(&(&x * 2 + 1).sum(())), (5, 17));
    assert_eq!(n_tasks(&x.t().slice(s![..2])), (2, 6));
    let y = x.map_blocks(NdArray::clone);
    assert_eq!(n_tasks(&(y.exp() - y.log() * &y)).0, 12);
    assert_eq!(n_tasks(&y.mean(0).expand_dims(0)).0, 4 + 4 + 4 + 2 + 2);
}

#[test]
fn both_sides_of_a_diamond_are_in_one_task() {
    let x = source().map_blocks(NdArray::clone);
    let y = &x * 2 + 1;
    let both = y.sin().pow(2) + y.cos().pow(2);
    assert_eq!(n_tasks(&both).0, 12);
    check(&both.sum(()).round(), 16.0);
}

/// How often the chunks of an array are made when `build` of it is computed.
fn times_made(build: impl Fn(&Array) -> Array) -> usize {
    let made = Arc::new(AtomicUsize::new(0));
    let count = made.clone();
    let x = source().map_blocks(move |chunk| {
        count.fetch_add(1, Ordering::Relaxed);
        chunk.clone()
    });
    compute(&build(&x)).unwrap();
    made.load(Ordering::Relaxed)
}

#[test]
fn what_several_use_is_computed_once() {
    assert_eq!(times_made(|x| (x - x.mean(())) / x.std(())), 4);
    assert_eq!(times_made(|x| x + x.t()), 4);
    assert_eq!(times_made(|x| concatenate(&[x + 1, x * 2], 0)), 4);
    let x = source().map_blocks(NdArray::clone);
    let shared = x.exp();
    let sums = stack(&[shared.sum(()), shared.max(())], 0);
    let outputs = [Collection::Array(sums.clone())];
    let layers = plan(&outputs).unwrap();
    let exps = layers
        .graph
        .tasks()
        .filter(|(id, _)| layers.graph.key(*id).starts_with("('exp-"));
    assert_eq!(exps.count(), 4);
    check(&sums, compute(&sums).unwrap());
}

#[test]
fn an_array_seen_in_two_ways() {
    let x = arange(9).reshape([3, 3]).rechunk(2);
    check(&(&x + x.t()), [[0_i64, 4, 8], [4, 8, 12], [8, 12, 16]]);
    let y = &x * 2;
    check(
        &(&y - y.t() + y.slice(s![..;-1])),
        [[12_i64, 10, 8], [10, 8, 6], [8, 6, 4]],
    );
    let row = (arange(3) * 10).broadcast_to([3, 3]);
    check(&(row + x), [[0_i64, 11, 22], [3, 14, 25], [6, 17, 28]]);
}

#[test]
fn long_chains_are_cut() {
    let mut x = source();
    for _ in 0..1000 {
        x = x + 1;
    }
    assert_eq!(n_tasks(&x).0 % 4, 0);
    assert!(n_tasks(&x).0 <= 4 * 20);
    check(&x.max(()), 1001.0);
}

#[test]
fn chains_of_a_hundred_thousand() {
    let mut x = ones(3);
    for _ in 0..100_000 {
        x = x + 1;
    }
    assert_eq!(compute(&x).unwrap(), NdArray::from([100_001.0; 3]));
}
