//! Tables in memory: what a partition is, and what computing a frame gives.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use super::{DataType, Frame, FromValues, Values};
use crate::engine::engine;
use crate::nearest::nearest;
use crate::sealed::Sealed;
use crate::{Error, ErrorKind, Result};

/// A table in memory: columns of one length, each with a name and a type.
///
/// It is polars' `DataFrame` behind one pointer, so that cells compile quickly; `dagbok_engine::interop::polars` gives
/// the very thing. Clones share the data.
///
/// ```
/// use dagbok::prelude::*;
/// # dagbok_engine::install();
///
/// let df = df!("city" => ["Oslo", "Bergen"], "rain" => [763.0, 2250.0])?;
/// assert_eq!(df.shape(), (2, 2));
/// assert_eq!(df.column("rain")?.to_vec::<f64>()?, [763.0, 2250.0]);
/// # Ok::<(), dagbok::Error>(())
/// ```
#[derive(Clone)]
pub struct DataFrame(Sealed<Arc<dyn Table>>);

/// What a [`DataFrame`] is made of; the engine has the implementation on polars.
pub trait Table: Any + Send + Sync {
    /// The number of rows.
    fn height(&self) -> usize;
    /// Names and types of the columns.
    fn schema(&self) -> Schema;
    /// The bytes that the table keeps in memory.
    fn bytes(&self) -> usize;
    /// `len` values of column `column_idx`, from row `offset` on, in the widest type of their kind.
    fn values(&self, column_idx: usize, offset: usize, len: usize) -> Result<Values>;
    /// How many values of column `column_idx` are null.
    fn null_count(&self, column_idx: usize) -> usize;
    /// `len` rows, from row `offset` on, sharing the data.
    fn slice(&self, offset: usize, len: usize) -> DataFrame;
    /// What stands for the columns and their values in names: tables of the same token are equal. None if the table is too large for
    /// that to take no time.
    fn token(&self) -> Option<u64>;
    /// Whether `other` has the same columns with the same values; nulls are equal to nulls and NaN to NaN.
    fn equals(&self, other: &DataFrame) -> bool;
    /// Writes the table as text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result;
    /// Writes column `column_idx` as text.
    fn fmt_column(&self, column_idx: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result;
}

impl DataFrame {
    /// A table of named columns. The [`df!`](crate::df) macro is shorter.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`] if columns differ in length, [`ErrorKind::Column`] if a name occurs twice.
    pub fn new(columns: Vec<(String, Values)>) -> Result<Self> {
        engine()?.table(columns)
    }

    /// The table behind the pointer `table`.
    pub fn from_table(table: Arc<dyn Table>) -> Self {
        DataFrame(table.into())
    }

    /// What is behind the pointer, for the engine.
    pub fn table(&self) -> &dyn Table {
        &**self.0
    }

    /// The number of rows.
    pub fn height(&self) -> usize {
        self.0.height()
    }

    /// The number of columns.
    pub fn width(&self) -> usize {
        self.0.schema().len()
    }

    /// Rows and columns.
    pub fn shape(&self) -> (usize, usize) {
        (self.height(), self.width())
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.height() == 0
    }

    /// Names and types of the columns, in order.
    pub fn schema(&self) -> Schema {
        self.0.schema()
    }

    /// Names of the columns, in order.
    pub fn columns(&self) -> Vec<String> {
        self.schema().names().map(str::to_owned).collect()
    }

    /// The bytes that the table keeps in memory.
    pub fn bytes(&self) -> usize {
        self.0.bytes()
    }

    /// What stands for the table in names.
    pub(super) fn token(&self) -> Option<u64> {
        self.0.token()
    }

    /// The column `name`.
    ///
    /// # Errors
    /// [`ErrorKind::Column`] if there is no such column.
    pub fn column(&self, name: &str) -> Result<Column> {
        let schema = self.schema();
        let column_idx = schema.position(name)?;
        let (name, dtype) = schema.0[column_idx].clone();
        Ok(Column {
            table: self.clone(),
            column_idx,
            name,
            dtype,
        })
    }

