//! The evaluator: one cell from what was typed to what is shown.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::compile::{Compiled, Compiler, OptLevel, Request};
use super::dependencies::Dependencies;
use super::failure;
use super::folder::Folder;
use super::generate::{Body, Plan, Unit};
use super::history::History;
use super::interrupt::Interrupter;
use super::items::Items;
use super::process::SessionProcess;
use super::restore::Runs;
use super::run::{Kind, Loss, Object};
use super::running::RunningCells;
use super::scope::Published;
use super::source::CellIdx;
use super::split::{Context, Displays, Split, SplitError, split, with_last_semicolon};
use super::state::State;
use super::toolchain::Toolchain;
use super::turn::{Shared, Turn};
use super::variables::{Known, Variable};
use super::warm_up::WarmUp;
use super::{StartError, comms, complete};
use crate::analysis;
use crate::channel::{KERNEL_ID_VARIABLE, Spent, ToSession, WIDGETS_VARIABLE};
use crate::commands::{self, Order, Refusal, blank_before};
use crate::evaluate::{
    Cell, CellError, Comm, Completeness, Evaluator, Frontend, Interrupt, MimeData, Output, Scope,
    Shell, StreamName, VariableView,
};
use crate::runtime_files::RuntimeFiles;

/// Whether this process has compiled something already, so that the compiler is in memory.
static IS_WARM: AtomicBool = AtomicBool::new(false);

/// How the native evaluator runs cells.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Where the runtime's files are, if not beside the executable.
    pub files: Option<RuntimeFiles>,
    /// The folder in which cells run, if not the current one.
    pub directory: Option<PathBuf>,
    /// The folder in which dependencies are built, if not where this machine keeps what can be made again.
    pub cache: Option<PathBuf>,
    /// By what id Jupyter's server knows this kernel, if it does.
    pub kernel_id: Option<String>,
}

/// Compiles each cell with `rustc` and runs it in a session process of its own.
pub struct NativeEvaluator {
    shared: Arc<Shared>,
    /// What completion knows, also while some shell has its turn.
    published: Arc<Published>,
    analysis: analysis::Options,
}

/// What cells are compiled with, and what they have left behind.
pub(crate) struct Workbench {
    /// Ended before the folder goes into which it compiles.
    _warm_up: Option<WarmUp>,
    /// Removed, with all that cells became, when the evaluator goes.
    pub(super) folder: Folder,
    pub(super) toolchain: Toolchain,
    pub(super) files: RuntimeFiles,
    pub(super) directory: Option<PathBuf>,
    pub(super) kernel_id: Option<String>,
    pub(super) compiler: Arc<Compiler>,
    pub(super) session: SessionProcess,
    pub(super) n_sessions: u32,
    /// What was lost with each session process that ended while cells ran.
    pub(super) losses: BTreeMap<u32, Loss>,
    pub(super) history: Arc<Mutex<History>>,
    pub(super) items: Items,
    pub(super) variables: Known,
    pub(super) objects: BTreeMap<String, Object>,
    /// The cells that run while another has its turn.
    pub(super) running: RunningCells,
    /// What this session process has run, and what one that ended had.
    pub(super) runs: Runs,
    /// The crates of the engine, once a cell has named one.
    pub(super) carried: BTreeMap<String, PathBuf>,
    pub(super) dependencies: Dependencies,
    /// What completion knows of all this.
    pub(super) published: Arc<Published>,
    /// The level that was asked for; else each cell's own.
    pub(crate) opt_level: Option<OptLevel>,
    pub(crate) warns: bool,
    pub(crate) shows_times: bool,
    /// Whether a table of the variables is kept up to date.
    pub(crate) shows_variables: bool,
    /// What commands know of the cells so far.
    pub(super) state: State,
}

/// How long each step of a cell took.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Times {
    pub(super) split: Duration,
    pub(super) rustc: Duration,
    pub(super) link: Duration,
    /// Loading, running and everything on the way there and back.
    pub(super) run: Duration,
    pub(super) spent: Spent,
}

