//! Delayed calls and graphs by hand: cases from Dask's test suite, with its results.

use std::collections::BTreeMap;
use std::fmt::Debug;

use dagbok::prelude::*;

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
    let nested = (
        BTreeMap::from([("a", vec![delayed(1)]), ("b", vec![delayed(2)])]),
        delayed(3),
    );
    let expected = BTreeMap::from([("a", vec![1]), ("b", vec![2])]);
    check(nested, (expected, 3));
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

#[test]
fn graphs_by_hand() {
    dagbok_engine::install();
    let graph = Graph::builder()
        .value("x", 1_i64)
        .task("y", "x", |x: &i64| x + 10)
        .task("z", ["x", "y", "w"], |all: &[i64]| all.iter().sum::<i64>())
        .alias("w", "y")
        .build()
        .unwrap();
    assert_eq!(graph.get::<i64>("z").unwrap(), 23);
    assert_eq!(graph.get_all::<i64>(["z", "x", "w"]).unwrap(), [23, 1, 11]);

    let graph = Graph::builder()
        .task("c", "b", |b: &i64| -b)
        .task("b", "a", |a: &i64| -a)
        .value("a", 1_i64)
        .build()
        .unwrap();
    let order = graph.toposort();
    let place = |key: &str| order.iter().position(|known| known.name() == key).unwrap();
    assert!(place("a") < place("b") && place("b") < place("c"));
    assert_eq!(graph.get::<i64>("c").unwrap(), 1);
}
