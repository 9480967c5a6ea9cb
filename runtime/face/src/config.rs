//! What computations go by: how many threads, how much memory, how large chunks are. The engine knows the settings and what they
//! may be; here is how code reads and changes them.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::display::{MimeBundle, Render};
use crate::engine::engine;
use crate::sealed::Sealed;
use crate::{Error, ErrorKind, Result, Site};

/// The settings of computations, as `dask.config` has them.
///
/// | setting | what it says | default |
/// |---|---|---|
/// | `threads` | how many threads run tasks | one a core |
/// | `memory_limit` | how much memory results may take: bytes, or a share of what the machine or the container has | `60%` |
/// | `chunk_size` | how large a chunk becomes where nobody says | `128 MiB` |
/// | `temporary_directory` | where results go that do not fit into memory | the system's |
/// | `max_spill` | how much of results may go there: bytes, or `auto` for what the disk has | `auto` |
/// | `cache` | whether results that took long are kept for later computations, see [`Cache`](crate::Cache) | `true` |
/// | `retries` | how often a call, or a task of an array or a frame, is run again that fails | `0` |
/// | `progress` | whether a computation that lasts shows how far it is | `true` |
/// | `scheduler` | `threads`, or `synchronous`: all tasks on the calling thread, one after the other | `threads` |
///
/// What is [`set`](Config::set) in code comes first, then the environment (`DAGBOK_NUM_THREADS`, `DAGBOK_MEMORY_LIMIT`,
/// `DAGBOK_CHUNK_SIZE`, `DAGBOK_TEMPORARY_DIRECTORY`, `DAGBOK_MAX_SPILL`, `DAGBOK_CACHE`, `DAGBOK_RETRIES`, `DAGBOK_PROGRESS`, `DAGBOK_SCHEDULER`), then the file that `DAGBOK_CONFIG`
/// names, else `dagbok/config.toml` in `$XDG_CONFIG_HOME` or `~/.config`, then the default. A mistake in the environment or the
/// file fails the next computation, once; those after it do without that value.
///
/// Settings are those of the process: what one cell sets, all later ones go by. [`Config::scope`] changes them for a block.
///
/// `Config` itself at the end of a cell shows all of them.
///
/// ```
/// use dagbok::prelude::*;
/// # dagbok_engine::install();
///
/// Config::set("threads", 2)?;
/// Config::set("memory_limit", "1.5 GiB")?;
/// assert_eq!(Config::threads()?, 2);
/// assert_eq!(Config::memory_limit()?, 1_610_612_736);
///
/// let error = Config::set("thread", 4).unwrap_err();
/// assert!(error.to_string().contains("there is no setting `thread` (did you mean `threads`?)"));
/// # Config::unset("threads")?;
/// # Config::unset("memory_limit")?;
/// # Ok::<(), dagbok::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Config;

impl Config {
    /// Sets `key` to `value` until it is set again, or until the end of the innermost [`scope`](Config::scope) that has changed it.
    ///
    /// # Errors
    /// [`ErrorKind::Value`] if there is no such setting, or it cannot be `value`.
    #[track_caller]
    pub fn set(key: &str, value: impl Into<Setting>) -> Result<()> {
        set(key, value.into(), Site::caller())
    }

    /// Takes back what has been [`set`](Config::set) for `key`; environment, file and default decide again.
    ///
    /// # Errors
    /// [`ErrorKind::Value`] if there is no such setting.
    pub fn unset(key: &str) -> Result<()> {
        engine()?.settings().unset(key)
    }

    /// What `key` is set to: sizes in bytes, the number of threads also where it is chosen automatically.
    ///
    /// ```
    /// use dagbok::prelude::*;
    /// # dagbok_engine::install();
    ///
    /// assert_eq!(Config::get("scheduler")?.to_string(), "threads");
    /// # Ok::<(), dagbok::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Value`] if there is no such setting, [`ErrorKind::Io`] for the `memory_limit` where the system does not say
    /// how much memory there is.
    pub fn get(key: &str) -> Result<Setting> {
        engine()?.settings().get(key)
    }

    /// Other settings for a block, as with `dask.config.set` in a `with` statement.
    ///
    /// ```
    /// use dagbok::prelude::*;
    /// # dagbok_engine::install();
    ///
    /// let x = arange(10).sum(());
    /// {
    ///     let _guard = Config::scope().scheduler("synchronous").progress(false).enter()?;
    ///     assert_eq!(x.compute()?.item::<i64>()?, 45); // on this very thread
    /// }
    /// assert_eq!(Config::get("scheduler")?.to_string(), "threads");
    /// # Ok::<(), dagbok::Error>(())
    /// ```
    pub fn scope() -> ConfigScope {
        ConfigScope(Vec::new().into())
    }

