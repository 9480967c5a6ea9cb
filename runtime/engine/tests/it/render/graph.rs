//! Task graphs.

use std::sync::Arc;

use dagbok::prelude::*;
use dagbok::visualize::{Color, Level, Options, RankDir};
use dagbok::{Name, Site, Visualization};
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
            futures: Vec::new(),
            graph: self.0,
            outputs: vec![outputs],
            is_stale: false,
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

/// A graph in which each task takes some of those before it, wide or deep.
fn random(n: usize, seed: u64) -> Plan {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as usize % below
    };
    let mut builder = Builder::default();
    let mut tasks: Vec<TaskId> = Vec::new();
    let mut layer = builder.layer("first", LayerKind::Array, "");
    for idx in 0..n {
        if next(3) == 0 {
            let operation = ["add", "ünï<&\"🦀", "sum", "a;b#c"][next(4)];
            layer = builder.layer(operation, LayerKind::Array, "(1,) f64");
        }
        let n_inputs = next(4).min(idx);
        let inputs: Vec<TaskId> = (0..n_inputs).map(|_| tasks[next(idx)]).collect();
        tasks.push(builder.task(layer, &[idx as u32], &inputs));
    }
    builder.plan(tasks.split_off(n - 1))
}

const COLORS: [Color; 5] = [
    Color::Layer,
    Color::Order,
    Color::Age,
    Color::Memory,
    Color::Time,
];

#[test]
fn any_options_give_a_picture() {
    let rankdirs = [
        None,
        Some(RankDir::BottomToTop),
        Some(RankDir::LeftToRight),
        Some(RankDir::RightToLeft),
    ];
    for (seed, n) in [1, 2, 30, 160, 700].into_iter().enumerate() {
        let plan = random(n, seed as u64);
        for (color, rankdir) in COLORS.into_iter().zip(rankdirs.into_iter().cycle()) {
            let level = [Level::Fitting, Level::Layers][seed % 2];
            let options = Options {
                color,
                rankdir,
                level,
                ..Options::default()
            };
            check_picture(&render::graph::bundle_with(&plan, &options));
        }
    }
}

/// What nodes and legend say, in the order in which they are drawn.
fn texts(svg: &str) -> String {
    let texts = svg.split("<text").skip(1).filter_map(|text| {
        let (_, text) = text.split_once('>')?;
        Some(text.split_once('<')?.0)
    });
    texts.collect::<Vec<_>>().join(" | ")
}

fn check_colour(plan: &Plan, color: Color, expected: Expect) {
    let options = Options {
        color,
        ..Options::default()
    };
    expected.assert_eq(&texts(&render::graph::svg(plan, &options)));
}

#[test]
fn figures_are_written_on_nodes_and_explained() {
    check_colour(
        &merged(2),
        Color::Layer,
        expect!["load | clean | load | clean | merge"],
    );
    check_colour(
        &merged(2),
        Color::Order,
        expect![
            "load | #0 | clean | #1 | load | #2 | clean | #3 | merge | #4 | order of the tasks, from #0 (faint) to #4 (strong)"
        ],
    );
    check_colour(
        &merged(2),
        Color::Age,
        expect![
            "load | age 1 | clean | age 3 | load | age 1 | clean | age 1 | merge | age 1 | age of results, in tasks, from age 1 (faint) to age 3 (strong)"
        ],
    );
    check_colour(
        &merged(2),
        Color::Memory,
        expect![
            "load | not known | clean | not known | load | not known | clean | not known | merge | not known | expected bytes of results: nothing is known; .profile(&amp;measured) takes it from what profile(|| …) has measured"
        ],
    );
    check_colour(
        &symmetric_sum(20),
        Color::Order,
        expect![
            "400 | 400 | 400 | 400 | random | 400 tasks | (100, 100) f64 | #0 | transpose | 400 tasks | (100, 100) f64 | #400 | add | 400 tasks | (100, 100) f64 | #800 | sum | 20 tasks | (100,) f64 | #1,200 | order of the tasks, from #0 (faint) to #1,200 (strong)"
        ],
    );
}

