//! Settings from all sources: which counts, what they may be, and what is said of mistakes.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::path::Path;

use dagbok::config::{Change, Setting, Settings};
use dagbok::{ErrorKind, Site};
use expect_test::{Expect, expect};
use tempfile::TempDir;

use super::Configuration;

/// An environment with a file of settings.
struct World {
    folder: TempDir,
    config: Configuration,
}

impl World {
    /// `variables` as `NAME=VALUE`, without `DAGBOK_`.
    fn new(variables: &[&str], toml: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        fs::write(&path, toml).unwrap();
        let mut environment = environment(variables);
        environment.insert("DAGBOK_CONFIG".to_owned(), path.into());
        World::of(folder, environment)
    }

    fn of(folder: TempDir, environment: HashMap<String, OsString>) -> Self {
        let config = Configuration::of(Box::new(move |name| environment.get(name).cloned()));
        World { folder, config }
    }

    fn write(&self, toml: &str) {
        fs::write(self.folder.path().join("config.toml"), toml).unwrap();
    }

    fn get(&self, key: &str) -> String {
        let value = self.config.get(key);
        value.map_or_else(|error| format!("{error:?}"), |value| value.to_string())
    }

    fn set(&self, key: &str, value: impl Into<Setting>) {
        let set = self.config.set(key, value.into(), Site::caller());
        set.expect("a value that is allowed");
    }

    fn enter(&self, key: &str, value: impl Into<Setting>) -> u64 {
        let change = Change {
            key: key.to_owned(),
            value: value.into(),
        };
        let scope = self.config.enter(&[change], Site::caller());
        scope.expect("a value that is allowed")
    }

    /// What a computation fails with before it begins.
    fn told(&self) -> String {
        let told = self.config.tell_mistakes();
        let told = told.map_or_else(|error| error.to_string(), |()| "nothing".to_owned());
        self.without_folder(&told)
    }

    fn without_folder(&self, text: &str) -> String {
        text.replace(&self.folder.path().display().to_string(), "~")
    }
}

fn environment(variables: &[&str]) -> HashMap<String, OsString> {
    let pairs = variables.iter().map(|pair| {
        let (name, value) = pair.split_once('=').expect("NAME=VALUE");
        (format!("DAGBOK_{name}"), value.into())
    });
    pairs.collect()
}

#[test]
fn code_comes_before_the_environment_before_the_file_before_the_default() {
    let check = |variables: &[&str], toml: &str, code: Option<&str>, expected: &str| {
        let world = World::new(variables, toml);
        if let Some(code) = code {
            world.set("chunk_size", code);
        }
        assert_eq!(world.get("chunk_size"), expected);
        assert_eq!(world.told(), "nothing");
    };
    check(&[], "", None, "134217728");
    check(&[], "chunk_size = 10", None, "10");
    check(&["CHUNK_SIZE=20"], "", None, "20");
    check(&["CHUNK_SIZE=20"], "chunk_size = 10", None, "20");
    check(&["CHUNK_SIZE="], "chunk_size = 10", None, "10");
    check(&["CHUNK_SIZE= "], "chunk_size = 10", None, "10");
    check(&[], "chunk_size = 10", Some("30"), "30");
    check(&["CHUNK_SIZE=20"], "chunk_size = 10", Some("30"), "30");
    check(&["CHUNK_SIZE=20"], "", Some("auto"), "134217728");
}

#[test]
fn every_setting_has_a_variable_and_a_line() {
    let check = |key: &str, variable: &str, line: &str, expected: &str| {
        for (variables, toml) in [(&[variable][..], ""), (&[], line)] {
            let world = World::new(variables, toml);
            assert_eq!(world.told(), "nothing");
            let value = world.without_folder(&world.get(key));
            assert_eq!(value, expected, "{variables:?} {toml}");
        }
    };
    check("threads", "NUM_THREADS= 3 ", "threads = 3", "3");
    check("threads", "NUM_THREADS=4096", "threads = \"4096\"", "4096");
    check(
        "memory_limit",
        "MEMORY_LIMIT=2 GB",
        "memory_limit = 2_000_000_000",
        "2000000000",
    );
    check(
        "memory-limit",
        "MEMORY_LIMIT=1e3",
        "memory-limit = 1e3",
        "1000",
    );
    check(
        "memory_limit",
        "MEMORY_LIMIT=512MiB",
        "memory_limit = \"512MiB\"",
        "536870912",
    );
    check(
        "chunk_size",
        "CHUNK_SIZE=1 kB",
        "chunk_size = 0x3e8",
        "1000",
    );
    check(
        "temporary_directory",
        "TEMPORARY_DIRECTORY=/a/ü b",
        "temporary_directory = '/a/ü b'",
        "/a/ü b",
    );
    check("progress", "PROGRESS=off", "progress = false", "false");
    check("progress", "PROGRESS=1", "progress = \"yes\"", "true");
    check(
        "scheduler",
        "SCHEDULER=sync",
        "scheduler = \"single-threaded\"",
        "synchronous",
    );
    check(
        "scheduler",
        "SCHEDULER=Threads",
        "scheduler = 'threading'",
        "threads",
    );
}

