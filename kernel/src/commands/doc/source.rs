//! What source code says about its items: signatures and doc comments.

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::{Attribute, ImplItem, Item, TraitItem, Visibility};

/// An item, or a member of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// The type or the trait that it is a member of.
    pub(super) owner: Option<String>,
    pub(super) name: String,
    pub(super) signature: String,
    pub(super) docs: String,
    /// Whether other crates can name it.
    pub(super) is_public: bool,
}

impl Entry {
    /// Whether `path` ends in its name, and in its owner's before that.
    pub(super) fn is_at(&self, path: &[&str]) -> bool {
        match (path, &self.owner) {
            ([.., owner, name], Some(own)) => self.name == *name && own == owner,
            ([name], None) => self.name == *name,
            _ => false,
        }
    }
}

/// All items in `source`, with their members; none if it cannot be taken apart.
pub(super) fn entries(source: &str) -> Vec<Entry> {
    proc_macro2::extra::invalidate_current_thread_spans();
    let Ok(file) = syn::parse_file(source) else {
        return Vec::new();
    };
    let mut entries = Vec::new();
    for item in &file.items {
        add(source, item, &mut entries);
    }
    entries
}

/// What stands at the top of `source` about all of it.
pub(super) fn module_docs(source: &str) -> String {
    let lines = source.lines().map_while(|line| line.strip_prefix("//!"));
    lines
        .map(|line| line.strip_prefix(' ').unwrap_or(line))
        .filter(is_shown)
        .collect::<Vec<_>>()
        .join("\n")
}

fn add(source: &str, item: &Item, entries: &mut Vec<Entry>) {
    let text = |span: Span| source.get(span.byte_range()).unwrap_or_default().to_owned();
    let from_to = |from: Span, to: usize| {
        let start = from.byte_range().start;
        source.get(start..to).unwrap_or_default().trim().to_owned()
    };
    let mut push = |owner: Option<&str>,
                    name: String,
                    visibility: Option<&Visibility>,
                    signature,
                    attributes: &[Attribute]| {
        entries.push(Entry {
            owner: owner.map(str::to_owned),
            name,
            signature,
            docs: docs(attributes),
            is_public: visibility
                .is_none_or(|visibility| matches!(visibility, Visibility::Public(_))),
        });
    };
    match item {
        Item::Fn(item) => {
            let end = item.block.brace_token.span.open().byte_range().start;
            let name = item.sig.ident.to_string();
            push(
                None,
                name,
                Some(&item.vis),
                from_to(item.sig.span(), end),
                &item.attrs,
            );
        }
        Item::Struct(syn::ItemStruct {
            ident, vis, attrs, ..
        })
        | Item::Enum(syn::ItemEnum {
            ident, vis, attrs, ..
        })
        | Item::Union(syn::ItemUnion {
            ident, vis, attrs, ..
        })
        | Item::Type(syn::ItemType {
            ident, vis, attrs, ..
        })
        | Item::Const(syn::ItemConst {
            ident, vis, attrs, ..
        })
        | Item::Static(syn::ItemStatic {
            ident, vis, attrs, ..
        }) => {
            let end = item.span().byte_range().end;
            let start = attrs.last().map_or(item.span(), Spanned::span);
            let start = if attrs.is_empty() {
                start.byte_range().start
            } else {
                start.byte_range().end
            };
            let signature = source.get(start..end).unwrap_or_default().trim().to_owned();
            push(None, ident.to_string(), Some(vis), signature, attrs);
        }
        Item::Mod(item) => {
            let name = item.ident.to_string();
            let signature = format!("mod {name}");
            push(None, name, Some(&item.vis), signature, &item.attrs);
        }
        Item::Macro(item) => match &item.ident {
            Some(ident) => push(None, ident.to_string(), None, String::new(), &item.attrs),
            None => entries.extend(of_macro_call(source, &item.mac)),
        },
        Item::Trait(item) => {
            let end = item.brace_token.span.open().byte_range().start;
            let owner = item.ident.to_string();
            let start = item
                .unsafety
                .map_or(item.trait_token.span, |token| token.span);
            push(
                None,
                owner.clone(),
                Some(&item.vis),
                from_to(start, end),
                &item.attrs,
            );
            for member in &item.items {
                if let TraitItem::Fn(method) = member {
                    let name = method.sig.ident.to_string();
                    push(
                        Some(&owner),
                        name,
                        None,
                        text(method.sig.span()),
                        &method.attrs,
                    );
                }
            }
        }
        Item::Impl(item) => {
            let Some(owner) = type_name(&item.self_ty) else {
                return;
            };
            for member in &item.items {
                match member {
                    ImplItem::Fn(method) if item.trait_.is_none() => {
                        let end = method.block.brace_token.span.open().byte_range().start;
                        let name = method.sig.ident.to_string();
                        let signature = from_to(method.sig.span(), end);
                        push(
                            Some(&owner),
                            name,
                            Some(&method.vis),
                            signature,
                            &method.attrs,
                        );
                    }
                    ImplItem::Const(constant) if item.trait_.is_none() => {
                        let name = constant.ident.to_string();
                        let signature = text(constant.span());
                        push(
                            Some(&owner),
                            name,
                            Some(&constant.vis),
                            signature,
                            &constant.attrs,
                        );
                    }
                    _ => {}
                }
            }
        }
        _ => {}
    }
}

