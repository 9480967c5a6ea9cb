//! Random graphs whose results do not fit into memory, on one to eight threads and on the caller's, against a naive evaluator: right
//! values and errors, and nothing left on the disk.
//!
//! Every run of these tests makes the same graphs.

use std::num::NonZero;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};

use dagbok::array::Buffer;
use dagbok::{Error, ErrorKind, Name, NdArray, Result, Site, Value};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};

use super::{Scheduler, synchronous};
use crate::events::{Canceller, Event, Observer, Run, Stamped};
use crate::graph::{Graph, Layer, LayerKind, NewTask, TaskId, arrange};
use crate::storage::Memory;
use crate::table::{numbers_of, table_of};

const N_THREADS_MAX: usize = 8;

/// What a task returns: so many numbers, in a value of some type. All but the last two can go to the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Vector,
    Text,
    Array,
    Table,
    Own,
    Number,
}

/// Numbers in a type that nothing else knows.
struct Own(Vec<u64>);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Behaviour {
    Mix,
    Fail,
    Panic,
}

/// A task as plain data.
#[derive(Clone, Debug)]
struct Sketch {
    inputs: Vec<Index>,
    kind: Kind,
    len: usize,
    behaviour: Behaviour,
    /// What is planned for the result, in shares of what it takes: nothing, half, all, or twice that.
    planned_halves: usize,
}

/// A graph as plain data, and the memory that its results may take.
#[derive(Clone, Debug)]
struct Case {
    tasks: Vec<Sketch>,
    outputs: Vec<Index>,
    limit: u64,
    max_stored: Option<u64>,
    /// None for the caller's own.
    n_threads: Option<usize>,
}

fn sketch(behaviour: impl Strategy<Value = Behaviour>) -> impl Strategy<Value = Sketch> {
    let kind = prop_oneof![
        4 => Just(Kind::Vector),
        2 => Just(Kind::Text),
        2 => Just(Kind::Array),
        1 => Just(Kind::Table),
        1 => Just(Kind::Own),
        1 => Just(Kind::Number),
    ];
    let inputs = prop::collection::vec(any::<Index>(), 0..4);
    let planned = prop_oneof![Just(0_usize), Just(1), Just(2), Just(4)];
    (inputs, kind, 0_usize..2_500, behaviour, planned).prop_map(
        |(inputs, kind, len, behaviour, planned_halves)| Sketch {
            inputs,
            kind,
            len,
            behaviour,
            planned_halves,
        },
    )
}

fn cases(
    behaviour: impl Strategy<Value = Behaviour>,
    max_stored: impl Strategy<Value = Option<u64>>,
) -> impl Strategy<Value = Case> {
    let limit = prop_oneof![Just(1_u64), 1_u64..4_096, 1_u64..100_000];
    let n_threads = prop_oneof![
        1 => Just(None),
        4 => (1..=N_THREADS_MAX).prop_map(Some),
    ];
    (
        prop::collection::vec(sketch(behaviour), 1..50),
        prop::collection::vec(any::<Index>(), 1..5),
        limit,
        max_stored,
        n_threads,
    )
        .prop_map(|(tasks, outputs, limit, max_stored, n_threads)| Case {
            tasks,
            outputs,
            limit,
            max_stored,
            n_threads,
        })
}

fn usual_behaviour() -> impl Strategy<Value = Behaviour> {
    prop_oneof![
        200 => Just(Behaviour::Mix),
        1 => Just(Behaviour::Fail),
        1 => Just(Behaviour::Panic),
    ]
}

/// The numbers that follow from `seed`.
fn numbers(seed: u64, len: usize) -> Vec<u64> {
    let mix = |n: u64| {
        (n ^ seed)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .rotate_left(23)
    };
    (0..len as u64).map(mix).collect()
}

/// A number that depends on all of `numbers` and their order.
fn digest(numbers: &[u64]) -> u64 {
    let mix = |sum: u64, number: &u64| sum.wrapping_mul(31).wrapping_add(*number);
    numbers.iter().fold(numbers.len() as u64, mix)
}

impl Kind {
    fn value(self, numbers: Vec<u64>) -> Value {
        match self {
            Kind::Vector => Value::new(numbers),
            Kind::Text => Value::new(
                numbers
                    .iter()
                    .map(|number| format!("{number} ü"))
                    .collect::<Vec<_>>(),
            ),
            Kind::Array => {
                let array = NdArray::from_buffer(vec![numbers.len()], Buffer::U64(numbers));
                let array = array.expect("as many elements as the shape has");
                let bytes = array.nbytes();
                Value::with_bytes(array, bytes)
            }
            Kind::Table => table_of(&numbers),
            Kind::Own => {
                let bytes = size_of_val(&*numbers);
                Value::with_bytes(Own(numbers), bytes)
            }
            Kind::Number => Value::new(digest(&numbers)),
        }
    }
}

