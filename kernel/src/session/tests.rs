use expect_test::{Expect, expect};

use super::*;

/// Requests by name: `run code`, `run! code` (goes on after errors), `silent code`, `judge code`, `ok` and `fail` for the
/// evaluator's answers, and the rest by their own names.
fn event(script: &str, origin: u32) -> Event<u32> {
    let (command, code) = script.split_once(' ').unwrap_or((script, ""));
    let execute = |silent, stop_on_error| {
        Request::Execute(Execute {
            code: code.to_string(),
            silent,
            store_history: true,
            stop_on_error,
            allow_stdin: true,
        })
    };
    let code = code.to_string();
    let request = match command {
        "ok" => return Event::Evaluated(Ok(())),
        "fail" => {
            return Event::Evaluated(Err(CellError {
                name: "Panic".to_string(),
                value: code,
                traceback: Vec::new(),
            }));
        }
        "judged" => return Event::Judged(Completeness::Complete),
        "ctrl-c" => return Event::Interrupted,
        "terminate" => return Event::Terminated,
        "run" => execute(false, true),
        "run!" => execute(false, false),
        "silent" => execute(true, true),
        "judge" => Request::IsComplete { code },
        "info" => Request::KernelInfo,
        "interrupt" => Request::Interrupt,
        "shutdown" => Request::Shutdown { restart: false },
        "unanswered" => Request::Unanswered,
        other => panic!("no event `{other}`"),
    };
    Event::Requested { origin, request }
}

fn action(action: Action<u32>) -> String {
    match action {
        Action::Evaluate { origin, cell, .. } => {
            format!("{origin}: evaluate [{}] `{}`", cell.number, cell.code)
        }
        Action::Judge { code } => format!("judge `{code}`"),
        Action::Interrupt => "interrupt".to_string(),
        Action::Exit => "exit".to_string(),
        Action::Send(Message::Publish {
            origin,
            publication,
        }) => format!("{}: {}", origin.unwrap_or_default(), told(publication)),
        Action::Send(Message::Ask(ask)) => format!("{}: ask `{}`", ask.origin, ask.prompt),
        Action::Send(Message::Reply(reply)) => match reply.content {
            ReplyContent::Execute { outcome, count } => {
                let outcome = match outcome {
                    Outcome::Ok => "ok",
                    Outcome::Failed(_) => "error",
                    Outcome::Aborted => "aborted",
                };
                format!("{}: reply {outcome} [{count}]", reply.origin)
            }
            other => format!("{}: reply {other:?}", reply.origin),
        },
    }
}

fn told(publication: Publication) -> String {
    match publication {
        Publication::Input { code, count } => format!("input [{count}] `{code}`"),
        Publication::Error(error) => format!("error `{}`", error.value),
        other => format!("{other:?}").to_lowercase(),
    }
}

/// What follows from each event; requests are numbered from 1 by their place in the script.
fn check(script: &str, expected: Expect) {
    let mut session = Session::new();
    let mut lines = Vec::new();
    for (idx, line) in script.split("; ").enumerate() {
        let mut actions = Vec::new();
        session.handle(event(line, idx as u32 + 1), &mut actions);
        let actions: Vec<_> = actions.into_iter().map(action).collect();
        lines.push(
            format!("{line} => {}", actions.join(", "))
                .trim_end()
                .to_string(),
        );
    }
    expected.assert_eq(&lines.join("\n"));
}

#[test]
fn cells_run_one_after_the_other() {
    check(
        "run a; run b; ok; ok",
        expect![[r#"
        run a => 1: busy, 1: input [1] `a`, 1: evaluate [1] `a`
        run b =>
        ok => 1: reply ok [1], 1: idle, 2: busy, 2: input [2] `b`, 2: evaluate [2] `b`
        ok => 2: reply ok [2], 2: idle"#]],
    );
    check(
        "run a; fail x; run b",
        expect![[r#"
        run a => 1: busy, 1: input [1] `a`, 1: evaluate [1] `a`
        fail x => 1: error `x`, 1: reply error [1], 1: idle
        run b => 3: busy, 3: input [2] `b`, 3: evaluate [2] `b`"#]],
    );
}

#[test]
fn a_failure_aborts_the_cells_that_wait() {
    check(
        "run a; run b; judge c; run d; fail x",
        expect![[r#"
        run a => 1: busy, 1: input [1] `a`, 1: evaluate [1] `a`
        run b =>
        judge c =>
        run d =>
        fail x => 1: error `x`, 1: reply error [1], 1: idle, 2: busy, 2: reply aborted [1], 2: idle, 4: busy, 4: reply aborted [1], 4: idle, 3: busy, judge `c`"#]],
    );
    check(
        "run! a; run b; fail x",
        expect![[r#"
        run! a => 1: busy, 1: input [1] `a`, 1: evaluate [1] `a`
        run b =>
        fail x => 1: error `x`, 1: reply error [1], 1: idle, 2: busy, 2: input [2] `b`, 2: evaluate [2] `b`"#]],
    );
    check(
        "silent a; run b; fail x",
        expect![[r#"
        silent a => 1: busy, 1: evaluate [1] `a`
        run b =>
        fail x => 1: reply error [1], 1: idle, 2: busy, 2: input [1] `b`, 2: evaluate [1] `b`"#]],
    );
}

#[test]
fn what_needs_no_evaluator_does_not_wait_for_it() {
    check(
        "run a; info; unanswered; ok",
        expect![[r#"
        run a => 1: busy, 1: input [1] `a`, 1: evaluate [1] `a`
        info => 2: busy, 2: reply KernelInfo, 2: idle
        unanswered => 3: busy, 3: idle
        ok => 1: reply ok [1], 1: idle"#]],
    );
    check(
        "run a; judge b; ok; judged",
        expect![[r#"
        run a => 1: busy, 1: input [1] `a`, 1: evaluate [1] `a`
        judge b =>
        ok => 1: reply ok [1], 1: idle, 2: busy, judge `b`
        judged => 2: reply IsComplete(Complete), 2: idle"#]],
    );
}

#[test]
fn interrupts() {
    check(
        "interrupt",
        expect!["interrupt => 1: busy, 1: reply Interrupt, 1: idle"],
    );
    check(
        "run a; run b; interrupt; fail x",
        expect![[r#"
        run a => 1: busy, 1: input [1] `a`, 1: evaluate [1] `a`
        run b =>
        interrupt => 3: busy, interrupt, 2: busy, 2: reply aborted [1], 2: idle, 3: reply Interrupt, 3: idle
        fail x => 1: error `x`, 1: reply error [1], 1: idle"#]],
    );
}

#[test]
fn interrupts_from_the_terminal() {
    check("ctrl-c", expect!["ctrl-c =>"]);
    check(
        "run a; run b; ctrl-c",
        expect![[r#"
            run a => 1: busy, 1: input [1] `a`, 1: evaluate [1] `a`
            run b =>
            ctrl-c => interrupt, 2: busy, 2: reply aborted [1], 2: idle"#]],
    );
}

#[test]
fn leaving() {
    check(
        "run a; shutdown; run b; fail x",
        expect![[r#"
        run a => 1: busy, 1: input [1] `a`, 1: evaluate [1] `a`
        shutdown => 2: busy, 2: shutdown { restart: false }, 2: reply Shutdown { restart: false }, 2: idle, interrupt, exit
        run b =>
        fail x =>"#]],
    );
    check(
        "terminate; run a",
        expect![[r#"
        terminate => exit
        run a =>"#]],
    );
}
