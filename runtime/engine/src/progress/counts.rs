//! Counts what happens to a computation and to what its tasks compute.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use super::{ProgressState, Row, SHOWN_AFTER, Status, Stop, UPDATED_EVERY, counts};
use crate::events::{Canceller, Event, Outcome, Run, RunId, Stamped};
use crate::graph::{Graph, LayerKind, TaskId};

/// What has happened to a computation and to what its tasks compute.
#[derive(Default)]
pub(super) struct Counts {
    /// None before it has been seen: what its tasks compute may be over by then.
    whole: Option<Whole>,
    nested: Nested,
    pub(super) updated: Option<Instant>,
}

/// The computation that somebody waits for.
struct Whole {
    tracker: Tracker,
    n_threads: usize,
    submitted: Instant,
    stop: Option<Stop>,
    /// The thread that waits, which draws.
    thread: ThreadId,
}

/// What the tasks of a computation compute.
#[derive(Default)]
struct Nested {
    open: BTreeMap<RunId, Tracker>,
    /// Those that are over; a row stays where it was when its first one began.
    ended: Rows,
    bytes_made: usize,
}

/// A row for all layers of one operation.
#[derive(Clone, Default)]
struct Rows {
    rows: Vec<Row>,
    places: HashMap<String, usize>,
}

impl Counts {
    pub(super) fn note(&mut self, run: &Run, events: &[Stamped]) {
        let tracker = match run.parent {
            None => {
                let whole = self.whole.get_or_insert_with(|| Whole::new(run));
                &mut whole.tracker
            }
            Some(_) => self.nested.tracker(run),
        };
        events
            .iter()
            .for_each(|event| tracker.note(&run.graph, event));
        if run.parent.is_some() && tracker.ended.is_some() {
            self.nested.close(run.id);
        }
    }

    /// Whether the current thread is to draw.
    pub(super) fn is_due(&self, now: Instant, is_over: bool) -> bool {
        let is_old = |updated| now - updated >= UPDATED_EVERY;
        self.whole.as_ref().is_some_and(|whole| {
            whole.thread == thread::current().id()
                && now - whole.submitted >= SHOWN_AFTER
                && (is_over || self.updated.is_none_or(is_old))
        })
    }

    pub(super) fn state(&self, now: Instant, canceller: &Canceller) -> Option<ProgressState> {
        let whole = self.whole.as_ref()?;
        let tracker = &whole.tracker;
        let (at, status) = match tracker.ended {
            Some((at, Outcome::Cancelled)) if canceller.is_cancelled() => (at, Status::CalledOff),
            Some((at, outcome)) => (at, Status::Ended(outcome)),
            None => (now, Status::Running),
        };
        let nested = self.nested.rows();
        let (left, in_part) = match status {
            Status::Running => self.outlook(whole, &nested, now),
            Status::Ended(_) | Status::CalledOff => (None, 0.0),
        };
        let open = || self.nested.open.values();
        let sum = |bytes: fn(&Tracker) -> usize| bytes(tracker) + open().map(bytes).sum::<usize>();
        Some(ProgressState {
            status,
            rows: tracker.rows.clone(),
            nested,
            in_part,
            elapsed: at - whole.submitted,
            left,
            bytes_held: sum(|tracker| tracker.bytes_held),
            bytes_stored: sum(|tracker| tracker.bytes_stored),
            bytes_made: sum(|tracker| tracker.bytes_made) + self.nested.bytes_made,
            stop: whole.stop.clone(),
        })
    }

    /// The time left, and as how many that are done the tasks count that wait for what they have asked for.
    fn outlook(&self, whole: &Whole, nested: &[Row], now: Instant) -> (Option<Duration>, f64) {
        let tracker = &whole.tracker;
        let left = tracker.left(now, whole.n_threads);
        let n_waiting = self.nested.open.len().min(tracker.started.len());
        let (done, total) = counts(nested);
        if n_waiting == 0 || done == 0 {
            return (left, 0.0);
        }
        let share = done as f64 / total as f64;
        let left = left.or_else(|| tracker.left_at(now, share, n_waiting));
        (left, share * n_waiting as f64)
    }
}

