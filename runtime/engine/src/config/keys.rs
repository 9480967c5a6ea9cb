//! The settings there are: each is one value in one table, which says what it may be.

use std::path::{Path, PathBuf, absolute};

use dagbok::config::{CHUNK_BYTES, Setting};
use dagbok::nearest::nearest;
use dagbok::{Error, ErrorKind, Result};

use super::size;
use crate::storage::usual_folder;

/// One setting.
pub(super) struct Key {
    pub(super) name: &'static str,
    /// The environment variable.
    pub(super) variable: &'static str,
    /// What it may be, as the end of `… takes`.
    pub(super) allowed: &'static str,
    pub(super) default: fn() -> Setting,
    /// The one form of what somebody wrote, if it is allowed. Paths start at the folder.
    pub(super) read: fn(&Setting, &Path) -> Option<Setting>,
}

pub(super) const THREADS: Key = Key {
    name: "threads",
    variable: "DAGBOK_NUM_THREADS",
    allowed: "a whole number from 1 to 4096, or `auto` for one a core",
    default: thread_a_core,
    read: |setting, _| match setting {
        _ if is_auto(setting) => Some(thread_a_core()),
        Setting::Int(1..=4096) => Some(setting.clone()),
        Setting::Text(text) => {
            let threads = text.trim().parse().ok()?;
            (1..=4096)
                .contains(&threads)
                .then_some(Setting::Int(threads))
        }
        _ => None,
    },
};

pub(super) const MEMORY_LIMIT: Key = Key {
    name: "memory_limit",
    variable: "DAGBOK_MEMORY_LIMIT",
    allowed: "a number of bytes above 0 (`2_000_000_000`, `2 GB`, `512 MiB`), a share of the memory up to `100%`, or `auto`",
    default: usual_share,
    read: |setting, _| match setting {
        _ if is_auto(setting) => Some(usual_share()),
        Setting::Text(text) if text.trim().ends_with('%') => size::share(text).map(Setting::Float),
        _ => bytes(setting),
    },
};

pub(super) const CHUNK_SIZE: Key = Key {
    name: "chunk_size",
    variable: "DAGBOK_CHUNK_SIZE",
    allowed: "a number of bytes above 0 (`1_000_000`, `64 MB`, `128 MiB`), or `auto`",
    default: usual_chunk,
    read: |setting, _| match setting {
        _ if is_auto(setting) => Some(usual_chunk()),
        _ => bytes(setting),
    },
};

pub(super) const TEMPORARY_DIRECTORY: Key = Key {
    name: "temporary_directory",
    variable: "DAGBOK_TEMPORARY_DIRECTORY",
    allowed: "the path of a folder",
    default: || Setting::Path(usual_folder()),
    read: |setting, start| {
        let path = match setting {
            Setting::Text(text) => Path::new(text),
            Setting::Path(path) => path.as_path(),
            _ => return None,
        };
        folder(path, start).map(Setting::Path)
    },
};

pub(super) const MAX_SPILL: Key = Key {
    name: "max_spill",
    variable: "DAGBOK_MAX_SPILL",
    allowed: "a number of bytes above 0 (`10 GB`), or `auto` for what the disk has",
    default: || Setting::Text(AUTO.to_owned()),
    read: |setting, _| match setting {
        _ if is_auto(setting) => Some(Setting::Text(AUTO.to_owned())),
        _ => bytes(setting),
    },
};

pub(super) const PROGRESS: Key = Key {
    name: "progress",
    variable: "DAGBOK_PROGRESS",
    allowed: "`true` or `false`, `on` or `off`",
    default: || Setting::Bool(true),
    read: |setting, _| match setting {
        Setting::Bool(_) => Some(setting.clone()),
        Setting::Int(0) => Some(Setting::Bool(false)),
        Setting::Int(1) => Some(Setting::Bool(true)),
        Setting::Text(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "on" | "yes" | "1" => Some(Setting::Bool(true)),
            "false" | "off" | "no" | "0" => Some(Setting::Bool(false)),
            _ => None,
        },
        _ => None,
    },
};

