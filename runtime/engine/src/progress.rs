//! How far a computation is: one display, updated in place while it runs, with a button that cancels the computation.
//!
//! Where the front end shows widgets alive, it is one; elsewhere the button asks Jupyter's server for an interrupt.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use dagbok::display::{DisplayHandle, MimeBundle, Render, display};
use dagbok::widgets::{self, Button, HTML, VBox};

use crate::events::{Canceller, Event, Observer, Outcome, Run, Stamped};
use crate::graph::{Graph, LayerKind, TaskId};

/// What lasts less is not worth a display.
const SHOWN_AFTER: Duration = Duration::from_millis(200);
/// At most ten displays a second.
const UPDATED_EVERY: Duration = Duration::from_millis(100);
/// By what id Jupyter's server knows the kernel, if it does.
const KERNEL_ID: &str = "DAGBOK_KERNEL_ID";

/// Shows one computation's progress, if it lasts. Its last state stays on the screen.
#[derive(Default)]
pub(crate) struct Progress {
    screen: Mutex<Screen>,
}

#[derive(Default)]
struct Screen {
    tracker: Option<Tracker>,
    handle: Option<DisplayHandle>,
    controls: Option<Controls>,
    updated: Option<Instant>,
}

impl Observer for Progress {
    fn observe(&self, run: &Run, events: &[Stamped]) {
        let mut screen = self.screen.lock().unwrap_or_else(PoisonError::into_inner);
        let screen = &mut *screen;
        let now = Instant::now();
        let elapsed = now - run.submitted;
        let is_last =
            matches!(events.last(), Some(last) if matches!(last.event, Event::Ended { .. }));
        if is_last && screen.handle.is_none() && elapsed < SHOWN_AFTER {
            return;
        }
        let tracker = screen.tracker.get_or_insert_with(|| Tracker::new(run));
        events
            .iter()
            .for_each(|event| tracker.note(&run.graph, event));
        let is_due = screen
            .updated
            .is_none_or(|updated| now - updated >= UPDATED_EVERY);
        if is_last || (is_due && elapsed >= SHOWN_AFTER) {
            let state = tracker.state(now);
            screen.show(&state, &run.canceller);
            screen.updated = Some(now);
        }
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
        self.rows.iter().fold((0, 0), |(done, total), row| {
            (done + row.done, total + row.total)
        })
    }
}

impl Render for ProgressState {
    fn render(&self) -> MimeBundle {
        crate::render::progress(self)
    }
}

/// Counts what has happened.
struct Tracker {
    rows: Vec<Row>,
    /// The time that each row's tasks that are done have taken.
    busy: Vec<Duration>,
    row_of_layer: Vec<usize>,
    /// What runs now: a few tasks.
    started: Vec<(TaskId, Instant)>,
    n_threads: usize,
    submitted: Instant,
    canceller: Canceller,
    stop: Option<Stop>,
    ended: Option<(Instant, Outcome)>,
    bytes_held: usize,
    bytes_stored: usize,
    /// Tasks whose results are on the disk alone.
    stored: HashSet<TaskId>,
    bytes_made: usize,
}

impl Tracker {
    fn new(run: &Run) -> Self {
        let (mut rows, row_of_layer) = rows(&run.graph);
        for task in run.graph.ids() {
            rows[row_of_layer[run.graph.layer_of(task).index()]].total += 1;
        }
        Tracker {
            busy: vec![Duration::ZERO; rows.len()],
            rows,
            row_of_layer,
            started: Vec::new(),
            n_threads: run.n_threads,
            submitted: run.submitted,
            canceller: run.canceller.clone(),
            stop: Stop::of(run),
            ended: None,
            bytes_held: 0,
            bytes_stored: 0,
            stored: HashSet::new(),
            bytes_made: 0,
        }
    }

