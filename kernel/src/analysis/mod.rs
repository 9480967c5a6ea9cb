//! Completion and documentation while a person types: what commands and files there are is known here, what Rust means is
//! asked of the analyzer process, which is started with the first question about it.

mod files;
mod page;
mod place;
mod process;
pub mod protocol;

use std::env;
use std::fs;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use crate::commands;
use crate::evaluate::native::Toolchain;
use crate::evaluate::{MimeData, Scope};
use crate::runtime_files::RuntimeFiles;
use crate::session::Detail;
use place::{Place, Proposed, place};
use process::Process;
pub use protocol::Match;
use protocol::{Answer, Documentation, Found, QuestionKind, Reply, Settings};

/// The compiler that built the runtime, which the toolchain's is.
const RUSTC_VERSION: &str = env!("DAGBOK_RUSTC_VERSION");

/// Nobody waits longer for a list of names.
const PATIENCE: Duration = Duration::from_secs(5);

/// How the analyzer is started.
#[derive(Clone, Debug)]
pub struct Options {
    pub files: RuntimeFiles,
    pub toolchain: Toolchain,
    /// The folder for declarations of crates, if not where this machine keeps what can be made again.
    pub cache: Option<PathBuf>,
}

/// Answers what front ends ask while a person types.
#[derive(Debug)]
pub struct Analyzer {
    process: Process,
}

/// What may take the place of `start..end`, in code points.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completion {
    pub start: usize,
    pub end: usize,
    /// The best first.
    pub matches: Vec<Match>,
}

impl Analyzer {
    /// Starts nothing yet.
    pub fn new(options: Options) -> Self {
        let Options {
            files,
            toolchain,
            cache,
        } = options;
        let settings = Settings {
            rustdoc: toolchain.rustc.with_file_name("rustdoc"),
            rustc_version: RUSTC_VERSION.to_owned(),
            cache: cache.or_else(cache_folder).unwrap_or_else(env::temp_dir),
        };
        Analyzer {
            process: Process::new(files.analyzer, settings),
        }
    }

    /// What may stand in the cell `code` at the code point `cursor`; nothing if that takes too long, or a newer question
    /// comes.
    pub async fn complete(&self, scope: Arc<Scope>, code: String, cursor: usize) -> Completion {
        let offset = byte_offset(&code, cursor);
        let found = match place(&code, offset) {
            Place::Command { start, takes_rest } => command_names(start..offset, &code, takes_rest),
            Place::Argument { kind, .. } => propose(kind, scope, &code, offset).await,
            Place::File { typed, is_raw, .. } => file_names(typed, !is_raw, scope, &code).await,
            Place::Code(rust) => {
                let reply = self.ask(QuestionKind::Complete, scope, rust, offset).await;
                match reply.map(|reply| reply.answer) {
                    Some(Answer::Found(found)) => found,
                    _ => nothing(offset),
                }
            }
            Place::Nothing => nothing(offset),
        };
        Completion {
            start: code_points(&code, found.start),
            end: code_points(&code, found.end),
            matches: found.matches,
        }
    }

    /// What is known of what stands in the cell `code` at the code point `cursor`, or of the function whose arguments
    /// stand there; [`Detail::Short`] is its signature and first paragraph.
    pub async fn inspect(
        &self,
        scope: Arc<Scope>,
        code: String,
        cursor: usize,
        detail: Detail,
    ) -> Option<MimeData> {
        let offset = byte_offset(&code, cursor);
        let about = |name: &str| {
            let text = commands::about(name)?;
            Some(Documentation {
                text,
                ..Documentation::default()
            })
        };
        let documentation = match place(&code, offset) {
            Place::Command { start, .. } => about(name_at(&code, start)),
            Place::Argument { kind, command } => match kind {
                Proposed::Command(typed) => about(name_at(&code, typed.start)),
                _ => None,
            }
            .or_else(|| about(&command)),
            Place::Code(rust) | Place::File { code: rust, .. } => {
                let reply = self.ask(QuestionKind::Inspect, scope, rust, offset).await?;
                match reply.answer {
                    Answer::Documentation(documentation) => documentation,
                    _ => None,
                }
            }
            Place::Nothing => None,
        };
        Some(page::page(&documentation?, detail == Detail::Short))
    }

    /// Waits until all crates that the cell `code` names are known, which takes many seconds the first time on a machine.
    /// Nobody has to: the other questions get what is known.
    pub async fn prepare(&self, scope: Arc<Scope>, code: String) {
        let scope = Arc::unwrap_or_clone(scope);
        self.process
            .ask(QuestionKind::Prepare, scope, code, 0)
            .await;
    }

    /// Ends the process, if there is one.
    pub async fn stop(&self) {
        self.process.stop().await;
    }

    /// The number of the process, if there is one.
    pub fn process_id(&self) -> Option<u32> {
        self.process.id()
    }

