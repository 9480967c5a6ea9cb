//! Graphs in the open: by hand, and as mappings of keys to tasks.

use std::collections::HashSet;
use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dagbok::graph::{GraphBuilder, Key};
use dagbok::prelude::*;
use expect_test::{Expect, expect};
use proptest::prelude::{any, prop, prop_assert_eq, proptest};
use proptest::sample;

fn inc(x: &i64) -> i64 {
    x + 1
}

/// `x = 1`, `y = x + 10`, `w = y`, `z = x + y + w`.
fn xyz() -> GraphBuilder {
    Graph::builder()
        .task("z", ["x", "y", "w"], |all: &[i64]| all.iter().sum::<i64>())
        .alias("w", "y")
        .task("y", "x".to_owned(), |x: &i64| x + 10)
        .value("x", 1_i64)
}

#[track_caller]
fn built(builder: GraphBuilder) -> Graph {
    dagbok_engine::install();
    builder.build().expect("a graph")
}

#[track_caller]
fn check<T: Clone + Debug + PartialEq + Send + Sync + 'static>(
    builder: GraphBuilder,
    key: impl Into<Key>,
    expected: T,
) {
    let value: T = built(builder).get(key).expect("a value");
    assert_eq!(value, expected);
}

/// The mistake in `builder`, without the places.
#[track_caller]
fn check_mistake(builder: GraphBuilder, kind: ErrorKind, expected: Expect) {
    let error = builder.build().expect_err("a mistake");
    assert_eq!(error.kind(), kind, "{error}");
    expected.assert_eq(&without_places(&error.to_string()));
}

#[track_caller]
fn check_error<T: Debug>(result: dagbok::Result<T>, kind: ErrorKind, expected: Expect) {
    let error = result.expect_err("a mistake");
    assert_eq!(error.kind(), kind, "{error}");
    expected.assert_eq(&without_places(&error.to_string()));
}

/// `text` with `HERE` for each place in this file.
fn without_places(text: &str) -> String {
    let mut parts = text.split(file!());
    let mut clean = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        clean.push_str("HERE");
        clean.push_str(
            part.trim_start_matches(':')
                .trim_start_matches(|c: char| c.is_ascii_digit()),
        );
    }
    clean
}

#[test]
fn values_of_keys() {
    check(xyz(), "z", 23_i64);
    check(xyz(), "w", 11_i64);
    check(xyz(), "x", 1_i64);
    assert_eq!(
        built(xyz()).get_all::<i64>(["z", "x", "z", "w"]).unwrap(),
        [23, 1, 23, 11]
    );
    check(
        Graph::builder().task("a", (), || "text".to_owned()),
        "a",
        "text".to_owned(),
    );
    let of_four = Graph::builder()
        .value("n", 2_usize)
        .value("word", "ab".to_owned())
        .value("sign", '!')
        .value("times", 1.5)
        .task(
            "all",
            ["n", "word", "sign", "times"],
            |n: &usize, word: &String, sign: &char, times: &f64| {
                format!("{}{sign}{times}", word.repeat(*n))
            },
        );
    check(of_four, "all", "abab!1.5".to_owned());
    let nothing = Graph::builder().task("sum", (), |all: &[i64]| all.iter().sum::<i64>());
    check(nothing, "sum", 0_i64);
    let twice = Graph::builder()
        .value("x", 3_i64)
        .task("y", ["x", "x"], |a: &i64, b: &i64| a * b);
    check(twice, "y", 9_i64);
}

#[test]
fn keys_with_numbers() {
    let mut builder = Graph::builder().value(("x", 0), 1_i64);
    for idx in 1..100 {
        builder = builder.task(("x", idx), ("x", idx - 1), inc);
    }
    let graph = built(builder.alias("last", ("x", 99)));
    assert_eq!(graph.get::<i64>("last").unwrap(), 100);
    assert_eq!(graph.get::<i64>("('x', 41)").unwrap(), 42);
    assert_eq!(graph[("x", 7)].dependencies, [Key::from(("x", 6))]);
    assert!(graph.contains_key(("x", 99)) && !graph.contains_key("x"));
    let layers = graph.layers();
    let layers: Vec<_> = layers
        .iter()
        .map(|layer| (layer.name.operation(), layer.n_tasks))
        .collect();
    assert_eq!(layers, [("x", 1), ("x", 99), ("last", 1)]);
}

