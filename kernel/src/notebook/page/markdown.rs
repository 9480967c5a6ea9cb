//! Markdown cells and outputs as HTML: whatever raw HTML they hold is sanitised, and what they point at is embedded.

use std::borrow::Cow;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

use ammonia::{Builder, UrlRelative};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use pulldown_cmark::{CodeBlockKind, CowStr, Event, LinkType, Options, Parser, Tag, TagEnd, html};

use super::escape::escape;
use super::highlight;
use crate::notebook::file::Object;
use crate::notebook::mime;

/// What Markdown texts of one page share.
pub(super) struct Markdown {
    /// Where relative images are.
    directory: PathBuf,
    ids: HashSet<String>,
    n_texts: usize,
    sanitiser: Builder<'static>,
}

impl Markdown {
    pub(super) fn new(directory: &Path) -> Self {
        Markdown {
            directory: directory.to_owned(),
            ids: HashSet::new(),
            n_texts: 0,
            sanitiser: sanitiser(directory.to_owned()),
        }
    }

    /// `text` as HTML; `attachments` are the images that its cell carries.
    pub(super) fn html(&mut self, text: &str, attachments: Option<&Object>) -> String {
        self.n_texts += 1;
        let events = Parser::new_ext(text, options()).collect();
        let events = with_heading_ids(events, &mut self.ids);
        let events = with_code_blocks(events);
        let events = events
            .into_iter()
            .map(|event| self.with_own_footnotes(event));
        let events = self.with_embedded_images(events.collect(), attachments);
        let mut html = String::new();
        html::push_html(
            &mut html,
            events.into_iter().flat_map(with_scrolling_tables),
        );
        self.sanitiser.clean(&html).to_string()
    }

    /// Footnotes of several cells may have the same name, and all are on one page.
    fn with_own_footnotes<'a>(&self, event: Event<'a>) -> Event<'a> {
        let own = |name: CowStr<'a>| CowStr::from(format!("note-{}-{name}", self.n_texts));
        match event {
            Event::FootnoteReference(name) => Event::FootnoteReference(own(name)),
            Event::Start(Tag::FootnoteDefinition(name)) => {
                Event::Start(Tag::FootnoteDefinition(own(name)))
            }
            event => event,
        }
    }

    /// Images become part of the page; those on other servers become links.
    fn with_embedded_images<'a>(
        &self,
        events: Vec<Event<'a>>,
        attachments: Option<&Object>,
    ) -> Vec<Event<'a>> {
        let mut linked = Vec::new();
        let embed = |event| match event {
            Event::Start(Tag::Image {
                link_type,
                dest_url,
                title,
                id,
            }) => {
                let url = self.embedded(&dest_url, attachments);
                linked.push(url.is_none());
                Event::Start(match url {
                    Some(url) => Tag::Image {
                        link_type,
                        dest_url: url.into(),
                        title,
                        id,
                    },
                    None => Tag::Link {
                        link_type: LinkType::Inline,
                        dest_url,
                        title,
                        id,
                    },
                })
            }
            Event::End(TagEnd::Image) if linked.pop() == Some(true) => Event::End(TagEnd::Link),
            event => event,
        };
        events.into_iter().map(embed).collect()
    }

    fn embedded(&self, url: &str, attachments: Option<&Object>) -> Option<String> {
        if url.starts_with("data:image/") {
            return Some(url.to_owned());
        }
        if let Some(name) = url.strip_prefix("attachment:") {
            let bundle = attachments?.get(name)?.as_object()?;
            let mime = bundle.keys().find(|mime| mime.starts_with("image/"))?;
            return Some(format!(
                "data:{mime};base64,{}",
                mime::text(bundle, mime)?.trim()
            ));
        }
        picture(&self.directory, url)
    }
}

/// The picture in the file at `url`, as a URL that holds all of it.
fn picture(directory: &Path, url: &str) -> Option<String> {
    let mime = image_mime(url)?;
    let bytes = std::fs::read(directory.join(url.replace("%20", " "))).ok()?;
    Some(format!("data:{mime};base64,{}", BASE64.encode(bytes)))
}

fn options() -> Options {
    Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_MATH
}

