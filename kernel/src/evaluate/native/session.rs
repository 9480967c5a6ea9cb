//! The evaluator: one cell from what was typed to what is shown.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::compile::{CompileTimes, Compiled, Compiler, OptLevel, Request};
use super::failure::{self, History};
use super::generate::{Body, Plan, Unit, entry};
use super::interrupt::{Control, Interrupter};
use super::items::{Items, Needs};
use super::process::{Death, Event, SessionProcess, to_mime_data};
use super::retry::{self, Verdict};
use super::source::{CellIdx, Source};
use super::split::{Split, SplitError, split};
use super::toolchain::Toolchain;
use super::types::{KeptTypes, kept_types};
use super::variables::{Known, Variable};
use super::words::is_cell_crate;
use super::{StartError, complete};
use crate::channel::{Ending, Finished, Run, ToSession};
use crate::commands;
use crate::evaluate::{
    Cell, CellError, Completeness, Evaluator, Frontend, Interrupt, Output, StreamName,
};
use crate::runtime_files::{CARRIED_CRATES, RuntimeFiles};

/// A cell that needs more compiles than this is reported as it is.
const N_COMPILES_MAX: u32 = 6;

/// How the native evaluator runs cells.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Where the runtime's files are, if not beside the executable.
    pub files: Option<RuntimeFiles>,
    /// The folder in which cells run, if not the current one.
    pub directory: Option<PathBuf>,
}

/// Compiles each cell with `rustc` and runs it in a session process of its own.
pub struct NativeEvaluator {
    /// Removed, with all that cells became, when the evaluator goes.
    folder: TempDir,
    toolchain: Toolchain,
    files: RuntimeFiles,
    directory: Option<PathBuf>,
    compiler: Arc<Compiler>,
    control: Arc<Control>,
    session: SessionProcess,
    n_sessions: u32,
    history: Arc<Mutex<History>>,
    items: Items,
    variables: Known,
    objects: BTreeMap<String, Object>,
    /// The crates of the engine, once a cell has named one.
    carried: BTreeMap<String, PathBuf>,
    pub(crate) opt_level: OptLevel,
    pub(crate) shows_times: bool,
}

/// A compiled cell that later cells may need.
#[derive(Clone, Debug)]
struct Object {
    idx: CellIdx,
    path: PathBuf,
    /// Crates of earlier cells that must be loaded before it.
    below: BTreeSet<String>,
    needs_engine: bool,
}

/// A compile that came to an end, and what it was made from.
struct Built {
    crate_name: String,
    object: PathBuf,
    source: Source,
    needs: Needs,
    plan: Plan,
    types: KeptTypes,
    below: BTreeSet<String>,
    needs_engine: bool,
    times: CompileTimes,
}

