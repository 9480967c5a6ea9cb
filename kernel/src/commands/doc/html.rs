//! The pages that rustdoc writes, as Markdown.

use crate::text::without_gaps;

/// `html` as Markdown: paragraphs, headings, lists, code; links by their text.
pub(super) fn markdown(html: &str) -> String {
    let mut text = String::new();
    let mut rest = html;
    let mut is_code = false;
    while let Some(start) = rest.find('<') {
        let (before, tail) = rest.split_at(start);
        text += &if is_code {
            unescaped(before)
        } else {
            escaped(&unescaped(before))
        };
        let end = tail.find('>').map_or(tail.len(), |end| end + 1);
        let tag = &tail[..end];
        rest = &tail[end..];
        let name = tag
            .trim_start_matches('<')
            .split([' ', '>'])
            .next()
            .unwrap_or_default();
        match name {
            "pre" => {
                let (block, after) = rest.split_once("</pre>").unwrap_or((rest, ""));
                text += &format!("\n\n```rust\n{}\n```\n\n", plain(block).trim_end());
                rest = after;
            }
            "a" if tag.contains("doc-anchor") || tag.contains("test-arrow") => {
                rest = rest.split_once("</a>").map_or("", |(_, after)| after);
            }
            "code" => {
                is_code = true;
                text.push('`');
            }
            "/code" => {
                is_code = false;
                text.push('`');
            }
            "em" | "/em" | "i" | "/i" => text.push('*'),
            "strong" | "/strong" | "b" | "/b" => text.push_str("**"),
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => text.push_str("\n\n#### "),
            "li" => text.push_str("\n- "),
            "br" | "tr" => text.push('\n'),
            "td" | "th" => text.push_str(" | "),
            "p" | "/p" | "/h1" | "/h2" | "/h3" | "/h4" | "/h5" | "/h6" | "ul" | "/ul" | "ol"
            | "/ol" | "div" | "/div" | "table" | "/table" => text.push_str("\n\n"),
            _ => {}
        }
    }
    text += &escaped(&unescaped(rest));
    without_gaps(&text).trim_start().to_owned()
}

/// The text of `html` without its tags.
pub(super) fn plain(html: &str) -> String {
    let mut text = String::new();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        text += &rest[..start];
        let tail = &rest[start..];
        // rustdoc breaks lines of a signature by blocks.
        if tail.starts_with("<div") || tail.starts_with("<br") {
            text.push('\n');
        }
        rest = tail.split_once('>').map_or("", |(_, after)| after);
    }
    unescaped(&(text + rest))
}

/// What stands between `open` and the `</div>` that closes it; `html` starts with `open`.
pub(super) fn within_div<'h>(html: &'h str, open: &str) -> Option<&'h str> {
    let inner = html.strip_prefix(open)?;
    let mut depth = 1;
    let mut at = 0;
    while depth > 0 {
        let next = inner[at..].find("<div").map(|idx| at + idx);
        let end = at + inner[at..].find("</div>")?;
        match next.filter(|next| *next < end) {
            Some(next) => {
                depth += 1;
                at = next + "<div".len();
            }
            None => {
                depth -= 1;
                at = end + "</div>".len();
            }
        }
    }
    Some(&inner[..at - "</div>".len()])
}

fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&nbsp;", " ")
        // The mark of a link to notable traits.
        .replace(" ⓘ", "")
        .replace("&amp;", "&")
}

/// `text` without anything that Markdown or HTML would take for its own.
fn escaped(text: &str) -> String {
    text.replace('<', "\\<").replace('*', "\\*")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_become_markdown() {
        let html = "<p>A <code>Vec&lt;T&gt;</code> &amp; <em>x</em>.</p>\n<h2 id=\"e\"><a class=\"doc-anchor\" href=\"#e\">§</a>Examples</h2>\n\
            <div class=\"example-wrap\"><pre class=\"rust\"><code><span class=\"kw\">let </span>x = 1 &lt; 2;\n\nf();</code></pre><a class=\"test-arrow\" href=\"x\"></a></div><ul>\n<li>one</li>\n<li>two</li>\n</ul>";
        assert_eq!(
            markdown(html),
            "A `Vec<T>` & *x*.\n\n#### Examples\n\n```rust\nlet x = 1 < 2;\n\nf();\n```\n\n- one\n\n- two"
        );
        assert_eq!(
            within_div("<div a>x<div>y</div>z</div>w", "<div a>"),
            Some("x<div>y</div>z")
        );
        assert_eq!(within_div("<div a>x", "<div a>"), None);
    }
}
