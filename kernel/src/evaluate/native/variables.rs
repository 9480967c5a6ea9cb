//! What the kernel knows of the variables that live in the session: their types, and why those that are gone are gone.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::visit_mut::{self, VisitMut};

use super::generate::Taken;
use super::items::Replaced;
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
    /// Whether its type has been compiled again since the value was made.
    identical: bool,
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
            identical: false,
        }
    }

    /// Moves its type to the crate `to`, or to the crate that is being compiled, if it is what is replaced.
    fn move_if_of(&mut self, replaced: &Replaced, to: Option<&str>) {
        if replaced.identical && self.has_type(replaced) {
            self.move_type(replaced, to.unwrap_or("crate"));
        }
    }

    /// From now on its type is the one that another crate has compiled again from the same definition.
    fn move_type(&mut self, replaced: &Replaced, to: &str) {
        let Ok(mut parsed) = syn::parse_str::<syn::Type>(&self.type_text) else {
            return;
        };
        MovePaths { replaced, to }.visit_type_mut(&mut parsed);
        let tokens = parsed.into_token_stream();
        self.type_text = tokens.to_string();
        self.type_names = mentions(tokens);
        self.identical = true;
    }

    /// Whether its type names what is replaced.
    fn has_type(&self, replaced: &Replaced) -> bool {
        self.type_names.contains(&replaced.crate_name) && self.type_names.contains(&replaced.name)
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
    /// The variables that a cell with these words takes, if it replaces the types `replaced`.
    pub(super) fn taken(&self, words: &BTreeSet<String>, replaced: &[Replaced]) -> Vec<Taken> {
        let named = self
            .live
            .iter()
            .filter(|(name, _)| words.contains(*name))
            .filter(|(_, variable)| {
                let mut changed = replaced.iter().filter(|replaced| !replaced.identical);
                !changed.any(|replaced| variable.has_type(replaced))
            });
        named
            .map(|(name, variable)| {
                let mut variable = variable.clone();
                for replaced in replaced {
                    variable.move_if_of(replaced, None);
                }
                Taken {
                    name: name.clone(),
                    type_text: variable.type_text,
                    mutable: variable.mutable,
                    identical: variable.identical,
                }
            })
            .collect()
    }

    /// What is left of the variables once `crate_name` has replaced a type: those of a type that is defined as before
    /// live on, those of another are named.
    pub(super) fn replace_type(&mut self, replaced: &Replaced, crate_name: &str) -> Vec<String> {
        let mut dropped = Vec::new();
        for (name, variable) in &mut self.live {
            if replaced.identical {
                variable.move_if_of(replaced, Some(crate_name));
            } else if variable.has_type(replaced) {
                dropped.push(name.clone());
            }
        }
        dropped
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

    /// The variables `names`, as they are now.
    pub(super) fn of_names(&self, names: &[String]) -> Vec<(String, Variable)> {
        let known = names
            .iter()
            .filter_map(|name| Some((name.clone(), self.live.get(name)?.clone())));
        known.collect()
    }

    /// The live variables whose type names the crate `crate_name`.
    pub(super) fn of_crate(&self, crate_name: &str) -> Vec<String> {
        let of_crate = self
            .live
            .iter()
            .filter(|(_, variable)| variable.crates(|name| name == crate_name).next().is_some());
        of_crate.map(|(name, _)| name.clone()).collect()
    }

    /// Why a cell that replaces the types `replaced` finds no `name`.
    pub(super) fn why_gone(&self, name: &str, replaced: &[Replaced]) -> Option<String> {
        let Some(variable) = self.live.get(name) else {
            return self.gone.get(name).cloned();
        };
        let changed = replaced
            .iter()
            .find(|replaced| !replaced.identical && variable.has_type(replaced))?;
        Some(format!(
            "`{name}` is of the `{}` that this cell defines anew",
            changed.name
        ))
    }
}

struct MovePaths<'a> {
    replaced: &'a Replaced,
    /// The crate to write in place of the old one.
    to: &'a str,
}

impl VisitMut for MovePaths<'_> {
    fn visit_path_mut(&mut self, path: &mut syn::Path) {
        let mut segments = path.segments.iter_mut();
        if let (Some(first), Some(second)) = (segments.next(), segments.next())
            && first.ident == self.replaced.crate_name
            && second.ident == self.replaced.name
        {
            first.ident = syn::Ident::new(self.to, proc_macro2::Span::call_site());
            if self.to == "crate" {
                path.leading_colon = None;
            }
        }
        visit_mut::visit_path_mut(self, path);
    }
}
