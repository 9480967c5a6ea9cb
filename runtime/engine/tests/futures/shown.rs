//! What a notebook shows of a future.

use dagbok::display::{DisplaySink, MimeBundle, Render, set_sink};

use super::*;

#[test]
fn a_future_is_shown_as_it_is() {
    let (go, slow) = held();
    let text = |future: &Future<i64>| future.render().get("text/plain").unwrap().to_owned();
    let after = inc(&slow).named("after").submit();
    let pending = text(&after);
    assert!(
        pending.starts_with("Future of `after`\n  status … pending\n  key    after-"),
        "{pending}"
    );
    go.send(1).unwrap();
    after.result().unwrap();
    let finished = text(&after);
    assert!(finished.contains("\n  status ✓ finished\n"), "{finished}");
    assert!(finished.ends_with("\n  value  i64, 8 B"), "{finished}");
    let html = after.render().get("text/html").unwrap().to_owned();
    assert!(
        html.contains("<b>finished</b>") && !html.contains("<script"),
        "{html}"
    );
    let failed = parse("<x>").submit();
    let _ = failed.exception().unwrap();
    assert!(
        text(&failed).contains("\n  error  `parse` failed: invalid digit"),
        "{}",
        text(&failed)
    );
}

/// A front end that tells what it shows: on which display, and the status there.
struct Screen(Mutex<mpsc::Sender<(String, String)>>);

impl DisplaySink for Screen {
    fn display(&self, bundle: &MimeBundle, display_id: &str) {
        self.update(bundle, display_id);
    }

    fn update(&self, bundle: &MimeBundle, display_id: &str) {
        let text = bundle.get("text/plain").unwrap_or_default();
        let status = text.lines().find_map(|line| line.strip_prefix("  status "));
        // What other tests compute shows how far it is, too.
        if let Some(status) = status {
            let shown = (display_id.to_owned(), status.to_owned());
            let _ = self.0.lock().unwrap().send(shown);
        }
    }
}

#[test]
fn a_display_follows_its_future() {
    let (go, input) = held();
    let (tell, told) = mpsc::channel();
    set_sink(Some(Arc::new(Screen(Mutex::new(tell)))));
    let (ends, dropped) = (input.map(|x| x + 1), input.map(|x| x + 1));
    display(&ends);
    let (id, status) = told.recv().unwrap();
    assert_eq!(status, "… pending");
    display(&dropped);
    told.recv().unwrap();
    dropped.cancel();
    assert_eq!(told.recv().unwrap().1, "■ cancelled");
    go.send(1).unwrap();
    let is_last = |shown: &(String, String)| shown.1 == "✓ finished";
    let last = told.iter().find(is_last).unwrap();
    assert_eq!(last.0, id);
    set_sink(None);
    // That the task runs may be told of when it has ended.
    assert_eq!(told.try_iter().find(|shown| *shown != last), None);
}
