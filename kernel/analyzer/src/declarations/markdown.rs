//! Turns documentation from rustdoc's HTML back into Markdown, as far as a tooltip needs it.

use super::code::text;
use super::html::{Token, end_of_element, unescape};

/// Documentation is cut behind the paragraph in which it gets longer than this, in bytes.
const LENGTH_MAX: usize = 2_000;

/// The Markdown of the tokens of one block of documentation.
pub(super) fn markdown(tokens: &[Token]) -> String {
    let mut writer = Writer::default();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        at = writer.token(tokens, at, token);
        if writer.text.len() > LENGTH_MAX && writer.is_between_blocks {
            if tokens[at..]
                .iter()
                .any(|token| matches!(token, Token::Text(text) if !text.trim().is_empty()))
            {
                writer.block();
                writer.text.push('…');
            }
            break;
        }
    }
    writer.text.trim_end().to_owned()
}

#[derive(Default)]
struct Writer {
    text: String,
    lists: Vec<List>,
    is_between_blocks: bool,
}

/// A list around the current place.
struct List {
    is_ordered: bool,
    n_items: usize,
}

impl Writer {
    /// Writes the token at `at` and returns where to go on.
    fn token(&mut self, tokens: &[Token], at: usize, token: &Token) -> usize {
        match *token {
            Token::Text(text) => self.text(&unescape(text)),
            Token::Open { name, .. } => match name {
                "pre" => {
                    let end = end_of_element(tokens, at);
                    self.code_block(token, &tokens[at..end]);
                    return end + 1;
                }
                "code" => {
                    let end = end_of_element(tokens, at);
                    self.inline_code(&text(&tokens[at..end]));
                    return end + 1;
                }
                "a" if token.has_class("doc-anchor") || token.has_class("tooltip") => {
                    return end_of_element(tokens, at) + 1;
                }
                "script" | "style" | "svg" => return end_of_element(tokens, at) + 1,
                _ => self.open(name),
            },
            Token::Close(name) => self.close(name),
        }
        at + 1
    }

    fn open(&mut self, name: &str) {
        match name {
            "p" | "div" | "table" | "details" | "blockquote" => self.block(),
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                self.block();
                self.text.push_str("# ");
            }
            "ul" | "ol" => self.lists.push(List {
                is_ordered: name == "ol",
                n_items: 0,
            }),
            "li" => self.item(),
            "br" => self.line(),
            "hr" => {
                self.block();
                self.text.push_str("---");
                self.block();
            }
            "tr" => {
                if !self.text.is_empty() {
                    self.line();
                }
                self.text.push('|');
            }
            "em" | "i" => self.mark("*"),
            "strong" | "b" => self.mark("**"),
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
        match name {
            "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "table" | "div" | "blockquote" => {
                self.block()
            }
            "ul" | "ol" => {
                self.lists.pop();
                if self.lists.is_empty() {
                    self.block();
                }
            }
            "td" | "th" => self.text.push_str(" |"),
            "thead" => {
                let columns = self
                    .text
                    .lines()
                    .last()
                    .map_or(0, |line| line.matches(" |").count());
                self.line();
                self.text.push('|');
                self.text.push_str(&" --- |".repeat(columns));
            }
            "em" | "i" => self.text.push('*'),
            "strong" | "b" => self.text.push_str("**"),
            _ => {}
        }
    }

    fn mark(&mut self, mark: &str) {
        self.is_between_blocks = false;
        self.text.push_str(mark);
    }

    fn text(&mut self, text: &str) {
        let text = match self.is_between_blocks || self.text.ends_with('\n') {
            true => text.trim_start(),
            false => text,
        };
        let is_between_rows = self.text.ends_with('|') && text.trim().is_empty();
        if text.is_empty() || is_between_rows {
            return;
        }
        self.is_between_blocks = false;
        if self.text.ends_with('|') {
            self.text.push(' ');
        }
        let mut lines = text.split('\n');
        self.text.push_str(lines.next().unwrap_or_default());
        for line in lines {
            self.line();
            self.text.push_str(line);
        }
    }

    fn inline_code(&mut self, code: &str) {
        self.is_between_blocks = false;
        if self.text.ends_with('|') {
            self.text.push(' ');
        }
        let code = code.replace('\n', " ");
        match code.contains('`') {
            true => self.text.push_str(&format!("`` {code} ``")),
            false => self.text.push_str(&format!("`{code}`")),
        }
    }

    fn code_block(&mut self, pre: &Token, content: &[Token]) {
        let code = text(content);
        let code = code.trim_matches('\n');
        let fence = if code.contains("```") { "````" } else { "```" };
        self.block();
        self.is_between_blocks = false;
        self.text.push_str(fence);
        self.text.push_str(if pre.has_class("rust") {
            "rust"
        } else {
            "text"
        });
        for line in code.split('\n') {
            if self.text.len() > 2 * LENGTH_MAX {
                self.line();
                self.text.push('…');
                break;
            }
            self.line();
            self.text.push_str(line.trim_end_matches('\r'));
        }
        self.line();
        self.text.push_str(fence);
        self.block();
    }

    fn item(&mut self) {
        self.text.truncate(self.text.trim_end().len());
        let depth = self.lists.len().saturating_sub(1);
        let mut marker = "- ".to_owned();
        let mut is_first = false;
        if let Some(list) = self.lists.last_mut() {
            is_first = list.n_items == 0;
            list.n_items += 1;
            if list.is_ordered {
                marker = format!("{}. ", list.n_items);
            }
        }
        if !self.text.is_empty() {
            self.text
                .push_str(if is_first && depth == 0 { "\n\n" } else { "\n" });
        }
        self.text.push_str(&"  ".repeat(depth));
        self.text.push_str(&marker);
        self.is_between_blocks = true;
    }

    /// Ends a paragraph.
    fn block(&mut self) {
        if self.is_between_blocks || self.text.is_empty() {
            self.is_between_blocks = true;
            return;
        }
        self.text.truncate(self.text.trim_end().len());
        self.line();
        self.line();
        self.is_between_blocks = true;
    }

    fn line(&mut self) {
        self.text.push('\n');
        self.text.push_str(&"  ".repeat(self.lists.len()));
    }
}

