//! Tables as bytes, for the disk.

use std::io::{self, Write};

use dagbok::Value;
use dagbok::frame::DataFrame;
use polars::io::mmap::MmapBytesReader;
use polars::prelude::{self as pl, SerReader, SerWriter};

use super::{polars_frame, table_value};
use crate::storage::codec::{Codec, Section, is, the, write_all};

/// So much of a table is copied at once when it is written.
const STRIP_BYTES: usize = 4 << 20;

pub(crate) static CODECS: [Codec; 2] = [
    Codec {
        is_of: is::<DataFrame>,
        write: |value, to| write(polars_frame(the(value)?), to),
        read: |from| read(from).map(table_value),
    },
    Codec {
        is_of: is::<Vec<pl::DataFrame>>,
        write: |value, to| write_all(the::<Vec<_>>(value)?, to, write),
        read: |mut from| {
            let tables = from.all(read)?;
            let bytes = tables.iter().map(pl::DataFrame::estimated_size).sum();
            Some(Value::with_bytes(tables, bytes))
        },
    },
];

fn write(table: &pl::DataFrame, to: &mut dyn Write) -> io::Result<()> {
    // The writer wants the table for itself; columns are shared.
    pl::IpcWriter::new(to)
        .finish(&mut in_strips(table))
        .map_err(io::Error::other)
}

/// The same rows in strips: the writer makes a copy of one after the other. Texts and nested columns share what they point to, so that
/// each strip would be written with all of it.
fn in_strips(table: &pl::DataFrame) -> pl::DataFrame {
    let n_strips = table.estimated_size() / STRIP_BYTES;
    let rows = table.height().div_ceil(n_strips.max(1)).max(1);
    let is_flat = |column: &pl::Column| {
        let dtype = column.dtype().to_physical();
        dtype.is_primitive_numeric() || dtype.is_bool()
    };
    if n_strips < 2 || !table.columns().iter().all(is_flat) {
        return table.clone();
    }
    let starts = (0..table.height()).step_by(rows);
    let strips = starts.map(|start| table.slice(start as i64, rows));
    let stacked = strips.reduce(|mut above, strip| match above.vstack_mut(&strip) {
        Ok(_) => above,
        Err(_) => table.clone(),
    });
    stacked.unwrap_or_else(|| table.clone())
}

fn read(from: Section<'_>) -> Option<pl::DataFrame> {
    let reader = pl::IpcReader::new(from).set_rechunk(false);
    reader.finish().ok()
}

impl MmapBytesReader for Section<'_> {}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::storage::tests::check_returns;

    /// A table of one column.
    pub(crate) fn table_of(numbers: &[u64]) -> Value {
        table_value(pl::df!("n" => numbers).expect("a table"))
    }

    /// The numbers of such a table; none if `value` is something else.
    pub(crate) fn numbers_of(value: &Value) -> Option<Vec<u64>> {
        let table = polars_frame(value.downcast_ref::<DataFrame>()?);
        let column = table.column("n").ok()?.u64().ok()?;
        Some(column.into_no_null_iter().collect())
    }

    fn table(n: i64) -> pl::DataFrame {
        pl::df!(
            "n" => (0..n).collect::<Vec<i64>>(),
            "x" => (0..n).map(|n| (n % 3 > 0).then_some(n as f64)).collect::<Vec<_>>(),
            "text" => (0..n).map(|n| format!("ü{n}")).collect::<Vec<_>>(),
            "list" => (0..n).map(|n| pl::Series::from_iter([n, n])).collect::<Vec<_>>(),
        )
        .expect("a table")
    }

    #[test]
    fn tables_come_back() {
        for n in [1, 5000] {
            check_returns::<DataFrame>(&table_value(table(n)), |a, b| {
                polars_frame(a).equals_missing(polars_frame(b))
            });
        }
        check_returns::<DataFrame>(&table_value(table(9).slice(3, 0)), |a, b| {
            polars_frame(a).schema() == polars_frame(b).schema()
        });
        check_returns::<DataFrame>(&table_value(table(100).slice(40, 7)), |a, b| {
            polars_frame(a).equals_missing(polars_frame(b))
        });
        let parts = vec![table(3), table(4).slice(0, 0), table(5)];
        let bytes = parts.iter().map(pl::DataFrame::estimated_size).sum();
        check_returns::<Vec<pl::DataFrame>>(&Value::with_bytes(parts, bytes), |a, b| {
            a.iter().zip(b).all(|(a, b)| a.equals_missing(b)) && a.len() == b.len()
        });
    }

    /// Tables of many numbers are written in strips, and come back in as many.
    #[test]
    fn large_tables_come_back() {
        let rows = 3_i64 << 18;
        let numbers = pl::df!(
            "n" => (0..rows).collect::<Vec<i64>>(),
            "x" => (0..rows).map(|n| (n % 7 > 0).then_some(n as f64)).collect::<Vec<_>>(),
            "is" => (0..rows).map(|n| n % 3 == 0).collect::<Vec<_>>(),
        )
        .expect("a table");
        let texts = pl::df!("text" => (0..rows).map(|n| format!("number {n}")).collect::<Vec<_>>());
        for table in [numbers, texts.expect("a table")] {
            check_returns::<DataFrame>(&table_value(table), |a, b| {
                polars_frame(a).equals_missing(polars_frame(b))
            });
        }
    }
}
