//! What `:dep` does to a session: dependencies are added, and variables of crates that are others now are dropped.

use std::env;
use std::path::PathBuf;
use std::sync::Arc;

use super::dependencies::{Listed, Refused, Surroundings};
use super::evaluator::{Workbench, note};
use super::running::Change;
use super::turn::Turn;
use crate::channel::ToSession;
use crate::evaluate::{Frontend, StreamName};

impl Turn {
    /// Adds the dependencies that `lines` ask for, one each, in one build; what cargo does is shown as it happens.
    ///
    /// # Errors
    /// What stands in the way; then no dependency was added.
    pub(crate) fn add_dependencies(&mut self, lines: &[&str]) -> Result<(), String> {
        let directory = match &self.directory {
            Some(directory) => directory.clone(),
            None => env::current_dir().unwrap_or_else(|_| PathBuf::from(".")),
        };
        let (control, frontend) = (self.control.clone(), self.frontend.clone());
        let Workbench {
            files,
            toolchain,
            dependencies,
            ..
        } = &mut **self;
        let surroundings = Surroundings {
            files,
            toolchain,
            directory: &directory,
            control: &control,
        };
        let mut tell = |sentence: &str| note(&frontend, StreamName::Stderr, sentence);
        let added = dependencies
            .add(lines, &surroundings, &mut tell)
            .map_err(|refused| match refused {
                Refused::Interrupted => "interrupted".to_owned(),
                Refused::Explained(explained) if explained.output.is_empty() => explained.sentence,
                Refused::Explained(explained) => {
                    format!("{}\n{}", explained.sentence, explained.output.join("\n"))
                }
            })?;
        for sentence in &added.notes {
            tell(sentence);
        }
        for crate_name in &added.replaced {
            let names = self.variables.of_crate(crate_name);
            for name in &names {
                self.lose_of_crate(name, crate_name, &frontend);
            }
            if !names.is_empty() {
                self.session.handle().send(ToSession::Forget { names });
            }
            self.running.note(Change::Crate(crate_name.clone()));
        }
        Ok(())
    }

    /// The variable `name` is lost, because the crate `crate_name` is another one than that of its type.
    pub(super) fn lose_of_crate(
        &mut self,
        name: &str,
        crate_name: &str,
        frontend: &Arc<dyn Frontend>,
    ) {
        let reason = format!(
            "`{name}` was dropped, because the crate `{crate_name}` of its type is another one now"
        );
        note(frontend, StreamName::Stderr, &reason);
        self.variables.lose(name, reason);
    }

    /// What was asked for with `:dep`, and what came of it.
    pub(crate) fn dependencies(&self) -> Vec<Listed> {
        self.dependencies.list()
    }

    /// Whether the running cell has been interrupted.
    pub(crate) fn is_interrupted(&self) -> bool {
        self.control.is_interrupted()
    }
}
