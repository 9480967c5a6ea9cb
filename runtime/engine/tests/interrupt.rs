//! Interrupts stop computations. They concern the whole process, so they have one of their own.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use dagbok::display::{DisplaySink, MimeBundle, set_sink};
use dagbok::prelude::*;
use dagbok::{cancel, engine};
use dagbok_engine::LocalEngine;

/// What a front end shows: every display's newest state.
#[derive(Default)]
struct Screen(Mutex<Vec<(String, String)>>);

impl DisplaySink for Screen {
    fn display(&self, bundle: &MimeBundle, display_id: &str) {
        let text = bundle.get("text/plain").unwrap_or_default().to_owned();
        self.0.lock().unwrap().push((display_id.to_owned(), text));
    }

    fn update(&self, bundle: &MimeBundle, display_id: &str) {
        let mut shown = self.0.lock().unwrap();
        let display = shown.iter_mut().find(|(id, _)| id == display_id);
        display.unwrap().1 = bundle.get("text/plain").unwrap_or_default().to_owned();
    }
}

#[test]
fn an_interrupt_stops_a_computation() {
    engine::install(Arc::new(LocalEngine::with_threads(
        NonZero::new(2).unwrap(),
    )));
    let screen = Arc::new(Screen::default());
    set_sink(Some(screen.clone()));
    between_tasks();
    while_a_task_cannot_be_stopped();
    a_task_that_looks_for_it();
    in_a_nested_computation();
    a_wait_ends_and_the_future_goes_on();
    between_calls_of_one_task();
    // what was interrupted while it was quick or slow: the last state of each display says so
    for (_, text) in screen.0.lock().unwrap().iter() {
        assert!(text.contains("interrupted"), "{text}");
    }
    cancel::reset();
    assert_eq!(delayed(1).compute().unwrap(), 1);
}

/// The first task asks for the interrupt; of the thousand that follow none but those that had begun run.
fn between_tasks() {
    cancel::reset();
    let ran = Arc::new(AtomicUsize::new(0));
    let start = delayed(()).map(|()| cancel::request());
    let chain = (0..1000).fold(start, |last, _| {
        let ran = ran.clone();
        last.map(move |()| {
            ran.fetch_add(1, Ordering::SeqCst);
            std::thread::yield_now();
        })
    });
    assert_eq!(chain.compute().unwrap_err().kind(), ErrorKind::Cancelled);
    assert!(ran.load(Ordering::SeqCst) < 1000);
}

/// `compute` comes back although a task still runs, which ends later and unseen.
fn while_a_task_cannot_be_stopped() {
    cancel::reset();
    let (release, wait) = mpsc::channel::<()>();
    let (over, is_over) = mpsc::channel();
    let wait = Mutex::new(wait);
    let stuck = delayed(()).map(move |()| {
        cancel::request();
        let _ = wait.lock().unwrap().recv();
        over.send(()).unwrap();
    });
    assert_eq!(stuck.compute().unwrap_err().kind(), ErrorKind::Cancelled);
    release.send(()).unwrap();
    is_over.recv().unwrap();
}

/// A long kernel calls `checkpoint` now and then.
fn a_task_that_looks_for_it() {
    cancel::reset();
    let endless = delayed(()).map(|()| {
        cancel::request();
        loop {
            cancel::checkpoint();
        }
    });
    let endless = endless.map(|(): &()| 1);
    assert_eq!(endless.compute().unwrap_err().kind(), ErrorKind::Cancelled);
}

fn in_a_nested_computation() {
    cancel::reset();
    let outer = delayed(()).and_then(|()| {
        let inner = delayed(()).map(|()| {
            cancel::request();
            loop {
                cancel::checkpoint();
            }
        });
        let inner: Delayed<i64> = inner.map(|()| 1);
        inner.compute()
    });
    let error = outer.compute().unwrap_err();
    assert_eq!(
        (error.kind(), error.to_string().as_str()),
        (ErrorKind::Cancelled, "the computation was interrupted")
    );
}

/// Whoever waits is told; a later cell gathers it.
fn a_wait_ends_and_the_future_goes_on() {
    cancel::reset();
    let (go, gone) = mpsc::channel();
    let future = submit(move || {
        let value: i64 = gone.recv().unwrap();
        cancel::checkpoint();
        value
    });
    cancel::request();
    let error = future.result().unwrap_err();
    assert_eq!(
        (error.kind(), error.to_string().as_str()),
        (
            ErrorKind::Cancelled,
            "the wait was interrupted; the futures that it was for go on"
        )
    );
    for waited in [
        gather(&future).map(|_| ()),
        wait(&[future.clone()]).all().map(|_| ()),
        future.delayed().map(|x| x + 1).compute().map(|_| ()),
    ] {
        assert_eq!(waited.unwrap_err().kind(), ErrorKind::Cancelled);
    }
    assert_eq!(future.status(), FutureStatus::Processing);
    go.send(7).unwrap();
    while !future.done() {
        std::thread::yield_now();
    }
    assert_eq!(future.result().unwrap(), 7);
    cancel::reset();
    assert_eq!(future.map(|x| x + 1).result().unwrap(), 8);
}

/// Calls in line are one task; none is made after the interrupt.
fn between_calls_of_one_task() {
    cancel::reset();
    let ran = Arc::new(AtomicUsize::new(0));
    let counted = |x: Delayed<i64>, ran: &Arc<AtomicUsize>| {
        let ran = ran.clone();
        x.map(move |x| {
            ran.fetch_add(1, Ordering::SeqCst);
            x + 1
        })
    };
    let before = (0..10).fold(delayed(0), |x, _| counted(x, &ran));
    let asked = before.map(|x| {
        cancel::request();
        x + 1
    });
    let after = (0..10).fold(asked, |x, _| counted(x, &ran));
    assert_eq!(after.compute().unwrap_err().kind(), ErrorKind::Cancelled);
    assert_eq!(ran.load(Ordering::SeqCst), 10);
}
