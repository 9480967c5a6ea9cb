//! A graph made ready to run: without what its outputs do not need, and in the order in which it is to run.

use super::{Entry, Graph, LayerId, Run, TaskId, end, order};

/// Culls and orders `graph`: only tasks that `outputs` need stay, and their ids are their places in the order to run them in.
/// `outputs` then name the same tasks by their new ids; layers that have no task left are gone.
///
/// Takes time near linear in tasks and edges.
pub fn arrange(mut graph: Graph, outputs: &mut [Vec<TaskId>]) -> Graph {
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

    let layers = used_layers(&graph, &order);
    let mut runs: Vec<Option<Run>> = std::mem::take(&mut graph.runs)
        .into_iter()
        .map(Some)
        .collect();
    let mut arranged = Graph {
        runs: Vec::with_capacity(order.len()),
        tasks: Vec::with_capacity(order.len()),
        inputs: Vec::with_capacity(graph.inputs.len()),
        blocks: Vec::with_capacity(graph.blocks.len()),
        ..Graph::default()
    };
    for id in &order {
        let entry = graph.tasks[id.index()];
        arranged.blocks.extend(graph.block(*id));
        let inputs = graph.inputs(*id).iter();
        arranged.inputs.extend(inputs.map(|input| place(*input)));
        arranged.runs.extend(runs[id.index()].take());
        arranged.tasks.push(Entry {
            bytes: entry.bytes,
            layer: layers[entry.layer.index()].expect("a layer with a task is used"),
            inputs_end: end(&arranged.inputs),
            blocks_end: end(&arranged.blocks),
        });
    }
    let used = graph.layers.into_iter().zip(&layers);
    arranged.layers = used
        .filter_map(|(layer, used)| used.map(|_| layer))
        .collect();
    arranged
}

/// For each layer its new id, if a task of `order` is in it.
fn used_layers(graph: &Graph, order: &[TaskId]) -> Vec<Option<LayerId>> {
    let mut used = vec![None; graph.layers.len()];
    for id in order {
        used[graph.tasks[id.index()].layer.index()] = Some(LayerId(0));
    }
    for (next, layer) in used.iter_mut().flatten().enumerate() {
        *layer = LayerId(next as u32);
    }
    used
}
