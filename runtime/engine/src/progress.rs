//! How far a computation is: one display, updated in place while it runs.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use dagbok::display::{DisplayHandle, MimeBundle, Render, display};

use crate::events::{Event, Observer, Outcome, Run, Stamped};
use crate::graph::{Graph, LayerKind, TaskId};

/// What lasts less is not worth a display.
const SHOWN_AFTER: Duration = Duration::from_millis(200);
/// At most ten displays a second.
const UPDATED_EVERY: Duration = Duration::from_millis(100);

/// Shows one computation's progress, if it lasts. Its last state stays on the screen.
#[derive(Default)]
pub(crate) struct Progress {
    screen: Mutex<Screen>,
}

#[derive(Default)]
struct Screen {
    tracker: Option<Tracker>,
    handle: Option<DisplayHandle>,
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
            match &screen.handle {
                Some(handle) => handle.update(&state),
                None => screen.handle = Some(display(&state)),
            }
            screen.updated = Some(now);
        }
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
    /// The bytes of all results so far.
    pub(crate) bytes_made: usize,
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
    started: HashMap<TaskId, Instant>,
    n_threads: usize,
    submitted: Instant,
    ended: Option<(Instant, Outcome)>,
    bytes_held: usize,
    bytes_made: usize,
}

impl Tracker {
    fn new(run: &Run) -> Self {
        let (mut rows, row_of_layer) = rows(&run.graph);
        for (_, task) in run.graph.tasks() {
            rows[row_of_layer[task.layer.index()]].total += 1;
        }
        Tracker {
            busy: vec![Duration::ZERO; rows.len()],
            rows,
            row_of_layer,
            started: HashMap::new(),
            n_threads: run.n_threads,
            submitted: run.submitted,
            ended: None,
            bytes_held: 0,
            bytes_made: 0,
        }
    }

    fn note(&mut self, graph: &Graph, stamped: &Stamped) {
        match stamped.event {
            Event::Started { task, .. } => {
                self.started.insert(task, stamped.at);
                let row = self.row(graph, task);
                self.rows[row].running += 1;
            }
            Event::Finished { task, bytes } => {
                let row = self.row(graph, task);
                self.rows[row].running -= 1;
                self.rows[row].done += 1;
                if let Some(started) = self.started.remove(&task) {
                    self.busy[row] += stamped.at - started;
                }
                self.bytes_held += bytes;
                self.bytes_made += bytes;
            }
            Event::Failed { task } => {
                self.started.remove(&task);
                let row = self.row(graph, task);
                self.rows[row].running -= 1;
            }
            Event::Released { bytes, .. } => self.bytes_held -= bytes,
            Event::Ended { outcome } => self.ended = Some((stamped.at, outcome)),
        }
    }

    fn row(&self, graph: &Graph, task: TaskId) -> usize {
        self.row_of_layer[graph.task(task).layer.index()]
    }

    fn state(&self, now: Instant) -> ProgressState {
        let (at, status, left) = match self.ended {
            Some((at, outcome)) => (at, Status::Ended(outcome), None),
            None => (now, Status::Running, self.left(now)),
        };
        ProgressState {
            status,
            rows: self.rows.clone(),
            elapsed: at - self.submitted,
            left,
            bytes_held: self.bytes_held,
            bytes_made: self.bytes_made,
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
        let under_way: Duration = self.started.values().map(|started| now - *started).sum();
        let work = (work - under_way.as_secs_f64()).max(0.0);
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
