//! Graphs on real threads: values as a naive evaluator gives them, failures, interrupts, nested and simultaneous computations.

use std::collections::BTreeSet;
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};

use dagbok::{Error, ErrorKind, Name, Result, Site, Value};
use dagbok_engine::events::{Event, Observer, Outcome, Run, Stamped};
use dagbok_engine::graph::{Graph, Layer, LayerKind, NewTask, TaskId, arrange};
use dagbok_engine::scheduler::Scheduler;
use proptest::prelude::*;
use proptest::sample::Index;

fn scheduler(n_threads: usize) -> Scheduler {
    let n_threads = NonZero::new(n_threads).expect("some threads");
    Scheduler::new(n_threads).expect("threads can be started")
}

/// Adds a task in a layer of its own.
pub(super) fn add(
    graph: &mut Graph,
    name: &str,
    inputs: &[TaskId],
    run: impl Fn(&[Value]) -> Result<Value> + Send + Sync + 'static,
) -> TaskId {
    let layer = graph.add_layer(Layer {
        name: Name::of(name, 0),
        kind: LayerKind::Delayed,
        site: Site::caller(),
        detail: String::new(),
    });
    graph.add_task(NewTask {
        layer,
        block: Box::new([]),
        inputs: inputs.into(),
        run: Arc::new(run),
        bytes: 0,
    })
}

