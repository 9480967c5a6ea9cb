//! The names that patterns and items give to later cells, and those on which items depend.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::visit::Visit;
use syn::{Attribute, Expr, Item, ItemMacro, Pat, Stmt};

use super::mentions;
use super::{Binding, ItemKind, ItemNames};

/// What a pattern binds.
pub(super) struct BoundNames {
    pub(super) bindings: Vec<Binding>,
    /// Whether the pattern, or this part of it, may not match: an upper-case name in it is a constant or a unit variant.
    is_refutable: bool,
}

impl BoundNames {
    /// What `local` binds.
    pub(super) fn of(local: &syn::Local) -> Self {
        let diverges = |init: &syn::LocalInit| init.diverge.is_some();
        let mut names = BoundNames {
            bindings: Vec::new(),
            is_refutable: local.init.as_ref().is_some_and(diverges),
        };
        names.visit_pat(&local.pat);
        names
    }
}

impl Visit<'_> for BoundNames {
    fn visit_pat_ident(&mut self, ident: &syn::PatIdent) {
        let name = ident.ident.to_string();
        let is_upper = name.starts_with(char::is_uppercase);
        let is_constant = self.is_refutable && is_upper && ident.subpat.is_none();
        if !(is_constant && ident.by_ref.is_none() && ident.mutability.is_none()) {
            self.bindings.push(Binding {
                name,
                mutable: ident.mutability.is_some(),
                borrowing_closure: false,
            });
        }
        if let Some((_, pattern)) = &ident.subpat {
            self.visit_pat(pattern);
        }
    }

    fn visit_pat_or(&mut self, either: &syn::PatOr) {
        let is_refutable = std::mem::replace(&mut self.is_refutable, true);
        syn::visit::visit_pat_or(self, either);
        self.is_refutable = is_refutable;
    }

    fn visit_expr(&mut self, _: &Expr) {}

    fn visit_pat_type(&mut self, typed: &syn::PatType) {
        self.visit_pat(&typed.pat);
    }

    fn visit_pat(&mut self, pattern: &Pat) {
        syn::visit::visit_pat(self, pattern);
    }
}

/// The names that `item` gives to later cells; `None` for what can stay among the statements.
pub(super) fn item_names(item: &Item) -> Option<ItemNames> {
    let defines = |kind, ident: &syn::Ident| ItemNames::Defines {
        kind,
        names: vec![ident.to_string()],
    };
    Some(match item {
        Item::Const(item) if item.ident == "_" => return None,
        Item::Const(item) => defines(ItemKind::Value, &item.ident),
        Item::Enum(item) => defines(ItemKind::Type, &item.ident),
        Item::Fn(item) => defines(ItemKind::Value, &item.sig.ident),
        Item::Mod(item) => defines(ItemKind::Other, &item.ident),
        Item::Static(item) => defines(static_kind(item), &item.ident),
        Item::Struct(item) => defines(ItemKind::Type, &item.ident),
        Item::Trait(item) => defines(trait_kind(item), &item.ident),
        Item::TraitAlias(item) => defines(ItemKind::Other, &item.ident),
        Item::Type(item) => defines(ItemKind::Other, &item.ident),
        Item::Union(item) => defines(ItemKind::Type, &item.ident),
        Item::Macro(item) => match &item.ident {
            Some(ident) => defines(ItemKind::Macro, ident),
            None => return None,
        },
        Item::ForeignMod(item) => ItemNames::Defines {
            kind: ItemKind::Value,
            names: item.items.iter().filter_map(foreign_name).collect(),
        },
        Item::Impl(item) => impl_names(item),
        _ => return None,
    })
}

/// A static whose place in memory the person has not named keeps it when its type is compiled again.
fn static_kind(item: &syn::ItemStatic) -> ItemKind {
    let own_symbol = ["no_mangle", "export_name", "thread_local", "unsafe"];
    let has_own = |attribute: &Attribute| {
        own_symbol
            .iter()
            .any(|name| attribute.path().is_ident(name))
    };
    if item.attrs.iter().any(has_own) {
        return ItemKind::Value;
    }
    ItemKind::Static {
        type_text: item.ty.to_token_stream().to_string(),
        mutable: matches!(item.mutability, syn::StaticMutability::Mut(_)),
    }
}

fn trait_kind(item: &syn::ItemTrait) -> ItemKind {
    let methods = item.items.iter().filter_map(|item| match item {
        syn::TraitItem::Fn(method) => Some(method.sig.ident.to_string()),
        syn::TraitItem::Const(constant) => Some(constant.ident.to_string()),
        _ => None,
    });
    ItemKind::Trait {
        methods: methods.collect(),
    }
}

fn foreign_name(item: &syn::ForeignItem) -> Option<String> {
    match item {
        syn::ForeignItem::Fn(item) => Some(item.sig.ident.to_string()),
        syn::ForeignItem::Static(item) => Some(item.ident.to_string()),
        syn::ForeignItem::Type(item) => Some(item.ident.to_string()),
        _ => None,
    }
}

