//! The crates that the runtime was built with: name, version, features and file of each, so that a dependency of a notebook
//! that uses one of them uses the very same one. Read from what cargo leaves beside the files it makes, and written
//! down as one list, which an installation copies.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use semver::{Version, VersionReq};
use serde::{Deserialize, Serialize};

/// The list's name in the folder of the runtime.
pub(crate) const LIST: &str = "dagbok-carried.json";

/// All crates below the engine, the engine and the face.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Carried {
    pub(crate) crates: Vec<CarriedCrate>,
}

/// One crate that the runtime was built with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct CarriedCrate {
    /// Its name in code.
    pub(crate) name: String,
    /// Its name in a `Cargo.toml`.
    pub(crate) package: String,
    pub(crate) version: Version,
    /// The features that it was compiled with.
    pub(crate) features: Vec<String>,
    /// The features that there are.
    pub(crate) declared: Vec<String>,
    /// Whether it is one of Dagbok's own crates, which no registry has.
    pub(crate) is_own: bool,
    pub(crate) file: PathBuf,
}

/// What someone asks of a package.
#[derive(Clone, Debug)]
pub(crate) struct Wanted<'a> {
    pub(crate) package: &'a str,
    pub(crate) version: VersionReq,
    pub(crate) features: Vec<&'a str>,
    pub(crate) default_features: bool,
}

impl Carried {
    /// The list at `path`, whose files are in `folder`.
    ///
    /// # Errors
    /// If there is none, or it cannot be read.
    pub(crate) fn read(path: &Path, folder: &Path) -> io::Result<Self> {
        let mut carried: Carried = serde_json::from_slice(&fs::read(path)?)?;
        for carried in &mut carried.crates {
            carried.file = folder.join(&carried.file);
        }
        Ok(carried)
    }

    /// Writes the list to `path`, with files as they are named in their folder.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub(crate) fn write(&self, path: &Path) -> io::Result<()> {
        let mut list = self.clone();
        for carried in &mut list.crates {
            carried.file = PathBuf::from(carried.file_name());
        }
        let folder = path.parent().unwrap_or(Path::new("."));
        let readable = fs::Permissions::from_mode(0o644);
        let mut file = tempfile::Builder::new()
            .permissions(readable)
            .tempfile_in(folder)?;
        file.write_all(&serde_json::to_vec(&list)?)?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    }

    /// Reads what cargo wrote beside `files`, which it made: the dep-info of each names its sources, and so its version;
    /// the fingerprint names its features. What says nothing of itself is left out, and is then no crate to share.
    pub(crate) fn of_cargo(files: &[PathBuf]) -> Self {
        let mut crates: BTreeMap<PathBuf, CarriedCrate> = BTreeMap::new();
        for file in files {
            let Some(carried) = of_cargo(file) else {
                continue;
            };
            let is_metadata = file
                .extension()
                .is_some_and(|extension| extension == "rmeta");
            let stem = file.with_extension("");
            if is_metadata || !crates.contains_key(&stem) {
                crates.insert(stem, carried);
            }
        }
        Carried {
            crates: crates.into_values().collect(),
        }
    }

    /// Dagbok's own crate `name` in `file`.
    pub(crate) fn push_own(&mut self, name: &str, file: &Path) {
        self.crates.push(CarriedCrate {
            name: name.to_owned(),
            package: name.replace('_', "-"),
            version: own_version(),
            features: Vec::new(),
            declared: Vec::new(),
            is_own: true,
            file: file.to_owned(),
        });
    }

    /// The newest crate that is all that is wanted.
    pub(crate) fn find(&self, wanted: &Wanted<'_>) -> Option<&CarriedCrate> {
        let fitting = self.crates.iter().filter(|carried| carried.fits(wanted));
        fitting.max_by(|a, b| a.version.cmp(&b.version))
    }

    /// The crate made from `package` in this very version, with at least `features`, which are all that were asked for:
    /// `default` only stands for others among them.
    pub(crate) fn find_exact(
        &self,
        package: &str,
        version: &str,
        features: &[&str],
    ) -> Option<&CarriedCrate> {
        self.crates.iter().find(|carried| {
            carried.package == package
                && carried.version.to_string() == version
                && features
                    .iter()
                    .all(|name| *name == "default" || carried.has(name))
        })
    }

    /// Where the file `name` of the list is.
    ///
    /// # Errors
    /// If the runtime has no such crate.
    pub(crate) fn file(&self, name: &str) -> io::Result<PathBuf> {
        let found = self
            .crates
            .iter()
            .find(|carried| carried.file_name() == name);
        found.map(|carried| carried.file.clone()).ok_or_else(|| {
            io::Error::other(format!(
                "the runtime has no `{name}`, which a dependency was compiled with"
            ))
        })
    }

    /// The crate named `name` in code, if there is just one.
    pub(crate) fn only(&self, name: &str) -> Option<&CarriedCrate> {
        let mut named = self.crates.iter().filter(|carried| carried.name == name);
        named.next().filter(|_| named.next().is_none())
    }
}

impl CarriedCrate {
    /// The name of its file, which is the same wherever the runtime is installed.
    pub(crate) fn file_name(&self) -> String {
        let name = self.file.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }

