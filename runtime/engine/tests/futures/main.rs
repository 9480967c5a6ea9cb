//! Futures as a notebook writes them.

mod ends;
mod engine;
mod naive;
mod shown;
mod waits;

use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use dagbok::future::Future;
use dagbok::prelude::*;
use dagbok_engine::LocalEngine;

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
fn shown(map: &BTreeMap<i64, i64>, pair: &(i64, String), option: &Option<i64>) -> String {
    format!("{map:?} {pair:?} {option:?}")
}

#[delayed]
fn parse(text: &str) -> Result<i64, std::num::ParseIntError> {
    text.parse()
}

/// With more threads than the tests that run at once keep busy.
fn install() {
    dagbok::engine::install(Arc::new(LocalEngine::with_threads(
        NonZero::new(64).unwrap(),
    )));
}

/// A future that is done when it is told to be.
fn held() -> (mpsc::Sender<i64>, Future<i64>) {
    install();
    let (go, gone) = mpsc::channel();
    (go, try_submit(move || gone.recv()))
}

fn check<T: Clone + Send + Sync + PartialEq + Debug + 'static>(
    future: impl FnOnce() -> Future<T>,
    expected: T,
) {
    install();
    let future = future();
    assert_eq!(future.result().unwrap(), expected);
    assert_eq!(future.status(), FutureStatus::Finished);
    assert!(future.done() && !future.cancelled());
    assert!(future.exception().unwrap().is_none());
}

#[track_caller]
fn check_error<T: Clone + Send + Sync + Debug + 'static>(
    future: &Future<T>,
    status: FutureStatus,
    kind: ErrorKind,
    start: &str,
) {
    let error = future.result().unwrap_err();
    assert_eq!((future.status(), error.kind()), (status, kind));
    assert!(error.to_string().starts_with(start), "{error}");
    assert_eq!(future.exception().unwrap().unwrap().kind(), kind);
}

/// What fails and panics by turns until it was called so often, and how often it was.
fn attempts(
    until: usize,
) -> (
    Arc<AtomicUsize>,
    impl Fn() -> Result<usize, String> + Send + Sync,
) {
    let attempts = Arc::new(AtomicUsize::new(0));
    let counted = attempts.clone();
    let run = move || match counted.fetch_add(1, Ordering::SeqCst) {
        n if n < until && n % 2 == 0 => Err(format!("attempt {n}")),
        n if n < until => panic!("attempt {n}"),
        n => Ok(n),
    };
    (attempts, run)
}

#[test]
fn closures_and_collections_are_submitted() {
    check(|| submit(|| 1), 1);
    check(|| submit(|| "text".to_owned()), "text".to_owned());
    check(|| submit(|| ()), ());
    let list = vec![1, 2];
    check(|| submit(move || list), vec![1, 2]);
    check(|| try_submit(|| "12".parse::<i64>()), 12);
    check(|| inc(1).submit(), 2);
    check(|| (&inc(inc(1))).submit(), 3);
    check(
        || {
            arange(10)
                .sum(())
                .submit()
                .map(|sum| sum.item::<i64>().unwrap())
        },
        45,
    );
    let frame = df!["x" => [1, 2, 3]].unwrap();
    check(|| frame.lazy().submit().map(|frame| frame.height()), 3);
    check(|| SubmitOptions::new().compute(&inc(1)), 2);
    check(|| SubmitOptions::new().priority(-1).submit(|| 3), 3);
}

