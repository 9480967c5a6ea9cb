//! The corpus: what people type into notebooks, as scripts of some cells each, and what an evaluator makes of them.
//!
//! `THEME.txt` holds the scripts of a theme. A line `=== name` begins a script, a line `---` the next cell; after the name
//! may stand `[crlf]`, for lines that end as on Windows, and `[native: why]`, for what evcxr cannot be asked to run.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::{fs, mem};

use dagbok_kernel::evaluate::native::{NativeEvaluator, Options};
use dagbok_kernel::evaluate::{Cell, Evaluator, Frontend, MimeData, Output, Shell, StreamName};
use dagbok_kernel::runtime_files::RuntimeFiles;

/// Cells that are run one after the other in a new session.
pub(crate) struct Script {
    pub(crate) theme: String,
    pub(crate) name: String,
    /// Why only the native evaluator runs it.
    pub(crate) native_only: Option<String>,
    pub(crate) cells: Vec<String>,
}

/// All that a cell did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// What was displayed and the cell's value, by MIME type.
    pub(crate) values: BTreeMap<String, String>,
    /// The kind of the failure, and the first thing it says.
    pub(crate) failure: Option<(String, String)>,
}

/// A front end that writes down all it gets.
#[derive(Default)]
struct Recorder(Mutex<Shown>);

/// The folder of the corpus.
pub(crate) fn folder() -> PathBuf {
    let kernel = Path::new(env!("CARGO_MANIFEST_DIR"));
    let beside = kernel.join("tests/corpus");
    if beside.is_dir() {
        beside
    } else {
        kernel.join("../tests/corpus")
    }
}

/// The scripts of all themes, in the order of the themes' names.
pub(crate) fn scripts() -> Vec<Script> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    files.sort();
    files.iter().flat_map(|file| read(file)).collect()
}

fn read(file: &Path) -> Vec<Script> {
    let theme = file.file_stem().unwrap().to_str().unwrap();
    let text = fs::read_to_string(file).unwrap();
    let (before, scripts) = text.split_once("=== ").unwrap();
    assert_eq!(before, "", "{theme}.txt begins with a script");
    let scripts = scripts.split("\n=== ");
    scripts.map(|script| parse(theme, script)).collect()
}

fn parse(theme: &str, script: &str) -> Script {
    let (title, text) = script.split_once('\n').unwrap();
    let mut flags = title.split(" [");
    let name = flags.next().unwrap().to_owned();
    let mut native_only = None;
    let mut line_end = "\n";
    for flag in flags.map(|flag| flag.trim_end_matches(']')) {
        match flag.split_once(": ") {
            Some(("native", why)) => native_only = Some(why.to_owned()),
            None if flag == "crlf" => line_end = "\r\n",
            _ => panic!("{theme}/{name} has an unknown flag `{flag}`"),
        }
    }
    let cells = text.trim_end().split("\n---\n");
    Script {
        theme: theme.to_owned(),
        name,
        native_only,
        cells: cells.map(|cell| cell.replace('\n', line_end)).collect(),
    }
}

/// Starts the native evaluator, which then says nothing of its own but what is wrong.
pub(crate) fn start_native(files: Option<RuntimeFiles>) -> NativeEvaluator {
    let options = Options {
        files,
        ..Options::default()
    };
    let native = NativeEvaluator::start(options).unwrap();
    assert_eq!(run(&native, 0, ":warnings off"), Shown::default());
    native
}

/// Runs cell `number`; all it did.
pub(crate) fn run(evaluator: &dyn Evaluator, number: u32, code: &str) -> Shown {
    let recorder = Arc::<Recorder>::default();
    let cell = Cell {
        number,
        code: code.to_owned(),
    };
    let result = evaluator.evaluate(Shell::MAIN, &cell, recorder.clone());
    let mut shown = mem::take(&mut *recorder.0.lock().unwrap());
    shown.failure = result.err().map(|error| (error.name, error.value));
    shown
}

impl Frontend for Recorder {
    fn output(&self, output: Output) {
        let mut shown = self.0.lock().unwrap();
        match output {
            Output::Stream { name, text } => match name {
                StreamName::Stdout => shown.stdout.push_str(&text),
                StreamName::Stderr => shown.stderr.push_str(&text),
            },
            Output::Display { data, .. }
            | Output::UpdateDisplay { data, .. }
            | Output::Result { data }
            | Output::Page { data } => shown.values.extend(texts(data)),
            Output::ClearOutput { .. } | Output::Comm(_) => {}
        }
    }
}

fn texts(data: MimeData) -> impl Iterator<Item = (String, String)> {
    data.into_iter().map(|(mime, data)| match data {
        serde_json::Value::String(text) => (mime, text),
        data => (mime, data.to_string()),
    })
}

impl Shown {
    /// One line for each thing that the cell did.
    pub(crate) fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for (name, text) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !text.is_empty() {
                lines.push(format!("{name} {text:?}"));
            }
        }
        lines.extend(self.values.iter().map(|(mime, value)| match &mime[..] {
            "text/plain" => format!("={value}"),
            mime => format!("{mime} {value:?}"),
        }));
        if let Some((kind, message)) = &self.failure {
            lines.push(format!("{kind}: {message}"));
        }
        lines
    }
}
