//! Files in partitions, and files that are not what they promised.

use std::fs;
use std::path::Path;

use dagbok::frame::{
    CsvReadOptions, DataType, ParquetReadOptions, col, len, read_csv, read_parquet,
};
use dagbok::{ErrorKind, Frame};
use dagbok_engine::table::polars_frame;
use expect_test::{Expect, expect};
use polars::prelude as pl;

use super::{install, shown};

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    install();
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

/// The message of the error, without the folder and without its task, whose name depends on the folder.
#[track_caller]
fn check_error(
    result: dagbok::Result<impl std::fmt::Debug>,
    folder: &Path,
    kind: ErrorKind,
    expected: Expect,
) {
    let error = result.unwrap_err();
    let message = error.to_string().replace(folder.to_str().unwrap(), "…");
    let message = message.split("\n  task").next().unwrap().to_owned();
    expected.assert_eq(&message);
    assert_eq!(error.kind(), kind, "{message}");
}

#[test]
fn a_pattern_names_files_in_order() {
    let folder = folder(&[
        ("b.csv", "k,x\nb,2\n"),
        ("a.csv", "k,x\na,1\nå,3\n"),
        ("c.txt", "no"),
    ]);
    let frame = read_csv(folder.path().join("*.csv")).unwrap();
    assert_eq!(frame.npartitions().unwrap(), 2);
    assert_eq!(frame.schema().unwrap().to_string(), "k: str, x: i64");
    assert_eq!(shown(&frame.compute().unwrap()), "a 1; å 3; b 2");
    assert_eq!(frame.len().unwrap(), 3);
    assert_eq!(
        shown(
            &frame
                .filter(col("x").gt(1))
                .select(["k"])
                .compute()
                .unwrap()
        ),
        "å; b"
    );
    assert_eq!(shown(&frame.head(2).compute().unwrap()), "a 1; å 3");
}

#[test]
fn large_files_are_divided_between_records() {
    let rows = [
        "1,\"a\nb\",0.5",
        "2,plain,1.5",
        "3,\"with \"\"quotes\"\"\n\n,\",2.5",
        "4,,",
        "5,é日本,4.5",
    ];
    let text = format!("n,s,f\n{}\n", rows.repeat(7).join("\n"));
    let folder = folder(&[("t.csv", &text)]);
    let path = folder.path().join("t.csv");
    let whole = read_csv(&path).unwrap().compute().unwrap();
    assert_eq!(whole.height(), 35);
    for blocksize in [1, 7, 16, 50, 100, 1000] {
        let frame = CsvReadOptions::default()
            .with_blocksize(blocksize)
            .read(&path)
            .unwrap();
        assert_eq!(frame.npartitions().unwrap(), text.len().div_ceil(blocksize));
        assert_eq!(frame.compute().unwrap(), whole, "in blocks of {blocksize}");
        assert_eq!(frame.len().unwrap(), 35);
        let sums = frame
            .group_by("s")
            .agg([col("f").sum(), len()])
            .compute()
            .unwrap();
        assert_eq!(sums.height(), 5);
    }
}

#[test]
fn blocks_without_header_or_last_line_break() {
    let folder = folder(&[("t.csv", "1;x\n2;y\r\n3;z")]);
    let path = folder.path().join("t.csv");
    for blocksize in [1, 4, 100] {
        let options = CsvReadOptions::default()
            .with_separator(b';')
            .with_has_header(false);
        let frame = options.with_blocksize(blocksize).read(&path).unwrap();
        assert_eq!(
            shown(&frame.compute().unwrap()),
            "1 x; 2 y; 3 z",
            "in blocks of {blocksize}"
        );
        assert_eq!(frame.columns().unwrap(), ["column_1", "column_2"]);
    }
}

#[test]
fn options() {
    let folder = folder(&[(
        "t.csv",
        "# made by hand\nid|day|v\n007|2024-02-29|NA\n008|2024-03-01|1.5\n",
    )]);
    let options = CsvReadOptions::default()
        .with_separator(b'|')
        .with_comment_prefix("#")
        .with_null_values(&["NA"])
        .with_try_parse_dates(true)
        .with_schema_overwrite(&[("id", DataType::String)]);
    for blocksize in [10, 1000] {
        let frame = options
            .clone()
            .with_blocksize(blocksize)
            .read(folder.path().join("t.csv"))
            .unwrap();
        assert_eq!(
            frame.schema().unwrap().to_string(),
            "id: str, day: date, v: f64"
        );
        assert_eq!(
            shown(&frame.compute().unwrap()),
            "007 2024-02-29 null; 008 2024-03-01 1.5"
        );
    }
}

