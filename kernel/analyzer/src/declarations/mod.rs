//! Declarations of crates as Rust text, made from their compiled metadata: what rust-analyzer reads in place of sources,
//! which need not be there.
//!
//! rustdoc inlines the items of a foreign crate, documentation included, into the pages of one that re-exports it. These
//! pages are read back into one text per crate: no bodies, no private items, every name a path that resolves.
//!
//! - `rustdoc`: runs it
//! - `html`, `code`, `markdown`: the languages of a page
//! - `page`: a page to an item with its members and impls
//! - `text`: items to the text of the crate; `declaration`, `impls` write one of them
//! - `macros`: what macros become
//! - `tuples`: impls for tuples of every length
//! - `standard`: what is particular about std
//! - `cache`: texts are kept on disk

mod cache;
mod code;
mod declaration;
mod html;
mod impls;
mod macros;
mod markdown;
mod page;
mod rustdoc;
mod standard;
#[cfg(test)]
mod tests;
mod text;
mod tuples;

use std::collections::HashMap;
use std::fmt::Write;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use self::code::{FACADE, Paths, raw_path};
use self::html::Token;
use self::page::{Kind, Page};
use self::rustdoc::{Folder, Rustdoc};
use self::text::{Crate, Item};

/// A crate to declare.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Source {
    /// The crate's name, as code writes it.
    pub(crate) name: String,
    /// The file with its metadata; none for std, which is declared together with `core` and `alloc`.
    pub(crate) file: Option<PathBuf>,
    /// Where the crates lie that it stands on.
    pub(crate) folders: Vec<PathBuf>,
}

/// Makes declarations and keeps them.
#[derive(Clone, Debug)]
pub(crate) struct Declarations {
    /// The toolchain's `rustdoc`.
    pub(crate) rustdoc: PathBuf,
    /// What `rustc --version` says: metadata of other versions cannot be read.
    pub(crate) rustc_version: String,
    /// The folder for texts of this and other toolchains.
    pub(crate) cache: PathBuf,
}

impl Declarations {
    /// The text of a crate, if it has been made before. Reads a file.
    pub(crate) fn cached(&self, source: &Source) -> Option<String> {
        cache::read(self, source)
    }

    /// Makes the text of a crate, which takes seconds, and keeps it.
    ///
    /// # Errors
    /// If rustdoc cannot run or fails, or if there is no space for its pages. A text that cannot be kept is no error.
    pub(crate) fn make(&self, source: &Source) -> io::Result<String> {
        let text = self.declare(source)?;
        let _ = cache::write(self, source, &text);
        Ok(text)
    }

    fn declare(&self, source: &Source) -> io::Result<String> {
        let rustdoc = Rustdoc {
            program: &self.rustdoc,
            external: source
                .file
                .as_deref()
                .map(|file| (source.name.as_str(), file)),
            folders: &source.folders,
        };
        let is_std = source.file.is_none();
        let folder = Folder::new()?;
        let (facade, own) = match is_std {
            true => (standard::facade(), FACADE.to_owned()),
            false => (
                format!("#[doc(inline)] pub use ::{};\n", source.name),
                format!("{FACADE}::{}", source.name),
            ),
        };
        let pages = rustdoc.run(&facade, &folder, "pages")?;
        let paths = Paths::new(own);
        let root = if is_std {
            pages
        } else {
            pages.join(&source.name)
        };
        let mut items = Vec::new();
        read_pages(&root, &mut Vec::new(), &paths, &mut items)?;
        let definitions = definitions(&rustdoc, &folder, &source.name, &items).unwrap_or_default();
        let source = Crate {
            is_std,
            items,
            definitions,
            name: source.name.clone(),
        };
        Ok(text::crate_text(&source))
    }
}

/// Reads the pages of a folder, which is a module, and of those below, in the order of their names.
fn read_pages(
    folder: &Path,
    module: &mut Vec<String>,
    paths: &Paths,
    items: &mut Vec<Item>,
) -> io::Result<()> {
    let mut entries: Vec<_> = fs::read_dir(folder)?.collect::<io::Result<_>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type()?.is_dir() {
            module.push(name);
            read_pages(&entry.path(), module, paths, items)?;
            module.pop();
        } else if let Some((kind, name)) = kind_and_name(&name) {
            let html = fs::read_to_string(entry.path())?;
            let mut path = module.clone();
            path.extend(name);
            let page = Page::read(&html, paths);
            items.push(Item { kind, path, page });
        }
    }
    Ok(())
}

/// What the name of a page says: `struct.Vec.html`, `index.html`.
fn kind_and_name(file: &str) -> Option<(Kind, Option<String>)> {
    let stem = file.strip_suffix(".html")?;
    if stem == "index" {
        return Some((Kind::Module, None));
    }
    let (kind, name) = stem.split_once('.')?;
    let name = name.strip_prefix("r#").unwrap_or(name);
    let kind = Kind::of_file(kind).filter(|_| !name.contains('!') && name != "_")?;
    Some((kind, Some(name.to_owned())))
}

/// Where items are defined, by kind and public path. rustdoc says this of what it does not inline.
fn definitions(
    rustdoc: &Rustdoc,
    folder: &Folder,
    name: &str,
    items: &[Item],
) -> io::Result<HashMap<(Kind, String), String>> {
    let mut source = String::new();
    for (number, item) in items.iter().enumerate() {
        if !matches!(item.kind, Kind::Module | Kind::Primitive) {
            let path = raw_path(&item.path.join("::"));
            let _ = writeln!(
                source,
                "#[doc(no_inline)] pub use ::{name}::{path} as i{number}_;"
            );
        }
    }
    let page = rustdoc.run(&source, folder, "definitions")?;
    let html = fs::read_to_string(page.join("index.html"))?;
    let tokens = html::tokens(&html);
    let mut definitions = HashMap::new();
    let mut title = None;
    for token in &tokens {
        match token {
            Token::Open { name: "a", .. } => title = token.attribute("title"),
            Token::Text(text) if text.ends_with("_;") => {
                let number = text
                    .rsplit(" as i")
                    .next()
                    .and_then(|number| number.strip_suffix("_;")?.parse::<usize>().ok());
                let item = number.and_then(|number| items.get(number));
                let defined = title.take().and_then(|title| title.split_once(' '));
                if let (Some(item), Some((kind, path))) = (item, defined)
                    && Kind::of_file(kind) == Some(item.kind)
                {
                    definitions.insert((item.kind, item.path.join("::")), path.to_owned());
                }
            }
            _ => {}
        }
    }
    Ok(definitions)
}
