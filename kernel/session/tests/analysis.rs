//! Completion and documentation in sessions with real cells, a real analyzer and declarations made on this machine.

mod support;

use std::path::Path;
use std::sync::Arc;

use dagbok_kernel::analysis::{Analyzer, Completion, Options};
use dagbok_kernel::evaluate::Scope;
use dagbok_kernel::evaluate::native::Toolchain;
use dagbok_kernel::runtime_files::RuntimeFiles;
use dagbok_kernel::session::Detail;
use expect_test::{Expect, expect};
use support::Session;
use tokio::runtime::Runtime;

/// So many of the matches are written down.
const N_SHOWN: usize = 6;

/// The mark of the cursor in a cell that is not run.
const CURSOR: &str = "¦";

/// A session and what analyses it.
struct Asked {
    session: Session,
    analyzer: Analyzer,
    runtime: Runtime,
}

impl Asked {
    fn start() -> Self {
        let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("declarations");
        Asked {
            session: Session::start(),
            analyzer: Analyzer::new(Options {
                files: RuntimeFiles::locate().unwrap(),
                toolchain: Toolchain::find().unwrap(),
                cache: Some(cache),
            }),
            runtime: Runtime::new().unwrap(),
        }
    }

    fn scope(&self) -> Arc<Scope> {
        self.session.scope()
    }

    /// Waits until what the cell names has been read.
    fn prepare(&self, code: &str) {
        let prepared = self.analyzer.prepare(self.scope(), code.to_owned());
        self.runtime.block_on(prepared);
    }

    fn complete(&self, code: &str, cursor: usize) -> Completion {
        self.prepare(code);
        let asked = self
            .analyzer
            .complete(self.scope(), code.to_owned(), cursor);
        self.runtime.block_on(asked)
    }

    fn inspect(&self, code: &str, cursor: usize, detail: Detail) -> Option<String> {
        self.prepare(code);
        let asked = self
            .analyzer
            .inspect(self.scope(), code.to_owned(), cursor, detail);
        let data = self.runtime.block_on(asked)?;
        Some(data["text/plain"].as_str()?.to_owned())
    }
}

/// The code without the cursor's mark, and where that was, in code points.
fn at_cursor(marked: &str) -> Option<(String, usize)> {
    let (before, after) = marked.split_once(CURSOR)?;
    Some((format!("{before}{after}"), before.chars().count()))
}

/// Runs the cells of `script`, which `|||` separates, or completes those with a cursor: what may take the place of what,
/// the best first, with the kind and the signature of each.
fn check_completion(script: &str, expected: Expect) {
    check(script, expected, |asked, code, cursor| {
        let completion = asked.complete(code, cursor);
        let typed = code.chars().take(completion.end).skip(completion.start);
        let typed: String = typed.collect();
        let shown = completion.matches.iter().take(N_SHOWN).map(|found| {
            let signature = found.signature.as_deref().unwrap_or_default();
            let text = &found.text;
            format!("{text} {} {signature}", found.kind)
                .trim_end()
                .to_owned()
        });
        let mut shown: Vec<String> = shown.collect();
        if completion.matches.len() > N_SHOWN {
            shown.push("…".to_owned());
        }
        format!("{typed:?} {}", shown.join(" | "))
    });
}

/// The same, with what is known of the place of the cursor.
fn check_inspection(script: &str, detail: Detail, expected: Expect) {
    check(script, expected, |asked, code, cursor| {
        let page = asked.inspect(code, cursor, detail);
        page.unwrap_or_else(|| "nothing".to_owned())
    });
}

fn check(script: &str, expected: Expect, ask: impl Fn(&Asked, &str, usize) -> String) {
    let mut asked = Asked::start();
    let mut shown = Vec::new();
    for cell in script.split("|||").map(str::trim) {
        match at_cursor(cell) {
            Some((code, cursor)) => {
                shown.push(format!("{cell}: {}", ask(&asked, &code, cursor)));
            }
            None => {
                let (_, error) = asked.session.run(cell);
                assert_eq!(error, None, "{cell}");
            }
        }
    }
    expected.assert_eq(&shown.join("\n"));
}

