//! The workloads with rayon, one job a task: nothing is built or planned beforehand.

use std::hint::black_box;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use rayon::prelude::*;

use crate::child::{self, Round};
use crate::workload::{MASK, WIDTH, Workload, neighbours};

fn inc(x: i64) -> i64 {
    black_box(x) + 1
}

fn map_and_sum(n: usize) -> i64 {
    let mut values = Vec::new();
    let places = (0..n).into_par_iter().with_max_len(1);
    places.map(|x| inc(x as i64)).collect_into_vec(&mut values);
    values.iter().sum::<i64>() & MASK
}

fn tree(leaves: std::ops::Range<i64>) -> i64 {
    if leaves.end - leaves.start == 1 {
        return inc(leaves.start);
    }
    let middle = leaves.start + (leaves.end - leaves.start) / 2;
    let (left, right) = rayon::join(|| tree(leaves.start..middle), || tree(middle..leaves.end));
    black_box(left) + right
}

/// Each job spawns the next one.
fn chain(n: usize) -> i64 {
    fn step<'scope>(scope: &rayon::Scope<'scope>, x: i64, left: usize, last: &'scope AtomicI64) {
        let x = inc(x);
        match left {
            1 => last.store(x, Ordering::Relaxed),
            _ => scope.spawn(move |scope| step(scope, x, left - 1, last)),
        }
    }
    let last = AtomicI64::new(0);
    rayon::scope(|scope| step(scope, 0, n, &last));
    last.into_inner()
}

fn stencil(n: usize) -> i64 {
    let mut row: Vec<i64> = (0..WIDTH as i64).map(inc).collect();
    let mut next = Vec::new();
    for _ in 1..n / WIDTH {
        let places = (0..WIDTH).into_par_iter().with_max_len(1);
        let cell = |x| {
            black_box(neighbours(x))
                .iter()
                .map(|x| row[*x])
                .sum::<i64>()
                & MASK
        };
        places.map(cell).collect_into_vec(&mut next);
        std::mem::swap(&mut row, &mut next);
    }
    row.iter().sum::<i64>() & MASK
}

fn compute(workload: Workload, n: usize) -> i64 {
    match workload {
        Workload::MapAndSum => map_and_sum(n),
        Workload::Tree => tree(0..n as i64 / 2),
        Workload::Chain => chain(n),
        Workload::Stencil => stencil(n),
    }
}

/// Measures rounds of one workload.
pub(crate) fn measure(workload: Workload, n: usize, n_threads: usize) {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads);
    let pool = pool.build().expect("threads");
    pool.install(|| compute(workload, child::N_WARM_UP));
    child::rounds(|_| {
        let start = Instant::now();
        let value = pool.install(|| compute(workload, n));
        Round {
            build: Duration::ZERO,
            plan: Duration::ZERO,
            run: start.elapsed(),
            value,
        }
    });
}