fn sum(values: &[Value]) -> i64 {
    let numbers = values
        .iter()
        .map(|value| value.downcast_ref::<i64>().expect("an i64"));
    numbers.fold(1, |sum, number| sum.wrapping_mul(3).wrapping_add(*number))
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Behaviour {
    Sum,
    Fail,
    Panic,
}

#[derive(Clone, Debug)]
struct Sketch {
    tasks: Vec<(Vec<Index>, Behaviour)>,
    outputs: Vec<Index>,
}

fn sketches() -> impl Strategy<Value = Sketch> {
    let behaviour = prop_oneof![
        60 => Just(Behaviour::Sum),
        1 => Just(Behaviour::Fail),
        1 => Just(Behaviour::Panic),
    ];
    let task = (prop::collection::vec(any::<Index>(), 0..4), behaviour);
    let tasks = prop::collection::vec(task, 1..80);
    (tasks, prop::collection::vec(any::<Index>(), 1..5))
        .prop_map(|(tasks, outputs)| Sketch { tasks, outputs })
}

/// The graph of a sketch, its outputs, and the names of the tasks that fail although their inputs have values.
fn build(sketch: &Sketch) -> (Graph, Vec<TaskId>) {
    let mut graph = Graph::default();
    let mut ids = Vec::new();
    for (idx, (inputs, behaviour)) in sketch.tasks.iter().enumerate() {
        let inputs = inputs.iter().filter(|_| idx > 0);
        let inputs: Vec<TaskId> = inputs.map(|input| ids[input.index(idx)]).collect();
        let behaviour = *behaviour;
        ids.push(add(
            &mut graph,
            &format!("t{idx}"),
            &inputs,
            move |values| match behaviour {
                Behaviour::Sum => Ok(Value::new(sum(values))),
                Behaviour::Fail => Err(Error::new(ErrorKind::Io, "no such file")),
                Behaviour::Panic => panic!("oh no"),
            },
        ));
    }
    let outputs = sketch
        .outputs
        .iter()
        .map(|output| ids[output.index(ids.len())]);
    (graph, outputs.collect())
}

/// Runs the tasks one after another; those that fail, and those that need them, have no value.
fn naive(graph: &Graph) -> Vec<Option<Value>> {
    let mut values: Vec<Option<Value>> = Vec::new();
    for (id, task) in graph.tasks() {
        let inputs: Option<Vec<Value>> = task
            .inputs
            .iter()
            .map(|input| values[input.index()].clone())
            .collect();
        let run = |inputs: Vec<Value>| {
            catch_unwind(AssertUnwindSafe(|| graph.runs(id).run(&inputs)))
                .ok()?
                .ok()
        };
        values.push(inputs.and_then(run));
    }
    values
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn random_graphs_give_what_a_naive_evaluator_gives(sketch in sketches(), n_threads in 1_usize..4) {
        let (graph, outputs) = build(&sketch);
        let mut outputs = [outputs];
        let graph = arrange(graph, &mut outputs);
        let [outputs] = outputs;
        // in a task of its own, so that the expected panics print nothing
        let scheduler = scheduler(n_threads);
        let graph = Arc::new(Mutex::new(Some(graph)));
        let mut oracle = Graph::default();
        let shared = graph.clone();
        let task = add(&mut oracle, "naive", &[], move |_| {
            Ok(Value::new(naive(shared.lock().expect("a graph").as_ref().expect("a graph"))))
        });
        let expected = scheduler.compute(oracle, &[task], &[]).expect("a naive evaluator does not fail");
        let expected: &Vec<Option<Value>> = expected[0].downcast_ref().expect("values");
        let graph = graph.lock().expect("a graph").take().expect("a graph");

        let roots: BTreeSet<String> = graph
            .tasks()
            .filter(|(id, task)| {
                let has_inputs = task.inputs.iter().all(|input| expected[input.index()].is_some());
                has_inputs && expected[id.index()].is_none()
            })
            .map(|(id, _)| graph.key(id))
            .collect();
        match scheduler.compute(graph, &outputs, &[]) {
            Ok(values) => {
                prop_assert!(roots.is_empty());
                for (output, value) in outputs.iter().zip(values) {
                    let expected = expected[output.index()].as_ref().and_then(|value| value.downcast_ref::<i64>());
                    prop_assert_eq!(value.downcast_ref::<i64>(), expected);
                }
            }
            Err(error) => {
                let text = error.to_string();
                prop_assert!(roots.iter().any(|key| text.contains(&format!("task `{key}`"))), "{text}");
                let kind = if text.contains("panicked at") { ErrorKind::Task } else { ErrorKind::Io };
                prop_assert_eq!(error.kind(), kind);
            }
        }
    }
}

#[test]
fn a_chain_of_a_hundred_thousand() {
    let mut graph = Graph::default();
    let mut last = add(&mut graph, "start", &[], |_| Ok(Value::new(0_i64)));
    for _ in 0..100_000 {
        last = add(&mut graph, "inc", &[last], |inputs| {
            Ok(Value::new(
                inputs[0].downcast_ref::<i64>().expect("an i64") + 1,
            ))
        });
    }
    let values = scheduler(2)
        .compute(graph, &[last], &[])
        .expect("nothing fails");
    assert_eq!(values[0].downcast_ref(), Some(&100_000_i64));
}

#[test]
fn an_error_names_the_task_its_maker_and_its_inputs() {
    let mut graph = Graph::default();
    let text = add(&mut graph, "read", &[], |_| Ok(Value::new("x1".to_owned())));
    let numbers = add(&mut graph, "ones", &[], |_| Ok(Value::new(vec![1.0; 128])));
    let parsed = add(&mut graph, "parse", &[text, numbers], |inputs| {
        let text: &String = inputs[0].downcast_ref().expect("a text");
        let number = text.parse::<i64>();
        Ok(Value::new(number.map_err(|error| {
            Error::new(ErrorKind::Value, error.to_string())
        })?))
    });
    let error = scheduler(1)
        .compute(graph, &[parsed], &[])
        .expect_err("`x1` is no number");
    assert_eq!(error.kind(), ErrorKind::Value);
    let text = error.to_string();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "`parse` failed: invalid digit found in string");
    assert!(
        lines[1].starts_with("  task `parse-")
            && lines[1].contains("made at ")
            && lines[1].contains("compute.rs:"),
        "{text}"
    );
    assert!(lines[2].starts_with("  inputs: `read-"), "{text}");
    assert!(lines[2].contains("(String, 26 B), `ones-"), "{text}");
    assert!(lines[2].ends_with("(Vec<f64>, 1.02 KiB)"), "{text}");
}

