//! `submit_map` as a notebook writes it: calls that become futures when their turn comes.

use std::num::NonZero;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, mpsc};

use dagbok::delayed::DelayedNode;
use dagbok::engine::{Calls, Collection, Engine, Submission};
use dagbok::future::Future;
use dagbok::prelude::*;
use dagbok::{Name, Site, Value};
use dagbok_engine::LocalEngine;
use proptest::prelude::*;

/// More calls than are futures at a time, by far.
const MANY: usize = 2000;

/// What tasks wait behind until it is opened.
#[derive(Clone, Default)]
struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    fn pass(&self) {
        let (is_open, opened) = &*self.0;
        drop(opened.wait_while(is_open.lock().unwrap(), |is_open| !*is_open));
    }

    fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }
}

/// Two threads.
fn install() {
    let engine = LocalEngine::with_threads(NonZero::new(2).unwrap());
    dagbok::engine::install(Arc::new(engine));
}

/// Futures of numbers that are done when the gate is open.
fn held(n: usize) -> (Gate, Vec<Future<usize>>) {
    install();
    let gate = Gate::default();
    let own = gate.clone();
    let futures = submit_map(
        move |idx| {
            own.pass();
            idx
        },
        0..n,
    );
    (gate, futures)
}

#[test]
fn values_are_those_of_the_calls_in_order() {
    install();
    let check = |n: u64| {
        let futures = submit_map(|x: u64| x * x, 0..n);
        assert_eq!(futures.len() as u64, n);
        let expected: Vec<u64> = (0..n).map(|x| x * x).collect();
        assert_eq!(gather(&futures).unwrap(), expected);
    };
    [0, 1, 2, 63, 64, 65, 129, 1023, 1024, 1025, 3000]
        .into_iter()
        .for_each(check);
    let texts = submit_map(|text: &str| text.to_uppercase(), ["å", "b"]);
    assert_eq!(gather(texts).unwrap(), ["Å", "B"]);
}

#[test]
fn the_first_run_while_the_others_are_listed() {
    install();
    let (tell, told) = mpsc::channel();
    let items = (0..3).map(|idx| match idx {
        0 => 0,
        _ => told.recv().unwrap() + 1,
    });
    let echo = move |x: i32| {
        tell.send(x).unwrap();
        x
    };
    assert_eq!(gather(submit_map(echo, items)).unwrap(), [0, 1, 2]);
}

#[test]
fn one_begins_while_another_runs() {
    install();
    let (open, opened) = mpsc::channel();
    let opened = Mutex::new(opened);
    let wait_or_open = move |idx: usize| match idx {
        0 => opened.lock().unwrap().recv().unwrap(),
        _ => open.send(()).unwrap(),
    };
    let mut futures = submit_map(wait_or_open, 0..2);
    let last = futures.pop();
    gather(futures).unwrap();
    drop(last);
}

#[test]
fn what_has_not_begun_is_pending_and_can_be_asked_for() {
    let (gate, futures) = held(MANY);
    let last = &futures[MANY - 1];
    assert_eq!(last.status(), FutureStatus::Pending);
    assert!(!last.done() && !last.cancelled());
    assert_eq!(last.key(), last.clone().key());
    assert_ne!(last.key(), futures[MANY - 2].key());
    let next = last.map(|x| x + 1);
    let other = futures[MANY - 3].clone();
    gate.open();
    assert_eq!(next.result().unwrap(), MANY);
    assert_eq!(other.result().unwrap(), MANY - 3);
    assert_eq!(gather(&futures).unwrap(), Vec::from_iter(0..MANY));
}

#[test]
fn what_is_cancelled_does_not_run() {
    let (gate, futures) = held(MANY);
    futures[7].cancel();
    futures[MANY - 1].cancel();
    let after = futures[MANY - 1].map(|x| x + 1);
    gate.open();
    let cancelled = |future: &Future<usize>| future.result().unwrap_err().kind();
    assert_eq!(cancelled(&futures[7]), ErrorKind::Cancelled);
    assert_eq!(cancelled(&futures[MANY - 1]), ErrorKind::Cancelled);
    assert_eq!(cancelled(&after), ErrorKind::Cancelled);
    assert_eq!(futures[MANY - 2].result().unwrap(), MANY - 2);
}

