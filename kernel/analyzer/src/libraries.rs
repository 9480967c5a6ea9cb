//! The crates that a notebook can name, as declarations that rust-analyzer reads: std, Dagbok, and what cells name besides.
//! What no process of this machine has declared yet is declared on a thread of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::mpsc::{Sender, channel};
use std::thread;

use dagbok_kernel::analysis::protocol::Settings;
use dagbok_kernel::evaluate::Scope;
use ra_ap_base_db::target::{Arch, TargetData};
use ra_ap_base_db::{
    CrateBuilderId, CrateDisplayName, CrateGraphBuilder, CrateName, CrateOrigin,
    CrateWorkspaceData, DependencyBuilder, Env, LangCrateOrigin, SourceRoot, Version,
};
use ra_ap_cfg::CfgOptions;
use ra_ap_hir::ChangeWithProcMacros;
use ra_ap_ide::Edition;
use ra_ap_intern::Symbol;
use ra_ap_paths::AbsPathBuf;
use ra_ap_vfs::file_set::FileSet;
use ra_ap_vfs::{FileId, VfsPath};

use crate::declarations::{Declarations, Source};
use crate::log;
use crate::notebook;
use crate::world::Event;

/// The file with the cell.
pub(crate) const NOTEBOOK: FileId = FileId::from_raw(0);

const STD: &str = "std";

/// What every cell sees, by name.
const ALWAYS: [&str; 2] = [STD, "dagbok"];

/// Where 64-bit machines put things; no answer depends on more than the size of a pointer.
const DATA_LAYOUT: &str =
    "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128";

/// The crates of a notebook.
pub(crate) struct Libraries {
    declarations: Declarations,
    version: Option<Version>,
    /// What is declared one after the other.
    to_declare: Sender<Source>,
    known: BTreeMap<String, Library>,
    n_files: u32,
}

/// What is known of the crate in one file.
struct Library {
    file: Option<PathBuf>,
    state: State,
}

enum State {
    Declaring,
    /// It cannot be declared; the log says why.
    Failed,
    Loaded {
        id: FileId,
        /// The other crates that its declarations name.
        names: BTreeSet<String>,
    },
}

/// The declarations of one crate, or why there are none.
pub(crate) struct Declared {
    source: Source,
    text: Result<String, String>,
}

impl Libraries {
    pub(crate) fn new(settings: &Settings, events: Sender<Event>) -> Self {
        let declarations = || Declarations {
            rustdoc: settings.rustdoc.clone(),
            rustc_version: settings.rustc_version.clone(),
            cache: settings.cache.clone(),
        };
        let (to_declare, sources) = channel::<Source>();
        let own = declarations();
        thread::spawn(move || {
            for source in sources {
                let text = own.make(&source).map_err(|error| error.to_string());
                let declared = Box::new(Declared { source, text });
                if events.send(Event::Declared(declared)).is_err() {
                    return;
                }
            }
        });
        let version = settings.rustc_version.split_whitespace().nth(1);
        Libraries {
            declarations: declarations(),
            version: version.and_then(|version| Version::parse(version).ok()),
            to_declare,
            known: BTreeMap::new(),
            n_files: 1,
        }
    }

    /// Loads the crates that the cell `code` names; what to tell rust-analyzer if there are new ones.
    pub(crate) fn load(&mut self, scope: &Scope, code: &str) -> Option<ChangeWithProcMacros> {
        let words = notebook::words(scope, code);
        let mut files = Vec::new();
        for source in sources(scope, &words) {
            let known = self.known.get(&source.name);
            if known.is_some_and(|known| known.file == source.file) {
                continue;
            }
            match self.declarations.cached(&source) {
                Some(text) => files.push(self.loaded(&source, text, scope)),
                None => {
                    self.set(&source, State::Declaring);
                    // The thread lives as long as this sender.
                    let _ = self.to_declare.send(source);
                }
            }
        }
        (!files.is_empty() || self.n_files == 1).then(|| self.change(files))
    }

    /// Takes in what a thread has declared; what to tell rust-analyzer.
    pub(crate) fn add(
        &mut self,
        declared: Declared,
        scope: &Scope,
    ) -> Option<ChangeWithProcMacros> {
        let Declared { source, text } = declared;
        let is_current = self
            .known
            .get(&source.name)
            .is_some_and(|known| known.file == source.file);
        if !is_current {
            return None;
        }
        match text {
            Ok(text) => {
                let file = self.loaded(&source, text, scope);
                Some(self.change(vec![file]))
            }
            Err(error) => {
                log(&format!(
                    "cannot declare the crate `{}`: {error}",
                    source.name
                ));
                self.set(&source, State::Failed);
                None
            }
        }
    }

    /// The crates that are named by the cell `code` and still being declared.
    pub(crate) fn missing(&self, scope: &Scope, code: &str) -> Vec<String> {
        let words = notebook::words(scope, code);
        let named = sources(scope, &words).into_iter().filter(|source| {
            let known = self.known.get(&source.name);
            known.is_some_and(|known| matches!(known.state, State::Declaring))
        });
        named.map(|source| source.name).collect()
    }