pub(super) const SCHEDULER: Key = Key {
    name: "scheduler",
    variable: "DAGBOK_SCHEDULER",
    allowed: "`threads` or `synchronous`",
    default: || Setting::Text("threads".to_owned()),
    read: |setting, _| {
        let Setting::Text(text) = setting else {
            return None;
        };
        let name = match text.trim().to_ascii_lowercase().as_str() {
            "threads" | "threading" => "threads",
            "synchronous" | "sync" | "single-threaded" => SYNCHRONOUS,
            _ => return None,
        };
        Some(Setting::Text(name.to_owned()))
    },
};

pub(super) const CACHE: Key = Key {
    name: "cache",
    variable: "DAGBOK_CACHE",
    allowed: PROGRESS.allowed,
    default: PROGRESS.default,
    read: PROGRESS.read,
};

pub(super) const RETRIES: Key = Key {
    name: "retries",
    variable: "DAGBOK_RETRIES",
    allowed: "a whole number from 0 to 1000",
    default: || Setting::Int(0),
    read: |setting, _| {
        let retries = match setting {
            Setting::Int(retries) => *retries,
            Setting::Text(text) => text.trim().parse().ok()?,
            _ => return None,
        };
        (0..=1000)
            .contains(&retries)
            .then_some(Setting::Int(retries))
    },
};

/// All settings.
pub(super) const KEYS: [&Key; 9] = [
    &THREADS,
    &MEMORY_LIMIT,
    &CHUNK_SIZE,
    &TEMPORARY_DIRECTORY,
    &MAX_SPILL,
    &CACHE,
    &RETRIES,
    &PROGRESS,
    &SCHEDULER,
];

/// The scheduler of one thread, the caller's.
pub(super) const SYNCHRONOUS: &str = "synchronous";

/// What stands for the default.
const AUTO: &str = "auto";

impl Key {
    /// The setting `name`, in which `-` may stand for `_`.
    ///
    /// # Errors
    /// [`ErrorKind::Value`] if there is none: the message names the one that was probably meant, and all.
    pub(super) fn named(name: &str) -> Result<&'static Key> {
        let plain = name.trim().replace('-', "_");
        let key = KEYS.iter().find(|key| key.name == plain);
        key.copied().ok_or_else(|| {
            let within = KEYS
                .iter()
                .map(|key| key.name)
                .find(|key| plain.contains(key));
            let hint = nearest(&plain, &mut KEYS.iter().map(|key| key.name))
                .or(within)
                .map(|key| format!(" (did you mean `{key}`?)"))
                .unwrap_or_default();
            let all = KEYS.map(|key| format!("`{}`", key.name)).join(", ");
            let text = format!("there is no setting `{name}`{hint}; there are {all}");
            Error::new(ErrorKind::Value, text)
        })
    }

    /// The one form of `setting`; paths start at the folder `start`.
    ///
    /// # Errors
    /// [`ErrorKind::Value`] if it is not allowed.
    pub(super) fn read(&self, setting: &Setting, start: &Path) -> Result<Setting> {
        (self.read)(setting, start).ok_or_else(|| self.refused(&setting.to_string()))
    }

    /// That `value` is not allowed.
    pub(super) fn refused(&self, value: &str) -> Error {
        let text = format!(
            "`{}` cannot be `{value}`: it takes {}",
            self.name, self.allowed
        );
        Error::new(ErrorKind::Value, text)
    }
}

fn is_auto(setting: &Setting) -> bool {
    matches!(setting, Setting::Text(text) if text.trim() == AUTO)
}

fn thread_a_core() -> Setting {
    Setting::Text(AUTO.to_owned())
}

fn usual_share() -> Setting {
    Setting::Float(0.6)
}

fn usual_chunk() -> Setting {
    Setting::Int(CHUNK_BYTES as i128)
}

fn bytes(setting: &Setting) -> Option<Setting> {
    size::bytes(setting).map(|bytes| Setting::Int(bytes.into()))
}

/// `path` from `start` on; `~` is the home folder.
fn folder(path: &Path, start: &Path) -> Option<PathBuf> {
    if path.as_os_str().is_empty() {
        return None;
    }
    let path = match (path.strip_prefix("~"), std::env::home_dir()) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => start.join(path),
    };
    absolute(path).ok()
}
