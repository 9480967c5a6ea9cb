//! How many threads work for a task when it asks polars or rayon for something.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};

use dagbok::engine::{Collection, Engine};
use dagbok::{Compute, Site, Value, delayed};
use dagbok_engine::LocalEngine;
use dagbok_engine::graph::Graph;
use dagbok_engine::scheduler::Scheduler;
use polars::prelude as pl;

use super::compute::add;

/// The threads that work for the current one when it asks polars, and when it asks rayon.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Working {
    polars: usize,
    rayon: usize,
}

impl Working {
    const ALONE: Working = Working {
        polars: 1,
        rayon: 1,
    };

    fn here() -> Self {
        let polars = AtomicUsize::new(0);
        let table = pl::df!("x" => [1]).unwrap();
        table.apply_columns_par(|column| {
            polars.store(rayon::current_num_threads(), Ordering::Relaxed);
            column.clone()
        });
        Working {
            polars: polars.into_inner(),
            rayon: rayon::current_num_threads(),
        }
    }
}

/// A pool of as many threads as polars has, but at least 2.
fn full_pool() -> (Scheduler, usize) {
    let n_threads = Working::here().polars.max(2);
    let pool = Scheduler::new(NonZero::new(n_threads).unwrap()).unwrap();
    (pool, n_threads)
}

/// What `n_tasks` tasks see that run at the same time.
fn seen_by(pool: &Scheduler, n_tasks: usize) -> Vec<Working> {
    let mut graph = Graph::default();
    let barrier = Arc::new(Barrier::new(n_tasks));
    let tasks: Vec<_> = (0..n_tasks)
        .map(|idx| {
            let barrier = barrier.clone();
            add(&mut graph, &format!("t{idx}"), &[], move |_| {
                barrier.wait();
                let working = Working::here();
                barrier.wait();
                Ok(Value::new(working))
            })
        })
        .collect();
    let values = pool.compute(graph, &tasks, &[]).unwrap();
    let seen = values.iter().map(|value| *value.downcast_ref().unwrap());
    seen.collect()
}

#[test]
fn a_task_that_is_alone_has_all_threads() {
    let (pool, _) = full_pool();
    assert_eq!(seen_by(&pool, 1), [Working::here()]);
}

#[test]
fn of_as_many_tasks_as_threads_each_has_its_own() {
    let (pool, n_threads) = full_pool();
    let alone = vec![Working::ALONE; n_threads];
    for _ in 0..20 {
        assert_eq!(seen_by(&pool, n_threads), alone);
        assert_eq!(seen_by(&pool, 1), [Working::here()], "also after those");
    }
}

#[test]
fn a_pool_of_fewer_threads_than_polars_has_no_others() {
    let pool = Scheduler::new(NonZero::<usize>::MIN).unwrap();
    assert_eq!(seen_by(&pool, 1), [Working::ALONE]);
}

#[test]
fn a_scope_with_fewer_threads_reaches_polars() {
    let engine = LocalEngine::with_threads(NonZero::new(full_pool().1).unwrap());
    let seen = || {
        let mut collections: Vec<Collection> = Vec::new();
        delayed(())
            .map(|()| Working::here())
            .collections(&mut collections);
        let values = engine.compute(&collections).unwrap();
        *values[0].downcast_ref::<Working>().unwrap()
    };
    assert_eq!(seen(), Working::here());
    engine
        .settings()
        .set("threads", 1.into(), Site::caller())
        .unwrap();
    assert_eq!(seen(), Working::ALONE);
}

/// What computes something in a task counts once, as its thread does.
#[test]
fn a_computation_in_a_task_that_is_alone_has_all_threads() {
    let (pool, _) = full_pool();
    let pool = Arc::new(pool);
    let weak = Arc::downgrade(&pool);
    let mut graph = Graph::default();
    let outer = add(&mut graph, "outer", &[], move |_| {
        let pool = weak.upgrade().expect("who asked waits");
        let inner = seen_by(&pool, 1)[0];
        Ok(Value::new((inner, Working::here())))
    });
    let values = pool.compute(graph, &[outer], &[]).unwrap();
    let seen = values[0].downcast_ref::<(Working, Working)>().unwrap();
    assert_eq!(*seen, (Working::here(), Working::here()));
}
