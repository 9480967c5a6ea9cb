//! Graphs written as text: `u0: ; v0: ; uv0: u0 v0`, each task with its inputs, all in layers of their own.

use std::collections::{HashMap, HashSet};
use std::num::NonZero;
use std::sync::Arc;

use dagbok::{Name, Site, Value};
use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;
use crate::effort;

struct Sketch {
    graph: Graph,
    ids: HashMap<String, TaskId>,
}

fn sketch(text: &str) -> Sketch {
    let mut graph = Graph::default();
    let mut ids = HashMap::new();
    for line in text.split(';').filter(|line| !line.trim().is_empty()) {
        let (name, inputs) = line.split_once(':').expect("a task is `name: inputs`");
        let name = name.trim();
        let inputs = inputs.split_whitespace().map(|input| ids[input]).collect();
        let task = add(&mut graph, name, inputs);
        ids.insert(name.to_owned(), task);
    }
    Sketch { graph, ids }
}

fn add(graph: &mut Graph, name: &str, inputs: Vec<TaskId>) -> TaskId {
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
        run: Arc::new(|_: &[Value]| Ok(Value::new(()))),
        bytes: 0,
    })
}

fn name(graph: &Graph, id: TaskId) -> &str {
    graph.layer(graph.task(id).layer).name.operation()
}

fn check_order(text: &str, outputs: &str, expected: Expect) {
    let Sketch { graph, ids } = sketch(text);
    let outputs: Vec<TaskId> = outputs.split_whitespace().map(|name| ids[name]).collect();
    let mut outputs = [outputs];
    let graph = arrange(graph, &mut outputs);
    let names: Vec<&str> = graph.tasks().map(|(id, _)| name(&graph, id)).collect();
    expected.assert_eq(&names.join(" "));
}

#[test]
fn the_order_finishes_what_was_begun() {
    check_order("a: ; b: ; c: a b; d: c", "d", expect!["a b c d"]);
    // a pair is summed before the next is made
    check_order(
        "a: ; b: ; c: ; d: ; ab: a b; cd: c d; sum: ab cd",
        "sum",
        expect!["a b ab c d cd sum"],
    );
    // what has more work behind it comes first, so that `a` is not kept meanwhile
    check_order("a: ; b: ; c: b; d: c; e: a d", "e", expect!["b c d a e"]);
    // two outputs of one source: both of the first chunk before the second chunk
    check_order(
        "x0: ; x1: ; f0: x0; f1: x1; g0: x0; g1: x1",
        "f0 f1 g0 g1",
        expect!["x0 f0 g0 x1 f1 g1"],
    );
    // a sum and what the sum is subtracted from
    check_order(
        "x0: ; x1: ; s: x0 x1; d0: x0 s; d1: x1 s",
        "d0 d1",
        expect!["x0 x1 s d0 d1"],
    );
}

#[test]
fn what_no_output_needs_is_culled() {
    check_order("a: ; b: a; c: a; d: b", "c", expect!["a c"]);
    check_order("a: ; b: ", "", expect![""]);
    check_order("a: ; b: a a", "b b a", expect!["a b"]);
}

#[test]
fn culling_drops_empty_layers_and_keeps_names() {
    let Sketch { graph, ids } = sketch("a: ; b: a; c: a");
    let mut outputs = [vec![ids["c"]], vec![ids["a"], ids["c"]]];
    let graph = arrange(graph, &mut outputs);
    assert_eq!(graph.layers().len(), 2);
    let names = outputs.map(|ids| {
        ids.iter()
            .map(|id| name(&graph, *id))
            .collect::<Vec<_>>()
            .join(" ")
    });
    assert_eq!(names, ["c", "a c"]);
}

