//! What is changed in a person's code before it is compiled: visibility for later cells, and checkpoints in loops.

use std::ops::Range;

use proc_macro2::extra::DelimSpan;
use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Block, Expr, Fields, Item, Token, Visibility};

use super::range;

/// A change of the person's code: `replaced` becomes `text`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Edit {
    pub(in super::super) replaced: Range<usize>,
    pub(in super::super) text: String,
}

/// A piece of a cell, with its changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Edited {
    /// The cell's text, cut to the piece.
    pub(in super::super) text: String,
    /// Where in the cell the piece starts.
    pub(in super::super) start: usize,
    /// In the cell's offsets, in order, without overlaps.
    pub(in super::super) edits: Vec<Edit>,
}

impl Edited {
    /// The piece at `whole`, unchanged.
    pub(super) fn plain(code: &str, whole: Range<usize>) -> Self {
        Edited {
            text: code[whole.clone()].to_owned(),
            start: whole.start,
            edits: Vec::new(),
        }
    }

    fn with(mut self, mut edits: Vec<Edit>) -> Self {
        edits.sort_by_key(|edit| edit.replaced.start);
        self.edits = edits;
        self
    }
}

/// A statement or expression with checkpoints in its loops.
pub(super) fn statement(
    code: &str,
    whole: Range<usize>,
    context: Context,
    visit: impl FnOnce(&mut Checkpoints),
) -> Edited {
    let mut checkpoints = Checkpoints::new(context);
    visit(&mut checkpoints);
    Edited::plain(code, whole).with(checkpoints.edits)
}

/// An item that later cells can name, with checkpoints in its loops.
pub(super) fn item(code: &str, whole: Range<usize>, context: Context, item: &Item) -> Edited {
    let mut checkpoints = Checkpoints::new(context);
    checkpoints.visit_item(item);
    let mut publicity = Publicity {
        edits: checkpoints.edits,
    };
    publicity.item(item, whole.start);
    Edited::plain(code, whole).with(publicity.edits)
}

/// `thread_local! { static NAME … }` or `bitflags! { struct Name … }` with public items.
pub(super) fn items_macro(code: &str, whole: Range<usize>) -> Edited {
    let mut edits = Vec::new();
    let text = &code[whole.clone()];
    for keyword in ["static ", "struct "] {
        for (offset, _) in text.match_indices(keyword) {
            let before = text[..offset].trim_end();
            if before.ends_with(['{', '}', ';', ']']) {
                edits.push(insert(whole.start + offset, "pub "));
            }
        }
    }
    Edited::plain(code, whole).with(edits)
}

/// The piece at `whole`, with the semicolon that it lacks unless it `is_ended`.
pub(super) fn ended(code: &str, whole: Range<usize>, is_ended: bool) -> Edited {
    let semicolon = (!is_ended).then(|| insert(whole.end, ";"));
    Edited::plain(code, whole).with(semicolon.into_iter().collect())
}

fn insert(at: usize, text: &str) -> Edit {
    Edit {
        replaced: at..at,
        text: text.to_owned(),
    }
}

/// Puts a checkpoint at the start of every loop body that runs (constants are evaluated by the compiler).
pub(super) struct Checkpoints {
    edits: Vec<Edit>,
    context: Context,
    /// Whether a `return` leaves the cell, and not a function or a closure.
    leaves_cell: bool,
}

/// What the changes of a cell depend on, besides its text.
#[derive(Clone, Copy, Debug, Default)]
pub(in super::super) struct Context {
    /// The cell's number, by which it calls itself.
    pub(in super::super) cell: u32,
    pub(in super::super) displays: Displays,
}

/// What `display(value)` calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in super::super) enum Displays {
    /// Dagbok's own, which shows any value that the end of a cell shows: a macro, for no function can.
    #[default]
    Any,
    /// A function of that name which the session defines.
    Own,
}

impl Checkpoints {
    fn new(context: Context) -> Self {
        Checkpoints {
            edits: Vec::new(),
            context,
            leaves_cell: true,
        }
    }

    fn in_function(&mut self, visit: impl FnOnce(&mut Self)) {
        let outside = std::mem::replace(&mut self.leaves_cell, false);
        visit(self);
        self.leaves_cell = outside;
    }

    fn checkpoint(&mut self, body: &Block) {
        let at = range(body.brace_token.span.open()).end;
        self.edits
            .push(insert(at, " ::dagbok::cancel::checkpoint();"));
    }
}

