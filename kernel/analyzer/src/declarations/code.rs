//! Turns the HTML of a signature into Rust: the names that are links become paths that resolve everywhere.

use super::html::{Token, end_of_element, unescape};

/// The name under which rustdoc sees the crate that inlines what is declared.
pub(super) const FACADE: &str = "declared__";

/// Where paths in signatures lead.
pub(super) struct Paths {
    /// What the paths of the declared crate start with in rustdoc's titles, as `declared__::polars`.
    own: String,
}

impl Paths {
    pub(super) fn new(own: String) -> Self {
        Paths { own }
    }

    /// The path in Rust of a link's title, as `struct alloc::vec::Vec`.
    fn resolve(&self, title: &str) -> Option<String> {
        let (kind, path) = title.split_once(' ')?;
        let is_item = matches!(
            kind,
            "struct"
                | "enum"
                | "union"
                | "trait"
                | "type"
                | "traitalias"
                | "foreigntype"
                | "constant"
                | "static"
                | "mod"
        );
        if !is_item {
            return None;
        }
        match path
            .strip_prefix(&self.own)
            .and_then(|path| path.strip_prefix("::"))
        {
            Some(own) => Some(format!("crate::{}", raw_path(own))),
            None => Some(format!("::{}", raw_path(path))),
        }
    }

    /// The Rust text of the tokens of a signature.
    pub(super) fn code(&self, tokens: &[Token]) -> String {
        let mut code = String::new();
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            match token {
                Token::Text(text) => code.push_str(&unescape(text)),
                Token::Open { name: "a", .. } => {
                    let end = end_of_element(tokens, at);
                    self.link(&mut code, token, &tokens[at + 1..end]);
                    at = end;
                }
                Token::Open {
                    name: "summary", ..
                } => at = end_of_element(tokens, at),
                Token::Open { name: "br", .. } => code.push('\n'),
                Token::Open { .. } if token.has_class("where") => code.push('\n'),
                Token::Open { .. } if token.has_class("code-attribute") => {
                    let end = end_of_element(tokens, at);
                    let attribute = text(&tokens[at..end]);
                    if is_kept_attribute(&attribute) {
                        code.push_str(&attribute);
                        code.push('\n');
                    }
                    at = end;
                }
                _ => {}
            }
            at += 1;
        }
        let code = without_nameless_constants(&code);
        let lines = code.trim().lines().map(str::trim_end);
        let lines: Vec<String> = lines
            .filter(|line| !is_bound_of_other_crate(line))
            .map(for_all_lifetimes)
            .collect();
        lines.join("\n")
    }

    fn link(&self, code: &mut String, link: &Token, content: &[Token]) {
        if link.has_class("tooltip") || link.has_class("anchor") {
            return;
        }
        let class = link.attribute("class").unwrap_or_default();
        let is_own_name = matches!(
            class,
            "fn" | "method" | "associatedtype" | "primitive" | "associatedconstant"
        );
        let title = link.attribute("title").filter(|_| !is_own_name);
        match title.and_then(|title| self.resolve(title)) {
            Some(path) => {
                remove_qualifier(code);
                code.push_str(&path);
            }
            None if class == "fn" => code.push_str(&raw(&text(content))),
            None => code.push_str(&text(content)),
        }
    }
}

/// Code without what rustdoc writes for constants that have no name, as `N: u64 = krate::index::Id::{constant#0}`.
fn without_nameless_constants(code: &str) -> String {
    let mut kept = String::with_capacity(code.len());
    let mut rest = code;
    while let Some((before, after)) = rest.split_once("{constant#") {
        let path_start =
            before.trim_end_matches(|c: char| c == ':' || c == '_' || c.is_alphanumeric());
        match path_start.strip_suffix(" = ") {
            Some(declared) => kept.push_str(declared),
            None => {
                kept.push_str(path_start);
                kept.push('_');
            }
        }
        rest = after.split_once('}').map_or("", |(_, rest)| rest);
    }
    kept + rest
}

/// Whether a line bounds a type of a crate that is neither std nor this one. That crate may not be declared, and a bound of
/// an unknown type would never hold.
fn is_bound_of_other_crate(line: &str) -> bool {
    let Some((bounded, _)) = line
        .strip_prefix("    ")
        .and_then(|line| line.split_once(": "))
    else {
        return false;
    };
    let is_other = |(at, _): (usize, &str)| {
        let starts = bounded[..at]
            .chars()
            .next_back()
            .is_none_or(|before| !before.is_alphanumeric() && !"_>".contains(before));
        let name = bounded[at + 2..].split("::").next().unwrap_or_default();
        starts && !matches!(name, "core" | "alloc" | "std")
    };
    line.ends_with(',') && bounded.match_indices("::").any(is_other)
}

/// A bound `X<'a>: for<'a> Trait<'a>` as `for<'a> X<'a>: Trait<'a>`, which is what rustdoc means.
fn for_all_lifetimes(line: &str) -> String {
    let moved = || {
        let (bounded, rest) = line.split_once(": for<")?;
        let (lifetimes, bound) = rest.split_once("> ")?;
        let is_bound = lifetimes
            .split(", ")
            .any(|lifetime| bounded.contains(lifetime));
        let indent = bounded.len() - bounded.trim_start().len();
        (is_bound && indent > 0).then(|| {
            format!(
                "{}for<{lifetimes}> {}: {bound}",
                &bounded[..indent],
                bounded.trim_start()
            )
        })
    };
    moved().unwrap_or_else(|| line.to_owned())
}

