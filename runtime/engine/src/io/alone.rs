//! Files read on the thread that asks: polars' lazy readers have threads of their own, which not every thread may have.

use std::any::Any;
use std::sync::Arc;

use dagbok::Result;
use polars::prelude as pl;

use crate::table::from_polars_error;

/// What of a file is asked for: these columns, or all, and so many of the first rows, or all.
pub(super) struct Asked {
    pub(super) columns: Option<Arc<[pl::PlSmallStr]>>,
    pub(super) n_rows: Option<usize>,
}

struct Rows<F>(F);

impl<F> pl::AnonymousScan for Rows<F>
where
    F: Fn(Asked) -> pl::PolarsResult<pl::DataFrame> + Send + Sync + 'static,
{
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn scan(&self, args: pl::AnonymousScanArgs) -> pl::PolarsResult<pl::DataFrame> {
        let (columns, n_rows) = (args.with_columns, args.n_rows);
        let table = (self.0)(Asked {
            columns: columns.clone(),
            n_rows,
        })?;
        let table = match columns {
            Some(columns) => table.select(columns.iter().cloned())?,
            None => table,
        };
        Ok(match n_rows {
            Some(n_rows) => table.slice(0, n_rows),
            None => table,
        })
    }

    fn allows_projection_pushdown(&self) -> bool {
        true
    }
}

/// What `read` reads, lazily; it may give more rows than it is asked for.
pub(super) fn frame(
    schema: pl::SchemaRef,
    read: impl Fn(Asked) -> pl::PolarsResult<pl::DataFrame> + Send + Sync + 'static,
) -> Result<pl::LazyFrame> {
    let args = pl::ScanArgsAnonymous {
        schema: Some(schema),
        ..Default::default()
    };
    pl::LazyFrame::anonymous_scan(Arc::new(Rows(read)), args).map_err(from_polars_error)
}