    fn has(&self, feature: &str) -> bool {
        self.features.iter().any(|name| name == feature)
    }

    fn fits(&self, wanted: &Wanted<'_>) -> bool {
        let declares_default = self.declared.iter().any(|name| name == "default");
        self.package == wanted.package
            && wanted.version.matches(&self.version)
            && wanted.features.iter().all(|name| self.has(name))
            && (!wanted.default_features || !declares_default || self.has("default"))
    }
}

/// The version of Dagbok's own crates.
fn own_version() -> Version {
    let number = |text: &str| text.parse().unwrap_or_default();
    Version::new(
        number(env!("CARGO_PKG_VERSION_MAJOR")),
        number(env!("CARGO_PKG_VERSION_MINOR")),
        number(env!("CARGO_PKG_VERSION_PATCH")),
    )
}

/// What cargo's fingerprint of one crate says.
#[derive(Deserialize)]
struct Fingerprint {
    /// A list within a text, both times.
    features: String,
    declared_features: String,
}

/// The crate of a registry in `deps/libNAME-HASH.rmeta`.
fn of_cargo(file: &Path) -> Option<CarriedCrate> {
    let stem = file.file_stem()?.to_str()?.strip_prefix("lib")?;
    let (name, hash) = stem.split_once('-')?;
    let deps = file.parent()?;
    let fingerprints = deps.parent()?.join(".fingerprint");
    let (package, version) = package_of(&fs::read_to_string(deps.join(format!("{stem}.d"))).ok()?)?;
    let fingerprint = fingerprints
        .join(format!("{package}-{hash}"))
        .join(format!("lib-{name}.json"));
    let fingerprint: Fingerprint = serde_json::from_slice(&fs::read(fingerprint).ok()?).ok()?;
    Some(CarriedCrate {
        name: name.to_owned(),
        package,
        version,
        features: serde_json::from_str(&fingerprint.features).ok()?,
        declared: serde_json::from_str(&fingerprint.declared_features).ok()?,
        is_own: false,
        file: file.to_owned(),
    })
}

/// Name and version of the package whose sources are in `…/registry/src/INDEX/NAME-VERSION/`, as dep-info has it.
fn package_of(dep_info: &str) -> Option<(String, Version)> {
    let (_, after) = dep_info.split_once("/registry/src/")?;
    let folder = after.split('/').nth(1)?;
    folder.match_indices('-').find_map(|(at, _)| {
        let version = Version::parse(&folder[at + 1..]).ok()?;
        Some((folder[..at].to_owned(), version))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_package(dep_info: &str, expected: Option<(&str, &str)>) {
        let found = package_of(dep_info).map(|(name, version)| (name, version.to_string()));
        let expected = expected.map(|(name, version)| (name.to_owned(), version.to_owned()));
        assert_eq!(found, expected, "{dep_info}");
    }

    #[test]
    fn dep_info_names_the_package() {
        let of = |folder: &str| {
            format!("/t/deps/x-1f.d: /home/a/.cargo/registry/src/index-0f/{folder}/src/lib.rs\n")
        };
        check_package(&of("ndarray-0.17.2"), Some(("ndarray", "0.17.2")));
        check_package(&of("num-traits-0.2.19"), Some(("num-traits", "0.2.19")));
        check_package(
            &of("zstd-sys-2.1.2+zstd.1.5.7"),
            Some(("zstd-sys", "2.1.2+zstd.1.5.7")),
        );
        check_package(&of("a-1-b-1.0.0-rc.1"), Some(("a-1-b", "1.0.0-rc.1")));
        check_package("/t/deps/x.d: /home/a/x/src/lib.rs", None);
        check_package("", None);
    }

    fn check_find(wanted: (&str, &str, &[&str], bool), expected: Option<&str>) {
        let of = |version: &str| CarriedCrate {
            name: "some".to_owned(),
            package: "some".to_owned(),
            version: Version::parse(version).unwrap(),
            features: vec!["std".to_owned()],
            declared: vec!["default".to_owned(), "std".to_owned(), "extra".to_owned()],
            is_own: false,
            file: PathBuf::from(version),
        };
        let carried = Carried {
            crates: vec![of("1.2.0"), of("1.10.0"), of("2.0.0")],
        };
        let (package, version, features, default_features) = wanted;
        let wanted = Wanted {
            package,
            version: VersionReq::parse(version).unwrap(),
            features: features.to_vec(),
            default_features,
        };
        let found = carried.find(&wanted).map(|found| found.version.to_string());
        assert_eq!(found.as_deref(), expected, "{wanted:?}");
    }

    #[test]
    fn a_carried_crate_is_all_that_is_wanted() {
        check_find(("some", "1", &[], false), Some("1.10.0"));
        check_find(("some", "=1.2", &[], false), Some("1.2.0"));
        check_find(("some", "*", &["std"], false), Some("2.0.0"));
        check_find(("some", "3", &[], false), None);
        check_find(("some", "1", &["extra"], false), None);
        check_find(("some", "1", &[], true), None);
        check_find(("other", "1", &[], false), None);
    }
}
