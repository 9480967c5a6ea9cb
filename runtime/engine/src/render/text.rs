//! Text in pictures and tables: escaping, shortening, and how wide it will be.

pub(crate) use dagbok::value::shorten_middle;

/// `text` as it may stand in XML and HTML, between tags or in a quoted attribute.
///
/// Characters that XML does not allow at all become U+FFFD.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\t' | '\n' | '\r' => escaped.push(character),
            '\0'..='\x1f' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            _ => escaped.push(character),
        }
    }
    escaped
}

/// `text` with line breaks and tabs made visible, so that it stays on one line.
pub(crate) fn one_line(text: &str) -> String {
    if !text.contains(char::is_control) {
        return text.to_owned();
    }
    text.chars()
        .flat_map(|character| {
            let control = character.is_control();
            control
                .then(|| character.escape_default())
                .into_iter()
                .flatten()
                .chain((!control).then_some(character))
        })
        .collect()
}

/// At most `n_chars` characters of `text`, the last one `…` where something was cut.
pub(crate) fn shorten(text: &str, n_chars: usize) -> String {
    if text.chars().nth(n_chars).is_none() {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(n_chars.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// `text` as HTML, with what stands between backticks as code.
pub(crate) fn with_code(text: &str) -> String {
    let pieces: Vec<&str> = text.split('`').collect();
    if pieces.len().is_multiple_of(2) {
        return escape(text);
    }
    let piece = |(idx, piece): (usize, &&str)| match idx % 2 {
        0 => escape(piece),
        _ => format!("<code>{}</code>", escape(piece)),
    };
    pieces.iter().enumerate().map(piece).collect()
}

/// About how many pixels `text` takes in a proportional sans-serif font of `size` pixels.
pub(crate) fn width(text: &str, size: f64) -> f64 {
    size * text.chars().map(em).sum::<f64>()
}

fn em(character: char) -> f64 {
    match character {
        'i' | 'j' | 'l' | '\'' | '|' | '.' | ',' | ':' | ';' | '!' => 0.28,
        'f' | 't' | 'r' | '(' | ')' | '[' | ']' | ' ' | '-' | '/' | '"' | '`' => 0.36,
        'm' | 'w' | 'M' | 'W' | '@' | '%' | '—' => 0.9,
        'A'..='Z' | '&' | '…' => 0.7,
        '\0'..='\u{2ff}' => 0.57,
        '\u{1100}'..='\u{11ff}' | '\u{2e80}'..='\u{d7ff}' | '\u{f900}'..='\u{faff}' => 1.0,
        '\u{ff00}'..='\u{ff60}' | '\u{1f000}'.. => 1.1,
        _ => 0.65,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_in_the_middle() {
        let check = |text: &str, n_chars, expected: &str| {
            assert_eq!(shorten_middle(text, n_chars), expected);
        };
        check("load", 4, "load");
        check("a long name for call 17", 12, "a long…ll 17");
        check("ünïcödé🦀", 5, "ün…é🦀");
        check("abc", 2, "a…");
        check("abc", 1, "…");
        check("", 0, "");
    }

    #[test]
    fn backticks_become_code() {
        let check = |text: &str, expected: &str| assert_eq!(with_code(text), expected);
        check("plain & simple", "plain &amp; simple");
        check(
            "when `('a<b', 0)` runs",
            "when <code>(&#39;a&lt;b&#39;, 0)</code> runs",
        );
        check("`a`, `b`", "<code>a</code>, <code>b</code>");
        check("one ` alone", "one ` alone");
        check("", "");
    }
}
