//! The compiler's messages, moved from generated code onto what the person typed, and drawn by rustc's own renderer.

use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Patch, Renderer, Snippet};
use serde::Deserialize;

use super::source::{CellIdx, CellRange, Origin, Source};
use super::words::{without_cells, writable_paths};

/// A message as `rustc --error-format=json` writes it.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Message {
    pub(super) message: String,
    pub(super) code: Option<Code>,
    pub(super) level: String,
    pub(super) spans: Vec<Span>,
    #[serde(default)]
    pub(super) children: Vec<Message>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Code {
    pub(super) code: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Span {
    file_name: String,
    byte_start: usize,
    byte_end: usize,
    is_primary: bool,
    label: Option<String>,
    suggested_replacement: Option<String>,
    expansion: Option<Box<Expansion>>,
    /// Whether it is in the crate that was compiled, and not in a library or in the crate of an earlier cell.
    #[serde(skip)]
    is_own: bool,
}

#[derive(Clone, Debug, Deserialize)]
struct Expansion {
    span: Span,
}

impl Message {
    /// The messages in the stderr of a compile of `crate_name`.
    pub(super) fn parse_all(stderr: &str, crate_name: &str) -> Vec<Message> {
        let file = format!("{crate_name}.rs");
        let mut messages: Vec<Message> = stderr
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect();
        for message in &mut messages {
            message.find_own(&file);
        }
        messages
    }

    fn find_own(&mut self, file: &str) {
        for span in &mut self.spans {
            span.find_own(file);
        }
        for child in &mut self.children {
            child.find_own(file);
        }
    }

    pub(super) fn is_error(&self) -> bool {
        self.level.starts_with("error") && !self.message.starts_with("aborting due to")
    }

    pub(super) fn is_warning(&self) -> bool {
        self.level == "warning" && !self.spans.is_empty()
    }

    pub(super) fn has_code(&self, codes: &[&str]) -> bool {
        self.code
            .as_ref()
            .is_some_and(|code| codes.contains(&code.code.as_str()))
    }

    /// Whether it points into a call of ours for which `is` holds, with which of its spans; the first such call.
    pub(super) fn call<'s, T>(
        &self,
        source: &'s Source,
        primary: Primary,
        is: impl Fn(&'s Origin) -> Option<T>,
    ) -> Option<T> {
        self.spans
            .iter()
            .filter(|span| primary.accepts(span.is_primary))
            .filter_map(|span| source.origin(&span.own_range()?))
            .find_map(is)
    }

    /// Whether a person typed all that it is about.
    pub(super) fn is_typed(&self, source: &Source) -> bool {
        let mut primary = self.spans.iter().filter(|span| span.is_primary);
        primary.all(|span| {
            span.own_range()
                .is_some_and(|range| source.is_typed(&range))
        })
    }

    /// Whether it says that `Future<T>` is no type: it is a trait of the standard library, which is in scope everywhere.
    pub(super) fn is_of_future(&self, source: &Source) -> bool {
        let mut primary = self.spans.iter().filter(|span| span.is_primary);
        let is_future = |span: &Span| {
            let text = span.own_range().and_then(|range| source.text().get(range));
            text.is_some_and(|text| text.starts_with("Future<") && !text.contains("Output"))
        };
        self.has_code(&["E0782"]) && primary.any(is_future)
    }

    /// The first place that a person typed, of the message itself or else of what it says besides.
    pub(super) fn typed(&self, source: &Source) -> Option<CellRange> {
        let primary = self.spans.iter().filter(|span| span.is_primary);
        let mut ranges = primary.filter_map(Span::own_range);
        ranges.find_map(|range| source.typed(&range))
    }
}

/// Which spans of a message to look at.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Primary {
    Only,
    Never,
    Any,
}

impl Primary {
    fn accepts(self, is_primary: bool) -> bool {
        match self {
            Primary::Only => is_primary,
            Primary::Never => !is_primary,
            Primary::Any => true,
        }
    }
}

impl Span {
    fn find_own(&mut self, file: &str) {
        self.is_own = self.file_name.rsplit('/').next() == Some(file);
        if let Some(expansion) = &mut self.expansion {
            expansion.span.find_own(file);
        }
    }

    /// The range in the generated source; for code in a macro's definition elsewhere, that of the call.
    fn own_range(&self) -> Option<Range<usize>> {
        let mut span = self;
        while !span.is_own {
            span = &span.expansion.as_ref()?.span;
        }
        Some(span.byte_start..span.byte_end)
    }
}