#[test]
fn shares_are_of_the_memory_there_is() {
    let limit = |share: &str| {
        let world = World::new(&[&format!("MEMORY_LIMIT={share}")], "");
        world.config.memory_limit().unwrap() as f64
    };
    let all = limit("100%");
    assert!(all >= 1e6, "{all}");
    assert!((limit("25%") / all - 0.25).abs() < 1e-6);
    assert!((limit("auto") / all - 0.6).abs() < 1e-6);
}

#[test]
fn folders_start_at_the_file_or_at_home() {
    let world = World::new(&[], "temporary_directory = 'spill/a'");
    assert_eq!(
        world.without_folder(&world.get("temporary_directory")),
        "~/spill/a"
    );
    let home = std::env::home_dir().unwrap();
    for (written, expected) in [("~", home.clone()), ("~/x", home.join("x"))] {
        world.set("temporary_directory", written);
        assert_eq!(Path::new(&world.get("temporary_directory")), expected);
    }
}

fn check_refused(key: &str, value: impl Into<Setting>, expected: Expect) {
    let world = World::new(&[], "");
    let error = world.config.set(key, value.into(), Site::caller());
    let error = error.expect_err("a value that is not allowed");
    assert_eq!(error.kind(), ErrorKind::Value);
    let text = error.to_string();
    let (origin, text) = text.split_once(": ").expect("an origin");
    assert!(
        origin.starts_with("`Config::set` at ") && origin.contains("tests.rs:"),
        "{origin}"
    );
    expected.assert_eq(text);
}

