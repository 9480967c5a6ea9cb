//! What later cells make of earlier ones: closures, implementations, redefinitions, futures, warnings, lost sessions.

mod support;

use expect_test::expect;
use support::check_cells;

#[test]
fn closures_that_own_what_they_use_are_kept() {
    check_cells(
        r#"let inc = |x: i32| x + 1; let k = 5; let sum = move |s: &str, t: Vec<i32>| -> usize { s.len() + t.len() + k };
let mut n = 0; let mut count = move || { n += 1; n }; let text = String::from("once"); let once = move || text; |||
(inc(1), sum("abc", vec![1]), count(), count()) ||| count() + vec![1, 2].into_iter().map(inc).sum::<i32>() + inc(2) |||
{ let local = String::from("short"); sum(&local, vec![]) } ||| once() ||| once() |||
fn adder(n: i32) -> impl Fn(i32) -> i32 { move |x| x + n } fn parse() -> impl Fn(&str) -> usize { |s| s.len() }
fn evens() -> impl Iterator<Item = u32> { (0..).step_by(2) } fn double(x: u8) -> u8 { x * 2 } |||
let add = adder(3); let parse = parse(); let mut evens = evens(); let f = double; let lengths = vec!["a", "bcd"].into_iter().map(|s| s.len()); |||
(add(4), { let local = "ab".to_owned(); parse(&local) }, evens.next(), evens.next(), f(4)) ||| lengths.collect::<Vec<_>>() |||
let n = 3; let borrows = |x: i32| x + n; borrows(1) ||| borrows(1) ||| let shared = std::rc::Rc::new(2); let local = move || *shared + 1; ||| local() + local() |||
let fixed = |s: &'static str| s; let nested = |f: fn(i32) -> i32, x: i32| f(x); ||| (fixed("f"), nested(|x| x * 2, 4)) |||
std::thread::spawn(move || add(1)).join().unwrap()"#,
        expect![[r#"
            2: =(2, 9, 1, 2)
            3: =11
            4: =10
            5: ="once"
            6: error[E0425]: cannot find function `once` in this scope
             --> cell 6:1:1
              |
            1 | once()
              | ^^^^ not found in this scope
              |
              = note: `once` was moved in cell 5
            9: =(7, 2, Some(0), Some(2), 8)
            10: =[1, 3]
            11: =4
            12: error[E0425]: cannot find function `borrows` in this scope
             --> cell 12:1:1
              |
            1 | borrows(1)
              | ^^^^^^^ not found in this scope
              |
              = note: `borrows` of cell 11 was not kept, because the closure borrows what it uses; `move |…|` makes it own that
            14: =6
            16: =("f", 8)
            17: =4"#]],
    );
}

#[test]
fn an_impl_in_a_later_cell_keeps_the_values() {
    check_cells(
        r#"#[derive(Clone)] struct P { x: i32, y: i32 } ||| use std::sync::atomic::{AtomicUsize, Ordering}; static COUNT: AtomicUsize = AtomicUsize::new(0);
static ORIGIN: std::sync::Mutex<Vec<P>> = std::sync::Mutex::new(Vec::new()); fn bump() -> usize { COUNT.fetch_add(1, Ordering::SeqCst) } |||
let p = P { x: 3, y: 4 }; let many = vec![Some(p.clone())]; ORIGIN.lock()?.push(p.clone()); bump(); ||| impl P { fn norm(&self) -> f64 { f64::from(self.x * self.x + self.y * self.y).sqrt() } } |||
(p.norm(), many[0].as_ref()?.norm(), ORIGIN.lock()?.len(), bump()) |||
impl std::fmt::Display for P { fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result { write!(f, "<{} {}>", self.x, self.y) } } |||
format!("{p} {}", p.norm()) ||| trait Area { fn area(&self) -> i32; fn name(&self) -> String { "thing".into() } } ||| impl Area for P { fn area(&self) -> i32 { self.x * self.y } } |||
let areas: Vec<Box<dyn Area>> = vec![Box::new(p.clone())]; areas[0].area() ||| impl Area for i32 { fn area(&self) -> i32 { *self } } ||| (5.area(), areas[0].name(), p.area()) |||
impl P { fn norm(&self) -> f64 { 0.5 } } p.norm() ||| impl Drop for P { fn drop(&mut self) { println!("dropped {}", self.x); } } ||| drop(p);
||| ORIGIN.lock()?[0].norm() ||| impl std::ops::Add for P { type Output = i32; fn add(self, other: P) -> i32 { self.x + other.y } } |||
many[0].clone()? + many[0].clone()? ||| struct P { x: f64 } ||| many ||| areas[0].area() ||| P { x: 1.5 }.x"#,
        expect![[r#"
            5: =(5.0, 5.0, 1, 1)
            7: ="<3 4> 5"
            10: =12
            12: =(5, "thing", 12)
            13: =0.5
            15: stdout "dropped 3\n"
            16: =0.5
            18: stdout "dropped 3\ndropped 3\n"
            =7
            19: stderr "`impl std::fmt::Display for P` is forgotten, because it no longer compiles with what cell 19 defines\n`impl Area for P` is forgotten, because it no longer compiles with what cell 19 defines\n`impl std::ops::Add for P` is forgotten, because it no longer compiles with what cell 19 defines\n`many` was dropped, because cell 19 defines its type `P` anew\n"
            stdout "dropped 3\n"
            20: error[E0425]: cannot find value `many` in this scope
             --> cell 20:1:1
              |
            1 | many
              | ^^^^ not found in this scope
              |
              = note: `many` was dropped, because cell 19 defines its type `P` anew
            21: =12
            22: stdout "dropped 1.5\n"
            =1.5"#]],
    );
}

#[test]
fn the_latest_definition_wins() {
    check_cells(
        r#"fn base() -> i32 { 1 } fn twice() -> i32 { base() * 2 } ||| twice() ||| fn base() -> i32 { 10 } ||| twice() |||
struct W { v: i32 } impl W { fn get(&self) -> i32 { self.v + base() } } let w = W { v: 1 }; ||| w.get() ||| fn base() -> i32 { 100 } ||| w.get() |||
trait T { fn t(&self) -> i32; } impl T for W { fn t(&self) -> i32 { 1 } } let dynamic: Box<dyn T> = Box::new(W { v: 2 }); ||| trait T { fn t(&self) -> i32; fn u(&self) -> i32 { 7 } } |||
(w.t(), w.u()) ||| dynamic.t() ||| const N: usize = 2; struct A { data: [u8; N] } let a = A { data: [1; N] }; ||| const N: usize = 3; ||| a.data.len() ||| A { data: [0; 3] }.data.len() |||
macro_rules! five { () => { 5 } } fn uses() -> i32 { five!() } ||| macro_rules! five { () => { 6 } } ||| uses() ||| static mut STATE: i32 = 1; unsafe { STATE += 1; } ||| unsafe { STATE } |||
type Id = u8; struct User { id: Id } let u = User { id: 1 }; ||| type Id = u64; ||| u.id ||| User { id: 1 << 40 }.id ||| enum E { A } let e = E::A; ||| enum E { A } ||| matches!(e, E::A) ||| e ||| use E::*; matches!(A, E::A)"#,
        expect![[r#"
            2: =2
            4: =20
            6: =11
            8: =101
            10: stderr "`dynamic` was dropped, because cell 10 defines its type `T` anew\n"
            11: =(1, 7)
            12: error[E0425]: cannot find value `dynamic` in this scope
             --> cell 12:1:1
              |
            1 | dynamic.t()
              | ^^^^^^^ not found in this scope
              |
              = note: `dynamic` was dropped, because cell 10 defines its type `T` anew
            14: stderr "`a` was dropped, because cell 14 defines its type `A` anew\n"
            15: error[E0425]: cannot find value `a` in this scope
             --> cell 15:1:1
              |
            1 | a.data.len()
              | ^ not found in this scope
              |
              = note: `a` was dropped, because cell 14 defines its type `A` anew
            16: =3
            19: =6
            21: =2
            23: stderr "`u` was dropped, because cell 23 defines its type `User` anew\n"
            24: error[E0425]: cannot find value `u` in this scope
             --> cell 24:1:1
              |
            1 | u.id
              | ^ not found in this scope
              |
              = note: `u` was dropped, because cell 23 defines its type `User` anew
            25: =1099511627776
            28: =true
            29: =a value of type `E` cannot be displayed
            30: =true"#]],
    );
}

#[test]
fn cells_wait() {
    check_cells(
        r#"async fn fetch(s: String) -> usize { s.len() } ||| let waiting = fetch("four".into()); let block = async { 3_usize }; ||| waiting.await + block.await |||
let text = String::from("x"); async { println!("{text}"); }.await; text.len() ||| text ||| let n: i32 = async { "5".parse() }.await?; n ||| async { Err::<(), _>("no luck") }.await? |||
let v = vec![1]; let f = async move { v.len() }; f.await ||| v ||| let o = async { Some(4) }.await?; o ||| async { panic!("inside") }.await |||
let closure = async |x: i32| x + 1; closure(1).await ||| println!("{}", fetch("ab".into()).await)"#,
        expect![[r#"
            3: =7
            4: stdout "x\n"
            =1
            5: ="x"
            6: =5
            7: Error: no luck
             --> cell 7, line 1
              | async { Err::<(), _>("no luck") }.await?
            8: =1
            9: error[E0425]: cannot find value `v` in this scope
             --> cell 9:1:1
              |
            1 | v
              | ^ not found in this scope
              |
              = note: `v` was moved in cell 8, which defined it
            10: =4
            11: Panic: inside
             --> cell 11, line 1
              | async { panic!("inside") }.await
            12: =2
            13: stdout "2\n""#]],
    );
}

#[test]
fn questions_about_anything() {
    check_cells(
        r#"let x = Some(4)?; let y: i32 = "5".parse()?; x + y ||| None::<i32>?; ||| Err("no luck")? ||| #[derive(Debug)] struct Odd(u8); ||| Err::<(), _>(Odd(3))?; |||
let v: Option<i32> = None; println!("before"); v? + 1 ||| Err::<u8, Box<dyn std::error::Error>>("boxed".into())? ||| Err::<u8, String>("owned".to_owned())? ||| std::str::from_utf8(&[0xff])?.len() |||
Some(Odd(1))?; Err::<(), _>(Odd(2))?; ||| let m = std::sync::Mutex::new(vec![1]); m.lock()?.push(2); ||| m.lock()?.push(3); m ||| fn inner() -> Result<u8, std::num::ParseIntError> { "x".parse::<u8>() } inner()?"#,
        expect![[r#"
            1: =9
            2: Error: `?` met a `None`
             --> cell 2, line 1
              | None::<i32>?;
            3: Error: no luck
             --> cell 3, line 1
              | Err("no luck")?
            5: Error: Odd(3)
             --> cell 5, line 1
              | Err::<(), _>(Odd(3))?;
            6: stdout "before\n"
            Error: `?` met a `None`
             --> cell 6, line 1
              | let v: Option<i32> = None; println!("before"); v? + 1
            7: Error: boxed
             --> cell 7, line 1
              | Err::<u8, Box<dyn std::error::Error>>("boxed".into())?
            8: Error: owned
             --> cell 8, line 1
              | Err::<u8, String>("owned".to_owned())?
            9: stderr "warning: calls to `std::str::from_utf8` with an invalid literal always return an error\n --> cell 9:1:1\n  |\n1 | std::str::from_utf8(&[0xff])?.len()\n  | ^^^^^^^^^^^^^^^^^^^^^------^\n  |                      |\n  |                      the literal was valid UTF-8 up to the 0 bytes\n"
            Error: invalid utf-8 sequence of 1 bytes from index 0
             --> cell 9, line 1
              | std::str::from_utf8(&[0xff])?.len()
            10: Error: Odd(2)
             --> cell 10, line 1
              | Some(Odd(1))?; Err::<(), _>(Odd(2))?;
            12: =Mutex { data: [1, 2, 3], poisoned: false, .. }
            13: Error: invalid digit found in string
             --> cell 13, line 1
              | fn inner() -> Result<u8, std::num::ParseIntError> { "x".parse::<u8>() } inner()?"#]],
    );
}

#[test]
fn warnings_are_about_the_cell() {
    check_cells(
        r#"let x = 5; fn f(a: i32) -> i32 { 3 } "5".parse::<i32>(); ||| use std::collections::HashMap; let mut later = 1; struct Unused { field: u8 } ||| let y = { let z = 4; x }; y; |||
:warnings off
let y = { let z = 4; x }; ||| :warnings ||| :warnings maybe ||| :warnings on ||| let r = &x; ||| f(1); panic!("last") ||| loop { break } ||| #![allow(unused_variables)]
{ let z = 1; }"#,
        expect![[r#"
            1: stderr "warning: unused variable: `a`\n --> cell 1:1:17\n  |\n1 | let x = 5; fn f(a: i32) -> i32 { 3 } \"5\".parse::<i32>();\n  |                 ^\n  |\nhelp: if this is intentional, prefix it with an underscore\n  |\n1 | let x = 5; fn f(_a: i32) -> i32 { 3 } \"5\".parse::<i32>();\n  |                 +\nwarning: unused `Result` that must be used\n --> cell 1:1:38\n  |\n1 | let x = 5; fn f(a: i32) -> i32 { 3 } \"5\".parse::<i32>();\n  |                                      ^^^^^^^^^^^^^^^^^^\n  |\n  = note: this `Result` may be an `Err` variant, which should be handled\nhelp: use `let _ = ...` to ignore the resulting value\n  |\n1 | let x = 5; fn f(a: i32) -> i32 { 3 } let _ = \"5\".parse::<i32>();\n  |                                      +++++++\n"
            3: stderr "warning: unused variable: `z`\n --> cell 3:1:15\n  |\n1 | let y = { let z = 4; x }; y;\n  |               ^\n  |\nhelp: if this is intentional, prefix it with an underscore\n  |\n1 | let y = { let _z = 4; x }; y;\n  |               +\n"
            5: display warnings are off
            6: CommandError: `maybe` is neither `on` nor `off`
            9: Panic: last
             --> cell 9, line 1
              | f(1); panic!("last")"#]],
    );
}

#[test]
fn a_lost_session_is_restored_without_compiling() {
    check_cells(
        r#":restore ||| let x = vec![1, 2]; fn f(v: &[i32]) -> usize { v.len() } ||| struct Q { a: usize } let q = Q { a: f(&x) }; ||| impl Q { fn get(&self) -> usize { self.a } } println!("impl ran"); |||
panic!("no"); ||| let moved = x.clone(); ||| drop(moved); ||| std::process::abort(); ||| let after = 1; ||| :restore
||| (x, q.get(), after) ||| moved ||| :restore ||| if std::path::Path::new("dagbok-restore-test").exists() { panic!("second time") } std::fs::write("dagbok-restore-test", "")?; let z = 1; ||| let w = z + 1; |||
std::process::abort(); ||| :restore
||| std::fs::remove_file("dagbok-restore-test")?; ||| :restore
||| w"#,
        expect![[r#"
            1: display there is nothing to restore: no session process has ended
            4: stdout "impl ran\n"
            5: Panic: no
             --> cell 5, line 1
              | panic!("no");
            8: Crash: cell 8 ended the session process: it was aborted (signal 6, SIGABRT)
            a new session process has started; the variables `q`, `x` are lost; functions and types are still there; `:restore` runs the earlier cells again
            10: stdout "impl ran\n"
            display cells 2, 3, 4, 6 and 7 ran again; cells 5 and 8 had failed and are left out
            11: =([1, 2], 2, 1)
            12: error[E0425]: cannot find value `moved` in this scope
             --> cell 12:1:1
              |
            1 | moved
              | ^^^^^ not found in this scope
              |
              = note: `moved` was moved in cell 7
            13: display there is nothing to restore: no session process has ended
            16: Crash: cell 16 ended the session process: it was aborted (signal 6, SIGABRT)
            a new session process has started; the variables `after`, `q`, `w`, `z` are lost; functions and types are still there; `:restore` runs the earlier cells again
            17: stdout "impl ran\n"
            =([1, 2], 2, 1)
            Panic: second time
             --> cell 14, line 1
              | if std::path::Path::new("dagbok-restore-test").exists() { panic!("second time") } std::fs::write("dagbok-restore-test", "")?; let z = 1;
            `:restore` stops here; cells 9, 2, 3, 4, 6, 7 and 11 ran again, and not cell 14
            19: Panic: there is no variable `z`
            `:restore` stops here; no cell ran again, and not cell 15
            20: error[E0425]: cannot find value `w` in this scope
             --> cell 20:1:1
              |
            1 | w
              | ^ not found in this scope
              |
              = note: `w` was lost when cell 16 ended the session process"#]],
    );
}

#[test]
fn panics_say_who_called() {
    check_cells(
        "fn inner(n: i32) -> i32 { if n > 2 { panic!(\"too big: {n}\") } n } |||
struct T; impl T {
    fn outer(&self, n: i32) -> i32 {
        let x = inner(n);
        x + 1
    }
} |||
let t = T;
let y = [1, 2, 3].iter().map(|n| t.outer(*n)).sum::<i32>(); ||| inner(7) ||| None::<u8>.unwrap() |||
fn fall(n: u32) -> u32 { if n == 0 { [1][n as usize + t()] } else { fall(n - 1) } } fn t() -> usize { 5 } ||| fall(9) ||| inner(9)",
        expect![[r#"
            3: Panic: too big: 3
             --> cell 1, line 1
              | fn inner(n: i32) -> i32 { if n > 2 { panic!("too big: {n}") } n }
             called from cell 2, line 3, in `<T>::outer`
             called from cell 3, line 2
            4: Panic: too big: 7
             --> cell 1, line 1
              | fn inner(n: i32) -> i32 { if n > 2 { panic!("too big: {n}") } n }
             called from cell 4
            5: Panic: called `Option::unwrap()` on a `None` value
             --> cell 5, line 1
              | None::<u8>.unwrap()
            7: Panic: index out of bounds: the len is 1 but the index is 5
             --> cell 6, line 1
              | fn fall(n: u32) -> u32 { if n == 0 { [1][n as usize + t()] } else { fall(n - 1) } } fn t() -> usize { 5 }
             called from cell 7
            8: Panic: too big: 9
             --> cell 1, line 1
              | fn inner(n: i32) -> i32 { if n > 2 { panic!("too big: {n}") } n }
             called from cell 8"#]],
    );
}

#[test]
fn upper_case_names_are_variables_where_no_constant_can_stand() {
    check_cells(
        r#"#![allow(non_snake_case)] let UPPER: i64 = 1; let (A, mut B) = (2, 3); ||| B += 1; UPPER + i64::from(A + B) ||| struct Unit; let Unit = Unit; let Some(C) = Some(5) else { panic!() }; C ||| UPPER ||| enum E { V, W(u8) } use E::*; let V = V else { panic!() }; ||| matches!(V, E::V) ||| let ((Some(k), _) | (None, k)) = (Some(1), 2); ||| k"#,
        expect![[r#"
            2: =7
            3: stderr "warning: variable `C` should have a snake case name\n --> cell 3:1:40\n  |\n1 | struct Unit; let Unit = Unit; let Some(C) = Some(5) else { panic!() }; C\n  |                                        ^\n  |\nhelp: convert the identifier to snake case\n  |\n1 - struct Unit; let Unit = Unit; let Some(C) = Some(5) else { panic!() }; C\n1 + struct Unit; let Unit = Unit; let Some(c) = Some(5) else { panic!() }; C\n  |\n"
            =5
            4: =1
            6: =true
            8: =1"#]],
    );
}

#[test]
fn wrong_calls_are_explained_on_what_was_typed() {
    check_cells(
        r#"Graph::builder().task("x", (), |x| x + 1) ||| #[delayed] fn inc(x: i64) -> i64 { x + 1 } ||| inc(1.5) |||
let xs = vec![1, 2, 3]; submit(|| xs.len()).result()? ||| fn first(all: &[Future<i64>]) -> i64 { 1 } ||| let wrong: i64 = submit(|| 1_i64); |||
fn first(all: &[dagbok::Future<i64>]) -> i64 { all[0].result().unwrap() } first(&[submit(|| 1_i64)])"#,
        expect![[r#"
            1: error[E0277]: a task cannot be `{closure}`
             --> cell 1:1:32
              |
            1 | Graph::builder().task("x", (), |x| x + 1)
              |                  ----          ^^^^^^^^^ not a closure of references to the values of its inputs
              |                  |
              |                  required by a bound introduced by this call
              |
              = help: the trait `TaskFunction<_, _>` is not implemented for closure `{closure}`
              = note: write the types of its parameters: `|x: &i64, y: &String| …` for one input each, up to six, or `|xs: &[i64]| …` for all
              = note: required by a bound in `GraphBuilder::task`
            3: error[E0277]: a delayed function takes `i64` here and was given `{float}`
             --> cell 3:1:5
              |
            1 | inc(1.5)
              | --- ^^^ takes `i64`, `Delayed<i64>`, `Future<i64>`, or collections that compute to it
              | |
              | required by a bound introduced by this call
              |
              = help: the trait `IntoDelayed<i64>` is not implemented for `{float}`
              = note: required by a bound in `inc`
            4: error[E0373]: closure may outlive the current function, but it borrows `xs`, which is owned by the current function
             --> cell 4:1:32
              |
            1 | let xs = vec![1, 2, 3]; submit(|| xs.len()).result()?
              |                                ^^ -- `xs` is borrowed here
              |                                |
              |                                may outlive borrowed value `xs`
              |
            note: function requires argument type to outlive `'static`
             --> cell 4:1:25
              |
            1 | let xs = vec![1, 2, 3]; submit(|| xs.len()).result()?
              |                         ^^^^^^^^^^^^^^^^^^^
            help: to force the closure to take ownership of `xs` (and any other referenced variables), use the `move` keyword
              |
            1 | let xs = vec![1, 2, 3]; submit(move || xs.len()).result()?
              |                                ++++
            5: error[E0782]: expected a type, found a trait
             --> cell 5:1:17
              |
            1 | fn first(all: &[Future<i64>]) -> i64 { 1 }
              |                 ^^^^^^^^^^^
              |
              = note: `Future` is a trait of the standard library; the type of what `submit` returns is `dagbok::Future`
            6: error[E0308]: mismatched types
             --> cell 6:1:18
              |
            1 | let wrong: i64 = submit(|| 1_i64);
              |            ---   ^^^^^^^^^^^^^^^^ expected `i64`, found `Future<i64>`
              |            |
              |            expected due to this
              |
              = note: expected type `i64`
                       found struct `dagbok::Future<i64>`
            7: =1"#]],
    );
}
