use expect_test::{Expect, expect};

use super::*;
use crate::evaluate::native::source::{CellIdx, Source};

fn edited(piece: &Edited) -> String {
    let mut source = Source::default();
    source.piece(CellIdx(0), piece);
    source.text().to_owned()
}

fn check(code: &str, expected: Expect) {
    let split = match split(code, Context::default(), ImplMacros::default()) {
        Ok(split) => split,
        Err(error) => return expected.assert_eq(&format!("{error:?}")),
    };
    let mut lines: Vec<String> = Vec::new();
    lines.extend(
        split
            .uses
            .iter()
            .flat_map(|part| &part.leaves)
            .map(|leaf| leaf.declaration.clone()),
    );
    lines.extend(
        split
            .items
            .iter()
            .map(|part| format!("item {}", edited(&part.source))),
    );
    lines.extend(
        split
            .statements
            .iter()
            .map(|piece| format!("do {}", edited(piece))),
    );
    lines.extend(
        split
            .tail
            .iter()
            .map(|piece| format!("show {}", edited(piece))),
    );
    let keeps = split.bindings.iter().map(|binding| {
        let mutable = if binding.mutable { "mut " } else { "" };
        format!("keep {mutable}{}", binding.name)
    });
    lines.extend(keeps);
    expected.assert_eq(&lines.join("\n"));
}

#[test]
fn statements_and_their_bindings() {
    check("1 + 1", expect!["show 1 + 1"]);
    check("1 + 1;", expect!["do 1 + 1;"]);
    check("// nothing", expect![""]);
    check(
        "let (a, mut b) = t; let Some(c) = o else { panic!() };",
        expect![[r#"
        do let (a, mut b) = t;
        do let Some(c) = o else { panic!() };
        keep a
        keep mut b
        keep c"#]],
    );
    check(
        "let x = 1; let mut x = f(x); x",
        expect![[r#"
        do let x = 1;
        do let mut x = f(x);
        show x
        keep mut x"#]],
    );
    check(
        "let P { a, b: c, .. } = p; let [d, rest @ ..] = s; let n @ 1..=9 = k else { return };",
        expect![[r#"
        do let P { a, b: c, .. } = p;
        do let [d, rest @ ..] = s;
        do let n @ 1..=9 = k else { return ::core::result::Result::Ok(()) };
        keep a
        keep c
        keep d
        keep rest
        keep n"#]],
    );
    check(
        "println!(\"x\");\r\nvec![1]",
        expect![[r#"
        do println!("x");
        show vec![1]"#]],
    );
    check(
        "let é = \"å\"; é",
        expect![[r#"
        do let é = "å";
        show é
        keep é"#]],
    );
}

#[test]
fn loops_get_checkpoints() {
    check(
        "for i in 0..3 { while x { loop {} } }",
        expect![
            "show for i in 0..3 { ::dagbok::cancel::checkpoint(); while x { ::dagbok::cancel::checkpoint(); loop { ::dagbok::cancel::checkpoint();} } }"
        ],
    );
    check(
        "fn f() { loop {} } const fn g() { loop {} }",
        expect![[r#"
        item pub fn f() { loop { ::dagbok::cancel::checkpoint();} }
        item pub const fn g() { loop {} }"#]],
    );
    check(
        "let n = const { loop { break 1 } };",
        expect![[r#"
        do let n = const { loop { break 1 } };
        keep n"#]],
    );
}

#[test]
fn items_become_public() {
    check(
        "/// Doc\n#[derive(Debug)] struct P { x: f64, #[a] pub y: f64 } struct T(i32, pub(crate) u8);",
        expect![[r#"
        item /// Doc
        #[derive(Debug)] pub struct P { pub x: f64, #[a] pub y: f64 }
        item pub struct T(pub i32, pub u8);"#]],
    );
    check(
        "impl P { fn f(&self) {} const K: u8 = 1; pub fn g() {} } impl Drop for P { fn drop(&mut self) {} }",
        expect![[r#"
        item impl P { pub fn f(&self) {} pub const K: u8 = 1; pub fn g() {} }
        item impl Drop for P { fn drop(&mut self) {} }"#]],
    );
    check(
        "async unsafe extern \"C\" fn f() {} unsafe trait U { fn u(); } mod m { fn h() {} }",
        expect![[r#"
        item pub async unsafe extern "C" fn f() {}
        item pub unsafe trait U { fn u(); }
        item pub mod m { fn h() {} }"#]],
    );
    check(
        "macro_rules! m { () => {} } thread_local! { static A: u8 = 1; }",
        expect![[r#"
        item #[macro_export] macro_rules! m { () => {} }
        item thread_local! { pub static A: u8 = 1; }"#]],
    );
}

#[test]
fn uses_leaf_by_leaf() {
    check(
        "use std::{fmt::{self, Write as _}, io::*, mem as m}; use ::a::b;",
        expect![[r#"
        use std::fmt;
        use std::fmt::Write as _;
        use std::io::*;
        use std::mem as m;
        use ::a::b;"#]],
    );
}

#[test]
fn what_cannot_be_taken_apart() {
    check("fn f() {", expect!["Tokens"]);
    check("let x = ;", expect!["Syntax"]);
}

#[test]
fn names_in_macros_and_format_strings_count() {
    let split = split(
        r#"println!("{a} {b:?} {:c$} {{d}} {}", f(g))"#,
        Context::default(),
        ImplMacros::default(),
    )
    .unwrap();
    let names: Vec<&str> = split.mentions.iter().map(String::as_str).collect();
    assert_eq!(names, ["a", "b", "c", "d", "f", "g", "println"]);
}