#[cfg(test)]
mod tests {
    use super::super::html::tokens;
    use super::*;

    fn check(html: &str, expected: &str) {
        assert_eq!(markdown(&tokens(html)), expected);
    }

    #[test]
    fn paragraphs() {
        check(
            "<p>One\ntwo.</p>\n<p>Three <code>a&lt;b</code>.</p>\n",
            "One\ntwo.\n\nThree `a<b`.",
        );
        check(
            "<p><em>a</em> <strong>b</strong> <a href=\"x\">c</a></p>",
            "*a* **b** c",
        );
        check(
            "<h2 id=\"e\"><a class=\"doc-anchor\" href=\"#e\">§</a>Examples</h2><p>x</p>",
            "# Examples\n\nx",
        );
        check("", "");
    }

    #[test]
    fn code_blocks() {
        check(
            "<p>a</p><div class=\"example-wrap\"><pre class=\"rust rust-example-rendered\"><code><span class=\"kw\">let </span>a = 1;\n\n    b</code></pre></div><p>c</p>",
            "a\n\n```rust\nlet a = 1;\n\n    b\n```\n\nc",
        );
        check(
            "<pre class=\"language-text\"><code>x</code></pre>",
            "```text\nx\n```",
        );
    }

    #[test]
    fn lists() {
        check(
            "<p>a</p>\n<ul>\n<li>b\nc</li>\n<li>d</li>\n</ul>\n<p>e</p>",
            "a\n\n- b\n  c\n- d\n\ne",
        );
        check(
            "<ol><li><p>a</p></li><li>b<ul><li>c</li></ul></li></ol>",
            "1. a\n2. b\n  - c",
        );
    }

    #[test]
    fn tables() {
        check(
            "<table><thead><tr><th>a</th><th>b</th></tr></thead><tbody>\n<tr><td>1</td><td><code>2</code></td></tr></tbody></table>",
            "| a | b |\n| --- | --- |\n| 1 | `2` |",
        );
    }

    #[test]
    fn long_documentation_is_cut_between_paragraphs() {
        let paragraph = format!("<p>{}</p>", "é".repeat(LENGTH_MAX / 2 + 1));
        check(
            &paragraph.repeat(3),
            &format!("{}\n\n…", "é".repeat(LENGTH_MAX / 2 + 1)),
        );
        check(&paragraph, &"é".repeat(LENGTH_MAX / 2 + 1));
    }

    #[test]
    fn broken_html_is_read_to_its_end() {
        check("<p>a</div></ul><code>b", "a\n\n`b`");
        check("a <b>c", "a **c");
    }
}
