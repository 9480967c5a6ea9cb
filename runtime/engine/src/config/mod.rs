//! What computations go by: settings from code, the environment and a file, and which of them counts.
//!
//! What was set last in code comes first, then the environment, then the file, then the default. A scope keeps what it has changed
//! in a layer of its own, and takes the layer away at its end, whichever scopes have begun since.

mod keys;
mod origin;
mod size;
mod sources;
mod state;
#[cfg(test)]
mod tests;

use std::num::NonZero;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use dagbok::config::{CHUNK_BYTES, Change, Setting, Settings};
use dagbok::display::MimeBundle;
use dagbok::{Result, Site};

use self::keys::{
    CACHE, CHUNK_SIZE, KEYS, Key, MAX_SPILL, MEMORY_LIMIT, PROGRESS, RETRIES, SCHEDULER,
    SYNCHRONOUS, TEMPORARY_DIRECTORY, THREADS,
};
use self::origin::Origin;
use self::sources::Variables;
use self::state::{Entry, State};
use crate::io::{disk, memory};
use crate::render::config::{Row, bundle};
use crate::render::format;

/// What runs tasks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SchedulerKind {
    /// A pool of so many threads.
    Threads(NonZero<usize>),
    /// The thread that asks for the computation.
    Synchronous,
}

/// All settings of an engine.
pub struct Configuration {
    variables: Box<Variables>,
    state: Mutex<State>,
}

impl Default for Configuration {
    fn default() -> Self {
        Configuration::of(Box::new(|name| std::env::var_os(name)))
    }
}

impl Configuration {
    /// Settings with an environment of their own.
    fn of(variables: Box<Variables>) -> Self {
        Configuration {
            variables,
            state: Mutex::default(),
        }
    }

    /// The same settings with a number of threads that environment and file do not change.
    pub(crate) fn with_threads(self, n_threads: NonZero<usize>) -> Self {
        let threads = Setting::from(n_threads.get());
        let entry = Entry::new(&THREADS, threads, Origin::Program);
        self.lock().set(entry);
        self
    }

    /// Fails, once, with the mistakes in environment and file that make a difference.
    ///
    /// # Errors
    /// What is wrong there.
    pub(crate) fn tell_mistakes(&self) -> Result<()> {
        self.read().tell_mistakes()
    }

    /// What runs tasks.
    pub fn scheduler(&self) -> SchedulerKind {
        let state = self.read();
        match state.value(&SCHEDULER).0 {
            Setting::Text(name) if name == SYNCHRONOUS => SchedulerKind::Synchronous,
            _ => SchedulerKind::Threads(n_threads(&state.value(&THREADS).0)),
        }
    }

    /// Whether computations show how far they are.
    pub fn progress(&self) -> bool {
        self.read().value(&PROGRESS).0 != Setting::Bool(false)
    }

    /// Whether results are kept for later computations.
    pub(crate) fn cache(&self) -> bool {
        self.read().value(&CACHE).0 != Setting::Bool(false)
    }

    /// How often a call is made again that fails.
    pub(crate) fn retries(&self) -> u32 {
        match self.read().value(&RETRIES).0 {
            Setting::Int(retries) => retries.try_into().unwrap_or(0),
            _ => 0,
        }
    }

    /// How many bytes results may take in memory.
    ///
    /// # Errors
    /// [`ErrorKind::Io`](dagbok::ErrorKind::Io) if that is a share, and the system does not say how much memory there is.
    pub fn memory_limit(&self) -> Result<u64> {
        let (limit, _) = self.read().value(&MEMORY_LIMIT);
        memory_limit(&limit)
    }

    /// The folder for results that do not fit into memory; it is made if there is none.
    ///
    /// # Errors
    /// [`ErrorKind::Io`](dagbok::ErrorKind::Io) if it cannot be written.
    pub fn writable_temporary_directory(&self) -> Result<PathBuf> {
        let (folder, origin) = self.read().value(&TEMPORARY_DIRECTORY);
        let folder = path(folder);
        disk::check_writable(&folder, &origin.to_string())?;
        Ok(folder)
    }

    /// The folder for results that do not fit into memory, which need not be there, and how many bytes may go there: none for
    /// what the disk has.
    pub(crate) fn spill(&self) -> (PathBuf, Option<u64>) {
        let state = self.read();
        let folder = path(state.value(&TEMPORARY_DIRECTORY).0);
        let max = match state.value(&MAX_SPILL).0 {
            Setting::Int(bytes) => u64::try_from(bytes).ok(),
            _ => None,
        };
        (folder, max)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state, with what environment and file say.
    fn read(&self) -> MutexGuard<'_, State> {
        let mut state = self.lock();
        state.find(|| sources::read(&*self.variables));
        state
    }
}

