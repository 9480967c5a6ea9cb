//! Delayed functions as a notebook writes them.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;

use dagbok::prelude::*;

#[delayed]
fn inc(x: i64) -> i64 {
    x + 1
}

#[delayed]
fn add(mut x: i64, y: i64) -> i64 {
    x += y;
    x
}

#[delayed]
fn total(xs: &[i64]) -> i64 {
    xs.iter().sum()
}

#[delayed]
fn join(words: Vec<String>, with: &str) -> String {
    words.join(with)
}

/// A function with parameters of many kinds.
#[delayed]
#[expect(clippy::too_many_arguments, reason = "one of each")]
fn show(
    by_value: (i64, String),
    by_reference: &BTreeMap<i64, f64>,
    map: HashMap<String, i64>,
    triple: (i64, i64, i64),
    array: [u8; 3],
    option: &Option<bool>,
    function: fn(i64) -> i64,
    text: &'static str,
) -> String {
    let doubled = function(21);
    format!(
        "{by_value:?} {by_reference:?} {map:?} {triple:?} {array:?} {option:?} {doubled} {text}"
    )
}

#[delayed]
fn largest<T: PartialOrd + Clone + Debug>(xs: &[T]) -> Option<T> {
    xs.iter().cloned().reduce(|a, b| if b > a { b } else { a })
}

#[delayed]
fn first<T>(xs: Vec<T>) -> T
where
    T: Clone,
{
    xs[0].clone()
}

#[delayed]
fn zeros<const N: usize>() -> [f64; N] {
    [0.0; N]
}

#[delayed]
fn swap((a, b): (i64, i64)) -> (i64, i64) {
    (b, a)
}

#[delayed]
fn parse(text: &str) -> Result<i64, std::num::ParseIntError> {
    text.parse()
}

#[delayed]
fn read(path: &str) -> std::io::Result<String> {
    std::fs::read_to_string(path)
}

#[delayed]
fn out_of_bounds(x: i64) -> Result<i64, Error> {
    Err(Error::new(ErrorKind::Index, format!("no element {x}")))
}

#[delayed]
fn factorial(n: u64) -> u64 {
    if n == 0 { 1 } else { n * factorial(n - 1) }
}

#[delayed]
fn nothing() {}

fn check<T: Clone + Send + Sync + PartialEq + Debug + 'static>(delayed: Delayed<T>, expected: T) {
    dagbok_engine::install();
    assert_eq!(delayed.compute().unwrap(), expected);
}

#[test]
fn arguments_are_plain_or_delayed() {
    check(inc(1), 2);
    check(inc(inc(inc(1))), 4);
    check(inc(&inc(1)), 3);
    check(add(1, inc(1)), 3);
    check(add(&inc(1), delayed(10)), 12);
    check(factorial(factorial(3)), 720);
    check(nothing(), ());
}

#[test]
fn arguments_are_collected() {
    check(total(vec![1, 2, 3]), 6);
    check(total([1, 2, 3]), 6);
    check(total(&[1, 2, 3][..]), 6);
    check(total(vec![inc(1), inc(2)]), 5);
    check(total([inc(1), inc(2)]), 5);
    check(total(&[inc(1), inc(2)]), 5);
    check(total(&vec![inc(1), inc(2)]), 5);
    check(total(&vec![1, 2]), 3);
    check(total(delayed(vec![1, 2])), 3);
    check(total(Vec::<Delayed<i64>>::new()), 0);
    check(
        join(vec!["a".to_owned(), "b".to_owned()], "-"),
        "a-b".to_owned(),
    );
    check(
        join(vec![delayed("a".to_owned())], delayed("-".to_owned())),
        "a".to_owned(),
    );
    check(swap((1, 2)), (2, 1));
    check(swap((inc(1), inc(2))), (3, 2));
    check(swap(swap((inc(1), inc(2)))), (2, 3));
}

#[test]
fn parameters_of_many_kinds() {
    let map = HashMap::from([("k".to_owned(), inc(6))]);
    let tree = BTreeMap::from([(1, delayed(0.5))]);
    let shown = show(
        (1, "x".to_owned()),
        tree,
        map,
        (inc(1), inc(2), inc(3)),
        [1, 2, 3],
        Some(true),
        (|x| x * 2) as fn(i64) -> i64,
        "text",
    );
    check(
        shown,
        r#"(1, "x") {1: 0.5} {"k": 7} (2, 3, 4) [1, 2, 3] Some(true) 42 text"#.to_owned(),
    );
}

