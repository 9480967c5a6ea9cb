//! Reads one page of rustdoc's HTML: an item, its members, its impls.

use super::code::{Paths, text};
use super::html::{Token, end_of_element, tokens};
use super::markdown::markdown;

/// What a page is about, as the name of its file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Kind {
    Module,
    Struct,
    Enum,
    Union,
    Trait,
    Type,
    ForeignType,
    Constant,
    Static,
    Function,
    Macro,
    Derive,
    Primitive,
}

impl Kind {
    /// The kind of the pages whose names start so, as `struct` of `struct.Vec.html`.
    pub(super) fn of_file(name: &str) -> Option<Self> {
        Some(match name {
            "struct" => Kind::Struct,
            "enum" => Kind::Enum,
            "union" => Kind::Union,
            "trait" => Kind::Trait,
            "type" => Kind::Type,
            "foreigntype" => Kind::ForeignType,
            "constant" => Kind::Constant,
            "static" => Kind::Static,
            "fn" => Kind::Function,
            "macro" => Kind::Macro,
            "derive" => Kind::Derive,
            "primitive" => Kind::Primitive,
            _ => return None,
        })
    }
}

/// What rustdoc says beside an item.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Marks {
    pub(super) is_unstable: bool,
    /// The note of a deprecation.
    pub(super) deprecated: Option<String>,
}

/// A method, an associated type or constant, with its signature.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Member {
    /// As rustdoc names it in the page: `method.push`, `tymethod.next`, `associatedtype.Item`.
    pub(super) id: String,
    pub(super) signature: String,
    pub(super) docs: String,
    pub(super) marks: Marks,
}

/// A field or a variant; its declaration is part of the item's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Part {
    /// The name, or `Variant.field`.
    pub(super) name: String,
    pub(super) docs: String,
    pub(super) marks: Marks,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Impl {
    pub(super) header: String,
    pub(super) members: Vec<Member>,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) declaration: String,
    pub(super) docs: String,
    pub(super) marks: Marks,
    pub(super) parts: Vec<Part>,
    /// The members of a trait.
    pub(super) members: Vec<Member>,
    pub(super) impls: Vec<Impl>,
}

impl Page {
    pub(super) fn read(html: &str, paths: &Paths) -> Page {
        let tokens = tokens(main_content(html));
        let mut reader = Reader {
            page: Page::default(),
            place: Place::Item,
            is_skipping: false,
            paths,
        };
        let mut at = 0;
        while at < tokens.len() {
            at = reader.read(&tokens, at);
        }
        reader.page
    }
}

/// The part of a page without what is around it and without the impls that every type has.
fn main_content(html: &str) -> &str {
    let start = html.find("<section id=\"main-content\"").unwrap_or(0);
    let content = &html[start..];
    let end = [
        "<h2 id=\"synthetic-implementations\"",
        "<h2 id=\"blanket-implementations\"",
    ]
    .iter()
    .filter_map(|heading| content.find(heading))
    .min();
    &content[..end.unwrap_or(content.len())]
}

/// What documentation and marks belong to.
enum Place {
    Item,
    Part,
    Member,
    Impl,
    ImplMember,
}

struct Reader<'a> {
    page: Page,
    place: Place,
    /// Whether the current section repeats what other pages have.
    is_skipping: bool,
    paths: &'a Paths,
}

