//! What follows `:dep`: `NAME`, `NAME = "VERSION"`, `NAME = { … }` as in a `Cargo.toml`, or the path of a package.

use std::path::{Path, PathBuf};

use semver::VersionReq;
use toml::{Table, Value};

use crate::carried::Wanted;

/// A dependency that a person asks for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Spec {
    /// The key in `[dependencies]`.
    pub(super) key: String,
    /// Its value, with an absolute path.
    pub(super) value: Value,
    /// What was typed behind the name.
    typed: String,
}

const KEYS: &[&str] = &[
    "version",
    "features",
    "default-features",
    "path",
    "git",
    "branch",
    "tag",
    "rev",
    "package",
    "registry",
];

const FORMS: &str = "write `:dep NAME`, `:dep NAME = \"VERSION\"` or `:dep NAME = { version = \"…\", features = [\"…\"] }`, \
                     also with `path = \"…\"` or `git = \"…\"`";

impl Spec {
    /// Reads one line; relative paths are below `directory`.
    ///
    /// # Errors
    /// Says what is wrong with the line and how one is written.
    pub(super) fn parse(line: &str, directory: &Path) -> Result<Self, String> {
        let line = match line.split_once('#') {
            Some((before, _comment)) if !line.contains('=') => before.trim(),
            _ => line.trim(),
        };
        if line.is_empty() {
            return Err(format!("`:dep` needs the name of a crate; {FORMS}"));
        }
        if !line.contains('=') && (line.contains('/') || line.starts_with('.')) {
            return Self::of_path(line, directory);
        }
        if !line.contains('=') {
            check_name(line)?;
            return Ok(Spec {
                key: line.to_owned(),
                value: Value::String("*".to_owned()),
                typed: "any version".to_owned(),
            });
        }
        let (key, value) = key_and_value(line)?;
        check_name(&key)?;
        let value = match value {
            Value::String(version) => {
                check_version(&key, &version)?;
                Value::String(version)
            }
            Value::Table(table) => Value::Table(check_table(&key, table, directory)?),
            other => {
                return Err(format!("`{other}` is no version of `{key}`; {FORMS}"));
            }
        };
        let (_, typed) = line.split_once('=').unwrap_or_default();
        Ok(Spec {
            key,
            value,
            typed: typed.trim().trim_matches('"').to_owned(),
        })
    }

    /// The package in the folder `path`.
    fn of_path(path: &str, directory: &Path) -> Result<Self, String> {
        let folder = package_folder(path, directory)?;
        let file = folder.join("Cargo.toml");
        let text = std::fs::read_to_string(&file)
            .map_err(|error| format!("`{}` cannot be read: {error}", file.display()))?;
        let manifest: Table = text.parse().map_err(|error: toml::de::Error| {
            format!("`{}`: {}", file.display(), error.message())
        })?;
        let name = manifest
            .get("package")
            .and_then(|package| package.get("name"))
            .and_then(Value::as_str)
            .ok_or_else(|| format!("`{}` names no package", file.display()))?;
        let mut table = Table::new();
        table.insert("path".to_owned(), path_value(&folder)?);
        Ok(Spec {
            key: name.to_owned(),
            value: Value::Table(table),
            typed: path.to_owned(),
        })
    }

    /// The name by which cells know the crate, unless its library is called otherwise.
    pub(super) fn crate_name(&self) -> String {
        self.key.replace('-', "_")
    }

    /// The folder of a package whose sources may change between two builds.
    pub(super) fn path(&self) -> Option<&Path> {
        self.value
            .get("path")
            .and_then(Value::as_str)
            .map(Path::new)
    }

    /// What a registry is asked for; `None` for what comes from elsewhere.
    pub(super) fn wanted(&self) -> Option<Wanted<'_>> {
        if ["path", "git", "registry"]
            .iter()
            .any(|key| self.value.get(key).is_some())
        {
            return None;
        }
        let text = |key| self.value.get(key).and_then(Value::as_str);
        let version = self
            .value
            .as_str()
            .or_else(|| text("version"))
            .unwrap_or("*");
        let features = self.value.get("features").and_then(Value::as_array);
        Some(Wanted {
            package: text("package").unwrap_or(&self.key),
            version: VersionReq::parse(version).ok()?,
            features: features
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect(),
            default_features: self.value.get("default-features").and_then(Value::as_bool)
                != Some(false),
        })
    }

    /// What a person asked for, as it was typed.
    pub(super) fn requirement(&self) -> &str {
        &self.typed
    }
}

/// The one `key = value` of a line of TOML.
fn key_and_value(line: &str) -> Result<(String, Value), String> {
    let table: Table = line.parse().map_err(|error: toml::de::Error| {
        let message = error.message().lines().next().unwrap_or_default();
        format!("`{line}` cannot be read as TOML: {message}; {FORMS}")
    })?;
    let mut entries = table.into_iter();
    match (entries.next(), entries.next()) {
        (Some(entry), None) => Ok(entry),
        _ => Err(format!("`{line}` is not one dependency; {FORMS}")),
    }
}

