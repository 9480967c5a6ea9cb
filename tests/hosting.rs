//! What hosts need, as far as it can be checked without one: the steps of `binder/Dockerfile` and of `.ci/run`.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use dagbok_tests::python::{PACKAGES, skip};
use dagbok_tests::root;

/// An instruction of a Dockerfile: its name, and the rest with its lines joined.
fn instructions() -> Vec<(String, String)> {
    let text = fs::read_to_string(root().join("binder/Dockerfile")).expect("the Dockerfile");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let joined = lines.collect::<Vec<_>>().join("\n").replace("\\\n", " ");
    joined
        .lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(name, rest)| (name.to_owned(), rest.trim().to_owned()))
        .collect()
}

fn all(name: &str) -> Vec<String> {
    let named = instructions()
        .into_iter()
        .filter(|(found, _)| found == name);
    named.map(|(_, rest)| rest).collect()
}

/// The words behind `start` in the shell steps, up to the next command, without options.
fn operands(start: &str) -> Vec<String> {
    let steps = all("RUN").join(" && ");
    let commands = steps.split("&&").map(str::trim);
    commands
        .filter_map(|command| command.split_once(start))
        .flat_map(|(_, rest)| rest.split_whitespace())
        .filter(|word| !word.starts_with('-'))
        .map(str::to_owned)
        .collect()
}

#[track_caller]
fn check_shell(script: &str) {
    let mut bash = Command::new("bash")
        .arg("-n")
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("bash runs");
    let mut stdin = bash.stdin.take().expect("a pipe");
    stdin.write_all(script.as_bytes()).expect("bash reads");
    drop(stdin);
    let output = bash.wait_with_output().expect("bash ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script}: {said}");
}

#[test]
fn shell_steps_are_shell() {
    let steps = all("RUN");
    assert!(steps.len() >= 3, "{steps:?}");
    steps.iter().for_each(|step| check_shell(step));
    check_shell(&fs::read_to_string(root().join(".ci/run")).expect(".ci/run"));
}

#[test]
fn the_steps_are_the_readmes() {
    let readme = fs::read_to_string(root().join("README.md")).expect("the README");
    let steps = all("RUN").join("\n");
    for command in ["cargo build --release", "target/release/dagbok install"] {
        assert!(readme.contains(command), "the README has no `{command}`");
        assert!(steps.contains(command), "no step has `{command}`");
    }
}

#[test]
fn the_compiler_is_the_projects() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("the manifest");
    let version = manifest.split("rust-version = \"").nth(1).expect("MSRV");
    let version = version.split('"').next().unwrap_or_default();
    for image in all("FROM") {
        assert!(image.starts_with(&format!("rust:{version}-")), "{image}");
    }
}

#[test]
fn the_files_are_there() {
    for copied in all("COPY") {
        let words: Vec<&str> = copied.split_whitespace().collect();
        if words.iter().any(|word| word.starts_with("--from")) {
            continue;
        }
        let source = words.iter().find(|word| !word.starts_with("--"));
        let source = source.expect("a source");
        assert!(root().join(source).exists(), "`{source}` is not there");
    }
}

#[test]
fn python_packages_are_those_of_the_tests() {
    let pinned: Vec<String> = operands("pip install")
        .into_iter()
        .filter(|package| package.contains("=="))
        .collect();
    assert!(!pinned.is_empty());
    for package in pinned {
        assert!(
            PACKAGES.contains(&package.as_str()),
            "{package} is not in {PACKAGES:?}"
        );
    }
}

#[test]
fn debian_has_the_packages() {
    let knows = |package: &str| {
        let shown = Command::new("apt-cache")
            .args(["show", package])
            .stderr(Stdio::null())
            .stdout(Stdio::null())
            .status();
        shown.is_ok_and(|status| status.success())
    };
    if !knows("apt") {
        return skip("`apt-cache` with its lists of packages (`apt-get update`)");
    }
    let packages = operands("apt-get install");
    assert!(packages.len() >= 2, "{packages:?}");
    for package in packages {
        assert!(knows(&package), "Debian has no package `{package}`");
    }
}