#[test]
fn changed_files_have_other_names() {
    let folder = folder(&[("t.csv", "x\n1\n")]);
    let path = folder.path().join("t.csv");
    let before = read_csv(&path).unwrap();
    assert_eq!(before.name(), read_csv(&path).unwrap().name());
    fs::write(&path, "x\n1\n2\n").unwrap();
    assert_ne!(before.name(), read_csv(&path).unwrap().name());
    // another file in its place, of the same size and time
    let other = folder.path().join("u.csv");
    fs::write(&other, "x\n1\n3\n").unwrap();
    let time = fs::metadata(&path).unwrap().modified().unwrap();
    let opened = fs::File::options().write(true).open(&other).unwrap();
    opened.set_modified(time).unwrap();
    let before = read_csv(&path).unwrap();
    fs::rename(&other, &path).unwrap();
    assert_ne!(before.name(), read_csv(&path).unwrap().name());
}

/// A frame of a file with columns `a` and `b` that has `text` by the time it is computed.
#[track_caller]
fn check_changed(text: &str, expected: Result<&str, &str>) {
    let folder = folder(&[("t.csv", "a,b\n10,1\n20,2\n")]);
    let path = folder.path().join("t.csv");
    let frame = read_csv(&path).unwrap();
    fs::write(&path, text).unwrap();
    let found = frame.select([col("a").sum()]).compute();
    let found = found.as_ref().map(shown).map_err(|error| {
        error
            .to_string()
            .replace(folder.path().to_str().unwrap(), "…")
    });
    assert_eq!(found.as_deref().map_err(String::as_str), expected);
}

#[test]
fn columns_of_a_changed_file_are_what_they_were() {
    check_changed("a,b\n5,1\n6,2\n7,3\n", Ok("18"));
    check_changed(
        "b,a\n1,10\n2,20\n3,30\n",
        Err(
            "`…/t.csv` has changed since the frame was made: its columns were (a: i64, b: i64) and are (b: i64, a: i64); read it again",
        ),
    );
    check_changed(
        "a,c\n10,1\n",
        Err(
            "`…/t.csv` has changed since the frame was made: its columns were (a: i64, b: i64) and are (a: i64, c: i64); read it again",
        ),
    );
}

#[test]
fn a_file_that_is_gone_is_named_once() {
    let folder = folder(&[("t.csv", "a\n1\n")]);
    let at = folder.path();
    let file = fs::File::create(at.join("t.parquet")).unwrap();
    let mut table = pl::df!("a" => [1]).unwrap();
    pl::ParquetWriter::new(file).finish(&mut table).unwrap();
    let frames = [
        read_csv(at.join("t.csv")).unwrap(),
        read_parquet(at.join("t.parquet")).unwrap(),
    ];
    for (frame, file) in frames.iter().zip(["t.csv", "t.parquet"]) {
        fs::remove_file(at.join(file)).unwrap();
        let expected = format!(
            "cannot read `{}`: No such file or directory (os error 2)",
            at.join(file).display()
        );
        assert_eq!(frame.compute().unwrap_err().to_string(), expected);
    }
}