    fn note(&mut self, graph: &Graph, stamped: &Stamped) {
        match stamped.event {
            Event::Started { task, .. } => {
                self.started.push((task, stamped.at));
                let row = self.row(graph, task);
                self.rows[row].running += 1;
            }
            Event::Finished { task, bytes } => {
                let row = self.row(graph, task);
                self.rows[row].running -= 1;
                self.rows[row].done += 1;
                if let Some(started) = self.take_started(task) {
                    self.busy[row] += stamped.at - started;
                }
                self.bytes_held += bytes;
                self.bytes_made += bytes;
            }
            Event::Failed { task } => {
                self.take_started(task);
                let row = self.row(graph, task);
                self.rows[row].running -= 1;
            }
            Event::Spilled { task, bytes } => {
                self.bytes_held -= bytes;
                self.bytes_stored += bytes;
                self.stored.insert(task);
            }
            Event::Loaded { task, bytes } => {
                self.bytes_held += bytes;
                self.bytes_stored -= bytes;
                self.stored.remove(&task);
            }
            Event::Released { task, bytes } => match self.stored.remove(&task) {
                true => self.bytes_stored -= bytes,
                false => self.bytes_held -= bytes,
            },
            Event::Ended { outcome } => self.ended = Some((stamped.at, outcome)),
        }
    }

    fn take_started(&mut self, task: TaskId) -> Option<Instant> {
        let place = self
            .started
            .iter()
            .position(|(started, _)| *started == task)?;
        Some(self.started.swap_remove(place).1)
    }

    fn row(&self, graph: &Graph, task: TaskId) -> usize {
        self.row_of_layer[graph.layer_of(task).index()]
    }

    fn state(&self, now: Instant) -> ProgressState {
        let (at, status, left) = match self.ended {
            Some((at, Outcome::Cancelled)) if self.canceller.is_cancelled() => {
                (at, Status::CalledOff, None)
            }
            Some((at, outcome)) => (at, Status::Ended(outcome), None),
            None => (now, Status::Running, self.left(now)),
        };
        ProgressState {
            status,
            rows: self.rows.clone(),
            elapsed: at - self.submitted,
            left,
            bytes_held: self.bytes_held,
            bytes_stored: self.bytes_stored,
            bytes_made: self.bytes_made,
            stop: self.stop.clone(),
        }
    }

    /// Every row's tasks take as long as those of it that are done, or as all that are done; the threads share them.
    fn left(&self, now: Instant) -> Option<Duration> {
        let done: usize = self.rows.iter().map(|row| row.done).sum();
        if done == 0 {
            return None;
        }
        let all: Duration = self.busy.iter().sum();
        let mean_of_all = all.as_secs_f64() / done as f64;
        let work: f64 = self
            .rows
            .iter()
            .zip(&self.busy)
            .map(|(row, busy)| {
                let mean = match row.done {
                    0 => mean_of_all,
                    done => busy.as_secs_f64() / done as f64,
                };
                mean * (row.total - row.done) as f64
            })
            .sum();
        let under_way: Duration = self.started.iter().map(|(_, started)| now - *started).sum();
        // Where what is under way takes longer than expected, nobody knows.
        let work = work - under_way.as_secs_f64();
        Duration::try_from_secs_f64(work / self.n_threads as f64).ok()
    }
}

/// A row for each layer, one for all calls of a delayed function; and for each layer its row.
fn rows(graph: &Graph) -> (Vec<Row>, Vec<usize>) {
    let mut rows = Vec::new();
    let mut functions: HashMap<&str, usize> = HashMap::new();
    let row_of_layer = graph.layers().map(|(_, layer)| {
        let label = layer.name.operation();
        if layer.kind == LayerKind::Delayed
            && let Some(row) = functions.get(label)
        {
            return *row;
        }
        functions.insert(label, rows.len());
        rows.push(Row {
            label: label.to_owned(),
            total: 0,
            done: 0,
            running: 0,
        });
        rows.len() - 1
    });
    let row_of_layer = row_of_layer.collect();
    (rows, row_of_layer)
}
