//! Errors of tasks: what they say, what they keep, and running the task again.

use std::panic::{AssertUnwindSafe, catch_unwind, panic_any, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use dagbok::graph::Key;
use dagbok::prelude::*;
use dagbok_engine::render::format;

use super::compute::Counted;

#[delayed]
fn broken(array: &NdArray, table: &DataFrame, words: Vec<String>) -> Result<i64, String> {
    Err(format!(
        "{} of {} with {}",
        array.len(),
        table.height(),
        words.len()
    ))
}

#[test]
fn an_error_says_what_its_task_was_given() {
    dagbok_engine::install();
    let x = ones([3, 4]).rechunk([3, 2]);
    let table = df! { "a" => [1_i64, 2], "b" => [3_i64, 4] }.unwrap();
    let call = broken(
        &x,
        table.lazy(),
        delayed("a").map(|a| vec![(*a).to_owned()]),
    );
    let error = call.compute().unwrap_err();
    let text = error.to_string();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "`broken` failed: 12 of 2 with 1");
    let task = error.task().unwrap();
    assert_eq!(
        lines[1],
        format!("  task `{}`, made at {}", task.key, task.site)
    );
    let [array, table, words] = [0, 1, 2].map(|idx: usize| &task.inputs[idx].0);
    let table_bytes = format::bytes(task.inputs[1].1.bytes() as u128);
    assert_eq!(
        lines[2..],
        [format!(
            "  inputs: `{array}` (f64 array of shape (3, 4), 96 B), `{table}` (frame of 2 × 2, {table_bytes}), \
             `{words}` (Vec<String>, 49 B)"
        )]
    );
    assert_eq!(task.key, Key::from(call.name()));
    assert_eq!(task.layer, call.name());
    assert_eq!(task.cause.to_string(), "12 of 2 with 1");
    assert_eq!(task.inputs.len(), 3);
    assert!(task.site.to_string().contains("failures.rs:"));
    assert_eq!(
        format!("{task:?}"),
        format!("FailedTask({}, made at {})", task.key, task.site)
    );
}

#[delayed]
fn read(path: &str, n_lines: usize, more: &i64, words: Vec<String>) -> Result<i64, String> {
    Err(format!("no {n_lines} lines in {path}, {more}, {words:?}"))
}

