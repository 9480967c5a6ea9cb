//! A compiled crate to a library that the session loads: one a crate, so that each is linked once a machine and loaded once
//! a session, whatever asks for it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::UNIX_EPOCH;

use super::super::toolchain::{Linker, Toolchain};
use super::record::Record;

/// What tells one compile of a crate from the next: its file's time and length.
pub(super) fn identity(file: &Path) -> io::Result<String> {
    let metadata = fs::metadata(file)?;
    let since = metadata
        .modified()?
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Ok(format!("{:x}-{:x}", since.as_nanos(), metadata.len()))
}

/// The library of the crate `record` whose code is in `rlib`; made in `folder` unless it is there.
///
/// # Errors
/// If it cannot be linked.
pub(super) fn object(
    toolchain: &Toolchain,
    record: &Record,
    rlib: &Path,
    folder: &Path,
) -> io::Result<PathBuf> {
    let stem = rlib.file_stem().unwrap_or_default().to_string_lossy();
    let object = folder.join(format!("{stem}-{}.so", identity(rlib)?));
    if object.is_file() {
        return Ok(object);
    }
    let unfinished = tempfile::Builder::new()
        .suffix(".so")
        .tempfile_in(folder)?
        .into_temp_path();
    let output = linker(toolchain, record, rlib)
        .arg("-o")
        .arg(&unfinished)
        .output()?;
    if !output.status.success() {
        let message = String::from_utf8_lossy(&output.stderr);
        return Err(io::Error::other(format!(
            "the crate `{}` cannot be linked: {}",
            record.package,
            message.trim()
        )));
    }
    unfinished.persist(&object).map_err(|error| error.error)?;
    Ok(object)
}

/// What the crate uses of others is found when it is loaded; its own C code finds its own symbols first.
fn linker(toolchain: &Toolchain, record: &Record, rlib: &Path) -> Command {
    let through_cc = |command: &mut Command| {
        command
            .args([
                "-shared",
                "-nostartfiles",
                "-Wl,-Bsymbolic-functions",
                "-Wl,--whole-archive",
            ])
            .arg(rlib)
            .arg("-Wl,--no-whole-archive")
            .args(toolchain.proc_macro())
            .args(&record.link_arguments);
    };
    let directly = |command: &mut Command| {
        command
            .args([
                "-shared",
                "--eh-frame-hdr",
                "-Bsymbolic-functions",
                "--whole-archive",
            ])
            .arg(rlib)
            .arg("--no-whole-archive")
            .args(toolchain.proc_macro());
    };
    match &toolchain.linker {
        Linker::Ld(ld) if record.link_arguments.is_empty() => {
            let mut command = Command::new(ld);
            directly(&mut command);
            command
        }
        Linker::Lld(lld) if record.link_arguments.is_empty() => {
            let mut command = Command::new(lld);
            command.args(["-flavor", "gnu"]);
            directly(&mut command);
            command
        }
        _ => {
            let mut command = Command::new("cc");
            through_cc(&mut command);
            command
        }
    }
}
