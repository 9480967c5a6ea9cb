use std::time::UNIX_EPOCH;

use expect_test::{Expect, expect};

use super::*;

/// Requests by name: `run code`, `run! code` (goes on after errors), `silent code`, `ok` and `fail` for the evaluator's
/// answers, and the rest by their own names. `1/` before it names a subshell, ` @ms` behind it when it was sent.
fn event(script: &str, origin: u32) -> Event<u32> {
    let (script, sent) = match script.split_once(" @") {
        Some((script, sent)) => (script, sent.parse().ok()),
        None => (script, None::<u64>),
    };
    let (shell, script) = match script.split_once('/') {
        Some((shell, script)) => (Shell(shell.parse().unwrap()), script),
        None => (Shell::MAIN, script),
    };
    let (command, code) = script.split_once(' ').unwrap_or((script, ""));
    let execute = |silent, stop_on_error| {
        Request::Execute(Execute {
            code: code.to_string(),
            silent,
            store_history: true,
            stop_on_error,
            allow_stdin: true,
            user_expressions: Vec::new(),
        })
    };
    let code = code.to_string();
    let evaluated = |result| Event::Evaluated { shell, result };
    let request = match command {
        "ok" => return evaluated(Ok(Evaluated::default())),
        "fail" => {
            return evaluated(Err(CellError {
                name: "Panic".to_string(),
                value: code,
                traceback: Vec::new(),
            }));
        }
        "answered" => {
            return Event::Answered {
                origin: code.parse().unwrap(),
                content: Some(ReplyContent::Connect),
            };
        }
        "handled" => {
            return Event::Answered {
                origin: code.parse().unwrap(),
                content: None,
            };
        }
        "ctrl-c" => return Event::Interrupted,
        "terminate" => return Event::Terminated,
        "run" => execute(false, true),
        "run!" => execute(false, false),
        "silent" => execute(true, true),
        "ask" => Request::Query(Query::Connect),
        "create" => Request::CreateSubshell,
        "delete" => Request::DeleteSubshell { id: code },
        "list" => Request::ListSubshells,
        "interrupt" => Request::Interrupt,
        "shutdown" => Request::Shutdown { restart: false },
        "unanswered" => Request::Unanswered,
        other => panic!("no event `{other}`"),
    };
    let sent = sent.map(|ms| UNIX_EPOCH + Duration::from_millis(ms));
    Event::Asked {
        origin,
        asked: Asked {
            request,
            subshell: (shell != Shell::MAIN).then(|| format!("k-{}", shell.0)),
            sent,
        },
    }
}

