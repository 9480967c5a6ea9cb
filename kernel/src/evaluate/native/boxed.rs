//! What a value is kept as whose own type nobody can write: a closure as a function pointer or a `Box<dyn Fn…>`, a future
//! as a pinned box, any other as a boxed iterator if it is one. A closure's signature stands in the MIR of its body.

use super::generate::Boxed;

const BOX: &str = "::std::boxed::Box::new";
const PIN: &str = "::std::boxed::Box::pin";
const SHARED: &str = " + ::std::marker::Send + ::std::marker::Sync";
const SEND: &str = " + ::std::marker::Send";

/// What to try for a value of the type `type_text`, one after the other; `writable` makes a type's text one that later
/// cells can write.
pub(super) fn possibilities(
    type_text: &str,
    mir: &str,
    writable: impl Fn(&str) -> Option<String>,
) -> Vec<Boxed> {
    if let Some((signature, _)) = type_text.rsplit_once(" {")
        && (signature.contains("fn(") && type_text.ends_with('}') && !type_text.starts_with('{'))
    {
        let pointer = writable(signature);
        return pointer.into_iter().map(|text| boxed(text, "")).collect();
    }
    if type_text.starts_with("{closure@") {
        return match signature(type_text, mir) {
            Some(signature) => known_closure(&signature, type_text, mir, writable),
            None => unknown_closure(),
        };
    }
    if type_text.starts_with("{async ") {
        return [SEND, ""]
            .map(|bounds| {
                let future = format!("dyn ::std::future::Future<Output = _>{bounds}");
                boxed(format!("::std::pin::Pin<::std::boxed::Box<{future}>>"), PIN)
            })
            .into();
    }
    [SEND, ""]
        .map(|bounds| dynamic(&format!("::std::iter::Iterator<Item = _>{bounds}")))
        .into()
}

fn boxed(type_text: String, constructor: &'static str) -> Boxed {
    Boxed {
        type_text,
        constructor,
    }
}

fn dynamic(bounds: &str) -> Boxed {
    boxed(format!("::std::boxed::Box<dyn {bounds}>"), BOX)
}

/// What the body of a closure says of how it is called.
struct Signature<'m> {
    kind: &'static str,
    arguments: Vec<&'m str>,
    output: &'m str,
}

impl Signature<'_> {
    fn text(&self) -> String {
        let output = match self.output {
            "()" => String::new(),
            output => format!(" -> {output}"),
        };
        format!("({}){output}", self.arguments.join(", "))
    }
}

fn known_closure(
    signature: &Signature<'_>,
    closure: &str,
    mir: &str,
    writable: impl Fn(&str) -> Option<String>,
) -> Vec<Boxed> {
    let text = signature.text();
    let owns_nothing = mir.contains(&format!("const ZeroSized: {closure}"));
    let mut possibilities = Vec::new();
    if owns_nothing && signature.kind == "Fn" {
        possibilities.extend(writable(&format!("fn{text}")).map(|text| boxed(text, "")));
    }
    // An argument that must be `'static` looks like any other in the body's signature.
    let with_statics = text
        .replace("&mut ", "&'static mut ")
        .replace('&', "&'static ");
    let with_statics = with_statics.replace("'static 'static mut", "'static mut");
    for text in [&text, &with_statics] {
        for bounds in [SHARED, SEND, ""] {
            let closure = format!(
                "std::boxed::Box<dyn std::ops::{}{text}{bounds}>",
                signature.kind
            );
            possibilities.extend(writable(&closure).map(|text| boxed(text, BOX)));
        }
        if !text.contains('&') {
            break;
        }
    }
    // In a generic function, the body's signature holds the function's own names for types.
    possibilities.extend(unknown_closure());
    possibilities
}

/// A closure of a generic function, or of an earlier cell's function, whose body is not in this MIR: the compiler finds its
/// signature.
fn unknown_closure() -> Vec<Boxed> {
    let kinds = [
        ("Fn", SHARED),
        ("Fn", ""),
        ("FnMut", SEND),
        ("FnMut", ""),
        ("FnOnce", SEND),
        ("FnOnce", ""),
    ];
    kinds
        .map(|(kind, bounds)| dynamic(&format!("::std::ops::{kind}<_, Output = _>{bounds}")))
        .into()
}

/// The signature of `closure` in the head of its body: `fn …::{closure#0}(_1: &{closure@…}, _2: i32) -> i32 {`.
fn signature<'m>(closure: &str, mir: &'m str) -> Option<Signature<'m>> {
    let heads = mir
        .lines()
        .filter(|line| line.starts_with("fn ") && line.contains("::{closure#"));
    for head in heads {
        let Some((_, rest)) = head.split_once("(_1: ") else {
            continue;
        };
        let Some(own) = rest.find(closure).filter(|own| *own <= "&mut ".len()) else {
            continue;
        };
        let kind = match &rest[..own] {
            "" => "FnOnce",
            "&" => "Fn",
            "&mut " => "FnMut",
            _ => continue,
        };
        let rest = rest[own + closure.len()..].strip_suffix(" {")?;
        let end = closing(rest)?;
        return Some(Signature {
            kind,
            arguments: split_arguments(&rest[..end]),
            output: rest[end..].strip_prefix(") -> ")?,
        });
    }
    None
}

/// Where the bracket closes that was opened before `text`.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_u32;
    text.char_indices().find_map(|(at, c)| {
        match c {
            '(' => depth += 1,
            ')' if depth == 0 => return Some(at),
            ')' => depth -= 1,
            _ => {}
        }
        None
    })
}

/// The types in `, _2: i32, _3: (u8, u8)`.
fn split_arguments(text: &str) -> Vec<&str> {
    let mut types = Vec::new();
    let mut rest = text;
    let mut number = 2;
    while let Some(after) = rest.strip_prefix(&format!(", _{number}: ")) {
        number += 1;
        let end = after.find(&format!(", _{number}: ")).unwrap_or(after.len());
        types.push(&after[..end]);
        rest = &after[end..];
    }
    types
}
