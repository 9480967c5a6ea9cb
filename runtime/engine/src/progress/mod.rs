//! How far a computation is: one display, updated in place while it runs, with a button that cancels the computation.
//!
//! Where the front end shows widgets alive, it is one; elsewhere the button asks Jupyter's server for an interrupt.

mod counts;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use dagbok::display::{DisplayHandle, MimeBundle, Render, display};
use dagbok::widgets::{self, Button, HTML, VBox};

use self::counts::Counts;
use crate::events::{Canceller, Event, Observer, Outcome, Run, Stamped};

/// What lasts less is not worth a display.
const SHOWN_AFTER: Duration = Duration::from_millis(200);
/// At most ten displays a second.
const UPDATED_EVERY: Duration = Duration::from_millis(100);
/// By what id Jupyter's server knows the kernel, if it does.
const KERNEL_ID: &str = "DAGBOK_KERNEL_ID";

/// Shows the progress of computations that last, each with what its tasks compute in turn. The last state stays on the screen.
#[derive(Default)]
pub(crate) struct Progress {
    /// Those of computations that go on.
    displays: Mutex<Vec<Arc<Display>>>,
}

/// One computation and what its tasks compute.
struct Display {
    /// Stops all of them, and nothing else.
    canceller: Canceller,
    counts: Mutex<Counts>,
    screen: Mutex<Screen>,
}

#[derive(Default)]
struct Screen {
    handle: Option<DisplayHandle>,
    controls: Option<Controls>,
}

impl Observer for Progress {
    fn observe(&self, run: &Run, events: &[Stamped]) {
        let ends = |last: &Stamped| matches!(last.event, Event::Ended { .. });
        let is_over = run.parent.is_none() && events.last().is_some_and(ends);
        let display = match is_over {
            false => self.display(&run.canceller),
            true => match self.take(&run.canceller) {
                Some(display) => display,
                None if run.submitted.elapsed() < SHOWN_AFTER => return,
                None => Arc::new(Display::of(&run.canceller)),
            },
        };
        display.observe(run, events, is_over);
    }
}

impl Progress {
    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Display>>> {
        self.displays.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The display of what `canceller` stops.
    fn display(&self, canceller: &Canceller) -> Arc<Display> {
        let mut displays = self.lock();
        let known = displays
            .iter()
            .find(|display| display.canceller.is(canceller));
        if let Some(display) = known {
            return display.clone();
        }
        // What a task in the background has computed ends without the end of a computation that is shown.
        displays.retain(|display| display.canceller.is_shared());
        let display = Arc::new(Display::of(canceller));
        displays.push(display.clone());
        display
    }

    /// The display of what `canceller` stops, if there is one, which is nobody else's any more.
    fn take(&self, canceller: &Canceller) -> Option<Arc<Display>> {
        let mut displays = self.lock();
        let place = displays
            .iter()
            .position(|display| display.canceller.is(canceller))?;
        Some(displays.swap_remove(place))
    }
}

impl Display {
    fn of(canceller: &Canceller) -> Self {
        Display {
            canceller: canceller.clone(),
            counts: Mutex::default(),
            screen: Mutex::default(),
        }
    }

    fn observe(&self, run: &Run, events: &[Stamped], is_over: bool) {
        let now = Instant::now();
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.note(run, events);
        if !counts.is_due(now, is_over) {
            return;
        }
        let Some(state) = counts.state(now, &self.canceller) else {
            return;
        };
        counts.updated = Some(now);
        drop(counts);
        let mut screen = self.screen.lock().unwrap_or_else(PoisonError::into_inner);
        screen.show(&state, &self.canceller);
    }
}

impl Screen {
    fn show(&mut self, state: &ProgressState, canceller: &Canceller) {
        let is_running = state.status == Status::Running;
        match (&self.handle, &self.controls) {
            (None, _) if is_running && widgets::are_alive() => {
                let controls = Controls::new(state, canceller.clone());
                self.handle = Some(display(&controls.bundle(state)));
                self.controls = Some(controls);
            }
            (None, _) => self.handle = Some(display(state)),
            (Some(_), Some(controls)) if is_running => controls.update(state),
            (Some(handle), _) => handle.update(state),
        }
        // The plain display that has taken its place says how it ended.
        if !is_running && let Some(controls) = self.controls.take() {
            controls.close();
        }
    }
}

/// The display as a widget.
struct Controls {
    shown: HTML,
    cancel: Button,
    all: VBox,
}

impl Controls {
    fn new(state: &ProgressState, canceller: Canceller) -> Self {
        let shown = HTML::new().value(html(state)).build();
        let cancel = Button::new().description("Cancel").build();
        let button = cancel.clone();
        cancel.on_click(move || {
            canceller.cancel();
            button.set_disabled(true);
            button.set_description("Cancelling…");
        });
        let all = VBox::new([&shown, &cancel]);
        Controls { shown, cancel, all }
    }