    /// The value in row `row` of column `name`.
    ///
    /// # Errors
    /// [`ErrorKind::Index`] if there is no such row, and what [`Column::to_vec`] returns.
    pub fn get<T: FromValues>(&self, row: usize, name: &str) -> Result<T> {
        self.column(name)?.get(row)
    }

    /// The only value of a table with one row and one column.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`] if the table is of another shape, and what [`Column::to_vec`] returns.
    pub fn item<T: FromValues>(&self) -> Result<T> {
        match self.shape() {
            (1, 1) => self.column(&self.columns()[0])?.get(0),
            (rows, columns) => Err(Error::new(
                ErrorKind::Shape,
                format!(
                    "`item` takes a table of one row and one column, this one has {rows} and {columns}"
                ),
            )),
        }
    }

    /// The first `n` rows.
    pub fn head(&self, n: usize) -> DataFrame {
        self.slice(0, n)
    }

    /// The last `n` rows.
    pub fn tail(&self, n: usize) -> DataFrame {
        self.slice(self.height().saturating_sub(n), n)
    }

    /// At most `len` rows, from row `offset` on.
    pub fn slice(&self, offset: usize, len: usize) -> DataFrame {
        self.0.slice(offset, len)
    }

    /// A lazy frame of this table, in one partition. Of equal tables of up to half a mebibyte it is the same frame, so that what has been
    /// computed of one is found again for the other.
    ///
    /// ```
    /// use dagbok::prelude::*;
    /// # dagbok_engine::install();
    ///
    /// let table = || df!("x" => [1, 2, 3]);
    /// assert_eq!(table()?.lazy().name(), table()?.lazy().name());
    /// # Ok::<(), dagbok::Error>(())
    /// ```
    #[track_caller]
    pub fn lazy(&self) -> Frame {
        Frame::from(self.clone())
    }
}

impl PartialEq for DataFrame {
    fn eq(&self, other: &Self) -> bool {
        self.0.equals(other)
    }
}

impl fmt::Display for DataFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for DataFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A column of a [`DataFrame`].
#[derive(Clone)]
pub struct Column {
    table: DataFrame,
    column_idx: usize,
    name: String,
    dtype: DataType,
}

impl Column {
    /// The column's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The type of its values.
    pub fn dtype(&self) -> &DataType {
        &self.dtype
    }

    /// How many values there are, nulls included.
    pub fn len(&self) -> usize {
        self.table.height()
    }

    /// Whether there is no value.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many values are null.
    pub fn null_count(&self) -> usize {
        self.table.0.null_count(self.column_idx)
    }

    /// All values.
    ///
    /// # Errors
    /// [`ErrorKind::Value`] if one is null, and what [`to_options`](Column::to_options) returns.
    pub fn to_vec<T: FromValues>(&self) -> Result<Vec<T>> {
        self.to_options()?
            .into_iter()
            .collect::<Option<_>>()
            .ok_or_else(|| self.has_nulls())
    }

    /// All values, nulls as `None`.
    ///
    /// # Errors
    /// [`ErrorKind::DType`] if values of the column's type, or one of the values, cannot be a `T`; see [`FromValues`].
    pub fn to_options<T: FromValues>(&self) -> Result<Vec<Option<T>>> {
        T::from_values(self.values(0, self.len())?).ok_or_else(|| self.wrong_type(T::NAME))
    }

    /// The value in row `row`.
    ///
    /// # Errors
    /// [`ErrorKind::Index`] if there is no such row, and what [`to_vec`](Column::to_vec) returns.
    pub fn get<T: FromValues>(&self, row: usize) -> Result<T> {
        let values = self.values(row, 1)?;
        if values.is_empty() {
            return Err(self.no_row(row));
        }
        let value = T::from_values(values).ok_or_else(|| self.wrong_type(T::NAME))?;
        value
            .into_iter()
            .next()
            .flatten()
            .ok_or_else(|| self.has_nulls())
    }

    /// `len` values from row `offset` on, in the widest type of their kind.
    ///
    /// # Errors
    /// [`ErrorKind::DType`] if the column's type has no such form, such as a list.
    pub fn values(&self, offset: usize, len: usize) -> Result<Values> {
        self.table.0.values(self.column_idx, offset, len)
    }

