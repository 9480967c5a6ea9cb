//! `:dep` through the native evaluator, with a real cargo. Nothing is downloaded: packages are written by the tests, and
//! use crates that this workspace is built with.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use dagbok_kernel::evaluate::native::Options;
use expect_test::{Expect, expect};
use support::{Session, check_cells};

/// The folder of one test's packages; the same in each run, so that a second run compiles nothing.
struct Folder(PathBuf);

impl Folder {
    fn of(test: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join("packages")
            .join(test);
        fs::create_dir_all(&folder).unwrap();
        Folder(folder)
    }

    /// Writes the package `name`, with `manifest` below its version, and `lib.rs` with `code`.
    fn package(self, name: &str, manifest: &str, code: &str) -> Self {
        let head =
            format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n");
        self.file(name, "Cargo.toml", &format!("{head}{manifest}"))
            .file(name, "src/lib.rs", code)
    }

    /// Writes `file` of the package `name`, unless it is so already.
    fn file(self, name: &str, file: &str, text: &str) -> Self {
        let path = self.0.join(name).join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        if fs::read_to_string(&path).ok().as_deref() != Some(text) {
            fs::write(path, text).unwrap();
        }
        self
    }

    fn session(&self) -> Session {
        Session::start_with(Options {
            directory: Some(self.0.clone()),
            cache: Some(Path::new(env!("CARGO_TARGET_TMPDIR")).join("dependencies")),
            ..Options::default()
        })
    }

    /// Runs the cells in `script`, which `|||` separates, in a session whose folder this is. What is compiled is not
    /// shown: the run before may have done it.
    fn check(&self, script: &str, expected: Expect) {
        let mut session = self.session();
        let mut shown = Vec::new();
        for (idx, code) in script.split("|||").enumerate() {
            let text = self.plain(&session.show(code.trim()));
            if !text.is_empty() {
                shown.push(format!("{}: {text}", idx + 1));
            }
        }
        expected.assert_eq(&shown.join("\n"));
    }

    fn plain(&self, text: &str) -> String {
        let lines = text
            .lines()
            .filter_map(|line| match line.strip_prefix("stderr ") {
                Some(quoted) => {
                    let text: String = serde_json::from_str(quoted).unwrap();
                    let told: Vec<&str> = text.lines().filter(|line| !is_progress(line)).collect();
                    (!told.is_empty()).then(|| format!("stderr {}", told.join("\n")))
                }
                None => Some(line.to_owned()),
            });
        let text = lines.collect::<Vec<_>>().join("\n");
        text.replace(self.0.to_str().unwrap(), "…")
    }
}

fn is_progress(line: &str) -> bool {
    [
        "Updating ",
        "Compiling ",
        "Blocking ",
        "Downloaded ",
        "waiting for ",
    ]
    .iter()
    .any(|start| line.starts_with(start))
}