/// The digest of the numbers in a value of any kind.
fn digest_of(value: &Value) -> u64 {
    if let Some(digest) = value.downcast_ref::<u64>() {
        return *digest;
    }
    if let Some(numbers) = value.downcast_ref::<Vec<u64>>() {
        return digest(numbers);
    }
    if let Some(texts) = value.downcast_ref::<Vec<String>>() {
        let number = |text: &String| text.strip_suffix(" ü").expect("a suffix").parse();
        let numbers: Vec<u64> = texts
            .iter()
            .map(|text| number(text).expect("a number"))
            .collect();
        return digest(&numbers);
    }
    if let Some(array) = value.downcast_ref::<NdArray>() {
        return digest(&array.to_vec::<u64>().expect("numbers"));
    }
    if let Some(numbers) = numbers_of(value) {
        return digest(&numbers);
    }
    digest(&value.downcast_ref::<Own>().expect("one of the kinds").0)
}

/// What a task makes of the digests of its inputs.
fn seed(task: usize, inputs: impl Iterator<Item = u64>) -> u64 {
    inputs.fold(task as u64, |sum, input| {
        sum.wrapping_mul(37).wrapping_add(input)
    })
}

impl Case {
    fn inputs(&self, idx: usize) -> Vec<usize> {
        let inputs = self.tasks[idx].inputs.iter().filter(|_| idx > 0);
        inputs.map(|input| input.index(idx)).collect()
    }

    fn outputs(&self) -> Vec<usize> {
        let outputs = self.outputs.iter();
        outputs
            .map(|output| output.index(self.tasks.len()))
            .collect()
    }

    /// The digests of the outputs by a plain loop; those that fail and what needs them have none.
    fn naive(&self) -> Vec<Option<u64>> {
        let mut digests: Vec<Option<u64>> = Vec::new();
        for (idx, task) in self.tasks.iter().enumerate() {
            let inputs = self.inputs(idx);
            let inputs: Option<Vec<u64>> = inputs.iter().map(|input| digests[*input]).collect();
            let inputs = inputs.filter(|_| task.behaviour == Behaviour::Mix);
            digests.push(inputs.map(|inputs| {
                let seed = seed(idx, inputs.into_iter());
                digest(&numbers(seed, task.len))
            }));
        }
        let outputs = self.outputs().into_iter();
        outputs.map(|output| digests[output]).collect()
    }

    /// The graph, and its outputs; each task calls `before` with its number first.
    fn build(&self, before: &Arc<dyn Fn(usize) + Send + Sync>) -> (Graph, Vec<TaskId>) {
        let mut graph = Graph::default();
        let mut ids: Vec<TaskId> = Vec::new();
        let layers: Vec<_> = (0..3)
            .map(|idx| {
                graph.add_layer(Layer {
                    name: Name::of("part", idx),
                    kind: LayerKind::Array,
                    site: Site::caller(),
                    detail: String::new(),
                })
            })
            .collect();
        for (idx, task) in self.tasks.iter().enumerate() {
            let inputs = self.inputs(idx).into_iter().map(|input| ids[input]);
            let (before, task) = (before.clone(), task.clone());
            ids.push(graph.add_task(NewTask {
                layer: layers[idx % layers.len()],
                block: Box::new([idx as u32]),
                inputs: inputs.collect(),
                bytes: task.len * size_of::<u64>() * task.planned_halves / 2,
                run: Arc::new(move |inputs: &[Value]| {
                    before(idx);
                    match task.behaviour {
                        Behaviour::Mix => {
                            let seed = seed(idx, inputs.iter().map(digest_of));
                            Ok(task.kind.value(numbers(seed, task.len)))
                        }
                        Behaviour::Fail => Err(Error::new(ErrorKind::Value, "no such number")),
                        Behaviour::Panic => panic!("oh no"),
                    }
                }),
            }));
        }
        let mut outputs = [self
            .outputs()
            .into_iter()
            .map(|output| ids[output])
            .collect()];
        let graph = arrange(graph, &mut outputs);
        let [outputs] = outputs;
        (graph, outputs)
    }

    /// Computes the outputs, in memory, with results in `folder`, where nothing must be left.
    fn compute(
        &self,
        folder: &Path,
        before: &Arc<dyn Fn(usize) + Send + Sync>,
        observers: &[Arc<dyn Observer>],
    ) -> Result<Vec<u64>> {
        let (graph, outputs) = self.build(before);
        let memory = Arc::new(Memory::default());
        memory.configure(self.limit, folder, self.max_stored);
        let result = match self.n_threads.and_then(NonZero::new) {
            Some(n_threads) => {
                let scheduler = Scheduler::within(n_threads, memory.clone()).expect("threads");
                scheduler.compute(graph, &outputs, observers)
            }
            None => synchronous::compute_within(graph.into(), &outputs, observers, &memory, false),
        };
        let values = result.and_then(|values| {
            values
                .into_iter()
                .map(Value::loaded)
                .collect::<Result<Vec<_>>>()
        });
        let digests = values.map(|values| values.iter().map(digest_of).collect());
        assert_eq!((memory.reserved(), memory.stored_bytes()), (0, 0));
        let n_files = std::fs::read_dir(folder).expect("a folder").count();
        assert_eq!(n_files, 0);
        digests
    }
}

