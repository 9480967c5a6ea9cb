//! The synchronous scheduler: what a pool of threads gives, on the calling thread and in the planned order.

use std::num::NonZero;
use std::panic::panic_any;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use dagbok::delayed;
use dagbok::engine::{Collection, Engine};
use dagbok::{Error, ErrorKind, Result, Site, Value};
use dagbok_engine::LocalEngine;
use dagbok_engine::events::{Event, Observer, Outcome, Run, Stamped};
use dagbok_engine::graph::{Graph, TaskId, arrange};
use dagbok_engine::scheduler::{Scheduler, synchronous};
use proptest::prelude::*;
use proptest::sample::Index;

use super::compute::add;
use super::failures::Grenade;

/// The inputs of each task, and whether it fails (1) or panics (2).
type Sketch = Vec<(Vec<Index>, u8)>;

fn sketches() -> impl Strategy<Value = Sketch> {
    let behaviour = prop_oneof![80 => Just(0_u8), 1 => Just(1), 1 => Just(2)];
    let inputs = prop::collection::vec(any::<Index>(), 0..4);
    prop::collection::vec((inputs, behaviour), 1..60)
}

/// The graph of `sketch`, all of whose tasks lead to its output, and the outputs.
fn build(sketch: &Sketch, outputs: &[Index]) -> (Graph, Vec<TaskId>) {
    let mut graph = Graph::default();
    let mut ids = Vec::new();
    for (idx, (inputs, behaviour)) in sketch.iter().enumerate() {
        let inputs = inputs.iter().filter(|_| idx > 0);
        let inputs: Vec<TaskId> = inputs.map(|input| ids[input.index(idx)]).collect();
        let behaviour = *behaviour;
        ids.push(add(
            &mut graph,
            &format!("t{idx}"),
            &inputs,
            move |values| match behaviour {
                0 => Ok(Value::new(sum(values))),
                1 => Err(Error::new(ErrorKind::Io, "no such file")),
                _ => panic!("oh no"),
            },
        ));
    }
    let outputs = outputs.iter().map(|output| ids[output.index(ids.len())]);
    let mut outputs = [outputs.collect()];
    let graph = arrange(graph, &mut outputs);
    let [outputs] = outputs;
    (graph, outputs)
}

fn sum(values: &[Value]) -> i64 {
    let numbers = values
        .iter()
        .map(|value| *value.downcast_ref::<i64>().expect("an i64"));
    numbers.fold(1, |sum, number| sum.wrapping_mul(3).wrapping_add(number))
}

