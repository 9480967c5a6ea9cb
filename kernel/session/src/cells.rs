//! Loading compiled cells and calling them.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use dagbok::cancel;
use dagbok::cell::{NOWHERE, Outcome, Scope, TypedLines, Variables, catch, learn_lines};
use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_NOW, Symbol};

use crate::link::to_frame;
use crate::stopwatch::Stopwatch;
use dagbok_kernel::channel::{self, Bundle, Ending, Finished, Frame, Kept, Place, Run, Spent};

/// Libraries that std's inlined functions call, which nothing else may have loaded: `f64::hypot` is in the first.
const SYSTEM_LIBRARIES: &[&str] = &["libm.so.6"];

/// The variables and the loaded objects of this session. The cells of several threads share them.
pub(super) struct Cells {
    variables: Variables,
    loaded: Mutex<HashSet<PathBuf>>,
}

/// A cell whose objects are loaded.
pub(super) struct Loaded(Entry);

type Entry = fn(&mut Scope<'_>);

impl Cells {
    /// An empty session.
    pub(super) fn new() -> Self {
        load_system_libraries();
        Cells {
            variables: Variables::default(),
            loaded: Mutex::default(),
        }
    }

    /// Loads what `run` takes.
    ///
    /// # Errors
    /// How the run ends that cannot be loaded.
    pub(super) fn load(&self, run: &Run) -> Result<Loaded, Finished> {
        self.load_objects(run)
            .map(Loaded)
            .map_err(|message| self.not_loaded(message))
    }

    /// How a run ends that cannot be loaded.
    pub(super) fn not_loaded(&self, message: String) -> Finished {
        self.finished(Ending::NotLoaded { message }, None, Vec::new())
    }

    /// Runs a cell to its end, whatever that is, in the thread of the shell `shell`.
    pub(super) fn run(&self, Loaded(entry): Loaded, run: &Run, shell: u32) -> Finished {
        self.forget(&run.forget, shell);
        let mut scope = Scope::new(&self.variables, shell);
        // Outside of the statements only taking and keeping can panic: a drop of a shadowed value, for one.
        let stopwatch = Stopwatch::start();
        let called = catch(|| entry(&mut scope));
        let spent = stopwatch.spent();
        let (kept, shown, outcome) = scope.into_parts();
        let outcome = called.err().map_or(outcome, Outcome::Panicked);
        self.forget(&run.discard, shell);
        let kept = kept
            .into_iter()
            .filter(|kept| !run.discard.contains(&kept.name))
            .map(|kept| Kept {
                name: kept.name,
                stamp: kept.stamp,
            });
        let shown = shown.as_ref().map(to_frame);
        Finished {
            spent,
            ..self.finished(ending(outcome), shown, kept.collect())
        }
    }

    /// Takes the variables `names` away; their own threads drop them.
    pub(super) fn take_away(&self, names: &[String]) {
        self.forget(names, NOWHERE);
    }

    /// The shells that have values to drop.
    pub(super) fn shells_with_strays(&self) -> Vec<u32> {
        self.variables.homes_of_strays()
    }

    /// Drops what other threads have left to the current one, that of `shell`; a panic in a drop ends with that drop.
    pub(super) fn drop_strays(&self, shell: u32) {
        while catch(|| self.variables.drop_stray(shell)).unwrap_or(true) {}
    }

    /// Whether there are values that the thread of `shell` has to drop one day.
    pub(super) fn needs_thread(&self, shell: u32) -> bool {
        self.variables.has_home(shell)
    }

    /// Drops the variables `names`, or leaves them to their own threads; a panic in a drop ends with that drop.
    fn forget(&self, names: &[String], shell: u32) {
        for name in names {
            let _ = catch(|| self.variables.forget(name, shell));
        }
    }

    fn finished(&self, ending: Ending, shown: Option<Bundle>, kept: Vec<Kept>) -> Finished {
        let (variables, n_kept) = self.variables.names();
        Finished {
            ending,
            shown,
            kept,
            variables,
            n_kept,
            spent: Spent::default(),
        }
    }

    #[expect(unsafe_code, reason = "cells are loaded and called here")]
    fn load_objects(&self, run: &Run) -> Result<Entry, String> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        for source in &run.sources {
            let lines = source.lines.iter().map(to_lines).collect();
            learn_lines(source.file.clone(), lines);
        }
        let mut entry = None;
        for (idx, object) in run.objects.iter().enumerate() {
            let is_own = idx + 1 == run.objects.len();
            if !is_own && loaded.contains(object) {
                continue;
            }
            // SAFETY: the object was made by the kernel, by the compiler that made this process, from safe entry points;
            // it has no initialisers other than those that a person's own code asks for.
            let library = unsafe { Library::open(Some(object), RTLD_NOW | RTLD_GLOBAL) }
                .map_err(|error| sentence(&error))?;
            loaded.insert(object.clone());
            if is_own {
                // SAFETY: the kernel generates this symbol with the type `Entry`.
                let symbol: Symbol<Entry> = unsafe { library.get(run.entry.as_bytes()) }
                    .map_err(|error| sentence(&error))?;
                entry = Some(*symbol);
            }
            // Variables and functions of the cell live as long as the session.
            std::mem::forget(library);
        }
        entry.ok_or_else(|| "the cell has no object to load".to_owned())
    }
}

#[expect(unsafe_code, reason = "cells are loaded and called here")]
fn load_system_libraries() {
    for name in SYSTEM_LIBRARIES {
        // SAFETY: these are the C library's own; loading them runs none of our code.
        if let Ok(library) = unsafe { Library::open(Some(*name), RTLD_NOW | RTLD_GLOBAL) } {
            std::mem::forget(library);
        }
    }
}

/// What the loader said.
fn sentence(error: &dyn std::error::Error) -> String {
    error
        .source()
        .map_or_else(|| error.to_string(), ToString::to_string)
}

fn ending(outcome: Outcome) -> Ending {
    match outcome {
        Outcome::Done => Ending::Done,
        // Whatever it says: what an interrupt cuts short fails in its own words.
        _ if cancel::requested() => Ending::Interrupted,
        Outcome::Failed(failure) if failure.cancelled => Ending::Cancelled {
            message: failure.message,
        },
        Outcome::Failed(failure) => Ending::Failed {
            message: failure.message,
            causes: failure.causes,
            place: to_place(failure.place),
        },
        Outcome::Panicked(panic) if panic.cancelled => Ending::Interrupted,
        Outcome::Panicked(panic) => Ending::Panicked {
            message: panic.message,
            frames: panic.trace.frames().into_iter().map(to_call).collect(),
            place: panic.place.map(to_place),
        },
    }
}

fn to_lines(lines: &channel::TypedLines) -> TypedLines {
    TypedLines {
        start: lines.start,
        n_lines: lines.n_lines,
        cell: lines.cell,
        line: lines.line,
    }
}

fn to_call(frame: dagbok::cell::Frame) -> Frame {
    Frame {
        function: frame.function,
        place: frame.place.map(to_place),
    }
}

pub(super) fn to_place(place: dagbok::cell::Place) -> Place {
    Place {
        file: place.file,
        line: place.line,
        column: place.column,
    }
}
