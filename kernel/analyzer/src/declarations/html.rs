//! Reads HTML as a flat list of tokens. Documentation may hold any HTML, also broken one, so nothing here builds a tree.

use std::borrow::Cow;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    Open { name: &'a str, attributes: &'a str },
    Close(&'a str),
    Text(&'a str),
}

impl<'a> Token<'a> {
    pub(super) fn opens(&self, element: &str) -> bool {
        matches!(self, Token::Open { name, .. } if *name == element)
    }

    pub(super) fn closes(&self, element: &str) -> bool {
        matches!(self, Token::Close(name) if *name == element)
    }

    /// The value of an attribute, as it stands in the HTML.
    pub(super) fn attribute(&self, wanted: &str) -> Option<&'a str> {
        let Token::Open { attributes, .. } = *self else {
            return None;
        };
        let mut rest = attributes;
        loop {
            rest = rest.trim_start();
            if rest.is_empty() {
                return None;
            }
            let end = rest
                .find(|c: char| c == '=' || c.is_whitespace())
                .unwrap_or(rest.len());
            let name = &rest[..end];
            rest = rest[end..].trim_start();
            let mut value = "";
            if let Some(after) = rest.strip_prefix('=') {
                (value, rest) = attribute_value(after.trim_start());
            } else if end == 0 {
                return None;
            }
            if name == wanted {
                return Some(value);
            }
        }
    }

    pub(super) fn has_class(&self, class: &str) -> bool {
        self.attribute("class")
            .is_some_and(|classes| classes.split_ascii_whitespace().any(|one| one == class))
    }
}

fn attribute_value(text: &str) -> (&str, &str) {
    let Some(quote) = text.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
        return text.split_at(text.find(char::is_whitespace).unwrap_or(text.len()));
    };
    match text[1..].split_once(quote) {
        Some(parts) => parts,
        None => (&text[1..], ""),
    }
}

pub(super) fn tokens(html: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::with_capacity(html.len() / 24);
    let mut rest = html;
    while !rest.is_empty() {
        match tag(rest) {
            Some((token, length)) => {
                tokens.extend(token);
                rest = &rest[length..];
            }
            None => {
                let first = rest.chars().next().map_or(0, char::len_utf8);
                let end = rest[first..].find('<').map_or(rest.len(), |at| first + at);
                tokens.push(Token::Text(&rest[..end]));
                rest = &rest[end..];
            }
        }
    }
    tokens
}

/// The tag at the start of the text and its length. Comments and the like are tags without a token.
fn tag(text: &str) -> Option<(Option<Token<'_>>, usize)> {
    let inner = text.strip_prefix('<')?;
    if let Some(comment) = inner.strip_prefix("!--") {
        return Some((None, comment.find("-->").map_or(text.len(), |at| at + 7)));
    }
    match inner.bytes().next()? {
        b'/' => {
            let end = inner.find('>')?;
            Some((Some(Token::Close(inner[1..end].trim())), end + 2))
        }
        b'!' | b'?' => Some((None, inner.find('>')? + 2)),
        first if first.is_ascii_alphabetic() => {
            let end = end_of_tag(inner)?;
            let content = inner[..end].trim_end_matches('/');
            let name_end = content.find(char::is_whitespace).unwrap_or(content.len());
            let (name, attributes) = content.split_at(name_end);
            Some((Some(Token::Open { name, attributes }), end + 2))
        }
        _ => None,
    }
}

fn end_of_tag(text: &str) -> Option<usize> {
    let mut quote = None;
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return Some(at),
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
    }
    text.find('>')
}

/// The index of the token that closes the element at `open`, or the number of tokens.
pub(super) fn end_of_element(tokens: &[Token], open: usize) -> usize {
    let Some(Token::Open { name, .. }) = tokens.get(open) else {
        return open;
    };
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        if token.opens(name) {
            depth += 1;
        } else if token.closes(name) {
            depth -= 1;
            if depth == 0 {
                return at;
            }
        }
    }
    tokens.len()
}

/// Text with its entities replaced.
pub(super) fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        match entity(rest) {
            Some((character, length)) => {
                plain.push(character);
                rest = &rest[length..];
            }
            None => {
                plain.push('&');
                rest = &rest[1..];
            }
        }
    }
    plain.push_str(rest);
    Cow::Owned(plain)
}

fn entity(text: &str) -> Option<(char, usize)> {
    let end = text.bytes().take(12).position(|byte| byte == b';')?;
    let name = &text[1..end];
    let character = match name {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)?
        }
    };
    Some((character, end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(html: &str, expected: &[Token]) {
        assert_eq!(tokens(html), expected);
    }

    #[test]
    fn tokens_of_regular_html() {
        check("", &[]);
        check(
            "a<b c='>'>é</b>",
            &[
                Token::Text("a"),
                Token::Open {
                    name: "b",
                    attributes: " c='>'",
                },
                Token::Text("é"),
                Token::Close("b"),
            ],
        );
        check("<!-- <b> -->x<!DOCTYPE html>", &[Token::Text("x")]);
    }

    #[test]
    fn what_is_no_tag_is_text() {
        check("1 < 2", &[Token::Text("1 "), Token::Text("< 2")]);
        check("<é", &[Token::Text("<é")]);
        check("<b", &[Token::Text("<b")]);
        check("<", &[Token::Text("<")]);
    }

    #[test]
    fn attributes() {
        let tokens = tokens("<a class=\"fn one\" title='x::y' open href=z>");
        assert_eq!(tokens[0].attribute("title"), Some("x::y"));
        assert_eq!(tokens[0].attribute("open"), Some(""));
        assert_eq!(tokens[0].attribute("href"), Some("z"));
        assert_eq!(tokens[0].attribute("lass"), None);
        assert!(tokens[0].has_class("one"));
        assert!(!tokens[0].has_class("on"));
    }

    #[test]
    fn entities() {
        assert_eq!(
            unescape("a &lt;b&gt; &#39;&#x41; &unknown; & é"),
            "a <b> 'A &unknown; & é"
        );
    }
}