    async fn ask(
        &self,
        kind: QuestionKind,
        scope: Arc<Scope>,
        code: String,
        offset: usize,
    ) -> Option<Reply> {
        let scope = Arc::unwrap_or_clone(scope);
        let asked = self.process.ask(kind, scope, code, offset);
        match timeout(PATIENCE, asked).await {
            Ok(reply) => {
                let why = reply.as_ref().and_then(|reply| reply.incomplete.as_ref());
                if let Some(why) = why {
                    tracing::info!("an answer may lack something: {why}");
                }
                reply
            }
            Err(_) => {
                tracing::warn!("the analyzer took longer than {PATIENCE:?}");
                None
            }
        }
    }
}

fn nothing(offset: usize) -> Found {
    Found {
        start: offset,
        end: offset,
        matches: Vec::new(),
    }
}

fn command_names(typed: Range<usize>, code: &str, takes_rest: bool) -> Found {
    let start = &code[typed.clone()];
    let names = commands::listed(takes_rest).filter(|(name, _)| name.starts_with(start));
    Found {
        start: typed.start,
        end: typed.end,
        matches: names
            .map(|(name, summary)| Match {
                text: name.to_owned(),
                kind: "magic".to_owned(),
                signature: Some(summary.to_owned()),
            })
            .collect(),
    }
}

async fn propose(kind: Proposed, scope: Arc<Scope>, code: &str, offset: usize) -> Found {
    match kind {
        Proposed::Command(typed) => command_names(typed, code, false),
        Proposed::File(typed) => file_names(typed, false, scope, code).await,
        Proposed::Crate(typed) => {
            let start = code[typed.clone()].to_owned();
            let matches = tokio::task::spawn_blocking(move || crate_names(&scope, &start)).await;
            Found {
                start: typed.start,
                end: typed.end,
                matches: matches.unwrap_or_default(),
            }
        }
        Proposed::Nothing => nothing(offset),
    }
}

/// Names of files for the text at `typed`; in a text with escapes, what needs one is escaped.
async fn file_names(typed: Range<usize>, escapes: bool, scope: Arc<Scope>, code: &str) -> Found {
    let text = code[typed.clone()].to_owned();
    let start = typed.end - text.len() + text.rfind('/').map_or(0, |at| at + 1);
    let listed = tokio::task::spawn_blocking(move || files::files(&scope.directory, &text));
    // A disk that does not answer is nothing to wait for.
    let found = timeout(PATIENCE, listed).await;
    let mut matches = found.ok().and_then(Result::ok).unwrap_or_default();
    if escapes {
        for found in &mut matches {
            found.text = found.text.replace('\\', "\\\\").replace('"', "\\\"");
        }
    }
    Found {
        start,
        end: typed.end,
        matches,
    }
}

/// Crates that start with `start` and are on this machine: the runtime's, and those that cargo has fetched.
fn crate_names(scope: &Scope, start: &str) -> Vec<Match> {
    let own = scope.crates.iter().map(|known| known.name.clone());
    let mut names: Vec<String> = own.chain(fetched()).collect();
    names.retain(|name| name.starts_with(start));
    names.sort();
    names.dedup_by_key(|name| name.replace('-', "_"));
    let found = names.into_iter().map(|text| Match {
        text,
        kind: "module".to_owned(),
        signature: None,
    });
    found.collect()
}

/// The packages in cargo's own folder, whose files are named `NAME-VERSION.crate`.
fn fetched() -> Vec<String> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cargo")));
    let folders = home.and_then(|home| fs::read_dir(home.join("registry/cache")).ok());
    let files = folders
        .into_iter()
        .flatten()
        .filter_map(|folder| fs::read_dir(folder.ok()?.path()).ok())
        .flatten();
    let name = |file: fs::DirEntry| {
        let name = file.file_name().into_string().ok()?;
        let version = name.match_indices('-').find(|(at, _)| {
            let after = &name[at + 1..];
            after.starts_with(|c: char| c.is_ascii_digit()) && after.contains('.')
        });
        Some(name[..version?.0].to_owned())
    };
    files.filter_map(|file| name(file.ok()?)).collect()
}

/// The word that starts at `start`.
fn name_at(code: &str, start: usize) -> &str {
    let rest = code[start..].trim_start_matches([':', '%']);
    let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_'));
    &rest[..end.unwrap_or(rest.len())]
}

/// The byte at which the code point `cursor` of `code` starts; the end if there are not so many.
fn byte_offset(code: &str, cursor: usize) -> usize {
    let nth = code.char_indices().nth(cursor);
    nth.map_or(code.len(), |(offset, _)| offset)
}

fn code_points(code: &str, offset: usize) -> usize {
    code[..offset].chars().count()
}

/// Where this machine keeps declarations of crates.
fn cache_folder() -> Option<PathBuf> {
    let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
    let cache = match set("XDG_CACHE_HOME") {
        Some(cache) => PathBuf::from(cache),
        None => PathBuf::from(set("HOME")?).join(".cache"),
    };
    Some(cache.join("dagbok/declarations"))
}