/// What the meaning of `item` depends on; names of fields and variants are left out, for they mean nothing outside.
pub(super) fn depends_on(item: &Item) -> BTreeSet<String> {
    struct Names(BTreeSet<String>);
    impl Visit<'_> for Names {
        fn visit_path(&mut self, path: &syn::Path) {
            self.0
                .extend(path.segments.iter().map(|part| part.ident.to_string()));
            syn::visit::visit_path(self, path);
        }

        fn visit_attribute(&mut self, attribute: &Attribute) {
            self.0.extend(mentions(attribute.to_token_stream()));
        }

        fn visit_macro(&mut self, call: &syn::Macro) {
            self.0.extend(mentions(call.to_token_stream()));
        }
    }
    match item {
        Item::Struct(_) | Item::Enum(_) | Item::Union(_) => {
            let mut names = Names(BTreeSet::new());
            names.visit_item(item);
            names.0
        }
        _ => mentions(item.to_token_stream()),
    }
}

fn impl_names(item: &syn::ItemImpl) -> ItemNames {
    let mut head = TokenStream::new();
    if let Some((_, path, _)) = &item.trait_ {
        path.to_tokens(&mut head);
    }
    item.self_ty.to_tokens(&mut head);
    let self_type = match &*item.self_ty {
        syn::Type::Path(path) => path.path.segments.last().map(|last| last.ident.to_string()),
        _ => None,
    };
    let members = item.items.iter().filter_map(|member| match member {
        syn::ImplItem::Fn(method) => Some(method.sig.ident.to_string()),
        syn::ImplItem::Const(constant) => Some(constant.ident.to_string()),
        syn::ImplItem::Type(item) => Some(item.ident.to_string()),
        _ => None,
    });
    ItemNames::Impl {
        head: mentions(head),
        self_type,
        is_trait: item.trait_.is_some(),
        members: members.collect(),
    }
}

/// Macros that stand for items.
pub(super) fn defines_items(path: &syn::Path) -> bool {
    const MACROS: &[&str] = &["bitflags", "lazy_static", "thread_local"];
    let last = path.segments.last();
    last.is_some_and(|last| MACROS.iter().any(|name| last.ident == name))
}

/// The names after `static`, `static ref` and `struct`.
pub(super) fn defined_by_macro(tokens: TokenStream) -> ItemNames {
    let mut names = Vec::new();
    let mut kind = ItemKind::Value;
    let mut words = tokens.into_iter().map(|token| token.to_string());
    while let Some(word) = words.next() {
        if word == "static" || word == "struct" {
            let name = words
                .next()
                .filter(|name| name != "ref")
                .or_else(|| words.next());
            names.extend(name);
        }
        if word == "struct" {
            kind = ItemKind::Type;
        }
    }
    ItemNames::Defines { kind, names }
}

/// Macros whose calls stand for impls, each with the words that say of what.
#[derive(Debug, Default)]
pub(in super::super) struct ImplMacros(pub(in super::super) BTreeMap<String, BTreeSet<String>>);

impl ImplMacros {
    /// The words of the macro at `path`.
    pub(super) fn of(&self, path: &syn::Path) -> Option<&BTreeSet<String>> {
        self.0.get(&path.get_ident()?.to_string())
    }
}

impl Extend<(String, BTreeSet<String>)> for ImplMacros {
    fn extend<T: IntoIterator<Item = (String, BTreeSet<String>)>>(&mut self, macros: T) {
        self.0.extend(macros);
    }
}

/// The macro that `statement` defines, if its calls stand for impls.
pub(super) fn impl_macro_of(statement: &Stmt) -> Option<(String, BTreeSet<String>)> {
    match statement {
        Stmt::Item(Item::Macro(item)) if is_impl_macro(item) => {
            let name = item.ident.as_ref()?.to_string();
            Some((name, mentions(item.mac.tokens.clone())))
        }
        _ => None,
    }
}

/// Whether each rule of the macro that `item` defines becomes impls, or nothing.
pub(in super::super) fn is_impl_macro(item: &ItemMacro) -> bool {
    let tokens: Vec<TokenTree> = item.mac.tokens.clone().into_iter().collect();
    let starts = tokens.windows(3).filter_map(|window| match window {
        [
            TokenTree::Punct(equals),
            TokenTree::Punct(greater),
            TokenTree::Group(rule),
        ] if equals.as_char() == '=' && greater.as_char() == '>' => {
            Some(starts_with_impl(rule.stream()))
        }
        _ => None,
    });
    let starts: Vec<Option<bool>> = starts.collect();
    starts.contains(&Some(true)) && !starts.contains(&Some(false))
}

/// Whether `tokens`, or what they repeat, start with an impl; `None` for no tokens.
fn starts_with_impl(tokens: TokenStream) -> Option<bool> {
    let mut tokens = tokens.into_iter();
    loop {
        match tokens.next()? {
            // An attribute, or a repetition.
            TokenTree::Punct(mark) if matches!(mark.as_char(), '#' | '$') => {
                match (mark.as_char(), tokens.next()?) {
                    ('#', TokenTree::Group(_)) => {}
                    ('$', TokenTree::Group(repeated)) => {
                        return starts_with_impl(repeated.stream());
                    }
                    _ => return Some(false),
                }
            }
            TokenTree::Ident(word) if word == "unsafe" => {}
            TokenTree::Ident(word) => return Some(word == "impl"),
            _ => return Some(false),
        }
    }
}