impl Whole {
    fn new(run: &Run) -> Self {
        Whole {
            tracker: Tracker::new(&run.graph),
            n_threads: run.n_threads,
            submitted: run.submitted,
            stop: Stop::of(run),
            thread: thread::current().id(),
        }
    }
}

impl Nested {
    fn tracker(&mut self, run: &Run) -> &mut Tracker {
        self.open.entry(run.id).or_insert_with(|| {
            let tracker = Tracker::new(&run.graph);
            for row in &tracker.rows {
                self.ended.add(&Row {
                    total: 0,
                    ..row.clone()
                });
            }
            tracker
        })
    }

    /// Nothing more happens to `run`.
    fn close(&mut self, run: RunId) {
        let Some(tracker) = self.open.remove(&run) else {
            return;
        };
        self.bytes_made += tracker.bytes_made;
        for mut row in tracker.rows {
            // Tasks that nobody waits for are nobody's any more.
            row.running = 0;
            self.ended.add(&row);
        }
    }

    fn rows(&self) -> Vec<Row> {
        let mut all = self.ended.clone();
        let open = self.open.values().flat_map(|tracker| &tracker.rows);
        open.for_each(|row| all.add(row));
        all.rows
    }
}

impl Rows {
    fn add(&mut self, row: &Row) {
        match self.places.get(&row.label) {
            Some(place) => {
                let sum = &mut self.rows[*place];
                sum.total += row.total;
                sum.done += row.done;
                sum.running += row.running;
            }
            None => {
                self.places.insert(row.label.clone(), self.rows.len());
                self.rows.push(row.clone());
            }
        }
    }
}

/// Counts what has happened to one computation.
struct Tracker {
    rows: Vec<Row>,
    /// The time that each row's tasks that are done have taken.
    busy: Vec<Duration>,
    row_of_layer: Vec<usize>,
    /// What runs now: a few tasks.
    started: Vec<(TaskId, Instant)>,
    /// The row and the bytes of the last result.
    last: Option<(usize, usize)>,
    ended: Option<(Instant, Outcome)>,
    bytes_held: usize,
    bytes_stored: usize,
    /// Tasks whose results are on the disk alone.
    stored: HashSet<TaskId>,
    bytes_made: usize,
}

impl Tracker {
    fn new(graph: &Graph) -> Self {
        let (mut rows, row_of_layer) = rows(graph);
        for task in graph.ids() {
            rows[row_of_layer[graph.layer_of(task).index()]].total += 1;
        }
        Tracker {
            busy: vec![Duration::ZERO; rows.len()],
            rows,
            row_of_layer,
            started: Vec::new(),
            last: None,
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
                self.last = Some((row, bytes));
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
            Event::Ended { outcome } => {
                self.ended = Some((stamped.at, outcome));
                if outcome == Outcome::Cancelled {
                    self.drop_what_came_too_late();
                }
            }
        }
    }

