//! The evaluator, on a thread for each shell.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, mpsc as std_mpsc};
use std::thread;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::timeout;

use super::Input;
use super::outgoing::CellFrontend;
use crate::evaluate::{
    Cell, CellError, Evaluator, Frontend, Interrupt, MimeData, Output, Question, Shell,
};
use crate::session::{Evaluated, Execute};

/// How long the evaluator has to end when the kernel does.
const STOP_MAX: Duration = Duration::from_secs(3);

/// Parsing a deeply nested cell takes stack, more than a thread has by default.
const STACK_BYTES: usize = 32 << 20;

/// A cell to evaluate.
pub(super) struct Job {
    pub(super) cell: Cell,
    pub(super) execute: Execute,
    pub(super) frontend: Arc<CellFrontend>,
    /// Set to end it before it has started.
    cancelled: Arc<AtomicBool>,
}

/// The evaluator once it is made, or why there is none.
pub(super) type Made = Arc<OnceLock<Result<Box<dyn Evaluator>, CellError>>>;

pub(super) struct Evaluation {
    evaluator: Made,
    interrupter: Arc<OnceLock<Arc<dyn Interrupt>>>,
    shells: HashMap<Shell, Lane>,
    inputs: mpsc::UnboundedSender<Input>,
    /// Each thread holds one of these as long as it lives.
    alive: mpsc::Sender<()>,
    ended: mpsc::Receiver<()>,
}

/// One shell's thread.
struct Lane {
    jobs: std_mpsc::Sender<Job>,
    /// Whether the job begun last is to end before it has started.
    cancelled: Arc<AtomicBool>,
}

impl Evaluation {
    /// Makes the evaluator on a new thread and lets it work there; what it finds out goes to `inputs`.
    pub(super) fn start(
        make_evaluator: impl FnOnce() -> Result<Box<dyn Evaluator>, CellError> + Send + 'static,
        inputs: mpsc::UnboundedSender<Input>,
    ) -> Evaluation {
        let (alive, ended) = mpsc::channel(1);
        let mut evaluation = Evaluation {
            evaluator: Made::default(),
            interrupter: Arc::default(),
            shells: HashMap::new(),
            inputs,
            alive,
            ended,
        };
        let (evaluator, interrupter) =
            (evaluation.evaluator.clone(), evaluation.interrupter.clone());
        evaluation.start_shell(Shell::MAIN, move || {
            let made = make_evaluator();
            if let Ok(made) = &made {
                let _ = interrupter.set(made.interrupter());
            }
            let _ = evaluator.set(made);
        });
        evaluation
    }

    fn start_shell(&mut self, shell: Shell, prepare: impl FnOnce() + Send + 'static) -> &Lane {
        let (jobs, queue) = std_mpsc::channel::<Job>();
        let evaluator = self.evaluator.clone();
        let (inputs, alive) = (self.inputs.clone(), self.alive.clone());
        let work = move || {
            prepare();
            for job in queue {
                let result = perform(evaluator.wait(), shell, job);
                if inputs.send(Input::Evaluated { shell, result }).is_err() {
                    break;
                }
            }
            if shell != Shell::MAIN
                && let Ok(evaluator) = evaluator.wait()
            {
                evaluator.end_shell(shell);
            }
            drop((evaluator, alive));
        };
        let spawned = thread::Builder::new()
            .name(format!("dagbok-shell-{}", shell.0))
            .stack_size(STACK_BYTES)
            .spawn(work);
        if let Err(error) = spawned {
            tracing::error!(%error, "cannot start a shell's thread");
        }
        self.shells.entry(shell).insert_entry(Lane {
            jobs,
            cancelled: Arc::default(),
        });
        &self.shells[&shell]
    }

    pub(super) fn begin(
        &mut self,
        shell: Shell,
        cell: Cell,
        execute: Execute,
        frontend: CellFrontend,
    ) {
        if !self.shells.contains_key(&shell) {
            self.start_shell(shell, || ());
        }
        let Some(lane) = self.shells.get_mut(&shell) else {
            return;
        };
        lane.cancelled = Arc::default();
        let job = Job {
            cell,
            execute,
            frontend: Arc::new(frontend),
            cancelled: lane.cancelled.clone(),
        };
        if lane.jobs.send(job).is_err() {
            let result = Err(failure("InternalError", "the shell's thread is gone"));
            let _ = self.inputs.send(Input::Evaluated { shell, result });
        }
    }

