//! Delayed calls and graphs by hand: cases from Dask's test suite, with its results.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::num::NonZero;
use std::sync::Arc;

use dagbok::prelude::*;
use dagbok::{Name, Result, Site, Value};
use dagbok_engine::graph::{Graph, Layer, LayerKind, NewTask, Task, TaskId, arrange};
use dagbok_engine::scheduler::Scheduler;

#[delayed]
fn add(x: i64, y: i64) -> i64 {
    x + y
}

#[delayed]
fn total(xs: &[i64]) -> i64 {
    xs.iter().sum()
}

#[delayed]
fn a_and_first_of_b(a: i64, b: &BTreeMap<String, Vec<i64>>) -> i64 {
    a + b["b"][0]
}

#[delayed]
fn divmod(x: i64, by: i64) -> (i64, i64) {
    (x.div_euclid(by), x.rem_euclid(by))
}

#[delayed]
fn ratio(x: i64, by: i64) -> i64 {
    x / by
}

/// The sum of the neighbours' sums, and so on until one is left.
fn tree(mut level: Vec<Delayed<i64>>) -> Delayed<i64> {
    while level.len() > 1 {
        let pairs = level.chunks(2);
        level = pairs.map(|pair| total(pair)).collect();
    }
    level.remove(0)
}

fn check<C: Compute<Output: PartialEq + Debug>>(collections: C, expected: C::Output) {
    dagbok_engine::install();
    assert_eq!(compute_all(collections).unwrap(), expected);
}

#[test]
fn calls() {
    check(total([delayed(1), [delayed(2)][0].clone(), delayed(3)]), 6);
    let b = BTreeMap::from([("b".to_owned(), delayed(vec![5]))]);
    check(a_and_first_of_b(delayed(1), b), 6);
    check(divmod(17, 5).unzip(), (3, 2));
    check(tree((0..1000).map(delayed).collect()), 499_500);
    check((delayed(1), [delayed(2)].as_slice()), (1, vec![2]));
    let list = delayed(vec![3, 1, 2]).map(|list| [list.as_slice(), &[9]].concat());
    let index = list.map(|list| list.iter().position(|x| *x == 9));
    check(index, Some(3));
}

#[test]
fn calls_that_cannot_be_compared_have_names_of_their_own() {
    assert_ne!(add(1, 2).name(), add(1, 2).name());
}

#[test]
fn a_division_by_zero_is_an_error() {
    dagbok_engine::install();
    let error = ratio(1, 0).compute().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Task);
    let text = error.to_string();
    assert!(text.contains("attempt to divide by zero"), "{text}");
}

/// A graph of numbers, made by hand: each task the sum of its inputs and of a number of its own.
#[derive(Default)]
struct Sums(Graph);

impl Sums {
    fn task(&mut self, name: &str, inputs: &[TaskId], more: i64) -> TaskId {
        let layer = self.0.add_layer(Layer {
            name: Name::of(name, 0),
            kind: LayerKind::Delayed,
            site: Site::caller(),
            detail: String::new(),
        });
        let run = move |inputs: &[Value]| -> Result<Value> {
            let inputs = inputs.iter().map(|input| input.downcast_ref::<i64>());
            let sum: Option<i64> = inputs.map(|input| input.copied()).sum();
            Ok(Value::new(sum.expect("numbers") + more))
        };
        self.0.add_task(NewTask {
            layer,
            block: Box::new([]),
            inputs: inputs.into(),
            run: Arc::new(run),
            bytes: 0,
        })
    }

    /// The values of `outputs`, and the operations in the order in which they are to run.
    fn get(self, outputs: &[TaskId]) -> (Vec<i64>, String) {
        let mut outputs = [outputs.to_vec()];
        let graph = arrange(self.0, &mut outputs);
        let name =
            |(_, task): (TaskId, Task<'_>)| graph.layer(task.layer).name.operation().to_owned();
        let order: Vec<String> = graph.tasks().map(name).collect();
        let scheduler = Scheduler::new(NonZero::<usize>::MIN).unwrap();
        let values = scheduler.compute(graph, &outputs[0], &[]).unwrap();
        let values = values.iter().map(|value| *value.downcast_ref().unwrap());
        (values.collect(), order.join(" "))
    }
}

#[test]
fn graphs_by_hand() {
    let mut graph = Sums::default();
    let x = graph.task("x", &[], 1);
    let y = graph.task("y", &[x], 10);
    let w = graph.task("w", &[y], 0);
    let z = graph.task("z", &[x, y, w], 0);
    assert_eq!(
        graph.get(&[z, x, w]),
        (vec![23, 1, 11], "x y w z".to_owned())
    );

    let mut graph = Sums::default();
    let a = graph.task("a", &[], 1);
    let b = graph.task("b", &[a], 0);
    let c = graph.task("c", &[b], 0);
    assert_eq!(graph.get(&[c]), (vec![1], "a b c".to_owned()));
}
