//! The command line: one subcommand a variant, each handed to the module that does it.

use std::error::Error;
use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};
use dagbok_kernel::evaluate::native::{self, NativeEvaluator, Toolchain};
use dagbok_kernel::evaluate::{CellError, Evaluator};
use dagbok_kernel::install::{self, InstallOptions, InstallSet, Installed, Place};
use dagbok_kernel::lab::{self, LabOptions};
use dagbok_kernel::notebook::{self, RunOptions};
use dagbok_kernel::runtime_files::RuntimeFiles;
use dagbok_kernel::server;
use tracing_subscriber::EnvFilter;

/// A Jupyter kernel for Rust with a parallel lazy-collection runtime.
#[derive(Parser)]
#[command(name = "dagbok", version, propagate_version = true)]
#[command(
    after_help = "The environment variable DAGBOK_LOG says the same as --log, also to kernels that Jupyter starts."
)]
struct Arguments {
    /// Log on stderr what is at least as grave as LEVEL: error, warn, info, debug or trace
    #[arg(long, global = true, value_name = "LEVEL")]
    log: Option<EnvFilter>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Install the kernel where Jupyter finds it
    Install(InstallArguments),
    /// Remove an installed kernel
    Uninstall(UninstallArguments),
    /// Open JupyterLab on notebooks, with this kernel
    Lab(LabArguments),
    /// Run a notebook and show its outputs, without Jupyter
    Run {
        #[command(flatten)]
        options: RunOptions,
        #[command(flatten)]
        choice: EvaluatorArguments,
    },
    /// Run a kernel; Jupyter calls this
    Kernel {
        /// The file in which Jupyter says at which ports to listen
        connection_file: PathBuf,
        /// What `jupyter run` and `jupyter console` hand on of their own arguments, which means nothing here
        #[arg(hide = true)]
        handed_on: Vec<OsString>,
        #[command(flatten)]
        choice: EvaluatorArguments,
    },
}

