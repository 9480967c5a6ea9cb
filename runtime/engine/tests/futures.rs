//! Futures as a notebook writes them.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use dagbok::display::{DisplaySink, MimeBundle, Render, set_sink};
use dagbok::engine::{Engine, Submission, Submitted};
use dagbok::future::Future;
use dagbok::prelude::*;
use dagbok::{Site, cancel};
use dagbok_engine::LocalEngine;
use proptest::prelude::*;
use proptest::sample::Index;

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
fn what_needs_a_future_waits_without_a_thread() {
    let (go, first) = held();
    let chain = (0..100).fold(first.clone(), |last, _| last.map(|x| x + 1));
    let wide: Vec<Future<i64>> = (0..100).map(|k| first.map(move |x| x + k)).collect();
    assert_eq!(chain.status(), FutureStatus::Pending);
    assert_eq!(submit(|| 5).result().unwrap(), 5);
    go.send(1).unwrap();
    assert_eq!(chain.result().unwrap(), 101);
    assert_eq!(gather(wide).unwrap().iter().sum::<i64>(), 5050);
}

#[test]
fn a_long_chain_is_computed_and_dropped() {
    let (go, first) = held();
    let chain = |n| (0..n).fold(first.clone(), |last: Future<i64>, _| last.map(|x| x + 1));
    let (dropped, kept) = (chain(50_000), chain(20_000));
    drop(dropped);
    go.send(0).unwrap();
    assert_eq!(kept.result().unwrap(), 20_000);
}

#[test]
fn waits_end_with_all_or_the_first_or_in_time() {
    let (go, slow) = held();
    let futures = [slow, submit(|| 1), parse("x").submit()];
    let count =
        |waited: dagbok::future::DoneAndNotDone<i64>| (waited.done.len(), waited.not_done.len());
    let (done, not_done) = count(wait(&futures).first().unwrap());
    assert!(done >= 1 && done + not_done == 3);
    assert_eq!(count(wait(&futures[1..]).all().unwrap()), (2, 0));
    let brief = Duration::from_millis(1);
    assert_eq!(count(wait(&futures).timeout(brief).all().unwrap()), (2, 1));
    assert_eq!(
        count(wait(&futures[..1]).timeout(Duration::ZERO).first().unwrap()),
        (0, 1)
    );
    assert_eq!(count(wait::<i64>(&[]).first().unwrap()), (0, 0));
    let late = futures[0].result_timeout(brief).unwrap_err();
    assert_eq!(late.kind(), ErrorKind::Timeout);
    assert!(
        late.to_string()
            .contains("is not done after 1ms; it is processing and goes on"),
        "{late}"
    );
    go.send(1).unwrap();
    assert_eq!(
        count(wait(&futures).timeout(Duration::MAX).all().unwrap()),
        (3, 0)
    );
    assert_eq!(futures[0].result_timeout(Duration::ZERO).unwrap(), 1);
}

