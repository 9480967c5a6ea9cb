//! Files of tables: which there are, how they are divided, and each part as a lazy frame of polars.

use std::fs::File;

use dagbok::frame::{DataType, Format, Part, Piece, Schema, Source};
use dagbok::{Error, ErrorKind, Result};
use polars::prelude as pl;

use super::blocks::Borders;
use super::files::{Found, find, token, unreadable};
use super::{csv, parquet};
use crate::table::{columns_text, from_polars, from_polars_dtype, polars_frame};

/// Finds the files that `pattern` names and divides them into partitions.
///
/// # Errors
/// [`ErrorKind::Io`] if no file matches or one cannot be read, [`ErrorKind::Column`] if files differ in their columns.
pub fn scan(pattern: &str, format: &Format) -> Result<Source> {
    let files = find(pattern)?;
    let first = schema(&files[0].path, format)?;
    let mut partitions = Vec::new();
    for (file_idx, file) in files.iter().enumerate() {
        if file_idx > 0 {
            same_columns(
                &files[0],
                &first,
                file,
                &schema(&file.path, format)?,
                format,
            )?;
        }
        match format {
            Format::Csv(options) => {
                partitions.extend(csv::pieces(&file.path, file.stamp.len, options)?);
            }
            Format::Parquet(options) => partitions.extend(parquet::pieces(&file.path, options)?),
        }
    }
    Ok(Source {
        format: format.clone(),
        partitions,
        meta: from_polars(pl::DataFrame::empty_with_schema(&first)),
        token: token(&files, format),
    })
}

/// Whether the files of `source` are what they were when they were found.
pub(crate) fn is_unchanged(source: &Source) -> bool {
    let files: Option<Vec<Found>> = paths(source).into_iter().map(Found::at).collect();
    files.is_some_and(|files| token(&files, &source.format) == source.token)
}

/// Whether the files of `source`, which have changed, still have its columns.
///
/// # Errors
/// [`ErrorKind::Column`] if one has others, [`ErrorKind::Io`] if it cannot be read.
pub(crate) fn check_columns(source: &Source) -> Result<()> {
    let expected = polars_frame(&source.meta).schema().clone();
    for path in paths(source) {
        let found = schema(path, &source.format)?;
        let is_same = match &source.format {
            Format::Csv(_) => found.iter_names().eq(expected.iter_names()),
            Format::Parquet(_) => found == expected,
        };
        if !is_same {
            let text = format!(
                "`{path}` has changed since the frame was made: its columns were ({}) and are ({}); read it again",
                columns_text(&expected),
                columns_text(&found)
            );
            return Err(Error::new(ErrorKind::Column, text));
        }
    }
    Ok(())
}

/// The files of `source`.
fn paths(source: &Source) -> Vec<&str> {
    let mut paths: Vec<&str> = source.partitions.iter().map(|piece| &*piece.path).collect();
    paths.dedup();
    paths
}

fn schema(path: &str, format: &Format) -> Result<pl::SchemaRef> {
    File::open(path).map_err(|error| unreadable(path, &error))?;
    match format {
        Format::Csv(options) => csv::schema(path, options),
        Format::Parquet(_) => parquet::schema(path),
    }
}

/// The rows of one partition, lazily: polars reads no column and no row that is not asked for, where it can.
///
/// # Errors
/// [`ErrorKind::Io`] if the file cannot be read.
pub(crate) fn read(
    source: &Source,
    piece: &Piece,
    borders: Option<&Borders>,
) -> Result<pl::LazyFrame> {
    let schema = polars_frame(&source.meta).schema().clone();
    match (&source.format, piece.part, borders) {
        (Format::Csv(options), Part::Whole, _) => csv::read_file(&piece.path, options, schema),
        (Format::Csv(options), Part::Block { index, .. }, Some(borders)) => csv::read_block(
            &piece.path,
            borders.block(index),
            index == 0,
            options,
            schema,
        ),
        (Format::Parquet(_), Part::Whole, _) => parquet::read(&piece.path, None, schema),
        (Format::Parquet(_), Part::Rows { offset, len }, _) => {
            parquet::read(&piece.path, Some((offset, len)), schema)
        }
        (format, part, _) => Err(Error::new(
            ErrorKind::Io,
            format!("cannot read {part:?} of a {format:?} file"),
        )),
    }
}

/// The error of reading `piece`, with its file.
pub(crate) fn in_file(error: Error, piece: &Piece) -> Error {
    let text = error.to_string();
    if text.contains(&piece.path) {
        return error;
    }
    let hint = match text.starts_with("could not parse `") {
        true => "; `CsvReadOptions` can give the column's type or make the value a null",
        false => "",
    };
    Error::new(error.kind(), format!("in `{}`: {text}{hint}", piece.path))
}

fn same_columns(
    first: &Found,
    schema: &pl::SchemaRef,
    file: &Found,
    other: &pl::SchemaRef,
    format: &Format,
) -> Result<()> {
    let typed = matches!(format, Format::Parquet(_));
    let columns = |schema: &pl::SchemaRef| -> Schema {
        schema
            .iter()
            .map(|(name, dtype)| match typed {
                true => (name.to_string(), from_polars_dtype(dtype)),
                false => (name.to_string(), DataType::String),
            })
            .collect()
    };
    let (expected, found) = (columns(schema), columns(other));
    if expected == found {
        return Ok(());
    }
    let difference = expected
        .iter()
        .find(|(name, dtype)| found.dtype(name) != Some(dtype))
        .map(|(name, dtype)| match found.dtype(name) {
            None => format!("column `{name}` of `{}` is missing", first.path),
            Some(other) => format!(
                "column `{name}` is `{other}`, in `{}` it is `{dtype}`",
                first.path
            ),
        })
        .or_else(|| {
            found
                .names()
                .find(|name| expected.dtype(name).is_none())
                .map(|name| format!("column `{name}` is not in `{}`", first.path))
        })
        .unwrap_or_else(|| format!("columns are in another order than in `{}`", first.path));
    Err(Error::new(
        ErrorKind::Column,
        format!(
            "files differ in their columns: in `{}` {difference}",
            file.path
        ),
    ))
}
