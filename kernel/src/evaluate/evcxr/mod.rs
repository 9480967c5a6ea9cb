//! The evaluator of the `evcxr` project behind our trait: for those who want its commands, and to compare ours with.

mod control;
mod failure;
mod mark;
mod relay;
mod screen;

pub use relay::runtime_hook;

use std::collections::HashMap;
use std::env;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};

use evcxr::{CommandContext, EvalContext, EvalOutputs};

use self::control::Control;
use self::screen::Screen;
use super::native::completeness;
use super::{
    Cell, CellError, Completeness, Evaluator, Frontend, Interrupt, MimeData, Output, Shell,
    StreamName,
};

/// Evaluates cells with evcxr: a `cargo build` each, their variables in a process of its own.
pub struct EvcxrEvaluator {
    context: CommandContext,
    screen: Screen,
    control: Arc<Control>,
}

/// How the evcxr evaluator runs cells.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The folder in which cells run, if not the current one.
    pub directory: Option<PathBuf>,
}

/// Why evcxr cannot start.
#[derive(Debug, thiserror::Error)]
#[error("evcxr cannot start: {0}; it needs `cargo` and `rustc` on the path")]
pub struct StartError(String);

impl EvcxrEvaluator {
    /// Starts the process that runs cells, and reads evcxr's own configuration.
    ///
    /// The running program is started again for it, so its `main` must call [`runtime_hook`] first thing.
    ///
    /// # Errors
    /// If there is no `cargo`, or the process cannot start.
    pub fn start(options: Options) -> Result<Self, StartError> {
        let program = env::current_exe().map_err(|error| StartError(error.to_string()))?;
        let mut subprocess = Command::new(program);
        if let Some(directory) = options.directory {
            subprocess.current_dir(directory);
        }
        let start_error = |error: evcxr::Error| StartError(error.to_string());
        let (context, outputs) =
            EvalContext::with_subprocess_command(subprocess).map_err(start_error)?;
        let control = Arc::<Control>::default();
        let screen = Screen::new(
            outputs.stdout.into_iter(),
            outputs.stderr.into_iter(),
            control.clone(),
        )
        .map_err(|error| StartError(error.to_string()))?;
        // evcxr has run a cell of its own, to see that everything is there.
        screen.wait_until_done();
        let mut context = CommandContext::with_eval_context(context);
        context
            .execute(":load_config --quiet")
            .map_err(start_error)?;
        Ok(EvcxrEvaluator {
            context,
            screen,
            control,
        })
    }

    fn run(&mut self, cell: &Cell, frontend: &Arc<dyn Frontend>) -> Result<(), CellError> {
        match self.context.execute(&cell.code) {
            Ok(outputs) => {
                let done = has_run(&outputs).then(|| self.screen.wait_until_done());
                show(outputs, frontend);
                done.map_or(Ok(()), failure::of_done)
            }
            Err(evcxr::Error::SubprocessTerminated(sentence)) => {
                let death = self.screen.wait_until_dead().unwrap_or(sentence);
                Err(match self.control.was_interrupted() {
                    true => failure::interrupted(),
                    false => failure::crash(cell.number, &death),
                })
            }
            Err(evcxr::Error::CompilationErrors(errors)) => {
                Err(failure::compile_errors(cell.number, &errors))
            }
            Err(error) => Err(failure::refused(&error.to_string())),
        }
    }
}

impl Evaluator for Mutex<EvcxrEvaluator> {
    fn evaluate(
        &self,
        _: Shell,
        cell: &Cell,
        frontend: Arc<dyn Frontend>,
    ) -> Result<(), CellError> {
        let mut evaluator = self.lock().unwrap_or_else(PoisonError::into_inner);
        evaluator.control.begin();
        evaluator.screen.show_on(frontend.clone());
        let result = evaluator.run(cell, &frontend);
        evaluator.control.end();
        result
    }

    fn interrupter(&self) -> Arc<dyn Interrupt> {
        let evaluator = self.lock().unwrap_or_else(PoisonError::into_inner);
        evaluator.control.clone()
    }

    fn is_complete(&self, code: &str) -> Completeness {
        completeness(code)
    }
}

/// Whether the cell was more than commands and comments.
fn has_run(outputs: &EvalOutputs) -> bool {
    outputs.phases.iter().any(|phase| phase.name == "Execution")
}

fn show(outputs: EvalOutputs, frontend: &Arc<dyn Frontend>) {
    if let Some(duration) = outputs.timing {
        frontend.output(Output::Stream {
            name: StreamName::Stdout,
            text: format!("took {} ms\n", duration.as_millis()),
        });
    }
    if !outputs.is_empty() {
        frontend.output(Output::Result {
            data: mime_data(outputs.content_by_mime_type),
        });
    }
}

/// A bundle as Jupyter has it; JSON types are JSON, not text.
fn mime_data(contents: HashMap<String, String>) -> MimeData {
    let to_value = |(mime, content): (String, String)| {
        let is_json = mime == "application/json" || mime.ends_with("+json");
        let parsed = is_json
            .then(|| serde_json::from_str(&content).ok())
            .flatten();
        (mime, parsed.unwrap_or_else(|| content.into()))
    };
    contents.into_iter().map(to_value).collect()
}