#[test]
fn values_that_are_not_allowed() {
    check_refused(
        "threads",
        0,
        expect![
            "`threads` cannot be `0`: it takes a whole number from 1 to 4096, or `auto` for one a core"
        ],
    );
    check_refused(
        "threads",
        -1,
        expect![
            "`threads` cannot be `-1`: it takes a whole number from 1 to 4096, or `auto` for one a core"
        ],
    );
    check_refused(
        "threads",
        4097,
        expect![
            "`threads` cannot be `4097`: it takes a whole number from 1 to 4096, or `auto` for one a core"
        ],
    );
    check_refused(
        "threads",
        u64::MAX,
        expect![
            "`threads` cannot be `18446744073709551615`: it takes a whole number from 1 to 4096, or `auto` for one a core"
        ],
    );
    check_refused(
        "threads",
        2.0,
        expect![
            "`threads` cannot be `2`: it takes a whole number from 1 to 4096, or `auto` for one a core"
        ],
    );
    check_refused(
        "threads",
        "all",
        expect![
            "`threads` cannot be `all`: it takes a whole number from 1 to 4096, or `auto` for one a core"
        ],
    );
    check_refused(
        "threads",
        true,
        expect![
            "`threads` cannot be `true`: it takes a whole number from 1 to 4096, or `auto` for one a core"
        ],
    );
    check_refused(
        "memory_limit",
        0,
        expect![
            "`memory_limit` cannot be `0`: it takes a number of bytes above 0 (`2_000_000_000`, `2 GB`, `512 MiB`), a share of the memory up to `100%`, or `auto`"
        ],
    );
    check_refused(
        "memory_limit",
        -5,
        expect![
            "`memory_limit` cannot be `-5`: it takes a number of bytes above 0 (`2_000_000_000`, `2 GB`, `512 MiB`), a share of the memory up to `100%`, or `auto`"
        ],
    );
    check_refused(
        "memory_limit",
        "0%",
        expect![
            "`memory_limit` cannot be `0%`: it takes a number of bytes above 0 (`2_000_000_000`, `2 GB`, `512 MiB`), a share of the memory up to `100%`, or `auto`"
        ],
    );
    check_refused(
        "memory_limit",
        "NaN %",
        expect![
            "`memory_limit` cannot be `NaN %`: it takes a number of bytes above 0 (`2_000_000_000`, `2 GB`, `512 MiB`), a share of the memory up to `100%`, or `auto`"
        ],
    );
    check_refused(
        "memory_limit",
        "120%",
        expect![
            "`memory_limit` cannot be `120%`: it takes a number of bytes above 0 (`2_000_000_000`, `2 GB`, `512 MiB`), a share of the memory up to `100%`, or `auto`"
        ],
    );
    check_refused(
        "memory_limit",
        f64::NAN,
        expect![
            "`memory_limit` cannot be `NaN`: it takes a number of bytes above 0 (`2_000_000_000`, `2 GB`, `512 MiB`), a share of the memory up to `100%`, or `auto`"
        ],
    );
    check_refused(
        "memory_limit",
        "2 GBs",
        expect![
            "`memory_limit` cannot be `2 GBs`: it takes a number of bytes above 0 (`2_000_000_000`, `2 GB`, `512 MiB`), a share of the memory up to `100%`, or `auto`"
        ],
    );
    check_refused(
        "chunk_size",
        0,
        expect![
            "`chunk_size` cannot be `0`: it takes a number of bytes above 0 (`1_000_000`, `64 MB`, `128 MiB`), or `auto`"
        ],
    );
    check_refused(
        "chunk_size",
        "50%",
        expect![
            "`chunk_size` cannot be `50%`: it takes a number of bytes above 0 (`1_000_000`, `64 MB`, `128 MiB`), or `auto`"
        ],
    );
    check_refused(
        "temporary_directory",
        "",
        expect!["`temporary_directory` cannot be ``: it takes the path of a folder"],
    );
    check_refused(
        "temporary_directory",
        7,
        expect!["`temporary_directory` cannot be `7`: it takes the path of a folder"],
    );
    check_refused(
        "progress",
        "maybe",
        expect!["`progress` cannot be `maybe`: it takes `true` or `false`, `on` or `off`"],
    );
    check_refused(
        "progress",
        2,
        expect!["`progress` cannot be `2`: it takes `true` or `false`, `on` or `off`"],
    );
    check_refused(
        "scheduler",
        "processes",
        expect!["`scheduler` cannot be `processes`: it takes `threads` or `synchronous`"],
    );
    check_refused(
        "thread",
        2,
        expect![
            "there is no setting `thread` (did you mean `threads`?); there are `threads`, `memory_limit`, `chunk_size`, `temporary_directory`, `max_spill`, `cache`, `retries`, `progress`, `scheduler`"
        ],
    );
    check_refused(
        "num_threads",
        2,
        expect![
            "there is no setting `num_threads` (did you mean `threads`?); there are `threads`, `memory_limit`, `chunk_size`, `temporary_directory`, `max_spill`, `cache`, `retries`, `progress`, `scheduler`"
        ],
    );
    check_refused(
        "Memory-Limit",
        2,
        expect![
            "there is no setting `Memory-Limit` (did you mean `memory_limit`?); there are `threads`, `memory_limit`, `chunk_size`, `temporary_directory`, `max_spill`, `cache`, `retries`, `progress`, `scheduler`"
        ],
    );
    check_refused(
        "colour",
        "red",
        expect![
            "there is no setting `colour`; there are `threads`, `memory_limit`, `chunk_size`, `temporary_directory`, `max_spill`, `cache`, `retries`, `progress`, `scheduler`"
        ],
    );
    check_refused(
        "",
        "red",
        expect![
            "there is no setting ``; there are `threads`, `memory_limit`, `chunk_size`, `temporary_directory`, `max_spill`, `cache`, `retries`, `progress`, `scheduler`"
        ],
    );
}

