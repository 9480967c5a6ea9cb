//! What the kernel knows of the variables that live in the session: their types, and why those that are gone are gone.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use proc_macro2::TokenStream;

use super::generate::Taken;
use super::split::mentions;

/// A variable of the session.
#[derive(Clone, Debug)]
pub(crate) struct Variable {
    /// Its type as a later cell writes it.
    pub(super) type_text: String,
    /// Its type as a person reads it.
    pub(crate) type_name: String,
    pub(crate) mutable: bool,
    /// What the front end calls the cell that defined it.
    pub(crate) cell: u32,
    /// Every identifier in its type.
    type_names: BTreeSet<String>,
}

impl Variable {
    /// A variable that `cell` has defined, of a type that is written `type_text` and shown as `type_name`.
    pub(super) fn new(type_text: String, type_name: String, mutable: bool, cell: u32) -> Self {
        let tokens = TokenStream::from_str(&type_text).unwrap_or_default();
        Variable {
            type_names: mentions(tokens),
            type_text,
            type_name,
            mutable,
            cell,
        }
    }

    /// Whether its type names `name` of the crate `crate_name`.
    pub(super) fn has_type(&self, crate_name: &str, name: &str) -> bool {
        self.type_names.contains(crate_name) && self.type_names.contains(name)
    }

    /// The crates that `is_crate` knows among the words of its type.
    pub(super) fn crates<'v>(
        &'v self,
        is_crate: impl Fn(&str) -> bool + 'v,
    ) -> impl Iterator<Item = &'v String> {
        self.type_names.iter().filter(move |name| is_crate(name))
    }
}

/// All variables, and the reasons why others are gone.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) live: BTreeMap<String, Variable>,
    gone: BTreeMap<String, String>,
}

impl Known {
    /// The variables that a cell with these words takes.
    pub(super) fn taken(&self, words: &BTreeSet<String>) -> Vec<Taken> {
        let named = self.live.iter().filter(|(name, _)| words.contains(*name));
        named
            .map(|(name, variable)| Taken {
                name: name.clone(),
                type_text: variable.type_text.clone(),
                mutable: variable.mutable,
            })
            .collect()
    }

    pub(super) fn insert(&mut self, name: String, variable: Variable) {
        self.gone.remove(&name);
        self.live.insert(name, variable);
    }

    /// `name` is not there any more, or never was, for this `reason`.
    pub(super) fn lose(&mut self, name: &str, reason: String) {
        self.live.remove(name);
        self.gone.insert(name.to_owned(), reason);
    }

    /// Loses every variable.
    pub(super) fn lose_all(&mut self, reason: impl Fn(&str) -> String) -> Vec<String> {
        let names: Vec<String> = self.live.keys().cloned().collect();
        for name in &names {
            self.lose(name, reason(name));
        }
        names
    }

    /// Why there is no `name`.
    pub(super) fn why_gone(&self, name: &str) -> Option<&String> {
        self.gone.get(name)
    }

    /// The live variables with the type `name` of the crate `crate_name`.
    pub(super) fn of_type(&self, crate_name: &str, name: &str) -> Vec<String> {
        let of_type = self
            .live
            .iter()
            .filter(|(_, variable)| variable.has_type(crate_name, name));
        of_type.map(|(name, _)| name.clone()).collect()
    }
}