#[test]
fn what_is_in_order_already_is_left_as_it_is() {
    let check = |text: &str, outputs: &str, expected: bool| {
        let Sketch { graph, ids } = sketch(text);
        let outputs: Vec<TaskId> = outputs.split_whitespace().map(|name| ids[name]).collect();
        assert_eq!(arrange::is_arranged(&graph, &[outputs]), expected, "{text}");
    };
    check("", "", true);
    check("a: ; b: ; c: a b; d: c", "d", true);
    check("a: ; b: a; c: ; d: b c; e: ; f: e; g: d f", "g", true);
    check("a: ; b: a; c: ; d: c", "b d", true);
    // what has more work behind it comes first
    check("a: ; b: ; c: b; d: a c", "d", false);
    // not right before it
    check("a: ; b: ; c: a; d: b c", "d", false);
    // taken twice
    check("a: ; b: a a", "b", false);
    check("a: ; b: a; c: a b", "c", false);
    // outputs in another order, twice, or taken by others
    check("a: ; b: ", "b a", false);
    check("a: ", "a a", false);
    check("a: ; b: a", "a b", false);
    // not needed
    check("a: ; b: ", "b", false);
    check("a: ; b: ", "", false);
}

/// The most results in memory at a time when `graph` runs in order of its ids.
fn peak(graph: &Graph, outputs: &[TaskId]) -> usize {
    let dependents = Dependents::of(graph);
    let mut uses: Vec<usize> = graph
        .tasks()
        .map(|(id, _)| dependents.of_task(id).len())
        .collect();
    outputs.iter().for_each(|id| uses[id.index()] += 1);
    let (mut held, mut peak) = (0_usize, 0);
    for (_, task) in graph.tasks() {
        held += 1;
        peak = peak.max(held);
        for input in task.inputs {
            uses[input.index()] -= 1;
            held -= usize::from(uses[input.index()] == 0);
        }
    }
    peak
}

/// A reduction of `parts` in a tree with at most eight inputs a task.
fn reduce(graph: &mut Graph, name: &str, mut parts: Vec<TaskId>) -> TaskId {
    while parts.len() > 1 {
        parts = parts
            .chunks(8)
            .map(|parts| add(graph, name, parts.to_vec()))
            .collect();
    }
    parts[0]
}

#[test]
fn means_of_shared_arrays_hold_few_chunks() {
    let mut graph = Graph::default();
    let chunks = |graph: &mut Graph, name: &str| -> Vec<TaskId> {
        (0..effort::of(512, 64))
            .map(|_| add(graph, name, vec![]))
            .collect()
    };
    let (u, v) = (chunks(&mut graph, "u"), chunks(&mut graph, "v"));
    let mut mean_of_product = |a: &[TaskId], b: &[TaskId]| {
        let products = a
            .iter()
            .zip(b)
            .map(|(a, b)| add(&mut graph, "product", vec![*a, *b]));
        let products = products.collect();
        reduce(&mut graph, "mean", products)
    };
    let outputs = vec![
        mean_of_product(&u, &u),
        mean_of_product(&v, &v),
        mean_of_product(&u, &v),
    ];
    let mut outputs = [outputs];
    let graph = arrange(graph, &mut outputs);
    // a chunk of `u`, one of `v`, and three trees of three levels with at most eight partial results each
    assert!(
        peak(&graph, &outputs[0]) <= 80,
        "{} results at a time",
        peak(&graph, &outputs[0])
    );
}

#[test]
fn a_chain_of_a_hundred_thousand_is_no_recursion() {
    const LEN: usize = effort::of(100_000, 100);
    let mut graph = Graph::default();
    let mut last = add(&mut graph, "start", vec![]);
    for _ in 0..LEN {
        last = add(&mut graph, "next", vec![last]);
    }
    let mut outputs = [vec![last]];
    let graph = arrange(graph, &mut outputs);
    assert_eq!(graph.len(), LEN + 1);
    assert_eq!(outputs[0][0].index(), LEN);
}