/// Checks `property` for as many cases, the same in every run.
fn check<S: Strategy>(
    n_cases: u32,
    strategy: S,
    property: impl Fn(S::Value) -> Result<(), TestCaseError>,
) {
    let config = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(n_cases)
    };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let outcome = TestRunner::new_with_rng(config, rng).run(&strategy, property);
    outcome.unwrap_or_else(|error| panic!("{error}"));
}

/// Counts what goes to the disk and comes back.
#[derive(Default)]
struct Traffic {
    n_spilled: AtomicUsize,
    n_loaded: AtomicUsize,
}

impl Observer for Traffic {
    fn observe(&self, _: &Run, events: &[Stamped]) {
        for stamped in events {
            match stamped.event {
                Event::Spilled { .. } => self.n_spilled.fetch_add(1, Ordering::SeqCst),
                Event::Loaded { .. } => self.n_loaded.fetch_add(1, Ordering::SeqCst),
                _ => 0,
            };
        }
    }
}

fn nothing() -> Arc<dyn Fn(usize) + Send + Sync> {
    Arc::new(|_| {})
}

#[test]
#[cfg_attr(miri, ignore = "it maps no files")]
fn any_graph_gives_what_a_naive_evaluator_gives() {
    let folder = tempfile::tempdir().expect("a folder");
    let traffic = Arc::new(Traffic::default());
    check(120, cases(usual_behaviour(), Just(None)), |case| {
        let observers: [Arc<dyn Observer>; 1] = [traffic.clone()];
        let result = case.compute(folder.path(), &nothing(), &observers);
        let expected: Option<Vec<u64>> = case.naive().into_iter().collect();
        match (result, expected) {
            (Ok(digests), Some(expected)) => prop_assert_eq!(digests, expected),
            (Err(error), None) => {
                let text = error.to_string();
                prop_assert!(
                    text.contains("no such number") || text.contains("oh no"),
                    "{text}"
                );
            }
            (result, expected) => prop_assert!(false, "{result:?} in place of {expected:?}"),
        }
        Ok(())
    });
    let count = |counter: &AtomicUsize| counter.load(Ordering::SeqCst);
    assert!(count(&traffic.n_spilled) > 100 && count(&traffic.n_loaded) > 100);
}

#[test]
#[cfg_attr(miri, ignore = "it maps no files")]
fn a_folder_that_gets_full_is_an_error_or_was_not_needed() {
    let folder = tempfile::tempdir().expect("a folder");
    let max_stored = (0_u64..40_000).prop_map(Some);
    let n_full = AtomicUsize::new(0);
    check(60, cases(Just(Behaviour::Mix), max_stored), |case| {
        match case.compute(folder.path(), &nothing(), &[]) {
            Ok(digests) => {
                let expected: Option<Vec<u64>> = case.naive().into_iter().collect();
                prop_assert_eq!(Some(digests), expected);
            }
            Err(error) => {
                n_full.fetch_add(1, Ordering::SeqCst);
                let text = error.to_string();
                prop_assert_eq!(error.kind(), ErrorKind::Io);
                prop_assert!(text.contains("no room is left for results"), "{text}");
            }
        }
        Ok(())
    });
    assert!(n_full.into_inner() > 5);
}

/// Hands out what calls a computation off, once it has begun.
struct Watch(Mutex<Option<Sender<Canceller>>>);

impl Observer for Watch {
    fn observe(&self, run: &Run, _: &[Stamped]) {
        let sender = self.0.lock().expect("no panic").take();
        if let Some(sender) = sender {
            let _ = sender.send(run.canceller.clone());
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "it maps no files")]
fn a_graph_that_is_called_off_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let on_pools = cases(Just(Behaviour::Mix), Just(None)).prop_map(|case| Case {
        n_threads: Some(case.n_threads.unwrap_or(1)),
        ..case
    });
    check(20, (on_pools, any::<Index>()), |(case, at)| {
        let (send, cancellers) = mpsc::channel::<Canceller>();
        let cancellers: Mutex<Receiver<Canceller>> = Mutex::new(cancellers);
        // A task that is needed.
        let outputs = case.outputs();
        let at = outputs[at.index(outputs.len())];
        let before: Arc<dyn Fn(usize) + Send + Sync> = Arc::new(move |idx| {
            if idx == at {
                let canceller = cancellers.lock().expect("no panic").recv();
                canceller.expect("an observer").cancel();
            }
        });
        let observers: [Arc<dyn Observer>; 1] = [Arc::new(Watch(Mutex::new(Some(send))))];
        match case.compute(folder.path(), &before, &observers) {
            Ok(digests) => {
                let expected: Option<Vec<u64>> = case.naive().into_iter().collect();
                prop_assert_eq!(Some(digests), expected);
            }
            Err(error) => prop_assert_eq!(error.kind(), ErrorKind::Cancelled),
        }
        Ok(())
    });
}