#[test]
fn an_error_says_what_plain_values_its_call_was_given() {
    dagbok_engine::install();
    let check = |call: Delayed<i64>, expected: &str| {
        let text = call.compute().unwrap_err().to_string();
        assert_eq!(text.lines().last(), Some(expected));
    };
    let words = || vec!["a".to_owned()];
    check(
        read("/etc/nope", 3, 4, words()),
        r#"  arguments: "/etc/nope", 3, 4, Vec<String>"#,
    );
    let call = read("/etc/nope", delayed(1).map(|x| x + 2), 4, words());
    check(call.clone(), r#"  arguments: "/etc/nope", 4, Vec<String>"#);
    let error = call.compute().unwrap_err();
    let task = error.task().unwrap();
    assert_eq!(task.inputs.len(), 1);
    let path = task.arguments[0].downcast_ref::<String>();
    assert_eq!(path.map(String::as_str), Some("/etc/nope"));
    assert!(error.rerun_locally().is_err());
}

const LINE_OF_REFUSE: u32 = line!() + 3;

#[delayed]
fn refuse(x: i64) -> Result<i64, String> {
    Err(format!("not {x}"))
}

#[test]
fn a_call_that_std_makes_is_told_by_its_function() {
    dagbok_engine::install();
    let check = |call: &Delayed<i64>, line: u32| {
        let error = call.compute().unwrap_err();
        let site = error.task().unwrap().site;
        let place = format!("failures.rs:{line}");
        assert!(site.to_string().ends_with(&place), "{site}");
        assert_eq!(format!("{site:?}"), site.to_string());
    };
    let calls: Vec<Delayed<i64>> = (0..2).map(refuse).collect();
    check(&calls[0], LINE_OF_REFUSE);
    check(&calls[1], LINE_OF_REFUSE);
    check(&refuse(1), line!());
    check(&Some(1).map(refuse).unwrap(), LINE_OF_REFUSE);
    let calls: Vec<Delayed<i64>> = (0..2).map(|x| refuse(x * 2)).collect();
    check(&calls[1], line!() - 1);
}

#[delayed]
fn divide(n: i64, list: &[i64], by: i64) -> i64 {
    (n + list.iter().sum::<i64>()) / by
}

/// What the task of `call` was given, as its error has it: operations and values.
#[track_caller]
fn check_inputs(call: &Delayed<i64>, expected: &[(&str, i64)]) {
    dagbok_engine::install();
    let error = call.compute().unwrap_err();
    let task = error.task().unwrap();
    let given = task.inputs.iter().map(|(key, value)| {
        let value = value.downcast_ref::<i64>().expect("a number");
        (key.operation(), *value)
    });
    assert_eq!(given.collect::<Vec<_>>(), expected);
    let text = error.to_string();
    for (key, _) in task.inputs.iter().take(4) {
        assert!(text.contains(&format!("`{key}` (i64, 8 B)")), "{text}");
    }
    assert_eq!(text.contains(" and 1 more"), expected.len() == 5, "{text}");
    let again = catch_unwind(AssertUnwindSafe(|| error.rerun_locally())).unwrap_err();
    let said = again.downcast_ref::<&str>().expect("a message");
    assert_eq!(*said, "attempt to divide by zero");
}

#[test]
fn known_values_are_inputs_too() {
    let seven = delayed(7).named("seven");
    let inc = |x: &Delayed<i64>| x.map(|x| x + 1).named("inc");
    check_inputs(
        &divide(&seven, Vec::<i64>::new(), delayed(0)),
        &[("seven", 7), ("value", 0)],
    );
    check_inputs(
        &divide(
            inc(&seven),
            vec![seven.clone(), inc(&seven), delayed(3)],
            delayed(0),
        ),
        &[
            ("inc", 8),
            ("seven", 7),
            ("inc", 8),
            ("value", 3),
            ("value", 0),
        ],
    );
    // in one task with what it takes
    check_inputs(
        &divide(1, vec![delayed(4), inc(&inc(&seven))], delayed(0)),
        &[("value", 4), ("inc", 9), ("value", 0)],
    );
    check_inputs(&seven.map(|x| 1 / (x - 7)), &[("seven", 7)]);
    let kept = inc(&seven).persist();
    check_inputs(&kept.unwrap().map(|x| 1 / (x - 8)), &[("inc", 8)]);
}

#[test]
fn a_task_runs_again_on_the_calling_thread() {
    dagbok_engine::install();
    let here = std::thread::current().id();
    let ran_here = Arc::new(AtomicUsize::new(0));
    let ran = ran_here.clone();
    let failing = delayed(6_i64).map(|x| x + 1).map(move |x| -> i64 {
        if std::thread::current().id() == here {
            ran.fetch_add(1, Ordering::SeqCst);
        }
        panic!("no {x}")
    });
    let error = failing.map(|x| x + 1).compute().unwrap_err();
    assert!(error.to_string().contains(": no 7\n"), "{error}");
    assert_eq!(
        error.task().unwrap().inputs[0].1.downcast_ref(),
        Some(&7_i64)
    );
    // a copy has the same task
    let error = error.clone();
    for n_runs in 1..3 {
        let panic = catch_unwind(AssertUnwindSafe(|| error.rerun_locally())).unwrap_err();
        assert_eq!(panic.downcast_ref::<String>().unwrap(), "no 7");
        assert_eq!(ran_here.load(Ordering::SeqCst), n_runs);
    }
}

#[test]
fn a_task_that_succeeds_the_second_time_gives_its_value() {
    dagbok_engine::install();
    let n_runs = AtomicUsize::new(0);
    let flaky = delayed(20).and_then(move |x| match n_runs.fetch_add(1, Ordering::SeqCst) {
        0 => Err("not yet".to_owned()),
        _ => Ok(x + 1),
    });
    let error = flaky.compute().unwrap_err();
    assert_eq!(error.rerun_locally().unwrap().downcast_ref(), Some(&21));
}

#[test]
fn tasks_of_arrays_and_frames_run_again() {
    dagbok_engine::install();
    let blocks = ones([4, 4])
        .rechunk([2, 2])
        .map_blocks(|block| match block.len() {
            0 => block.clone(),
            _ => panic!("a block of {:?}", block.shape()),
        });
    let error = attempt(|| blocks.sum(()).compute())
        .and_then(|result| result)
        .unwrap_err();
    let panic = catch_unwind(AssertUnwindSafe(|| error.rerun_locally())).unwrap_err();
    assert_eq!(panic.downcast_ref::<String>().unwrap(), "a block of [2, 2]");
    let frame = df! { "a" => [1, 2] }.unwrap().lazy();
    let failing = frame.map_partitions(|part| match part.height() {
        0 => Ok(part),
        n => Err(Error::new(ErrorKind::Value, format!("{n} rows"))),
    });
    let error = failing.compute().unwrap_err();
    assert_eq!(error.rerun_locally().unwrap_err().to_string(), "2 rows");
}

#[test]
fn a_task_of_a_frame_says_what_table_it_was_given() {
    dagbok_engine::install();
    let table = df! { "a" => [1_i64, 2, 3] }.unwrap();
    let parts = table.lazy().repartition(2).persist().unwrap();
    let refuse = |table: DataFrame| match table.height() {
        1 => Err(Error::new(ErrorKind::Value, "one row")),
        _ => Ok(table),
    };
    let error = parts.map_partitions(refuse).compute().unwrap_err();
    let text = error.to_string();
    assert!(text.contains("\n  inputs: "), "{text}");
    assert!(text.contains("(frame of 1 × 1, "), "{text}");
    assert_eq!(error.task().unwrap().inputs.len(), 1);
    let again = error.rerun_locally().unwrap_err();
    assert!(again.to_string().contains("one row"), "{again}");
}

#[test]
fn a_result_that_is_larger_than_all_memory_is_an_error_at_once() {
    dagbok_engine::install();
    let error = ones([1_000_000, 1_000_000]).compute().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Value);
    let start = "the result would take 7.28 TiB, and there are ";
    assert!(error.to_string().starts_with(start), "{error}");
    let corner = ones([1_000_000, 1_000_000]).slice(s![..2, ..2]).sum(());
    assert_eq!(corner.compute().unwrap().item::<f64>().unwrap(), 4.0);
}

