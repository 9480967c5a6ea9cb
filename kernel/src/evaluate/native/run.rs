//! Runs a compiled cell, and takes in what it leaves behind.

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::build::Built;
use super::diagnostics::render;
use super::evaluator::{Times, Workbench, note, start_session, surroundings};
use super::failure;
use super::generate::entry;
use super::process::{Death, Started};
use super::restore::Ran;
use super::retry;
use super::running::{Change, RunningCell};
use super::source::CellIdx;
use super::split::Split;
use super::turn::Turn;
use super::types::KeptTypes;
use super::variables::Variable;
use crate::channel::{Ending, Finished, Kept, Run, SourceLines, ToSession};
use crate::colours::legible;
use crate::evaluate::{Cell, CellError, Frontend, Output, Shell, StreamName};

/// A compiled cell that later cells may need.
#[derive(Clone, Debug)]
pub(super) struct Object {
    pub(super) idx: CellIdx,
    pub(super) path: PathBuf,
    /// Crates of earlier cells that must be loaded before it.
    pub(super) below: BTreeSet<String>,
    pub(super) needs_engine: bool,
    /// Libraries of dependencies that must be loaded before it.
    pub(super) libraries: Vec<PathBuf>,
    pub(super) needs_dependencies: bool,
}

/// Whether a run is one of the person's, which `:restore` will do again.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Cell,
    /// What a command asks of the session.
    Probe,
}

/// What the end of a session process cost.
#[derive(Clone, Debug)]
pub(super) struct Loss {
    /// The cells that ran in it.
    pub(super) cells: Vec<u32>,
    pub(super) variables: Vec<String>,
}

impl Turn {
    /// Runs what was built, and takes in what it leaves behind. Other cells have their turn while it runs.
    pub(super) fn run(
        &mut self,
        (cell, kind): (&Cell, Kind),
        split: &Split,
        idx: CellIdx,
        mut built: Built,
        frontend: &Arc<dyn Frontend>,
    ) -> Result<Times, CellError> {
        let start = Instant::now();
        self.show_warnings(&built, frontend);
        self.check_types_in_use(&built)?;
        let mut forget = self.replace_types(&built, cell.number, frontend);
        forget.extend(self.replace_by_items(&split.values, cell.number, frontend));
        let source = std::mem::take(&mut built.source);
        self.history().keep_source(idx, source);
        let run = Run {
            objects: self.objects_for(&built),
            entry: entry(&built.crate_name),
            forget,
            discard: unwritable(&built.types),
            sources: self.sources_for(&built, idx),
        };
        let mut started = self.start(self.shell, run.clone(), frontend)?;
        let loaded = started.wait_until_loaded();
        // Items are there for all from now on: the turn has lasted since the compile that is based on what was there.
        if !matches!(loaded, Ok(false)) {
            let object = built.object(idx);
            self.items
                .learn(split, &built.needs, idx, &built.crate_name);
            self.objects.insert(built.crate_name.clone(), object);
        }
        let (running, finished) = self.finish(cell.number, started, built.taken.clone());
        let is_there = running.session == self.n_sessions;
        let finished = match finished {
            Ok(finished) => finished,
            Err(death) => {
                self.runs.failed(cell.number, is_there);
                return Err(self.after_death(cell.number, &running, &death));
            }
        };
        self.take_in(&running, split, &built, &finished, frontend);
        let is_done = matches!(finished.ending, Ending::Done);
        if !is_done {
            self.runs.failed(cell.number, is_there);
        } else if kind == Kind::Cell {
            let ran = Ran {
                number: cell.number,
                shell: self.shell,
                run,
                kept: self.kept(&finished),
                moved: built.plan.moved,
                crate_name: built.crate_name,
                replaced: built.needs.replaced,
                items: split.values.clone(),
            };
            self.runs.done(ran, is_there);
        }
        if let Some(bundle) = &finished.shown {
            let data = self.history().shown(bundle);
            frontend.output(Output::Result { data });
        }
        match finished.ending {
            Ending::Done => Ok(Times {
                split: Duration::ZERO,
                rustc: built.times.rustc,
                link: built.times.link,
                run: start.elapsed(),
                spent: finished.spent,
            }),
            ending => Err(failure::runtime_error(ending, &self.history())),
        }
    }

