//! Which variables a statement assigns to as a whole: what was moved out of them before is there again.

use std::collections::BTreeSet;

use syn::visit::{self, Visit};
use syn::{Expr, ExprAssign, Stmt};

/// Adds the variables that `statement` assigns to.
pub(super) fn collect(statement: &Stmt, names: &mut BTreeSet<String>) {
    Assigned(names).visit_stmt(statement);
}

struct Assigned<'n>(&'n mut BTreeSet<String>);

impl Visit<'_> for Assigned<'_> {
    fn visit_expr_assign(&mut self, assignment: &ExprAssign) {
        if let Expr::Path(path) = &*assignment.left
            && let Some(name) = path.path.get_ident()
        {
            self.0.insert(name.to_string());
        }
        visit::visit_expr_assign(self, assignment);
    }
}