#[derive(Args)]
struct EvaluatorArguments {
    /// What runs cells
    #[arg(long, value_enum, default_value_t)]
    evaluator: EvaluatorKind,
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum EvaluatorKind {
    /// Dagbok's own
    #[default]
    Native,
    /// That of the evcxr project, in a build with the feature `evcxr`
    Evcxr,
}

#[derive(Args)]
#[group(multiple = false)]
struct PlaceArguments {
    /// For the current user (the default)
    #[arg(long)]
    user: bool,
    /// Under the folder `share` of PREFIX
    #[arg(long, value_name = "PREFIX")]
    prefix: Option<PathBuf>,
    /// In the active virtual or conda environment, or that of `python3`
    #[arg(long)]
    sys_prefix: bool,
}

#[derive(Args)]
struct InstallArguments {
    #[command(flatten)]
    place: PlaceArguments,
    /// The name by which notebooks refer to the kernel
    #[arg(long, default_value = "dagbok")]
    name: String,
    /// The name that people see
    #[arg(long)]
    display_name: Option<String>,
}

#[derive(Args)]
struct UninstallArguments {
    #[command(flatten)]
    place: PlaceArguments,
    /// The name under which the kernel was installed
    #[arg(long, default_value = "dagbok")]
    name: String,
}

#[derive(Args)]
struct LabArguments {
    /// The folder to open; `notebooks` if there is one here, else this one
    folder: Option<PathBuf>,
    /// The port at which JupyterLab listens
    #[arg(long)]
    port: Option<u16>,
    /// Further arguments of `jupyter lab`, after `--`
    #[arg(last = true)]
    arguments: Vec<OsString>,
}

fn main() -> ExitCode {
    if let Some(code) = native::stand_in_for_rustc() {
        return code;
    }
    #[cfg(feature = "evcxr")]
    dagbok_kernel::evaluate::evcxr::runtime_hook();
    let arguments = Arguments::parse();
    log_to_stderr(arguments.log);
    let done = match arguments.command {
        Command::Install(arguments) => install(arguments),
        Command::Uninstall(arguments) => uninstall(arguments),
        Command::Lab(arguments) => open_lab(arguments),
        Command::Run { options, choice } => {
            return notebook::run(&options, |directory| {
                evaluator(choice.evaluator, Some(directory.to_owned()), None)
            });
        }
        Command::Kernel {
            connection_file,
            handed_on: _,
            choice,
        } => kernel(&connection_file, choice.evaluator),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tell(&format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Logs at the level asked for, else at that of `DAGBOK_LOG`, else warnings.
fn log_to_stderr(asked: Option<EnvFilter>) {
    let filter = asked
        .or_else(|| EnvFilter::try_from_env("DAGBOK_LOG").ok())
        .unwrap_or_else(|| EnvFilter::new("warn"));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    match std::io::stderr().is_terminal() {
        true => log.init(),
        false => log.with_ansi(false).init(),
    }
}

fn tell(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

impl From<PlaceArguments> for Place {
    fn from(arguments: PlaceArguments) -> Place {
        match arguments {
            PlaceArguments {
                prefix: Some(prefix),
                ..
            } => Place::Prefix(prefix),
            PlaceArguments {
                sys_prefix: true, ..
            } => Place::SysPrefix,
            _ => Place::User,
        }
    }
}

fn install(arguments: InstallArguments) -> Result<(), Box<dyn Error>> {
    let options = InstallOptions {
        place: arguments.place.into(),
        name: arguments.name,
        display_name: arguments.display_name,
    };
    let installed = install::install(&options, &install_set()?)?;
    tell(&format!(
        "installed the kernel `{}` in `{}`, with its runtime in `{}`",
        options.name,
        installed.kernelspec.display(),
        installed.runtime.display()
    ));
    if let (Place::Prefix(_), Some(path)) = (&options.place, installed.jupyter_path()) {
        tell(&format!(
            "a Jupyter that is not under this prefix finds it with `JUPYTER_PATH={}`",
            path.display()
        ));
    }
    tell_left(&installed);
    Ok(())
}

fn uninstall(arguments: UninstallArguments) -> Result<(), Box<dyn Error>> {
    let removed = install::uninstall(&arguments.place.into(), &arguments.name)?;
    tell(&format!(
        "removed the kernel `{}` from `{}`",
        arguments.name,
        removed.kernelspec.display()
    ));
    tell_left(&removed);
    Ok(())
}

fn tell_left(installed: &Installed) {
    for runtime in &installed.left {
        tell(&format!(
            "a running kernel uses `{}`; the next install or uninstall removes it",
            runtime.display()
        ));
    }
}

/// This program and the runtime that it was built with.
fn install_set() -> Result<InstallSet, Box<dyn Error>> {
    let program = PathBuf::from("bin/dagbok");
    let runtime = RuntimeFiles::locate()?.files_to_install(&Toolchain::find()?)?;
    let mut files = vec![(std::env::current_exe()?, program.clone())];
    files.extend(runtime.into_iter().map(|file| (file.source, file.target)));
    Ok(InstallSet { files, program })
}

fn open_lab(arguments: LabArguments) -> Result<(), Box<dyn Error>> {
    let options = LabOptions {
        folder: arguments.folder,
        port: arguments.port,
        arguments: arguments.arguments,
    };
    match lab::lab(&options, tell)? {}
}

fn kernel(connection_file: &Path, kind: EvaluatorKind) -> Result<(), Box<dyn Error>> {
    let _runtime = install::keep_runtime();
    let kernel_id = kernel_id(connection_file);
    server::serve(
        connection_file,
        server::Options::from_environment(),
        move || evaluator(kind, None, kernel_id).map_err(start_error),
    )?;
    Ok(())
}

/// By what id Jupyter's server knows the kernel, which it puts into the file's name.
fn kernel_id(connection_file: &Path) -> Option<String> {
    let name = connection_file.file_stem()?.to_str()?;
    name.strip_prefix("kernel-").map(str::to_owned)
}

/// What runs cells, in `directory` or else in the current one.
fn evaluator(
    kind: EvaluatorKind,
    directory: Option<PathBuf>,
    kernel_id: Option<String>,
) -> Result<Box<dyn Evaluator>, Box<dyn Error>> {
    Ok(match kind {
        EvaluatorKind::Native => Box::new(NativeEvaluator::start(native::Options {
            directory,
            kernel_id,
            ..Default::default()
        })?),
        #[cfg(feature = "evcxr")]
        EvaluatorKind::Evcxr => {
            use std::sync::Mutex;

            use dagbok_kernel::evaluate::evcxr;
            Box::new(Mutex::new(evcxr::EvcxrEvaluator::start(evcxr::Options {
                directory,
            })?))
        }
        #[cfg(not(feature = "evcxr"))]
        EvaluatorKind::Evcxr => {
            return Err(
                "this `dagbok` was built without evcxr; build one that has it with \
                        `cargo build --release -p dagbok-kernel --features evcxr`"
                    .into(),
            );
        }
    })
}

/// What every cell shows of a kernel that cannot run cells.
fn start_error(error: Box<dyn Error>) -> CellError {
    let sentence = error.to_string();
    CellError {
        name: "StartError".to_owned(),
        value: sentence.clone(),
        traceback: vec![sentence],
    }
}