/// What the first computation says of the environment and the file, among other things; the second one says nothing.
fn check_mistakes(variables: &[&str], toml: &str, expected: &[&str]) {
    let world = World::new(variables, toml);
    let told = world.told();
    for expected in expected {
        assert!(told.contains(expected), "{told}");
    }
    assert!(told.ends_with("`Config::reload()` reads environment and file again"));
    assert_eq!(world.told(), "nothing");
    let shown = world.config.show();
    assert!(shown.get("text/plain").unwrap().contains("! "));
}

#[test]
fn mistakes_in_the_environment_and_the_file() {
    check_mistakes(
        &["NUM_THREADS=0"],
        "",
        &["`DAGBOK_NUM_THREADS`: `threads` cannot be `0`: it takes"],
    );
    check_mistakes(
        &["MEMORY_LIMIT=-1 GB"],
        "",
        &["`DAGBOK_MEMORY_LIMIT`: `memory_limit` cannot be `-1 GB`: it"],
    );
    check_mistakes(
        &["SCHEDULER=processes", "PROGRESS=?"],
        "threads = 0",
        &[
            "3 settings are wrong:\n",
            "\n  `DAGBOK_PROGRESS`: `progress` cannot be `?`: it takes",
            "\n  `DAGBOK_SCHEDULER`: `scheduler` cannot be `processes`: it takes",
            "\n  `~/config.toml`, line 1: `threads` cannot be `0`: it takes",
        ],
    );
    let check = |toml: &str, expected: &str| {
        check_mistakes(&[], toml, &[&format!("`~/config.toml`, {expected}")]);
    };
    check(
        "progress = true\nthreads = 0",
        "line 2: `threads` cannot be `0`: it takes",
    );
    check("threads = [1, 2]", "line 1: `threads` cannot be `[1, 2]`");
    check(
        "threads = 1979-05-27",
        "line 1: `threads` cannot be `1979-05-27`",
    );
    check("[threads]\nn = 1", "line 1: `threads` cannot be `");
    check(
        "\n\nthreds = 4",
        "line 3: there is no setting `threds` (did you mean `threads`?)",
    );
    check(
        "[scheduling]\nthreads = 4",
        "line 1: there is no setting `scheduling`",
    );
    check("threads = 2\nthreads = 3", "line 2: the line is not TOML: ");
    check("\nmemory_limit = 60%", "line 2: the line is not TOML: ");
    check("threads: 4", "line 1: the line is not TOML: ");
    check(
        "threads = 99999999999999999999999999999999999999999",
        "line 1: `threads` cannot be `9999",
    );
    check("\u{0}", "line 1: the line is not TOML: ");
}

#[test]
fn a_line_that_is_not_toml_is_told_once_and_does_not_count() {
    let check = |line: &str| {
        let world = World::new(&["NUM_THREADS=2"], &format!("chunk_size = 5\n{line}"));
        let told = world.told();
        assert!(
            told.starts_with("`~/config.toml`, line 2: the line is not TOML: "),
            "{told}"
        );
        assert_eq!(told.matches("config.toml").count(), 1, "{told}");
        assert_eq!(
            (world.get("chunk_size"), world.get("retries")),
            ("5".to_owned(), "0".to_owned())
        );
    };
    check("retries = 60%");
    check("retries = 3 4");
    check("retries = 3 = 4");
    check("retries: 3");
    check("retries");
    check("retries = ");
    check("retries = [");
    check("retries = {a");
    check("retries = \"3");
    check("[retries");
    check("= = =");
    check("ä ö ü");
}

#[test]
fn what_is_right_in_a_broken_file_counts() {
    let world = World::new(&[], "threads = 3\nmemory_limit = 60%\nchunk_size = 5\n");
    assert_eq!(world.get("threads"), "3");
    assert_eq!(world.get("chunk_size"), "5");
    assert_ne!(world.told(), "nothing");
}

#[test]
fn a_mistake_that_makes_no_difference_is_not_told() {
    let world = World::new(&["NUM_THREADS=0"], "chunk_size = -1");
    world.set("threads", 2);
    let scope = world.enter("chunk_size", 7);
    assert_eq!(world.told(), "nothing");
    world.config.leave(scope);
    assert!(world.told().contains("chunk_size"));
    world.config.unset("threads").unwrap();
    assert!(world.told().contains("threads"));
    assert_eq!(
        World::new(&["NUM_THREADS=2"], "threads = 0").told(),
        "nothing"
    );
}

