//! Rust's own documentation, from the pages that come with a toolchain.

use std::fs;
use std::path::{Path, PathBuf};

use super::html::{markdown, plain, within_div};
use crate::commands::show::fenced;
use crate::evaluate::native::Turn;

const WEB: &str = "https://doc.rust-lang.org/stable/std";
const MEMBERS: &[&str] = &[
    "<h2 id=\"implementations\"",
    "<h2 id=\"required-methods\"",
    "<h2 id=\"fields\"",
    "<h2 id=\"variants\"",
];
const DOCBLOCK: &str = "<div class=\"docblock\">";

/// Where the pages are, if they are installed.
pub(super) fn folder(evaluator: &Turn) -> Option<PathBuf> {
    let folder = evaluator.documentation();
    folder.is_dir().then_some(folder)
}

/// What is written about `path`, in Markdown.
pub(super) fn find(path: &[&str], is_macro: bool, evaluator: &Turn) -> Option<String> {
    let folder = folder(evaluator)?;
    let path = match path {
        ["std" | "core" | "alloc", rest @ ..] => rest,
        path => path,
    };
    if path.is_empty() {
        return item(&folder, "index.html");
    }
    let index = fs::read_to_string(folder.join("all.html")).ok()?;
    if let Some(page) = page_of(&folder, &index, path, is_macro) {
        return item(&folder, &page);
    }
    let (member, owner) = path.split_last()?;
    let page = page_of(&folder, &index, owner, false)?;
    self::member(&folder, &page, member)
}

/// The page of the item at `path`.
fn page_of(folder: &Path, index: &str, path: &[&str], is_macro: bool) -> Option<String> {
    let exists = |page: String| folder.join(&page).is_file().then_some(page);
    if let [name] = path
        && !is_macro
    {
        let keyword = exists(format!("keyword.{name}.html"));
        if let Some(page) = keyword.or_else(|| exists(format!("primitive.{name}.html"))) {
            return Some(page);
        }
    }
    let wanted = path.join("::");
    let pages = links(index).filter(|(page, name)| {
        let is_kind = !is_macro || page.contains("macro.");
        is_kind && (*name == wanted || name.ends_with(&format!("::{wanted}")))
    });
    let best = pages.min_by_key(|(page, name)| rank(page, name));
    best.map(|(page, _)| page.to_owned())
        .or_else(|| exists(format!("{}/index.html", path.join("/"))))
}

/// The pages in the list of all items, with the items' paths.
fn links(index: &str) -> impl Iterator<Item = (&str, &str)> {
    index.split("<a href=\"").filter_map(|link| {
        let (page, rest) = link.split_once("\">")?;
        let (name, _) = rest.split_once("</a>")?;
        Some((page, name))
    })
}

/// Of items with one name, what most people mean comes first.
fn rank(page: &str, path: &str) -> (bool, bool, usize, usize) {
    let segments: Vec<&str> = path.split("::").collect();
    let name = segments.last().copied().unwrap_or_default();
    let has_own_module = segments.iter().rev().nth(1) == Some(&name.to_lowercase().as_str());
    let is_alias = page.contains("type.") || page.contains("fn.");
    (!has_own_module, is_alias, segments.len(), path.len())
}

fn item(folder: &Path, page: &str) -> Option<String> {
    let html = fs::read_to_string(folder.join(page)).ok()?;
    let (_, html) = html.split_once("id=\"main-content\"")?;
    // The lists of members follow the text.
    let end = MEMBERS.iter().filter_map(|list| html.find(list)).min();
    let html = &html[..end.unwrap_or(html.len())];
    let signature = html
        .split_once("<pre class=\"rust item-decl\">")
        .and_then(|(_, rest)| rest.split_once("</pre>"))
        .map(|(signature, _)| plain(signature));
    let docs = html
        .find(DOCBLOCK)
        .and_then(|at| within_div(&html[at..], DOCBLOCK));
    Some(written(signature, docs, page, ""))
}

fn member(folder: &Path, page: &str, name: &str) -> Option<String> {
    let html = fs::read_to_string(folder.join(page)).ok()?;
    let kinds = [
        "method",
        "tymethod",
        "associatedconstant",
        "variant",
        "structfield",
        "associatedtype",
    ];
    let (anchor, start) = kinds.iter().find_map(|kind| {
        let anchor = format!("{kind}.{name}");
        let start = html.find(&format!("id=\"{anchor}\""))?;
        Some((anchor, start))
    })?;
    let html = &html[start..];
    let header = [
        "<h4 class=\"code-header\">",
        "<h3 class=\"code-header\">",
        "<code>",
    ]
    .iter()
    .filter_map(|open| Some((html.find(open)?, *open)))
    .min()?;
    let rest = &html[header.0 + header.1.len()..];
    let end = rest
        .find("</h4>")
        .into_iter()
        .chain(rest.find("</h3>"))
        .chain(rest.find("</code></"))
        .min()?;
    let signature = plain(&rest[..end]);
    let rest = &rest[end..];
    // The text of the next member is not this one's.
    let next = rest.find("<section id=").unwrap_or(rest.len());
    let docs = rest[..next]
        .find(DOCBLOCK)
        .and_then(|at| within_div(&rest[at..], DOCBLOCK));
    Some(written(Some(signature), docs, page, &format!("#{anchor}")))
}

fn written(signature: Option<String>, docs: Option<&str>, page: &str, anchor: &str) -> String {
    let signature = signature.map_or(String::new(), |text| fenced("rust", &text) + "\n\n");
    let docs = docs.map(markdown).unwrap_or_default();
    format!("{signature}{docs}\n\n<{WEB}/{page}{anchor}>")
}
