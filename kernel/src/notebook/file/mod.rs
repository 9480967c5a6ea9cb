//! A notebook as nbformat 4 has it, read without trust and written as Jupyter writes it.
//!
//! What Dagbok does not know (metadata, attachments, cell ids) stays as it was.

mod read;
mod write;

use serde_json::{Map, Value, json};

pub(super) use read::read;
pub(super) use write::write;

/// A JSON object.
pub(super) type Object = Map<String, Value>;

/// A notebook: multi-line texts are joined, and every field that nbformat 4 requires is there.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Notebook {
    /// Everything but the cells.
    rest: Object,
    pub(super) cells: Vec<Cell>,
}

/// One cell of a notebook.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Cell {
    pub(super) kind: CellKind,
    pub(super) source: String,
    /// Everything else, as it stands in the file.
    rest: Object,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum CellKind {
    Code {
        execution_count: Option<u64>,
        outputs: Vec<Object>,
    },
    Markdown,
    Raw,
}

impl Notebook {
    /// The metadata of the notebook itself.
    pub(super) fn metadata(&self) -> &Object {
        metadata(&self.rest)
    }

    /// Whether errors are part of what the notebook shows, so that the cells after one still run.
    pub(super) fn allows_errors(&self) -> bool {
        let flag = |object: &Object| object.get("allow_errors") == Some(&Value::Bool(true));
        let execution = self.metadata().get("execution").and_then(Value::as_object);
        flag(self.metadata()) || execution.is_some_and(flag)
    }

    /// Notes the language in a notebook that does not name one, so that front ends open it with a Rust kernel.
    pub(super) fn note_language(&mut self) {
        let metadata = self.rest.get_mut("metadata").and_then(Value::as_object_mut);
        if let Some(metadata) = metadata {
            metadata.entry("language_info").or_insert_with(
                || json!({"codemirror_mode": "rust", "file_extension": ".rs", "mimetype": "text/x-rustsrc", "name": "rust"}),
            );
        }
    }
}

impl Cell {
    pub(super) fn metadata(&self) -> &Object {
        metadata(&self.rest)
    }

    pub(super) fn has_tag(&self, tag: &str) -> bool {
        let tags = self.metadata().get("tags").and_then(Value::as_array);
        tags.is_some_and(|tags| tags.iter().any(|each| each == tag))
    }

    /// Whether running it would do anything.
    pub(super) fn is_empty(&self) -> bool {
        self.source.trim().is_empty()
    }

    /// The files that the cell carries: name to MIME bundle.
    pub(super) fn attachments(&self) -> Option<&Object> {
        self.rest.get("attachments").and_then(Value::as_object)
    }
}

fn metadata(rest: &Object) -> &Object {
    static EMPTY: std::sync::LazyLock<Object> = std::sync::LazyLock::new(Object::new);
    rest.get("metadata")
        .and_then(Value::as_object)
        .unwrap_or(&EMPTY)
}

/// Whether data of this MIME type is JSON, and so neither joined nor split into lines.
fn is_json(mime: &str) -> bool {
    mime == "application/json" || mime.starts_with("application/") && mime.ends_with("+json")
}

#[cfg(test)]
mod tests;
