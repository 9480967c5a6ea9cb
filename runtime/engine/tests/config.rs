//! `Config` from code. Settings are those of the whole process, so they have one of their own, with its own environment.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use dagbok::display::{DisplaySink, MimeBundle, set_sink};
use dagbok::prelude::*;

#[derive(Default)]
struct Screen(Mutex<Vec<MimeBundle>>);

impl DisplaySink for Screen {
    fn display(&self, bundle: &MimeBundle, _: &str) {
        self.0.lock().unwrap().push(bundle.clone());
    }

    fn update(&self, bundle: &MimeBundle, display_id: &str) {
        self.display(bundle, display_id);
    }
}

#[test]
fn settings_of_a_process() {
    let before = attempt(|| zeros(3)).expect("chunks need no engine");
    assert_eq!(before.chunks(), [[3]]);
    assert_eq!(
        Config::get("threads").unwrap_err().kind(),
        ErrorKind::NoEngine
    );
    assert!(
        Config::show()
            .get("text/plain")
            .unwrap()
            .contains("no engine")
    );
    dagbok_engine::install();
    chunks_of_arrays();
    arrays_of_one_name_have_one_set_of_chunks();
    partitions_of_files();
    scopes();
    retries();
    progress();
    interrupts();
}

/// What is made in two steps, of which the second fails, or panics, as often as told; and how often each ran.
fn unreliable(n_failures: usize) -> (Delayed<usize>, Arc<[AtomicUsize; 2]>) {
    let counts: Arc<[AtomicUsize; 2]> = Arc::default();
    let (first, second) = (counts.clone(), counts.clone());
    let delayed = delayed(())
        .map(move |()| first[0].fetch_add(1, Ordering::SeqCst))
        .and_then(move |_| match second[1].fetch_add(1, Ordering::SeqCst) {
            n if n < n_failures && n % 2 == 0 => Err(format!("failure {n}")),
            n if n < n_failures => panic!("failure {n}"),
            n => Ok(n),
        });
    (delayed, counts)
}

fn retries() {
    let check = |scheduler: &str, retries: i64, n_failures, n_runs| {
        let scope = Config::scope().with("retries", retries);
        let _scope = scope.with("scheduler", scheduler).enter().unwrap();
        let (delayed, counts) = unreliable(n_failures);
        let result = delayed.compute();
        let expected = (n_failures <= retries as usize).then_some(n_failures);
        assert_eq!(result.ok(), expected);
        let counts = [0, 1].map(|step| counts[step].load(Ordering::SeqCst));
        assert_eq!(counts, [1, n_runs]);
    };
    for scheduler in ["threads", "synchronous"] {
        check(scheduler, 0, 0, 1);
        check(scheduler, 0, 1, 1);
        check(scheduler, 2, 0, 1);
        check(scheduler, 2, 1, 2);
        check(scheduler, 2, 2, 3);
        check(scheduler, 2, 3, 3);
        check(scheduler, 30, 20, 21);
    }
    for refused in ["-1", "1001", "often", "1.5"] {
        let error = Config::set("retries", refused).unwrap_err().to_string();
        let expected =
            format!("`retries` cannot be `{refused}`: it takes a whole number from 0 to 1000");
        assert!(error.ends_with(&expected), "{error}");
    }
    let _scope = Config::scope().with("retries", 3).enter().unwrap();
    let counts = Arc::new(AtomicUsize::new(0));
    let counted = counts.clone();
    let cancelled = delayed(()).and_then(move |()| {
        counted.fetch_add(1, Ordering::SeqCst);
        Err::<i64, _>(Error::new(ErrorKind::Cancelled, "stopped"))
    });
    assert!(cancelled.compute().is_err());
    assert_eq!(counts.load(Ordering::SeqCst), 1);
}

fn chunks_of_arrays() {
    let _scope = Config::scope().chunk_size("80 B").enter().unwrap();
    assert_eq!(Config::chunk_size().unwrap(), 80);
    assert_eq!(zeros(25).chunks(), [[9, 9, 7]]);
    assert_eq!(arange(20).chunks(), [[10, 10]]);
    assert_eq!(arange(20).astype(DType::U8).chunks(), [[10, 10]]);
    assert_eq!(ones([4, 4]).chunks(), [vec![2, 2], vec![4]]);
    assert_eq!(Array::from(vec![1_u8; 100]).chunks(), [[50, 50]]);
    assert_eq!(arange(2).broadcast_to([9, 2]).chunks().len(), 2);
    assert_eq!(
        eye(9)
            .rechunk("auto")
            .sum(())
            .compute()
            .unwrap()
            .item::<f64>()
            .unwrap(),
        9.0
    );
    assert_eq!(zeros(25).rechunk(25).chunks(), [[25]]);
    // smaller than an element
    Config::set("chunk_size", 1).unwrap();
    assert_eq!(zeros(3).chunks(), [[1, 1, 1]]);
}

