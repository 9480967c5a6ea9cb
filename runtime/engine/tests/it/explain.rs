//! What is said of a computation before it runs, beside what happens when it does.

use std::num::NonZero;
use std::sync::{Arc, Mutex};

use dagbok::Value;
use dagbok::df;
use dagbok::explain::{Figures, Size};
use dagbok::prelude::{
    Array, Compute, Config, Frame, axis, col, default_rng, delayed, explain_all, ones, read_csv, s,
};
use dagbok_engine::events::{Event, Observer, Run, Stamped};
use dagbok_engine::graph::{Graph, TaskId, peak};
use dagbok_engine::planner::plan_whole;
use dagbok_engine::scheduler::{Scheduler, synchronous};

/// The most that results take at a time, and what is behind it.
#[derive(Default)]
struct Watch(Mutex<(usize, usize)>);

impl Observer for Watch {
    fn observe(&self, _: &Run, events: &[Stamped]) {
        let (held, most) = &mut *self.0.lock().unwrap();
        for stamped in events {
            match stamped.event {
                Event::Finished { bytes, .. } => *held += bytes,
                Event::Released { bytes, .. } => *held -= bytes,
                Event::Spilled { .. } | Event::Loaded { .. } => unreachable!("there is room"),
                Event::Started { .. } | Event::Failed { .. } | Event::Ended { .. } => {}
            }
            *most = (*most).max(*held);
        }
    }
}

/// The estimate for one thread is what happens on one, if all sizes are known; several need no less.
#[track_caller]
fn check_peak<C: Compute>(collections: C) {
    dagbok_engine::install();
    let mut outputs = Vec::new();
    collections.collections(&mut outputs);
    let plan = || {
        let plan = plan_whole(&outputs).unwrap();
        let results: Vec<TaskId> = plan.outputs.concat();
        (plan.graph, results)
    };
    let (graph, results) = plan();
    let expected = |n_threads| peak(&graph, &results, NonZero::new(n_threads).unwrap()).bytes;
    let (alone, together) = (expected(1), expected(4));
    assert!(
        alone <= together,
        "{alone} on one thread, {together} on four"
    );

    let measured =
        |compute: &dyn Fn(Graph, &[TaskId], &[Arc<dyn Observer>]) -> dagbok::Result<Vec<Value>>| {
            let watch = Arc::new(Watch::default());
            let (graph, results) = plan();
            compute(graph, &results, &[watch.clone()]).unwrap();
            let (_, most) = *watch.0.lock().unwrap();
            most
        };
    assert_eq!(
        measured(&synchronous::compute),
        alone,
        "on the calling thread"
    );
    let pool = Scheduler::new(NonZero::<usize>::MIN).unwrap();
    let in_pool = measured(&|graph, results, observers| pool.compute(graph, results, observers));
    assert_eq!(in_pool, alone, "on a pool's one thread");
}

#[test]
fn the_peak_is_as_expected() {
    let x = default_rng(1).random([64, 64]).rechunk([16, 16]);
    check_peak(&x);
    check_peak(x.dot(&x));
    check_peak(x.rechunk([64, 1]).rechunk([1, 64]));
    check_peak((&x + 1, &x * 2));
    check_peak((x.var(0), x.argmax(axis(1)), x.mean(1)));
    check_peak(delayed(vec![0.0; 1000]));
    check_peak(Vec::<Array>::new());
}

fn figures<C: Compute>(collections: C) -> Figures {
    dagbok_engine::install();
    explain_all(collections).unwrap().figures().clone()
}

#[test]
fn tasks_before_and_after() {
    let x = ones([8, 8]).rechunk([2, 2]);
    let sum = figures((&x + 1).sum(()));
    assert_eq!(
        sum.n_tasks_before - sum.n_culled - sum.n_fused,
        sum.n_tasks,
        "{sum:?}"
    );
    assert!(sum.n_fused >= 32, "{sum:?}");
    assert_eq!(sum.kept.bytes, 8);
    let part = figures(x.rechunk([4, 4]).slice(s![0..2, 0..2]));
    assert!(part.n_culled > 0, "{part:?}");
    let nothing = figures(Vec::<Array>::new());
    assert_eq!((nothing.n_tasks, nothing.peak.key), (0, None));
}

#[test]
fn what_is_not_known_is_counted() {
    let calls = figures(delayed(1_i64).map(|x| x + 1));
    assert_eq!(
        (calls.peak.bytes, calls.peak.n_results, calls.peak.n_unknown),
        (0, 1, 1)
    );
    assert_eq!((calls.kept.bytes, calls.kept.n_unknown), (0, 1));
}

/// What is kept of `frame` is as large as it was expected to be, also where it is divided afterwards.
#[track_caller]
fn check_kept(frame: &Frame) {
    let found = |frame: &Frame| figures(frame).kept;
    let expected = Size {
        bytes: frame.compute().unwrap().bytes(),
        n_unknown: 0,
    };
    assert_eq!(found(frame), expected);
    assert_eq!(found(&frame.repartition(2)), expected);
}

#[test]
fn tables_are_as_large_as_their_columns() {
    dagbok_engine::install();
    let numbers: Vec<i64> = (0..1000).collect();
    let halves: Vec<f32> = (0..1000).map(|n| n as f32 / 2.0).collect();
    let frame = df!("n" => numbers, "x" => halves).unwrap().lazy();
    for frame in [frame.clone(), frame.repartition(4)] {
        check_kept(&frame);
        check_kept(&frame.select(["n"]));
        check_kept(&frame.select(["x"]));
        check_kept(&frame.select([col("n") * 2, (col("n") + 1).alias("m"), col("x")]));
        check_kept(&frame.drop(["n"]).rename(["x"], ["y"]));
        let one_more =
            |frame: Frame, n: i64| frame.with_column((col("n") + n).alias(format!("n{n}")));
        check_kept(&(0..100).fold(frame.clone(), one_more));
    }
}

#[test]
fn files_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.csv");
    std::fs::write(&path, "a,b\n1,2\n3,4\n").unwrap();
    dagbok_engine::install();
    let frame = read_csv(path.to_str().unwrap()).unwrap();
    let read = figures(&frame);
    assert!(read.bytes_read > 0, "{read:?}");
    assert_eq!(figures((&frame, frame.head(1))).bytes_read, read.bytes_read);
}

#[test]
fn a_limit_that_is_too_low_is_said() {
    dagbok_engine::install();
    let x = ones([400, 400]).rechunk([100, 100]);
    let scope = Config::scope().memory_limit("100 KiB").enter().unwrap();
    let text = x.explain().unwrap().to_string();
    drop(scope);
    assert!(
        text.contains("⚠ 100.00 KiB for results (`memory_limit`): they are expected to need "),
        "{text}"
    );
    let text = x.explain().unwrap().to_string();
    assert!(
        text.ends_with("for results (`memory_limit`): enough"),
        "{text}"
    );
}
