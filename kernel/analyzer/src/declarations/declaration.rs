//! Writes one item as Rust: from its page, and for what a page cannot show, from tables.

use std::collections::HashMap;
use std::fmt::Write;

use ra_ap_syntax::{Edition, SourceFile};

use super::code::{end_of_generics, raw, split_value};
use super::macros;
use super::page::{Kind, Marks, Page, Part};
use super::standard;
use super::text::{Crate, Item};

/// The text of an item without its impls; empty if it is left out.
pub(super) fn declaration(source: &Crate, item: &Item) -> String {
    let page = &item.page;
    let path = item.path.join("::");
    let is_macro = matches!(item.kind, Kind::Macro | Kind::Derive);
    let attributes = attributes(source, &path).filter(|_| !is_macro);
    let is_type = matches!(
        item.kind,
        Kind::Struct | Kind::Enum | Kind::Union | Kind::Trait | Kind::Type | Kind::ForeignType
    );
    if item.is_redirection() || page.marks.is_unstable && !is_type && attributes.is_none() {
        return String::new();
    }
    let mut text = String::new();
    comment(&mut text, &page.docs);
    marks(&mut text, &page.marks);
    text.push_str(&attributes.unwrap_or_default());
    let declared = with_raw_name(&page.declaration, item.name());
    match item.kind {
        Kind::Struct | Kind::Enum | Kind::Union => data_type(&mut text, source, &path, page),
        Kind::Trait => trait_text(&mut text, source, &path, page),
        Kind::Type => push_line(&mut text, &declared),
        Kind::ForeignType => push_line(
            &mut text,
            &format!("pub struct {} {{ /* private fields */ }}", raw(item.name())),
        ),
        Kind::Constant | Kind::Static => push_line(&mut text, &constant(&declared, true)),
        Kind::Function => function(&mut text, &declared),
        Kind::Macro => return macro_text(source, item),
        Kind::Derive => {
            text.push_str(if source.is_std {
                "#[rustc_builtin_macro]\n"
            } else {
                ""
            });
            let _ = writeln!(text, "pub macro {}($item:item) {{}}", raw(item.name()));
        }
        Kind::Module | Kind::Primitive => return String::new(),
    }
    text
}

/// The declaration of a name that may be a keyword: rustdoc writes it without its `r#`.
fn with_raw_name(declaration: &str, name: &str) -> String {
    match raw(name) != name {
        true => declaration.replacen(&format!(" {name}"), &format!(" {}", raw(name)), 1),
        false => declaration.to_owned(),
    }
}

/// The attributes of an item or member of std, by its path.
pub(super) fn attributes(source: &Crate, path: &str) -> Option<String> {
    match source.is_std {
        true => standard::attributes(path),
        false => None,
    }
}

/// A struct, an enum or a union. Its declaration has a line for each field and variant; documentation goes above these.
fn data_type(text: &mut String, source: &Crate, path: &str, page: &Page) {
    let parts: HashMap<&str, &Part> = page
        .parts
        .iter()
        .map(|part| (part.name.as_str(), part))
        .collect();
    let mut variant = "";
    for line in with_private_fields(source, &page.declaration).lines() {
        let content = line.trim_start();
        let name = content.strip_prefix("pub ").unwrap_or(content);
        let name = &name[..name
            .find(|c: char| !c.is_alphanumeric() && c != '_')
            .unwrap_or(name.len())];
        let part = match line.len() - content.len() {
            4 => {
                variant = name;
                parts.get(name)
            }
            8 => parts.get(format!("{variant}.{name}").as_str()),
            _ => None,
        };
        let is_field = line.starts_with(' ') && content.contains(&format!("{name}:"));
        let line = if is_field {
            &with_raw_name(line, name)
        } else {
            line
        };
        if let Some(part) = part {
            comment(text, &part.docs);
            marks(text, &part.marks);
            text.push_str(
                &attributes(source, &format!("{path}::{}", part.name)).unwrap_or_default(),
            );
        }
        push_line(text, line);
    }
}

/// Private fields are not known, but that they use all parameters has to be: a parameter that no field uses may be anything.
fn with_private_fields(source: &Crate, declaration: &str) -> String {
    const NOTE: &str = "/* private fields */";
    let marker = match source.is_std {
        true => "crate::marker::PhantomData",
        false => "::core::marker::PhantomData",
    };
    let used: String = parameters(declaration)
        .iter()
        .map(|parameter| match parameter.starts_with('\'') {
            true => format!("{marker}<&{parameter} ()>, "),
            false => format!("{marker}<{parameter}>, "),
        })
        .collect();
    let is_tuple =
        declaration.contains(&format!("({NOTE}")) || declaration.contains(&format!(", {NOTE}"));
    match is_tuple {
        true => declaration.replacen(NOTE, &format!("({used})"), 1),
        false => declaration.replacen(NOTE, &format!("private__: ({used}),"), 1),
    }
}

/// The names of the lifetimes and types in the first angle brackets of a declaration, if these follow the name.
fn parameters(declaration: &str) -> Vec<&str> {
    let head = declaration
        .split(['{', '(', ';'])
        .next()
        .unwrap_or_default();
    let Some(start) = head
        .find('<')
        .filter(|start| !head[..*start].contains("where"))
    else {
        return Vec::new();
    };
    let generics = &declaration[start..];
    let generics = &generics[1..end_of_generics(generics).saturating_sub(1).max(1)];
    split_parameters(generics)
        .into_iter()
        .filter(|parameter| !parameter.starts_with("const "))
        .map(|parameter| {
            parameter
                .split([':', '='])
                .next()
                .unwrap_or(parameter)
                .trim()
        })
        .filter(|parameter| !parameter.is_empty())
        .collect()
}

