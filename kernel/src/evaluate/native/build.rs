//! A cell to an object that can be run: compiles until nothing is left that another plan could make right.

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::compile::{CompileTimes, Compiled, OptLevel, Request};
use super::diagnostics::Message;
use super::evaluator::note;
use super::failure;
use super::generate::{Body, Boxed, Plan, Unit};
use super::items::{Needs, defined_names};
use super::retry::{self, Verdict};
use super::run::Object;
use super::source::{CellIdx, Source};
use super::split::Split;
use super::turn::Turn;
use super::types::{KeptTypes, kept_types};
use super::words::is_cell_crate;
use crate::channel::ToSession;
use crate::evaluate::{CellError, Frontend, StreamName};
use crate::runtime_files::CARRIED_CRATES;

/// A cell that needs more compiles than this is reported as it is.
const N_COMPILES_MAX: u32 = 12;

/// A compile that came to an end, and what it was made from.
pub(super) struct Built {
    pub(super) crate_name: String,
    pub(super) object: PathBuf,
    pub(super) source: Source,
    pub(super) needs: Needs,
    pub(super) plan: Plan,
    /// The variables that it takes out of the store.
    pub(super) taken: BTreeSet<String>,
    pub(super) types: KeptTypes,
    pub(super) below: BTreeSet<String>,
    pub(super) needs_engine: bool,
    /// Libraries of dependencies that must be loaded before it.
    pub(super) libraries: Vec<PathBuf>,
    /// Whether anything reaches a dependency, if only through earlier cells.
    pub(super) needs_dependencies: bool,
    /// About code of this cell.
    pub(super) warnings: Vec<Message>,
    pub(super) times: CompileTimes,
}

enum Attempt {
    Built(Box<Built>),
    Failed {
        messages: Vec<Message>,
        source: Source,
        needs: Needs,
    },
}