#[test]
fn what_nobody_holds_does_not_run_and_its_items_go() {
    install();
    let (gate, ran) = (Gate::default(), Arc::new(AtomicUsize::new(0)));
    let (own, counter) = (gate.clone(), ran.clone());
    let token = Arc::new(());
    let items = (0..MANY).map(|idx| (idx, token.clone()));
    let mut futures = submit_map(
        move |(idx, _)| {
            own.pass();
            counter.fetch_add(1, Ordering::SeqCst);
            idx
        },
        items,
    );
    let first = futures.swap_remove(0);
    let kept = futures[MANY / 2].clone();
    let expected = MANY / 2;
    drop(futures);
    assert!(
        Arc::strong_count(&token) < 10,
        "items of calls that were dropped"
    );
    gate.open();
    assert_eq!(first.result().unwrap(), 0);
    assert_eq!(kept.result().unwrap(), expected);
    assert!(ran.load(Ordering::SeqCst) < 10);
}

#[test]
fn a_clone_holds_what_the_first_one_held() {
    let (gate, mut futures) = held(MANY);
    let last = futures.pop().unwrap();
    let (clone, another) = (last.clone(), last.clone());
    drop((last, futures, another));
    gate.open();
    assert_eq!(clone.result().unwrap(), MANY - 1);
}

#[test]
fn what_is_let_go_on_runs() {
    install();
    let (tell, told) = mpsc::channel();
    for future in submit_map(move |x: usize| tell.send(x).unwrap(), 0..MANY) {
        future.fire_and_forget();
    }
    let mut all: Vec<usize> = told.iter().collect();
    all.sort_unstable();
    assert_eq!(all, Vec::from_iter(0..MANY));
}

#[test]
fn waits_end_with_the_first_or_all() {
    let (gate, futures) = held(MANY);
    let done = submit(|| 7_usize);
    let waited = wait(&futures[..3]).timeout(std::time::Duration::from_millis(5));
    assert_eq!(waited.all().unwrap().not_done.len(), 3);
    gate.open();
    assert!(!wait(&futures).first().unwrap().done.is_empty());
    let waited = wait(&futures).all().unwrap();
    assert_eq!((waited.done.len(), waited.not_done.len()), (MANY, 0));
    assert_eq!(done.result().unwrap(), 7);
}

#[test]
fn errors_and_panics_are_those_of_their_calls() {
    install();
    let divide = |x: i64| 12 / x;
    let futures = submit_map(divide, [3, 0, 2]);
    assert_eq!(futures[0].result().unwrap(), 4);
    let error = futures[1].result().unwrap_err().to_string();
    assert!(error.contains("attempt to divide by zero"), "{error}");
    assert_eq!(futures[2].result().unwrap(), 6);
}

#[test]
fn tasks_list_calls_and_wait_for_them() {
    install();
    fn count(depth: u32) -> u64 {
        if depth == 0 {
            return 1;
        }
        let below = submit_map(count, [depth - 1; 3]);
        as_completed(below)
            .map(|below| below.result().unwrap())
            .sum()
    }
    assert_eq!(gather(submit_map(count, [4; 3])).unwrap(), [81; 3]);
}

#[test]
fn what_is_done_already_comes_in_order() {
    install();
    let futures = submit_map(|x| x, 0..MANY);
    wait(&futures).all().unwrap();
    let completed = as_completed(futures).map(|future| future.result().unwrap());
    assert_eq!(completed.collect::<Vec<_>>(), Vec::from_iter(0..MANY));
}

