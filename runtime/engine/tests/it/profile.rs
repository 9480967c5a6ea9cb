//! Profiles of computations that really run.

use std::collections::BTreeSet;
use std::num::NonZero;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use dagbok::Site;
use dagbok::cell::threads;
use dagbok::engine::{Collection, Engine};
use dagbok::prelude::*;
use dagbok::profile::{Scope, State};
use dagbok_engine::events::{Event, Observer, Run, Stamped};
use dagbok_engine::{LocalEngine, planner};

use super::render::check_well_formed;

/// Runs `block` as a cell of its own, so that what other tests compute at the same time is not in its profile.
fn in_cell<T>(block: impl FnOnce() -> T) -> T {
    static NEXT: AtomicU32 = AtomicU32::new(1_000_000);
    dagbok_engine::install();
    threads::serve(NEXT.fetch_add(1, Ordering::Relaxed), block)
}

fn collections(of: &impl Compute) -> Vec<Collection> {
    let mut collections = Vec::new();
    of.collections(&mut collections);
    collections
}

/// A profile shows itself, whatever is in it.
#[track_caller]
fn check_shown(profile: &Profile) {
    let bundle = profile.render();
    assert!(!bundle.get("text/plain").expect("text").is_empty());
    let html = bundle.get("text/html").expect("HTML");
    assert!(html.len() < 500_000, "{} bytes", html.len());
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("report.html");
    profile.save(&path).expect("a report");
    let report = std::fs::read_to_string(&path).expect("a report");
    assert!(!report.contains("<script"), "a report needs no script");
    for wrong in ["NaN", "inf", "id=\"@", "#@"] {
        assert!(
            !report.contains(&format!(" {wrong}")),
            "{wrong} in {report}"
        );
    }
    let svg = folder.path().join("stream.SVG");
    profile.save(&svg).expect("a picture");
    let svg = std::fs::read_to_string(&svg).expect("a picture");
    assert!(svg.len() < 500_000, "{} bytes", svg.len());
    check_well_formed(&svg);
}

/// Each task of `of` is in the profile of computing it, once.
#[track_caller]
fn check_complete(of: &impl Compute) {
    let profile = in_cell(|| {
        let (outcome, profile) = profile(|| compute_all(of));
        outcome.map(|_| profile).expect("a computation")
    });
    let plan = planner::plan_whole(&collections(of)).expect("a plan");
    let expected: BTreeSet<String> = plan
        .graph
        .tasks()
        .map(|(id, _)| plan.graph.key(id))
        .collect();
    let tasks = profile.tasks();
    let keys: BTreeSet<String> = tasks.iter().map(|task| task.key.clone()).collect();
    assert_eq!(keys, expected);
    assert_eq!(tasks.len(), plan.graph.len());
    assert!(tasks.iter().all(|task| task.state == State::Done));
    assert!(tasks.is_sorted_by_key(|task| task.start));
    assert!(
        tasks
            .iter()
            .all(|task| task.start + task.elapsed <= profile.elapsed())
    );
    let layers = profile.layers();
    assert_eq!(
        layers.iter().map(|layer| layer.n_tasks).sum::<usize>(),
        tasks.len()
    );
    assert!(layers.is_sorted_by_key(|layer| std::cmp::Reverse(layer.total)));
    let [computation] = profile.computations() else {
        panic!("{} computations", profile.computations().len());
    };
    assert_eq!((computation.state, computation.parent), (State::Done, None));
    check_shown(&profile);
}

/// Each of `n` calls takes some of those before it.
fn random_graph(n: usize, seed: u64) -> Vec<Delayed<u64>> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as usize % below
    };
    let mut calls: Vec<Delayed<u64>> = Vec::new();
    for idx in 0..n {
        let call = match (idx, next(4)) {
            (0, _) | (_, 0) => delayed(idx as u64),
            (_, 1) => calls[next(idx)].map(|x| x + 1),
            _ => calls[next(idx)].zip(&calls[next(idx)]).map(|(x, y)| x ^ y),
        };
        calls.push(call);
    }
    calls
}

#[test]
fn every_task_is_there_once() {
    check_complete(&ones([40, 40]).rechunk([10, 10]).sum(()));
    check_complete(&(arange(100).rechunk(7) + 1, arange(100).rechunk(9).max(())));
    check_complete(&delayed(1));
    for seed in 0..20 {
        check_complete(&random_graph(1 + seed as usize * 7, seed));
    }
}

