//! What plots take: numbers, times and labels from slices, vectors, arrays and columns.

use std::ops::RangeFull;

/// Where the values of a plot lie along one axis.
///
/// Made from arrays, vectors and slices of numbers, of `Option`s of numbers and of text, from one-dimensional
/// [`NdArray`](crate::NdArray)s and from columns of a [`DataFrame`](crate::frame::DataFrame); `..` counts from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct Coordinates {
    pub data: Data,
    /// The name of the column, for the axis and the legend.
    pub name: Option<String>,
}

/// The values of [`Coordinates`].
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    /// 0, 1, 2, … as many as there are values on the other axis.
    Count,
    /// Numbers, NaN where one is missing.
    Numbers(Vec<f64>),
    /// Seconds since 1970, NaN where one is missing.
    Times(Vec<f64>),
    /// Text, each different one a place of its own.
    Labels(Vec<String>),
}

impl Coordinates {
    /// Coordinates that hold `data` and have no name.
    pub fn new(data: Data) -> Self {
        Coordinates { data, name: None }
    }

    /// The same coordinates, named.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// How many there are; as many as are needed for `..`.
    pub fn len(&self) -> Option<usize> {
        match &self.data {
            Data::Count => None,
            Data::Numbers(values) | Data::Times(values) => Some(values.len()),
            Data::Labels(labels) => Some(labels.len()),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == Some(0)
    }
}

/// An element that plots understand.
pub trait Datum: Sized {
    /// The data of many elements.
    fn data(values: &[Self]) -> Data;
}

macro_rules! numbers {
    ($($number:ident)+) => {
        $(
            impl Datum for $number {
                fn data(values: &[Self]) -> Data {
                    Data::Numbers(values.iter().map(|&value| value as f64).collect())
                }
            }

            impl Datum for Option<$number> {
                fn data(values: &[Self]) -> Data {
                    let number = |&value: &Option<$number>| value.map_or(f64::NAN, |value| value as f64);
                    Data::Numbers(values.iter().map(number).collect())
                }
            }
        )+
    };
}

numbers!(f64 f32 i64 i32 i16 i8 u64 u32 u16 u8 usize isize);

impl Datum for bool {
    fn data(values: &[Self]) -> Data {
        Data::Numbers(values.iter().map(|&value| f64::from(value)).collect())
    }
}

impl Datum for String {
    fn data(values: &[Self]) -> Data {
        Data::Labels(values.to_vec())
    }
}

impl Datum for &str {
    fn data(values: &[Self]) -> Data {
        Data::Labels(values.iter().map(|&label| label.to_owned()).collect())
    }
}

impl<T: Datum> From<&[T]> for Coordinates {
    fn from(values: &[T]) -> Self {
        Coordinates::new(T::data(values))
    }
}

impl<T: Datum> From<Vec<T>> for Coordinates {
    fn from(values: Vec<T>) -> Self {
        values.as_slice().into()
    }
}

impl<T: Datum> From<&Vec<T>> for Coordinates {
    fn from(values: &Vec<T>) -> Self {
        values.as_slice().into()
    }
}

impl<T: Datum, const N: usize> From<[T; N]> for Coordinates {
    fn from(values: [T; N]) -> Self {
        values.as_slice().into()
    }
}

impl<T: Datum, const N: usize> From<&[T; N]> for Coordinates {
    fn from(values: &[T; N]) -> Self {
        values.as_slice().into()
    }
}

impl From<RangeFull> for Coordinates {
    fn from(_: RangeFull) -> Self {
        Coordinates::new(Data::Count)
    }
}

/// The values of a heat map, row by row; NaN where one is missing.
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix {
    pub n_rows: usize,
    pub n_columns: usize,
    pub values: Vec<f64>,
}

impl<const R: usize, const C: usize> From<[[f64; C]; R]> for Matrix {
    fn from(rows: [[f64; C]; R]) -> Self {
        Matrix {
            n_rows: R,
            n_columns: C,
            values: rows.into_iter().flatten().collect(),
        }
    }
}

/// Rows that are shorter than the longest are filled up with NaN.
impl From<Vec<Vec<f64>>> for Matrix {
    fn from(rows: Vec<Vec<f64>>) -> Self {
        Matrix::from(&rows)
    }
}

/// Rows that are shorter than the longest are filled up with NaN.
impl From<&Vec<Vec<f64>>> for Matrix {
    fn from(rows: &Vec<Vec<f64>>) -> Self {
        let n_columns = rows.iter().map(Vec::len).max().unwrap_or(0);
        let mut values = Vec::with_capacity(rows.len() * n_columns);
        for row in rows {
            values.extend(row);
            values.resize(values.len() + n_columns - row.len(), f64::NAN);
        }
        Matrix {
            n_rows: rows.len(),
            n_columns,
            values,
        }
    }
}