/// Arrays are known by their names, so the same numbers in other chunks need another one.
fn arrays_of_one_name_have_one_set_of_chunks() {
    let make = || {
        [
            arange(20),
            Array::from(vec![1.0; 20]),
            arange(1).broadcast_to(20),
        ]
    };
    let large = make();
    let scope = Config::scope().chunk_size(40).enter().unwrap();
    let small = make();
    drop(scope);
    for (large, small) in large.iter().zip(&small) {
        assert_eq!(large.chunks().concat().len(), 1);
        assert!(small.chunks().concat().len() > 1);
        let sums = compute_all((large.sum(()), small.sum(()), (large + small).sum(()))).unwrap();
        let of = |sum: &NdArray| sum.astype(DType::F64).item::<f64>().unwrap();
        assert_eq!((of(&sums.0), of(&sums.2)), (of(&sums.1), 2.0 * of(&sums.0)));
    }
    assert_eq!(large[0].name(), make()[0].name());
}

fn partitions_of_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    std::fs::write(&path, "x\n1\n2\n3\n4\n5\n").unwrap();
    assert_eq!(read_csv(&path).unwrap().npartitions().unwrap(), 1);
    let options = CsvReadOptions::default();
    let _scope = Config::scope().chunk_size(8).enter().unwrap();
    let frame = read_csv(&path).unwrap();
    assert_eq!(frame.npartitions().unwrap(), 3);
    assert_eq!(frame.compute().unwrap().height(), 5);
    assert_eq!(options.read(&path).unwrap().npartitions().unwrap(), 1);
    let parts = options.with_blocksize(6).read(&path).unwrap();
    assert_eq!(parts.npartitions().unwrap(), 2);
}

fn scopes() {
    let threads = || Config::threads().unwrap();
    let usual = threads();
    Config::set("threads", 2).unwrap();
    {
        let _outer = Config::scope().threads(1).progress(false).enter().unwrap();
        let inner = Config::scope().with("threads", "3").enter().unwrap();
        assert_eq!((threads(), Config::progress().unwrap()), (3, false));
        assert_eq!(
            arange(10).sum(()).compute().unwrap().item::<i64>().unwrap(),
            45
        );
        drop(inner);
        assert_eq!(threads(), 1);
    }
    assert_eq!((threads(), Config::progress().unwrap()), (2, true));
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _guard = Config::scope()
            .threads(7)
            .scheduler("synchronous")
            .enter()
            .unwrap();
        assert_eq!(
            (threads(), Config::scheduler().unwrap().as_str()),
            (7, "synchronous")
        );
        std::panic::resume_unwind(Box::new("over"));
    }));
    assert!(panicked.is_err());
    assert_eq!(
        (threads(), Config::scheduler().unwrap().as_str()),
        (2, "threads")
    );
    let error = Config::scope()
        .threads(5)
        .chunk_size("60%")
        .enter()
        .unwrap_err();
    assert!(error.to_string().contains("tests/config.rs:"), "{error}");
    assert_eq!(threads(), 2);
    Config::unset("threads").unwrap();
    assert_eq!(threads(), usual);
    let folder = std::env::temp_dir();
    let _scope = Config::scope()
        .temporary_directory(&folder)
        .memory_limit(7)
        .enter()
        .unwrap();
    assert_eq!(Config::temporary_directory().unwrap(), folder);
    assert_eq!(Config::memory_limit().unwrap(), 7);
}

/// A task that lasts until the progress has been shown; without a display, until it would have been.
fn progress() {
    let screen = Arc::new(Screen::default());
    set_sink(Some(screen.clone()));
    let lasts = |scheduler: &str, is_on: bool| {
        let (_keep, never) = mpsc::channel::<()>();
        let never = Mutex::new(never);
        let _scope = Config::scope()
            .progress(is_on)
            .scheduler(scheduler)
            .enter()
            .unwrap();
        let slow = delayed(1).map(move |x| {
            let _ = never
                .lock()
                .unwrap()
                .recv_timeout(std::time::Duration::from_millis(250));
            x + 1
        });
        assert_eq!(slow.map(|x| x + 1).compute().unwrap(), 3);
        let shown = std::mem::take(&mut *screen.0.lock().unwrap());
        shown
            .last()
            .map(|bundle| bundle.get("text/plain").unwrap().to_owned())
    };
    for scheduler in ["threads", "synchronous"] {
        assert_eq!(lasts(scheduler, false), None);
        let shown = lasts(scheduler, true).unwrap();
        assert!(
            shown.starts_with("compute: 1/1 tasks ██████████ 0."),
            "{scheduler}: {shown}"
        );
    }
    set_sink(None);
}

/// The synchronous scheduler stops at the next task, and in a task that looks.
fn interrupts() {
    let _scope = Config::scope().scheduler("synchronous").enter().unwrap();
    let kind = |result: dagbok::Result<i64>| result.unwrap_err().kind();
    let after = delayed(()).map(|()| dagbok::cancel::request());
    assert_eq!(kind(after.map(|()| 1_i64).compute()), ErrorKind::Cancelled);
    dagbok::cancel::reset();
    let nested = delayed(()).and_then(|()| {
        let endless = delayed(()).map(|()| {
            dagbok::cancel::request();
            loop {
                dagbok::cancel::checkpoint();
            }
        });
        let endless: Delayed<i64> = endless.map(|()| 1);
        endless.compute()
    });
    assert_eq!(kind(nested.compute()), ErrorKind::Cancelled);
    dagbok::cancel::reset();
    assert_eq!(delayed(1).compute().unwrap(), 1);
}
