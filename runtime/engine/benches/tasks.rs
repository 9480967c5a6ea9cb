//! What a task costs: graphs of tasks that do next to nothing, in microseconds a task.
//!
//! The workloads are those of the usual comparison of schedulers: a map and one sum (L1), a binary tree (L2), a chain (L3), a
//! three-point stencil (L4).

use std::io::Write;
use std::time::{Duration, Instant};

use dagbok::Result;
use dagbok::prelude::*;
use dagbok_engine::planner;

#[delayed]
fn inc(x: i64) -> i64 {
    x + 1
}

#[delayed]
fn add(x: i64, y: i64) -> i64 {
    x.wrapping_add(y)
}

#[delayed]
fn total(xs: &[i64]) -> i64 {
    xs.iter().fold(0, |sum, x| sum.wrapping_add(*x))
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
    (0..n).fold(delayed(0), |x, _| inc(x))
}

fn stencil(n: usize) -> Delayed<i64> {
    let width = 200.min(n);
    let mut row: Vec<Delayed<i64>> = (0..width as i64).map(inc).collect();
    for _ in 0..n / width {
        row = (0..width)
            .map(|x| {
                let (left, right) = (x.saturating_sub(1), (x + 1).min(width - 1));
                total([row[left].clone(), row[x].clone(), row[right].clone()])
            })
            .collect();
    }
    total(row)
}

fn main() -> Result<()> {
    dagbok_engine::install();
    delayed(0).compute()?;
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "µs a task      tasks    build     plan      run");
    let workloads: [(&str, fn(usize) -> Delayed<i64>); 4] = [
        ("L1 map+sum", map_and_sum),
        ("L2 tree", tree),
        ("L3 chain", chain),
        ("L4 stencil", stencil),
    ];
    for (name, workload) in workloads {
        for n in [1_000, 10_000, 100_000] {
            let (build, plan, compute) = best_of(5, || measure(workload, n))?;
            let micros = |time: Duration| time.as_secs_f64() * 1e6 / n as f64;
            let (build, plan, run) = (
                micros(build),
                micros(plan),
                micros(compute.saturating_sub(plan)),
            );
            let _ = writeln!(out, "{name:<12} {n:>7} {build:>8.2} {plan:>8.2} {run:>8.2}");
        }
    }
    Ok(())
}

type Times = (Duration, Duration, Duration);

fn measure(workload: fn(usize) -> Delayed<i64>, n: usize) -> Result<Times> {
    let start = Instant::now();
    let delayed = workload(n);
    let build = start.elapsed();
    let start = Instant::now();
    let plan = planner::plan_whole(&[delayed.collection()])?;
    let planned = start.elapsed();
    drop(plan);
    let start = Instant::now();
    delayed.compute()?;
    Ok((build, planned, start.elapsed()))
}

fn best_of(n: usize, measure: impl Fn() -> Result<Times>) -> Result<Times> {
    let mut best = [Duration::MAX; 3];
    for _ in 0..n {
        let (build, plan, run) = measure()?;
        best = [best[0].min(build), best[1].min(plan), best[2].min(run)];
    }
    Ok((best[0], best[1], best[2]))
}
