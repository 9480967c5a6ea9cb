//! The workloads as a notebook writes them.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use dagbok::engine::Collection;
use dagbok::prelude::*;
use dagbok_engine::events::{Observer, Run, Stamped};
use dagbok_engine::planner;
use dagbok_engine::scheduler::Scheduler;

use crate::child::{self, Round};
use crate::workload::{MASK, WIDTH, Workload, neighbours};

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
    xs.iter().sum::<i64>() & MASK
}

fn map_and_sum(n: usize) -> Delayed<i64> {
    total((0..n as i64).map(inc).collect::<Vec<_>>())
}

fn tree(n: usize) -> Delayed<i64> {
    let mut level: Vec<Delayed<i64>> = (0..n as i64 / 2).map(inc).collect();
    while level.len() > 1 {
        level = level
            .chunks(2)
            .map(|pair| match pair {
                [left, right] => add(left, right),
                _ => pair[0].clone(),
            })
            .collect();
    }
    level.remove(0)
}

fn chain(n: usize) -> Delayed<i64> {
    (1..n).fold(inc(0), |x, _| inc(x))
}

fn stencil(n: usize) -> Delayed<i64> {
    let mut row: Vec<Delayed<i64>> = (0..WIDTH as i64).map(inc).collect();
    for _ in 1..n / WIDTH {
        let cell = |x| total(neighbours(x).map(|x| row[x].clone()));
        row = (0..WIDTH).map(cell).collect();
    }
    total(row)
}

fn build(workload: Workload, n: usize) -> Delayed<i64> {
    match workload {
        Workload::MapAndSum => map_and_sum(n),
        Workload::Tree => tree(n),
        Workload::Chain => chain(n),
        Workload::Stencil => stencil(n),
    }
}

/// Measures rounds of one graph. `compute` plans, too: planning alone is measured before it and subtracted.
pub(crate) fn measure(workload: Workload, n: usize) {
    dagbok_engine::install();
    build(workload, child::N_WARM_UP)
        .compute()
        .expect("a value");
    let at_rest = child::memory("Anonymous");
    child::rounds(|is_first| {
        let start = Instant::now();
        let delayed = build(workload, n);
        let build = start.elapsed();
        let built = child::memory("Anonymous");

        let start = Instant::now();
        let plan = planner::plan_whole(&[delayed.collection()]).expect("a plan");
        let planned = start.elapsed();
        if is_first {
            child::print_bytes(at_rest, built, child::memory("Anonymous"));
        }
        drop(plan);

        let start = Instant::now();
        let value = delayed.compute().expect("a value");
        Round {
            build,
            plan: planned,
            run: start.elapsed().saturating_sub(planned),
            value,
        }
    });
}

/// How long it takes to plan an array of a million chunks, in ms, and the bytes that each task then takes.
pub(crate) fn measure_chunks() {
    const N: usize = 1_000_000;
    dagbok_engine::install();
    let array = |n: usize| Collection::Array(arange(n as i64).rechunk(1) + 1);
    planner::plan(&[array(child::N_WARM_UP)]).expect("a plan");
    let outputs = [array(N)];
    let before = child::memory("Anonymous");
    let start = Instant::now();
    let plan = planner::plan(&outputs).expect("a plan");
    let ms = start.elapsed().as_secs_f64() * 1e3;
    let bytes = child::memory("Anonymous").saturating_sub(before);
    assert_eq!(plan.graph.len(), N);
    child::print_numbers(&[ms, bytes as f64 / N as f64]);
}

/// How long the first of a million tasks takes to end: from the first line of code on, and from `compute` on; in ms.
pub(crate) fn measure_first_result() {
    static FIRST: OnceLock<Instant> = OnceLock::new();

    #[delayed]
    fn inc(x: i64) -> i64 {
        FIRST.get_or_init(Instant::now);
        x + 1
    }

    dagbok_engine::install();
    map_and_sum(child::N_WARM_UP).compute().expect("a value");
    let start = Instant::now();
    let delayed = total((0..1_000_000).map(inc).collect::<Vec<_>>());
    let built = Instant::now();
    delayed.compute().expect("a value");
    let first = FIRST.get().expect("a task has run");
    let ms = |since: Instant| first.duration_since(since).as_secs_f64() * 1e3;
    child::print_numbers(&[ms(start), ms(built)]);
}

/// How long the first result of a million futures takes, and until all of them are there, from the first line of code on, in ms; and a
/// future, where all of them are gathered, in us.
pub(crate) fn measure_first_future() {
    const ALL: i64 = 100_000;
    dagbok_engine::install();
    let futures = |n: i64| submit_map(|x: i64| x + 1, 0..n);
    gather(futures(child::N_WARM_UP as i64)).expect("values");
    let start = Instant::now();
    let all = futures(1_000_000);
    let listed = start.elapsed();
    let mut completed = as_completed(all);
    let first = completed.next().expect("a future");
    first.result().expect("a value");
    let done = start.elapsed();
    drop(completed);
    let start = Instant::now();
    let values = gather(futures(ALL)).expect("values");
    let each = start.elapsed().as_secs_f64() * 1e6 / ALL as f64;
    assert_eq!(values.iter().sum::<i64>(), ALL * (ALL + 1) / 2);
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    child::print_numbers(&[ms(done), ms(listed), each]);
}

/// Counts the events of a computation.
#[derive(Default)]
struct Counter(AtomicUsize);

impl Observer for Counter {
    fn observe(&self, _: &Run, events: &[Stamped]) {
        self.0.fetch_add(events.len(), Ordering::Relaxed);
    }
}

/// How long a map of a hundred thousand and its sum run without and with an observer of their events, by turns; medians, in ms.
pub(crate) fn measure_events(n_threads: usize) {
    const N: usize = 100_000;
    const N_ROUNDS: usize = 15;
    let n_threads = NonZero::new(n_threads).expect("a thread at least");
    let scheduler = Scheduler::new(n_threads).expect("threads");
    let delayed = map_and_sum(N);
    let counter = Arc::new(Counter::default());
    let observers: [Arc<dyn Observer>; 1] = [counter.clone()];
    let run = |observers: &[Arc<dyn Observer>]| {
        let plan = planner::plan_whole(&[delayed.collection()]).expect("a plan");
        let outputs = plan.outputs.concat();
        let start = Instant::now();
        let values = scheduler.compute(plan.graph, &outputs, observers);
        let elapsed = start.elapsed();
        assert!(values.is_ok(), "nothing fails");
        elapsed.as_secs_f64() * 1e3
    };
    run(&[]);
    let rounds = (0..N_ROUNDS).map(|_| (run(&[]), run(&observers)));
    let (off, on): (Vec<f64>, Vec<f64>) = rounds.unzip();
    assert!(counter.0.load(Ordering::Relaxed) > N_ROUNDS * N, "events");
    child::print_numbers(&[child::median(off), child::median(on)]);
}
