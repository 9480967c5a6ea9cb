//! What is known of a name, as a MIME bundle: plain text, Markdown, and HTML in which nothing runs.

use pulldown_cmark::{
    BrokenLink, CodeBlockKind, CowStr, Event, Options, Parser, Tag, TagEnd, html,
};

use super::protocol::Documentation;
use crate::evaluate::MimeData;
use crate::text::without_gaps;

/// The bundle for `documentation`; only its first paragraph if it is to be `short`.
pub(super) fn page(documentation: &Documentation, short: bool) -> MimeData {
    let text = match short {
        true => first_paragraph(&documentation.text),
        false => &documentation.text,
    };
    let Documentation {
        signature, origin, ..
    } = documentation;
    let mut events: Vec<Event<'_>> = Vec::new();
    if !signature.is_empty() {
        events.extend(code_block(signature));
    }
    if let Some(origin) = origin {
        events.extend(emphasised(origin));
    }
    events.extend(plain_events(text));
    let mut data = MimeData::new();
    data.insert("text/plain".to_owned(), plain(&events).into());
    let markdown = markdown(signature, origin.as_deref(), text);
    data.insert("text/markdown".to_owned(), markdown.into());
    let mut html = String::new();
    html::push_html(&mut html, events.into_iter());
    data.insert("text/html".to_owned(), html.into());
    data
}

/// What is before the first empty line or heading.
fn first_paragraph(text: &str) -> &str {
    let text = text.trim_start();
    let end = text.find("\n\n").into_iter().chain(text.find("\n#")).min();
    &text[..end.unwrap_or(text.len())]
}

fn markdown(signature: &str, origin: Option<&str>, text: &str) -> String {
    let mut parts = Vec::new();
    if !signature.is_empty() {
        let fence = fence(signature);
        parts.push(format!("{fence}rust\n{signature}\n{fence}"));
    }
    parts.extend(origin.map(|origin| format!("*{origin}*")));
    parts.push(text.trim().to_owned());
    parts.retain(|part| !part.is_empty());
    parts.join("\n\n")
}

/// A fence that `code` does not hold.
fn fence(code: &str) -> String {
    let mut fence = "```".to_owned();
    while code.contains(&fence) {
        fence.push('`');
    }
    fence
}

fn code_block(code: &str) -> [Event<'_>; 3] {
    [
        Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced("rust".into()))),
        Event::Text(format!("{code}\n").into()),
        Event::End(TagEnd::CodeBlock),
    ]
}

fn emphasised(text: &str) -> [Event<'_>; 5] {
    [
        Event::Start(Tag::Paragraph),
        Event::Start(Tag::Emphasis),
        Event::Text(text.into()),
        Event::End(TagEnd::Emphasis),
        Event::End(TagEnd::Paragraph),
    ]
}

/// The Markdown `text` without HTML, pictures, lines of examples that only tests see, and links to anything but the web.
fn plain_events(text: &str) -> Vec<Event<'_>> {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    // A link to another item has its name for its text.
    let named = |_: BrokenLink<'_>| Some((CowStr::from(""), CowStr::from("")));
    let parser = Parser::new_with_broken_link_callback(text, options, Some(named));
    let mut links = Vec::new();
    let mut is_rust = false;
    let mut events = Vec::new();
    for event in parser {
        match event {
            Event::Html(raw) | Event::InlineHtml(raw) => events.push(Event::Text(raw)),
            Event::Start(Tag::HtmlBlock | Tag::Image { .. })
            | Event::End(TagEnd::HtmlBlock | TagEnd::Image) => {}
            Event::Start(Tag::Link { ref dest_url, .. }) => {
                let is_web = dest_url.starts_with("https://") || dest_url.starts_with("http://");
                links.push(is_web);
                events.extend(is_web.then_some(event));
            }
            Event::End(TagEnd::Link) => {
                let is_web = links.pop().unwrap_or_default();
                events.extend(is_web.then_some(event));
            }
            Event::Start(Tag::CodeBlock(ref kind)) => {
                is_rust = is_rust_block(kind);
                events.push(event);
            }
            Event::End(TagEnd::CodeBlock) => {
                is_rust = false;
                events.push(event);
            }
            Event::Text(code) if is_rust => events.push(Event::Text(shown_lines(&code).into())),
            event => events.push(event),
        }
    }
    events
}

