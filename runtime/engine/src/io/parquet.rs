//! Parquet files.

use std::fs::File;

use dagbok::Result;
use dagbok::frame::{ParquetReadOptions, Part, Piece};
use polars::prelude as pl;
use polars::prelude::SerReader;

use super::alone;
use super::csv::unreadable;
use crate::table::from_polars_error;
use crate::threads;

/// Names and types of the columns.
pub(super) fn schema(path: &str) -> Result<pl::SchemaRef> {
    scan(path)?
        .collect_schema()
        .map_err(|error| from_polars_error(error).context(&format!("in `{path}`")))
}

/// The partitions of a file: neighbouring row groups, as many as reach the block size.
pub(super) fn pieces(path: &str, options: &ParquetReadOptions) -> Result<Vec<Piece>> {
    let file = File::open(path).map_err(|error| unreadable(path, &error))?;
    let mut reader = pl::ParquetReader::new(file);
    let metadata = reader
        .get_metadata()
        .map_err(|error| from_polars_error(error).context(&format!("in `{path}`")))?;
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
        .map_err(|error| from_polars_error(error).context(&format!("in `{path}`")))
}

/// Like [`read`], on the thread that asks.
fn read_alone(
    path: &str,
    rows: Option<(usize, usize)>,
    schema: pl::SchemaRef,
) -> Result<pl::LazyFrame> {
    let path = path.to_owned();
    alone::frame(schema, move |asked| {
        let (offset, len) = rows.unwrap_or((0, usize::MAX));
        let len = len.min(asked.n_rows.unwrap_or(usize::MAX));
        let columns = asked
            .columns
            .map(|columns| columns.iter().map(ToString::to_string).collect());
        pl::ParquetReader::new(File::open(&path)?)
            .with_slice(Some((offset, len)))
            .with_columns(columns)
            .read_parallel(pl::ParallelStrategy::RowGroups)
            .finish()
    })
}
