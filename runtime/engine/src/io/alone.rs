//! Files read on the thread that asks: polars' lazy readers have threads of their own, which not every thread may have.

use std::any::Any;
use std::sync::Arc;

use dagbok::Result;
use polars::prelude as pl;
use polars::prelude::ChunkExpandAtIndex;

use crate::table::from_polars_error;

/// What of a file is asked for: these columns, or all, and so many of the first rows, or all; of those rows the ones that the
/// predicate holds for, or all.
pub(super) struct Asked {
    pub(super) columns: Option<Arc<[pl::PlSmallStr]>>,
    pub(super) n_rows: Option<usize>,
    pub(super) predicate: Option<Predicate>,
}

/// What has to hold for a row, whatever is in others: polars asks for no other predicates here.
pub(super) struct Predicate(pl::Expr);

impl Predicate {
    /// The columns that it looks at.
    pub(super) fn columns(&self) -> Vec<pl::PlSmallStr> {
        let mut names = Vec::new();
        for expr in &self.0 {
            if let pl::Expr::Column(name) = expr
                && !names.contains(name)
            {
                names.push(name.clone());
            }
        }
        names
    }

    /// For each row of `table` whether it holds.
    pub(super) fn mask(&self, table: &pl::DataFrame) -> pl::PolarsResult<pl::BooleanChunked> {
        let mask = pl::IntoLazy::lazy(table.clone())
            .select([self.0.clone()])
            .collect()?;
        let mask = mask.columns()[0].bool()?;
        Ok(match mask.len() {
            1 => mask.new_from_index(0, table.height()),
            _ => mask.clone(),
        })
    }
}

impl Asked {
    /// Of `table`, which has the rows from the first one on, those that are asked for.
    pub(super) fn rows_of(&self, table: pl::DataFrame) -> pl::PolarsResult<pl::DataFrame> {
        let table = match self.n_rows {
            Some(n_rows) => table.slice(0, n_rows),
            None => table,
        };
        match &self.predicate {
            Some(predicate) => table.filter(&predicate.mask(&table)?),
            None => Ok(table),
        }
    }
}

struct Rows<F>(F);

impl<F> pl::AnonymousScan for Rows<F>
where
    F: Fn(&Asked) -> pl::PolarsResult<pl::DataFrame> + Send + Sync + 'static,
{
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn scan(&self, args: pl::AnonymousScanArgs) -> pl::PolarsResult<pl::DataFrame> {
        let asked = Asked {
            columns: args.with_columns,
            n_rows: args.n_rows,
            predicate: args.predicate.map(Predicate),
        };
        let table = (self.0)(&asked)?;
        match &asked.columns {
            Some(columns) => table.select(columns.iter().cloned()),
            None => Ok(table),
        }
    }

    fn allows_projection_pushdown(&self) -> bool {
        true
    }

    fn allows_predicate_pushdown(&self) -> bool {
        true
    }
}

/// What `read` reads, lazily: the rows that are asked for, and at least the columns, in any order if not all are asked for.
pub(super) fn frame(
    schema: pl::SchemaRef,
    read: impl Fn(&Asked) -> pl::PolarsResult<pl::DataFrame> + Send + Sync + 'static,
) -> Result<pl::LazyFrame> {
    let args = pl::ScanArgsAnonymous {
        schema: Some(schema),
        ..Default::default()
    };
    pl::LazyFrame::anonymous_scan(Arc::new(Rows(read)), args).map_err(from_polars_error)
}
