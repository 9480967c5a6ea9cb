//! Futures on a single thread: turns can be told, and nothing may wait for itself.

use std::num::NonZero;
use std::sync::{Arc, Mutex, mpsc};

use dagbok::prelude::*;
use dagbok::{Future, engine};
use dagbok_engine::LocalEngine;

fn install() {
    engine::install(Arc::new(LocalEngine::with_threads(NonZero::<usize>::MIN)));
}

/// Keeps the thread busy until it is told.
fn block() -> (mpsc::Sender<()>, Future<bool>) {
    install();
    let (go, gone) = mpsc::channel::<()>();
    let (begin, begun) = mpsc::channel();
    let blocker = submit(move || begin.send(()).is_ok() && gone.recv().is_ok());
    begun.recv().unwrap();
    (go, blocker)
}

#[test]
fn the_highest_priority_begins_first() {
    let (go, blocker) = block();
    let ran = Arc::new(Mutex::new(Vec::new()));
    let submit_one = |priority: i32, number: i64| {
        let ran = ran.clone();
        let options = SubmitOptions::new().priority(priority);
        options.submit(move || ran.lock().unwrap().push(number))
    };
    let futures = [
        (0, 1),
        (-1, 2),
        (7, 3),
        (0, 4),
        (7, 5),
        (i32::MIN, 6),
        (i32::MAX, 7),
    ];
    let futures = futures.map(|(priority, number)| submit_one(priority, number));
    go.send(()).unwrap();
    gather((blocker, futures)).unwrap();
    assert_eq!(*ran.lock().unwrap(), [7, 3, 5, 1, 4, 2, 6]);
}

#[test]
fn what_is_cancelled_before_it_begins_never_runs() {
    let (go, blocker) = block();
    let (tell, told) = mpsc::channel::<i64>();
    let cancelled = submit(move || tell.send(1).is_ok());
    cancelled.cancel();
    // the closure is gone, and with it the sender
    assert!(told.recv().is_err());
    go.send(()).unwrap();
    assert!(blocker.result().unwrap());
    assert!(cancelled.cancelled());
}

#[test]
fn a_task_waits_for_what_it_submits() {
    install();
    fn fibonacci(n: u64) -> Result<u64, Error> {
        if n < 2 {
            return Ok(n);
        }
        let before = try_submit(move || fibonacci(n - 2));
        Ok(fibonacci(n - 1)? + before.result()?)
    }
    assert_eq!(try_submit(|| fibonacci(12)).result().unwrap(), 144);
    let chain = try_submit(|| {
        let chain = (0..100).fold(submit(|| 0), |last, _| last.map(|x: &i64| x + 1));
        let others = submit_map(|x: i64| x, 0..10);
        let waited = wait(&others).all()?.done.len() as i64;
        Ok::<_, Error>(gather((chain, others))?.0 + waited)
    });
    assert_eq!(chain.result().unwrap(), 110);
    let nested = delayed(3).and_then(|n| gather(submit_map(|x: i64| x * x, 0..*n)));
    assert_eq!(nested.compute().unwrap(), [0, 1, 4]);
    let computes = try_submit(|| {
        let future = submit(|| 20);
        future.delayed().map(|x: &i64| x + 1).compute()
    });
    assert_eq!(computes.result().unwrap(), 21);
}

#[test]
fn a_task_that_waits_is_cancelled_with_what_it_waits_for() {
    let (go, blocker) = block();
    let (tell, told) = mpsc::channel();
    let outer = try_submit(move || {
        let inner = submit(|| {
            loop {
                dagbok::cancel::checkpoint();
            }
        });
        let inner: Future<i64> = inner;
        tell.send(inner.clone()).unwrap();
        inner.result()
    });
    go.send(()).unwrap();
    assert!(blocker.result().unwrap());
    told.recv().unwrap().cancel();
    let error = outer.result().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    assert_eq!(submit(|| 1).result().unwrap(), 1);
}

#[test]
fn a_task_is_cancelled_while_it_waits() {
    install();
    let (go, gone) = mpsc::channel::<()>();
    let (tell, told) = mpsc::channel();
    let outer = try_submit(move || {
        tell.send(()).unwrap();
        let inner = submit(move || {
            loop {
                dagbok::cancel::checkpoint();
                if gone.try_recv().is_ok() {
                    return 1;
                }
            }
        });
        inner.result()
    });
    told.recv().unwrap();
    outer.cancel();
    assert!(outer.cancelled());
    // nobody holds the inner one when the outer one has unwound
    let _ = go.send(());
    assert_eq!(submit(|| 1).result().unwrap(), 1);
}

#[test]
fn futures_that_wait_for_each_other_fail_on_one_thread_too() {
    install();
    let (tell, told) = mpsc::channel::<Future<i64>>();
    let first = try_submit(move || told.recv().expect("another future").result());
    let needed = first.clone();
    let second = try_submit(move || needed.result());
    tell.send(second.clone()).unwrap();
    for future in [first, second] {
        let text = future.result().unwrap_err().to_string();
        assert!(text.contains("none of them would ever be done"), "{text}");
    }
}
