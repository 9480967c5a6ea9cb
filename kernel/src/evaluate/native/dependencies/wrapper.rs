//! What cargo calls in place of `rustc` while it builds a notebook's dependencies. A crate that the runtime carries in the
//! same version, with all the features that are asked for, is not compiled: those that use it are given the runtime's
//! own, and so share its types. All others are compiled into `rlib`s, with a record beside each.
//!
//! That crate may stand on another compile of a third one than those that use both, if they ask more features of the third
//! than the runtime needed. Few notice; where one does not compile for this reason, the build is done again, strictly.
//!
//! Only crates for the session are looked at. Build scripts and procedural macros, which run here and now, and all that
//! these depend on are compiled as cargo wants it.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{SystemTime, UNIX_EPOCH};

use super::record::{self, Record, is_macro};
use crate::carried::Carried;

/// The environment variable with the list of the runtime's crates; where it is set, `dagbok` stands in for `rustc`.
pub(super) const LIST_VARIABLE: &str = "DAGBOK_CARRIED_LIST";
/// The environment variable with the folder of the runtime's crates.
pub(super) const FOLDER_VARIABLE: &str = "DAGBOK_CARRIED_FOLDER";
/// The environment variable with the folder of the package that has a notebook's dependencies.
pub(super) const PACKAGE_VARIABLE: &str = "DAGBOK_DEPENDENCIES_PACKAGE";

/// Where this environment variable is set, a crate is the runtime's own only if all that cargo would give it are.
pub(super) const STRICT_VARIABLE: &str = "DAGBOK_CARRIED_STRICT";

/// The first word of a line that tells of a compile of a crate whose like the runtime has.
pub(super) const COMPILING_INSTEAD: &str = "dagbok:";

/// The record of a notebook's direct dependencies, in the folder of their package.
pub(super) const ROOT_RECORD: &str = "built.json";

/// Stands in for `rustc` if cargo has called this program to do so; `None` if it is called as itself.
pub fn stand_in_for_rustc() -> Option<ExitCode> {
    let list = env::var_os(LIST_VARIABLE)?;
    let arguments: Vec<OsString> = env::args_os().skip(1).collect();
    let (rustc, arguments) = arguments.split_first()?;
    if !Path::new(rustc).ends_with("rustc") {
        return None;
    }
    let done = match Unit::of(arguments) {
        Some(unit) if unit.is_macro => unit
            .record_macro()
            .and_then(|()| Err(Command::new(rustc).args(arguments).exec())),
        Some(unit) => unit.make(rustc, Path::new(&list)),
        None => Err(Command::new(rustc).args(arguments).exec()),
    };
    Some(done.unwrap_or_else(|error| {
        let _ = writeln!(io::stderr(), "error: {error}");
        ExitCode::FAILURE
    }))
}

/// One crate for the session, or a procedural macro, as cargo asks for it.
struct Unit {
    is_macro: bool,
    arguments: Vec<String>,
    name: String,
    features: Vec<String>,
    externs: Vec<(String, PathBuf)>,
    /// `OUT/libNAME-HASH`, to which extensions are added.
    stem: PathBuf,
    link_arguments: Vec<String>,
}

impl Unit {
    /// The crate in `arguments`; `None` for questions, build scripts and what these and procedural macros use.
    fn of(arguments: &[OsString]) -> Option<Self> {
        let arguments: Vec<String> = arguments
            .iter()
            .map(|argument| argument.to_str().map(str::to_owned))
            .collect::<Option<_>>()?;
        let is_macro =
            values(&arguments, "--crate-type").any(|crate_type| crate_type == "proc-macro");
        if !is_macro && values(&arguments, "--target").next().is_none() {
            return None;
        }
        let name = values(&arguments, "--crate-name").next()?.to_owned();
        let out = values(&arguments, "--out-dir").next()?.to_owned();
        // Libraries that are to be found under their own name have none.
        let hash = values(&arguments, "-C")
            .find_map(|value| value.strip_prefix("extra-filename="))
            .unwrap_or_default();
        let features = values(&arguments, "--cfg")
            .filter_map(|value| value.strip_prefix("feature=\"")?.strip_suffix('"'))
            .map(str::to_owned)
            .collect();
        let externs = values(&arguments, "--extern")
            .filter_map(|value| value.split_once('='))
            .map(|(name, file)| (name.to_owned(), PathBuf::from(file)))
            .collect();
        Some(Unit {
            is_macro,
            stem: Path::new(&out).join(format!("lib{name}{hash}")),
            link_arguments: link_arguments(&arguments),
            features,
            externs,
            name,
            arguments,
        })
    }

