//! Task graphs.

use std::sync::Arc;

use dagbok::{Name, Site};
use dagbok_engine::graph::{Graph, Layer, LayerId, LayerKind, NewTask, TaskId};
use dagbok_engine::planner::Plan;
use dagbok_engine::render;
use expect_test::{Expect, expect};

use super::check_picture;

#[derive(Default)]
struct Builder(Graph);

impl Builder {
    fn layer(&mut self, operation: &str, kind: LayerKind, detail: &str) -> LayerId {
        let name = Name::of(operation, self.0.layers().len());
        self.0.add_layer(Layer {
            name,
            kind,
            site: Site::caller(),
            detail: detail.to_owned(),
        })
    }

    fn task(&mut self, layer: LayerId, block: &[u32], inputs: &[TaskId]) -> TaskId {
        self.0.add_task(NewTask {
            layer,
            block: block.into(),
            inputs: inputs.into(),
            run: Arc::new(|_: &[dagbok::Value]| unreachable!("nothing runs")),
            bytes: 0,
        })
    }

    fn plan(self, outputs: Vec<TaskId>) -> Plan {
        Plan {
            graph: self.0,
            outputs: vec![outputs],
        }
    }
}

/// `(x + x.T).sum(0)` over `n` by `n` chunks.
fn symmetric_sum(n: u32) -> Plan {
    let mut builder = Builder::default();
    let at = |tasks: &[TaskId], i: u32, j: u32| tasks[(i * n + j) as usize];
    let blocks = || (0..n).flat_map(|i| (0..n).map(move |j| (i, j)));
    let random = builder.layer("random", LayerKind::Array, "(100, 100) f64");
    let x: Vec<_> = blocks()
        .map(|(i, j)| builder.task(random, &[i, j], &[]))
        .collect();
    let transpose = builder.layer("transpose", LayerKind::Array, "(100, 100) f64");
    let t: Vec<_> = blocks()
        .map(|(i, j)| builder.task(transpose, &[i, j], &[at(&x, j, i)]))
        .collect();
    let add = builder.layer("add", LayerKind::Array, "(100, 100) f64");
    let sums: Vec<_> = blocks()
        .map(|(i, j)| builder.task(add, &[i, j], &[at(&x, i, j), at(&t, i, j)]))
        .collect();
    let sum = builder.layer("sum", LayerKind::Array, "(100,) f64");
    let outputs = (0..n)
        .map(|j| {
            let column: Vec<_> = (0..n).map(|i| at(&sums, i, j)).collect();
            builder.task(sum, &[j], &column)
        })
        .collect();
    builder.plan(outputs)
}

/// `n` delayed calls, each on its own file, merged.
fn merged(n: usize) -> Plan {
    let mut builder = Builder::default();
    let cleaned: Vec<_> = (0..n)
        .map(|_| {
            let load = builder.layer("load", LayerKind::Delayed, "");
            let load = builder.task(load, &[], &[]);
            let clean = builder.layer("clean", LayerKind::Delayed, "");
            builder.task(clean, &[], &[load])
        })
        .collect();
    let merge = builder.layer("merge", LayerKind::Delayed, "");
    let merge = builder.task(merge, &[], &cleaned);
    builder.plan(vec![merge])
}

/// `x + 1 + 1 + …`, `n` times.
fn chain(n: usize) -> Plan {
    let mut builder = Builder::default();
    let arange = builder.layer("arange", LayerKind::Array, "(10,) i64");
    let mut task = builder.task(arange, &[0], &[]);
    for _ in 0..n {
        let add = builder.layer("add", LayerKind::Array, "(10,) i64");
        task = builder.task(add, &[0], &[task]);
    }
    builder.plan(vec![task])
}

/// Each of `n` calls takes three of those before it.
fn tangle(n: usize) -> Plan {
    let mut builder = Builder::default();
    let mut tasks: Vec<TaskId> = Vec::new();
    for idx in 0..n {
        let layer = builder.layer(["a", "b", "c"][idx % 3], LayerKind::Delayed, "");
        let inputs: Vec<_> = [idx / 2, idx / 3, idx * 7 % idx.max(1)]
            .into_iter()
            .filter(|&input| input < idx)
            .map(|input| tasks[input])
            .collect();
        tasks.push(builder.task(layer, &[], &inputs));
    }
    let last = tasks[n - 1];
    builder.plan(vec![last])
}