    /// Reads environment and file again.
    ///
    /// # Errors
    /// What is wrong there; all else has been taken over.
    pub fn reload() -> Result<()> {
        engine()?.settings().reload()
    }

    /// A table of all settings: what they are, and who says so.
    pub fn show() -> MimeBundle {
        match engine() {
            Ok(engine) => engine.settings().show(),
            Err(error) => MimeBundle::plain(error.to_string()),
        }
    }

    /// The number of threads that run tasks.
    ///
    /// # Errors
    /// [`ErrorKind::NoEngine`] where none is installed.
    pub fn threads() -> Result<usize> {
        count("threads")
    }

    /// How many bytes results may take in memory.
    ///
    /// The default is a share of the machine's memory, or of the limit of the control group (cgroup) that the process is in, if
    /// that is lower.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] where the system does not say how much memory there is.
    pub fn memory_limit() -> Result<usize> {
        count("memory_limit")
    }

    /// How many bytes a chunk takes whose size nobody says: of arrays at most so many, of tables that are read from files about so many.
    ///
    /// # Errors
    /// [`ErrorKind::NoEngine`] where none is installed.
    pub fn chunk_size() -> Result<usize> {
        count("chunk_size")
    }

    /// The folder for results that do not fit into memory. Whether it can be written is looked at when it is used.
    ///
    /// # Errors
    /// [`ErrorKind::NoEngine`] where none is installed.
    pub fn temporary_directory() -> Result<PathBuf> {
        match Config::get("temporary_directory")? {
            Setting::Path(path) => Ok(path),
            other => Err(unexpected("temporary_directory", &other)),
        }
    }

    /// Whether a computation that lasts shows how far it is.
    ///
    /// # Errors
    /// [`ErrorKind::NoEngine`] where none is installed.
    pub fn progress() -> Result<bool> {
        match Config::get("progress")? {
            Setting::Bool(is_on) => Ok(is_on),
            other => Err(unexpected("progress", &other)),
        }
    }

    /// What runs tasks: `threads` or `synchronous`.
    ///
    /// # Errors
    /// [`ErrorKind::NoEngine`] where none is installed.
    pub fn scheduler() -> Result<String> {
        Config::get("scheduler").map(|scheduler| scheduler.to_string())
    }
}

impl Render for Config {
    fn render(&self) -> MimeBundle {
        Config::show()
    }
}

fn set(key: &str, value: Setting, site: Site) -> Result<()> {
    engine()?.settings().set(key, value, site)
}

fn count(key: &str) -> Result<usize> {
    match Config::get(key)? {
        Setting::Int(count) => {
            usize::try_from(count).map_err(|_| unexpected(key, &Setting::Int(count)))
        }
        other => Err(unexpected(key, &other)),
    }
}

#[cold]
fn unexpected(key: &str, value: &Setting) -> Error {
    let text = format!("the engine says that `{key}` is `{value}`");
    Error::new(ErrorKind::Value, text)
}

/// The bytes of a chunk whose size nobody says.
pub(crate) fn chunk_bytes() -> usize {
    engine().map_or(CHUNK_BYTES, |engine| engine.settings().chunk_bytes())
}

/// The bytes of a chunk where nothing is set, as Dask's default.
pub const CHUNK_BYTES: usize = 128 << 20;

/// Settings that are about to be changed for a block; [`enter`](ConfigScope::enter) does.
#[derive(Clone, Debug)]
#[must_use = "nothing is changed before `enter`"]
pub struct ConfigScope(Sealed<Vec<Change>>);

/// A key and its new value.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    pub key: String,
    pub value: Setting,
}

impl ConfigScope {
    /// So many threads, or `"auto"`: one a core.
    pub fn threads(self, threads: impl Into<Setting>) -> Self {
        self.changed("threads", threads.into())
    }

    /// So much memory for results: `2_000_000_000`, `"2 GB"`, `"512 MiB"`, `"60%"`.
    pub fn memory_limit(self, limit: impl Into<Setting>) -> Self {
        self.changed("memory_limit", limit.into())
    }

    /// Chunks of this size where nobody says: `"64 MiB"`, `1_000_000`.
    pub fn chunk_size(self, size: impl Into<Setting>) -> Self {
        self.changed("chunk_size", size.into())
    }

    /// This folder for results that do not fit into memory.
    pub fn temporary_directory(self, folder: impl Into<Setting>) -> Self {
        self.changed("temporary_directory", folder.into())
    }

