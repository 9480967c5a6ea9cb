//! How futures end: failed, cancelled, tried again, too late; and who is told.

use std::time::Duration;

use dagbok::cancel;

use super::*;

/// Neither waits for what still runs.
#[test]
fn the_first_failure_ends_a_gather() {
    let (go, slow) = held();
    let failed = parse("x").submit();
    assert!(gather([&slow, &failed]).is_err());
    assert!(inc(&failed).compute().is_err());
    assert!(!slow.done());
    go.send(1).unwrap();
    assert_eq!(slow.result().unwrap(), 1);
}

#[test]
fn what_is_cancelled_ends_what_needs_it_and_nothing_else() {
    let (go, input) = held();
    let (used, other) = (input.map(|x| x + 1), input.map(|x| x * 10));
    let after = inc(&used).submit();
    used.cancel();
    let (status, kind) = (FutureStatus::Cancelled, ErrorKind::Cancelled);
    check_error(&used, status, kind, "the future `map-");
    check_error(&after, status, kind, "the future `inc-");
    assert!(
        after
            .result()
            .unwrap_err()
            .to_string()
            .ends_with("`, which it needs")
    );
    assert_eq!(inc(&used).compute().unwrap_err().kind(), kind);
    assert!(inc(&used).submit().cancelled());
    go.send(4).unwrap();
    assert_eq!(other.result().unwrap(), 40);
    other.cancel();
    assert_eq!(
        (other.status(), other.result().unwrap()),
        (FutureStatus::Finished, 40)
    );
}

#[test]
fn a_cancelled_task_stops() {
    install();
    let (tell, told) = mpsc::channel();
    let future = submit(move || {
        tell.send(()).unwrap();
        let _ended = OnDrop(tell);
        loop {
            cancel::checkpoint();
        }
    });
    told.recv().unwrap();
    assert_eq!(future.status(), FutureStatus::Processing);
    future.cancel();
    let result: Result<(), Error> = future.result();
    assert_eq!(result.unwrap_err().kind(), ErrorKind::Cancelled);
    told.recv().unwrap();
}

struct OnDrop(mpsc::Sender<()>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

#[test]
fn a_future_that_nobody_holds_is_cancelled() {
    let (go, input) = held();
    let ran = Arc::new(AtomicUsize::new(0));
    let count = |future: &Future<i64>| {
        let ran = ran.clone();
        future.map(move |_| ran.fetch_add(1, Ordering::SeqCst))
    };
    drop(count(&input));
    count(&input).fire_and_forget();
    let (kept, needed) = (count(&input), count(&input));
    let needs = needed.map(|_| ());
    drop(needed);
    let lazy = count(&input).delayed().map(|_| ());
    go.send(1).unwrap();
    gather((kept, needs, lazy)).unwrap();
    // the one that was let go runs, if nobody has begun to drop the engine
    while ran.load(Ordering::SeqCst) < 4 {
        std::thread::yield_now();
    }
    assert_eq!(submit(|| 1).result().unwrap(), 1);
    assert_eq!(ran.load(Ordering::SeqCst), 4);
}

#[test]
fn what_fails_is_tried_again() {
    install();
    let twice = SubmitOptions::new().retries(2);
    let (count, run) = attempts(2);
    assert_eq!(twice.try_submit(run).result().unwrap(), 2);
    assert_eq!(count.load(Ordering::SeqCst), 3);
    let (count, run) = attempts(9);
    let failed = twice.try_submit(run);
    check_error(
        &failed,
        FutureStatus::Error,
        ErrorKind::Task,
        "`submit` failed: attempt 2",
    );
    assert_eq!(count.load(Ordering::SeqCst), 3);
    let (count, run) = attempts(1);
    let lazy = delayed(()).and_then(move |()| run());
    assert_eq!(twice.compute(&lazy).result().unwrap(), 1);
    assert_eq!(count.load(Ordering::SeqCst), 2);
    let failed = twice.compute(&inc(parse("x").submit()));
    check_error(
        &failed,
        FutureStatus::Error,
        ErrorKind::Task,
        "`parse` failed",
    );
    let stop = Arc::new(AtomicUsize::new(0));
    let counted = stop.clone();
    let stopped = SubmitOptions::new().retries(9).try_submit(move || {
        counted.fetch_add(1, Ordering::SeqCst);
        Err::<i64, _>(Error::new(ErrorKind::Cancelled, "stopped"))
    });
    check_error(
        &stopped,
        FutureStatus::Cancelled,
        ErrorKind::Cancelled,
        "stopped",
    );
    assert_eq!(stop.load(Ordering::SeqCst), 1);
}

#[test]
fn an_attempt_may_take_so_long() {
    install();
    let brief = SubmitOptions::new()
        .timeout(Duration::from_millis(5))
        .named("endless");
    let endless = brief.submit(|| {
        loop {
            cancel::checkpoint();
        }
    });
    let endless: Future<()> = endless;
    check_error(
        &endless,
        FutureStatus::Error,
        ErrorKind::Timeout,
        "`endless-",
    );
    let text = endless.result().unwrap_err().to_string();
    assert!(text.ends_with("has taken longer than 5ms"), "{text}");
    let (count, _) = attempts(0);
    let counted = count.clone();
    let second = brief.retries(1).submit(move || {
        if counted.fetch_add(1, Ordering::SeqCst) == 0 {
            loop {
                cancel::checkpoint();
            }
        }
        7
    });
    let outcome = second.result();
    assert!(outcome.is_ok_and(|value| value == 7) || count.load(Ordering::SeqCst) == 2);
    let patient = SubmitOptions::new().timeout(Duration::MAX);
    assert_eq!(patient.submit(|| 1).result().unwrap(), 1);
}

#[test]
fn callbacks_are_called_once_whatever_happens() {
    let (go, input) = held();
    let (tell, told) = mpsc::channel();
    let watch = |future: &Future<i64>| {
        let tell = tell.clone();
        future.on_done(move |future| tell.send(future.status()).unwrap());
    };
    let cancelled = input.map(|x| x + 1);
    watch(&cancelled);
    cancelled.cancel();
    assert_eq!(told.recv(), Ok(FutureStatus::Cancelled));
    // it holds what it is called for
    watch(&input.map(|x| x + 1));
    go.send(1).unwrap();
    assert_eq!(told.recv(), Ok(FutureStatus::Finished));
    watch(&input);
    assert_eq!(told.recv(), Ok(FutureStatus::Finished));
    watch(&parse("x").submit());
    assert_eq!(told.recv(), Ok(FutureStatus::Error));
    input.on_done(|_| panic!("a callback that panics"));
    assert!(told.try_recv().is_err());
}