/// How long each step of a cell took.
#[derive(Clone, Copy, Debug, Default)]
struct Times {
    split: Duration,
    rustc: Duration,
    link: Duration,
    /// Loading, running and everything on the way there and back.
    run: Duration,
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
        let folder = tempfile::Builder::new().prefix("dagbok-").tempdir()?;
        let compiler = Arc::new(Compiler::new(
            toolchain.clone(),
            files.clone(),
            folder.path(),
        )?);
        warm_up(compiler.clone())?;
        let history = Arc::new(Mutex::new(History::default()));
        let socket = folder.path().join("session-0");
        let session = start_session(
            &files,
            &toolchain,
            options.directory.as_deref(),
            socket,
            &history,
        )?;
        session
            .wait_until_ready()
            .map_err(|death| StartError::Session(failure::no_start(&death)))?;
        Ok(NativeEvaluator {
            folder,
            toolchain,
            files,
            directory: options.directory,
            compiler,
            control: Arc::default(),
            session,
            n_sessions: 1,
            history,
            items: Items::default(),
            variables: Known::default(),
            objects: BTreeMap::new(),
            carried: BTreeMap::new(),
            opt_level: OptLevel('0'),
            shows_times: false,
        })
    }

    /// The sentence that `:version` shows.
    pub(crate) fn version(&self) -> String {
        let rustc = self.toolchain.version().unwrap_or_default();
        format!("dagbok {}, {rustc}", env!("CARGO_PKG_VERSION"))
    }

    /// Drops every variable; items stay.
    pub(crate) fn clear_variables(&mut self) {
        let names = self
            .variables
            .lose_all(|name| format!("`{name}` was dropped by `:clear`"));
        self.session.handle().send(ToSession::Forget { names });
    }

    /// The live variables, by name.
    pub(crate) fn variables(&self) -> impl Iterator<Item = (&String, &Variable)> {
        self.variables.live.iter()
    }

    fn history(&self) -> MutexGuard<'_, History> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn evaluate_rust(
        &mut self,
        cell: &Cell,
        rust: &str,
        frontend: &Arc<dyn Frontend>,
    ) -> Result<(), CellError> {
        let start = Instant::now();
        let (idx, crate_name) = self.history().begin(cell.number, rust);
        let split = match split(rust) {
            Ok(mut split) => {
                self.items.drop_unchanged(&mut split);
                split
            }
            Err(error) => return Err(self.explain_syntax(&error, rust, idx, &crate_name)),
        };
        if split.is_empty() {
            return Ok(());
        }
        let split_time = start.elapsed();
        let built = self.build(&split, (idx, cell.number), &crate_name, frontend)?;
        let times = self.run(cell, &split, idx, built, frontend)?;
        if self.shows_times {
            let times = Times {
                split: split_time,
                ..times
            };
            note(frontend, StreamName::Stdout, &times.to_string());
        }
        Ok(())
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
        let request = Request {
            crate_name,
            source: source.text(),
            cells: &[],
            carried: &[],
            needs_engine: false,
            has_items: false,
            has_bindings: false,
            opt_level: self.opt_level,
        };
        match self.compiler.compile(&request, &self.control) {
            Ok(Compiled::Failed { messages }) => {
                failure::compile_error(&messages, &source, &self.history(), &self.variables)
            }
            Ok(Compiled::Done { .. }) => failure::unknown_syntax(),
            Ok(Compiled::Interrupted) => failure::interrupted(),
            Err(error) => failure::internal(&error),
        }
    }

    /// Compiles until nothing is left that another plan could make right.
    fn build(
        &mut self,
        split: &Split,
        (idx, number): (CellIdx, u32),
        crate_name: &str,
        frontend: &Arc<dyn Frontend>,
    ) -> Result<Built, CellError> {
        let mut plan = Plan::default();
        let mut all_uses = false;
        for n_compiles in 1.. {
            let needs = self
                .items
                .needs(split, |root| all_uses || !CARRIED_CRATES.contains(&root));
            let attempt = self.attempt(split, idx, crate_name, &plan, needs)?;
            let (messages, source, needs) = match attempt {
                Attempt::Built(built) => return Ok(*built),
                Attempt::Failed {
                    messages,
                    source,
                    needs,
                } => (messages, source, needs),
            };
            if n_compiles < N_COMPILES_MAX {
                match retry::judge(&messages, &source, idx, &mut plan) {
                    Verdict::Again => continue,
                    Verdict::UsersFault if !all_uses && needs.left_out_uses => {
                        all_uses = true;
                        continue;
                    }
                    Verdict::UsersFault => {}
                    Verdict::EarlierItems(places) => {
                        let forgotten = self.items.forget_redefined(&needs, &places);
                        for name in &forgotten {
                            let reason = format!(
                                "`{name}` is forgotten, because it no longer compiles with what cell {number} defines"
                            );
                            note(frontend, StreamName::Stderr, &reason);
                            self.variables.lose(name, reason);
                        }
                        if !forgotten.is_empty() {
                            continue;
                        }
                    }
                }
            }
            return Err(failure::compile_error(
                &messages,
                &source,
                &self.history(),
                &self.variables,
            ));
        }
        Err(failure::interrupted())
    }

    /// One compile.
    fn attempt(
        &mut self,
        split: &Split,
        idx: CellIdx,
        crate_name: &str,
        plan: &Plan,
        mut needs: Needs,
    ) -> Result<Attempt, CellError> {
        let taken = self.variables.taken(&split.mentions);
        let is_crate = |name: &str| is_cell_crate(name) || CARRIED_CRATES.contains(&name);
        for variable in taken
            .iter()
            .filter_map(|taken| self.variables.live.get(&taken.name))
        {
            for name in variable.crates(is_crate) {
                match is_cell_crate(name) {
                    true => needs.cells.insert(name.clone()),
                    false => needs.mentions.insert(name.clone()),
                };
            }
        }
        let unit = Unit {
            crate_name,
            cell: idx,
            body: Body::Split(split),
            imports: &needs.imports,
            redefined: &needs.redefined,
            taken: &taken,
            plan,
        };
        let source = unit.generate();
        let carried = self
            .carried(&needs.mentions)
            .map_err(|error| failure::internal(&error))?;
        let cells: Vec<String> = needs.cells.iter().cloned().collect();
        let needs_engine = !carried.is_empty()
            || cells.iter().any(|cell| {
                self.objects
                    .get(cell)
                    .is_some_and(|object| object.needs_engine)
            });
        let request = Request {
            crate_name,
            source: source.text(),
            cells: &cells,
            carried: &carried,
            needs_engine,
            has_items: !split.items.is_empty() || !needs.redefined.is_empty(),
            has_bindings: !split.bindings.is_empty(),
            opt_level: self.opt_level,
        };
        let compiled = self.compiler.compile(&request, &self.control);
        let (object, mir, times) = match compiled.map_err(|error| failure::internal(&error))? {
            Compiled::Done { object, mir, times } => (object, mir, times),
            Compiled::Failed { messages } => {
                return Ok(Attempt::Failed {
                    messages,
                    source,
                    needs,
                });
            }
            Compiled::Interrupted => return Err(failure::interrupted()),
        };
        let mut externs = cells;
        externs.extend(carried.into_iter().map(|(name, _)| name));
        let below = self.below(&needs.cells);
        Ok(Attempt::Built(Box::new(Built {
            types: kept_types(&mir, crate_name, &externs),
            crate_name: crate_name.to_owned(),
            plan: plan.clone(),
            object,
            source,
            needs,
            below,
            needs_engine,
            times,
        })))
    }

    /// The crates of the engine among `words`, with their files.
    fn carried(&mut self, words: &BTreeSet<String>) -> io::Result<Vec<(String, PathBuf)>> {
        if !CARRIED_CRATES.iter().any(|name| words.contains(*name)) {
            return Ok(Vec::new());
        }
        if self.carried.is_empty() {
            self.carried = self.compiler.carried_crates()?;
        }
        let named = self
            .carried
            .iter()
            .filter(|(name, _)| words.contains(*name));
        Ok(named
            .map(|(name, file)| (name.clone(), file.clone()))
            .collect())
    }

    /// All crates of earlier cells that must be loaded before one that links `cells`.
    fn below(&self, cells: &BTreeSet<String>) -> BTreeSet<String> {
        let mut below = cells.clone();
        below.extend(
            cells
                .iter()
                .filter_map(|cell| self.objects.get(cell))
                .flat_map(|object| object.below.iter().cloned()),
        );
        below
    }

    /// Runs what was built, and takes in what it leaves behind.
    fn run(
        &mut self,
        cell: &Cell,
        split: &Split,
        idx: CellIdx,
        built: Built,
        frontend: &Arc<dyn Frontend>,
    ) -> Result<Times, CellError> {
        let start = Instant::now();
        self.drop_replaced(&built.needs, cell.number, frontend);
        self.history().keep_source(idx, built.source);
        let run = Run {
            objects: self.objects_for(&built.below, built.object.clone()),
            entry: entry(&built.crate_name),
            discard: unwritable(&built.types),
        };
        let object = Object {
            idx,
            path: built.object,
            below: built.below,
            needs_engine: built.needs_engine,
        };
        if !self.control.run_in(self.session.handle()) {
            return Err(failure::interrupted());
        }
        self.session.show_on(frontend.clone());
        self.session.handle().send(ToSession::Run(run));
        let finished = self.wait();
        let is_loaded = !matches!(&finished, Ok(finished) if matches!(finished.ending, Ending::NotLoaded { .. }));
        if is_loaded {
            self.items
                .learn(split, &built.needs, idx, &built.crate_name);
            self.objects.insert(built.crate_name, object);
        }
        let finished = match finished {
            Ok(finished) => finished,
            Err(death) => return Err(self.after_death(cell, &death)),
        };
        self.take_in(cell.number, split, &built.plan, &built.types, &finished);
        if let Some(bundle) = &finished.shown {
            let data = to_mime_data(bundle);
            frontend.output(Output::Result { data });
        }
        match finished.ending {
            Ending::Done => Ok(Times {
                split: Duration::ZERO,
                rustc: built.times.rustc,
                link: built.times.link,
                run: start.elapsed(),
            }),
            ending => Err(failure::runtime_error(ending, &self.history())),
        }
    }

    fn wait(&self) -> Result<Finished, Death> {
        loop {
            match self.session.wait() {
                Event::Ready => {}
                Event::Finished(finished) => return Ok(finished),
                Event::Ended(death) => return Err(death),
            }
        }
    }

    /// Earlier objects in the order in which they were made, then the cell's own.
    fn objects_for(&self, below: &BTreeSet<String>, own: PathBuf) -> Vec<PathBuf> {
        let mut objects: Vec<&Object> = below
            .iter()
            .filter_map(|name| self.objects.get(name))
            .collect();
        objects.sort_by_key(|object| object.idx);
        objects
            .into_iter()
            .map(|object| object.path.clone())
            .chain([own])
            .collect()
    }

    /// Variables whose type this cell defines anew are of a type that nobody can name any more.
    fn drop_replaced(&mut self, needs: &Needs, cell: u32, frontend: &Arc<dyn Frontend>) {
        for (crate_name, type_name) in &needs.replaced_types {
            let names = self.variables.of_type(crate_name, type_name);
            for name in &names {
                let reason = format!(
                    "`{name}` was dropped, because cell {cell} defines its type `{type_name}` anew"
                );
                note(frontend, StreamName::Stderr, &reason);
                self.variables.lose(name, reason);
            }
            if !names.is_empty() {
                self.session.handle().send(ToSession::Forget { names });
            }
        }
    }

    fn take_in(
        &mut self,
        cell: u32,
        split: &Split,
        plan: &Plan,
        types: &KeptTypes,
        finished: &Finished,
    ) {
        for name in &plan.moved {
            if !finished.variables.contains(name) {
                self.variables
                    .lose(name, format!("`{name}` was moved in cell {cell}"));
            }
        }
        for binding in &split.bindings {
            let name = &binding.name;
            let reason = match types.get(name) {
                Some(kept) if finished.kept.contains(name) => {
                    let type_text = kept.written.clone().unwrap_or_default();
                    let variable =
                        Variable::new(type_text, kept.shown.clone(), binding.mutable, cell);
                    self.variables.insert(name.clone(), variable);
                    continue;
                }
                // The cell failed, and gave back an earlier variable of the same name.
                _ if finished.variables.contains(name) => continue,
                Some(kept) if kept.written.is_none() => unwritable_reason(name, &kept.shown, cell),
                Some(_) => format!("cell {cell} failed before its `{name}` could be kept"),
                None => retry::unkept_reason(name, cell, plan),
            };
            self.variables.lose(name, reason);
        }
    }

    /// Explains the end of the session process and starts another.
    fn after_death(&mut self, cell: &Cell, death: &Death) -> CellError {
        let lost = self.variables.lose_all(|name| {
            format!(
                "`{name}` was lost when cell {} ended the session process",
                cell.number
            )
        });
        let socket = self
            .folder
            .path()
            .join(format!("session-{}", self.n_sessions));
        self.n_sessions += 1;
        match start_session(
            &self.files,
            &self.toolchain,
            self.directory.as_deref(),
            socket,
            &self.history,
        ) {
            Ok(session) => self.session = session,
            Err(error) => return failure::internal(&error),
        }
        if let Err(death) = self.session.wait_until_ready() {
            return failure::internal(&io::Error::other(failure::no_start(&death)));
        }
        failure::crash(death, cell.number, &lost)
    }
}

