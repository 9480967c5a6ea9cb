//! Computations that are larger than their budget: right results, little memory, nothing left on the disk. Memory is the process's,
//! so each has one of its own, and they take turns.

use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::{env, fs, thread};

use dagbok::prelude::*;
use dagbok::{Error, ErrorKind};
use polars::prelude::ParquetWriter;

const MIB: usize = 1 << 20;
/// Large enough that what a process and two tasks take besides is less than a fifth of it.
const BUDGET: usize = 400 * MIB;

/// Runs the test `name` in a process of its own, so that no other has left memory behind.
fn alone(name: &str, test: impl FnOnce()) {
    const ALONE: &str = "DAGBOK_TEST_ALONE";
    static TURN: Mutex<()> = Mutex::new(());
    if env::var(ALONE).is_ok() {
        dagbok_engine::install();
        return test();
    }
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let mut command = Command::new(env::current_exe().expect("this program"));
    let output = command.args(["--exact", name]).env(ALONE, "").output();
    let output = output.expect("a process");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
}

/// A figure of `/proc/self/status`, in bytes.
fn status(field: &str) -> usize {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|line| line.starts_with(field));
    let mut words = line.expect("the field").split_whitespace().skip(1);
    words
        .next()
        .expect("a number")
        .parse::<usize>()
        .expect("kB")
        << 10
}

/// Forgets what the process took at most until now.
fn forget_peak() {
    fs::write("/proc/self/clear_refs", "5").expect("Linux");
}

/// What `compute` gives within the budget; it must keep to it, and leave nothing on the disk.
#[track_caller]
fn within_budget<T>(compute: impl FnOnce() -> T) -> T {
    within(BUDGET + BUDGET / 5, compute)
}

/// Likewise, in so many bytes.
#[track_caller]
fn within<T>(most: usize, compute: impl FnOnce() -> T) -> T {
    let folder = tempfile::tempdir().expect("a folder");
    let _scope = Config::scope()
        .with("memory_limit", BUDGET)
        .with("temporary_directory", folder.path())
        .enter()
        .expect("settings");
    forget_peak();
    let result = compute();
    let peak = status("VmHWM");
    assert!(
        peak < most,
        "{} MiB of memory with a budget of {}",
        peak / MIB,
        BUDGET / MIB
    );
    assert_eq!(files(folder.path()), 0);
    result
}

fn files(folder: &Path) -> usize {
    fs::read_dir(folder).expect("a folder").count()
}

const N_PARTS: u64 = 250;

