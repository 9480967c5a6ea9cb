//! What an interrupt stops, and what is left afterwards.

mod support;

use std::time::Duration;

use dagbok_kernel::evaluate::Answer;
use expect_test::expect;
use support::Session;

const INTERRUPTED: &str = "Interrupted: the cell was interrupted; all variables are there";

/// Stops `code` once it has printed `started`, within half a second; the session is as before. Returns how long it took.
#[track_caller]
fn check_stops(session: &mut Session, code: &str) -> Duration {
    session.show("let mut kept = vec![1]; kept.push(2);");
    session.interrupt_at("started");
    let shown = session.show(code);
    let took = session.since_interrupt();
    let lines: Vec<&str> = shown
        .lines()
        .filter(|line| !line.starts_with("input"))
        .collect();
    assert_eq!(lines, [r#"stdout "started\n""#, INTERRUPTED], "{code}");
    assert!(took < Duration::from_millis(500), "{code} took {took:?}");
    assert_eq!(session.show("kept"), "=[1, 2]", "{code}");
    took
}

#[test]
fn loops_and_computations_stop() {
    let mut session = Session::start();
    for code in [
        r#"println!("started"); loop {}"#,
        r#"println!("started"); let mut n = 0u64; while n < u64::MAX { n = n.wrapping_add(kept.len() as u64) }"#,
        r#"println!("started"); dagbok::array::default_rng(1).random((4000, 4000)).dot(&ones((4000, 4000))).sum(()).compute()?"#,
        r#"println!("started"); let slow: Vec<_> = (0..64).map(|_| delayed(()).map(|()| std::thread::sleep(std::time::Duration::from_secs(5)))).collect(); for s in slow { s.compute()?; }"#,
        r#"println!("started"); submit_map(|x: u64| x, 0..u64::MAX);"#,
    ] {
        check_stops(&mut session, code);
    }
}

#[test]
fn waits_stop() {
    let mut session = Session::start();
    session.show("use std::thread; use std::time::{Duration, Instant};");
    for code in [
        r#"println!("started"); thread::sleep(Duration::from_secs(1000));"#,
        r#"println!("started"); thread::sleep(Duration::MAX);"#,
        r#"println!("started"); thread::spawn(|| thread::sleep(Duration::from_secs(1000))).join().unwrap();"#,
        r#"let t = thread::spawn(|| loop { thread::park() }); println!("started"); t.join().unwrap();"#,
        r#"thread::scope(|s| { for _ in 0..4 { s.spawn(|| thread::sleep(Duration::from_secs(1000))); } println!("started"); });"#,
        r#"let (send, receive) = std::sync::mpsc::channel::<()>(); thread::spawn(move || { let _send = send; thread::sleep(Duration::from_secs(1000)); }); println!("started"); receive.recv()?;"#,
        r#"println!("started"); std::process::Command::new("sleep").arg("1000").status()?;"#,
        r#"println!("started"); input("never?");"#,
        r#"println!("started"); std::io::stdin().read_line(&mut String::new())?;"#,
        r#"println!("started"); for line in std::io::stdin().lines() { line?; }"#,
    ] {
        check_stops(&mut session, code);
    }
    // Who does not care for errors finds the end.
    session.interrupt_at("started");
    assert_eq!(
        session.show(r#"println!("started"); std::io::stdin().lines().for_each(drop); 5"#),
        "stdout \"started\\n\"\ninput \"\"\n=5"
    );
}

#[test]
fn values_are_dropped_on_the_way_out() {
    let mut session = Session::start();
    session.show("use std::thread; use std::time::Duration; struct Noisy; impl Drop for Noisy { fn drop(&mut self) { thread::sleep(Duration::from_millis(1)); for _ in 0..3 { } println!(\"dropped\"); } }");
    session.interrupt_at("started");
    expect![[r#"
        stdout "started\ndropped\n"
        Interrupted: the cell was interrupted; all variables are there"#]]
    .assert_eq(&session.show(
        "let _noisy = Noisy; println!(\"started\"); thread::sleep(Duration::from_secs(1000));",
    ));
}

#[test]
fn threads_of_earlier_cells_go_on() {
    let mut session = Session::start();
    session.show(
        r#"use std::time::Duration; let (go, gone) = std::sync::mpsc::channel::<()>();
        std::thread::spawn(move || { std::thread::sleep(Duration::from_millis(700)); let inner = std::thread::spawn(|| std::thread::sleep(Duration::from_millis(1))); inner.join().unwrap();
            for _ in 0..3 { std::hint::black_box(()); } gone.recv().unwrap(); println!("still there"); });"#,
    );
    check_stops(
        &mut session,
        r#"println!("started"); std::thread::sleep(Duration::from_secs(1000));"#,
    );
    session.show("go.send(())?;");
    assert_eq!(session.later(1, "there"), r#"stdout "still there\n""#);
}

#[test]
fn an_interrupt_is_for_one_cell_only() {
    let mut session = Session::start();
    check_stops(&mut session, r#"println!("started"); loop {}"#);
    assert_eq!(
        session.show("std::thread::sleep(std::time::Duration::from_millis(20)); 5"),
        "=5"
    );
    // An answer to a question of an interrupted cell is not the next one's.
    session.interrupt_at("first?");
    assert_eq!(
        session.show(r#"input("first?")"#),
        format!("input \"first?\"\n{INTERRUPTED}")
    );
    session.answer(Answer::Line("to the second".to_owned()));
    assert_eq!(
        session.show(r#"input("second?")"#),
        "input \"second?\"\n=\"to the second\""
    );
}

#[test]
fn a_compile_stops() {
    let mut session = Session::start();
    session.show("let kept = 1;");
    let interrupter = session.interrupter();
    let (end, ended) = std::sync::mpsc::channel();
    let shown = std::thread::scope(|scope| {
        // Until the cell has begun there is nothing to interrupt.
        scope.spawn(move || {
            while ended.recv_timeout(Duration::from_millis(50)).is_err() {
                interrupter.interrupt();
            }
        });
        let shown = session.show(
            "#[allow(long_running_const_eval)] const N: u64 = { let mut i = 0; while i < u64::MAX { i += 1 } i }; N",
        );
        end.send(()).unwrap();
        shown
    });
    assert_eq!(shown, INTERRUPTED);
    assert_eq!(session.show("kept"), "=1");
}

#[test]
fn what_cannot_be_stopped_ends_at_the_second_interrupt() {
    let mut session = Session::start();
    session.show("let x = 1; fn f() -> u8 { 7 } unsafe extern \"C\" { fn pause() -> i32; }");
    // The second comes once the note is shown.
    session.interrupt_twice("started", "cannot be stopped");
    expect![[r#"
        stdout "started\n"
        stderr "the cell is in code that cannot be stopped; another interrupt ends the session process, and all variables with it\n"
        Interrupted: cell 2 could not be stopped, so the second interrupt ended the session process
        a new session process has started; the variable `x` is lost; functions and types are still there; `:restore` runs the earlier cells again"#]].assert_eq(&session.show(r#"println!("started"); unsafe { pause(); }"#));
    assert_eq!(session.show("f()"), "=7");
    // Two at once: the cell has a moment to stop.
    session.interrupt_times(2, "started");
    expect![[r#"
        stdout "started\n"
        Interrupted: cell 4 could not be stopped, so the second interrupt ended the session process
        a new session process has started; there were no variables to lose; functions and types are still there; `:restore` runs the earlier cells again"#]].assert_eq(&session.show(
        r#"let lock = std::sync::Mutex::new(()); let one = lock.lock(); println!("started"); let two = lock.lock();"#,
    ));
    let mut session = Session::start();
    session.show("let kept = 1;");
    session.interrupt_times(3, "started");
    let shown = session.show(r#"println!("started"); loop {}"#);
    assert!(shown.ends_with(INTERRUPTED), "{shown}");
    assert_eq!(session.show("kept"), "=1");
}
