//! Records which compiler built the runtime: cells must be compiled by the very same one. Gathers the face's sources, whose
//! comments `:doc` shows. Also lets both binaries find their libraries beside themselves.

#[path = "rpath.rs"]
mod rpath;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let rustc = env::var_os("RUSTC").expect("cargo sets RUSTC");
    let ask = |arguments: &[&str]| {
        let output = Command::new(&rustc)
            .args(arguments)
            .output()
            .expect("cargo's rustc runs");
        String::from_utf8(output.stdout).expect("rustc speaks UTF-8")
    };
    let sysroot = ask(&["--print", "sysroot"]).trim().to_owned();
    let version = ask(&["-vV"]);
    let of = |key: &str| {
        version
            .lines()
            .find_map(|line| line.strip_prefix(key))
            .expect("`rustc -vV` has all its lines")
            .trim()
            .to_owned()
    };
    let first_line = version.lines().next().expect("`rustc -vV` says something");
    println!("cargo::rustc-env=DAGBOK_SYSROOT={sysroot}");
    println!("cargo::rustc-env=DAGBOK_RUSTC_VERSION={first_line}");
    println!("cargo::rustc-env=DAGBOK_RUSTC_RELEASE={}", of("release:"));
    println!("cargo::rustc-env=DAGBOK_HOST={}", of("host:"));

    println!("cargo::rerun-if-changed=rpath.rs");
    rpath::find_libraries();
    gather_sources(Path::new("../runtime/face/src"));
}

/// Writes a table of all files below `folder`, by path and text.
fn gather_sources(folder: &Path) {
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).expect("the face's folder can be read");
        let paths = entries.map(|entry| entry.expect("an entry").path());
        let (inner, own): (Vec<PathBuf>, Vec<PathBuf>) = paths.partition(|path| path.is_dir());
        folders.extend(inner);
        files.extend(own);
    }
    files.sort();
    let rows = files.iter().map(|file| {
        let name = file.strip_prefix(folder).expect("it is below");
        let text = fs::read_to_string(file).expect("the face is UTF-8");
        format!("({name:?}, {text:?}),\n")
    });
    let table = format!(
        "const SOURCES: &[(&str, &str)] = &[\n{}];\n",
        rows.collect::<String>()
    );
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    fs::write(out.join("face_sources.rs"), table).expect("OUT_DIR can be written");
}
