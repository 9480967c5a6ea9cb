//! How far several futures are: one display, brought up to date by a thread of its own until all are done.

use std::collections::HashMap;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

use dagbok::cell::threads;
use dagbok::display::{DisplayHandle, MimeBundle, Render, display};
use dagbok::engine::Submitted;
use dagbok::future::FutureStatus;

use crate::render;

/// At most ten displays a second.
const UPDATED_EVERY: Duration = Duration::from_millis(100);

/// How far futures are, at one moment.
pub(crate) struct Board {
    /// A row for each function, in the order in which they were met.
    pub(crate) rows: Vec<Row>,
    /// Which one each future is in, and how it is.
    futures: Vec<(usize, FutureStatus)>,
    /// What has become of the first that has failed.
    pub(crate) first_error: Option<String>,
    began: Instant,
    /// The time from the first display to the end of the last future.
    pub(crate) elapsed: Option<Duration>,
}

/// The futures of one function.
#[derive(Clone, Default)]
pub(crate) struct Row {
    pub(crate) label: String,
    pub(crate) pending: usize,
    pub(crate) processing: usize,
    pub(crate) finished: usize,
    pub(crate) failed: usize,
    pub(crate) cancelled: usize,
}

/// A future's status has changed.
struct Change {
    future: usize,
    status: FutureStatus,
    error: Option<String>,
}

/// Shows how far `futures` are from now on, as an output of the cell that the current thread works for.
pub(crate) fn show(futures: &[Arc<dyn Submitted>]) {
    let (tell, changes) = mpsc::channel();
    for (idx, future) in futures.iter().enumerate() {
        let (tell, weak) = (tell.clone(), Arc::downgrade(future));
        future.on_change(Arc::new(move |status| {
            let error = (status == FutureStatus::Error)
                .then(|| error(&weak))
                .flatten();
            let _ = tell.send(Change {
                future: idx,
                status,
                error,
            });
        }));
    }
    // Its clones end with the futures, and so does the thread.
    drop(tell);
    let mut board = Board::of(futures);
    changes.try_iter().for_each(|change| board.note(change));
    let handle = display(&board);
    if board.elapsed.is_none() {
        let run = threads::own();
        let thread = thread::Builder::new().name("dagbok-futures".to_owned());
        // Without a thread the display stays as it is.
        let _ = thread.spawn(move || threads::serve(run, || follow(&mut board, &handle, &changes)));
    }
}

fn follow(board: &mut Board, handle: &DisplayHandle, changes: &Receiver<Change>) {
    while let Ok(change) = changes.recv() {
        board.note(change);
        let next = Instant::now() + UPDATED_EVERY;
        let open = loop {
            let left = next.saturating_duration_since(Instant::now());
            match changes.recv_timeout(left) {
                Ok(change) => board.note(change),
                Err(error) => break error == RecvTimeoutError::Timeout,
            }
            if board.elapsed.is_some() {
                break false;
            }
        };
        handle.update(board);
        if !open {
            return;
        }
    }
}

/// The error of a future, in one line, while somebody holds it.
fn error(future: &Weak<dyn Submitted>) -> Option<String> {
    let future = future.upgrade()?;
    let error = future.outcome()?.err()?.to_string();
    let line = error.lines().next().unwrap_or_default();
    Some(format!("{}: {line}", future.key()))
}

impl Board {
    fn of(futures: &[Arc<dyn Submitted>]) -> Self {
        let mut rows: Vec<Row> = Vec::new();
        let mut places: HashMap<&str, usize> = HashMap::new();
        let mut with_rows = Vec::with_capacity(futures.len());
        for future in futures {
            let label = future.key().operation();
            let row = *places.entry(label).or_insert_with(|| {
                rows.push(Row {
                    label: label.to_owned(),
                    ..Row::default()
                });
                rows.len() - 1
            });
            let status = future.status();
            *rows[row].count(status) += 1;
            with_rows.push((row, status));
        }
        let mut board = Board {
            futures: with_rows,
            ..Board::of_rows(rows)
        };
        board.look();
        board
    }

    pub(crate) fn of_rows(rows: Vec<Row>) -> Self {
        Board {
            rows,
            futures: Vec::new(),
            first_error: None,
            began: Instant::now(),
            elapsed: None,
        }
    }

    fn note(&mut self, change: Change) {
        let (row, status) = &mut self.futures[change.future];
        // What is told by several threads may come in another order.
        if !status.is_done() {
            let row = &mut self.rows[*row];
            *row.count(*status) -= 1;
            *row.count(change.status) += 1;
            *status = change.status;
        }
        self.first_error = self.first_error.take().or(change.error);
        self.look();
    }

    fn look(&mut self) {
        let is_over = self.rows.iter().all(|row| row.done() == row.total());
        if is_over && self.elapsed.is_none() {
            self.elapsed = Some(self.began.elapsed());
        }
    }

    /// All rows as one.
    pub(crate) fn sum(&self) -> Row {
        self.rows.iter().fold(Row::default(), |mut sum, row| {
            sum.pending += row.pending;
            sum.processing += row.processing;
            sum.finished += row.finished;
            sum.failed += row.failed;
            sum.cancelled += row.cancelled;
            sum
        })
    }
}

impl Row {
    fn count(&mut self, status: FutureStatus) -> &mut usize {
        match status {
            FutureStatus::Pending => &mut self.pending,
            FutureStatus::Processing => &mut self.processing,
            FutureStatus::Finished => &mut self.finished,
            FutureStatus::Error => &mut self.failed,
            FutureStatus::Cancelled => &mut self.cancelled,
        }
    }

    /// How many are done, however they ended.
    pub(crate) fn done(&self) -> usize {
        self.finished + self.failed + self.cancelled
    }

    pub(crate) fn total(&self) -> usize {
        self.done() + self.pending + self.processing
    }
}

impl Render for Board {
    fn render(&self) -> MimeBundle {
        render::futures::bundle(self)
    }
}
