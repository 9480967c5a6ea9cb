//! Whole runs, against an evaluator that does what its cells say, seen through a pipe and on an emulated terminal.

mod screen;
mod script;

use expect_test::{Expect, expect};
use serde_json::{Value, json};

use self::screen::Emulator;
use self::script::Scripted;
use super::{Events, OnError, Outcome, Run, execute};
use crate::notebook::file::{self, Notebook};
use crate::notebook::terminal::{Colours, Mode, Terminal};
use crate::notebook::typist::{Hiding, Typist};

const WIDE: (usize, usize) = (200, 100);

fn notebook(cells: &[Value]) -> Notebook {
    let text =
        json!({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}).to_string();
    file::read(&text).expect("a notebook")
}

fn code(source: &str) -> Value {
    json!({"cell_type": "code", "metadata": {}, "source": source, "outputs": [], "execution_count": null})
}

fn tagged(tag: &str, source: &str) -> Value {
    json!({"cell_type": "code", "metadata": {"tags": [tag]}, "source": source, "execution_count": 7,
        "outputs": [{"output_type": "stream", "name": "stdout", "text": "old"}]})
}

fn markdown(source: &str) -> Value {
    json!({"cell_type": "markdown", "metadata": {}, "source": source})
}

/// Runs `notebook` on a screen, which may be a file.
fn run_on(
    notebook: &mut Notebook,
    mode: Mode,
    colours: Colours,
    size: (usize, usize),
) -> (Run, Emulator) {
    let emulator = Emulator::new(size);
    let mut terminal = Terminal::new(Box::new(emulator.clone()), emulator.screen(mode, colours));
    let events = Events::new(Typist::new(Hiding::Needless, std::io::empty()));
    let evaluator = Scripted::new(events.sender.clone());
    let on_error = if notebook.allows_errors() {
        OnError::Continue
    } else {
        OnError::Stop
    };
    let run = execute(
        notebook,
        &evaluator,
        &mut terminal,
        on_error,
        events,
        &mut |_| (),
    );
    terminal.flush();
    (run, emulator)
}

/// What a pipe gets; a terminal that is large enough shows the same in the end.
fn check_run(cells: &[Value], expect: Expect) -> (Outcome, Notebook) {
    let mut executed = notebook(cells);
    let (run, piped) = run_on(&mut executed, Mode::Appending, Colours::Off, WIDE);
    let piped = piped.raw();
    expect.assert_eq(&piped);
    let (_, live) = run_on(&mut notebook(cells), Mode::Live, Colours::Off, WIDE);
    assert_eq!(live.text().trim_end(), piped.trim_end(), "live and piped");
    (run.outcome, executed)
}

fn check_live(size: (usize, usize), source: &str, expect: Expect) {
    let (_, screen) = run_on(
        &mut notebook(&[code(source)]),
        Mode::Live,
        Colours::Off,
        size,
    );
    expect.assert_eq(&screen.text());
}

/// The outputs of the cell at `cell_idx`, as the file has them.
fn outputs(notebook: &Notebook, cell_idx: usize) -> String {
    let value: Value = serde_json::from_str(&file::write(notebook)).expect("JSON");
    let cell = &value["cells"][cell_idx];
    let outputs = cell["outputs"]
        .as_array()
        .expect("outputs")
        .iter()
        .map(|output| {
            let mut output = output.clone();
            let object = output.as_object_mut().expect("an object");
            object.retain(|key, value| !(key == "metadata" && *value == json!({})));
            format!("{output}\n")
        });
    format!(
        "count {}\n{}",
        cell["execution_count"],
        outputs.collect::<String>()
    )
}

fn check_outputs(source: &str, expect: Expect) {
    let mut notebook = notebook(&[code(source)]);
    run_on(&mut notebook, Mode::Appending, Colours::Off, WIDE);
    expect.assert_eq(&outputs(&notebook, 0));
}