/// Where two types have one name, rustdoc writes `std::fmt::` before the link.
fn remove_qualifier(code: &mut String) {
    if !code.ends_with("::") {
        return;
    }
    let kept = code
        .trim_end_matches(|c: char| c == ':' || c == '_' || c.is_alphanumeric())
        .len();
    if !code[..kept].ends_with('>') {
        code.truncate(kept);
    }
}

fn is_kept_attribute(attribute: &str) -> bool {
    ["#[non_exhaustive", "#[must_use", "#[repr"]
        .iter()
        .any(|kept| attribute.starts_with(kept))
}

/// A name as it is written in Rust.
pub(super) fn raw(name: &str) -> String {
    const KEYWORDS: &[&str] = &[
        "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do",
        "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in",
        "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref",
        "return", "static", "struct", "trait", "true", "try", "type", "typeof", "unsafe",
        "unsized", "use", "virtual", "where", "while", "yield",
    ];
    match KEYWORDS.contains(&name) {
        true => format!("r#{name}"),
        false => name.to_owned(),
    }
}

/// A path as it is written in Rust.
pub(super) fn raw_path(path: &str) -> String {
    let names: Vec<String> = path.split("::").map(raw).collect();
    names.join("::")
}

/// The text of tokens, without their elements.
pub(super) fn text(tokens: &[Token]) -> String {
    let mut plain = String::new();
    for token in tokens {
        if let Token::Text(text) = token {
            plain.push_str(&unescape(text));
        }
    }
    plain
}

/// Splits `NAME: Type = value` into the part before ` = ` and the value, at the first `=` that stands in no brackets.
pub(super) fn split_value(declaration: &str) -> (&str, Option<&str>) {
    let mut depth = 0;
    let mut previous = ' ';
    for (at, character) in declaration.char_indices() {
        match character {
            '(' | '[' | '{' | '<' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            '>' if previous != '-' => depth -= 1,
            '=' if depth == 0 => {
                return (
                    declaration[..at].trim_end(),
                    Some(declaration[at + 1..].trim()),
                );
            }
            _ => {}
        }
        previous = character;
    }
    (declaration.trim_end().trim_end_matches(';'), None)
}

/// Where the angle brackets close that open at the start of the text.
pub(super) fn end_of_generics(text: &str) -> usize {
    let mut depth = 0;
    let mut previous = ' ';
    for (at, character) in text.char_indices() {
        match character {
            '<' => depth += 1,
            '>' if previous != '-' => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
        previous = character;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::super::html::tokens;
    use super::*;

    fn check(html: &str, expected: &str) {
        assert_eq!(
            Paths::new("declared__::polars".to_owned()).code(&tokens(html)),
            expected
        );
    }

    #[test]
    fn links_become_paths() {
        check(
            "-&gt; <a class=\"struct\" href=\"x\" title=\"struct alloc::vec::Vec\">Vec</a>&lt;T&gt;",
            "-> ::alloc::vec::Vec<T>",
        );
        check(
            "<a class=\"trait\" title=\"trait declared__::polars::io::Read\">Read</a>",
            "crate::io::Read",
        );
        check(
            "for x::io::<a class=\"struct\" title=\"struct declared__::polars::io::A\">A</a>",
            "for crate::io::A",
        );
        check(
            "Self::<a class=\"associatedtype\" title=\"type core::x::Item\">Item</a>",
            "Self::Item",
        );
        check("<a class=\"primitive\" href=\"p\">[T]</a>", "[T]");
        check("fn <a href=\"#m\" class=\"fn\">map</a>()", "fn map()");
    }

    #[test]
    fn decoration_is_left_out() {
        check(
            "T <a href=\"#\" class=\"tooltip\" data-notable-ty=\"T\">ⓘ</a>",
            "T",
        );
        check(
            "struct A&lt;T&gt;<div class=\"where\">where\n    T: B,</div>{ }",
            "struct A<T>\nwhere\n    T: B,{ }",
        );
        check(
            "enum A {<details><summary><span>Show 9 variants</span></summary>B,</details>}",
            "enum A {B,}",
        );
        check(
            "<div class=\"code-attribute\">#[must_use]</div>fn f()",
            "#[must_use]\nfn f()",
        );
        check(
            "<div class=\"code-attribute\">#[doc(alias = \"g\")]</div>fn f()",
            "fn f()",
        );
    }

    fn check_value(declaration: &str, expected: (&str, Option<&str>)) {
        assert_eq!(split_value(declaration), expected);
    }

    #[test]
    fn values() {
        check_value("const A: u8 = 3;", ("const A: u8", Some("3;")));
        check_value(
            "const A: fn() -> B<C = D>;",
            ("const A: fn() -> B<C = D>", None),
        );
        check_value("type A: B<C = D> = E", ("type A: B<C = D>", Some("E")));
    }
}
