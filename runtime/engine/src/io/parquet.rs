//! Parquet files.

use std::fs::File;
use std::io::Cursor;
use std::ops::Range;
use std::sync::Arc;

use dagbok::cell::catch;
use dagbok::frame::{ParquetReadOptions, Part, Piece};
use dagbok::{Error, ErrorKind, Result};
use memmap2::{Mmap, MmapOptions};
use polars::prelude as pl;
use polars::prelude::{ChunkReverse, FileMetadata, SerReader};

use super::alone::{self, Predicate};
use super::files::unreadable;
use crate::table::from_polars_error;
use crate::threads;

/// Names and types of the columns.
pub(super) fn schema(path: &str) -> Result<pl::SchemaRef> {
    let mut frame = scan(path)?;
    unless_damaged(|| frame.collect_schema()).map_err(|error| in_file(path, error))
}

/// The partitions of a file: neighbouring row groups, as many as reach the block size.
pub(super) fn pieces(path: &str, options: &ParquetReadOptions) -> Result<Vec<Piece>> {
    let file = File::open(path).map_err(|error| unreadable(path, &error))?;
    let mut reader = pl::ParquetReader::new(file);
    let metadata =
        unless_damaged(|| reader.get_metadata().cloned()).map_err(|error| in_file(path, error))?;
    check_length(path, &metadata)?;
    let mut pieces = Vec::new();
    let (mut offset, mut len, mut bytes) = (0, 0, 0);
    for (group_idx, group) in metadata.row_groups.iter().enumerate() {
        len += group.num_rows();
        bytes += group.total_byte_size();
        let is_last = group_idx + 1 == metadata.row_groups.len();
        if bytes >= options.blocksize || is_last {
            pieces.push(Piece {
                path: path.to_owned(),
                part: Part::Rows { offset, len },
                bytes,
            });
            (offset, len, bytes) = (offset + len, 0, 0);
        }
    }
    if pieces.len() <= 1 {
        let bytes = pieces.first().map_or(0, |piece| piece.bytes);
        return Ok(vec![Piece {
            path: path.to_owned(),
            part: Part::Whole,
            bytes,
        }]);
    }
    Ok(pieces)
}

/// An error if row groups end behind the end of the file: where bytes of its middle are lost.
fn check_length(path: &str, metadata: &FileMetadata) -> Result<()> {
    let length = std::fs::metadata(path)
        .map_err(|error| unreadable(path, &error))?
        .len();
    let groups = metadata.row_groups.iter();
    let end = groups
        .flat_map(|group| group.parquet_columns())
        .map(|column| column.byte_range().end)
        .max()
        .unwrap_or(0);
    if end > length {
        return Err(Error::new(
            ErrorKind::Io,
            format!(
                "`{path}` is not whole: it has {length} bytes, and its columns end at byte {end}"
            ),
        ));
    }
    Ok(())
}

/// The rows of a file with the columns of `schema`, or `len` of them from `offset` on.
pub(super) fn read(
    path: &str,
    rows: Option<(usize, usize)>,
    schema: pl::SchemaRef,
) -> Result<pl::LazyFrame> {
    if threads::is_alone() {
        return read_alone(path, rows, schema);
    }
    let frame = scan(path)?;
    Ok(match rows {
        Some((offset, len)) => frame.slice(offset as i64, len as pl::IdxSize),
        None => frame,
    })
}

fn scan(path: &str) -> Result<pl::LazyFrame> {
    let args = pl::ScanArgsParquet {
        glob: false,
        ..Default::default()
    };
    pl::LazyFrame::scan_parquet(pl::PlRefPath::new(path), args)
        .map_err(|error| in_file(path, error))
}

fn in_file(path: &str, error: pl::PolarsError) -> Error {
    from_polars_error(error).context(&format!("in `{path}`"))
}

/// What polars reads. Of a file that is damaged it may panic.
fn unless_damaged<T>(read: impl FnOnce() -> pl::PolarsResult<T>) -> pl::PolarsResult<T> {
    catch(read).unwrap_or_else(|panic| {
        let text = format!("the file is damaged: {}", panic.message);
        Err(pl::PolarsError::ComputeError(text.into()))
    })
}