enum Attempt {
    Built(Box<Built>),
    Failed {
        messages: Vec<super::diagnostics::Message>,
        source: Source,
        needs: Needs,
    },
}

impl Evaluator for NativeEvaluator {
    fn evaluate(&mut self, cell: &Cell, frontend: Arc<dyn Frontend>) -> Result<(), CellError> {
        self.control.begin();
        let (orders, start) = commands::leading(&cell.code);
        let result = orders
            .iter()
            .try_for_each(|order| commands::run(order, self, &frontend))
            .and_then(|()| self.evaluate_rust(cell, &blank_before(&cell.code, start), &frontend));
        self.control.end();
        result
    }

    fn interrupter(&self) -> Arc<dyn Interrupt> {
        Arc::new(Interrupter {
            control: self.control.clone(),
        })
    }

    fn is_complete(&self, code: &str) -> Completeness {
        complete::completeness(code)
    }
}

/// `code` with spaces for what is before `start`, so that lines and columns stay.
fn blank_before(code: &str, start: usize) -> String {
    let blank = code[..start].chars().map(|c| {
        if c == '\n' {
            "\n".to_owned()
        } else {
            " ".repeat(c.len_utf8())
        }
    });
    blank.chain([code[start..].to_owned()]).collect()
}

fn start_session(
    files: &RuntimeFiles,
    toolchain: &Toolchain,
    directory: Option<&Path>,
    socket: PathBuf,
    history: &Arc<Mutex<History>>,
) -> io::Result<SessionProcess> {
    let history = history.clone();
    let locate = Arc::new(move |place: &_| {
        history
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .locate(place)
            .map(|place| place.to_string())
    });
    SessionProcess::start(
        &files.session,
        &toolchain.libraries(),
        directory,
        socket,
        locate,
    )
}