#[test]
fn futures_come_as_they_are_completed() {
    let (go, slow) = held();
    let mut completed = as_completed([slow.clone(), submit(|| 1)]);
    assert_eq!(completed.next().unwrap().result().unwrap(), 1);
    assert!(
        completed
            .next_timeout(Duration::from_millis(1))
            .unwrap()
            .is_none()
    );
    completed.add(submit(|| 2));
    assert_eq!(completed.next().unwrap().result().unwrap(), 2);
    completed.extend([parse("x").submit()]);
    assert_eq!(completed.next().unwrap().status(), FutureStatus::Error);
    assert_eq!(completed.count_left(), 1);
    go.send(3).unwrap();
    assert_eq!(completed.next().unwrap().result().unwrap(), 3);
    assert!(completed.next().is_none());
    completed.add(slow.clone());
    completed.add(slow);
    assert_eq!(completed.count(), 2);
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

/// Code that looks whether it is to stop does; what it would have returned is dropped.
/// Waits for as many tasks within each other, each of which takes some of the stack.
fn deep(n: usize) -> Result<usize, Error> {
    let local = std::hint::black_box([n; 4096]);
    match n {
        0 => Ok(0),
        _ => Ok(try_submit(move || deep(n - 1)).result()? + local[1] / n),
    }
}

#[test]
fn tasks_that_wait_within_each_other_too_deep_fail() {
    dagbok_engine::install();
    assert_eq!(try_submit(|| deep(100)).result().unwrap(), 100);
    let error = try_submit(|| deep(1_000_000)).result().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Task);
    assert!(
        error.to_string().contains("the stack is nearly full"),
        "{error}"
    );
    assert_eq!(submit(|| 1).result().unwrap(), 1);
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

#[test]
fn futures_are_awaited() {
    struct Parked(std::thread::Thread);
    impl Wake for Parked {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    fn block_on<T>(future: impl std::future::Future<Output = T>) -> T {
        let mut future = std::pin::pin!(future);
        let waker = Waker::from(Arc::new(Parked(std::thread::current())));
        loop {
            let polled = future.as_mut().poll(&mut Context::from_waker(&waker));
            match polled {
                std::task::Poll::Ready(value) => return value,
                std::task::Poll::Pending => std::thread::park(),
            }
        }
    }
    let (go, slow) = held();
    let sum = async {
        let failed = parse("x").submit().await;
        let first = (&slow).await?;
        assert!(failed.is_err());
        Ok::<_, Error>(first + slow.clone().map(|x| x * 10).await?)
    };
    let waiting = std::thread::scope(|scope| {
        scope.spawn(|| go.send(1).unwrap());
        block_on(sum)
    });
    assert_eq!(waiting.unwrap(), 11);
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

#[test]
fn a_future_is_shown_as_it_is() {
    let (go, slow) = held();
    let text = |future: &Future<i64>| future.render().get("text/plain").unwrap().to_owned();
    let after = inc(&slow).named("after").submit();
    let pending = text(&after);
    assert!(
        pending.starts_with("Future of `after`\n  status … pending\n  key    after-"),
        "{pending}"
    );
    go.send(1).unwrap();
    after.result().unwrap();
    let finished = text(&after);
    assert!(finished.contains("\n  status ✓ finished\n"), "{finished}");
    assert!(finished.ends_with("\n  value  i64, 8 B"), "{finished}");
    let html = after.render().get("text/html").unwrap().to_owned();
    assert!(
        html.contains("<b>finished</b>") && !html.contains("<script"),
        "{html}"
    );
    let failed = parse("<x>").submit();
    let _ = failed.exception().unwrap();
    assert!(
        text(&failed).contains("\n  error  `parse` failed: invalid digit"),
        "{}",
        text(&failed)
    );
}

/// A front end that tells what it shows: on which display, and the status there.
struct Screen(Mutex<mpsc::Sender<(String, String)>>);

impl DisplaySink for Screen {
    fn display(&self, bundle: &MimeBundle, display_id: &str) {
        self.update(bundle, display_id);
    }

    fn update(&self, bundle: &MimeBundle, display_id: &str) {
        let text = bundle.get("text/plain").unwrap_or_default();
        let status = text.lines().find_map(|line| line.strip_prefix("  status "));
        // What other tests compute shows how far it is, too.
        if let Some(status) = status {
            let shown = (display_id.to_owned(), status.to_owned());
            let _ = self.0.lock().unwrap().send(shown);
        }
    }
}

#[test]
fn a_display_follows_its_future() {
    let (go, input) = held();
    let (tell, told) = mpsc::channel();
    set_sink(Some(Arc::new(Screen(Mutex::new(tell)))));
    let (ends, dropped) = (input.map(|x| x + 1), input.map(|x| x + 1));
    display(&ends);
    let (id, status) = told.recv().unwrap();
    assert_eq!(status, "… pending");
    display(&dropped);
    told.recv().unwrap();
    dropped.cancel();
    assert_eq!(told.recv().unwrap().1, "■ cancelled");
    go.send(1).unwrap();
    let is_last = |shown: &(String, String)| shown.1 == "✓ finished";
    let last = told.iter().find(is_last).unwrap();
    assert_eq!(last.0, id);
    set_sink(None);
    // That the task runs may be told of when it has ended.
    assert_eq!(told.try_iter().find(|shown| *shown != last), None);
}

/// Each future is handed the next one, the last one the first, and does `what` with it.
fn ring(n: usize, what: fn(&Future<i64>) -> Result<i64, Error>) -> Vec<Future<i64>> {
    install();
    let mut ends = Vec::new();
    let futures: Vec<Future<i64>> = (0..n)
        .map(|_| {
            let (tell, told) = mpsc::channel::<Future<i64>>();
            ends.push(tell);
            try_submit(move || what(&told.recv().expect("another future")))
        })
        .collect();
    for (idx, tell) in ends.iter().enumerate() {
        tell.send(futures[(idx + 1) % n].clone()).unwrap();
    }
    futures
}

/// All of `futures` fail, and the error says who waits for whom.
#[track_caller]
fn check_circle(futures: &[Future<i64>], says: &str) {
    for future in futures {
        let error = future.result().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Task);
        let text = error.to_string();
        assert!(text.contains(says), "`{says}` is not in {text}");
        let named = futures.iter().take(7);
        for other in named.map(|other| format!("`{}`", other.key())) {
            assert!(
                futures.len() > 8 || text.contains(&other),
                "{other} is not in {text}"
            );
        }
    }
}

#[test]
fn futures_that_wait_for_each_other_fail() {
    let says = ": none of them would ever be done";
    check_circle(
        &ring(1, |next| next.result()),
        "would wait for itself, and never be done",
    );
    check_circle(&ring(2, |next| next.result()), says);
    check_circle(&ring(5, |next| next.result()), says);
    check_circle(&ring(20, |next| next.result()), says);
    check_circle(
        &ring(2, |next| gather([next, &submit(|| 1)]).map(|both| both[0])),
        says,
    );
    check_circle(
        &ring(2, |next| {
            Ok(wait(&[next.clone()]).all()?.done.len() as i64).and_then(|_| next.result())
        }),
        says,
    );
    check_circle(&ring(3, |next| inc(next).compute()), says);
    check_circle(
        &ring(2, |next| {
            as_completed([next.clone()]).next().expect("one").result()
        }),
        says,
    );
    // a task of a computation that a future asks for waits
    check_circle(
        &ring(2, |next| {
            let next = next.clone();
            delayed(1)
                .and_then(move |_| next.result())
                .map(|x| x + 1)
                .compute()
        }),
        says,
    );
    // it waits for what needs it
    check_circle(
        &ring(1, |own| own.map(|x| x + 1).map(|x| x * 2).result()),
        says,
    );
}

#[test]
fn futures_that_can_go_on_are_no_circle() {
    // one of two will do
    let (go, other) = held();
    let (tell, told) = mpsc::channel::<Future<i64>>();
    let free = other.clone();
    let first = try_submit(move || {
        let second = told.recv().expect("another future");
        let done = wait(&[free, second]).first()?.done;
        done[0].result()
    });
    let needed = first.clone();
    let second = try_submit(move || needed.result().map(|x| x + 1));
    tell.send(second.clone()).unwrap();
    go.send(5).unwrap();
    assert_eq!(gather((first, second, other)).unwrap(), (5, 6, 5));
    // who gives up goes on
    let (tell, told) = mpsc::channel::<Future<i64>>();
    let patient = try_submit(move || {
        let other = told.recv().expect("another future");
        match other.result_timeout(Duration::from_millis(5)) {
            Err(error) if error.kind() == ErrorKind::Timeout => Ok(7),
            result => result,
        }
    });
    let needed = patient.clone();
    let other = try_submit(move || needed.result().map(|x| x + 1));
    tell.send(other.clone()).unwrap();
    assert_eq!(gather((patient, other)).unwrap(), (7, 8));
    // many wait for one, and in line
    let (go, last) = held();
    let line = (0..20).fold(vec![last], |mut line, _| {
        let before = line[line.len() - 1].clone();
        line.push(try_submit(move || before.result().map(|x| x + 1)));
        line
    });
    go.send(1).unwrap();
    assert_eq!(gather(line).unwrap(), Vec::from_iter(1..=21));
}

#[test]
fn many_small_futures() {
    install();
    let futures = submit_map(|x: u64| x, 0..20_000);
    assert_eq!(gather(futures).unwrap().iter().sum::<u64>(), 199_990_000);
    let futures = submit_map(|x: u64| x, 0..2000);
    let values = as_completed(futures).map(|future| future.result().unwrap());
    assert_eq!(values.sum::<u64>(), 1_999_000);
}

#[derive(Clone, Debug)]
struct Sketch {
    inputs: Vec<Index>,
    fails: bool,
    priority: i32,
    retries: u32,
    is_dropped: bool,
    is_cancelled: bool,
}

fn sketches() -> impl Strategy<Value = Vec<Sketch>> {
    let future = (
        prop::collection::vec(any::<Index>(), 0..4),
        prop::bool::weighted(0.05),
        -1..2_i32,
        0..2_u32,
        prop::bool::weighted(0.3),
        prop::bool::weighted(0.03),
    );
    let future = future.prop_map(
        |(inputs, fails, priority, retries, is_dropped, is_cancelled)| Sketch {
            inputs,
            fails,
            priority,
            retries,
            is_dropped,
            is_cancelled,
        },
    );
    prop::collection::vec(future, 1..60)
}

fn mixed(inputs: impl Iterator<Item = i64>) -> i64 {
    inputs.fold(1, |sum, x| sum.wrapping_mul(3).wrapping_add(x))
}

/// What a naive evaluator makes of a sketch: none for what fails or is cancelled, or needs that.
fn naive(sketches: &[Sketch]) -> Vec<Option<i64>> {
    let mut values: Vec<Option<i64>> = Vec::new();
    for (idx, sketch) in sketches.iter().enumerate() {
        let inputs = sketch.inputs.iter().filter(|_| idx > 0);
        let inputs: Option<Vec<i64>> = inputs.map(|input| values[input.index(idx)]).collect();
        let has_value = !sketch.fails && !sketch.is_cancelled;
        let value = inputs.filter(|_| has_value);
        values.push(value.map(|inputs| mixed(inputs.into_iter())));
    }
    values
}

proptest! {
    #[test]
    fn futures_have_the_values_of_a_naive_evaluator(sketches in sketches()) {
        // all that needs anything waits for the start, so that what is cancelled has not been done
        let (go, start) = held();
        let mut futures: Vec<Future<i64>> = Vec::new();
        for (idx, sketch) in sketches.iter().enumerate() {
            let inputs = sketch.inputs.iter().filter(|_| idx > 0);
            let inputs: Vec<Future<i64>> = inputs.map(|input| futures[input.index(idx)].clone()).collect();
            let inputs: Delayed<Vec<i64>> = inputs.iter().map(Delayed::from).collect();
            let fails = sketch.fails;
            let value = start.delayed().zip(&inputs).and_then(move |(_, inputs)| match fails {
                true => Err("fails"),
                false => Ok(mixed(inputs.iter().copied())),
            });
            let options = SubmitOptions::new().priority(sketch.priority).retries(sketch.retries);
            futures.push(options.compute(&value));
        }
        for (future, sketch) in futures.iter().zip(&sketches) {
            if sketch.is_cancelled {
                future.cancel();
            }
        }
        let expected = naive(&sketches);
        let all = futures.into_iter().zip(&sketches).zip(expected);
        let kept: Vec<_> = all.filter(|((_, sketch), _)| !sketch.is_dropped).collect();
        go.send(0).unwrap();
        for ((future, sketch), expected) in kept {
            prop_assert_eq!(future.result().ok(), expected);
            prop_assert_eq!(future.done(), true);
            prop_assert!(!sketch.is_cancelled || future.cancelled());
        }
    }
}

fn submission<T: Clone + Send + Sync + 'static>(work: &Delayed<T>, retries: u32) -> Submission {
    Submission {
        work: work.collection(),
        site: Site::caller(),
        priority: 0,
        retries,
        timeout: None,
    }
}

fn value(future: &Arc<dyn Submitted>) -> Option<i64> {
    let value = future.outcome()?.unwrap();
    value.downcast_ref().copied()
}

#[test]
fn the_synchronous_scheduler_computes_at_once() {
    let engine = LocalEngine::with_threads(NonZero::<usize>::MIN);
    let (go, gone) = mpsc::channel::<i64>();
    let gone = Mutex::new(gone);
    let slow = delayed(()).and_then(move |()| gone.lock().unwrap().recv());
    let slow = engine.submit(submission(&slow, 0));
    engine
        .settings()
        .set("scheduler", "synchronous".into(), Site::caller())
        .unwrap();
    let here = std::thread::current().id();
    let own = delayed(1).map(move |x| x + i64::from(std::thread::current().id() == here));
    assert_eq!(value(&engine.submit(submission(&own, 0))), Some(2));
    let (count, run) = attempts(1);
    let lazy = delayed(()).and_then(move |()| run().map(|n| n as i64));
    assert_eq!(value(&engine.submit(submission(&lazy, 1))), Some(1));
    assert_eq!(count.load(Ordering::SeqCst), 2);
    go.send(5).unwrap();
    drop(slow);
}

/// A pool may be dropped by the last thing that it runs.
#[test]
fn futures_outlive_their_engine() {
    let (go, gone) = mpsc::channel::<i64>();
    let gone = Mutex::new(gone);
    let engine = LocalEngine::with_threads(NonZero::<usize>::MIN);
    let slow = delayed(()).and_then(move |()| gone.lock().unwrap().recv());
    let future = engine.submit(submission(&slow, 0));
    let (tell, told) = mpsc::channel();
    future.on_done(Box::new(move || tell.send(()).unwrap()));
    drop(engine);
    go.send(5).unwrap();
    told.recv().unwrap();
    assert_eq!(value(&future), Some(5));
}
