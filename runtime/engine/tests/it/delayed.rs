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
    check(total(&[1, 2, 3]), 6);
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
    assert_eq!(compute_all((inc(1), ())).unwrap(), (2, ()));
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
fn several_collections_are_kept_in_one_run() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    dagbok_engine::install();
    let calls = Arc::new(AtomicUsize::new(0));
    let counter = calls.clone();
    let x = delayed(4).map(move |x| {
        counter.fetch_add(1, Ordering::SeqCst);
        *x
    });
    let filled = x.map(|x| NdArray::from(vec![*x; 3]));
    let array = Array::from_delayed(&filled, [3], DType::I64).rechunk(2) + 1;
    let frame = df!("k" => [1, 2, 3]).unwrap().lazy().repartition(2);
    let future = inc(&x).submit();
    assert_eq!(future.result().unwrap(), 5);
    let all = (
        (&array, &frame),
        [x.clone(), inc(&x)],
        BTreeMap::from([("sum", array.sum(())), ("none", array.min(()))]),
        (Some(&future), None::<Array>, Vec::<Frame>::new()),
    );
    let before = calls.load(Ordering::SeqCst);
    let ((kept_array, kept_frame), [four, five], map, (six, none, no_frames)) =
        persist_all(&all).unwrap();
    let made = calls.load(Ordering::SeqCst);
    assert!(made - before <= 1, "{before} {made}");
    assert_eq!(kept_array.name(), array.name());
    assert_eq!(kept_array.chunks(), [[2, 1]]);
    assert_eq!(kept_frame.name(), frame.name());
    assert_eq!(kept_frame.npartitions().unwrap(), 2);
    assert_eq!(kept_frame.schema().unwrap(), frame.schema().unwrap());
    assert_eq!(map.keys().copied().collect::<Vec<_>>(), ["none", "sum"]);
    assert!(none.is_none() && no_frames.is_empty());
    let values = compute_all((&four, &five, six, &map["sum"], &kept_array)).unwrap();
    assert_eq!((values.0, values.1, values.2), (4, 5, Some(5)));
    assert_eq!(values.3.item::<i64>().unwrap(), 15);
    assert_eq!(values.4.to_vec::<i64>().unwrap(), [5, 5, 5]);
    assert_eq!(kept_frame.compute().unwrap(), frame.compute().unwrap());
    assert_eq!(calls.load(Ordering::SeqCst), made);
    let failing = (inc(1), delayed(1).map(|_| -> i64 { panic!("no") }));
    let error = persist_all(failing).unwrap_err();
    assert!(error.to_string().contains("no"), "{error}");
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

/// Calls in line run in one task, of at most a hundred: the error is that of the call.
#[test]
fn an_error_in_a_line_of_calls_names_the_call() {
    dagbok_engine::install();
    let fail =
        |x: Delayed<i64>, at: i64| x.and_then(move |x| Err::<i64, String>(format!("{x} is {at}")));
    for at in [0, 1, 98, 99, 100, 101, 249] {
        let before = (0..at).fold(inc(0), |x, _| inc(x));
        let failing = fail(before.clone(), at);
        let last = (at..250).fold(failing.clone(), |x, _| inc(x));
        let text = last.compute().unwrap_err().to_string();
        let head = format!(
            "`and_then` failed: {} is {at}\n  task `{}`, made at ",
            at + 1,
            failing.name()
        );
        assert!(text.starts_with(&head), "{text}");
        let tail = format!("\n  inputs: `{}` (i64, 8 B)", before.name());
        assert!(text.ends_with(&tail), "{text}");
    }
}

