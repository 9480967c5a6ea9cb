//! The displays of what is being computed, as a front end gets them. They concern the whole process: the tests here take turns.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::Duration;

use dagbok::display::{DisplaySink, MimeBundle, set_sink};
use dagbok::future::Future;
use dagbok::prelude::*;

fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Collects what is shown, and tells each time.
struct Screen {
    shown: Mutex<Vec<(String, MimeBundle)>>,
    changed: Mutex<mpsc::Sender<()>>,
}

impl DisplaySink for Screen {
    fn display(&self, bundle: &MimeBundle, display_id: &str) {
        let mut shown = self.shown.lock().unwrap();
        shown.push((display_id.to_owned(), bundle.clone()));
        let _ = self.changed.lock().unwrap().send(());
    }

    fn update(&self, bundle: &MimeBundle, display_id: &str) {
        self.display(bundle, display_id);
    }
}

#[test]
fn a_computation_that_lasts_has_one_display_with_its_last_state() {
    let _turn = turn();
    dagbok_engine::install();
    let (changed, changes) = mpsc::channel();
    let screen = Arc::new(Screen {
        shown: Mutex::default(),
        changed: Mutex::new(changed),
    });
    set_sink(Some(screen.clone()));

    assert_eq!(delayed(1).compute().unwrap(), 1);
    assert!(
        screen.shown.lock().unwrap().is_empty(),
        "what is quick is not shown"
    );

    // a task that ends once the computation has been shown twice
    let changes = Mutex::new(changes);
    let slow = delayed(20).map(move |x| {
        (0..2).for_each(|_| changes.lock().unwrap().recv().unwrap());
        x + 1
    });
    let quick: Vec<Delayed<i32>> = (0..10).map(delayed).collect();
    assert_eq!(compute_all((&slow, &quick)).unwrap().0, 21);

    let shown = screen.shown.lock().unwrap();
    let (display_id, first) = &shown[0];
    assert!(shown.iter().all(|(id, _)| id == display_id), "one display");
    let text = |bundle: &MimeBundle| bundle.get("text/plain").unwrap().to_owned();
    assert!(
        text(first).starts_with("compute: 10/11 tasks █████████░ 0."),
        "{}",
        text(first)
    );
    let html = first.get("text/html").unwrap();
    assert!(html.contains("▶ <b>running</b> 10 of 11 tasks"), "{html}");
    assert!(
        html.contains("<td style=\"text-align:left\">value</td>"),
        "{html}"
    );
    assert!(html.contains("<td>0/1</td><td>1 running</td>"), "{html}");
    let (_, last) = shown.last().unwrap();
    assert!(
        text(last).starts_with("compute: 11/11 tasks ██████████ 0."),
        "{}",
        text(last)
    );
    assert!(
        last.get("text/html")
            .unwrap()
            .contains("✓ <b>done</b> 11 of 11 tasks")
    );
}

/// Says whether it has shown what tasks compute.
#[derive(Default)]
struct Nested {
    has_shown: AtomicBool,
    shown: Mutex<Vec<(String, MimeBundle)>>,
}

impl DisplaySink for Nested {
    fn display(&self, bundle: &MimeBundle, display_id: &str) {
        let has_nested = bundle.get("text/plain").unwrap().contains(" nested ");
        self.has_shown.fetch_or(has_nested, Ordering::SeqCst);
        let mut shown = self.shown.lock().unwrap();
        shown.push((display_id.to_owned(), bundle.clone()));
    }

    fn update(&self, bundle: &MimeBundle, display_id: &str) {
        self.display(bundle, display_id);
    }
}

