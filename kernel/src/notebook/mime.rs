//! The representations of one output, and their text.

use std::borrow::Cow;

use serde_json::Value;

use super::file::Object;

/// The text of the representation in `mime`, JSON indented.
pub(super) fn text<'a>(bundle: &'a Object, mime: &str) -> Option<Cow<'a, str>> {
    match bundle.get(mime)? {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Array(lines) if lines.iter().all(Value::is_string) && !mime.ends_with("json") => {
            Some(
                lines
                    .iter()
                    .filter_map(Value::as_str)
                    .collect::<String>()
                    .into(),
            )
        }
        other => serde_json::to_string_pretty(other).ok().map(Cow::Owned),
    }
}

/// What a terminal can show of `bundle`.
pub(super) fn terminal_text(bundle: &Object) -> Cow<'_, str> {
    [
        "text/plain",
        "text/markdown",
        "text/latex",
        "application/json",
    ]
    .iter()
    .find_map(|mime| text(bundle, mime))
    .unwrap_or_else(|| {
        let mimes: Vec<_> = bundle.keys().map(String::as_str).collect();
        match mimes.as_slice() {
            [] => Cow::Borrowed(""),
            mimes => format!("<{}: not for a terminal>", mimes.join(", ")).into(),
        }
    })
}
