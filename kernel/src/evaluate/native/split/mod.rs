//! Takes a cell apart: `use` declarations, items, statements, the last expression. Everything is a byte range of what
//! the person typed, so that the compiler's messages can be mapped back.

mod assigned;
mod awaits;
mod declared;
mod edits;
mod hot;
mod mentions;
mod names;
mod uses;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;
use std::str::FromStr;

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::visit::Visit;
use syn::{Attribute, Block, Expr, Fields, Item, Local, MacroDelimiter, Stmt};

pub(super) use declared::hides_type;
pub(super) use edits::{Context, Displays, Edit, Edited};
pub(super) use mentions::mentions;
pub(super) use names::{ImplMacros, is_impl_macro};
pub(super) use uses::{UseLeaf, leaves};

use names::{BoundNames, defined_by_macro, defines_items, depends_on, impl_macro_of, item_names};

/// A cell, taken apart.
#[derive(Debug, Default)]
pub(super) struct Split {
    /// `#![…]` at the top of the cell.
    pub(super) inner_attributes: Vec<Edited>,
    pub(super) items: Vec<ItemPart>,
    /// Its functions, constants, statics and structs that are values: what a variable of their name would hide.
    pub(super) values: BTreeSet<String>,
    pub(super) uses: Vec<UsePart>,
    pub(super) statements: Vec<Edited>,
    /// The last expression, without a semicolon.
    pub(super) tail: Option<Edited>,
    pub(super) context: Context,
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
    /// Those of them that are called wherever they stand.
    pub(super) called: BTreeSet<String>,
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
    /// How later cells declare it, if it is a function that they can call so.
    pub(super) declaration: Option<String>,
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
    Trait {
        methods: Vec<String>,
    },
    Macro,
    Static {
        type_text: String,
        mutable: bool,
    },
    /// A function, a constant, or a static that cannot be declared.
    Value,
    Other,
}

impl ItemPart {
    /// The name of the function that it is, if later cells can declare it.
    pub(super) fn function(&self) -> Option<&str> {
        match &self.names {
            ItemNames::Defines { names, .. } if self.declaration.is_some() => {
                names.first().map(String::as_str)
            }
            _ => None,
        }
    }
}

impl ItemNames {
    /// Those that a variable of the same name would hide.
    fn values(&self) -> &[String] {
        match self {
            ItemNames::Defines {
                kind: ItemKind::Static { .. } | ItemKind::Value,
                names,
            } => names,
            _ => &[],
        }
    }

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

/// `code` with the semicolon that its last statement lacks, if that is all it lacks: a cell may end with `let x = 5`.
pub(super) fn with_last_semicolon(code: &str) -> Cow<'_, str> {
    let is_whole = |code: &str| syn::parse_str::<Body>(code).is_ok();
    let ended = || format!("{code}\n;");
    match is_whole(code) || !is_whole(&ended()) {
        true => Cow::Borrowed(code),
        false => Cow::Owned(ended()),
    }
}

