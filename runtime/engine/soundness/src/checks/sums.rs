//! Random graphs of sums, with what each has to give.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dagbok::{Name, Result, Site, Value};

use super::pause;
use super::random::Random;
use crate::graph::{Graph, Layer, LayerId, LayerKind, NewTask, TaskId};

/// What else a task does.
pub(super) type Also = Arc<dyn Fn(usize) -> Result<()> + Send + Sync>;

/// A graph in which each task gives its number and the sum of what it takes.
pub(super) struct Sums {
    pub(super) graph: Graph,
    pub(super) outputs: Vec<TaskId>,
    expected: Vec<u64>,
    /// How often each task has run.
    n_runs: Arc<[AtomicUsize]>,
}

impl Sums {
    /// At most `most` tasks, at least one, that do nothing else.
    pub(super) fn new(random: &mut Random, most: usize) -> Self {
        Sums::with(random, most, Arc::new(|_| Ok(())))
    }

    /// Tasks that do `also` something else.
    pub(super) fn with(random: &mut Random, most: usize, also: Also) -> Self {
        Sums::of(any_inputs(random, most), 1, also)
    }

    /// Each task with what it takes; a result is `len` times its number.
    pub(super) fn of(inputs: Vec<Vec<usize>>, len: usize, also: Also) -> Self {
        let mut graph = Graph::default();
        let layer = layer(&mut graph);
        let n_runs: Arc<[AtomicUsize]> = inputs.iter().map(|_| AtomicUsize::new(0)).collect();
        let mut expected = Vec::new();
        for (idx, inputs) in inputs.iter().enumerate() {
            let sum = inputs.iter().map(|input| expected[*input]).sum::<u64>();
            expected.push(idx as u64 + sum);
            let (n_runs, also) = (n_runs.clone(), also.clone());
            graph.add_task(NewTask {
                layer,
                block: Box::new([idx as u32]),
                inputs: inputs.iter().map(|input| TaskId::new(*input)).collect(),
                run: Arc::new(move |inputs: &[Value]| {
                    n_runs[idx].fetch_add(1, Ordering::SeqCst);
                    pause();
                    also(idx)?;
                    let sum = inputs.iter().map(number).sum::<u64>();
                    Ok(Value::new(vec![idx as u64 + sum; len]))
                }),
                bytes: 0,
            });
        }
        let is_taken = |idx: &usize| inputs.iter().flatten().any(|input| input == idx);
        let outputs = (0..inputs.len()).filter(|idx| !is_taken(idx) || idx % 5 == 0);
        Sums {
            outputs: outputs.map(TaskId::new).collect(),
            graph,
            expected,
            n_runs,
        }
    }

    /// The same graph, but each task runs this.
    pub(super) fn replace_runs(
        &mut self,
        run: impl Fn(&[Value]) -> Result<Value> + Clone + Send + Sync + 'static,
    ) {
        let mut graph = Graph::default();
        let layer = layer(&mut graph);
        for (_, task) in self.graph.tasks() {
            graph.add_task(NewTask {
                layer,
                block: Box::from(&*task.block),
                inputs: task.inputs.into(),
                run: Arc::new(run.clone()),
                bytes: 0,
            });
        }
        self.graph = graph;
    }

    /// What says afterwards whether all has gone right.
    pub(super) fn oracle(&self) -> Oracle {
        let expected = self.outputs.iter().map(|id| self.expected[id.index()]);
        Oracle {
            expected: expected.collect(),
            n_runs: self.n_runs.clone(),
        }
    }
}

/// What the outputs of a graph have to be.
pub(super) struct Oracle {
    expected: Vec<u64>,
    n_runs: Arc<[AtomicUsize]>,
}

impl Oracle {
    /// The values are right, and each task has run once.
    #[track_caller]
    pub(super) fn check(&self, values: Result<Vec<Value>>) {
        let values = values.expect("values");
        let values: Vec<Value> = values
            .into_iter()
            .map(|value| value.loaded().expect("a readable disk"))
            .collect();
        let values: Vec<u64> = values.iter().map(number).collect();
        assert_eq!(values, self.expected);
        let n_runs: Vec<usize> = self.n_runs().collect();
        assert_eq!(n_runs, vec![1; n_runs.len()]);
    }

    /// No task has run twice.
    #[track_caller]
    pub(super) fn check_none_twice(&self) {
        assert!(self.n_runs().all(|n| n <= 1));
    }

    fn n_runs(&self) -> impl Iterator<Item = usize> {
        self.n_runs.iter().map(|n| n.load(Ordering::SeqCst))
    }
}

/// What each of at most `most` tasks takes, at least one.
pub(super) fn any_inputs(random: &mut Random, most: usize) -> Vec<Vec<usize>> {
    let n = 1 + random.below(most);
    // 1 for a chain, more for what is wide
    let reach = 1 + random.below(n);
    let inputs = (0..n).map(|idx| {
        let n_inputs = random.below(3).min(idx);
        let input = |_| idx - 1 - random.below(reach.min(idx));
        (0..n_inputs).map(input).collect()
    });
    inputs.collect()
}

/// At most `most` tasks of which none needs another one, beginning with any.
pub(super) fn any_independent(
    random: &mut Random,
    inputs: &[Vec<usize>],
    most: usize,
) -> Vec<usize> {
    let mut needs: Vec<BTreeSet<usize>> = Vec::new();
    for inputs in inputs {
        let mut all: BTreeSet<usize> = inputs.iter().copied().collect();
        all.extend(inputs.iter().flat_map(|input| &needs[*input]));
        needs.push(all);
    }
    let mut found: Vec<usize> = Vec::new();
    let first = random.below(inputs.len());
    for idx in (first..inputs.len()).chain(0..first) {
        let goes_with =
            |other: &usize| !needs[idx].contains(other) && !needs[*other].contains(&idx);
        if found.len() < most && found.iter().all(goes_with) {
            found.push(idx);
        }
    }
    found
}

fn number(value: &Value) -> u64 {
    value.downcast_ref::<Vec<u64>>().expect("a vector")[0]
}

fn layer(graph: &mut Graph) -> LayerId {
    graph.add_layer(Layer {
        name: Name::of("sum", 0),
        kind: LayerKind::Array,
        site: Site::caller(),
        detail: String::new(),
    })
}