impl Settings for Configuration {
    fn get(&self, key: &str) -> Result<Setting> {
        let key = Key::named(key)?;
        let (setting, _) = self.read().value(key);
        Ok(match key.name {
            name if name == THREADS.name => Setting::from(n_threads(&setting).get()),
            name if name == MEMORY_LIMIT.name => Setting::from(memory_limit(&setting)?),
            _ => setting,
        })
    }

    fn set(&self, key: &str, value: Setting, site: Site) -> Result<()> {
        let entry = entry(key, &value, Origin::Set(site))?;
        self.lock().set(entry);
        Ok(())
    }

    fn unset(&self, key: &str) -> Result<()> {
        let key = Key::named(key)?;
        self.lock().unset(key);
        Ok(())
    }

    fn enter(&self, changes: &[Change], site: Site) -> Result<u64> {
        let entries = changes
            .iter()
            .map(|change| entry(&change.key, &change.value, Origin::Scope(site)))
            .collect::<Result<_>>()?;
        Ok(self.lock().enter(entries))
    }

    fn leave(&self, scope: u64) {
        self.lock().leave(scope);
    }

    fn reload(&self) -> Result<()> {
        let found = sources::read(&*self.variables);
        let mut state = self.lock();
        state.replace(found);
        state.tell_mistakes()
    }

    fn show(&self) -> MimeBundle {
        let state = self.read();
        let rows = KEYS.map(|key| {
            let (setting, origin) = state.value(key);
            Row {
                name: key.name,
                value: shown(key, &setting),
                origin: origin.to_string(),
                variable: key.variable,
            }
        });
        bundle(&rows, &state.mistakes())
    }

    fn chunk_bytes(&self) -> usize {
        match self.read().value(&CHUNK_SIZE).0 {
            Setting::Int(bytes) => usize::try_from(bytes).unwrap_or(CHUNK_BYTES),
            _ => CHUNK_BYTES,
        }
    }
}

/// `key` with what somebody has written for it in code.
fn entry(key: &str, value: &Setting, origin: Origin) -> Result<Entry> {
    let here = std::env::current_dir().unwrap_or_default();
    let read = Key::named(key).and_then(|key| Ok((key, key.read(value, &here)?)));
    match read {
        Ok((key, setting)) => Ok(Entry::new(key, setting, origin)),
        Err(error) => Err(error.context(&origin.to_string())),
    }
}

fn path(setting: Setting) -> PathBuf {
    match setting {
        Setting::Path(path) => path,
        other => PathBuf::from(other.to_string()),
    }
}

/// How many threads `setting` says; without a number, one a core.
fn n_threads(setting: &Setting) -> NonZero<usize> {
    let number = match setting {
        Setting::Int(threads) => usize::try_from(*threads).ok().and_then(NonZero::new),
        _ => None,
    };
    number.unwrap_or_else(n_cores)
}

/// What the system lets this process use. It is looked up once: that takes longer than a small computation.
fn n_cores() -> NonZero<usize> {
    static N_CORES: OnceLock<NonZero<usize>> = OnceLock::new();
    *N_CORES.get_or_init(|| std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN))
}

/// The bytes that `setting` says, or is the share of.
fn memory_limit(setting: &Setting) -> Result<u64> {
    match setting {
        Setting::Int(bytes) => Ok(u64::try_from(*bytes).unwrap_or(u64::MAX)),
        Setting::Float(share) => {
            let bytes = memory::available_to_process()? as f64 * share;
            Ok((bytes as u64).max(1))
        }
        other => Err(MEMORY_LIMIT.refused(&other.to_string())),
    }
}

/// A setting as a person reads it.
fn shown(key: &Key, setting: &Setting) -> String {
    let bytes = |bytes: u64| format::bytes(bytes.into());
    match (key.name, setting) {
        (name, _) if name == THREADS.name => n_threads(setting).to_string(),
        (name, Setting::Float(share)) if name == MEMORY_LIMIT.name => {
            let limit = memory_limit(setting).map_or_else(|error| error.to_string(), bytes);
            format!("{limit} ({}%)", (share * 1e4).round() / 1e2)
        }
        (name, Setting::Int(size))
            if [MEMORY_LIMIT.name, CHUNK_SIZE.name, MAX_SPILL.name].contains(&name) =>
        {
            bytes(u64::try_from(*size).unwrap_or(u64::MAX))
        }
        _ => setting.to_string(),
    }
}
