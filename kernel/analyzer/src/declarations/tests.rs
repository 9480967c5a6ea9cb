//! Pages to text, and whole crates through rustdoc.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, process};

use expect_test::{Expect, expect};
use ra_ap_syntax::{Edition, SourceFile};

use super::code::Paths;
use super::page::Page;
use super::text::{Crate, Item};
use super::{Declarations, Source, kind_and_name};

/// Checks the text of a crate `c` that has one page, `file`, with this content.
fn check(file: &str, html: &str, expected: Expect) {
    let paths = Paths::new("declared__::c".to_owned());
    let (kind, name) = kind_and_name(file).expect("the name of a page");
    let source = Crate {
        is_std: false,
        items: vec![Item {
            kind,
            path: name.into_iter().collect(),
            page: Page::read(html, &paths),
        }],
        definitions: HashMap::new(),
        name: "c".to_owned(),
    };
    let text = super::text::crate_text(&source);
    assert_parses(&text);
    expected.assert_eq(
        text.strip_prefix("#![feature(decl_macro)]\n")
            .unwrap_or(&text),
    );
}

fn assert_parses(text: &str) {
    let errors = SourceFile::parse(text, Edition::CURRENT).errors();
    assert!(
        errors.is_empty(),
        "{:?} in\n{text}",
        &errors[..errors.len().min(5)]
    );
}

fn decl(code: &str) -> String {
    format!(
        "<section id=\"main-content\" class=\"content\"><pre class=\"rust item-decl\"><code>{code}</code></pre>"
    )
}

fn method(id: &str, signature: &str, rest: &str) -> String {
    format!(
        "<section id=\"{id}\" class=\"method\"><h4 class=\"code-header\">{signature}</h4></section>{rest}"
    )
}

fn impl_of(header: &str, members: &str) -> String {
    format!(
        "<section id=\"impl-X\" class=\"impl\"><h3 class=\"code-header\">{header}</h3></section>{members}"
    )
}

