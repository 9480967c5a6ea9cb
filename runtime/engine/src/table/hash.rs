//! Rows of a table divided by the hashes of their keys, so that equal keys of two tables meet.

use dagbok::{Error, ErrorKind, Result};
use polars::prelude as pl;

use super::{from_polars_dtype, from_polars_error};

/// The types to which the keys of two frames are cast before they are hashed, or `None` if some cannot be.
pub(crate) fn hash_dtypes(
    left: &[pl::DataType],
    right: &[pl::DataType],
) -> Option<Vec<pl::DataType>> {
    left.iter()
        .zip(right)
        .map(
            |(left, right)| match (hash_dtype(left)?, hash_dtype(right)?) {
                (left, right) if left == right => Some(left),
                (left, right) if left.is_primitive_numeric() && right.is_primitive_numeric() => {
                    Some(pl::DataType::Float64)
                }
                _ => None,
            },
        )
        .collect()
}

fn hash_dtype(dtype: &pl::DataType) -> Option<pl::DataType> {
    use pl::DataType as D;
    Some(match dtype {
        D::Boolean => D::Boolean,
        D::Int8 | D::Int16 | D::Int32 | D::Int64 => D::Int64,
        D::UInt8 | D::UInt16 | D::UInt32 | D::UInt64 => D::UInt64,
        D::Float32 | D::Float64 => D::Float64,
        D::String => D::String,
        temporal @ (D::Date | D::Time | D::Datetime(..) | D::Duration(_)) => temporal.clone(),
        _ => return None,
    })
}

/// The rows of `table` in `n` tables: rows whose `keys` are equal are in the same one.
pub(crate) fn split_by_hash(
    table: &pl::DataFrame,
    keys: &[pl::Column],
    dtypes: &[pl::DataType],
    n: usize,
) -> Result<Vec<pl::DataFrame>> {
    let mut hashes = vec![0; table.height()];
    for (key, dtype) in keys.iter().zip(dtypes) {
        let key = key.cast(dtype).map_err(from_polars_error)?;
        add_hashes(key.as_materialized_series(), &mut hashes)?;
    }
    let mut rows: Vec<Vec<pl::IdxSize>> = vec![Vec::new(); n];
    for (row, hash) in hashes.iter().enumerate() {
        rows[(hash % n as u64) as usize].push(row as pl::IdxSize);
    }
    rows.into_iter()
        .map(|rows| {
            let rows = pl::IdxCa::from_vec("".into(), rows);
            table.take(&rows).map_err(from_polars_error)
        })
        .collect()
}

fn add_hashes(key: &pl::Series, hashes: &mut [u64]) -> Result<()> {
    let physical = key.to_physical_repr();
    let add = |hash: &mut u64, value: Option<u64>| {
        let value = value.map_or(0x9e37_79b9_7f4a_7c15, |value| value.wrapping_add(1));
        *hash = mix(*hash ^ value);
    };
    let pairs = hashes.iter_mut();
    match physical.dtype() {
        pl::DataType::Boolean => {
            let values = physical.bool().map_err(from_polars_error)?;
            pairs
                .zip(values.iter())
                .for_each(|(hash, value)| add(hash, value.map(u64::from)));
        }
        pl::DataType::Int32 => {
            let values = physical.i32().map_err(from_polars_error)?;
            pairs
                .zip(values.iter())
                .for_each(|(hash, value)| add(hash, value.map(|int| int as u64)));
        }
        pl::DataType::Int64 => {
            let values = physical.i64().map_err(from_polars_error)?;
            pairs
                .zip(values.iter())
                .for_each(|(hash, value)| add(hash, value.map(|int| int as u64)));
        }
        pl::DataType::UInt64 => {
            let values = physical.u64().map_err(from_polars_error)?;
            pairs
                .zip(values.iter())
                .for_each(|(hash, value)| add(hash, value));
        }
        pl::DataType::Float64 => {
            let values = physical.f64().map_err(from_polars_error)?;
            pairs
                .zip(values.iter())
                .for_each(|(hash, value)| add(hash, value.map(float_bits)));
        }
        pl::DataType::String => {
            let values = physical.str().map_err(from_polars_error)?;
            pairs
                .zip(values.iter())
                .for_each(|(hash, value)| add(hash, value.map(string_hash)));
        }
        other => {
            return Err(Error::new(
                ErrorKind::DType,
                format!("cannot hash keys of type `{}`", from_polars_dtype(other)),
            ));
        }
    }
    Ok(())
}

/// Equal floats have equal bits: one zero and one NaN.
fn float_bits(value: f64) -> u64 {
    match value {
        value if value == 0.0 => 0,
        value if value.is_nan() => f64::NAN.to_bits(),
        value => value.to_bits(),
    }
}

/// FNV-1a, 64 bits.
fn string_hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The finalizer of SplitMix64.
fn mix(mut value: u64) -> u64 {
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}