impl NativeEvaluator {
    /// Starts the session process, and compiles an empty cell meanwhile so that the first one finds a warm compiler.
    ///
    /// # Errors
    /// If there is no compiler, or another one than the runtime was built with; if the runtime's files are not where
    /// they should be; if the session process cannot start.
    pub fn start(options: Options) -> Result<Self, StartError> {
        let toolchain = Toolchain::find()?;
        let files = match options.files {
            Some(files) => files,
            None => RuntimeFiles::locate()?,
        };
        let folder = Folder::new()?;
        let compiler = Arc::new(Compiler::new(
            toolchain.clone(),
            files.clone(),
            folder.path(),
        )?);
        let warm_up = match IS_WARM.swap(true, Ordering::Relaxed) {
            false => Some(WarmUp::start(compiler.clone())?),
            true => None,
        };
        let dependencies = folder.path().join("dependencies");
        let history = Arc::new(Mutex::new(History::new(folder.path().to_owned())));
        let socket = folder.path().join("session-0");
        let session = start_session(
            &files,
            &toolchain,
            options.directory.as_deref(),
            socket,
            &history,
            &surroundings(options.kernel_id.as_deref(), false),
        )?;
        session
            .wait_until_ready()
            .map_err(|death| StartError::Session(failure::no_start(&death)))?;
        let published = Published::start(compiler.clone());
        let bench = Workbench {
            _warm_up: warm_up,
            folder,
            toolchain,
            files,
            directory: options.directory,
            kernel_id: options.kernel_id,
            compiler,
            session,
            n_sessions: 1,
            losses: BTreeMap::new(),
            history,
            items: Items::default(),
            variables: Known::default(),
            objects: BTreeMap::new(),
            running: RunningCells::default(),
            runs: Runs::default(),
            carried: BTreeMap::new(),
            dependencies: Dependencies::new(dependencies, options.cache),
            published: published.clone(),
            opt_level: None,
            warns: true,
            shows_times: false,
            shows_variables: false,
            state: State::default(),
        };
        bench.publish();
        let analysis = analysis::Options {
            files: bench.files.clone(),
            toolchain: bench.toolchain.clone(),
            cache: None,
        };
        Ok(NativeEvaluator {
            shared: Shared::new(bench),
            published,
            analysis,
        })
    }
}

impl Workbench {
    /// The sentence that `:version` shows.
    pub(crate) fn version(&self) -> String {
        let rustc = self.toolchain.version().unwrap_or_default();
        format!("dagbok {}, {rustc}", env!("CARGO_PKG_VERSION"))
    }

    /// The live variables, by name.
    pub(crate) fn variables(&self) -> impl Iterator<Item = (&String, &Variable)> {
        self.variables.live.iter()
    }

    pub(super) fn history(&self) -> MutexGuard<'_, History> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What `display(value)` calls in the next cell.
    fn displays(&self) -> Displays {
        let is_own = self.items.names().any(|name| name == "display")
            || self.variables.live.contains_key("display");
        if is_own { Displays::Own } else { Displays::Any }
    }
}

impl Turn {
    /// Runs a cell from its start to its end.
    fn evaluate(&mut self, cell: &Cell) -> Result<(), CellError> {
        if self.control.is_interrupted() {
            return Err(failure::interrupted());
        }
        let frontend = self.frontend.clone();
        self.revive(&frontend)?;
        self.evaluate_code(cell, &frontend)
    }

    /// Runs the commands and the Rust code of `cell`.
    pub(crate) fn evaluate_code(
        &mut self,
        cell: &Cell,
        frontend: &Arc<dyn Frontend>,
    ) -> Result<(), CellError> {
        let (orders, start) = commands::leading(&cell.code);
        for order in &orders {
            commands::run(order, cell, self, frontend)?;
        }
        if orders.last().is_some_and(Order::takes_rest) {
            return Ok(());
        }
        self.evaluate_rust(cell, &blank_before(&cell.code, start), frontend)
            .map(drop)
    }

    /// Takes `rust` apart, as a crate of its own.
    pub(super) fn take_apart(
        &mut self,
        number: u32,
        rust: &str,
    ) -> Result<(Split, CellIdx, String), CellError> {
        let rust = &*with_last_semicolon(rust);
        let (idx, crate_name) = self.history().begin(number, rust);
        let context = Context {
            cell: number,
            displays: self.displays(),
        };
        match split(rust, context, self.items.impl_macros()) {
            Ok(split) => Ok((split, idx, crate_name)),
            Err(error) => Err(self.explain_syntax(&error, rust, idx, &crate_name)),
        }
    }

    /// Runs `rust`; `None` if there is nothing to run.
    pub(super) fn evaluate_rust(
        &mut self,
        cell: &Cell,
        rust: &str,
        frontend: &Arc<dyn Frontend>,
    ) -> Result<Option<Times>, CellError> {
        let start = Instant::now();
        let (mut split, idx, crate_name) = self.take_apart(cell.number, rust)?;
        self.items.drop_unchanged(&mut split);
        if split.is_empty() {
            let names = self.replace_by_items(&split.values, cell.number, frontend);
            if !names.is_empty() {
                self.session.handle().send(ToSession::Forget { names });
            }
            return Ok(None);
        }
        let split_time = start.elapsed();
        let built = self.build(&split, (idx, cell.number), &crate_name, frontend)?;
        let times = Times {
            split: split_time,
            ..self.run((cell, Kind::Cell), &split, idx, built, frontend)?
        };
        if self.shows_times {
            note(frontend, StreamName::Stdout, &times.to_string());
        }
        Ok(Some(times))
    }

