//! Writes the Rust text of a crate from the pages that rustdoc has made of it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt::Write;

use ra_ap_syntax::{Edition, SourceFile};

use super::code::{raw, raw_path, split_value};
use super::macros;
use super::page::{Kind, Marks, Member, Page, Part};
use super::standard;
use super::tuples;

/// One page with its place in the crate.
pub(super) struct Item {
    pub(super) kind: Kind,
    /// The modules that it lies in, then its name; empty for the crate itself.
    pub(super) path: Vec<String>,
    pub(super) page: Page,
}

impl Item {
    fn name(&self) -> &str {
        self.path.last().map_or("", String::as_str)
    }
}

/// The crate to write.
pub(super) struct Crate {
    pub(super) is_std: bool,
    pub(super) items: Vec<Item>,
    /// Where an item is defined, of its kind and public path: `std::collections::hash::map::HashMap`.
    pub(super) definitions: HashMap<(Kind, String), String>,
    /// The name of the crate in definitions.
    pub(super) name: String,
}

/// A module being written.
#[derive(Default)]
struct Module {
    docs: String,
    is_hidden: bool,
    text: String,
    /// What is declared in it, so that nothing is twice.
    names: BTreeSet<(Namespace, String)>,
    modules: BTreeMap<String, Module>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Namespace {
    Types,
    Values,
    Macros,
}

impl Kind {
    fn namespace(self) -> Namespace {
        match self {
            Kind::Constant | Kind::Static | Kind::Function => Namespace::Values,
            Kind::Macro | Kind::Derive => Namespace::Macros,
            _ => Namespace::Types,
        }
    }
}

impl Module {
    /// The module at a path. Modules that are not there yet are hidden ones: no page shows them.
    fn at(&mut self, path: &[String]) -> &mut Module {
        path.iter().fold(self, |module, name| {
            module
                .modules
                .entry(name.clone())
                .or_insert_with(|| Module {
                    is_hidden: true,
                    ..Module::default()
                })
        })
    }