proptest! {
    #![proptest_config(effort::cases(256))]

    /// Trees as a walk makes them, in order of their ends.
    #[test]
    fn what_counts_as_in_order_is_so(arities in prop::collection::vec(0_usize..4, 1..60)) {
        let mut graph = Graph::default();
        let mut roots: Vec<TaskId> = Vec::new();
        for (idx, arity) in arities.iter().enumerate() {
            let inputs = roots.split_off(roots.len().saturating_sub(*arity));
            roots.push(add(&mut graph, &format!("t{idx}"), inputs));
        }
        let order = order::order(&graph, &roots);
        let is_arranged = arrange::is_arranged(&graph, &[roots]);
        prop_assert!(!is_arranged || order == graph.ids().collect::<Vec<_>>());
    }

    #[test]
    fn any_order_has_inputs_first_and_all_that_is_needed(
        edges in prop::collection::vec(prop::collection::vec(any::<prop::sample::Index>(), 0..4), 1..60),
        wanted in prop::collection::vec(any::<prop::sample::Index>(), 0..4),
    ) {
        let mut graph = Graph::default();
        let mut ancestors: Vec<HashSet<usize>> = Vec::new();
        for (idx, inputs) in edges.iter().enumerate() {
            let inputs: Vec<usize> = inputs.iter().filter(|_| idx > 0).map(|input| input.index(idx)).collect();
            let mut behind = HashSet::from([idx]);
            inputs.iter().for_each(|input| behind.extend(&ancestors[*input]));
            ancestors.push(behind);
            add(&mut graph, &format!("t{idx}"), inputs.into_iter().map(TaskId::new).collect());
        }
        let outputs: Vec<usize> = wanted.iter().map(|output| output.index(edges.len())).collect();
        let needed: HashSet<usize> = outputs.iter().flat_map(|output| &ancestors[*output]).copied().collect();
        let mut arranged = [outputs.iter().map(|idx| TaskId::new(*idx)).collect::<Vec<_>>()];
        let graph = arrange(graph, &mut arranged);

        let names: HashSet<String> = graph.tasks().map(|(id, _)| name(&graph, id).to_owned()).collect();
        prop_assert_eq!(names, needed.iter().map(|idx| format!("t{idx}")).collect::<HashSet<_>>());
        for (id, task) in graph.tasks() {
            prop_assert!(task.inputs.iter().all(|input| *input < id));
        }
        for (output, id) in outputs.iter().zip(&arranged[0]) {
            prop_assert_eq!(name(&graph, *id), format!("t{output}"));
        }
    }
}

/// Calls, each of which takes some before it, in one layer; what a call gives says what it was given.
fn calls(edges: &[Vec<prop::sample::Index>], is_keyed: &[bool]) -> Graph {
    let mut graph = Graph::default();
    let name = Name::of("call", 0);
    let layer = graph.add_call_layer(Layer {
        name,
        kind: LayerKind::Delayed,
        site: Site::caller(),
        detail: String::new(),
    });
    for (idx, inputs) in edges.iter().enumerate() {
        // The one right before it most of the time, so that there are lines.
        let inputs = inputs.iter().filter(|_| idx > 0).map(|input| {
            let back = input.index(idx + 3).saturating_sub(3);
            TaskId::new(idx - 1 - back.min(idx - 1))
        });
        let inputs: Vec<TaskId> = inputs.collect();
        let run = move |inputs: &[Value]| {
            let numbers = inputs.iter().filter_map(Value::downcast_ref::<u64>);
            let mixed = |sum: u64, number: &u64| sum.wrapping_mul(31).wrapping_add(*number);
            Ok(Value::new(numbers.fold(idx as u64 + 1, mixed)))
        };
        let call = DelayedNode::of_closure(name, Site::caller(), run);
        let id = graph.add_call(layer, Arc::new(call), &inputs);
        if is_keyed[idx % is_keyed.len()] {
            graph.set_key(id, Key::from(format!("key-{idx}")));
        }
    }
    graph
}

/// The values of all tasks, one after the other.
fn evaluate(graph: &Graph) -> Vec<u64> {
    let mut values: Vec<Value> = Vec::new();
    for (id, task) in graph.tasks() {
        let mut taken: Vec<Value> = task
            .inputs
            .iter()
            .map(|input| values[input.index()].clone())
            .collect();
        for part in task.parts {
            taken = vec![graph.runs_part(*part).run(&taken).expect("a value")];
        }
        values.push(graph.runs(id).run(&taken).expect("a value"));
    }
    let number = |value: &Value| *value.downcast_ref().expect("a number");
    values.iter().map(number).collect()
}

