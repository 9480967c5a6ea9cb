//! Random graphs on real threads against a naive evaluator: wide, deep, in diamonds and in layers, with tasks that fail, panic or
//! compute something themselves, several at once, and called off at a random moment.
//!
//! Every run of these tests makes the same graphs.

use std::collections::BTreeSet;
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, OnceLock};

use dagbok::delayed::DelayedNode;
use dagbok::{Error, ErrorKind, Name, Result, Site, Value};
use dagbok_engine::events::{Canceller, Observer, Run, Stamped};
use dagbok_engine::graph::{Graph, Layer, LayerKind, TaskId, arrange, fuse};
use dagbok_engine::scheduler::Scheduler;
use proptest::prelude::*;
use proptest::sample::Index;

use super::check_property;

/// More than most machines that run this have, so that threads are stopped in the middle of what they do.
const N_THREADS_MAX: usize = 8;

/// What a task does with the values of its inputs.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Behaviour {
    Mix,
    /// Mixes them in a computation of its own, of so many tasks.
    Nested(usize),
    Fail,
    Panic,
    /// Asks for a computation that fails.
    NestedFail,
}

/// A graph as plain data: each task's inputs, which are before it, and its behaviour.
#[derive(Clone, Debug)]
struct Sketch {
    tasks: Vec<(Vec<usize>, Behaviour)>,
    outputs: Vec<usize>,
    /// Whether calls in line run in one task.
    fuses: bool,
}

/// The inputs of all tasks of a graph.
fn shapes() -> impl Strategy<Value = Vec<Vec<usize>>> {
    let wide = (1_usize..300).prop_map(|n| {
        let mut tasks = vec![Vec::new(); n];
        tasks.push((0..n).collect());
        tasks
    });
    let deep = prop::collection::vec(any::<Index>(), 1..300).prop_map(|others| {
        let task = |(idx, other): (usize, Index)| match idx {
            0 => Vec::new(),
            _ => vec![idx - 1, other.index(idx)],
        };
        others.into_iter().enumerate().map(task).collect()
    });
    // one task, as many as a number says that take it, one that takes those, and so on
    let diamonds = prop::collection::vec(1_usize..12, 1..20).prop_map(|widths| {
        let mut tasks = vec![Vec::new()];
        for width in widths {
            let top = tasks.len() - 1;
            tasks.extend((0..width).map(|_| vec![top]));
            tasks.push((top + 1..=top + width).collect());
        }
        tasks
    });
    let layer = prop::collection::vec(prop::collection::vec(any::<Index>(), 0..4), 1..15);
    let layers = prop::collection::vec(layer, 1..12).prop_map(|layers| {
        let mut tasks: Vec<Vec<usize>> = Vec::new();
        let mut before = 0..0;
        for layer in layers {
            let start = tasks.len();
            for inputs in layer {
                let inputs = inputs.iter().filter(|_| !before.is_empty());
                tasks.push(
                    inputs
                        .map(|idx| before.start + idx.index(before.len()))
                        .collect(),
                );
            }
            before = start..tasks.len();
        }
        tasks
    });
    // each takes the one before, now and then another one or none
    let lines = prop::collection::vec((0..20, any::<Index>()), 1..300).prop_map(|tasks| {
        let task = |(idx, (kind, other)): (usize, (i32, Index))| match (idx, kind) {
            (0, _) | (_, 0) => Vec::new(),
            (_, 1) => vec![idx - 1, other.index(idx)],
            (_, 2) => vec![other.index(idx)],
            _ => vec![idx - 1],
        };
        tasks.into_iter().enumerate().map(task).collect()
    });
    prop_oneof![wide, deep, diamonds, layers, lines]
}

fn sketches(behaviour: impl Strategy<Value = Behaviour> + Clone) -> impl Strategy<Value = Sketch> {
    let outputs = prop::collection::vec(any::<Index>(), 0..6);
    (shapes(), outputs, any::<bool>()).prop_flat_map(move |(shape, outputs, fuses)| {
        let n = shape.len();
        let behaviours = prop::collection::vec(behaviour.clone(), n);
        behaviours.prop_map(move |behaviours| Sketch {
            tasks: shape.iter().cloned().zip(behaviours).collect(),
            // the last task, for what is wide, deep or of diamonds has little without it
            outputs: outputs
                .iter()
                .map(|output| output.index(n))
                .chain([n - 1])
                .collect(),
            fuses,
        })
    })
}