    fn make(self, rustc: &OsString, list: &Path) -> io::Result<ExitCode> {
        let folder = PathBuf::from(variable(FOLDER_VARIABLE));
        let mut record = Record {
            externs: self.externs.clone(),
            link_arguments: self.link_arguments.clone(),
            ..self.identified()
        };
        let manifest = PathBuf::from(variable("CARGO_MANIFEST_DIR"));
        let is_released = is_released(&manifest);
        let carried = Carried::read(list, &folder)?;
        let below = self.carried_below(&carried)?;
        let features: Vec<&str> = self.features.iter().map(String::as_str).collect();
        let same = carried
            .find_exact(&record.package, &record.version, &features)
            .filter(|same| (is_released || same.is_own) && same.name == self.name);
        let is_shareable =
            env::var_os(STRICT_VARIABLE).is_none() || below.iter().all(|(_, file)| file.is_some());
        if let Some(same) = same.filter(|_| is_shareable) {
            record.carried = Some(same.file_name());
            self.stand_aside()?;
            record.write(&self.record_path())?;
            return Ok(ExitCode::SUCCESS);
        }
        let is_root = Path::new(&variable(PACKAGE_VARIABLE)) == manifest;
        match is_root {
            true => record.write(&manifest.join(ROOT_RECORD))?,
            false => record.write(&self.record_path())?,
        }
        if carried
            .find_exact(&record.package, &record.version, &[])
            .is_some()
        {
            let Record {
                package, version, ..
            } = &record;
            writeln!(
                io::stderr(),
                "{COMPILING_INSTEAD} Compiling {package} v{version}"
            )?;
        }
        let mut command = Command::new(rustc);
        command.args(self.compile_arguments(&below)?);
        command
            .arg("-L")
            .arg(crate::runtime_files::dependency_flag(&folder));
        if !is_released && !is_root {
            // Sources that change make another crate: a session that has loaded the former can load this one too.
            let now = SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default();
            command.args(["-C", &format!("metadata={}", now.as_nanos())]);
        }
        Err(command.exec())
    }

    fn record_macro(&self) -> io::Result<()> {
        self.identified().write(&self.record_path())
    }

    fn identified(&self) -> Record {
        Record {
            name: self.name.clone(),
            package: variable("CARGO_PKG_NAME"),
            version: variable("CARGO_PKG_VERSION"),
            carried: None,
            externs: Vec::new(),
            link_arguments: Vec::new(),
        }
    }

    fn record_path(&self) -> PathBuf {
        record::path(&self.with_extension("rlib"))
    }

    /// The runtime's file of each crate that this one names: `None` for those that are not the runtime's. Procedural
    /// macros are not listed.
    fn carried_below(&self, carried: &Carried) -> io::Result<Vec<(PathBuf, Option<PathBuf>)>> {
        let mut below = Vec::new();
        for (_, file) in self.externs.iter().filter(|(_, file)| !is_macro(file)) {
            let own = match Record::of(file)?.carried {
                Some(name) => Some(carried.file(&name)?),
                None => None,
            };
            below.push((file.clone(), own));
        }
        Ok(below)
    }

    /// Leaves what cargo looks for where a crate was compiled.
    fn stand_aside(&self) -> io::Result<()> {
        for extension in ["rmeta", "rlib"] {
            fs::write(self.with_extension(extension), "the runtime's own\n")?;
        }
        let name = self.stem.file_name().unwrap_or_default().to_string_lossy();
        let rule = self
            .stem
            .with_file_name(format!("{}.d", name.trim_start_matches("lib")));
        fs::write(&rule, format!("{}:\n", rule.display()))
    }

    fn with_extension(&self, extension: &str) -> PathBuf {
        let mut path = self.stem.clone().into_os_string();
        path.push(".");
        path.push(extension);
        PathBuf::from(path)
    }

    /// Cargo's arguments for an `rlib` with metadata beside it, below which are the runtime's crates.
    fn compile_arguments(&self, below: &[(PathBuf, Option<PathBuf>)]) -> io::Result<Vec<String>> {
        let mut arguments = Vec::new();
        let mut words = self.arguments.iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--crate-type" => {
                    self.leave_instead(words.next().map_or("", String::as_str))?;
                }
                "--extern" => {
                    let value = words.next().map_or("", String::as_str);
                    arguments.extend(["--extern".to_owned(), extern_value(value, below)]);
                }
                _ if word.starts_with("--emit=") && !word.contains("metadata") => {
                    arguments.push(format!("{word},metadata"));
                }
                _ => arguments.push(word.clone()),
            }
        }
        arguments.extend(["--crate-type".to_owned(), "rlib".to_owned()]);
        Ok(arguments)
    }

    /// Cargo looks for the libraries that it asked for.
    fn leave_instead(&self, crate_type: &str) -> io::Result<()> {
        let extension = match crate_type {
            "cdylib" | "dylib" => env::consts::DLL_EXTENSION,
            "staticlib" => "a",
            _ => return Ok(()),
        };
        fs::write(self.with_extension(extension), "")
    }
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_default()
}

