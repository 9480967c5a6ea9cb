//! Whether a console should run what was typed, or ask for another line.

use std::iter::Peekable;
use std::str::Chars;

use proc_macro2::TokenStream;
use syn::Block;
use syn::parse::Parser;

use crate::commands;
use crate::evaluate::Completeness;

const INDENT: usize = 4;

/// Whether `code` can be run as it is.
pub(in crate::evaluate) fn completeness(code: &str) -> Completeness {
    let (_, rust) = commands::leading(code);
    let rust = &code[rust..];
    match scan(rust) {
        Brackets::Mismatched => return Completeness::Invalid,
        Brackets::Open(depth) => {
            return Completeness::Incomplete {
                indent: " ".repeat(depth * INDENT),
            };
        }
        Brackets::Closed => {}
    }
    match parse(rust) {
        Ok(()) => Completeness::Complete,
        // One more token would do: the rest of an expression, or the semicolon after a `let`.
        Err(error)
            if error.starts_with("unexpected end of input")
                || parse(&format!("{rust}\n;")).is_ok() =>
        {
            Completeness::Incomplete {
                indent: String::new(),
            }
        }
        Err(_) => Completeness::Invalid,
    }
}

fn parse(code: &str) -> Result<(), String> {
    let tokens: TokenStream = code.parse().map_err(|_| String::new())?;
    match Block::parse_within.parse2(tokens) {
        Ok(_) => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}

enum Brackets {
    Closed,
    /// So many brackets, or a string or a comment, wait for their end.
    Open(usize),
    Mismatched,
}

/// Follows brackets through strings and comments.
fn scan(code: &str) -> Brackets {
    let mut open = Vec::new();
    let mut chars = code.chars().peekable();
    let mut before = ' ';
    while let Some(c) = chars.next() {
        let ended = match c {
            '(' | '[' | '{' => {
                open.push(c);
                true
            }
            ')' | ']' | '}' => {
                let opening = match c {
                    ')' => '(',
                    ']' => '[',
                    _ => '{',
                };
                if open.pop() != Some(opening) {
                    return Brackets::Mismatched;
                }
                true
            }
            '/' if chars.peek() == Some(&'/') => {
                chars.by_ref().find(|c| *c == '\n');
                true
            }
            '/' if chars.peek() == Some(&'*') => skip_comment(&mut chars),
            '"' => skip_string(&mut chars),
            'r' if !is_word(before) => skip_raw_string(&mut chars),
            '\'' => skip_char(&mut chars),
            _ => true,
        };
        if !ended {
            return Brackets::Open(0);
        }
        before = c;
    }
    match open.len() {
        0 => Brackets::Closed,
        depth => Brackets::Open(depth),
    }
}

fn is_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

/// The rest of a block comment, which may nest; `false` if it does not end.
fn skip_comment(chars: &mut Peekable<Chars<'_>>) -> bool {
    chars.next();
    let mut depth = 1;
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('/', Some('*')) => {
                chars.next();
                depth += 1;
            }
            ('*', Some('/')) => {
                chars.next();
                depth -= 1;
                if depth == 0 {
                    return true;
                }
            }
            _ => {}
        }
    }
    false
}

fn skip_string(chars: &mut Peekable<Chars<'_>>) -> bool {
    while let Some(c) = chars.next() {
        match c {
            '\\' => drop(chars.next()),
            '"' => return true,
            _ => {}
        }
    }
    false
}

/// After an `r`: a raw string, a raw identifier, or just a name.
fn skip_raw_string(chars: &mut Peekable<Chars<'_>>) -> bool {
    let mut ahead = chars.clone();
    let mut n_hashes = 0;
    while ahead.next_if_eq(&'#').is_some() {
        n_hashes += 1;
    }
    if ahead.next() != Some('"') {
        return true;
    }
    *chars = ahead;
    while let Some(c) = chars.next() {
        if c == '"' {
            let mut after = chars.clone();
            if (0..n_hashes).all(|_| after.next() == Some('#')) {
                *chars = after;
                return true;
            }
        }
    }
    false
}

/// After a `'`: a character, or a lifetime, which has no end.
fn skip_char(chars: &mut Peekable<Chars<'_>>) -> bool {
    let mut ahead = chars.clone();
    match ahead.next() {
        Some('\\') => {
            ahead.next();
            ahead.find(|c| *c == '\'');
            *chars = ahead;
        }
        Some(_) if ahead.next() == Some('\'') => *chars = ahead,
        _ => {}
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(code: &str, expected: &str) {
        let found = match completeness(code) {
            Completeness::Complete => "complete".to_owned(),
            Completeness::Incomplete { indent } => format!("incomplete {}", indent.len()),
            Completeness::Invalid => "invalid".to_owned(),
        };
        assert_eq!(found, expected, "{code}");
    }

    #[test]
    fn whole_cells() {
        check("", "complete");
        check("1 + 1", "complete");
        check("let x = 5;", "complete");
        check("// only { a comment", "complete");
        check("let c = '{'; let l: &'static str = \"}\";", "complete");
        check("let s = r#\"a \" { \"#;", "complete");
        check("fn f<'a>(x: &'a str) -> &'a str { x }", "complete");
        check("let r#type = '\\''; for_r", "complete");
        check(":help", "complete");
        check(":opt 2\nlet x = 1;", "complete");
        check("!ls (", "complete");
        check("%%timeit -n 3\nf()", "complete");
    }

    #[test]
    fn cells_that_go_on() {
        check("fn f() {", "incomplete 4");
        check("fn f() {\n    if x {", "incomplete 8");
        check("let v = vec![", "incomplete 4");
        check("/* /* */", "incomplete 0");
        check("\"abc", "incomplete 0");
        check("r#\"abc\"", "incomplete 0");
        check("let x =", "incomplete 0");
        check("let x = 5", "incomplete 0");
        check("1 +", "incomplete 0");
        check("#[derive(Debug)]", "incomplete 0");
        check("%%time\nlet v = vec![", "incomplete 4");
    }

    #[test]
    fn cells_that_cannot_be_saved() {
        check("fn f() }", "invalid");
        check("(1]", "invalid");
        check("let 5x = ;", "invalid");
    }
}
