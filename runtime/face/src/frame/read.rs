//! Where frames come from: files that were found and divided, but not read.

use std::path::Path;

use super::{DataFrame, DataType, Frame, FrameOp};
use crate::config::chunk_bytes;
use crate::engine::engine;
use crate::{Name, Result, Site};

/// How CSV files are read; the names are those of polars' `CsvReadOptions`.
///
/// ```
/// use dagbok::frame::CsvReadOptions;
/// # dagbok_engine::install();
/// # let folder = std::env::temp_dir().join(format!("dagbok-doc-csv-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder).unwrap();
/// # std::fs::write(folder.join("a.csv"), "city;rain\nOslo;763\n").unwrap();
/// # let path = folder.join("*.csv");
///
/// let rain = CsvReadOptions::default().with_separator(b';').read(path)?;
/// assert_eq!(rain.columns()?, ["city", "rain"]);
/// # std::fs::remove_dir_all(&folder).unwrap();
/// # Ok::<(), dagbok::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CsvReadOptions {
    pub has_header: bool,
    pub separator: u8,
    pub quote_char: Option<u8>,
    pub comment_prefix: Option<String>,
    pub null_values: Vec<String>,
    pub try_parse_dates: bool,
    pub skip_rows: usize,
    pub infer_schema_length: Option<usize>,
    pub schema_overwrite: Vec<(String, DataType)>,
    pub blocksize: usize,
}

impl Default for CsvReadOptions {
    fn default() -> Self {
        CsvReadOptions {
            has_header: true,
            separator: b',',
            quote_char: Some(b'"'),
            comment_prefix: None,
            null_values: Vec::new(),
            try_parse_dates: false,
            skip_rows: 0,
            infer_schema_length: Some(100),
            schema_overwrite: Vec::new(),
            blocksize: blocksize(),
        }
    }
}

/// The bytes of a file that make one partition: in memory, a table takes about twice as much.
fn blocksize() -> usize {
    (chunk_bytes() / 2).max(1)
}

impl CsvReadOptions {
    /// Whether the first row holds the names of the columns; without, they are `column_1`, `column_2`, …
    pub fn with_has_header(mut self, has_header: bool) -> Self {
        self.has_header = has_header;
        self
    }

    /// The byte between columns, `b','` by default.
    pub fn with_separator(mut self, separator: u8) -> Self {
        self.separator = separator;
        self
    }

    /// The byte around values that hold separators or line breaks, `b'"'` by default.
    pub fn with_quote_char(mut self, quote_char: Option<u8>) -> Self {
        self.quote_char = quote_char;
        self
    }

    /// What a line starts with that is to be left out.
    pub fn with_comment_prefix(mut self, prefix: &str) -> Self {
        self.comment_prefix = Some(prefix.to_owned());
        self
    }

    /// What stands for a null in all columns, besides nothing at all.
    pub fn with_null_values(mut self, null_values: &[&str]) -> Self {
        self.null_values = null_values
            .iter()
            .map(|value| (*value).to_owned())
            .collect();
        self
    }

    /// Whether columns that look like dates and times become such.
    pub fn with_try_parse_dates(mut self, try_parse_dates: bool) -> Self {
        self.try_parse_dates = try_parse_dates;
        self
    }

    /// How many rows to leave out before the header.
    pub fn with_skip_rows(mut self, skip_rows: usize) -> Self {
        self.skip_rows = skip_rows;
        self
    }

    /// How many rows of the first file decide on types, 100 by default; `None` takes all of them.
    pub fn with_infer_schema_length(mut self, rows: Option<usize>) -> Self {
        self.infer_schema_length = rows;
        self
    }

    /// Types of some columns, in place of those that their first values suggest.
    pub fn with_schema_overwrite(mut self, columns: &[(&str, DataType)]) -> Self {
        self.schema_overwrite = columns
            .iter()
            .map(|(name, dtype)| ((*name).to_owned(), dtype.clone()))
            .collect();
        self
    }

    /// The bytes of a file that make one partition, by default half the `chunk_size` of [`Config`](crate::Config); a file is never joined with another.
    pub fn with_blocksize(mut self, bytes: usize) -> Self {
        self.blocksize = bytes.max(1);
        self
    }

    /// The frame of the files that `pattern` names, as [`read_csv`].
    ///
    /// # Errors
    /// As [`read_csv`].
    #[track_caller]
    pub fn read(&self, pattern: impl AsRef<Path>) -> Result<Frame> {
        scan(pattern.as_ref(), Format::Csv(self.clone()), Site::caller())
    }
}

/// How Parquet files are read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ParquetReadOptions {
    pub blocksize: usize,
}

impl Default for ParquetReadOptions {
    fn default() -> Self {
        ParquetReadOptions {
            blocksize: blocksize(),
        }
    }
}

