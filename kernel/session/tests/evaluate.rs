//! Cells through the native evaluator, with a real compiler and a real session process.

mod support;

use dagbok_kernel::evaluate::native::Toolchain;
use dagbok_kernel::runtime_files::RuntimeFiles;
use expect_test::expect;
use support::{Session, check_cells};

#[test]
fn expressions_and_statements() {
    check_cells(
        r#"1 + 1 ||| let x = 2; ||| x * 21 ||| x; ||| () ||| println!("a {x}"); print!("b") ||| eprint!("c") |||
        let (a, mut b) = (1u8, vec!["s"]); b.push("t"); b ||| b.push("u"); (a, b.len()) |||
        let v: Vec<String> = vec![]; v ||| if x > 1 { "big" } else { "small" } ||| // nothing
        ||| for i in 0..2 { println!("{i}"); } ||| x = 3; ||| struct Opaque; Opaque ||| loop { break 7 } ||| "5".parse::<i32>()? + 1"#,
        expect![[r#"
            1: =2
            3: =42
            6: stdout "a 2\nb"
            7: stderr "c"
            8: =["s", "t"]
            9: =(1, 3)
            10: =[]
            11: ="big"
            13: stdout "0\n1\n"
            14: error[E0594]: cannot assign to `x`, as it is not declared as mutable
             --> cell 14:1:1
              |
            1 | x = 3;
              | ^^^^^ cannot assign
            15: =a value of type `Opaque` cannot be displayed
            16: =7
            17: =6"#]],
    );
}

#[test]
fn variables_live_on() {
    check_cells(
        r#"use std::collections::HashMap; let mut ages: HashMap<&str, i32> = HashMap::new(); |||
        ages.insert("ada", 36); ages.len() ||| let ages = ages.into_values().sum::<i32>(); ||| ages |||
        let ages = vec![ages]; let copy = &ages; ||| copy ||| drop(ages); ||| ages |||
        let f = |x: i32| x + 1; f(1) ||| f(2) ||| let g: Box<dyn Fn(i32) -> i32> = Box::new(|x| x + 2); let h: fn(&str) -> usize = str::len; ||| g(h("abc")) |||
        let mut n = 1; ||| n += 1; panic!("half-way {n}"); ||| n ||| n += 5; Err("no luck")?; ||| n |||
        let t = std::thread::spawn(move || n); t.join().unwrap() ||| let r = std::sync::Arc::new(std::sync::Mutex::new(1.5)); ||| *r.lock().unwrap() += 1.0; r |||
        let late; if n > 0 { late = "yes" } else { late = "no" } ||| late"#,
        expect![[r#"
            2: =1
            4: =36
            6: error[E0425]: cannot find value `copy` in this scope
             --> cell 6:1:1
              |
            1 | copy
              | ^^^^ not found in this scope
              |
              = note: `copy` of cell 5 was not kept, because it borrows from another variable; a clone would be kept
            8: error[E0425]: cannot find value `ages` in this scope
             --> cell 8:1:1
              |
            1 | ages
              | ^^^^ not found in this scope
              |
              = note: `ages` was moved in cell 7
            9: =2
            10: =3
            12: error[E0308]: mismatched types
             --> cell 12:1:3
              |
            1 | g(h("abc"))
              | - ^^^^^^^^ expected `i32`, found `usize`
              | |
              | arguments to this function are incorrect
              |
            help: you can convert a `usize` to an `i32` and panic if the converted value doesn't fit
              |
            1 | g(h("abc").try_into().unwrap())
              |           ++++++++++++++++++++
            14: Panic: half-way 2
             --> cell 14, line 1
              | n += 1; panic!("half-way {n}");
            15: =2
            16: Error: no luck
             --> cell 16, line 1
              | n += 5; Err("no luck")?;
            17: =7
            18: =7
            20: =Mutex { data: 2.5, poisoned: false, .. }
            22: ="yes""#]],
    );
}

#[test]
fn items_across_cells() {
    check_cells(
        r#"fn double(x: i32) -> i32 { x * 2 } ||| double(21) ||| fn quad(x: i32) -> i32 { double(double(x)) } ||| quad(1) |||
        fn double(x: i32) -> i32 { x * 3 } ||| quad(1) |||
        #[derive(Debug, Clone, PartialEq)] struct Point { x: f64, y: f64 }
        impl Point { fn norm(&self) -> f64 { self.x.hypot(self.y) } } ||| let p = Point { x: 3.0, y: 4.0 }; ||| p.norm() ||| p |||
        trait Area { fn area(&self) -> f64; } impl Area for Point { fn area(&self) -> f64 { self.x * self.y } } ||| Point { x: 2.0, y: 4.0 }.area() |||
        #[derive(Debug)] enum Shape { Circle(f64), Square { side: f64 } } use Shape::*; ||| let s = vec![Circle(1.0), Square { side: 2.0 }]; ||| s |||
        macro_rules! triple { ($e:expr) => { double($e) } } ||| triple!(4) ||| use std::sync::atomic::{AtomicU32, Ordering}; static COUNT: AtomicU32 = AtomicU32::new(0); ||| COUNT.fetch_add(1, Ordering::SeqCst); ||| COUNT.load(Ordering::SeqCst) |||
        mod m { pub fn f() -> &'static str { "m::f" } } ||| m::f() ||| fn largest<T: PartialOrd + Copy>(v: &[T]) -> T { let mut m = v[0]; for &x in v { if x > m { m = x } } m } ||| largest(&[1.5, 9.5]) |||
        const K: usize = 3; type Row = [u8; K]; ||| let row: Row = [1; K]; row ||| union Bits { f: f32, u: u32 } unsafe { Bits { f: 1.0 }.u }"#,
        expect![[r#"
            2: =42
            4: =4
            6: =9
            9: =5.0
            10: =Point { x: 3.0, y: 4.0 }
            12: =8.0
            15: =[Circle(1.0), Square { side: 2.0 }]
            17: =12
            20: =1
            22: ="m::f"
            24: =9.5
            26: =[1, 1, 1]
            27: =1065353216"#]],
    );
}

#[test]
fn definitions_that_change() {
    check_cells(
        r#"#[derive(Debug)] struct P { x: i32 } fn make(x: i32) -> P { P { x } } ||| let p = make(1); let q = 5; ||| p ||| #[derive(Debug)] struct P { x: i32 } fn make(x: i32) -> P { P { x } } ||| p.x |||
        impl std::fmt::Display for P { fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result { write!(f, "<{}>", self.x) } } ||| p ||| make(2).to_string() |||
        #[derive(Debug)] struct P { name: String } ||| make(3) ||| P { name: "n".into() } ||| q"#,
        expect![[r#"
            3: =P { x: 1 }
            5: =1
            7: =P { x: 1 }
            8: ="<2>"
            9: stderr "`make` is forgotten, because it no longer compiles with what cell 9 defines\n`impl std::fmt::Display for P` is forgotten, because it no longer compiles with what cell 9 defines\n`p` was dropped, because cell 9 defines its type `P` anew\n"
            10: error[E0425]: cannot find function `make` in this scope
             --> cell 10:1:1
              |
            1 | make(3)
              | ^^^^ not found in this scope
              |
              = note: `make` is forgotten, because it no longer compiles with what cell 9 defines
            11: =P { name: "n" }
            12: =5"#]],
    );
}

#[test]
fn compiler_errors_are_on_the_typed_lines() {
    check_cells(
        r#"let x: i32 = "a"; |||
// one
let v = vec![1];
let w = undefined_name;
v.push(2); |||
fn f( { ||| let x = ; ||| struct S { a: Missing } ||| let y = 5
let z = 6; ||| let x: u8 = 256; ||| std::fs::read_to_string(1) ||| vec![1].iter().foo() ||| "abc"?  ||| Some(1)? ||| println!("{}", nothing) ||| "abc"#,
        expect![[r#"
            1: error[E0308]: mismatched types
             --> cell 1:1:14
              |
            1 | let x: i32 = "a";
              |        ---   ^^^ expected `i32`, found `&str`
              |        |
              |        expected due to this
            2: error[E0425]: cannot find value `undefined_name` in this scope
             --> cell 2:3:9
              |
            3 | let w = undefined_name;
              |         ^^^^^^^^^^^^^^ not found in this scope
            3: error: this file contains an unclosed delimiter
             --> cell 3:1:5
              |
            1 | fn f( {
              |     - - unclosed delimiter
              |     |
              |     unclosed delimiter
            4: error: expected expression, found `;`
             --> cell 4:1:9
              |
            1 | let x = ;
              |         ^ expected expression
            5: error[E0425]: cannot find type `Missing` in this scope
             --> cell 5:1:15
              |
            1 | struct S { a: Missing }
              |               ^^^^^^^ not found in this scope
            6: error: expected `;`, found keyword `let`
             --> cell 6:1:10
              |
            1 | let y = 5
              |          ^
            2 | let z = 6;
              | --- unexpected token
              |
            help: add `;` here
              |
            1 | let y = 5;
              |          +
            7: error: literal out of range for `u8`
             --> cell 7:1:13
              |
            1 | let x: u8 = 256;
              |             ^^^
              |
              = note: the literal `256` does not fit into the type `u8` whose range is `0..=255`
              = note: `#[deny(overflowing_literals)]` on by default
            8: error[E0277]: the trait bound `{integer}: AsRef<Path>` is not satisfied
             --> cell 8:1:25
              |
            1 | std::fs::read_to_string(1)
              | ----------------------- ^ the trait `AsRef<Path>` is not implemented for `{integer}`
              | |
              | required by a bound introduced by this call
              |
              = note: required by a bound in `std::fs::read_to_string`
            9: error[E0599]: no method named `foo` found for struct `Iter<'a, T>` in the current scope
             --> cell 9:1:16
              |
            1 | vec![1].iter().foo()
              | ---------------^^^ method not found in `Iter<'_, {integer}>`
            10: error[E0277]: the `?` operator can only be applied to values that implement `Try`
             --> cell 10:1:1
              |
            1 | "abc"?
              | ^^^^^^ the `?` operator cannot be applied to type `&str`
              |
              = help: the nightly-only, unstable trait `Try` is not implemented for `&str`
            11: =1
            12: error[E0425]: cannot find value `nothing` in this scope
             --> cell 12:1:16
              |
            1 | println!("{}", nothing)
              |                ^^^^^^^ not found in this scope
            13: error[E0765]: unterminated double quote string
             --> cell 13:1:1
              |
            1 | "abc
              | ^^^^"#]],
    );
}

#[test]
fn failures_at_run_time() {
    check_cells(
        r#"let v = vec![1, 2];
let i = 7;
v[i] ||| fn inner(n: u32) -> u32 {
    if n == 0 { panic!("bottom") }
    inner(n - 1)
} ||| let a = 1;
inner(3) ||| "x".parse::<i32>()?; ||| #[derive(Debug)] struct Own(u8); |||
Err(Own(3))?; ||| std::fs::read_to_string("/nowhere")? ||| None::<i32>.unwrap() ||| let n = 255u8; n + v0() ||| fn v0() -> u8 { 1 } ||| let n: u8 = std::hint::black_box(255); n + v0() |||
std::thread::Builder::new().name("worker".into()).spawn(|| panic!("in a thread")).unwrap().join().is_err() ||| Err::<(), _>(dagbok::Error::new(dagbok::ErrorKind::Value, "bad `chunks`"))?;"#,
        expect![[r#"
            1: Panic: index out of bounds: the len is 2 but the index is 7
             --> cell 1, line 3
              | v[i]
            3: Panic: bottom
             --> cell 2, line 2
              | if n == 0 { panic!("bottom") }
             called from cell 3, line 2
            4: Error: invalid digit found in string
             --> cell 4, line 1
              | "x".parse::<i32>()?;
            6: Error: Own(3)
             --> cell 6, line 1
              | Err(Own(3))?;
            7: Error: No such file or directory (os error 2)
             --> cell 7, line 1
              | std::fs::read_to_string("/nowhere")?
            8: Panic: called `Option::unwrap()` on a `None` value
             --> cell 8, line 1
              | None::<i32>.unwrap()
            9: error[E0425]: cannot find function `v0` in this scope
             --> cell 9:1:20
              |
            1 | let n = 255u8; n + v0()
              |                    ^^ not found in this scope
            11: Panic: attempt to add with overflow
             --> cell 11, line 1
              | let n: u8 = std::hint::black_box(255); n + v0()
            12: stderr "thread `worker` panicked at cell 12, line 1: in a thread\n"
            =true
            13: Error: bad `chunks`
             --> cell 13, line 1
              | Err::<(), _>(dagbok::Error::new(dagbok::ErrorKind::Value, "bad `chunks`"))?;"#]],
    );
}

#[test]
fn displays_in_step_with_what_is_printed() {
    check_cells(
        r#"use dagbok::display::{display, MimeBundle, Render}; |||
print!("one "); let h = display(&MimeBundle::plain("two")); print!("three"); h.update(&MimeBundle::plain("four")); 5 |||
struct Stars(usize); impl Render for Stars { fn render(&self) -> MimeBundle { MimeBundle::plain("*".repeat(self.0)).with("text/html", "<b>") } } Stars(3) |||
struct Old; impl Old { fn evcxr_display(&self) { println!("EVCXR_BEGIN_CONTENT text/html\n<i>old</i>\nEVCXR_END_CONTENT"); } } Old |||
h.update(&MimeBundle::plain("late")); ||| for i in 0..3 { eprintln!("e{i}"); } ||| println!("å€😀");"#,
        expect![[r#"
            2: stdout "one "
            display two
            stdout "three"
            update four
            =5
            3: ={"text/plain":"***","text/html":"<b>"}
            4: display {"text/html":"<i>old</i>"}
            5: update late
            6: stderr "e0\ne1\ne2\n"
            7: stdout "å€😀\n""#]],
    );
}

#[test]
fn interrupts_keep_the_variables() {
    let mut session = Session::start();
    let shown = [
        session.show("let mut n = 1;"),
        {
            session.interrupt_at("started");
            session.show("n += 1; println!(\"started\"); loop {}")
        },
        session.show("n"),
    ];
    expect![[r#"

        stdout "started\n"
        Interrupted: the cell was interrupted; all variables are there
        =2"#]]
    .assert_eq(&shown.join("\n"));
}

#[test]
fn crashes_cost_the_variables_and_nothing_else() {
    check_cells(
        r#"fn f() -> u8 { 1 } let x = f(); ||| println!("before"); std::process::abort() ||| f() ||| x ||| fn deep(n: u64) -> u64 { if n == u64::MAX { 0 } else { 1 + deep(n + 1) } } deep(0) |||
std::process::exit(3) ||| unsafe { *(8 as *mut u8) = 1 } ||| f()"#,
        expect![[r#"
            2: stdout "before\n"
            Crash: cell 2 ended the session process: it was aborted (signal 6, SIGABRT)
            a new session process has started; the variable `x` is lost; functions and types are still there; `:restore` runs the earlier cells again
            3: =1
            4: error[E0425]: cannot find value `x` in this scope
             --> cell 4:1:1
              |
            1 | x
              | ^ not found in this scope
              |
              = note: `x` was lost when cell 2 ended the session process
            5: Crash: cell 5 ended the session process: the stack overflowed, as endless recursion makes it
            a new session process has started; there were no variables to lose; functions and types are still there; `:restore` runs the earlier cells again
            6: Crash: cell 6 ended the session process: it exited with code 3
            a new session process has started; there were no variables to lose; functions and types are still there; `:restore` runs the earlier cells again
            7: Crash: cell 7 ended the session process: a segmentation fault (signal 11, SIGSEGV)
            a new session process has started; there were no variables to lose; functions and types are still there; `:restore` runs the earlier cells again
            8: =1"#]],
    );
}

/// What is in the lists of `runtime/instances/` lies in the engine, and the cell's own library holds little more than the cell.
#[test]
fn cells_take_compiled_instances() {
    check_cells(
        r#"let size = |cell: &str| -> std::io::Result<Option<u64>> {
            let maps = std::fs::read_to_string("/proc/self/maps")?;
            let mut files = maps.lines().filter_map(|line| line.split_whitespace().last());
            files.find(|file| file.ends_with(cell)).map(|file| Ok(std::fs::metadata(file)?.len())).transpose()
        }; |||
        std::collections::HashMap::from([("a", 1)]) |||
        size("cell_2.so")?.is_some_and(|bytes| bytes < 40_000) |||
        struct Own(u8); impl PartialEq for Own { fn eq(&self, _: &Own) -> bool { true } } impl Eq for Own {} impl std::hash::Hash for Own { fn hash<H: std::hash::Hasher>(&self, _: &mut H) {} } std::collections::HashMap::from([(Own(1), 1)]).len() |||
        size("cell_4.so")?.is_some_and(|bytes| bytes > 40_000) |||
        let frame = polars::df!("x" => [1, 2])?; |||
        { use polars::prelude::*; frame.clone().lazy().group_by([col("x")]).agg([col("x").sum().alias("s")]).collect()?.height() } |||
        size("cell_7.so")?.is_some_and(|bytes| bytes < 40_000)"#,
        expect![[r#"
            2: ={"a": 1}
            3: =true
            4: =1
            5: =true
            7: =2
            8: =true"#]],
    );
}

#[test]
fn an_installation_is_complete_and_holds_each_crate_once() {
    let toolchain = Toolchain::find().unwrap();
    let files = RuntimeFiles::locate()
        .unwrap()
        .files_to_install(&toolchain)
        .unwrap();
    let names: Vec<String> = files
        .iter()
        .filter(|file| file.source.is_file())
        .filter_map(|file| file.target.to_str().map(str::to_owned))
        .collect();
    assert_eq!(names.len(), files.len());
    for wanted in [
        "lib/libdagbok.so",
        "lib/libdagbok_engine.so",
        "bin/dagbok-analyzer",
        "bin/dagbok-session",
        "lib/libstd-",
    ] {
        assert_eq!(
            names.iter().filter(|name| name.starts_with(wanted)).count(),
            1,
            "{wanted} in {names:?}"
        );
    }
}

#[test]
fn what_a_result_holds_is_shown() {
    check_cells(
        r#"Ok::<_, String>(df!("x" => [1])?) ||| arange(3).sum(()).compute() ||| Err::<dagbok::DataFrame, _>("no") ||| "5".parse::<i32>() ||| display(&Ok::<_, ()>(dagbok::display::MimeBundle::plain("held")));"#,
        expect![[r#"
            1: ={"text/plain":"shape: (1, 1)\n┌─────┐\n│   x │\n│ --- │\n│ i32 │\n╞═════╡\n│   1 │\n└─────┘","text/html":"<style>.dagbok table{margin:0;border-collapse:collapse;font-size:12px}.dagbok table th,.dagbok table td{padding:3px 9px;border:0;border-bottom:1px solid rgba(128,128,128,.25);white-space:pre}.dagbok table th{text-align:left}.dagbok tr>th:first-child{white-space:nowrap}.dagbok-row{display:flex;flex-wrap:wrap;gap:12px 32px;align-items:center}.dagbok .null{opacity:.55;font-style:italic}.dagbok .dtype{opacity:.65;font-weight:normal}</style><div class=\"dagbok\"><small>shape: (1, 1)</small><table class=\"dataframe\"><thead><tr><th style=\"text-align:right\">x</th></tr><tr><td class=\"dtype\" style=\"text-align:right\">i32</td></tr></thead><tbody><tr><td style=\"text-align:right\">1</td></tr></tbody></table></div>"}
            2: =3
            3: =Err("no")
            4: =Ok(5)
            5: display held"#]],
    );
}

#[test]
fn graphs_by_hand_and_tasks_that_run_again() {
    check_cells(
        r#"let graph = Graph::builder()
    .value("x", 1)
    .task(("y", 0), "x", |x: &i32| { println!("y of {x}"); assert!(*x > 1, "small"); x + 1 })
    .alias("w", ("y", 0))
    .build()?; |||
graph.keys() ||| graph[("y", 0)].dependencies.len() ||| let error = graph.get::<i32>("w").unwrap_err(); ||| error ||| error.rerun_locally()?; |||
graph.get::<i32>("x")? ||| graph.get::<i64>("x")? ||| Graph::builder().alias("a", "b").build()?;"#,
        expect![[r#"
            2: =[x, ('y', 0), w]
            3: =1
            4: stdout "y of 1\n"
            5: =Task: `y` failed: panicked at cell 1, line 3: small
              task `('y', 0)`, made at cell 1, line 3
              inputs: `x` (i32, 4 B)
            6: stdout "y of 1\n"
            Panic: small
             --> cell 1, line 3
              | .task(("y", 0), "x", |x: &i32| { println!("y of {x}"); assert!(*x > 1, "small"); x + 1 })
             called from cell 6
            7: =1
            8: Error: the value of `x` is `i32`, not `i64`
             --> cell 8, line 1
              | graph.get::<i64>("x")?
            9: Error: `a` is an alias of `b`, and the graph has no such key; made at cell 9, line 1
             --> cell 9, line 1
              | Graph::builder().alias("a", "b").build()?;"#]],
    );
}

#[test]
fn tasks_name_the_lines_of_cells() {
    check_cells(
        r#"#[delayed]
fn bad(n: i64) -> i64 { if n > 0 { panic!("too big") } n }
||| let b = bad(3); ||| 
b.compute()? ||| let a = arange(10).rechunk([10]);
let s = a.map_blocks(|x| { assert!(x.len() > 100, "short"); x.to_owned() }); ||| s.compute()?
||| println!("{0} {0:?}", b.compute().unwrap_err().task().unwrap().site);
||| let all: Vec<_> = [3].into_iter().map(bad).collect(); ||| println!("{}", all[0].compute().unwrap_err().task().unwrap().site);
||| println!("{}", b.compute().unwrap_err().to_string().contains("panicked at cell 1, line 2: too big"));"#,
        expect![[r#"
            3: Error: `bad` failed: panicked at cell 1, line 2: too big
              task `bad-e220a8397b1dcdaf`, made at cell 2, line 1
              arguments: 3
             --> cell 3, line 1
              | b.compute()?
            5: Error: `map_blocks` failed: panicked at cell 4, line 2: short
              task `('map_blocks-6e789e6aa1b965f4', 0)`, made at cell 4, line 2
              inputs: `('arange-389748c0e4258dea', 0)` (i64 array of shape (10,), 80 B)
             --> cell 5, line 1
              | s.compute()?
            6: stdout "cell 2, line 1 cell 2, line 1\n"
            8: stdout "cell 1, line 2\n"
            9: stdout "true\n""#]],
    );
}
