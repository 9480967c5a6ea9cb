//! The types of columns here and in polars.

use dagbok::frame::{DataType, TimeUnit};
use dagbok::{Error, ErrorKind, Result};
use polars::prelude as pl;

/// The type under dagbok's name.
pub(crate) fn from_polars_dtype(dtype: &pl::DataType) -> DataType {
    match dtype {
        pl::DataType::Boolean => DataType::Boolean,
        pl::DataType::UInt8 => DataType::UInt8,
        pl::DataType::UInt16 => DataType::UInt16,
        pl::DataType::UInt32 => DataType::UInt32,
        pl::DataType::UInt64 => DataType::UInt64,
        pl::DataType::Int8 => DataType::Int8,
        pl::DataType::Int16 => DataType::Int16,
        pl::DataType::Int32 => DataType::Int32,
        pl::DataType::Int64 => DataType::Int64,
        pl::DataType::Float32 => DataType::Float32,
        pl::DataType::Float64 => DataType::Float64,
        pl::DataType::String => DataType::String,
        pl::DataType::Binary => DataType::Binary,
        pl::DataType::Date => DataType::Date,
        pl::DataType::Time => DataType::Time,
        pl::DataType::Datetime(unit, zone) => {
            DataType::Datetime(from_unit(*unit), zone.as_ref().map(|zone| zone.to_string()))
        }
        pl::DataType::Duration(unit) => DataType::Duration(from_unit(*unit)),
        pl::DataType::Categorical(..) => DataType::Categorical,
        pl::DataType::List(inner) => DataType::List(Box::new(from_polars_dtype(inner))),
        pl::DataType::Struct(fields) => DataType::Struct(
            fields
                .iter()
                .map(|field| (field.name.to_string(), from_polars_dtype(&field.dtype)))
                .collect(),
        ),
        pl::DataType::Null => DataType::Null,
        other => DataType::Other(other.to_string()),
    }
}

/// Polars' type.
///
/// # Errors
/// [`ErrorKind::DType`] for a type that has no name here, or a time zone that there is not.
pub(crate) fn to_polars_dtype(dtype: &DataType) -> Result<pl::DataType> {
    Ok(match dtype {
        DataType::Boolean => pl::DataType::Boolean,
        DataType::UInt8 => pl::DataType::UInt8,
        DataType::UInt16 => pl::DataType::UInt16,
        DataType::UInt32 => pl::DataType::UInt32,
        DataType::UInt64 => pl::DataType::UInt64,
        DataType::Int8 => pl::DataType::Int8,
        DataType::Int16 => pl::DataType::Int16,
        DataType::Int32 => pl::DataType::Int32,
        DataType::Int64 => pl::DataType::Int64,
        DataType::Float32 => pl::DataType::Float32,
        DataType::Float64 => pl::DataType::Float64,
        DataType::String => pl::DataType::String,
        DataType::Binary => pl::DataType::Binary,
        DataType::Date => pl::DataType::Date,
        DataType::Time => pl::DataType::Time,
        DataType::Datetime(unit, zone) => {
            pl::DataType::Datetime(to_unit(*unit), zone.as_deref().map(to_zone).transpose()?)
        }
        DataType::Duration(unit) => pl::DataType::Duration(to_unit(*unit)),
        DataType::Categorical => pl::DataType::from_categories(pl::Categories::global()),
        DataType::List(inner) => pl::DataType::List(Box::new(to_polars_dtype(inner)?)),
        DataType::Struct(fields) => pl::DataType::Struct(
            fields
                .iter()
                .map(|(name, dtype)| Ok(pl::Field::new(name.into(), to_polars_dtype(dtype)?)))
                .collect::<Result<_>>()?,
        ),
        DataType::Null => pl::DataType::Null,
        other => {
            return Err(Error::new(
                ErrorKind::DType,
                format!("cannot cast to `{other}`"),
            ));
        }
    })
}

pub(super) fn to_unit(unit: TimeUnit) -> pl::TimeUnit {
    match unit {
        TimeUnit::Nanoseconds => pl::TimeUnit::Nanoseconds,
        TimeUnit::Microseconds => pl::TimeUnit::Microseconds,
        TimeUnit::Milliseconds => pl::TimeUnit::Milliseconds,
    }
}

fn from_unit(unit: pl::TimeUnit) -> TimeUnit {
    match unit {
        pl::TimeUnit::Nanoseconds => TimeUnit::Nanoseconds,
        pl::TimeUnit::Microseconds => TimeUnit::Microseconds,
        pl::TimeUnit::Milliseconds => TimeUnit::Milliseconds,
    }
}

pub(super) fn to_zone(zone: &str) -> Result<pl::TimeZone> {
    pl::TimeZone::opt_try_new(Some(zone))
        .ok()
        .flatten()
        .ok_or_else(|| Error::new(ErrorKind::Value, format!("no time zone is called `{zone}`")))
}
