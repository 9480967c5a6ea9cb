//! Calls that follow one another, made one task: what is only passed on needs no scheduling.

use super::{Entry, Graph, Layer, LayerKind, Part, TaskId, end, token};

/// The most calls that run in one task, so that no task is a long computation of many short calls: others get their turn.
const CALLS_MAX: usize = 100;

/// Makes one task of each call and the call right before it, where the one takes nothing but the value of the other and nothing else
/// takes that; likewise of several in line. What could run at the same time still can. `outputs` keep tasks of their own, and name
/// them by their new ids.
///
/// Takes time linear in tasks and edges.
pub fn fuse(mut graph: Graph, outputs: &mut [Vec<TaskId>]) -> Graph {
    let is_part = parts(&graph, outputs);
    if !is_part.contains(&true) {
        return graph;
    }
    let n_parts = is_part.iter().filter(|is_part| **is_part).count();
    let n_tasks = graph.len() - n_parts;
    let mut fused = Graph {
        runs: Vec::with_capacity(n_tasks),
        tasks: Vec::with_capacity(n_tasks),
        parts: Vec::with_capacity(n_parts),
        ..Graph::default()
    };
    let mut places = vec![TaskId::new(0); graph.len()];
    let mut part_layers = PartLayers::of(&graph);
    let runs = std::mem::take(&mut graph.runs);
    for (id, run) in graph.ids().zip(runs) {
        let idx = id.index();
        let entry = graph.tasks[idx];
        let is_first = idx == 0 || !is_part[idx - 1];
        if is_first {
            let inputs = graph.inputs(id).iter();
            fused
                .inputs
                .extend(inputs.map(|input| places[input.index()]));
        }
        places[idx] = TaskId::new(fused.tasks.len());
        if is_part[idx] {
            fused.parts.push(Part {
                layer: part_layers.id(entry.layer.index()),
                token: token(graph.block(id)),
                run,
            });
            continue;
        }
        if let Some(key) = graph.keys.remove(&id) {
            fused.keys.insert(places[idx], key);
        }
        fused.blocks.extend_from_slice(graph.block(id));
        fused.runs.push(run);
        fused.tasks.push(Entry {
            inputs_end: end(&fused.inputs),
            blocks_end: end(&fused.blocks),
            parts_end: end(&fused.parts),
            ..entry
        });
    }
    for id in outputs.iter_mut().flatten() {
        *id = places[id.index()];
    }
    fused.part_layers = part_layers.layers(&graph);
    fused.layers = graph.layers;
    describe(&mut fused);
    fused
}

/// For each task whether it runs in that of the next one.
fn parts(graph: &Graph, outputs: &[Vec<TaskId>]) -> Vec<bool> {
    let mut uses = vec![0_u8; graph.len()];
    for used in graph.inputs.iter().chain(outputs.iter().flatten()) {
        let uses = &mut uses[used.index()];
        *uses = uses.saturating_add(1);
    }
    let is_call = |id: TaskId| {
        let layer = graph.layer(graph.tasks[id.index()].layer);
        let has_key = graph.keys.contains_key(&id);
        layer.kind == LayerKind::Delayed && graph.block(id).len() == 2 && !has_key
    };
    let mut is_part = vec![false; graph.len()];
    let mut n_calls = 1;
    for (before, next) in graph.ids().zip(graph.ids().skip(1)) {
        let follows = uses[before.index()] == 1 && graph.inputs(next) == [before];
        let fits = follows && n_calls < CALLS_MAX && is_call(before) && is_call(next);
        is_part[before.index()] = fits;
        n_calls = if fits { n_calls + 1 } else { 1 };
    }
    is_part
}

/// The layers of calls that have become parts, which may have no task left.
struct PartLayers {
    /// For each layer its place among those.
    places: Vec<Option<u32>>,
    used: Vec<usize>,
}

impl PartLayers {
    fn of(graph: &Graph) -> Self {
        PartLayers {
            places: vec![None; graph.layers.len()],
            used: Vec::new(),
        }
    }

    fn id(&mut self, layer: usize) -> u32 {
        *self.places[layer].get_or_insert_with(|| {
            self.used.push(layer);
            self.used.len() as u32 - 1
        })
    }

    fn layers(self, graph: &Graph) -> Vec<Layer> {
        self.used
            .iter()
            .map(|layer| graph.layers[*layer].clone())
            .collect()
    }
}

/// Says of each layer what its tasks hold besides the calls that it is of.
fn describe(graph: &mut Graph) {
    let mut firsts: Vec<Option<TaskId>> = vec![None; graph.layers.len()];
    let mut are_mixed = vec![false; graph.layers.len()];
    for id in graph.ids() {
        let layer = graph.tasks[id.index()].layer.index();
        let parts = graph.parts(id);
        match firsts[layer] {
            None if parts.is_empty() => {}
            None => firsts[layer] = Some(id),
            Some(first) => are_mixed[layer] |= !is_alike(parts, graph.parts(first)),
        }
    }
    for (layer, first) in firsts.into_iter().enumerate() {
        let holds = first.and_then(|first| graph.holds(first));
        if let Some(holds) = holds {
            graph.layers[layer].detail = match are_mixed[layer] {
                true => format!("{holds}, and others"),
                false => holds,
            };
        }
    }
}

fn is_alike(parts: &[Part], others: &[Part]) -> bool {
    let mut pairs = parts.iter().zip(others);
    parts.len() == others.len() && pairs.all(|(part, other)| part.layer == other.layer)
}
