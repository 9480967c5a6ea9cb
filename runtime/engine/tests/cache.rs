//! Results that later computations find. They are the process's, so it has one of its own, and its tests take turns.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::{Duration, Instant};

use dagbok::prelude::*;
use polars::prelude::ParquetWriter;

fn one_at_a_time() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    dagbok_engine::install();
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes long enough to be kept.
fn work() {
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(8) {
        std::hint::spin_loop();
    }
}

/// A call that counts how often it is made.
fn counted(n: i64) -> (Delayed<i64>, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let counter = count.clone();
    let call = delayed(n).map(move |n| {
        counter.fetch_add(1, Ordering::SeqCst);
        work();
        *n
    });
    (call, count)
}

/// `compute` makes the call `n_calls` times.
#[track_caller]
fn check_calls(n_calls: usize, compute: impl FnOnce(&Delayed<i64>)) {
    let (call, count) = counted(7);
    compute(&call);
    assert_eq!(count.load(Ordering::SeqCst), n_calls);
}

/// A task that is called off while it waits makes something of that: its value it is not.
#[test]
fn what_a_task_makes_of_being_called_off_is_not_kept() {
    let _turn = one_at_a_time();
    let (go, gone) = mpsc::channel();
    let slow = try_submit(move || gone.recv());
    let (tell, told) = mpsc::channel();
    let tell = Mutex::new(tell);
    let call = delayed(()).map(move |()| {
        let tell = |what| tell.lock().expect("no panic").send(what);
        work();
        tell("began").expect("a test");
        let is_ok = slow.result().is_ok();
        tell("ended").expect("a test");
        is_ok
    });
    let future = call.submit();
    assert_eq!(told.recv(), Ok("began"));
    future.cancel();
    assert_eq!(told.recv(), Ok("ended"));
    // The thread tells of that task before it takes one of these.
    let others: Vec<_> = (0..1000).map(|n| delayed(n).map(|n| n + 1)).collect();
    compute_all(others).expect("numbers");
    go.send(()).expect("a future");
    assert!(call.compute().expect("a call"));
}

#[test]
fn what_nobody_can_ask_for_is_let_go() {
    let _turn = one_at_a_time();
    Cache::clear().expect("an engine");
    let n_kept = || Cache::entries().expect("an engine").len();
    let (call, _) = counted(7);
    call.compute().expect("a number");
    assert_eq!(n_kept(), 1);
    drop(call);
    assert_eq!(n_kept(), 0);
    assert_eq!(submit(|| (work(), 1).1).result().expect("a number"), 1);
    assert_eq!(n_kept(), 0);
}

#[test]
fn a_call_that_several_computations_need_is_made_once() {
    let _turn = one_at_a_time();
    let value = |call: &Delayed<i64>| call.compute().expect("a number");
    check_calls(1, |call| {
        assert_eq!((value(call), value(call)), (7, 7));
        assert_eq!(value(&call.map(|n| n + 1)), 8);
        assert_eq!(
            compute_all((call, call.zip(&delayed(1)))).expect("both"),
            (7, (7, 1))
        );
    });
    check_calls(1, |call| {
        assert_eq!(value(&call.map(|n| n + 1)), 8);
        assert_eq!(value(&call.map(|n| n + 2)), 9);
    });
    check_calls(2, |call| {
        let _scope = Config::scope()
            .with("cache", false)
            .enter()
            .expect("settings");
        assert_eq!((value(call), value(call)), (7, 7));
    });
    check_calls(1, |call| {
        let _scope = Config::scope()
            .with("scheduler", "synchronous")
            .enter()
            .expect("settings");
        assert_eq!((value(call), value(call)), (7, 7));
    });
}

#[test]
fn a_profile_tells_what_was_found() {
    let _turn = one_at_a_time();
    let (call, _) = counted(11);
    let large = call.map(|n| {
        work();
        vec![*n; 1000]
    });
    let hits = |len: Delayed<usize>| {
        let (len, measured) = profile(|| len.compute());
        assert!(len.expect("a length") >= 1000);
        let found = measured.cache_hits();
        (found.count, found.bytes)
    };
    assert_eq!(hits(large.map(Vec::len)), (0, 0));
    assert_eq!(hits(large.map(|numbers| numbers.len() + 1)), (1, 8024));
    assert_eq!(hits(large.map(|numbers| numbers.len() + 2)), (1, 8024));
}