fn split_parameters(generics: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut depth, mut start, mut previous) = (0, 0, ' ');
    for (at, character) in generics.char_indices() {
        match character {
            '<' | '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            '>' if previous != '-' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(generics[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
        previous = character;
    }
    parts.push(generics[start..].trim());
    parts
}

fn trait_text(text: &mut String, source: &Crate, path: &str, page: &Page) {
    let head = page
        .declaration
        .find('{')
        .map_or(page.declaration.as_str(), |at| &page.declaration[..at]);
    let head = standard::trait_head(path)
        .filter(|_| source.is_std)
        .unwrap_or(head);
    if head.contains('=') && !page.declaration.contains('{') {
        push_line(text, &page.declaration);
        return;
    }
    let _ = writeln!(text, "{} {{", head.trim_end());
    for member in &page.members {
        let (kind, name) = member.id.split_once('.').unwrap_or_default();
        let attributes = attributes(source, &format!("{path}::{name}"));
        let is_required = kind == "tymethod" || kind.starts_with("associated");
        if member.marks.is_unstable
            && !page.marks.is_unstable
            && !is_required
            && attributes.is_none()
        {
            continue;
        }
        comment(text, &member.docs);
        marks(text, &member.marks);
        text.push_str(&attributes.unwrap_or_default());
        match kind {
            "tymethod" => push_line(text, &format!("{};", member.signature)),
            "method" => function(text, &member.signature),
            "associatedconstant" => push_line(text, &constant(&member.signature, false)),
            _ => push_line(text, &format!("{};", member.signature)),
        }
    }
    text.push_str("}\n");
}

/// A constant or static with a value: the one that stands there if it is a literal.
pub(super) fn constant(declaration: &str, needs_value: bool) -> String {
    let (head, value) = split_value(declaration);
    let value = value.map(|value| {
        value
            .split_once("; //")
            .map_or(value, |(value, _)| value)
            .trim_end_matches(';')
    });
    match value {
        Some(value) if is_literal(value) => format!("{head} = {value};"),
        None if !needs_value => format!("{head};"),
        _ => format!("{head} = loop {{}};"),
    }
}

fn is_literal(value: &str) -> bool {
    let digits = value.strip_prefix('-').unwrap_or(value);
    let is_number = digits.starts_with(|c: char| c.is_ascii_digit())
        && digits
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.'));
    let is_string = value.len() > 1
        && value.starts_with('"')
        && value.ends_with('"')
        && !value[1..value.len() - 1].contains(['"', '\\']);
    is_number || is_string || matches!(value, "true" | "false")
}

pub(super) fn function(text: &mut String, signature: &str) {
    let _ = writeln!(text, "{} {{ loop {{}} }}", signature.trim_end_matches(';'));
}

/// A macro, with the patterns from its page in its documentation.
fn macro_text(source: &Crate, item: &Item) -> String {
    let is_standard = standard::macro_names().any(|name| name == item.name());
    if source.is_std && item.path.len() == 1 && is_standard {
        return String::new();
    }
    let mut docs = item.page.docs.clone();
    if !item.page.declaration.is_empty() {
        let _ = write!(docs, "\n\n```rust\n{}\n```", item.page.declaration);
    }
    let mut text = String::new();
    comment(&mut text, docs.trim_start());
    marks(&mut text, &item.page.marks);
    let rules = macros::rules(&source.name, item.name());
    let _ = writeln!(text, "pub macro {} {{\n{rules}\n}}", raw(item.name()));
    text
}

/// The macros of std, with the documentation that rustdoc has of them.
pub(super) fn standard_macros(source: &Crate, text: &mut String) {
    let pages: HashMap<&str, &Page> = source
        .items
        .iter()
        .filter(|item| item.kind == Kind::Macro && item.path.len() == 1)
        .map(|item| (item.name(), &item.page))
        .collect();
    for line in standard::macros() {
        if let Some(page) = standard::macro_name(line).and_then(|name| pages.get(name)) {
            comment(text, &page.docs);
            marks(text, &page.marks);
        }
        push_line(text, line);
    }
}

/// Adds the text of one declaration, or a note if it is not Rust: then the page has something that is unknown here.
/// Whether it is Rust.
pub(super) fn push_valid(text: &mut String, declaration: &str, name: &str) -> bool {
    let is_valid = SourceFile::parse(declaration, Edition::CURRENT)
        .errors()
        .is_empty();
    match is_valid {
        true => text.push_str(declaration),
        false => push_line(text, &format!("// left out: {}", name.replace('\n', " "))),
    }
    is_valid
}

pub(super) fn marks(text: &mut String, marks: &Marks) {
    if marks.is_unstable {
        text.push_str("#[doc(hidden)]\n");
    }
    if let Some(note) = &marks.deprecated {
        let _ = writeln!(text, "#[deprecated(note = {note:?})]");
    }
}

pub(super) fn comment(text: &mut String, docs: &str) {
    for line in docs.lines() {
        let line = line.trim_end();
        text.push_str(if line.is_empty() { "///" } else { "/// " });
        push_line(text, line);
    }
}

pub(super) fn push_line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}