    /// Whether computations show how far they are.
    pub fn progress(self, progress: bool) -> Self {
        self.changed("progress", progress.into())
    }

    /// `"threads"`, or `"synchronous"` to debug.
    pub fn scheduler(self, scheduler: impl Into<Setting>) -> Self {
        self.changed("scheduler", scheduler.into())
    }

    /// The setting `key` by its name.
    pub fn with(self, key: &str, value: impl Into<Setting>) -> Self {
        self.changed(key, value.into())
    }

    fn changed(mut self, key: &str, value: Setting) -> Self {
        let key = key.to_owned();
        self.0.push(Change { key, value });
        self
    }

    /// Changes the settings of the whole process until the guard is dropped, also by a panic. Guards may be dropped in any
    /// order; what was changed last, of what goes on, counts.
    ///
    /// # Errors
    /// [`ErrorKind::Value`] if there is no such setting, or it cannot be what it is to be; then nothing is changed.
    #[track_caller]
    pub fn enter(self) -> Result<ConfigGuard> {
        enter(&self.0, Site::caller())
    }
}

fn enter(changes: &[Change], site: Site) -> Result<ConfigGuard> {
    let scope = engine()?.settings().enter(changes, site)?;
    Ok(ConfigGuard(scope))
}

/// As long as it lives, the settings of its [`ConfigScope`] are changed.
#[derive(Debug)]
#[must_use = "the settings are changed as long as the guard lives: `let _guard = …`"]
pub struct ConfigGuard(u64);

impl Drop for ConfigGuard {
    fn drop(&mut self) {
        leave(self.0);
    }
}

fn leave(scope: u64) {
    if let Ok(engine) = engine() {
        engine.settings().leave(scope);
    }
}

/// What a setting is set to.
#[derive(Clone, Debug, PartialEq)]
pub enum Setting {
    Int(i128),
    Float(f64),
    Bool(bool),
    Text(String),
    Path(PathBuf),
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Setting::Int(value) => value.fmt(f),
            Setting::Float(value) => value.fmt(f),
            Setting::Bool(value) => value.fmt(f),
            Setting::Text(text) => f.write_str(text),
            Setting::Path(path) => path.display().fmt(f),
        }
    }
}

impl Render for Setting {
    fn render(&self) -> MimeBundle {
        MimeBundle::plain(self.to_string())
    }
}

macro_rules! from_integers {
    ($($integer:ty)+) => {$(
        impl From<$integer> for Setting {
            fn from(value: $integer) -> Self {
                Setting::Int(value as i128)
            }
        }
    )+};
}

from_integers!(i32 i64 isize u32 u64 usize);

impl From<f64> for Setting {
    fn from(value: f64) -> Self {
        Setting::Float(value)
    }
}

impl From<bool> for Setting {
    fn from(value: bool) -> Self {
        Setting::Bool(value)
    }
}

impl From<&str> for Setting {
    fn from(text: &str) -> Self {
        Setting::Text(text.to_owned())
    }
}

impl From<String> for Setting {
    fn from(text: String) -> Self {
        Setting::Text(text)
    }
}

impl From<&String> for Setting {
    fn from(text: &String) -> Self {
        Setting::Text(text.clone())
    }
}

impl From<&Path> for Setting {
    fn from(path: &Path) -> Self {
        Setting::Path(path.to_owned())
    }
}

impl From<&PathBuf> for Setting {
    fn from(path: &PathBuf) -> Self {
        Setting::Path(path.clone())
    }
}

impl From<PathBuf> for Setting {
    fn from(path: PathBuf) -> Self {
        Setting::Path(path)
    }
}

/// What holds the settings, and where [`Config`] reads and changes them.
pub trait Settings: Send + Sync {
    /// What `key` is set to.
    fn get(&self, key: &str) -> Result<Setting>;
    /// Sets `key`, by the line `site`.
    fn set(&self, key: &str, value: Setting, site: Site) -> Result<()>;
    /// Takes back what has been set for `key`.
    fn unset(&self, key: &str) -> Result<()>;
    /// Begins a scope, by the line `site`: the number by which it is left.
    fn enter(&self, changes: &[Change], site: Site) -> Result<u64>;
    /// Ends a scope.
    fn leave(&self, scope: u64);
    /// Reads again what does not come from code, and says what is wrong with it.
    fn reload(&self) -> Result<()>;
    /// A table of all settings.
    fn show(&self) -> MimeBundle;
    /// The `chunk_size` in bytes.
    fn chunk_bytes(&self) -> usize;
}
