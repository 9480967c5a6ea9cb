//! Files are read as ever by a computation of one thread, which starts none of those that polars reads them with.

use std::fs::{self, File};
use std::num::NonZero;
use std::path::Path;
use std::sync::Arc;

use dagbok::engine::Engine;
use dagbok::frame::{CsvReadOptions, DataFrame, Frame, ParquetReadOptions, col, len};
use dagbok::{Result, Site, engine};
use dagbok_engine::LocalEngine;
use dagbok_engine::table::polars_frame;
use polars::prelude as pl;

/// Whether polars has started the threads on which it reads files.
fn has_readers() -> bool {
    let threads = fs::read_dir("/proc/self/task").expect("a folder");
    let mut names =
        threads.filter_map(|thread| fs::read_to_string(thread.ok()?.path().join("comm")).ok());
    names.any(|name| name.starts_with("async-executor"))
}

fn table() -> pl::DataFrame {
    let n = 0..1000_i64;
    let texts = n
        .clone()
        .map(|n| (n % 7 != 3).then(|| format!("é \"{}\"", n % 11)));
    pl::df!(
        "n" => n.clone().collect::<Vec<_>>(),
        "s" => texts.collect::<Vec<_>>(),
        "x" => n.map(|n| (n % 5 != 0).then_some(n as f64 / 4.0)).collect::<Vec<_>>(),
    )
    .expect("columns of one length")
}

fn write_parquet(path: &Path, row_group: usize) {
    let file = File::create(path).expect("a file");
    let writer = pl::ParquetWriter::new(file).with_row_group_size(Some(row_group));
    writer.finish(&mut table()).expect("written");
}

fn frames(folder: &Path) -> Result<Vec<Frame>> {
    write_parquet(&folder.join("groups.parquet"), 64);
    write_parquet(&folder.join("one.parquet"), 10_000);
    let rows = (0..200).map(|n| format!("{n}|2024-02-{:02}|\"a\nb|{n}\"|NA\n", n % 29 + 1));
    let text = format!(
        "# made by hand\nid|day|text|v\n{}",
        rows.collect::<String>()
    );
    fs::write(folder.join("preamble.csv"), text).expect("written");
    let rows = (0..500).map(|n| format!("{n},\"x,\n{n}\",{}.5\n", n % 3));
    fs::write(folder.join("plain.csv"), rows.collect::<String>()).expect("written");
    let preamble = CsvReadOptions::default()
        .with_separator(b'|')
        .with_comment_prefix("#")
        .with_null_values(&["NA"])
        .with_try_parse_dates(true);
    let plain = CsvReadOptions::default().with_has_header(false);
    Ok(vec![
        ParquetReadOptions::default()
            .with_blocksize(1)
            .read(folder.join("groups.parquet"))?,
        ParquetReadOptions::default().read(folder.join("*.parquet"))?,
        preamble.read(folder.join("preamble.csv"))?,
        plain
            .clone()
            .with_blocksize(1000)
            .read(folder.join("plain.csv"))?,
        plain.read(folder.join("plain.csv"))?,
    ])
}

/// What reads `frame`, and what groups it too.
fn queries(frame: &Frame) -> Result<(Vec<Frame>, Frame)> {
    let columns = frame.columns()?;
    let (first, second) = (col(&*columns[0]), columns[1].clone());
    let some = frame.filter(first.clone().gt(150));
    let reading = vec![
        frame.clone(),
        frame.select([second.clone()]).head(5),
        some.select([columns[2].clone(), columns[0].clone()]),
        frame.tail(3),
        frame.select([len()]),
    ];
    Ok((reading, frame.group_by(second).agg([first.sum(), len()])))
}

fn results<'a>(queries: impl IntoIterator<Item = &'a Frame>) -> Vec<DataFrame> {
    let results = queries.into_iter().map(Frame::compute);
    results.collect::<Result<_>>().expect("results")
}

#[test]
fn one_thread_reads_files_by_itself_and_as_several_do() {
    let engine = Arc::new(LocalEngine::with_threads(NonZero::<usize>::MIN));
    engine::install(engine.clone());
    let folder = tempfile::tempdir().expect("a folder");
    let frames = frames(folder.path()).expect("files");
    let queries = frames.iter().map(queries).collect::<Result<Vec<_>>>();
    let (reading, grouping): (Vec<_>, Vec<_>) = queries.expect("queries").into_iter().unzip();
    let reading: Vec<Frame> = reading.into_iter().flatten().collect();
    let alone = results(reading.iter().chain(&grouping));
    assert!(!has_readers(), "polars works on threads of its own");
    for (setting, value) in [("cache", false.into()), ("scheduler", "synchronous".into())] {
        let set = engine.settings().set(setting, value, Site::caller());
        set.expect("a setting");
    }
    let others = results(reading.iter().chain(&grouping));
    assert!(has_readers(), "the readers have another name by now");
    assert_eq!(alone.len(), others.len());
    for (alone, other) in alone.iter().zip(&others) {
        let (alone, other) = (polars_frame(alone), polars_frame(other));
        let is_same = alone.equals_missing(other) && alone.schema() == other.schema();
        assert!(is_same, "{alone}\n{other}");
    }
}
