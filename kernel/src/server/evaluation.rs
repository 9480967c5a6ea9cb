//! The evaluator on a thread of its own.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::Input;
use crate::evaluate::{Cell, CellError, Completeness, Evaluator, Frontend, Interrupt};

/// How long the evaluator has to end when the kernel does.
const STOP_MAX: Duration = Duration::from_secs(3);

pub(super) enum Job {
    Evaluate {
        cell: Cell,
        frontend: Arc<dyn Frontend>,
    },
    Judge {
        code: String,
    },
}

pub(super) struct Evaluation {
    jobs: std::sync::mpsc::Sender<(Job, Arc<AtomicBool>)>,
    interrupter: Arc<OnceLock<Arc<dyn Interrupt>>>,
    /// Whether the job begun last is to end before it has started.
    cancelled: Arc<AtomicBool>,
    ended: oneshot::Receiver<()>,
}

impl Evaluation {
    /// Makes the evaluator on a new thread and lets it work there; what it finds out goes to `inputs`.
    pub(super) fn start(
        make_evaluator: impl FnOnce() -> Result<Box<dyn Evaluator>, CellError> + Send + 'static,
        inputs: mpsc::UnboundedSender<Input>,
    ) -> Evaluation {
        let (jobs, queue) = std::sync::mpsc::channel::<(Job, Arc<AtomicBool>)>();
        let interrupter = Arc::new(OnceLock::new());
        let (end, ended) = oneshot::channel();
        let made = interrupter.clone();
        let work = move || {
            let mut evaluator = make_evaluator();
            if let Ok(evaluator) = &evaluator {
                let _ = made.set(evaluator.interrupter());
            }
            for (job, cancelled) in queue {
                if inputs
                    .send(perform(&mut evaluator, job, &cancelled))
                    .is_err()
                {
                    break;
                }
            }
            drop(evaluator);
            let _ = end.send(());
        };
        let name = "dagbok-evaluator".to_string();
        if let Err(error) = std::thread::Builder::new().name(name).spawn(work) {
            tracing::error!(%error, "cannot start the evaluator's thread");
        }
        Evaluation {
            jobs,
            interrupter,
            cancelled: Arc::default(),
            ended,
        }
    }

    pub(super) fn begin(&mut self, job: Job) {
        self.cancelled = Arc::default();
        let _ = self.jobs.send((job, self.cancelled.clone()));
    }

    pub(super) fn interrupt(&self) {
        self.cancelled.store(true, Ordering::SeqCst);
        if let Some(interrupter) = self.interrupter.get() {
            interrupter.interrupt();
        }
    }

    /// Drops the evaluator; a cell that goes on in spite of an interrupt is interrupted again, which ends the session
    /// process.
    pub(super) async fn stop(mut self) {
        drop(self.jobs);
        if timeout(STOP_MAX / 6, &mut self.ended).await.is_ok() {
            return;
        }
        if let Some(interrupter) = self.interrupter.get() {
            interrupter.interrupt();
        }
        if timeout(STOP_MAX, self.ended).await.is_err() {
            tracing::error!("the evaluator does not end, leaving it");
        }
    }
}

fn perform(
    evaluator: &mut Result<Box<dyn Evaluator>, CellError>,
    job: Job,
    cancelled: &AtomicBool,
) -> Input {
    match job {
        Job::Judge { code } => Input::Judged(match evaluator {
            Ok(evaluator) => catch_unwind(AssertUnwindSafe(|| evaluator.is_complete(&code)))
                .unwrap_or(Completeness::Complete),
            Err(_) => Completeness::Complete,
        }),
        Job::Evaluate { .. } if cancelled.load(Ordering::SeqCst) => {
            let reason = "interrupted before it started";
            Input::Evaluated(Err(failure("Interrupted", reason)))
        }
        Job::Evaluate { cell, frontend } => Input::Evaluated(match evaluator {
            Ok(evaluator) => catch_unwind(AssertUnwindSafe(|| evaluator.evaluate(&cell, frontend)))
                .unwrap_or_else(|_| {
                    let reason = "the kernel panicked; its log has the details";
                    Err(failure("InternalError", reason))
                }),
            Err(error) => Err(error.clone()),
        }),
    }
}

fn failure(name: &str, value: &str) -> CellError {
    CellError {
        name: name.to_string(),
        value: value.to_string(),
        traceback: vec![format!("{name}: {value}")],
    }
}