#[test]
fn the_runtime_carries_well_known_crates() {
    check_cells(
        r##"use serde::{Serialize, Deserialize}; #[derive(Serialize, Deserialize, Debug)] struct Point { x: f64, y: f64 } |||
        let p: Point = serde_json::from_str(r#"{"x":1,"y":2.5}"#)?; p ||| serde_json::to_string(&p)? |||
        use itertools::Itertools; (1..4).tuple_windows().map(|(a, b)| a * b).join(" ") |||
        regex::Regex::new(r"(\d+)-(\d+)")?.captures("12-34").map(|c| c[2].to_owned()) |||
        chrono::NaiveDate::from_ymd_opt(2024, 2, 29).map(|day| day.succ_opt()) |||
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async { let (tx, rx) = tokio::sync::oneshot::channel(); tx.send(7).ok(); rx.await })? |||
        #[derive(thiserror::Error, Debug)] #[error("no {0}")] struct Missing(u8); Missing(3).to_string() |||
        num_complex::Complex::new(1.0f64, 2.0).norm_sqr() + num_traits::pow(2.0, 3) |||
        num_bigint::BigUint::from(2u8).pow(70).to_string() ||| indexmap::indexmap! { "b" => 1, "a" => 2 } |||
        let (tx, rx) = crossbeam_channel::unbounded(); tx.send(1)?; rx.recv()? |||
        use futures::StreamExt; futures::executor::block_on(futures::stream::iter(1..4).map(|x| x * x).collect::<Vec<_>>()) |||
        bytes::Bytes::from_static(b"ab").len() + smallvec::SmallVec::<[u8; 4]>::new().len() + *parking_lot::Mutex::new(2usize).lock() |||
        url::Url::parse("https://a.b/c?d")?.path() ||| uuid::Uuid::nil().to_string() ||| either::Left::<u8, ()>(1) |||
        let log = 3; let url = log; url + log"##,
        expect![[r#"
            2: =Point { x: 1.0, y: 2.5 }
            3: ="{\"x\":1.0,\"y\":2.5}"
            4: ="2 6"
            5: =Some("34")
            6: =Some(Some(2024-03-01))
            7: =7
            8: ="no 3"
            9: =13.0
            10: ="1180591620717411303424"
            11: ={"b": 1, "a": 2}
            12: =1
            13: =[1, 4, 9]
            14: =4
            15: ="/c"
            16: ="00000000-0000-0000-0000-000000000000"
            17: =Left(1)
            18: =6"#]],
    );
}

#[test]
fn what_the_runtime_carries_is_not_built() {
    Folder::of("carried").check(
        r#":dep serde_json = "1"
        :dep ndarray = { version = "0.17", features = ["rayon"] }
        :dep nd = { package = "ndarray", version = "0.17" }
        :dep crossbeam-queue
        serde_json::json!([1, null]).to_string() |||
        let a: ndarray::Array1<f64> = nd::array![1.0, 2.0]; a.sum() |||
        crossbeam_queue::ArrayQueue::<u8>::new(3).capacity() ||| :show_deps"#,
        expect![[r#"
            1: ="[1,null]"
            2: =3.0
            3: =3
            4: display {"text/plain":"crate            asked for                                   version  is\nserde_json       1                                           1.0.154  the runtime's own\nndarray          { version = \"0.17\", features = [\"rayon\"] }  0.17.2   the runtime's own\nnd               { package = \"ndarray\", version = \"0.17\" }   0.17.2   the runtime's own\ncrossbeam-queue  any version                                 0.3.14   the runtime's own","text/html":"<table><thead><tr><th style=\"text-align:left\">crate</th><th style=\"text-align:left\">asked for</th><th style=\"text-align:left\">version</th><th style=\"text-align:left\">is</th></tr></thead><tbody><tr><td style=\"text-align:left\">serde_json</td><td style=\"text-align:left\">1</td><td style=\"text-align:left\">1.0.154</td><td style=\"text-align:left\">the runtime's own</td></tr><tr><td style=\"text-align:left\">ndarray</td><td style=\"text-align:left\">{ version = \"0.17\", features = [\"rayon\"] }</td><td style=\"text-align:left\">0.17.2</td><td style=\"text-align:left\">the runtime's own</td></tr><tr><td style=\"text-align:left\">nd</td><td style=\"text-align:left\">{ package = \"ndarray\", version = \"0.17\" }</td><td style=\"text-align:left\">0.17.2</td><td style=\"text-align:left\">the runtime's own</td></tr><tr><td style=\"text-align:left\">crossbeam-queue</td><td style=\"text-align:left\">any version</td><td style=\"text-align:left\">0.3.14</td><td style=\"text-align:left\">the runtime's own</td></tr></tbody></table>"}"#]],
    );
}

#[test]
fn types_are_shared_with_the_runtime() {
    Folder::of("shared")
        .package(
            "totals",
            "[dependencies]\nndarray = \"0.17\"\nserde = \"1\"\nserde_json = \"1\"\n",
            "pub fn total(array: &ndarray::Array2<f64>) -> f64 { array.sum() }
            pub fn ones(n: usize) -> ndarray::Array2<f64> { ndarray::Array2::ones((n, n)) }
            pub fn text(value: &impl serde::Serialize) -> String { serde_json::to_string(value).unwrap() }",
        )
        .check(
            r#":dep totals = { path = "totals" }
            totals::total(&ndarray::array![[1.0, 2.0], [3.0, 4.0]]) |||
            let unit: ndarray::Array2<f64> = totals::ones(3); ||| unit.dot(&unit)[[0, 0]] ||| use serde::Serialize; #[derive(Serialize)] struct P { x: u8 } |||
            totals::text(&P { x: 1 }) ||| 1 + 1 ||| :show_deps"#,
            expect![[r#"
                1: =10.0
                3: =3.0
                5: ="{\"x\":1}"
                6: =2
                7: display {"text/plain":"crate   asked for            version  is\ntotals  { path = \"totals\" }  0.1.0    compiled","text/html":"<table><thead><tr><th style=\"text-align:left\">crate</th><th style=\"text-align:left\">asked for</th><th style=\"text-align:left\">version</th><th style=\"text-align:left\">is</th></tr></thead><tbody><tr><td style=\"text-align:left\">totals</td><td style=\"text-align:left\">{ path = \"totals\" }</td><td style=\"text-align:left\">0.1.0</td><td style=\"text-align:left\">compiled</td></tr></tbody></table>"}"#]],
        );
}

#[test]
fn later_dependencies_share_what_earlier_ones_brought() {
    let base = "pub static N: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        pub fn next() -> u32 { N.fetch_add(1, std::sync::atomic::Ordering::SeqCst) }
        #[derive(Debug, Clone, PartialEq)] pub struct Token(pub u32);";
    let manifest = "[dependencies]\nbase = { path = \"../base\" }\n";
    Folder::of("later")
        .package("base", "", base)
        .package("left", manifest, "pub fn token() -> base::Token { base::Token(base::next()) }")
        .package("right-hand", manifest, "pub fn read(token: &base::Token) -> (u32, u32) { (token.0, base::next()) }")
        .check(
            r#":dep left = { path = "left" }
            let t = left::token(); ||| t |||
            :dep right-hand = { path = "right-hand" }
            right_hand::read(&t) ||| fn twice() -> u32 { right_hand::read(&left::token()).1 } ||| twice() |||
            :dep ./base
            base::next() ||| let tokens = vec![base::Token(9), t]; tokens ||| tokens.len() |||
            std::process::exit(3) ||| twice() ||| use base::*; next() ||| extern crate base as root; root::next()"#,
            expect![[r#"
                2: =Token(0)
                3: =(0, 1)
                5: =3
                6: =4
                7: =[Token(9), Token(0)]
                8: =2
                9: Crash: cell 9 ended the session process: it exited with code 3
                a new session process has started; the variable `tokens` is lost; functions and types are still there; `:restore` runs the earlier cells again
                10: =1
                11: =2
                12: =3"#]],
        );
}

#[test]
fn a_dependency_hides_the_runtimes_crate_of_its_name() {
    Folder::of("hiding")
        .package("either", "", "#[derive(Debug)] pub struct Either;")
        .check(
            r#"let of_runtime = either::Left::<u8, ()>(1); let n = 1; |||
            :dep either = { path = "either" }
            either::Either ||| of_runtime ||| n ||| :show_deps"#,
            expect![[r#"
                2: stderr `either` 0.1.0 is not the runtime's own, which is 1.19.0: their types are not the same
                `of_runtime` was dropped, because the crate `either` of its type is another one now
                =Either
                3: error[E0425]: cannot find value `of_runtime` in this scope
                 --> cell 3:1:1
                  |
                1 | of_runtime
                  | ^^^^^^^^^^ not found in this scope
                  |
                  = note: `of_runtime` was dropped, because the crate `either` of its type is another one now
                4: =1
                5: display {"text/plain":"crate   asked for            version  is\neither  { path = \"either\" }  0.1.0    compiled","text/html":"<table><thead><tr><th style=\"text-align:left\">crate</th><th style=\"text-align:left\">asked for</th><th style=\"text-align:left\">version</th><th style=\"text-align:left\">is</th></tr></thead><tbody><tr><td style=\"text-align:left\">either</td><td style=\"text-align:left\">{ path = \"either\" }</td><td style=\"text-align:left\">0.1.0</td><td style=\"text-align:left\">compiled</td></tr></tbody></table>"}"#]],
        );
}

#[test]
fn macros_of_dependencies() {
    Folder::of("macros")
        .package(
            "hello-derive",
            "[lib]\nproc-macro = true\n",
            r#"use proc_macro::{TokenStream, TokenTree};
            #[proc_macro_derive(Hello, attributes(hello))]
            pub fn hello(item: TokenStream) -> TokenStream {
                let mut words = item.into_iter().filter_map(|t| match t { TokenTree::Ident(word) => Some(word.to_string()), _ => None });
                words.find(|word| word == "struct");
                let name = words.next().unwrap();
                format!("impl ::hello::Hello for {name} {{ fn hello() -> String {{ \"hello {name}\".to_owned() }} }}").parse().unwrap()
            }
            #[proc_macro_attribute]
            pub fn same(_: TokenStream, item: TokenStream) -> TokenStream { item }"#,
        )
        .package(
            "hello",
            "[dependencies]\nhello-derive = { path = \"../hello-derive\" }\n[features]\ndefault = []\nloud = []\n",
            r#"pub use hello_derive::{Hello, same};
            pub trait Hello { fn hello() -> String; }
            #[macro_export] macro_rules! shout { ($e:expr) => { $crate::up(&$e) } }
            pub fn up(text: &str) -> String { if cfg!(feature = "loud") { text.to_uppercase() } else { text.to_owned() } }"#,
        )
        .check(
            r#":dep hello = { path = "hello", features = ["loud"] }
            use hello::Hello; |||
            #[derive(Hello)] #[hello] struct Cell; ||| hello::shout!(Cell::hello()) |||
            #[hello::same] fn same() -> u8 { 1 } ||| same() |||
            :dep hello-derive = { path = "hello-derive" }
            #[derive(hello_derive::Hello)] struct Other; Other::hello() ||| :show_deps"#,
            expect![[r#"
                3: ="HELLO CELL"
                5: =1
                6: ="hello Other"
                7: display {"text/plain":"crate         asked for                                version  is\nhello         { path = \"hello\", features = [\"loud\"] }  0.1.0    compiled\nhello-derive  { path = \"hello-derive\" }                0.1.0    compiled","text/html":"<table><thead><tr><th style=\"text-align:left\">crate</th><th style=\"text-align:left\">asked for</th><th style=\"text-align:left\">version</th><th style=\"text-align:left\">is</th></tr></thead><tbody><tr><td style=\"text-align:left\">hello</td><td style=\"text-align:left\">{ path = \"hello\", features = [\"loud\"] }</td><td style=\"text-align:left\">0.1.0</td><td style=\"text-align:left\">compiled</td></tr><tr><td style=\"text-align:left\">hello-derive</td><td style=\"text-align:left\">{ path = \"hello-derive\" }</td><td style=\"text-align:left\">0.1.0</td><td style=\"text-align:left\">compiled</td></tr></tbody></table>"}"#]],
        );
}

#[test]
fn sources_that_change_are_built_again() {
    let changing = |body: &str| {
        let code = format!(
            "#[derive(Debug)] pub struct Answer(pub u32); pub fn answer() -> Answer {{ Answer({body}) }}"
        );
        Folder::of("changing").package("changing", "", &code)
    };
    let folder = changing("41");
    let mut session = folder.session();
    let mut show = |code: &str| folder.plain(&session.show(code));
    show(":dep changing = { path = \"changing\" }");
    show(
        "let before = changing::answer(); let other = 1; fn old() -> u32 { changing::answer().0 }",
    );
    let shown = show("changing::answer()");
    changing("42");
    let again = show(":dep changing = { path = \"changing\" }");
    let rest: Vec<String> = ["changing::answer()", "before", "(other, old())"]
        .map(&mut show)
        .into();
    expect![[r#"
        =Answer(41)
        stderr `before` was dropped, because the crate `changing` of its type is another one now
        =Answer(42)
        error[E0425]: cannot find value `before` in this scope
         --> cell 6:1:1
          |
        1 | before
          | ^^^^^^ not found in this scope
          |
          = note: `before` was dropped, because the crate `changing` of its type is another one now
        =(1, 41)"#]]
    .assert_eq(&format!("{shown}\n{again}\n{}", rest.join("\n")));
}

#[test]
fn build_scripts_and_c_code() {
    Folder::of("native")
        .package(
            "with-c",
            "build = \"build.rs\"\nlinks = \"answer\"\n",
            r#"include!(concat!(env!("OUT_DIR"), "/generated.rs"));
            unsafe extern "C" { fn answer() -> i32; }
            pub fn ask() -> i32 { unsafe { answer() } }"#,
        )
        .file("with-c", "answer.c", "#include <math.h>\nstatic int calls = 40;\nint answer(void) { calls++; return calls + (int)cos(0.0); }\n")
        .file(
            "with-c",
            "build.rs",
            r#"use std::{env, fs, path::Path, process::Command};
            fn main() {
                let out = env::var("OUT_DIR").unwrap();
                let out = Path::new(&out);
                fs::write(out.join("generated.rs"), "pub const GENERATED: &str = \"yes\";").unwrap();
                let run = |program: &str, arguments: &[&str]| assert!(Command::new(program).args(arguments).status().unwrap().success());
                let object = out.join("answer.o");
                run("cc", &["-c", "-fPIC", "answer.c", "-o", object.to_str().unwrap()]);
                run("ar", &["rcs", out.join("libanswer.a").to_str().unwrap(), object.to_str().unwrap()]);
                println!("cargo::rerun-if-changed=answer.c");
                println!("cargo::rustc-link-search=native={}", out.display());
                println!("cargo::rustc-link-lib=static=answer");
                println!("cargo::rustc-link-lib=m");
            }"#,
        )
        .check(
            r#":dep with-c = { path = "with-c" }
            with_c::ask() ||| with_c::ask() ||| with_c::GENERATED"#,
            expect![[r#"
                1: =42
                2: =43
                3: ="yes""#]],
        );
}

#[test]
fn a_crate_of_the_registry() {
    Folder::of("registry").check(
        ":dep hex = \"0.4\"\nhex::encode(\"hi\") ||| :show_deps ||| :dep hex\n:dep hex = \"0.4\"\nhex::decode(\"6869\")?.len() ||| :show_deps",
        expect![[r#"
            1: ="6869"
            2: display {"text/plain":"crate  asked for  version  is\nhex    0.4        0.4.3    compiled","text/html":"<table><thead><tr><th style=\"text-align:left\">crate</th><th style=\"text-align:left\">asked for</th><th style=\"text-align:left\">version</th><th style=\"text-align:left\">is</th></tr></thead><tbody><tr><td style=\"text-align:left\">hex</td><td style=\"text-align:left\">0.4</td><td style=\"text-align:left\">0.4.3</td><td style=\"text-align:left\">compiled</td></tr></tbody></table>"}
            3: =2
            4: display {"text/plain":"crate  asked for  version  is\nhex    0.4        0.4.3    compiled","text/html":"<table><thead><tr><th style=\"text-align:left\">crate</th><th style=\"text-align:left\">asked for</th><th style=\"text-align:left\">version</th><th style=\"text-align:left\">is</th></tr></thead><tbody><tr><td style=\"text-align:left\">hex</td><td style=\"text-align:left\">0.4</td><td style=\"text-align:left\">0.4.3</td><td style=\"text-align:left\">compiled</td></tr></tbody></table>"}"#]],
    );
}

#[test]
fn mistakes_are_explained() {
    Folder::of("mistakes")
        .package("broken", "", "pub fn f() -> i32 { \"text\" }\n")
        .file("program", "Cargo.toml", "[package]\nname = \"program\"\nversion = \"0.1.0\"\n")
        .file("program", "src/main.rs", "fn main() {}\n")
        .package("fine", "[features]\nextra = []\n", "pub fn f() -> u8 { 8 }")
        .check(
            r#":dep ||| :dep a b ||| :dep serde_json = { version = "1" ||| :dep a = 3 ||| :dep a = "x.y" |||
            :dep a = { pfad = "b" } ||| :dep a = { path = "nowhere" } ||| :dep ./nowhere/else |||
            :dep broken = { path = "broken" } ||| :dep program = { path = "program" } ||| :dep fine = { path = "fine", features = ["more"] } |||
            :dep other = { path = "fine" } ||| :dep fine = { path = "fine", version = "2" } |||
            :dep hex = "99" ||| :dep serde_json = { version = "1", features = ["zz"] } |||
            :dep away = { git = "http://127.0.0.1:9/away" } |||
            :dep fine = { path = "fine" }
            :dep broken = { path = "broken" }
            fine::f() ||| fine::f() ||| :show_deps ||| :dep fine = { path = "fine" }
            fine::f() ||| :show_deps"#,
            expect![[r#"
                1: CommandError: `:dep` needs the name of a crate; write `:dep NAME`, `:dep NAME = "VERSION"` or `:dep NAME = { version = "…", features = ["…"] }`, also with `path = "…"` or `git = "…"`
                2: CommandError: `a b` is no name of a crate; write `:dep NAME`, `:dep NAME = "VERSION"` or `:dep NAME = { version = "…", features = ["…"] }`, also with `path = "…"` or `git = "…"`
                3: CommandError: `serde_json = { version = "1"` cannot be read as TOML: unclosed inline table, expected `}`; write `:dep NAME`, `:dep NAME = "VERSION"` or `:dep NAME = { version = "…", features = ["…"] }`, also with `path = "…"` or `git = "…"`
                4: CommandError: `3` is no version of `a`; write `:dep NAME`, `:dep NAME = "VERSION"` or `:dep NAME = { version = "…", features = ["…"] }`, also with `path = "…"` or `git = "…"`
                5: CommandError: `x.y` is no version of `a`: unexpected character after wildcard in version req; `"1"` and `"1.2.3"` are versions
                6: CommandError: `pfad` says nothing about the dependency `a`; there are version, features, default-features, path, git, branch, tag, rev, package, registry
                7: CommandError: there is no folder `…/nowhere`
                8: CommandError: there is no folder `…/./nowhere/else`
                9: CommandError: the dependency `broken` does not compile
                error[E0308]: mismatched types
                 --> …/broken/src/lib.rs:1:21
                  |
                1 | pub fn f() -> i32 { "text" }
                  |               ---   ^^^^^^ expected `i32`, found `&str`
                  |               |
                  |               expected `i32` because of return type

                For more information about this error, try `rustc --explain E0308`.
                10: CommandError: the package `program` has no library that a cell could use
                11: CommandError: `fine` has no feature `more`
                12: CommandError: there is no crate `other` in `…/fine`
                13: CommandError: there is no version `fine ^2`; the newest are 0.1.0
                14: CommandError: there is no version `hex ^99`; the newest are 0.4.3, 0.4.2, 0.4.0, ...
                15: CommandError: `serde_json` has no feature `zz`; is it `std`?
                16: CommandError: `away` is not on this machine yet, and the network cannot be reached; run the cell again when there is a connection
                17: CommandError: the dependency `broken` does not compile
                error[E0308]: mismatched types
                 --> …/broken/src/lib.rs:1:21
                  |
                1 | pub fn f() -> i32 { "text" }
                  |               ---   ^^^^^^ expected `i32`, found `&str`
                  |               |
                  |               expected `i32` because of return type

                For more information about this error, try `rustc --explain E0308`.
                18: error[E0433]: cannot find module or crate `fine` in this scope
                 --> cell 18:1:1
                  |
                1 | fine::f()
                  | ^^^^ use of unresolved module or unlinked crate `fine`
                  |
                  = help: you might be missing a crate named `fine`
                19: display there are no dependencies besides the runtime's own crates
                20: =8
                21: display {"text/plain":"crate  asked for          version  is\nfine   { path = \"fine\" }  0.1.0    compiled","text/html":"<table><thead><tr><th style=\"text-align:left\">crate</th><th style=\"text-align:left\">asked for</th><th style=\"text-align:left\">version</th><th style=\"text-align:left\">is</th></tr></thead><tbody><tr><td style=\"text-align:left\">fine</td><td style=\"text-align:left\">{ path = \"fine\" }</td><td style=\"text-align:left\">0.1.0</td><td style=\"text-align:left\">compiled</td></tr></tbody></table>"}"#]],
        );
}

#[test]
fn an_interrupt_stops_the_build() {
    let folder = Folder::of("interrupt")
        .package("slow", "build = \"build.rs\"\n", "")
        .file(
            "slow",
            "build.rs",
            "fn main() { loop { std::thread::sleep(std::time::Duration::from_secs(60)) } }",
        );
    let mut session = folder.session();
    session.interrupt_at("Compiling slow");
    let shown = folder.plain(&session.show(":dep slow = { path = \"slow\" }\nslow::f()"));
    let after = session.show("1 + 1");
    expect![[r#"
        Interrupted: the cell was interrupted; all variables are there
        =2"#]]
    .assert_eq(&format!("{shown}\n{after}"));
}

#[test]
fn a_crate_that_works_with_rust_code() {
    let code = "extern crate proc_macro;\n\
        pub fn in_a_macro() -> bool { proc_macro::is_available() }\n\
        pub fn shown(span: Option<proc_macro::Span>) -> String { format!(\"{span:?}\") }\n";
    Folder::of("rust-code").package("reader", "", code).check(
        r#":dep reader = { path = "reader" } ||| (reader::in_a_macro(), reader::shown(None))"#,
        expect![[r#"2: =(false, "None")"#]],
    );
}