    /// Sends `run` to the session.
    ///
    /// # Errors
    /// If the cell has been interrupted.
    pub(super) fn start(
        &self,
        shell: Shell,
        run: Run,
        frontend: &Arc<dyn Frontend>,
    ) -> Result<Started, CellError> {
        if !self.control.run_in(self.session.handle()) {
            return Err(failure::interrupted());
        }
        Ok(self.session.run(shell, run, frontend.clone()))
    }

    /// Waits for the end of the cell `number`, which uses the variables `taken`, and lets other cells have their turn.
    fn finish(
        &mut self,
        number: u32,
        started: Started,
        taken: BTreeSet<String>,
    ) -> (RunningCell, Result<Finished, Death>) {
        let (turn, session) = (self.id(), self.n_sessions);
        let running = RunningCell::new(turn, number, session, taken);
        self.running.begin(running.clone());
        let finished = self.away(|| started.wait());
        self.control.has_run();
        (self.running.end(turn).unwrap_or(running), finished)
    }

    fn show_warnings(&self, built: &Built, frontend: &Arc<dyn Frontend>) {
        for warning in &built.warnings {
            let text = render(warning, &built.source, &*self.history(), &[]);
            let lines: Vec<String> = text.lines().map(str::to_owned).collect();
            note(frontend, StreamName::Stderr, &legible(&lines).join("\n"));
        }
    }

    /// Earlier objects in the order in which they were made, then the cell's own; each after the dependencies that it
    /// needs.
    pub(super) fn objects_for(&self, built: &Built) -> Vec<PathBuf> {
        let mut objects: Vec<&Object> = self.objects_below(built).collect();
        objects.sort_by_key(|object| object.idx);
        objects
            .into_iter()
            .flat_map(|object| object.libraries.iter().chain([&object.path]))
            .chain(&built.libraries)
            .chain([&built.object])
            .cloned()
            .collect()
    }

    /// The lines of earlier cells that it needs, then those of its own, the cell `idx`.
    pub(super) fn sources_for(&self, built: &Built, idx: CellIdx) -> Vec<SourceLines> {
        let history = self.history();
        let below = self.objects_below(built).map(|object| object.idx);
        below
            .chain([idx])
            .map(|idx| history.source_lines(idx))
            .collect()
    }

    fn objects_below(&self, built: &Built) -> impl Iterator<Item = &Object> {
        let names = built.below.iter();
        names.filter_map(|name| self.objects.get(name))
    }

    /// A running cell puts the variables that it uses back as what they were.
    fn check_types_in_use(&self, built: &Built) -> Result<(), CellError> {
        for replaced in built.needs.replaced.iter().filter(|all| !all.identical) {
            for (name, variable) in &self.variables.live {
                if let Some(number) = self.running.user_of(name)
                    && variable.has_type(replaced)
                {
                    return Err(failure::type_in_use(name, &replaced.name, number));
                }
            }
        }
        Ok(())
    }

    /// Moves variables to the types that this cell has compiled again; those whose type it defines anew are of a type
    /// that nobody can name any more: their names.
    fn replace_types(
        &mut self,
        built: &Built,
        cell: u32,
        frontend: &Arc<dyn Frontend>,
    ) -> Vec<String> {
        let mut dropped = Vec::new();
        for replaced in &built.needs.replaced {
            let names = self.variables.replace_type(replaced, &built.crate_name);
            for name in &names {
                self.drop_of_type(name, &replaced.name, cell, frontend);
            }
            dropped.extend(names);
            self.running.note(Change::Item {
                replaced: replaced.clone(),
                to: built.crate_name.clone(),
                cell,
            });
        }
        dropped
    }

