//! One run of `rustc` a cell, and one of the linker.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use super::diagnostics::Message;
use super::instances::Instances;
use super::interrupt::Control;
use super::toolchain::{Linker, Toolchain};
use crate::runtime_files::{RuntimeFiles, dependency_flag};

/// Lints that a cell breaks for good reasons: what it imports, defines or makes mutable is for later cells, and a `;`
/// after a name keeps its value from being shown.
const ALLOWED_LINTS: &[&str] = &[
    "dead_code",
    "improper_ctypes",
    "path_statements",
    "private_bounds",
    "private_interfaces",
    "unused_assignments",
    "unused_attributes",
    "unused_features",
    "unused_imports",
    "unused_macros",
    "unused_mut",
];

fn allowed(warns: bool) -> impl Iterator<Item = &'static str> {
    let lints: &[&str] = if warns { ALLOWED_LINTS } else { &["warnings"] };
    lints.iter().copied()
}

/// Compiles the cells of one session into one folder.
pub(super) struct Compiler {
    toolchain: Toolchain,
    files: RuntimeFiles,
    folder: PathBuf,
    /// The arguments of the last run for each crate, without what it wrote.
    runs: Mutex<BTreeMap<String, Vec<OsString>>>,
    /// Holds nothing but `libdagbok.so`, so that the compiler does not list a large folder for each cell.
    face_folder: PathBuf,
    /// Looked up by the first compile; `None` if the runtime has none that can be used.
    instances: OnceLock<Option<Instances>>,
}

/// What to make of a source.
pub(super) struct Request<'a> {
    pub(super) crate_name: &'a str,
    pub(super) source: &'a str,
    /// Earlier cells that the source names.
    pub(super) cells: &'a [String],
    /// Crates that the engine carries or that `:dep` has brought, by name and file.
    pub(super) crates: &'a [(String, PathBuf)],
    /// The folder with what a notebook's dependencies depend on, if anything reaches them.
    pub(super) dependencies: Option<&'a Path>,
    /// Whether anything reaches the engine's crates, if only through earlier cells.
    pub(super) needs_engine: bool,
    /// Whether later cells can name something of this one.
    pub(super) has_items: bool,
    /// Whether the types of kept variables are asked for.
    pub(super) has_bindings: bool,
    pub(super) opt_level: OptLevel,
    /// Whether the calls that lead to a panic are to say their lines.
    pub(super) has_lines: bool,
    /// Whether warnings are wanted.
    pub(super) warns: bool,
}

impl<'a> Request<'a> {
    /// For a source that names nothing but the face and leaves nothing behind.
    pub(super) fn alone(crate_name: &'a str, source: &'a str) -> Self {
        Request {
            crate_name,
            source,
            cells: &[],
            crates: &[],
            dependencies: None,
            needs_engine: false,
            has_items: false,
            has_bindings: false,
            opt_level: OptLevel('0'),
            has_lines: false,
            warns: false,
        }
    }
}

/// `-C opt-level`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OptLevel(pub(crate) char);

/// A compile that came to its end.
pub(super) enum Compiled {
    Done {
        object: PathBuf,
        /// The code in which kept variables have their types.
        mir: String,
        warnings: Vec<Message>,
        times: CompileTimes,
    },
    Failed {
        messages: Vec<Message>,
    },
    Interrupted,
}

/// A run for another output than an object.
pub(super) enum Again {
    Done(String),
    Failed(Vec<Message>),
    Interrupted,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct CompileTimes {
    pub(super) rustc: Duration,
    pub(super) link: Duration,
}

impl Compiler {
    /// A compiler that writes into `folder`.
    pub(super) fn new(
        toolchain: Toolchain,
        files: RuntimeFiles,
        folder: &Path,
    ) -> io::Result<Self> {
        let face_folder = folder.join("face");
        fs::create_dir(&face_folder)?;
        let name = files.face.file_name().unwrap_or_default();
        std::os::unix::fs::symlink(&files.face, face_folder.join(name))?;
        link_macros(&files.dependencies, &face_folder)?;
        Ok(Compiler {
            toolchain,
            files,
            folder: folder.to_owned(),
            runs: Mutex::default(),
            face_folder,
            instances: OnceLock::new(),
        })
    }

    /// The name under which panics report places in the source of `crate_name`.
    pub(super) fn source_file(&self, crate_name: &str) -> PathBuf {
        self.folder.join(format!("{crate_name}.rs"))
    }

