//! What Dagbok says about its own items, read off the sources of the face, which are built in.

use super::source::{Entry, entries, module_docs};

// `SOURCES`: the files of the face, by path and text.
include!(concat!(env!("OUT_DIR"), "/face_sources.rs"));

/// The entry at `path`, if it is something that a cell can name so.
pub(super) fn find(path: &[&str]) -> Option<Entry> {
    let (is_of_dagbok, path) = match path {
        ["dagbok", rest @ ..] if !rest.is_empty() => (true, rest),
        ["dagbok"] => return module("lib.rs", "dagbok"),
        path => (false, path),
    };
    let (name, head) = (*path.last()?, path.first()?);
    if !is_of_dagbok && !is_in_prelude(head) {
        return None;
    }
    if path.len() == 1
        && let Some(module) = module(&format!("{name}/mod.rs"), name)
    {
        return Some(module);
    }
    let owner = path.len().checked_sub(2).map(|idx| path[idx]);
    let sources = SOURCES.iter().filter(|(_, text)| text.contains(name));
    let found: Vec<(&str, Entry)> = sources
        .flat_map(|(file, text)| entries(text).into_iter().map(move |entry| (*file, entry)))
        .filter(|(_, entry)| entry.name == name && entry.is_public)
        .collect();
    let of_type = |(_, entry): &&(&str, Entry)| match owner {
        Some(owner) if owner.starts_with(char::is_uppercase) => {
            entry.owner.as_deref() == Some(owner)
        }
        _ => entry.owner.is_none(),
    };
    let in_module = |(file, _): &&(&str, Entry)| match owner {
        Some(module) if !module.starts_with(char::is_uppercase) => {
            file.starts_with(module) || file.contains(&format!("/{module}"))
        }
        _ => true,
    };
    let exact = found.iter().filter(in_module).find(of_type);
    // A method of a type may come from a trait, as `compute` does.
    let by_trait = || {
        let is_member = owner.is_some_and(|owner| owner.starts_with(char::is_uppercase));
        let is_trait = |entry: &Entry| entry.owner.as_ref().is_some_and(|owner| is_trait(owner));
        found.iter().find(|(_, entry)| is_member && is_trait(entry))
    };
    let (_, entry) = exact.or_else(by_trait)?;
    Some(Entry {
        signature: without_private_fields(&entry.signature),
        ..entry.clone()
    })
}

/// `signature` as cells see it.
fn without_private_fields(signature: &str) -> String {
    match signature.split_once('{') {
        Some((head, fields)) if head.contains("struct ") && !fields.contains("pub ") => {
            format!("{head}{{ /* private fields */ }}")
        }
        _ => signature.to_owned(),
    }
}

fn module(file: &str, name: &str) -> Option<Entry> {
    let (_, text) = SOURCES.iter().find(|(path, _)| *path == file)?;
    Some(Entry {
        owner: None,
        name: name.to_owned(),
        signature: String::new(),
        docs: module_docs(text),
        is_public: true,
    })
}

fn is_trait(name: &str) -> bool {
    let start = format!("pub trait {name}");
    SOURCES.iter().any(|(_, text)| text.contains(&start))
}

/// Whether every cell can write `name` as it is.
fn is_in_prelude(name: &str) -> bool {
    let prelude = SOURCES.iter().find(|(path, _)| *path == "prelude.rs");
    prelude.is_some_and(|(_, text)| {
        let is_word = |c: char| c == '_' || c.is_alphanumeric();
        text.split(|c| !is_word(c)).any(|word| word == name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, start: &str) {
        let path: Vec<&str> = path.split("::").collect();
        let found = find(&path).map_or("nothing".to_owned(), |entry| {
            let first = entry.docs.lines().next().unwrap_or_default();
            format!(
                "{} | {first}",
                entry.signature.lines().next().unwrap_or_default()
            )
        });
        assert!(found.starts_with(start), "{path:?}: {found}");
    }

    #[test]
    fn what_a_cell_can_name_is_found() {
        check("col", "fn col(");
        check("dagbok::col", "fn col(");
        check("Frame", "pub struct Frame");
        check("Frame::filter", "fn filter(");
        check("Frame::compute", "fn compute(");
        check(
            "Array::sum",
            "fn sum(&self, over: impl Into<Reduce>) -> Array | The sum over",
        );
        check("Expr::mean", "fn mean(self) -> Expr | The mean");
        check("plot::line", "fn line(");
        check("plot", " | ");
        check("dagbok", " | ");
        check("Vec", "nothing");
        check("Result", "nothing");
        check("Frame::nope", "nothing");
    }
}