#[test]
fn a_file_is_read_again() {
    let world = World::new(&[], "threads = 0");
    assert_eq!(world.get("chunk_size"), "134217728");
    world.write("chunk_size = 5");
    assert_eq!(world.get("chunk_size"), "134217728");
    world.config.reload().unwrap();
    assert_eq!(world.get("chunk_size"), "5");
    assert_eq!(world.told(), "nothing");
    world.write("chunk_size = 0");
    assert!(
        world
            .config
            .reload()
            .unwrap_err()
            .to_string()
            .contains("line 1")
    );
    assert_eq!(world.get("chunk_size"), "134217728");
}

#[test]
fn where_the_file_is() {
    let check = |variables: &[(&str, &str)], file: &str, expected: &str| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "threads = 7").unwrap();
        let root = folder.path().to_str().unwrap();
        let variables = variables.iter();
        let variables =
            variables.map(|(name, value)| ((*name).to_owned(), value.replace("ROOT", root).into()));
        let world = World::of(tempfile::tempdir().unwrap(), variables.collect());
        world.set("progress", false);
        let told = world.told().replace(root, "ROOT");
        let is_seven = world.get("threads") == "7";
        assert_eq!(format!("{is_seven} {told}"), expected, "{file}");
    };
    let usual = ".config/dagbok/config.toml";
    check(&[("HOME", "ROOT")], usual, "true nothing");
    check(&[("HOME", "ROOT")], "other.toml", "false nothing");
    check(&[], usual, "false nothing");
    check(
        &[("HOME", "/nowhere"), ("XDG_CONFIG_HOME", "ROOT")],
        "dagbok/config.toml",
        "true nothing",
    );
    check(
        &[("HOME", "ROOT"), ("XDG_CONFIG_HOME", "")],
        usual,
        "true nothing",
    );
    check(
        &[("HOME", "ROOT"), ("XDG_CONFIG_HOME", "relative")],
        usual,
        "true nothing",
    );
    check(
        &[("HOME", "ROOT"), ("DAGBOK_CONFIG", "")],
        usual,
        "false nothing",
    );
    check(
        &[("HOME", "/nowhere"), ("DAGBOK_CONFIG", "ROOT/ü.toml")],
        "ü.toml",
        "true nothing",
    );
    check(
        &[("HOME", "ROOT"), ("DAGBOK_CONFIG", "ROOT/missing.toml")],
        usual,
        "false `ROOT/missing.toml`: there is no such file, which `DAGBOK_CONFIG` names\n  computations from here on do without; `Config::reload()` reads environment and file again",
    );
    check(
        &[("DAGBOK_CONFIG", "ROOT")],
        usual,
        "false `ROOT`: the file of settings cannot be read: Is a directory (os error 21)\n  computations from here on do without; `Config::reload()` reads environment and file again",
    );
}

#[test]
fn what_is_not_utf8_is_a_mistake_but_for_folders() {
    use std::os::unix::ffi::OsStringExt;
    let odd = OsString::from_vec(b"/tmp/\xff".to_vec());
    for (name, is_allowed) in [("NUM_THREADS", false), ("TEMPORARY_DIRECTORY", true)] {
        let environment = HashMap::from([(format!("DAGBOK_{name}"), odd.clone())]);
        let world = World::of(tempfile::tempdir().unwrap(), environment);
        assert_eq!(world.told() == "nothing", is_allowed, "{name}");
    }
    let world = World::new(&[], "");
    fs::write(world.folder.path().join("config.toml"), b"threads = \xff").unwrap();
    assert!(world.told().contains("UTF-8"), "{}", world.told());
}

#[test]
fn scopes_restore_what_was_in_any_order() {
    let world = World::new(&[], "threads = 9");
    let first = world.enter("threads", 1);
    let second = world.enter("threads", 2);
    let third = world.enter("chunk_size", 3);
    assert_eq!(world.get("threads"), "2");
    world.config.leave(first);
    assert_eq!(world.get("threads"), "2");
    world.config.leave(first);
    assert_eq!(world.get("chunk_size"), "3");
    world.config.leave(second);
    assert_eq!(world.get("threads"), "9");
    world.config.leave(third);
    assert_eq!(world.get("chunk_size"), "134217728");
}

