//! What evcxr made of a script, in the target folder.

use std::collections::BTreeMap;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::time::Duration;

use dagbok_kernel::evaluate::native::Toolchain;

use crate::corpus::{Script, Shown};

/// What stands between evcxr and the test: a change there can change what evcxr seems to do.
const BETWEEN: [&str; 6] = [
    include_str!("../corpus/mod.rs"),
    include_str!("../../src/evaluate/evcxr/failure.rs"),
    include_str!("../../src/evaluate/evcxr/mark.rs"),
    include_str!("../../src/evaluate/evcxr/mod.rs"),
    include_str!("../../src/evaluate/evcxr/relay.rs"),
    include_str!("../../src/evaluate/evcxr/screen.rs"),
];

/// A folder with one file a script.
pub(crate) struct Memory {
    folder: PathBuf,
    compiler: String,
}

/// What is written down of a cell, and of a script.
type Cell = (
    String,
    String,
    BTreeMap<String, String>,
    Option<(String, String)>,
);
type Run = (Vec<Cell>, Duration);

impl Memory {
    pub(crate) fn new() -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("evcxr-corpus");
        fs::create_dir_all(&folder).unwrap();
        let compiler = Toolchain::find().unwrap().version().unwrap();
        Memory { folder, compiler }
    }

    /// What evcxr made of exactly this script, and how long it took.
    pub(crate) fn recall(&self, script: &Script) -> Option<(Vec<Shown>, Duration)> {
        let text = fs::read_to_string(self.file(script)).ok()?;
        let (cells, time): Run = serde_json::from_str(&text).ok()?;
        let to_shown = |(stdout, stderr, values, failure)| Shown {
            stdout,
            stderr,
            values,
            failure,
        };
        Some((cells.into_iter().map(to_shown).collect(), time))
    }

    pub(crate) fn remember(&self, script: &Script, (shown, time): &(Vec<Shown>, Duration)) {
        let to_cell = |shown: Shown| (shown.stdout, shown.stderr, shown.values, shown.failure);
        let cells: Vec<Cell> = shown.iter().cloned().map(to_cell).collect();
        let text = serde_json::to_string(&(cells, time)).unwrap();
        fs::write(self.file(script), text).unwrap();
    }

    fn file(&self, script: &Script) -> PathBuf {
        let mut hasher = DefaultHasher::new();
        (BETWEEN, &self.compiler, &script.cells).hash(&mut hasher);
        self.folder.join(format!("{:016x}.json", hasher.finish()))
    }
}
