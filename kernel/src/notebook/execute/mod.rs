//! Runs the cells of a notebook in order, until one fails.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Instant;

use super::file::{CellKind, Notebook};
use super::interrupts::{Interrupts, Request};
use super::outputs::Recorder;
use super::terminal::Terminal;
use super::typist::Typist;
use crate::evaluate::{self, CellError, Evaluator, Frontend, Output, Question, Shell, StreamName};

/// Outputs that wait to be shown; a cell that writes faster waits.
const EVENTS_WAITING_MAX: usize = 256;

/// Parsing a deeply nested cell takes stack, more than a thread has by default.
const STACK_BYTES: usize = 32 << 20;

/// What a shell reports for a program that Ctrl-C ended.
pub(super) const EXIT_CODE_INTERRUPTED: u8 = 130;

/// What can happen while a cell runs.
#[derive(Debug)]
pub(super) enum Event {
    Output { cell_idx: usize, output: Output },
    Finished(Result<(), CellError>),
    CtrlC,
}

/// Both ends of the queue of events.
pub(super) struct Events {
    pub(super) sender: SyncSender<Event>,
    receiver: Receiver<Event>,
    typist: Arc<Typist>,
}

/// How a run has ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Finished,
    Failed { number: u32, error: CellError },
    Interrupted { number: u32 },
}

/// A run, and how many cells it took.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) outcome: Outcome,
    pub(super) n_cells: u32,
}

/// Whether a cell that fails ends the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OnError {
    Stop,
    Continue,
}

impl Events {
    /// No events yet; `typist` answers what cells ask.
    pub(super) fn new(typist: Typist) -> Self {
        let (sender, receiver) = sync_channel(EVENTS_WAITING_MAX);
        Events {
            sender,
            receiver,
            typist: Arc::new(typist),
        }
    }
}

/// Runs `notebook` and writes the outputs into it; `save` is called when the person may lose patience before the end.
pub(super) fn execute(
    notebook: &mut Notebook,
    evaluator: &dyn Evaluator,
    terminal: &mut Terminal,
    on_error: OnError,
    events: Events,
    save: &mut dyn FnMut(&Notebook),
) -> Run {
    let mut execution = Execution {
        recorder: Recorder::new(notebook),
        evaluator,
        terminal,
        events,
        interrupts: Interrupts::default(),
        save,
    };
    let run = execution.run(on_error);
    execution.recorder.finish();
    run
}

struct Execution<'a> {
    recorder: Recorder<'a>,
    evaluator: &'a dyn Evaluator,
    terminal: &'a mut Terminal,
    events: Events,
    interrupts: Interrupts,
    save: &'a mut dyn FnMut(&Notebook),
}

/// What is to be done with a cell of the notebook.
enum Step {
    Run,
    Clear,
    Leave,
    ShowHeadings,
}

