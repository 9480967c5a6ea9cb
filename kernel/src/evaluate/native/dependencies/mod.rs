//! The dependencies of a notebook: what `:dep` asks for, built by cargo once a machine, and what a cell that names one of them
//! is compiled with and needs loaded. Cells that name none pay nothing.

mod cargo;
mod explain;
mod object;
mod record;
mod spec;
mod wrapper;

pub use wrapper::stand_in_for_rustc;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use self::cargo::{Failure, Workshop};
use self::explain::Explained;
use self::object::{identity, object};
use self::record::{Record, is_macro};
use self::spec::Spec;
use self::wrapper::ROOT_RECORD;
use super::interrupt::Control;
use super::toolchain::Toolchain;
use crate::runtime_files::{CARRIED_CRATES, RuntimeFiles};

/// The dependencies of one session.
#[derive(Debug)]
pub(super) struct Dependencies {
    /// Files that cells are compiled with, as they were when they were built: what is built anew later gets other names.
    folder: PathBuf,
    cache: Option<PathBuf>,
    workshop: Option<Workshop>,
    specs: Vec<Spec>,
    /// The package that cargo has built last.
    package: Option<PathBuf>,
    direct: BTreeMap<String, Dependency>,
    /// Crates below the direct ones, which the types of variables may name.
    below: BTreeMap<String, Dependency>,
}

/// A crate that cells can name.
#[derive(Clone, Debug, PartialEq)]
struct Dependency {
    package: String,
    version: String,
    is_carried: bool,
    file: PathBuf,
    /// Libraries that must be loaded, in this order.
    objects: Vec<PathBuf>,
}

/// What a cell that names dependencies takes.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Linked {
    /// Crates by name, with their files.
    pub(super) externs: Vec<(String, PathBuf)>,
    /// Libraries to load before the cell, in this order.
    pub(super) objects: Vec<PathBuf>,
}

/// What new dependencies have changed.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Added {
    /// What a person should know.
    pub(super) notes: Vec<String>,
    /// Crates that are others now than before: values of their types belong to the former ones.
    pub(super) replaced: Vec<String>,
}

/// Why dependencies were not added; those from before stay.
#[derive(Debug)]
pub(super) enum Refused {
    Interrupted,
    Explained(Explained),
}

/// A line of `:show_deps`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Listed {
    pub(crate) name: String,
    pub(crate) requirement: String,
    pub(crate) version: String,
    pub(crate) origin: &'static str,
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Interrupted => Refused::Interrupted,
            Failure::Explained(explained) => Refused::Explained(explained),
            Failure::Io(error) => error.into(),
        }
    }
}

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Self {
        Refused::Explained(Explained {
            sentence: error.to_string(),
            output: Vec::new(),
        })
    }
}

/// Where everything is that a build takes.
pub(super) struct Surroundings<'a> {
    pub(super) files: &'a RuntimeFiles,
    pub(super) toolchain: &'a Toolchain,
    /// The folder that relative paths start from.
    pub(super) directory: &'a Path,
    pub(super) control: &'a Control,
}

impl Dependencies {
    /// None yet. Files for cells will be in `folder`, which need not exist; `cache` is where dependencies are built, if
    /// not where this machine keeps such things.
    pub(super) fn new(folder: PathBuf, cache: Option<PathBuf>) -> Self {
        Dependencies {
            folder,
            cache,
            workshop: None,
            specs: Vec::new(),
            package: None,
            direct: BTreeMap::new(),
            below: BTreeMap::new(),
        }
    }

    /// Adds what `lines` ask for, one dependency each, in one build; `progress` is told what it does.
    ///
    /// # Errors
    /// Says what stands in the way; then all is as it was before.
    pub(super) fn add(
        &mut self,
        lines: &[&str],
        surroundings: &Surroundings<'_>,
        progress: &mut dyn FnMut(&str),
    ) -> Result<Added, Refused> {
        let mut specs = self.specs.clone();
        for line in lines {
            let spec = Spec::parse(line, surroundings.directory).map_err(refused)?;
            specs.retain(|known| known.crate_name() != spec.crate_name());
            specs.push(spec);
        }
        let workshop = match self.workshop.take() {
            Some(workshop) => workshop,
            None => Workshop::open(
                surroundings.files,
                surroundings.toolchain,
                self.cache.as_deref(),
            )?,
        };
        let built = self.build(&specs, &workshop, surroundings.control, progress);
        self.workshop = Some(workshop);
        let (package, found) = built?;
        let added = Added {
            notes: notes(&found, &self.direct),
            replaced: self.replaced(&found),
        };
        self.package = package.or(self.package.take());
        self.direct = found.direct;
        self.below = found.below;
        self.specs = specs;
        Ok(added)
    }

    /// Whether `name` is a crate that `:dep` has brought.
    pub(super) fn is_direct(&self, name: &str) -> bool {
        self.direct.contains_key(name)
    }