/// Macros that say where they stand say it of the cell, and not of the file that it becomes.
impl Checkpoints {
    /// All such macros among the tokens of another one.
    fn places(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        for window in tokens.windows(3) {
            if let [
                TokenTree::Ident(name),
                TokenTree::Punct(mark),
                TokenTree::Group(group),
            ] = window
                && mark.as_char() == '!'
            {
                self.place(name, group.delim_span(), group.stream());
            }
        }
        for token in tokens {
            if let TokenTree::Group(group) = token {
                self.places(group.stream());
            }
        }
    }

    /// The macro `name` with its arguments.
    fn place(&mut self, name: &Ident, delimiters: DelimSpan, arguments: TokenStream) {
        let start = name.span().start();
        let (cell, line, column) = (self.context.cell, start.line, start.column + 1);
        let text = match name.to_string().as_str() {
            "dbg" => return self.debug(name, delimiters, arguments),
            "file" => format!("\"cell {cell}\""),
            "line" => format!("{line}u32"),
            "column" => format!("{column}u32"),
            _ => return,
        };
        self.edits.push(Edit {
            replaced: range(name.span()).start..range(delimiters.close()).end,
            text,
        });
    }

    fn debug(&mut self, name: &Ident, delimiters: DelimSpan, arguments: TokenStream) {
        let Ok(values) = Punctuated::<Expr, Token![,]>::parse_terminated.parse2(arguments) else {
            return;
        };
        let start = name.span().start();
        let place = format!(
            "cell {}:{}:{}",
            self.context.cell,
            start.line,
            start.column + 1
        );
        self.edits.push(Edit {
            replaced: range(name.span()),
            text: "::dagbok::dbg_at".to_owned(),
        });
        let at = range(delimiters.open()).end;
        self.edits.push(insert(at, &format!("{place:?}; ")));
        for value in values {
            let span = value.span();
            let typed = span.source_text().unwrap_or_default();
            self.edits
                .push(insert(range(span).start, &format!("{typed:?} => ")));
        }
    }
}

impl<'ast> Visit<'ast> for Checkpoints {
    fn visit_expr_loop(&mut self, expression: &'ast syn::ExprLoop) {
        self.checkpoint(&expression.body);
        visit::visit_expr_loop(self, expression);
    }

    fn visit_expr_while(&mut self, expression: &'ast syn::ExprWhile) {
        self.checkpoint(&expression.body);
        visit::visit_expr_while(self, expression);
    }

    fn visit_expr_for_loop(&mut self, expression: &'ast syn::ExprForLoop) {
        self.checkpoint(&expression.body);
        visit::visit_expr_for_loop(self, expression);
    }

    fn visit_expr_return(&mut self, expression: &'ast syn::ExprReturn) {
        if self.leaves_cell && expression.expr.is_none() {
            let at = range(expression.return_token.span).end;
            self.edits
                .push(insert(at, " ::core::result::Result::Ok(())"));
        }
        visit::visit_expr_return(self, expression);
    }

    fn visit_expr_closure(&mut self, closure: &'ast syn::ExprClosure) {
        self.in_function(|checkpoints| visit::visit_expr_closure(checkpoints, closure));
    }