    fn has_nulls(&self) -> Error {
        Error::new(
            ErrorKind::Value,
            format!(
                "column `{}` has nulls: take `to_options`, or fill them with `fill_null`",
                self.name
            ),
        )
    }

    fn wrong_type(&self, wanted: &str) -> Error {
        Error::new(
            ErrorKind::DType,
            format!(
                "values of column `{}` of type `{}` cannot be `{wanted}`",
                self.name, self.dtype
            ),
        )
    }

    fn no_row(&self, row: usize) -> Error {
        Error::new(
            ErrorKind::Index,
            format!("row {row} is out of bounds for {} rows", self.len()),
        )
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.table.0.fmt_column(self.column_idx, f)
    }
}

impl fmt::Debug for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.table.0.fmt_column(self.column_idx, f)
    }
}

/// The names and types of a table's columns, in order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Schema(Vec<(String, DataType)>);

impl Schema {
    /// The number of columns.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no column.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Names and types, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &DataType)> {
        self.0.iter().map(|(name, dtype)| (name.as_str(), dtype))
    }

    /// Names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// The type of column `name`.
    pub fn dtype(&self, name: &str) -> Option<&DataType> {
        self.iter()
            .find(|(column, _)| *column == name)
            .map(|(_, dtype)| dtype)
    }

    /// The place of column `name`.
    ///
    /// # Errors
    /// [`ErrorKind::Column`] if there is no such column: the message lists those that there are.
    pub fn position(&self, name: &str) -> Result<usize> {
        self.names()
            .position(|column| column == name)
            .ok_or_else(|| self.no_column(name))
    }

    fn no_column(&self, name: &str) -> Error {
        let hint = nearest(name, &mut self.names())
            .map(|column| format!(" (did you mean `{column}`?)"))
            .unwrap_or_default();
        let mut listed: Vec<String> = self
            .names()
            .take(20)
            .map(|column| format!("`{column}`"))
            .collect();
        if self.len() > listed.len() {
            listed.push(format!("{} more", self.len() - listed.len()));
        }
        let listed = match listed.as_slice() {
            [] => "no columns".to_owned(),
            _ => listed.join(", "),
        };
        Error::new(
            ErrorKind::Column,
            format!("no column `{name}`{hint}; the frame has {listed}"),
        )
    }
}

impl FromIterator<(String, DataType)> for Schema {
    fn from_iter<I: IntoIterator<Item = (String, DataType)>>(columns: I) -> Self {
        Schema(columns.into_iter().collect())
    }
}

impl fmt::Display for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (column_idx, (name, dtype)) in self.iter().enumerate() {
            let separator = if column_idx == 0 { "" } else { ", " };
            write!(f, "{separator}{name}: {dtype}")?;
        }
        Ok(())
    }
}

/// Columns on their way into a [`DataFrame`]; the [`df!`](crate::df) macro adds them.
#[derive(Clone, Debug, Default)]
pub struct Columns(Vec<(String, Values)>);

impl Columns {
    /// These columns and one more.
    pub fn with(mut self, name: &str, values: Values) -> Self {
        self.0.push((name.to_owned(), values));
        self
    }

    /// The table.
    ///
    /// # Errors
    /// As [`DataFrame::new`].
    pub fn finish(self) -> Result<DataFrame> {
        DataFrame::new(self.0)
    }
}

/// A [`DataFrame`] from names and values: `df!("a" => [1, 2], "b" => ["x", "y"])?`.
///
/// Values are arrays, slices or vectors of numbers, booleans, strings, or `Option`s of these.
///
/// # Errors
/// [`ErrorKind::Shape`] if columns differ in length, [`ErrorKind::Column`] if a name occurs twice.
///
/// ```
/// use dagbok::prelude::*;
/// # dagbok_engine::install();
///
/// let df = df!("a" => [1, 2, 3], "b" => [Some("x"), None, Some("z")])?;
/// assert_eq!(df.column("b")?.null_count(), 1);
/// # Ok::<(), dagbok::Error>(())
/// ```
#[macro_export]
macro_rules! df {
    ($($name:expr => $values:expr),* $(,)?) => {
        $crate::frame::Columns::default()
            $(.with($name, $crate::frame::Values::from($values)))*
            .finish()
    };
}