#[track_caller]
fn check(plan: &Plan, expected: Expect) {
    let bundle = render::graph::bundle(plan);
    check_picture(&bundle);
    let plain = bundle.get("text/plain").expect("text");
    let (plain, _) = plain.split_once("\n(drawn without").unwrap_or((plain, ""));
    expected.assert_eq(plain);
}

#[test]
fn summaries_list_layers() {
    check(
        &symmetric_sum(2),
        expect![[r#"
            Task graph of 14 tasks in 4 layers
              random     4 tasks  (100, 100) f64
              transpose  4 tasks  (100, 100) f64  ← random
              add        4 tasks  (100, 100) f64  ← random, transpose
              sum        2 tasks  (100,) f64      ← add"#]],
    );
    check(
        &symmetric_sum(60),
        expect![[r#"
            Task graph of 10,860 tasks in 4 layers
              random     3,600 tasks  (100, 100) f64
              transpose  3,600 tasks  (100, 100) f64  ← random
              add        3,600 tasks  (100, 100) f64  ← random, transpose
              sum        60 tasks     (100,) f64      ← add"#]],
    );
}

#[test]
fn layers_of_a_kind_are_merged_where_there_are_many() {
    check(
        &merged(1000),
        expect![[r#"
            Task graph of 2,001 tasks in 2,001 layers
              load   1,000 layers, 1,000 tasks
              clean  1,000 layers, 1,000 tasks    ← load
              merge  1 task                       ← clean"#]],
    );
    check(
        &chain(10_000),
        expect![[r#"
            Task graph of 10,001 tasks in 10,001 layers
              arange  1 task                       (10,) i64
              add     10,000 layers, 10,000 tasks  (10,) i64  ← arange"#]],
    );
}

#[test]
fn layers_of_one_operation_are_told_apart_by_their_token() {
    let plain = render::graph::bundle(&chain(2));
    let plain = plain.get("text/plain").expect("text").to_owned();
    let titles: Vec<&str> = plain
        .lines()
        .skip(1)
        .take(3)
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert_eq!(titles[0], "arange");
    assert!(titles[1].starts_with("add-") && titles[2].starts_with("add-"));
    assert_ne!(titles[1], titles[2]);
}

#[test]
fn any_size_gives_a_picture() {
    for plan in [
        symmetric_sum(1),
        symmetric_sum(4),
        symmetric_sum(6),
        symmetric_sum(7),
        merged(0),
        merged(1),
        merged(60),
        chain(0),
        chain(11),
        chain(149),
        tangle(40),
        tangle(150),
        tangle(400),
    ] {
        check_picture(&render::graph::bundle(&plan));
    }
}

#[test]
fn small_graphs_show_tasks_and_large_ones_layers() {
    let check = |n, n_nodes| {
        let bundle = render::graph::bundle(&symmetric_sum(n));
        let svg = bundle.get("image/svg+xml").expect("SVG");
        assert_eq!(svg.matches("<title>").count(), n_nodes);
    };
    check(2, 14);
    check(4, 52);
    check(20, 4);
}

#[test]
fn names_are_escaped() {
    let mut builder = Builder::default();
    let layer = builder.layer("<b>&\"x'\u{1}ünï🦀", LayerKind::Delayed, "a < b");
    let task = builder.task(layer, &[], &[]);
    let bundle = render::graph::bundle(&builder.plan(vec![task]));
    check_picture(&bundle);
    assert!(!bundle.get("text/html").expect("HTML").contains("<b>"));
}

#[test]
fn a_graph_without_tasks_says_so() {
    let bundle = render::graph::bundle(&Builder::default().plan(vec![]));
    assert_eq!(bundle.get("text/plain"), Some("task graph: no tasks"));
}
