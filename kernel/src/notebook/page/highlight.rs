//! Rust source as HTML, a span with a class around each token that has a colour.

use ra_ap_rustc_lexer::{FrontmatterAllowed, LiteralKind, TokenKind, tokenize};

use super::escape::escape;

const KEYWORDS: &[&str] = &[
    "as", "async", "await", "break", "const", "continue", "crate", "dyn", "else", "enum", "extern",
    "false", "fn", "for", "if", "impl", "in", "let", "loop", "match", "mod", "move", "mut", "pub",
    "ref", "return", "self", "Self", "static", "struct", "super", "trait", "true", "type", "union",
    "unsafe", "use", "where", "while", "yield",
];

const PRIMITIVES: &[&str] = &[
    "bool", "char", "f32", "f64", "i8", "i16", "i32", "i64", "i128", "isize", "str", "u8", "u16",
    "u32", "u64", "u128", "usize",
];

/// `code` as HTML; what is not Rust is escaped all the same.
pub(super) fn rust(code: &str) -> String {
    let mut html = String::new();
    let mut at = 0;
    for token in tokenize(code, FrontmatterAllowed::No) {
        let end = at + token.len as usize;
        let text = &code[at..end];
        match class(token.kind, text, &code[end..]) {
            Some(class) => {
                html.push_str(&format!("<span class=\"{class}\">"));
                html.push_str(&escape(text));
                html.push_str("</span>");
            }
            None => html.push_str(&escape(text)),
        }
        at = end;
    }
    html
}

fn class(kind: TokenKind, text: &str, after: &str) -> Option<&'static str> {
    match kind {
        TokenKind::LineComment { .. } | TokenKind::BlockComment { .. } => Some("hl-comment"),
        TokenKind::Literal {
            kind: LiteralKind::Int { .. } | LiteralKind::Float { .. },
            ..
        } => Some("hl-number"),
        TokenKind::Literal { .. } => Some("hl-string"),
        TokenKind::Lifetime { .. } | TokenKind::RawLifetime => Some("hl-lifetime"),
        TokenKind::Ident => identifier_class(text, after),
        _ => None,
    }
}

fn identifier_class(name: &str, after: &str) -> Option<&'static str> {
    if KEYWORDS.contains(&name) {
        Some("hl-keyword")
    } else if after.starts_with('!') && !after.starts_with("!=") {
        Some("hl-macro")
    } else if PRIMITIVES.contains(&name) || name.starts_with(char::is_uppercase) {
        Some("hl-type")
    } else if after.starts_with('(') || after.starts_with("::<") {
        Some("hl-function")
    } else {
        None
    }
}
