//! Whether a cell computes for so long that optimising it pays: by its loops, and by what can be read of how often they run.

use syn::visit::{self, Visit};
use syn::{
    Expr, ExprForLoop, ExprMethodCall, ExprRange, ImplItemFn, ItemFn, Lit, Stmt, TraitItemFn,
};

/// More turns than this are worth the optimiser's time.
const TURNS_MAX: u64 = 10_000;

/// What a loop over a collection is taken for.
const TURNS_OF_A_COLLECTION: u64 = 1_000;

/// Whether `statement` is worth optimising.
pub(super) fn is_hot(statement: &Stmt) -> bool {
    let mut heat = Heat {
        hot: false,
        turns: 1,
    };
    heat.visit_stmt(statement);
    heat.hot
}

struct Heat {
    hot: bool,
    /// How often the code that is being visited runs.
    turns: u64,
}

impl Heat {
    fn within(&mut self, turns: Option<u64>, visit: impl FnOnce(&mut Self)) {
        let outside = self.turns;
        self.turns = turns.map_or(u64::MAX, |turns| outside.saturating_mul(turns));
        self.hot |= self.turns > TURNS_MAX;
        visit(self);
        self.turns = outside;
    }

    /// A function runs as often as its callers like: any loop in it counts, and so does a call of itself.
    fn function(&mut self, name: &syn::Ident, body: &syn::Block) {
        let mut loops = Loops { name, found: false };
        loops.visit_block(body);
        self.hot |= loops.found;
    }
}

impl Visit<'_> for Heat {
    fn visit_expr_for_loop(&mut self, expression: &ExprForLoop) {
        let turns = match &*expression.expr {
            Expr::Range(range) => literal_turns(range),
            Expr::Paren(paren) => match &*paren.expr {
                Expr::Range(range) => literal_turns(range),
                _ => Some(TURNS_OF_A_COLLECTION),
            },
            _ => Some(TURNS_OF_A_COLLECTION),
        };
        self.visit_expr(&expression.expr);
        self.within(turns, |heat| heat.visit_block(&expression.body));
    }

    fn visit_expr_while(&mut self, _: &syn::ExprWhile) {
        self.hot = true;
    }

    fn visit_expr_loop(&mut self, _: &syn::ExprLoop) {
        self.hot = true;
    }

    fn visit_expr_method_call(&mut self, call: &ExprMethodCall) {
        let has_closure = call
            .args
            .iter()
            .any(|argument| matches!(argument, Expr::Closure(_)));
        match root(&call.receiver) {
            Expr::Range(range) if has_closure => {
                self.within(literal_turns(range), |heat| {
                    visit::visit_expr_method_call(heat, call);
                });
            }
            _ => visit::visit_expr_method_call(self, call),
        }
    }

    fn visit_item_fn(&mut self, item: &ItemFn) {
        self.function(&item.sig.ident, &item.block);
    }

    fn visit_impl_item_fn(&mut self, item: &ImplItemFn) {
        self.function(&item.sig.ident, &item.block);
    }

    fn visit_trait_item_fn(&mut self, item: &TraitItemFn) {
        if let Some(body) = &item.default {
            self.function(&item.sig.ident, body);
        }
    }
}

struct Loops<'a> {
    name: &'a syn::Ident,
    found: bool,
}

impl Visit<'_> for Loops<'_> {
    fn visit_expr(&mut self, expression: &Expr) {
        self.found |= matches!(
            expression,
            Expr::ForLoop(_) | Expr::While(_) | Expr::Loop(_) | Expr::Closure(_)
        );
        visit::visit_expr(self, expression);
    }

    fn visit_ident(&mut self, ident: &syn::Ident) {
        self.found |= ident == self.name;
    }
}

/// What a chain of method calls starts with.
fn root(expression: &Expr) -> &Expr {
    match expression {
        Expr::MethodCall(call) => root(&call.receiver),
        Expr::Paren(paren) => root(&paren.expr),
        _ => expression,
    }
}

/// The length of a range between two literals.
fn literal_turns(range: &ExprRange) -> Option<u64> {
    let bound = |bound: &Option<Box<Expr>>| match bound.as_deref() {
        Some(Expr::Lit(literal)) => match &literal.lit {
            Lit::Int(number) => number.base10_parse::<u64>().ok(),
            _ => None,
        },
        _ => None,
    };
    Some(bound(&range.end)?.saturating_sub(bound(&range.start).unwrap_or(0)))
}