#[test]
fn ten_thousand_tasks_are_drawn_together() {
    let pair = |idx: usize| delayed(idx).zip(&delayed(1));
    let calls: Vec<_> = (0..10_000)
        .map(|idx| pair(idx).map(|(x, y)| x + y))
        .collect();
    let profile = in_cell(|| profile(|| compute_all(&calls)).1);
    assert_eq!(profile.tasks().len(), 10_000);
    check_shown(&profile);
}

/// The first of so many run while the others are planned.
#[test]
fn tasks_that_ran_ahead_are_there_once() {
    let calls: Vec<_> = (0..30_000).map(|idx| delayed(idx).map(|x| x + 1)).collect();
    let profile = in_cell(|| profile(|| compute_all(&calls)).1);
    assert_eq!(profile.tasks().len(), 30_000);
}

#[test]
fn what_tasks_compute_is_part_of_it() {
    let profile = in_cell(|| {
        let inner = |n: i64| {
            arange(10)
                .rechunk(5)
                .sum(())
                .compute()
                .map(|sum| sum.item::<i64>().unwrap_or(0) + n)
        };
        let outer: Vec<Delayed<i64>> = (0..3)
            .map(|n| delayed(n).and_then(move |n| inner(*n)))
            .collect();
        let (sums, profile) = profile(|| compute_all(&outer));
        assert_eq!(sums.expect("sums"), [45, 46, 47]);
        profile
    });
    let parents: Vec<Option<usize>> = profile
        .computations()
        .iter()
        .map(|one| one.parent)
        .collect();
    assert_eq!(parents, [None, Some(0), Some(0), Some(0)]);
    assert!(
        profile
            .computations()
            .iter()
            .all(|one| one.state == State::Done)
    );
    assert!(
        profile
            .layers()
            .iter()
            .any(|layer| layer.label.starts_with("sum"))
    );
    check_shown(&profile);
}

#[test]
fn a_block_that_computes_nothing_has_an_empty_profile() {
    let (value, profile) = in_cell(|| profile(|| 7));
    assert_eq!(value, 7);
    assert_eq!(
        (
            profile.tasks().len(),
            profile.layers().len(),
            profile.computations().len()
        ),
        (0, 0, 0)
    );
    let bundle = profile.render();
    let text = bundle.get("text/plain").expect("text");
    assert!(
        text.starts_with("Profile: nothing was computed in "),
        "{text}"
    );
    assert!(profile.samples().len() >= 2);
    check_shown(&profile);
}

#[test]
fn a_failure_is_in_it() {
    let (error, profile) = in_cell(|| {
        let whole = delayed(3);
        let next = whole.map(|n| n + 1);
        let broken = whole
            .zip(&next)
            .and_then(|(n, _)| Err::<i64, String>(format!("{n} is odd")));
        let (outcome, profile) = profile(|| broken.zip(&next).compute());
        (outcome.expect_err("a failure"), profile)
    });
    assert!(error.to_string().contains("3 is odd"));
    let states: Vec<State> = profile.tasks().iter().map(|task| task.state).collect();
    assert_eq!(states, [State::Done, State::Failed]);
    assert_eq!(profile.computations()[0].state, State::Failed);
    assert_eq!(profile.computations()[0].n_tasks, 3);
    let bundle = profile.render();
    let text = bundle.get("text/plain").expect("text");
    assert!(
        text.contains("1 computation failed") && text.contains("1 (1 failed)"),
        "{text}"
    );
    check_shown(&profile);
}

/// Calls off each run that it sees, and tells once that has been heeded.
struct CallOff(Mutex<mpsc::Sender<()>>);

impl Observer for CallOff {
    fn observe(&self, run: &Run, _: &[Stamped]) {
        if run.canceller.is_cancelled() {
            let _ = self.0.lock().expect("a sender").send(());
        }
        run.canceller.cancel();
    }
}

#[test]
fn a_cancelled_computation_is_in_it_as_far_as_it_came() {
    let engine = LocalEngine::with_threads(NonZero::<usize>::MIN);
    let (called, calls) = mpsc::channel();
    engine.observe(Arc::new(CallOff(Mutex::new(called))));
    let calls = Mutex::new(calls);
    let first = delayed(1).map(move |x| {
        let _ = calls.lock().expect("a receiver").recv();
        x + 1
    });
    let recording = engine.profile(Scope::Process);
    let outcome = engine.compute(&collections(&first.zip(&first.map(|x| x + 1))));
    assert_eq!(
        outcome.expect_err("it was called off").kind(),
        ErrorKind::Cancelled
    );
    let profile = recording.stop();
    assert_eq!(profile.computations()[0].state, State::Cancelled);
    assert_eq!(
        (profile.tasks().len(), profile.computations()[0].n_tasks),
        (1, 3)
    );
    check_shown(&profile);
}