/// Compiles an empty cell, so that the compiler and the runtime's metadata are in memory when the first cell comes.
fn warm_up(compiler: Arc<Compiler>) -> io::Result<()> {
    thread::Builder::new()
        .name("dagbok-warm-up".to_owned())
        .spawn(move || {
            let plan = Plan::default();
            let unit = Unit {
                crate_name: "cell_0_warm",
                cell: CellIdx(usize::MAX),
                body: Body::Statements(""),
                imports: &[],
                redefined: &[],
                taken: &[],
                plan: &plan,
            };
            let source = unit.generate();
            let request = Request {
                crate_name: unit.crate_name,
                source: source.text(),
                cells: &[],
                carried: &[],
                needs_engine: false,
                has_items: false,
                has_bindings: false,
                opt_level: OptLevel('0'),
            };
            // Only its speed matters; what is wrong will be said when a cell is compiled.
            let _ = compiler.compile(&request, &Control::default());
        })?;
    Ok(())
}

fn unwritable(types: &KeptTypes) -> Vec<String> {
    let unwritable = types.iter().filter(|(_, kept)| kept.written.is_none());
    unwritable.map(|(name, _)| name.clone()).collect()
}

fn unwritable_reason(name: &str, shown: &str, cell: u32) -> String {
    let (what, instead) = if shown.contains("{closure@") {
        ("a closure", "a `Box<dyn Fn(…) -> …>` around it")
    } else if shown.contains("impl ") {
        (
            "hidden behind `impl Trait`",
            "what `collect()` gives, or a `Box<dyn …>`,",
        )
    } else {
        (
            "one that cannot be written down",
            "a `fn(…)` pointer or a `Box<dyn …>`",
        )
    };
    format!(
        "`{name}` of cell {cell} was not kept, because its type is {what}; {instead} would be kept"
    )
}

/// A line of Dagbok's own, beside what the cell prints.
fn note(frontend: &Arc<dyn Frontend>, name: StreamName, sentence: &str) {
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