    /// Lets the compiler say what is wrong with code that cannot be taken apart.
    fn explain_syntax(
        &mut self,
        error: &SplitError,
        code: &str,
        idx: CellIdx,
        crate_name: &str,
    ) -> CellError {
        let body = match error {
            SplitError::Tokens => Body::Alone(code),
            SplitError::Syntax => Body::Statements(code),
        };
        let unit = Unit {
            crate_name,
            cell: idx,
            body,
            imports: &[],
            redefined: &[],
            taken: &[],
            plan: &Plan::default(),
        };
        let source = unit.generate();
        let request = Request::alone(crate_name, source.text());
        match self.compiler.compile(&request, &self.control) {
            Ok(Compiled::Failed { messages }) => {
                let why_gone = |name: &str| self.variables.why_gone(name, &[]);
                failure::compile_error(&messages, &source, &self.history(), &why_gone)
            }
            Ok(Compiled::Done { .. }) => failure::unknown_syntax(),
            Ok(Compiled::Interrupted) => failure::interrupted(),
            Err(error) => failure::internal(&error),
        }
    }
}

impl Evaluator for NativeEvaluator {
    fn evaluate(
        &self,
        shell: Shell,
        cell: &Cell,
        frontend: Arc<dyn Frontend>,
    ) -> Result<(), CellError> {
        let mut turn = Turn::begin(&self.shared, shell, frontend.clone());
        let showed_variables = turn.shows_variables;
        let result = turn.evaluate(cell);
        turn.state.note(cell, &result);
        turn.publish();
        let shows_variables = showed_variables || turn.shows_variables;
        drop(turn);
        if shows_variables {
            // An interrupt was for the cell alone, which may have changed variables.
            let mut turn = Turn::begin(&self.shared, shell, frontend);
            commands::update_variables(cell.number, &mut turn);
        }
        result
    }

    fn variables(&self) -> Result<Vec<VariableView>, CellError> {
        let mut turn = Turn::to_look(&self.shared);
        let number = turn.last_number();
        let previews = turn.previews(number, &turn.frontend.clone())?;
        let value = |name: &String| match previews.get(name) {
            Some(preview) => preview.value.clone().unwrap_or_default(),
            None => turn.why_no_preview(name).unwrap_or_default(),
        };
        let variables = turn.variables().map(|(name, variable)| VariableView {
            name: name.clone(),
            type_name: variable.type_name.clone(),
            value: value(name),
        });
        Ok(variables.collect())
    }

    fn variable(&self, name: &str) -> Result<MimeData, String> {
        let mut turn = Turn::to_look(&self.shared);
        let frontend = turn.frontend.clone();
        turn.shown(name, &frontend).map_err(Refusal::sentence)
    }

    fn interrupter(&self) -> Arc<dyn Interrupt> {
        Arc::new(Interrupter {
            controls: self.shared.controls.clone(),
        })
    }

    fn is_complete(&self, code: &str) -> Completeness {
        complete::completeness(code)
    }

    fn analysis(&self) -> Option<analysis::Options> {
        Some(self.analysis.clone())
    }

    fn scope(&self) -> Arc<Scope> {
        self.published.scope()
    }

    fn end_shell(&self, shell: Shell) {
        if shell != Shell::MAIN {
            self.shared.end_shell(shell);
            let Shell(shell) = shell;
            self.shared.session().send(ToSession::EndShell { shell });
        }
    }

    fn comm(&self, comm: Comm, frontend: Arc<dyn Frontend>) {
        comms::receive(&self.shared, comm, frontend);
    }

    fn process_id(&self) -> Option<u32> {
        self.shared.session().process_id()
    }
}

pub(super) fn start_session(
    files: &RuntimeFiles,
    toolchain: &Toolchain,
    directory: Option<&Path>,
    socket: PathBuf,
    history: &Arc<Mutex<History>>,
    surroundings: &[(&str, String)],
) -> io::Result<SessionProcess> {
    SessionProcess::start(
        &files.session,
        &toolchain.libraries(),
        directory,
        socket,
        history.clone(),
        surroundings,
    )
}

/// What the session process is told in its environment of what is around it.
pub(super) fn surroundings(
    kernel_id: Option<&str>,
    widgets_alive: bool,
) -> Vec<(&'static str, String)> {
    let kernel_id = kernel_id.map(|id| (KERNEL_ID_VARIABLE, id.to_owned()));
    let widgets = widgets_alive.then(|| (WIDGETS_VARIABLE, "alive".to_owned()));
    kernel_id.into_iter().chain(widgets).collect()
}

/// A line of Dagbok's own, beside what the cell prints.
pub(super) fn note(frontend: &Arc<dyn Frontend>, name: StreamName, sentence: &str) {
    frontend.output(Output::Stream {
        name,
        text: format!("{sentence}\n"),
    });
}

impl std::fmt::Display for Times {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ms = |duration: Duration| duration.as_secs_f64() * 1e3;
        write!(
            f,
            "split {:.1} ms, rustc {:.1} ms, link {:.1} ms, load and run {:.1} ms",
            ms(self.split),
            ms(self.rustc),
            ms(self.link),
            ms(self.run)
        )
    }
}
