//! Computations that are larger than their budget: right results, little memory, nothing left on the disk. Memory is the process's,
//! so each has one of its own, and they take turns.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use std::{env, fs, io, thread};

use dagbok::prelude::*;
use dagbok::{Error, ErrorKind};
use polars::prelude::ParquetWriter;

const MIB: usize = 1 << 20;
/// Enough for a process and a few tasks to take less than a fifth of it besides.
const BUDGET: usize = 160 * MIB;

/// Runs the test `name` in a process of its own, so that no other has left memory behind.
fn alone(name: &str, test: impl FnOnce()) {
    alone_after("", name, test);
}

/// Likewise, after the command `before` of a shell.
fn alone_after(before: &str, name: &str, test: impl FnOnce()) {
    const ALONE: &str = "DAGBOK_TEST_ALONE";
    static TURN: Mutex<()> = Mutex::new(());
    if env::var(ALONE).is_ok() {
        dagbok_engine::install();
        return test();
    }
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("{before}\nexec \"$0\" --exact {name}")]);
    shell.arg(env::current_exe().expect("this program"));
    let output = shell.env(ALONE, "").output();
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

/// What `compute` gives within the budget; the process must keep to it, with a fifth more, and leave nothing on the disk.
#[track_caller]
fn within_budget<T>(compute: impl FnOnce() -> T) -> T {
    within_budget_on(2, compute)
}

/// Likewise, on so many threads.
#[track_caller]
fn within_budget_on<T>(n_threads: usize, compute: impl FnOnce() -> T) -> T {
    let folder = tempfile::tempdir().expect("a folder");
    let _scope = Config::scope()
        .with("memory_limit", BUDGET)
        .with("threads", n_threads)
        .with("temporary_directory", folder.path())
        .enter()
        .expect("settings");
    forget_peak();
    let result = compute();
    let peak = status("VmHWM");
    assert!(
        peak < BUDGET + BUDGET / 5,
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

const N_PARTS: u64 = 100;

/// Numbers that take 8 MiB.
fn numbers(seed: u64) -> Vec<u64> {
    (0..MIB as u64)
        .map(|n| (n ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32)
        .collect()
}

/// 800 MiB of calls, each of which is taken twice, the second time when all have been made.
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
fn calls_of_five_times_the_budget_on_many_threads() {
    alone("calls_of_five_times_the_budget_on_many_threads", || {
        let (total, expected) = taken_twice();
        let sum = within_budget_on(8, || total.compute());
        assert_eq!(sum.expect("a total"), expected);
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
            .random([100, 1024, 1024])
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
fn a_frame_of_five_times_the_budget_is_kept() {
    alone("a_frame_of_five_times_the_budget_is_kept", || {
        let folder = tempfile::tempdir().expect("a folder");
        const ROWS: i64 = MIB as i64;
        for part in 0..50 {
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
        within_budget(|| {
            let kept = frame.persist().expect("room");
            let table = kept
                .select([col("n").sum(), col("x").count()])
                .compute()
                .expect("a table");
            let all = 50 * ROWS;
            assert_eq!(table.get::<i64>(0, "n").expect("n"), all * (all - 1) / 2);
        });
    });
}

#[test]
fn several_computations_share_the_budget() {
    alone("several_computations_share_the_budget", || {
        let (total, expected) = taken_twice();
        let sums = within_budget(|| {
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
fn a_cache_that_is_cleared_gives_its_memory_back() {
    const NAME: &str = "a_cache_that_is_cleared_gives_its_memory_back";
    alone(NAME, || {
        let _scope = Config::scope()
            .with("cache", true)
            .with("memory_limit", 8 * BUDGET)
            .with("threads", 2)
            .enter()
            .expect("settings");
        // Slow enough to be kept, and so small that the allocator has them in its pools.
        let part = |n: u64| {
            delayed(n).map(|n| {
                thread::sleep(Duration::from_millis(6));
                vec![*n; 12 << 10]
            })
        };
        let parts: Vec<Delayed<Vec<u64>>> = (0..400).map(part).collect();
        assert_eq!(compute_all(&parts).expect("parts").len(), 400);
        let kept = Cache::bytes().expect("an engine");
        assert!(kept > 30 * MIB, "{kept} bytes are kept");
        let before = status("VmRSS");
        Cache::clear().expect("an engine");
        let after = status("VmRSS");
        assert!(
            after + kept / 2 < before,
            "{} of {} MiB are left",
            after / MIB,
            before / MIB
        );
    });
}

/// The system refuses to let a file grow, as it does where a disk is full.
#[test]
fn a_file_that_cannot_be_written_is_an_error_and_the_session_goes_on() {
    alone_after(
        "trap '' XFSZ; ulimit -f 2048",
        "a_file_that_cannot_be_written_is_an_error_and_the_session_goes_on",
        || {
            check_refused(
                "max_spill",
                "1 GiB",
                &["8.00 MiB of results", "File too large", "memory_limit"],
            );
        },
    );
}

/// A process that ends with this.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_process_that_is_killed_leaves_nothing_on_the_disk() {
    const NAME: &str = "a_process_that_is_killed_leaves_nothing_on_the_disk";
    const FOLDER: &str = "DAGBOK_TEST_FOLDER";
    if let Some(folder) = env::var_os(FOLDER) {
        return wait_with_results_in(Path::new(&folder));
    }
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(env::current_exe().expect("this program"));
    command
        .args(["--exact", NAME])
        .env(FOLDER, folder.path())
        .stdout(Stdio::piped());
    let mut child = Killed(command.spawn().expect("a process"));
    let lines = BufReader::new(child.0.stdout.take().expect("a pipe")).lines();
    let is_full = lines.map_while(Result::ok).any(|line| line == FULL);
    assert!(is_full);
    let maps = fs::read_to_string(format!("/proc/{}/maps", child.0.id())).expect("Linux");
    assert!(maps.contains(folder.path().to_str().expect("UTF-8")));
    drop(child);
    assert_eq!(files(folder.path()), 0);
}

/// What a process says when there are results on the disk.
const FULL: &str = "results are on the disk";

/// Says so, and goes on for ever.
fn wait() {
    writeln!(io::stdout(), "{FULL}").expect("a pipe");
    loop {
        thread::park();
    }
}

/// Computes what does not fit into memory, and comes to no end.
fn wait_with_results_in(folder: &Path) {
    dagbok_engine::install();
    let _scope = Config::scope()
        .with("memory_limit", 20 * MIB)
        .with("temporary_directory", folder)
        .enter()
        .expect("settings");
    let parts: Vec<Delayed<Vec<u64>>> = (0..10_u64)
        .map(|seed| delayed(seed).map(|seed| numbers(*seed)))
        .collect();
    #[delayed]
    fn total(lens: &[usize]) -> usize {
        lens.iter().sum()
    }
    let lens: Vec<Delayed<usize>> = parts.iter().map(|part| part.map(Vec::len)).collect();
    let all = total(lens).map(|_| wait());
    let again = parts
        .iter()
        .map(|part| part.zip(&all).map(|(part, ())| part.len()));
    let _ = compute_all(again.collect::<Vec<_>>());
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