    /// Alive, and as it is now where that cannot be shown.
    fn bundle(&self, state: &ProgressState) -> MimeBundle {
        let still = state.render();
        let still = still.iter();
        still.fold(self.all.render(), |bundle, (mime, data)| {
            bundle.with(mime, data)
        })
    }

    fn update(&self, state: &ProgressState) {
        self.shown.set_value(html(state));
    }

    fn close(&self) {
        self.all.close();
        self.shown.close();
        self.cancel.close();
    }
}

/// `state` as the widget shows it, which has a button of its own.
fn html(state: &ProgressState) -> String {
    let still = ProgressState {
        stop: None,
        ..state.clone()
    };
    still
        .render()
        .get("text/html")
        .unwrap_or_default()
        .to_owned()
}

/// How a computation is stopped where there are no widgets: an interrupt of its kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stop {
    /// A name of the computation that no other has.
    pub(crate) computation: String,
    pub(crate) kernel_id: String,
}

impl Stop {
    fn of(run: &Run) -> Option<Self> {
        let kernel_id = std::env::var(KERNEL_ID).ok()?;
        let is_plain = |char: char| char.is_ascii_alphanumeric() || char == '-';
        let is_id = !kernel_id.is_empty() && kernel_id.chars().all(is_plain);
        is_id.then(|| Stop {
            computation: format!("{}-{:?}", std::process::id(), run.id),
            kernel_id,
        })
    }
}

/// How far a computation is, at one moment.
#[derive(Clone, Debug)]
pub(crate) struct ProgressState {
    pub(crate) status: Status,
    pub(crate) rows: Vec<Row>,
    /// What its tasks have asked for: a row for all layers of one operation.
    pub(crate) nested: Vec<Row>,
    /// As how many that are done its tasks count that wait for what they have asked for.
    pub(crate) in_part: f64,
    pub(crate) elapsed: Duration,
    /// The time that the rest is expected to take, once there is something to tell it from.
    pub(crate) left: Option<Duration>,
    /// The bytes of the results that are in memory.
    pub(crate) bytes_held: usize,
    /// The size of results that are on the disk.
    pub(crate) bytes_stored: usize,
    /// The bytes of all results so far.
    pub(crate) bytes_made: usize,
    /// What its button does, if it is to have one.
    pub(crate) stop: Option<Stop>,
}

/// One layer's tasks, or all calls of one delayed function.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) label: String,
    pub(crate) total: usize,
    pub(crate) done: usize,
    pub(crate) running: usize,
}

/// Whether a computation goes on, or how it ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Status {
    Running,
    Ended(Outcome),
    /// The person has cancelled it, and nothing else.
    CalledOff,
}

impl ProgressState {
    /// The number of tasks that have their results, and of all tasks.
    pub(crate) fn counts(&self) -> (usize, usize) {
        counts(&self.rows)
    }
}

/// The number of tasks that have their results, and of all tasks.
pub(crate) fn counts(rows: &[Row]) -> (usize, usize) {
    rows.iter().fold((0, 0), |(done, total), row| {
        (done + row.done, total + row.total)
    })
}

impl Render for ProgressState {
    fn render(&self) -> MimeBundle {
        crate::render::progress(self)
    }
}
