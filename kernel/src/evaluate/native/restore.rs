//! `:restore`: after the end of a session process, its cells run again from their compiled objects, without a compile.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::failure;
use super::items::Replaced;
use super::running::RunningCell;
use super::turn::Turn;
use super::variables::Variable;
use crate::channel::{Ending, Run};
use crate::commands::Refusal;
use crate::evaluate::{CellError, Frontend, Output, Shell};

/// A cell that ran well, and what it left behind.
#[derive(Clone, Debug)]
pub(super) struct Ran {
    pub(super) number: u32,
    pub(super) shell: Shell,
    pub(super) run: Run,
    pub(super) kept: Vec<(String, Variable)>,
    pub(super) moved: BTreeSet<String>,
    /// The crate that it became, and the items of earlier cells that this crate holds since.
    pub(super) crate_name: String,
    pub(super) replaced: Vec<Replaced>,
    /// The items that variables of their names give way to.
    pub(super) items: BTreeSet<String>,
}

/// The runs of the session process, and those of one that ended.
#[derive(Debug, Default)]
pub(super) struct Runs {
    done: Vec<Ran>,
    failed: BTreeSet<u32>,
    lost: Vec<Ran>,
    lost_failed: BTreeSet<u32>,
}

impl Runs {
    /// A cell ran well; `is_there` says whether its session process still is.
    pub(super) fn done(&mut self, ran: Ran, is_there: bool) {
        match is_there {
            true => self.done.push(ran),
            false => self.lost.push(ran),
        }
    }

    /// The cell `number` failed: it will not run again; `is_there` as for [`done`](Self::done).
    pub(super) fn failed(&mut self, number: u32, is_there: bool) {
        match is_there {
            true => self.failed.insert(number),
            false => self.lost_failed.insert(number),
        };
    }

    /// The session process is gone, and all that its cells have done.
    pub(super) fn process_ended(&mut self) {
        self.lost.append(&mut self.done);
        self.lost_failed.append(&mut self.failed);
    }

    /// Forgets all runs.
    pub(super) fn clear(&mut self) {
        *self = Runs::default();
    }
}

impl Turn {
    /// Runs the cells of the session process that ended again, one after the other; what was done, in a sentence.
    ///
    /// # Errors
    /// That of the first cell which fails now; those after it can be restored later. If other cells run.
    pub(crate) fn restore(&mut self, frontend: &Arc<dyn Frontend>) -> Result<String, Refusal> {
        self.needs_idle(":restore")?;
        let mut lost = std::mem::take(&mut self.runs.lost).into_iter();
        let mut restored = Vec::new();
        while let Some(ran) = lost.next() {
            let number = ran.number;
            if let Err(mut error) = self.run_again(ran, frontend) {
                self.runs.lost.extend(lost);
                error.traceback.push(format!(
                    "`:restore` stops here; {}, and not cell {number}",
                    sentence("ran again", &restored)
                ));
                return Err(error.into());
            }
            restored.push(number);
        }
        let failed: Vec<u32> = std::mem::take(&mut self.runs.lost_failed)
            .into_iter()
            .collect();
        Ok(match (restored.as_slice(), failed.as_slice()) {
            ([], []) => "there is nothing to restore: no session process has ended".to_owned(),
            (restored, []) => sentence("ran again", restored),
            (restored, failed) => format!(
                "{}; {}",
                sentence("ran again", restored),
                sentence("had failed and is left out", failed)
            ),
        })
    }

    /// No other cell has its turn meanwhile: it could name variables that are not there yet.
    fn run_again(&mut self, mut ran: Ran, frontend: &Arc<dyn Frontend>) -> Result<(), CellError> {
        if self.has_ended(ran.shell) {
            ran.shell = Shell::MAIN;
        }
        let running = RunningCell::new(self.id(), ran.number, self.n_sessions, BTreeSet::new());
        let finished = self.start(ran.shell, ran.run.clone(), frontend)?.wait();
        self.control.has_run();
        let finished = match finished {
            Ok(finished) => finished,
            Err(death) => return Err(self.after_death(ran.number, &running, &death)),
        };
        if let Some(bundle) = &finished.shown {
            let data = self.history().shown(bundle);
            frontend.output(Output::Result { data });
        }
        let Ending::Done = finished.ending else {
            return Err(failure::runtime_error(finished.ending, &self.history()));
        };
        for replaced in &ran.replaced {
            for name in self.variables.replace_type(replaced, &ran.crate_name) {
                let reason = format!(
                    "`{name}` was dropped, because cell {} defines its type anew",
                    ran.number
                );
                self.variables.lose(&name, reason);
            }
        }
        self.variables.replace_by_items(&ran.items, ran.number);
        for name in &ran.moved {
            if !finished.variables.contains(name) {
                let reason = format!("`{name}` was moved in cell {}", ran.number);
                self.variables.lose(name, reason);
            }
        }
        for (name, variable) in &mut ran.kept {
            let kept = finished.kept.iter().rfind(|kept| kept.name == *name);
            if let Some(kept) = kept {
                variable.stamp = kept.stamp;
                variable.shell = ran.shell;
                self.variables.insert(name.clone(), variable.clone());
            }
        }
        self.runs.done(ran, true);
        Ok(())
    }
}

/// `cells 1, 2 and 5 ran again`
fn sentence(what: &str, numbers: &[u32]) -> String {
    let what = match numbers.len() {
        1 => what.to_owned(),
        _ => what.replace(" is ", " are "),
    };
    format!("{} {what}", failure::all_cells(numbers))
}
