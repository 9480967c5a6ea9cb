//! Completion: what rust-analyzer finds, filtered by what was typed and in the order in which a person looks for it.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use dagbok_kernel::analysis::protocol::{Found, Match};
use ra_ap_hir::PrefixKind;
use ra_ap_ide::{
    Analysis, Cancellable, CompletionConfig, CompletionFieldsToResolve, CompletionItem,
    CompletionItemKind, FilePosition, RaFixtureConfig, SymbolKind,
};
use ra_ap_ide_db::MiniCore;
use ra_ap_ide_db::imports::insert_use::{ImportGranularity, InsertUseConfig};
use ra_ap_syntax::TextSize;

use crate::libraries::NOTEBOOK;
use crate::notebook::{FUNCTION, Notebook};
use crate::signature;

/// Nobody reads more.
const N_MATCHES_MAX: usize = 1_000;

/// What may stand in the cell of `notebook` at `offset`.
///
/// # Errors
/// If the world changes meanwhile.
pub(crate) fn complete(
    analysis: &Analysis,
    notebook: &Notebook,
    offset: usize,
) -> Cancellable<Found> {
    let at = notebook.offset(offset);
    let position = FilePosition {
        file_id: NOTEBOOK,
        offset: size(at),
    };
    let items = analysis.completions(&config(), position, None)?;
    let items = items.unwrap_or_default();
    let start = items
        .first()
        .map_or(at, |item| usize::from(item.source_range.start()).min(at));
    let Some(range) = notebook.in_cell(start..at) else {
        return Ok(Found::default());
    };
    let typed = &notebook.text[start..at];
    let is_path = notebook.text[..start].ends_with("::");
    let mut candidates: Vec<Candidate> = items
        .into_iter()
        .filter_map(|item| Candidate::new(item, size(start)))
        .filter(|candidate| starts(&candidate.text, typed) && !candidate.text.starts_with(FUNCTION))
        .collect();
    candidates.sort_by_cached_key(|candidate| candidate.rank(is_path));
    let mut seen = BTreeSet::new();
    candidates.retain(|candidate| seen.insert(candidate.text.clone()));
    candidates.truncate(N_MATCHES_MAX);
    Ok(Found {
        start: range.start,
        end: range.end,
        matches: candidates.into_iter().map(Candidate::found).collect(),
    })
}

fn size(offset: usize) -> TextSize {
    // A cell of more than 4 GB never gets here.
    TextSize::new(u32::try_from(offset).unwrap_or(u32::MAX))
}

/// As front ends filter: capitals only matter once one was typed.
fn starts(text: &str, typed: &str) -> bool {
    let is_exact = typed.chars().any(char::is_uppercase);
    match is_exact {
        true => text.starts_with(typed),
        false => text.to_lowercase().starts_with(&typed.to_lowercase()),
    }
}

/// One thing that rust-analyzer proposes.
struct Candidate {
    text: String,
    item: CompletionItem,
}

/// Which comes first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Group {
    Local,
    Field,
    Method,
    Other,
    Keyword,
}

impl Candidate {
    /// `None` where more would be changed than the word that starts at `start`.
    fn new(item: CompletionItem, start: TextSize) -> Option<Self> {
        let mut edits = item.text_edit.iter();
        let edit = edits.next().filter(|_| edits.next().is_none())?;
        let is_word = edit.delete.start() == start && item.source_range == edit.delete;
        let text = edit.insert.trim_end().to_owned();
        let is_plain = !text.is_empty()
            && !text.contains(['\n', '…'])
            && !text.starts_with('.')
            && item.import_to_add.is_empty();
        (is_word && is_plain && !item.is_snippet).then_some(Candidate { text, item })
    }

    /// Behind a `::` methods come last.
    fn rank(&self, is_path: bool) -> (bool, bool, Group, bool, Reverse<bool>, String) {
        let relevance = &self.item.relevance;
        let is_operator = relevance.trait_.is_some_and(|found| found.is_op_method);
        (
            self.item.deprecated,
            self.text.starts_with('_'),
            self.group(is_path),
            is_operator,
            Reverse(relevance.exact_name_match),
            self.text.to_lowercase(),
        )
    }

