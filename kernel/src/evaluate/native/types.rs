//! The types of the variables that a cell keeps, read from the MIR that the same compile wrote: a call
//! `Scope::keep::<T>(…, "name", …)` names the type `T` after inference.

use std::collections::BTreeMap;

use quote::ToTokens;
use syn::visit_mut::{self, VisitMut};

use super::boxed;
use super::generate::Boxed;
use super::words::short_paths;
use crate::runtime_files::CARRIED_CRATES;

/// The type of each variable that a cell keeps.
pub(super) type KeptTypes = BTreeMap<String, KeptType>;

#[derive(Clone, Debug)]
pub(super) struct KeptType {
    /// As later cells can write it; `None` for a type that nobody can write.
    pub(super) written: Option<String>,
    /// As a person reads it.
    pub(super) shown: String,
    /// What a value of a type that nobody can write can be kept as: what to try, one after the other.
    pub(super) boxed: Vec<Boxed>,
}

const CALL: &str = "Scope::<'_>::keep::<";
const CALL_WITHOUT_LIFETIME: &str = "Scope::keep::<";

/// The types of the variables kept in `mir`, the code of the crate `crate_name`, which knows the crates `externs`.
pub(super) fn kept_types(mir: &str, crate_name: &str, externs: &[String]) -> KeptTypes {
    let mut types = KeptTypes::new();
    let mut strings: BTreeMap<&str, &str> = BTreeMap::new();
    for line in mir.lines() {
        let line = line.trim();
        if let Some((local, text)) = string_constant(line) {
            strings.insert(local, text);
        } else if let Some((type_text, name)) = keep_call(line, &strings) {
            let written = writable(type_text, crate_name, externs);
            let boxed = match &written {
                Some(_) => Vec::new(),
                None => {
                    boxed::possibilities(type_text, mir, |text| writable(text, crate_name, externs))
                }
            };
            let shown = short_paths(&type_text.replace("'{erased} ", ""));
            let kept = KeptType {
                written,
                shown,
                boxed,
            };
            types.insert(name.to_owned(), kept);
        }
    }
    types
}

/// `_20 = const "text";`
fn string_constant(line: &str) -> Option<(&str, &str)> {
    let (local, text) = line.split_once(" = const \"")?;
    Some((local, text.strip_suffix("\";")?))
}

/// The type and the name in `… = dagbok::cell::Scope::keep::<T>(copy _1, move _20, move _21) -> …`.
fn keep_call<'m>(line: &'m str, strings: &BTreeMap<&str, &'m str>) -> Option<(&'m str, &'m str)> {
    let (_, rest) = line
        .split_once(CALL)
        .or_else(|| line.split_once(CALL_WITHOUT_LIFETIME))?;
    let end = rest.rfind(">(")?;
    // A type may itself hold `>(`, as function pointers in generics do: the call's own is the last before `-> [`.
    let end = rest[..rest.rfind(") -> [").unwrap_or(rest.len())]
        .rmatch_indices(">(")
        .map(|(at, _)| at)
        .find(|at| balanced(&rest[..*at]))
        .unwrap_or(end);
    let mut arguments = rest[end + 2..].split(", ");
    let name = arguments.nth(1)?;
    let name = match name.strip_prefix("const \"") {
        Some(text) => text.strip_suffix('"')?,
        None => strings.get(name.trim_start_matches("move ").trim_start_matches("copy "))?,
    };
    Some((&rest[..end], name))
}

fn balanced(type_text: &str) -> bool {
    let without_arrows = type_text.replace("->", "");
    let count = |c| without_arrows.matches(c).count();
    count('<') == count('>') && count('(') == count(')') && count('[') == count(']')
}

/// `type_text` with paths that hold in another crate and no erased lifetimes.
fn writable(type_text: &str, crate_name: &str, externs: &[String]) -> Option<String> {
    let text = type_text
        .replace("'{erased}", "'static")
        .replace("'?", "'_");
    let mut parsed: syn::Type = syn::parse_str(&text).ok()?;
    let mut rewrite = Rewrite {
        crate_name,
        externs,
        in_function: 0,
        nameable: true,
    };
    rewrite.visit_type_mut(&mut parsed);
    rewrite
        .nameable
        .then(|| parsed.into_token_stream().to_string())
}

struct Rewrite<'a> {
    crate_name: &'a str,
    externs: &'a [String],
    /// How many function signatures are around: lifetimes in them are bound there.
    in_function: u32,
    nameable: bool,
}

const PRIMITIVES: &[&str] = &[
    "bool", "char", "f16", "f32", "f64", "f128", "i8", "i16", "i32", "i64", "i128", "isize", "str",
    "u8", "u16", "u32", "u64", "u128", "usize",
];

