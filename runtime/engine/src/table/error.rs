//! Polars' errors as dagbok's.

use dagbok::{Error, ErrorKind};
use polars::prelude::PolarsError;

/// The same error with its kind, without the plan that polars prints below it.
pub(crate) fn from_polars_error(error: PolarsError) -> Error {
    let kind = kind(&error);
    let text = message(&error);
    let text = text
        .split("\n\nResolved plan until failure")
        .next()
        .unwrap_or(&text)
        .trim()
        .trim_end_matches('.');
    Error::new(kind, lower_first(text))
}

fn kind(error: &PolarsError) -> ErrorKind {
    match error {
        PolarsError::ColumnNotFound(_)
        | PolarsError::SchemaFieldNotFound(_)
        | PolarsError::StructFieldNotFound(_)
        | PolarsError::Duplicate(_) => ErrorKind::Column,
        PolarsError::InvalidOperation(_) | PolarsError::SchemaMismatch(_) => ErrorKind::DType,
        PolarsError::IO { .. } => ErrorKind::Io,
        PolarsError::ShapeMismatch(_) => ErrorKind::Shape,
        PolarsError::OutOfBounds(_) => ErrorKind::Index,
        PolarsError::Context { error, .. } | PolarsError::ExprContext { error, .. } => kind(error),
        _ => ErrorKind::Value,
    }
}

fn message(error: &PolarsError) -> String {
    match error {
        PolarsError::Context { error, .. } | PolarsError::ExprContext { error, .. } => {
            message(error)
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