#[test]
fn what_is_shared_is_computed_once_and_what_is_not_needed_is_not() {
    let ran = Arc::new(AtomicUsize::new(0));
    let (first, never) = (ran.clone(), ran.clone());
    let graph = built(
        Graph::builder()
            .task("a", (), move || first.fetch_add(1, Ordering::SeqCst))
            .task("b", "a", |a: &usize| a + 1)
            .task("c", "a", |a: &usize| a + 2)
            .task("d", ["b", "c"], |b: &usize, c: &usize| b + c)
            .task("never", "d", move |_: &usize| {
                never.fetch_add(1000, Ordering::SeqCst)
            }),
    );
    assert_eq!(graph.get_all::<usize>(["d", "b", "a"]).unwrap(), [3, 1, 0]);
    assert_eq!(ran.load(Ordering::SeqCst), 1);
    let culled = graph.cull("d").unwrap();
    assert_eq!((graph.len(), culled.len()), (5, 4));
    assert!(!culled.contains_key("never"));
    assert_eq!(culled.get::<usize>("b").unwrap(), 2);
}

#[test]
fn collections_and_graphs_by_hand_mix() {
    let x = arange(10).rechunk(3);
    let frame = df! { "a" => [1, 2, 3] }.unwrap().lazy();
    let call = delayed(5).map(|x| x * 2);
    let graph = built(
        Graph::builder()
            .array("x", &x)
            .frame("table", &frame)
            .delayed("call", &call)
            .task(
                "all",
                ["x", "table", "call"],
                |x: &NdArray, table: &DataFrame, call: &i32| {
                    format!("{:?} {:?} {call}", x.shape(), table.shape())
                },
            ),
    );
    assert_eq!(graph.get::<String>("all").unwrap(), "[10] (3, 1) 10");
    let y = graph.delayed::<i32>("call").unwrap().zip(&call);
    assert_eq!(y.compute().unwrap(), (10, 10));
    // the tasks behind what was added have keys, too
    let dependencies = &graph["call"].dependencies;
    assert_eq!(graph.get::<i32>(&dependencies[0]).unwrap(), 10);
    assert_eq!(
        graph
            .delayed::<i32>(&dependencies[0])
            .unwrap()
            .compute()
            .unwrap(),
        10
    );
}

#[test]
fn a_graph_in_a_graph_has_keys_of_its_own() {
    let inner = built(Graph::builder().value("x", 1_i64).task("y", "x", inc));
    let graph = built(
        Graph::builder()
            .delayed("inner", &inner.delayed::<i64>("y").unwrap())
            .value("x", 100_i64)
            .task("y", ["x", "inner"], |x: &i64, inner: &i64| x + inner),
    );
    assert_eq!(
        graph.get_all::<i64>(["x", "y", "inner"]).unwrap(),
        [100, 102, 2]
    );
    assert_eq!(graph["x"].dependents, [Key::from("y")]);
    assert_eq!(graph["y"].dependencies.len(), 2);
    assert_eq!(graph.cull("y").unwrap().get::<i64>("y").unwrap(), 102);
}

/// Whether each task of `graph` has a key that no other has, under which it is found.
#[track_caller]
fn check_keys(graph: &Graph) {
    let keys: HashSet<Key> = graph.toposort().into_iter().collect();
    assert_eq!(keys.len(), graph.len(), "{:?}", graph.toposort());
    assert_eq!(keys, graph.keys().into_iter().collect());
    for task in graph.iter() {
        assert_eq!(graph[&task.key].key, task.key);
        assert!(!task.dependencies.contains(&task.key), "{task:?}");
        assert!(keys.is_superset(&task.dependencies.iter().cloned().collect()));
        assert!(keys.is_superset(&task.dependents.iter().cloned().collect()));
    }
}