    /// The shell gets no more cells.
    pub(super) fn end_shell(&mut self, shell: Shell) {
        self.shells.remove(&shell);
    }

    pub(super) fn interrupt(&self) {
        for lane in self.shells.values() {
            lane.cancelled.store(true, Ordering::SeqCst);
        }
        if let Some(interrupter) = self.interrupter.get() {
            interrupter.interrupt();
        }
    }

    /// The evaluator, also while cells run.
    pub(super) fn evaluator(&self) -> Made {
        self.evaluator.clone()
    }

    /// Drops the evaluator; a cell that goes on in spite of an interrupt is interrupted again, which ends the session
    /// process.
    pub(super) async fn stop(self) {
        let Evaluation {
            evaluator,
            interrupter,
            shells,
            alive,
            mut ended,
            inputs,
        } = self;
        drop((shells, alive, inputs));
        if timeout(STOP_MAX / 6, ended.recv()).await.is_err() {
            if let Some(interrupter) = interrupter.get() {
                interrupter.interrupt();
            }
            if timeout(STOP_MAX, ended.recv()).await.is_err() {
                tracing::error!("the evaluator does not end, leaving it");
                return;
            }
        }
        let dropped = tokio::task::spawn_blocking(move || drop(evaluator));
        if timeout(STOP_MAX, dropped).await.is_err() {
            tracing::error!("the evaluator does not end, leaving it");
        }
    }
}

fn perform(
    evaluator: &Result<Box<dyn Evaluator>, CellError>,
    shell: Shell,
    job: Job,
) -> Result<Evaluated, CellError> {
    let evaluator = evaluator.as_deref().map_err(Clone::clone)?;
    if job.cancelled.load(Ordering::SeqCst) {
        return Err(failure("Interrupted", "interrupted before it started"));
    }
    guarded(|| evaluator.evaluate(shell, &job.cell, job.frontend.clone()))?;
    let expressions = job.execute.user_expressions.iter();
    let expressions = expressions.map(|(name, code)| {
        let number = job.cell.number;
        let code = code.clone();
        let value = evaluate_expression(evaluator, shell, Cell { number, code }, &job.frontend);
        (name.clone(), value)
    });
    Ok(Evaluated {
        expressions: expressions.collect(),
        pages: job.frontend.take_pages(),
    })
}

/// The value of an expression; what it prints is the cell's.
fn evaluate_expression(
    evaluator: &dyn Evaluator,
    shell: Shell,
    cell: Cell,
    frontend: &Arc<CellFrontend>,
) -> Result<MimeData, CellError> {
    let value = Arc::new(Value {
        frontend: frontend.clone(),
        data: Mutex::default(),
    });
    guarded(|| evaluator.evaluate(shell, &cell, value.clone()))?;
    let data = value.data.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(data.clone().unwrap_or_default())
}

fn guarded(evaluate: impl FnOnce() -> Result<(), CellError>) -> Result<(), CellError> {
    catch_unwind(AssertUnwindSafe(evaluate)).unwrap_or_else(|_| {
        let reason = "the kernel panicked; its log has the details";
        Err(failure("InternalError", reason))
    })
}

/// Keeps the value of an expression, and passes on the rest.
struct Value {
    frontend: Arc<CellFrontend>,
    data: Mutex<Option<MimeData>>,
}

impl Frontend for Value {
    fn output(&self, output: Output) {
        match output {
            Output::Result { data } => {
                *self.data.lock().unwrap_or_else(PoisonError::into_inner) = Some(data);
            }
            output => self.frontend.output(output),
        }
    }

    fn input(&self, question: Question) {
        self.frontend.input(question);
    }
}

fn failure(name: &str, value: &str) -> CellError {
    CellError {
        name: name.to_string(),
        value: value.to_string(),
        traceback: vec![format!("{name}: {value}")],
    }
}