/// Numbers that take 8 MiB.
fn numbers(seed: u64) -> Vec<u64> {
    (0..MIB as u64)
        .map(|n| (n ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32)
        .collect()
}

/// 2000 MiB of calls, each of which is taken twice, the second time when all have been made.
fn taken_twice() -> (Delayed<u64>, u64) {
    let parts: Vec<Delayed<Vec<u64>>> = (0..N_PARTS)
        .map(|seed| delayed(seed).map(|seed| numbers(*seed)))
        .collect();
    let sums: Vec<Delayed<u64>> = parts
        .iter()
        .map(|part| part.map(|part| part.iter().sum()))
        .collect();
    #[delayed]
    fn total(sums: &[u64]) -> u64 {
        sums.iter().sum()
    }
    let all = total(sums);
    let again: Vec<Delayed<u64>> = parts
        .iter()
        .map(|part| {
            part.zip(&all)
                .map(|(part, all)| part.iter().filter(|n| **n * 1000 < *all).count() as u64)
        })
        .collect();
    let expected_total: u64 = (0..N_PARTS)
        .map(|seed| numbers(seed).iter().sum::<u64>())
        .sum();
    let expected = (0..N_PARTS)
        .map(|seed| {
            numbers(seed)
                .iter()
                .filter(|n| **n * 1000 < expected_total)
                .count() as u64
        })
        .sum();
    (total(again), expected)
}

#[test]
fn calls_of_five_times_the_budget() {
    alone("calls_of_five_times_the_budget", || {
        let (total, expected) = taken_twice();
        assert_eq!(
            within_budget(|| total.compute()).expect("a total"),
            expected
        );
    });
}

#[test]
fn calls_of_five_times_the_budget_one_after_the_other() {
    alone("calls_of_five_times_the_budget_one_after_the_other", || {
        let _scope = Config::scope()
            .with("scheduler", "synchronous")
            .enter()
            .expect("settings");
        let (total, expected) = taken_twice();
        assert_eq!(
            within_budget(|| total.compute()).expect("a total"),
            expected
        );
    });
}

#[test]
fn an_array_of_five_times_the_budget_is_kept() {
    alone("an_array_of_five_times_the_budget_is_kept", || {
        let x = default_rng(7)
            .random([250, 1024, 1024])
            .rechunk([1, 1024, 1024]);
        let expected: f64 = x.mean(()).compute().expect("a mean").item().expect("f64");
        within_budget(|| {
            let kept = x.persist().expect("room");
            for _ in 0..2 {
                let mean = kept.mean(()).compute().expect("a mean");
                assert_eq!(mean.item::<f64>().expect("f64"), expected);
            }
            let largest = (&kept - kept.mean(())).max(()).compute().expect("a number");
            assert!(largest.item::<f64>().expect("f64") <= 1.0 - expected);
        });
    });
}

#[test]
fn a_frame_of_three_times_the_budget_is_kept() {
    alone("a_frame_of_three_times_the_budget_is_kept", || {
        let folder = tempfile::tempdir().expect("a folder");
        const ROWS: i64 = MIB as i64;
        for part in 0..80 {
            let n: Vec<i64> = (part * ROWS..(part + 1) * ROWS).collect();
            let x: Vec<f64> = n.iter().map(|n| *n as f64).collect();
            let mut table = polars::prelude::df!("n" => n, "x" => x).expect("a table");
            let file = fs::File::create(folder.path().join(format!("part {part:02}.parquet")));
            ParquetWriter::new(file.expect("a file"))
                .finish(&mut table)
                .expect("a file");
        }
        let files = folder.path().join("*.parquet");
        let frame = read_parquet(files.to_str().expect("UTF-8")).expect("files");
        // polars reads and copies whole partitions of its own.
        within(2 * BUDGET, || {
            let kept = frame.persist().expect("room");
            let table = kept
                .select([col("n").sum(), col("x").count()])
                .compute()
                .expect("a table");
            let all = 80 * ROWS;
            assert_eq!(table.get::<i64>(0, "n").expect("n"), all * (all - 1) / 2);
        });
    });
}

#[test]
fn several_computations_share_the_budget() {
    alone("several_computations_share_the_budget", || {
        let (total, expected) = taken_twice();
        // Three of them take three times what one task needs beside what is kept.
        let sums = within(2 * BUDGET, || {
            thread::scope(|scope| {
                let computations = [(); 3].map(|()| scope.spawn(|| total.compute()));
                computations.map(|computation| computation.join().expect("no panic"))
            })
        });
        for sum in sums {
            assert_eq!(sum.expect("a total"), expected);
        }
    });
}

#[track_caller]
fn check_refused(key: &str, value: &str, expected: &[&str]) {
    let folder = tempfile::tempdir().expect("a folder");
    let (total, right) = taken_twice();
    let error: Error = {
        let _scope = Config::scope()
            .with("memory_limit", 20 * MIB)
            .with("temporary_directory", folder.path())
            .with(key, value)
            .enter()
            .expect("settings");
        total.compute().expect_err("no room")
    };
    assert_eq!(error.kind(), ErrorKind::Io);
    for part in expected {
        assert!(error.to_string().contains(part), "{error}");
    }
    assert_eq!(files(folder.path()), 0);
    assert_eq!(total.compute().expect("the session goes on"), right);
}

#[test]
fn a_disk_without_room_is_an_error_and_the_session_goes_on() {
    alone(
        "a_disk_without_room_is_an_error_and_the_session_goes_on",
        || {
            check_refused(
                "max_spill",
                "64 MiB",
                &["8.00 MiB of results", "no room is left", "max_spill"],
            );
            check_refused(
                "temporary_directory",
                "/proc/no",
                &["`/proc/no`", "temporary_directory"],
            );
        },
    );
}

#[test]
fn a_budget_that_nothing_fits_in_runs_one_task_after_the_other() {
    alone(
        "a_budget_that_nothing_fits_in_runs_one_task_after_the_other",
        || {
            let folder = tempfile::tempdir().expect("a folder");
            let _scope = Config::scope()
                .with("memory_limit", 1)
                .with("temporary_directory", folder.path())
                .enter()
                .expect("settings");
            let nested = |n: u64| {
                let parts: Vec<Delayed<u64>> = (0..4)
                    .map(|m| delayed(n + m).map(|n| numbers(*n).len() as u64))
                    .collect();
                compute_all(parts).map(|lens| lens.iter().sum::<u64>())
            };
            let outer: Vec<Delayed<u64>> = (0..4)
                .map(|n| delayed(n).and_then(move |n| nested(*n)))
                .collect();
            let lens = compute_all(&outer).expect("lengths");
            assert_eq!(lens, [4 * MIB as u64; 4]);
        },
    );
}