#[test]
fn tasks_have_keys_of_their_own() {
    let inner = Graph::builder().value("x", 2_i64);
    let inner = built(inner.task("y", "x", |x: &i64| x * 10));
    for key in ["y", "q"] {
        let outer = Graph::builder()
            .value("x", 3_i64)
            .delayed(key, &inner.delayed::<i64>("y").unwrap())
            .task("z", ["x", key], |x: &i64, y: &i64| x * 1000 + y);
        let outer = built(outer);
        check_keys(&outer);
        check_keys(&outer.optimize().unwrap());
        check_keys(&outer.cull("z").unwrap());
        let culled = outer.cull(key).unwrap();
        check_keys(&culled);
        assert_eq!((culled.len(), culled.contains_key("x")), (3, false));
        assert_eq!(culled.get::<i64>(key).unwrap(), 20);
        assert_eq!(outer.cull("z").unwrap().get::<i64>("x").unwrap(), 3);
        // what was taken in is found by the key that it has there
        let taken_in = &outer[key].dependencies[0];
        assert_eq!(outer.get::<i64>(taken_in).unwrap(), 20);
        let outermost = built(Graph::builder().delayed("z", &outer.delayed::<i64>("z").unwrap()));
        check_keys(&outermost);
        assert_eq!(outermost.get::<i64>("z").unwrap(), 3020);
    }
    // two graphs behind one call, of which only one can have its keys
    let other = built(Graph::builder().value("y", 5_i64));
    let (y, z) = (
        inner.delayed::<i64>("y").unwrap(),
        other.delayed::<i64>("y").unwrap(),
    );
    let both = y.zip(&z).graph().unwrap();
    check_keys(&both);
    assert_eq!(both.get::<i64>("y").unwrap(), 20);
    check_keys(&graph_of((&z, &y)).unwrap());
    assert_eq!(graph_of((&z, &y)).unwrap().get::<i64>("y").unwrap(), 5);
}

#[test]
fn names_of_collections_are_keys_for_others() {
    dagbok_engine::install();
    let call = delayed(5_i64).map(|x| x * 2);
    let x = arange(10).rechunk(3);
    let total = x.sum(());
    let chunk = Key::from((x.name().to_string(), 0));
    let taken_in = Graph::builder()
        .delayed(call.name(), &call)
        .array(total.name(), &total)
        .array(x.name(), &x)
        .task(&chunk, total.name(), |total: &NdArray| total.len());
    let graph = built(taken_in);
    check_keys(&graph);
    check_keys(&graph.cull(&chunk).unwrap());
    assert_eq!(graph.get::<i64>(call.name()).unwrap(), 10);
    assert_eq!(graph.get::<usize>(&chunk).unwrap(), 1);
    assert_eq!(
        graph
            .get::<NdArray>(total.name())
            .unwrap()
            .item::<i64>()
            .unwrap(),
        45
    );
    let again = call.graph().unwrap().delayed::<i64>(call.name()).unwrap();
    check_keys(&graph_of((&again, &call, &again.zip(&call))).unwrap());
}