impl Reader<'_> {
    /// Reads what starts at the token `at` and returns where to go on.
    fn read(&mut self, tokens: &[Token], at: usize) -> usize {
        let token = &tokens[at];
        if !matches!(token, Token::Open { .. }) {
            return at + 1;
        }
        if token.opens("h2") && token.has_class("section-header") {
            let id = token.attribute("id").unwrap_or_default();
            self.is_skipping = id.starts_with("deref-methods");
            return at + 1;
        }
        if self.is_skipping {
            return at + 1;
        }
        if token.opens("pre") && token.has_class("item-decl") {
            let end = end_of_element(tokens, at);
            if self.page.declaration.is_empty() {
                self.page.declaration = self.paths.code(&tokens[at + 1..end]);
            }
            return end + 1;
        }
        if token.has_class("docblock") {
            return self.docs(tokens, at);
        }
        if token.opens("div") && token.has_class("stab") {
            return self.mark(tokens, at);
        }
        if token.has_class("code-header") {
            let end = end_of_element(tokens, at);
            self.header(&tokens[at + 1..end]);
            return end + 1;
        }
        if let Some(id) = token.attribute("id") {
            self.section(token, id);
        }
        at + 1
    }

    fn section(&mut self, token: &Token, id: &str) {
        if let Some(part) = id
            .strip_prefix("structfield.")
            .or_else(|| id.strip_prefix("variant."))
        {
            self.page.parts.push(Part {
                name: part.replace(".field.", "."),
                ..Part::default()
            });
            self.place = Place::Part;
        } else if token.opens("section") && token.has_class("impl") {
            self.page.impls.push(Impl::default());
            self.place = Place::Impl;
        } else if token.opens("section") && is_member(id) {
            let member = Member {
                id: id.to_owned(),
                ..Member::default()
            };
            match self.page.impls.last_mut() {
                Some(current) => {
                    current.members.push(member);
                    self.place = Place::ImplMember;
                }
                None => {
                    self.page.members.push(member);
                    self.place = Place::Member;
                }
            }
        }
    }

    fn header(&mut self, tokens: &[Token]) {
        let code = self.paths.code(tokens);
        let target = match self.place {
            Place::Impl => self
                .page
                .impls
                .last_mut()
                .map(|current| &mut current.header),
            Place::Member | Place::ImplMember => self.member().map(|member| &mut member.signature),
            Place::Item | Place::Part => None,
        };
        if let Some(target) = target
            && target.is_empty()
        {
            *target = code;
        }
    }

    fn member(&mut self) -> Option<&mut Member> {
        match self.place {
            Place::Member => self.page.members.last_mut(),
            Place::ImplMember => self.page.impls.last_mut()?.members.last_mut(),
            _ => None,
        }
    }

    fn docs(&mut self, tokens: &[Token], at: usize) -> usize {
        let end = end_of_docs(tokens, at);
        let target = match self.place {
            Place::Item => Some(&mut self.page.docs),
            Place::Part => self.page.parts.last_mut().map(|part| &mut part.docs),
            Place::Impl => None,
            Place::Member | Place::ImplMember => self.member().map(|member| &mut member.docs),
        };
        if let Some(docs) = target
            && docs.is_empty()
        {
            *docs = markdown(&tokens[at + 1..end]);
        }
        end.max(at + 1)
    }

    fn mark(&mut self, tokens: &[Token], at: usize) -> usize {
        let end = end_of_element(tokens, at);
        let marks = match self.place {
            Place::Item => Some(&mut self.page.marks),
            Place::Part => self.page.parts.last_mut().map(|part| &mut part.marks),
            Place::Impl => None,
            Place::Member | Place::ImplMember => self.member().map(|member| &mut member.marks),
        };
        if let Some(marks) = marks {
            if tokens[at].has_class("unstable") {
                marks.is_unstable = true;
            } else if tokens[at].has_class("deprecated") {
                let note = text(&tokens[at..end]);
                let note = note.trim_start_matches(|c: char| !c.is_ascii_alphabetic());
                marks.deprecated = Some(
                    note.split_once(": ")
                        .map_or("", |(_, note)| note)
                        .trim()
                        .to_owned(),
                );
            }
        }
        end + 1
    }
}

fn is_member(id: &str) -> bool {
    [
        "method.",
        "tymethod.",
        "associatedtype.",
        "associatedconstant.",
    ]
    .iter()
    .any(|kind| id.starts_with(kind))
}

/// The end of a block of documentation, also if HTML in it is not balanced.
fn end_of_docs(tokens: &[Token], open: usize) -> usize {
    let end = end_of_element(tokens, open);
    let starts_next = |token: &Token| {
        matches!(token, Token::Open { .. })
            && (token.has_class("section-header")
                || token.has_class("code-header")
                || token.opens("section") && token.attribute("id").is_some())
    };
    (open + 1..end)
        .find(|at| starts_next(&tokens[*at]))
        .unwrap_or(end)
}
