//! Documentation: what stands at a place of a cell, or else the function whose arguments stand there.

use std::panic::AssertUnwindSafe;

use dagbok_kernel::analysis::protocol::Documentation;
use ra_ap_base_db::salsa::Cancelled;
use ra_ap_hir::{Adt, AsAssocItem, AssocItemContainer, DisplayTarget, HirDisplay, Semantics};
use ra_ap_ide::{Cancellable, RootDatabase};
use ra_ap_ide_db::defs::{Definition, IdentClass};
use ra_ap_syntax::ast;
use ra_ap_syntax::{
    AstNode, AstToken, Direction, SyntaxNode, SyntaxToken, T, TextSize, TokenAtOffset, algo,
};

use crate::libraries::NOTEBOOK;
use crate::notebook::Notebook;
use crate::signature::short_paths;

/// How many fields, variants and items of a type its signature shows.
const N_MEMBERS_MAX: usize = 12;

/// What is known of what stands in the cell of `notebook` at `offset`.
///
/// # Errors
/// If the world changes meanwhile.
pub(crate) fn inspect(
    db: &RootDatabase,
    notebook: &Notebook,
    offset: usize,
) -> Cancellable<Option<Documentation>> {
    let at = u32::try_from(notebook.offset(offset)).unwrap_or(u32::MAX);
    let found = AssertUnwindSafe(|| Inspection::new(db)?.at(TextSize::new(at)));
    ra_ap_hir::attach_db(db, || Cancelled::catch(found))
}

struct Inspection<'db> {
    db: &'db RootDatabase,
    sema: Semantics<'db, RootDatabase>,
    target: DisplayTarget,
}

impl<'db> Inspection<'db> {
    fn new(db: &'db RootDatabase) -> Option<Self> {
        let sema = Semantics::new(db);
        let target = sema.first_crate(NOTEBOOK)?.to_display_target(db);
        Some(Inspection { db, sema, target })
    }

    fn at(&self, offset: TextSize) -> Option<Documentation> {
        let file = self.sema.parse_guess_edition(NOTEBOOK);
        let tokens = file.syntax().token_at_offset(offset);
        let named = tokens.clone().into_iter().find(is_name);
        let definition = named
            .and_then(|name| self.named(&name))
            .or_else(|| self.in_string(tokens.clone(), offset))
            .or_else(|| self.called(tokens))?;
        Some(self.documentation(definition))
    }