    /// What a cell has defined as an item is no variable any more: the names of those that were.
    pub(super) fn replace_by_items(
        &mut self,
        items: &BTreeSet<String>,
        cell: u32,
        frontend: &Arc<dyn Frontend>,
    ) -> Vec<String> {
        let replaced = self.variables.replace_by_items(items, cell).into_iter();
        let names = replaced.map(|(name, reason)| {
            note(frontend, StreamName::Stderr, &reason);
            name
        });
        names.collect()
    }

    /// The variable `name` is lost, because the cell `cell` defines its type anew.
    fn drop_of_type(
        &mut self,
        name: &str,
        type_name: &str,
        cell: u32,
        frontend: &Arc<dyn Frontend>,
    ) {
        let reason = format!(
            "`{name}` was dropped, because cell {cell} defines its type `{type_name}` anew"
        );
        note(frontend, StreamName::Stderr, &reason);
        self.variables.lose(name, reason);
    }

    fn take_in(
        &mut self,
        running: &RunningCell,
        split: &Split,
        built: &Built,
        finished: &Finished,
        frontend: &Arc<dyn Frontend>,
    ) {
        let cell = running.number;
        if running.session != self.n_sessions {
            // It has ended well, and then its process has, before this cell had its turn again.
            for Kept { name, .. } in &finished.kept {
                let reason = format!(
                    "`{name}` was lost when the session process ended, right after cell {cell}"
                );
                self.variables.lose_as_of(0, name, reason);
            }
            return;
        }
        for name in &built.plan.moved {
            if !finished.variables.contains(name) {
                let reason = format!("`{name}` was moved in cell {cell}");
                self.variables.lose_as_of(finished.n_kept, name, reason);
            }
        }
        for binding in &split.bindings {
            let name = &binding.name;
            let kept = finished.kept.iter().rfind(|kept| kept.name == *name);
            let reason = match (built.types.get(name), kept) {
                (Some(of_type), Some(kept)) => {
                    let type_text = of_type.written.clone().unwrap_or_default();
                    let variable = Variable::new(
                        type_text,
                        of_type.shown.clone(),
                        binding.mutable,
                        (self.shell, cell),
                        kept.stamp,
                    );
                    self.variables.insert(name.clone(), variable);
                    continue;
                }
                // The cell failed, and gave back an earlier variable of the same name, or another one is using that.
                _ if finished.variables.contains(name) => continue,
                _ if self.running.user_of(name).is_some() => continue,
                (Some(of_type), None) if of_type.written.is_none() => {
                    unwritable_reason(name, &of_type.shown, cell)
                }
                (Some(_), None) => {
                    format!("cell {cell} failed before its `{name}` could be kept")
                }
                (None, _) => retry::unkept_reason(binding, cell, &built.plan),
            };
            self.variables.lose_as_of(finished.n_kept, name, reason);
        }
        self.catch_up(running, finished, frontend);
    }

    /// Does to the variables of `running` what other cells have done to all others while it ran.
    fn catch_up(
        &mut self,
        running: &RunningCell,
        finished: &Finished,
        frontend: &Arc<dyn Frontend>,
    ) {
        let mut forget: Vec<String> = running.taken.iter().cloned().collect();
        forget.retain(|name| {
            finished.variables.contains(name) && !self.variables.live.contains_key(name)
        });
        let changes = self.running.changes_since(running).to_vec();
        for Kept { name, stamp } in &finished.kept {
            let is_own = |variable: &&mut Variable| variable.stamp == *stamp;
            for change in &changes {
                let Some(variable) = self.variables.live.get_mut(name).filter(is_own) else {
                    break;
                };
                match change {
                    Change::Item { replaced, to, cell } => {
                        if !variable.follow(replaced, to) {
                            self.drop_of_type(name, &replaced.name, *cell, frontend);
                            forget.push(name.clone());
                        }
                    }
                    Change::Crate(crate_name) => {
                        if variable.names_crate(crate_name) {
                            self.lose_of_crate(name, crate_name, frontend);
                            forget.push(name.clone());
                        }
                    }
                }
            }
        }
        if !forget.is_empty() {
            let frame = ToSession::Forget { names: forget };
            self.session.handle().send(frame);
        }
    }