impl ParquetReadOptions {
    /// The uncompressed bytes that make one partition, by default half the `chunk_size` of [`Config`](crate::Config): neighbouring row groups of a file are joined
    /// until they reach it.
    pub fn with_blocksize(mut self, bytes: usize) -> Self {
        self.blocksize = bytes.max(1);
        self
    }

    /// The frame of the files that `pattern` names, as [`read_parquet`].
    ///
    /// # Errors
    /// As [`read_parquet`].
    #[track_caller]
    pub fn read(&self, pattern: impl AsRef<Path>) -> Result<Frame> {
        let format = Format::Parquet(self.clone());
        scan(pattern.as_ref(), format, Site::caller())
    }
}

/// A frame of the CSV files that `pattern` names: a path, or one with `*`, `?`, `[…]` and `**`.
///
/// Only the first rows are read now, for names and types. Each file is one partition, and one of more than half the
/// `chunk_size` of [`Config`](crate::Config) (64 MiB where nothing is set) several; files are in the order of their names. [`CsvReadOptions`] has all options.
///
/// # Errors
/// [`ErrorKind::Io`](crate::ErrorKind::Io) if no file matches or one cannot be read,
/// [`ErrorKind::Column`](crate::ErrorKind::Column) if files differ in their columns.
///
/// ```
/// use dagbok::prelude::*;
/// # dagbok_engine::install();
/// # let folder = std::env::temp_dir().join(format!("dagbok-doc-read-csv-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder).unwrap();
/// # std::fs::write(folder.join("2024.csv"), "city,rain\nOslo,763\n").unwrap();
/// # std::fs::write(folder.join("2025.csv"), "city,rain\nBergen,2250\n").unwrap();
/// # let path = folder.join("*.csv");
///
/// let rain = read_csv(path)?.select([col("rain").sum()]).compute()?;
/// assert_eq!(rain.item::<i64>()?, 3013);
/// # std::fs::remove_dir_all(&folder).unwrap();
/// # Ok::<(), dagbok::Error>(())
/// ```
#[track_caller]
pub fn read_csv(pattern: impl AsRef<Path>) -> Result<Frame> {
    scan_csv(pattern.as_ref(), Site::caller())
}

fn scan_csv(pattern: &Path, site: Site) -> Result<Frame> {
    scan(pattern, Format::Csv(CsvReadOptions::default()), site)
}

/// A frame of the Parquet files that `pattern` names: a path, or one with `*`, `?`, `[…]` and `**`.
///
/// Only metadata is read now. Row groups are partitions, small ones joined; only the columns that are needed are read,
/// and row groups that a filter rules out by their statistics are left out. [`ParquetReadOptions`] has all options.
///
/// # Errors
/// [`ErrorKind::Io`](crate::ErrorKind::Io) if no file matches or one cannot be read,
/// [`ErrorKind::Column`](crate::ErrorKind::Column) if files differ in their columns.
#[track_caller]
pub fn read_parquet(pattern: impl AsRef<Path>) -> Result<Frame> {
    scan_parquet(pattern.as_ref(), Site::caller())
}

fn scan_parquet(pattern: &Path, site: Site) -> Result<Frame> {
    scan(
        pattern,
        Format::Parquet(ParquetReadOptions::default()),
        site,
    )
}

fn scan(pattern: &Path, format: Format, site: Site) -> Result<Frame> {
    let operation = match format {
        Format::Csv(_) => "read-csv",
        Format::Parquet(_) => "read-parquet",
    };
    let source = engine()?.scan(&pattern.to_string_lossy(), &format)?;
    let name = Name::of(operation, source.token);
    let meta = source.meta.clone();
    let frame = Frame::with_site(name, FrameOp::Read(Box::new(source)), Vec::new(), site);
    Ok(frame.with_meta(meta))
}

/// The format of files, with the options of its reader.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    Csv(CsvReadOptions),
    Parquet(ParquetReadOptions),
}

/// Files that were found, and how they are divided into partitions.
#[derive(Clone, Debug)]
pub struct Source {
    pub format: Format,
    pub partitions: Vec<Piece>,
    /// An empty table with the columns of all files.
    pub meta: DataFrame,
    /// What files, of what size and time, read how.
    pub token: u64,
}

/// The part of a file that makes one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    pub path: String,
    pub part: Part,
    /// The bytes that the partition is expected to take in memory.
    pub bytes: usize,
}

/// Which part of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Whole,
    /// The lines that start in the `index`th of `of` blocks of `blocksize` bytes.
    Block {
        index: usize,
        of: usize,
        blocksize: u64,
    },
    /// Whole row groups.
    Rows {
        offset: usize,
        len: usize,
    },
}
