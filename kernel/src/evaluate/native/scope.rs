//! What completion may know of a session: published after each cell, so that nobody who asks waits for one that runs.

use std::env;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use super::compile::Compiler;
use super::evaluator::Workbench;
use super::generate::PRELUDE;
use crate::evaluate::{Scope, ScopeCrate, ScopeVariable};

/// What was published last.
#[derive(Debug, Default)]
pub(super) struct Published {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    scope: Arc<Scope>,
    /// The crates of the engine, once they have been looked up.
    carried: Vec<ScopeCrate>,
}

impl Published {
    /// Nothing yet; the crates of the engine are looked up meanwhile.
    pub(super) fn start(compiler: Arc<Compiler>) -> Arc<Self> {
        let published = Arc::new(Published::default());
        let found = published.clone();
        let look_up = move || {
            let carried = compiler.carried_crates().unwrap_or_default();
            let crates = carried.into_iter();
            let crates = crates.map(|(name, file)| ScopeCrate { name, file });
            found.add_carried(crates.collect());
        };
        let thread = thread::Builder::new().name("dagbok-crates".to_owned());
        // Without a thread only the crates of the engine are unknown.
        let _ = thread.spawn(look_up);
        published
    }

    /// What completion may know now.
    pub(super) fn scope(&self) -> Arc<Scope> {
        self.lock().scope.clone()
    }

    fn add_carried(&self, carried: Vec<ScopeCrate>) {
        let mut state = self.lock();
        let mut scope = Scope::clone(&state.scope);
        add_missing(&mut scope.crates, &carried);
        state.carried = carried;
        state.scope = Arc::new(scope);
    }

    fn publish(&self, mut scope: Scope) {
        let mut state = self.lock();
        add_missing(&mut scope.crates, &state.carried);
        state.scope = Arc::new(scope);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A `:dep` goes before what the engine carries.
fn add_missing(crates: &mut Vec<ScopeCrate>, others: &[ScopeCrate]) {
    for other in others {
        if !crates.iter().any(|known| known.name == other.name) {
            crates.push(other.clone());
        }
    }
}

impl Workbench {
    /// Lets completion know what the session holds now.
    pub(super) fn publish(&self) {
        let variables = self.variables.live.iter();
        let directory = self.directory.clone().or_else(|| env::current_dir().ok());
        let face = ("dagbok".to_owned(), self.files.face.clone());
        let crates = self.dependencies.direct_files().chain([face]);
        self.published.publish(Scope {
            preamble: PRELUDE.to_owned(),
            items: self.items.declarations(),
            variables: variables
                .map(|(name, variable)| ScopeVariable {
                    name: name.clone(),
                    type_text: variable.type_text.clone(),
                    is_mutable: variable.mutable,
                })
                .collect(),
            crates: crates
                .map(|(name, file): (String, PathBuf)| ScopeCrate { name, file })
                .collect(),
            folders: vec![
                self.files.dependencies.clone(),
                self.dependencies.folder().to_owned(),
            ],
            directory: directory.unwrap_or_default(),
        });
    }
}