    /// The variables that a run has kept, as they are now.
    pub(super) fn kept(&self, finished: &Finished) -> Vec<(String, Variable)> {
        let kept = finished.kept.iter().filter_map(|kept| {
            let variable = self.variables.live.get(&kept.name)?;
            (variable.stamp == kept.stamp).then(|| (kept.name.clone(), variable.clone()))
        });
        kept.collect()
    }

    /// Explains the end of the session process in which the cell `number` ran, and starts another, if nobody has.
    pub(super) fn after_death(
        &mut self,
        number: u32,
        running: &RunningCell,
        death: &Death,
    ) -> CellError {
        let session = running.session;
        if session == self.n_sessions {
            let mut cells = self.running.of_session(session);
            cells.push(number);
            cells.sort_unstable();
            let reason = match cells.as_slice() {
                [one] => format!("was lost when cell {one} ended the session process"),
                all => format!(
                    "was lost when the session process ended, in which {} were running",
                    failure::all_cells(all)
                ),
            };
            if let Err(error) = self.restart(cells, |name| format!("`{name}` {reason}")) {
                return error;
            }
        }
        match self.losses.get(&session) {
            Some(loss) => failure::crash(death, loss),
            None => failure::crash(
                death,
                &Loss {
                    cells: vec![number],
                    variables: Vec::new(),
                },
            ),
        }
    }

    /// Starts another session process if the last one has ended, and says so; cells that ran in it say so themselves.
    pub(super) fn revive(&mut self, frontend: &Arc<dyn Frontend>) -> Result<(), CellError> {
        let Some(death) = self.session.ended() else {
            return Ok(());
        };
        let cells = self.running.of_session(self.n_sessions);
        let is_between = cells.is_empty();
        let session = self.n_sessions;
        self.restart(cells, |name| {
            let when = if is_between { " between two cells" } else { "" };
            format!("`{name}` was lost when the session process ended{when}")
        })?;
        if let Some(loss) = self.losses.get(&session).filter(|_| is_between) {
            let sentence = failure::crash_between_cells(&death, &loss.variables);
            note(frontend, StreamName::Stderr, &sentence);
        }
        Ok(())
    }

    /// Starts another session process; the variables that the last one took along, with the running `cells`, are lost for
    /// `reason`.
    fn restart(
        &mut self,
        cells: Vec<u32>,
        reason: impl Fn(&str) -> String,
    ) -> Result<(), CellError> {
        self.runs.process_ended();
        let variables = self.variables.lose_all(reason);
        let loss = Loss { cells, variables };
        let session = self.n_sessions;
        self.losses.insert(session, loss);
        self.replace_process()
            .map_err(|error| failure::internal(&error))
    }

    /// Starts a new session process in place of the old one.
    pub(super) fn replace_process(&mut self) -> io::Result<()> {
        let widgets_alive = self.widgets_alive();
        let Workbench {
            folder,
            files,
            toolchain,
            directory,
            kernel_id,
            history,
            n_sessions,
            ..
        } = &mut **self;
        let socket = folder.path().join(format!("session-{n_sessions}"));
        *n_sessions += 1;
        let surroundings = surroundings(kernel_id.as_deref(), widgets_alive);
        self.session = start_session(
            files,
            toolchain,
            directory.as_deref(),
            socket,
            history,
            &surroundings,
        )?;
        self.publish_session();
        let ready = self.session.wait_until_ready();
        ready.map_err(|death| io::Error::other(failure::no_start(&death)))
    }
}

pub(super) fn unwritable(types: &KeptTypes) -> Vec<String> {
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