/// A computation that lasts until what its one task computes has been shown.
fn check_nested(scheduler: &str) {
    const N_CALLS: u64 = 10_000;
    let _scope = Config::scope().scheduler(scheduler).enter().unwrap();
    let screen = Arc::new(Nested::default());
    set_sink(Some(screen.clone()));
    let seen = screen.clone();
    let nested = delayed(N_CALLS).and_then(move |n| {
        let call = |n: u64| {
            let seen = seen.clone();
            delayed(n).named("part").map(move |n| {
                if !seen.has_shown.load(Ordering::SeqCst) {
                    std::thread::sleep(Duration::from_millis(5));
                }
                *n
            })
        };
        let calls: Vec<Delayed<u64>> = (0..*n).map(call).collect();
        compute_all(calls).map(|numbers| numbers.len() as u64)
    });
    assert_eq!(nested.compute().unwrap(), N_CALLS);
    set_sink(None);

    let shown = screen.shown.lock().unwrap();
    let (display_id, _) = &shown[0];
    assert!(shown.iter().all(|(id, _)| id == display_id), "one display");
    let of_type = |idx: usize, mime: &str| shown[idx].1.get(mime).unwrap().to_owned();
    let running = (0..shown.len()).find(|idx| of_type(*idx, "text/plain").contains(" nested "));
    let running = running.expect("it lasts until then");
    let text = of_type(running, "text/plain");
    assert!(text.starts_with("compute: 0/1 tasks, "), "{text}");
    assert!(text.contains("/10000 nested "), "{text}");
    let html = of_type(running, "text/html");
    assert!(html.contains(" of 10,000 nested · "), "{html}");
    assert!(html.contains("↳ "), "{html}");
    let text = of_type(shown.len() - 1, "text/plain");
    assert!(
        text.starts_with("compute: 1/1 tasks, 10000/10000 nested ██████████ "),
        "{text}"
    );
}

#[test]
fn what_tasks_compute_is_part_of_the_display() {
    let _turn = turn();
    dagbok_engine::install();
    check_nested("threads");
    check_nested("synchronous");
}

/// Tells of each text that is shown, and where.
struct Texts(Mutex<mpsc::Sender<(String, String)>>);

impl DisplaySink for Texts {
    fn display(&self, bundle: &MimeBundle, display_id: &str) {
        let text = bundle.get("text/plain").unwrap().to_owned();
        let _ = self.0.lock().unwrap().send((display_id.to_owned(), text));
    }

    fn update(&self, bundle: &MimeBundle, display_id: &str) {
        self.display(bundle, display_id);
    }
}

#[test]
fn several_futures_have_one_display_until_they_are_done() {
    let _turn = turn();
    dagbok_engine::install();
    let (tell, told) = mpsc::channel();
    set_sink(Some(Arc::new(Texts(Mutex::new(tell)))));
    let next = || {
        told.recv_timeout(Duration::from_secs(60))
            .expect("a display")
    };
    let until = |id: &str, words: &str| loop {
        let (on, text) = next();
        assert_eq!(on, id, "one display");
        if text.contains(words) {
            return text;
        }
    };

    let (go, gone) = mpsc::channel::<()>();
    let held = submit(move || gone.recv().is_ok());
    let quick = submit_map(|x: i64| x, 0..3);
    let failed = try_submit(|| "x".parse::<i64>());
    assert!(wait(&quick).all().unwrap().not_done.is_empty());
    assert!(failed.exception().unwrap().is_some());
    let dropped = held.map(|_| 1);
    progress((&held, &quick, &failed, &dropped));
    let (id, text) = next();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines,
        [
            "futures: 4/6 done ██████░░░░ 1 processing, 1 pending, 1 failed",
            &format!(
                "  ✗ {}: `submit` failed: invalid digit found in string",
                failed.key()
            )
        ]
    );
    drop(dropped);
    until(
        &id,
        "futures: 5/6 done ████████░░ 1 processing, 1 failed, 1 cancelled",
    );
    go.send(()).unwrap();
    until(
        &id,
        "futures: 6/6 done ██████████ 4 finished, 1 failed, 1 cancelled, ",
    );

    progress(Vec::<Future<i64>>::new());
    let (empty, text) = next();
    assert!(
        empty != id && text.starts_with("futures: 0/0 done ██████████ 0."),
        "{text}"
    );
    progress(&held);
    assert!(
        next()
            .1
            .starts_with("futures: 1/1 done ██████████ 1 finished, 0.")
    );
    let many = submit_map(|x: u64| x, 0..5_000);
    progress(&many);
    let (id, text) = next();
    if !text.contains("5,000/5,000") {
        until(&id, "futures: 5,000/5,000 done ██████████ 5,000 finished");
    }

    let call = delayed(1).named("call");
    let error = attempt(|| progress(&call)).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "`{}` is no future, so that nothing computes it yet: show the progress of what its `submit()` returns",
            call.name()
        )
    );
    set_sink(None);
    assert!(told.try_recv().is_err());
}
