//! What calls become: each task with what it holds and its inputs' numbers.

use dagbok::Name;
use dagbok::engine::Collection;
use dagbok::prelude::*;
use expect_test::{Expect, expect};

use super::places::Places;
use super::{Each, Pass, Plan, first_calls, plan, plan_all, plan_unfused, plan_whole};

#[delayed]
fn inc(x: i64) -> i64 {
    x + 1
}

#[delayed]
fn add(x: i64, y: i64) -> i64 {
    x + y
}

#[delayed]
fn total(xs: &[i64]) -> i64 {
    xs.iter().sum()
}

#[delayed]
fn length(xs: NdArray) -> i64 {
    xs.len() as i64
}

fn text(plan: &Plan) -> String {
    let graph = &plan.graph;
    let tasks = graph.tasks().map(|(id, task)| {
        let operation = graph.layer(task.layer).name.operation().to_owned();
        let inputs = task
            .inputs
            .iter()
            .map(|input| format!(" {}", input.index()));
        graph.holds(id).unwrap_or(operation) + &inputs.collect::<String>()
    });
    tasks.collect::<Vec<_>>().join(", ")
}

#[track_caller]
fn check(outputs: &[Collection], expected: Expect) {
    let plan = plan_whole(outputs).expect("a plan");
    expected.assert_eq(&text(&plan));
}

fn of<const N: usize>(calls: [&Delayed<i64>; N]) -> [Collection; N] {
    calls.map(Delayed::collection)
}

#[test]
fn calls_in_line_are_one_task() {
    check(&of([&inc(1)]), expect!["inc"]);
    check(&of([&inc(inc(inc(1)))]), expect!["inc ×3"]);
    check(&of([&inc(inc(1)).map(|x| x * 2)]), expect!["inc ×2 → map"]);
    check(&of([&inc(add(1, 2))]), expect!["add → inc"]);
    // what has two inputs begins a line, and does not go on with one
    let pair = add(inc(inc(1)), inc(2));
    check(
        &of([&inc(inc(&pair))]),
        expect!["inc ×2, inc, add → inc ×2 0 1"],
    );
    let chain = |n: usize| (1..n).fold(inc(0), |x, _| inc(x));
    check(&of([&chain(100)]), expect!["inc ×100"]);
    check(&of([&chain(201)]), expect!["inc ×100, inc ×100 0, inc 1"]);
}

#[test]
fn what_is_taken_twice_or_is_an_output_is_a_task() {
    let x = inc(1);
    check(&of([&add(&x, &x)]), expect!["inc, add 0 0"]);
    check(
        &of([&add(inc(&x), inc(&x))]),
        expect!["inc, inc 0, inc 0, add 1 2"],
    );
    let y = inc(&x);
    check(&of([&y, &x]), expect!["inc, inc 0"]);
    check(&of([&x, &y]), expect!["inc, inc 0"]);
    check(&of([&x, &x]), expect!["inc"]);
    check(&of([&y, &inc(&y)]), expect!["inc ×2, inc 0"]);
}

#[test]
fn what_is_known_is_no_task_unless_it_is_an_output() {
    let one = delayed(1);
    check(&of([&one]), expect!["value"]);
    check(&of([&inc(&one)]), expect!["inc"]);
    check(&of([&one.map(|x| x + 1)]), expect!["map"]);
    check(&of([&add(&one, inc(&one))]), expect!["inc → add"]);
    check(
        &of([&total(vec![one.clone(), inc(2), one.clone(), inc(3)])]),
        expect!["inc, inc, total 0 1"],
    );
    check(&of([&one, &inc(&one)]), expect!["value, inc"]);
    dagbok_install();
    let kept = inc(&one).persist().expect("two");
    check(&of([&add(&kept, inc(&kept))]), expect!["inc → add"]);
    assert_eq!(add(&kept, inc(&kept)).compute().expect("five"), 5);
    assert_eq!(
        total([&one, &inc(2), &one, &kept].map(Clone::clone))
            .compute()
            .expect("seven"),
        7
    );
    assert_eq!(
        one.map(|x| x + 1).zip(&one).compute().expect("both"),
        (2, 1)
    );
}

#[test]
fn a_wide_graph_begins_with_its_first_calls() {
    let check = |outputs: &[Collection], expected: &[&Delayed<i64>]| {
        let first = first_calls(outputs, 2);
        let names: Vec<Name> = first.iter().map(|call| call.name()).collect();
        let expected: Vec<Name> = expected.iter().map(|call| call.name()).collect();
        assert_eq!(names, expected);
    };
    let wide: Vec<Delayed<i64>> = (0..20_000).map(inc).collect();
    let sum = total(&wide);
    check(&of([&sum]), &[&wide[0], &wide[1]]);
    check(&of([&inc(&sum), &wide[7]]), &[&wide[0], &wide[1]]);
    let both: Vec<Delayed<i64>> = wide.iter().map(inc).collect();
    check(&of([&total(both)]), &[&wide[0], &wide[1]]);
    let all: Vec<Collection> = wide.iter().map(Delayed::collection).collect();
    check(&all, &[&wide[0], &wide[1]]);
    check(&of([&total(&wide[1..])]), &[]);
    check(&of([&inc(1)]), &[]);
    check(&[], &[]);
    let chain = (0..20_000).fold(inc(0), |x, _| inc(x));
    check(&of([&chain]), &[]);
}