impl Turn {
    /// Compiles until nothing is left that another plan could make right.
    pub(super) fn build(
        &mut self,
        split: &Split,
        (idx, number): (CellIdx, u32),
        crate_name: &str,
        frontend: &Arc<dyn Frontend>,
    ) -> Result<Built, CellError> {
        let mut plan = self.first_plan(split)?;
        let mut all_uses = false;
        // Optimised, a cell takes small functions of earlier ones into its loops.
        let mut declares = self.opt_level(split) == OptLevel('0');
        for n_compiles in 1.. {
            self.check_assigned(split, &plan)?;
            let needs = self.items.needs(split, declares, |root| {
                all_uses || !(CARRIED_CRATES.contains(&root) || self.dependencies.is_direct(root))
            });
            let attempt = self.attempt(split, idx, crate_name, &plan, needs)?;
            let (messages, source, needs) = match attempt {
                Attempt::Built(mut built) => {
                    if n_compiles < N_COMPILES_MAX && box_unwritable(&built.types, &mut plan) {
                        continue;
                    }
                    write_boxed(&mut built.types, &plan);
                    return Ok(*built);
                }
                Attempt::Failed {
                    messages,
                    source,
                    needs,
                } => (messages, source, needs),
            };
            if declares && retry::points_at_declarations(&messages, &source) {
                declares = false;
                continue;
            }
            if n_compiles < N_COMPILES_MAX {
                match retry::judge(&messages, &source, idx, split, &mut plan) {
                    Verdict::Again => continue,
                    Verdict::UsersFault
                        if !all_uses && needs.left_out_uses && retry::misses_names(&messages) =>
                    {
                        all_uses = true;
                        continue;
                    }
                    Verdict::UsersFault => {}
                    Verdict::Withheld(name) => {
                        let shell = self.shell;
                        if let Some(variable) = self.variables.live.get_mut(&name) {
                            variable.stays |= variable.shell != shell;
                        }
                        return Err(self.withheld(&name));
                    }
                    Verdict::Unusable(variables) => {
                        for (name, message) in variables {
                            self.lose_unusable(&name, &message, frontend);
                        }
                        continue;
                    }
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
            let variables = &self.variables;
            let why_gone = |name: &str| variables.why_gone(name, &needs.replaced);
            return Err(failure::compile_error(
                &messages,
                &source,
                &self.history(),
                &why_gone,
            ));
        }
        Err(failure::interrupted())
    }

    /// The plan that supposes the usual.
    ///
    /// # Errors
    /// If the cell would define a variable that another one is using.
    fn first_plan(&self, split: &Split) -> Result<Plan, CellError> {
        let bindings = split.bindings.iter().map(|binding| &binding.name);
        if let Some(name) = bindings
            .chain(&split.values)
            .find(|name| self.running.user_of(name).is_some())
        {
            return Err(self.withheld(name));
        }
        let live = split.mentions.iter();
        let live = live.filter(|name| self.variables.live.contains_key(*name));
        Ok(Plan {
            withheld: live
                .filter(|name| self.running.user_of(name).is_some())
                .cloned()
                .collect(),
            ..Plan::default()
        })
    }

    /// An assignment to a variable that the cell cannot have would compile, and be lost.
    fn check_assigned(&self, split: &Split, plan: &Plan) -> Result<(), CellError> {
        let is_own = |name: &str| split.bindings.iter().any(|binding| binding.name == name);
        let mut assigned = plan.withheld.intersection(&split.assigned);
        match assigned.find(|name| !is_own(name)) {
            Some(name) => Err(self.withheld(name)),
            None => Ok(()),
        }
    }

    /// Why the cell cannot have the variable `name`, which there is.
    fn withheld(&self, name: &str) -> CellError {
        if let Some(number) = self.running.user_of(name) {
            return failure::in_use(name, number);
        }
        match self.variables.live.get(name) {
            Some(variable) => failure::not_sent(name, variable),
            None => failure::internal(&io::Error::other(format!("there is no `{name}`"))),
        }
    }

    /// Drops a variable that no cell can take any more.
    fn lose_unusable(&mut self, name: &str, message: &str, frontend: &Arc<dyn Frontend>) {
        let type_name = self
            .variables
            .live
            .get(name)
            .map(|variable| &variable.type_name);
        let type_name = type_name.cloned().unwrap_or_default();
        let reason = format!(
            "`{name}` was dropped, because a later cell cannot name its type `{type_name}`: {message}"
        );
        note(frontend, StreamName::Stderr, &reason);
        self.variables.lose(name, reason);
        let names = vec![name.to_owned()];
        self.session.handle().send(ToSession::Forget { names });
    }

    fn opt_level(&self, split: &Split) -> OptLevel {
        self.opt_level.unwrap_or(match split.is_hot {
            true => OptLevel('3'),
            false => OptLevel('0'),
        })
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
        let taken = self.variables.taken(split, &needs.replaced, self.shell);
        let is_crate = |name: &str| {
            is_cell_crate(name)
                || CARRIED_CRATES.contains(&name)
                || self.dependencies.is_known(name)
        };
        let mut in_types = BTreeSet::new();
        for variable in taken
            .iter()
            .filter_map(|taken| self.variables.live.get(&taken.name))
        {
            for name in variable.crates(is_crate) {
                if is_cell_crate(name) {
                    needs.cells.insert(name.clone());
                } else {
                    needs.mentions.insert(name.clone());
                    in_types.insert(name.clone());
                }
            }
        }
        let linked = self.dependencies.linked(&needs.mentions, &in_types);
        let own = defined_names(split);
        let mut crates = self
            .carried(&needs.mentions)
            .map_err(|error| failure::internal(&error))?;
        crates.extend(linked.externs);
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
        let cells: Vec<String> = needs.cells.iter().cloned().collect();
        let any_cell = |is: fn(&Object) -> bool| {
            let objects = cells.iter().filter_map(|cell| self.objects.get(cell));
            objects.into_iter().any(is)
        };
        let needs_engine = !crates.is_empty() || any_cell(|object| object.needs_engine);
        let needs_dependencies =
            !linked.objects.is_empty() || any_cell(|object| object.needs_dependencies);
        let request = Request {
            crate_name,
            source: source.text(),
            cells: &cells,
            crates: &crates,
            dependencies: needs_dependencies.then(|| self.dependencies.folder()),
            needs_engine,
            has_items: !split.items.is_empty() || !needs.redefined.is_empty(),
            has_bindings: !split.bindings.is_empty(),
            opt_level: self.opt_level(split),
            has_lines: split.n_lines > 1,
            warns: self.warns,
        };
        let compiled = self.compiler.compile(&request, &self.control);
        let (object, mir, warnings, times) =
            match compiled.map_err(|error| failure::internal(&error))? {
                Compiled::Done {
                    object,
                    mir,
                    warnings,
                    times,
                } => (object, mir, warnings, times),
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
        externs.extend(crates.into_iter().map(|(name, _)| name));
        if needs_dependencies {
            let known = self.dependencies.known();
            externs.extend(known.filter(|name| !own.contains(*name)).cloned());
        }
        let below = self.below(needs.cells.union(&needs.linked).cloned());
        Ok(Attempt::Built(Box::new(Built {
            types: kept_types(&mir, crate_name, &externs),
            crate_name: crate_name.to_owned(),
            plan: plan.clone(),
            taken: taken
                .into_iter()
                .map(|taken| taken.name)
                .filter(|name| !plan.withheld.contains(name))
                .collect(),
            warnings: own_warnings(warnings, &source, idx),
            object,
            source,
            needs,
            below,
            needs_engine,
            libraries: linked.objects,
            needs_dependencies,
            times,
        })))
    }

    /// The crates of the engine among `words`, with their files.
    pub(super) fn carried(
        &mut self,
        words: &BTreeSet<String>,
    ) -> io::Result<Vec<(String, PathBuf)>> {
        if !CARRIED_CRATES.iter().any(|name| words.contains(*name)) {
            return Ok(Vec::new());
        }
        if self.carried.is_empty() {
            self.carried = self.compiler.carried_crates()?;
        }
        let named = self
            .carried
            .iter()
            .filter(|(name, _)| words.contains(*name) && !self.dependencies.is_direct(name));
        Ok(named
            .map(|(name, file)| (name.clone(), file.clone()))
            .collect())
    }

    /// All crates of earlier cells that must be loaded before one that links `cells`.
    fn below(&self, cells: impl Iterator<Item = String>) -> BTreeSet<String> {
        let mut below = BTreeSet::new();
        for cell in cells {
            if let Some(object) = self.objects.get(&cell) {
                below.extend(object.below.iter().cloned());
            }
            below.insert(cell);
        }
        below
    }
}

impl Built {
    /// The object as later cells need it.
    pub(super) fn object(&self, idx: CellIdx) -> Object {
        Object {
            idx,
            path: self.object.clone(),
            below: self.below.clone(),
            needs_engine: self.needs_engine,
            libraries: self.libraries.clone(),
            needs_dependencies: self.needs_dependencies,
        }
    }
}

/// The warnings about what was typed in the cell `own`.
fn own_warnings(mut messages: Vec<Message>, source: &Source, own: CellIdx) -> Vec<Message> {
    messages.retain(|message| {
        let place = message.typed(source);
        // Where code of ours is unreachable or unused, a person has nothing to mend.
        message.is_warning()
            && message.is_typed(source)
            && place.is_some_and(|place| place.cell == own)
    });
    messages
}

/// Plans to keep as boxes what cannot be kept as it is; whether there is anything new to compile.
fn box_unwritable(types: &KeptTypes, plan: &mut Plan) -> bool {
    let mut is_new = false;
    for (name, kept) in types {
        match plan.boxed.get(name).and_then(|boxed| boxed.first()) {
            None if kept.boxed.is_empty() => {}
            None => {
                plan.boxed.insert(name.clone(), kept.boxed.clone());
                is_new = true;
            }
            // The compiler has filled in what was left open, but for lifetimes: only a type that is written in full and
            // compiles is the one that later cells will write.
            Some(open @ Boxed { constructor, .. }) if open.is_open() => {
                let written = kept
                    .written
                    .clone()
                    .filter(|text| text.contains(['&', '\'']));
                if let Some(type_text) = written {
                    let explicit = Boxed {
                        type_text,
                        constructor,
                    };
                    plan.boxed.insert(name.clone(), vec![explicit]);
                    is_new = true;
                }
            }
            Some(_) => {}
        }
    }
    is_new
}

/// What is kept as a type that was written in full is of that type; the compiler's words leave out its lifetimes.
fn write_boxed(types: &mut KeptTypes, plan: &Plan) {
    for (name, boxed) in &plan.boxed {
        if let (Some(boxed), Some(kept)) = (boxed.first(), types.get_mut(name))
            && !boxed.is_open()
        {
            kept.written = Some(boxed.type_text.clone());
        }
    }
}
