//! Takes a cell apart: `use` declarations, items, statements, the last expression. Everything is a byte range of what
//! the person typed, so that the compiler's messages can be mapped back.

mod assigned;
mod awaits;
mod edits;
mod hot;
mod mentions;
mod uses;

use std::collections::BTreeSet;
use std::ops::Range;
use std::str::FromStr;

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::visit::Visit;
use syn::{Attribute, Block, Expr, Item, Local, Pat, Stmt};

pub(super) use edits::{Displays, Edit, Edited};
pub(super) use mentions::mentions;
pub(super) use uses::{UseLeaf, leaves};

/// A cell, taken apart.
#[derive(Debug, Default)]
pub(super) struct Split {
    /// `#![…]` at the top of the cell.
    pub(super) inner_attributes: Vec<Edited>,
    pub(super) items: Vec<ItemPart>,
    pub(super) uses: Vec<UsePart>,
    pub(super) statements: Vec<Edited>,
    /// The last expression, without a semicolon.
    pub(super) tail: Option<Edited>,
    pub(super) displays: Displays,
    /// Variables to which something is assigned as a whole.
    pub(super) assigned: BTreeSet<String>,
    /// How many lines of it hold something.
    pub(super) n_lines: usize,
    /// Whether it computes for so long that optimising it pays.
    pub(super) is_hot: bool,
    /// Whether a statement waits with `.await`.
    pub(super) awaits: bool,
    /// What top-level `let`s bind; of one name, the last binding.
    pub(super) bindings: Vec<Binding>,
    /// Every identifier in the cell, those in macros and format strings too.
    pub(super) mentions: BTreeSet<String>,
}

/// An item other than `use`.
#[derive(Clone, Debug)]
pub(super) struct ItemPart {
    /// The item with what makes it visible to later cells.
    pub(super) source: Edited,
    pub(super) names: ItemNames,
    pub(super) mentions: BTreeSet<String>,
    /// The names among them on which the item's meaning depends: not those of its own fields and variants.
    pub(super) depends_on: BTreeSet<String>,
}

