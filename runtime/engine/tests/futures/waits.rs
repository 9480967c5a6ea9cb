//! Who waits for futures: all, the first, deep within each other, in circles.

use std::task::{Context, Wake, Waker};
use std::time::Duration;

use super::*;

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
