//! The display of a running computation, as a front end gets it. Displays concern the whole process, so it has one of its own.

use std::sync::{Arc, Mutex, mpsc};

use dagbok::display::{DisplaySink, MimeBundle, set_sink};
use dagbok::prelude::*;

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
