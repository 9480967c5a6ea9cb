//! Tables in memory: dagbok's handle on polars' tables.

use std::any::Any;
use std::hash::{DefaultHasher, Hasher};
use std::sync::Arc;
use std::{fmt, io};

use dagbok::frame::{DataFrame, Schema, Table, Values};
use dagbok::{Error, ErrorKind, Result, Value};
use polars::prelude as pl;
use polars::prelude::SerWriter;

use super::expr::series;
use super::{from_polars_dtype, from_polars_error};
use crate::planner::input;

/// Tables of up to so many bytes are named by what they hold.
const TOKEN_BYTES_MAX: usize = 512 << 10;

/// What is written here is hashed, up to twice as many bytes: a part of a table may share what all of it holds.
#[derive(Default)]
struct Hashed {
    hasher: DefaultHasher,
    n_bytes: usize,
}

impl io::Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.n_bytes += bytes.len();
        if self.n_bytes > 2 * TOKEN_BYTES_MAX {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.hasher.write(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The table under dagbok's handle.
pub fn from_polars(table: pl::DataFrame) -> DataFrame {
    DataFrame::from_table(Arc::new(PolarsTable(table)))
}

/// The polars table behind a handle.
///
/// # Panics
/// If the handle is not on a polars table, which nothing in this crate makes.
pub fn polars_frame(table: &DataFrame) -> &pl::DataFrame {
    let table: &dyn Any = table.table();
    match table.downcast_ref::<PolarsTable>() {
        Some(PolarsTable(table)) => table,
        None => panic!("a table that is not one of polars"),
    }
}

/// A table of named columns.
///
/// # Errors
/// [`ErrorKind::Shape`] if columns differ in length, [`ErrorKind::Column`] if a name occurs twice.
pub fn new(columns: Vec<(String, Values)>) -> Result<DataFrame> {
    if let [(first, values), rest @ ..] = columns.as_slice()
        && let Some((other, other_values)) =
            rest.iter().find(|(_, other)| other.len() != values.len())
    {
        return Err(Error::new(
            ErrorKind::Shape,
            format!(
                "columns `{first}` and `{other}` have {} and {} values",
                values.len(),
                other_values.len()
            ),
        ));
    }
    for (column_idx, (name, _)) in columns.iter().enumerate() {
        if columns[..column_idx]
            .iter()
            .any(|(earlier, _)| earlier == name)
        {
            return Err(Error::new(
                ErrorKind::Column,
                format!("two columns are called `{name}`"),
            ));
        }
    }
    let height = columns.first().map_or(0, |(_, values)| values.len());
    let columns = columns
        .iter()
        .map(|(name, values)| series(name, values).into())
        .collect();
    pl::DataFrame::new(height, columns)
        .map(from_polars)
        .map_err(from_polars_error)
}

/// Runs a lazy frame.
pub(crate) fn collect(frame: pl::LazyFrame) -> Result<pl::DataFrame> {
    frame.collect().map_err(from_polars_error)
}

/// A table as the value of a task.
pub(crate) fn table_value(table: pl::DataFrame) -> Value {
    let bytes = table.estimated_size();
    Value::with_bytes(from_polars(table), bytes)
}

/// The table that another task gave.
pub(crate) fn task_table(value: &Value) -> &pl::DataFrame {
    polars_frame(input::<DataFrame>(value))
}

struct PolarsTable(pl::DataFrame);

impl PolarsTable {
    fn column(&self, column_idx: usize) -> &pl::Column {
        &self.0.columns()[column_idx]
    }
}

impl Table for PolarsTable {
    fn height(&self) -> usize {
        self.0.height()
    }

    fn schema(&self) -> Schema {
        self.0
            .columns()
            .iter()
            .map(|column| (column.name().to_string(), from_polars_dtype(column.dtype())))
            .collect()
    }

    fn bytes(&self) -> usize {
        self.0.estimated_size()
    }

    fn values(&self, column_idx: usize, offset: usize, len: usize) -> Result<Values> {
        let height = self.0.height();
        let offset = offset.min(height);
        let column = self.column(column_idx);
        let column = column.slice(offset as i64, len.min(height - offset));
        values(column.as_materialized_series())
    }

    fn null_count(&self, column_idx: usize) -> usize {
        self.column(column_idx).null_count()
    }

    fn slice(&self, offset: usize, len: usize) -> DataFrame {
        let height = self.0.height();
        let offset = offset.min(height);
        from_polars(self.0.slice(offset as i64, len.min(height - offset)))
    }

    fn token(&self) -> Option<u64> {
        if self.bytes() > TOKEN_BYTES_MAX {
            return None;
        }
        let mut hashed = Hashed::default();
        let mut writer = pl::IpcWriter::new(&mut hashed);
        writer.finish(&mut self.0.clone()).ok()?;
        Some(hashed.hasher.finish())
    }

    fn equals(&self, other: &DataFrame) -> bool {
        let other = polars_frame(other);
        self.0.schema() == other.schema() && self.0.equals_missing(other)
    }

    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }

    fn fmt_column(&self, column_idx: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.column(column_idx).as_materialized_series(), f)
    }
}

/// The values in the widest type of their kind.
fn values(series: &pl::Series) -> Result<Values> {
    use pl::DataType as D;
    let wide = match series.dtype() {
        D::Boolean | D::Null => D::Boolean,
        D::Int8 | D::Int16 | D::Int32 | D::Int64 => D::Int64,
        D::UInt8 | D::UInt16 | D::UInt32 | D::UInt64 => D::UInt64,
        D::Float32 | D::Float64 => D::Float64,
        D::String | D::Categorical(..) | D::Enum(..) => D::String,
        D::Date | D::Time | D::Datetime(..) => D::String,
        other => {
            return Err(Error::new(
                ErrorKind::DType,
                format!(
                    "values of column `{}` of type `{}` have no plain form: take the table apart with `dagbok_engine::interop::polars`",
                    series.name(),
                    from_polars_dtype(other)
                ),
            ));
        }
    };
    let series = series.cast(&wide).map_err(from_polars_error)?;
    let taken = match wide {
        D::Boolean => series
            .bool()
            .map(|values| Values::Boolean(values.iter().collect())),
        D::Int64 => series
            .i64()
            .map(|values| Values::Int64(values.iter().collect())),
        D::UInt64 => series
            .u64()
            .map(|values| Values::UInt64(values.iter().collect())),
        D::Float64 => series
            .f64()
            .map(|values| Values::Float64(values.iter().collect())),
        _ => series.str().map(|values| {
            Values::String(
                values
                    .iter()
                    .map(|value| value.map(str::to_owned))
                    .collect(),
            )
        }),
    };
    taken.map_err(from_polars_error)
}