fn dagbok_install() {
    crate::install();
}

#[test]
fn the_unfused_graph_has_a_task_for_everything() {
    let x = inc(inc(delayed(1)));
    let plan = plan_unfused(&of([&x])).expect("a plan");
    assert_eq!(text(&plan), "value, inc 0, inc 1");
}

#[test]
fn equal_names_are_one_task() {
    dagbok_install();
    // a call, and its value by the same name
    let x = inc(1);
    let kept = x.persist().expect("two");
    assert_eq!(x.name(), kept.name());
    let both = of([&x, &kept]);
    let tasks = plan(&both).expect("a plan").outputs.concat();
    assert_eq!(tasks[0], tasks[1]);
    check(&of([&inc(&x), &kept]), expect!["inc, inc 0"]);
    // arrays and frames that are written twice
    let array = || Collection::Array((arange(8).rechunk(4) * 2).sum(()));
    let one = plan_whole(&[array()]).expect("a plan").graph.len();
    let twice = plan_whole(&[array(), array()]).expect("a plan");
    assert_eq!(
        (twice.graph.len(), twice.outputs[0] == twice.outputs[1]),
        (one, true)
    );
    let by_call = |array: Array| length(&array).collection();
    let arrays = || arange(8).rechunk(4) + 1;
    let twice = plan_whole(&[by_call(arrays()), by_call(arrays())]).expect("a plan");
    let joins = twice
        .graph
        .tasks()
        .filter(|(_, task)| task.inputs.len() == 2)
        .count();
    assert_eq!(joins, 1, "{}", text(&twice));
}

#[test]
fn a_plan_beside_another_is_the_same() {
    let x = inc(1);
    let outputs = of([&add(inc(&x), inc(inc(&x))), &x]);
    let alone = text(&plan_whole(&outputs).expect("a plan"));
    let _other = Places::default();
    assert_eq!(text(&plan_whole(&outputs).expect("a plan")), alone);
    let threads = (0..4).map(|_| {
        let outputs = outputs.clone();
        std::thread::spawn(move || text(&plan_whole(&outputs).expect("a plan")))
    });
    let threads: Vec<_> = threads.collect();
    for thread in threads {
        assert_eq!(thread.join().expect("no panic"), alone);
    }
}

#[test]
fn layers_say_what_their_tasks_hold() {
    let detail = |outputs: &[Collection]| {
        let plan = plan_whole(outputs).expect("a plan");
        let layers = plan.graph.layers().map(|(_, layer)| layer.detail.clone());
        layers.collect::<Vec<_>>().join("; ")
    };
    let line = |n: usize| -> Vec<Collection> {
        let calls = (0..n).map(|x| inc(x as i64).map(|x| x * 2).collection());
        calls.collect()
    };
    assert_eq!(detail(&line(3)), "inc → map");
    let chain = (1..150).fold(inc(0), |x, _| x.map(|x| x + 1));
    assert_eq!(detail(&of([&chain])), "inc → map ×99, and others");
    assert_eq!(detail(&of([&add(1, 2)])), "");
}

#[test]
fn deep_chains_are_planned_and_dropped_without_recursion() {
    let x = (0..1_000_000).fold(inc(0), |x, _| inc(x));
    let plan = plan_whole(&of([&x])).expect("a plan");
    assert_eq!(plan.graph.len(), 10_001);
    drop(x);
    drop(plan);
}

#[test]
fn only_chunks_that_are_needed_become_tasks() {
    let check = |array: Array, expected: usize| {
        let outputs = [Collection::Array(array)];
        let all = plan_all(Pass::OPTIMIZED, &outputs, Each::Block).expect("a plan");
        let n_tasks = all.graph.len();
        assert_eq!(n_tasks, all.arranged().graph.len());
        assert_eq!(n_tasks, expected);
    };
    // one task for two elements, which takes those of two chunks
    let pairs = |n: i64| (arange(n).rechunk(1) + 1).rechunk(2);
    check(pairs(8), 8 + 4);
    check(pairs(100_000).slice(s![70..74]), 4 + 2 + 2);
    check((pairs(100_000) * 2).slice(s![..3]), 4 + 2 + 2);
    check(pairs(100_000).slice(s![-1..]), 2 + 1 + 1);
    check(pairs(100_000).slice(s![..;-1]).slice(s![..2]), 2 + 1 + 1);
    check(pairs(1000).slice(s![500..516]).sum(()), 16 + 8 + 8 + 1);
    check(
        pairs(100).reshape((10, 10)).slice(s![3..4, ..]),
        10 + 5 + 5 + 5,
    );
    let both = concatenate(&[pairs(50), pairs(50) * 2], 0);
    check(both.slice(s![48..52]), (2 + 1 + 1) + (2 + 1 + 1 + 1));
    check(pairs(4).slice(s![..0]), 2 + 1 + 1);
    // in two ways: a part of it, and all
    let x = pairs(8);
    check(x.slice(s![..1]) + x.sum(()), 8 + 4 + 4 + 1 + 1);
}