#[test]
fn an_expression_that_cannot_be_built_in_a_task_keeps_its_kind() {
    let mut graph = Graph::default();
    let task = add(&mut graph, "nested", &[], |_| {
        Err(Error::new(
            ErrorKind::Shape,
            "cannot add arrays of shapes (3,) and (4,)",
        ))
    });
    let error = scheduler(1)
        .compute(graph, &[task], &[])
        .expect_err("the task fails");
    assert_eq!(error.kind(), ErrorKind::Shape);
}

#[test]
fn nested_computations_share_the_threads() {
    fn nested(scheduler: &Arc<Scheduler>, depth: usize) -> Result<Value> {
        let mut graph = Graph::default();
        let parts: Vec<TaskId> = (0..3)
            .map(|_| {
                let scheduler = scheduler.clone();
                add(&mut graph, "part", &[], move |_| match depth {
                    0 => Ok(Value::new(1_i64)),
                    _ => nested(&scheduler, depth - 1),
                })
            })
            .collect();
        let total = add(&mut graph, "total", &parts, |parts| {
            let parts = parts
                .iter()
                .map(|part| part.downcast_ref::<i64>().expect("an i64"));
            Ok(Value::new(parts.sum::<i64>()))
        });
        let mut values = scheduler.compute(graph, &[total], &[])?;
        Ok(values.remove(0))
    }
    for n_threads in [1, 2, 3] {
        let scheduler = Arc::new(scheduler(n_threads));
        let value = nested(&scheduler, 5).expect("nothing fails");
        assert_eq!(value.downcast_ref(), Some(&729_i64));
    }
}

#[test]
fn several_threads_compute_at_once() {
    let scheduler = scheduler(2);
    std::thread::scope(|scope| {
        for caller in 0..8_i64 {
            let scheduler = &scheduler;
            scope.spawn(move || {
                for _ in 0..20 {
                    let mut graph = Graph::default();
                    let parts: Vec<TaskId> = (0..50)
                        .map(|_| add(&mut graph, "part", &[], move |_| Ok(Value::new(caller))))
                        .collect();
                    let total = add(&mut graph, "total", &parts, |parts| {
                        Ok(Value::new(sum(parts)))
                    });
                    let values = scheduler
                        .compute(graph, &[total], &[])
                        .expect("nothing fails");
                    let expected = sum(&vec![Value::new(caller); 50]);
                    assert_eq!(values[0].downcast_ref(), Some(&expected));
                }
            });
        }
    });
}

/// Counts how many of its kind are alive.
pub(super) struct Counted(Arc<AtomicUsize>);