#[test]
fn missing_and_malformed_files() {
    let folder = folder(&[
        ("a.csv", "k,x\na,1\n"),
        ("b.csv", "k,y\nb,2\n"),
        ("c.csv", "x,k\n1,c\n"),
        ("late1.csv", "k,x\na,1\n"),
        ("late2.csv", "k,x\na,one\n"),
        ("ragged.csv", "k,x\na,1\nb,2,3\n"),
        ("empty.csv", ""),
        ("p.parquet", "this is not parquet"),
    ]);
    let at = folder.path();
    let error =
        |file: &str, kind, expected| check_error(read_csv(at.join(file)), at, kind, expected);
    error(
        "none.csv",
        ErrorKind::Io,
        expect!["cannot read `…/none.csv`: No such file or directory (os error 2)"],
    );
    error("*.tsv", ErrorKind::Io, expect!["no file matches `…/*.tsv`"]);
    error(
        "",
        ErrorKind::Io,
        expect![
            "cannot read `…/`: it is a folder; name the files in it, such as with `*` for all of them"
        ],
    );
    error(
        "[ab].csv",
        ErrorKind::Column,
        expect!["files differ in their columns: in `…/b.csv` column `x` of `…/a.csv` is missing"],
    );
    error(
        "[ac].csv",
        ErrorKind::Column,
        expect![
            "files differ in their columns: in `…/c.csv` columns are in another order than in `…/a.csv`"
        ],
    );
    error(
        "empty.csv",
        ErrorKind::Value,
        expect!["in `…/empty.csv`: empty CSV"],
    );
    check_error(
        read_parquet(at.join("p.parquet")),
        at,
        ErrorKind::Value,
        expect![
            "in `…/p.parquet`: parquet: File out of specification: The file must end with PAR1"
        ],
    );
    let compute = |file: &str| read_csv(at.join(file)).unwrap().compute();
    check_error(
        compute("late?.csv"),
        at,
        ErrorKind::Value,
        expect![
            "`read-csv` failed: in `…/late2.csv`: could not parse `one` as dtype `i64` at column `x` (column number 2); `CsvReadOptions` can give the column's type or make the value a null"
        ],
    );
    check_error(
        compute("ragged.csv"),
        at,
        ErrorKind::Value,
        expect!["`read-csv` failed: in `…/ragged.csv`: found more fields than defined in `Schema`"],
    );
    let options = CsvReadOptions::default().with_schema_overwrite(&[("z", DataType::Int8)]);
    check_error(
        options.read(at.join("a.csv")),
        at,
        ErrorKind::Column,
        expect!["no column `z` in `…/a.csv`, of which the type was given"],
    );
}

#[test]
fn parquet_by_row_groups() {
    let folder = folder(&[]);
    let n = 1000_i64;
    let mut table = pl::df!(
        "x" => (0..n).collect::<Vec<_>>(),
        "s" => (0..n).map(|i| format!("row {i}")).collect::<Vec<_>>(),
    )
    .unwrap();
    for name in ["a.parquet", "b.parquet"] {
        let file = fs::File::create(folder.path().join(name)).unwrap();
        let writer = pl::ParquetWriter::new(file).with_row_group_size(Some(100));
        writer.finish(&mut table).unwrap();
    }
    let pattern = folder.path().join("*.parquet");
    assert_eq!(read_parquet(&pattern).unwrap().npartitions().unwrap(), 2);
    let frame: Frame = ParquetReadOptions::default()
        .with_blocksize(1)
        .read(&pattern)
        .unwrap();
    assert_eq!(frame.npartitions().unwrap(), 20);
    assert_eq!(frame.len().unwrap(), 2000);
    let whole = frame.compute().unwrap();
    assert_eq!(*polars_frame(&whole), table.vstack(&table).unwrap());
    let some = frame
        .filter(col("x").gt_eq(998))
        .select(["s"])
        .compute()
        .unwrap();
    assert_eq!(shown(&some), "row 998; row 999; row 998; row 999");
    assert_eq!(
        shown(&frame.tail(2).select(["x"]).compute().unwrap()),
        "998; 999"
    );
}

#[test]
fn parquet_of_which_the_middle_is_lost() {
    let folder = folder(&[]);
    let mut table = pl::df!("x" => (0..1000_i64).collect::<Vec<_>>()).unwrap();
    let mut bytes = Vec::new();
    pl::ParquetWriter::new(&mut bytes)
        .with_compression(pl::ParquetCompression::Uncompressed)
        .finish(&mut table)
        .unwrap();
    let end_of_columns = bytes.len() - 1_000;
    bytes.drain(1_000..end_of_columns);
    fs::write(folder.path().join("t.parquet"), &bytes).unwrap();
    check_error(
        read_parquet(folder.path().join("t.parquet")).and_then(|frame| frame.compute()),
        folder.path(),
        ErrorKind::Io,
        expect!["`…/t.parquet` is not whole: it has 2000 bytes, and its columns end at byte 9324"],
    );
}
