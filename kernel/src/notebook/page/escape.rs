//! Text as HTML.

/// `text` so that it reads the same inside of an element or of a quoted attribute.
pub(super) fn escape(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            // HTML has no place for it.
            '\0' => html.push('\u{fffd}'),
            _ => html.push(character),
        }
    }
    html
}