    fn visit_expr_async(&mut self, block: &'ast syn::ExprAsync) {
        self.in_function(|checkpoints| visit::visit_expr_async(checkpoints, block));
    }

    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        let is_display = matches!(&*call.func, Expr::Path(path) if path.path.is_ident("display"));
        if is_display && call.args.len() == 1 && self.context.displays == Displays::Any {
            self.edits.push(Edit {
                replaced: range(call.func.span()),
                text: "::dagbok::display_any!".to_owned(),
            });
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        if let Some(name) = call.path.get_ident() {
            self.place(name, *call.delimiter.span(), call.tokens.clone());
        }
        self.places(call.tokens.clone());
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        if item.sig.constness.is_none() {
            self.in_function(|checkpoints| visit::visit_item_fn(checkpoints, item));
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if item.sig.constness.is_none() {
            self.in_function(|checkpoints| visit::visit_impl_item_fn(checkpoints, item));
        }
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        self.in_function(|checkpoints| visit::visit_trait_item_fn(checkpoints, item));
    }

    fn visit_expr_const(&mut self, _: &'ast syn::ExprConst) {}

    fn visit_item_const(&mut self, _: &'ast syn::ItemConst) {}

    fn visit_item_static(&mut self, _: &'ast syn::ItemStatic) {}

    fn visit_impl_item_const(&mut self, _: &'ast syn::ImplItemConst) {}

    fn visit_trait_item_const(&mut self, _: &'ast syn::TraitItemConst) {}

    fn visit_type(&mut self, _: &'ast syn::Type) {}
}

/// Makes an item, its fields and its methods public, for they are in another crate than the cells that use them.
struct Publicity {
    edits: Vec<Edit>,
}

impl Publicity {
    fn item(&mut self, item: &Item, start: usize) {
        match item {
            Item::Const(item) => self.publish(&item.vis, item.const_token.span),
            Item::Enum(item) => self.publish(&item.vis, item.enum_token.span),
            Item::Fn(item) => self.publish(&item.vis, function_start(&item.sig)),
            Item::Mod(item) => {
                let keyword = item
                    .unsafety
                    .map_or(item.mod_token.span, |unsafety| unsafety.span);
                self.publish(&item.vis, keyword);
            }
            Item::Static(item) => self.publish(&item.vis, item.static_token.span),
            Item::Struct(item) => {
                self.publish(&item.vis, item.struct_token.span);
                self.fields(&item.fields);
            }
            Item::Trait(item) => self.publish(&item.vis, trait_start(item)),
            Item::TraitAlias(item) => self.publish(&item.vis, item.trait_token.span),
            Item::Type(item) => self.publish(&item.vis, item.type_token.span),
            Item::Union(item) => {
                self.publish(&item.vis, item.union_token.span);
                for field in &item.fields.named {
                    self.publish(&field.vis, field.ident.span());
                }
            }
            Item::Macro(item) => {
                let exported = item
                    .attrs
                    .iter()
                    .any(|attr| attr.path().is_ident("macro_export"));
                if !exported {
                    self.edits.push(insert(start, "#[macro_export] "));
                }
            }
            Item::ForeignMod(item) => item.items.iter().for_each(|item| self.foreign(item)),
            Item::Impl(item) if item.trait_.is_none() => {
                item.items.iter().for_each(|item| self.member(item));
            }
            _ => {}
        }
    }

    fn fields(&mut self, fields: &Fields) {
        for field in fields {
            let start = match &field.ident {
                Some(ident) => ident.span(),
                None => field.ty.span(),
            };
            self.publish(&field.vis, start);
        }
    }

    fn member(&mut self, item: &syn::ImplItem) {
        match item {
            syn::ImplItem::Fn(method) => self.publish(&method.vis, function_start(&method.sig)),
            syn::ImplItem::Const(constant) => {
                self.publish(&constant.vis, constant.const_token.span)
            }
            syn::ImplItem::Type(item) => self.publish(&item.vis, item.type_token.span),
            _ => {}
        }
    }

    fn foreign(&mut self, item: &syn::ForeignItem) {
        match item {
            syn::ForeignItem::Fn(item) => self.publish(&item.vis, function_start(&item.sig)),
            syn::ForeignItem::Static(item) => self.publish(&item.vis, item.static_token.span),
            syn::ForeignItem::Type(item) => self.publish(&item.vis, item.type_token.span),
            _ => {}
        }
    }

    fn publish(&mut self, visibility: &Visibility, keyword: Span) {
        match visibility {
            Visibility::Public(_) => {}
            Visibility::Restricted(restricted) => self.edits.push(Edit {
                replaced: range(restricted.span()),
                text: "pub".to_owned(),
            }),
            Visibility::Inherited => self.edits.push(insert(range(keyword).start, "pub ")),
        }
    }
}

/// The first keyword of a function, where its visibility goes in front.
fn function_start(signature: &syn::Signature) -> Span {
    let constness = signature.constness.map(|token| token.span);
    let asyncness = signature.asyncness.map(|token| token.span);
    let unsafety = signature.unsafety.map(|token| token.span);
    let abi = signature.abi.as_ref().map(|abi| abi.extern_token.span);
    constness
        .or(asyncness)
        .or(unsafety)
        .or(abi)
        .unwrap_or(signature.fn_token.span)
}

fn trait_start(item: &syn::ItemTrait) -> Span {
    let unsafety = item.unsafety.map(|token| token.span);
    let auto = item.auto_token.map(|token| token.span);
    unsafety.or(auto).unwrap_or(item.trait_token.span)
}