    /// The files of the crates that the engine carries.
    pub(super) fn carried_crates(&self) -> io::Result<BTreeMap<String, PathBuf>> {
        self.files.carried_crates(&self.toolchain)
    }

    /// Compiles and links.
    pub(super) fn compile(&self, request: &Request<'_>, control: &Control) -> io::Result<Compiled> {
        let start = Instant::now();
        let source = self.source_file(request.crate_name);
        fs::write(&source, request.source)?;
        let mut command = self.rustc(request);
        self.remember(request.crate_name, &command);
        command
            .arg(&source)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let Some(mut output) = control.spawn_compiler(&mut command)? else {
            return Ok(Compiled::Interrupted);
        };
        let mut text = String::new();
        let read = output.read_to_string(&mut text);
        let Some(status) = control.wait_for_compiler()? else {
            return Ok(Compiled::Interrupted);
        };
        read?;
        let messages = Message::parse_all(&text, request.crate_name);
        if !status.success() {
            return match messages.is_empty() {
                true => Err(io::Error::other(format!(
                    "rustc ended with {status}: {}",
                    text.trim()
                ))),
                false => Ok(Compiled::Failed { messages }),
            };
        }
        let compiled = Instant::now();
        let object = self.link(request.crate_name)?;
        let mir = match request.has_bindings {
            true => fs::read_to_string(self.folder.join(format!("{}.mir", request.crate_name)))?,
            false => String::new(),
        };
        let times = CompileTimes {
            rustc: compiled - start,
            link: compiled.elapsed(),
        };
        Ok(Compiled::Done {
            object,
            mir,
            warnings: messages,
            times,
        })
    }

    /// What the compiler makes of the source of `crate_name` with `arguments` besides those of its last run.
    pub(super) fn again(
        &self,
        crate_name: &str,
        arguments: &[&str],
        control: &Control,
    ) -> io::Result<Again> {
        let earlier = self.runs().get(crate_name).cloned().unwrap_or_default();
        let mut command = Command::new(&self.toolchain.rustc);
        command
            .env("RUSTC_BOOTSTRAP", "1")
            .current_dir(&self.folder)
            .args(earlier)
            .args(arguments)
            .arg(self.source_file(crate_name));
        self.finish(&mut command, crate_name, control)
    }

    /// The source of `request` with its macros expanded.
    pub(super) fn expand(&self, request: &Request<'_>, control: &Control) -> io::Result<Again> {
        fs::write(self.source_file(request.crate_name), request.source)?;
        self.remember(request.crate_name, &self.rustc(request));
        self.again(request.crate_name, &["-Z", "unpretty=expanded"], control)
    }

    fn finish(
        &self,
        command: &mut Command,
        crate_name: &str,
        control: &Control,
    ) -> io::Result<Again> {
        let written = self.folder.join(format!("{crate_name}.again"));
        command
            .arg("-o")
            .arg(&written)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let Some(mut stderr) = control.spawn_compiler(command)? else {
            return Ok(Again::Interrupted);
        };
        let mut text = String::new();
        let read = stderr.read_to_string(&mut text);
        let Some(status) = control.wait_for_compiler()? else {
            return Ok(Again::Interrupted);
        };
        read?;
        match Message::parse_all(&text, crate_name) {
            _ if status.success() => fs::read_to_string(written).map(Again::Done),
            messages if messages.is_empty() => Err(io::Error::other(format!(
                "rustc ended with {status}: {}",
                text.trim()
            ))),
            messages => Ok(Again::Failed(messages)),
        }
    }

    fn remember(&self, crate_name: &str, command: &Command) {
        let is_lasting = |argument: &&OsStr| !argument.as_encoded_bytes().starts_with(b"--emit");
        let arguments = command.get_args().filter(is_lasting);
        let arguments = arguments.map(OsStr::to_owned).collect();
        self.runs().insert(crate_name.to_owned(), arguments);
    }

