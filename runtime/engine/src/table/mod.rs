//! Polars work: tables, expressions, and operations on one partition.

mod aggregate;
mod apply;
mod class;
mod dtype;
mod error;
mod expr;
mod hash;
mod polars_table;
mod schema;
mod stored;
mod view;

pub use polars_table::{from_polars, new, polars_frame};
pub use schema::{partitions, schema};
pub use view::view;

pub(crate) use aggregate::{expand, reduction};
pub(crate) use apply::{apply, apply_with, columns_text, concat};
pub(crate) use class::{Class, aggregates, classify, is_pattern, needed_columns};
pub(crate) use dtype::{from_polars_dtype, to_polars_dtype};
pub(crate) use error::from_polars_error;
pub(crate) use expr::Converter;
pub(crate) use hash::{hash_dtypes, split_by_hash};
pub(crate) use polars_table::{collect, table_value, task_table};
pub(crate) use schema::{empty, polars_schema};
pub(crate) use stored::CODECS;
#[cfg(test)]
pub(crate) use stored::tests::{numbers_of, table_of};