#[test]
fn shows_cells_and_outputs_in_order() {
    check_run(
        &[
            markdown("# Title\ntext\n## `Part` *one*"),
            code("out first\nresult 42"),
            code("\n"),
            code("err oops\nout a\nout b"),
        ],
        expect![[r#"
            # Title

            ## Part one

            [1] out first
                result 42
            first
            42

            [2] err oops
                out a
                out b
            oops
            a
            b

        "#]],
    );
}

#[test]
fn shows_only_the_last_state_of_what_is_overwritten() {
    check_run(
        &[code(
            "print 10 %\nprint \\r20 %\nprint \\r\\e[Kdone\\n\nprint |\\b/\\b-\nresult x",
        )],
        expect![[r#"
            [1] print 10 %
                print \r20 %
                print \r\e[Kdone\n
                print |\b/\b-
                result x
            done
            -
            x

        "#]],
    );
    check_run(
        &[
            code(
                "display bar 0 of 2\nupdate bar 1 of 2\nout between\nupdate bar 2 of 2\nupdate none lost\nout after",
            ),
            code("display bar again\nresult 1"),
        ],
        expect![[r#"
            [1] display bar 0 of 2
                update bar 1 of 2
                out between
                update bar 2 of 2
                update none lost
                out after
            2 of 2
            between
            after

            [2] display bar again
                result 1
            again
            1

        "#]],
    );
}

#[test]
fn stops_at_the_first_failing_cell() {
    let (outcome, notebook) = check_run(
        &[
            code("out a"),
            code("out b\nfail Panic: no such column\nout never"),
            tagged("other", "out c"),
        ],
        expect![[r#"
            [1] out a
            a

            [2] out b
                fail Panic: no such column
                out never
            b
            Panic: no such column

        "#]],
    );
    match outcome {
        Outcome::Failed { number: 2, error } => assert_eq!(error.value, "no such column"),
        other => panic!("{other:?}"),
    }
    expect![[r#"
        count 2
        {"name":"stdout","output_type":"stream","text":["b\n"]}
        {"ename":"Panic","evalue":"no such column","output_type":"error","traceback":["Panic: no such column"]}
    "#]]
    .assert_eq(&outputs(&notebook, 1));
    expect![["count null\n"]].assert_eq(&outputs(&notebook, 2));
}

#[test]
fn honours_tags() {
    let (outcome, notebook) = check_run(
        &[
            tagged("skip-execution", "out a"),
            tagged("raises-exception", "fail E: b"),
            code("out c"),
        ],
        expect![[r#"
            [1] fail E: b
            E: b

            [2] out c
            c

        "#]],
    );
    assert_eq!(outcome, Outcome::Finished);
    expect![[r#"
        count 7
        {"name":"stdout","output_type":"stream","text":["old"]}
    "#]]
    .assert_eq(&outputs(&notebook, 0));
}

#[test]
fn an_evaluator_that_panics_is_a_failing_cell() {
    let (outcome, _) = check_run(
        &[code("out a\npanic broken")],
        expect![[r#"
            [1] out a
                panic broken
            a
            InternalError: the evaluator panicked: broken

        "#]],
    );
    assert!(
        matches!(outcome, Outcome::Failed { number: 1, .. }),
        "{outcome:?}"
    );
}

#[test]
fn ctrl_c_stops_the_run() {
    let cells = [code("out a\nctrl-c\nwait"), code("out never")];
    let (outcome, _) = check_run(
        &cells,
        expect![[r#"
            [1] out a
                ctrl-c
                wait
            a
            interrupting; Ctrl-C again ends the run
            Interrupted: stopped

        "#]],
    );
    assert_eq!(outcome, Outcome::Interrupted { number: 1 });
}

#[test]
fn a_second_ctrl_c_saves_while_the_cell_still_runs() {
    let mut notebook = notebook(&[code("out a\nctrl-c\nctrl-c\nwait 2")]);
    let emulator = Emulator::new(WIDE);
    let mut terminal = Terminal::new(
        Box::new(emulator.clone()),
        emulator.screen(Mode::Appending, Colours::Off),
    );
    let events = Events::new(Typist::new(Hiding::Needless, std::io::empty()));
    let evaluator = Scripted::new(events.sender.clone());
    let mut saved = Vec::new();
    let mut save = |notebook: &Notebook| saved.push(outputs(notebook, 0));
    let run = execute(
        &mut notebook,
        &evaluator,
        &mut terminal,
        OnError::Stop,
        events,
        &mut save,
    );
    assert_eq!(run.outcome, Outcome::Interrupted { number: 1 });
    assert_eq!(
        saved,
        ["count 1\n{\"name\":\"stdout\",\"output_type\":\"stream\",\"text\":[\"a\\n\"]}\n"]
    );
}

#[test]
fn late_outputs_reach_their_own_cell() {
    let (_, notebook) = check_run(
        &[
            code("display bar 0\nlater update bar 9\nlater out late"),
            code("out second"),
        ],
        expect![[r#"
            [1] display bar 0
                later update bar 9
                later out late
            0

            [2] out second
            9
            late
            second

        "#]],
    );
    expect![[r#"
        count 1
        {"data":{"text/plain":["9"]},"output_type":"display_data"}
        {"name":"stdout","output_type":"stream","text":["late\n"]}
    "#]]
    .assert_eq(&outputs(&notebook, 0));
}

#[test]
fn records_outputs_as_jupyter_does() {
    check_outputs(
        "out a\nout b\nerr c\nout d",
        expect![[r#"
            count 1
            {"name":"stdout","output_type":"stream","text":["a\n","b\n"]}
            {"name":"stderr","output_type":"stream","text":["c\n"]}
            {"name":"stdout","output_type":"stream","text":["d\n"]}
        "#]],
    );
    check_outputs(
        "display x 1\ndisplay x 2\nupdate x 3\nresult 4",
        expect![[r#"
            count 1
            {"data":{"text/plain":["3"]},"output_type":"display_data"}
            {"data":{"text/plain":["3"]},"output_type":"display_data"}
            {"data":{"text/plain":["4"]},"execution_count":1,"output_type":"execute_result"}
        "#]],
    );
    check_outputs(
        "print \\e[31mred\\e[0m\\r\\n10 %\nprint \\r20 %",
        expect![[r#"
            count 1
            {"name":"stdout","output_type":"stream","text":["\u001b[31mred\u001b[0m\n","20 %"]}
        "#]],
    );
}

#[test]
fn draws_in_place_on_a_small_screen() {
    // The display is three rows high on ten columns, and wide characters take two.
    check_live(
        (10, 24),
        "display a 日本語日本語日本語!\nout x\nupdate a 日本語\nprint tail",
        expect![[r#"
            [1] displ…
                out x
                updat…
                print…
            日本語
            x
            tail
        "#]],
    );
}

#[test]
fn lets_only_colours_through() {
    let source = "print \\e[1;31mred\\e]0;title\\a\\e[2J\\e[5A\\n\nresult \\e[32mgreen\nfail E: \\e]52;c;x\\amessage";
    let (_, screen) = run_on(
        &mut notebook(&[code(source)]),
        Mode::Appending,
        Colours::On,
        WIDE,
    );
    let raw = screen.raw().replace('\x1b', "ESC");
    let outputs = raw.lines().skip(source.lines().count());
    let shown: String = outputs.map(|line| format!("{line}\n")).collect();
    expect![[r#"
        ESC[1;31mredESC[0m
        ESC[32mgreenESC[0m
        E: message

    "#]]
    .assert_eq(&shown);
}

#[test]
fn long_sources_are_cut() {
    let source: String = (1..=12).map(|n| format!("out {n}\n")).collect();
    let (_, screen) = run_on(
        &mut notebook(&[code(&source)]),
        Mode::Live,
        Colours::Off,
        (12, 50),
    );
    let text = screen.text();
    let head: Vec<&str> = text.lines().take(9).collect();
    assert_eq!(head[6..], ["    out 7", "    … 5 mor…", "1"]);
}