impl VisitMut for Rewrite<'_> {
    fn visit_path_mut(&mut self, path: &mut syn::Path) {
        let Some(first) = path.segments.first().map(|first| first.ident.to_string()) else {
            return;
        };
        let is_primitive = path.segments.len() == 1 && PRIMITIVES.contains(&first.as_str());
        let is_standard = matches!(first.as_str(), "std" | "core" | "alloc" | "dagbok");
        let is_known = self.externs.contains(&first) || CARRIED_CRATES.contains(&first.as_str());
        if !(is_primitive || is_standard || is_known || path.leading_colon.is_some()) {
            let own = syn::Ident::new(self.crate_name, proc_macro2::Span::call_site());
            path.segments.insert(0, own.into());
        }
        if !is_primitive {
            path.leading_colon = Some(Default::default());
        }
        visit_mut::visit_path_mut(self, path);
    }

    fn visit_lifetime_mut(&mut self, lifetime: &mut syn::Lifetime) {
        if self.in_function == 0 && lifetime.ident == "_" {
            *lifetime = syn::Lifetime::new("'static", proc_macro2::Span::call_site());
        }
    }

    fn visit_type_reference_mut(&mut self, reference: &mut syn::TypeReference) {
        if self.in_function == 0 && reference.lifetime.is_none() {
            reference.lifetime = Some(syn::Lifetime::new(
                "'static",
                proc_macro2::Span::call_site(),
            ));
        }
        visit_mut::visit_type_reference_mut(self, reference);
    }

    fn visit_type_bare_fn_mut(&mut self, function: &mut syn::TypeBareFn) {
        self.in_function += 1;
        visit_mut::visit_type_bare_fn_mut(self, function);
        self.in_function -= 1;
    }

    fn visit_parenthesized_generic_arguments_mut(
        &mut self,
        arguments: &mut syn::ParenthesizedGenericArguments,
    ) {
        self.in_function += 1;
        visit_mut::visit_parenthesized_generic_arguments_mut(self, arguments);
        self.in_function -= 1;
    }

    fn visit_type_impl_trait_mut(&mut self, _: &mut syn::TypeImplTrait) {
        self.nameable = false;
    }

    fn visit_type_infer_mut(&mut self, _: &mut syn::TypeInfer) {
        self.nameable = false;
    }

    fn visit_type_macro_mut(&mut self, _: &mut syn::TypeMacro) {
        self.nameable = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(type_text: &str, expected: &str) {
        let mir = format!(
            "    _20 = const \"x\";\n    _19 = dagbok::cell::Scope::<'_>::keep::<{type_text}>(copy _33, move _20, move _21) -> [return: bb9, unwind: bb15];\n"
        );
        let externs = ["cell_1".to_owned(), "polars".to_owned()];
        let types = kept_types(&mir, "cell_2", &externs);
        let found = types["x"].written.as_deref().unwrap_or("cannot be written");
        let normal = |text: &str| text.replace(' ', "");
        assert_eq!(normal(found), normal(expected), "{type_text}");
    }

    #[test]
    fn types_are_writable_in_another_crate() {
        check("i32", "i32");
        check("()", "()");
        check("&str", "&'static str");
        check("&'{erased} str", "&'static str");
        check("std::vec::Vec<Point>", "::std::vec::Vec<::cell_2::Point>");
        check("cell_1::Point", "::cell_1::Point");
        check("m::Point<[u8; 3]>", "::cell_2::m::Point<[u8; 3]>");
        check("polars::prelude::DataFrame", "::polars::prelude::DataFrame");
        check(
            "(f64, std::borrow::Cow<'_, str>)",
            "(f64, ::std::borrow::Cow<'static, str>)",
        );
        check(
            "for<'a> fn(&'a str) -> &'a str",
            "for<'a> fn(&'a str) -> &'a str",
        );
        check(
            "std::boxed::Box<dyn std::ops::Fn(i32) -> i32>",
            "::std::boxed::Box<dyn ::std::ops::Fn(i32) -> i32>",
        );
        check(
            "std::boxed::Box<dyn for<'a> std::ops::Fn(&'a str) + std::marker::Send>",
            "::std::boxed::Box<dyn for<'a> ::std::ops::Fn(&'a str) + ::std::marker::Send>",
        );
        check("std::vec::Vec<fn(i32)>", "::std::vec::Vec<fn(i32)>");
    }

    #[test]
    fn types_that_nobody_can_write() {
        check("{closure@cell.rs:5:43: 5:51}", "cannot be written");
        check(
            "std::vec::Vec<{closure@cell.rs:5:43: 5:51}>",
            "cannot be written",
        );
        check("fn(i32) -> i32 {double}", "cannot be written");
        check("impl std::iter::Iterator<Item = u8>", "cannot be written");
    }
}