/// `name=file` with the runtime's file where that is to be used.
fn extern_value(value: &str, below: &[(PathBuf, Option<PathBuf>)]) -> String {
    let Some((name, file)) = value.split_once('=') else {
        return value.to_owned();
    };
    let own = below
        .iter()
        .find(|(path, _)| path == Path::new(file))
        .and_then(|(_, own)| own.as_ref());
    match own {
        Some(own) => format!("{name}={}", own.display()),
        None => value.to_owned(),
    }
}

/// The values of `--flag value` and `--flag=value`.
fn values<'a>(arguments: &'a [String], flag: &'a str) -> impl Iterator<Item = &'a str> {
    arguments
        .iter()
        .enumerate()
        .filter_map(move |(idx, argument)| {
            let rest = argument.strip_prefix(flag)?;
            match rest.strip_prefix('=') {
                Some(value) => Some(value),
                None if rest.is_empty() => arguments.get(idx + 1).map(String::as_str),
                None => None,
            }
        })
}

/// The shared libraries among what a build script asks to link, and where they are. What is linked statically becomes
/// part of the `rlib`.
fn link_arguments(arguments: &[String]) -> Vec<String> {
    let libraries: Vec<&str> = values(arguments, "-l")
        .filter_map(|value| match value.split_once('=') {
            Some((kind, name)) if kind.starts_with("dylib") => Some(name),
            Some(_) => None,
            None => Some(value),
        })
        .collect();
    if libraries.is_empty() {
        return Vec::new();
    }
    let folders = values(arguments, "-L").filter_map(|value| match value.split_once('=') {
        Some(("native" | "all", folder)) => Some(folder),
        Some(_) => None,
        None => Some(value),
    });
    let folders =
        folders.flat_map(|folder| [format!("-L{folder}"), format!("-Wl,-rpath,{folder}")]);
    let names = libraries
        .iter()
        .map(|name| format!("-l{}", name.split(':').next().unwrap_or(name)));
    folders.chain(names).collect()
}

/// Whether the package in the folder `manifest` is a registry's, whose sources never change: cargo leaves a mark in those
/// that it unpacks, and `cargo vendor` its sums.
fn is_released(manifest: &Path) -> bool {
    let is_checkout = manifest.to_string_lossy().contains("/git/checkouts/");
    manifest.join(".cargo-checksum.json").is_file()
        || (manifest.join(".cargo-ok").is_file() && !is_checkout)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split_whitespace().map(OsString::from).collect()
    }

    fn check_unit(line: &str, expected: &str) {
        let shown = match Unit::of(&words(line)) {
            None => "not for the session".to_owned(),
            Some(unit) => format!(
                "{} {:?} {:?} {} {:?}",
                unit.name,
                unit.features,
                unit.externs,
                unit.stem.display(),
                unit.link_arguments
            ),
        };
        assert_eq!(shown, expected);
    }

    #[test]
    fn what_cargo_asks_for() {
        check_unit("-vV", "not for the session");
        check_unit(
            "- --crate-name ___ --print=file-names --target x",
            "not for the session",
        );
        check_unit(
            "--crate-name build_script_build b.rs --crate-type bin --out-dir /t -C extra-filename=-1f",
            "not for the session",
        );
        check_unit(
            "--crate-name a src/lib.rs --crate-type lib --emit=dep-info,metadata,link --cfg feature=\"std\" --cfg x \
             -C metadata=1 -C extra-filename=-1f --out-dir /t/deps --target x --extern b_c=/t/deps/libb_c-2e.rmeta \
             -L native=/t/build/out -l static=z -l ssl -l dylib=m",
            r#"a ["std"] [("b_c", "/t/deps/libb_c-2e.rmeta")] /t/deps/liba-1f ["-L/t/build/out", "-Wl,-rpath,/t/build/out", "-lssl", "-lm"]"#,
        );
    }

    #[test]
    fn crates_of_the_runtime_take_the_place_of_others() {
        let below = [
            (
                PathBuf::from("/t/liba-1.rmeta"),
                Some(PathBuf::from("/r/liba-2.rmeta")),
            ),
            (PathBuf::from("/t/libb-1.rmeta"), None),
        ];
        assert_eq!(
            extern_value("x=/t/liba-1.rmeta", &below),
            "x=/r/liba-2.rmeta"
        );
        assert_eq!(
            extern_value("x=/t/libb-1.rmeta", &below),
            "x=/t/libb-1.rmeta"
        );
        assert_eq!(extern_value("proc_macro", &below), "proc_macro");
    }
}