#[test]
fn futures_are_arguments() {
    check(|| inc(submit(|| 1)).submit(), 2);
    check(|| add(&submit(|| 1), inc(&inc(1).submit())).submit(), 4);
    check(|| total(submit_map(|x| x, 0..10)).submit(), 45);
    check(|| total([submit(|| 1_i64), submit(|| 2)]).submit(), 3);
    check(|| submit(|| 2).map(|x| x * 10).map(|x| x + 1), 21);
    check(|| submit(|| "7").and_then(|text| text.parse::<u8>()), 7);
    check(|| submit(|| 2).delayed().zip(&inc(2)).submit(), (2, 3));
    install();
    let map = BTreeMap::from([(1, submit(|| 2_i64))]);
    let pair = (submit(|| 3_i64), submit(|| "x".to_owned()));
    let shown = shown(map, pair, Some(submit(|| 4_i64)));
    assert_eq!(shown.compute().unwrap(), r#"{1: 2} (3, "x") Some(4)"#);
}

#[test]
fn values_are_gathered_from_anything_nested() {
    install();
    assert_eq!(gather(submit(|| 1)).unwrap(), 1);
    assert_eq!(gather(submit_map(|x| x * x, 0..4)).unwrap(), [0, 1, 4, 9]);
    assert!(gather(Vec::<Future<i64>>::new()).unwrap().is_empty());
    let nested = HashMap::from([(
        "a",
        (vec![submit(|| 1), submit(|| 2)], Some(submit(|| 'c'))),
    )]);
    let expected = HashMap::from([("a", (vec![1, 2], Some('c')))]);
    assert_eq!(gather(nested).unwrap(), expected);
    let future = submit(|| 1);
    assert_eq!(
        gather((&future, inc(&future), [&future])).unwrap(),
        (1, 2, [1])
    );
}

#[test]
fn errors_are_those_of_compute() {
    install();
    let parsed = parse("x").submit();
    let (status, kind) = (FutureStatus::Error, ErrorKind::Task);
    check_error(
        &parsed,
        status,
        kind,
        "`parse` failed: invalid digit found in string\n  task `parse-",
    );
    check_error(
        &inc(&parsed).submit(),
        status,
        kind,
        "`parse` failed: invalid digit",
    );
    check_error(
        &parsed.map(|x| x + 1),
        status,
        kind,
        "`parse` failed: invalid digit",
    );
    let panicked = submit(|| -> i64 { panic!("oh no") });
    check_error(&panicked, status, kind, "`submit` failed: panicked at ");
    assert!(
        panicked
            .result()
            .unwrap_err()
            .to_string()
            .contains(": oh no")
    );
    let error = gather((submit(|| 1), parsed.clone())).unwrap_err();
    assert!(error.to_string().starts_with("`parse` failed"));
    let error = inc(&parsed).compute().unwrap_err();
    assert!(error.to_string().starts_with("`parse` failed"));
    let planned = read_csv("/no/such/file-*.csv").map(|frame| frame.submit());
    assert!(planned.is_err() || planned.unwrap().result().is_err());
}

#[test]
fn tasks_submit_tasks() {
    fn count(depth: u32) -> Result<u64, Error> {
        if depth == 0 {
            return Ok(1);
        }
        let below = submit_map(count, [depth - 1; 3]);
        let below = below.iter().map(Future::result);
        below.map(|count| count?).sum()
    }
    check(|| try_submit(|| count(5)), 243);
    check(
        || try_submit(|| gather(submit_map(|x: i64| inc(x).compute(), 0..20)).map(|all| all.len())),
        20,
    );
    check(
        || {
            try_submit(|| {
                let mut completed = as_completed([submit(|| 100_i64)]);
                let mut sum = 0;
                while let Some(future) = completed.next() {
                    let left = future.result()?;
                    sum += left;
                    if left > 0 {
                        completed.add(submit(move || left - 1));
                    }
                }
                Ok::<_, Error>(sum)
            })
        },
        5050,
    );
}

#[test]
fn the_same_call_is_the_same_future_until_it_is_done() {
    let (go, slow) = held();
    let call = inc(&slow);
    let (first, second) = (call.submit(), call.submit());
    assert_eq!(first.key(), call.name());
    first.cancel();
    assert!(second.cancelled());
    let third = call.submit();
    assert!(!third.cancelled());
    go.send(1).unwrap();
    assert_eq!(third.result().unwrap(), 2);
}

#[test]
fn names_are_of_functions() {
    fn plain() -> i64 {
        1
    }
    install();
    assert_eq!(submit(plain).key().operation(), "plain");
    assert_eq!(submit(|| 1).key().operation(), "submit");
    assert_eq!(
        SubmitOptions::new()
            .named("αβγ")
            .submit(|| 1)
            .key()
            .operation(),
        "αβγ"
    );
    let future = submit(plain);
    future.result().unwrap();
    assert_eq!(
        format!("{future:?}"),
        format!("Future({}, finished)", future.key())
    );
}
