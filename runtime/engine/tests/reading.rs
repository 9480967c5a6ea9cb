//! Files are read by tasks on their own thread with the same results as by the threads that polars reads them with.

use std::fs::{self, File};
use std::num::NonZero;
use std::path::Path;
use std::sync::{Arc, Barrier};
use std::thread;

use dagbok::config::Setting;
use dagbok::engine::Engine;
use dagbok::frame::{CsvReadOptions, DataFrame, Frame, ParquetReadOptions, col, len, lit};
use dagbok::{Result, Site, compute_all, delayed, engine};
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
        ParquetReadOptions::default().read(folder.join("groups.parquet"))?,
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
    let [first, second, third] = [0, 1, 2].map(|idx| col(&*columns[idx]));
    let other = columns[1].clone();
    let some = frame.filter(first.clone().gt(150));
    let mut reading = vec![
        frame.clone(),
        frame.select([other.clone()]).head(5),
        some.select([columns[2].clone(), columns[0].clone()]),
        frame.tail(3),
        frame.select([len()]),
        frame.head(40).filter(first.clone().gt(30)),
    ];
    let predicates = [
        first.clone().eq(77),
        first.clone().lt(0),
        first.clone().gt_eq(0),
        third.clone().is_null(),
        third.clone().is_not_null().and(first.clone().gt(400)),
        (first.clone() % 50).eq(3).or(first.clone().gt(990)),
        first.clone().sum().over([other.clone()]).gt(2000),
        second.clone().count().over([other.clone()]).gt(77),
        first.clone().gt(first.clone().mean()),
        first.clone().shift(1).gt(470),
        second.is_first_distinct(),
        lit(true),
        lit(false),
    ];
    for predicate in predicates {
        reading.push(frame.filter(predicate.clone()));
        reading.push(frame.filter(predicate).select([columns[2].clone()]));
    }
    Ok((
        reading,
        frame
            .group_by(other)
            .agg([first.sum(), third.count(), len()]),
    ))
}

fn results(queries: &[Frame]) -> Vec<DataFrame> {
    let results = queries.iter().map(Frame::compute);
    results.collect::<Result<_>>().expect("results")
}

/// What `work` makes in a task of each of `n` threads, all of which have one as long as another has.
fn in_busy_pool<T>(n: usize, work: impl Fn() -> T + Send + Sync + 'static) -> Vec<T>
where
    T: Clone + Send + Sync + 'static,
{
    let (work, barrier) = (Arc::new(work), Arc::new(Barrier::new(n)));
    let tasks = (0..n).map(|_| {
        let (work, barrier) = (work.clone(), barrier.clone());
        delayed(()).map(move |()| {
            barrier.wait();
            let made = work();
            barrier.wait();
            made
        })
    });
    compute_all(tasks.collect::<Vec<_>>()).expect("results")
}

fn check_same(some: &[DataFrame], others: &[DataFrame], queries: &[Frame]) {
    assert_eq!(some.len(), others.len());
    for ((some, other), query) in some.iter().zip(others).zip(queries) {
        let (some, other) = (polars_frame(some), polars_frame(other));
        let is_same = some.equals_missing(other) && some.schema() == other.schema();
        assert!(is_same, "{query:?}\n{some}\n{other}");
    }
}

#[test]
fn tasks_read_files_on_their_own_thread_unless_they_are_alone() {
    let engine = Arc::new(LocalEngine::with_threads(NonZero::<usize>::MIN));
    engine::install(engine.clone());
    let set = |setting: &str, value: Setting| {
        let set = engine.settings().set(setting, value, Site::caller());
        set.expect("a setting");
    };
    set("cache", false.into());
    let folder = tempfile::tempdir().expect("a folder");
    let frames = frames(folder.path()).expect("files");
    let made = frames.iter().map(queries).collect::<Result<Vec<_>>>();
    let (reading, grouping): (Vec<_>, Vec<_>) = made.expect("queries").into_iter().unzip();
    let queries: Arc<[Frame]> = reading.into_iter().flatten().chain(grouping).collect();
    let alone = results(&queries);
    assert!(!has_readers(), "one thread has readers of its own");

    let n_threads = thread::available_parallelism().map_or(2, |n| n.get().max(2));
    set("threads", n_threads.into());
    let busy = {
        let queries = queries.clone();
        in_busy_pool(n_threads, move || results(&queries))
    };
    assert!(!has_readers(), "busy threads have readers of their own");
    for busy in busy {
        check_same(&alone, &busy, &queries);
    }

    set("scheduler", "synchronous".into());
    let others = results(&queries);
    assert!(has_readers(), "the readers have another name by now");
    check_same(&alone, &others, &queries);
}