/// Takes `code` apart.
pub(super) fn split(
    code: &str,
    context: Context,
    mut impl_macros: ImplMacros,
) -> Result<Split, SplitError> {
    proc_macro2::extra::invalidate_current_thread_spans();
    let tokens = TokenStream::from_str(code).map_err(|_| SplitError::Tokens)?;
    let mut split = Split {
        mentions: mentions(tokens.clone()),
        called: declared::called(tokens.clone()),
        n_lines: code.lines().filter(|line| !line.trim().is_empty()).count(),
        context,
        ..Split::default()
    };
    let body: Body = syn::parse2(tokens).map_err(|_| SplitError::Syntax)?;
    split.inner_attributes = body
        .attributes
        .iter()
        .map(|attribute| Edited::plain(code, range(attribute.span())))
        .collect();
    if body.statements.iter().any(defines_display) {
        split.context.displays = Displays::Own;
    }
    impl_macros.extend(body.statements.iter().filter_map(impl_macro_of));
    let n_statements = body.statements.len();
    for (idx, statement) in body.statements.into_iter().enumerate() {
        let is_last = idx + 1 == n_statements;
        split.awaits |= awaits::awaits(&statement);
        split.is_hot |= hot::is_hot(&statement);
        assigned::collect(&statement, &mut split.assigned);
        split.add(code, statement, is_last, &impl_macros);
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

    fn add(&mut self, code: &str, statement: Stmt, is_last: bool, impl_macros: &ImplMacros) {
        let whole = range(statement.span());
        if let Some((call, is_ended)) = macro_call(&statement)
            && let Some(words) = impl_macros.of(&call.path)
        {
            let source = edits::ended(code, whole, is_ended);
            return self.items.push(impls_by_macro(call, words, source));
        }
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
                let names = defined_by_macro(call.mac.tokens);
                self.values.extend(names.values().iter().cloned());
                self.items.push(ItemPart {
                    depends_on: mentions.clone(),
                    mentions,
                    names,
                    source: edits::items_macro(code, whole),
                    declaration: None,
                });
            }
            Stmt::Expr(ref expression, None) if is_last => {
                self.tail = Some(edits::statement(code, whole, self.context, |visit| {
                    visit.visit_expr(expression)
                }));
            }
            Stmt::Macro(ref call) if is_last && call.semi_token.is_none() => {
                self.tail = Some(edits::statement(code, whole, self.context, |visit| {
                    visit.visit_macro(&call.mac)
                }));
            }
            statement => {
                if let Stmt::Local(local) = &statement {
                    self.bind(local);
                }
                let edited = edits::statement(code, whole, self.context, |visit| {
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
        self.values.extend(names.values().iter().cloned());
        if let Item::Struct(item) = item
            && !matches!(item.fields, Fields::Named(_))
        {
            self.values.insert(item.ident.to_string());
        }
        self.items.push(ItemPart {
            source: edits::item(code, whole, self.context, item),
            names,
            mentions: mentions(item.to_token_stream()),
            depends_on: depends_on(item),
            declaration: match item {
                Item::Fn(function) => declared::declaration(function),
                _ => None,
            },
        });
    }

    fn bind(&mut self, local: &Local) {
        let borrowing_closure = local.init.as_ref().is_some_and(
            |init| matches!(&*init.expr, Expr::Closure(closure) if closure.capture.is_none()),
        );
        for mut binding in BoundNames::of(local).bindings {
            binding.borrowing_closure = borrowing_closure;
            self.bindings.retain(|earlier| earlier.name != binding.name);
            self.bindings.push(binding);
        }
    }
}

/// The macro that `statement` calls, and whether nothing is missing for it to be an item.
fn macro_call(statement: &Stmt) -> Option<(&syn::Macro, bool)> {
    let (call, semi_token) = match statement {
        Stmt::Macro(call) => (&call.mac, call.semi_token),
        Stmt::Expr(Expr::Macro(call), semi_token) => (&call.mac, *semi_token),
        _ => return None,
    };
    let is_braced = matches!(call.delimiter, MacroDelimiter::Brace(_));
    Some((call, is_braced || semi_token.is_some()))
}

/// A `call` that becomes impls of what `words` say.
fn impls_by_macro(call: &syn::Macro, words: &BTreeSet<String>, source: Edited) -> ItemPart {
    let arguments = mentions(call.tokens.clone());
    let head: BTreeSet<String> = words.union(&arguments).cloned().collect();
    let mut mentions = mentions(call.path.to_token_stream());
    mentions.extend(head.iter().cloned());
    ItemPart {
        depends_on: mentions.clone(),
        mentions,
        names: ItemNames::Impl {
            head,
            self_type: None,
            is_trait: true,
            members: BTreeSet::new(),
        },
        source,
        declaration: None,
    }
}

fn range(span: Span) -> Range<usize> {
    span.byte_range()
}

#[cfg(test)]
mod tests;
