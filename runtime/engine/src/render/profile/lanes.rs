//! Which tasks ran beside one another: one lane a thread, and marks on it, single tasks or many short ones together.

use std::time::Duration;

use dagbok::profile::{Record, State, TaskRecord};

/// With up to so many tasks each has a mark of its own.
const TASKS_MAX: usize = 1_600;
/// More lanes than that share rows.
const LANES_MAX: usize = 64;

/// What one thread did.
pub(super) struct Lane {
    pub(super) label: String,
    pub(super) marks: Vec<Mark>,
}

/// A piece of a lane; places and widths in pixels.
pub(super) struct Mark {
    pub(super) x: f64,
    pub(super) width: f64,
    pub(super) what: Marked,
}

pub(super) enum Marked {
    /// By its place in the record.
    Task(usize),
    Bin(Bin),
}

/// Tasks too short to be seen one by one.
pub(super) struct Bin {
    pub(super) n_tasks: usize,
    pub(super) n_failed: usize,
    pub(super) start: Duration,
    pub(super) end: Duration,
    /// The layer that took most of the time, and its share of it.
    pub(super) layer: usize,
    pub(super) share: f64,
    /// How much of the mark's width was at work.
    pub(super) busy: f64,
}

/// The lanes of `record` on `width` pixels: those of the pool's threads, used or not, then those of threads that
/// helped while they waited within a task.
pub(super) fn lanes(record: &Record, width: f64) -> Vec<Lane> {
    let rows = rows(record);
    let scale = width / record.elapsed.as_secs_f64().max(1e-9);
    let bin = match record.tasks.len() {
        0..=TASKS_MAX => 0.0,
        _ => (2.0 * width * rows.len() as f64 / TASKS_MAX as f64).max(1.5),
    };
    rows.into_iter()
        .map(|(label, tasks)| Lane {
            label,
            marks: marks(record, &tasks, scale, bin, width),
        })
        .collect()
}

/// For each lane its label and tasks, in the order in which they began.
fn rows(record: &Record) -> Vec<(String, Vec<usize>)> {
    let mut threads: Vec<Vec<usize>> = vec![Vec::new(); record.n_threads];
    let mut helpers: Vec<Vec<usize>> = Vec::new();
    let mut ends: Vec<Duration> = Vec::new();
    for (idx, task) in record.tasks.iter().enumerate() {
        match threads.get_mut(task.thread as usize) {
            Some(lane) => lane.push(idx),
            None => {
                let free = ends.iter().position(|end| *end <= task.start);
                let lane = free.unwrap_or_else(|| {
                    helpers.push(Vec::new());
                    ends.push(Duration::ZERO);
                    ends.len() - 1
                });
                helpers[lane].push(idx);
                ends[lane] = task.start + task.elapsed;
            }
        }
    }
    let threads = merged(threads, "thread");
    let helpers = merged(helpers, "nested");
    threads.into_iter().chain(helpers).collect()
}

/// Several lanes in one row where there are too many.
fn merged(lanes: Vec<Vec<usize>>, label: &str) -> Vec<(String, Vec<usize>)> {
    let n_each = lanes.len().div_ceil(LANES_MAX).max(1);
    let rows = lanes.chunks(n_each).enumerate().map(|(row, lanes)| {
        let first = row * n_each;
        let label = match lanes.len() {
            1 => format!("{label} {first}"),
            n_lanes => format!("{label}s {first}–{}", first + n_lanes - 1),
        };
        let mut tasks = lanes.concat();
        tasks.sort_unstable();
        (label, tasks)
    });
    rows.collect()
}

/// The marks of one lane: tasks that are wider than `bin` pixels one by one, others together.
fn marks(record: &Record, tasks: &[usize], scale: f64, bin: f64, width: f64) -> Vec<Mark> {
    let mut marks = Vec::new();
    let mut short: Vec<usize> = Vec::new();
    let mut column = 0;
    for &idx in tasks {
        let task = &record.tasks[idx];
        let (x, task_width) = place(task, scale, width);
        if task_width >= bin {
            let what = Marked::Task(idx);
            marks.push(Mark {
                x,
                width: task_width,
                what,
            });
            continue;
        }
        let own = (x / bin) as usize;
        if own != column {
            marks.extend(binned(record, &short, column, scale, bin));
            short.clear();
            column = own;
        }
        short.push(idx);
    }
    marks.extend(binned(record, &short, column, scale, bin));
    marks
}

fn place(task: &TaskRecord, scale: f64, width: f64) -> (f64, f64) {
    let x = (task.start.as_secs_f64() * scale).min(width);
    (x, (task.elapsed.as_secs_f64() * scale).min(width - x))
}

fn binned(record: &Record, tasks: &[usize], column: usize, scale: f64, bin: f64) -> Option<Mark> {
    let x = column as f64 * bin;
    if let [only] = *tasks {
        let what = Marked::Task(only);
        let (x, width) = place(&record.tasks[only], scale, f64::INFINITY);
        return Some(Mark { x, width, what });
    }
    let first = &record.tasks[*tasks.first()?];
    let mut times: Vec<(usize, Duration)> = Vec::new();
    let mut end = Duration::ZERO;
    let mut n_failed = 0;
    for &idx in tasks {
        let task = &record.tasks[idx];
        end = end.max(task.start + task.elapsed);
        n_failed += usize::from(task.state == State::Failed);
        let layer = task.layer as usize;
        match times.iter_mut().find(|(known, _)| *known == layer) {
            Some((_, time)) => *time += task.elapsed,
            None => times.push((layer, task.elapsed)),
        }
    }
    let all: Duration = times.iter().map(|(_, time)| *time).sum();
    let (layer, most) = times.into_iter().max_by_key(|(_, time)| *time)?;
    Some(Mark {
        x,
        width: bin,
        what: Marked::Bin(Bin {
            n_tasks: tasks.len(),
            n_failed,
            start: first.start,
            end,
            layer,
            share: match all.as_secs_f64() {
                0.0 => 1.0,
                all => most.as_secs_f64() / all,
            },
            busy: (all.as_secs_f64() * scale / bin).min(1.0),
        }),
    })
}