    /// What the word `name` means.
    fn named(&self, name: &SyntaxToken) -> Option<Definition<'db>> {
        let tokens = self.sema.descend_into_macros(name.clone());
        tokens
            .iter()
            .find_map(|token| self.defined(&token.parent()?))
    }

    fn defined(&self, node: &SyntaxNode) -> Option<Definition<'db>> {
        let class = IdentClass::classify_node(&self.sema, node)?;
        let (definition, _) = class.definitions().into_iter().next()?;
        Some(definition)
    }

    /// What stands between braces in a text with holes.
    fn in_string(
        &self,
        tokens: TokenAtOffset<SyntaxToken>,
        offset: TextSize,
    ) -> Option<Definition<'db>> {
        let string = tokens
            .into_iter()
            .find(|token| ast::String::can_cast(token.kind()))?;
        let (.., resolution) = self.sema.check_for_format_args_template(string, offset)?;
        Some(Definition::from(resolution?))
    }

    /// The function, the macro or the struct whose brackets are around.
    fn called(&self, tokens: TokenAtOffset<SyntaxToken>) -> Option<Definition<'db>> {
        let token = algo::skip_trivia_token(tokens.left_biased()?, Direction::Prev)?;
        let mut tokens = self.sema.descend_into_macros(token.clone()).to_vec();
        tokens.push(token);
        tokens.iter().find_map(|token| self.around(token))
    }

    fn around(&self, token: &SyntaxToken) -> Option<Definition<'db>> {
        let is_outside = |close: Option<SyntaxToken>| {
            let is_closing = matches!(token.kind(), T![')'] | T![']'] | T!['}']);
            is_closing && close.as_ref() == Some(token)
        };
        token.parent_ancestors().find_map(|node| {
            let name = if let Some(arguments) = ast::ArgList::cast(node.clone()) {
                if is_outside(arguments.r_paren_token()) {
                    return None;
                }
                callee(&arguments)?
            } else if let Some(call) = ast::MacroCall::cast(node.clone()) {
                let close = call
                    .token_tree()
                    .and_then(|tree| tree.syntax().last_token());
                if is_outside(close) {
                    return None;
                }
                call.path()?.segment()?.name_ref()?
            } else if let Some(literal) = ast::RecordExpr::cast(node) {
                let fields = literal.record_expr_field_list()?;
                let is_inside = fields
                    .syntax()
                    .text_range()
                    .contains_range(token.text_range());
                if is_outside(fields.r_curly_token()) || !is_inside {
                    return None;
                }
                literal.path()?.segment()?.name_ref()?
            } else {
                return None;
            };
            self.defined(name.syntax())
        })
    }

    fn documentation(&self, definition: Definition<'db>) -> Documentation {
        let (documented, signature) = match definition {
            Definition::Local(local) => {
                let ty = local.ty(self.db);
                let mutable = if local.is_mut(self.db) { "mut " } else { "" };
                let name = local.name(self.db);
                let name = name.display(self.db, self.target.edition);
                let type_text = without_defaults(&ty.display(self.db, self.target).to_string());
                let adt = ty.strip_references().as_adt();
                (
                    adt.map(Definition::Adt),
                    format!("let {mutable}{name}: {type_text}"),
                )
            }
            definition => (Some(definition), self.signature(definition)),
        };
        let docs = documented.and_then(|documented| documented.docs(self.db, None, self.target));
        Documentation {
            signature: short_paths(&signature),
            origin: documented.and_then(|documented| self.origin(documented, definition)),
            text: docs.map_or_else(String::new, |docs| docs.as_str().to_owned()),
        }
    }

    fn signature(&self, definition: Definition<'db>) -> String {
        let (db, target) = (self.db, self.target);
        let limit = Some(N_MEMBERS_MAX);
        match definition {
            Definition::Function(function) => function.display(db, target).to_string(),
            Definition::Adt(adt @ (Adt::Struct(_) | Adt::Union(_) | Adt::Enum(_))) => {
                adt.display_limited(db, limit, target).to_string()
            }
            Definition::Trait(found) => found.display_limited(db, limit, target).to_string(),
            Definition::EnumVariant(variant) => {
                variant.display_limited(db, limit, target).to_string()
            }
            definition => definition.label(db, target),
        }
    }

    /// The path of `documented`, or of what it is a part of; nothing for what is the notebook's own. The type of a variable
    /// is named in full.
    fn origin(&self, documented: Definition<'db>, asked: Definition<'db>) -> Option<String> {
        let edition = self.target.edition;
        let library = documented.krate(self.db)?;
        if Some(library) == self.sema.first_crate(NOTEBOOK) {
            return None;
        }
        let modules = documented.canonical_module_path(self.db)?;
        let mut path = vec![library.display_name(self.db)?.to_string()];
        for module in modules {
            path.extend(
                module
                    .name(self.db)
                    .map(|name| name.display(self.db, edition).to_string()),
            );
        }
        if documented != asked {
            let name = documented.name(self.db)?;
            path.push(name.display(self.db, edition).to_string());
        } else {
            path.extend(self.owner(documented));
        }
        Some(path.join("::"))
    }

    /// The type or trait that has `definition` as a part.
    fn owner(&self, definition: Definition<'db>) -> Option<String> {
        let edition = self.target.edition;
        let name = match definition {
            Definition::Field(field) => field.parent_def(self.db).name(self.db),
            Definition::EnumVariant(variant) => variant.parent_enum(self.db).name(self.db),
            Definition::Function(function) => {
                match function.as_assoc_item(self.db)?.container(self.db) {
                    AssocItemContainer::Trait(found) => found.name(self.db),
                    AssocItemContainer::Impl(block) => {
                        block.self_ty(self.db).as_adt()?.name(self.db)
                    }
                }
            }
            _ => return None,
        };
        Some(name.display(self.db, edition).to_string())
    }
}

/// A type without the parameters that nobody writes.
fn without_defaults(type_text: &str) -> String {
    type_text
        .replace(", Global", "")
        .replace(", RandomState", "")
}

fn is_name(token: &SyntaxToken) -> bool {
    let kind = token.kind();
    kind.is_any_identifier() || matches!(kind, T![self] | T![super] | T![crate] | T![Self])
}

/// The name of the function that gets `arguments`.
fn callee(arguments: &ast::ArgList) -> Option<ast::NameRef> {
    let call = arguments.syntax().parent()?;
    if let Some(call) = ast::MethodCallExpr::cast(call.clone()) {
        return call.name_ref();
    }
    match ast::CallExpr::cast(call)?.expr()? {
        ast::Expr::PathExpr(function) => function.path()?.segment()?.name_ref(),
        ast::Expr::FieldExpr(field) => field.name_ref(),
        _ => None,
    }
}