#[test]
fn a_drop_that_panics_between_calls_in_line_does_no_harm() {
    struct Rude;
    impl Drop for Rude {
        fn drop(&mut self) {
            panic!("not now");
        }
    }
    let made = inc(1).map(|_| Rude);
    check(made.map(|_| 1).map(|x| x + 1), 2);
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

#[delayed]
fn debug<T: Debug>(value: &T) -> String {
    format!("{value:?}")
}

#[test]
fn arguments_are_nested() {
    let shown = |text: &str| text.to_owned();
    let pairs = vec![(inc(1), delayed('a')), (inc(2), delayed('b'))];
    check(
        debug::<Vec<(i64, char)>>(pairs),
        shown("[(2, 'a'), (3, 'b')]"),
    );
    let lists = vec![vec![inc(1)], vec![], vec![inc(2), 5.into()]];
    check(debug::<Vec<Vec<i64>>>(lists), shown("[[2], [], [3, 5]]"));
    let map = BTreeMap::from([("a", vec![inc(1)]), ("b", vec![])]);
    check(
        debug::<BTreeMap<&str, Vec<i64>>>(map),
        shown(r#"{"a": [2], "b": []}"#),
    );
    let map = HashMap::from([(1, vec![inc(1)])]);
    check(debug::<HashMap<i64, Vec<i64>>>(map), shown("{1: [2]}"));
    check(debug::<Option<i64>>(Some(inc(1))), shown("Some(2)"));
    check(debug::<Option<i64>>(None::<Delayed<i64>>), shown("None"));
    check(debug::<Option<i64>>(Some(1)), shown("Some(1)"));
}

#[test]
fn arguments_mix_plain_and_delayed_values() {
    check(total(vec![inc(1), 3.into(), delayed(4)]), 9);
    check(swap((1, inc(1))), (2, 1));
    check(swap((inc(1), 1)), (1, 2));
    check(swap((&inc(1), &inc(2))), (3, 2));
    check(swap(&(inc(1), inc(2))), (3, 2));
    let four = (inc(0), delayed("b"), delayed(0.5), delayed(None::<u8>));
    check(
        debug::<(i64, &str, f64, Option<u8>)>(four),
        r#"(1, "b", 0.5, None)"#.to_owned(),
    );
    let six = (inc(0), inc(1), inc(2), inc(3), inc(4), inc(5));
    check(
        debug::<(i64, i64, i64, i64, i64, i64)>(six),
        "(1, 2, 3, 4, 5, 6)".to_owned(),
    );
}

#[test]
fn anything_nested_becomes_one() {
    let nested = (
        vec![inc(1), 5.into()],
        Some([inc(2)]),
        BTreeMap::from([(1, (inc(3), delayed('x')))]),
    );
    let expected = (vec![2, 5], Some([3]), BTreeMap::from([(1, (4, 'x'))]));
    check(delayed_all(nested), expected);
    check(delayed_all(Vec::<Delayed<i64>>::new()), Vec::new());
    let deep = (0..20_000).fold(delayed(0_i64), |x, _| {
        delayed_all((x, delayed(1))).map(|(x, y)| x + y)
    });
    check(deep, 20_000);
    let collected: Delayed<Vec<i64>> = [inc(1), inc(2)].into_iter().collect();
    check(collected, vec![2, 3]);
}

#[test]
fn several_results_come_apart_by_number() {
    let (a, b, c) = delayed((1, "b", 'c')).unzip();
    check(delayed_all((c, b, a)), ('c', "b", 1));
    let (_, _, _, d) = delayed((1, 2, 3, 4)).unzip();
    check(d, 4);
    check(delayed_all(delayed(vec![3, 1, 2]).parts(3)), vec![3, 1, 2]);
    check(delayed_all(delayed(Vec::<i64>::new()).parts(0)), vec![]);
    let [x, y] = delayed([1, 2]).parts();
    check(add(x, y), 3);
    dagbok_engine::install();
    let missing = delayed(vec![1, 2]).parts(3)[0].compute().unwrap_err();
    assert!(
        missing
            .to_string()
            .starts_with("`part` failed: the list has 2 parts in place of 3"),
        "{missing}"
    );
    assert_eq!(missing.kind(), ErrorKind::Value);
}

#[test]
fn maps_and_options_are_computed() {
    dagbok_engine::install();
    let map = HashMap::from([("a", inc(1)), ("b", inc(2))]);
    assert_eq!(
        compute_all(&map).unwrap(),
        HashMap::from([("a", 2), ("b", 3)])
    );
    let tree = BTreeMap::from([(1, vec![inc(1)]), (2, vec![])]);
    let expected = BTreeMap::from([(1, vec![2]), (2, vec![])]);
    assert_eq!(compute_all(tree).unwrap(), expected);
    assert_eq!(compute_all(Some(inc(1))).unwrap(), Some(2));
    assert_eq!(compute_all(None::<Delayed<i64>>).unwrap(), None);
}

#[delayed(pure)]
fn pure_inc(x: i64) -> i64 {
    x + 1
}

#[delayed(pure)]
fn pure_join<T: Debug>(words: &[T], with: &str) -> String {
    format!("{words:?}{with}")
}

#[delayed(pure)]
fn constant() -> i64 {
    7
}

/// A pure function of one path for each use.
macro_rules! pure_add {
    ($added:expr) => {{
        #[delayed(pure)]
        fn add(x: i64) -> i64 {
            x + $added
        }
        add(1)
    }};
}

#[delayed(pure)]
fn pure_size<T>() -> usize {
    size_of::<T>()
}

#[test]
fn pure_functions_of_one_path_are_others() {
    check(pure_add!(10).zip(&pure_add!(20)), (11, 21));
    let text = {
        #[delayed(pure)]
        fn add(x: i64) -> String {
            format!("s{x}")
        }
        add(1)
    };
    check(pure_add!(10).zip(&text), (11, "s1".to_owned()));
    let scaled = |by_two| {
        if by_two {
            const BY: i64 = 2;
            #[delayed(pure)]
            fn scale(x: i64) -> i64 {
                x * BY
            }
            scale(5)
        } else {
            const BY: i64 = 3;
            #[delayed(pure)]
            fn scale(x: i64) -> i64 {
                x * BY
            }
            scale(5)
        }
    };
    check(scaled(true).zip(&scaled(false)), (10, 15));
    assert_eq!(scaled(true).name(), scaled(true).name());
    check(pure_size::<u8>().zip(&pure_size::<u64>()), (1, 8));
    assert_eq!(pure_size::<u8>().name(), pure_size::<u8>().name());
}

#[test]
fn pure_calls_are_equal_by_their_arguments() {
    assert_eq!(pure_inc(1).name(), pure_inc(1).name());
    assert_ne!(pure_inc(1).name(), pure_inc(2).name());
    assert_eq!(pure_inc(pure_inc(1)).name(), pure_inc(&pure_inc(1)).name());
    let x = inc(1);
    assert_eq!(pure_inc(&x).name(), pure_inc(&x).name());
    assert_ne!(pure_inc(inc(1)).name(), pure_inc(inc(1)).name());
    assert_eq!(constant().name(), constant().name());
    let words = || pure_join(vec!['a', 'b'], "-");
    assert_eq!(words().name(), words().name());
    assert_ne!(words().name(), pure_join(vec![1], "-").name());
    assert_ne!(
        pure_join(Vec::<i32>::new(), "-").name(),
        pure_join(Vec::<u8>::new(), "-").name()
    );
    check(words(), "['a', 'b']-".to_owned());
    check(
        delayed_all([pure_inc(1), pure_inc(1), pure_inc(pure_inc(1))]),
        [2, 2, 3],
    );
    let graph = visualize_all([pure_inc(1), pure_inc(1)]).unwrap();
    assert!(
        graph.render().get("text/plain").unwrap().contains("1 task"),
        "{graph:?}"
    );
}

#[test]
fn calls_have_the_names_they_are_given() {
    dagbok_engine::install();
    let named = inc(1).named("first step");
    assert_eq!(named.name().operation(), "first step");
    check(named.clone(), 2);
    assert_eq!(
        inc(1).named("two\nlines\t").name().operation(),
        "two lines "
    );
    let again = named.clone().named("alias of it");
    assert_eq!(again.name().operation(), "alias of it");
    assert_eq!(named.name().operation(), "first step");
    check(again, 2);
    let error = parse("x").named("reads x").compute().unwrap_err();
    assert!(error.to_string().starts_with("`reads x` failed"), "{error}");
}

#[test]
fn values_are_looked_at() {
    use std::sync::{Arc, Mutex};
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noted = seen.clone();
    check(inc(1).inspect(move |x| noted.lock().unwrap().push(*x)), 2);
    assert_eq!(*seen.lock().unwrap(), [2]);
}

#[test]
fn each_call_of_a_wide_graph_is_made_once() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    const N: i64 = 20_000;
    static N_MADE: AtomicUsize = AtomicUsize::new(0);
    #[delayed]
    fn counted(x: i64) -> i64 {
        N_MADE.fetch_add(1, Ordering::Relaxed);
        x
    }
    for n_after in [0, 1, 7] {
        let line = |x| (0..n_after).fold(counted(x), |x, _| inc(x));
        let expected: Vec<i64> = (0..N).map(|x| x + n_after).collect();
        check(delayed_all((0..N).map(line).collect::<Vec<_>>()), expected);
        assert_eq!(N_MADE.swap(0, Ordering::Relaxed), N as usize);
    }
}
