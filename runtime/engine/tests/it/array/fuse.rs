//! What becomes one task, and that nothing is computed twice.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dagbok::engine::Collection;
use dagbok::prelude::*;
use dagbok_engine::planner::{plan, plan_unfused};
use expect_test::{Expect, expect};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::check;
use super::oracle::compute;
use crate::check_property;

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

/// The plan of both arrays has tasks of these operations.
#[track_caller]
fn check_operations(arrays: [&Array; 2], expected: Expect) {
    dagbok_engine::install();
    let outputs = arrays.map(|array| Collection::Array(array.clone()));
    let graph = plan(&outputs).unwrap().graph;
    let name = |id| graph.name(id).operation().to_owned();
    let names: BTreeSet<String> = graph.ids().map(name).collect();
    expected.assert_eq(&Vec::from_iter(names).join(" "));
}

#[test]
fn slices_and_broadcasts_are_read_where_they_are_used() {
    let x = source().map_blocks(NdArray::clone);
    let shared = x.slice(s![1.., ..]);
    check_operations(
        [&(&shared + 1), &shared.sqrt()],
        expect!["add map_blocks ones sqrt"],
    );
    let shared = x.slice(s![..;-1, ..;-1]).slice(s![..3]);
    check_operations(
        [&(&shared + 1), &shared.sqrt()],
        expect!["add map_blocks ones sqrt"],
    );
    let shared = x.mean(0).broadcast_to([4, 4]);
    check_operations(
        [&(&shared + 1), &shared.sqrt()],
        expect!["add map_blocks mean mean-chunk ones sqrt"],
    );
    // what may be let go is copied
    let shared = x.slice(s![..1]);
    check_operations(
        [&(&shared + 1), &shared.sqrt()],
        expect!["add getitem map_blocks ones sqrt"],
    );
    // elements of others are still computed once
    let shared = x.exp().slice(s![1..]);
    check_operations(
        [&(&shared + 1), &shared.sqrt()],
        expect!["add exp map_blocks ones sqrt"],
    );
}

#[test]
fn random_numbers_are_drawn_once_and_in_their_order() {
    let x = default_rng(7).integers(-5, 5, [4, 4]).rechunk(2);
    check_operations(
        [&(&x + 1), &x.mean(())],
        expect!["add integers mean mean-chunk"],
    );
    check_operations(
        [&(&x.t() + 1), &x.slice(s![1..]).sqrt()],
        expect!["add integers sqrt"],
    );
    // in the task of the only one that takes them
    let alone = |seed| default_rng(seed).normal(0.0, 1.0, [4, 4]).rechunk(2);
    check_operations(
        [&(alone(1) + 1), &alone(2).mean(())],
        expect!["add mean mean-chunk"],
    );
    check_operations(
        [&(alone(1).slice(s![1..]) + 1), &alone(2)],
        expect!["add normal"],
    );
    check_operations(
        [&(alone(1).t() + 1), &alone(2).broadcast_to([3, 4, 4])],
        expect!["add broadcast_to normal"],
    );
    let both = (&x - x.mean(0)) * x.t();
    let whole = Array::from(&compute(&x).unwrap());
    check(
        &both,
        compute(&((&whole - whole.mean(0)) * whole.t())).unwrap(),
    );
}

/// One of the ways to make an array of 6 × 6 of two others.
fn step(way: usize, a: &Array, b: &Array) -> Array {
    match way {
        0 => a + b,
        1 => a * 2,
        2 => a.t(),
        3 => a.slice(s![..;-1, ..]),
        4 => a
            .slice(s![.., 1..])
            .slice(s![.., ..;-1])
            .slice(s![.., 1..2])
            .broadcast_to([6, 6]),
        5 => a.slice(s![..1]).broadcast_to([6, 6]) - b,
        6 => concatenate(&[a.slice(s![2..]), b.slice(s![..2])], 0).rechunk(2),
        7 => a.max(0).broadcast_to([6, 6]),
        8 => a.rechunk([3, 2]).rechunk(2),
        _ => a.map_blocks(|chunk| chunk.clone()),
    }
}

/// Each step by itself on whole arrays, beside the arrays of all steps in one plan.
#[test]
fn whatever_is_shared_all_values_are_those_of_single_steps() {
    dagbok_engine::install();
    let steps = vec((0..10_usize, any::<Index>(), any::<Index>()), 1..14);
    check_property(100, steps, |steps| {
        let x = arange(36).reshape([6, 6]).rechunk(2);
        let mut whole = vec![compute(&x).unwrap()];
        let mut arrays = vec![x.map_blocks(NdArray::clone)];
        for (way, a, b) in steps {
            let (a, b) = (a.index(arrays.len()), b.index(arrays.len()));
            let alone = step(way, &Array::from(&whole[a]), &Array::from(&whole[b]));
            whole.push(compute(&alone).unwrap());
            arrays.push(step(way, &arrays[a], &arrays[b]));
        }
        let last = arrays.len() - 1;
        prop_assert_eq!(&compute(&arrays[last]).unwrap(), &whole[last]);
        prop_assert_eq!(compute_all(arrays).unwrap(), whole);
        Ok(())
    });
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
