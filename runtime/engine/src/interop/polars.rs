//! Polars' own tables, lazy frames and expressions, to and from dagbok's.
//!
//! ```
//! use dagbok::prelude::*;
//! use dagbok_engine::interop::polars::{FromPolars, MapPolars, ToPolars, polars};
//! use polars::prelude::{DataFrame as PolarsFrame, IntoLazy};
//! # dagbok_engine::install();
//!
//! let table: PolarsFrame = polars::df!("x" => [3, 1, 2]).unwrap();
//! let frame = Frame::from_polars(table);
//! let doubled = frame.map_polars(|part| part.lazy().select([polars::prelude::col("x") * 2.into()]).collect());
//! assert_eq!(doubled.compute()?.to_polars().height(), 3);
//! # Ok::<(), dagbok::Error>(())
//! ```

use std::sync::Arc;

use ::polars::prelude as pl;
use dagbok::Result;
use dagbok::frame::{DataFrame, Expr, ExprOp, Frame, Opaque};

pub use ::polars;

use crate::table::{Converter, from_polars, from_polars_error, polars_frame};

/// Dagbok's side of something of polars.
pub trait FromPolars<T> {
    /// The same under dagbok's name.
    fn from_polars(value: T) -> Self;
}

/// Polars' side of something of dagbok.
pub trait ToPolars {
    /// What polars has for it.
    type Output;

    /// The same under polars' name.
    fn to_polars(&self) -> Self::Output;
}

/// Polars on the partitions of a frame.
pub trait MapPolars {
    /// What `map` makes of each partition.
    ///
    /// To tell the columns, `map` also runs on an empty table.
    fn map_polars(
        &self,
        map: impl Fn(pl::DataFrame) -> pl::PolarsResult<pl::DataFrame> + Send + Sync + 'static,
    ) -> Frame;
}

impl FromPolars<pl::DataFrame> for DataFrame {
    fn from_polars(table: pl::DataFrame) -> Self {
        from_polars(table)
    }
}

impl FromPolars<pl::DataFrame> for Frame {
    #[track_caller]
    fn from_polars(table: pl::DataFrame) -> Self {
        Frame::from(from_polars(table))
    }
}

impl FromPolars<pl::LazyFrame> for Result<Frame> {
    /// Runs the lazy frame and keeps its table, in one partition.
    #[track_caller]
    fn from_polars(frame: pl::LazyFrame) -> Self {
        let table = frame.collect().map_err(from_polars_error)?;
        Ok(Frame::from(from_polars(table)))
    }
}

impl FromPolars<pl::Expr> for Expr {
    /// An expression that only polars looks into: it sees all rows at once, in one task.
    fn from_polars(expr: pl::Expr) -> Self {
        Expr::new(ExprOp::Opaque(Opaque::new(Arc::new(expr))), Vec::new())
    }
}

impl ToPolars for DataFrame {
    type Output = pl::DataFrame;

    fn to_polars(&self) -> pl::DataFrame {
        polars_frame(self).clone()
    }
}

impl ToPolars for Expr {
    type Output = Result<pl::Expr>;

    fn to_polars(&self) -> Result<pl::Expr> {
        Converter::default().convert(self)
    }
}

impl MapPolars for Frame {
    #[track_caller]
    fn map_polars(
        &self,
        map: impl Fn(pl::DataFrame) -> pl::PolarsResult<pl::DataFrame> + Send + Sync + 'static,
    ) -> Frame {
        self.map_partitions(move |table| {
            map(polars_frame(&table).clone())
                .map(from_polars)
                .map_err(from_polars_error)
        })
    }
}