#[test]
fn generic_functions() {
    check(largest(vec![3, 1, 2]), Some(3));
    check(largest(vec!["a", "c", "b"]), Some("c"));
    check(largest::<f64>(vec![delayed(0.5), delayed(1.5)]), Some(1.5));
    check(first(delayed(vec!['x'])), 'x');
    check(zeros::<2>(), [0.0, 0.0]);
}

#[test]
fn several_results_come_apart() {
    let (a, b) = swap((1, 2)).unzip();
    check(add(&a, inc(&b)), 4);
    check(a.zip(&b), (2, 1));
    check(a.map(|a| a * 10), 20);
    check(a.and_then(|a| u8::try_from(*a)), 2);
}

#[test]
fn several_computations_at_once() {
    dagbok_engine::install();
    let x = inc(1);
    assert_eq!(compute_all((&x, x.map(|x| x * 2))).unwrap(), (2, 4));
    assert_eq!(compute_all(vec![inc(1), inc(2)]).unwrap(), [2, 3]);
    let both: (Vec<i64>, i64) = compute_all((vec![inc(1), inc(2)], total([5]))).unwrap();
    assert_eq!(both, (vec![2, 3], 5));
    assert!(compute_all(Vec::<Delayed<i64>>::new()).unwrap().is_empty());
}

#[test]
fn shared_calls_happen_once() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    dagbok_engine::install();
    let calls = Arc::new(AtomicUsize::new(0));
    let counter = calls.clone();
    let x = delayed(1).map(move |x| {
        counter.fetch_add(1, Ordering::SeqCst);
        x + 1
    });
    assert_eq!(
        compute_all((&x, add(&x, &x), vec![x.clone()])).unwrap(),
        (2, 4, vec![2])
    );
    assert_eq!(calls.load(Ordering::SeqCst), 1);
    let kept = x.persist().unwrap();
    assert_eq!(kept.name(), x.name());
    assert_eq!(compute_all((&kept, add(&kept, 1))).unwrap(), (2, 3));
    assert_eq!(calls.load(Ordering::SeqCst), 2);
}

#[test]
fn a_function_may_compute() {
    #[delayed]
    fn nested(n: i64) -> Result<i64, Error> {
        let xs: Vec<Delayed<i64>> = (0..n).map(inc).collect();
        total(xs).compute()
    }
    check(total((0..20).map(nested).collect::<Vec<_>>()), 1330);
}

fn check_error<T: Clone + Send + Sync + Debug + 'static>(
    delayed: Delayed<T>,
    kind: ErrorKind,
    first_line: &str,
) {
    dagbok_engine::install();
    let error = delayed.compute().unwrap_err();
    assert_eq!(error.kind(), kind);
    let text = error.to_string();
    assert_eq!(text.lines().next(), Some(first_line));
    assert!(
        text.contains("made at ") && text.contains("delayed.rs:"),
        "{text}"
    );
}

#[test]
fn errors_are_the_computations() {
    check(parse("12"), 12);
    check_error(
        inc(parse("x")),
        ErrorKind::Task,
        "`parse` failed: invalid digit found in string",
    );
    check_error(
        read("/no/such/file"),
        ErrorKind::Task,
        "`read` failed: No such file or directory (os error 2)",
    );
    check_error(
        out_of_bounds(3),
        ErrorKind::Index,
        "`out_of_bounds` failed: no element 3",
    );
    let empty = first(Vec::<i64>::new()).compute().unwrap_err().to_string();
    assert!(empty.starts_with("`first` failed: panicked at "), "{empty}");
    assert!(
        empty.contains("index out of bounds: the len is 0 but the index is 0"),
        "{empty}"
    );
}

#[test]
fn deep_expressions_are_planned_computed_and_dropped() {
    let deep = (0..100_000).fold(delayed(0), |x, _| inc(x));
    let wide = total(vec![deep.clone(), deep.clone()]);
    check(wide, 200_000);
    drop(deep);
}

#[test]
fn names_are_of_the_function_and_differ() {
    let (x, y) = (inc(1), inc(1));
    assert_eq!(x.name().operation(), "inc");
    assert_ne!(x.name(), y.name());
    assert_eq!(format!("{x:?}"), format!("Delayed({})", x.name()));
}