#[test]
fn measurements_may_overlap() {
    in_cell(|| {
        let compute = || delayed(1).map(|x| x + 1).compute().expect("two");
        let ((_, inner), outer) = profile(|| {
            compute();
            profile(compute)
        });
        assert_eq!(
            (inner.computations().len(), outer.computations().len()),
            (1, 2)
        );
    });
}

#[test]
fn other_cells_are_left_out() {
    let (_, profile) = in_cell(|| {
        profile(|| {
            in_cell(|| delayed(1).compute().expect("one"));
            delayed(2).map(|x| x * 2).compute().expect("four")
        })
    });
    assert_eq!(profile.computations().len(), 1);
    assert_eq!(profile.computations()[0].n_tasks, 1);
}

/// Counts computations.
#[derive(Default)]
struct Count(AtomicUsize);

impl Observer for Count {
    fn observe(&self, _: &Run, events: &[Stamped]) {
        let ends = events
            .iter()
            .filter(|event| matches!(event.event, Event::Ended { .. }));
        self.0.fetch_add(ends.count(), Ordering::Relaxed);
    }
}

#[test]
fn who_has_stopped_observing_sees_nothing_more() {
    let engine = LocalEngine::with_threads(NonZero::<usize>::MIN);
    let count = Arc::new(Count::default());
    let observer: Arc<dyn Observer> = count.clone();
    let compute = || engine.compute(&collections(&delayed(1))).expect("one");
    engine.observe(observer.clone());
    compute();
    assert!(engine.stop_observing(&observer));
    assert!(!engine.stop_observing(&observer));
    compute();
    assert_eq!(count.0.load(Ordering::Relaxed), 1);
}

#[test]
fn a_measurement_that_is_dropped_or_stopped_watches_no_more() {
    let engine = LocalEngine::with_threads(NonZero::<usize>::MIN);
    let watched = || {
        let recording = engine.profile(Scope::Process);
        engine.compute(&collections(&delayed(1))).expect("one");
        recording.stop().computations().len()
    };
    drop(engine.profile(Scope::Process));
    assert_eq!((watched(), watched()), (1, 1));
}

#[test]
fn what_goes_to_the_disk_is_noted() {
    let engine = LocalEngine::with_threads(NonZero::<usize>::MIN);
    let limit = "1 B".into();
    engine
        .settings()
        .set("memory_limit", limit, Site::caller())
        .expect("a limit");
    // all are made before any of them is taken
    let parts: Vec<Delayed<Vec<i64>>> = (0..4)
        .map(|x| delayed(x).map(|x| vec![*x; 10_000]))
        .collect();
    let sum = delayed_all(parts).map(|all| all.iter().flatten().sum::<i64>());
    let recording = engine.profile(Scope::Process);
    let total = engine.compute(&collections(&sum)).expect("a sum").remove(0);
    let profile = recording.stop();
    assert_eq!(total.downcast_ref(), Some(&60_000_i64));
    let record = profile.record();
    assert_eq!(record.memory_limit, Some(1));
    assert!(
        record.spilled_bytes() >= 80_000,
        "{}",
        record.spilled_bytes()
    );
    assert!(record.stored.is_sorted_by_key(|change| change.at));
    let mut stored = 0;
    for change in &record.stored {
        stored += change.bytes;
        assert!(stored >= 0);
    }
    assert_eq!(stored, 0);
    check_shown(&profile);
}

#[test]
fn a_file_that_cannot_be_written_is_named() {
    let (_, profile) = in_cell(|| profile(|| ()));
    let error = profile.save("report.pdf").expect_err("no such format");
    assert_eq!(error.kind(), ErrorKind::Value);
    assert_eq!(
        error.to_string(),
        "cannot write a profile to `report.pdf`: its name has to end in `.html` for a report, `.svg` for the picture or \
         `.txt` for the table"
    );
    let error = profile
        .save("no/such/folder/report.html")
        .expect_err("no such folder");
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(
        error
            .to_string()
            .starts_with("cannot write `no/such/folder/report.html`: "),
        "{error}"
    );
}
