use std::fs;
use std::path::Path;

use expect_test::{Expect, expect};

use super::*;

/// Steps of one or more kernels on one file: `a: code` runs code in kernel `a`, `a? …` asks it: `tail n`, `range session
/// start stop`, `search n pattern`, `unique n pattern`; `! text` writes into the file as it is.
fn check_in(path: &Path, script: &str, expected: Expect) {
    let mut kernels: Vec<(String, u32, History)> = Vec::new();
    let mut told = Vec::new();
    for step in script.split("; ") {
        if let Some(text) = step.strip_prefix("! ") {
            let before = fs::read_to_string(path).unwrap_or_default();
            fs::write(path, before + text).unwrap();
            continue;
        }
        let (name, rest) = step.split_at(1);
        if !kernels.iter().any(|(kernel, ..)| kernel == name) {
            kernels.push((name.to_owned(), 0, History::new(Some(path.to_owned()))));
        }
        let kernel = kernels.iter_mut().find(|(kernel, ..)| kernel == name);
        let (_, line, history) = kernel.unwrap();
        match rest.split_once(' ').unwrap() {
            (":", code) => {
                *line += 1;
                history.add(*line, code.to_owned(), Some(format!("={code}")));
            }
            (_, asked) => told.push(format!("{step} => {}", recall(history, asked))),
        }
    }
    expected.assert_eq(&told.join("\n"));
}

fn recall(history: &History, asked: &str) -> String {
    let (access, rest) = asked.split_once(' ').unwrap();
    let (first, pattern) = rest.split_once(' ').unwrap_or((rest, ""));
    let access = match access {
        "tail" => Access::Tail {
            n: first.parse().unwrap(),
        },
        "range" => {
            let (start, stop) = pattern.split_once(' ').unwrap();
            Access::Range {
                session: first.parse().unwrap(),
                lines: start.parse().unwrap()..stop.parse().unwrap(),
            }
        }
        kind => Access::Search {
            pattern: pattern.to_owned(),
            n: first.parse().ok(),
            unique: kind == "unique",
        },
    };
    let query = Query {
        access,
        output: true,
    };
    let entries = history.recall(&query).into_iter();
    let entries = entries.map(|entry| format!("{}.{} {}", entry.session, entry.line, entry.input));
    entries.collect::<Vec<_>>().join(", ")
}

fn check(script: &str, expected: Expect) {
    let folder = tempfile::tempdir().unwrap();
    check_in(&folder.path().join("new/history.jsonl"), script, expected);
}

#[test]
fn the_last_lines_come_from_all_sessions() {
    check("a? tail 3", expect!["a? tail 3 => "]);
    check(
        "a: x; a: y; b? tail 2; b: z; b? tail 2; a? tail 9; b? tail 0",
        expect![[r#"
            b? tail 2 => 1.1 x, 1.2 y
            b? tail 2 => 1.2 y, 2.1 z
            a? tail 9 => 2.1 z, 1.1 x, 1.2 y
            b? tail 0 => "#]],
    );
}

#[test]
fn ranges_are_of_one_session() {
    check(
        "a: x; a: y; a: z; a? range 0 1 3; a? range 0 2 99; a? range 1 1 2; b? range -1 1 3; b: w; b? range -1 2 4; b? range 0 1 9; b? range -7 1 9; b? range 7 1 9",
        expect![[r#"
            a? range 0 1 3 => 1.1 x, 1.2 y
            a? range 0 2 99 => 1.2 y, 1.3 z
            a? range 1 1 2 => 1.1 x
            b? range -1 1 3 => 1.1 x, 1.2 y
            b? range -1 2 4 => 1.2 y, 1.3 z
            b? range 0 1 9 => 2.1 w
            b? range -7 1 9 => 
            b? range 7 1 9 => "#]],
    );
}

#[test]
fn searches_match_whole_inputs() {
    check(
        "a: let x; a: x + 1; a: let x; a? search - let*; a? unique - *x*; a? search 1 *x*; a? search - ?et x; a? search - [kl]et*; a? search - [; a? search - x",
        expect![[r#"
            a? search - let* => 1.1 let x, 1.3 let x
            a? unique - *x* => 1.2 x + 1, 1.3 let x
            a? search 1 *x* => 1.3 let x
            a? search - ?et x => 1.1 let x, 1.3 let x
            a? search - [kl]et* => 1.1 let x, 1.3 let x
            a? search - [ => 
            a? search - x => "#]],
    );
}

#[test]
fn what_cannot_be_read_is_passed_over() {
    check(
        "a: x; ! {\"session\":1,\"li; a: y; ! [1]\n\n\u{0}\n; b? tail 9; b: z; b? tail 1; a? range 1 1 9",
        expect![[r#"
            b? tail 9 => 1.1 x, 1.2 y
            b? tail 1 => 2.1 z
            a? range 1 1 9 => 1.1 x, 1.2 y"#]],
    );
}

#[test]
fn a_history_that_cannot_be_written_lasts_for_the_session() {
    check_in(
        Path::new("/proc/no/history.jsonl"),
        "a: x; a: y; a? tail 9; a? range 0 1 9; b? tail 9",
        expect![[r#"
            a? tail 9 => 0.1 x, 0.2 y
            a? range 0 1 9 => 0.1 x, 0.2 y
            b? tail 9 => "#]],
    );
    let mut history = History::new(None);
    history.add(1, "x".to_owned(), None);
    assert_eq!(recall(&history, "tail 1"), "0.1 x");
}

#[test]
fn a_long_history_loses_its_beginning() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.jsonl");
    let mut text = String::new();
    for line in 1..=20 {
        let input = format!("{line}{}", "x".repeat(1 << 20));
        text += &format!("{{\"session\":1,\"line\":{line},\"input\":\"{input}\"}}\n");
    }
    fs::write(&path, text).unwrap();
    let mut history = History::new(Some(path.clone()));
    history.add(1, "new".to_owned(), None);
    let entries = History::new(Some(path)).recall(&Query {
        access: Access::Tail { n: 99 },
        output: false,
    });
    let told: Vec<_> = entries
        .iter()
        .map(|entry| (entry.session, entry.line))
        .collect();
    assert_eq!(told.first(), Some(&(1, 14)));
    assert_eq!(told.last(), Some(&(2, 1)));
}