fn any_behaviour() -> impl Strategy<Value = Behaviour> + Clone {
    prop_oneof![
        300 => Just(Behaviour::Mix),
        30 => (0_usize..6).prop_map(Behaviour::Nested),
        1 => Just(Behaviour::Fail),
        1 => Just(Behaviour::Panic),
        1 => Just(Behaviour::NestedFail),
    ]
}

/// What a task makes of its inputs: depends on all of them, and on their order.
fn mix(task: usize, inputs: impl Iterator<Item = i64>) -> i64 {
    inputs.fold(task as i64, |sum, input| {
        sum.wrapping_mul(31).wrapping_add(input)
    })
}

impl Sketch {
    /// The values by a plain loop; those that fail and what needs them have none.
    fn naive(&self) -> Vec<Option<i64>> {
        let mut values: Vec<Option<i64>> = Vec::new();
        for (idx, (inputs, behaviour)) in self.tasks.iter().enumerate() {
            let inputs: Option<Vec<i64>> = inputs.iter().map(|input| values[*input]).collect();
            values.push(match behaviour {
                Behaviour::Mix | Behaviour::Nested(_) => {
                    inputs.map(|inputs| mix(idx, inputs.into_iter()))
                }
                _ => None,
            });
        }
        values
    }

    /// Which tasks the outputs need.
    fn needed(&self) -> Vec<bool> {
        let mut needed = vec![false; self.tasks.len()];
        self.outputs
            .iter()
            .for_each(|output| needed[*output] = true);
        for (idx, (inputs, _)) in self.tasks.iter().enumerate().rev() {
            if needed[idx] {
                inputs.iter().for_each(|input| needed[*input] = true);
            }
        }
        needed
    }

    /// The needed tasks that fail although their inputs have values.
    fn roots(&self) -> BTreeSet<usize> {
        let (values, needed) = (self.naive(), self.needed());
        let is_root = |idx: &usize| {
            let mut inputs = self.tasks[*idx].0.iter();
            needed[*idx] && values[*idx].is_none() && inputs.all(|input| values[*input].is_some())
        };
        (0..self.tasks.len()).filter(is_root).collect()
    }

    /// The graph made ready to run, and its outputs; `before` is called first by each task, with its number.
    fn build(
        &self,
        scheduler: &'static Scheduler,
        before: &Arc<dyn Fn(usize) + Send + Sync>,
    ) -> (Graph, Vec<TaskId>) {
        let mut graph = Graph::default();
        let mut ids: Vec<TaskId> = Vec::new();
        for (idx, (inputs, behaviour)) in self.tasks.iter().enumerate() {
            let inputs: Vec<TaskId> = inputs.iter().map(|input| ids[*input]).collect();
            let (behaviour, before) = (*behaviour, before.clone());
            let run = move |inputs: &[Value]| {
                before(idx);
                behaviour.run(scheduler, idx, inputs)
            };
            ids.push(add(&mut graph, &name(idx), &inputs, run));
        }
        let mut outputs = [self.outputs.iter().map(|output| ids[*output]).collect()];
        if self.fuses {
            graph = fuse(graph, &mut outputs);
        }
        let graph = arrange(graph, &mut outputs);
        let [outputs] = outputs;
        (graph, outputs)
    }
}

impl Behaviour {
    fn run(self, scheduler: &Scheduler, idx: usize, inputs: &[Value]) -> Result<Value> {
        match self {
            Behaviour::Mix => Ok(Value::new(mix(idx, inputs.iter().map(number)))),
            Behaviour::Nested(n) => nested(scheduler, idx, inputs, n, Behaviour::Mix),
            Behaviour::NestedFail => nested(scheduler, idx, inputs, 2, Behaviour::Fail),
            Behaviour::Fail => Err(Error::new(ErrorKind::Io, "no such file")),
            Behaviour::Panic => panic!("oh no"),
        }
    }
}