/// The most results, and their bytes, that are there at a time where one thread runs the tasks in order.
fn naive_peak(graph: &Graph, outputs: &[TaskId]) -> (usize, usize) {
    let is_there = |result: TaskId, now: TaskId| {
        let mut users = graph
            .tasks()
            .filter(|(_, task)| task.inputs.contains(&result))
            .peekable();
        let stays = users.peek().is_none() || outputs.contains(&result);
        result <= now && (stays || result == now || users.any(|(user, _)| user >= now))
    };
    let at = |now: TaskId| {
        let there = graph.ids().filter(|result| is_there(*result, now));
        let bytes: Vec<usize> = there.map(|result| graph.task(result).bytes).collect();
        (bytes.iter().sum(), bytes.len())
    };
    graph.ids().map(at).max().unwrap_or_default()
}

proptest! {
    #![proptest_config(effort::cases(256))]

    #[test]
    fn calls_in_one_task_give_what_they_gave(
        edges in prop::collection::vec(prop::collection::vec(any::<prop::sample::Index>(), 0..3), 1..effort::of(250, 60)),
        is_keyed in prop::collection::vec(prop::bool::weighted(0.02), 1..60),
        wanted in prop::collection::vec(any::<prop::sample::Index>(), 1..4),
    ) {
        let graph = calls(&edges, &is_keyed);
        let values = evaluate(&graph);
        let wanted: Vec<TaskId> = wanted.iter().map(|output| TaskId::new(output.index(edges.len()))).collect();
        let n_uses = |id: TaskId| {
            let inputs = graph.ids().flat_map(|id| graph.inputs(id).to_vec());
            inputs.chain(wanted.clone()).filter(|used| *used == id).count()
        };
        let mut outputs = [wanted.clone()];
        let fused = fuse(graph.clone(), &mut outputs);

        let fused_values = evaluate(&fused);
        for (id, output) in wanted.iter().zip(&outputs[0]) {
            prop_assert_eq!(fused_values[output.index()], values[id.index()]);
        }
        let mut calls = Vec::new();
        for (id, task) in fused.tasks() {
            prop_assert!(task.parts.len() < 100);
            prop_assert!(task.inputs.iter().all(|input| *input < id));
            let first = calls.len();
            calls.extend(task.parts.iter().map(|part| part.0 as usize));
            calls.push(fused.tasks[id.index()].number as usize);
            for pair in calls[first..].windows(2) {
                let (before, next) = (TaskId::new(pair[0]), TaskId::new(pair[1]));
                prop_assert_eq!(graph.inputs(next), [before]);
                prop_assert_eq!(n_uses(before), 1);
                prop_assert!(!graph.keys.contains_key(&before) && !graph.keys.contains_key(&next));
            }
        }
        calls.sort_unstable();
        prop_assert_eq!(calls, (0..edges.len()).collect::<Vec<_>>());
        prop_assert_eq!(fused.keys.len(), graph.keys.len());
    }

    #[test]
    fn the_peak_of_one_thread_is_that_of_the_order(
        edges in prop::collection::vec(prop::collection::vec(any::<prop::sample::Index>(), 0..4), 1..effort::of(40, 12)),
        sizes in prop::collection::vec(0_usize..5, 1..40),
        wanted in prop::collection::vec(any::<prop::sample::Index>(), 0..4),
    ) {
        let mut graph = calls(&edges, &[false]);
        for id in graph.ids() {
            graph.set_bytes(id, sizes[id.index() % sizes.len()]);
        }
        let outputs: Vec<TaskId> = wanted.iter().map(|output| TaskId::new(output.index(edges.len()))).collect();
        let peak = super::peak(&graph, &outputs, NonZero::<usize>::MIN);
        prop_assert_eq!((peak.bytes, peak.n_results), naive_peak(&graph, &outputs));
    }
}