#[test]
fn what_failed_is_tried_again() {
    let _turn = one_at_a_time();
    let count = Arc::new(AtomicUsize::new(0));
    let counter = count.clone();
    let call = delayed(1).and_then(move |_| {
        work();
        match counter.fetch_add(1, Ordering::SeqCst) {
            0 => Err("not yet"),
            n => Ok(n),
        }
    });
    assert!(call.compute().is_err());
    assert_eq!(call.compute().expect("now"), 1);
    assert_eq!(call.compute().expect("kept"), 1);
}

#[test]
fn what_is_made_of_a_kept_result_in_no_time_is_not_kept_too() {
    let _turn = one_at_a_time();
    Cache::clear().expect("an engine");
    let (slow, _) = counted(1);
    let sums: Vec<Delayed<i64>> = (0..300).map(|n| slow.map(move |x| x + n)).collect();
    compute_all(&sums).expect("sums");
    let n_kept = Cache::entries().expect("an engine").len();
    assert!((1..30).contains(&n_kept), "{n_kept} are kept");
}

#[test]
fn chunks_are_found_by_name() {
    let _turn = one_at_a_time();
    let count = Arc::new(AtomicUsize::new(0));
    let counter = count.clone();
    let slow = arange(40).rechunk(10).map_blocks(move |chunk| {
        counter.fetch_add(1, Ordering::SeqCst);
        work();
        chunk.clone()
    });
    let total = |array: &Array| {
        array
            .sum(())
            .compute()
            .expect("a sum")
            .item::<i64>()
            .expect("i64")
    };
    assert_eq!(total(&slow), 780);
    assert_eq!(total(&(&slow + 1)), 820);
    let part = slow.compute().expect("chunks");
    assert_eq!(part.len(), 40);
    assert_eq!(count.load(Ordering::SeqCst), 4);
}

#[test]
fn partitions_are_found_by_name() {
    let _turn = one_at_a_time();
    let count = Arc::new(AtomicUsize::new(0));
    let counter = count.clone();
    let numbers: Vec<i64> = (0..40).collect();
    let frame = df!("n" => numbers).expect("a table").lazy();
    let slow = frame.repartition(4).map_partitions(move |table| {
        if table.height() > 0 {
            counter.fetch_add(1, Ordering::SeqCst);
            work();
        }
        Ok(table)
    });
    let check = |query: Frame, expected: i64| {
        let table = query.compute().expect("a table");
        assert_eq!(table.item::<i64>().expect("one number"), expected);
        assert_eq!(count.load(Ordering::SeqCst), 4);
    };
    check(slow.select([col("n").sum()]), 780);
    check(slow.select([col("n").sum()]), 780);
    check(slow.select([(col("n") * 2).sum()]), 1560);
    check(slow.filter(col("n").gt(7)).select([col("n").min()]), 8);
    check(
        slow.group_by([col("n") % 2])
            .agg([col("n").max().alias("max")])
            .select([col("max").max()]),
        39,
    );
    assert_eq!(slow.compute().expect("a table").height(), 40);
    check(slow.tail(1), 39);
}

/// Writes `bytes` to a file that was changed last so many seconds after 1970.
fn write(path: &Path, bytes: &[u8], seconds: u64) {
    std::fs::write(path, bytes).expect("a file");
    let file = std::fs::File::options().write(true).open(path);
    let time = std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    file.expect("a file").set_modified(time).expect("a time");
}

/// Writes the numbers from `start` on to a `.npy` file of its own time.
fn write_npy(path: &Path, start: i64, seconds: u64) {
    let numbers: Vec<i64> = (start..start + 8).collect();
    let header = "{'descr': '<i8', 'fortran_order': False, 'shape': (8,), }";
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend(118_u16.to_le_bytes());
    bytes.extend(format!("{header:<117}\n").as_bytes());
    bytes.extend(numbers.iter().flat_map(|n| n.to_le_bytes()));
    write(path, &bytes, seconds);
}