#[test]
fn long_names_that_begin_alike_stay_apart() {
    let mut builder = Builder::default();
    let tasks: Vec<_> = (0..30)
        .map(|idx| {
            let name = format!("a quite long name for call number {idx}");
            let layer = builder.layer(&name, LayerKind::Delayed, "");
            builder.task(layer, &[], &[])
        })
        .collect();
    let svg = render::graph::svg(&builder.plan(tasks), &Options::default());
    let titles = texts(&svg);
    let titles: std::collections::HashSet<&str> = titles.split(" | ").collect();
    assert_eq!(titles.len(), 30, "{titles:?}");
    assert!(titles.contains("a quite lon… number 17"), "{titles:?}");
}

#[test]
fn a_graph_wider_than_a_page_is_scrolled_in_a_frame() {
    let check = |plan: &Plan, is_framed| {
        let bundle = render::graph::bundle(plan);
        let html = bundle.get("text/html").expect("HTML");
        let (figure, _) = html.split_once("<details>").expect("a figure");
        assert!(figure.contains("overflow:auto;max-height:"), "{figure}");
        let frame = "border:1px solid #808080";
        assert_eq!(figure.contains(frame), is_framed, "{figure}");
    };
    check(&merged(2), false);
    check(&merged(40), true);
}

#[test]
fn shades_grow_with_the_figure() {
    let options = Options {
        color: Color::Order,
        ..Options::default()
    };
    let svg = render::graph::svg(&chain(5), &options);
    let (_, nodes) = svg.split_once("<title>").expect("a node");
    let classes = nodes
        .split("class=\"v")
        .skip(1)
        .filter_map(|rest| rest.chars().next());
    assert!(classes.collect::<String>().starts_with("012345"), "{svg}");
}

#[test]
fn tasks_are_drawn_one_by_one_up_to_500() {
    let n_nodes = |n, level| {
        let options = Options {
            level,
            ..Options::default()
        };
        let bundle = render::graph::bundle_with(&symmetric_sum(n), &options);
        let svg = bundle.get("image/svg+xml").expect("SVG").to_owned();
        let html = bundle.get("text/html").expect("HTML").to_owned();
        (
            svg.matches("<title>").count(),
            html.contains("too many tasks"),
        )
    };
    assert_eq!(n_nodes(10, Level::Fitting), (4, false));
    assert_eq!(n_nodes(10, Level::Tasks), (310, false));
    assert_eq!(n_nodes(13, Level::Tasks), (4, true));
    assert_eq!(n_nodes(2, Level::Layers), (4, false));
}

/// The positions of the first and the last node of a chain.
fn ends(rankdir: RankDir) -> ((f64, f64), (f64, f64)) {
    let options = Options {
        rankdir: Some(rankdir),
        ..Options::default()
    };
    let svg = render::graph::svg(&chain(3), &options);
    let mut places = svg.split("</title>").skip(1).filter_map(|node| {
        let (_, text) = node.split_once("<text x=\"")?;
        let (x, rest) = text.split_once("\" y=\"")?;
        let (y, _) = rest.split_once('"')?;
        Some((x.parse().ok()?, y.parse().ok()?))
    });
    let first = places.next().expect("a node");
    (first, places.last().expect("another node"))
}

#[test]
fn arrows_run_as_asked() {
    let (first, last) = ends(RankDir::TopToBottom);
    assert!(last.1 > first.1 + 50.0);
    let (first, last) = ends(RankDir::BottomToTop);
    assert!(last.1 < first.1 - 50.0);
    let (first, last) = ends(RankDir::LeftToRight);
    assert!(last.0 > first.0 + 50.0);
    let (first, last) = ends(RankDir::RightToLeft);
    assert!(last.0 < first.0 - 50.0);
}

/// `text` with names' tokens and places of code left out.
fn plain_text(text: &str) -> String {
    let mut plain = String::new();
    for line in text.lines() {
        let line = match line.split_once(", tooltip=") {
            Some((start, rest)) => {
                let shape = rest.find(", shape=").expect("a shape");
                format!("{start}{}", &rest[shape..])
            }
            None => line.to_owned(),
        };
        plain.push_str(&line);
        plain.push('\n');
    }
    plain
}