    /// Where all tasks have ended and the computation has been stopped all the same, the last result has come after that.
    fn drop_what_came_too_late(&mut self) {
        let is_done = self.rows.iter().all(|row| row.done == row.total);
        if let Some((row, bytes)) = self.last.take_if(|_| is_done) {
            self.rows[row].done -= 1;
            self.bytes_made -= bytes;
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

    /// Every row's tasks take as long as those of it that are done, or as all that are done; the threads share them.
    fn left(&self, now: Instant, n_threads: usize) -> Option<Duration> {
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
        Duration::try_from_secs_f64(work / n_threads as f64).ok()
    }

    /// The time left where nothing else tells it: so much of what the tasks that run have asked for is done, and the others come
    /// after them, so many at once.
    fn left_at(&self, now: Instant, share: f64, n_at_once: usize) -> Option<Duration> {
        let under_way = self
            .started
            .iter()
            .map(|(_, started)| now - *started)
            .max()?;
        let under_way = under_way.as_secs_f64();
        let (done, total) = counts(&self.rows);
        let rounds = (total - done) as f64 / n_at_once as f64;
        let left = under_way / share * rounds.max(1.0) - under_way;
        Duration::try_from_secs_f64(left)
            .ok()
            .filter(|_| share < 1.0)
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use dagbok::{Name, Site, Value};

    use super::*;
    use crate::graph::{Layer, NewTask};

    fn graph(n_tasks: usize) -> Graph {
        let mut graph = Graph::default();
        let layer = graph.add_layer(Layer {
            name: Name::of("call", 0),
            kind: LayerKind::Delayed,
            site: Site::caller(),
            detail: String::new(),
        });
        for _ in 0..n_tasks {
            graph.add_task(NewTask {
                layer,
                block: Box::new([]),
                inputs: Default::default(),
                run: Arc::new(|_: &[Value]| Ok(Value::new(()))),
                bytes: 0,
            });
        }
        graph
    }

    /// What has become of `n_tasks`, of which so many began at `at` and then so many got results of ten bytes.
    fn tracked(n_tasks: usize, n_started: usize, n_done: usize, at: Instant) -> (Graph, Tracker) {
        let graph = graph(n_tasks);
        let mut tracker = Tracker::new(&graph);
        let tasks = || graph.ids();
        let started = tasks().take(n_started);
        let started = started.map(|task| Event::Started { task, thread: 0 });
        let done = tasks().take(n_done);
        let done = done.map(|task| Event::Finished { task, bytes: 10 });
        for event in started.chain(done) {
            tracker.note(&graph, &Stamped { at, event });
        }
        (graph, tracker)
    }

    #[test]
    fn what_ends_after_it_was_stopped_is_not_done() {
        let check = |n_done, outcome, expected| {
            let at = Instant::now();
            let (graph, mut tracker) = tracked(3, 3, n_done, at);
            let event = Event::Ended { outcome };
            tracker.note(&graph, &Stamped { at, event });
            assert_eq!((counts(&tracker.rows).0, tracker.bytes_made), expected);
        };
        check(3, Outcome::Done, (3, 30));
        check(3, Outcome::Cancelled, (2, 20));
        check(2, Outcome::Cancelled, (2, 20));
        check(0, Outcome::Cancelled, (0, 0));
        check(2, Outcome::Failed, (2, 20));
        let (graph, mut nothing) = tracked(0, 0, 0, Instant::now());
        let event = Event::Ended {
            outcome: Outcome::Cancelled,
        };
        let at = Instant::now();
        nothing.note(&graph, &Stamped { at, event });
        assert_eq!(counts(&nothing.rows), (0, 0));
    }

    #[test]
    fn tasks_that_wait_for_others_tell_the_time_left() {
        let check = |n_tasks, n_started, share, expected: Option<u64>| {
            let at = Instant::now();
            let (_, tracker) = tracked(n_tasks, n_started, 0, at);
            let now = at + Duration::from_secs(6);
            let left = tracker.left_at(now, share, n_started.max(1));
            let seconds = left.map(|left| left.as_secs_f64().round() as u64);
            assert_eq!(seconds, expected);
        };
        check(1, 1, 0.5, Some(6));
        check(1, 1, 0.75, Some(2));
        check(4, 2, 0.5, Some(18));
        check(1, 1, 1.0, None);
        check(1, 1, 0.0, None);
        check(1, 0, 0.5, None);
    }

    #[test]
    fn rows_of_one_operation_are_one() {
        let row = |label: &str, done, running, total| Row {
            label: label.to_owned(),
            total,
            done,
            running,
        };
        let mut rows = Rows::default();
        for row in [
            row("load", 1, 1, 4),
            row("sum", 0, 0, 1),
            row("load", 4, 0, 4),
        ] {
            rows.add(&row);
        }
        let rows = rows.rows.iter();
        let rows = rows.map(|row| (row.label.as_str(), row.done, row.running, row.total));
        assert_eq!(
            rows.collect::<Vec<_>>(),
            [("load", 5, 1, 8), ("sum", 0, 0, 1)]
        );
    }
}
