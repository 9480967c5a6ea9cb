//! CSV files.

use std::fs::File;
use std::io::{Cursor, Read, Seek, SeekFrom};
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use dagbok::frame::{CsvReadOptions, Part, Piece};
use dagbok::{Error, ErrorKind, Result};
use polars::io::mmap::MmapBytesReader;
use polars::prelude as pl;
use polars::prelude::{LazyFileListReader, SerReader};

use super::alone;
use super::files::unreadable;
use crate::table::{from_polars_error, to_polars_dtype};
use crate::threads;

/// How much larger a table is in memory than its text.
const MEMORY_PER_BYTE: usize = 2;

/// Names and types of the columns, by the first rows.
pub(super) fn schema(path: &str, options: &CsvReadOptions) -> Result<pl::SchemaRef> {
    let in_file = |error| from_polars_error(error).context(&format!("in `{path}`"));
    let mut reader = reader(pl::LazyCsvReader::new(pl::PlRefPath::new(path)), options)
        .with_glob(false)
        .with_skip_rows(options.skip_rows)
        .with_infer_schema_length(options.infer_schema_length)
        .with_has_header(options.has_header);
    if !options.schema_overwrite.is_empty() {
        let overwrite: pl::Schema = options
            .schema_overwrite
            .iter()
            .map(|(name, dtype)| Ok(pl::Field::new(name.into(), to_polars_dtype(dtype)?)))
            .collect::<Result<_>>()?;
        reader = reader.with_dtype_overwrite(Some(Arc::new(overwrite)));
    }
    let schema = reader
        .finish()
        .and_then(|mut frame| frame.collect_schema())
        .map_err(in_file)?;
    match options
        .schema_overwrite
        .iter()
        .find(|(name, _)| !schema.contains(name))
    {
        Some((name, _)) => Err(Error::new(
            ErrorKind::Column,
            format!("no column `{name}` in `{path}`, of which the type was given"),
        )),
        None => Ok(schema),
    }
}

/// The partitions of a file: one, or if it is large and plain text, one a block. Where lines before the header are left out,
/// a block could begin among them, so the file is one partition.
pub(super) fn pieces(path: &str, len: u64, options: &CsvReadOptions) -> Result<Vec<Piece>> {
    let blocksize = options.blocksize as u64;
    let of = len.div_ceil(blocksize).max(1) as usize;
    let piece = |part, bytes| Piece {
        path: path.to_owned(),
        part,
        bytes,
    };
    let has_preamble = options.skip_rows > 0 || options.comment_prefix.is_some();
    if of == 1 || has_preamble || is_compressed(path)? {
        return Ok(vec![piece(Part::Whole, len as usize * MEMORY_PER_BYTE)]);
    }
    let block = |index| Part::Block {
        index,
        of,
        blocksize,
    };
    let bytes = options.blocksize * MEMORY_PER_BYTE;
    Ok((0..of).map(|index| piece(block(index), bytes)).collect())
}

/// Whether the file starts as gzip, zlib or Zstandard do.
fn is_compressed(path: &str) -> Result<bool> {
    let mut start = [0; 4];
    let read = File::open(path)
        .and_then(|mut file| file.read(&mut start))
        .map_err(|error| unreadable(path, &error))?;
    Ok(match &start[..read] {
        [0x1f, 0x8b, ..] | [0x28, 0xb5, 0x2f, 0xfd] => true,
        [0x78, level, ..] => matches!(level, 0x01 | 0x5e | 0x9c | 0xda),
        _ => false,
    })
}

/// A whole file.
pub(super) fn read_file(
    path: &str,
    options: &CsvReadOptions,
    schema: pl::SchemaRef,
) -> Result<pl::LazyFrame> {
    if threads::is_alone() {
        let path = path.to_owned();
        let open = move || File::open(&path);
        return read_alone(open, options, options.skip_rows, options.has_header, schema);
    }
    reader(pl::LazyCsvReader::new(pl::PlRefPath::new(path)), options)
        .with_glob(false)
        .with_schema(Some(schema))
        .with_skip_rows(options.skip_rows)
        .with_has_header(options.has_header)
        .finish()
        .map_err(from_polars_error)
}

/// The bytes `block` of a file, which are whole lines.
pub(super) fn read_block(
    path: &str,
    block: Range<u64>,
    is_first: bool,
    options: &CsvReadOptions,
    schema: pl::SchemaRef,
) -> Result<pl::LazyFrame> {
    let bytes = read_bytes(path, block).map_err(|error| unreadable(path, &error))?;
    if bytes.is_empty() {
        return Ok(pl::IntoLazy::lazy(pl::DataFrame::empty_with_schema(
            &schema,
        )));
    }
    let skip_rows = if is_first { options.skip_rows } else { 0 };
    let has_header = is_first && options.has_header;
    if threads::is_alone() {
        let bytes = Bytes::from(bytes);
        let open = move || Ok(Cursor::new(bytes.clone()));
        return read_alone(open, options, skip_rows, has_header, schema);
    }
    let sources = pl::ScanSources::Buffers(Arc::from([bytes.into()]));
    reader(pl::LazyCsvReader::new_with_sources(sources), options)
        .with_schema(Some(schema))
        .with_skip_rows(skip_rows)
        .with_has_header(has_header)
        .finish()
        .map_err(from_polars_error)
}

/// What `open` opens, read on the thread that asks.
fn read_alone<R: MmapBytesReader + 'static>(
    open: impl Fn() -> std::io::Result<R> + Send + Sync + 'static,
    options: &CsvReadOptions,
    skip_rows: usize,
    has_header: bool,
    schema: pl::SchemaRef,
) -> Result<pl::LazyFrame> {
    let comment_prefix = options.comment_prefix.as_deref();
    let null_values = null_values(options);
    let options = pl::CsvReadOptions::default()
        .map_parse_options(|parse| {
            parse
                .with_separator(options.separator)
                .with_quote_char(options.quote_char)
                .with_comment_prefix(comment_prefix.map(pl::CommentPrefix::new_from_str))
                .with_null_values(null_values.clone())
                .with_try_parse_dates(options.try_parse_dates)
        })
        .with_raise_if_empty(true)
        .with_schema(Some(schema.clone()))
        .with_skip_rows(skip_rows)
        .with_has_header(has_header);
    alone::frame(schema, move |asked| {
        let options = options.clone().with_columns(asked.columns.clone());
        let reader = options.with_n_rows(asked.n_rows);
        asked.rows_of(reader.into_reader_with_file_handle(open()?).finish()?)
    })
}

fn read_bytes(path: &str, range: Range<u64>) -> std::io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(range.start))?;
    let mut bytes = vec![0; (range.end - range.start) as usize];
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn reader(reader: pl::LazyCsvReader, options: &CsvReadOptions) -> pl::LazyCsvReader {
    reader
        .with_separator(options.separator)
        .with_quote_char(options.quote_char)
        .with_comment_prefix(options.comment_prefix.as_deref().map(Into::into))
        .with_null_values(null_values(options))
        .with_try_parse_dates(options.try_parse_dates)
        .with_raise_if_empty(true)
}

fn null_values(options: &CsvReadOptions) -> Option<pl::NullValues> {
    let values = options.null_values.iter();
    let values: Vec<_> = values.map(|value| value.as_str().into()).collect();
    (!values.is_empty()).then_some(pl::NullValues::AllColumns(values))
}