    fn runs(&self) -> MutexGuard<'_, BTreeMap<String, Vec<OsString>>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn rustc(&self, request: &Request<'_>) -> Command {
        let name = request.crate_name;
        let path = |extension: &str| self.folder.join(format!("{name}.{extension}"));
        let mut emit = OsString::from("--emit=obj=");
        emit.push(path("o"));
        if request.has_items {
            emit.push(",metadata=");
            emit.push(self.metadata(name));
        }
        if request.has_bindings {
            emit.push(",mir=");
            emit.push(path("mir"));
        }
        let mut command = Command::new(&self.toolchain.rustc);
        command
            .env("RUSTC_BOOTSTRAP", "1")
            // What it writes for a moment lies where it runs.
            .current_dir(&self.folder)
            .args([
                "--edition",
                "2024",
                "--crate-type",
                "rlib",
                "--crate-name",
                name,
            ])
            .arg("--error-format=json")
            .args(allowed(request.warns).flat_map(|lint| ["-A", lint]))
            .args(["-C", "prefer-dynamic", "-C", "codegen-units=1"])
            .args(["-C", "debug-assertions=no", "-C", "overflow-checks=yes"])
            // A person's assertions count; std's own checks of unsafe code would be compiled in each cell.
            .args(["--cfg", "debug_assertions"])
            .args(["-A", "explicit_builtin_cfgs_in_flags"])
            .args(["-C", &format!("opt-level={}", request.opt_level.0)])
            .args(["-Z", "trim-diagnostic-paths=no", "-Z", "unstable-options"])
            .arg(emit)
            .args(["--extern", &format!("dagbok={}", self.files.face.display())])
            .arg("-L")
            .arg(dependency_flag(&self.face_folder));
        if request.has_lines {
            command.args(["-C", "debuginfo=line-tables-only"]);
        }
        if request.opt_level == OptLevel('0') {
            for (name, file) in self
                .instances()
                .iter()
                .flat_map(|given| given.of(request.source))
            {
                command
                    .arg("--extern")
                    .arg(extern_flag(&format!("force:{name}"), file));
            }
        }
        for cell in request.cells {
            command
                .arg("--extern")
                .arg(extern_flag(cell, &self.metadata(cell)));
        }
        if !request.cells.is_empty() {
            command.arg("-L").arg(dependency_flag(&self.folder));
        }
        for (name, file) in request.crates {
            command.arg("--extern").arg(extern_flag(name, file));
        }
        if let Some(folder) = request.dependencies {
            command.arg("-L").arg(dependency_flag(folder));
        }
        if request.needs_engine {
            command
                .arg("-L")
                .arg(dependency_flag(&self.files.dependencies));
        }
        command
    }

    fn instances(&self) -> &Option<Instances> {
        let link = || Instances::link(&self.files, &self.toolchain, &self.face_folder);
        // Cells only compile more without them.
        self.instances.get_or_init(|| link().ok())
    }

    fn metadata(&self, crate_name: &str) -> PathBuf {
        self.folder.join(format!("lib{crate_name}.rmeta"))
    }

    /// Libraries that the session has loaded already are not named: their symbols resolve when the cell is loaded.
    fn link(&self, crate_name: &str) -> io::Result<PathBuf> {
        let input = self.folder.join(format!("{crate_name}.o"));
        let object = self.folder.join(format!("{crate_name}.so"));
        let mut command = match &self.toolchain.linker {
            Linker::Ld(ld) => {
                let mut command = Command::new(ld);
                command.args(["-shared", "--eh-frame-hdr"]);
                command
            }
            Linker::Lld(lld) => {
                let mut command = Command::new(lld);
                command.args(["-flavor", "gnu", "-shared", "--eh-frame-hdr"]);
                command
            }
            Linker::Cc => {
                let mut command = Command::new("cc");
                command.args(["-shared", "-nostdlib"]);
                command
            }
        };
        let output = command.arg("-o").arg(&object).arg(&input).output()?;
        if !output.status.success() {
            let message = String::from_utf8_lossy(&output.stderr);
            return Err(io::Error::other(format!(
                "the cell cannot be linked: {}",
                message.trim()
            )));
        }
        fs::remove_file(input)?;
        Ok(object)
    }
}

/// `name=file`, as `--extern` takes it.
fn extern_flag(name: &str, file: &Path) -> OsString {
    let mut flag = OsString::from(format!("{name}="));
    flag.push(file);
    flag
}

/// Puts links to the procedural macros that the face re-exports into `folder`.
fn link_macros(dependencies: &Path, folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dependencies)? {
        let path = entry?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        if name.starts_with("libdagbok_macros") && name.ends_with(std::env::consts::DLL_SUFFIX) {
            std::os::unix::fs::symlink(&path, folder.join(name))?;
        }
    }
    Ok(())
}