    fn write(&self, text: &mut String) {
        text.push_str(&self.text);
        for (name, module) in &self.modules {
            comment(text, &module.docs);
            if module.is_hidden {
                text.push_str("#[doc(hidden)]\n");
            }
            let _ = writeln!(text, "pub mod {} {{", raw(name));
            module.write(text);
            text.push_str("}\n");
        }
    }
}

/// The Rust text of a crate.
pub(super) fn crate_text(source: &Crate) -> String {
    let mut root = Module::default();
    for item in source.items.iter().filter(|item| item.kind == Kind::Module) {
        let module = root.at(&item.path);
        module.docs = item.page.docs.clone();
        module.is_hidden = item.page.marks.is_unstable;
    }
    let canonical = canonical_paths(source);
    let mut aliases = Vec::new();
    for item in source.items.iter().filter(|item| item.kind != Kind::Module) {
        let Some((name, folder)) = item.path.split_last() else {
            continue;
        };
        let module = root.at(folder);
        let text = match canonical.get(&(item.kind, item.path.join("::"))) {
            Some(path) => reexport(path, name),
            None => declaration(source, item),
        };
        if !text.is_empty() && module.names.insert((item.kind.namespace(), name.clone())) {
            push_valid(&mut module.text, &text, &item.path.join("::"));
        }
        if !canonical.contains_key(&(item.kind, item.path.join("::"))) {
            inherent_impls(&mut module.text, source, item);
        }
        aliases.extend(alias(source, item));
    }
    for (kind, definition, path) in aliases {
        add_alias(&mut root, kind, &definition, &path);
    }
    let mut text = header(source, &root);
    root.write(&mut text);
    trait_impls(source, &canonical, &mut text);
    if source.is_std {
        standard_macros(source, &mut text);
        text.push_str(standard::PRELUDE);
    }
    text
}

fn header(source: &Crate, root: &Module) -> String {
    let mut text = String::new();
    for line in root.docs.lines() {
        let _ = writeln!(text, "{}", format!("//! {line}").trim_end());
    }
    match source.is_std {
        true => text.push_str(standard::HEADER),
        false => text.push_str("#![feature(decl_macro)]\n"),
    }
    text
}

/// For items that have several public paths, all but one of these, with the one where the item is declared: the one
/// nearest to where it is defined.
fn canonical_paths(source: &Crate) -> HashMap<(Kind, String), String> {
    let mut groups: HashMap<(Kind, &str), Vec<String>> = HashMap::new();
    for item in &source.items {
        let path = item.path.join("::");
        if let Some(definition) = source.definitions.get(&(item.kind, path.clone())) {
            groups
                .entry((item.kind, definition.as_str()))
                .or_default()
                .push(path);
        }
    }
    let mut canonical = HashMap::new();
    for ((kind, definition), mut group) in groups {
        let definition = definition.split_once("::").map_or("", |(_, path)| path);
        group.sort_by_cached_key(|path| {
            (
                Reverse(n_common(path, definition)),
                path.matches("::").count(),
                path.clone(),
            )
        });
        let mut group = group.into_iter();
        let Some(first) = group.next() else { continue };
        canonical.extend(group.map(|other| ((kind, other), first.clone())));
    }
    canonical
}

/// How many modules two paths share from the start.
fn n_common(one: &str, other: &str) -> usize {
    one.split("::")
        .zip(other.split("::"))
        .take_while(|(one, other)| one == other)
        .count()
}

fn reexport(path: &str, name: &str) -> String {
    let path = raw_path(path);
    match path.ends_with(&format!("::{}", raw(name))) || path == raw(name) {
        true => format!("pub use crate::{path};\n"),
        false => format!("pub use crate::{path} as {};\n", raw(name)),
    }
}

/// The place where an item of this crate is defined, if no public path leads there: other crates' signatures name it so.
fn alias(source: &Crate, item: &Item) -> Option<(Kind, String, String)> {
    let path = item.path.join("::");
    let definition = source.definitions.get(&(item.kind, path.clone()))?;
    let (name, definition) = definition.split_once("::")?;
    let is_own = name == source.name || source.is_std && matches!(name, "core" | "alloc");
    (is_own && definition != path).then(|| (item.kind, definition.to_owned(), path))
}

fn add_alias(root: &mut Module, kind: Kind, definition: &str, path: &str) {
    let definition: Vec<String> = definition.split("::").map(str::to_owned).collect();
    let Some((name, folder)) = definition.split_last() else {
        return;
    };
    let module = root.at(folder);
    let is_free = !(kind.namespace() == Namespace::Types && module.modules.contains_key(name));
    if is_free && module.names.insert((kind.namespace(), name.clone())) {
        module.text.push_str("#[doc(hidden)]\n");
        module.text.push_str(&reexport(path, name));
    }
}

fn declaration(source: &Crate, item: &Item) -> String {
    let page = &item.page;
    let path = item.path.join("::");
    let attributes = attributes(source, &path);
    let is_type = matches!(
        item.kind,
        Kind::Struct | Kind::Enum | Kind::Union | Kind::Trait | Kind::Type | Kind::ForeignType
    );
    if page.marks.is_unstable && !is_type && attributes.is_none() {
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

/// Adds the text of one declaration, or a note if it is not Rust: then the page has something that is unknown here.
fn push_valid(text: &mut String, declaration: &str, name: &str) {
    let parsed = SourceFile::parse(declaration, Edition::CURRENT);
    match parsed.errors().is_empty() {
        true => text.push_str(declaration),
        false => {
            let _ = writeln!(text, "// left out: {}", name.replace('\n', " "));
        }
    }
}

/// The declaration of a name that may be a keyword: rustdoc writes it without its `r#`.
fn with_raw_name(declaration: &str, name: &str) -> String {
    match raw(name) != name {
        true => declaration.replacen(&format!(" {name}"), &format!(" {}", raw(name)), 1),
        false => declaration.to_owned(),
    }
}

fn attributes(source: &Crate, path: &str) -> Option<String> {
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
    for line in page.declaration.lines() {
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

fn inherent_impls(text: &mut String, source: &Crate, item: &Item) {
    let path = item.path.join("::");
    for one in item
        .page
        .impls
        .iter()
        .filter(|one| trait_of(&one.header).is_none())
    {
        let members: String = one
            .members
            .iter()
            .filter_map(|member| inherent_member(source, &path, member))
            .collect();
        if !members.is_empty() {
            push_valid(
                text,
                &format!("{} {{\n{members}}}\n", one.header),
                &one.header,
            );
        }
    }
}

fn inherent_member(source: &Crate, path: &str, member: &Member) -> Option<String> {
    let (kind, name) = member.id.split_once('.')?;
    let attributes = attributes(source, &format!("{path}::{name}"));
    let is_left_out = member.marks.is_unstable && attributes.is_none() || kind == "associatedtype";
    if is_left_out || source.is_std && mentions_other_crate(&member.signature) {
        return None;
    }
    let mut text = String::new();
    comment(&mut text, &member.docs);
    marks(&mut text, &member.marks);
    text.push_str(&attributes.unwrap_or_default());
    match kind {
        "associatedconstant" => push_line(&mut text, &constant(&member.signature, true)),
        _ => function(&mut text, &member.signature),
    }
    Some(text)
}

/// Impls of traits, each once: rustdoc shows them with every type and trait that they name.
fn trait_impls(source: &Crate, canonical: &HashMap<(Kind, String), String>, text: &mut String) {
    let mut done = HashSet::new();
    for item in &source.items {
        if canonical.contains_key(&(item.kind, item.path.join("::"))) {
            continue;
        }
        for one in &item.page.impls {
            let Some(name) = trait_of(&one.header) else {
                continue;
            };
            if is_auto(name) || !done.insert(one.header.split_whitespace().collect::<String>()) {
                continue;
            }
            if source.is_std && mentions_other_crate(&one.header) {
                continue;
            }
            for header in tuples::headers(&one.header) {
                trait_impl(text, &header, &one.members);
            }
        }
    }
}

fn trait_impl(text: &mut String, header: &str, members: &[Member]) {
    let mut declaration = format!("{header} {{");
    for member in members
        .iter()
        .filter(|member| !member.id.starts_with("method."))
    {
        declaration.push('\n');
        declaration.push_str(&associated(member));
    }
    declaration.push_str("}\n");
    push_valid(text, &declaration, header);
}

fn associated(member: &Member) -> String {
    match member.id.starts_with("associatedconstant") {
        true => constant(&member.signature, true),
        false => format!("{};", member.signature),
    }
}

/// The trait in the header of an impl, with its generics; none for an inherent impl.
fn trait_of(header: &str) -> Option<&str> {
    let after = header
        .strip_prefix("unsafe ")
        .unwrap_or(header)
        .strip_prefix("impl")?;
    let start = if after.starts_with('<') {
        end_of_generics(after)
    } else {
        0
    };
    let mut depth = 0;
    let mut previous = ' ';
    for (at, character) in after.char_indices().skip_while(|(at, _)| *at < start) {
        match character {
            '<' | '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            '>' if previous != '-' => depth -= 1,
            ' ' if depth == 0 && after[at..].starts_with(" for ") => {
                return Some(after[start..at].trim());
            }
            '\n' if depth == 0 && after[at..].starts_with("\nwhere") => return None,
            _ => {}
        }
        previous = character;
    }
    None
}

/// Whether a signature of std has a path that is not declared, as in `arch` and `simd`: all others start with `crate`.
fn mentions_other_crate(signature: &str) -> bool {
    ["core", "alloc", "std"].iter().any(|name| {
        signature
            .match_indices(&format!("::{name}::"))
            .any(|(at, _)| {
                let before = signature[..at].chars().next_back().unwrap_or(' ');
                !before.is_alphanumeric() && !matches!(before, '_' | '>')
            })
    })
}

fn end_of_generics(text: &str) -> usize {
    let mut depth = 0;
    let mut previous = ' ';
    for (at, character) in text.char_indices() {
        match character {
            '<' => depth += 1,
            '>' if previous != '-' => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
        previous = character;
    }
    text.len()
}

/// Whether an impl says nothing that completion needs: impls of auto traits, and negative ones.
fn is_auto(name: &str) -> bool {
    let last = name.rsplit("::").next().unwrap_or(name);
    let auto = [
        "Send",
        "Sync",
        "Unpin",
        "UnwindSafe",
        "RefUnwindSafe",
        "Freeze",
        "UnsafeUnpin",
        "StructuralPartialEq",
    ];
    name.starts_with('!') || auto.contains(&last)
}

/// A constant or static with a value: the one that stands there if it is a literal.
fn constant(declaration: &str, needs_value: bool) -> String {
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

fn function(text: &mut String, signature: &str) {
    let _ = writeln!(text, "{} {{ loop {{}} }}", signature.trim_end_matches(';'));
}

/// A macro, with the patterns from its page in its documentation.
fn macro_text(source: &Crate, item: &Item) -> String {
    let is_standard = standard::MACROS
        .lines()
        .filter_map(standard::macro_name)
        .any(|name| name == item.name());
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
fn standard_macros(source: &Crate, text: &mut String) {
    let pages: HashMap<&str, &Page> = source
        .items
        .iter()
        .filter(|item| item.kind == Kind::Macro && item.path.len() == 1)
        .map(|item| (item.name(), &item.page))
        .collect();
    for line in standard::MACROS.lines() {
        if let Some(page) = standard::macro_name(line).and_then(|name| pages.get(name)) {
            comment(text, &page.docs);
            marks(text, &page.marks);
        }
        push_line(text, line);
    }
}

fn marks(text: &mut String, marks: &Marks) {
    if marks.is_unstable {
        text.push_str("#[doc(hidden)]\n");
    }
    if let Some(note) = &marks.deprecated {
        let _ = writeln!(text, "#[deprecated(note = {note:?})]");
    }
}

fn comment(text: &mut String, docs: &str) {
    for line in docs.lines() {
        let line = line.trim_end();
        text.push_str(if line.is_empty() { "///" } else { "/// " });
        push_line(text, line);
    }
}

fn push_line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}