#[test]
fn a_file_that_has_changed_is_read_again() {
    let _turn = one_at_a_time();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("numbers.npy");
    write_npy(&path, 0, 1_000_000);
    let slow = from_npy(&path).expect("a file").map_blocks(|chunk| {
        work();
        chunk.clone()
    });
    let total = || {
        slow.sum(())
            .compute()
            .expect("a sum")
            .item::<i64>()
            .expect("i64")
    };
    assert_eq!((total(), total()), (28, 28));
    write_npy(&path, 100, 2_000_000);
    assert_eq!((total(), total()), (828, 828));
    write_npy(&path, 0, 3_000_000);
    assert_eq!(total(), 28);
    write_npy(&path, 100, 1_000_000);
    assert_eq!(total(), 828, "the time says that it is the first file");
}

/// A frame of two files is computed again once one of them has been written, whatever times the files say.
#[track_caller]
fn check_frame_of_files(name: &str, file: fn(start: i64) -> Vec<u8>, read: fn(&str) -> Frame) {
    let _turn = one_at_a_time();
    let folder = tempfile::tempdir().expect("a folder");
    let paths = ["a", "b"].map(|part| folder.path().join(format!("{part}.{name}")));
    let write_both = |start, seconds| {
        write(&paths[0], &file(0), 1_000_000);
        write(&paths[1], &file(start), seconds);
    };
    write_both(100, 1_000_000);
    let count = Arc::new(AtomicUsize::new(0));
    let counter = count.clone();
    let all = folder.path().join(format!("*.{name}"));
    let slow = read(all.to_str().expect("UTF-8")).map_partitions(move |table| {
        if table.shape().0 > 0 {
            counter.fetch_add(1, Ordering::SeqCst);
            work();
        }
        Ok(table)
    });
    let check = |expected: [i64; 2], n_calls: usize| {
        let table = slow.compute().expect("a table");
        let numbers = [0, 3].map(|row| table.get::<i64>(row, "n").expect("a number"));
        assert_eq!(numbers, expected);
        assert_eq!(count.swap(0, Ordering::SeqCst), n_calls, "{name}");
    };
    check([0, 100], 2);
    check([0, 100], 0);
    write_both(200, 2_000_000);
    check([0, 200], 2);
    check([0, 200], 2);
    write_both(100, 1_000_000);
    check([0, 100], 2);
    let anew = read(all.to_str().expect("UTF-8"));
    write_both(300, 3_000_000);
    let anew = [anew, read(all.to_str().expect("UTF-8"))];
    let last = anew.map(|frame| {
        let table = frame.compute().expect("a table");
        table.get::<i64>(5, "n").expect("a number")
    });
    assert_eq!(last, [302; 2]);
}

#[test]
fn a_frame_of_csv_files_that_have_changed_is_computed_again() {
    let file = |start: i64| format!("n\n{start}\n{}\n{}\n", start + 1, start + 2).into_bytes();
    check_frame_of_files("csv", file, |files| read_csv(files).expect("files"));
}

#[test]
fn a_frame_of_parquet_files_that_have_changed_is_computed_again() {
    let file = |start: i64| {
        let numbers: Vec<i64> = (start..start + 3).collect();
        let mut table = polars::prelude::df!("n" => numbers).expect("a table");
        let mut bytes = Vec::new();
        ParquetWriter::new(&mut bytes)
            .finish(&mut table)
            .expect("bytes");
        bytes
    };
    check_frame_of_files("parquet", file, |files| read_parquet(files).expect("files"));
}

#[test]
fn what_is_kept_is_listed_and_can_be_let_go() {
    let _turn = one_at_a_time();
    let (call, count) = counted(3);
    let call = call.map(|n| {
        work();
        vec![*n; 1000]
    });
    assert_eq!(call.compute().expect("a vector").len(), 1000);
    let key = call.name().to_string();
    let entries = Cache::entries().expect("entries");
    let entry = entries
        .iter()
        .find(|entry| entry.key == key)
        .expect("it is kept");
    assert!(entry.bytes >= 8000 && entry.cost >= Duration::from_millis(16));
    assert!(Cache::bytes().expect("bytes") >= 8000);
    let shown = Cache.render();
    assert!(
        shown
            .get("text/plain")
            .expect("text")
            .contains("all results may take")
    );
    assert!(shown.get("text/html").expect("HTML").contains("<table>"));
    Cache::clear().expect("an engine");
    assert_eq!(call.compute().expect("a vector").len(), 1000);
    assert_eq!(count.load(Ordering::SeqCst), 2);
}