/// [`mix`] in a task of its own, which needs `n` others.
fn nested(
    scheduler: &Scheduler,
    idx: usize,
    inputs: &[Value],
    n: usize,
    others: Behaviour,
) -> Result<Value> {
    let mut graph = Graph::default();
    let other = |graph: &mut Graph| match others {
        Behaviour::Fail => add(graph, "other", &[], |_| {
            Err(Error::new(ErrorKind::Io, "no such file"))
        }),
        _ => add(graph, "other", &[], |_| Ok(Value::new(0_i64))),
    };
    let parts: Vec<TaskId> = (0..n).map(|_| other(&mut graph)).collect();
    let inputs = inputs.to_vec();
    let mixed = add(&mut graph, "mix", &parts, move |_| {
        Ok(Value::new(mix(idx, inputs.iter().map(number))))
    });
    let mut values = scheduler.compute(graph, &[mixed], &[])?;
    Ok(values.remove(0))
}

/// Adds a task in a layer of its own.
fn add(
    graph: &mut Graph,
    name: &str,
    inputs: &[TaskId],
    run: impl Fn(&[Value]) -> Result<Value> + Send + Sync + 'static,
) -> TaskId {
    let name = Name::of(name, 0);
    let layer = graph.add_call_layer(Layer {
        name,
        kind: LayerKind::Delayed,
        site: Site::caller(),
        detail: String::new(),
    });
    let call = DelayedNode::of_closure(name, Site::caller(), run);
    graph.add_call(layer, Arc::new(call), inputs)
}

fn name(idx: usize) -> String {
    format!("t{idx}")
}

fn number(value: &Value) -> i64 {
    *value.downcast_ref().expect("an i64")
}

/// Schedulers with one to eight threads, for all tests and to the end: what a case leaves behind is there in the next one.
fn scheduler(n_threads: usize) -> &'static Scheduler {
    static SCHEDULERS: [OnceLock<Scheduler>; N_THREADS_MAX] =
        [const { OnceLock::new() }; N_THREADS_MAX];
    SCHEDULERS[n_threads - 1].get_or_init(|| {
        let n_threads = NonZero::new(n_threads).expect("some threads");
        Scheduler::new(n_threads).expect("threads can be started")
    })
}

/// Computes the sketch and compares values, the error, and how often tasks ran, with what they have to be.
fn compute_and_compare(
    sketch: &Sketch,
    scheduler: &'static Scheduler,
) -> Result<(), TestCaseError> {
    let counts: Arc<Vec<AtomicUsize>> =
        Arc::new(sketch.tasks.iter().map(|_| AtomicUsize::new(0)).collect());
    let counting = counts.clone();
    let before: Arc<dyn Fn(usize) + Send + Sync> = Arc::new(move |idx| {
        counting[idx].fetch_add(1, Ordering::SeqCst);
    });
    let (graph, outputs) = sketch.build(scheduler, &before);
    let result = scheduler.compute(graph, &outputs, &[]);
    let (expected, needed, roots) = (sketch.naive(), sketch.needed(), sketch.roots());
    for (idx, count) in counts.iter().enumerate() {
        let count = count.load(Ordering::SeqCst);
        prop_assert!(
            count <= usize::from(needed[idx]),
            "task {idx} ran {count} times"
        );
        prop_assert!(
            result.is_err() || !needed[idx] || count == 1,
            "task {idx} did not run"
        );
    }
    match result {
        Ok(values) => {
            prop_assert!(roots.is_empty(), "{roots:?} fail");
            let values: Vec<Option<i64>> = values.iter().map(|value| Some(number(value))).collect();
            let expected: Vec<Option<i64>> = sketch
                .outputs
                .iter()
                .map(|output| expected[*output])
                .collect();
            prop_assert_eq!(values, expected);
        }
        Err(error) => {
            let text = error.to_string();
            let names =
                |root: &usize| text.contains(&format!("task `{}`", Name::of(&name(*root), 0)));
            prop_assert!(roots.iter().any(names), "{roots:?} fail: {text}");
        }
    }
    Ok(())
}

#[test]
fn any_graph_gives_what_a_naive_evaluator_gives() {
    check_property(
        150,
        (sketches(any_behaviour()), 1_usize..=N_THREADS_MAX),
        |(sketch, n_threads)| compute_and_compare(&sketch, scheduler(n_threads)),
    );
}