/// Like [`read`], on the thread that asks.
fn read_alone(
    path: &str,
    rows: Option<(usize, usize)>,
    schema: pl::SchemaRef,
) -> Result<pl::LazyFrame> {
    let path = path.to_owned();
    let all_columns = schema.clone();
    alone::frame(schema, move |asked| {
        let bytes = map(&File::open(&path)?)?;
        let file = Groups::of(&bytes)?;
        let columns: Vec<_> = match &asked.columns {
            Some(columns) => columns.to_vec(),
            None => all_columns.iter_names().cloned().collect(),
        };
        let (offset, len) = rows.unwrap_or((0, file.metadata.num_rows));
        let rows = offset..offset + len.min(asked.n_rows.unwrap_or(len));
        match &asked.predicate {
            Some(predicate) => file.filter(&columns, rows, predicate),
            None => file.read(&columns, rows),
        }
    })
}

/// The bytes of a file, and what it says of its row groups.
struct Groups<'a> {
    bytes: &'a [u8],
    metadata: Arc<FileMetadata>,
}

impl Groups<'_> {
    fn of(bytes: &[u8]) -> pl::PolarsResult<Groups<'_>> {
        let mut reader = pl::ParquetReader::new(Cursor::new(bytes));
        let metadata = unless_damaged(|| reader.get_metadata().cloned())?;
        Ok(Groups { bytes, metadata })
    }

    fn read(
        &self,
        columns: &[pl::PlSmallStr],
        rows: Range<usize>,
    ) -> pl::PolarsResult<pl::DataFrame> {
        let mut reader = pl::ParquetReader::new(Cursor::new(self.bytes))
            .with_slice(Some((rows.start, rows.len())))
            .with_columns(Some(columns.iter().map(ToString::to_string).collect()))
            .read_parallel(pl::ParallelStrategy::RowGroups);
        reader.set_metadata(self.metadata.clone());
        unless_damaged(|| reader.finish())
    }

    /// The rows for which `predicate` holds: of each group its columns are read first, and of the others what lies between the
    /// first and the last of those rows.
    fn filter(
        &self,
        columns: &[pl::PlSmallStr],
        rows: Range<usize>,
        predicate: &Predicate,
    ) -> pl::PolarsResult<pl::DataFrame> {
        let looked_at = predicate.columns();
        let others: Vec<_> = columns
            .iter()
            .filter(|column| !looked_at.contains(column))
            .cloned()
            .collect();
        let mut kept = self.read(columns, 0..0)?;
        for group in self.groups_within(&rows) {
            let table = self.read(&looked_at, group.clone())?;
            let mask = predicate.mask(&table)?;
            let Some(range) = range_of_true(&mask) else {
                continue;
            };
            let (offset, len) = (range.start as i64, range.len());
            let within = group.start + range.start..group.start + range.end;
            let mut table = table.slice(offset, len);
            table.hstack_mut(self.read(&others, within)?.columns())?;
            let table = table.filter(&mask.slice(offset, len))?;
            kept.vstack_mut_owned(table.select(columns.iter().cloned())?)?;
        }
        Ok(kept)
    }

    /// The row groups, those parts of them that are among `rows`.
    fn groups_within(&self, rows: &Range<usize>) -> Vec<Range<usize>> {
        let mut end = 0;
        let groups = self.metadata.row_groups.iter().map(|group| {
            let start = end;
            end += group.num_rows();
            start.max(rows.start)..end.min(rows.end)
        });
        groups.filter(|group| !group.is_empty()).collect()
    }
}

/// The bytes of a file. Polars has a safe function for that, but unmaps on a thread that spins for as long as there are files to read.
#[expect(
    unsafe_code,
    reason = "whoever maps a file promises that nobody changes it"
)]
fn map(file: &File) -> std::io::Result<Mmap> {
    // SAFETY: whoever changes a file while it is read gets a wrong result, as from polars' own readers.
    unsafe { MmapOptions::new().map_copy_read_only(file) }
}

/// From the first row that holds to the last, `None` if none does.
fn range_of_true(mask: &pl::BooleanChunked) -> Option<Range<usize>> {
    let start = mask.first_true_idx()?;
    let from_end = mask.reverse().first_true_idx()?;
    Some(start..mask.len() - from_end)
}
