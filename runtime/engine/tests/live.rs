//! A graph that is drawn while it runs, as a front end gets it. Displays concern the whole process, so it has one of its own.

use std::sync::{Arc, Mutex};

use dagbok::display::{DisplaySink, MimeBundle, set_sink};
use dagbok::prelude::*;

#[derive(Default)]
struct Screen(Mutex<Vec<(String, MimeBundle)>>);

impl DisplaySink for Screen {
    fn display(&self, bundle: &MimeBundle, display_id: &str) {
        self.0
            .lock()
            .unwrap()
            .push((display_id.to_owned(), bundle.clone()));
    }

    fn update(&self, bundle: &MimeBundle, display_id: &str) {
        self.display(bundle, display_id);
    }
}

impl Screen {
    /// How many displays, what the last state says of the tasks, and how many have been shown.
    fn take(&self) -> (usize, String, String) {
        let shown = std::mem::take(&mut *self.0.lock().unwrap());
        let mut ids: Vec<&String> = shown.iter().map(|(id, _)| id).collect();
        ids.sort();
        ids.dedup();
        let says = |bundle: &MimeBundle| {
            let text = bundle.get("text/plain").unwrap();
            text.lines().last().unwrap().trim().to_owned()
        };
        let (first, last) = (&shown[0].1, &shown[shown.len() - 1].1);
        let html = last.get("text/html").unwrap();
        assert!(
            html.starts_with(&format!("<div role=\"status\">{}</div><figure", says(last))),
            "{html}"
        );
        assert!(
            html.contains(&format!("aria-label=\"{}. Task graph of ", says(last))),
            "{html}"
        );
        (ids.len(), says(first), says(last))
    }
}

#[test]
fn a_drawing_follows_what_is_computed() {
    dagbok_engine::install();
    let screen = Arc::new(Screen::default());
    set_sink(Some(screen.clone()));
    Config::set("progress", false).unwrap();
    let check = |what: &str, (n, first, last): (usize, String, String), expected: [&str; 2]| {
        assert_eq!((n, [&*first, &*last]), (1, expected), "{what}");
    };

    let x = delayed(1).map(|x| x + 1).map(|x| x * 2);
    let graph = x.visualize().unwrap();
    assert_eq!(graph.live(|| x.compute().unwrap()), 4);
    check(
        "all tasks",
        screen.take(),
        ["0 of 1 task done, 1 waiting", "1 of 1 task done"],
    );

    let part = delayed(1).map(|x| x + 1);
    let whole = part.map(|x| x + 1);
    whole.visualize().unwrap().live(|| part.compute().unwrap());
    check(
        "a part",
        screen.take(),
        [
            "0 of 1 task done, 1 waiting",
            "0 of 1 task done, 1 done in part",
        ],
    );
    // the rest of it later on
    whole.visualize().unwrap().live(|| {
        part.compute().unwrap();
        whole.compute().unwrap()
    });
    check(
        "a part and the whole",
        screen.take(),
        ["0 of 1 task done, 1 waiting", "1 of 1 task done"],
    );
    // a task that runs in that of another
    part.visualize().unwrap().live(|| whole.compute().unwrap());
    check(
        "more in one task",
        screen.take(),
        ["0 of 1 task done, 1 waiting", "1 of 1 task done"],
    );
    let calls = whole.visualize().unwrap().optimize_graph(false);
    calls.live(|| part.compute().unwrap());
    check(
        "each call drawn",
        screen.take(),
        [
            "0 of 3 tasks done, 3 waiting",
            "1 of 3 tasks done, 2 not run",
        ],
    );

    part.visualize()
        .unwrap()
        .live(|| compute_all((&whole, &part, delayed(5))).unwrap());
    check(
        "more than is drawn",
        screen.take(),
        ["0 of 1 task done, 1 waiting", "1 of 1 task done"],
    );

    let failing = delayed(0).map(|by| 1 / by).map(|x| x + 1);
    let result = failing.visualize().unwrap().live(|| failing.compute());
    assert!(result.is_err());
    check(
        "a failure",
        screen.take(),
        ["0 of 1 task done, 1 waiting", "0 of 1 task done, 1 failed"],
    );

    let graph = graph.level("layers");
    graph.live(|| ());
    check(
        "nothing",
        screen.take(),
        ["0 of 1 task done, 1 waiting", "0 of 1 task done, 1 not run"],
    );

    let many = ones([100, 100]).rechunk([5, 10]);
    let many = (many.dot(&many.t())).sum(());
    many.visualize().unwrap().live(|| many.compute().unwrap());
    let (n, _, last) = screen.take();
    assert_eq!(n, 1);
    assert!(
        last.ends_with("tasks done") && !last.starts_with("0 "),
        "{last}"
    );

    // updates within a computation: a task waits until the drawing says that it runs
    let seen = screen.clone();
    let slow = delayed(3).map(move |x| {
        let says_so = |(_, bundle): &(String, MimeBundle)| {
            let text = bundle.get("text/plain").unwrap();
            text.contains("0 of 1 task done, 1 running")
        };
        while !seen.0.lock().unwrap().iter().any(says_so) {
            std::thread::yield_now();
        }
        x + 1
    });
    assert_eq!(
        slow.visualize().unwrap().live(|| slow.compute().unwrap()),
        4
    );
    let html = screen.0.lock().unwrap().clone();
    assert!(html.len() >= 3, "{} states", html.len());
    screen.take();

    // nobody follows any more
    slow_nothing(&x);
    assert!(screen.0.lock().unwrap().is_empty());
    let empty = visualize_all(Vec::<Array>::new()).unwrap();
    assert_eq!(empty.live(|| 5), 5);
}

fn slow_nothing(x: &Delayed<i32>) {
    assert_eq!(x.compute().unwrap(), 4);
}