impl Counted {
    pub(super) fn new(alive: &Arc<AtomicUsize>) -> Self {
        alive.fetch_add(1, Ordering::SeqCst);
        Counted(alive.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[test]
fn results_go_as_soon_as_nothing_needs_them() {
    let alive = Arc::new(AtomicUsize::new(0));
    let most = Arc::new(AtomicUsize::new(0));
    let mut graph = Graph::default();
    let total = (0..200).fold(None, |total, _| {
        let counter = alive.clone();
        let part = add(&mut graph, "part", &[], move |_| {
            Ok(Value::with_bytes(Counted::new(&counter), 1 << 20))
        });
        let inputs: Vec<TaskId> = total.into_iter().chain([part]).collect();
        let (counter, most) = (alive.clone(), most.clone());
        Some(add(&mut graph, "fold", &inputs, move |_| {
            most.fetch_max(counter.load(Ordering::SeqCst), Ordering::SeqCst);
            Ok(Value::with_bytes(Counted::new(&counter), 1 << 20))
        }))
    });
    let mut outputs = [vec![total.expect("a fold of something")]];
    let graph = arrange(graph, &mut outputs);
    let scheduler = scheduler(1);
    let values = scheduler
        .compute(graph, &outputs[0], &[])
        .expect("nothing fails");
    assert!(most.load(Ordering::SeqCst) <= 4, "{most:?} at a time");
    drop(scheduler);
    drop(values);
    assert_eq!(alive.load(Ordering::SeqCst), 0);
}

#[test]
fn a_failure_lets_go_of_everything_and_starts_nothing_more() {
    let alive = Arc::new(AtomicUsize::new(0));
    let mut graph = Graph::default();
    let mut ids = Vec::new();
    for idx in 0..10_000 {
        let counter = alive.clone();
        let inputs: Vec<TaskId> = ids.last().copied().into_iter().collect();
        ids.push(add(&mut graph, "part", &inputs, move |_| match idx {
            0..100 => Ok(Value::new(Counted::new(&counter))),
            100 => panic!("part {idx} is missing"),
            _ => unreachable!("nothing starts after a failure"),
        }));
    }
    let scheduler = scheduler(2);
    let error = scheduler
        .compute(graph, &ids, &[])
        .expect_err("part 100 fails");
    let text = error.to_string();
    assert!(
        text.starts_with("`part` failed: panicked at ") && text.contains(": part 100 is missing\n"),
        "{text}"
    );
    drop(scheduler);
    assert_eq!(alive.load(Ordering::SeqCst), 1, "what the task was given");
    drop(error);
    assert_eq!(alive.load(Ordering::SeqCst), 0);
}

#[test]
fn a_value_that_panics_when_dropped_takes_no_thread_with_it() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            std::panic::resume_unwind(Box::new("dropped"));
        }
    }
    let scheduler = scheduler(1);
    for _ in 0..3 {
        let mut graph = Graph::default();
        let bomb = add(&mut graph, "bomb", &[], |_| Ok(Value::new(Bomb)));
        let after = add(&mut graph, "after", &[bomb], |_| Ok(Value::new(5_i64)));
        let values = scheduler
            .compute(graph, &[after], &[])
            .expect("nothing fails");
        assert_eq!(values[0].downcast_ref(), Some(&5_i64));
    }
}

#[derive(Default)]
struct Recorder(Mutex<Vec<Stamped>>);

impl Observer for Recorder {
    fn observe(&self, _: &Run, events: &[Stamped]) {
        self.0.lock().expect("a record").extend_from_slice(events);
    }
}

#[test]
fn observers_see_every_task_start_and_end_and_every_byte_come_and_go() {
    let mut graph = Graph::default();
    let parts: Vec<TaskId> = (0..100)
        .map(|_| {
            add(&mut graph, "part", &[], |_| {
                Ok(Value::with_bytes(1_i64, 1000))
            })
        })
        .collect();
    let total = add(&mut graph, "total", &parts, |_| {
        Ok(Value::with_bytes((), 7))
    });
    let recorder = Arc::new(Recorder::default());
    let observers: [Arc<dyn Observer>; 1] = [recorder.clone()];
    scheduler(2)
        .compute(graph, &[total], &observers)
        .expect("nothing fails");

    let record = recorder.0.lock().expect("a record");
    let (mut running, mut held, mut finished) = (BTreeSet::new(), 0, 0);
    for stamped in record.iter() {
        match stamped.event {
            Event::Started { task, thread } => {
                assert!(thread < 2);
                assert!(running.insert(task));
            }
            Event::Finished { task, bytes } => {
                assert!(running.remove(&task));
                held += bytes;
                finished += 1;
            }
            Event::Released { bytes, .. } => held -= bytes,
            Event::Failed { .. } | Event::Spilled { .. } | Event::Loaded { .. } => {
                unreachable!("nothing fails, and there is room")
            }
            Event::Ended { outcome } => assert_eq!(outcome, Outcome::Done),
        }
    }
    assert_eq!((finished, held), (101, 7));
    assert!(record.len() == 2 * 101 + 100 + 1, "{} events", record.len());
    assert!(matches!(
        record.last().map(|last| last.event),
        Some(Event::Ended { .. })
    ));
}

#[test]
fn tasks_run_at_the_same_time() {
    let barrier = Arc::new(Barrier::new(3));
    let mut graph = Graph::default();
    let parts: Vec<TaskId> = (0..3)
        .map(|_| {
            let barrier = barrier.clone();
            add(&mut graph, "part", &[], move |_| {
                barrier.wait();
                Ok(Value::new(()))
            })
        })
        .collect();
    assert!(scheduler(3).compute(graph, &parts, &[]).is_ok());
}