#[test]
fn functions() {
    check(
        "fn.f.html",
        &decl(
            "pub fn f&lt;T&gt;(x: &amp;T) -&gt; <a class=\"struct\" href=\"v\" title=\"struct alloc::vec::Vec\">Vec</a>&lt;T&gt;",
        ),
        expect![[r#"
        pub fn f<T>(x: &T) -> ::alloc::vec::Vec<T> { loop {} }
    "#]],
    );
    check(
        "fn.f.html",
        &decl("pub unsafe extern &quot;C&quot; fn f(_: i32, ...)"),
        expect![[r#"
        pub unsafe extern "C" fn f(_: i32, ...) { loop {} }
    "#]],
    );
    check(
        "fn.f.html",
        &(decl("pub fn f()")
            + "<details class=\"top-doc\"><div class=\"docblock\"><p>Does <em>it</em>.</p><pre class=\"rust\"><code>f();</code></pre></div></details>"),
        expect![[r#"
            /// Does *it*.
            ///
            /// ```rust
            /// f();
            /// ```
            pub fn f() { loop {} }
        "#]],
    );
    check(
        "fn.r#try.html",
        &decl("pub fn r#try()"),
        expect![[r#"
        pub fn r#try() { loop {} }
    "#]],
    );
}

#[test]
fn marks() {
    let deprecated = "<span class=\"item-info\"><div class=\"stab deprecated\"><span class=\"emoji\">👎</span><span>Deprecated since 1.2.0: use <code>g</code>: it is better</span></div></span>";
    check(
        "fn.f.html",
        &(decl("pub fn f()") + deprecated),
        expect![[r##"
        #[deprecated(note = "use g: it is better")]
        pub fn f() { loop {} }
    "##]],
    );
    let unstable =
        "<div class=\"stab unstable\"><span>This is a nightly-only experimental API.</span></div>";
    check("fn.f.html", &(decl("pub fn f()") + unstable), expect![[""]]);
    check(
        "trait.T.html",
        &(decl("pub trait T { }") + unstable),
        expect![[r#"
        #[doc(hidden)]
        pub trait T {
        }
    "#]],
    );
    check(
        "struct.S.html",
        &(decl("pub struct S;")
            + &impl_of(
                "impl S",
                &(method("method.f", "pub fn f()", unstable)
                    + &method("method.g", "pub fn g()", "")),
            )),
        expect![[r#"
            pub struct S;
            impl S {
            pub fn g() { loop {} }
            }
        "#]],
    );
}

#[test]
fn data_types() {
    check(
        "struct.S.html",
        &(decl(
            "<div class=\"code-attribute\">#[non_exhaustive]</div>pub struct S&lt;T&gt;<div class=\"where\">where\n    T: Copy,</div>{\n    pub a: T,\n    pub b: u8,\n    <span class=\"comment\">/* private fields */</span>\n}",
        ) + "<span id=\"structfield.b\" class=\"structfield section-header\"><code>b: u8</code></span><div class=\"docblock\"><p>The b.</p></div>"),
        expect![[r#"
            #[non_exhaustive]
            pub struct S<T>
            where
                T: Copy,{
                pub a: T,
            /// The b.
                pub b: u8,
                private__: (::core::marker::PhantomData<T>, ),
            }
        "#]],
    );
    check(
        "struct.S.html",
        &decl("pub struct S(pub u8, <span class=\"comment\">/* private fields */</span>);"),
        expect![[r#"
            pub struct S(pub u8, ());
        "#]],
    );
    check(
        "struct.S.html",
        &decl(
            "pub struct S&lt;'a, T: Into&lt;u8&gt;, F = fn() -&gt; u8, const N: usize = 3&gt;(<span class=\"comment\">/* private fields */</span>)\nwhere\n    T: ?Sized;",
        ),
        expect![[r#"
            pub struct S<'a, T: Into<u8>, F = fn() -> u8, const N: usize = 3>((::core::marker::PhantomData<&'a ()>, ::core::marker::PhantomData<T>, ::core::marker::PhantomData<F>, ))
            where
                T: ?Sized;
        "#]],
    );
    check(
        "struct.S.html",
        &decl("pub struct S { <span class=\"comment\">/* private fields */</span> }"),
        expect![[r#"
            pub struct S { private__: (), }
        "#]],
    );
    check(
        "enum.E.html",
        &(decl(
            "pub enum E {<details><summary class=\"hideme\"><span>Show 3 variants</span></summary>\n    A,\n    B(u8),\n    C {\n        x: u8,\n    },\n</details>}",
        ) + "<section id=\"variant.A\" class=\"variant\"><h3 class=\"code-header\">A</h3></section><div class=\"docblock\"><p>The a.</p></div>\
               <section id=\"variant.C\" class=\"variant\"><h3 class=\"code-header\">C</h3></section>\
               <div class=\"sub-variant\"><span id=\"variant.C.field.x\" class=\"section-header\"><code>x: u8</code></span><div class=\"docblock\"><p>The x.</p></div></div>"),
        expect![[r#"
            pub enum E {
            /// The a.
                A,
                B(u8),
                C {
            /// The x.
                    x: u8,
                },
            }
        "#]],
    );
    check(
        "union.U.html",
        &decl("pub union U {\n    pub a: u8,\n}"),
        expect![[r#"
        pub union U {
            pub a: u8,
        }
    "#]],
    );
    check(
        "type.T.html",
        &decl("pub type T&lt;A&gt; = Box&lt;A&gt;;"),
        expect![[r#"
        pub type T<A> = Box<A>;
    "#]],
    );
}

#[test]
fn constants() {
    check(
        "constant.A.html",
        &decl("pub const A: u64 = 1_000u64;"),
        expect![[r#"
        pub const A: u64 = 1_000u64;
    "#]],
    );
    check(
        "constant.A.html",
        &decl("pub const A: u8 = B; // 3u8"),
        expect![[r#"
        pub const A: u8 = loop {};
    "#]],
    );
    check(
        "constant.A.html",
        &decl("pub const A: &amp;str = &quot;a b&quot;;"),
        expect![[r#"
        pub const A: &str = "a b";
    "#]],
    );
    check(
        "static.A.html",
        &decl("pub static A: Fn&lt;(), Output = u8&gt;"),
        expect![[r#"
        pub static A: Fn<(), Output = u8> = loop {};
    "#]],
    );
}

#[test]
fn traits() {
    check(
        "trait.T.html",
        &(decl(
            "pub trait T&lt;A = Self&gt;: Clone\nwhere\n    A: Copy,{\n    type B;\n    // Required method\n    fn f(&amp;self);\n}",
        ) + "<h2 id=\"required-associated-types\" class=\"section-header\">Required</h2>"
            + &method(
                "associatedtype.B",
                "type B: Copy",
                "<div class=\"docblock\"><p>The B.</p></div>",
            )
            + &method("associatedconstant.N", "const N: usize", "")
            + &method("associatedconstant.M", "const M: usize = 3usize", "")
            + &method("tymethod.f", "fn f(&amp;self)", "")
            + &method(
                "method.g",
                "fn g&lt;I&gt;(self, i: I)<div class=\"where\">where\n    I: Copy,</div>",
                "<div class=\"docblock\"><p>Does g.</p></div>",
            )
            + "<h2 id=\"implementors\" class=\"section-header\">Implementors</h2>"
            + &impl_of(
                "impl <a class=\"trait\" title=\"trait declared__::c::T\">T</a> for u8",
                &method("associatedtype.B-1", "type B = u16", ""),
            )
            + &impl_of(
                "impl <a class=\"trait\" title=\"trait declared__::c::T\">T</a> for u8",
                "",
            )
            + &impl_of(
                "impl !<a class=\"trait\" title=\"trait declared__::c::T\">T</a> for u16",
                "",
            )),
        expect![[r#"
            pub trait T<A = Self>: Clone
            where
                A: Copy, {
            /// The B.
            type B: Copy;
            const N: usize;
            const M: usize = 3usize;
            fn f(&self);
            /// Does g.
            fn g<I>(self, i: I)
            where
                I: Copy, { loop {} }
            }
            impl crate::T for u8 {
            type B = u16;}
        "#]],
    );
}

#[test]
fn impls() {
    check(
        "struct.S.html",
        &(decl("pub struct S;")
            + &impl_of(
                "impl S",
                &(method("associatedconstant.A", "pub const A: S", "")
                    + &method("method.new", "pub const fn new() -&gt; S", "")),
            )
            + "<h2 id=\"deref-methods-str\" class=\"section-header\">Methods from Deref</h2>"
            + &method("method.len", "pub fn len(&amp;self) -&gt; usize", "")
            + "<h2 id=\"trait-implementations\" class=\"section-header\">Trait Implementations</h2>"
            + &impl_of(
                "impl <a class=\"trait\" title=\"trait core::ops::deref::Deref\">Deref</a> for S",
                &(method("associatedtype.Target", "type Target = str", "")
                    + &method("method.deref", "fn deref(&amp;self) -&gt; &amp;str", "")),
            )
            + &impl_of(
                "impl <a class=\"trait\" title=\"trait core::marker::Send\">Send</a> for S",
                "",
            )
            + "<h2 id=\"synthetic-implementations\" class=\"section-header\">Auto</h2>"
            + &impl_of("impl Freeze for S", "")),
        expect![[r#"
            pub struct S;
            impl S {
            pub const A: S = loop {};
            pub const fn new() -> S { loop {} }
            }
            impl ::core::ops::deref::Deref for S {
            type Target = str;}
        "#]],
    );
    check(
        "struct.S.html",
        &(decl("pub struct S;") + &impl_of("impl S", &method("method.f", "pub fn f(", ""))),
        expect![[r#"
        pub struct S;
        // left out: impl S
    "#]],
    );
}

#[test]
fn macros() {
    check(
        "macro.m.html",
        &decl("macro_rules! m {\n    ($a:expr) =&gt; { ... };\n}"),
        expect![[r#"
        /// ```rust
        /// macro_rules! m {
        ///     ($a:expr) => { ... };
        /// }
        /// ```
        pub macro m {
        ($($value:expr),* $(,)?) => { { $(let _ = &$value;)* unknown__ } },
        ($($key:expr => $value:expr),* $(,)?) => { { $(let _ = &$key; let _ = &$value;)* unknown__ } },
        ($($any:tt)*) => { unknown__ }
        }
    "#]],
    );
    check(
        "derive.D.html",
        &decl("#[derive(D)]"),
        expect![[r#"
        pub macro D($item:item) {}
    "#]],
    );
}

#[test]
fn pages_that_are_none() {
    check("struct.S.html", "", expect![[""]]);
    check(
        "index.html",
        "<section id=\"main-content\"><div class=\"docblock\"><p>Docs.</p></div>",
        expect![[r#"
        //! Docs.
        #![feature(decl_macro)]
    "#]],
    );
    assert_eq!(kind_and_name("macro.vec!.html"), None);
    assert_eq!(kind_and_name("all.html"), None);
    assert_eq!(kind_and_name("keyword.fn.html"), None);
}

/// Documentation may close elements that it has not opened.
#[test]
fn unbalanced_documentation_ends_with_its_member() {
    check(
        "struct.S.html",
        &(decl("pub struct S;")
            + &impl_of(
                "impl S",
                &(method(
                    "method.f",
                    "pub fn f()",
                    "<div class=\"docblock\"><p>a<div><div>",
                ) + &method(
                    "method.g",
                    "pub fn g()",
                    "<div class=\"docblock\"></div></div>b",
                )),
            )),
        expect![[r#"
            pub struct S;
            impl S {
            /// a
            pub fn f() { loop {} }
            pub fn g() { loop {} }
            }
        "#]],
    );
}

/// A folder for one test.
struct Temporary(PathBuf);

impl Temporary {
    fn new(name: &str) -> Self {
        let path = env::temp_dir().join(format!("dagbok-declared-{}-{name}", process::id()));
        fs::create_dir_all(&path).expect("a folder for temporary files");
        Temporary(path)
    }

    fn declarations(&self) -> Declarations {
        Declarations {
            rustdoc: "rustdoc".into(),
            rustc_version: "a version".to_owned(),
            cache: self.0.join("cache"),
        }
    }

    /// Compiles a crate's metadata.
    fn compile(&self, name: &str, code: &str) -> Source {
        let file = self.0.join(format!("{name}.rs"));
        fs::write(&file, code).expect("a file to write");
        let mut command = Command::new("rustc");
        command.args([
            "--edition",
            "2024",
            "--crate-type",
            "lib",
            "--emit",
            "metadata",
            "--crate-name",
            name,
        ]);
        command
            .arg("--out-dir")
            .arg(&self.0)
            .arg("-L")
            .arg(&self.0)
            .arg(&file);
        assert!(command.status().expect("rustc").success());
        Source {
            name: name.to_owned(),
            file: Some(self.0.join(format!("lib{name}.rmeta"))),
            folders: vec![self.0.clone()],
        }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn n_texts(cache: &Path) -> usize {
    let folders = fs::read_dir(cache).expect("the cache").flatten();
    folders
        .map(|folder| fs::read_dir(folder.path()).expect("a folder").count())
        .sum()
}

#[test]
fn a_crate_with_reexports() {
    let temporary = Temporary::new("reexports");
    temporary.compile("below", "//! Below.\n/// A base.\npub struct Base { pub x: u8 }\nimpl Base { pub fn twice(&self) -> u16 { 0 } }");
    let source = temporary.compile(
        "above",
        r#"//! What is above.
        extern crate below;
        mod private {
            /// A thing.
            pub struct Thing<T>(T);
            impl<T: Clone> Thing<T> {
                /// Makes `one`.
                pub fn make(self, base: below::Base) -> impl Iterator<Item = T> { std::iter::once(self.0) }
                fn hidden(&self) {}
            }
            impl<T> From<T> for Thing<T> { fn from(t: T) -> Self { Thing(t) } }
        }
        pub use private::Thing;
        pub mod prelude { pub use super::{private::Thing, Shape}; pub use below::Base; }
        pub trait Shape { const SIDES: usize; type Unit; fn area(&self) -> Self::Unit; fn name(&self) -> String { String::new() } }
        impl Shape for u8 { const SIDES: usize = 4; type Unit = u8; fn area(&self) -> u8 { 0 } }
        impl<T: Shape> Shape for Vec<T> { const SIDES: usize = T::SIDES; type Unit = Vec<T::Unit>; fn area(&self) -> Self::Unit { vec![] } }
        #[deprecated(since = "1.0.0", note = "use \"b\"")]
        pub fn a() {}
        pub async fn wait(_: &mut [u8; 4]) -> Result<(), std::fmt::Error> { Ok(()) }
        #[macro_export] macro_rules! make { ($x:expr) => { $x }; }
        pub mod r#type { pub static LOOP: u8 = 3; pub fn r#match() {} pub struct S { pub r#move: u8 } impl S { pub fn r#use(&self) {} } }
        "#,
    );
    let text = temporary.declarations().make(&source).expect("a text");
    assert_parses(&text);
    expect![[r#"
        //! What is above.
        #![feature(decl_macro)]
        #[deprecated(note = "use “b”")]
        pub fn a() { loop {} }
        pub async fn wait(_: &mut [u8; 4]) -> ::core::result::Result<(), ::core::fmt::Error> { loop {} }
        /// ```rust
        /// macro_rules! make {
        ///     ($x:expr) => { ... };
        /// }
        /// ```
        pub macro make {
        ($($value:expr),* $(,)?) => { { $(let _ = &$value;)* unknown__ } },
        ($($key:expr => $value:expr),* $(,)?) => { { $(let _ = &$key; let _ = &$value;)* unknown__ } },
        ($($any:tt)*) => { unknown__ }
        }
        /// A thing.
        pub struct Thing<T>((::core::marker::PhantomData<T>, ));
        impl<T> crate::Thing<T>
        where
            T: ::core::clone::Clone, {
        /// Makes `one`.
        pub fn make(self, base: crate::prelude::Base) -> impl ::core::iter::traits::iterator::Iterator<Item = T> { loop {} }
        }
        pub trait Shape {
        const SIDES: usize;
        type Unit;
        fn area(&self) -> Self::Unit;
        fn name(&self) -> ::alloc::string::String { loop {} }
        }
        pub mod prelude {
        /// A base.
        pub struct Base {
            pub x: u8,
        }
        impl crate::prelude::Base {
        pub fn twice(&self) -> u16 { loop {} }
        }
        pub use crate::Thing;
        pub use crate::Shape;
        }
        #[doc(hidden)]
        pub mod private {
        #[doc(hidden)]
        pub use crate::Thing;
        }
        pub mod r#type {
        pub fn r#match() { loop {} }
        pub static LOOP: u8 = loop {};
        pub struct S {
            pub r#move: u8,
        }
        impl crate::r#type::S {
        pub fn r#use(&self) { loop {} }
        }
        }
        impl<T> ::core::convert::From<T> for crate::Thing<T> {}
        impl crate::Shape for u8 {
        const SIDES: usize = 4;
        type Unit = u8;}
        impl<T> crate::Shape for ::alloc::vec::Vec<T>
        where
            T: crate::Shape, {
        const SIDES: usize = loop {};
        type Unit = ::alloc::vec::Vec<<T as crate::Shape>::Unit>;}
    "#]].assert_eq(&text);
}

#[test]
fn what_is_made_is_kept() {
    let temporary = Temporary::new("kept");
    let source = temporary.compile("one", "pub fn f() {}");
    let declarations = temporary.declarations();
    assert_eq!(declarations.cached(&source), None);
    let made = declarations.make(&source).expect("a text");
    assert_eq!(declarations.cached(&source).as_deref(), Some(made.as_str()));

    let other_version = Declarations {
        rustc_version: "another".to_owned(),
        ..declarations.clone()
    };
    assert_eq!(other_version.cached(&source), None);

    let changed = temporary.compile("one", "pub fn f() {}\npub fn g() {}");
    assert_eq!(declarations.cached(&changed), None);
    assert!(
        declarations
            .make(&changed)
            .expect("a text")
            .contains("pub fn g()")
    );
    assert_eq!(n_texts(&declarations.cache), 2);
}

#[test]
fn several_make_the_same_text_at_once() {
    let temporary = Temporary::new("once");
    let source = temporary.compile("one", "pub fn f() {}");
    let declarations = temporary.declarations();
    let texts: Vec<_> = std::thread::scope(|scope| {
        let makers: Vec<_> = (0..3)
            .map(|_| scope.spawn(|| declarations.make(&source)))
            .collect();
        makers
            .into_iter()
            .map(|maker| maker.join().expect("no panic").expect("a text"))
            .collect()
    });
    assert!(texts.iter().all(|text| *text == texts[0]));
    assert_eq!(n_texts(&declarations.cache), 1);
}

#[test]
fn a_failure_says_what_rustdoc_says() {
    let temporary = Temporary::new("failure");
    let broken = temporary.0.join("libbroken.rmeta");
    fs::write(&broken, "no metadata").expect("a file to write");
    let source = Source {
        name: "broken".to_owned(),
        file: Some(broken),
        folders: vec![],
    };
    let error = temporary
        .declarations()
        .make(&source)
        .expect_err("no metadata");
    assert!(
        error.to_string().starts_with("rustdoc failed: error[E"),
        "{error}"
    );
    let declarations = Declarations {
        rustdoc: "/nowhere/rustdoc".into(),
        ..temporary.declarations()
    };
    let error = declarations.make(&source).expect_err("no rustdoc");
    assert!(error.to_string().contains("/nowhere/rustdoc"), "{error}");
}

#[test]
fn std_has_its_items() {
    let temporary = Temporary::new("std");
    let source = Source {
        name: "std".to_owned(),
        file: None,
        folders: vec![],
    };
    let text = temporary.declarations().make(&source).expect("std's text");
    assert_parses(&text);
    for item in [
        "pub fn push(&mut self, value: T) {",
        "pub fn split_whitespace(&self) -> crate::str::SplitWhitespace<'_>",
        "pub fn entry(&mut self, key: K) -> crate::collections::hash_map::Entry<'_, K, V, A>",
        "fn map<B, F>(self, f: F) -> crate::iter::Map<Self, F>",
        "impl<T, I, A> crate::ops::Index<I> for crate::vec::Vec<T, A>",
        "impl<I> crate::iter::IntoIterator for I",
        "impl<T1, T2, > crate::cmp::PartialEq for (T1, T2, )",
        "#[lang = \"Some\"]\n    Some(T),",
        "#[lang = \"owned_box\"]\n#[fundamental]\npub struct Box<T, A = crate::alloc::Global>",
        "pub const MAX: i64",
        "pub fn to_vec(&self) -> crate::vec::Vec<T>",
        "pub fn sqrt(self) -> f64",
        "/// Constructs a new, empty `Vec<T>`.",
        "macro_rules! println {",
        "pub macro Clone($item:item) {}",
    ] {
        assert!(text.contains(item), "{item}");
    }
    let left_out = text
        .lines()
        .filter(|line| line.starts_with("// left out:"))
        .count();
    assert!(left_out <= 5, "{left_out} declarations are left out");
}
