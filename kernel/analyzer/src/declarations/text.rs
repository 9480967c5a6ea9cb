//! Writes the Rust text of a crate from the pages that rustdoc has made of it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt::Write;

use super::code::{raw, raw_path};
use super::declaration::{comment, declaration, push_line, push_valid, standard_macros};
use super::impls::{inherent_impls, trait_impls};
use super::page::{Kind, Page};
use super::standard;

/// One page with its place in the crate.
pub(super) struct Item {
    pub(super) kind: Kind,
    /// The modules that it lies in, then its name; empty for the crate itself.
    pub(super) path: Vec<String>,
    pub(super) page: Page,
}

impl Item {
    /// Whether the page only leads to the one of another path.
    pub(super) fn is_redirection(&self) -> bool {
        self.page.declaration.is_empty() && !matches!(self.kind, Kind::Module | Kind::Primitive)
    }

    pub(super) fn name(&self) -> &str {
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

/// For items that have several public paths, all paths but one, with the one where the item is declared.
pub(super) type Others = HashMap<(Kind, String), String>;

/// A module being written.
#[derive(Default)]
struct Module {
    docs: String,
    is_hidden: bool,
    text: String,
    /// What is declared in it, so that nothing is twice.
    names: BTreeSet<(Namespace, String)>,
    /// One re-export brings a name of all namespaces.
    reexports: BTreeSet<String>,
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

    fn reexport(&mut self, namespace: Namespace, path: &str, name: &str, attribute: &str) {
        if self.names.insert((namespace, name.to_owned())) {
            let reexport = reexport(path, name);
            if self.reexports.insert(reexport.clone()) {
                self.text.push_str(attribute);
                self.text.push_str(&reexport);
            }
        }
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
    let others = other_paths(source);
    let declared = declare_items(source, &others, &mut root);
    reexport_items(source, &others, &declared, &mut root);
    let mut text = header(source, &root);
    root.write(&mut text);
    trait_impls(source, &others, &mut text);
    if source.is_std {
        standard_macros(source, &mut text);
        standard::prelude().for_each(|line| push_line(&mut text, line));
    }
    text
}

/// Declares each item at its one path. Which were declared: some are left out.
fn declare_items(source: &Crate, others: &Others, root: &mut Module) -> HashSet<(Kind, String)> {
    let mut declared = HashSet::new();
    for item in source.items.iter().filter(|item| item.kind != Kind::Module) {
        let path = item.path.join("::");
        let key = (item.kind, path);
        let (Some((name, folder)), false) = (item.path.split_last(), others.contains_key(&key))
        else {
            continue;
        };
        let module = root.at(folder);
        let text = declaration(source, item);
        if !text.is_empty()
            && push_valid(&mut module.text, &text, &key.1)
            && module.names.insert((item.kind.namespace(), name.clone()))
        {
            declared.insert(key);
        }
        inherent_impls(&mut module.text, source, item);
    }
    declared
}

/// Re-exports items at their other paths and, hidden, where they are defined: other crates' signatures name them so.
fn reexport_items(
    source: &Crate,
    others: &Others,
    declared: &HashSet<(Kind, String)>,
    root: &mut Module,
) {
    let key = |item: &Item| (item.kind, item.path.join("::"));
    let target = |item: &Item| {
        let key = key(item);
        let target = others.get(&key).unwrap_or(&key.1).clone();
        declared
            .contains(&(item.kind, target.clone()))
            .then_some(target)
    };
    for item in source
        .items
        .iter()
        .filter(|item| others.contains_key(&key(item)))
    {
        if let (Some(target), Some((name, folder))) = (target(item), item.path.split_last()) {
            root.at(folder)
                .reexport(item.kind.namespace(), &target, name, "");
        }
    }
    for item in &source.items {
        let definition = own_definition(source, item)
            .map(|path| path.split("::").map(str::to_owned).collect::<Vec<_>>());
        if let (Some(definition), Some(target)) = (definition, target(item))
            && let Some((name, folder)) = definition.split_last()
        {
            let module = root.at(folder);
            if item.kind.namespace() != Namespace::Types || !module.modules.contains_key(name) {
                module.reexport(item.kind.namespace(), &target, name, "#[doc(hidden)]\n");
            }
        }
    }
}

/// Where an item of this crate is defined, without the crate, if that is not the path of its page.
fn own_definition<'a>(source: &'a Crate, item: &Item) -> Option<&'a str> {
    let path = item.path.join("::");
    let definition = source.definitions.get(&(item.kind, path.clone()))?;
    let (name, definition) = definition.split_once("::")?;
    let is_own = name == source.name || source.is_std && matches!(name, "core" | "alloc");
    (is_own && definition != path).then_some(definition)
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

/// Of several public paths of an item, the one nearest to where it is defined is where it is declared.
fn other_paths(source: &Crate) -> Others {
    let mut groups: HashMap<(Kind, &str), Vec<(bool, String)>> = HashMap::new();
    for item in &source.items {
        let path = item.path.join("::");
        if let Some(definition) = source.definitions.get(&(item.kind, path.clone())) {
            let group = groups.entry((item.kind, definition.as_str())).or_default();
            group.push((item.is_redirection(), path));
        }
    }
    let mut others = HashMap::new();
    for ((kind, definition), mut group) in groups {
        let definition = definition.split_once("::").map_or("", |(_, path)| path);
        group.sort_by_cached_key(|(is_redirection, path)| {
            let n_common = Reverse(n_common(path, definition));
            (
                *is_redirection,
                n_common,
                path.matches("::").count(),
                path.clone(),
            )
        });
        let mut group = group.into_iter().map(|(_, path)| path);
        let Some(first) = group.next() else { continue };
        others.extend(group.map(|other| ((kind, other), first.clone())));
    }
    others
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