/// What a panic is told with, and what drops it panics too.
pub(super) struct Grenade;

impl Drop for Grenade {
    fn drop(&mut self) {
        panic!("dropped");
    }
}

#[test]
fn what_panics_when_it_is_dropped_ends_nothing_else() {
    #[delayed]
    fn count(_: &Grenade, _: &Grenade) -> i64 {
        2
    }
    dagbok_engine::install();
    let grenade = |n: i64| delayed(n).map(|_| Grenade);
    assert_eq!(count(grenade(1), grenade(2)).compute().unwrap(), 2);
    let thrown = delayed(1).map(|_| -> i64 { panic_any(Grenade) });
    assert_eq!(thrown.compute().unwrap_err().kind(), ErrorKind::Task);
    let futures: Vec<_> = (0..50).map(|_| submit(|| Grenade).map(|_| 1)).collect();
    assert_eq!(gather(futures).unwrap(), [1; 50]);
}

#[test]
fn a_panic_that_was_caught_says_nothing_of_a_later_one() {
    dagbok_engine::install();
    let call = delayed(1).map(|_| -> i64 {
        let _ = catch_unwind(|| panic!("caught"));
        resume_unwind(Box::new("second"))
    });
    let error = call.compute().unwrap_err();
    assert!(error.to_string().starts_with("`map` failed: panicked"));
    let call = delayed(1).map(|_| -> i64 { resume_unwind(Box::new("third")) });
    let error = call.compute().unwrap_err().to_string();
    assert!(
        error.starts_with("`map` failed: panicked: third"),
        "{error}"
    );
}

#[test]
fn a_nested_failure_has_both_tasks() {
    dagbok_engine::install();
    let inner = delayed(1).and_then(|_| Err::<i32, _>("inside".to_owned()));
    let outer = delayed(2).and_then(move |x| inner.compute().map(|y| x + y));
    let error = outer.compute().unwrap_err();
    let cause = &error.task().unwrap().cause;
    assert_eq!(cause.task().unwrap().cause.to_string(), "inside");
    assert_eq!(
        error.rerun_locally().unwrap_err().to_string(),
        cause.to_string()
    );
}

#[test]
fn what_is_no_task_cannot_run_again() {
    let error = Error::new(ErrorKind::Shape, "too long");
    assert!(error.task().is_none());
    assert_eq!(
        error.rerun_locally().unwrap_err().to_string(),
        "this error is not that of a task, so there is nothing to run again: too long"
    );
    assert_eq!(size_of::<Error>(), size_of::<usize>());
    fn shared<T: Send + Sync>() {}
    shared::<Error>();
}

/// So many are alive, once threads have let go of what they had in hand.
#[track_caller]
fn check_alive(alive: &AtomicUsize, expected: usize) {
    let given_up = Instant::now() + Duration::from_secs(10);
    while alive.load(Ordering::SeqCst) != expected && Instant::now() < given_up {
        std::thread::yield_now();
    }
    assert_eq!(alive.load(Ordering::SeqCst), expected);
}

#[test]
fn ten_thousand_failures_leak_nothing() {
    dagbok_engine::install();
    let alive = Arc::new(AtomicUsize::new(0));
    let failing = |alive: &Arc<AtomicUsize>| {
        let counter = alive.clone();
        let value = delayed(()).map(move |()| Counted::new(&counter));
        value.and_then(|_| Err::<i64, _>("it fails".to_owned()))
    };
    let calls: Vec<Delayed<i64>> = (0..10_000).map(|_| failing(&alive)).collect();
    let error = compute_all(&calls).unwrap_err();
    drop(calls);
    assert_eq!(error.task().unwrap().inputs.len(), 1);
    check_alive(&alive, 1);
    drop(error);
    check_alive(&alive, 0);

    let call = failing(&alive);
    for _ in 0..10_000 {
        assert!(call.compute().is_err());
    }
    check_alive(&alive, 0);
}
