//! What is planned and refused before a run, and files replaced whole.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use clap::{CommandFactory, FromArgMatches, Parser};
use expect_test::{Expect, expect};

use super::plan::Plan;
use super::{RunOptions, save};

const EMPTY: &str = r#"{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}"#;

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    run: RunOptions,
}

/// A directory with two notebooks, one other file and one directory.
fn directory() -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    let file =
        |name: &str, text: &[u8]| fs::write(directory.path().join(name), text).expect("a file");
    file("a.ipynb", EMPTY.as_bytes());
    file("b.ipynb", EMPTY.as_bytes());
    file("binary.ipynb", b"\x89PNG\xff");
    fs::create_dir(directory.path().join("folder")).expect("a directory");
    directory
}

/// What is planned for `arguments`, in which `@` stands for the directory.
fn check_plan(arguments: &str, expect: Expect) {
    let directory = directory();
    let root = directory.path().display().to_string();
    let arguments = arguments.replace('@', &root);
    let matches =
        Arguments::command().try_get_matches_from(["run"].into_iter().chain(arguments.split(' ')));
    let plan = match matches.map(|matches| {
        Arguments::from_arg_matches(&matches)
            .expect("arguments")
            .run
    }) {
        Err(error) => error
            .to_string()
            .lines()
            .next()
            .unwrap_or_default()
            .to_owned(),
        Ok(options) => match Plan::new(&options) {
            Err(error) => format!("{}: {error}", error.exit_code()),
            Ok(plan) => plan
                .targets
                .save(&plan.notebook, &plan.directory)
                .expect("saved")
                .join(" "),
        },
    };
    expect.assert_eq(&plan.replace(&root, "@"));
}

#[test]
fn plans_what_to_write() {
    check_plan("@/a.ipynb", expect!["@/a.executed.ipynb @/a.html"]);
    check_plan("@/a.ipynb --inplace --no-html", expect!["@/a.ipynb"]);
    check_plan(
        "@/a.ipynb --no-output --html @/folder/x.html",
        expect!["@/folder/x.html"],
    );
    check_plan("@/a.ipynb --no-output --no-html", expect![""]);
    check_plan(
        "@/a.ipynb --output @/b.ipynb",
        expect!["@/b.ipynb @/a.html"],
    );
    check_plan(
        "@/a.ipynb --output @/a.ipynb",
        expect!["@/a.ipynb @/a.html"],
    );
    check_plan(
        "@/a.ipynb --inplace --output @/x",
        expect!["error: the argument '--inplace' cannot be used with '--output <FILE>'"],
    );
}

#[test]
fn refuses_before_anything_runs() {
    check_plan(
        "@/none.ipynb",
        expect!["2: `@/none.ipynb` does not exist: name a notebook file (`.ipynb`)"],
    );
    check_plan(
        "@/folder",
        expect!["2: `@/folder` is a directory: name a notebook file (`.ipynb`) in it"],
    );
    check_plan(
        "@/binary.ipynb",
        expect!["2: `@/binary.ipynb` is not a notebook: it is not text in UTF-8"],
    );
    check_plan(
        "@/a.ipynb --output @/folder",
        expect!["2: `@/folder` is a directory: name a file to write"],
    );
    check_plan(
        "@/a.ipynb --html @/none/x.html",
        expect!["2: `@/none/x.html` cannot be written: there is no directory `@/none`"],
    );
    check_plan(
        "@/a.ipynb --html @/a.ipynb",
        expect!["2: `@/a.ipynb` is the notebook: the HTML page needs another name"],
    );
    check_plan(
        "@/a.ipynb --html @/x --output @/x",
        expect![
            "2: `@/x` is named for the executed notebook and for the HTML page: they need two files"
        ],
    );
    check_plan(
        "@/a.ipynb --inplace --html @/folder/../a.ipynb",
        expect!["2: `@/folder/../a.ipynb` is the notebook: the HTML page needs another name"],
    );
}

#[test]
fn replaces_files_whole() {
    let directory = directory();
    let file = |name: &str| directory.path().join(name);
    let mode = |path: &Path| fs::metadata(path).expect("a file").permissions().mode() & 0o777;
    fs::set_permissions(file("a.ipynb"), fs::Permissions::from_mode(0o640)).expect("allowed");
    std::os::unix::fs::symlink(file("a.ipynb"), file("link")).expect("a link");

    save::replace(&file("link"), "new").expect("written");
    assert_eq!(fs::read_to_string(file("a.ipynb")).expect("a file"), "new");
    assert!(file("link").is_symlink());
    assert_eq!(mode(&file("a.ipynb")), 0o640);

    fs::remove_dir(file("folder")).expect("removed");
    save::replace(&file("folder/x"), "new").expect_err("there is no such directory");
    let n_files = fs::read_dir(directory.path()).expect("a directory").count();
    assert_eq!(n_files, 4, "no temporary file is left");
}
