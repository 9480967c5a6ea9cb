//! Which crates of compiled instances a cell is given: `runtime/instances/` says what they are.

use std::collections::BTreeSet;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::runtime_files::RuntimeFiles;

use super::toolchain::Toolchain;

/// The crates, and the words of which a cell must hold one to be given it.
const INSTANCES: &[(&str, Words)] = &[
    ("dagbok_instances_common", Words::None),
    (
        "dagbok_instances_containers",
        Words::Any(&[
            "Arc",
            "BTreeMap",
            "BTreeSet",
            "BinaryHeap",
            "HashMap",
            "HashSet",
            "Mutex",
            "Rc",
            "RwLock",
            "VecDeque",
            "channel",
            "dedup",
            "sort",
            "sort_unstable",
        ]),
    ),
    ("dagbok_instances_polars", Words::Any(&["polars"])),
];

#[derive(Clone, Copy)]
enum Words {
    None,
    Any(&'static [&'static str]),
}

/// The crates of instances of one runtime.
pub(super) struct Instances(Vec<(&'static str, PathBuf, Words)>);

impl Instances {
    /// Finds the runtime's crates of instances and links them into `folder`, where the compiler finds them for cells that use
    /// earlier ones.
    ///
    /// # Errors
    /// If the runtime's crates cannot be listed.
    pub(super) fn link(
        files: &RuntimeFiles,
        toolchain: &Toolchain,
        folder: &Path,
    ) -> io::Result<Self> {
        let carried = files.carried(toolchain)?;
        let mut found = Vec::new();
        for &(name, words) in INSTANCES {
            if let Some(file) = carried.only(name).map(|carried| &carried.file) {
                let link = folder.join(file.file_name().unwrap_or_default());
                symlink(file, &link)?;
                found.push((name, link, words));
            }
        }
        Ok(Instances(found))
    }

    /// What a cell that becomes `source` takes.
    pub(super) fn of(&self, source: &str) -> impl Iterator<Item = (&str, &Path)> {
        let named: BTreeSet<&str> = source
            .split(|c: char| !c.is_alphanumeric() && c != '_')
            .collect();
        let is_given = move |words: Words| match words {
            Words::None => true,
            Words::Any(words) => words.iter().any(|word| named.contains(word)),
        };
        let given = self.0.iter().filter(move |(_, _, words)| is_given(*words));
        given.map(|(name, file, _)| (*name, file.as_path()))
    }
}