impl Execution<'_> {
    fn run(&mut self, on_error: OnError) -> Run {
        let steps: Vec<Step> = self.recorder.notebook().cells.iter().map(step).collect();
        for (cell_idx, step) in steps.iter().enumerate() {
            if let Step::Run | Step::Clear = step {
                self.recorder.clear(cell_idx);
            }
        }
        let mut number = 0;
        let mut outcome = Outcome::Finished;
        for (cell_idx, step) in steps.iter().enumerate() {
            match step {
                Step::Clear | Step::Leave => continue,
                Step::ShowHeadings => {
                    self.terminal
                        .headings(&self.recorder.notebook().cells[cell_idx].source);
                    continue;
                }
                Step::Run => number += 1,
            }
            let result = self.run_cell(cell_idx, number);
            if let Some(end) = self.judge(cell_idx, number, on_error, result) {
                outcome = end;
                break;
            }
        }
        Run {
            outcome,
            n_cells: number,
        }
    }

    /// Why the run ends with this cell, if it does.
    fn judge(
        &self,
        cell_idx: usize,
        number: u32,
        on_error: OnError,
        result: Result<(), CellError>,
    ) -> Option<Outcome> {
        if self.interrupts.any() {
            return Some(Outcome::Interrupted { number });
        }
        let error = result.err()?;
        let accepted = on_error == OnError::Continue
            || self.recorder.notebook().cells[cell_idx].has_tag("raises-exception");
        (!accepted).then_some(Outcome::Failed { number, error })
    }

    fn run_cell(&mut self, cell_idx: usize, number: u32) -> Result<(), CellError> {
        let code = self.recorder.notebook().cells[cell_idx].source.clone();
        self.terminal.start_cell(number, &code);
        self.recorder.start(cell_idx, number);
        let cell = evaluate::Cell { number, code };
        let result = self.evaluate(cell_idx, &cell);
        self.show_waiting();
        self.terminal.end_outputs();
        if let Err(error) = &result {
            self.recorder.error(cell_idx, error);
            self.terminal.error(error);
        }
        self.terminal.end_cell();
        self.terminal.flush();
        result
    }

    /// Runs `cell` on a thread of its own, and shows meanwhile what it writes.
    fn evaluate(&mut self, cell_idx: usize, cell: &evaluate::Cell) -> Result<(), CellError> {
        let sender = self.events.sender.clone();
        let outputs = Arc::new(Outputs {
            cell_idx,
            sender: sender.clone(),
            typist: self.events.typist.clone(),
        });
        let interrupter = self.evaluator.interrupter();
        let evaluator = self.evaluator;
        let work = move || {
            let result = catch_unwind(AssertUnwindSafe(|| {
                evaluator.evaluate(Shell::MAIN, cell, outputs)
            }));
            let result = result.unwrap_or_else(|panic| Err(evaluator_panicked(&*panic)));
            let _ = sender.send(Event::Finished(result));
        };
        let Execution {
            recorder,
            terminal,
            events,
            interrupts,
            save,
            ..
        } = self;
        thread::scope(|scope| {
            thread::Builder::new()
                .name("evaluate".into())
                .stack_size(STACK_BYTES)
                .spawn_scoped(scope, work)
                .map_err(|error| {
                    cell_error("ThreadError", format!("cannot start a thread: {error}"))
                })?;
            loop {
                let event = match events.receiver.try_recv() {
                    Ok(event) => event,
                    Err(_) => {
                        terminal.flush();
                        events
                            .receiver
                            .recv()
                            .expect("a sender is kept beside the receiver")
                    }
                };
                match event {
                    Event::Output { cell_idx, output } => {
                        recorder.output(cell_idx, &output);
                        terminal.output(cell_idx, &output);
                    }
                    Event::Finished(result) => return result,
                    Event::CtrlC => match interrupts.press(Instant::now()) {
                        Request::Interrupt => {
                            terminal.note("interrupting; Ctrl-C again ends the run");
                            interrupter.interrupt();
                        }
                        Request::End => {
                            terminal.note("ending; Ctrl-C again leaves at once");
                            interrupter.interrupt();
                            save(recorder.notebook());
                        }
                        Request::Leave => std::process::exit(EXIT_CODE_INTERRUPTED.into()),
                    },
                }
            }
        })
    }

    /// Shows what has come in meanwhile from background threads.
    fn show_waiting(&mut self) {
        for event in self.events.receiver.try_iter().take(EVENTS_WAITING_MAX) {
            match event {
                Event::Output { cell_idx, output } => {
                    self.recorder.output(cell_idx, &output);
                    self.terminal.output(cell_idx, &output);
                }
                Event::CtrlC => {
                    self.interrupts.press(Instant::now());
                }
                Event::Finished(_) => (),
            }
        }
    }
}

fn step(cell: &super::file::Cell) -> Step {
    match cell.kind {
        CellKind::Markdown => Step::ShowHeadings,
        CellKind::Raw => Step::Leave,
        CellKind::Code { .. } if cell.has_tag("skip-execution") => Step::Leave,
        CellKind::Code { .. } if cell.is_empty() => Step::Clear,
        CellKind::Code { .. } => Step::Run,
    }
}

/// A front end that puts the outputs of one cell into the queue.
struct Outputs {
    cell_idx: usize,
    sender: SyncSender<Event>,
    typist: Arc<Typist>,
}

impl Frontend for Outputs {
    fn output(&self, output: Output) {
        // Nobody listens after the run has ended.
        let _ = self.sender.send(Event::Output {
            cell_idx: self.cell_idx,
            output,
        });
    }

    fn input(&self, question: Question) {
        if !question.prompt.is_empty() {
            self.output(Output::Stream {
                name: StreamName::Stdout,
                text: question.prompt.clone(),
            });
        }
        self.typist.ask(question);
    }
}

fn evaluator_panicked(panic: &(dyn Any + Send)) -> CellError {
    let message = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message");
    cell_error(
        "InternalError",
        format!("the evaluator panicked: {message}"),
    )
}

fn cell_error(name: &str, value: String) -> CellError {
    CellError {
        name: name.into(),
        traceback: vec![format!("{name}: {value}")],
        value,
    }
}

#[cfg(test)]
mod tests;
