//! What the kernel knows of the variables that live in the session: their types, and why those that are gone are gone.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::visit_mut::{self, VisitMut};

use super::generate::Taken;
use super::items::Replaced;
use super::split::{Split, mentions};
use crate::evaluate::Shell;

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
    /// The shell in whose thread its value was made.
    pub(super) shell: Shell,
    /// Whether it is known to stay there: that its type cannot be sent.
    pub(super) stays: bool,
    /// How many values the session process had kept when it kept this one.
    pub(super) stamp: u64,
    /// Every identifier in its type.
    type_names: BTreeSet<String>,
    /// Whether its type has been compiled again since the value was made.
    identical: bool,
}

impl Variable {
    /// A variable that the cell `cell` of `shell` has defined, of a type that is written `type_text` and shown as
    /// `type_name`.
    pub(super) fn new(
        type_text: String,
        type_name: String,
        mutable: bool,
        (shell, cell): (Shell, u32),
        stamp: u64,
    ) -> Self {
        let tokens = TokenStream::from_str(&type_text).unwrap_or_default();
        Variable {
            type_names: mentions(tokens),
            type_text,
            type_name,
            mutable,
            cell,
            shell,
            stays: false,
            stamp,
            identical: false,
        }
    }

    /// Moves its type along if `replaced` is in it, which the crate `to` has from now on; `false` if nobody can name its
    /// type any more.
    pub(super) fn follow(&mut self, replaced: &Replaced, to: &str) -> bool {
        self.move_if_of(replaced, Some(to));
        replaced.identical || !self.has_type(replaced)
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
    pub(super) fn has_type(&self, replaced: &Replaced) -> bool {
        self.type_names.contains(&replaced.crate_name) && self.type_names.contains(&replaced.name)
    }

    /// Whether its type names the crate `crate_name`.
    pub(super) fn names_crate(&self, crate_name: &str) -> bool {
        self.type_names.contains(crate_name)
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
    /// The variables that the cell `split` of `shell` takes, if it replaces the types `replaced`.
    pub(super) fn taken(&self, split: &Split, replaced: &[Replaced], shell: Shell) -> Vec<Taken> {
        let named = self
            .live
            .iter()
            .filter(|(name, _)| split.mentions.contains(*name) && !split.values.contains(*name))
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
                    is_sent: variable.shell != shell,
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

    /// What the cell `cell` has defined as `items` is no variable any more: those that were, and why they are none.
    pub(super) fn replace_by_items(
        &mut self,
        items: &BTreeSet<String>,
        cell: u32,
    ) -> Vec<(String, String)> {
        let replaced = items.iter().filter(|name| self.live.contains_key(*name));
        let reason = |name| {
            format!("`{name}` was dropped, because cell {cell} defines an item of this name")
        };
        let replaced: Vec<(String, String)> =
            replaced.map(|name| (name.clone(), reason(name))).collect();
        for (name, reason) in &replaced {
            self.lose(name, reason.clone());
        }
        replaced
    }

    /// `name` is `variable` from now on, unless a newer one is known already.
    pub(super) fn insert(&mut self, name: String, variable: Variable) {
        if self.is_newer(&name, variable.stamp) {
            return;
        }
        self.gone.remove(&name);
        self.live.insert(name, variable);
    }

    /// Whether there is a `name` that was kept after the one with this stamp.
    fn is_newer(&self, name: &str, stamp: u64) -> bool {
        let live = self.live.get(name);
        live.is_some_and(|live| live.stamp > stamp)
    }

    /// `name` is not there any more, or never was, for this `reason`.
    pub(super) fn lose(&mut self, name: &str, reason: String) {
        self.live.remove(name);
        self.gone.insert(name.to_owned(), reason);
    }

    /// The same of what was there when the session process had kept `n_kept` values.
    pub(super) fn lose_as_of(&mut self, n_kept: u64, name: &str, reason: String) {
        if !self.is_newer(name, n_kept) {
            self.lose(name, reason);
        }
    }

    /// Loses every variable.
    pub(super) fn lose_all(&mut self, reason: impl Fn(&str) -> String) -> Vec<String> {
        let names: Vec<String> = self.live.keys().cloned().collect();
        for name in &names {
            self.lose(name, reason(name));
        }
        names
    }

    /// The live variables whose type names the crate `crate_name`.
    pub(super) fn of_crate(&self, crate_name: &str) -> Vec<String> {
        let of_crate = self
            .live
            .iter()
            .filter(|(_, variable)| variable.names_crate(crate_name));
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
