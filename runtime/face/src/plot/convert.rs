//! What plots take of computed arrays and tables.

use super::{Coordinates, Data, Matrix};
use crate::array::{DType, NdArray, shape_text};
use crate::frame::{Column, DataType, Values};
use crate::raise::{or_raise, raise};
use crate::{Error, ErrorKind};

/// The elements of an array with one axis.
///
/// # Panics
/// If the array has another number of axes.
impl From<&NdArray> for Coordinates {
    #[track_caller]
    fn from(array: &NdArray) -> Self {
        if array.ndim() != 1 {
            wrong_axes(array, "along an axis", "one axis");
        }
        Coordinates::new(Data::Numbers(numbers(array)))
    }
}

/// See the implementation for `&NdArray`.
impl From<NdArray> for Coordinates {
    #[track_caller]
    fn from(array: NdArray) -> Self {
        Coordinates::from(&array)
    }
}

/// The elements of an array with two axes.
///
/// # Panics
/// If the array has another number of axes.
impl From<&NdArray> for Matrix {
    #[track_caller]
    fn from(array: &NdArray) -> Self {
        let [n_rows, n_columns] = *array.shape() else {
            wrong_axes(array, "as a heat map", "two axes");
        };
        Matrix {
            n_rows,
            n_columns,
            values: numbers(array),
        }
    }
}

/// See the implementation for `&NdArray`.
impl From<NdArray> for Matrix {
    #[track_caller]
    fn from(array: NdArray) -> Self {
        Matrix::from(&array)
    }
}

fn numbers(array: &NdArray) -> Vec<f64> {
    let buffer = array.buffer().cast(DType::F64);
    or_raise(buffer.as_slice::<f64>()).to_vec()
}

#[track_caller]
fn wrong_axes(array: &NdArray, how: &str, wanted: &str) -> ! {
    raise(Error::new(
        ErrorKind::Shape,
        format!(
            "cannot draw an array of shape {} {how}: it must have {wanted}",
            shape_text(array.shape())
        ),
    ))
}

/// The values of a column, with its name: dates and instants as times, text as labels, everything else as numbers.
///
/// # Panics
/// If the column's type is none of these, such as a list.
impl From<&Column> for Coordinates {
    #[track_caller]
    fn from(column: &Column) -> Self {
        let values = or_raise(column.values(0, column.len()));
        let is_time = matches!(
            column.dtype(),
            DataType::Date | DataType::Time | DataType::Datetime(..)
        );
        let data = match values {
            Values::String(texts) if is_time => {
                Data::Times(texts.iter().map(|text| seconds(text.as_deref())).collect())
            }
            Values::String(labels) => {
                let label = |label: Option<String>| label.unwrap_or_else(|| "null".to_owned());
                Data::Labels(labels.into_iter().map(label).collect())
            }
            Values::Boolean(values) => of(&values, f64::from),
            Values::UInt8(values) => of(&values, f64::from),
            Values::UInt16(values) => of(&values, f64::from),
            Values::UInt32(values) => of(&values, f64::from),
            Values::UInt64(values) => of(&values, |value| value as f64),
            Values::Int8(values) => of(&values, f64::from),
            Values::Int16(values) => of(&values, f64::from),
            Values::Int32(values) => of(&values, f64::from),
            Values::Int64(values) => of(&values, |value| value as f64),
            Values::Float32(values) => of(&values, f64::from),
            Values::Float64(values) => of(&values, |value| value),
        };
        Coordinates::new(data).named(column.name())
    }
}

/// See the implementation for `&Column`.
impl From<Column> for Coordinates {
    #[track_caller]
    fn from(column: Column) -> Self {
        Coordinates::from(&column)
    }
}

fn of<T: Copy>(values: &[Option<T>], number: impl Fn(T) -> f64) -> Data {
    let number = |&value: &Option<T>| value.map_or(f64::NAN, &number);
    Data::Numbers(values.iter().map(number).collect())
}

/// Seconds since 1970 of `2012-01-31`, `2012-01-31 23:59:59.5` or, on the first day, `23:59:59`; NaN for anything else.
fn seconds(text: Option<&str>) -> f64 {
    text.and_then(parse).unwrap_or(f64::NAN)
}

fn parse(text: &str) -> Option<f64> {
    let text = text.trim();
    let (date, time) = match text.split_once([' ', 'T']) {
        Some((date, time)) => (date, time),
        None if text.contains(':') => ("1970-01-01", text),
        None => (text, "0:0:0"),
    };
    let (month_start, day) = date.rsplit_once('-')?;
    let (year, month) = month_start.rsplit_once('-')?;
    let days = days_since_1970(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?);
    let mut parts = time.splitn(3, ':');
    let hours: f64 = parts.next()?.parse().ok()?;
    let minutes: f64 = parts.next()?.parse().ok()?;
    let rest = parts.next()?;
    let end = rest.find(|character: char| !(character.is_ascii_digit() || character == '.'));
    let seconds: f64 = rest[..end.unwrap_or(rest.len())].parse().ok()?;
    Some(days as f64 * 86_400.0 + hours * 3600.0 + minutes * 60.0 + seconds)
}

/// In the Gregorian calendar; years are counted from March, so that a leap day is the last of its year.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = match month {
        ..=2 => (year - 1, month + 9),
        _ => (year, month - 3),
    };
    let days_to_year =
        365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    days_to_year + (153 * month + 2) / 5 + day - 719_469
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn times_are_read() {
        let check = |text, expected: f64| assert_eq!(seconds(Some(text)), expected);
        check("1970-01-01", 0.0);
        check("1969-12-31", -86_400.0);
        check("2000-02-29", 951_782_400.0);
        check("2012-01-01", 1_325_376_000.0);
        check("2012-01-01 12:30:15.500000", 1_325_421_015.5);
        check("2012-01-01 12:30:15 CET", 1_325_421_015.0);
        check("1900-03-01", -2_203_891_200.0);
        check("01:00:00", 3600.0);
        for wrong in ["", "2012", "2012-01", "a-b-c", "12:30"] {
            assert!(seconds(Some(wrong)).is_nan(), "{wrong}");
        }
        assert!(seconds(None).is_nan());
    }
}
