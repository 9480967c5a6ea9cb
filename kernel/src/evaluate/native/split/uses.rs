//! `use` declarations, leaf by leaf: a later cell gets each leaf again unless a newer one has taken its name.

use syn::{ItemExternCrate, ItemUse, UseTree};

/// One name, or one glob, that a `use` declaration brings in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct UseLeaf {
    /// The name in scope; `None` for a glob and for `as _`.
    pub(in super::super) name: Option<String>,
    /// The first segment of its path.
    pub(in super::super) root: String,
    /// The leaf as a declaration of its own.
    pub(in super::super) declaration: String,
}

impl UseLeaf {
    /// `extern crate name;`, which stays as it was typed.
    pub(super) fn extern_crate(item: &ItemExternCrate, declaration: &str) -> Self {
        let visible = item
            .rename
            .as_ref()
            .map_or(&item.ident, |(_, rename)| rename);
        UseLeaf {
            name: Some(visible.to_string()),
            root: item.ident.to_string(),
            declaration: declaration.to_owned(),
        }
    }
}

/// The leaves of `item`.
pub(in super::super) fn leaves(item: &ItemUse) -> Vec<UseLeaf> {
    let mut leaves = Vec::new();
    let prefix = if item.leading_colon.is_some() {
        "::"
    } else {
        ""
    };
    collect(&item.tree, prefix, &mut leaves);
    leaves
}

fn collect(tree: &UseTree, prefix: &str, leaves: &mut Vec<UseLeaf>) {
    let mut push = |name: Option<String>, path: &str| {
        let path = path.strip_suffix("::self").unwrap_or(path);
        let root = path.trim_start_matches("::").split("::").next();
        let renamed = match &name {
            Some(name) if path.rsplit("::").next() == Some(name) => String::new(),
            Some(name) => format!(" as {name}"),
            None if path.ends_with('*') => String::new(),
            None => " as _".to_owned(),
        };
        leaves.push(UseLeaf {
            name,
            root: root.unwrap_or_default().to_owned(),
            declaration: format!("use {path}{renamed};"),
        });
    };
    match tree {
        UseTree::Path(path) => collect(&path.tree, &format!("{prefix}{}::", path.ident), leaves),
        UseTree::Name(name) if name.ident == "self" => {
            let parent = prefix.trim_end_matches("::");
            let last = parent.rsplit("::").next().unwrap_or(parent).to_owned();
            push(Some(last), parent);
        }
        UseTree::Name(name) => push(
            Some(name.ident.to_string()),
            &format!("{prefix}{}", name.ident),
        ),
        UseTree::Rename(rename) => {
            let visible = (rename.rename != "_").then(|| rename.rename.to_string());
            push(visible, &format!("{prefix}{}", rename.ident));
        }
        UseTree::Glob(_) => push(None, &format!("{prefix}*")),
        UseTree::Group(group) => {
            for tree in &group.items {
                collect(tree, prefix, leaves);
            }
        }
    }
}
