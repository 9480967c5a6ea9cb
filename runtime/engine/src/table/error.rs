//! Polars' errors as dagbok's.

use dagbok::{Error, ErrorKind};
use polars::prelude::PolarsError;

/// The same error with its kind: the first paragraph of polars' message, as what follows is its plan or advice on its own
/// options.
pub(crate) fn from_polars_error(error: PolarsError) -> Error {
    let kind = kind(&error);
    let text = message(&error);
    if let PolarsError::Duplicate(_) = root(&error)
        && let Some(name) = between_quotes(&text)
    {
        let text = format!("two columns would be called `{name}`: rename one with `alias`");
        return Error::new(kind, text);
    }
    let text = text.split("\n\n").next().unwrap_or(&text);
    let text = backticks(text.trim().trim_end_matches('.'));
    Error::new(kind, lower_first(&text))
}

fn root(error: &PolarsError) -> &PolarsError {
    match error {
        PolarsError::Context { error, .. } | PolarsError::ExprContext { error, .. } => root(error),
        error => error,
    }
}

fn between_quotes(text: &str) -> Option<&str> {
    let (_, quoted) = text.split_once('\'')?;
    Some(quoted.split_once('\'')?.0)
}

/// `column 'x' of` as ``column `x` of``; apostrophes stay.
fn backticks(text: &str) -> String {
    let mut changed = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\'') {
        changed.push_str(before);
        let opens = before.is_empty() || before.ends_with([' ', '(', '[']);
        match after.split_once('\'') {
            Some((quoted, after)) if opens && !quoted.contains('\n') => {
                changed.push_str(&format!("`{quoted}`"));
                rest = after;
            }
            _ => {
                changed.push('\'');
                rest = after;
            }
        }
    }
    changed + rest
}

fn kind(error: &PolarsError) -> ErrorKind {
    match root(error) {
        PolarsError::ColumnNotFound(_)
        | PolarsError::SchemaFieldNotFound(_)
        | PolarsError::StructFieldNotFound(_)
        | PolarsError::Duplicate(_) => ErrorKind::Column,
        PolarsError::InvalidOperation(_) | PolarsError::SchemaMismatch(_) => ErrorKind::DType,
        PolarsError::IO { .. } => ErrorKind::Io,
        PolarsError::ShapeMismatch(_) => ErrorKind::Shape,
        PolarsError::OutOfBounds(_) => ErrorKind::Index,
        _ => ErrorKind::Value,
    }
}

fn message(error: &PolarsError) -> String {
    match root(error) {
        other @ (PolarsError::Context { .. } | PolarsError::ExprContext { .. }) => {
            other.to_string()
        }
        PolarsError::IO { error, msg: None } => error.to_string(),
        PolarsError::AssertionError(text)
        | PolarsError::ColumnNotFound(text)
        | PolarsError::ComputeError(text)
        | PolarsError::Duplicate(text)
        | PolarsError::InvalidOperation(text)
        | PolarsError::IO {
            msg: Some(text), ..
        }
        | PolarsError::NoData(text)
        | PolarsError::OutOfBounds(text)
        | PolarsError::SchemaFieldNotFound(text)
        | PolarsError::SchemaMismatch(text)
        | PolarsError::ShapeMismatch(text)
        | PolarsError::SQLInterface(text)
        | PolarsError::SQLSyntax(text)
        | PolarsError::StringCacheMismatch(text)
        | PolarsError::StructFieldNotFound(text) => text.to_string(),
    }
}

/// `Expected …` as `expected …`, but `UTF-8` and `SQL` as they are.
fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    match (letters.next(), letters.next()) {
        (Some(first), Some(second)) if first.is_uppercase() && second.is_lowercase() => {
            first.to_lowercase().chain(text.chars().skip(1)).collect()
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages() {
        let check = |error: PolarsError, text: &str| {
            assert_eq!(from_polars_error(error).to_string(), text);
        };
        let compute = |text: &str| PolarsError::ComputeError(text.to_owned().into());
        check(
            compute("Could not parse `a` at column 'x' (no 2)\n\nTry:\n- this."),
            "could not parse `a` at column `x` (no 2)",
        );
        check(compute("it's one of 'b'."), "it's one of `b`");
        check(compute("UTF-8 'x"), "UTF-8 'x");
        let twice =
            PolarsError::Duplicate("column with name 'k' has more than one occurrence".into());
        check(
            twice.context("'group_by'".into()),
            "two columns would be called `k`: rename one with `alias`",
        );
    }
}