#[test]
fn graphs_are_texts_in_other_languages() {
    let options = Options::default();
    expect![[r##"
        digraph {
          rankdir=TB; bgcolor=white; margin=0.22; fontname="Helvetica"; fontsize=12; labeljust=l;
          label="Task graph of 3 tasks in 3 layers";
          node [style="filled", fontname="Helvetica", fontsize=11]; edge [color="#57606a", fontname="Helvetica", fontsize=10, arrowsize=0.6];
          n0 [label="load", shape=octagon, style="filled", peripheries=1, color="#1f83c4", fillcolor="#1f83c429"];
          n1 [label="clean", shape=box, style="filled,rounded", peripheries=1, color="#d55e00", fillcolor="#d55e0029"];
          n2 [label="merge", shape=box, style="filled,rounded,bold", peripheries=2, color="#009e73", fillcolor="#009e7329"];
          n0 -> n1;
          n1 -> n2;
        }
    "##]].assert_eq(&plain_text(&render::graph::dot(&merged(1), &options)));
    expect![[r#"
        ---
        title: "Task graph of 3 tasks in 3 layers"
        ---
        flowchart TB
          n0{{"load"}}:::c0
          n1("clean"):::c1
          n2[["merge"]]:::c2
          n0 --> n1
          n1 --> n2
          classDef c0 fill:#1f83c429,stroke:#1f83c4
          classDef c1 fill:#d55e0029,stroke:#d55e00
          classDef c2 fill:#009e7329,stroke:#009e73
    "#]]
    .assert_eq(&render::graph::mermaid(&merged(1), &options));
    let options = Options {
        color: Color::Time,
        rankdir: Some(RankDir::LeftToRight),
        level: Level::Layers,
        ..Options::default()
    };
    expect![[r#"
        ---
        title: "Task graph of 14 tasks in 4 layers. Colours: time in tasks: nothing is known; `.profile(&measured)` takes it from what `profile(|| …)` has measured"
        ---
        flowchart LR
          n0{{"random<br/>4 tasks<br/>(100, 100) f64<br/>not known"}}:::u
          n1("transpose<br/>4 tasks<br/>(100, 100) f64<br/>not known"):::u
          n2("add<br/>4 tasks<br/>(100, 100) f64<br/>not known"):::u
          n3[["sum<br/>2 tasks<br/>(100,) f64<br/>not known"]]:::u
          n0 -->|"4"| n1
          n0 -->|"4"| n2
          n1 -->|"4"| n2
          n2 -->|"4"| n3
          classDef u fill:#80808000,stroke:#808080,stroke-dasharray:4 3
    "#]].assert_eq(&render::graph::mermaid(&symmetric_sum(2), &options));
}

#[test]
fn names_cannot_break_out_of_other_languages() {
    let mut builder = Builder::default();
    let layer = builder.layer("a\"];[x=\"\\&lt;\n#`🦀", LayerKind::Delayed, "");
    let task = builder.task(layer, &[], &[]);
    let plan = builder.plan(vec![task]);
    let mermaid = render::graph::mermaid(&plan, &Options::default());
    assert_eq!(mermaid.lines().count(), 6, "{mermaid}");
    assert!(
        mermaid.contains("a#34;]#59;[x=#34") && mermaid.contains("#35;#96;🦀"),
        "{mermaid}"
    );
    let dot = render::graph::dot(&plan, &Options::default());
    assert_eq!(
        dot.lines()
            .filter(|line| line.trim_start().starts_with("n0"))
            .count(),
        1,
        "{dot}"
    );
    assert!(dot.contains("a\\\"];[x=\\\"\\\\&amp;lt;"), "{dot}");
}

#[test]
fn the_files_ending_says_its_format() {
    let folder = tempfile::tempdir().expect("a folder");
    let x = delayed(1).map(|x| x + 1);
    let saved = |name: &str| {
        let path = folder.path().join(name);
        x.visualize_to(&path)
            .map(|()| std::fs::read(&path).expect("a file"))
    };
    let start = |name: &str| String::from_utf8_lossy(&saved(name).expect(name)[..12]).into_owned();
    dagbok_engine::install();
    assert_eq!(start("a.svg"), "<svg xmlns=\"");
    assert_eq!(start("a.DOT"), "digraph {\n  ");
    assert_eq!(start("a.gv"), "digraph {\n  ");
    assert_eq!(start("a.mmd"), "---\ntitle: \"");
    assert_eq!(start("a b.md"), "```mermaid\n-");
    let has_dot = std::process::Command::new("dot").arg("-V").output().is_ok();
    for (name, magic) in [("a.png", "PNG"), ("a.pdf", "%PDF"), ("a.jpg", "JFIF")] {
        match saved(name) {
            Ok(bytes) => assert!(
                String::from_utf8_lossy(&bytes[..12]).contains(magic),
                "{name}"
            ),
            Err(error) => {
                assert!(!has_dot, "{error}");
                assert!(
                    error.to_string().contains("`dot` is not installed"),
                    "{error}"
                );
            }
        }
    }
    for wrong in ["a.bmp", "a", ".svg", ""] {
        let error = x.visualize_to(wrong).expect_err("no such format");
        assert_eq!(error.kind(), ErrorKind::Value);
        let text = error.to_string();
        assert!(
            text.starts_with(&format!("cannot write a task graph to `{wrong}`: ")),
            "{text}"
        );
    }
    let error = saved("none/a.svg").expect_err("no such folder");
    assert_eq!(error.kind(), ErrorKind::Io);
}

#[test]
fn wrong_words_are_named() {
    dagbok_engine::install();
    let check = |draw: fn(Visualization) -> Visualization, expected: &str| {
        let graph = delayed(1).visualize().expect("a graph");
        let error = attempt(|| draw(graph)).expect_err("no such word");
        assert_eq!(error.kind(), ErrorKind::Value);
        assert_eq!(error.to_string(), expected);
    };
    check(
        |graph| graph.color("Order"),
        "`color` is `Order`, not one of `layer`, `order`, `age`, `memory`, `time`",
    );
    check(
        |graph| graph.rankdir(""),
        "`rankdir` is ``, not one of `TB`, `BT`, `LR`, `RL`",
    );
    check(
        |graph| graph.level("task"),
        "`level` is `task`, not one of `tasks`, `layers`",
    );
}

#[test]
fn what_was_measured_is_on_the_nodes() {
    dagbok_engine::install();
    let x = delayed(vec![1u64, 2]).map(|xs| xs.iter().sum::<u64>());
    let (_, measured) = profile(|| x.compute().expect("a sum"));
    let text = |graph: Visualization| {
        let bundle = graph.render();
        bundle.get("text/html").expect("HTML").to_owned()
    };
    let graph = x.visualize().expect("a graph");
    let unknown = text(graph.clone().color("time"));
    assert!(
        unknown.contains(
            "Colours: time in tasks: nothing is known; <code>.profile(&amp;measured)</code> takes it from"
        ),
        "{unknown}"
    );
    let known = text(graph.clone().color("time").profile(&measured));
    assert!(known.contains("Colours: time in tasks, from "), "{known}");
    let known = text(graph.color("memory").profile(&measured));
    assert!(
        known.contains("Colours: bytes of results, from 8 B (faint) to "),
        "{known}"
    );
}

#[test]
fn graphs_are_drawn_as_they_run_or_as_they_were_written() {
    dagbok_engine::install();
    let x = (arange(10) + 1) * 2;
    let headline = |graph: &Visualization| {
        let bundle = graph.render();
        bundle
            .get("text/plain")
            .expect("text")
            .lines()
            .next()
            .map(str::to_owned)
    };
    let graph = x.visualize().expect("a graph");
    assert_eq!(
        headline(&graph).as_deref(),
        Some("Task graph of 1 task in 1 layer")
    );
    let whole = graph.optimize_graph(false);
    assert_eq!(
        headline(&whole).as_deref(),
        Some("Task graph of 3 tasks in 3 layers")
    );
    let (a, b) = (arange(3), arange(4));
    let both = visualize_all(&[&a, &b]).expect("a graph");
    assert_eq!(
        headline(&both).as_deref(),
        Some("Task graph of 2 tasks in 2 layers")
    );
    let [a, b] = compute_all([a.sum(()), b.sum(())]).expect("sums");
    assert_eq!(
        (a.item::<i64>().ok(), b.item::<i64>().ok()),
        (Some(3), Some(6))
    );
}
