//! HTML pages, from small pieces to a whole one.

use std::path::Path;

use expect_test::{Expect, expect, expect_file};
use serde_json::{Value, json};

use super::markdown::Markdown;
use super::{ansi_html, highlight, output, page};
use crate::notebook::file;

fn check_markdown(text: &str, expect: Expect) {
    let mut markdown = Markdown::new(Path::new("/nowhere"));
    expect.assert_eq(markdown.html(text, None).trim_end());
}

fn check_output(output: Value, expect: Expect) {
    let output = output.as_object().expect("an object");
    let html = output::html(output, &mut Markdown::new(Path::new("/nowhere")));
    expect.assert_eq(html.trim_end());
}

fn check_bundle(data: Value, expect: Expect) {
    check_output(
        json!({"output_type": "display_data", "data": data, "metadata": {}}),
        expect,
    );
}

#[test]
fn renders_markdown() {
    check_markdown(
        "## A `b` *c*\n\n## A b c",
        expect![[r#"
        <h2 id="A-b-c">A <code>b</code> <em>c</em></h2>
        <h2 id="A-b-c-1">A b c</h2>"#]],
    );
    check_markdown(
        "a|b\n:-|-:\n1|2",
        expect![[r#"
        <div class="wide" tabindex="0"><table><thead><tr><th style="text-align:left">a</th><th style="text-align:right">b</th></tr></thead><tbody>
        <tr><td style="text-align:left">1</td><td style="text-align:right">2</td></tr>
        </tbody></table>
        </div>"#]],
    );
    check_markdown(
        "- [x] done\n- [ ] open",
        expect![[r#"
        <ul>
        <li><input disabled="" type="checkbox" checked="">
        done</li>
        <li><input disabled="" type="checkbox">
        open</li>
        </ul>"#]],
    );
    check_markdown(
        "text[^1]\n\n[^1]: note",
        expect![[r##"
        <p>text<sup class="footnote-reference"><a href="#note-1-1" rel="noopener noreferrer">1</a></sup></p>
        <div class="footnote-definition" id="note-1-1"><sup class="footnote-definition-label">1</sup>
        <p>note</p>
        </div>"##]],
    );
    check_markdown(
        "```rust\nlet x = \"<\";\n```\n```sh\nls <x>\n```",
        expect![[r#"
            <pre><code><span class="hl-keyword">let</span> x = <span class="hl-string">"&lt;"</span>;
            </code></pre>
            <pre><code>ls &lt;x&gt;
            </code></pre>"#]],
    );
    check_markdown(
        "$a_1 < b_2$ and ~~gone~~",
        expect![[
            r#"<p><span class="math math-inline">a_1 &lt; b_2</span> and <del>gone</del></p>"#
        ]],
    );
    check_markdown(
        "[web](https://example.org) [here](#A-b-c) [file](other.ipynb)",
        expect![[
            r##"<p><a href="https://example.org" rel="noopener noreferrer">web</a> <a href="#A-b-c" rel="noopener noreferrer">here</a> <a href="other.ipynb" rel="noopener noreferrer">file</a></p>"##
        ]],
    );
    check_markdown(
        "![far](https://example.org/x.png) ![missing](missing.png)",
        expect![[
            r#"<p><a href="https://example.org/x.png" rel="noopener noreferrer">far</a> <a href="missing.png" rel="noopener noreferrer">missing</a></p>"#
        ]],
    );
    check_markdown(
        "![dot](data:image/png;base64,AA==)",
        expect![[r#"<p><img src="data:image/png;base64,AA==" alt="dot"></p>"#]],
    );
}

#[test]
fn sanitises_raw_html() {
    check_markdown(
        "a<br>b <b>bold</b> <sub>2</sub>",
        expect!["<p>a<br>b <b>bold</b> <sub>2</sub></p>"],
    );
    check_markdown(
        "<details open><summary>more</summary>\n\ntext\n\n</details>",
        expect![[r#"
            <details open=""><summary>more</summary>
            <p>text</p>
            </details>"#]],
    );
    check_markdown("<script>alert(1)</script>after", expect!["after"]);
    check_markdown(
        "<img src=x onerror=alert(1)> <svg onload=alert(1)>",
        expect!["<p><img> </p>"],
    );
    check_markdown(
        "[x](javascript:alert(1)) [y](data:text/html,z) [z](  JaVaScRiPt:1)",
        expect![[
            r#"<p><a rel="noopener noreferrer">x</a> <a rel="noopener noreferrer">y</a> <a rel="noopener noreferrer">z</a></p>"#
        ]],
    );
    check_markdown(
        "</section></main><style>*{}</style><b>open",
        expect!["<b>open</b>"],
    );
    check_markdown(
        "<p style=\"text-align:center;position:fixed\" onclick=x>p</p>",
        expect![[r#"<p style="text-align:center">p</p>"#]],
    );
}

#[test]
fn embeds_pictures() {
    let directory = tempfile::tempdir().expect("a directory");
    std::fs::write(directory.path().join("a b.svg"), "<svg/>").expect("a file");
    let mut markdown = Markdown::new(directory.path());
    let attachments = json!({"x.png": {"image/png": "AA==\n"}});
    let html = markdown.html(
        "![one](a%20b.svg) ![two](attachment:x.png) <img src='a b.svg' width=9>",
        attachments.as_object(),
    );
    expect![[r#"
        <p><img src="data:image/svg+xml;base64,PHN2Zy8+" alt="one"> <img src="data:image/png;base64,AA==" alt="two"> <img src="data:image/svg+xml;base64,PHN2Zy8+" width="9"></p>
    "#]].assert_eq(&html);
}

#[test]
fn shows_the_best_representation() {
    check_bundle(
        json!({"text/plain": "p", "text/html": "<b>h</b>", "image/png": "AA=="}),
        expect![[r#"<div class="output"><b>h</b></div>"#]],
    );
    check_bundle(
        json!({"text/plain": "a \"picture\"\nof x", "image/svg+xml": "<svg id=\"x\"/>"}),
        expect![[
            r#"<div class="output"><img src="data:image/svg+xml;base64,PHN2ZyBpZD0ieCIvPg==" alt="a &quot;picture&quot; of x"></div>"#
        ]],
    );
    check_bundle(
        json!({"text/plain": "p", "image/png": "AA\n==\n"}),
        expect![[r#"<div class="output"><img src="data:image/png;base64,AA==" alt="p"></div>"#]],
    );
    check_bundle(
        json!({"text/latex": "$<$", "text/plain": "p"}),
        expect![[r#"<div class="output"><pre>$&lt;$</pre></div>"#]],
    );
    check_bundle(
        json!({"text/markdown": "*m*<script>", "text/plain": "p"}),
        expect![[r#"<div class="output"><p><em>m</em></p></div>"#]],
    );
    check_bundle(
        json!({"application/json": {"b": ["<"]}}),
        expect![[r#"
        <div class="output"><pre>{
          &quot;b&quot;: [
            &quot;&lt;&quot;
          ]
        }</pre></div>"#]],
    );
    check_bundle(
        json!({"text/plain": "\u{1b}[1;31mred\u{1b}[0m <"}),
        expect![[
            r#"<div class="output"><pre><span class="ansi-bold ansi-red-fg">red</span> &lt;</pre></div>"#
        ]],
    );
    check_bundle(
        json!({"application/x<y": 1}),
        expect![[
            r#"<div class="output"><p class="note">An output of type application/x&lt;y, which this page cannot show.</p></div>"#
        ]],
    );
    check_bundle(json!({}), expect![""]);
    check_output(
        json!({"output_type": "stream", "name": "stderr", "text": "<warn>\n"}),
        expect![[
            r#"<div class="output stderr"><span class="aloud">Standard error:</span><pre>&lt;warn&gt;</pre></div>"#
        ]],
    );
    check_output(
        json!({"output_type": "error", "ename": "E", "evalue": "<v>", "traceback": []}),
        expect![[
            r#"<div class="output error"><span class="aloud">Error:</span><pre>E: &lt;v&gt;</pre></div>"#
        ]],
    );
    check_output(
        json!({"output_type": "error", "traceback": ["\u{1b}[31mE\u{1b}[0m", "at <cell>"]}),
        expect![[r#"
            <div class="output error"><span class="aloud">Error:</span><pre><span class="ansi-red-fg">E</span>
            at &lt;cell&gt;</pre></div>"#]],
    );
}

#[test]
fn colours_become_spans() {
    let check = |text: &str, expect: Expect| expect.assert_eq(&ansi_html::html(text));
    check(
        "\u{1b}[1;4;92;44mx\u{1b}[22;39my\u{1b}[mz",
        expect![[
            r#"<span class="ansi-bold ansi-underline ansi-green-intense-fg ansi-blue-bg">x</span><span class="ansi-underline ansi-blue-bg">y</span>z"#
        ]],
    );
    check(
        "\u{1b}[38;5;208ma\u{1b}[38;5;240mb\u{1b}[48;2;1;2;3mc",
        expect![[
            r#"<span style="color:rgb(255,135,0);">a</span><span style="color:rgb(88,88,88);">b</span><span style="color:rgb(88,88,88);background-color:rgb(1,2,3);">c</span>"#
        ]],
    );
    check(
        "50 %\r60 %\n\u{1b}[31mtwo\nlines",
        expect![[r#"
        60 %
        <span class="ansi-red-fg">two</span>
        <span class="ansi-red-fg">lines</span>"#]],
    );
}

#[test]
fn highlights_rust() {
    let check = |code: &str, expect: Expect| expect.assert_eq(&highlight::rust(code));
    check(
        "let x: Vec<u8> = r#\"a\"b\"#; // done",
        expect![[
            r#"<span class="hl-keyword">let</span> x: <span class="hl-type">Vec</span>&lt;<span class="hl-type">u8</span>&gt; = <span class="hl-string">r#&quot;a&quot;b&quot;#</span>; <span class="hl-comment">// done</span>"#
        ]],
    );
    check(
        "fn f<'a>(c: char) { println!(\"{c}\"); g::<T>('x') != 1.5e3 }",
        expect![[
            r#"<span class="hl-keyword">fn</span> f&lt;<span class="hl-lifetime">&#39;a</span>&gt;(c: <span class="hl-type">char</span>) { <span class="hl-macro">println</span>!(<span class="hl-string">&quot;{c}&quot;</span>); <span class="hl-function">g</span>::&lt;<span class="hl-type">T</span>&gt;(<span class="hl-string">&#39;x&#39;</span>) != <span class="hl-number">1.5e3</span> }"#
        ]],
    );
    check(
        "\"never ends <",
        expect![[r#"<span class="hl-string">&quot;never ends &lt;</span>"#]],
    );
    check(
        ":dep serde = \"1\"\n/* open",
        expect![[r#"
        :dep serde = <span class="hl-string">&quot;1&quot;</span>
        <span class="hl-comment">/* open</span>"#]],
    );
}

#[test]
fn is_one_whole_page() {
    let notebook = json!({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": [
        {"cell_type": "markdown", "metadata": {}, "source": "# A &lt;title> & `more`\n\ntext"},
        {"cell_type": "raw", "metadata": {}, "source": "<raw>"},
        {"cell_type": "code", "metadata": {}, "execution_count": 1, "source": "1 < 2", "outputs": [
            {"output_type": "execute_result", "execution_count": 1, "metadata": {}, "data": {"text/plain": "true"}}]},
        {"cell_type": "code", "metadata": {"jupyter": {"source_hidden": true, "outputs_hidden": true}}, "execution_count": 2,
            "source": "x", "outputs": [{"output_type": "stream", "name": "stdout", "text": "out"}]},
        {"cell_type": "code", "metadata": {}, "source": "not run"},
        {"cell_type": "code", "metadata": {}, "source": " \n"}
    ]});
    let notebook = file::read(&notebook.to_string()).expect("a notebook");
    let page = page(&notebook, "name", Path::new("/nowhere"));
    let without_assets = page
        .replace(super::STYLE, "…\n")
        .replace(super::SCRIPT, "…\n");
    expect_file!["tests/page.html"].assert_eq(&without_assets);
}