fn image_mime(path: &str) -> Option<&'static str> {
    let extension = Path::new(path).extension()?.to_str()?.to_lowercase();
    match extension.as_str() {
        "png" => Some("image/png"),
        "jpg" | "jpeg" => Some("image/jpeg"),
        "gif" => Some("image/gif"),
        "webp" => Some("image/webp"),
        "svg" => Some("image/svg+xml"),
        _ => None,
    }
}

/// Gives headings the ids that Jupyter gives them, so that links inside of a notebook work.
fn with_heading_ids<'a>(mut events: Vec<Event<'a>>, ids: &mut HashSet<String>) -> Vec<Event<'a>> {
    for start in 0..events.len() {
        let Event::Start(Tag::Heading { .. }) = events[start] else {
            continue;
        };
        let text: String = events[start + 1..]
            .iter()
            .take_while(|event| !matches!(event, Event::End(TagEnd::Heading(_))))
            .filter_map(|event| match event {
                Event::Text(text) | Event::Code(text) => Some(text.as_ref()),
                Event::SoftBreak | Event::HardBreak => Some(" "),
                _ => None,
            })
            .collect();
        let name = text.trim().replace(char::is_whitespace, "-");
        let candidates = std::iter::once(name.clone()).chain((1..).map(|n| format!("{name}-{n}")));
        let fresh = candidates.into_iter().find(|id| ids.insert(id.clone()));
        if let Event::Start(Tag::Heading { id, .. }) = &mut events[start] {
            *id = fresh.map(CowStr::from);
        }
    }
    events
}

/// Puts highlighted HTML in the place of code blocks.
fn with_code_blocks(events: Vec<Event<'_>>) -> Vec<Event<'_>> {
    let mut result = Vec::with_capacity(events.len());
    let mut block: Option<(bool, String)> = None;
    for event in events {
        match (event, &mut block) {
            (Event::Start(Tag::CodeBlock(kind)), _) => {
                block = Some((is_rust(&kind), String::new()))
            }
            (Event::End(TagEnd::CodeBlock), _) => {
                if let Some((is_rust, code)) = block.take() {
                    let code = if is_rust {
                        highlight::rust(&code)
                    } else {
                        escape(&code)
                    };
                    result.push(Event::Html(
                        format!("<pre><code>{code}</code></pre>\n").into(),
                    ));
                }
            }
            (Event::Text(text), Some((_, code))) => code.push_str(&text),
            (event, _) => result.push(event),
        }
    }
    result
}

/// Puts a table into a box of its own, which scrolls where the table is wider than the page.
fn with_scrolling_tables(event: Event<'_>) -> Vec<Event<'_>> {
    match event {
        Event::Start(Tag::Table(_)) => {
            vec![
                Event::Html("<div class=\"wide\" tabindex=\"0\">".into()),
                event,
            ]
        }
        Event::End(TagEnd::Table) => vec![event, Event::Html("</div>\n".into())],
        event => vec![event],
    }
}

fn is_rust(kind: &CodeBlockKind<'_>) -> bool {
    match kind {
        CodeBlockKind::Fenced(language) => {
            let language = language.split([',', ' ']).next().unwrap_or_default();
            language.eq_ignore_ascii_case("rust") || language.eq_ignore_ascii_case("rs")
        }
        CodeBlockKind::Indented => false,
    }
}

/// Lets through what Markdown needs and what people write by hand for layout; no script, no style, no form.
fn sanitiser(directory: PathBuf) -> Builder<'static> {
    let mut builder = Builder::default();
    builder
        .add_tags(["input", "section"])
        .add_tag_attributes("input", ["checked", "disabled"])
        .add_tag_attribute_values("input", "type", ["checkbox"])
        .add_tag_attributes("details", ["open"])
        .add_tag_attributes("div", ["tabindex"])
        .add_generic_attributes(["class", "id", "style"])
        .filter_style_properties(["text-align"].into())
        .add_url_schemes(["data"])
        .link_rel(Some("noopener noreferrer"))
        .url_relative(UrlRelative::PassThrough)
        .attribute_filter(move |element, attribute, value| {
            let is_data = value.trim_start().to_lowercase().starts_with("data:");
            match (element, attribute) {
                ("img", "src") if value.starts_with("data:image/") => Some(value.into()),
                ("img", "src") => picture(&directory, value).map(Cow::from),
                (_, "href" | "src" | "cite") if is_data => None,
                _ => Some(value.into()),
            }
        });
    builder
}