#[test]
fn several_graphs_at_once_do_not_meet() {
    let sketches = prop::collection::vec(sketches(any_behaviour()), 2..5);
    check_property(
        30,
        (sketches, 1_usize..=N_THREADS_MAX),
        |(sketches, n_threads)| {
            std::thread::scope(|scope| {
                let compute =
                    |sketch| scope.spawn(move || compute_and_compare(sketch, scheduler(n_threads)));
                let threads: Vec<_> = sketches.iter().map(compute).collect();
                threads
                    .into_iter()
                    .try_for_each(|thread| thread.join().expect("no panic"))
            })
        },
    );
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

/// What the task that calls its computation off waits for.
struct Moment {
    at: usize,
    /// Whether the task ends only when the computation has been given up.
    is_stuck: bool,
    cancellers: Mutex<Receiver<Canceller>>,
    given_up: Mutex<Receiver<()>>,
}

impl Moment {
    fn pass(&self, task: usize) {
        if task == self.at {
            let canceller = self.cancellers.lock().expect("no panic").recv();
            canceller.expect("an observer").cancel();
            if self.is_stuck {
                let _ = self.given_up.lock().expect("no panic").recv();
            }
        }
    }
}

/// Called off by the task in the middle of all that is needed: an error of the kind `Cancelled` or, where all was over before
/// anybody looked, the right values. What waits for longer than that is given up; the next computation is none the worse for it.
#[test]
fn a_graph_is_called_off_at_any_moment() {
    let mixing = prop_oneof![20 => Just(Behaviour::Mix), 1 => Just(Behaviour::Nested(3))];
    let strategy = (
        sketches(mixing),
        any::<Index>(),
        any::<bool>(),
        1_usize..=N_THREADS_MAX,
    );
    check_property(12, strategy, |(sketch, at, is_stuck, n_threads)| {
        let needed = sketch.needed();
        let needed: Vec<usize> = (0..needed.len()).filter(|idx| needed[*idx]).collect();
        let (send_canceller, cancellers) = mpsc::channel();
        let (give_up, given_up) = mpsc::channel();
        let moment = Moment {
            at: needed[at.index(needed.len())],
            is_stuck,
            cancellers: Mutex::new(cancellers),
            given_up: Mutex::new(given_up),
        };
        let before: Arc<dyn Fn(usize) + Send + Sync> = Arc::new(move |task| moment.pass(task));
        let scheduler = scheduler(n_threads);
        let (graph, outputs) = sketch.build(scheduler, &before);
        let observers: [Arc<dyn Observer>; 1] = [Arc::new(Watch(Mutex::new(Some(send_canceller))))];
        let result = scheduler.compute(graph, &outputs, &observers);
        drop(give_up);
        match result {
            Ok(values) => {
                prop_assert!(!is_stuck, "it ended before a task that it needs");
                let expected = sketch.naive();
                for (output, value) in sketch.outputs.iter().zip(&values) {
                    prop_assert_eq!(Some(number(value)), expected[*output]);
                }
            }
            Err(error) => prop_assert_eq!(error.kind(), ErrorKind::Cancelled),
        }
        compute_and_compare(&sketch, scheduler)
    });
}

/// Results of a computation that was called off or failed go, also those that were made after it had ended.
#[test]
fn nothing_is_kept_of_what_was_called_off() {
    check_property(
        10,
        (shapes(), any::<Index>(), any::<bool>()),
        |(shape, at, fails)| {
            let kept = Arc::new(());
            let (send_canceller, cancellers) = mpsc::channel::<Canceller>();
            let cancellers = Arc::new(Mutex::new(cancellers));
            let at = at.index(shape.len());
            let mut graph = Graph::default();
            let mut ids: Vec<TaskId> = Vec::new();
            for (idx, inputs) in shape.iter().enumerate() {
                let inputs: Vec<TaskId> = inputs.iter().map(|input| ids[*input]).collect();
                let (kept, cancellers) = (kept.clone(), cancellers.clone());
                ids.push(add(&mut graph, &name(idx), &inputs, move |_| {
                    if idx == at {
                        let canceller = cancellers.lock().expect("no panic").recv();
                        canceller.expect("an observer").cancel();
                        if fails {
                            return Err(Error::new(ErrorKind::Io, "no such file"));
                        }
                    }
                    Ok(Value::new(kept.clone()))
                }));
            }
            let scheduler =
                Scheduler::new(NonZero::new(2).expect("some threads")).expect("threads");
            let observers: [Arc<dyn Observer>; 1] =
                [Arc::new(Watch(Mutex::new(Some(send_canceller))))];
            let result = scheduler.compute(graph, &ids, &observers);
            prop_assert!(result.is_err() || !fails);
            drop(result);
            drop(scheduler);
            prop_assert_eq!(Arc::strong_count(&kept), 1);
            Ok(())
        },
    );
}