#[test]
fn variables_and_their_methods() {
    check_completion(
        "let numbers = vec![1, 2]; let name = \"x\"; let mut word = String::new(); |||
        numb¦ ||| numbers.pus¦ ||| numbers.iter().ma¦ ||| numbers.iter().map(|n| n.po¦ ||| name.spl¦ ||| word.push_¦ ||| &numbers[0].check¦ |||
        numbers.first().unw¦ ||| let other = numbers.len(); oth¦ ||| (numbers.len(), word).1.ins¦ ||| \"😀é\".len() + numbers.is_¦",
        expect![[r#"
            numb¦: "numb" numbers instance
            numbers.pus¦: "pus" push function (&mut self, value: T) | push_mut function (&mut self, value: T) -> &mut T
            numbers.iter().ma¦: "ma" map function (self, f: F) -> Map<Self, F> | map_while function (self, predicate: P) -> MapWhile<Self, P> | max function (self) -> Option<Self::Item> | max_by function (self, compare: F) -> Option<Self::Item> | max_by_key function (self, f: F) -> Option<Self::Item>
            numbers.iter().map(|n| n.po¦: "po" pow function (self, exp: u32) -> i32
            name.spl¦: "spl" split function (&self, pat: P) -> Split<'_, P> | split_ascii_whitespace function (&self) -> SplitAsciiWhitespace<'_> | split_at function (&self, mid: usize) -> (&str, &str) | split_at_checked function (&self, mid: usize) -> Option<(&str, &str)> | split_at_mut function (&mut self, mid: usize) -> (&mut str, &mut str) | split_at_mut_checked function (&mut self, mid: usize) -> Option<(&mut str, &mut str)> | …
            word.push_¦: "push_" push_str function (&mut self, string: &str)
            &numbers[0].check¦: "check" checked_abs function (self) -> Option<i32> | checked_add function (self, rhs: i32) -> Option<i32> | checked_add_unsigned function (self, rhs: u32) -> Option<i32> | checked_div function (self, rhs: i32) -> Option<i32> | checked_div_euclid function (self, rhs: i32) -> Option<i32> | checked_ilog function (self, base: i32) -> Option<u32> | …
            numbers.first().unw¦: "unw" unwrap function (self) -> T | unwrap_or function (self, default: T) -> T | unwrap_or_default function (self) -> T | unwrap_or_else function (self, f: F) -> T | unwrap_unchecked function (self) -> T
            let other = numbers.len(); oth¦: "oth" other instance
            (numbers.len(), word).1.ins¦: "ins" insert function (&mut self, idx: usize, ch: char) | insert_str function (&mut self, idx: usize, string: &str)
            "😀é".len() + numbers.is_¦: "is_" is_empty function (&self) -> bool | is_sorted function (&self) -> bool | is_sorted_by function (&'a self, compare: F) -> bool | is_sorted_by_key function (&'a self, f: F) -> bool"#]],
    );
}

#[test]
fn what_cells_have_defined() {
    check_completion(
        "#[derive(Debug, Clone, Default)] struct Point { xx: f64, yy: f64, _hidden: u8 } impl Point { fn norm(&self) -> f64 { self.xx } } enum Shape { Dot(Point), Round { radius: f64 } } trait Area { fn area(&self) -> f64; } |||
        impl Area for Point { fn area(&self) -> f64 { 0.0 } } let point = Point::default(); let points = vec![point.clone()]; |||
        point.¦ ||| points[0].n¦ ||| Shape::¦ ||| Point { xx: 1.0, ¦ ||| Point::d¦ ||| Poi¦ ||| point.clone().a¦ |||
        struct Local { own: u8 } impl Local { fn method(&self) {} } let local = Local { own: 1 }; local.¦ ||| fn f(parameter: Point) { para¦ } ||| match Shape::Dot(point) { Shape::R¦ |||
        macro_rules! twice { ($e:expr) => { $e + $e } } ||| twi¦ ||| use std::collections::BTreeMap; let m: BTreeMap<u8, Point> = BTreeMap::new(); ||| m.first_key_value().unwrap().1.x¦ ||| BTre¦",
        expect![[r#"
            point.¦: "" xx property | yy property | area function (&self) -> f64 | clone function (&self) -> Self | clone_from function (&mut self, source: &Self) | clone_into function (&self, target: &mut Self::Owned) | …
            points[0].n¦: "n" norm function (&self) -> f64
            Shape::¦: "" Dot instance | Round instance | from function (value: T) -> Self | try_from function (value: T) -> Result<Self, Self::Error> | into function (self) -> T | try_into function (self) -> Result<T, Self::Error>
            Point { xx: 1.0, ¦: "" yy property | _hidden property
            Point::d¦: "d" default function () -> Self
            Poi¦: "Poi" Point class
            point.clone().a¦: "a" area function (&self) -> f64
            struct Local { own: u8 } impl Local { fn method(&self) {} } let local = Local { own: 1 }; local.¦: "" own property | into function (self) -> T | method function (&self) | try_into function (self) -> Result<T, Self::Error>
            fn f(parameter: Point) { para¦ }: "para" parameter instance
            match Shape::Dot(point) { Shape::R¦: "R" Round { radius } instance
            twi¦: "twi" twice! function
            m.first_key_value().unwrap().1.x¦: "x" xx property
            BTre¦: "BTre" BTreeMap class"#]],
    );
}

#[test]
fn paths_and_keywords() {
    check_completion(
        "std::collections::Hash¦ ||| use std::collections::{BTreeMap, Hash¦ ||| Vec::with_¦ ||| String::fro¦ ||| printl¦ ||| whi¦ ||| let x: Opt¦ ||| #[deri¦ ||| 1.5f64.sq¦ |||
        async fn f() -> u8 { 1 } ||| f().awa¦ ||| f().await.checked_ad¦ ||| std::fs::read_to_s¦ ||| Some(1).is_so¦ ||| \"5\".parse::<i32>()?.pow¦",
        expect![[r#"
            std::collections::Hash¦: "Hash" HashMap class | HashSet class
            use std::collections::{BTreeMap, Hash¦: "Hash" HashMap class | HashSet class
            Vec::with_¦: "with_" with_capacity function (capacity: usize) -> Vec<T>
            String::fro¦: "fro" from function (value: T) -> Self | from_iter function (iter: T) -> Self | from_raw_parts function (buf: *mut u8, length: usize, capacity: usize) -> String | from_utf16 function (v: &[u16]) -> Result<String, FromUtf16Error> | from_utf16_lossy function (v: &[u16]) -> String | from_utf8 function (vec: Vec<u8>) -> Result<String, FromUtf8Error> | …
            printl¦: "printl" println! function
            whi¦: "whi" while keyword | while let keyword
            let x: Opt¦: "Opt" Option class
            #[deri¦: "deri" derive function
            1.5f64.sq¦: "sq" sqrt function (self) -> f64
            f().awa¦: "awa" await keyword
            f().await.checked_ad¦: "checked_ad" checked_add function (self, rhs: u8) -> Option<u8> | checked_add_signed function (self, rhs: i8) -> Option<u8>
            std::fs::read_to_s¦: "read_to_s" read_to_string function (path: P) -> Result<String, Error>
            Some(1).is_so¦: "is_so" is_some function (&self) -> bool | is_some_and function (self, f: impl FnOnce(T) -> bool) -> bool
            "5".parse::<i32>()?.pow¦: "pow" pow function (self, exp: u32) -> i32"#]],
    );
}

#[test]
fn dagbok_and_its_crates() {
    check_completion(
        "let a = zeros(10); |||
        Arra¦ ||| a.su¦ ||| zer¦ ||| dagbok::¦ ||| use polars::prelude::*; ||| Ser¦ ||| let frame = df![\"a\" => [1, 2]]?; ||| frame.he¦ ||| frame.clone().lazy().filt¦ ||| ndarray::Array2::<f64>::ze¦",
        expect![[r#"
            Arra¦: "Arra" Array class
            a.su¦: "su" submit function (&self) -> Future<Self::Value> | sum function (&self, over: impl Into<Reduce>) -> Array
            zer¦: "zer" zeros function (shape: impl Into<Dims>) -> Array
            dagbok::¦: "" Array class | array module | as_completed function (futures: impl IntoIterator<Item = Future<T>>) -> AsCompleted<T> | attempt function (build: impl FnOnce() -> T) -> Result<T, Error> | Cache class | cache module | …
            Ser¦: "Ser" SerializeOptions class | Series class | SeriesJoin class | SeriesMethods class | SeriesOpsTime class | SeriesRank class | …
            frame.he¦: "he" head function (&self, n: usize) -> DataFrame | height function (&self) -> usize
            frame.clone().lazy().filt¦: "filt" filter function (&self, predicate: impl Into<Expr>) -> Frame
            ndarray::Array2::<f64>::ze¦: "ze" zeros function (shape: Sh) -> ArrayBase<S, D>"#]],
    );
}

#[test]
fn commands_files_and_crates() {
    check_completion(
        ":he¦ ||| :¦ ||| %%ti¦ ||| :help vers¦ ||| let number = 1; ||| :time numb¦ ||| %%time\nnumb¦ ||| :vars\nnumb¦ ||| :forget numb¦ ||| // numb¦ ||| :dep rand_cha¦ ||| std::fs::read_to_string(\"Cargo.to¦ ||| \"src/inter¦ ||| \"nowhere/¦ ||| :load src/ma¦ ||| println!(\"{numb¦}\")",
        expect![[r#"
            :he¦: "he" help magic list all commands, or say more about one
            :¦: "" asm magic show the machine code of a function of an earlier cell, or of those in the rest of the cell | cd magic run cells and commands in another folder; without one, show the folder | clear magic drop all variables, functions, types and imports | dep magic add a crate, as in a `Cargo.toml` | doc magic show the documentation of a function, type, method, macro, keyword or variable | expand magic show code, or the rest of the cell, with its macros expanded | …
            %%ti¦: "ti" time magic run code, or the rest of the cell, and show how long it took | timeit magic run code, or the rest of the cell, many times and show how long it takes
            :help vers¦: "vers" version magic show the versions of Dagbok and of the compiler
            :time numb¦: "numb" number instance
            %%time
            numb¦: "numb" number instance
            :vars
            numb¦: "numb" number instance
            :forget numb¦: "numb" number instance
            // numb¦: "" 
            :dep rand_cha¦: "rand_cha" rand_chacha module
            std::fs::read_to_string("Cargo.to¦: "Cargo.to" Cargo.toml path
            "src/inter¦: "inter" interpose.rs path
            "nowhere/¦: "" 
            :load src/ma¦: "ma" main.rs path
            println!("{numb¦}"): "numb" number instance"#]],
    );
}

#[test]
fn strange_cells() {
    check_completion(
        "¦ ||| let value = 1; ||| }}} valu¦ ||| ((((valu¦ ||| fn f( { valu¦ ||| let x = ; value.coun¦ ||| \"¦ ||| valu¦e ||| 'a: loop { break 'a¦ ||| 😀valu¦ ||| r#valu¦ ||| #![allow(unused)] valu¦ ||| value.pow(2)\n.coun¦ ||| ::st¦ ||| vec![valu¦ ||| println!(\"{}\", value.coun¦)",
        expect![[r#"
            ¦: "" align_of function () -> usize | align_of_val function (val: &T) -> usize | all function () -> Expr | alloc module | arange function (range: impl Into<Range>) -> Array | Array class | …
            }}} valu¦: "valu" 
            ((((valu¦: "valu" value instance
            fn f( { valu¦: "valu" 
            let x = ; value.coun¦: "coun" count_ones function (self) -> u32 | count_zeros function (self) -> u32
            "¦: "" src/ path | tests/ path | Cargo.toml path | build.rs path
            valu¦e: "valu" value instance
            'a: loop { break 'a¦: "'a" 'a instance
            😀valu¦: "😀valu" 
            r#valu¦: "r#valu" 
            #![allow(unused)] valu¦: "valu" value instance
            value.pow(2)
            .coun¦: "coun" count_ones function (self) -> u32 | count_zeros function (self) -> u32
            ::st¦: "st" std module
            vec![valu¦: "" 
            println!("{}", value.coun¦): "coun" count_ones function (self) -> u32 | count_zeros function (self) -> u32"#]],
    );
}

#[test]
fn huge_cells() {
    let asked = Asked::start();
    let function = |n| format!("fn f{n}(x: u8) -> Vec<u8> {{ let y = vec![x]; y }}\n");
    let mut code: String = (0..2_000).map(function).collect();
    assert!(code.len() > 90_000);
    code += "f1999(1).pus";
    let cursor = code.chars().count();
    let completion = asked.complete(&code, cursor);
    let names: Vec<&str> = completion
        .matches
        .iter()
        .map(|found| &*found.text)
        .collect();
    assert_eq!(names.first(), Some(&"push"), "{names:?}");
    let nested = "(".repeat(3_000);
    asked.complete(&nested, nested.len());
    let after = asked.complete("String::new().pus", 17);
    assert_eq!(
        after.matches.first().map(|found| &*found.text),
        Some("push")
    );
}

#[test]
fn what_stands_at_the_cursor() {
    check_inspection(
        "let numbers = vec![1]; /// Adds one.\nfn add_one(n: i32) -> i32 { n + 1 } struct Point { x: f64 } |||
        numb¦ers ||| numbers.pu¦sh(1) ||| numbers.push(¦ ||| numbers.push(1, ¦) ||| add_one(¦) ||| add_on¦e ||| Point { ¦ } ||| println!(¦ ||| println!(\"{}\", numbers.push(¦)) ||| println!(\"{numb¦ers}\") |||
        let x = 1; x¦ ||| Optio¦n ||| std::collections¦::HashMap ||| Some¦ ||| nothing_of_the_sort¦ ||| ¦ ||| // com¦ment ||| f64::consts¦ ||| std::f64::consts::PI¦ ||| :tim¦eit ||| :dep ¦ ||| :help vars¦",
        Detail::Short,
        expect![[r#"
            numb¦ers: let numbers: Vec<i32>

            std::vec::Vec

            A contiguous growable array type, written as Vec<T>, short for ‘vector’.
            numbers.pu¦sh(1): pub fn push(&mut self, value: T)

            std::vec::Vec

            Appends an element to the back of a collection.
            numbers.push(¦: pub fn push(&mut self, value: T)

            std::vec::Vec

            Appends an element to the back of a collection.
            numbers.push(1, ¦): pub fn push(&mut self, value: T)

            std::vec::Vec

            Appends an element to the back of a collection.
            add_one(¦): fn add_one(n: i32) -> i32

            Adds one.
            add_on¦e: fn add_one(n: i32) -> i32

            Adds one.
            Point { ¦ }: struct Point {
                x: f64,
            }
            println!(¦: macro_rules! println

            std

            Prints to the standard output, with a newline.
            println!("{}", numbers.push(¦)): pub fn push(&mut self, value: T)

            std::vec::Vec

            Appends an element to the back of a collection.
            println!("{numb¦ers}"): let numbers: Vec<i32>

            std::vec::Vec

            A contiguous growable array type, written as Vec<T>, short for ‘vector’.
            let x = 1; x¦: let x: i32
            Optio¦n: pub enum Option<T> {
                None,
                Some( /* … */ ),
            }

            std::option

            The Option type. See the module level documentation for more.
            std::collections¦::HashMap: pub mod collections

            std

            Collection types.
            Some¦: Some(T)

            std::option::Option

            Some value of type T.
            nothing_of_the_sort¦: nothing
            ¦: nothing
            // com¦ment: nothing
            f64::consts¦: nothing
            std::f64::consts::PI¦: pub const PI: f64

            std::f64::consts

            Archimedes’ constant (π)
            :tim¦eit: :timeit [-n LOOPS] [-r RUNS] [CODE]: run code, or the rest of the cell, many times and show how long it takes.
            :dep ¦: :dep NAME [= "VERSION" | { … }]: add a crate, as in a Cargo.toml.
            :help vars¦: :vars [live|off]: list all variables: type, size, value, and the cell that made them; live keeps the list up to date. Also :v, :who, :who_ls, :whos."#]],
    );
}

#[test]
fn all_that_is_known() {
    check_inspection(
        "/// Adds `one`.\n///\n/// # Example\n/// ```\n/// # hidden();\n/// assert_eq!(add_one(1), 2);\n/// ```\nfn add_one(n: i32) -> i32 { n + 1 } ||| add_one¦",
        Detail::Full,
        expect![[r#"
            add_one¦: fn add_one(n: i32) -> i32

            Adds one.

            Example

            assert_eq!(add_one(1), 2);"#]],
    );
}

#[test]
fn a_process_that_died_is_started_again() {
    let asked = Asked::start();
    let first = |asked: &Asked| {
        let completion = asked.complete("String::new().pus", 17);
        completion.matches.first().map(|found| found.text.clone())
    };
    assert_eq!(first(&asked).as_deref(), Some("push"));
    let id = asked.analyzer.process_id().expect("a process");
    let killed = std::process::Command::new("kill")
        .args(["-9", &id.to_string()])
        .status();
    assert!(killed.unwrap().success());
    // A question that meets the dying process gets nothing; the next one gets its answer.
    while Path::new(&format!("/proc/{id}")).exists() && asked.analyzer.process_id() == Some(id) {
        first(&asked);
    }
    assert_eq!(first(&asked).as_deref(), Some("push"));
    asked.runtime.block_on(asked.analyzer.stop());
    assert_eq!(asked.analyzer.process_id(), None);
}

#[test]
fn a_newer_completion_takes_back_older_ones() {
    let asked = Asked::start();
    asked.prepare("");
    let scope = asked.scope();
    let ask = || {
        asked
            .analyzer
            .complete(scope.clone(), "String::new().pus".to_owned(), 17)
    };
    let (.., last) = asked
        .runtime
        .block_on(async { tokio::join!(ask(), ask(), ask(), ask()) });
    assert_eq!(last.matches.first().map(|found| &*found.text), Some("push"));
}