#[test]
fn what_is_set_in_a_scope_ends_with_it_if_the_scope_has_changed_it() {
    let world = World::new(&[], "");
    world.set("threads", 9);
    let scope = world.enter("threads", 1);
    world.set("threads", 2);
    world.set("chunk_size", 3);
    assert_eq!(world.get("threads"), "2");
    world.config.unset("threads").unwrap();
    assert_ne!(world.get("threads"), "9");
    world.config.leave(scope);
    assert_eq!(world.get("threads"), "9");
    assert_eq!(world.get("chunk_size"), "3");
    world.config.unset("chunk_size").unwrap();
    assert_eq!(world.get("chunk_size"), "134217728");
    world.set("chunk_size", 4);
    assert_eq!(world.get("chunk_size"), "4");
}

#[test]
fn a_scope_with_a_mistake_changes_nothing() {
    let world = World::new(&[], "");
    let change = |key: &str, value: i32| Change {
        key: key.to_owned(),
        value: value.into(),
    };
    let changes = [change("chunk_size", 5), change("threads", 0)];
    let error = world.config.enter(&changes, Site::caller()).unwrap_err();
    assert!(
        error.to_string().starts_with("`Config::scope` at "),
        "{error}"
    );
    assert_eq!(world.get("chunk_size"), "134217728");
    let changes = [change("chunk_size", 5), change("chunk_size", 6)];
    world.config.enter(&changes, Site::caller()).unwrap();
    assert_eq!(world.get("chunk_size"), "6");
}

#[test]
fn a_folder_is_looked_at_when_it_is_used() {
    let world = World::new(&[], "temporary_directory = 'new/deep'");
    let folder = world.config.writable_temporary_directory().unwrap();
    assert!(folder.is_dir());
    assert_eq!(
        fs::read_dir(folder).unwrap().count(),
        0,
        "nothing is left there"
    );
    let check = |path: &str, expected: &str| {
        world.set("temporary_directory", path);
        let error = world.config.writable_temporary_directory().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io);
        let text = error.to_string();
        assert!(text.starts_with("the `temporary_directory` `/"), "{text}");
        assert!(text.contains(" (`Config::set` at "), "{text}");
        assert!(
            text.ends_with(&format!(") cannot be written: {expected}")),
            "{text}"
        );
    };
    check("/proc/nowhere", "No such file or directory (os error 2)");
    check("/dev/null", "File exists (os error 17)");
    check("a\0b", "file name contained an unexpected NUL byte");
}

#[test]
fn the_table_says_who_sets_what() {
    let world = World::new(
        &["PROGRESS=off", "NUM_THREADS=0"],
        "chunk_size = '1 MiB'\nthreads = 2",
    );
    world.set("memory_limit", "2 GiB");
    let _scope = world.enter("temporary_directory", "/tmp/a<b");
    let shown = world.config.show();
    let text = world.without_folder(shown.get("text/plain").unwrap());
    let text = text.replace(file!(), "tests.rs");
    let lines = text.lines().map(|line| {
        let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
        match line.split_once("tests.rs:") {
            Some((before, after)) => {
                let after = after.trim_start_matches(|char: char| char.is_ascii_digit());
                format!("{before}tests.rs:N{after}\n")
            }
            None => line + "\n",
        }
    });
    expect![[r"
        setting value set by environment variable
        threads 2 ~/config.toml, line 2 DAGBOK_NUM_THREADS
        memory_limit 2.00 GiB Config::set at tests.rs:N DAGBOK_MEMORY_LIMIT
        chunk_size 1.00 MiB ~/config.toml, line 1 DAGBOK_CHUNK_SIZE
        temporary_directory /tmp/a<b Config::scope at tests.rs:N DAGBOK_TEMPORARY_DIRECTORY
        max_spill auto default DAGBOK_MAX_SPILL
        cache true default DAGBOK_CACHE
        retries 0 default DAGBOK_RETRIES
        progress false DAGBOK_PROGRESS DAGBOK_PROGRESS
        scheduler threads default DAGBOK_SCHEDULER
        ! `DAGBOK_NUM_THREADS`: `threads` cannot be `0`: it takes a whole number from 1 to 4096, or `auto` for one a core
    "]]
    .assert_eq(&lines.collect::<String>());
    let html = shown.get("text/html").unwrap();
    assert!(
        html.contains("/tmp/a&lt;b") && html.contains("⚠ `DAGBOK_NUM_THREADS`"),
        "{html}"
    );
}
