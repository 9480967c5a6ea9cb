//! A graph made ready to run: without what its outputs do not need, and in the order in which it is to run.

use std::collections::HashMap;

use super::order::Need;
use super::{Entry, Graph, LayerId, TaskId, end, order};

/// Culls and orders `graph`: only tasks that `outputs` need stay, and their ids are their places in the order to run them in.
/// `outputs` then name the same tasks by their new ids; layers that have no task left are gone.
///
/// Takes time near linear in tasks and edges.
pub fn arrange(graph: Graph, outputs: &mut [Vec<TaskId>]) -> Graph {
    let mut arranged = match is_arranged(&graph, outputs) {
        true => graph,
        false => rearranged(graph, outputs),
    };
    drop_empty_layers(&mut arranged);
    arranged
}

/// Whether [`order`](order::order) would leave everything where it is, which is so if each result is taken once, and each task's
/// inputs are right before it with all that is behind them, in the order of what they take beyond what they leave.
///
/// Where two tasks take one result, what is before one of them is not its own, and the answer is no.
pub(super) fn is_arranged(graph: &Graph, outputs: &[Vec<TaskId>]) -> bool {
    let mut behind: Vec<(u32, Need)> = Vec::with_capacity(graph.len());
    for id in graph.ids() {
        let mut start = id.index();
        let mut last = 0;
        let inputs = graph.inputs(id);
        for input in inputs.iter().rev() {
            let (n_tasks, need) = behind[input.index()];
            if input.index() + 1 != start || need.extra() < last {
                return false;
            }
            start -= n_tasks as usize;
            last = need.extra();
        }
        let needs = inputs.iter().map(|input| behind[input.index()].1);
        let need = Need::of(graph.bytes(id), needs);
        behind.push(((id.index() - start + 1) as u32, need));
    }
    let mut start = graph.len();
    for output in outputs.iter().flatten().rev() {
        if output.index() + 1 != start {
            return false;
        }
        start -= behind[output.index()].0 as usize;
    }
    start == 0
}

fn rearranged(mut graph: Graph, outputs: &mut [Vec<TaskId>]) -> Graph {
    let order = order::order(&graph, &outputs.concat());
    let mut places: Vec<Option<TaskId>> = vec![None; graph.len()];
    for (place, id) in order.iter().enumerate() {
        places[id.index()] = Some(TaskId::new(place));
    }
    let place = |id: TaskId| places[id.index()].expect("what a needed task takes is needed");
    for id in outputs.iter_mut().flatten() {
        *id = place(*id);
    }
    let mut tasks = Vec::with_capacity(order.len());
    let mut inputs = Vec::with_capacity(graph.inputs.len());
    let mut parts = Vec::with_capacity(graph.parts.len());
    let mut parts_ends = Vec::new();
    for id in &order {
        inputs.extend(graph.inputs(*id).iter().map(|input| place(*input)));
        if !graph.parts_ends.is_empty() {
            parts.extend_from_slice(graph.parts(*id));
            parts_ends.push(end(&parts));
        }
        tasks.push(Entry {
            inputs_end: end(&inputs),
            ..graph.tasks[id.index()]
        });
    }
    (graph.tasks, graph.inputs) = (tasks, inputs);
    (graph.parts, graph.parts_ends) = (parts, parts_ends);
    graph.forget(|id| places[id.index()].is_none());
    graph.rename(place);
    graph
}

impl Graph {
    /// What is known of tasks is known by the ids `new` gives them.
    pub(super) fn rename(&mut self, new: impl Fn(TaskId) -> TaskId) {
        fn renamed<T>(of: &mut HashMap<TaskId, T>, new: impl Fn(TaskId) -> TaskId) {
            let old = std::mem::take(of).into_iter();
            of.extend(old.map(|(id, what)| (new(id), what)));
        }
        renamed(&mut self.keys, &new);
        renamed(&mut self.bytes, &new);
        renamed(&mut self.known, &new);
    }

    /// Nothing is known of tasks that are gone.
    fn forget(&mut self, is_gone: impl Fn(TaskId) -> bool) {
        self.keys.retain(|id, _| !is_gone(*id));
        self.bytes.retain(|id, _| !is_gone(*id));
        self.known.retain(|id, _| !is_gone(*id));
    }
}

fn drop_empty_layers(graph: &mut Graph) {
    let mut used = vec![None; graph.layers.len()];
    for entry in &graph.tasks {
        used[entry.layer.index()] = Some(LayerId(0));
    }
    if used.iter().all(Option::is_some) {
        return;
    }
    for (next, layer) in used.iter_mut().flatten().enumerate() {
        *layer = LayerId(next as u32);
    }
    for entry in &mut graph.tasks {
        entry.layer = used[entry.layer.index()].expect("a layer with a task is used");
    }
    let mut is_used = used.iter().map(Option::is_some).cycle();
    let mut is_next_used = || is_used.next() == Some(true);
    graph.layers.retain(|_| is_next_used());
    graph.makers.retain(|_| is_next_used());
}