fn check_name(name: &str) -> Result<(), String> {
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    match is_name {
        true => Ok(()),
        false => Err(format!("`{name}` is no name of a crate; {FORMS}")),
    }
}

fn check_version(key: &str, version: &str) -> Result<(), String> {
    VersionReq::parse(version).map(drop).map_err(|error| {
        format!(
            "`{version}` is no version of `{key}`: {error}; `\"1\"` and `\"1.2.3\"` are versions"
        )
    })
}

fn check_table(key: &str, mut table: Table, directory: &Path) -> Result<Table, String> {
    if let Some(unknown) = table.keys().find(|name| !KEYS.contains(&name.as_str())) {
        return Err(format!(
            "`{unknown}` says nothing about the dependency `{key}`; there are {}",
            KEYS.join(", ")
        ));
    }
    for name in [
        "version", "path", "git", "branch", "tag", "rev", "package", "registry",
    ] {
        if table.get(name).is_some_and(|value| !value.is_str()) {
            return Err(format!(
                "`{name}` of the dependency `{key}` must be a text in quotes"
            ));
        }
    }
    if let Some(version) = table.get("version").and_then(Value::as_str) {
        check_version(key, version)?;
    }
    let is_list = |value: &Value| {
        value
            .as_array()
            .is_some_and(|list| list.iter().all(Value::is_str))
    };
    if table
        .get("features")
        .is_some_and(|features| !is_list(features))
    {
        return Err(format!(
            "`features` of the dependency `{key}` must be a list such as `[\"derive\"]`"
        ));
    }
    if table
        .get("default-features")
        .is_some_and(|value| !value.is_bool())
    {
        return Err(format!(
            "`default-features` of the dependency `{key}` must be `true` or `false`"
        ));
    }
    let path = table.get("path").and_then(Value::as_str);
    if let Some(path) = path.map(str::to_owned) {
        let folder = package_folder(&path, directory)?;
        table.insert("path".to_owned(), path_value(&folder)?);
    }
    if !["version", "path", "git"]
        .iter()
        .any(|name| table.contains_key(*name))
    {
        table.insert("version".to_owned(), Value::String("*".to_owned()));
    }
    Ok(table)
}

/// The folder at `path`, which holds a package.
fn package_folder(path: &str, directory: &Path) -> Result<PathBuf, String> {
    let folder = directory.join(path);
    let found = folder
        .canonicalize()
        .map_err(|_| format!("there is no folder `{}`", folder.display()))?;
    match found.join("Cargo.toml").is_file() {
        true => Ok(found),
        false => Err(format!("there is no `Cargo.toml` in `{}`", found.display())),
    }
}

fn path_value(folder: &Path) -> Result<Value, String> {
    let text = folder
        .to_str()
        .ok_or_else(|| format!("the path `{}` is not UTF-8", folder.display()))?;
    Ok(Value::String(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: &str) {
        let shown = match Spec::parse(line, Path::new("/nowhere")) {
            Ok(spec) => format!("{} = {}", spec.key, spec.value),
            Err(sentence) => sentence.split(';').next().unwrap_or_default().to_owned(),
        };
        assert_eq!(shown, expected, "{line}");
    }

    #[test]
    fn lines_are_read() {
        check("regex", r#"regex = "*""#);
        check("regex # any", r#"regex = "*""#);
        check("  regex = \"1.0\" # newest", r#"regex = "1.0""#);
        check(
            "a-b = { features = [\"x\"] }",
            r#"a-b = { features = ["x"], version = "*" }"#,
        );
        check(
            "a = { git = \"https://h/a\", rev = \"1f\", default-features = false }",
            r#"a = { default-features = false, git = "https://h/a", rev = "1f" }"#,
        );
        check("a.version = \"1\"", r#"a = { version = "1" }"#);
    }

    #[test]
    fn mistakes_are_named() {
        check("", "`:dep` needs the name of a crate");
        check("a b", "`a b` is no name of a crate");
        check("ä", "`ä` is no name of a crate");
        check("1a", "`1a` is no name of a crate");
        check("a = 1", "`1` is no version of `a`");
        check(
            "a = \"new\"",
            "`new` is no version of `a`: unexpected character 'n' while parsing major version number",
        );
        check(
            "a = \"1",
            "`a = \"1` cannot be read as TOML: invalid basic string, expected `\"`",
        );
        check(
            "a = { version = \"1\"",
            "`a = { version = \"1\"` cannot be read as TOML: unclosed inline table, expected `}`",
        );
        check(
            "a = { versoin = \"1\" }",
            "`versoin` says nothing about the dependency `a`",
        );
        check(
            "a = { version = 1 }",
            "`version` of the dependency `a` must be a text in quotes",
        );
        check(
            "a = { features = \"x\" }",
            "`features` of the dependency `a` must be a list such as `[\"derive\"]`",
        );
        check(
            "a = { path = \"../b\" }",
            "there is no folder `/nowhere/../b`",
        );
        check("../b", "there is no folder `/nowhere/../b`");
        check("a = { path = \"/\" }", "there is no `Cargo.toml` in `/`");
    }
}