    fn loaded(&mut self, source: &Source, text: String, scope: &Scope) -> (FileId, String) {
        let id = match self.known.get(&source.name).map(|known| &known.state) {
            Some(State::Loaded { id, .. }) => *id,
            _ => {
                let id = FileId::from_raw(self.n_files);
                self.n_files += 1;
                id
            }
        };
        let others = scope.crates.iter().map(|known| &known.name);
        let names = others.filter(|name| **name != source.name && names(&text, name));
        let names = names.cloned().collect();
        self.set(source, State::Loaded { id, names });
        (id, text)
    }

    fn set(&mut self, source: &Source, state: State) {
        let library = Library {
            file: source.file.clone(),
            state,
        };
        self.known.insert(source.name.clone(), library);
    }

    /// All crates and the texts of new ones.
    fn change(&self, files: Vec<(FileId, String)>) -> ChangeWithProcMacros {
        let mut change = ChangeWithProcMacros::default();
        let mut libraries = FileSet::default();
        for (name, library) in &self.known {
            if let State::Loaded { id, .. } = library.state {
                libraries.insert(id, VfsPath::new_virtual_path(format!("/{name}/lib.rs")));
            }
        }
        let mut own = FileSet::default();
        let path = VfsPath::new_virtual_path("/notebook/lib.rs".to_owned());
        own.insert(NOTEBOOK, path);
        change.set_roots(vec![
            SourceRoot::new_local(own),
            SourceRoot::new_library(libraries),
        ]);
        for (id, text) in files {
            change.change_file(id, Some(text));
        }
        change.set_crate_graph(self.graph());
        change
    }

    fn graph(&self) -> CrateGraphBuilder {
        let mut graph = Graph {
            builder: CrateGraphBuilder::default(),
            version: self.version.clone(),
        };
        let mut ids: BTreeMap<&str, CrateBuilderId> = BTreeMap::new();
        let loaded: BTreeMap<&str, (FileId, &BTreeSet<String>)> = self
            .known
            .iter()
            .filter_map(|(name, library)| match &library.state {
                State::Loaded { id, names } => Some((name.as_str(), (*id, names))),
                State::Declaring | State::Failed => None,
            })
            .collect();
        for (name, (file, _)) in &loaded {
            let origin = match *name {
                STD => CrateOrigin::Lang(LangCrateOrigin::Core),
                name => CrateOrigin::Library {
                    repo: None,
                    name: Symbol::intern(name),
                },
            };
            ids.insert(name, graph.add(name, *file, origin));
        }
        for (name, (_, names)) in &loaded {
            for dependency in names.iter().map(String::as_str).chain(ALWAYS) {
                if let Some(id) = ids.get(dependency).filter(|_| dependency != *name) {
                    graph.depend(ids[name], dependency, *id);
                }
            }
        }
        let origin = CrateOrigin::Local {
            repo: None,
            name: None,
        };
        let notebook = graph.add("notebook", NOTEBOOK, origin);
        for (name, id) in &ids {
            graph.depend(notebook, name, *id);
        }
        graph.builder
    }
}

struct Graph {
    builder: CrateGraphBuilder,
    version: Option<Version>,
}

impl Graph {
    fn add(&mut self, name: &str, file: FileId, origin: CrateOrigin) -> CrateBuilderId {
        let workspace = CrateWorkspaceData {
            target: Ok(TargetData {
                data_layout: DATA_LAYOUT.into(),
                arch: Arch::Other,
            }),
            toolchain: self.version.clone(),
        };
        self.builder.add_crate_root(
            file,
            Edition::Edition2024,
            Some(CrateDisplayName::from_canonical_name(name)),
            None,
            CfgOptions::default(),
            None,
            Env::default(),
            origin,
            Vec::new(),
            false,
            AbsPathBuf::assert("/".into()).into(),
            workspace.into(),
        )
    }

    /// Lets `from` name the crate `id` as `name`; std goes by three names.
    fn depend(&mut self, from: CrateBuilderId, name: &str, id: CrateBuilderId) {
        let names: &[&str] = match name {
            STD => &["core", "alloc", STD],
            name => &[name],
        };
        for name in names {
            let Ok(crate_name) = CrateName::new(name) else {
                continue;
            };
            let is_standard = names.len() > 1;
            let dependency = DependencyBuilder::with_prelude(crate_name, id, true, is_standard);
            // Of two crates that name each other one has to do without.
            let _ = self.builder.add_dep(from, dependency);
        }
    }
}

/// The crates among `words`, and those that every cell sees.
fn sources(scope: &Scope, words: &BTreeSet<&str>) -> Vec<Source> {
    let source = |name: &str, file: Option<PathBuf>| Source {
        name: name.to_owned(),
        file,
        folders: scope.folders.clone(),
    };
    let named = scope.crates.iter().filter(|known| {
        let name = known.name.as_str();
        words.contains(name) || ALWAYS.contains(&name)
    });
    let named = named.map(|known| source(&known.name, Some(known.file.clone())));
    let mut sources: Vec<Source> = [source(STD, None)].into_iter().chain(named).collect();
    // Dagbok is what a person waits for next.
    sources.sort_by_key(|source| !ALWAYS.contains(&source.name.as_str()));
    sources
}

/// Whether `text` has a path that starts with `name`.
fn names(text: &str, name: &str) -> bool {
    let path = format!("{name}::");
    text.match_indices(&path)
        .any(|(at, _)| !text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
}