fn type_name(own: &syn::Type) -> Option<String> {
    match own {
        syn::Type::Path(path) => Some(path.path.segments.last()?.ident.to_string()),
        _ => None,
    }
}

/// Methods that a macro of the same file makes of names behind doc comments.
fn of_macro_call(source: &str, call: &syn::Macro) -> Vec<Entry> {
    let Some(name) = call.path.get_ident() else {
        return Vec::new();
    };
    let Some((_, definition)) = source.split_once(&format!("macro_rules! {name} ")) else {
        return Vec::new();
    };
    let definition = definition.split("\n}\n").next().unwrap_or(definition);
    let owner = definition.split("impl ").nth(1);
    let owner = owner.and_then(|rest| rest.split([' ', '{', '<']).next());
    let mut tokens = call.tokens.clone().into_iter().peekable();
    let arm = match tokens.peek() {
        Some(TokenTree::Ident(word)) => word.to_string(),
        _ => String::new(),
    };
    let arm = definition
        .split(&format!("({arm} "))
        .nth(1)
        .unwrap_or(definition);
    let signature = arm.split("pub fn $").nth(1).and_then(|rest| {
        let (_, rest) = rest.split_once('(')?;
        rest.split(" {").next()
    });
    let mut entries = Vec::new();
    let mut docs = String::new();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Punct(punct) if punct.as_char() == '#' => {
                if let Some(TokenTree::Group(group)) = tokens.next() {
                    docs += &doc_line(group.stream()).unwrap_or_default();
                }
            }
            TokenTree::Ident(name) if !docs.is_empty() => entries.push(Entry {
                owner: owner.map(str::to_owned),
                name: name.to_string(),
                signature: signature.map_or(String::new(), |rest| format!("fn {name}({rest}")),
                docs: shown(&std::mem::take(&mut docs)),
                is_public: true,
            }),
            _ => docs.clear(),
        }
    }
    entries
}

/// The text of `doc = "…"`.
fn doc_line(attribute: TokenStream) -> Option<String> {
    let mut tokens = attribute.into_iter();
    let is_doc = tokens.next()?.to_string() == "doc";
    let literal = tokens.nth(1).filter(|_| is_doc)?;
    let text: syn::LitStr = syn::parse2(literal.into()).ok()?;
    Some(text.value() + "\n")
}

fn docs(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| {
        let syn::Meta::NameValue(pair) = &attribute.meta else {
            return None;
        };
        let syn::Expr::Lit(syn::ExprLit {
            lit: syn::Lit::Str(text),
            ..
        }) = &pair.value
        else {
            return None;
        };
        pair.path.is_ident("doc").then(|| text.value() + "\n")
    });
    shown(&lines.collect::<String>())
}

/// Doc comments as they are shown: without the margin, and without lines that only make examples compile.
fn shown(text: &str) -> String {
    let lines = text
        .lines()
        .map(|line| line.strip_prefix(' ').unwrap_or(line));
    lines
        .filter(is_shown)
        .collect::<Vec<_>>()
        .join("\n")
        .trim()
        .to_owned()
}

fn is_shown(line: &&str) -> bool {
    let line = line.trim();
    line != "#" && !line.starts_with("# dagbok_engine") && !line.starts_with("# Ok::<")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(source: &str, path: &str, expected: &str) {
        let path: Vec<&str> = path.split("::").collect();
        let entries = entries(source);
        let found = entries.iter().find(|entry| entry.is_at(&path));
        let found = found.map_or("nothing".to_owned(), |entry| {
            format!("{} | {}", entry.signature, entry.docs)
        });
        assert_eq!(found, expected, "{path:?}");
    }

    #[test]
    fn items_and_members_have_signatures_and_docs() {
        let source = "/// Two.\n/// Lines.\npub fn f(x: u8) -> u8 { x }\n/// A point.\n#[derive(Debug)]\nstruct P { x: u8 }\n\
            impl P { /// Its own.\n fn m(&self) {} }\ntrait T { /// Of a trait.\n fn t(&self); }\n";
        check(source, "f", "fn f(x: u8) -> u8 | Two.\nLines.");
        check(source, "P", "struct P { x: u8 } | A point.");
        check(source, "P::m", "fn m(&self) | Its own.");
        check(source, "T::t", "fn t(&self) | Of a trait.");
        check(source, "m", "nothing");
    }

    #[test]
    fn macros_make_methods() {
        let source = "macro_rules! many {\n    ($($(#[$doc:meta])* $method:ident $f:ident;)*) => {\n        impl Expr {$(\n            \
            pub fn $method(self) -> Expr {\n            }\n        )*}\n    };\n}\n\nmany! {\n    /// The sum.\n    sum Sum;\n    /// The mean.\n    mean Mean;\n}\n";
        check(source, "Expr::mean", "fn mean(self) -> Expr | The mean.");
    }
}
