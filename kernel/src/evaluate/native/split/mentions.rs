//! Which names a piece of code could mean: every identifier, also in the arguments of macros and in format strings.

use std::collections::BTreeSet;

use proc_macro2::{Literal, TokenStream, TokenTree};

/// Every identifier in `tokens`.
pub(in super::super) fn mentions(tokens: TokenStream) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    collect(tokens, &mut names);
    names
}

fn collect(tokens: TokenStream, names: &mut BTreeSet<String>) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => collect(group.stream(), names),
            TokenTree::Ident(ident) => {
                names.insert(ident.to_string());
            }
            TokenTree::Literal(literal) => collect_format(&literal, names),
            TokenTree::Punct(_) => {}
        }
    }
}

/// `{name}`, `{name:?}`, `{x:width$.precision$}` in a string, which may or may not be a format string.
fn collect_format(literal: &Literal, names: &mut BTreeSet<String>) {
    let text = literal.to_string();
    if !(text.ends_with(['"', '#']) && text.contains('{')) {
        return;
    }
    for argument in text.split('{').skip(1) {
        let argument = argument.split('}').next().unwrap_or_default();
        let words = argument.split(|c: char| !(c == '_' || c.is_alphanumeric()));
        for word in words {
            if word.starts_with(|c: char| c == '_' || c.is_alphabetic()) {
                names.insert(word.to_owned());
            }
        }
    }
}
