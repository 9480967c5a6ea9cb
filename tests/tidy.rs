//! ARCHITECTURE.md's invariants, read off the sources.

use std::fs;
use std::path::{Path, PathBuf};

use dagbok_tests::root;

/// All `.rs` files below `folder`, with their text; the part after `#[cfg(test)]` is left out.
fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in
            fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        {
            let path = entry.expect("a readable folder").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs")
                && !path.ends_with("tests.rs")
                && !path.ends_with("simulation.rs")
                && !path.ends_with("spilling.rs")
            {
                let text = fs::read_to_string(&path).expect("UTF-8");
                let shipped = text
                    .split("#[cfg(test)]")
                    .next()
                    .unwrap_or_default()
                    .to_owned();
                found.push((
                    path.strip_prefix(root())
                        .expect("below the root")
                        .to_owned(),
                    shipped,
                ));
            }
        }
    }
    assert!(!found.is_empty(), "no sources in {folder}");
    found
}

/// No line of code below `folder` holds one of `words`, but in files whose path starts with one of `allowed`.
#[track_caller]
fn check_absent(folder: &str, words: &[&str], allowed: &[&str]) {
    let mut broken = Vec::new();
    for (path, text) in sources(folder) {
        if allowed.iter().any(|allowed| path.starts_with(allowed)) {
            continue;
        }
        for (idx, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            if let Some(word) = words.iter().find(|word| code.contains(**word)) {
                broken.push(format!("{}:{}: `{word}`", path.display(), idx + 1));
            }
        }
    }
    assert!(
        broken.is_empty(),
        "below {folder}, only {allowed:?} may use these:\n{}",
        broken.join("\n")
    );
}

#[test]
fn the_graph_knows_no_collection() {
    let collections = [
        "Array",
        "Frame",
        "Delayed",
        "Collection",
        "NdArray",
        "polars",
    ];
    let uses = collections
        .map(|name| format!("{name},"))
        .into_iter()
        .chain(collections.map(|name| format!("::{name};")));
    let uses: Vec<String> = uses.collect();
    check_absent(
        "runtime/engine/src/graph",
        &uses.iter().map(String::as_str).collect::<Vec<_>>(),
        &[],
    );
    check_absent(
        "runtime/engine/src/scheduler",
        &uses.iter().map(String::as_str).collect::<Vec<_>>(),
        &[],
    );
}

#[test]
fn collections_know_no_threads() {
    let cell = ["runtime/face/src/cell"];
    check_absent("runtime/face/src", &["std::thread", "rayon"], &cell);
    check_absent("runtime/engine/src/planner", &["std::thread", "rayon"], &[]);
}

#[test]
fn state_machines_are_pure() {
    for folder in ["scheduler", "futures"] {
        check_pure(&format!("runtime/engine/src/{folder}"));
    }
}

#[track_caller]
fn check_pure(folder: &str) {
    for (path, text) in sources(folder) {
        if path.ends_with("state.rs") {
            for word in [
                "std::thread",
                "std::time",
                "std::fs",
                "std::net",
                "Instant",
                "Mutex",
                "crossbeam",
            ] {
                assert!(!text.contains(word), "{} uses {word}", path.display());
            }
            return;
        }
    }
    panic!("{folder}/state.rs is gone");
}

#[test]
fn only_storage_and_io_touch_the_disk() {
    let disk = [
        "std::fs",
        "File::open",
        "File::create",
        "fs::read",
        "fs::write",
    ];
    check_absent("runtime/face/src", &disk, &[]);
    check_absent(
        "runtime/engine/src",
        &disk,
        &["runtime/engine/src/io", "runtime/engine/src/storage"],
    );
}

#[test]
fn nothing_in_the_runtime_prints() {
    let print = [
        "println!",
        "print!(",
        "eprintln!",
        "eprint!(",
        "stdout()",
        "stderr()",
    ];
    check_absent("runtime/engine/src", &print, &[]);
    check_absent("runtime/face/src", &print, &["runtime/face/src/cell"]);
}

