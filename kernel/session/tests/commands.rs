//! Commands of a cell, with a real compiler and a real session process.

mod support;

use dagbok_kernel::evaluate::native::Toolchain;
use expect_test::expect;
use support::{Session, check_cells};

#[test]
fn a_table_of_the_variables_lives() {
    // Each cell brings it up to date, also one that fails or ends the process.
    check_cells(
        r#"let n = 1; ||| :vars live
let m = 2u8; ||| drop(m); panic!("oops") ||| std::process::abort() ||| let back = 1;
||| :vars off ||| let unseen = 1; ||| :vars more ||| :vars live ||| :reset ||| let after = 1;"#,
        expect![[r#"
            2: display {"text/plain":"name  type  size  value  cell\nn     i32   4 B   1      1","text/html":"<table><thead><tr><th style=\"text-align:left\">name</th><th style=\"text-align:left\">type</th><th style=\"text-align:left\">size</th><th style=\"text-align:left\">value</th><th style=\"text-align:left\">cell</th></tr></thead><tbody><tr><td style=\"text-align:left\">n</td><td style=\"text-align:left\">i32</td><td style=\"text-align:left\">4 B</td><td style=\"text-align:left\">1</td><td style=\"text-align:left\">1</td></tr></tbody></table>"}
            update {"text/plain":"name  type  size  value  cell\nm     u8    1 B   2      2\nn     i32   4 B   1      1","text/html":"<table><thead><tr><th style=\"text-align:left\">name</th><th style=\"text-align:left\">type</th><th style=\"text-align:left\">size</th><th style=\"text-align:left\">value</th><th style=\"text-align:left\">cell</th></tr></thead><tbody><tr><td style=\"text-align:left\">m</td><td style=\"text-align:left\">u8</td><td style=\"text-align:left\">1 B</td><td style=\"text-align:left\">2</td><td style=\"text-align:left\">2</td></tr><tr><td style=\"text-align:left\">n</td><td style=\"text-align:left\">i32</td><td style=\"text-align:left\">4 B</td><td style=\"text-align:left\">1</td><td style=\"text-align:left\">1</td></tr></tbody></table>"}
            3: stderr "warning: calls to `std::mem::drop` with a value that implements `Copy` does nothing\n --> cell 3:1:1\n  |\n1 | drop(m); panic!(\"oops\")\n  | ^^^^^-^\n  |      |\n  |      argument has type `u8`\n  |\nhelp: use `let _ = ...` to ignore the expression or result\n  |\n1 - drop(m); panic!(\"oops\")\n1 + let _ = m; panic!(\"oops\")\n  |\n"
            update {"text/plain":"name  type  size  value  cell\nm     u8    1 B   2      2\nn     i32   4 B   1      1","text/html":"<table><thead><tr><th style=\"text-align:left\">name</th><th style=\"text-align:left\">type</th><th style=\"text-align:left\">size</th><th style=\"text-align:left\">value</th><th style=\"text-align:left\">cell</th></tr></thead><tbody><tr><td style=\"text-align:left\">m</td><td style=\"text-align:left\">u8</td><td style=\"text-align:left\">1 B</td><td style=\"text-align:left\">2</td><td style=\"text-align:left\">2</td></tr><tr><td style=\"text-align:left\">n</td><td style=\"text-align:left\">i32</td><td style=\"text-align:left\">4 B</td><td style=\"text-align:left\">1</td><td style=\"text-align:left\">1</td></tr></tbody></table>"}
            Panic: oops
             --> cell 3, line 1
              | drop(m); panic!("oops")
            4: update there are no variables
            Crash: cell 4 ended the session process: it was aborted (signal 6, SIGABRT)
            a new session process has started; the variables `m`, `n` are lost; functions and types are still there; `:restore` runs the earlier cells again
            5: update {"text/plain":"name  type  size  value  cell\nback  i32   4 B   1      5","text/html":"<table><thead><tr><th style=\"text-align:left\">name</th><th style=\"text-align:left\">type</th><th style=\"text-align:left\">size</th><th style=\"text-align:left\">value</th><th style=\"text-align:left\">cell</th></tr></thead><tbody><tr><td style=\"text-align:left\">back</td><td style=\"text-align:left\">i32</td><td style=\"text-align:left\">4 B</td><td style=\"text-align:left\">1</td><td style=\"text-align:left\">5</td></tr></tbody></table>"}
            6: update {"text/plain":"name  type  size  value  cell\nback  i32   4 B   1      5","text/html":"<table><thead><tr><th style=\"text-align:left\">name</th><th style=\"text-align:left\">type</th><th style=\"text-align:left\">size</th><th style=\"text-align:left\">value</th><th style=\"text-align:left\">cell</th></tr></thead><tbody><tr><td style=\"text-align:left\">back</td><td style=\"text-align:left\">i32</td><td style=\"text-align:left\">4 B</td><td style=\"text-align:left\">1</td><td style=\"text-align:left\">5</td></tr></tbody></table>"}
            8: CommandError: `:vars` takes nothing, or `live` or `off`, and not `more`
            9: display {"text/plain":"name    type  size  value  cell\nback    i32   4 B   1      5\nunseen  i32   4 B   1      7","text/html":"<table><thead><tr><th style=\"text-align:left\">name</th><th style=\"text-align:left\">type</th><th style=\"text-align:left\">size</th><th style=\"text-align:left\">value</th><th style=\"text-align:left\">cell</th></tr></thead><tbody><tr><td style=\"text-align:left\">back</td><td style=\"text-align:left\">i32</td><td style=\"text-align:left\">4 B</td><td style=\"text-align:left\">1</td><td style=\"text-align:left\">5</td></tr><tr><td style=\"text-align:left\">unseen</td><td style=\"text-align:left\">i32</td><td style=\"text-align:left\">4 B</td><td style=\"text-align:left\">1</td><td style=\"text-align:left\">7</td></tr></tbody></table>"}
            update {"text/plain":"name    type  size  value  cell\nback    i32   4 B   1      5\nunseen  i32   4 B   1      7","text/html":"<table><thead><tr><th style=\"text-align:left\">name</th><th style=\"text-align:left\">type</th><th style=\"text-align:left\">size</th><th style=\"text-align:left\">value</th><th style=\"text-align:left\">cell</th></tr></thead><tbody><tr><td style=\"text-align:left\">back</td><td style=\"text-align:left\">i32</td><td style=\"text-align:left\">4 B</td><td style=\"text-align:left\">1</td><td style=\"text-align:left\">5</td></tr><tr><td style=\"text-align:left\">unseen</td><td style=\"text-align:left\">i32</td><td style=\"text-align:left\">4 B</td><td style=\"text-align:left\">1</td><td style=\"text-align:left\">7</td></tr></tbody></table>"}
            10: update there are no variables"#]],
    );
    check_cells(
        r#"struct Loud; impl std::fmt::Debug for Loud { fn fmt(&self, _: &mut std::fmt::Formatter) -> std::fmt::Result { std::process::exit(3) } } ||| :vars live ||| let loud = Loud; ||| 1 + 1"#,
        expect![[r#"
            2: display there are no variables
            update there are no variables
            3: update the variables cannot be shown: Crash: cell 3 ended the session process: it exited with code 3
            4: =2
            update there are no variables"#]],
    );
}

#[test]
fn variables_and_types() {
    check_cells(
        r#":vars ||| struct Opaque; struct Cross; impl std::fmt::Debug for Cross { fn fmt(&self, _: &mut std::fmt::Formatter) -> std::fmt::Result { panic!("not today") } } |||
        let mut v = vec![1.5, 2.5]; let words = vec!["a<b".to_string()]; let o = Opaque; let c = Cross; let long = vec![7u8; 1_000_000]; let a = zeros([3]); let t = df!("x" => [1, 2])?; let boxed: Box<dyn Fn() -> u8> = Box::new(|| 1); |||
        :vars ||| :v extra ||| :whos ||| v.push(1.0); long.len() |||
        :type v ||| :t v.iter().map(|x| x + 1.0) ||| :type *words[0] ||| :type "5".parse::<u8>()? ||| :type panic!("x") ||| :type { let n = 1u8; (n, &v) } ||| :type Some(o) ||| :type v; ||| :type ||| :type let x = 1; ||| :type nothing ||| :type 1 + "a" ||| :type drop(v) ||| :type ( ||| v.len() |||
        :forget v ||| v ||| :forget v ||| :forget long, nope ||| :forget ||| long.len() ||| fn double(x: i32) -> i32 { x * 2 } ||| :type double ||| :type vec![double; 2] ||| :type
std::collections::HashMap::from([("a", 1)]) ||| let adder = |x: i32| x + 1; ||| :type adder ||| long.len()"#,
        expect![[r#"
            1: display there are no variables
            4: display {"text/plain":"name   type                 size    value                                                                              cell\na      Array                ≥ 8 B   Array(zeros-bc658d1aa3766112, shape=(3,), dtype=f64, chunks=(3,))                  3\nboxed  Box<dyn Fn() -> u8>  ≥ 16 B  not displayable                                                                    3\nc      Cross                0 B     its `Debug` panicked: not today                                                    3\nlong   Vec<u8>              1.0 MB  [7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7…  3\no      Opaque               0 B     not displayable                                                                    3\nt      DataFrame            24 B    2 rows × 1 columns: x                                                              3\nmut v  Vec<f64>             40 B    [1.5, 2.5]                                                                         3\nwords  Vec<String>          51 B    [\"a<b\"]                                                                            3","text/html":"<table><thead><tr><th style=\"text-align:left\">name</th><th style=\"text-align:left\">type</th><th style=\"text-align:left\">size</th><th style=\"text-align:left\">value</th><th style=\"text-align:left\">cell</th></tr></thead><tbody><tr><td style=\"text-align:left\">a</td><td style=\"text-align:left\">Array</td><td style=\"text-align:left\">≥ 8 B</td><td style=\"text-align:left\">Array(zeros-bc658d1aa3766112, shape=(3,), dtype=f64, chunks=(3,))</td><td style=\"text-align:left\">3</td></tr><tr><td style=\"text-align:left\">boxed</td><td style=\"text-align:left\">Box&lt;dyn Fn() -&gt; u8&gt;</td><td style=\"text-align:left\">≥ 16 B</td><td style=\"text-align:left\">not displayable</td><td style=\"text-align:left\">3</td></tr><tr><td style=\"text-align:left\">c</td><td style=\"text-align:left\">Cross</td><td style=\"text-align:left\">0 B</td><td style=\"text-align:left\">its `Debug` panicked: not today</td><td style=\"text-align:left\">3</td></tr><tr><td style=\"text-align:left\">long</td><td style=\"text-align:left\">Vec&lt;u8&gt;</td><td style=\"text-align:left\">1.0 MB</td><td style=\"text-align:left\">[7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7…</td><td style=\"text-align:left\">3</td></tr><tr><td style=\"text-align:left\">o</td><td style=\"text-align:left\">Opaque</td><td style=\"text-align:left\">0 B</td><td style=\"text-align:left\">not displayable</td><td style=\"text-align:left\">3</td></tr><tr><td style=\"text-align:left\">t</td><td style=\"text-align:left\">DataFrame</td><td style=\"text-align:left\">24 B</td><td style=\"text-align:left\">2 rows × 1 columns: x</td><td style=\"text-align:left\">3</td></tr><tr><td style=\"text-align:left\">mut v</td><td style=\"text-align:left\">Vec&lt;f64&gt;</td><td style=\"text-align:left\">40 B</td><td style=\"text-align:left\">[1.5, 2.5]</td><td style=\"text-align:left\">3</td></tr><tr><td style=\"text-align:left\">words</td><td style=\"text-align:left\">Vec&lt;String&gt;</td><td style=\"text-align:left\">51 B</td><td style=\"text-align:left\">[\"a&lt;b\"]</td><td style=\"text-align:left\">3</td></tr></tbody></table>"}
            5: CommandError: `:vars` takes nothing, or `live` or `off`, and not `extra`
            6: display {"text/plain":"name   type                 size    value                                                                              cell\na      Array                ≥ 8 B   Array(zeros-bc658d1aa3766112, shape=(3,), dtype=f64, chunks=(3,))                  3\nboxed  Box<dyn Fn() -> u8>  ≥ 16 B  not displayable                                                                    3\nc      Cross                0 B     its `Debug` panicked: not today                                                    3\nlong   Vec<u8>              1.0 MB  [7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7…  3\no      Opaque               0 B     not displayable                                                                    3\nt      DataFrame            24 B    2 rows × 1 columns: x                                                              3\nmut v  Vec<f64>             40 B    [1.5, 2.5]                                                                         3\nwords  Vec<String>          51 B    [\"a<b\"]                                                                            3","text/html":"<table><thead><tr><th style=\"text-align:left\">name</th><th style=\"text-align:left\">type</th><th style=\"text-align:left\">size</th><th style=\"text-align:left\">value</th><th style=\"text-align:left\">cell</th></tr></thead><tbody><tr><td style=\"text-align:left\">a</td><td style=\"text-align:left\">Array</td><td style=\"text-align:left\">≥ 8 B</td><td style=\"text-align:left\">Array(zeros-bc658d1aa3766112, shape=(3,), dtype=f64, chunks=(3,))</td><td style=\"text-align:left\">3</td></tr><tr><td style=\"text-align:left\">boxed</td><td style=\"text-align:left\">Box&lt;dyn Fn() -&gt; u8&gt;</td><td style=\"text-align:left\">≥ 16 B</td><td style=\"text-align:left\">not displayable</td><td style=\"text-align:left\">3</td></tr><tr><td style=\"text-align:left\">c</td><td style=\"text-align:left\">Cross</td><td style=\"text-align:left\">0 B</td><td style=\"text-align:left\">its `Debug` panicked: not today</td><td style=\"text-align:left\">3</td></tr><tr><td style=\"text-align:left\">long</td><td style=\"text-align:left\">Vec&lt;u8&gt;</td><td style=\"text-align:left\">1.0 MB</td><td style=\"text-align:left\">[7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7…</td><td style=\"text-align:left\">3</td></tr><tr><td style=\"text-align:left\">o</td><td style=\"text-align:left\">Opaque</td><td style=\"text-align:left\">0 B</td><td style=\"text-align:left\">not displayable</td><td style=\"text-align:left\">3</td></tr><tr><td style=\"text-align:left\">t</td><td style=\"text-align:left\">DataFrame</td><td style=\"text-align:left\">24 B</td><td style=\"text-align:left\">2 rows × 1 columns: x</td><td style=\"text-align:left\">3</td></tr><tr><td style=\"text-align:left\">mut v</td><td style=\"text-align:left\">Vec&lt;f64&gt;</td><td style=\"text-align:left\">40 B</td><td style=\"text-align:left\">[1.5, 2.5]</td><td style=\"text-align:left\">3</td></tr><tr><td style=\"text-align:left\">words</td><td style=\"text-align:left\">Vec&lt;String&gt;</td><td style=\"text-align:left\">51 B</td><td style=\"text-align:left\">[\"a&lt;b\"]</td><td style=\"text-align:left\">3</td></tr></tbody></table>"}
            7: =1000000
            8: display Vec<f64>
            9: display Map<Iter<'_, f64>, {closure}>
            10: display str
            11: display u8
            12: display !
            13: display (u8, &Vec<f64>)
            14: display Option<Opaque>
            15: CommandError: `:type` takes one expression, without a semicolon: `:type 1 + 1`
            16: CommandError: `:type` takes code: `:type 1 + 1`
            17: CommandError: `:type` takes one expression, without a semicolon: `:type 1 + 1`
            18: error[E0425]: cannot find value `nothing` in this scope
             --> cell 18:1:7
              |
            1 |       nothing
              |       ^^^^^^^ not found in this scope
            19: error[E0277]: cannot add `&str` to `{integer}`
             --> cell 19:1:9
              |
            1 |       1 + "a"
              |         ^ no implementation for `{integer} + &str`
              |
              = help: the trait `Add<&str>` is not implemented for `{integer}`
              = help: the following other types implement trait `Add<Rhs>`:
                        `&f128` implements `Add<f128>`
                        `&f128` implements `Add`
                        `&f16` implements `Add<f16>`
                        `&f16` implements `Add`
                        `&f32` implements `Add<f32>`
                        `&f32` implements `Add`
                        `&f64` implements `Add<f64>`
                        `&f64` implements `Add`
                      and 60 others
            20: display ()
            21: error: this file contains an unclosed delimiter
             --> cell 21:1:7
              |
            1 |       (
              |       - unclosed delimiter
            22: =3
            24: error[E0425]: cannot find value `v` in this scope
             --> cell 24:1:1
              |
            1 | v
              | ^ not found in this scope
              |
              = note: `v` was dropped by `:forget`
            25: CommandError: there is no variable `v`: `v` was dropped by `:forget`
            26: CommandError: there is no variable `nope`; `:vars` lists those there are
            27: CommandError: `:forget` takes the names of variables: `:forget x y`
            28: =1000000
            30: display fn(i32) -> i32
            31: display Vec<fn(i32) -> i32>
            32: display HashMap<&str, i32>
            34: display fn(i32) -> i32
            35: =1000000"#]],
    );
}

#[test]
fn help() {
    check_cells(
        ":help vars ||| %help %timeit ||| :help !ls ||| :help sccache ||| :help hepl ||| :hepl ||| :sccache 1 ||| %matplotlib inline ||| :opt 9 ||| :opt 2 ||| :opt ||| %%opt 2\n1 ||| : ||| :help t ||| :version 2",
        expect![[r#"
            1: display {"text/plain":"`:vars [live|off]`: list all variables: type, size, value, and the cell that made them; `live` keeps the list up to date. Also `:v`, `:who`, `:who_ls`, `:whos`.\n\n`:vars live` shows the same table and keeps it up to date after each cell, until `:vars off`. A size is what a value owns, on the heap too; `≥` stands before what is known of a type of your own. What is shared (`Rc`, `Arc`, the elements of an array) counts for each that shares it.","text/markdown":"`:vars [live|off]`: list all variables: type, size, value, and the cell that made them; `live` keeps the list up to date. Also `:v`, `:who`, `:who_ls`, `:whos`.\n\n`:vars live` shows the same table and keeps it up to date after each cell, until `:vars off`. A size is what a value owns, on the heap too; `≥` stands before what is known of a type of your own. What is shared (`Rc`, `Arc`, the elements of an array) counts for each that shares it."}
            2: display {"text/plain":"`:timeit [-n LOOPS] [-r RUNS] [CODE]`: run code, or the rest of the cell, many times and show how long it takes.\n\nThe code is compiled at the highest optimisation, if `:opt` has not chosen one. Without `-n`, loops go on for at least 0.2 s a run; without `-r`, there are 7 runs. After `%%timeit`, code on the same line runs once and is not measured. The value of the last expression is not optimised away, if it has no semicolon.\n\n`:timeit v.iter().sum::<f64>()`","text/markdown":"`:timeit [-n LOOPS] [-r RUNS] [CODE]`: run code, or the rest of the cell, many times and show how long it takes.\n\nThe code is compiled at the highest optimisation, if `:opt` has not chosen one. Without `-n`, loops go on for at least 0.2 s a run; without `-r`, there are 7 runs. After `%%timeit`, code on the same line runs once and is not measured. The value of the last expression is not optimised away, if it has no semicolon.\n\n`:timeit v.iter().sum::<f64>()`"}
            3: display {"text/plain":"`!COMMAND`: run a command in a shell, in the notebook's folder.\n\nIts output is shown while it runs. An exit code other than 0 is an error. A line that ends in `\\` goes on in the next one. Each `!` has a shell of its own: `:cd` changes the folder for all that follows.\n\n`!ls -l data`","text/markdown":"`!COMMAND`: run a command in a shell, in the notebook's folder.\n\nIts output is shown while it runs. An exit code other than 0 is an error. A line that ends in `\\` goes on in the next one. Each `!` has a shell of its own: `:cd` changes the folder for all that follows.\n\n`!ls -l data`"}
            4: display `:sccache` has no effect: each cell is compiled once and linked by the fastest linker there is; nothing needs to be set
            5: CommandError: there is no command `:hepl`; is it `:help`?
            6: CommandError: there is no command `:hepl`; is it `:help`?
            7: display `:sccache` has no effect: each cell is compiled once and linked by the fastest linker there is; nothing needs to be set
            8: display `:matplotlib` is Python's and has no effect here
            9: CommandError: `9` is no optimisation level; there are 0, 1, 2, 3, s, z and auto
            11: display optimisation level 2
            12: CommandError: `%%opt` is not there, because `opt` takes no code; write `:opt` or `%opt`
            13: CommandError: a command has a name; `:help` lists them all
            14: display {"text/plain":"`:type EXPRESSION`: show the type of an expression, which is not run. Also `:t`.\n\n`:type v.iter().map(|x| x + 1)`","text/markdown":"`:type EXPRESSION`: show the type of an expression, which is not run. Also `:t`.\n\n`:type v.iter().map(|x| x + 1)`"}
            15: CommandError: `:version` takes nothing, and not `2`"#]],
    );
}

#[test]
fn documentation_of_cells_and_of_dagbok() {
    let mut session = Session::start();
    session.show(
        "/// A point.\nstruct P { x: u8 }\nimpl P {\n    /// Its place.\n    fn place(&self) -> u8 { self.x }\n}\nfn plain() {}",
    );
    session.show("let p = P { x: 1 };");
    let shown = documented(
        &mut session,
        "P P::place p.place p plain col Frame::filter q.x 1+1 polars::col",
    );
    expect![[r#"
        P: struct P { x: u8 } … A point.
        P::place: fn place(&self) -> u8 … Its place.
        p.place: fn place(&self) -> u8 … Its place.
        p: struct P { x: u8 } … A point.
        plain: fn plain() … *nothing is written about it*
        col: fn col(name: impl Into<String>) -> Expr … The column `name`; `*` are all columns, and names such as `^rain_.*$` all that match.
        Frame::filter: fn filter(&self, predicate: impl Into<Expr>) -> Frame … The rows for which `predicate` is true.
        q.x: CommandError: there is no variable `q` … CommandError: there is no variable `q`
        1+1: CommandError: `1+1` is no name; `:doc` takes one, as in `:doc Vec::push` … CommandError: `1+1` is no name; `:doc` takes one, as in `:doc Vec::push`
        polars::col: CommandError: the documentation of `polars` is not on this machine; it is at https://docs.rs/polars … CommandError: the documentation of `polars` is not on this machine; it is at https://docs.rs/polars"#]].assert_eq(&shown);
}

#[test]
fn documentation_of_rust() {
    let pages = Toolchain::find().unwrap().documentation();
    if !pages.is_dir() {
        return;
    }
    let mut session = Session::start();
    session.show("let v = vec![1.5]; let s = \"a\";");
    let shown = documented(
        &mut session,
        "v.push v s.trim match println! vec! HashMap HashMap::entry Iterator::map Result std::io::Result std::fs \
         i32::pow Option::Some f64::consts::PI Vec::nope nope",
    );
    expect![[r#"
        v.push: pub fn push(&mut self, value: T) … <https://doc.rust-lang.org/stable/std/vec/struct.Vec.html#method.push>
        v: pub struct Vec<T, A = Global> … <https://doc.rust-lang.org/stable/std/vec/struct.Vec.html>
        s.trim: pub fn trim(&self) -> &str … <https://doc.rust-lang.org/stable/std/primitive.str.html#method.trim>
        match: Control flow based on pattern matching. … <https://doc.rust-lang.org/stable/std/keyword.match.html>
        println!: macro_rules! println { … <https://doc.rust-lang.org/stable/std/macro.println.html>
        vec!: macro_rules! vec { … <https://doc.rust-lang.org/stable/std/macro.vec.html>
        HashMap: pub struct HashMap<K, V, S = RandomState, A: Allocator = Global> { /* private fields */ } … <https://doc.rust-lang.org/stable/std/collections/struct.HashMap.html>
        HashMap::entry: pub fn entry(&mut self, key: K) -> Entry<'_, K, V, A> … <https://doc.rust-lang.org/stable/std/collections/struct.HashMap.html#method.entry>
        Iterator::map: fn map<B, F>(self, f: F) -> Map<Self, F> … <https://doc.rust-lang.org/stable/std/iter/trait.Iterator.html#method.map>
        Result: pub enum Result<T, E> { … <https://doc.rust-lang.org/stable/std/result/enum.Result.html>
        std::io::Result: pub type Result<T> = Result<T, Error>; … <https://doc.rust-lang.org/stable/std/io/type.Result.html>
        std::fs: Filesystem manipulation operations. … <https://doc.rust-lang.org/stable/std/fs/index.html>
        i32::pow: pub const fn pow(self, exp: u32) -> i32 … <https://doc.rust-lang.org/stable/std/primitive.i32.html#method.pow>
        Option::Some: Some(T) … <https://doc.rust-lang.org/stable/std/option/enum.Option.html#variant.Some>
        f64::consts::PI: pub const PI: f64 = 3.14159265358979323846264338327950288_f64; // 3.1415926535897931f64 … <https://doc.rust-lang.org/stable/std/f64/consts/constant.PI.html>
        Vec::nope: CommandError: nothing is known of `Vec::nope`; https://doc.rust-lang.org/stable/std/?search=Vec%3A%3Anope searches Rust's own documentation … CommandError: nothing is known of `Vec::nope`; https://doc.rust-lang.org/stable/std/?search=Vec%3A%3Anope searches Rust's own documentation
        nope: CommandError: nothing is known of `nope`; https://doc.rust-lang.org/stable/std/?search=nope searches Rust's own documentation … CommandError: nothing is known of `nope`; https://doc.rust-lang.org/stable/std/?search=nope searches Rust's own documentation"#]].assert_eq(&shown);
}

/// The first lines and the last one of what `:doc` shows for each of `names`.
fn documented(session: &mut Session, names: &str) -> String {
    let lines = names.split_whitespace().map(|name| {
        let text = session.show(&format!(":doc {name}"));
        let bundle = text.trim_start_matches("display ");
        let text = match serde_json::from_str::<serde_json::Value>(bundle) {
            Ok(bundle) => bundle["text/plain"].as_str().unwrap_or_default().to_owned(),
            Err(_) => text,
        };
        let shown: Vec<&str> = text
            .lines()
            .filter(|line| !line.starts_with("```"))
            .collect();
        let first = shown.first().copied().unwrap_or_default();
        let last = shown.last().copied().unwrap_or_default();
        format!("{name}: {first} … {last}")
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn starting_over() {
    check_cells(
        ":opt 1\nlet x = 1; fn f() -> u8 { 1 } use std::collections::BTreeSet; ||| :clear ||| x ||| f() ||| BTreeSet::<u8>::new() ||| :opt ||| let y = 2; ||| :reset ||| y ||| :opt ||| let z = 3; z ||| :reset now ||| z ||| %reset -f ||| 1",
        expect![[r#"
            3: error[E0425]: cannot find value `x` in this scope
             --> cell 3:1:1
              |
            1 | x
              | ^ not found in this scope
              |
              = note: `x` was dropped by `:clear`
            4: error[E0425]: cannot find function `f` in this scope
             --> cell 4:1:1
              |
            1 | f()
              | ^ not found in this scope
              |
              = note: `f` was dropped by `:clear`
            5: error[E0433]: cannot find type `BTreeSet` in this scope
             --> cell 5:1:1
              |
            1 | BTreeSet::<u8>::new()
              | ^^^^^^^^ use of undeclared type `BTreeSet`
              |
              = help: consider importing this struct: `use std::collections::BTreeSet;`
            6: display optimisation level 1
            9: error[E0425]: cannot find value `y` in this scope
             --> cell 9:1:1
              |
            1 | y
              | ^ not found in this scope
              |
              = note: `y` was dropped by `:reset`
            10: display optimisation level auto: 3 for cells with long loops and for functions with loops, else 0
            11: =3
            12: CommandError: `:reset` takes nothing, and not `now`
            13: =3
            15: =1"#]],
    );
}

#[test]
fn macros() {
    check_cells(
        r#":expand println!("{}", 1) ||| macro_rules! twice { ($e:expr) => { $e + $e } } ||| %%expand
// a comment
#[derive(Clone)] struct P { x: i32 }
let s = "two
    lines";
twice!(2) ||| :expand nope!() ||| :expand ||| :expand ( ||| :expand let x: u8 = twice!("a");"#,
        expect![[r#"
            1: display {"text/plain":"{\n    ::std::io::_print(format_args!(\"{0}\\n\", 1));\n}","text/markdown":"```rust\n{\n    ::std::io::_print(format_args!(\"{0}\\n\", 1));\n}\n```"}
            3: display {"text/plain":"// a comment\nstruct P {\n    x: i32,\n}\n#[automatically_derived]\nimpl ::core::clone::Clone for P {\n    #[inline]\n    fn clone(&self) -> P {\n        P {\n            x: ::core::clone::Clone::clone(&self.x),\n        }\n    }\n}\nlet s = \"two\n    lines\";\n2 + 2","text/markdown":"```rust\n// a comment\nstruct P {\n    x: i32,\n}\n#[automatically_derived]\nimpl ::core::clone::Clone for P {\n    #[inline]\n    fn clone(&self) -> P {\n        P {\n            x: ::core::clone::Clone::clone(&self.x),\n        }\n    }\n}\nlet s = \"two\n    lines\";\n2 + 2\n```"}
            4: error: cannot find macro `nope` in this scope
             --> cell 4:1:9
              |
            1 |         nope!()
              |         ^^^^
            5: CommandError: `:expand` takes code: `:expand vec![1, 2]`
            6: error: this file contains an unclosed delimiter
             --> cell 6:1:9
              |
            1 |         (
              |         - unclosed delimiter
            7: display {"text/plain":"let x: u8 = \"a\" + \"a\";","text/markdown":"```rust\nlet x: u8 = \"a\" + \"a\";\n```"}"#]],
    );
}

#[test]
fn machine_code() {
    let mut session = Session::start();
    session.show(
        "fn double(x: i32) -> i32 { x * 2 } struct Q; impl Q { fn three(&self) -> u8 { 3 } } fn same<T>(t: T) -> T { t }",
    );
    let mut lines = Vec::new();
    for code in [
        ":asm double",
        ":opt 3",
        ":asm double",
        ":asm Q::three",
        ":asm same",
        ":asm nope",
        ":asm",
        ":asm\nfn four() -> u64 { 4 }\nlet unused = 1;",
        ":asm\n1 + 1",
        "%%asm\nfn five() -> u64 { \"a\" }",
        "double(4)",
    ] {
        let text = session.show(code);
        // Instructions are the machine's own.
        lines.push(text.split(":\\n").next().unwrap_or_default().to_owned());
    }
    expect![[r#"
        display {"text/plain":"double

        display {"text/plain":"double
        display {"text/plain":"Q::three
        CommandError: there is no machine code of `same`: it is no function, or a generic one, which has code only where it is called
        CommandError: no cell defines `nope`; `:asm` takes a function of an earlier cell, or on the lines below it, functions
        CommandError: there is no function in this code; `:asm` shows functions: `fn f(…) { … }`
        display {"text/plain":"four
        CommandError: there is no function in this code; `:asm` shows functions: `fn f(…) { … }`
        error[E0308]: mismatched types
         --> cell 11:2:20
          |
        2 | fn five() -> u64 { "a" }
          |              ---   ^^^ expected `u64`, found `&str`
          |              |
          |              expected `u64` because of return type
        =8"#]].assert_eq(&lines.join("\n"));
}

#[test]
fn explanations() {
    let mut session = Session::start();
    let mut lines = Vec::new();
    for code in [
        ":explain",
        "let x: u8 = \"a\"; y",
        ":explain",
        ":explain 382",
        "let x = ;",
        ":explain",
        ":explain E9999",
        ":explain moved",
    ] {
        let text = session.show(code);
        lines.push(text.chars().take(200).collect::<String>());
    }
    expect![[r###"
        CommandError: there was no compile error yet; `:explain E0382` explains one
        error[E0425]: cannot find value `y` in this scope
         --> cell 2:1:18
          |
        1 | let x: u8 = "a"; y
          |                  ^
          |
        help: a local variable with a similar name exists
          |
        1 - let x: u8 = "a"; y
        1 
        display {"text/plain":"## E0425\n\nAn unresolved name was used.\n\nErroneous code examples:\n\n```rust\nsomething_that_doesnt_exist::foo;\n// error: unresolved name `something_that_doesnt_exist::foo`\
        display {"text/plain":"## E0382\n\nA variable was used after its contents have been moved elsewhere.\n\nErroneous code example:\n\n```rust\nstruct MyStruct { s: u32 }\n\nfn main() {\n    let mut x = M
        error: expected expression, found `;`
         --> cell 5:1:9
          |
        1 | let x = ;
          |         ^ expected expression
        CommandError: the last compile error has no code that could be explained
        CommandError: the compiler explains no `E9999`
        CommandError: `moved` is no code of an error; they look like `E0382`"###]].assert_eq(&lines.join("\n"));
}

#[test]
fn times() {
    let mut session = Session::start();
    let mut lines = Vec::new();
    for code in [
        ":time let x = 1 + 1;",
        ":time x",
        "%%time\nlet y = x;\ny + 1",
        ":time",
        ":time nope",
        ":time // nothing",
        "%%time\n:opt 2\nx",
        ":timeit -n 10 -r 2 x + 1",
        "%%timeit -n 3 -r 1 let mut v = vec![1];\nlet w = v.clone();\nv.push(2);\nw.len()",
        ":timeit -r 1 std::thread::sleep(std::time::Duration::from_millis(30))",
        "%%timeit -n 10\nfor i in 0..3 {\n    nope(i)\n}",
        ":timeit -n 1 -r 1 \"a\".parse::<u8>()?",
        ":timeit -n 1 -r 1 panic!(\"no\")",
        ":timeit",
        ":timeit -n",
        "let s = String::new();",
        ":timeit -n 2 drop(s)",
        ":timeit -n 2 -r 1 &s",
        "s",
        "x",
    ] {
        lines.push(without_numbers(&session.show(code)));
    }
    expect![[r#"
        display CPU times: user #, sys #, total #
        Wall time: #
        Compile time: #
        =2
        display CPU times: user #, sys #, total #
        Wall time: #
        Compile time: #
        =3
        display CPU times: user #, sys #, total #
        Wall time: #
        Compile time: #
        CommandError: `:time` takes code: `:time f()`
        error[E0425]: cannot find value `nope` in this scope
         --> cell 5:1:7
          |
        1 |       nope
          |       ^^^^ not found in this scope
        display there was nothing to run
        CommandError: commands cannot be timed; put them before `:time`
        display # ± # per loop (mean ± std. dev. of 2 runs, 10 loops each)
        display # ± # per loop (mean ± std. dev. of 1 run, 3 loops each)
        display # ± # per loop (mean ± std. dev. of 1 run, 10 loops each)
        error[E0425]: cannot find function `nope` in this scope
         --> cell 11:3:5
          |
        3 |     nope(i)
          |     ^^^^ not found in this scope
        Error: invalid digit found in string
         --> cell 12, line 1
          | "a".parse::<u8>()?
        Panic: no
         --> cell 13, line 1
          | panic!("no")
        CommandError: `:timeit` takes code: `:timeit f()`
        CommandError: `-n` takes a whole number: `:timeit -n 10 f()`; put brackets around code that begins so

        error[E0507]: cannot move out of `s`, a captured variable in an `FnMut` closure
         --> cell 17:1:19
          |
        1 |              drop(s)
          |                   ^ `s` is moved here
          |
          = help: `Fn` and `FnMut` closures require captured values to be able to be consumed multiple times, but `FnOnce` closures may consume them only once
        help: consider cloning the value if the performance cost is acceptable
          |
        1 |              drop(s.clone())
          |                    ++++++++
        display # ± # per loop (mean ± std. dev. of 1 run, 2 loops each)
        =""
        =2"#]].assert_eq(&lines.join("\n"));
}

/// `text` with `#` for each number that has a unit.
fn without_numbers(text: &str) -> String {
    let mut words: Vec<&str> = text.split(' ').collect();
    for idx in 1..words.len() {
        let unit = words[idx].split([',', '\n']).next().unwrap_or_default();
        let is_measured = words[idx - 1].parse::<f64>().is_ok();
        if is_measured && matches!(unit, "ns" | "µs" | "ms" | "s") {
            words[idx - 1] = "#";
            words[idx] = words[idx].strip_prefix(unit).unwrap_or_default();
        }
    }
    words.join(" ").replace("# ", "#")
}

#[test]
fn the_shell() {
    check_cells(
        r#"!echo two >&2; exit 3 ||| !printf 'å' ||| !echo a \
  b
!echo c
:opt
1 + 1 ||| !no_such_command_here ||| !kill -9 $$ ||| ! ||| !cd / && pwd ||| :cd /nowhere ||| :cd / ||| !pwd ||| std::env::current_dir()? ||| :cd /etc/passwd ||| !echo 'EVCXR' ||| !true
!false
:opt ||| !sleep 5 & echo started"#,
        expect![[r#"
            1: stderr "two\n"
            CommandError: `echo two >&2; exit 3` exited with 3
            2: stdout "å"
            3: stdout "a b\nc\n"
            display optimisation level auto: 3 for cells with long loops and for functions with loops, else 0
            =2
            4: stderr "sh: 1: no_such_command_here: not found\n"
            CommandError: `no_such_command_here` exited with 127: the shell knows no such command; for Rust's `!`, write `(!x)`
            5: CommandError: `kill -9 $$` was ended by signal 9
            6: CommandError: `!` takes a command: `!ls`
            7: stdout "/\n"
            8: CommandError: cannot go to `/nowhere`: No such file or directory (os error 2)
            9: display /
            10: stdout "/\n"
            11: ="/"
            12: CommandError: cannot go to `/etc/passwd`: it is not a folder
            13: stdout "EVCXR\n"
            14: CommandError: `false` exited with 1
            15: stdout "started\n""#]],
    );
}

#[test]
fn interrupts() {
    let mut session = Session::start();
    let shown = [
        session.show("let x = 1;"),
        {
            session.interrupt_at("started");
            session.show("!echo started; sleep 60")
        },
        {
            session.interrupt_at("started");
            session.show("!trap '' INT; echo started; sleep 0.1; echo more\n!echo next")
        },
        {
            session.interrupt_at("begun");
            session.show("%%timeit -n 4000000000 println!(\"begun\");\nx + 1")
        },
        session.show("x"),
    ];
    expect![[r#"

        stdout "started\n"
        Interrupted: the cell was interrupted; all variables are there
        stdout "started\nmore\n"
        Interrupted: the cell was interrupted; all variables are there
        stdout "begun\n"
        Interrupted: the cell was interrupted; all variables are there
        =1"#]]
    .assert_eq(&shown.join("\n"));
}

#[test]
fn sessions_are_saved_and_loaded() {
    let folder = std::env::temp_dir().join(format!("dagbok-commands-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = |name: &str| folder.join(name).display().to_string();
    let mut session = Session::start();
    let mut shown = Vec::new();
    std::fs::write(path("bad.ipynb"), "{").unwrap();
    std::fs::write(path("self.rs"), "1\n// %%\n:load self.rs\n").unwrap();
    std::fs::write(path("wrong.rs"), "let a = 5;\n// %%\nlet b = nope;\n").unwrap();
    for code in [
        ":history",
        ":save x.rs",
        &format!(":cd {}", path("")),
        "let x = 1;\nx",
        ":opt 1",
        ":vars",
        "nope",
        "fn f() -> u8 {\n    7\n}",
        ":history",
        ":history 4",
        ":history 7-8",
        ":history -1",
        ":history a-b",
        ":history 99",
        ":save s.rs",
        ":save s.rs",
        ":save -f s.rs",
        ":save s.txt",
        ":save",
        ":save no/where.rs",
        ":save s.ipynb",
        "!cat s.rs",
        ":reset",
        ":load s.rs",
        "f() + x",
        ":clear",
        ":load \"s.ipynb\"",
        "f() + x",
        ":load bad.ipynb",
        ":load nothing.rs",
        ":load .",
        ":load",
        ":load self.rs",
        ":load wrong.rs",
        "a",
    ] {
        let text = session.show(code);
        shown.push(format!("{code}\n{text}"));
    }
    let notebook = std::fs::read_to_string(path("s.ipynb")).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    shown.push(notebook);
    let shown = shown
        .join("\n")
        .replace(&folder.display().to_string(), "FOLDER");
    expect![[r#"
        :history
        display there are no cells yet
        :save x.rs
        CommandError: there is no cell to save yet
        :cd FOLDER/
        display FOLDER
        let x = 1;
        x
        =1
        :opt 1

        :vars
        display {"text/plain":"name  type  size  value  cell\nx     i32   4 B   1      4","text/html":"<table><thead><tr><th style=\"text-align:left\">name</th><th style=\"text-align:left\">type</th><th style=\"text-align:left\">size</th><th style=\"text-align:left\">value</th><th style=\"text-align:left\">cell</th></tr></thead><tbody><tr><td style=\"text-align:left\">x</td><td style=\"text-align:left\">i32</td><td style=\"text-align:left\">4 B</td><td style=\"text-align:left\">1</td><td style=\"text-align:left\">4</td></tr></tbody></table>"}
        nope
        error[E0425]: cannot find value `nope` in this scope
         --> cell 7:1:1
          |
        1 | nope
          | ^^^^ not found in this scope
        fn f() -> u8 {
            7
        }

        :history
        display 1: :history
        2: :save x.rs  // failed
        3: :cd FOLDER/
        4: let x = 1;
           x
        5: :opt 1
        6: :vars
        7: nope  // failed
        8: fn f() -> u8 {
               7
           }
        :history 4
        display 4: let x = 1;
           x
        :history 7-8
        display 7: nope  // failed
        8: fn f() -> u8 {
               7
           }
        :history -1
        display 11: :history 7-8
        :history a-b
        CommandError: `:history` takes a cell's number, two with a `-` between, or `-N` for the last N; `a-b` is neither
        :history 99
        display there is no cell `99`
        :save s.rs
        display wrote 4 cells to `s.rs`
        :save s.rs
        CommandError: `s.rs` is there already; `:save -f s.rs` replaces it
        :save -f s.rs
        display wrote 4 cells to `s.rs`
        :save s.txt
        CommandError: cannot save as `s.txt`: a script ends in `.rs`, a notebook in `.ipynb`
        :save
        CommandError: `:save` takes a file: `:save session.rs`
        :save no/where.rs
        CommandError: cannot write `no/where.rs`: No such file or directory (os error 2)
        :save s.ipynb
        display wrote 4 cells to `s.ipynb`
        !cat s.rs
        stdout ":cd FOLDER/\n\n// %%\nlet x = 1;\nx\n\n// %%\n:opt 1\n\n// %%\nfn f() -> u8 {\n    7\n}\n"
        :reset

        :load s.rs
        display FOLDER
        display 1
        f() + x
        error[E0308]: mismatched types
         --> cell 25:1:7
          |
        1 | f() + x
          |       ^ expected `u8`, found `i32`

        error[E0277]: cannot add `i32` to `u8`
         --> cell 25:1:5
          |
        1 | f() + x
          |     ^ no implementation for `u8 + i32`
          |
          = help: the trait `Add<i32>` is not implemented for `u8`
        :clear

        :load "s.ipynb"
        display FOLDER
        display 1
        f() + x
        error[E0308]: mismatched types
         --> cell 28:1:7
          |
        1 | f() + x
          |       ^ expected `u8`, found `i32`

        error[E0277]: cannot add `i32` to `u8`
         --> cell 28:1:5
          |
        1 | f() + x
          |     ^ no implementation for `u8 + i32`
          |
          = help: the trait `Add<i32>` is not implemented for `u8`
        :load bad.ipynb
        CommandError: `bad.ipynb` is not a notebook: it is not valid JSON (EOF while parsing an object at line 1 column 1)
        :load nothing.rs
        CommandError: cannot load `nothing.rs`: No such file or directory (os error 2)
        :load .
        CommandError: cannot load `.`: it is neither a script (`.rs`) nor a notebook (`.ipynb`)
        :load
        CommandError: `:load` takes a file: `:load helpers.rs`
        :load self.rs
        display 1
        in cell 2 of `self.rs`:
        CommandError: `FOLDER/self.rs` loads itself
        :load wrong.rs
        in cell 2 of `wrong.rs`:
        error[E0425]: cannot find value `nope` in this scope
         --> cell 34:1:9
          |
        1 | let b = nope;
          |         ^^^^ not found in this scope
        a
        =5
        {
         "cells": [
          {
           "cell_type": "code",
           "execution_count": null,
           "id": "cell-1",
           "metadata": {},
           "outputs": [],
           "source": [
            ":cd FOLDER/"
           ]
          },
          {
           "cell_type": "code",
           "execution_count": null,
           "id": "cell-2",
           "metadata": {},
           "outputs": [],
           "source": [
            "let x = 1;\n",
            "x"
           ]
          },
          {
           "cell_type": "code",
           "execution_count": null,
           "id": "cell-3",
           "metadata": {},
           "outputs": [],
           "source": [
            ":opt 1"
           ]
          },
          {
           "cell_type": "code",
           "execution_count": null,
           "id": "cell-4",
           "metadata": {},
           "outputs": [],
           "source": [
            "fn f() -> u8 {\n",
            "    7\n",
            "}"
           ]
          }
         ],
         "metadata": {
          "kernelspec": {
           "display_name": "Rust (Dagbok)",
           "language": "rust",
           "name": "dagbok"
          },
          "language_info": {
           "codemirror_mode": "rust",
           "file_extension": ".rs",
           "mimetype": "text/x-rustsrc",
           "name": "rust"
          }
         },
         "nbformat": 4,
         "nbformat_minor": 5
        }
    "#]].assert_eq(&shown);
}