    /// Whether the type of a variable may name the crate `name`.
    pub(super) fn is_known(&self, name: &str) -> bool {
        self.is_direct(name) || self.below.contains_key(name)
    }

    /// All crates that the types of variables may name.
    pub(super) fn known(&self) -> impl Iterator<Item = &String> {
        self.direct.keys().chain(self.below.keys())
    }

    /// What a cell takes that has `words` in its code and `types` in the types of its variables.
    pub(super) fn linked(&self, words: &BTreeSet<String>, types: &BTreeSet<String>) -> Linked {
        let named = self.direct.iter().filter(|(name, _)| words.contains(*name));
        let below = self
            .below
            .iter()
            .filter(|(name, _)| types.contains(*name) && !self.direct.contains_key(*name));
        let mut linked = Linked::default();
        for (name, dependency) in named.chain(below) {
            linked.externs.push((name.clone(), dependency.file.clone()));
            for object in &dependency.objects {
                if !linked.objects.contains(object) {
                    linked.objects.push(object.clone());
                }
            }
        }
        linked
    }

    /// The crates that `:dep` has brought, with their files.
    pub(super) fn direct_files(&self) -> impl Iterator<Item = (String, PathBuf)> {
        let direct = self.direct.iter();
        direct.map(|(name, dependency)| (name.clone(), dependency.file.clone()))
    }

    /// The folder in which the compiler finds what dependencies depend on.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// What was asked for, and what came of it.
    pub(super) fn list(&self) -> Vec<Listed> {
        let listed = self.specs.iter().map(|spec| {
            let dependency = self.direct.iter().find(|(name, dependency)| {
                **name == spec.crate_name() || dependency.package == spec.key
            });
            let (version, origin) = match dependency {
                Some((_, dependency)) if dependency.is_carried => {
                    (dependency.version.clone(), "the runtime's own")
                }
                Some((_, dependency)) => (dependency.version.clone(), "compiled"),
                None => (String::new(), ""),
            };
            Listed {
                name: spec.key.clone(),
                requirement: spec.requirement().to_owned(),
                version,
                origin,
            }
        });
        listed.collect()
    }

    /// Builds those of `specs` that the runtime does not carry; the package that cargo built, and all crates.
    fn build(
        &self,
        specs: &[Spec],
        workshop: &Workshop,
        control: &Control,
        progress: &mut dyn FnMut(&str),
    ) -> Result<(Option<PathBuf>, Found), Refused> {
        let mut found = Found::default();
        let mut to_build = Vec::new();
        for spec in specs {
            let wanted = spec.wanted();
            match wanted.and_then(|wanted| workshop.carried.find(&wanted)) {
                Some(carried) => found.add_carried(spec.crate_name(), carried),
                None => to_build.push(spec),
            }
        }
        if to_build.is_empty() {
            return Ok((None, found));
        }
        fs::create_dir_all(&self.folder)?;
        if workshop.is_built(&to_build) {
            let package = workshop.package(&to_build);
            let mut from_before = found.clone();
            // What does not fit together any more is built again.
            if from_before
                .add_built(&package, workshop, &self.folder)
                .is_ok()
            {
                return Ok((Some(package), from_before));
            }
        }
        let Some(_lock) = workshop.lock(control, progress)? else {
            return Err(Refused::Interrupted);
        };
        let package = workshop.build(&to_build, self.package.as_deref(), control, progress)?;
        found.add_built(&package, workshop, &self.folder)?;
        for spec in to_build {
            let is_there = |(name, dependency): (&String, &Dependency)| {
                *name == spec.crate_name() || dependency.package == spec.key
            };
            if !found.direct.iter().any(is_there) {
                return Err(refused(format!(
                    "the package `{}` has no library that a cell could use",
                    spec.key
                )));
            }
        }
        Ok((Some(package), found))
    }
}

fn refused(sentence: String) -> Refused {
    Refused::Explained(Explained {
        sentence,
        output: Vec::new(),
    })
}

/// The crates of one build.
#[derive(Clone, Debug, Default)]
struct Found {
    direct: BTreeMap<String, Dependency>,
    below: BTreeMap<String, Dependency>,
    /// Packages that were compiled although the runtime has another version of them, with both versions.
    others: Vec<(String, String, String)>,
}

impl Found {
    fn add_carried(&mut self, name: String, carried: &crate::carried::CarriedCrate) {
        let dependency = Dependency {
            package: carried.package.clone(),
            version: carried.version.to_string(),
            is_carried: true,
            file: carried.file.clone(),
            objects: Vec::new(),
        };
        self.direct.insert(name, dependency);
    }

