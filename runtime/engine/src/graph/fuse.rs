//! Calls that follow one another, made one task: what is only passed on needs no scheduling.

use super::{Entry, Graph, Part, TaskId, end};

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
    let mut places = vec![TaskId::new(0); graph.len()];
    let mut tasks = Vec::with_capacity(n_tasks);
    let mut inputs = Vec::with_capacity(graph.inputs.len() - n_parts);
    graph.parts.reserve_exact(n_parts);
    graph.parts_ends.reserve_exact(n_tasks);
    for id in graph.ids() {
        let idx = id.index();
        let entry = graph.tasks[idx];
        let is_first = idx == 0 || !is_part[idx - 1];
        if is_first {
            let own = graph.inputs(id).iter();
            inputs.extend(own.map(|input| places[input.index()]));
        }
        places[idx] = TaskId::new(tasks.len());
        if is_part[idx] {
            graph.parts.push(Part(entry.number));
            continue;
        }
        graph.parts_ends.push(end(&graph.parts));
        tasks.push(Entry {
            inputs_end: end(&inputs),
            ..entry
        });
    }
    for id in outputs.iter_mut().flatten() {
        *id = places[id.index()];
    }
    (graph.tasks, graph.inputs) = (tasks, inputs);
    graph.rename(|id| places[id.index()]);
    describe(&mut graph);
    graph
}

/// For each task whether it runs in that of the next one.
fn parts(graph: &Graph, outputs: &[Vec<TaskId>]) -> Vec<bool> {
    let mut uses = vec![0_u8; graph.len()];
    for used in graph.inputs.iter().chain(outputs.iter().flatten()) {
        let uses = &mut uses[used.index()];
        *uses = uses.saturating_add(1);
    }
    let is_call = |id: TaskId| {
        let is_own = graph.keys.contains_key(&id) || graph.known.contains_key(&id);
        graph.call(id).is_some() && !is_own
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

/// Says of each layer what its tasks hold besides the calls that it is of.
fn describe(graph: &mut Graph) {
    let mut firsts: Vec<Option<TaskId>> = vec![None; graph.layers.len()];
    let mut are_mixed = vec![false; graph.layers.len()];
    for id in graph.ids() {
        let layer = graph.layer_of(id).index();
        let parts = graph.parts(id);
        match firsts[layer] {
            None if parts.is_empty() => {}
            None => firsts[layer] = Some(id),
            Some(first) => are_mixed[layer] |= !is_alike(graph, parts, graph.parts(first)),
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

fn is_alike(graph: &Graph, parts: &[Part], others: &[Part]) -> bool {
    let mut pairs = parts.iter().zip(others);
    let is_same = |(part, other): (&Part, &Part)| {
        let (call, other) = (graph.part(*part), graph.part(*other));
        let is_of_same_line =
            || (call.name().operation(), call.site()) == (other.name().operation(), other.site());
        call.has_callee_of(other) || is_of_same_line()
    };
    parts.len() == others.len() && pairs.all(is_same)
}