fn shown(result: Result<Vec<Value>>) -> Result<Vec<i64>, String> {
    let number = |value: &Value| *value.downcast_ref::<i64>().expect("an i64");
    let values = result.map(|values| values.iter().map(number).collect());
    values.map_err(|error| format!("{error:?}"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// One thread of a pool runs tasks in the same order, and so fails with the same one.
    #[test]
    fn random_graphs_give_what_a_pool_gives(
        sketch in sketches(),
        outputs in prop::collection::vec(any::<Index>(), 0..4),
    ) {
        let pool = Scheduler::new(NonZero::<usize>::MIN).expect("a thread");
        let (graph, tasks) = build(&sketch, &outputs);
        let here = shown(synchronous::compute(graph, &tasks, &[]));
        let (graph, tasks) = build(&sketch, &outputs);
        let there = shown(pool.compute(graph, &tasks, &[]));
        prop_assert_eq!(here, there);
    }
}

/// Notes what it is told.
#[derive(Default)]
struct Notes(Mutex<Vec<(bool, String)>>);

impl Observer for Notes {
    fn observe(&self, run: &Run, events: &[Stamped]) {
        let mut notes = self.0.lock().unwrap();
        for stamped in events {
            let text = match stamped.event {
                Event::Started { task, thread } => format!("{} on {thread}", run.graph.key(task)),
                Event::Finished { task, .. } => format!("{} done", run.graph.key(task)),
                Event::Failed { task } => format!("{} failed", run.graph.key(task)),
                Event::Released { task, .. } => format!("{} released", run.graph.key(task)),
                Event::Spilled { task, .. } => format!("{} stored", run.graph.key(task)),
                Event::Loaded { task, .. } => format!("{} loaded", run.graph.key(task)),
                Event::Ended { outcome } => format!("{outcome:?}"),
            };
            notes.push((run.parent.is_some(), text));
        }
    }
}

impl Notes {
    /// All notes of runs with or without a parent, without the tokens of names.
    fn of(&self, is_nested: bool) -> Vec<String> {
        let notes = self.0.lock().unwrap();
        let notes = notes.iter().filter(|(nested, _)| *nested == is_nested);
        let words = notes.map(|(_, text)| match text.split_once('-') {
            Some((name, rest)) => format!(
                "{name}{}",
                rest.trim_start_matches(|c: char| c.is_ascii_hexdigit())
            ),
            None => text.clone(),
        });
        words.collect()
    }
}

#[test]
fn tasks_run_on_the_calling_thread_in_order_and_observers_see_them() {
    let mut graph = Graph::default();
    let caller = thread::current().id();
    let here = move |_: &[Value]| {
        assert_eq!(thread::current().id(), caller);
        Ok(Value::new(1_i64))
    };
    let a = add(&mut graph, "a", &[], here);
    let b = add(&mut graph, "b", &[a, a], here);
    let c = add(&mut graph, "c", &[b], here);
    let notes = Arc::new(Notes::default());
    let observers: [Arc<dyn Observer>; 1] = [notes.clone()];
    synchronous::compute(graph, &[b, c, b], &observers).unwrap();
    let expected = [
        "a on 0",
        "a done",
        "b on 0",
        "b done",
        "a released",
        "c on 0",
        "c done",
        "Done",
    ];
    assert_eq!(notes.of(false), expected);
}

#[test]
fn a_failure_ends_it() {
    let mut graph = Graph::default();
    let a = add(&mut graph, "a", &[], |_| {
        Err(Error::new(ErrorKind::Io, "no such file"))
    });
    let b = add(&mut graph, "b", &[a], |_| unreachable!());
    let notes = Arc::new(Notes::default());
    let observers: [Arc<dyn Observer>; 1] = [notes.clone()];
    let error = synchronous::compute(graph, &[b], &observers).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(
        error
            .to_string()
            .starts_with("`a` failed: no such file\n  task `a-"),
        "{error}"
    );
    assert_eq!(notes.of(false), ["a on 0", "a failed", "Failed"]);
}

#[test]
fn a_task_computes_something_itself_on_the_same_thread() {
    let notes = Arc::new(Notes::default());
    let mut graph = Graph::default();
    let inner_notes = notes.clone();
    let outer = add(&mut graph, "outer", &[], move |_| {
        let mut graph = Graph::default();
        let caller = thread::current().id();
        let inner = add(&mut graph, "inner", &[], move |_| {
            assert_eq!(thread::current().id(), caller);
            Ok(Value::new(7_i64))
        });
        let observers: [Arc<dyn Observer>; 1] = [inner_notes.clone()];
        Ok(synchronous::compute(graph, &[inner], &observers)?.remove(0))
    });
    let observers: [Arc<dyn Observer>; 1] = [notes.clone()];
    let values = synchronous::compute(graph, &[outer], &observers);
    assert_eq!(shown(values), Ok(vec![7]));
    assert_eq!(notes.of(true), ["inner on 0", "inner done", "Done"]);
    assert_eq!(notes.of(false), ["outer on 0", "outer done", "Done"]);
}

/// Calls the run off as soon as it hears of it.
struct CallOff;

impl Observer for CallOff {
    fn observe(&self, run: &Run, events: &[Stamped]) {
        run.canceller.cancel();
        if let Some(Stamped {
            event: Event::Ended { outcome },
            ..
        }) = events.last()
        {
            assert_eq!(*outcome, Outcome::Cancelled);
        }
    }
}

#[test]
fn a_run_can_be_called_off() {
    let mut graph = Graph::default();
    let ran = Arc::new(AtomicUsize::new(0));
    let mut last = add(&mut graph, "start", &[], |_| Ok(Value::new(0_i64)));
    // far more tasks than can run before the observer hears of the first
    for idx in 0..10_000 {
        let ran = ran.clone();
        last = add(&mut graph, &format!("t{idx}"), &[last], move |_| {
            ran.fetch_add(1, Ordering::SeqCst);
            let until = std::time::Instant::now() + std::time::Duration::from_micros(50);
            while std::time::Instant::now() < until {}
            Ok(Value::new(0_i64))
        });
    }
    let error = synchronous::compute(graph, &[last], &[Arc::new(CallOff)]).unwrap_err();
    assert_eq!(
        (error.kind(), error.to_string().as_str()),
        (ErrorKind::Cancelled, "the computation was cancelled")
    );
    assert!(ran.load(Ordering::SeqCst) < 10_000);
}

#[test]
fn a_value_whose_drop_panics_does_no_harm() {
    struct Sore;
    impl Drop for Sore {
        fn drop(&mut self) {
            panic!("ouch");
        }
    }
    let mut graph = Graph::default();
    let a = add(&mut graph, "a", &[], |_| Ok(Value::new(Sore)));
    let b = add(&mut graph, "b", &[a], |_| Ok(Value::new(3_i64)));
    assert_eq!(shown(synchronous::compute(graph, &[b], &[])), Ok(vec![3]));
}

#[test]
fn an_empty_graph_gives_nothing() {
    let values = synchronous::compute(Graph::default(), &[], &[]).unwrap();
    assert!(values.is_empty());
}

/// The names of the threads on which tasks of `engine` run, one of them nested in the other.
fn threads_of(engine: &Arc<LocalEngine>) -> Vec<Option<String>> {
    let name = || thread::current().name().map(str::to_owned);
    let inner_engine = engine.clone();
    let task = delayed(()).map(move |()| {
        let inner = delayed(()).map(move |()| name());
        let values = inner_engine.compute(&[collection(&inner)]).unwrap();
        let inner = values[0].downcast_ref::<Option<String>>().unwrap().clone();
        vec![name(), inner]
    });
    let values = engine.compute(&[collection(&task)]).unwrap();
    values[0]
        .downcast_ref::<Vec<Option<String>>>()
        .unwrap()
        .clone()
}

fn collection<T: Clone + Send + Sync + 'static>(delayed: &dagbok::Delayed<T>) -> Collection {
    let mut outputs = Vec::new();
    dagbok::Compute::collections(delayed, &mut outputs);
    outputs.remove(0)
}

#[test]
fn settings_say_which_threads_run_tasks() {
    let n_threads = NonZero::new(2).unwrap();
    let engine = Arc::new(LocalEngine::with_threads(n_threads));
    let settings = engine.settings();
    let here = thread::current().name().map(str::to_owned);
    let is_pool = |names: &[Option<String>]| {
        let of_pool = |name: &Option<String>| {
            name.as_ref()
                .is_some_and(|name| name.starts_with("dagbok-"))
        };
        names.iter().all(of_pool)
    };
    assert!(is_pool(&threads_of(&engine)));
    settings
        .set("scheduler", "synchronous".into(), Site::caller())
        .unwrap();
    assert_eq!(threads_of(&engine), [here.clone(), here]);
    settings
        .set("scheduler", "threads".into(), Site::caller())
        .unwrap();
    for n_threads in [1, 3, 1, 2, 4, 1] {
        settings
            .set("threads", n_threads.into(), Site::caller())
            .unwrap();
        assert!(is_pool(&threads_of(&engine)), "{n_threads} threads");
        assert_eq!(settings.get("threads").unwrap(), n_threads.into());
    }
}

/// Tells how many threads computations have.
#[derive(Default)]
struct Threads(Mutex<Vec<usize>>);

impl Observer for Threads {
    fn observe(&self, run: &Run, events: &[Stamped]) {
        if let Some(Stamped {
            event: Event::Ended { .. },
            ..
        }) = events.last()
        {
            self.0.lock().unwrap().push(run.n_threads);
        }
    }
}

#[test]
fn a_computation_within_a_task_stays_where_its_task_runs() {
    let engine = Arc::new(LocalEngine::with_threads(NonZero::new(2).unwrap()));
    let threads = Arc::new(Threads::default());
    engine.observe(threads.clone());
    let inner_engine = engine.clone();
    let task = delayed(()).map(move |()| {
        for n_threads in [1, 3, 5] {
            let settings = inner_engine.settings();
            settings
                .set("threads", n_threads.into(), Site::caller())
                .unwrap();
            inner_engine
                .compute(&[collection(&delayed(n_threads))])
                .unwrap();
        }
    });
    engine.compute(&[collection(&task)]).unwrap();
    engine.compute(&[collection(&delayed(1))]).unwrap();
    assert_eq!(*threads.0.lock().unwrap(), [2, 2, 2, 2, 5]);
}

#[test]
fn pools_are_exchanged_while_others_compute() {
    let engine = Arc::new(LocalEngine::with_threads(NonZero::new(1).unwrap()));
    thread::scope(|scope| {
        for first in 1..4_usize {
            let engine = engine.clone();
            scope.spawn(move || {
                for turn in 0..20 {
                    let n_threads = 1 + (first * 7 + turn) % 4;
                    let settings = engine.settings();
                    settings
                        .set("threads", n_threads.into(), Site::caller())
                        .unwrap();
                    assert!(threads_of(&engine).iter().all(Option::is_some));
                }
            });
        }
    });
}

#[test]
fn a_panic_that_panics_when_it_is_dropped_is_an_error() {
    let engine = LocalEngine::with_threads(NonZero::<usize>::MIN);
    let settings = engine.settings();
    let set = settings.set("scheduler", "synchronous".into(), Site::caller());
    set.expect("a setting");
    let thrown = delayed(1).map(|_| -> i64 { panic_any(Grenade) });
    let error = engine.compute(&[thrown.collection()]).expect_err("a panic");
    assert_eq!(error.kind(), ErrorKind::Task);
}