    /// Takes in what cargo has built for `package`, with files for cells in `folder`.
    fn add_built(&mut self, package: &Path, workshop: &Workshop, folder: &Path) -> io::Result<()> {
        let root = Record::read(&package.join(ROOT_RECORD))?;
        let mut visit = Visit {
            workshop,
            folder,
            seen: BTreeMap::new(),
        };
        for (name, file) in &root.externs {
            let dependency = visit.crate_in(file)?;
            self.direct.insert(name.clone(), dependency);
        }
        let mut names: BTreeMap<String, Vec<Dependency>> = BTreeMap::new();
        for (name, dependency) in visit.seen.into_values() {
            if let Some(own) = workshop.carried.only(&name)
                && !dependency.is_carried
                && own.package == dependency.package
            {
                self.others.push((
                    name.clone(),
                    dependency.version.clone(),
                    own.version.to_string(),
                ));
            }
            names.entry(name).or_default().push(dependency);
        }
        // Two crates of one name cannot be told apart in a type.
        let unique = names.into_iter().filter_map(|(name, mut crates)| {
            let only = crates.pop().filter(|_| crates.is_empty())?;
            Some((name, only))
        });
        self.below.extend(unique);
        Ok(())
    }
}

/// A walk over all crates of a build, from those that depend to those below.
struct Visit<'a> {
    workshop: &'a Workshop,
    folder: &'a Path,
    seen: BTreeMap<PathBuf, (String, Dependency)>,
}

impl Visit<'_> {
    /// The crate in `file`, and with it all below.
    fn crate_in(&mut self, file: &Path) -> io::Result<Dependency> {
        if let Some((_, dependency)) = self.seen.get(file) {
            return Ok(dependency.clone());
        }
        let record = Record::of(file)?;
        let dependency = self.recorded(&record, file)?;
        let seen = (record.name, dependency.clone());
        self.seen.insert(file.to_owned(), seen);
        Ok(dependency)
    }

    fn recorded(&mut self, record: &Record, file: &Path) -> io::Result<Dependency> {
        let mut dependency = Dependency {
            package: record.package.clone(),
            version: record.version.clone(),
            is_carried: record.carried.is_some(),
            file: PathBuf::new(),
            objects: Vec::new(),
        };
        if let Some(name) = &record.carried {
            dependency.file = self.workshop.carried.file(name)?;
            return Ok(dependency);
        }
        if is_macro(file) {
            dependency.file = self.keep(file, &identity(file)?)?;
            return Ok(dependency);
        }
        for (_, below) in &record.externs {
            for object in self.crate_in(below)?.objects {
                if !dependency.objects.contains(&object) {
                    dependency.objects.push(object);
                }
            }
        }
        let rlib = file.with_extension("rlib");
        let metadata = file.with_extension("rmeta");
        dependency.file = self.keep(&metadata, &identity(&rlib)?)?;
        let objects = self.workshop.objects();
        dependency
            .objects
            .push(object(self.workshop.toolchain(), record, &rlib, &objects)?);
        Ok(dependency)
    }

    /// Puts `file` as it is now where cells find it, under a name that begins as its own, by which the compiler looks for
    /// it.
    fn keep(&self, file: &Path, identity: &str) -> io::Result<PathBuf> {
        let stem = file.file_stem().unwrap_or_default().to_string_lossy();
        let extension = file.extension().unwrap_or_default().to_string_lossy();
        let kept = self.folder.join(format!("{stem}-{identity}.{extension}"));
        if !kept.exists() && fs::hard_link(file, &kept).is_err() {
            fs::copy(file, &kept)?;
        }
        Ok(kept)
    }
}

/// What a person should know of crates that are not the runtime's although the runtime has their like.
fn notes(found: &Found, before: &BTreeMap<String, Dependency>) -> Vec<String> {
    let is_new = |name: &String| found.direct.get(name) != before.get(name);
    let worth = found.others.iter().filter(|(name, _, _)| {
        let is_direct = found.direct.contains_key(name);
        (is_direct && is_new(name))
            || (!is_direct && found.direct.keys().any(is_new) && SHARED.contains(&name.as_str()))
    });
    let note = worth.map(|(name, version, own)| {
        let why = match version == own {
            true => "as it has features that this lacks, or stands on another crate".to_owned(),
            false => format!("which is {own}"),
        };
        format!("`{name}` {version} is not the runtime's own, {why}: their types are not the same")
    });
    note.collect()
}

/// Crates whose types notebooks hand to those that depend on them.
const SHARED: &[&str] = &["ndarray", "polars"];

impl Dependencies {
    /// The crates by which the types of variables may go that are others in `found`.
    fn replaced(&self, found: &Found) -> Vec<String> {
        let now = |name: &String| found.direct.get(name).or_else(|| found.below.get(name));
        let before = self.below.iter().chain(&self.direct);
        let others = before
            .filter(|(name, dependency)| now(name).is_none_or(|now| now.file != dependency.file));
        let hidden = found.direct.iter().filter(|(name, dependency)| {
            CARRIED_CRATES.contains(&name.as_str())
                && !dependency.is_carried
                && !self.is_known(name)
        });
        let names = others.chain(hidden).map(|(name, _)| name.clone());
        names.collect::<BTreeSet<String>>().into_iter().collect()
    }
}
