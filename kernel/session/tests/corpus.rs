//! The corpus on the native evaluator: each script shows what `THEME.expected` beside it says.

#[allow(dead_code, reason = "the differential test reads the rest")]
#[path = "../../tests/corpus/mod.rs"]
mod corpus;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use corpus::{Script, folder, run, scripts, start_native};
use expect_test::expect_file;

#[test]
fn scripts_show_what_is_expected() {
    let scripts = scripts();
    let next = AtomicUsize::new(0);
    let shown = Mutex::new(BTreeMap::new());
    let n_threads = thread::available_parallelism().map_or(2, usize::from);
    thread::scope(|scope| {
        for _ in 0..n_threads {
            scope.spawn(|| {
                loop {
                    let idx = next.fetch_add(1, Ordering::Relaxed);
                    let Some(script) = scripts.get(idx) else {
                        break;
                    };
                    let text = show(script);
                    shown.lock().unwrap().insert((&script.theme, idx), text);
                }
            });
        }
    });
    let mut themes: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for ((theme, _), text) in shown.into_inner().unwrap() {
        themes.entry(theme).or_default().push(text);
    }
    for (theme, scripts) in themes {
        expect_file![folder().join(format!("{theme}.expected"))].assert_eq(&scripts.join("\n"));
    }
}

/// The script's name, and what each cell shows after its number.
fn show(script: &Script) -> String {
    let evaluator = start_native(None);
    let mut text = format!("=== {}\n", script.name);
    for (number, code) in (1..).zip(&script.cells) {
        for line in run(&evaluator, number, code).lines() {
            let line = without_folder(&shortened(&line));
            text.push_str(&format!("{number}: {line}\n"));
        }
    }
    text
}

/// Long lines by their beginning, end and length.
fn shortened(line: &str) -> String {
    const CHARS_MAX: usize = 400;
    let n_chars = line.chars().count();
    if n_chars <= CHARS_MAX {
        return line.to_owned();
    }
    let start: String = line.chars().take(100).collect();
    let end: String = line.chars().skip(n_chars - 100).collect();
    format!("{start} … {n_chars} characters … {end}")
}

/// `[/tmp/dagbok-R4nD0m/cell_1.rs…` without the folder, which is another one each time.
fn without_folder(line: &str) -> String {
    let folder = line.find("[/").filter(|_| line.contains("/dagbok-"));
    let file = line.find("/cell_");
    match folder.zip(file) {
        Some((folder, file)) => format!("{}{}", &line[..=folder], &line[file + 1..]),
        None => line.to_owned(),
    }
}