#[test]
fn a_mapping_of_keys_to_tasks() {
    let graph = built(xyz());
    let names = |keys: &[Key]| {
        keys.iter()
            .map(Key::to_string)
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(graph.len(), 4);
    assert_eq!(names(&graph.keys()), "z w y x");
    assert_eq!(names(&graph.toposort()), "x y w z");
    let tasks = graph.iter().map(|task| {
        format!(
            "{} <- {} -> {}, {:?}",
            task.key,
            names(&task.dependencies),
            names(&task.dependents),
            task.bytes
        )
    });
    expect![[r#"
        x <-  -> y z, Some(8)
        y <- x -> w z, None
        w <- y -> z, None
        z <- x y w -> , None"#]]
    .assert_eq(&tasks.collect::<Vec<_>>().join("\n"));
    assert!(graph["y"].site.to_string().contains("mapping.rs:"));
    assert_eq!(format!("{graph:?}"), "Graph(4 tasks)");
    let shown = graph.render();
    expect![[r#"
        Task graph of 4 tasks in 4 layers
          x  1 task
          y  1 task    ← x
          w  1 task    ← y
          z  1 task    ← x, y, w"#]]
    .assert_eq(shown.get("text/plain").expect("text"));
    crate::render::check_picture(&shown);
}

#[test]
fn long_keys_are_shortened_where_they_are_shown() {
    dagbok_engine::install();
    let key = |end: &str| "x".repeat(5000) + end;
    let builder = Graph::builder().value(key("a"), 1);
    let builder = builder.task("q", [key("a")], |x: &i32| x + 1);
    let graph = builder.task(key("b"), ["q"], |x: &i32| *x).build().unwrap();
    expect![[r#"
        Task graph of 3 tasks in 3 layers
          xxxxxxxxxxxxxxxxxxxx…xxxxxxxxxxxxxxxxxxa  1 task
          q                                         1 task    ← xxxxxxxxxxxxxxxxxxxx…xxxxxxxxxxxxxxxxxxa
          xxxxxxxxxxxxxxxxxxxx…xxxxxxxxxxxxxxxxxxb  1 task    ← q"#]]
    .assert_eq(graph.render().get("text/plain").expect("text"));
}

#[test]
fn collections_as_mappings() {
    dagbok_engine::install();
    let x = ones([4, 4]).rechunk([2, 2]);
    let total = (&x + 1).sum(());
    let graph = total.graph().unwrap();
    let key = Key::from(total.name());
    assert_eq!(
        graph.get::<NdArray>(&key).unwrap().item::<f64>().unwrap(),
        32.0
    );
    assert_eq!(graph[(x.name().to_string(), 1, 0)].bytes, Some(32));
    assert_eq!(
        graph
            .get::<NdArray>((x.name().to_string(), 1, 0))
            .unwrap()
            .shape(),
        [2, 2]
    );
    let order = graph.toposort();
    let place = |key: &Key| order.iter().position(|known| known == key);
    for task in graph.iter() {
        assert!(
            task.dependencies
                .iter()
                .all(|input| place(input) < place(&task.key))
        );
        for dependent in &task.dependents {
            assert!(graph[dependent].dependencies.contains(&task.key));
        }
    }
    let layers = graph.layers();
    assert_eq!(
        layers.iter().map(|layer| layer.n_tasks).sum::<usize>(),
        graph.len()
    );
    assert!(layers.iter().any(|layer| layer.dependencies == [*x.name()]));
    let optimized = graph.optimize().unwrap();
    assert!(optimized.len() < graph.len());
    assert_eq!(
        optimized
            .get::<NdArray>(&key)
            .unwrap()
            .item::<f64>()
            .unwrap(),
        32.0
    );

    let frame = df! { "a" => [1, 2, 3] }.unwrap().lazy();
    let graph = graph_of((&frame, delayed(1))).unwrap();
    assert_eq!(graph.len(), 2);
    assert_eq!(
        graph.get::<DataFrame>(&graph.keys()[0]).unwrap().height(),
        3
    );
    assert!(graph_of(Vec::<Array>::new()).unwrap().is_empty());
}

#[test]
fn mistakes_in_graphs_by_hand_are_named() {
    let graph = || Graph::builder().value("x", 1_i64);
    check_mistake(
        Graph::builder(),
        ErrorKind::Value,
        expect![[
            r#"the graph has no keys: add some with `value` or `task`, so that there is something to get"#
        ]],
    );
    check_mistake(
        graph().value("x", 2),
        ErrorKind::Key,
        expect![[r#"the key `x` is given twice: at HERE and at HERE"#]],
    );
    check_mistake(
        graph().task("y", "X", inc),
        ErrorKind::Key,
        expect![[
            r#"`y` takes `X`, and the graph has no such key (did you mean `x`?); made at HERE"#
        ]],
    );
    check_mistake(
        graph().task("y", "nothing like it", inc),
        ErrorKind::Key,
        expect![[r#"`y` takes `nothing like it`, and the graph has no such key; made at HERE"#]],
    );
    check_mistake(
        graph().value("load-1", 0).task("y", "load-9", inc),
        ErrorKind::Key,
        expect![[
            r#"`y` takes `load-9`, and the graph has no such key (did you mean `load-1`?); made at HERE"#
        ]],
    );
    check_mistake(
        graph().alias("y", ("x", 0)),
        ErrorKind::Key,
        expect![[
            r#"`y` is an alias of `('x', 0)`, and the graph has no such key (did you mean `x`?); made at HERE"#
        ]],
    );
    check_mistake(
        graph().alias("y", "y"),
        ErrorKind::Value,
        expect![[r#"`y` is an alias of itself, made at HERE"#]],
    );
    check_mistake(
        graph().task("y", "y", inc),
        ErrorKind::Value,
        expect![[r#"the graph has a cycle: `y` takes `y`; `y` is made at HERE"#]],
    );
    let cycle = graph()
        .task("a", ["x", "d"], |x: &i64, d: &i64| x + d)
        .task("b", "a", inc)
        .alias("c", "b")
        .task("d", "c", inc);
    check_mistake(
        cycle,
        ErrorKind::Value,
        expect![[
            r#"the graph has a cycle: `a` takes `d`, which takes `c`, which takes `b`, which takes `a`; `a` is made at HERE"#
        ]],
    );
    check_mistake(
        graph().task("y", "x", |x: &String| x.len()),
        ErrorKind::Value,
        expect![[r#"the task of `y` takes `x` as `String`, but that is `i64`; made at HERE"#]],
    );
    check_mistake(
        Graph::builder().value("x", 1).task("y", "x", inc),
        ErrorKind::Value,
        expect![[
            r#"the task of `y` takes `x` as `i64`, but that is `i32` (a number has that type unless it is written with another, as `1_i64`); made at HERE"#
        ]],
    );
    let through_alias = graph()
        .alias("w", "x")
        .task("y", ["w"], |all: &[f64]| all.len());
    check_mistake(
        through_alias,
        ErrorKind::Value,
        expect![[r#"the task of `y` takes `w` as `f64`, but that is `i64`; made at HERE"#]],
    );
    let list = Graph::builder().value("x", vec![1_i64]);
    check_mistake(
        list.task("y", "x", |x: &[i64]| x.len()),
        ErrorKind::Value,
        expect![[
            r#"the task of `y` takes `x` as `i64`, but that is `Vec<i64>` (a slice takes the values of all keys; one list is a `&Vec<i64>`); made at HERE"#
        ]],
    );
    check_mistake(
        graph().task("y", ["x", "x"], inc),
        ErrorKind::Value,
        expect![[r#"the task of `y` takes 1 value and is given 2 keys; made at HERE"#]],
    );
    check_mistake(
        graph().task("y", (), inc),
        ErrorKind::Value,
        expect![[r#"the task of `y` takes 1 value and is given 0 keys; made at HERE"#]],
    );
}

#[test]
fn a_long_cycle_is_written_out_in_part() {
    let mut builder = Graph::builder().task(("x", 0), [("x", 2000)], inc);
    for idx in 1..=2000 {
        builder = builder.task(("x", idx), [("x", idx - 1)], inc);
    }
    let text = builder.build().unwrap_err().to_string();
    assert!(
        text.contains("`('x', 0)` takes `('x', 2000)`, which takes `('x', 1999)`"),
        "{text}"
    );
    let left_out = "`('x', 1982)`, which takes 1981 others one after the other, the last of which takes `('x', 0)`";
    assert!(text.contains(left_out), "{text}");
}

#[test]
fn mistakes_in_asking_are_named() {
    let graph = built(xyz());
    check_error(
        graph.get::<i64>("Z"),
        ErrorKind::Key,
        expect![[r#"the graph has no key `Z` (did you mean `z`?)"#]],
    );
    check_error(
        graph.get::<i64>("something else"),
        ErrorKind::Key,
        expect![[r#"the graph has no key `something else`"#]],
    );
    check_error(
        graph.get::<i32>("z"),
        ErrorKind::Value,
        expect![[r#"the value of `z` is `i64`, not `i32`"#]],
    );
    check_error(
        graph.get_all::<i64>(()),
        ErrorKind::Value,
        expect![[r#"no key is asked for: name at least one key of the graph"#]],
    );
    check_error(
        graph.get_all::<i64>(["x", "v"]),
        ErrorKind::Key,
        expect![[r#"the graph has no key `v`"#]],
    );
    check_error(
        graph.delayed::<String>("x"),
        ErrorKind::Value,
        expect![[r#"the value of `x` is `i64`, not `String`"#]],
    );
    check_error(
        graph.get_task("v").map(|_| ()),
        ErrorKind::Key,
        expect![[r#"the graph has no key `v`"#]],
    );
    check_error(
        attempt(|| graph["v"].clone()),
        ErrorKind::Key,
        expect![[r#"the graph has no key `v`"#]],
    );
    check_error(
        graph.cull(()),
        ErrorKind::Value,
        expect![[r#"no key is asked for: name at least one key of the graph"#]],
    );
    let total = arange(6).rechunk(2).sum(());
    let graph = total.graph().unwrap();
    let error = graph.get::<i64>(total.name()).unwrap_err().to_string();
    assert!(error.ends_with("` is `NdArray`, not `i64`"), "{error}");
    let error = graph.get_task("sum-3").unwrap_err().to_string();
    assert!(
        error.contains("did you mean `sum-") || error.contains("did you mean `('sum-"),
        "{error}"
    );
}

#[test]
fn a_failing_task_is_named_by_its_key() {
    let graph = built(
        Graph::builder()
            .value("text", "12x".to_owned())
            .try_task(("number", 3), "text", |text: &String| text.parse::<i64>())
            .task("double", [("number", 3)], |x: &i64| x * 2),
    );
    check_error(
        graph.get::<i64>("double"),
        ErrorKind::Task,
        expect![[r#"
            `number` failed: invalid digit found in string
              task `('number', 3)`, made at HERE
              inputs: `text` (String, 27 B)"#]],
    );
}

#[test]
fn a_graph_of_many_keys() {
    let n = 100_000;
    let mut builder = Graph::builder().value("x-0", 0_i64);
    for idx in 1..n {
        builder = builder.task(format!("x-{idx}"), vec![format!("x-{}", idx - 1)], inc);
    }
    let graph = built(builder);
    assert_eq!(graph.get::<i64>("x-99999").unwrap(), 99_999);
    assert_eq!(graph.len(), n);
    assert_eq!(graph["x-50000"].dependents, [Key::from("x-50001")]);
    assert_eq!(graph.keys().len(), n);
}

#[test]
fn a_graph_is_used_by_several_threads() {
    let graph = built(xyz());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for key in ["x", "y", "w", "z"] {
                    assert_eq!(graph[key].key, Key::from(key));
                }
                assert_eq!(graph.get::<i64>("z").unwrap(), 23);
            });
        }
    });
}

proptest! {
    #[test]
    fn graphs_by_hand_give_what_a_naive_evaluator_gives(
        edges in prop::collection::vec(prop::collection::vec(any::<sample::Index>(), 0..4), 1..40),
        shuffle in any::<u64>(),
        wanted in prop::collection::vec(any::<sample::Index>(), 1..5),
    ) {
        dagbok_engine::install();
        let mut values: Vec<i64> = Vec::new();
        let mut tasks: Vec<(String, Vec<String>)> = Vec::new();
        for (idx, inputs) in edges.iter().enumerate() {
            let inputs: Vec<usize> = inputs.iter().filter(|_| idx > 0).map(|input| input.index(idx)).collect();
            values.push(inputs.iter().fold(1, |sum: i64, input| sum.wrapping_mul(3).wrapping_add(values[*input])));
            tasks.push((format!("k{idx}"), inputs.iter().map(|input| format!("k{input}")).collect()));
        }
        tasks.sort_by_key(|(key, _)| key.bytes().fold(shuffle, |hash, byte| hash.wrapping_mul(31) ^ u64::from(byte)));
        let builder = tasks.into_iter().fold(Graph::builder(), |builder, (key, inputs)| {
            builder.task(key, inputs, |all: &[i64]| {
                all.iter().fold(1_i64, |sum, x| sum.wrapping_mul(3).wrapping_add(*x))
            })
        });
        let graph = builder.build().unwrap();
        let wanted: Vec<usize> = wanted.iter().map(|wanted| wanted.index(values.len())).collect();
        let keys: Vec<String> = wanted.iter().map(|idx| format!("k{idx}")).collect();
        let expected: Vec<i64> = wanted.iter().map(|idx| values[*idx]).collect();
        prop_assert_eq!(graph.get_all::<i64>(&keys).unwrap(), expected.clone());
        prop_assert_eq!(graph.cull(&keys).unwrap().get_all::<i64>(&keys).unwrap(), expected);
    }
}