fn action(action: Action<u32>) -> String {
    match action {
        Action::Evaluate {
            origin,
            shell,
            cell,
            ..
        } => {
            let at = match shell {
                Shell::MAIN => String::new(),
                Shell(number) => format!(" in {number}"),
            };
            format!("{origin}: evaluate [{}] `{}`{at}", cell.number, cell.code)
        }
        Action::Answer { origin, .. } => format!("{origin}: answer"),
        Action::EndShell(shell) => format!("end shell {}", shell.0),
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
                    Outcome::Ok(_) => "ok",
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

/// What follows from each event; requests are numbered from 1 by their place in the script. A number is milliseconds that
/// pass.
fn check(script: &str, expected: Expect) {
    let mut session = Session::new("k");
    let mut lines = Vec::new();
    let mut now = UNIX_EPOCH;
    for (idx, line) in script.split("; ").enumerate() {
        if let Ok(passed) = line.parse::<f64>() {
            now += Duration::from_secs_f64(passed / 1000.0);
            continue;
        }
        let mut actions = Vec::new();
        session.handle(event(line, idx as u32 + 1), now, &mut actions);
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
        "run a; run b; ask; run d; fail x",
        expect![[r#"
            run a => 1: busy, 1: input [1] `a`, 1: evaluate [1] `a`
            run b =>
            ask => 3: busy, 3: answer
            run d =>
            fail x => 1: error `x`, 1: reply error [1], 1: idle, 2: busy, 2: reply aborted [1], 2: idle, 4: busy, 4: reply aborted [1], 4: idle"#]],
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
        "run a; ask; unanswered; ok; answered 2; ask; handled 6",
        expect![[r#"
            run a => 1: busy, 1: input [1] `a`, 1: evaluate [1] `a`
            ask => 2: busy, 2: answer
            unanswered => 3: busy, 3: idle, 0: busy
            ok => 1: reply ok [1], 1: idle
            answered 2 => 2: reply Connect, 2: idle
            ask => 6: busy, 6: answer
            handled 6 => 6: idle"#]],
    );
}

#[test]
fn cells_on_their_way_when_another_fails_are_aborted() {
    check(
        "run a; 100.5; fail x; 0.4; run b @100; run c @99",
        expect![[r#"
            run a => 1: busy, 1: input [1] `a`, 1: evaluate [1] `a`
            fail x => 1: error `x`, 1: reply error [1], 1: idle
            run b @100 => 5: busy, 5: input [2] `b`, 5: evaluate [2] `b`
            run c @99 => 6: busy, 6: reply aborted [2], 6: idle, 0: busy"#]],
    );
    check(
        "run a; 100; fail x; 5; run b @99; run c @100; 249; ok; run d @99",
        expect![[r#"
            run a => 1: busy, 1: input [1] `a`, 1: evaluate [1] `a`
            fail x => 1: error `x`, 1: reply error [1], 1: idle
            run b @99 => 5: busy, 5: reply aborted [1], 5: idle
            run c @100 => 6: busy, 6: input [2] `c`, 6: evaluate [2] `c`
            ok => 6: reply ok [2], 6: idle
            run d @99 => 9: busy, 9: input [3] `d`, 9: evaluate [3] `d`"#]],
    );
    check(
        "run a; 100; fail x; 250; run b @50; run c",
        expect![[r#"
            run a => 1: busy, 1: input [1] `a`, 1: evaluate [1] `a`
            fail x => 1: error `x`, 1: reply error [1], 1: idle
            run b @50 => 5: busy, 5: input [2] `b`, 5: evaluate [2] `b`
            run c =>"#]],
    );
    check(
        "run! a; 100; fail x; run b @50",
        expect![[r#"
        run! a => 1: busy, 1: input [1] `a`, 1: evaluate [1] `a`
        fail x => 1: error `x`, 1: reply error [1], 1: idle
        run b @50 => 4: busy, 4: input [2] `b`, 4: evaluate [2] `b`"#]],
    );
}

#[test]
fn subshells_come_and_go() {
    check(
        "list; create; create; list; delete k-1; list; delete k-1; delete x; create; list",
        expect![[r#"
            list => 1: busy, 1: reply Subshells([]), 1: idle
            create => 2: busy, 2: reply SubshellCreated("k-1"), 2: idle
            create => 3: busy, 3: reply SubshellCreated("k-2"), 3: idle
            list => 4: busy, 4: reply Subshells(["k-1", "k-2"]), 4: idle
            delete k-1 => 5: busy, end shell 1, 5: reply SubshellDeleted, 5: idle
            list => 6: busy, 6: reply Subshells(["k-2"]), 6: idle
            delete k-1 => 7: busy, 7: reply Invalid("there is no subshell `k-1`"), 7: idle
            delete x => 8: busy, 8: reply Invalid("there is no subshell `x`"), 8: idle
            create => 9: busy, 9: reply SubshellCreated("k-3"), 9: idle
            list => 10: busy, 10: reply Subshells(["k-2", "k-3"]), 10: idle"#]],
    );
    check(
        "1/run a; 1/ask; create; 1/ask; delete k-1; 1/run b",
        expect![[r#"
            1/run a => 1: busy, 1: reply Invalid("there is no subshell `k-1`"), 1: idle
            1/ask => 2: busy, 2: reply Invalid("there is no subshell `k-1`"), 2: idle
            create => 3: busy, 3: reply SubshellCreated("k-1"), 3: idle
            1/ask => 4: busy, 4: answer
            delete k-1 => 5: busy, end shell 1, 5: reply SubshellDeleted, 5: idle
            1/run b => 6: busy, 6: reply Invalid("there is no subshell `k-1`"), 6: idle"#]],
    );
}

#[test]
fn subshells_run_beside_one_another() {
    check(
        "create; run a; 1/run b; 1/run c; 1/ok; ok; 1/ok",
        expect![[r#"
            create => 1: busy, 1: reply SubshellCreated("k-1"), 1: idle
            run a => 2: busy, 2: input [1] `a`, 2: evaluate [1] `a`
            1/run b => 3: busy, 3: input [2] `b`, 3: evaluate [2] `b` in 1
            1/run c =>
            1/ok => 3: reply ok [2], 3: idle, 4: busy, 4: input [3] `c`, 4: evaluate [3] `c` in 1
            ok => 2: reply ok [1], 2: idle
            1/ok => 4: reply ok [3], 4: idle"#]],
    );
    check(
        "create; run a; run b; 1/run c; 1/run d; fail x; 1/ok",
        expect![[r#"
            create => 1: busy, 1: reply SubshellCreated("k-1"), 1: idle
            run a => 2: busy, 2: input [1] `a`, 2: evaluate [1] `a`
            run b =>
            1/run c => 4: busy, 4: input [2] `c`, 4: evaluate [2] `c` in 1
            1/run d =>
            fail x => 2: error `x`, 2: reply error [1], 2: idle, 3: busy, 3: reply aborted [2], 3: idle
            1/ok => 4: reply ok [2], 4: idle, 5: busy, 5: input [3] `d`, 5: evaluate [3] `d` in 1"#]],
    );
    check(
        "create; run a; run b; 1/run c; 1/run d; interrupt; 1/fail x; fail x",
        expect![[r#"
            create => 1: busy, 1: reply SubshellCreated("k-1"), 1: idle
            run a => 2: busy, 2: input [1] `a`, 2: evaluate [1] `a`
            run b =>
            1/run c => 4: busy, 4: input [2] `c`, 4: evaluate [2] `c` in 1
            1/run d =>
            interrupt => 6: busy, interrupt, 3: busy, 3: reply aborted [2], 3: idle, 5: busy, 5: reply aborted [2], 5: idle, 6: reply Interrupt, 6: idle, 0: busy
            1/fail x => 4: error `x`, 4: reply error [2], 4: idle
            fail x => 2: error `x`, 2: reply error [1], 2: idle"#]],
    );
    check(
        "create; 1/run a; 1/run b; delete k-1; 1/run c; list; 1/ok",
        expect![[r#"
            create => 1: busy, 1: reply SubshellCreated("k-1"), 1: idle
            1/run a => 2: busy, 2: input [1] `a`, 2: evaluate [1] `a` in 1
            1/run b =>
            delete k-1 => 4: busy, 3: busy, 3: reply aborted [1], 3: idle, 4: reply SubshellDeleted, 4: idle, 0: busy
            1/run c => 5: busy, 5: reply Invalid("there is no subshell `k-1`"), 5: idle, 0: busy
            list => 6: busy, 6: reply Subshells([]), 6: idle, 0: busy
            1/ok => 2: reply ok [1], 2: idle, end shell 1"#]],
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
            interrupt => 3: busy, interrupt, 2: busy, 2: reply aborted [1], 2: idle, 3: reply Interrupt, 3: idle, 0: busy
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
            ctrl-c => interrupt, 2: busy, 2: reply aborted [1], 2: idle, 0: busy"#]],
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
