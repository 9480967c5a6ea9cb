//! Functions that a later cell can declare instead of importing them, so that it depends on no crate of an earlier one:
//! `rustc` opens each crate that a crate depends on, and a chain of a hundred cells is a hundred of them.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Expr, FnArg, GenericArgument, ItemFn, PathArguments, ReturnType, Type};

/// Types that every cell knows by these names, unless it has others of the same name.
const TYPES: &[&str] = &[
    "Box", "Option", "Result", "String", "Vec", "bool", "char", "f32", "f64", "i128", "i16", "i32",
    "i64", "i8", "isize", "str", "u128", "u16", "u32", "u64", "u8", "usize",
];

/// The declaration of `function`, if its signature says all that a caller needs to know.
pub(super) fn declaration(function: &ItemFn) -> Option<String> {
    let signature = &function.sig;
    let name = signature.ident.to_string();
    let is_plain = name.is_ascii()
        && !name.starts_with("r#")
        && function
            .attrs
            .iter()
            .all(|attribute| attribute.path().is_ident("doc"))
        && signature.constness.is_none()
        && signature.asyncness.is_none()
        && signature.unsafety.is_none()
        && signature.abi.is_none()
        && signature.variadic.is_none()
        && signature.generics.params.is_empty();
    let arguments: Option<Vec<String>> = signature.inputs.iter().map(argument).collect();
    let returned = match &signature.output {
        ReturnType::Default => String::new(),
        ReturnType::Type(_, returned) if is_known(returned) => {
            format!(" -> {}", returned.to_token_stream())
        }
        ReturnType::Type(..) => return None,
    };
    let arguments = arguments?.join(", ");
    is_plain.then(|| format!("fn {name}({arguments}){returned};"))
}

fn argument(argument: &FnArg) -> Option<String> {
    match argument {
        FnArg::Typed(typed) if is_known(&typed.ty) && typed.attrs.is_empty() => {
            Some(format!("_: {}", typed.ty.to_token_stream()))
        }
        _ => None,
    }
}

fn is_known(written: &Type) -> bool {
    match written {
        Type::Array(array) => is_known(&array.elem) && matches!(array.len, Expr::Lit(_)),
        Type::Path(path) if path.qself.is_none() => match path.path.get_ident() {
            Some(name) => TYPES.contains(&name.to_string().as_str()),
            None => is_known_generic(&path.path),
        },
        Type::Reference(reference) => reference.lifetime.is_none() && is_known(&reference.elem),
        Type::Slice(slice) => is_known(&slice.elem),
        Type::Tuple(tuple) => tuple.elems.iter().all(is_known),
        _ => false,
    }
}

fn is_known_generic(path: &syn::Path) -> bool {
    let mut segments = path.segments.iter();
    let (Some(segment), None) = (segments.next(), segments.next()) else {
        return false;
    };
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else {
        return false;
    };
    path.leading_colon.is_none()
        && TYPES.contains(&segment.ident.to_string().as_str())
        && arguments.args.iter().all(|argument| match argument {
            GenericArgument::Type(argument) => is_known(argument),
            _ => false,
        })
}

/// Whether `name` hides a type that declarations are written with.
pub(in super::super) fn hides_type(name: &str) -> bool {
    TYPES.contains(&name)
}

/// The names in `tokens` that are called wherever they stand.
pub(super) fn called(tokens: TokenStream) -> BTreeSet<String> {
    let mut uses = BTreeMap::new();
    collect(tokens, &mut uses);
    let called = uses.into_iter().filter(|(_, is_called)| *is_called);
    called.map(|(name, _)| name).collect()
}

fn collect(tokens: TokenStream, uses: &mut BTreeMap<String, bool>) {
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Group(group) => collect(group.stream(), uses),
            TokenTree::Ident(name) => {
                let is_call = matches!(tokens.peek(), Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis);
                *uses.entry(name.to_string()).or_insert(true) &= is_call;
            }
            TokenTree::Literal(literal) => {
                for name in super::mentions(TokenTree::Literal(literal).into()) {
                    uses.insert(name, false);
                }
            }
            TokenTree::Punct(_) => {}
        }
    }
}