/// Whoever takes what is done as it is done gets each once, whatever it waits for, in whatever order.
fn check_completed(n: usize, order: &[usize], n_beside: usize) {
    install();
    let mut futures: Vec<_> = submit_map(|x| x, 0..n).into_iter().map(Some).collect();
    let mut completed = as_completed((n..n + n_beside).map(|idx| submit(move || idx)));
    let in_order = order.iter().filter_map(|idx| futures.get_mut(*idx)?.take());
    let in_order: Vec<Future<usize>> = in_order.collect();
    completed.extend(in_order);
    completed.extend(futures.into_iter().flatten());
    let mut values: Vec<usize> = completed.map(|future| future.result().unwrap()).collect();
    values.sort_unstable();
    assert_eq!(values, Vec::from_iter(0..n + n_beside));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(30))]

    #[test]
    fn futures_come_once_as_they_are_completed(
        n in 0..4000_usize,
        order in prop::collection::vec(0..4000_usize, 0..40),
        n_beside in 0..5_usize,
    ) {
        check_completed(n, &order, n_beside);
    }
}

/// Calls that write down their numbers when they run.
struct Noted {
    n: AtomicU32,
    numbers: Arc<Mutex<Vec<u32>>>,
}

fn noted(numbers: &Arc<Mutex<Vec<u32>>>, idx: u32) -> Collection {
    let numbers = numbers.clone();
    let call = DelayedNode::of_closure(Name::unique("noted"), Site::caller(), move |_| {
        numbers.lock().unwrap().push(idx);
        Ok(Value::new(idx))
    });
    Collection::Delayed(Arc::new(call))
}

impl Noted {
    fn some(numbers: &Arc<Mutex<Vec<u32>>>, n: u32) -> Arc<Self> {
        Arc::new(Noted {
            n: AtomicU32::new(n),
            numbers: numbers.clone(),
        })
    }
}

impl Calls for Noted {
    fn site(&self) -> Site {
        Site::caller()
    }

    fn call(&self, idx: u32) -> Collection {
        noted(&self.numbers, idx)
    }

    fn n_calls(&self) -> u32 {
        self.n.load(Ordering::SeqCst)
    }

    fn forget(&self, _: u32) {}
}

fn submission(work: Collection, priority: i32) -> Submission {
    Submission {
        work,
        site: Site::caller(),
        priority,
        retries: 0,
        timeout: None,
    }
}

#[test]
fn what_is_submitted_first_begins_first() {
    let engine = LocalEngine::with_threads(NonZero::<usize>::MIN);
    let numbers = Arc::new(Mutex::new(Vec::new()));
    let gate = Gate::default();
    let own = gate.clone();
    let held = delayed(()).map(move |()| own.pass());
    let held = engine.submit(submission(held.collection(), 0));
    let n = 500;
    let map = engine.submit_map(Noted::some(&numbers, n));
    map.added(0);
    let after = engine.submit(submission(noted(&numbers, n), 0));
    let urgent = engine.submit(submission(noted(&numbers, n + 1), 1));
    gate.open();
    let completions = engine.completions();
    completions.add(after.clone());
    completions
        .wait(dagbok::engine::Until::Done(1), None)
        .unwrap();
    let mut expected = vec![n + 1];
    expected.extend(0..=n);
    assert_eq!(*numbers.lock().unwrap(), expected);
    drop((held, urgent));
}

#[test]
fn the_synchronous_scheduler_computes_each_as_it_is_listed() {
    let engine = LocalEngine::with_threads(NonZero::<usize>::MIN);
    let settings = engine.settings();
    let set = settings.set("scheduler", "synchronous".into(), Site::caller());
    set.unwrap();
    let numbers = Arc::new(Mutex::new(Vec::new()));
    let calls = Noted::some(&numbers, 0);
    let map = engine.submit_map(calls.clone());
    for n in 1..=300 {
        calls.n.store(n, Ordering::SeqCst);
        map.added(n - 1);
        assert_eq!(numbers.lock().unwrap().len(), n as usize);
    }
    assert_eq!(map.get(299).status(), FutureStatus::Finished);
}
