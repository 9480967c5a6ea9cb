//! A graph made ready to run: without what its outputs do not need, and in the order in which it is to run.

use super::{Entry, Graph, LayerId, Part, Run, TaskId, end, order};

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
/// inputs are right before it with all that is behind them, the one with the most work behind it first.
///
/// Where two tasks take one result, what is before one of them is not its own, and the answer is no.
pub(super) fn is_arranged(graph: &Graph, outputs: &[Vec<TaskId>]) -> bool {
    let mut sizes: Vec<u32> = Vec::with_capacity(graph.len());
    for id in graph.ids() {
        let mut start = id.index();
        let mut last = 0;
        for input in graph.inputs(id).iter().rev() {
            let size = sizes[input.index()];
            if input.index() + 1 != start || size < last {
                return false;
            }
            start -= size as usize;
            last = size;
        }
        sizes.push((id.index() - start + 1) as u32);
    }
    let mut start = graph.len();
    for output in outputs.iter().flatten().rev() {
        if output.index() + 1 != start {
            return false;
        }
        start -= sizes[output.index()] as usize;
    }
    start == 0
}

fn rearranged(mut graph: Graph, outputs: &mut [Vec<TaskId>]) -> Graph {
    let order = order::order(&graph, &outputs.concat());
    let mut places = vec![TaskId::new(0); graph.len()];
    for (place, id) in order.iter().enumerate() {
        places[id.index()] = TaskId::new(place);
    }
    // What a needed task takes is needed.
    let place = |id: TaskId| places[id.index()];
    for id in outputs.iter_mut().flatten() {
        *id = place(*id);
    }

    let mut runs: Vec<Option<Run>> = taken(&mut graph.runs);
    let mut parts: Vec<Option<Part>> = taken(&mut graph.parts);
    let mut arranged = Graph {
        runs: Vec::with_capacity(order.len()),
        tasks: Vec::with_capacity(order.len()),
        inputs: Vec::with_capacity(graph.inputs.len()),
        blocks: Vec::with_capacity(graph.blocks.len()),
        parts: Vec::with_capacity(parts.len()),
        ..Graph::default()
    };
    for id in &order {
        let entry = graph.tasks[id.index()];
        arranged.blocks.extend_from_slice(graph.block(*id));
        let inputs = graph.inputs(*id).iter();
        arranged.inputs.extend(inputs.map(|input| place(*input)));
        let parts = &mut parts[graph.range(*id, |entry| entry.parts_end)];
        arranged
            .parts
            .extend(parts.iter_mut().filter_map(Option::take));
        arranged.runs.extend(runs[id.index()].take());
        if let Some(key) = graph.keys.remove(id) {
            arranged.keys.insert(place(*id), key);
        }
        arranged.tasks.push(Entry {
            inputs_end: end(&arranged.inputs),
            blocks_end: end(&arranged.blocks),
            parts_end: end(&arranged.parts),
            ..entry
        });
    }
    arranged.layers = graph.layers;
    arranged.part_layers = graph.part_layers;
    arranged
}

/// All of `items`, to be taken one by one.
fn taken<T>(items: &mut Vec<T>) -> Vec<Option<T>> {
    std::mem::take(items).into_iter().map(Some).collect()
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
    let mut used = used.iter();
    graph
        .layers
        .retain(|_| used.next().is_some_and(Option::is_some));
}