/// Documentation of Rust has Rust in its blocks, if it does not say otherwise.
fn is_rust_block(kind: &CodeBlockKind<'_>) -> bool {
    let CodeBlockKind::Fenced(words) = kind else {
        return true;
    };
    const OF_TESTS: [&str; 5] = ["rust", "no_run", "should_panic", "ignore", "compile_fail"];
    let mut words = words.split([',', ' ']);
    words.all(|word| word.is_empty() || OF_TESTS.contains(&word) || word.starts_with("edition"))
}

fn shown_lines(code: &str) -> String {
    let is_shown = |line: &&str| {
        let line = line.trim();
        line != "#" && !line.starts_with("# ")
    };
    code.split_inclusive('\n').filter(is_shown).collect()
}

/// The text of `events`: paragraphs after empty lines, code as it is, lists with dashes.
fn plain(events: &[Event<'_>]) -> String {
    let mut text = String::new();
    for event in events {
        match event {
            Event::Text(piece) | Event::Code(piece) => text += piece,
            Event::SoftBreak | Event::HardBreak => text.push('\n'),
            Event::Rule => text += "\n\n---",
            Event::Start(Tag::Item) => text += "\n- ",
            Event::Start(Tag::Paragraph) if text.ends_with("- ") => {}
            Event::Start(Tag::Paragraph | Tag::Heading { .. } | Tag::CodeBlock(_)) => {
                text += "\n\n";
            }
            Event::Start(Tag::List(_) | Tag::TableRow | Tag::TableHead) => text.push('\n'),
            Event::End(TagEnd::TableCell) => text += "  ",
            _ => {}
        }
    }
    without_gaps(&text)
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn check_page(text: &str, short: bool, expected: Expect) {
        let documentation = Documentation {
            signature: "fn f<T>(x: &T)".to_owned(),
            origin: Some("std::x".to_owned()),
            text: text.to_owned(),
        };
        let data = page(&documentation, short);
        let shown: Vec<String> = data
            .iter()
            .map(|(mime, text)| format!("{mime}\n{}", text.as_str().unwrap_or_default()))
            .collect();
        expected.assert_eq(&shown.join("\n==\n"));
    }

    #[test]
    fn documentation_in_three_forms() {
        let text = "First [`Vec`] & <b>bold</b>.\n\n# Example\n```\n# hidden();\nf(&1);\n```\n- a\n- b\n\n![x](y.png) [web](https://a.b) [js](javascript:x)";
        check_page(
            text,
            false,
            expect![[r#"
                text/plain
                fn f<T>(x: &T)

                std::x

                First Vec & <b>bold</b>.

                Example

                f(&1);

                - a
                - b

                x web js
                ==
                text/markdown
                ```rust
                fn f<T>(x: &T)
                ```

                *std::x*

                First [`Vec`] & <b>bold</b>.

                # Example
                ```
                # hidden();
                f(&1);
                ```
                - a
                - b

                ![x](y.png) [web](https://a.b) [js](javascript:x)
                ==
                text/html
                <pre><code class="language-rust">fn f&lt;T&gt;(x: &amp;T)
                </code></pre>
                <p><em>std::x</em></p>
                <p>First <code>Vec</code> &amp; &lt;b&gt;bold&lt;/b&gt;.</p>
                <h1>Example</h1>
                <pre><code>f(&amp;1);
                </code></pre>
                <ul>
                <li>a</li>
                <li>b</li>
                </ul>
                <p>x <a href="https://a.b">web</a> js</p>
            "#]],
        );
        check_page(
            text,
            true,
            expect![[r#"
                text/plain
                fn f<T>(x: &T)

                std::x

                First Vec & <b>bold</b>.
                ==
                text/markdown
                ```rust
                fn f<T>(x: &T)
                ```

                *std::x*

                First [`Vec`] & <b>bold</b>.
                ==
                text/html
                <pre><code class="language-rust">fn f&lt;T&gt;(x: &amp;T)
                </code></pre>
                <p><em>std::x</em></p>
                <p>First <code>Vec</code> &amp; &lt;b&gt;bold&lt;/b&gt;.</p>
            "#]],
        );
    }
}