    fn group(&self, is_path: bool) -> Group {
        match self.item.kind {
            CompletionItemKind::Binding
            | CompletionItemKind::SymbolKind(
                SymbolKind::Local | SymbolKind::ValueParam | SymbolKind::SelfParam,
            ) => Group::Local,
            CompletionItemKind::SymbolKind(SymbolKind::Field) => Group::Field,
            CompletionItemKind::SymbolKind(SymbolKind::Variant) if is_path => Group::Field,
            CompletionItemKind::SymbolKind(SymbolKind::Method) if !is_path => Group::Method,
            CompletionItemKind::SymbolKind(SymbolKind::Method) => Group::Keyword,
            CompletionItemKind::Keyword | CompletionItemKind::Snippet => Group::Keyword,
            _ => Group::Other,
        }
    }

    fn found(self) -> Match {
        Match {
            kind: kind(self.item.kind).to_owned(),
            signature: function(&self.item),
            text: self.text,
        }
    }
}

/// The word that front ends know.
fn kind(kind: CompletionItemKind) -> &'static str {
    use SymbolKind as Symbol;
    let CompletionItemKind::SymbolKind(symbol) = kind else {
        return match kind {
            CompletionItemKind::Keyword | CompletionItemKind::Snippet => "keyword",
            CompletionItemKind::BuiltinType | CompletionItemKind::InferredType => "class",
            _ => "instance",
        };
    };
    match symbol {
        Symbol::Function
        | Symbol::Method
        | Symbol::Macro
        | Symbol::ProcMacro
        | Symbol::Derive
        | Symbol::DeriveHelper
        | Symbol::Attribute
        | Symbol::BuiltinAttr => "function",
        Symbol::Struct
        | Symbol::Enum
        | Symbol::Union
        | Symbol::Trait
        | Symbol::TypeAlias
        | Symbol::TypeParam
        | Symbol::SelfType
        | Symbol::Impl => "class",
        Symbol::Module | Symbol::CrateRoot | Symbol::ToolModule => "module",
        Symbol::Field => "property",
        Symbol::ValueParam
        | Symbol::SelfParam
        | Symbol::Local
        | Symbol::Const
        | Symbol::ConstParam
        | Symbol::Static
        | Symbol::Variant
        | Symbol::Label
        | Symbol::LifetimeParam
        | Symbol::InlineAsmRegOrRegClass => "instance",
    }
}

/// The parameters and the result of a function.
fn function(item: &CompletionItem) -> Option<String> {
    let is_function = matches!(
        item.kind,
        CompletionItemKind::SymbolKind(SymbolKind::Function | SymbolKind::Method)
    );
    let declaration = item.detail.as_deref().filter(|_| is_function)?;
    signature::parameters(declaration)
}

/// Names alone: nothing that is written elsewhere in the file, and no text with places to fill in.
fn config() -> CompletionConfig<'static> {
    CompletionConfig {
        enable_postfix_completions: false,
        enable_imports_on_the_fly: false,
        enable_self_on_the_fly: false,
        enable_auto_iter: false,
        enable_auto_await: false,
        enable_private_editable: false,
        enable_term_search: false,
        term_search_fuel: 0,
        full_function_signatures: true,
        callable: None,
        add_colons_to_module: false,
        add_semicolon_to_unit: false,
        snippet_cap: None,
        insert_use: InsertUseConfig {
            granularity: ImportGranularity::Item,
            enforce_granularity: false,
            prefix_kind: PrefixKind::ByCrate,
            group: false,
            skip_glob_imports: false,
        },
        prefer_no_std: false,
        prefer_prelude: true,
        prefer_absolute: false,
        snippets: Vec::new(),
        limit: None,
        fields_to_resolve: CompletionFieldsToResolve {
            resolve_documentation: true,
            ..CompletionFieldsToResolve::empty()
        },
        exclude_flyimport: Vec::new(),
        exclude_traits: &[],
        ra_fixture: RaFixtureConfig {
            minicore: MiniCore::default(),
            disable_ra_fixture: true,
        },
    }
}