/// The texts that messages are drawn on.
pub(super) trait Texts {
    /// What the front end calls the cell, and what was typed in it.
    fn text(&self, cell: CellIdx) -> (String, &str);
}

/// Draws `message` as the compiler does, on what was typed; `notes` are added below.
pub(super) fn render(
    message: &Message,
    source: &Source,
    texts: &dyn Texts,
    notes: &[String],
) -> String {
    let message = &without_our_closure(message.clone(), source);
    let level = if message.is_warning() {
        Level::WARNING
    } else {
        Level::ERROR
    };
    let title = level.primary_title(own_words(&message.message));
    let title = match &message.code {
        // Lints have names for codes, which the compiler does not show here.
        Some(code) if code.code.starts_with('E') => title.id(code.code.clone()),
        _ => title,
    };
    let mut groups = Vec::new();
    let mut main = match annotated(&message.spans, source, texts) {
        Some(snippets) => title.elements(snippets),
        None => Group::with_title(title),
    };
    let is_shown = |child: &&Message| {
        let leads_astray = child.level == "help" && message.is_of_future(source);
        !(message.is_warning() && names_lint(child)) && !says_nothing_here(child) && !leads_astray
    };
    for child in message.children.iter().filter(is_shown) {
        let is_help = child.level == "help";
        let suggestion = suggestion(child, source, texts);
        match suggestion {
            Some(snippet) => groups.push(
                Level::HELP
                    .secondary_title(own_words(&child.message))
                    .element(snippet),
            ),
            None if points_elsewhere(child, source) => {
                // A name that was there a moment ago is not to be found in std.
                if let Some(imports) = imports(child).filter(|_| notes.is_empty()) {
                    main = main.element(Level::HELP.message(imports));
                }
            }
            None => {
                let level = if is_help { Level::HELP } else { Level::NOTE };
                let Some(snippets) = annotated(&child.spans, source, texts) else {
                    main = main.element(level.message(own_words(&child.message)));
                    continue;
                };
                groups.push(
                    level
                        .secondary_title(own_words(&child.message))
                        .elements(snippets),
                );
            }
        }
    }
    for note in notes {
        main = main.element(Level::NOTE.message(note.clone()));
    }
    groups.insert(0, main);
    Renderer::styled()
        .decor_style(DecorStyle::Ascii)
        .render(&groups)
}

/// `text` with `{closure}` for `{closure@/tmp/…/cell_3.rs:6:57: 6:60}`, a place that nobody has seen.
fn without_places(text: &str) -> String {
    let mut parts = text.split("{closure@");
    let mut clean = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (_, after) = part.split_once('}').unwrap_or(("", part));
        clean.push_str("{closure}");
        clean.push_str(after);
    }
    clean
}

/// A `break` at the top of a cell is outside of every loop; that a closure of ours is around it says nothing to a person.
fn without_our_closure(mut message: Message, source: &Source) -> Message {
    let is_typed = |span: &Span| {
        let range = span.own_range();
        range.is_some_and(|range| source.typed(&range).is_some())
    };
    let mut closures = message.spans.iter().filter(|span| !span.is_primary);
    if message.has_code(&["E0267"]) && !closures.any(is_typed) {
        let outside =
            |text: &str| text.replace("inside of a closure", "outside of a loop or labeled block");
        message.message = outside(&message.message);
        for span in &mut message.spans {
            span.label = span.label.as_deref().map(outside);
        }
    }
    message
}

/// Whether it only says which lint a warning comes from.
fn names_lint(child: &Message) -> bool {
    child.message.contains(" on by default")
}

/// Whether it speaks of a file or an option that nobody has here, or lists what takes a type that another message names.
fn says_nothing_here(child: &Message) -> bool {
    let text = &child.message;
    let others = text.strip_prefix("the following other types implement trait");
    let first_line = others.and_then(|list| list.lines().next());
    let is_long_list = first_line.is_some_and(|line| line.contains("IntoDelayed<"));
    let is_empty_list = others.is_some_and(|list| !list.contains('\n') && !child.spans.is_empty());
    text.contains("has been written to '")
        || text.starts_with("consider using `--verbose`")
        || is_long_list
        || is_empty_list
}

/// A suggestion of `use` declarations, which the compiler places at the top of the generated crate.
fn imports(child: &Message) -> Option<String> {
    let replacements = child
        .spans
        .iter()
        .map(|span| span.suggested_replacement.as_deref());
    let declarations: Option<Vec<&str>> = replacements
        .map(|text| text.map(str::trim).filter(|text| text.starts_with("use ")))
        .collect();
    let declarations = declarations.filter(|declarations| !declarations.is_empty())?;
    Some(format!(
        "{}: `{}`",
        own_words(&child.message),
        declarations.join("` or `")
    ))
}

