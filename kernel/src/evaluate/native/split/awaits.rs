//! Whether a statement waits: `.await`, but not within an async block, a closure or an item of its own.

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::Visit;
use syn::{ExprAsync, ExprAwait, ExprClosure, Item, Macro, Stmt};

/// Macros that wait without the word.
const WAITING_MACROS: &[&str] = &["join", "select", "try_join"];

/// Whether `statement` itself waits.
pub(super) fn awaits(statement: &Stmt) -> bool {
    let mut awaits = Awaits(false);
    awaits.visit_stmt(statement);
    awaits.0
}

struct Awaits(bool);

impl Visit<'_> for Awaits {
    fn visit_expr_await(&mut self, _: &ExprAwait) {
        self.0 = true;
    }

    fn visit_macro(&mut self, call: &Macro) {
        let name = call.path.segments.last().map(|last| last.ident.to_string());
        let waits = name.is_some_and(|name| WAITING_MACROS.contains(&name.as_str()));
        self.0 |= waits || has_await(call.tokens.clone());
    }

    fn visit_expr_async(&mut self, _: &ExprAsync) {}

    fn visit_expr_closure(&mut self, _: &ExprClosure) {}

    fn visit_item(&mut self, _: &Item) {}
}

/// Whether `tokens`, the arguments of a macro, hold an `await` that no `async` is around.
fn has_await(tokens: TokenStream) -> bool {
    let mut after_async = false;
    for token in tokens {
        match token {
            TokenTree::Ident(word) if word == "await" => return true,
            TokenTree::Ident(word) => {
                after_async = word == "async" || (after_async && word == "move")
            }
            TokenTree::Group(group) => {
                if !after_async && has_await(group.stream()) {
                    return true;
                }
                after_async = false;
            }
            TokenTree::Punct(_) | TokenTree::Literal(_) => after_async = false,
        }
    }
    false
}
