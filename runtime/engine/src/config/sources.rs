//! Where settings come from that no code has set: the environment and a TOML file.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use dagbok::config::Setting;
use dagbok::{Error, ErrorKind};
use toml::de::{DeTable, DeValue};

use super::keys::{KEYS, Key};
use super::origin::Origin;
use super::state::Entry;
use crate::io::disk;

/// The file of settings.
const FILE: &str = "DAGBOK_CONFIG";
/// Its place in the folder of configurations.
const USUAL_FILE: &str = "dagbok/config.toml";

/// The value of an environment variable.
pub(super) type Variables = dyn Fn(&str) -> Option<OsString> + Send + Sync;

/// What environment and file say, and what is wrong with it.
#[derive(Default)]
pub(super) struct Found {
    /// Those of the environment before those of the file.
    pub(super) entries: Vec<Entry>,
    pub(super) mistakes: Vec<Mistake>,
}

/// Something wrong in the environment or the file.
pub(super) struct Mistake {
    /// The setting that it concerns; none if it may concern any.
    pub(super) key: Option<&'static Key>,
    pub(super) origin: Origin,
    pub(super) error: Error,
    /// Whether a computation has failed with it.
    pub(super) is_told: bool,
}

/// Reads the environment and the file.
pub(super) fn read(variables: &Variables) -> Found {
    let mut found = Found::default();
    for key in KEYS {
        if let Some(value) = variable(variables, key.variable) {
            let here = std::env::current_dir().unwrap_or_default();
            let setting = match value.into_string() {
                Ok(text) => Setting::Text(text),
                Err(value) => Setting::Path(value.into()),
            };
            found.add(key, &setting, &here, Origin::Variable(key.variable));
        }
    }
    let is_named = variables(FILE).is_some();
    if let Some(path) = file(variables) {
        found.add_file(&path, is_named);
    }
    found
}

/// The value of the variable `name`; an empty one counts as none.
fn variable(variables: &Variables, name: &str) -> Option<OsString> {
    variables(name).filter(|value| !value.to_string_lossy().trim().is_empty())
}

/// The file that `DAGBOK_CONFIG` names, none if that is empty; else the usual one.
fn file(variables: &Variables) -> Option<PathBuf> {
    if variables(FILE).is_some() {
        return variable(variables, FILE).map(PathBuf::from);
    }
    let configurations = variable(variables, "XDG_CONFIG_HOME").map(PathBuf::from);
    let configurations = configurations.filter(|path| path.is_absolute());
    let home = || Some(PathBuf::from(variable(variables, "HOME")?).join(".config"));
    Some(configurations.or_else(home)?.join(USUAL_FILE))
}

impl Found {
    fn add(&mut self, key: &'static Key, setting: &Setting, start: &Path, origin: Origin) {
        match key.read(setting, start) {
            Ok(setting) => self.entries.push(Entry::new(key, setting, origin)),
            Err(error) => self.refuse(Some(key), origin, error),
        }
    }

    fn refuse(&mut self, key: Option<&'static Key>, origin: Origin, error: Error) {
        let error = error.context(&origin.to_string());
        self.mistakes.push(Mistake {
            key,
            origin,
            error,
            is_told: false,
        });
    }

    fn add_file(&mut self, path: &Path, is_named: bool) {
        let whole = || Origin::File {
            path: path.to_owned(),
            line: None,
        };
        match disk::read_text(path) {
            Ok(Some(text)) => self.add_toml(&text, path),
            Ok(None) if !is_named => {}
            Ok(None) => {
                let text = format!("there is no such file, which `{FILE}` names");
                self.refuse(None, whole(), Error::new(ErrorKind::Io, text));
            }
            Err(error) => {
                let text = format!("the file of settings cannot be read: {error}");
                self.refuse(None, whole(), Error::new(ErrorKind::Io, text));
            }
        }
    }

    /// What the lines say that can be read. Of one that cannot, its first mistake is told, and nothing of it counts.
    fn add_toml(&mut self, text: &str, path: &Path) {
        let at = |line: usize| Origin::File {
            path: path.to_owned(),
            line: Some(line),
        };
        let (table, errors) = DeTable::parse_recoverable(text);
        let mut broken = BTreeSet::new();
        for error in errors {
            let line = line(text, error.span().map_or(0, |span| span.start));
            if broken.insert(line) {
                let message = format!("the line is not TOML: {}", error.message());
                self.refuse(None, at(line), Error::new(ErrorKind::Value, message));
            }
        }
        let folder = path.parent().unwrap_or(Path::new("."));
        let start = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
        let mut entries: Vec<_> = table.get_ref().iter().collect();
        entries.sort_by_key(|(name, _)| name.span().start);
        for (name, value) in entries {
            let line = line(text, name.span().start);
            if broken.contains(&line) {
                continue;
            }
            let origin = at(line);
            match (Key::named(name.get_ref()), setting(value.get_ref())) {
                (Err(error), _) => self.refuse(None, origin, error),
                (Ok(key), Some(setting)) => self.add(key, &setting, &start, origin),
                (Ok(key), None) => {
                    let written = text.get(value.span()).unwrap_or_default();
                    let first = written.lines().next().unwrap_or_default();
                    self.refuse(Some(key), origin, key.refused(first));
                }
            }
        }
    }
}

/// The line of `text` in which the byte at `offset` is, from 1 on.
fn line(text: &str, offset: usize) -> usize {
    let before = &text.as_bytes()[..offset.min(text.len())];
    1 + before.iter().filter(|byte| **byte == b'\n').count()
}

/// A value of TOML as a setting, if it is a plain one.
fn setting(value: &DeValue<'_>) -> Option<Setting> {
    match value {
        DeValue::String(text) => Some(Setting::Text(text.to_string())),
        DeValue::Integer(number) => {
            let parsed = i128::from_str_radix(number.as_str(), number.radix());
            parsed.ok().map(Setting::Int)
        }
        DeValue::Float(number) => number.as_str().parse().ok().map(Setting::Float),
        DeValue::Boolean(value) => Some(Setting::Bool(*value)),
        DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => None,
    }
}
