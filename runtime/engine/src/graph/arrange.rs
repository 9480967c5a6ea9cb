//! A graph made ready to run: without what its outputs do not need, and in the order in which it is to run.

use super::{Graph, LayerId, Task, TaskId, order};

/// Culls and orders `graph`: only tasks that `outputs` need stay, and their ids are their places in the order to run them in.
/// `outputs` then name the same tasks by their new ids; layers that have no task left are gone.
///
/// Takes time near linear in tasks and edges.
pub fn arrange(graph: Graph, outputs: &mut [Vec<TaskId>]) -> Graph {
    let order = order::order(&graph, &outputs.concat());
    let mut places = vec![None; graph.len()];
    for (place, id) in order.iter().enumerate() {
        places[id.index()] = Some(TaskId::new(place));
    }
    let place = |id: TaskId| places[id.index()].expect("what a needed task takes is needed");
    for id in outputs.iter_mut().flatten() {
        *id = place(*id);
    }

    let layers = used_layers(&graph, &order);
    let mut tasks: Vec<Option<Task>> = graph.tasks.into_iter().map(Some).collect();
    let tasks = order.iter().map(|id| {
        let mut task = tasks[id.index()].take().expect("a task is ordered once");
        task.layer = layers[task.layer.index()].expect("a layer with a task is used");
        for input in &mut task.inputs {
            *input = place(*input);
        }
        task
    });
    Graph {
        tasks: tasks.collect(),
        layers: graph
            .layers
            .into_iter()
            .zip(&layers)
            .filter_map(|(layer, used)| used.map(|_| layer))
            .collect(),
    }
}

/// For each layer its new id, if a task of `order` is in it.
fn used_layers(graph: &Graph, order: &[TaskId]) -> Vec<Option<LayerId>> {
    let mut used = vec![None; graph.layers.len()];
    for id in order {
        used[graph.task(*id).layer.index()] = Some(LayerId(0));
    }
    for (next, layer) in used.iter_mut().flatten().enumerate() {
        *layer = LayerId(next as u32);
    }
    used
}