/// A child message about code of ours, or about nothing that can be shown.
fn points_elsewhere(child: &Message, source: &Source) -> bool {
    let generated = ["__cell", "__value", "__outcome", "dagbok::cell::"];
    let speaks_of_ours = generated.iter().any(|word| child.message.contains(word));
    let is_lost = !child.spans.is_empty()
        && child.spans.iter().all(|span| {
            span.own_range()
                .and_then(|range| source.typed(&range))
                .is_none()
        });
    let is_suggestion = child
        .spans
        .iter()
        .any(|span| span.suggested_replacement.is_some());
    let is_pointer = child.message.ends_with(" here");
    speaks_of_ours || (is_lost && (is_suggestion || is_pointer))
}

/// One snippet a cell that the spans lie in; `None` if they lie in none.
fn annotated<'t>(
    spans: &[Span],
    source: &Source,
    texts: &'t dyn Texts,
) -> Option<Vec<Snippet<'t, annotate_snippets::Annotation<'t>>>> {
    let mut snippets: Vec<(CellIdx, Snippet<'t, annotate_snippets::Annotation<'t>>)> = Vec::new();
    // The cell of the primary span comes first.
    let mut ordered: Vec<&Span> = spans.iter().collect();
    ordered.sort_by_key(|span| !span.is_primary);
    for span in ordered {
        let Some(CellRange { cell, range }) =
            span.own_range().and_then(|range| source.typed(&range))
        else {
            continue;
        };
        let kind = if span.is_primary {
            AnnotationKind::Primary
        } else {
            AnnotationKind::Context
        };
        let label = span.label.as_deref().map(own_words);
        let annotation = kind.span(range).label(label);
        let at = snippets.iter().position(|(other, _)| *other == cell);
        let snippet = match at {
            Some(at) => snippets.remove(at).1,
            None => {
                let (name, text) = texts.text(cell);
                Snippet::source(text).path(name)
            }
        };
        let at = at.unwrap_or(snippets.len());
        snippets.insert(at, (cell, snippet.annotation(annotation)));
    }
    (!snippets.is_empty()).then(|| snippets.into_iter().map(|(_, snippet)| snippet).collect())
}

/// The change that `child` suggests, if all of it is in typed code of one cell.
fn suggestion<'t>(
    child: &Message,
    source: &Source,
    texts: &'t dyn Texts,
) -> Option<Snippet<'t, Patch<'t>>> {
    let mut patches = Vec::new();
    let mut cells = Vec::new();
    for span in &child.spans {
        let replacement = span.suggested_replacement.as_ref()?;
        let range = span.own_range()?;
        let is_insertion_at_end =
            range.is_empty() && range.start > 0 && source.is_typed(&(range.start - 1..range.start));
        let typed = if source.is_typed(&range) {
            source.typed(&range)?
        } else if is_insertion_at_end {
            let mut before = source.typed(&(range.start - 1..range.start))?;
            before.range = before.range.end..before.range.end;
            before
        } else {
            return None;
        };
        cells.push(typed.cell);
        patches.push(Patch::new(typed.range, without_cells(replacement)));
    }
    let cell = *cells.first()?;
    if cells.iter().any(|other| *other != cell) || speaks_of_ours(child) {
        return None;
    }
    let (name, text) = texts.text(cell);
    Some(Snippet::source(text).path(name).patches(patches))
}

fn speaks_of_ours(child: &Message) -> bool {
    let ours = |text: &str| text.contains("__cell") || text.contains("dagbok::cell::");
    let replacements = child
        .spans
        .iter()
        .filter_map(|span| span.suggested_replacement.as_deref());
    ours(&child.message) || replacements.into_iter().any(ours)
}

/// The compiler's words, without the names of the crates that cells become.
pub(super) fn own_words(text: &str) -> String {
    let text =
        without_places(&writable_paths(text)).replace("Result<(), Failure>", "Result<(), _>");
    let closure = "in a closure that returns `Result";
    let Some(start) = text.find(closure) else {
        return text;
    };
    let after = start + closure.len();
    let end = text[after..]
        .find('`')
        .map_or(text.len(), |end| after + end + 1);
    format!("{}in a cell{}", &text[..start], &text[end..])
}