#[test]
fn only_wire_knows_jupyters_json_and_only_socket_zeromq() {
    check_absent(
        "kernel/src",
        &["zeromq::", "jupyter_zmq_client"],
        &["kernel/src/socket"],
    );
    check_absent("kernel/src", &["jupyter_protocol"], &["kernel/src/wire"]);
}

#[test]
fn the_face_stays_thin_and_nobody_looks_up() {
    let manifest =
        fs::read_to_string(root().join("runtime/face/Cargo.toml")).expect("the manifest");
    let dependencies = manifest
        .split("[dependencies]")
        .nth(1)
        .expect("dependencies")
        .split("\n[")
        .next()
        .unwrap_or_default();
    let names: Vec<&str> = dependencies
        .lines()
        .filter_map(|line| line.split(['.', ' ', '=']).next())
        .filter(|name| !name.is_empty())
        .collect();
    assert_eq!(
        names,
        ["dagbok-macros"],
        "each dependency of the face is paid for by every cell"
    );
    check_absent("runtime", &["dagbok_kernel"], &[]);
    check_absent("kernel", &["dagbok_engine::"], &["kernel/session"]);
}

#[test]
fn unsafe_only_where_std_and_the_libraries_have_nothing_safe() {
    let allowed = ["kernel/session", "kernel/src/evaluate/native"];
    check_absent(
        "kernel",
        &["unsafe {", "unsafe fn", "unsafe impl"],
        &allowed,
    );
    check_absent(
        "runtime",
        &["unsafe {", "unsafe fn", "unsafe impl"],
        &[
            "runtime/face/src/cell",
            "runtime/face/src/future/handle.rs",
            "runtime/face/src/sealed.rs",
            "runtime/engine/src/storage/folder.rs",
            "runtime/engine/src/io/parquet.rs",
        ],
    );
}

#[test]
fn the_engine_holds_the_crates_that_cells_can_name() {
    let read = |path: &str| fs::read_to_string(root().join(path)).expect(path);
    let kernel = read("kernel/src/runtime_files.rs");
    let (_, list) = kernel
        .split_once("CARRIED_CRATES: &[&str] = &[")
        .expect("a list");
    let (list, _) = list.split_once(']').expect("its end");
    let named: Vec<&str> = list.split('"').skip(1).step_by(2).collect();
    let engine = read("runtime/engine/src/carried.rs");
    let held = engine
        .lines()
        .filter_map(|line| line.strip_prefix("extern crate ")?.strip_suffix(" as _;"));
    let mut held: Vec<&str> = held.chain(["dagbok_engine"]).collect();
    held.sort_unstable();
    assert_eq!(named, held);
}

#[test]
fn every_module_says_what_it_is_for() {
    for folder in ["runtime", "kernel", "tests"] {
        for (path, text) in sources(folder) {
            assert!(
                text.trim_start().starts_with("//!"),
                "{} does not start with `//!`",
                path.display()
            );
        }
    }
}

#[test]
fn links_between_documents_lead_somewhere() {
    for document in [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "python/README.md",
    ] {
        let text = fs::read_to_string(root().join(document))
            .unwrap_or_else(|error| panic!("{document}: {error}"));
        for link in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split([')', '#']).next())
        {
            let outside = link.is_empty() || link.contains("://");
            assert!(
                outside || Path::new(&root().join(link)).exists(),
                "{document} links to `{link}`"
            );
        }
    }
}

#[test]
fn paths_named_in_the_architecture_exist() {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    let map = text
        .split("## Code map")
        .nth(1)
        .expect("a code map")
        .split("\n## ")
        .next()
        .unwrap_or_default();
    let paths: Vec<&str> = map
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|word| word.contains('/'))
        .collect();
    assert!(!paths.is_empty(), "the code map names no paths");
    for path in paths {
        assert!(root().join(path).exists(), "the code map names `{path}`");
    }
}
