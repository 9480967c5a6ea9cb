//! Runs a compiled cell, and takes in what it leaves behind.

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::build::Built;
use super::diagnostics::render;
use super::evaluator::{NativeEvaluator, Times, note, start_session};
use super::failure;
use super::generate::{Plan, entry};
use super::process::{Death, Event, to_mime_data};
use super::restore::Ran;
use super::retry;
use super::source::CellIdx;
use super::split::Split;
use super::types::KeptTypes;
use super::variables::Variable;
use crate::channel::{Ending, Finished, Run};
use crate::evaluate::{Cell, CellError, Frontend, Output, StreamName};

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

impl NativeEvaluator {
    /// Runs what was built, and takes in what it leaves behind.
    pub(super) fn run(
        &mut self,
        cell: &Cell,
        split: &Split,
        idx: CellIdx,
        built: Built,
        frontend: &Arc<dyn Frontend>,
    ) -> Result<Times, CellError> {
        let start = Instant::now();
        self.show_warnings(&built, frontend);
        let forget = self.replace_types(&built, cell.number, frontend);
        let objects = self.objects_for(&built);
        self.history().keep_source(idx, built.source);
        let run = Run {
            objects,
            entry: entry(&built.crate_name),
            forget,
            discard: unwritable(&built.types),
        };
        let object = Object {
            idx,
            path: built.object,
            below: built.below,
            needs_engine: built.needs_engine,
            libraries: built.libraries,
            needs_dependencies: built.needs_dependencies,
        };
        if !self.control.run_in(self.session.handle()) {
            return Err(failure::interrupted());
        }
        self.session.run(run.clone(), frontend.clone());
        let finished = self.wait();
        let crate_name = built.crate_name;
        let is_loaded = !matches!(&finished, Ok(finished) if matches!(finished.ending, Ending::NotLoaded { .. }));
        if is_loaded {
            self.items.learn(split, &built.needs, idx, &crate_name);
            self.objects.insert(crate_name.clone(), object);
        }
        let finished = match finished {
            Ok(finished) => finished,
            Err(death) => {
                self.runs.failed(cell.number);
                return Err(self.after_death(cell.number, &death));
            }
        };
        self.take_in(cell.number, split, &built.plan, &built.types, &finished);
        match finished.ending {
            Ending::Done => self.runs.done(Ran {
                number: cell.number,
                run,
                kept: self.variables.of_names(&finished.kept),
                moved: built.plan.moved,
                crate_name,
                replaced: built.needs.replaced,
            }),
            _ => self.runs.failed(cell.number),
        }
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
                spent: finished.spent,
            }),
            ending => Err(failure::runtime_error(ending, &self.history())),
        }
    }

    fn show_warnings(&self, built: &Built, frontend: &Arc<dyn Frontend>) {
        for warning in &built.warnings {
            let text = render(warning, &built.source, &*self.history(), &[]);
            note(frontend, StreamName::Stderr, &text);
        }
    }

    pub(super) fn wait(&self) -> Result<Finished, Death> {
        loop {
            match self.session.wait() {
                Event::Ready => {}
                Event::Finished(finished) => return Ok(finished),
                Event::Ended(death) => return Err(death),
            }
        }
    }

    /// Earlier objects in the order in which they were made, then the cell's own; each after the dependencies that it
    /// needs.
    fn objects_for(&self, built: &Built) -> Vec<PathBuf> {
        let mut objects: Vec<&Object> = built
            .below
            .iter()
            .filter_map(|name| self.objects.get(name))
            .collect();
        objects.sort_by_key(|object| object.idx);
        objects
            .into_iter()
            .flat_map(|object| object.libraries.iter().chain([&object.path]))
            .chain(&built.libraries)
            .chain([&built.object])
            .cloned()
            .collect()
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
                let reason = format!(
                    "`{name}` was dropped, because cell {cell} defines its type `{}` anew",
                    replaced.name
                );
                note(frontend, StreamName::Stderr, &reason);
                self.variables.lose(name, reason);
            }
            dropped.extend(names);
        }
        dropped
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
                None => retry::unkept_reason(binding, cell, plan),
            };
            self.variables.lose(name, reason);
        }
    }

    /// Explains the end of the session process and starts another.
    pub(super) fn after_death(&mut self, number: u32, death: &Death) -> CellError {
        let reason =
            |name: &str| format!("`{name}` was lost when cell {number} ended the session process");
        match self.restart(reason) {
            Ok(lost) => failure::crash(death, number, &lost),
            Err(error) => error,
        }
    }

    /// Starts another session process if what a cell has left behind ended the last one, and says so.
    pub(super) fn revive(&mut self, frontend: &Arc<dyn Frontend>) -> Result<(), CellError> {
        let Some(death) = self.session.ended() else {
            return Ok(());
        };
        let lost = self.restart(|name| {
            format!("`{name}` was lost when the session process ended between two cells")
        })?;
        let sentence = failure::crash_between_cells(&death, &lost);
        note(frontend, StreamName::Stderr, &sentence);
        Ok(())
    }

    /// Starts another session process; the variables that the last one took along are lost for `reason`.
    fn restart(&mut self, reason: impl Fn(&str) -> String) -> Result<Vec<String>, CellError> {
        self.runs.process_ended();
        let lost = self.variables.lose_all(reason);
        self.replace_process()
            .map_err(|error| failure::internal(&error))?;
        Ok(lost)
    }

    /// Starts a new session process in place of the old one.
    pub(super) fn replace_process(&mut self) -> io::Result<()> {
        let socket = self
            .folder
            .path()
            .join(format!("session-{}", self.n_sessions));
        self.n_sessions += 1;
        self.session = start_session(
            &self.files,
            &self.toolchain,
            self.directory.as_deref(),
            socket,
            &self.history,
        )?;
        let ready = self.session.wait_until_ready();
        ready.map_err(|death| io::Error::other(failure::no_start(&death)))
    }
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