/// What an item is to later cells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ItemNames {
    /// Defines these names.
    Defines { kind: ItemKind, names: Vec<String> },
    /// `impl Trait for Type`, `impl Type`: the identifiers in its head.
    Impl {
        head: BTreeSet<String>,
        self_type: Option<String>,
        is_trait: bool,
        members: BTreeSet<String>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ItemKind {
    Type,
    Trait { methods: Vec<String> },
    Macro,
    Static { type_text: String, mutable: bool },
    Other,
}

impl ItemNames {
    /// Whether a new impl takes the place of this one, where both cannot stand.
    pub(super) fn is_replaced_by(&self, newer: &ItemNames) -> bool {
        match (self, newer) {
            (
                ItemNames::Impl {
                    head,
                    is_trait,
                    members,
                    ..
                },
                ItemNames::Impl {
                    head: new_head,
                    is_trait: new_is_trait,
                    members: new_members,
                    ..
                },
            ) => {
                head == new_head
                    && is_trait == new_is_trait
                    && (*is_trait || !members.is_disjoint(new_members))
            }
            _ => false,
        }
    }
}

/// A `use` declaration, or `extern crate`.
#[derive(Clone, Debug)]
pub(super) struct UsePart {
    pub(super) source: Edited,
    pub(super) leaves: Vec<UseLeaf>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Binding {
    pub(super) name: String,
    pub(super) mutable: bool,
    /// Whether it is a closure that borrows what it uses, for want of `move`.
    pub(super) borrowing_closure: bool,
}

/// A cell that is no sequence of items and statements; the compiler says why.
#[derive(Debug)]
pub(super) enum SplitError {
    /// Its brackets, strings or comments do not close.
    Tokens,
    Syntax,
}

/// Takes `code` apart.
pub(super) fn split(code: &str, displays: Displays) -> Result<Split, SplitError> {
    proc_macro2::extra::invalidate_current_thread_spans();
    let tokens = TokenStream::from_str(code).map_err(|_| SplitError::Tokens)?;
    let mut split = Split {
        mentions: mentions(tokens.clone()),
        n_lines: code.lines().filter(|line| !line.trim().is_empty()).count(),
        displays,
        ..Split::default()
    };
    let body: Body = syn::parse2(tokens).map_err(|_| SplitError::Syntax)?;
    split.inner_attributes = body
        .attributes
        .iter()
        .map(|attribute| Edited::plain(code, range(attribute.span())))
        .collect();
    if body.statements.iter().any(defines_display) {
        split.displays = Displays::Own;
    }
    let n_statements = body.statements.len();
    for (idx, statement) in body.statements.into_iter().enumerate() {
        let is_last = idx + 1 == n_statements;
        split.awaits |= awaits::awaits(&statement);
        split.is_hot |= hot::is_hot(&statement);
        assigned::collect(&statement, &mut split.assigned);
        split.add(code, statement, is_last);
    }
    Ok(split)
}

fn defines_display(statement: &Stmt) -> bool {
    match statement {
        Stmt::Item(Item::Fn(item)) => item.sig.ident == "display",
        Stmt::Item(Item::Use(item)) => {
            let mut leaves = leaves(item).into_iter();
            leaves.any(|leaf| leaf.name.as_deref() == Some("display") && leaf.root != "dagbok")
        }
        _ => false,
    }
}

struct Body {
    attributes: Vec<Attribute>,
    statements: Vec<Stmt>,
}

impl Parse for Body {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        Ok(Body {
            attributes: input.call(Attribute::parse_inner)?,
            statements: input.call(Block::parse_within)?,
        })
    }
}

impl Split {
    /// Whether there is nothing to compile: comments, or items that are known already.
    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
            && self.uses.is_empty()
            && self.statements.is_empty()
            && self.tail.is_none()
    }

    fn add(&mut self, code: &str, statement: Stmt, is_last: bool) {
        let whole = range(statement.span());
        match statement {
            Stmt::Item(Item::Use(item)) => self.uses.push(UsePart {
                source: Edited::plain(code, whole),
                leaves: leaves(&item),
            }),
            Stmt::Item(Item::ExternCrate(item)) => self.uses.push(UsePart {
                leaves: vec![UseLeaf::extern_crate(&item, &code[whole.clone()])],
                source: Edited::plain(code, whole),
            }),
            Stmt::Item(item) => self.add_item(code, &item, whole),
            Stmt::Macro(call) if defines_items(&call.mac.path) => {
                let mentions = mentions(call.mac.tokens.clone());
                self.items.push(ItemPart {
                    depends_on: mentions.clone(),
                    mentions,
                    names: defined_by_macro(call.mac.tokens),
                    source: edits::items_macro(code, whole),
                });
            }
            Stmt::Expr(ref expression, None) if is_last => {
                self.tail = Some(edits::statement(code, whole, self.displays, |visit| {
                    visit.visit_expr(expression)
                }));
            }
            Stmt::Macro(ref call) if is_last && call.semi_token.is_none() => {
                self.tail = Some(Edited::plain(code, whole));
            }
            statement => {
                if let Stmt::Local(local) = &statement {
                    self.bind(local);
                }
                let edited = edits::statement(code, whole, self.displays, |visit| {
                    visit.visit_stmt(&statement)
                });
                self.statements.push(edited);
            }
        }
    }

    fn add_item(&mut self, code: &str, item: &Item, whole: Range<usize>) {
        let Some(names) = item_names(item) else {
            self.statements.push(Edited::plain(code, whole));
            return;
        };
        self.items.push(ItemPart {
            source: edits::item(code, whole, self.displays, item),
            names,
            mentions: mentions(item.to_token_stream()),
            depends_on: depends_on(item),
        });
    }

    fn bind(&mut self, local: &Local) {
        let mut names = BoundNames::default();
        names.visit_pat(&local.pat);
        let borrowing_closure = local.init.as_ref().is_some_and(
            |init| matches!(&*init.expr, Expr::Closure(closure) if closure.capture.is_none()),
        );
        for mut binding in names.0 {
            binding.borrowing_closure = borrowing_closure;
            self.bindings.retain(|earlier| earlier.name != binding.name);
            self.bindings.push(binding);
        }
    }
}

#[derive(Default)]
struct BoundNames(Vec<Binding>);

impl Visit<'_> for BoundNames {
    fn visit_pat_ident(&mut self, ident: &syn::PatIdent) {
        let name = ident.ident.to_string();
        // An upper-case name in a pattern is a constant or a unit variant.
        let is_constant = name.starts_with(char::is_uppercase) && ident.subpat.is_none();
        if !(is_constant && ident.by_ref.is_none() && ident.mutability.is_none()) {
            self.0.push(Binding {
                name,
                mutable: ident.mutability.is_some(),
                borrowing_closure: false,
            });
        }
        if let Some((_, pattern)) = &ident.subpat {
            self.visit_pat(pattern);
        }
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
fn item_names(item: &Item) -> Option<ItemNames> {
    let defines = |kind, ident: &syn::Ident| ItemNames::Defines {
        kind,
        names: vec![ident.to_string()],
    };
    Some(match item {
        Item::Const(item) if item.ident == "_" => return None,
        Item::Const(item) => defines(ItemKind::Other, &item.ident),
        Item::Enum(item) => defines(ItemKind::Type, &item.ident),
        Item::Fn(item) => defines(ItemKind::Other, &item.sig.ident),
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
            kind: ItemKind::Other,
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
        return ItemKind::Other;
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
fn depends_on(item: &Item) -> BTreeSet<String> {
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
fn defines_items(path: &syn::Path) -> bool {
    const MACROS: &[&str] = &["bitflags", "lazy_static", "thread_local"];
    let last = path.segments.last();
    last.is_some_and(|last| MACROS.iter().any(|name| last.ident == name))
}

/// The names after `static`, `static ref` and `struct`.
fn defined_by_macro(tokens: TokenStream) -> ItemNames {
    let mut names = Vec::new();
    let mut kind = ItemKind::Other;
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

fn range(span: Span) -> Range<usize> {
    span.byte_range()
}

#[cfg(test)]
mod tests;
